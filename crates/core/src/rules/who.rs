//! Of whom a rule speaks, and who it is that looks or writes.

use alloc::string::String;
use core::time::Duration;

use crate::cbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::Visibility;
use crate::address::{Address, DOMAIN_MAX};
use crate::presence::Note;
use crate::wire::Class;

/// For how long a login counts as fresh after the password was said.
pub const FRESH_FOR: Duration = Duration::from_mins(15);

/// How sure the service is who someone is, from not at all upwards (RFC 2778 3: "different authentication requirements").
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Login {
    /// Nobody signed in: a badge, a fetch without credentials.
    #[default]
    #[n(0)]
    Nobody,
    /// A guest that the relay let in.
    #[n(1)]
    Guest,
    /// A program with its token.
    #[n(2)]
    Program,
    /// Signed in with a password, however long ago.
    #[n(3)]
    Account,
    /// Said the password within the last [`FRESH_FOR`].
    #[n(4)]
    Fresh,
}

/// Of whom a rule speaks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// One principal.
    #[n(0)]
    Address(#[n(0)] Address),
    /// Everyone of a domain.
    #[n(1)]
    Domain(#[n(0)] String),
    /// The contacts that the principal keeps under this group.
    #[n(2)]
    Group(#[n(0)] Note),
    /// Contacts, and those to whom the principal has written.
    #[n(3)]
    Known,
    /// Everyone with an account.
    #[n(4)]
    Account,
    #[n(5)]
    Guest,
    #[n(6)]
    Program,
    /// Whoever comes by way of this site.
    #[n(7)]
    Site(#[n(0)] String),
    /// Everyone, signed in or not.
    #[n(8)]
    Anyone,
    /// Whoever has not signed in: who reads another site that shows a badge.
    #[n(9)]
    Visitor,
}

/// Who looks at a presentity or writes to an inbox, with what their own services know of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Onlooker<'a> {
    /// Nobody: not signed in.
    pub address: Option<&'a Address>,
    pub class: Option<Class>,
    pub login: Login,
    /// Under which group the rule's principal keeps them.
    pub group: Option<&'a Note>,
    /// Whether they are a contact of the rule's principal, or were written to.
    pub known: bool,
    pub site: Option<&'a str>,
    /// How they want to stand in WATCHER INFORMATION.
    pub visibility: Visibility,
}

impl Who {
    /// Whether the rule speaks of this one.
    pub fn is(&self, onlooker: &Onlooker<'_>) -> bool {
        let class = |class| onlooker.class == Some(class);
        match self {
            Self::Address(address) => onlooker.address == Some(address),
            Self::Domain(domain) => onlooker
                .address
                .is_some_and(|address| address.domain().eq_ignore_ascii_case(domain)),
            Self::Group(group) => onlooker.group == Some(group),
            Self::Known => onlooker.known,
            Self::Account => class(Class::Account) || class(Class::Group),
            Self::Guest => class(Class::Guest),
            Self::Program => class(Class::Program),
            Self::Site(site) => onlooker
                .site
                .is_some_and(|from| from.eq_ignore_ascii_case(site)),
            Self::Anyone => true,
            Self::Visitor => onlooker.address.is_none(),
        }
    }

    /// Within the limits.
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Domain(text) | Self::Site(text) => {
                !text.trim().is_empty() && text.len() <= DOMAIN_MAX
            }
            _ => true,
        }
    }
}
