//! Many tuples, one word: what a human reads of another (DESIGN 2.2).
//!
//! A pure function of the tuples as a set: their order, repetition and the number of devices that say the same do not matter.
//!
//! | person tuple (by hand) | device tuples | word |
//! |---|---|---|
//! | any | none | offline |
//! | busy | one or more | busy |
//! | away | one or more | away |
//! | any other value, or none but a note | one or more | available, by hand |
//! | none | one that is neither busy nor away | available |
//! | none | all busy or away, one of them busy | busy |
//! | none | all away | away, since the latest of them went |
//!
//! Who is shown no more than availability reads *available* where the table says so, else *not available*.
//! A view that is pending or refused is *not shared*; one whose freshness is unknown is *unknown*, never offline.
//!
//! How to reach them is another question, with another pure function of the tuples: [`ways`].

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use crate::cbor::{Decode, Encode};

use crate::address::{InboxAddress, Token};
use crate::code::Code;
use crate::presence::{
    Activity, Basic, Extent, Freshness, Note, PresenceInformation, PresenceTuple, TupleKind, View,
};
use crate::time::Timestamp;

/// The one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Word {
    #[n(0)]
    Available,
    #[n(1)]
    Busy,
    #[n(2)]
    Away,
    #[n(3)]
    Offline,
    /// Busy, away or offline: they share no more than whether they are available.
    #[n(6)]
    NotAvailable,
    /// Nobody can say at the moment.
    #[n(4)]
    Unknown,
    /// They have not let us see.
    #[n(5)]
    NotShared,
}

impl Word {
    /// Its name for programs.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Busy => "busy",
            Self::Away => "away",
            Self::Offline => "offline",
            Self::NotAvailable => "not_available",
            Self::Unknown => "unknown",
            Self::NotShared => "not_shared",
        }
    }
}

/// Why the word is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Reason {
    /// Set by hand, perhaps until a time.
    #[n(0)]
    ByHand(#[n(0)] Option<Timestamp>),
    /// No input on any device since then.
    #[n(1)]
    Idle(#[n(0)] Timestamp),
    /// As the devices say.
    #[n(2)]
    Devices,
    /// Last there then; zero when never seen.
    #[n(3)]
    Absent(#[n(0)] Timestamp),
    /// Asked, not answered yet.
    #[n(4)]
    Pending,
    /// Refused, or there is nobody of this address. Two codes are answered: `sign_in_again` by saying the password again,
    /// `show_yourself` by being visible to them.
    #[n(5)]
    Refused(#[n(0)] Code),
    /// The service or the line cannot tell.
    #[n(6)]
    NoWord,
}

/// What a human reads of another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Person {
    pub word: Word,
    pub reason: Reason,
    pub note: Option<Note>,
    /// The line is down; this was true when it went.
    pub stale: bool,
    /// Whether their inbox accepts messages now, as far as we know.
    pub inbox: Basic,
}

/// Reads a view as one human.
pub fn person(view: &View) -> Person {
    let information = match view {
        View::Pending => return without(Word::NotShared, Reason::Pending),
        View::Ended(refusal) => {
            return without(Word::NotShared, Reason::Refused(refusal.code));
        }
        View::Shown(information) => information,
    };
    let inbox = information.inbox().map_or(Basic::Open, |(_, basic)| basic);
    let stale = information.freshness == Freshness::Stale;
    if information.freshness == Freshness::Unknown {
        return Person {
            inbox,
            ..without(Word::Unknown, Reason::NoWord)
        };
    }
    if !information.is_present() {
        let word = match information.extent {
            Extent::Whole => Word::Offline,
            Extent::Availability => Word::NotAvailable,
        };
        let absent = without(word, Reason::Absent(information.since));
        return Person {
            inbox,
            stale,
            ..absent
        };
    }
    let (word, reason, note) = by_hand(information).unwrap_or_else(|| by_devices(information));
    Person {
        word,
        reason,
        note,
        stale,
        inbox,
    }
}

/// What a script is told beside the tuples, so that none need read them as [`person`] does.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// [`Word::slug`].
    pub word: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// Since when it is so, as far as that is known and shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

impl Told {
    pub fn of(view: &View) -> Self {
        let read = person(view);
        let since = match (read.reason, view) {
            (Reason::Idle(since) | Reason::Absent(since), _) => since,
            (_, View::Shown(information)) if read.word != Word::Unknown => information.since,
            _ => Timestamp(0),
        };
        Self {
            word: read.word.slug(),
            note: read.note,
            since: Some(since).filter(|since| since.0 > 0),
        }
    }
}

fn without(word: Word, reason: Reason) -> Person {
    Person {
        word,
        reason,
        note: None,
        stale: false,
        inbox: Basic::Open,
    }
}

type Reading = (Word, Reason, Option<Note>);

fn of_kind(
    information: &PresenceInformation,
    kind: TupleKind,
) -> impl Iterator<Item = &PresenceTuple> {
    information
        .tuples
        .iter()
        .filter(move |tuple| tuple.kind == kind)
}

/// The newest status set by hand; its id breaks a tie.
fn by_hand(information: &PresenceInformation) -> Option<Reading> {
    let tuple =
        of_kind(information, TupleKind::Person).max_by_key(|tuple| (tuple.since, &tuple.id))?;
    Some((
        word_of(tuple),
        Reason::ByHand(tuple.until),
        tuple.status.note.clone(),
    ))
}

fn by_devices(information: &PresenceInformation) -> Reading {
    let devices = || of_kind(information, TupleKind::Device);
    let word = devices().map(word_of).min().unwrap_or(Word::Offline);
    let reason = match word {
        Word::Away => {
            let latest = devices().map(|tuple| tuple.since).max();
            Reason::Idle(latest.unwrap_or(information.since))
        }
        _ => Reason::Devices,
    };
    // Of the devices that say the word, the note of the newest, and of the greatest id at a tie.
    let noted = devices().filter(|tuple| word_of(tuple) == word && tuple.status.note.is_some());
    let note = noted
        .max_by_key(|tuple| (tuple.since, &tuple.id))
        .and_then(|tuple| tuple.status.note.clone());
    (word, reason, note)
}

/// The means that a link may open, the best first.
const LINKED: [&str; 4] = ["tel", "sip", "https", "mailto"];

/// One way to reach someone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Way {
    /// `im`, `tel`, `mailto`, `sip`, `https`, or what this build knows no more of than its name.
    pub means: Token,
    /// What stands behind the colon.
    pub contact: String,
    /// What they say of it: its name, or why it is CLOSED.
    pub note: Option<Note>,
    pub basic: Basic,
    /// What a link may open; none: it is text. Never of another scheme than `tel`, `mailto`, `sip` and `https`.
    pub uri: Option<String>,
    /// Where to write to, if it is an inbox.
    pub inbox: Option<InboxAddress>,
}

/// How to reach someone, from the tuples alone (P10): the open inbox, then what else is OPEN, then what is CLOSED.
pub fn ways(view: &View) -> Vec<Way> {
    let View::Shown(information) = view else {
        return Vec::new();
    };
    let mut ways: Vec<Way> = Vec::new();
    for way in information.tuples.iter().filter_map(Way::of) {
        let behind = ways.iter().position(|other| other.place() > way.place());
        ways.insert(behind.unwrap_or(ways.len()), way);
    }
    ways
}

impl Way {
    fn of(tuple: &PresenceTuple) -> Option<Self> {
        let address = tuple.address.as_ref()?;
        let means = address.means.as_str();
        let contact = address.contact.as_str();
        let uri = LINKED.contains(&means).then(|| {
            let slashes = match means == "https" && !contact.starts_with("//") {
                true => "//",
                false => "",
            };
            [means, ":", slashes, contact].concat()
        });
        Some(Self {
            means: address.means.clone(),
            contact: contact.into(),
            note: tuple.status.note.clone(),
            basic: tuple.status.basic,
            uri,
            inbox: address.as_inbox(),
        })
    }

    /// The inbox first, then what a link opens; what is CLOSED behind all that is OPEN.
    fn place(&self) -> (bool, usize) {
        let means = self.means.as_str();
        let linked = LINKED.iter().position(|linked| *linked == means);
        let place = match (&self.inbox, linked) {
            (Some(_), _) => 0,
            (None, Some(place)) => place + 1,
            (None, None) => LINKED.len() + 1,
        };
        (self.basic == Basic::Closed, place)
    }
}

fn word_of(tuple: &PresenceTuple) -> Word {
    if tuple.status.has(&Activity::Busy) {
        Word::Busy
    } else if tuple.status.has(&Activity::Away) {
        Word::Away
    } else {
        Word::Available
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Token;
    use crate::presence::{CommunicationAddress, Status, by_hand as by_hand_id};
    use alloc::vec;

    fn tuple(kind: TupleKind, id: &str, activities: Vec<Activity>, since: u64) -> PresenceTuple {
        PresenceTuple {
            id: Token::parse(id).unwrap(),
            kind,
            status: Status {
                activities,
                ..Status::open()
            },
            address: None,
            markup: vec![],
            since: Timestamp(since),
            until: None,
            hours: vec![],
            only_open: false,
        }
    }

    fn read(tuples: Vec<PresenceTuple>) -> Word {
        person(&View::Shown(PresenceInformation {
            tuples,
            freshness: Freshness::Fresh,
            since: Timestamp(0),
            extent: Extent::Whole,
        }))
        .word
    }

    fn device(id: &str, activities: Vec<Activity>) -> PresenceTuple {
        tuple(TupleKind::Device, id, activities, 5)
    }

    fn hand(activities: Vec<Activity>) -> PresenceTuple {
        let mut tuple = tuple(TupleKind::Person, "x", activities, 9);
        tuple.id = by_hand_id();
        tuple
    }

    #[test]
    fn the_table_of_this_module_holds() {
        use Activity::{Away, Busy};
        let rows = [
            (vec![], Word::Offline),
            (vec![hand(vec![Busy])], Word::Offline),
            (vec![hand(vec![Busy]), device("a", vec![])], Word::Busy),
            (vec![hand(vec![Away]), device("a", vec![])], Word::Away),
            (vec![hand(vec![]), device("a", vec![Away])], Word::Available),
            (
                vec![device("a", vec![Away]), device("b", vec![])],
                Word::Available,
            ),
            (
                vec![device("a", vec![Away]), device("b", vec![Busy])],
                Word::Busy,
            ),
            (
                vec![device("a", vec![Away]), device("b", vec![Away])],
                Word::Away,
            ),
        ];
        for (tuples, word) in rows {
            let mut reversed = tuples.clone();
            reversed.reverse();
            let mut doubled = tuples.clone();
            doubled.extend(tuples.iter().cloned());
            assert_eq!(read(tuples.clone()), word, "{tuples:?}");
            assert_eq!(read(reversed), word, "the order mattered: {tuples:?}");
            assert_eq!(read(doubled), word, "repetition mattered: {tuples:?}");
        }
    }

    #[test]
    fn who_is_shown_no_more_than_availability_reads_available_or_not() {
        let reads = |tuples: Vec<PresenceTuple>| {
            person(&View::Shown(PresenceInformation {
                tuples,
                freshness: Freshness::Fresh,
                since: Timestamp(0),
                extent: Extent::Availability,
            }))
            .word
        };
        assert_eq!(reads(vec![]), Word::NotAvailable);
        assert_eq!(reads(vec![device("here", vec![])]), Word::Available);
    }

    fn means(means: &str, contact: &str, basic: Basic) -> PresenceTuple {
        PresenceTuple {
            address: Some(CommunicationAddress {
                means: Token::parse(means).unwrap(),
                contact: contact.into(),
            }),
            status: Status {
                basic,
                ..Status::open()
            },
            ..tuple(TupleKind::Service, means, vec![], 0)
        }
    }

    fn ways_of(tuples: Vec<PresenceTuple>) -> Vec<Way> {
        ways(&View::Shown(PresenceInformation {
            tuples,
            freshness: Freshness::Fresh,
            since: Timestamp(0),
            extent: Extent::Whole,
        }))
    }

    #[test]
    fn the_best_way_is_the_open_inbox_then_what_else_is_open_then_what_is_closed() {
        use Basic::{Closed, Open};
        let ways = ways_of(vec![
            means("x-pager", "7", Open),
            means("mailto", "bob@b", Open),
            means("tel", "+49", Closed),
            means("https", "//b/bob", Open),
            device("phone", vec![]),
            means("im", "bob@b", Open),
            means("sip", "bob@b", Open),
        ]);
        let order: Vec<_> = ways.iter().map(|way| way.means.as_str()).collect();
        assert_eq!(order, ["im", "sip", "https", "mailto", "x-pager", "tel"]);
        assert_eq!(ways[0].inbox, InboxAddress::parse("bob@b").ok());
        let closed = ways_of(vec![means("im", "bob@b", Closed), means("tel", "1", Open)]);
        assert_eq!(closed[1].basic, Closed, "the inbox stands behind");
    }

    #[test]
    fn a_link_is_one_of_four_schemes_and_everything_else_is_text() {
        let uri = |of: &str, contact: &str| {
            let ways = ways_of(vec![means(of, contact, Basic::Open)]);
            ways[0].uri.clone()
        };
        assert_eq!(uri("tel", "+49 30").as_deref(), Some("tel:+49 30"));
        assert_eq!(uri("https", "//b/").as_deref(), Some("https://b/"));
        assert_eq!(uri("https", "b/bob").as_deref(), Some("https://b/bob"));
        assert_eq!(uri("javascript", "alert(1)"), None);
        assert_eq!(uri("im", "bob@b"), None, "one writes to it here");
        assert_eq!(ways(&View::Pending), []);
    }

    #[test]
    fn a_refusal_says_which_one_it_is() {
        let ended = View::Ended(Code::ShowYourself.refusal());
        let reason = Reason::Refused(Code::ShowYourself);
        assert_eq!(person(&ended).reason, reason);
    }

    #[test]
    fn unknown_is_never_offline_and_pending_is_not_shared() {
        let information = PresenceInformation {
            tuples: vec![],
            freshness: Freshness::Unknown,
            since: Timestamp(0),
            extent: Extent::Whole,
        };
        assert_eq!(person(&View::Shown(information)).word, Word::Unknown);
        assert_eq!(person(&View::Pending).word, Word::NotShared);
    }
}
