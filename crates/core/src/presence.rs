//! Presence information: what a presentity says of itself, as PRESENCE TUPLES (RFC 2778 2.4).
//!
//! "PRESENCE INFORMATION consists of an arbitrary number of elements, called PRESENCE TUPLES. Each such element consists of a
//! STATUS marker [...], an optional COMMUNICATION ADDRESS, and optional OTHER PRESENCE MARKUP."

use alloc::string::String;
use alloc::vec::Vec;

use crate::cbor::{Decode, Encode};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::address::{Address, InboxAddress, Presentity, Token, TupleId};
use crate::code::Refusal;
pub use crate::hours::{HOURS_MAX, Hours};
use crate::person::Told;
use crate::text::checked_text;
use crate::time::Timestamp;

/// Longest free text of a status, characters.
pub const NOTE_MAX: usize = 256;
/// Most values beside open/closed in one status.
pub const ACTIVITIES_MAX: usize = 4;
/// Most tuples of one presentity that one session may publish.
pub const TUPLES_MAX: usize = 8;
/// Longest markup in one tuple, bytes.
pub const MARKUP_MAX: usize = 2048;

/// A text that is longer or emptier than its type allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextError;

impl core::fmt::Display for TextError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the text is empty, too long or has characters that cannot be shown")
    }
}

impl core::error::Error for TextError {}

checked_text!(
    /// Free text of a status: one line, 1 to [`NOTE_MAX`] characters.
    Note,
    TextError,
    check_note
);

impl core::fmt::Debug for Note {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("…")
    }
}

fn check_note(text: &str) -> Result<&str, TextError> {
    let text = text.trim();
    let fits =
        !text.is_empty() && text.chars().count() <= NOTE_MAX && !text.chars().any(char::is_control);
    fits.then_some(text).ok_or(TextError)
}

/// RFC 2778 2.4: "two such values, OPEN and CLOSED". They say whether what the tuple's address leads to accepts now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Basic {
    #[n(0)]
    Open,
    #[n(1)]
    Closed,
}

/// Other values of a STATUS. Known ones are for programs and people, a named one is at least shown (P5).
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// Not at the device.
    #[n(0)]
    Away,
    /// Does not want to be disturbed.
    #[n(1)]
    Busy,
    /// To be taken for absent. Only ever from a presentity to its service, never from the service to another watcher.
    #[n(2)]
    Invisible,
    /// A value this build has no word for, e.g. `x-shop.on-break`. One that begins with `closed.` excludes OPEN.
    #[n(3)]
    Named(#[n(0)] Token),
}

impl Activity {
    /// RFC 2778 3: other values "may be combined with OPEN and CLOSED or they may be mutually-exclusive with those values".
    fn excludes(&self, basic: Basic) -> bool {
        match self {
            Self::Named(name) => basic == Basic::Open && name.as_str().starts_with("closed."),
            Self::Away | Self::Busy | Self::Invisible => false,
        }
    }
}

/// STATUS: open or closed, other values, a note.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Status {
    #[n(0)]
    pub basic: Basic,
    /// At most [`ACTIVITIES_MAX`], none twice.
    #[n(1)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cbor(default)]
    pub activities: Vec<Activity>,
    #[n(2)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

impl Status {
    pub fn open() -> Self {
        Self {
            basic: Basic::Open,
            activities: Vec::new(),
            note: None,
        }
    }

    pub fn has(&self, activity: &Activity) -> bool {
        self.activities.contains(activity)
    }
}

/// COMMUNICATION ADDRESS: a MEANS (`im`, `tel`, `mailto`, `sip`, `https`, ...) and a CONTACT ADDRESS.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct CommunicationAddress {
    #[n(0)]
    pub means: Token,
    /// What stands behind the colon of the means' URI, at most 512 bytes.
    #[n(1)]
    pub contact: String,
}

impl CommunicationAddress {
    /// The address of an instant inbox.
    pub fn inbox(address: &InboxAddress) -> Self {
        Self {
            means: Token::parse("im").expect("a token"),
            contact: address.as_str().into(),
        }
    }

    /// The inbox this leads to, if its means is instant messaging.
    pub fn as_inbox(&self) -> Option<InboxAddress> {
        (self.means.as_str() == "im")
            .then(|| InboxAddress::parse(&self.contact).ok())
            .flatten()
    }
}

/// OTHER PRESENCE MARKUP: bytes under a name, carried unread and unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Markup {
    #[n(0)]
    pub namespace: Token,
    #[n(1)]
    #[cbor(bytes)]
    pub content: Vec<u8>,
}

/// What a tuple speaks of, after the data model of RFC 4479.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum TupleKind {
    /// The person: a status set by hand. Lives with the account; at most one.
    #[n(0)]
    Person,
    /// A means to reach the person, such as the inbox. Lives with the account.
    #[n(1)]
    Service,
    /// A tab, phone or program. Lives with its session, under a lease.
    #[n(2)]
    Device,
}

/// One PRESENCE TUPLE.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct PresenceTuple {
    #[n(0)]
    pub id: TupleId,
    #[n(1)]
    pub kind: TupleKind,
    #[n(2)]
    pub status: Status,
    #[n(3)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<CommunicationAddress>,
    #[n(4)]
    #[cbor(default)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub markup: Vec<Markup>,
    /// Since when: of a person tuple the moment it was set by hand, of an away device the moment the last input came.
    #[n(5)]
    pub since: Timestamp,
    /// When a status set by hand ends by itself.
    #[n(6)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Of a means: OPEN in these hours alone; none: always. Nobody else is told them, only what follows from them.
    #[n(7)]
    #[cbor(default)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<Hours>,
    /// Of a means: others see it only while it is OPEN, so that its being there says that it accepts (RFC 2778 3).
    #[n(8)]
    #[cbor(default)]
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub only_open: bool,
}

impl PresenceTuple {
    /// The tuple that stands for a principal's inbox from sign-up on: OPEN, with its address (RFC 2778 2.5).
    pub fn inbox(address: &InboxAddress, basic: Basic, since: Timestamp) -> Self {
        Self {
            id: Token::parse("inbox").expect("a token"),
            kind: TupleKind::Service,
            status: Status {
                basic,
                ..Status::open()
            },
            address: Some(CommunicationAddress::inbox(address)),
            markup: Vec::new(),
            since,
            until: None,
            hours: Vec::new(),
            only_open: false,
        }
    }

    /// Whether it is an inbox to write to.
    pub fn leads_to_inbox(&self) -> bool {
        let address = self.address.as_ref();
        address.is_some_and(|address| address.as_inbox().is_some())
    }

    /// OPEN or CLOSED at this moment: what was published, and the hours.
    pub fn basic_at(&self, at: Timestamp) -> Basic {
        match self.hours.is_empty() || self.hours.iter().any(|hours| hours.hold(at)) {
            true => self.status.basic,
            false => Basic::Closed,
        }
    }

    /// When the hours change what is OPEN next.
    pub fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        self.hours.iter().map(|hours| hours.next_change(at)).min()
    }

    /// Within the limits and without contradiction (P4, P6): the one check that a publish passes.
    pub fn is_sound(&self) -> bool {
        let activities = &self.status.activities;
        let no_twins = activities
            .iter()
            .enumerate()
            .all(|(at, one)| !activities[..at].contains(one));
        let markup: usize = self.markup.iter().map(|markup| markup.content.len()).sum();
        let reachable = self
            .address
            .as_ref()
            .is_none_or(|address| address.contact.len() <= 512);
        let excluded = |activity: &Activity| activity.excludes(self.status.basic);
        activities.len() <= ACTIVITIES_MAX
            && no_twins
            && !activities.iter().any(excluded)
            && markup <= MARKUP_MAX
            && self.markup.len() <= 8
            && reachable
            && self.hours.len() <= HOURS_MAX
            && self.hours.iter().all(Hours::is_sound)
    }
}

/// How far a value may be trusted (DESIGN 2.3). "Not shared" is not a freshness: it is [`View::Pending`] or [`View::Ended`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Freshness {
    /// The service vouches for it.
    #[n(0)]
    Fresh,
    /// The line to the service is down; this was true when it went.
    #[n(1)]
    Stale,
    /// Nobody can say: the service has just started, or the line has been down for longer than the bound.
    #[n(2)]
    Unknown,
}

/// PRESENCE INFORMATION of one presentity, as one watcher may see it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct PresenceInformation {
    #[n(0)]
    pub tuples: Vec<PresenceTuple>,
    #[n(1)]
    pub freshness: Freshness,
    /// Since when this holds; of someone absent, when they were last there. Zero: not told.
    #[n(2)]
    pub since: Timestamp,
    /// How much of it this watcher is shown.
    #[n(3)]
    #[cbor(default)]
    #[serde(default, skip_serializing_if = "Extent::is_whole")]
    pub extent: Extent,
}

/// How much of someone's presence a watcher is shown.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Extent {
    #[default]
    #[n(0)]
    Whole,
    /// Available or not: busy, away and offline all read *not available*.
    #[n(1)]
    Availability,
}

impl Extent {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
    fn is_whole(&self) -> bool {
        *self == Self::Whole
    }
}

impl PresenceInformation {
    /// Whether any tab, phone or program is there.
    pub fn is_present(&self) -> bool {
        self.tuples
            .iter()
            .any(|tuple| tuple.kind == TupleKind::Device)
    }

    /// The inbox to write to and whether it accepts, from the tuples alone (P10).
    pub fn inbox(&self) -> Option<(InboxAddress, Basic)> {
        self.tuples
            .iter()
            .find_map(|tuple| Some((tuple.address.as_ref()?.as_inbox()?, tuple.status.basic)))
    }
}

/// What one watcher gets of one presentity.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// Asked for, not answered yet.
    #[n(0)]
    Pending,
    /// The subscription has ended, and why: `not_allowed`, `unknown_address`, ...
    #[n(1)]
    Ended(#[n(0)] Refusal),
    #[n(2)]
    Shown(#[n(0)] PresenceInformation),
}

/// NOTIFICATION: everything of one presentity that this watcher may see; the newest replaces.
///
/// As JSON it also says as `person` what a human reads of it ([`Told`](crate::person::Told)).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Deserialize)]
pub struct Notification {
    #[n(0)]
    pub presentity: Presentity,
    #[n(1)]
    pub view: View,
}

impl Serialize for Notification {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Notification", 3)?;
        fields.serialize_field("presentity", &self.presentity)?;
        fields.serialize_field("view", &self.view)?;
        fields.serialize_field("person", &Told::of(&self.view))?;
        fields.end()
    }
}

/// The name of the tuple that is set by hand; there is one per presentity.
pub fn by_hand() -> TupleId {
    Token::parse("by-hand").expect("a token")
}

/// A presentity's address as a contact's plain name: the part before the `@`.
pub fn short_name(address: &Address) -> &str {
    address.name()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn a_status_with_the_same_value_twice_is_not_sound() {
        let inbox = InboxAddress::parse("im:a@b").unwrap();
        let mut tuple = PresenceTuple::inbox(&inbox, Basic::Open, Timestamp(0));
        assert!(tuple.is_sound());
        tuple.status.activities = vec![Activity::Busy, Activity::Busy];
        assert!(!tuple.is_sound());
    }

    #[test]
    fn the_inbox_is_found_from_the_tuples_alone() {
        let inbox = InboxAddress::parse("a@b").unwrap();
        let tuples = vec![PresenceTuple::inbox(&inbox, Basic::Closed, Timestamp(0))];
        let information = PresenceInformation {
            tuples,
            freshness: Freshness::Fresh,
            since: Timestamp(0),
            extent: Extent::Whole,
        };
        assert_eq!(information.inbox(), Some((inbox, Basic::Closed)));
    }

    #[test]
    fn a_note_is_one_line_of_bounded_length() {
        assert!(Note::parse("in a meeting").is_ok());
        assert!(Note::parse("  ").is_err());
        assert!(Note::parse("two\nlines").is_err());
        assert!(Note::parse(&"é".repeat(NOTE_MAX)).is_ok());
        assert!(Note::parse(&"é".repeat(NOTE_MAX + 1)).is_err());
    }
}
