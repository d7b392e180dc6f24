//! Who asks when a proxy stands between: what its headers say is believed from the proxies alone that whoever runs the relay
//! trusts. From everyone else they are words like any other, since anybody can write them.
//!
//! Each proxy on the way adds, on the right, the address that it was called from. So the way is read from the right, and the first
//! address that is not one of the trusted proxies' is the visitor's: what stands further left is what the visitor wrote. Only one
//! header is read, the one that the proxy is known to write (`connections.forwarded`): the other one it may pass on as it came.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::header::{FORWARDED, ORIGIN};
use axum::http::{HeaderMap, HeaderName};

use crate::config::{Config, ForwardedBy, Network};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Whose word about visitors is taken, and where it stands.
pub struct Forwarding {
    trusted: Vec<Network>,
    by: ForwardedBy,
    /// It is said once that a proxy says nothing.
    warned: AtomicBool,
}

/// What a request says of who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    pub ip: IpAddr,
    /// Whether a proxy says who it is.
    pub is_forwarded: bool,
    /// Whether a trusted proxy says that it was called without TLS.
    pub is_plain: bool,
}

impl Forwarding {
    pub fn new(config: &Config) -> Self {
        Self {
            trusted: config.trusted_proxies(),
            by: config.connections.forwarded,
            warned: AtomicBool::new(false),
        }
    }

    /// Whether this is a proxy whose word is taken.
    pub fn trusts(&self, ip: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(ip))
    }

    /// Who sent a request that came from `peer`.
    pub fn sender(&self, peer: IpAddr, headers: &HeaderMap) -> Sender {
        let peer = peer.to_canonical();
        let mut sender = Sender {
            ip: peer,
            is_forwarded: false,
            is_plain: false,
        };
        if self.by == ForwardedBy::None || !self.trusts(peer) {
            return sender;
        }
        let (way, scheme) = match self.by {
            ForwardedBy::Forwarded => (named(headers, "for"), named(headers, "proto").pop()),
            _ => {
                let scheme = words(headers, &X_FORWARDED_PROTO).pop();
                (words(headers, &X_FORWARDED_FOR), scheme)
            }
        };
        sender.is_plain = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("http"));
        if way.is_empty() {
            // Only a browser says where its page is from: it did not come from this machine by itself.
            if headers.contains_key(ORIGIN) && !self.warned.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    header = self.by.header(),
                    "a proxy does not say who its visitors are, so no limit for each address can hold; let it write this header"
                );
            }
            return sender;
        }
        // A word that is no address ends what is believed: the hop before it is the last one known.
        for hop in way.iter().rev().map_while(|hop| address(hop)) {
            sender.ip = hop;
            sender.is_forwarded = true;
            if !self.trusts(hop) {
                break;
            }
        }
        sender
    }
}

/// The words of a list that may stand in several headers of one name, in their order.
fn words(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter();
    let texts = values.map(|value| value.to_str().unwrap_or("unreadable"));
    let words = texts.flat_map(|text| text.split(','));
    words.map(|word| word.trim().to_owned()).collect()
}

/// What each element of `Forwarded` says under one name (RFC 7239); an element without it says nothing that can be believed.
fn named(headers: &HeaderMap, name: &str) -> Vec<String> {
    let value = |element: &String| {
        let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
        let mut found = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        let value = found.next().map_or("", |(_, value)| value.trim());
        value.trim_matches('"').to_owned()
    };
    words(headers, &FORWARDED).iter().map(value).collect()
}

/// An address as proxies write it: alone, in brackets, with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let alone = bare.unwrap_or(text).parse::<IpAddr>();
    let found = alone.or_else(|_| text.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    found.ok().map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &[(&str, &str)] = &[("public_url", "https://chat.example.org")];
    const BEHIND_TWO: &[(&str, &str)] = &[
        ("public_url", "https://chat.example.org"),
        ("connections.proxies", "10.0.0.0/8"),
    ];
    const AFTER_7239: &[(&str, &str)] = &[
        ("public_url", "https://chat.example.org"),
        ("connections.forwarded", "forwarded"),
    ];

    fn sender(settings: &[(&str, &str)], peer: &str, headers: &[(&str, &str)]) -> Sender {
        let mut config = Config::default();
        for (key, text) in settings {
            config.set(key, text).unwrap();
        }
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.append(name, value.parse().unwrap());
        }
        Forwarding::new(&config).sender(peer.parse().unwrap(), &map)
    }

    fn ip(settings: &[(&str, &str)], peer: &str, headers: &[(&str, &str)]) -> String {
        sender(settings, peer, headers).ip.to_string()
    }

    #[test]
    fn the_first_from_the_right_that_is_no_proxy_of_ours_is_the_visitor() {
        let header = "x-forwarded-for";
        for (settings, peer, written, found) in [
            (PUBLIC, "127.0.0.1", "192.0.2.7", "192.0.2.7"),
            (PUBLIC, "::1", "2001:db8::7", "2001:db8::7"),
            // Written by the visitor: one's own words are left of what the proxy added.
            (PUBLIC, "127.0.0.1", "203.0.113.9, 192.0.2.7", "192.0.2.7"),
            (PUBLIC, "127.0.0.1", "127.0.0.1, 192.0.2.7", "192.0.2.7"),
            (PUBLIC, "127.0.0.1", "192.0.2.7:4711", "192.0.2.7"),
            (PUBLIC, "127.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
            (PUBLIC, "127.0.0.1", "::ffff:192.0.2.7", "192.0.2.7"),
            // Two proxies, one behind the other, are two hops of ours.
            (
                BEHIND_TWO,
                "10.0.0.1",
                "203.0.113.9, 192.0.2.7, 10.0.0.2",
                "192.0.2.7",
            ),
            // A hop that cannot be read ends what is believed.
            (
                BEHIND_TWO,
                "10.0.0.1",
                "192.0.2.7, unknown, 10.0.0.2",
                "10.0.0.2",
            ),
            (PUBLIC, "127.0.0.1", "192.0.2.7, unknown", "127.0.0.1"),
            // All of them ours: whoever asks is one of us.
            (BEHIND_TWO, "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ] {
            let found_here = ip(settings, peer, &[(header, written)]);
            assert_eq!(found_here, found, "{peer}: {written}");
        }
        // A proxy that adds a header instead of a word.
        let two = [(header, "203.0.113.9"), (header, "192.0.2.7")];
        assert_eq!(ip(PUBLIC, "127.0.0.1", &two), "192.0.2.7");
        assert!(sender(PUBLIC, "127.0.0.1", &two).is_forwarded);
    }

    #[test]
    fn whoever_is_no_proxy_of_ours_is_not_believed() {
        let written = [
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-proto", "http"),
        ];
        for (settings, peer) in [
            (PUBLIC, "198.51.100.1"),
            (PUBLIC, "127.0.0.2"),
            (BEHIND_TWO, "11.0.0.1"),
            // Nobody stands before a relay that only this machine reaches.
            (&[][..], "127.0.0.1"),
        ] {
            let found = sender(settings, peer, &written);
            assert_eq!(found.ip.to_string(), peer);
            assert!(!found.is_forwarded && !found.is_plain, "{peer}");
        }
        let none = [PUBLIC[0], ("connections.forwarded", "none")];
        assert_eq!(ip(&none, "127.0.0.1", &written), "127.0.0.1");
    }

    #[test]
    fn only_the_header_that_the_proxy_writes_is_read() {
        let other = [
            ("forwarded", "for=203.0.113.9"),
            ("x-forwarded-for", "192.0.2.7"),
        ];
        assert_eq!(ip(PUBLIC, "127.0.0.1", &other), "192.0.2.7");
        for (written, found) in [
            ("for=192.0.2.7;proto=https;by=10.0.0.1", "192.0.2.7"),
            ("for=203.0.113.9, For=\"[2001:db8::7]:4711\"", "2001:db8::7"),
            ("for=192.0.2.7, proto=https", "127.0.0.1"),
            ("for=_hidden", "127.0.0.1"),
        ] {
            let headers = [("x-forwarded-for", "203.0.113.9"), ("forwarded", written)];
            assert_eq!(ip(AFTER_7239, "127.0.0.1", &headers), found, "{written}");
        }
    }

    #[test]
    fn a_proxy_says_how_it_was_called() {
        let plain =
            |settings, headers: &[(&str, &str)]| sender(settings, "127.0.0.1", headers).is_plain;
        assert!(plain(PUBLIC, &[("x-forwarded-proto", "http")]));
        assert!(!plain(PUBLIC, &[("x-forwarded-proto", "https")]));
        assert!(!plain(PUBLIC, &[]));
        // The last proxy's word counts.
        assert!(!plain(PUBLIC, &[("x-forwarded-proto", "http, https")]));
        assert!(plain(
            AFTER_7239,
            &[("forwarded", "for=192.0.2.7;proto=http")]
        ));
    }
}
