//! From a decision to a value: what a watcher with some [`Sight`] gets of a presentity. One pure function for notification,
//! fetch, HTTP and the page's "view as".

use alloc::vec;
use alloc::vec::Vec;

use crate::address::{InboxAddress, Presentity, Token};
use crate::person::{Word, person};
use crate::presence::{
    Basic, Extent, Freshness, PresenceInformation, PresenceTuple, Status, TupleKind, View,
};
use crate::rules::{Part, Sight};
use crate::time::Timestamp;

/// What a presentity is at one moment, all of it.
#[derive(Clone, Debug)]
pub struct Whole<'a> {
    pub presentity: &'a Presentity,
    /// Members of a group are not shown one by one, unless a rule says so.
    pub is_group: bool,
    pub by_hand: Option<&'a PresenceTuple>,
    /// The inbox and other means.
    pub services: Vec<&'a PresenceTuple>,
    pub devices: Vec<&'a PresenceTuple>,
    /// Since when what is there now holds.
    pub changed: Timestamp,
    pub last_seen: Timestamp,
    /// Whether the absent are known to be absent.
    pub absent: Freshness,
    /// Since when a politely blocked watcher is to believe that nobody is there.
    pub blocked_since: Timestamp,
    /// CLOSED: the service offers no messages, so that no inbox is open.
    pub messages: Basic,
    pub at: Timestamp,
}

/// The value of this sight.
pub fn show(whole: &Whole<'_>, sight: &Sight) -> View {
    let information = match sight {
        Sight::Nothing => return View::Pending,
        Sight::Refused(code) => return View::Ended(code.refusal()),
        Sight::Own => whole.own(),
        Sight::Never(part) => {
            let inbox = plain_inbox(whole.presentity, whole.messages);
            whole.absent_with(inbox, part, whole.blocked_since)
        }
        Sight::Absent(part) => {
            let hidden = whole.by_hand.map(|tuple| tuple.since);
            whole.absent(part, hidden.unwrap_or_default())
        }
        Sight::Shown(part) if whole.devices.is_empty() => whole.absent(part, whole.last_seen),
        Sight::Shown(part) if part.activity => whole.present(part),
        Sight::Shown(part) => whole.available_or_not(part),
    };
    View::Shown(information)
}

/// What is seen of someone who never said more than sign-up did.
pub fn plain_inbox(presentity: &Presentity, basic: Basic) -> Vec<PresenceTuple> {
    let inbox = InboxAddress(presentity.0.clone());
    vec![PresenceTuple::inbox(&inbox, basic, Timestamp(0))]
}

impl Whole<'_> {
    fn own(&self) -> PresenceInformation {
        let all = self.devices.iter().copied().chain(self.by_hand);
        let freshness = match self.devices.is_empty() {
            true => self.absent,
            false => Freshness::Fresh,
        };
        PresenceInformation {
            tuples: all.chain(self.services.iter().copied()).cloned().collect(),
            freshness,
            since: self.changed,
            extent: Extent::Whole,
        }
    }

    /// Means of this part, OPEN or CLOSED as the hours say.
    fn means(&self, part: &Part) -> Vec<PresenceTuple> {
        let is_inbox = |tuple: &PresenceTuple| {
            let address = tuple.address.as_ref();
            address.is_some_and(|address| address.as_inbox().is_some())
        };
        let shown = self
            .services
            .iter()
            .filter(|tuple| is_inbox(tuple) || part.has_means(&tuple.id));
        let basic = |tuple: &PresenceTuple| match is_inbox(tuple) && self.messages == Basic::Closed
        {
            true => Basic::Closed,
            false => tuple.basic_at(self.at),
        };
        shown
            .filter(|tuple| !tuple.only_open || basic(tuple) == Basic::Open)
            .map(|tuple| {
                let mut tuple = PresenceTuple::clone(tuple);
                tuple.status.basic = basic(&tuple);
                tuple.hours = Vec::new();
                tuple.only_open = false;
                if !part.note {
                    tuple.status.note = None;
                }
                tuple
            })
            .collect()
    }

    fn extent(part: &Part) -> Extent {
        match part.activity {
            true => Extent::Whole,
            false => Extent::Availability,
        }
    }

    fn absent(&self, part: &Part, since: Timestamp) -> PresenceInformation {
        self.absent_with(self.means(part), part, since)
    }

    fn absent_with(
        &self,
        tuples: Vec<PresenceTuple>,
        part: &Part,
        since: Timestamp,
    ) -> PresenceInformation {
        PresenceInformation {
            tuples,
            freshness: self.absent,
            since: match part.last_seen {
                true => since,
                false => Timestamp(0),
            },
            extent: Self::extent(part),
        }
    }

    fn present(&self, part: &Part) -> PresenceInformation {
        // Whoever sees no devices does not see one come or go either.
        let (mut tuples, since) = match part.devices && !(self.is_group && *part == Part::ALL) {
            true => {
                let devices = self.devices.iter().copied().cloned().collect();
                (devices, self.changed)
            }
            false => (vec![self.one_device()], Timestamp(0)),
        };
        tuples.extend(self.by_hand.cloned());
        if !part.note {
            for tuple in &mut tuples {
                tuple.status.note = None;
            }
        }
        tuples.extend(self.means(part));
        PresenceInformation {
            tuples,
            freshness: Freshness::Fresh,
            since,
            extent: Extent::Whole,
        }
    }

    /// All devices as one that is as they are together: how many there are, and which, is not told.
    fn one_device(&self) -> PresenceTuple {
        let read = person(&View::Shown(PresenceInformation {
            tuples: self.devices.iter().copied().cloned().collect(),
            freshness: Freshness::Fresh,
            since: self.changed,
            extent: Extent::Whole,
        }));
        let like = |tuple: &&&PresenceTuple| {
            let alone = PresenceInformation {
                tuples: vec![PresenceTuple::clone(tuple)],
                freshness: Freshness::Fresh,
                since: self.changed,
                extent: Extent::Whole,
            };
            person(&View::Shown(alone)).word == read.word
        };
        let newest = self.devices.iter().filter(like);
        let newest = newest.max_by_key(|tuple| (tuple.since, &tuple.id));
        let mut one = here(Timestamp(0));
        if let Some(newest) = newest {
            one.status.activities.clone_from(&newest.status.activities);
            one.status.note.clone_from(&newest.status.note);
            if read.word == Word::Away {
                one.since = newest.since;
            }
        }
        one
    }

    /// Whoever is busy, away or hidden is as absent as someone who is offline.
    fn available_or_not(&self, part: &Part) -> PresenceInformation {
        let Self { devices, .. } = self;
        let all = devices.iter().copied().chain(self.by_hand).cloned();
        let whole = PresenceInformation {
            tuples: all.collect(),
            freshness: Freshness::Fresh,
            since: self.changed,
            extent: Extent::Whole,
        };
        if person(&View::Shown(whole)).word != Word::Available {
            let mut absent = self.absent(part, Timestamp(0));
            absent.freshness = Freshness::Fresh;
            return absent;
        }
        let mut tuples = vec![here(Timestamp(0))];
        if part.note
            && let Some(by_hand) = self.by_hand
        {
            tuples[0].status.note.clone_from(&by_hand.status.note);
        }
        tuples.extend(self.means(part));
        PresenceInformation {
            tuples,
            freshness: Freshness::Fresh,
            since: Timestamp(0),
            extent: Extent::Availability,
        }
    }
}

/// A device of which nothing is told but that it is there.
fn here(since: Timestamp) -> PresenceTuple {
    PresenceTuple {
        id: Token::parse("here").expect("a token"),
        kind: TupleKind::Device,
        status: Status::open(),
        address: None,
        markup: Vec::new(),
        since,
        until: None,
        hours: Vec::new(),
        only_open: false,
    }
}
