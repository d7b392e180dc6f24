//! WATCHER INFORMATION as it comes to be: who begins to receive, who stops, who asks and gets nothing; and its telling to those
//! it is about. What is remembered lies in the store; here are only the events that are not handed to it yet.

use alloc::vec::Vec;
use core::time::Duration;

use super::Service;
use super::asking::{Keeping, Reading};
use super::room::State;
use super::timers::Timer;
use crate::address::{Presentity, Principal, SessionId};
use crate::code::Code;
use crate::ledger::{Event, NAMED_MAX, Row, WatcherInformation, WatcherName, Watchers};
use crate::presence::{Notification, View};
use crate::rules::{Demand, Visibility};
use crate::store::{Change, Key, Loaded, StoreFault};
use crate::time::{Now, Timestamp, millis};
use crate::wire::{Number, Standing, ToAgent, ToService};

/// Events are handed to the store together, this long after the first ...
const EVENTS_WAIT: Duration = Duration::from_secs(1);
/// ... or when there are so many.
const EVENTS_MAX: usize = 256;
/// How often rows beyond the span are swept from the store.
pub const SWEEP_EVERY: Duration = Duration::from_hours(1);

/// How often within the span a subscription that stands is noted anew.
const STANDING_NOTES: u64 = 4;

/// In which form WATCHER INFORMATION is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// As what it is.
    Rows,
    /// As a presentity that is watched.
    Notified,
    /// As a presentity that was fetched.
    Fetched,
}

/// Why a session begins or stops to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It came in, with subscriptions that stand.
    CameIn,
    /// It asked to.
    Asked,
    /// Rules, decisions or a login changed.
    Decided,
    /// Its line went; what stands stands.
    Left,
}

impl Service {
    /// A session begins to be given something.
    pub(super) fn gives(&mut self, id: SessionId, presentity: &Presentity, why: Why, now: Now) {
        if let Some(visitor) = self.visitor(id) {
            return self.remember(presentity, visitor, Event::Visited(1), now);
        }
        let Some(watcher) = self.principal_of(id) else {
            return;
        };
        let Some(room) = self.rooms.get_mut(presentity) else {
            return;
        };
        let sessions = room.receiving.get_or_insert_with(watcher.clone(), || 0);
        *sessions += 1;
        let event = match why {
            Why::CameIn if *sessions == 1 => Event::Resumed,
            Why::Asked | Why::Decided if *sessions == 1 => Event::Subscribed,
            _ => return self.readers_due(presentity, now),
        };
        self.remember(presentity, WatcherName::Principal(watcher), event, now);
    }

    /// A session is given nothing any more.
    pub(super) fn gives_no_more(
        &mut self,
        id: SessionId,
        presentity: &Presentity,
        why: Why,
        now: Now,
    ) {
        let identity = self.sessions.get(&id).and_then(|one| one.identity.as_ref());
        let Some(watcher) = identity.map(|identity| identity.principal.clone()) else {
            return;
        };
        let Some(room) = self.rooms.get_mut(presentity) else {
            return;
        };
        let Some(sessions) = room.receiving.get_mut(&watcher) else {
            return;
        };
        *sessions -= 1;
        if *sessions > 0 {
            return self.readers_due(presentity, now);
        }
        room.receiving.remove(&watcher);
        let stands = why == Why::Left && self.keeps(&watcher, presentity);
        let event = match stands {
            true => Event::Left,
            false => Event::Cancelled,
        };
        self.remember(presentity, WatcherName::Principal(watcher), event, now);
    }

    /// A session asked and is given nothing.
    pub(super) fn gives_nothing(
        &mut self,
        id: SessionId,
        presentity: &Presentity,
        why: Why,
        now: Now,
    ) {
        if let Some(visitor) = self.visitor(id)
            && why == Why::Asked
        {
            return self.remember(presentity, visitor, Event::VisitedInVain(1), now);
        }
        let watcher = self.principal_of(id);
        if let Some(watcher) = watcher.filter(|watcher| *watcher != presentity.principal())
            && why == Why::Asked
        {
            let watcher = WatcherName::Principal(watcher);
            self.remember(presentity, watcher, Event::Refused, now);
        }
    }

    /// Whether a watcher keeps this presentity as a contact.
    fn keeps(&self, watcher: &Principal, presentity: &Presentity) -> bool {
        let home = self.homes.get(watcher);
        let contacts = home.and_then(|home| home.contacts.as_ref());
        contacts.is_some_and(|contacts| contacts.contains_key(presentity))
    }

    pub(super) fn remember(
        &mut self,
        presentity: &Presentity,
        watcher: WatcherName,
        event: Event,
        now: Now,
    ) {
        let Some(known) = self.known_mut(presentity) else {
            return;
        };
        known.events.push((watcher, event, now.timestamp));
        match known.events.len() {
            1 => {
                let timer = Timer::Ledger(presentity.clone());
                self.timers.set(timer, now.instant.after(EVENTS_WAIT));
            }
            EVENTS_MAX.. => self.events_due(presentity),
            _ => {}
        }
    }

    /// The number of devices of a watcher changed, nothing else.
    fn readers_due(&mut self, presentity: &Presentity, now: Now) {
        let known = self.known(presentity);
        if known.is_some_and(|known| known.events.is_empty() && !known.readers.is_empty()) {
            let timer = Timer::Ledger(presentity.clone());
            self.timers.set(timer, now.instant.after(EVENTS_WAIT));
        }
    }

    /// Hands the store what happened.
    pub(super) fn events_due(&mut self, presentity: &Presentity) {
        self.timers.clear(&Timer::Ledger(presentity.clone()));
        let Some(known) = self.known_mut(presentity) else {
            return;
        };
        let events = core::mem::take(&mut known.events);
        if events.is_empty() {
            return self.tell_readers(presentity);
        }
        known.events_on_their_way += 1;
        let change = Change::Watched {
            presentity: presentity.clone(),
            events,
        };
        self.keep(change, Keeping::Watched(presentity.clone()));
    }

    /// The store has what happened: whoever looks is told.
    pub(super) fn events_stored(&mut self, presentity: &Presentity, now: Now) {
        if let Some(known) = self.known_mut(presentity) {
            known.events_on_their_way = known.events_on_their_way.saturating_sub(1);
        }
        self.tell_readers(presentity);
        self.tell_readers_once(presentity);
        self.spare(presentity, now);
    }

    /// Answers those who asked once, when the store has all that happened before.
    fn tell_readers_once(&mut self, presentity: &Presentity) {
        let Some(known) = self.known_mut(presentity) else {
            return;
        };
        if known.events_on_their_way == 0 {
            for (id, number, form) in core::mem::take(&mut known.readers_once) {
                self.read_watchers(id, number, presentity, form);
            }
        }
    }

    /// Whoever looks at the watchers of a presentity is told how they are now.
    pub(super) fn tell_readers(&mut self, presentity: &Presentity) {
        let known = self.known(presentity);
        let readers: Vec<_> = known
            .into_iter()
            .flat_map(|known| {
                known
                    .readers
                    .iter()
                    .map(|(reader, number)| (*reader, *number))
            })
            .collect();
        for ((id, form), number) in readers {
            self.read_watchers(id, number, presentity, form);
        }
    }

    fn read_watchers(
        &mut self,
        id: SessionId,
        number: Number,
        presentity: &Presentity,
        form: Form,
    ) {
        let key = Key::Watchers {
            presentity: presentity.clone(),
            // The span is counted when the answer comes.
            since: Timestamp(0),
        };
        self.load(key, Reading::Watchers(id, number, presentity.clone(), form));
    }

    /// Rows beyond the span are gone from the store too. Who is being told all the time has not received long ago: now and then
    /// that is noted.
    pub(super) fn sweep(&mut self, now: Now) {
        let span = millis(self.config.watchers_span);
        if now.timestamp.0.saturating_sub(self.noted.0) >= span / STANDING_NOTES {
            self.noted = now.timestamp;
            self.note_standing(now);
        }
        let before = self.span_begins(now);
        if before > Timestamp(0) {
            self.keep(Change::ForgetWatchers { before }, Keeping::Quietly);
        }
        self.timers
            .set(Timer::Sweep, now.instant.after(SWEEP_EVERY));
    }

    fn note_standing(&mut self, now: Now) {
        let standing = self.rooms.iter().map(|(presentity, room)| {
            let watchers: Vec<_> = room.receiving.keys().cloned().collect();
            (presentity.clone(), watchers)
        });
        for (presentity, watchers) in standing.collect::<Vec<_>>() {
            for watcher in watchers {
                let watcher = WatcherName::Principal(watcher);
                self.remember(&presentity, watcher, Event::Resumed, now);
            }
            self.events_due(&presentity);
        }
    }

    fn span_begins(&self, now: Now) -> Timestamp {
        let span = millis(self.config.watchers_span);
        Timestamp(now.timestamp.0.saturating_sub(span))
    }

    // Requests.

    /// WATCHER INFORMATION, once. Only one's own: of others not even a number is told.
    pub(super) fn fetch_watchers(
        &mut self,
        id: SessionId,
        number: Number,
        presentity: &Presentity,
        form: Form,
        now: Now,
    ) {
        if let Err(refusal) = self.may_read_watchers(id, presentity, now) {
            return self.refuse(id, Some(number), refusal);
        }
        if let Some(known) = self.known_mut(presentity) {
            known.readers_once.push((id, number, form));
        }
        self.events_due(presentity);
        self.tell_readers_once(presentity);
    }

    /// WATCHER INFORMATION, now and at every change; whether it is granted.
    pub(super) fn subscribe_watchers(
        &mut self,
        id: SessionId,
        number: Number,
        presentity: &Presentity,
        form: Form,
        now: Now,
    ) -> bool {
        if let Err(refusal) = self.may_read_watchers(id, presentity, now) {
            self.refuse(id, Some(number), refusal);
            return false;
        }
        if let Some(known) = self.known_mut(presentity) {
            known.readers.insert((id, form), number);
        }
        if let Some(session) = self.sessions.get_mut(&id) {
            session.ledgers.insert(presentity.clone());
        }
        // The answer follows the store's: it shows what has happened up to now.
        self.events_due(presentity);
        true
    }

    pub(super) fn unsubscribe_watchers(
        &mut self,
        id: SessionId,
        number: Number,
        presentity: &Presentity,
        form: Form,
        now: Now,
    ) {
        if let Some(known) = self.known_mut(presentity) {
            known.readers.remove(&(id, form));
        }
        self.spare(presentity, now);
        self.send(id, &ToAgent::Done { number });
    }

    pub(super) fn forget_reader(&mut self, id: SessionId, presentity: &Presentity, now: Now) {
        if let Some(known) = self.known_mut(presentity) {
            known.readers.retain(|(of, _), _| *of != id);
        }
        self.spare(presentity, now);
    }

    fn may_read_watchers(
        &mut self,
        id: SessionId,
        presentity: &Presentity,
        now: Now,
    ) -> Result<(), crate::code::Refusal> {
        if let Some(wait) = self.too_many_fetches(id, now) {
            return Err(Code::TooManyRequests.refusal_after(wait));
        }
        let own = self.principal_of(id) == Some(presentity.principal());
        match own && self.known(presentity).is_some() {
            true => Ok(()),
            false => Err(Code::NotAllowed.refusal()),
        }
    }

    pub(super) fn watchers_loaded(
        &mut self,
        (id, number, form): (SessionId, Number, Form),
        presentity: &Presentity,
        answer: Result<Loaded, StoreFault>,
        now: Now,
    ) {
        let rows = match answer {
            Ok(Loaded::Watchers(rows)) => rows,
            Ok(_) => return self.refuse(id, Some(number), Code::TryLater.refusal()),
            Err(fault) => {
                let refusal = super::asking::fault_code(fault).refusal();
                return self.refuse(id, Some(number), refusal);
            }
        };
        let begins = self.span_begins(now);
        let Some(room) = self.rooms.get(presentity) else {
            return;
        };
        let demand = match &room.state {
            State::Known(known) => known.own.rules.demand,
            _ => Demand::Anyone,
        };
        let devices = |row: &Row| match &row.watcher {
            WatcherName::Principal(principal) => {
                room.receiving.get(principal).copied().unwrap_or_default()
            }
            _ => 0,
        };
        let mut watchers = Watchers::default();
        for row in rows {
            // A subscription that stands is within the span however long ago it was last heard.
            let devices = match row.is_attempt() {
                true => 0,
                false => devices(&row),
            };
            if row.last < begins && devices == 0 {
                continue;
            }
            match (row.visibility, row.is_attempt()) {
                (Visibility::Named, _) if watchers.named.len() < NAMED_MAX => {
                    watchers.named.push(WatcherInformation::of(&row, devices));
                }
                (Visibility::Named, _) => {}
                (_, true) if demand == Demand::Named => watchers.turned_away += 1,
                (Visibility::Counted, false) => watchers.counted += 1,
                _ => {}
            }
        }
        let frame = match (form, presentity.watchers()) {
            (Form::Rows, _) | (_, None) => ToAgent::Watchers {
                number,
                presentity: presentity.clone(),
                watchers,
            },
            (form, Some(of_watchers)) => {
                let view = View::Shown(watchers.as_presence(now.timestamp));
                let notifications = Vec::from([Notification {
                    presentity: of_watchers,
                    view,
                }]);
                match form {
                    Form::Fetched => ToAgent::Fetched {
                        number,
                        notifications,
                    },
                    _ => ToAgent::Notify { notifications },
                }
            }
        };
        self.send(id, &frame);
    }

    /// A frame of the presence protocol about my watchers as a presentity (RFC 2778 2.3); of others' there is none.
    pub(super) fn is_of_my_watchers(&self, id: SessionId, frame: &ToService) -> Option<Presentity> {
        let asked = match frame {
            ToService::Fetch { presentities, .. } | ToService::Unsubscribe { presentities, .. } => {
                presentities.as_slice()
            }
            ToService::Subscribe {
                standing: Standing::Session,
                contacts,
                ..
            } => match contacts.as_slice() {
                [one] => core::slice::from_ref(&one.presentity),
                _ => &[],
            },
            _ => &[],
        };
        let [one] = asked else {
            return None;
        };
        let watched = one.watched()?;
        (self.principal_of(id) == Some(watched.principal())).then_some(watched)
    }

    /// Carries out such a frame.
    pub(super) fn watchers_as_presentity(
        &mut self,
        id: SessionId,
        frame: &ToService,
        of: &Presentity,
        now: Now,
    ) {
        match frame {
            ToService::Fetch { number, .. } => {
                self.fetch_watchers(id, *number, of, Form::Fetched, now);
            }
            ToService::Subscribe { number, .. } => {
                let number = *number;
                let granted = self.subscribe_watchers(id, number, of, Form::Notified, now);
                if granted {
                    self.send(id, &ToAgent::Done { number });
                }
            }
            ToService::Unsubscribe { number, .. } => {
                self.unsubscribe_watchers(id, *number, of, Form::Notified, now);
            }
            _ => {}
        }
    }
}
