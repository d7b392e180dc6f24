//! Networks as people write them: an address and how many bits of it count.

use std::net::IpAddr;

use super::words::Value;

/// `172.16.0.0/12`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether an address lies in it; an IPv4 address in IPv6's clothes counts as what it is.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.address, ip.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(ip)) => {
                let shift = 32 - u32::from(self.bits);
                u64::from(own.to_bits()) >> shift == u64::from(ip.to_bits()) >> shift
            }
            (IpAddr::V6(own), IpAddr::V6(ip)) => {
                let shift = 128 - u32::from(self.bits);
                own.to_bits().checked_shr(shift) == ip.to_bits().checked_shr(shift)
            }
            _ => false,
        }
    }

    /// The network that is one address.
    pub fn of_one(address: IpAddr) -> Self {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        Self { address, bits }
    }

    fn read_one(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self { address, bits })
    }

    fn print_one(&self) -> String {
        let most = if self.address.is_ipv4() { 32 } else { 128 };
        match self.bits == most {
            true => self.address.to_string(),
            false => format!("{}/{}", self.address, self.bits),
        }
    }
}

/// A list, written with commas between.
impl Value for Vec<Network> {
    fn read(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim);
        let parts = parts.filter(|part| !part.is_empty());
        parts
            .map(|part| {
                let expected = || {
                    format!("{part:?} is no network; expected one such as \"172.16.0.0/12\" or \"10.0.0.7\"")
                };
                Network::read_one(part).ok_or_else(expected)
            })
            .collect()
    }

    fn print(&self) -> String {
        let parts: Vec<String> = self.iter().map(Network::print_one).collect();
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_own_addresses_and_no_others() {
        for (network, ip, inside) in [
            ("172.16.0.0/12", "172.31.255.255", true),
            ("172.16.0.0/12", "172.32.0.0", false),
            ("172.16.0.0/12", "::ffff:172.17.0.1", true),
            ("10.0.0.7", "10.0.0.7", true),
            ("10.0.0.7", "10.0.0.8", false),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("fd00::/8", "fdab::1", true),
            ("fd00::/8", "fe80::1", false),
            ("::/0", "2001:db8::1", true),
        ] {
            let read = Vec::<Network>::read(network).unwrap();
            assert_eq!(
                read[0].contains(ip.parse().unwrap()),
                inside,
                "{network} {ip}"
            );
            assert_eq!(read.print(), network);
        }
    }

    #[test]
    fn what_is_no_network_is_said() {
        for wrong in [
            "x",
            "10.0.0.0/33",
            "10.0.0/8",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/-1",
        ] {
            let error = Vec::<Network>::read(&format!("10.1.1.1, {wrong}")).unwrap_err();
            assert!(error.contains(wrong), "{error}");
        }
        assert_eq!(Vec::<Network>::read(" , ").unwrap(), []);
    }
}
