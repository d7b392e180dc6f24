//! The PRESENCE SERVICE's own half: what a presentity has published, for how long it holds, and who is told what of it.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::Service;
use super::asking::{Keeping, Reading};
use super::input::{Output, Slot};
use super::timers::Timer;
use crate::address::{Presentity, Principal, SessionId, TupleId};
use crate::code::Code;
use crate::presence::{
    Activity, Basic, Freshness, Notification, PresenceInformation, PresenceTuple, TUPLES_MAX,
    TupleKind, View, by_hand,
};
use crate::rules::{Onlooker, Sight, sees};
use crate::store::{Change, Key, PresentityRecord};
use crate::time::{Now, Timestamp};
use crate::wire::{Access, Codec, ToAgent};

/// How long what nobody needs stays in memory, so that a talk with someone absent does not read the store for every line.
const FORGET_AFTER: Duration = Duration::from_mins(1);
/// How soon a read that failed is tried again.
const RELOAD_AFTER: Duration = Duration::from_secs(5);

/// A presentity in memory.
#[derive(Debug, Default)]
pub struct Room {
    pub state: State,
    /// Sessions that watch, each with what it was told last.
    watchers: BTreeMap<SessionId, Option<Arc<Notification>>>,
    /// Sessions with frames that wait for this presentity.
    waiting: BTreeSet<SessionId>,
    /// When watchers were last told of a change.
    told: Option<crate::time::Instant>,
}

/// Whether what is kept of a presentity is here.
#[derive(Debug, Default)]
pub enum State {
    #[default]
    Loading,
    /// There is no such account.
    Nobody,
    Known(Box<Known>),
}

/// What the service knows of a presentity.
#[derive(Debug, Default)]
pub struct Known {
    pub access: BTreeMap<Principal, Access>,
    pub requests: BTreeMap<Principal, Timestamp>,
    pub by_hand: Option<PresenceTuple>,
    pub services: BTreeMap<TupleId, PresenceTuple>,
    devices: BTreeMap<TupleId, Device>,
    /// Since when what is there now holds.
    changed: Timestamp,
    last_seen: Timestamp,
}

/// A tab, phone or program under its lease.
#[derive(Debug)]
struct Device {
    tuple: PresenceTuple,
    lease: Lease,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lease {
    /// Held by this session's line.
    Live(SessionId),
    /// The line went at this time; `Timer::Grace` ends it.
    Leaving(Timestamp),
}

impl Known {
    fn from_record(record: PresentityRecord, presentity: &Presentity) -> Self {
        let mut known = Self {
            access: record
                .access
                .into_iter()
                .map(|access| (access.watcher.clone(), access))
                .collect(),
            requests: record
                .requests
                .into_iter()
                .map(|request| (request.watcher, request.at))
                .collect(),
            last_seen: record.last_seen,
            changed: record.last_seen,
            ..Self::default()
        };
        for tuple in record.tuples {
            match tuple.kind {
                TupleKind::Person => known.by_hand = Some(tuple),
                TupleKind::Service => drop(known.services.insert(tuple.id.clone(), tuple)),
                TupleKind::Device => {}
            }
        }
        let inbox = presentity.principal().inbox();
        let standing = PresenceTuple::inbox(&inbox, Basic::Open, Timestamp(0));
        known
            .services
            .entry(standing.id.clone())
            .or_insert(standing);
        known
    }

    /// Whether this presentity's inbox accepts messages now.
    pub fn inbox(&self) -> Basic {
        let mut inboxes = self.services.values().filter(|tuple| {
            tuple
                .address
                .as_ref()
                .is_some_and(|address| address.as_inbox().is_some())
        });
        inboxes
            .next()
            .map_or(Basic::Open, |tuple| tuple.status.basic)
    }

    fn sight(&self, own: &Principal, watcher: &Principal) -> Sight {
        let onlooker = match watcher == own {
            true => Onlooker::Oneself,
            false => Onlooker::Other(self.access.get(watcher).map(|access| access.decision)),
        };
        sees(onlooker, self.by_hand.as_ref())
    }

    /// Since when this watcher is to believe an absent presentity to be away.
    fn absent_since(&self, watcher: &Principal, sight: Sight) -> Timestamp {
        let decided = self.access.get(watcher).map(|access| access.at);
        let hidden = self.by_hand.as_ref().map(|tuple| tuple.since);
        match sight {
            Sight::Never => decided.unwrap_or_default(),
            Sight::Absent => hidden.unwrap_or_default(),
            _ => self.last_seen,
        }
    }

    fn view(&self, own: &Principal, watcher: &Principal, settled: bool) -> View {
        let absent = match settled {
            true => Freshness::Fresh,
            false => Freshness::Unknown,
        };
        let services = || self.services.values().cloned();
        let sight = self.sight(own, watcher);
        let (tuples, freshness, since): (Vec<_>, _, _) = match sight {
            Sight::Nothing => return View::Pending,
            Sight::Refused => return View::Ended(Code::NotAllowed.refusal()),
            Sight::Never => (
                Self::plain_inbox(own),
                absent,
                self.absent_since(watcher, sight),
            ),
            Sight::Absent => (
                services().collect(),
                absent,
                self.absent_since(watcher, sight),
            ),
            Sight::All if self.devices.is_empty() => (services().collect(), absent, self.last_seen),
            Sight::All | Sight::Own => {
                let devices = self.devices.values().map(|device| device.tuple.clone());
                let tuples = devices
                    .chain(self.by_hand.clone())
                    .chain(services())
                    .collect();
                (tuples, Freshness::Fresh, self.changed)
            }
        };
        View::Shown(PresenceInformation {
            tuples,
            freshness,
            since,
        })
    }

    /// What is seen of someone who is not there and never said more: the inbox since sign-up.
    fn plain_inbox(own: &Principal) -> Vec<PresenceTuple> {
        vec![PresenceTuple::inbox(
            &own.inbox(),
            Basic::Open,
            Timestamp(0),
        )]
    }
}

impl Service {
    // Having presentities here.

    /// Whether a presentity is here; if not, it is asked for and the session waits for it.
    pub(super) fn need(&mut self, presentity: &Presentity, session: SessionId) -> bool {
        self.bring(presentity);
        let Some(room) = self.rooms.get_mut(presentity) else {
            return false;
        };
        if matches!(room.state, State::Loading) {
            room.waiting.insert(session);
            return false;
        }
        true
    }

    fn bring(&mut self, presentity: &Presentity) {
        if !self.rooms.contains_key(presentity) {
            self.rooms.insert(presentity.clone(), Room::default());
            self.load(
                Key::Presentity(presentity.clone()),
                Reading::Presentity(presentity.clone()),
            );
        }
    }

    pub(super) fn known(&self, presentity: &Presentity) -> Option<&Known> {
        match &self.rooms.get(presentity)?.state {
            State::Known(known) => Some(known),
            _ => None,
        }
    }

    pub(super) fn known_mut(&mut self, presentity: &Presentity) -> Option<&mut Known> {
        match &mut self.rooms.get_mut(presentity)?.state {
            State::Known(known) => Some(known),
            _ => None,
        }
    }

    /// Whether there is such an account, if that is known here.
    pub(super) fn known_state(&self, presentity: &Presentity) -> Option<bool> {
        match self.rooms.get(presentity)?.state {
            State::Loading => None,
            State::Nobody => Some(false),
            State::Known(_) => Some(true),
        }
    }

    pub(super) fn presentity_loaded(
        &mut self,
        presentity: &Presentity,
        record: Option<PresentityRecord>,
        now: Now,
    ) {
        let Some(room) = self.rooms.get_mut(presentity) else {
            return;
        };
        room.state = match record {
            Some(record) => State::Known(Box::new(Known::from_record(record, presentity))),
            None => State::Nobody,
        };
        let waiting = core::mem::take(&mut room.waiting);
        let watchers: Vec<_> = room.watchers.keys().copied().collect();
        self.arm_until(presentity, now);
        for id in watchers {
            self.show(id, presentity, now);
        }
        self.enter(&presentity.principal(), now);
        for id in waiting {
            self.go_on(id, now);
        }
        self.spare(presentity, now);
    }

    /// A read failed: who waits is told, who watches waits for the next try.
    pub(super) fn presentity_not_loaded(&mut self, presentity: &Presentity, code: Code, now: Now) {
        let Some(room) = self.rooms.get_mut(presentity) else {
            return;
        };
        for id in core::mem::take(&mut room.waiting) {
            let Some(session) = self.sessions.get_mut(&id) else {
                continue;
            };
            if !session.is_in() {
                self.send_away(id, code.refusal(), now);
                continue;
            }
            if let Some(frame) = session.held.pop_front() {
                self.refuse_frame(id, &frame, code.refusal());
            }
            self.go_on(id, now);
        }
        self.timers.set(
            Timer::Reload(presentity.clone()),
            now.instant.after(RELOAD_AFTER),
        );
    }

    pub(super) fn reload(&mut self, presentity: &Presentity) {
        if self.rooms.contains_key(presentity) {
            self.load(
                Key::Presentity(presentity.clone()),
                Reading::Presentity(presentity.clone()),
            );
        }
    }

    /// There is a new account: whoever was told that there is nobody is told better.
    pub(super) fn registered(&mut self, principal: &Principal) {
        let presentity = principal.presentity();
        let Some(room) = self.rooms.get_mut(&presentity) else {
            return;
        };
        // A read that is on its way may have looked too early: it is followed by one that has not.
        if !matches!(room.state, State::Known(_)) {
            room.state = State::Loading;
            self.reload(&presentity);
        }
    }

    /// Lets a presentity go from memory after a while, if nothing holds it.
    fn spare(&mut self, presentity: &Presentity, now: Now) {
        if self.is_idle(presentity) {
            let forget = Timer::Forget(presentity.clone());
            self.timers.set(forget, now.instant.after(FORGET_AFTER));
        }
    }

    pub(super) fn forget(&mut self, presentity: &Presentity) {
        if self.is_idle(presentity) {
            self.rooms.remove(presentity);
            self.timers.clear(&Timer::Notify(presentity.clone()));
            self.timers.clear(&Timer::Until(presentity.clone()));
            self.timers.clear(&Timer::Reload(presentity.clone()));
        }
    }

    fn is_idle(&self, presentity: &Presentity) -> bool {
        let Some(room) = self.rooms.get(presentity) else {
            return false;
        };
        let held = match &room.state {
            State::Loading => true,
            State::Nobody => false,
            State::Known(known) => !known.devices.is_empty(),
        };
        !held
            && room.watchers.is_empty()
            && room.waiting.is_empty()
            && !self.homes.contains_key(&presentity.principal())
    }

    /// A session that waited for a presentity is gone.
    pub(super) fn release(&mut self, presentity: &Presentity, session: SessionId, now: Now) {
        if let Some(room) = self.rooms.get_mut(presentity) {
            room.waiting.remove(&session);
        }
        self.spare(presentity, now);
    }

    // Publishing.

    pub(super) fn publish(&mut self, id: SessionId, mut tuple: PresenceTuple, now: Now) {
        let rate = self.config.limits.publishes;
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if let Err(wait) = session.publishes.take(rate, now.instant) {
            return self.refuse(id, None, Code::TooManyRequests.refusal_after(wait));
        }
        let Some(own) = session.principal().map(Principal::presentity) else {
            return;
        };
        tuple.since = tuple.since.min(now.timestamp);
        let sound = tuple.is_sound()
            && match tuple.kind {
                TupleKind::Person => tuple.id == by_hand(),
                TupleKind::Service => {
                    !tuple.status.has(&Activity::Invisible) && Self::is_own_means(&own, &tuple)
                }
                TupleKind::Device => !tuple.status.has(&Activity::Invisible),
            };
        if !sound {
            return self.refuse(id, None, Code::BadPresence.refusal());
        }
        match tuple.kind {
            TupleKind::Device => self.publish_device(id, &own, tuple, now),
            TupleKind::Person => self.publish_by_hand(id, &own, tuple, now),
            TupleKind::Service => self.publish_means(id, &own, tuple, now),
        }
    }

    /// An inbox in a tuple must be one's own: nobody may lead another's letters elsewhere, or to a stranger.
    fn is_own_means(own: &Presentity, tuple: &PresenceTuple) -> bool {
        let inbox = tuple
            .address
            .as_ref()
            .and_then(crate::presence::CommunicationAddress::as_inbox);
        inbox.is_none_or(|inbox| inbox == own.principal().inbox())
    }

    fn publish_device(&mut self, id: SessionId, own: &Presentity, tuple: PresenceTuple, now: Now) {
        let Some(known) = self.known_mut(own) else {
            return;
        };
        let mine = known
            .devices
            .values()
            .filter(|device| device.lease == Lease::Live(id))
            .count();
        if mine >= TUPLES_MAX && !known.devices.contains_key(&tuple.id) {
            return self.refuse(id, None, Code::BadPresence.refusal());
        }
        let name = tuple.id.clone();
        let device = Device {
            tuple,
            lease: Lease::Live(id),
        };
        let before = known.devices.insert(name.clone(), device);
        let same = before
            .as_ref()
            .is_some_and(|before| before.tuple == known.devices[&name].tuple);
        if !same {
            known.changed = now.timestamp;
        }
        if let Some(Device {
            lease: Lease::Live(other),
            ..
        }) = before
            && let Some(other) = self.sessions.get_mut(&other)
        {
            other.devices.remove(&name);
        }
        self.timers.clear(&Timer::Grace(own.clone(), name.clone()));
        if let Some(session) = self.sessions.get_mut(&id) {
            session.devices.insert(name);
        }
        if !same {
            self.touch(own, now);
        }
    }

    /// The newest status set by hand wins; whoever was late is shown the winner.
    fn publish_by_hand(&mut self, id: SessionId, own: &Presentity, tuple: PresenceTuple, now: Now) {
        let Some(known) = self.known_mut(own) else {
            return;
        };
        if known
            .by_hand
            .as_ref()
            .is_some_and(|present| present.since > tuple.since)
        {
            return self.show_again(id, own, now);
        }
        if known.by_hand.as_ref() == Some(&tuple) {
            return self.show_again(id, own, now);
        }
        known.by_hand = Some(tuple.clone());
        known.changed = now.timestamp;
        self.keep(
            Change::KeepTuple {
                presentity: own.clone(),
                tuple,
            },
            Keeping::Publish(id),
        );
        self.arm_until(own, now);
        self.touch(own, now);
        self.acknowledge_taken(&own.principal(), now);
    }

    fn publish_means(&mut self, id: SessionId, own: &Presentity, tuple: PresenceTuple, now: Now) {
        let Some(known) = self.known_mut(own) else {
            return;
        };
        if known.services.len() >= TUPLES_MAX && !known.services.contains_key(&tuple.id) {
            return self.refuse(id, None, Code::BadPresence.refusal());
        }
        if known
            .services
            .insert(tuple.id.clone(), tuple.clone())
            .as_ref()
            == Some(&tuple)
        {
            return;
        }
        known.changed = now.timestamp;
        self.keep(
            Change::KeepTuple {
                presentity: own.clone(),
                tuple,
            },
            Keeping::Publish(id),
        );
        self.touch(own, now);
    }

    pub(super) fn withdraw(&mut self, id: SessionId, name: &TupleId, now: Now) {
        let Some(own) = self
            .sessions
            .get(&id)
            .and_then(|session| session.principal().map(Principal::presentity))
        else {
            return;
        };
        if self
            .sessions
            .get_mut(&id)
            .is_some_and(|session| session.devices.remove(name))
        {
            let gone = BTreeSet::from([name.clone()]);
            return self.devices_leave(&own, &gone, Duration::ZERO, now);
        }
        let Some(known) = self.known_mut(&own) else {
            return;
        };
        let standing = PresenceTuple::inbox(&own.principal().inbox(), Basic::Open, Timestamp(0));
        let gone = match *name == by_hand() {
            true => known.by_hand.take().is_some(),
            false => known.services.remove(name).is_some(),
        };
        known
            .services
            .entry(standing.id.clone())
            .or_insert(standing);
        if gone {
            known.changed = now.timestamp;
            self.timers.clear(&Timer::Until(own.clone()));
            let drop = Change::DropTuple {
                presentity: own.clone(),
                tuple: name.clone(),
            };
            self.keep(drop, Keeping::Publish(id));
            self.touch(&own, now);
            self.acknowledge_taken(&own.principal(), now);
        }
    }

    fn arm_until(&mut self, presentity: &Presentity, now: Now) {
        let until = self
            .known(presentity)
            .and_then(|known| known.by_hand.as_ref()?.until);
        let timer = Timer::Until(presentity.clone());
        match until {
            Some(until) => self.timers.set(timer, now.instant_of(until)),
            None => self.timers.clear(&timer),
        }
    }

    /// A status set by hand is over.
    pub(super) fn until_due(&mut self, presentity: &Presentity, now: Now) {
        let Some(known) = self.known_mut(presentity) else {
            return;
        };
        let Some(until) = known.by_hand.as_ref().and_then(|tuple| tuple.until) else {
            return;
        };
        // The wall clock may have been set back since the timer was armed.
        if until > now.timestamp {
            return self.arm_until(presentity, now);
        }
        known.by_hand = None;
        known.changed = now.timestamp;
        let drop = Change::DropTuple {
            presentity: presentity.clone(),
            tuple: by_hand(),
        };
        self.keep(drop, Keeping::Quietly);
        self.touch(presentity, now);
        self.acknowledge_taken(&presentity.principal(), now);
    }

    // Leases.

    /// Devices whose line went: shown for the grace, then gone.
    pub(super) fn devices_leave(
        &mut self,
        own: &Presentity,
        gone: &BTreeSet<TupleId>,
        grace: Duration,
        now: Now,
    ) {
        for name in gone {
            let Some(device) = self
                .known_mut(own)
                .and_then(|known| known.devices.get_mut(name))
            else {
                continue;
            };
            device.lease = Lease::Leaving(now.timestamp);
            if grace.is_zero() {
                self.grace_due(own, name, now);
            } else {
                let timer = Timer::Grace(own.clone(), name.clone());
                self.timers.set(timer, now.instant.after(grace));
            }
        }
    }

    pub(super) fn grace_due(&mut self, own: &Presentity, name: &TupleId, now: Now) {
        let Some(known) = self.known_mut(own) else {
            return;
        };
        let Some(Device {
            lease: Lease::Leaving(at),
            ..
        }) = known.devices.get(name)
        else {
            return;
        };
        let at = *at;
        known.devices.remove(name);
        known.changed = now.timestamp;
        if known.devices.is_empty() {
            known.last_seen = at;
            let seen = Change::LastSeen {
                presentity: own.clone(),
                at,
            };
            self.keep(seen, Keeping::Quietly);
        }
        self.touch(own, now);
        self.spare(own, now);
    }

    /// From now on who is not here is offline, not unknown.
    pub(super) fn settle(&mut self, now: Now) {
        self.settled = true;
        let all: Vec<_> = self.rooms.keys().cloned().collect();
        for presentity in all {
            self.tell(&presentity, now);
        }
    }

    // Telling.

    pub(super) fn watch(&mut self, id: SessionId, presentity: &Presentity, now: Now) {
        self.bring(presentity);
        let most = self.config.limits.watchers;
        let Some(room) = self.rooms.get_mut(presentity) else {
            return;
        };
        if room.watchers.len() >= most && !room.watchers.contains_key(&id) {
            let view = View::Ended(Code::TooManyWatchers.refusal());
            let notification = Notification {
                presentity: presentity.clone(),
                view,
            };
            self.first_states
                .entry(id)
                .or_default()
                .push(Arc::new(notification));
            return;
        }
        room.watchers.entry(id).or_insert(None);
        self.timers.clear(&Timer::Forget(presentity.clone()));
        if let Some(session) = self.sessions.get_mut(&id) {
            session.watches.insert(presentity.clone());
        }
        self.show(id, presentity, now);
    }

    pub(super) fn unwatch(&mut self, id: SessionId, presentity: &Presentity, now: Now) {
        if let Some(room) = self.rooms.get_mut(presentity) {
            room.watchers.remove(&id);
            room.waiting.remove(&id);
        }
        if let Some(session) = self.sessions.get_mut(&id) {
            session.watches.remove(presentity);
        }
        self.spare(presentity, now);
    }

    /// What this session's principal sees of a presentity now; `None` while it is not here.
    pub(super) fn view_for(&self, id: SessionId, presentity: &Presentity) -> Option<View> {
        let watcher = self.sessions.get(&id)?.principal()?;
        match &self.rooms.get(presentity)?.state {
            State::Loading => None,
            State::Nobody => Some(View::Ended(Code::UnknownAddress.refusal())),
            State::Known(known) => Some(known.view(&presentity.principal(), watcher, self.settled)),
        }
    }

    /// Tells one session what it sees, if that is new to it; together with the other first states of this moment.
    pub(super) fn show(&mut self, id: SessionId, presentity: &Presentity, _: Now) {
        let Some(view) = self.view_for(id, presentity) else {
            return;
        };
        let Some(room) = self.rooms.get_mut(presentity) else {
            return;
        };
        let Some(last) = room.watchers.get_mut(&id) else {
            return;
        };
        if last.as_ref().is_some_and(|last| last.view == view) {
            return;
        }
        let notification = Arc::new(Notification {
            presentity: presentity.clone(),
            view,
        });
        *last = Some(notification.clone());
        self.first_states.entry(id).or_default().push(notification);
    }

    fn show_again(&mut self, id: SessionId, presentity: &Presentity, now: Now) {
        if let Some(last) = self
            .rooms
            .get_mut(presentity)
            .and_then(|room| room.watchers.get_mut(&id))
        {
            *last = None;
        }
        self.show(id, presentity, now);
    }

    /// Something of a presentity is different: tell at once, or when the last telling is long enough ago.
    fn touch(&mut self, presentity: &Presentity, now: Now) {
        let every = self.config.bounds.notify_every;
        let Some(room) = self.rooms.get(presentity) else {
            return;
        };
        match room.told.map(|told| told.after(every)) {
            Some(free) if free > now.instant => {
                self.timers.set(Timer::Notify(presentity.clone()), free);
            }
            _ => self.tell(presentity, now),
        }
    }

    /// Tells every watcher whose view is different. One value and one encoding for all who have the same view.
    pub(super) fn tell(&mut self, presentity: &Presentity, now: Now) {
        self.timers.clear(&Timer::Notify(presentity.clone()));
        let settled = self.settled;
        let own = presentity.principal();
        let Some(room) = self.rooms.get_mut(presentity) else {
            return;
        };
        let State::Known(known) = &room.state else {
            return;
        };
        let mut values: Vec<(Sight, Timestamp, Arc<Notification>)> = Vec::new();
        let mut encoded: BTreeMap<(*const Notification, Codec), Arc<[u8]>> = BTreeMap::new();
        let mut told = false;
        for (id, last) in &mut room.watchers {
            let Some(session) = self.sessions.get(id) else {
                continue;
            };
            let Some(watcher) = session.principal() else {
                continue;
            };
            let sight = known.sight(&own, watcher);
            let since = known.absent_since(watcher, sight);
            let value = match values
                .iter()
                .find(|(of, at, _)| (*of, *at) == (sight, since))
            {
                Some((_, _, value)) => value.clone(),
                None => {
                    let view = known.view(&own, watcher, settled);
                    let value = Arc::new(Notification {
                        presentity: presentity.clone(),
                        view,
                    });
                    values.push((sight, since, value.clone()));
                    value
                }
            };
            if last.as_ref().is_some_and(|last| last.view == value.view) {
                continue;
            }
            *last = Some(value.clone());
            let bytes = encoded
                .entry((Arc::as_ptr(&value), session.codec))
                .or_insert_with(|| {
                    let notifications = vec![Notification::clone(&value)];
                    Arc::from(session.codec.encode(&ToAgent::Notify { notifications }))
                });
            let slot = Slot::Latest(presentity.clone());
            self.outputs
                .push_back(Output::Send(*id, slot, bytes.clone()));
            told = true;
        }
        if told {
            room.told = Some(now.instant);
        }
    }

    /// Tells the sessions of one watcher at once: an access decision does not wait for the next telling.
    pub(super) fn tell_watcher(&mut self, presentity: &Presentity, watcher: &Principal, now: Now) {
        for id in self.sessions_of(watcher) {
            self.show(id, presentity, now);
        }
    }

    /// Whether nothing newer went out meanwhile: a first state must not overtake a change of the same moment.
    fn is_newest(&self, id: SessionId, state: &Arc<Notification>) -> bool {
        let room = self.rooms.get(&state.presentity);
        match room.and_then(|room| room.watchers.get(&id)) {
            Some(last) => last.as_ref().is_some_and(|last| Arc::ptr_eq(last, state)),
            None => {
                matches!(&state.view, View::Ended(refusal) if refusal.code == Code::TooManyWatchers)
            }
        }
    }

    /// Sends the first states that came together in this moment, one frame a session.
    pub(super) fn send_first_states(&mut self) {
        for (id, mut states) in core::mem::take(&mut self.first_states) {
            states.retain(|state| self.is_newest(id, state));
            if states.is_empty() {
                continue;
            }
            let slot = match states.as_slice() {
                [one] => Slot::Latest(one.presentity.clone()),
                _ => Slot::InOrder,
            };
            let notifications = states
                .iter()
                .map(|state| Notification::clone(state))
                .collect();
            if let Some(session) = self.sessions.get(&id) {
                let bytes = Arc::from(session.codec.encode(&ToAgent::Notify { notifications }));
                self.outputs.push_back(Output::Send(id, slot, bytes));
            }
        }
    }
}
