//! PRESENCE USER AGENT (RFC 2778 2.7): says how this device and its person are, and reads back what the service made of it.
//!
//! The device's tuple goes out at every welcome and lives with the session; it is away when nothing was touched for a while.
//! The status set by hand belongs to the account: it goes out once, and one's own notification confirms it to all devices.
//! Until then the wish stands in its place, so that a click shows at once and survives a line that is down.

use core::time::Duration;

use alloc::vec::Vec;

use crate::address::{Principal, TupleId};
use crate::agent::desk::{Asked, Desk};
use crate::agent::{AgentConfig, Changed, Choice, MyStatus, Notice};
use crate::code::{Refusal, Retry};
use crate::person::{Person, Reason, Word, person};
use crate::presence::{
    Activity, Extent, Freshness, Note, PresenceInformation, PresenceTuple, Status, TupleKind, View,
    by_hand,
};
use crate::time::{Instant, Now, Timestamp, millis};
use crate::wire::{Class, ToService};

/// A publish refused for now is said again after at least this long.
const AGAIN: Duration = Duration::from_secs(2);

/// A status that has arrived is in one's own notification within this long, or another device has replaced it already.
const TOLD_WITHIN: Duration = Duration::from_secs(2);

/// What the person set that no notification has confirmed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wish {
    Set(PresenceTuple),
    /// Nothing by hand; whatever was set up to then.
    Clear(Timestamp),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Here {
    Active,
    Away,
}

/// The presence user agent of one device.
pub(super) struct PresenceUserAgent {
    principal: Principal,
    tuple: TupleId,
    idle_after: Duration,
    class: Option<Class>,
    touched: Now,
    here: Here,
    /// My tuples as the service last said.
    own: Vec<PresenceTuple>,
    wish: Option<Wish>,
    /// Whether the wish is out on this line.
    said: bool,
    ends_at: Option<Instant>,
    again_at: Option<Instant>,
    /// From when on one's own notification is believed rather than the wish.
    believe_at: Option<Instant>,
    up: bool,
}

impl PresenceUserAgent {
    pub fn new(config: &AgentConfig, now: Now) -> Self {
        Self {
            principal: config.principal.clone(),
            tuple: config.tuple.clone(),
            idle_after: Duration::from_millis(config.idle_after_ms),
            class: None,
            touched: now,
            here: Here::Active,
            own: Vec::new(),
            wish: None,
            said: false,
            ends_at: None,
            again_at: None,
            believe_at: None,
            up: false,
        }
    }

    // Getters.

    pub fn me(&self) -> MyStatus {
        let tuples = self.tuples();
        let devices = tuples
            .iter()
            .filter(|tuple| tuple.kind == TupleKind::Device)
            .count();
        let hand = self.hand();
        MyStatus {
            principal: self.principal.clone(),
            class: self.class,
            choice: hand.map(choice_of),
            note: hand.and_then(|tuple| tuple.status.note.clone()),
            until: hand.and_then(|tuple| tuple.until),
            person: self.read(tuples),
            devices,
        }
    }

    fn read(&self, tuples: Vec<PresenceTuple>) -> Person {
        let freshness = if self.up {
            Freshness::Fresh
        } else {
            Freshness::Stale
        };
        let read = person(&View::Shown(PresenceInformation {
            tuples,
            freshness,
            since: self.touched.timestamp,
            extent: Extent::Whole,
        }));
        match self.hand() {
            // One sees through one's own cover; what is shown here is what the others see.
            Some(tuple) if tuple.status.has(&Activity::Invisible) => Person {
                word: Word::Offline,
                reason: Reason::ByHand(tuple.until),
                ..read
            },
            _ => read,
        }
    }

    /// My tuples with this device and the wish in their places.
    fn tuples(&self) -> Vec<PresenceTuple> {
        let kept = self
            .own
            .iter()
            .filter(|tuple| tuple.id != self.tuple && tuple.id != by_hand());
        let mut tuples: Vec<_> = kept.cloned().collect();
        tuples.extend(self.hand().cloned());
        tuples.push(self.device());
        tuples
    }

    /// The status set by hand, as far as is known here.
    fn hand(&self) -> Option<&PresenceTuple> {
        match &self.wish {
            Some(Wish::Set(tuple)) => Some(tuple),
            Some(Wish::Clear(_)) => None,
            None => self.own_hand(),
        }
    }

    fn own_hand(&self) -> Option<&PresenceTuple> {
        self.own.iter().find(|tuple| tuple.id == by_hand())
    }

    fn device(&self) -> PresenceTuple {
        // An active device says no time: a reload publishes the very same tuple, and nobody is notified of it.
        let (activities, since) = match self.here {
            Here::Active => (Vec::new(), Timestamp(0)),
            Here::Away => ([Activity::Away].into(), self.touched.timestamp),
        };
        PresenceTuple {
            id: self.tuple.clone(),
            kind: TupleKind::Device,
            status: Status {
                activities,
                ..Status::open()
            },
            address: None,
            markup: Vec::new(),
            since,
            until: None,
            hours: Vec::new(),
        }
    }

    pub fn timeout(&self) -> Option<Instant> {
        let idle = (self.here == Here::Active).then(|| self.touched.instant.after(self.idle_after));
        [idle, self.ends_at, self.again_at, self.believe_at]
            .into_iter()
            .flatten()
            .min()
    }

    // Handle.

    /// The person touched something.
    pub fn touched(&mut self, desk: &mut Desk) {
        self.touched = desk.now;
        if self.here == Here::Away {
            self.turn(Here::Active, desk);
        }
    }

    fn turn(&mut self, here: Here, desk: &mut Desk) {
        self.here = here;
        desk.changed(Changed::Me);
        desk.send(&ToService::Publish {
            tuple: self.device(),
            of: None,
        });
    }

    pub fn set(
        &mut self,
        choice: Choice,
        note: Option<Note>,
        until: Option<Timestamp>,
        desk: &mut Desk,
    ) {
        let activities = match choice {
            Choice::Available => Vec::new(),
            Choice::Busy => [Activity::Busy].into(),
            Choice::Away => [Activity::Away].into(),
            Choice::Invisible => [Activity::Invisible].into(),
        };
        self.wish = Some(Wish::Set(PresenceTuple {
            id: by_hand(),
            kind: TupleKind::Person,
            status: Status {
                activities,
                note,
                ..Status::open()
            },
            address: None,
            markup: Vec::new(),
            since: self.newest(desk.now.timestamp),
            until,
            hours: Vec::new(),
        }));
        self.say_wish(desk);
        desk.changed(Changed::Me);
    }

    pub fn clear(&mut self, desk: &mut Desk) {
        if self.hand().is_some() {
            self.wish = Some(Wish::Clear(self.newest(desk.now.timestamp)));
            self.say_wish(desk);
            desk.changed(Changed::Me);
        }
    }

    /// The newest status wins, on whichever device it was set: this one must be newer, even if that device's clock is fast.
    fn newest(&self, now: Timestamp) -> Timestamp {
        let last = self.hand().map_or(0, |tuple| tuple.since.0 + 1);
        Timestamp(now.0.max(last))
    }

    fn say_wish(&mut self, desk: &mut Desk) {
        match &self.wish {
            Some(Wish::Set(tuple)) => desk.send(&ToService::Publish {
                tuple: tuple.clone(),
                of: None,
            }),
            Some(Wish::Clear(_)) => desk.send(&ToService::Withdraw {
                tuple: by_hand(),
                of: None,
            }),
            None => return,
        }
        self.said = self.up;
        self.believe_at = None;
        if self.up {
            desk.ask(Asked::Status, |number| ToService::Ping { number });
        }
    }

    /// The service has what was said last.
    pub fn arrived(&mut self, desk: &Desk) {
        if self.wish.is_some() && self.again_at.is_none() && !desk.is_asked(&Asked::Status) {
            self.believe_at = Some(desk.at().after(TOLD_WITHIN));
        }
    }

    /// What was said was replaced elsewhere before anyone was told of it.
    fn believe(&mut self, desk: &mut Desk) {
        self.believe_at = None;
        if self.wish.take().is_some() {
            desk.changed(Changed::Me);
        }
    }

    pub fn welcomed(&mut self, class: Class, desk: &mut Desk) {
        self.class = Some(class);
        self.up = true;
        self.said = false;
        desk.changed(Changed::Me);
        desk.send(&ToService::Publish {
            tuple: self.device(),
            of: None,
        });
        // A withdrawal has no date: it waits for one's own notification, lest it take what was set elsewhere meanwhile.
        if let Some(Wish::Set(_)) = self.wish {
            self.say_wish(desk);
        }
    }

    pub fn line_went(&mut self, desk: &mut Desk) {
        self.up = false;
        self.said = false;
        self.again_at = None;
        self.believe_at = None;
        desk.changed(Changed::Me);
    }

    /// My own notification: the acknowledgement, and the word of my other devices.
    pub fn notified(&mut self, view: &View, desk: &mut Desk) {
        let View::Shown(information) = view else {
            return;
        };
        self.own.clone_from(&information.tuples);
        if self.wish_is_settled() {
            self.wish = None;
            self.believe_at = None;
        } else if !self.said {
            self.say_wish(desk);
        }
        desk.changed(Changed::Me);
    }

    fn wish_is_settled(&self) -> bool {
        match (&self.wish, self.own_hand()) {
            (None, _) | (Some(Wish::Clear(_)), None) => true,
            (Some(Wish::Set(_)), None) => false,
            (Some(Wish::Set(wish)), Some(hand)) => {
                let same = hand.status == wish.status && hand.until == wish.until;
                same || hand.since >= wish.since
            }
            (Some(Wish::Clear(at)), Some(hand)) => hand.since > *at,
        }
    }

    /// A frame without a number was refused; of those, what is published is the only thing that a repetition mends.
    pub fn refused(&mut self, refusal: &Refusal, desk: &mut Desk) {
        let wait = match refusal.retry {
            Retry::No => {
                if self.said && self.wish.take().is_some() {
                    desk.tell(Notice::Refused(None, refusal.code));
                    desk.changed(Changed::Me);
                }
                return;
            }
            Retry::Later => millis(AGAIN),
            Retry::AfterMs(ms) => ms.max(millis(AGAIN)),
        };
        self.believe_at = None;
        self.again_at = Some(desk.at().after(Duration::from_millis(wait)));
    }

    pub fn tick(&mut self, desk: &mut Desk) {
        let now = desk.at();
        if self.again_at.is_some_and(|at| at <= now) {
            self.again_at = None;
            desk.send(&ToService::Publish {
                tuple: self.device(),
                of: None,
            });
            self.say_wish(desk);
        }
        if self.believe_at.is_some_and(|at| at <= now) {
            self.believe(desk);
        }
        let idle_at = self.touched.instant.after(self.idle_after);
        if self.here == Here::Active && idle_at <= now {
            self.turn(Here::Away, desk);
        }
        self.end(desk);
    }

    /// A status by hand ends by itself; the service sees to the same for everyone else.
    fn end(&mut self, desk: &mut Desk) {
        let Some((since, until)) = self
            .hand()
            .and_then(|tuple| Some((tuple.since, tuple.until?)))
        else {
            self.ends_at = None;
            return;
        };
        if until > desk.now.timestamp {
            self.ends_at = Some(desk.now.instant_of(until));
            return;
        }
        self.ends_at = None;
        self.wish = match self.wish {
            // Never said: then an older one may still stand with the account.
            Some(Wish::Set(_)) if !self.said => Some(Wish::Clear(since)),
            _ => None,
        };
        self.own.retain(|tuple| tuple.id != by_hand());
        desk.changed(Changed::Me);
    }
}

fn choice_of(tuple: &PresenceTuple) -> Choice {
    let chosen = [
        (Activity::Invisible, Choice::Invisible),
        (Activity::Busy, Choice::Busy),
        (Activity::Away, Choice::Away),
    ];
    chosen
        .into_iter()
        .find(|(activity, _)| tuple.status.has(activity))
        .map_or(Choice::Available, |(_, choice)| choice)
}
