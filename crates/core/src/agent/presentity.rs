//! PRESENCE USER AGENT (RFC 2778 2.7): says how this device and its person are, and reads back what the service made of it.
//!
//! The device's tuple goes out at every welcome and lives with the session; it is away when nothing was touched for a while.
//! What belongs to the account (the status set by hand and the means to reach one, in each of one's presentities) goes out once,
//! and one's own notification confirms it to all devices. Until then the wish stands in its place, so that a click shows at once
//! and survives a line that is down.

use core::time::Duration;

use alloc::vec::Vec;

use crate::address::{Principal, Tag, TupleId};
use crate::agent::desk::{Asked, Desk};
use crate::agent::{AgentConfig, Changed, Choice, MyStatus, Notice};
use crate::code::{Code, Refusal, Retry};
use crate::person::{Person, Reason, Word, person};
use crate::presence::{
    Activity, Extent, Freshness, Note, PresenceInformation, PresenceTuple, Status, TupleKind, View,
    by_hand,
};
use crate::time::{Instant, Now, Timestamp, millis};
use crate::wire::{Class, Offers, ToService};

/// A publish refused for now is said again after at least this long.
const AGAIN: Duration = Duration::from_secs(2);

/// What has arrived is in one's own notification within this long, or another device has replaced it already.
const TOLD_WITHIN: Duration = Duration::from_secs(2);

/// A tuple of the account that no notification has confirmed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wish {
    id: TupleId,
    /// `None`: not to have it, as it was up to `at`.
    want: Option<PresenceTuple>,
    at: Timestamp,
    /// Whether it is out on this line.
    said: bool,
    /// From when on one's own notification is believed rather than the wish.
    believe_at: Option<Instant>,
}

/// One of my presentities.
#[derive(Default)]
pub(super) struct Mine {
    of: Option<Tag>,
    /// My tuples as the service last said, and since when.
    told: Vec<PresenceTuple>,
    pub since: Timestamp,
    wishes: Vec<Wish>,
    /// When the status set by hand ends.
    ends_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Here {
    Active,
    Away,
}

/// What was set by hand.
#[derive(Default)]
pub(super) struct ByHand {
    pub choice: Option<Choice>,
    pub note: Option<Note>,
    pub until: Option<Timestamp>,
}

/// The presence user agent of one device.
pub(super) struct PresenceUserAgent {
    principal: Principal,
    tuple: TupleId,
    idle_after: Duration,
    class: Option<Class>,
    /// In a group's name: who speaks.
    by: Option<Principal>,
    offers: Offers,
    touched: Now,
    here: Here,
    mine: Vec<Mine>,
    again_at: Option<Instant>,
    /// The service wants another login before this device may say anything.
    barred: bool,
    up: bool,
}

impl Wish {
    /// Whether what the service says now is what was wanted, or newer.
    fn is_settled(&self, told: Option<&PresenceTuple>) -> bool {
        match (&self.want, told) {
            (None, None) => true,
            (Some(_), None) => false,
            // The inbox that is withdrawn is again as at sign-up: since ever.
            (None, Some(told)) => told.since > self.at || told.since == Timestamp(0),
            (Some(want), Some(told)) => {
                let same = PresenceTuple {
                    since: want.since,
                    ..told.clone()
                };
                same == *want || told.since >= want.since
            }
        }
    }

    fn say(&mut self, of: Option<&Tag>, desk: &mut Desk) {
        let (id, of) = (self.id.clone(), of.cloned());
        desk.send(&match &self.want {
            Some(tuple) => ToService::Publish {
                tuple: tuple.clone(),
                of: of.clone(),
            },
            None => ToService::Withdraw {
                tuple: id.clone(),
                of: of.clone(),
            },
        });
        self.said = desk.up;
        self.believe_at = None;
        if desk.up {
            desk.ask(Asked::Said(of, id), |number| ToService::Ping { number });
        }
    }
}

impl Mine {
    fn told(&self, id: &TupleId) -> Option<&PresenceTuple> {
        self.told.iter().find(|tuple| tuple.id == *id)
    }

    /// As far as is known here.
    fn now(&self, id: &TupleId) -> Option<&PresenceTuple> {
        match self.wishes.iter().find(|wish| wish.id == *id) {
            Some(wish) => wish.want.as_ref(),
            None => self.told(id),
        }
    }

    /// The status set by hand, as far as is known here.
    fn hand(&self) -> Option<&PresenceTuple> {
        self.now(&by_hand())
    }

    fn by_hand(&self) -> ByHand {
        self.hand().map_or_else(ByHand::default, |tuple| ByHand {
            choice: Some(choice_of(tuple)),
            note: tuple.status.note.clone(),
            until: tuple.until,
        })
    }

    /// My tuples with this device and the wishes in their places.
    fn tuples(&self, device: PresenceTuple) -> Vec<PresenceTuple> {
        let mut tuples = self.told.clone();
        put(&mut tuples, device);
        for wish in &self.wishes {
            match &wish.want {
                Some(want) => put(&mut tuples, want.clone()),
                None => tuples.retain(|tuple| tuple.id != wish.id),
            }
        }
        tuples
    }

    fn want(&mut self, id: TupleId, want: Option<PresenceTuple>, at: Timestamp, desk: &mut Desk) {
        self.wishes.retain(|wish| wish.id != id);
        let mut wish = Wish {
            id,
            want,
            at,
            said: false,
            believe_at: None,
        };
        wish.say(self.of.as_ref(), desk);
        self.wishes.push(wish);
        changed(desk);
    }

    /// Says the wishes that `pick` picks.
    fn say(&mut self, pick: impl Fn(&Wish) -> bool, desk: &mut Desk) {
        let Self { of, wishes, .. } = self;
        for wish in wishes.iter_mut().filter(|wish| pick(wish)) {
            wish.say(of.as_ref(), desk);
        }
    }

    fn notified(&mut self, information: &PresenceInformation, desk: &mut Desk) {
        self.told.clone_from(&information.tuples);
        self.since = information.since;
        let mut wishes = core::mem::take(&mut self.wishes);
        wishes.retain(|wish| !wish.is_settled(self.told(&wish.id)));
        self.wishes = wishes;
        self.say(|wish| !wish.said, desk);
    }

    fn timeout(&self) -> Option<Instant> {
        let believe = self.wishes.iter().filter_map(|wish| wish.believe_at);
        believe.chain(self.ends_at).min()
    }

    fn tick(&mut self, desk: &mut Desk) {
        let now = desk.at();
        let before = self.wishes.len();
        // What was said was replaced elsewhere before anyone was told of it.
        self.wishes
            .retain(|wish| wish.believe_at.is_none_or(|at| at > now));
        if self.wishes.len() < before {
            changed(desk);
        }
        self.end(desk);
    }

    /// A status by hand ends by itself; the service sees to the same for everyone else.
    fn end(&mut self, desk: &mut Desk) {
        self.ends_at = None;
        let hand = self.hand();
        let Some((since, until)) = hand.and_then(|tuple| Some((tuple.since, tuple.until?))) else {
            return;
        };
        if until > desk.now.timestamp {
            self.ends_at = Some(desk.now.instant_of(until));
            return;
        }
        let id = by_hand();
        self.told.retain(|tuple| tuple.id != id);
        if let Some(at) = self.wishes.iter().position(|wish| wish.id == id) {
            let wish = &mut self.wishes[at];
            if wish.said {
                self.wishes.remove(at);
            } else {
                // Never said: then an older one may still stand with the account.
                (wish.want, wish.at) = (None, since);
            }
        }
        changed(desk);
    }
}

/// In the place of the one with the same id, or behind all.
fn put(tuples: &mut Vec<PresenceTuple>, new: PresenceTuple) {
    match tuples.iter_mut().find(|tuple| tuple.id == new.id) {
        Some(tuple) => *tuple = new,
        None => tuples.push(new),
    }
}

fn changed(desk: &mut Desk) {
    desk.changed(Changed::Me);
    desk.changed(Changed::Own);
}

impl PresenceUserAgent {
    pub fn new(config: &AgentConfig, now: Now) -> Self {
        Self {
            principal: config.principal.clone(),
            tuple: config.tuple.clone(),
            idle_after: Duration::from_millis(config.idle_after_ms),
            class: None,
            by: None,
            offers: Offers::Both,
            touched: now,
            here: Here::Active,
            mine: [Mine::default()].into(),
            again_at: None,
            barred: false,
            up: false,
        }
    }

    // Getters.

    pub fn me(&self) -> MyStatus {
        let (person, tuples, by_hand) = self.own(None);
        let devices = tuples
            .iter()
            .filter(|tuple| tuple.kind == TupleKind::Device)
            .count();
        MyStatus {
            principal: self.principal.clone(),
            class: self.class,
            by: self.by.clone(),
            offers: self.offers,
            choice: by_hand.choice,
            note: by_hand.note,
            until: by_hand.until,
            person,
            devices,
        }
    }

    pub fn class(&self) -> Option<Class> {
        self.class
    }

    pub fn offers(&self) -> Offers {
        self.offers
    }

    pub fn by(&self) -> Option<&Principal> {
        self.by.as_ref()
    }

    fn find(&self, of: Option<&Tag>) -> Option<&Mine> {
        self.mine.iter().find(|mine| mine.of.as_ref() == of)
    }

    /// How one of my presentities is, with all its tuples and what was set by hand.
    pub fn own(&self, of: Option<&Tag>) -> (Person, Vec<PresenceTuple>, ByHand) {
        let nothing = Mine::default();
        let mine = self.find(of).unwrap_or(&nothing);
        let tuples = mine.tuples(self.device());
        let person = self.read(tuples.clone(), mine.hand());
        (person, tuples, mine.by_hand())
    }

    /// Since when one of my presentities is as it is.
    pub fn since(&self, of: Option<&Tag>) -> Timestamp {
        self.find(of).map_or(Timestamp(0), |mine| mine.since)
    }

    fn read(&self, tuples: Vec<PresenceTuple>, hand: Option<&PresenceTuple>) -> Person {
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
        match hand {
            // One sees through one's own cover; what is shown here is what the others see.
            Some(tuple) if tuple.status.has(&Activity::Invisible) => Person {
                word: Word::Offline,
                reason: Reason::ByHand(tuple.until),
                ..read
            },
            _ => read,
        }
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
            only_open: false,
        }
    }

    pub fn timeout(&self) -> Option<Instant> {
        let idle = (self.here == Here::Active).then(|| self.touched.instant.after(self.idle_after));
        let mine = self.mine.iter().filter_map(Mine::timeout);
        mine.chain(idle).chain(self.again_at).min()
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
        changed(desk);
        self.say_device(desk);
    }

    fn say_device(&self, desk: &mut Desk) {
        if self.offers != Offers::Messages {
            desk.send(&ToService::Publish {
                tuple: self.device(),
                of: None,
            });
        }
    }

    // Intents.

    pub fn set(
        &mut self,
        choice: Choice,
        note: Option<Note>,
        until: Option<Timestamp>,
        of: Option<Tag>,
        desk: &mut Desk,
    ) {
        let activities = match choice {
            Choice::Available => Vec::new(),
            Choice::Busy => [Activity::Busy].into(),
            Choice::Away => [Activity::Away].into(),
            Choice::Invisible => [Activity::Invisible].into(),
        };
        let tuple = PresenceTuple {
            id: by_hand(),
            kind: TupleKind::Person,
            status: Status {
                activities,
                note,
                ..Status::open()
            },
            address: None,
            markup: Vec::new(),
            since: Timestamp(0),
            until,
            hours: Vec::new(),
            only_open: false,
        };
        self.publish(tuple, of, desk);
    }

    /// A tuple of the account is now so.
    pub fn publish(&mut self, mut tuple: PresenceTuple, of: Option<Tag>, desk: &mut Desk) {
        let mine = self.mine(of);
        let at = newest(mine.now(&tuple.id), desk);
        tuple.since = at;
        mine.want(tuple.id.clone(), Some(tuple), at, desk);
    }

    /// A tuple of the account is no more.
    pub fn withdraw(&mut self, id: TupleId, of: Option<Tag>, desk: &mut Desk) {
        let mine = self.mine(of);
        if let Some(now) = mine.now(&id) {
            let at = newest(Some(now), desk);
            mine.want(id, None, at, desk);
        }
    }

    fn mine(&mut self, of: Option<Tag>) -> &mut Mine {
        let at = self.mine.iter().position(|mine| mine.of == of);
        let at = at.unwrap_or_else(|| {
            self.mine.push(Mine {
                of,
                ..Mine::default()
            });
            self.mine.len() - 1
        });
        &mut self.mine[at]
    }

    /// A presentity of mine is no more.
    pub fn gone(&mut self, tag: &Tag) {
        self.mine.retain(|mine| mine.of.as_ref() != Some(tag));
    }

    /// The password was said again.
    pub fn confirmed(&mut self, desk: &mut Desk) {
        if core::mem::take(&mut self.barred) {
            self.say_device(desk);
        }
    }

    // The line.

    pub fn welcomed(
        &mut self,
        class: Class,
        by: Option<Principal>,
        offers: Offers,
        desk: &mut Desk,
    ) {
        (self.class, self.by, self.offers) = (Some(class), by, offers);
        self.up = true;
        self.barred = false;
        changed(desk);
        self.say_device(desk);
        for mine in &mut self.mine {
            // A withdrawal has no date: it waits for one's own notification, lest it take what was set elsewhere meanwhile.
            mine.say(|wish| wish.want.is_some(), desk);
        }
    }

    pub fn line_went(&mut self, desk: &mut Desk) {
        self.up = false;
        self.again_at = None;
        for wish in self.mine.iter_mut().flat_map(|mine| &mut mine.wishes) {
            wish.said = false;
            wish.believe_at = None;
        }
        changed(desk);
    }

    // Frames.

    /// The service has what was said last of this tuple.
    pub fn arrived(&mut self, of: Option<Tag>, id: TupleId, desk: &Desk) {
        let again = self.again_at.is_some();
        let mut wishes = self.mine(of.clone()).wishes.iter_mut();
        if let Some(wish) = wishes.find(|wish| wish.id == id)
            && !again
            && !desk.is_asked(&Asked::Said(of, id))
        {
            wish.believe_at = Some(desk.at().after(TOLD_WITHIN));
        }
    }

    /// My own notification: the acknowledgement, and the word of my other devices.
    pub fn notified(&mut self, of: Option<Tag>, view: &View, desk: &mut Desk) {
        if let View::Shown(information) = view {
            self.mine(of).notified(information, desk);
            changed(desk);
        }
    }

    /// A frame without a number was refused; of those, what is published is the only thing that a repetition mends.
    pub fn refused(&mut self, refusal: &Refusal, desk: &mut Desk) {
        let wait = match refusal.retry {
            Retry::No => return self.refused_for_good(refusal.code, desk),
            Retry::Later => millis(AGAIN),
            Retry::AfterMs(ms) => ms.max(millis(AGAIN)),
        };
        for wish in self.mine.iter_mut().flat_map(|mine| &mut mine.wishes) {
            wish.believe_at = None;
        }
        self.again_at = Some(desk.at().after(Duration::from_millis(wait)));
    }

    /// Frames are answered in their order: it was the first of which it is not certain that it has arrived.
    fn refused_for_good(&mut self, code: Code, desk: &mut Desk) {
        let about = match desk.first_said() {
            Some((of, id)) => {
                let wishes = &mut self.mine(of.clone()).wishes;
                let before = wishes.len();
                wishes.retain(|wish| !(wish.said && wish.id == id));
                (wishes.len() < before).then_some(of)
            }
            None if code == Code::SignInAgain && !self.barred => {
                self.barred = true;
                Some(None)
            }
            None => None,
        };
        if let Some(of) = about {
            let about = of.map(|tag| self.principal.address().tagged(Some(&tag)));
            desk.tell(Notice::Refused(about, code));
            changed(desk);
        }
    }

    pub fn tick(&mut self, desk: &mut Desk) {
        let now = desk.at();
        if self.again_at.is_some_and(|at| at <= now) {
            self.again_at = None;
            self.say_device(desk);
            for mine in &mut self.mine {
                mine.say(|wish| wish.said, desk);
            }
        }
        for mine in &mut self.mine {
            mine.tick(desk);
        }
        let idle_at = self.touched.instant.after(self.idle_after);
        if self.here == Here::Active && idle_at <= now {
            self.turn(Here::Away, desk);
        }
    }
}

/// The newest status wins, on whichever device it was set: this one must be newer, even if that device's clock is fast.
fn newest(last: Option<&PresenceTuple>, desk: &Desk) -> Timestamp {
    let last = last.map_or(0, |tuple| tuple.since.0 + 1);
    Timestamp(desk.now.timestamp.0.max(last))
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
