//! Which names may be taken: PRECIS decides on letters and case (RFC 8265), Unicode's security report on what looks alike.

use lamplight_core::address::{Address, Principal};
use lamplight_core::code::Code;
use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::Profile;
use unicode_security::{RestrictionLevel, RestrictionLevelDetection};

/// Names that speak for the relay itself, or that mail and scripts take for something else (RFC 2142).
const RESERVED: &[&str] = &[
    "abuse",
    "admin",
    "administrator",
    "all",
    "everyone",
    "hostmaster",
    "lamplight",
    "me",
    "no-reply",
    "noreply",
    "null",
    "postmaster",
    "relay",
    "root",
    "security",
    "system",
    "undefined",
    "webmaster",
];

/// What the names of guests begin with; nobody else may.
const GUEST: &str = "guest-";

/// A name that reads as one, with what it looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub principal: Principal,
    /// Equal for names that look alike.
    pub skeleton: String,
}

/// Reads `alice` or `alice@domain` as it stands in a form; says nothing of whether it may be taken.
pub fn read(text: &str, domain: &str) -> Result<Name, Code> {
    let text = text.trim();
    let name = match text.rsplit_once('@') {
        Some((name, at)) if at.eq_ignore_ascii_case(domain) => name,
        Some(_) => return Err(Code::BadName),
        None => text,
    };
    let name = UsernameCaseMapped::new()
        .enforce(name)
        .map_err(|_| Code::BadName)?;
    let edges = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    // A plus separates the tags of inbox addresses from the name.
    let shaped = edges(name.chars().next()) && edges(name.chars().last()) && !name.contains('+');
    let plain = name.is_ascii()
        || name.as_ref().detect_restriction_level() <= RestrictionLevel::HighlyRestrictive;
    if !shaped || !plain {
        return Err(Code::BadName);
    }
    let address = Address::parse(&format!("{name}@{domain}")).map_err(|_| Code::BadName)?;
    Ok(Name {
        skeleton: skeleton(address.name()),
        principal: Principal(address),
    })
}

/// Whether a newcomer may take it.
pub fn may_be_taken(name: &Name) -> Result<(), Code> {
    let text = name.principal.address().name();
    let reserved = RESERVED
        .iter()
        .any(|reserved| *reserved == text || skeleton(reserved) == name.skeleton);
    if reserved || text.starts_with(GUEST) || name.skeleton.starts_with(&skeleton(GUEST)) {
        return Err(Code::NameTaken);
    }
    Ok(())
}

/// A guest's name from random bytes.
pub fn guest(random: &[u8], domain: &str) -> Result<Name, Code> {
    // No vowels, so that no words arise; no letters that look like digits.
    const LETTERS: &[u8] = b"bcdfghjkmnpqrstvwxz23456789";
    let letter = |byte: &u8| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]);
    let text: String = random.iter().map(letter).collect();
    read(&format!("{GUEST}{text}"), domain)
}

/// UTS 39's skeleton, without case: `0` stands for a capital O there, and our names have none.
fn skeleton(name: &str) -> String {
    unicode_security::skeleton(name)
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Result<String, Code> {
        read(text, "localhost").map(|name| name.principal.as_str().to_owned())
    }

    #[test]
    fn a_name_is_read_with_or_without_its_domain_and_without_regard_to_case() {
        for text in ["alice", "Alice", " ALICE@localhost ", "alice@LocalHost"] {
            assert_eq!(address(text).unwrap(), "alice@localhost", "{text}");
        }
        assert_eq!(address("Émile").unwrap(), "émile@localhost");
        // A decomposed letter is the composed one.
        assert_eq!(address("e\u{301}mile").unwrap(), "émile@localhost");
        assert_eq!(address("мария").unwrap(), "мария@localhost");
    }

    #[test]
    fn what_cannot_be_a_name_is_refused() {
        let long = "a".repeat(65);
        for text in [
            "",
            " ",
            "@localhost",
            "alice@elsewhere",
            "a b",
            "a+b",
            ".alice",
            "alice-",
            "a\u{202e}b",
            "a\u{200b}b",
            "a/b",
            "ａlice💡",
            // Latin and Cyrillic in one name.
            "pаypal",
            long.as_str(),
        ] {
            assert_eq!(address(text), Err(Code::BadName), "{text:?}");
        }
    }

    #[test]
    fn names_that_look_alike_have_one_skeleton() {
        let skeleton = |text: &str| read(text, "localhost").unwrap().skeleton;
        for (one, other) in [
            ("bob", "b0b"),
            ("lil", "1i1"),
            ("mike", "rnike"),
            ("cope", "соре"),
        ] {
            assert_eq!(skeleton(one), skeleton(other), "{one} {other}");
        }
        for (one, other) in [("alice", "alicia"), ("user1", "user2"), ("ann", "ana")] {
            assert_ne!(skeleton(one), skeleton(other), "{one} {other}");
        }
    }

    #[test]
    fn nobody_takes_the_relays_own_names_or_a_guests() {
        for text in [
            "admin",
            "Root",
            "adrnin",
            "r00t",
            "guest-abc",
            "gue5t-",
            "lamplight",
        ] {
            let Ok(name) = read(text, "localhost") else {
                continue;
            };
            let expected = if text == "gue5t-" {
                Ok(())
            } else {
                Err(Code::NameTaken)
            };
            assert_eq!(may_be_taken(&name), expected, "{text}");
        }
        assert_eq!(may_be_taken(&read("alice", "localhost").unwrap()), Ok(()));
    }

    #[test]
    fn a_guests_name_is_a_name() {
        let name = guest(&[0, 1, 2, 250, 251, 252, 253, 255], "localhost").unwrap();
        assert!(name.principal.as_str().starts_with("guest-"));
        assert_eq!(
            name.principal.as_str().len(),
            "guest-12345678@localhost".len()
        );
    }
}
