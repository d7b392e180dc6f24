//! Presentities in memory: what is kept of them, who watches, who waits for them; brought here when needed and let go again.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::Service;
use super::asking::{Keeping, Reading};
use super::before::Seen;
use super::input::{Identity, LookId, Output};
use super::ledger::Form;
use super::rate::Bucket;
use super::timers::Timer;
use crate::address::{Address, InboxAddress, Presentity, Principal, SessionId, Tag, TupleId};
use crate::code::Code;
use crate::ledger::{Event, WatcherName};
use crate::presence::{Basic, Freshness, Note, Notification, PresenceTuple, TupleKind, View};
use crate::rules::{AccessRules, Onlooker, Sight, Visibility};
use crate::sight::{Whole, show};
use crate::sorted::{Map, Set};
use crate::store::{Before, Key, PresentityRecord, SenderRecord};
use crate::time::{Instant, Now, Timestamp};
use crate::wire::{Access, Class, Number, OwnInbox, OwnPresentity, Request};

/// How long what nobody needs stays in memory, so that a talk with someone absent does not read the store for every line.
const FORGET_AFTER: Duration = Duration::from_mins(1);
/// How soon a read that failed is tried again.
const RELOAD_AFTER: Duration = Duration::from_secs(5);
/// Senders whose standing is remembered with an inbox; more are asked for again.
const SENDERS_MAX: usize = 1_000;
/// Sources whose haste is remembered with a presentity.
const POLLERS_MAX: usize = 10_000;

/// A presentity in memory.
#[derive(Debug, Default)]
pub struct Room {
    pub state: State,
    /// Sessions that watch.
    pub watchers: Map<SessionId, Watching>,
    /// How many of them are visitors.
    pub visitors: usize,
    /// How many sessions of each principal are being given something.
    pub receiving: Map<Principal, u32>,
    /// Sessions with frames that wait for this presentity.
    pub waiting: BTreeSet<SessionId>,
    /// Questions of those without a session that wait for it.
    pub looks: BTreeSet<LookId>,
    /// How fast each watcher may fetch it.
    pub polls: BTreeMap<Poller, Bucket>,
    /// When watchers were last told of a change.
    pub told: Option<Instant>,
    /// What some watchers were told last: whoever is told the same shares it.
    pub shared: Vec<Arc<Notification>>,
}

/// Who fetches, as far as haste goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Poller {
    Principal(Principal),
    Source(u64),
    /// All visitors of one site, or of those that nobody named.
    Site(Option<String>),
}

/// One session that watches.
#[derive(Debug, Default)]
pub struct Watching {
    /// What it was told last.
    pub last: Option<Arc<Notification>>,
    /// Whether that gave it anything of the presentity's own.
    pub gives: bool,
}

/// Different values that are remembered for those who see the same.
pub const SHARED_MAX: usize = 3;

impl Room {
    /// A notification of this view: the one that others have, if any.
    pub fn share(&mut self, presentity: &Presentity, view: View) -> Arc<Notification> {
        if let Some(same) = self.shared.iter().find(|other| other.view == view) {
            return same.clone();
        }
        let presentity = presentity.clone();
        let new = Arc::new(Notification { presentity, view });
        if self.shared.len() >= SHARED_MAX {
            self.shared.remove(0);
        }
        self.shared.push(new.clone());
        new
    }
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
#[derive(Debug)]
pub struct Known {
    pub own: OwnPresentity,
    pub class: Class,
    pub access: Map<Principal, Access>,
    /// How it stood to those it blocks, and to all whom its rules block each time that they began to, the oldest first.
    pub before: BTreeMap<Principal, Before>,
    pub turns: Vec<Before>,
    /// Up to when it is known which rules have begun and ended.
    pub turned: Timestamp,
    pub requests: BTreeMap<Principal, Request>,
    pub by_hand: Option<PresenceTuple>,
    pub services: Map<TupleId, PresenceTuple>,
    pub devices: Map<TupleId, Device>,
    /// Since when what is there now holds.
    pub changed: Timestamp,
    pub last_seen: Timestamp,
    /// Of the principal, if a rule speaks of contacts.
    pub contacts: Map<Principal, Option<Note>>,
    /// Of the presentity from sign-up: the further ones and the inbox addresses.
    pub further: Set<Tag>,
    pub inboxes: Map<Option<Tag>, OwnInbox>,
    /// What the principal has to do with those who wrote lately, and the sessions that wait to know it.
    pub senders: BTreeMap<Address, SenderRecord>,
    pub senders_wanted: BTreeMap<Address, BTreeSet<SessionId>>,
    /// What is to be remembered of watchers, not handed to the store yet.
    pub events: Vec<(WatcherName, Event, Timestamp)>,
    /// How many batches of them are with the store and not durable yet.
    pub events_on_their_way: usize,
    /// Sessions that are told of its watchers, each with the number of its request.
    pub readers: BTreeMap<(SessionId, Form), Number>,
    /// Sessions that asked for its watchers and wait until the store has all that happened before.
    pub readers_once: Vec<(SessionId, Number, Form)>,
}

/// A tab, phone or program under its lease.
#[derive(Clone, Debug)]
pub struct Device {
    pub tuple: PresenceTuple,
    pub lease: Lease,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// Held by this session's line.
    Live(SessionId),
    /// The line went at this time; `Timer::Grace` ends it.
    Leaving(Timestamp),
}

/// The moment and the mood of the service, as far as a view depends on them.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Whether the absent are known to be absent.
    pub settled: bool,
    /// Whether there are inboxes at all.
    pub messages: Basic,
    pub at: Timestamp,
}

impl Known {
    fn from_record(record: PresentityRecord, presentity: &Presentity) -> Self {
        let mut known = Self {
            own: record.own,
            class: record.class,
            access: record
                .access
                .into_iter()
                .map(|access| (access.watcher.clone(), access))
                .collect(),
            before: record.before.into_iter().collect(),
            turned: record.turns.last().map(|turn| turn.at).unwrap_or_default(),
            turns: record.turns,
            requests: record
                .requests
                .into_iter()
                .map(|request| (request.watcher.clone(), request))
                .collect(),
            by_hand: None,
            services: Map::new(),
            devices: Map::new(),
            changed: record.last_seen,
            last_seen: record.last_seen,
            contacts: record.contacts.into_iter().collect(),
            further: record.further.into_iter().collect(),
            inboxes: record
                .inboxes
                .into_iter()
                .map(|inbox| (inbox.tag.clone(), inbox))
                .collect(),
            senders: BTreeMap::new(),
            senders_wanted: BTreeMap::new(),
            events: Vec::new(),
            events_on_their_way: 0,
            readers: BTreeMap::new(),
            readers_once: Vec::new(),
        };
        for tuple in record.tuples {
            match tuple.kind {
                TupleKind::Person => known.by_hand = Some(tuple),
                TupleKind::Service => drop(known.services.insert(tuple.id.clone(), tuple)),
                TupleKind::Device => {}
            }
        }
        known.stand(presentity);
        known
    }

    /// The inbox stands from sign-up on.
    pub fn stand(&mut self, presentity: &Presentity) {
        let inbox = InboxAddress(presentity.0.clone());
        let standing = PresenceTuple::inbox(&inbox, Basic::Open, Timestamp(0));
        self.services
            .get_or_insert_with(standing.id.clone(), || standing);
    }

    /// Takes over what is not kept from how it was before it was read again.
    fn go_on_from(&mut self, before: Self) {
        self.devices = before.devices;
        self.changed = before.changed;
        self.last_seen = self.last_seen.max(before.last_seen);
        self.senders_wanted = before.senders_wanted;
        self.events = before.events;
        self.events_on_their_way = before.events_on_their_way;
        self.readers = before.readers;
        self.readers_once = before.readers_once;
    }

    /// What this presentity says of an inbox, if anything.
    pub fn inbox(&self, address: &InboxAddress) -> Option<&PresenceTuple> {
        let leads_there = |tuple: &&PresenceTuple| {
            let means = tuple.address.as_ref();
            means
                .and_then(crate::presence::CommunicationAddress::as_inbox)
                .as_ref()
                == Some(address)
        };
        self.services.values().find(leads_there)
    }

    /// A watcher as this presentity's rules see it.
    pub fn onlooker<'a>(
        &'a self,
        identity: &'a Identity,
        visibility: Visibility,
        at: Timestamp,
    ) -> Onlooker<'a> {
        let group = self.contacts.get(&identity.principal);
        Onlooker {
            address: Some(identity.principal.address()),
            class: Some(identity.class),
            login: identity.login_at(at),
            group: group.and_then(Option::as_ref),
            known: group.is_some(),
            site: None,
            visibility,
        }
    }

    /// The value of what is seen.
    pub fn show(&self, presentity: &Presentity, seen: &Seen<'_>, setting: Setting) -> View {
        let absent = match setting.settled {
            true => Freshness::Fresh,
            false => Freshness::Unknown,
        };
        let now = Whole {
            presentity,
            is_group: self.class == Class::Group,
            by_hand: self.by_hand.as_ref(),
            services: self.services.values().collect(),
            devices: self.devices.values().map(|device| &device.tuple).collect(),
            changed: self.changed,
            last_seen: self.last_seen,
            absent,
            blocked_since: seen.since,
            messages: setting.messages,
            at: setting.at,
        };
        let Some(before) = seen.before else {
            return show(&now, &seen.sight);
        };
        // As it stood, without a device.
        let whole = Whole {
            by_hand: None,
            services: before.means.iter().collect(),
            devices: Vec::new(),
            changed: before.since,
            last_seen: before.since,
            ..now
        };
        match &seen.sight {
            Sight::Absent(part) => show(&whole, &Sight::Shown(part.clone())),
            sight => show(&whole, sight),
        }
    }

    /// Whether someone who sees this may be told what follows from being there, as that one types or took a message: of someone
    /// of whom they see only whether they are available, while they are.
    pub fn tells(&self, presentity: &Presentity, seen: &Seen<'_>, setting: Setting) -> bool {
        match &seen.sight {
            Sight::Shown(part) if part.activity => true,
            Sight::Shown(_) => {
                let view = self.show(presentity, seen, setting);
                matches!(view, View::Shown(information) if information.is_present())
            }
            _ => false,
        }
    }

    /// Whether it asks who the principal's contacts are, for those it blocks or the others.
    pub fn speaks_of_contacts(&self) -> bool {
        let turns = self.turns.iter().map(|turn| &turn.rules);
        let mut all = turns.chain([&self.own.rules]);
        all.any(AccessRules::speaks_of_contacts)
    }

    /// Whether it asks how lately someone signed in.
    pub fn speaks_of_fresh(&self) -> bool {
        let before = self.all_before().map(|before| &before.rules);
        let mut all = before.chain([&self.own.rules]);
        all.any(AccessRules::speaks_of_fresh)
    }

    /// When a rule or hours change next; `fresh_until`: when the login of someone who watches stops being fresh.
    pub fn next_change(&self, fresh_until: Option<Timestamp>, at: Timestamp) -> Option<Timestamp> {
        let means = self.all_before().flat_map(|before| &before.means);
        let means = self.services.values().chain(means);
        let hours = means.filter_map(|tuple| tuple.next_change(at)).min();
        let rules = self.all_before().map(|before| &before.rules);
        let rules = rules.chain([&self.own.rules]);
        let rules = rules.filter_map(|rules| rules.next_change(at)).min();
        [hours, rules, fresh_until].into_iter().flatten().min()
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

    pub(super) fn bring(&mut self, presentity: &Presentity) {
        if !self.rooms.contains_key(presentity) {
            self.rooms.insert(presentity.clone(), Room::default());
            self.load(
                Key::Presentity(presentity.clone()),
                Reading::Presentity(presentity.clone()),
            );
        }
    }

    /// A presentity that was just made: nobody reads it from the store.
    pub(super) fn bring_known(
        &mut self,
        presentity: &Presentity,
        record: PresentityRecord,
        now: Now,
    ) {
        self.rooms.entry(presentity.clone()).or_default();
        self.presentity_loaded(presentity, Some(record), now);
    }

    /// A presentity is no more: whoever watches is told.
    pub(super) fn nobody_there(&mut self, presentity: &Presentity, now: Now) {
        self.outputs.push_back(Output::Decided(presentity.clone()));
        if self.rooms.contains_key(presentity) {
            let names: Vec<_> = self
                .known(presentity)
                .into_iter()
                .flat_map(|known| known.devices.keys().cloned())
                .collect();
            for name in names {
                self.timers.clear(&Timer::Grace(presentity.clone(), name));
            }
            self.presentity_loaded(presentity, None, now);
        }
    }

    /// The address as it is in memory already, where it is: what is read from the store for many people is held once.
    pub(super) fn the_same(&self, address: Address) -> Address {
        let presentity = Presentity(address);
        match self.rooms.get_key_value(&presentity) {
            Some((known, _)) => known.0.clone(),
            None => presentity.0,
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
        mut record: Option<PresentityRecord>,
        now: Now,
    ) {
        for access in record.iter_mut().flat_map(|record| &mut record.access) {
            access.watcher = Principal(self.the_same(access.watcher.0.clone()));
        }
        let live = self.live_devices(&presentity.principal());
        let Some(room) = self.rooms.get_mut(presentity) else {
            return;
        };
        let before = core::mem::take(&mut room.state);
        room.state = match record {
            Some(record) => {
                let mut known = Known::from_record(record, presentity);
                match before {
                    State::Known(before) => known.go_on_from(*before),
                    _ => known.devices = live,
                }
                State::Known(Box::new(known))
            }
            None => State::Nobody,
        };
        let waiting = core::mem::take(&mut room.waiting);
        let looks = core::mem::take(&mut room.looks);
        let watchers: Vec<_> = room.watchers.keys().copied().collect();
        self.rules_went_on(presentity, now);
        self.arm_until(presentity, now);
        self.arm_rules(presentity, now);
        for id in watchers {
            self.arrived(id, presentity);
            self.show(id, presentity, now);
        }
        if presentity.tag().is_none() {
            self.bring_further(&presentity.principal());
        }
        self.tell_what_stands(presentity);
        self.enter(&presentity.principal(), now);
        for id in waiting {
            self.go_on(id, now);
        }
        for look in looks {
            self.look(look, now);
        }
        self.spare(presentity, now);
    }

    /// Rules may have begun or ended since it was last looked at.
    pub(super) fn rules_went_on(&mut self, presentity: &Presentity, now: Now) {
        for change in self.turn_by_time(presentity, now) {
            self.keep(change, Keeping::Quietly);
        }
    }

    /// A session need not wait for this one any more.
    fn arrived(&mut self, id: SessionId, presentity: &Presentity) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.arriving.remove(presentity);
        }
    }

    /// The devices that a presentity of this principal has from its beginning; one that is leaving does not come there any more.
    fn live_devices(&self, principal: &Principal) -> Map<TupleId, Device> {
        let first = self.known(&principal.presentity());
        let all = first.into_iter().flat_map(|known| &known.devices);
        let live = all.filter(|(_, device)| matches!(device.lease, Lease::Live(_)));
        live.map(|(name, device)| (name.clone(), device.clone()))
            .collect()
    }

    /// The further presentities of someone who is here are here too: what their devices publish stands in all of them.
    pub(super) fn bring_further(&mut self, principal: &Principal) {
        if self.homes.contains_key(principal) {
            for further in self.presentities_of(principal) {
                self.bring(&further);
            }
        }
    }

    /// All presentities of a principal, as far as is known here; the one from sign-up first.
    pub(super) fn presentities_of(&self, principal: &Principal) -> Vec<Presentity> {
        let first = principal.presentity();
        let tags = self.known(&first).map(|known| &known.further);
        let further = tags.into_iter().flatten();
        let further = further.map(|tag| principal.presentity_of(Some(tag)));
        core::iter::once(first.clone()).chain(further).collect()
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
        let room = self.rooms.get(presentity);
        let watchers = room.map(|room| room.watchers.keys().copied().collect::<Vec<_>>());
        for id in watchers.unwrap_or_default() {
            self.arrived(id, presentity);
        }
        let looks = self
            .rooms
            .get_mut(presentity)
            .map(|room| core::mem::take(&mut room.looks));
        for look in looks.unwrap_or_default() {
            self.looked(look, Err(code.refusal()));
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

    /// Somebody is no more: whoever watches them is told, and whoever takes the name next begins anew.
    pub(super) fn unregistered(&mut self, principal: &Principal, now: Now) {
        for presentity in self.presentities_of(principal) {
            self.nobody_there(&presentity, now);
        }
    }

    /// Lets a presentity go from memory after a while, if nothing holds it.
    pub(super) fn spare(&mut self, presentity: &Presentity, now: Now) {
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
            self.timers.clear(&Timer::Rules(presentity.clone()));
        }
    }

    fn is_idle(&self, presentity: &Presentity) -> bool {
        let Some(room) = self.rooms.get(presentity) else {
            return false;
        };
        let held = match &room.state {
            State::Loading => true,
            State::Nobody => false,
            State::Known(known) => {
                !known.devices.is_empty()
                    || !known.events.is_empty()
                    || known.events_on_their_way > 0
                    || !known.readers.is_empty()
                    || !known.senders_wanted.is_empty()
            }
        };
        !held
            && room.watchers.is_empty()
            && room.waiting.is_empty()
            && room.looks.is_empty()
            && !self.homes.contains_key(&presentity.principal())
    }

    /// A session that waited for a presentity is gone.
    pub(super) fn release(&mut self, presentity: &Presentity, session: SessionId, now: Now) {
        if let Some(room) = self.rooms.get_mut(presentity) {
            room.waiting.remove(&session);
        }
        self.spare(presentity, now);
    }

    // Senders.

    /// Whether it is known what an inbox's principal has to do with this sender; if not, it is asked for and the session waits.
    pub(super) fn need_sender(
        &mut self,
        principal: &Principal,
        sender: &Address,
        session: SessionId,
    ) -> bool {
        let Some(known) = self.known_mut(&principal.presentity()) else {
            return true;
        };
        if known.senders.contains_key(sender) {
            return true;
        }
        let first = !known.senders_wanted.contains_key(sender);
        known
            .senders_wanted
            .entry(sender.clone())
            .or_default()
            .insert(session);
        if first {
            self.load(
                Key::Sender(principal.clone(), sender.clone()),
                Reading::Sender(principal.clone(), sender.clone()),
            );
        }
        false
    }

    pub(super) fn sender_loaded(
        &mut self,
        principal: &Principal,
        sender: &Address,
        answer: Result<SenderRecord, Code>,
        now: Now,
    ) {
        let Some(known) = self.known_mut(&principal.presentity()) else {
            return;
        };
        let waiting = known.senders_wanted.remove(sender).unwrap_or_default();
        let refused = match answer {
            Ok(record) => {
                if known.senders.len() >= SENDERS_MAX {
                    known.senders.clear();
                }
                known.senders.insert(sender.clone(), record);
                None
            }
            Err(code) => Some(code),
        };
        for id in waiting {
            if let Some(code) = refused
                && let Some(session) = self.sessions.get_mut(&id)
                && let Some(frame) = session.held.pop_front()
            {
                self.refuse_frame(id, &frame, code.refusal());
            }
            self.go_on(id, now);
        }
    }

    /// Something changed between an inbox's principal and someone who may write to it.
    pub(super) fn amend_sender(
        &mut self,
        principal: &Principal,
        sender: &Address,
        amend: impl FnOnce(&mut SenderRecord),
    ) {
        let known = self.known_mut(&principal.presentity());
        if let Some(record) = known.and_then(|known| known.senders.get_mut(sender)) {
            amend(record);
        }
    }

    // Pollers.

    /// Whether this one may fetch this presentity now.
    pub(super) fn too_many_polls(
        &mut self,
        presentity: &Presentity,
        poller: Poller,
        now: Now,
    ) -> Result<(), Duration> {
        let rate = self.config.limits.polls;
        let Some(room) = self.rooms.get_mut(presentity) else {
            return Ok(());
        };
        if room.polls.len() >= POLLERS_MAX {
            room.polls.clear();
        }
        room.polls
            .entry(poller)
            .or_default()
            .take(rate, now.instant)
    }
}
