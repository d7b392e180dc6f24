//! Who and where: addresses and identifiers, parsed once at the door and trusted inside.
//!
//! An address is `name@domain` from the first day. One principal's presentity and inbox share it by default
//! (RFC 2779 2.1.3), yet they stay three types, so that a function says which of the three it means.

use alloc::string::String;
use core::fmt;

use crate::cbor::{Decode, Encode, Reader, Writer};
use serde::{Deserialize, Serialize};

use crate::text::checked_text;

/// Longest name part, bytes; a further address has its tag behind that.
pub const NAME_MAX: usize = 64;
/// Longest domain part, bytes (RFC 1035 2.3.4).
pub const DOMAIN_MAX: usize = 253;
/// Longest token (tuple and device identifiers), bytes.
pub const TOKEN_MAX: usize = 40;

/// The tag, or its end, of a presentity that consists of another's watchers; nobody makes one.
const WATCHERS: &str = "watchers";

/// Longest tag of a further address, bytes.
pub const TAG_MAX: usize = 24;

/// Why a text is not an address or identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// There is no `@`, or nothing on one side of it.
    NotNameAtDomain,
    /// A part is longer than allowed.
    TooLong,
    /// A character that names, domains or tokens do not have.
    BadCharacter(char),
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNameAtDomain => f.write_str("an address looks like name@domain"),
            Self::TooLong => f.write_str("the address is too long"),
            Self::BadCharacter(c) => write!(f, "an address cannot contain {c:?}"),
        }
    }
}

impl core::error::Error for AddressError {}

checked_text!(
    /// `name@domain`, lower case. A capital of ASCII is taken for its small letter; others are for whoever reads what people type
    /// to fold, who has the tables for that.
    Address,
    AddressError,
    check_address
);
checked_text!(
    /// A short identifier chosen by an agent: letters, digits, `-`, `_` and `.`.
    Token,
    AddressError,
    check_token
);

checked_text!(
    /// What stands behind the `+` in a further address of a principal (`name+tag@domain`): lower-case letters, digits, `-`, `_`, `.`.
    Tag,
    AddressError,
    check_tag
);

fn check_tag(text: &str) -> Result<String, AddressError> {
    let lower = text.trim().to_ascii_lowercase();
    if lower.is_empty() || lower.len() > TAG_MAX {
        return Err(AddressError::TooLong);
    }
    match lower.chars().find(|c| *c == '+' || !is_name(*c)) {
        Some(bad) => Err(AddressError::BadCharacter(bad)),
        None => Ok(lower),
    }
}

fn check_address(text: &str) -> Result<String, AddressError> {
    let lower = text.trim().to_ascii_lowercase();
    let (name, domain) = lower
        .rsplit_once('@')
        .ok_or(AddressError::NotNameAtDomain)?;
    if name.is_empty() || domain.is_empty() {
        return Err(AddressError::NotNameAtDomain);
    }
    // Every name leaves room for every tag behind it.
    let own = name.split_once('+').map_or(name, |(own, _)| own);
    if own.len() > NAME_MAX || name.len() > NAME_MAX + 1 + TAG_MAX || domain.len() > DOMAIN_MAX {
        return Err(AddressError::TooLong);
    }
    match name
        .chars()
        .find(|c| !is_name(*c))
        .or_else(|| domain.chars().find(|c| !is_domain(*c)))
    {
        Some(bad) => Err(AddressError::BadCharacter(bad)),
        None => Ok(lower),
    }
}

fn check_token(text: &str) -> Result<&str, AddressError> {
    if text.is_empty() || text.len() > TOKEN_MAX {
        return Err(AddressError::TooLong);
    }
    match text
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
    {
        Some(bad) => Err(AddressError::BadCharacter(bad)),
        None => Ok(text),
    }
}

/// Syntax only; which letters one relay accepts in new names is decided where accounts are made, by the tables of Unicode. Here
/// it is enough that nothing separates, draws or turns the writing around; the page would carry those tables for this alone.
fn is_name(c: char) -> bool {
    match c {
        '.' | '-' | '_' | '+' => true,
        c if c.is_ascii() => c.is_ascii_alphanumeric(),
        c => !c.is_control() && !c.is_whitespace() && !is_sign(c),
    }
}

/// Blocks of signs that are not letters, digits or what goes with them: Latin-1's, punctuation and marks of direction, symbols of
/// all kinds, private use, specials, pictures, tags.
fn is_sign(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{a9}' | '\u{ab}'..='\u{b4}' | '\u{b6}'..='\u{b9}' | '\u{bb}'..='\u{bf}'
        | '\u{d7}' | '\u{f7}' | '\u{61c}' | '\u{180e}'
        | '\u{2000}'..='\u{2bff}' | '\u{2e00}'..='\u{2fff}'
        | '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}' | '\u{3030}'
        | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe1f}' | '\u{fe30}'..='\u{fe6f}'
        | '\u{feff}'..='\u{ff0f}' | '\u{fff0}'..='\u{ffff}'
        | '\u{1d000}'..='\u{1d2ff}' | '\u{1f000}'..='\u{1fbef}' | '\u{e0000}'..)
}

fn is_domain(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | ':')
}

impl Address {
    /// The part before the `@`.
    pub fn name(&self) -> &str {
        self.as_str()
            .rsplit_once('@')
            .map_or(self.as_str(), |(name, _)| name)
    }

    /// The principal's own address, and the tag behind its `+` if this is a further one.
    pub fn untagged(&self) -> (Self, Option<Tag>) {
        let split = self.name().split_once('+');
        let Some((name, tag)) = split.filter(|(name, _)| !name.is_empty()) else {
            return (self.clone(), None);
        };
        match Tag::parse(tag) {
            Ok(tag) => {
                let own = [name, "@", self.domain()].concat();
                (Self(own.as_str().into()), Some(tag))
            }
            Err(_) => (self.clone(), None),
        }
    }

    /// The further address with this tag; of an address that has one already, the other one.
    #[must_use]
    pub fn tagged(&self, tag: Option<&Tag>) -> Self {
        let (own, _) = self.untagged();
        match tag {
            Some(tag) => {
                let further = [own.name(), "+", tag.as_str(), "@", own.domain()].concat();
                Self(further.as_str().into())
            }
            None => own,
        }
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.as_str()
            .rsplit_once('@')
            .map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Defines what an address means in one role.
macro_rules! role {
    ($(#[$meta:meta])* $name:ident, $scheme:literal) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
        #[cbor(transparent)]
        #[serde(transparent)]
        pub struct $name(#[n(0)] pub Address);

        impl $name {
            pub fn parse(text: &str) -> Result<Self, AddressError> {
                let bare = text.trim();
                Address::parse(bare.strip_prefix($scheme).unwrap_or(bare)).map(Self)
            }

            pub fn address(&self) -> &Address {
                &self.0
            }

            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl From<Address> for $name {
            fn from(address: Address) -> Self {
                Self(address)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

role!(
    /// RFC 2778 2.6: a human, program or group that appears to the services as a single actor.
    Principal,
    "acct:"
);
role!(
    /// RFC 2778 2.1: what presence information is about; here in the principal's own name.
    Presentity,
    "pres:"
);
role!(
    /// RFC 2778 2.5: where an instant inbox receives; the `im:` contact address in a tuple.
    InboxAddress,
    "im:"
);

impl Principal {
    /// The presentity that sign-up gives to this principal.
    pub fn presentity(&self) -> Presentity {
        Presentity(self.0.clone())
    }

    /// The inbox that sign-up gives to this principal.
    pub fn inbox(&self) -> InboxAddress {
        InboxAddress(self.0.clone())
    }

    /// One of this principal's presentities: without a tag the one from sign-up.
    pub fn presentity_of(&self, tag: Option<&Tag>) -> Presentity {
        Presentity(self.0.tagged(tag))
    }

    /// One of this principal's inbox addresses: without a tag the one from sign-up.
    pub fn inbox_of(&self, tag: Option<&Tag>) -> InboxAddress {
        InboxAddress(self.0.tagged(tag))
    }
}

impl Presentity {
    /// Who controls this presentity.
    pub fn principal(&self) -> Principal {
        Principal(self.0.untagged().0)
    }

    /// Which of the principal's presentities it is; none: the one from sign-up.
    pub fn tag(&self) -> Option<Tag> {
        self.0.untagged().1
    }

    /// Of whose watchers this presentity consists, if it is one of that kind: `alice+watchers@…`, `alice+work.watchers@…`
    /// (RFC 2778 2.3: WATCHER INFORMATION "may be presented as a special form of PRESENTITY").
    pub fn watched(&self) -> Option<Self> {
        let tag = self.tag()?;
        let of = match tag.as_str() {
            WATCHERS => None,
            text => Some(Tag::parse(text.strip_suffix(WATCHERS)?.strip_suffix('.')?).ok()?),
        };
        Some(Self(self.0.tagged(of.as_ref())))
    }

    /// The presentity that consists of the watchers of this one.
    #[must_use]
    pub fn watchers(&self) -> Option<Self> {
        let tag = match self.tag() {
            None => Tag::parse(WATCHERS),
            Some(tag) => Tag::parse(&[tag.as_str(), ".", WATCHERS].concat()),
        };
        Some(Self(self.0.tagged(Some(&tag.ok()?))))
    }
}

impl InboxAddress {
    /// Who controls this inbox.
    pub fn principal(&self) -> Principal {
        Principal(self.0.untagged().0)
    }

    /// Which of the principal's inbox addresses it is; none: the one from sign-up.
    pub fn tag(&self) -> Option<Tag> {
        self.0.untagged().1
    }
}

/// Defines a number with one meaning.
macro_rules! number {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
        )]
        #[cbor(transparent)]
        #[serde(transparent)]
        pub struct $name(#[n(0)] pub u64);
    };
}

number!(
    /// One socket on one relay, numbered by its shell; never used again in the life of the process.
    SessionId
);
number!(
    /// One `Service`: the RFC's SERVER.
    ServerId
);
number!(
    /// A question to the store or to the keeper of identities, matched with its answer.
    Ticket
);
number!(
    /// A place in one inbox's log: 1, 2, 3 ... without a gap; 0 is before the first.
    Seq
);
number!(
    /// Random when a store is made or restored: a cursor of another epoch means nothing.
    Epoch
);

impl Seq {
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Names one PRESENCE TUPLE within a presentity.
pub type TupleId = Token;
/// Names one device (a browser profile, a program) of a principal.
pub type DeviceId = Token;

/// 128 bits chosen by the sender's agent, unique per sender (RFC 2779 4.1.9). In JSON: 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u128);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl MessageId {
    /// 32 hexadecimal digits. By hand: the page would carry the library's way of writing for this alone.
    pub fn text(&self) -> String {
        let digit = |place: u32| char::from_digit((self.0 >> (4 * place)) as u32 & 15, 16);
        (0..32).rev().filter_map(digit).collect()
    }

    /// Reads 32 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        digits
            .then(|| u128::from_str_radix(text, 16).ok().map(Self))
            .flatten()
    }
}

impl Serialize for MessageId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MessageId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("a message id is 32 hexadecimal digits"))
    }
}

impl Encode for MessageId {
    fn encode(&self, to: &mut Writer) {
        to.bytes(&self.0.to_be_bytes());
    }
}

impl Decode for MessageId {
    fn decode(from: &mut Reader<'_>) -> Option<Self> {
        let bytes = from.bytes()?.try_into().ok()?;
        Some(Self(u128::from_be_bytes(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_lower_cased_and_split_at_the_last_at() {
        let address = Address::parse(" Alice@Example.ORG ").unwrap();
        assert_eq!((address.name(), address.domain()), ("alice", "example.org"));
    }

    #[test]
    fn what_is_not_an_address_is_refused_with_its_reason() {
        assert_eq!(Address::parse("alice"), Err(AddressError::NotNameAtDomain));
        assert_eq!(
            Address::parse("@localhost"),
            Err(AddressError::NotNameAtDomain)
        );
        assert_eq!(
            Address::parse("a b@localhost"),
            Err(AddressError::BadCharacter(' '))
        );
        assert_eq!(
            Address::parse("a\u{202e}b@localhost"),
            Err(AddressError::BadCharacter('\u{202e}'))
        );
        for odd in [
            '\u{a0}', '\u{ad}', '\u{200b}', '\u{2028}', '\u{2066}', '\u{feff}', '💡', '”',
        ] {
            let address = alloc::format!("a{odd}b@localhost");
            assert_eq!(
                Address::parse(&address),
                Err(AddressError::BadCharacter(odd))
            );
        }
        for name in ["zoë", "мария", "李小龙", "नमस्ते", "ⲁⲃ", "٣"] {
            assert!(Address::parse(&alloc::format!("{name}@localhost")).is_ok());
        }
        let long = alloc::format!("{}@localhost", "a".repeat(NAME_MAX + 1));
        assert_eq!(Address::parse(&long), Err(AddressError::TooLong));
    }

    #[test]
    fn a_further_address_belongs_to_its_principal() {
        let shop = InboxAddress::parse("im:alice+shop@example.org").unwrap();
        assert_eq!(shop.principal().as_str(), "alice@example.org");
        assert_eq!(shop.tag(), Some(Tag::parse("Shop").unwrap()));
        let own = shop.principal();
        assert_eq!(own.inbox_of(shop.tag().as_ref()), shop);
        assert_eq!(own.inbox_of(None), own.inbox());
        assert_eq!(Presentity::parse("+x@b").unwrap().tag(), None);
        let work = Presentity::parse("a+work@b").unwrap();
        let watchers = work.watchers().unwrap();
        assert_eq!(watchers.as_str(), "a+work.watchers@b");
        assert_eq!(watchers.watched(), Some(work.clone()));
        assert_eq!(
            own.presentity().watchers().unwrap().watched(),
            Some(own.presentity())
        );
        assert_eq!(work.watched(), None);
        assert!(Tag::parse("a+b").is_err() && Tag::parse("").is_err());
        let longest = Principal::parse(&alloc::format!("{}@b", "a".repeat(NAME_MAX))).unwrap();
        let tag = Tag::parse(&"t".repeat(TAG_MAX)).unwrap();
        let further = longest.inbox_of(Some(&tag));
        assert_eq!(InboxAddress::parse(further.as_str()), Ok(further));
    }

    #[test]
    fn a_message_id_reads_back_what_it_prints() {
        let id = MessageId(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
        assert_eq!(
            MessageId::parse(&alloc::string::ToString::to_string(&id)),
            Some(id)
        );
        assert_eq!(MessageId::parse("+1"), None);
    }
}
