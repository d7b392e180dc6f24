//! What a site is registered with: its name, its origins, and the keys of its backend.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lamplight_core::address::DOMAIN_MAX;
use lamplight_core::code::Refusal;
use lamplight_core::private::Private;
use lamplight_core::time::Timestamp;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;

use super::{random, secret};
use crate::config::Origin;
use crate::store::sites::{Algorithm, Key};

/// Sizes of RSA keys that verify, in bytes.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1_024;
/// The identifiers of the two kinds of keys (RFC 8410, RFC 8017), as DER.
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const IDENTIFIER: u8 = 0x06;

/// A key that was just made or brought.
pub struct NewKey {
    pub key: Key,
    /// Of HS256: what the backend signs with. It is told only here.
    pub secret: Option<String>,
}

impl NewKey {
    /// A secret of the relay's making.
    pub fn hs256(at: Timestamp) -> Result<Self, Refusal> {
        let secret = secret()?;
        let key = new(Algorithm::Hs256, secret.clone().into_bytes(), at)?;
        Ok(Self {
            key,
            secret: Some(secret),
        })
    }

    /// A public key of this kind, in PEM; the error is a sentence.
    pub fn public(algorithm: Algorithm, pem: &str, at: Timestamp) -> Result<Self, String> {
        let bytes = match algorithm {
            Algorithm::EdDsa => ed25519(&public_key(pem)?)?,
            Algorithm::Rs256 => rsa(&public_key(pem)?)?,
            Algorithm::Hs256 => return Err("the relay makes the secret of HS256 itself".into()),
        };
        let key = new(algorithm, bytes, at).map_err(|refusal| refusal.sentence)?;
        Ok(Self { key, secret: None })
    }
}

fn new(algorithm: Algorithm, bytes: Vec<u8>, at: Timestamp) -> Result<Key, Refusal> {
    Ok(Key {
        kid: URL_SAFE_NO_PAD.encode(random::<9>()?),
        algorithm,
        bytes: Private(bytes),
        added: at,
        until: None,
    })
}

/// What goes into the hashes of a site's own names for its visitors.
pub fn salt() -> Result<[u8; 16], Refusal> {
    random()
}

/// The name of a site, which looks like a host's.
pub fn site_name(text: &str) -> Option<String> {
    let name = text.trim().to_ascii_lowercase();
    let label = |label: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (1..=63).contains(&label.len())
            && label.chars().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (name.len() <= DOMAIN_MAX && name.split('.').all(label)).then_some(name)
}

/// An origin as browsers write it, if a site's page may have it.
pub fn origin(text: &str) -> Option<String> {
    let origin = Origin::parse(text).ok()?;
    Some(origin.as_str().to_owned())
}

/// What is inside `-----BEGIN PUBLIC KEY-----`.
fn public_key(pem: &str) -> Result<Vec<u8>, String> {
    let found = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes());
    match found {
        Ok(found) => Ok(found.as_ref().to_vec()),
        Err(_) if pem.contains("PRIVATE KEY") => Err(
            "this is a private key, which stays with the site's backend; the relay wants the public one, from `openssl pkey -in key.pem -pubout`"
                .into(),
        ),
        Err(_) => Err("there is no public key here (-----BEGIN PUBLIC KEY-----)".into()),
    }
}

/// The 32 bytes of an Ed25519 key.
fn ed25519(info: &[u8]) -> Result<Vec<u8>, String> {
    let key = of_kind(info, ED25519).filter(|key| key.len() == 32);
    let key =
        key.ok_or("this is no Ed25519 key; `openssl genpkey -algorithm ed25519` makes one")?;
    Ok(key.to_vec())
}

/// An RSA key as PKCS #1, if it is one that verifies.
fn rsa(info: &[u8]) -> Result<Vec<u8>, String> {
    let key = of_kind(info, RSA).ok_or("this is no RSA key")?;
    let size = || {
        let (parts, _) = element(key, SEQUENCE)?;
        let (modulus, _) = element(parts, INTEGER)?;
        // A leading zero says that it is positive.
        Some(modulus.strip_prefix(&[0]).unwrap_or(modulus).len())
    };
    if size().is_none_or(|size| !RSA_BYTES.contains(&size)) {
        return Err("an RSA key must have 2048 to 8192 bits".into());
    }
    Ok(key.to_vec())
}

/// The key in a `SubjectPublicKeyInfo` (RFC 5280 4.1), if it is of this kind.
fn of_kind<'a>(info: &'a [u8], kind: &[u8]) -> Option<&'a [u8]> {
    let (info, _) = element(info, SEQUENCE)?;
    let (algorithm, rest) = element(info, SEQUENCE)?;
    let (identifier, _) = element(algorithm, IDENTIFIER)?;
    let (bits, _) = element(rest, BIT_STRING)?;
    // The first byte says how many bits of the last one do not count.
    let key = bits.strip_prefix(&[0])?;
    (identifier == kind).then_some(key)
}

/// The content of a DER element of this type, and what comes after it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.strip_prefix(&[tag])?.split_first()?;
    let (length, rest) = match *length {
        short @ ..0x80 => (usize::from(short), rest),
        long => {
            let count = usize::from(long & 0x7f);
            let (digits, rest) = rest.split_at_checked(count)?;
            if !(1..=4).contains(&count) {
                return None;
            }
            let length = digits
                .iter()
                .fold(0, |length, digit| length << 8 | usize::from(*digit));
            (length, rest)
        }
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519_PEM: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

    #[test]
    fn a_public_key_is_read_as_what_it_is() {
        let read = |algorithm, pem: &str| {
            NewKey::public(algorithm, pem, Timestamp(1)).map(|new| new.key.bytes.0.len())
        };
        assert_eq!(read(Algorithm::EdDsa, ED25519_PEM), Ok(32));
        let wrong = read(Algorithm::Rs256, ED25519_PEM);
        assert!(wrong.is_err_and(|why| why.contains("no RSA key")));
        for broken in [
            "",
            "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=",
            "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9E\n-----END PUBLIC KEY-----\n",
        ] {
            assert!(read(Algorithm::EdDsa, broken).is_err(), "{broken}");
        }
        let private = "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n";
        let private = read(Algorithm::EdDsa, private);
        assert!(private.is_err_and(|why| why.contains("private key")));
    }

    #[test]
    fn der_that_promises_too_much_is_nothing() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 1],
            &[0x30, 0x80],
            &[0x30, 0x85, 0, 0, 0, 0, 1, 0],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x31, 0],
        ] {
            assert_eq!(element(bytes, SEQUENCE), None, "{bytes:?}");
        }
        assert_eq!(
            element(&[0x30, 1, 7, 8], SEQUENCE),
            Some((&[7][..], &[8][..]))
        );
    }

    #[test]
    fn a_sites_name_looks_like_a_hosts() {
        assert_eq!(site_name(" Shop.Example ").as_deref(), Some("shop.example"));
        assert_eq!(site_name("localhost").as_deref(), Some("localhost"));
        for text in ["", ".", "a..b", "-a", "a-", "a b", "https://a", "é.example"] {
            assert_eq!(site_name(text), None, "{text}");
        }
    }
}
