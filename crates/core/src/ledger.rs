//! WATCHER INFORMATION (RFC 2778 2.3): which watchers "have received" a presentity's presence "within a particular recent span of
//! time". Receiving is what counts: subscribers, pollers, fetchers and those who have cancelled; attempts that got nothing stand
//! apart.
//!
//! A row is what is remembered of one watcher. [`Row::after`] is the only place where one changes; every store calls it.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::cbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::address::{Address, Principal, Token};
use crate::presence::{
    Activity, Basic, CommunicationAddress, Extent, Freshness, PresenceInformation, PresenceTuple,
    Status, TupleKind,
};
use crate::rules::Visibility;
use crate::time::{Timestamp, millis};

/// Most rows that are told at once.
pub const NAMED_MAX: usize = 500;

/// Most sites of which a presentity's visitors are remembered; what comes from more counts as from no site in particular.
pub const SITES_MAX: usize = 100;

/// For how long a watcher is remembered, unless configured otherwise.
pub const SPAN: Duration = Duration::from_hours(7 * 24);
/// A fetch after a longer pause than this is not part of a regular one.
const REGULAR_WITHIN: Duration = Duration::from_hours(12);
/// So many pauses of about the same length make a poller.
const REGULAR_PAUSES: u8 = 2;

/// How a watcher watches.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Kind {
    /// Is notified of every change.
    #[n(0)]
    Subscriber,
    /// Fetches on a regular basis.
    #[n(1)]
    Poller,
    /// Fetched now and then.
    #[n(2)]
    Fetcher,
}

/// Whether a watcher still watches, and whether it got anything.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum WatchState {
    /// The subscription stands.
    #[n(0)]
    Active,
    #[n(1)]
    Ended,
    /// Asked and got nothing.
    #[n(2)]
    Attempt,
}

/// Under what a watcher is remembered.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum WatcherName {
    #[n(0)]
    Principal(#[n(0)] Principal),
    /// All visitors of one site together.
    #[n(1)]
    Site(#[n(0)] String),
    /// All who did not sign in, together.
    #[n(2)]
    Nobody,
}

/// What happened between a watcher and a presentity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A new subscription.
    Subscribed,
    /// A standing subscription goes on: a device of the watcher is there again.
    Resumed,
    /// The last device of the watcher went; the subscription stands.
    Left,
    /// The subscription is over.
    Cancelled,
    Fetched,
    /// Asked and got nothing.
    Refused,
    /// So many visitors of other sites fetched. A site is no poller, however regularly it is read.
    Visited(u32),
    /// So many visitors of other sites asked and got nothing.
    VisitedInVain(u32),
}

/// What is remembered of one watcher.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    pub watcher: WatcherName,
    pub kind: Kind,
    pub state: WatchState,
    pub first: Timestamp,
    pub last: Timestamp,
    /// Subscriptions, fetches or attempts.
    pub count: u32,
    /// The last pause between two fetches, milliseconds.
    pub pause: u64,
    /// How many pauses in a row were of about this length.
    pub regular: u8,
    /// How the watcher wants to be seen, now. Stores read it from the watcher's own rules and never keep it in a row.
    pub visibility: Visibility,
}

impl Event {
    /// Whether nothing was received: attempts have a row of their own.
    pub fn is_attempt(self) -> bool {
        matches!(self, Self::Refused | Self::VisitedInVain(_))
    }
}

impl Row {
    /// Whether it is a row of attempts.
    pub fn is_attempt(&self) -> bool {
        self.state == WatchState::Attempt
    }

    /// The row after one more event. `before` is the watcher's row of the same kind (received, or attempts); `None`: the first.
    #[must_use]
    pub fn after(before: Option<Self>, watcher: &WatcherName, event: Event, at: Timestamp) -> Self {
        let Some(mut row) = before else {
            return Self::first(watcher, event, at);
        };
        match event {
            Event::Subscribed => {
                row.count = row.count.saturating_add(1);
                row.kind = Kind::Subscriber;
                row.state = WatchState::Active;
            }
            Event::Resumed => {
                row.kind = Kind::Subscriber;
                row.state = WatchState::Active;
            }
            Event::Left => {}
            Event::Cancelled => row.state = WatchState::Ended,
            Event::Fetched => row.fetched(at),
            Event::Refused => row.count = row.count.saturating_add(1),
            Event::Visited(many) | Event::VisitedInVain(many) => {
                row.count = row.count.saturating_add(many);
            }
        }
        row.last = row.last.max(at);
        row
    }

    fn first(watcher: &WatcherName, event: Event, at: Timestamp) -> Self {
        let (kind, state) = match event {
            Event::Subscribed | Event::Resumed | Event::Left => {
                (Kind::Subscriber, WatchState::Active)
            }
            Event::Cancelled => (Kind::Subscriber, WatchState::Ended),
            Event::Fetched | Event::Visited(_) => (Kind::Fetcher, WatchState::Ended),
            Event::Refused | Event::VisitedInVain(_) => (Kind::Fetcher, WatchState::Attempt),
        };
        let count = match event {
            Event::Visited(many) | Event::VisitedInVain(many) => many,
            _ => 1,
        };
        Self {
            watcher: watcher.clone(),
            kind,
            state,
            first: at,
            last: at,
            count,
            pause: 0,
            regular: 0,
            visibility: Visibility::Named,
        }
    }

    fn fetched(&mut self, at: Timestamp) {
        self.count = self.count.saturating_add(1);
        if self.state == WatchState::Active && self.kind == Kind::Subscriber {
            return;
        }
        let pause = millis(at.since(self.last));
        let alike = pause <= self.pause.saturating_mul(2) && self.pause <= pause.saturating_mul(2);
        self.regular = match (pause <= millis(REGULAR_WITHIN), self.pause > 0 && alike) {
            (false, _) => 0,
            (true, true) => self.regular.saturating_add(1),
            (true, false) => 1,
        };
        self.pause = pause;
        self.kind = match self.regular >= REGULAR_PAUSES {
            true => Kind::Poller,
            false => Kind::Fetcher,
        };
        self.state = WatchState::Ended;
    }
}

/// One watcher as its presentity's principal is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct WatcherInformation {
    #[n(0)]
    pub watcher: WatcherName,
    #[n(1)]
    pub kind: Kind,
    #[n(2)]
    pub state: WatchState,
    #[n(3)]
    pub first: Timestamp,
    #[n(4)]
    pub last: Timestamp,
    #[n(5)]
    pub count: u32,
    /// Tabs, phones and programs of theirs that are notified right now.
    #[n(6)]
    #[cbor(default)]
    #[serde(default)]
    pub devices: u32,
}

/// All of a presentity's watchers, as its principal is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Watchers {
    /// Those who show their names, the latest first, at most [`NAMED_MAX`].
    #[n(0)]
    pub named: Vec<WatcherInformation>,
    /// How many received and want to be one of a number.
    #[n(1)]
    pub counted: u32,
    /// How many do not show their names and were turned away for it.
    #[n(2)]
    #[cbor(default)]
    #[serde(default)]
    pub turned_away: u32,
}

impl Watchers {
    /// The same as PRESENCE INFORMATION: a tuple for each watcher, OPEN while it is being told, with its address and, as a status
    /// value, how it watches. Those who are a number only are left out.
    pub fn as_presence(&self, now: Timestamp) -> PresenceInformation {
        let shown = self.named.iter().enumerate();
        PresenceInformation {
            tuples: shown
                .map(|(place, watcher)| watcher.as_tuple(place))
                .collect(),
            freshness: Freshness::Fresh,
            since: self.named.first().map_or(now, |latest| latest.last),
            extent: Extent::Whole,
        }
    }
}

impl WatcherInformation {
    fn as_tuple(&self, place: usize) -> PresenceTuple {
        let mut id = String::from("watcher-");
        id.push_str(&place.to_string());
        let how = match (self.state, self.kind) {
            (WatchState::Attempt, _) => "attempt",
            (WatchState::Ended, Kind::Subscriber) => "ended",
            (_, Kind::Subscriber) => "subscriber",
            (_, Kind::Poller) => "poller",
            (_, Kind::Fetcher) => "fetcher",
        };
        let address = self.watcher.address().map(|address| CommunicationAddress {
            means: Token::parse("pres").expect("a token"),
            contact: address.as_str().into(),
        });
        PresenceTuple {
            id: Token::parse(&id).expect("a short name"),
            kind: TupleKind::Service,
            status: Status {
                basic: match self.devices {
                    0 => Basic::Closed,
                    _ => Basic::Open,
                },
                activities: [Activity::Named(Token::parse(how).expect("a token"))].into(),
                note: None,
            },
            address,
            markup: Vec::new(),
            since: self.last,
            until: None,
            hours: Vec::new(),
            only_open: false,
        }
    }

    /// As a row reads with this many devices there.
    pub fn of(row: &Row, devices: u32) -> Self {
        Self {
            watcher: row.watcher.clone(),
            kind: row.kind,
            state: row.state,
            first: row.first,
            last: row.last,
            count: row.count,
            devices,
        }
    }
}

impl WatcherName {
    /// Visitors of this site, or of one that nobody named.
    pub fn visitors(site: Option<&str>) -> Self {
        site.map_or(Self::Nobody, |site| Self::Site(site.into()))
    }

    /// Under what an event is remembered where no row of this name stands yet, beside so many rows of sites.
    #[must_use]
    pub fn beside(&self, sites: usize) -> Self {
        match self {
            Self::Site(_) if sites >= SITES_MAX => Self::Nobody,
            _ => self.clone(),
        }
    }

    /// The principal, if it is one.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Principal(principal) => Some(principal.address()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bob() -> WatcherName {
        WatcherName::Principal(Principal::parse("bob@b").unwrap())
    }

    fn after(events: &[(Event, u64)]) -> Row {
        let mut row = None;
        for (event, at) in events {
            row = Some(Row::after(row, &bob(), *event, Timestamp(*at)));
        }
        row.unwrap()
    }

    #[test]
    fn who_fetched_once_is_a_fetcher_and_who_does_so_regularly_a_poller() {
        let once = after(&[(Event::Fetched, 5)]);
        assert_eq!((once.kind, once.count), (Kind::Fetcher, 1));
        let regular = after(&[
            (Event::Fetched, 0),
            (Event::Fetched, 30_000),
            (Event::Fetched, 61_000),
        ]);
        assert_eq!((regular.kind, regular.count), (Kind::Poller, 3));
        let now_and_then = after(&[
            (Event::Fetched, 0),
            (Event::Fetched, 30_000),
            (Event::Fetched, 5_000_000),
        ]);
        assert_eq!(now_and_then.kind, Kind::Fetcher);
    }

    #[test]
    fn subscribing_and_cancelling_again_and_again_is_counted() {
        let mut events = alloc::vec::Vec::new();
        for turn in 0..5 {
            events.push((Event::Subscribed, turn * 10));
            events.push((Event::Cancelled, turn * 10 + 5));
        }
        let row = after(&events);
        assert_eq!((row.count, row.state), (5, WatchState::Ended));
        assert_eq!((row.first, row.last), (Timestamp(0), Timestamp(45)));
    }

    #[test]
    fn visitors_of_a_site_are_counted_and_are_no_poller() {
        let row = after(&[
            (Event::Visited(1), 0),
            (Event::Visited(400), 30_000),
            (Event::Visited(11), 60_000),
            (Event::Visited(1), 90_000),
        ]);
        assert_eq!((row.kind, row.count), (Kind::Fetcher, 413));
        assert_eq!(row.state, WatchState::Ended);
        let vain = after(&[(Event::VisitedInVain(7), 0), (Event::VisitedInVain(5), 1)]);
        assert_eq!((vain.count, vain.state), (12, WatchState::Attempt));
        assert!(Event::VisitedInVain(1).is_attempt() && !Event::Visited(1).is_attempt());
    }

    #[test]
    fn coming_back_counts_nothing_and_attempts_stand_apart() {
        let row = after(&[
            (Event::Subscribed, 1),
            (Event::Left, 2),
            (Event::Resumed, 3),
        ]);
        assert_eq!((row.count, row.state), (1, WatchState::Active));
        let tries = after(&[(Event::Refused, 1), (Event::Refused, 2)]);
        assert_eq!((tries.count, tries.state), (2, WatchState::Attempt));
        assert!(tries.is_attempt() && !row.is_attempt());
    }
}
