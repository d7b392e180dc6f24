//! NOTIFICATIONS: who is told what of a presentity, and when. One value and one encoding for all who have the same sight.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::Service;
use super::before::Seen;
use super::input::{Output, Slot};
use super::ledger::Why;
use super::room::{Known, SHARED_MAX, Setting, State, Watching};
use super::session::Session;
use super::timers::Timer;
use super::visitors::Visitor;
use crate::address::{Presentity, Principal, SessionId};
use crate::code::Code;
use crate::presence::{Basic, Notification, View};
use crate::rules::{Login, Sight, Visibility};
use crate::time::{Now, Timestamp};
use crate::wire::{Codec, Offers, Pace, ToAgent};

impl Service {
    /// The moment as views depend on it.
    pub(super) fn setting(&self, at: Timestamp) -> Setting {
        Setting {
            settled: self.settled,
            messages: match self.config.offers {
                Offers::Presence => Basic::Closed,
                Offers::Both | Offers::Messages => Basic::Open,
            },
            at,
        }
    }

    /// How a principal that is here wants to stand with a presentity.
    pub(super) fn visibility_of(&self, watcher: &Principal, presentity: &Presentity) -> Visibility {
        let home = self.homes.get(watcher);
        home.map_or(Visibility::Named, |home| home.visibility.with(presentity))
    }

    /// Begins to tell a session of a presentity.
    pub(super) fn watch(&mut self, id: SessionId, presentity: &Presentity, why: Why, now: Now) {
        self.bring(presentity);
        let most = self.config.limits.watchers;
        let is_visitor = self.is_visitor(id);
        let Some(room) = self.rooms.get_mut(presentity) else {
            return;
        };
        // However many visitors there are, nobody is locked out by them.
        let alike = match is_visitor {
            true => room.visitors,
            false => room.watchers.len() - room.visitors,
        };
        if alike >= most && !room.watchers.contains_key(&id) {
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
        if !room.watchers.contains_key(&id) {
            room.watchers.insert(id, Watching::default());
            room.visitors += usize::from(is_visitor);
        }
        self.timers.clear(&Timer::Forget(presentity.clone()));
        if let Some(session) = self.sessions.get_mut(&id) {
            session.watches.insert(presentity.clone());
        }
        self.show_why(id, presentity, why, now);
        self.arm_rules(presentity, now);
    }

    /// Tells a session no more of a presentity.
    pub(super) fn unwatch(&mut self, id: SessionId, presentity: &Presentity, why: Why, now: Now) {
        let is_visitor = self.is_visitor(id);
        if let Some(room) = self.rooms.get_mut(presentity) {
            let watching = room.watchers.remove(&id);
            room.visitors -= usize::from(is_visitor && watching.is_some());
            room.waiting.remove(&id);
            if watching.is_some_and(|watching| watching.gives) {
                self.gives_no_more(id, presentity, why, now);
            }
        }
        if let Some(session) = self.sessions.get_mut(&id) {
            session.watches.remove(presentity);
            session.arriving.remove(presentity);
        }
        self.spare(presentity, now);
    }

    /// What this session sees of a presentity now; `None` while it is not here.
    pub(super) fn sight_for(
        &self,
        id: SessionId,
        presentity: &Presentity,
        at: Timestamp,
    ) -> Option<Result<Seen<'_>, Code>> {
        let session = self.sessions.get(&id)?;
        match &self.rooms.get(presentity)?.state {
            State::Loading => None,
            // To a visitor nobody is there and nobody is not.
            State::Nobody if session.visitor.is_some() => Some(Err(Code::NotAllowed)),
            State::Nobody => Some(Err(Code::UnknownAddress)),
            State::Known(known) => self.seen_by(session, known, presentity, at).map(Ok),
        }
    }

    /// What a session sees of a presentity that is here; `None`: it has not said who it is.
    fn seen_by<'a>(
        &self,
        session: &Session,
        known: &'a Known,
        presentity: &Presentity,
        at: Timestamp,
    ) -> Option<Seen<'a>> {
        if let Some(Visitor { site }) = &session.visitor {
            return Some(self.seen_by_visitor(known, site.as_deref(), at));
        }
        let identity = session.identity.as_ref()?;
        if presentity.principal() == identity.principal {
            return Some(Seen::now(Sight::Own));
        }
        if identity.login_at(at) < self.config.requires.watch {
            return Some(Seen::now(Sight::Refused(Code::SignInAgain)));
        }
        let visibility = self.visibility_of(&identity.principal, presentity);
        let onlooker = known.onlooker(identity, visibility, at);
        Some(known.decide(&onlooker, at))
    }

    /// What this session sees, and whether that gives it anything; `None` while the presentity is not here.
    pub(super) fn view_for(
        &self,
        id: SessionId,
        presentity: &Presentity,
        at: Timestamp,
    ) -> Option<(View, bool)> {
        let seen = match self.sight_for(id, presentity, at)? {
            Ok(seen) => seen,
            Err(code) => return Some((View::Ended(code.refusal()), false)),
        };
        let known = self.known(presentity)?;
        let view = known.show(presentity, &seen, self.setting(at));
        Some((view, seen.gives()))
    }

    /// Tells one session what it sees, if that is new to it; together with the other first states of this moment.
    pub(super) fn show(&mut self, id: SessionId, presentity: &Presentity, now: Now) {
        self.show_why(id, presentity, Why::Decided, now);
    }

    fn show_why(&mut self, id: SessionId, presentity: &Presentity, why: Why, now: Now) {
        let Some((view, gives)) = self.view_for(id, presentity, now.timestamp) else {
            return;
        };
        let Some(room) = self.rooms.get_mut(presentity) else {
            return;
        };
        let Some(watching) = room.watchers.get_mut(&id) else {
            return;
        };
        let gave = core::mem::replace(&mut watching.gives, gives);
        if watching.last.as_ref().is_none_or(|last| last.view != view) {
            let notification = room.share(presentity, view);
            if let Some(watching) = room.watchers.get_mut(&id) {
                watching.last = Some(notification.clone());
            }
            self.first_states.entry(id).or_default().push(notification);
        }
        match (gave, gives) {
            (false, true) => self.gives(id, presentity, why, now),
            (true, false) => self.gives_no_more(id, presentity, why, now),
            (false, false) => self.gives_nothing(id, presentity, why, now),
            (true, true) => {}
        }
    }

    pub(super) fn show_again(&mut self, id: SessionId, presentity: &Presentity, now: Now) {
        let room = self.rooms.get_mut(presentity);
        if let Some(watching) = room.and_then(|room| room.watchers.get_mut(&id)) {
            watching.last = None;
        }
        self.show(id, presentity, now);
    }

    /// Something of a presentity is different: tell at once, or when the last telling is long enough ago.
    pub(super) fn touch(&mut self, presentity: &Presentity, now: Now) {
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

    /// Tells every watcher whose view is different.
    pub(super) fn tell(&mut self, presentity: &Presentity, now: Now) {
        self.timers.clear(&Timer::Notify(presentity.clone()));
        let setting = self.setting(now.timestamp);
        let own = presentity.principal();
        // Few are different, so they are looked through.
        let mut encoded: Vec<(*const Notification, Codec, Arc<[u8]>)> = Vec::new();
        let mut turned: Vec<(SessionId, bool)> = Vec::new();
        let mut outputs = Vec::new();
        let Some(room) = self.rooms.get_mut(presentity) else {
            return;
        };
        let mut watchers = core::mem::take(&mut room.watchers);
        let mut shared = Vec::new();
        if let Some(known) = self.known(presentity) {
            let mut values: Vec<(Seen<'_>, Arc<Notification>)> = Vec::new();
            for (id, watching) in watchers.iter_mut() {
                let Some(session) = self.sessions.get(id) else {
                    continue;
                };
                let is_own = session.principal() == Some(&own);
                if session.pace == Pace::Paused && !is_own {
                    continue;
                }
                let Some(seen) = self.seen_by(session, known, presentity, now.timestamp) else {
                    continue;
                };
                let gives = seen.gives();
                let value = match values.iter().find(|(of, _)| *of == seen) {
                    Some((_, value)) => value.clone(),
                    None => {
                        let view = known.show(presentity, &seen, setting);
                        let value = Arc::new(Notification {
                            presentity: presentity.clone(),
                            view,
                        });
                        values.push((seen, value.clone()));
                        value
                    }
                };
                if core::mem::replace(&mut watching.gives, gives) != gives {
                    turned.push((*id, gives));
                }
                if let Some(last) = &watching.last
                    && (Arc::ptr_eq(last, &value) || last.view == value.view)
                {
                    continue;
                }
                watching.last = Some(value.clone());
                let (of, codec) = (Arc::as_ptr(&value), session.codec);
                let done = encoded
                    .iter()
                    .find(|(other, theirs, _)| *other == of && *theirs == codec);
                let bytes = match done {
                    Some((.., bytes)) => bytes.clone(),
                    None => {
                        let notifications = vec![Notification::clone(&value)];
                        let bytes: Arc<[u8]> =
                            Arc::from(codec.encode(&ToAgent::Notify { notifications }));
                        encoded.push((of, codec, bytes.clone()));
                        bytes
                    }
                };
                let slot = Slot::Latest(presentity.clone());
                outputs.push(Output::Send(*id, slot, bytes));
            }
            shared.extend(values.into_iter().take(SHARED_MAX).map(|(_, value)| value));
        }
        if let Some(room) = self.rooms.get_mut(presentity) {
            room.watchers = watchers;
            room.shared = shared;
            if !outputs.is_empty() {
                room.told = Some(now.instant);
            }
        }
        self.outputs.extend(outputs);
        for (id, gives) in turned {
            match gives {
                true => self.gives(id, presentity, Why::Decided, now),
                false => self.gives_no_more(id, presentity, Why::Decided, now),
            }
        }
    }

    /// Tells the sessions of one watcher at once: an access decision does not wait for the next telling.
    pub(super) fn tell_watcher(&mut self, presentity: &Presentity, watcher: &Principal, now: Now) {
        for id in self.sessions_of(watcher) {
            self.show(id, presentity, now);
        }
    }

    /// Decides anew for everyone who watches, also for those who wanted to be left alone: what they may see can have shrunk.
    pub(super) fn decide_again(&mut self, presentity: &Presentity, now: Now) {
        self.outputs.push_back(Output::Decided(presentity.clone()));
        let room = self.rooms.get(presentity);
        let all: Vec<_> = room
            .into_iter()
            .flat_map(|room| room.watchers.keys().copied())
            .collect();
        for id in all {
            self.show(id, presentity, now);
        }
        self.arm_rules(presentity, now);
    }

    /// A session that was left alone wants to be told again: of everything that changed meanwhile, in one frame.
    pub(super) fn set_pace(&mut self, id: SessionId, pace: Pace, now: Now) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.pace = pace;
        if pace == Pace::Live {
            let watches: Vec<_> = session.watches.iter().cloned().collect();
            for presentity in watches {
                self.show(id, &presentity, now);
            }
        }
    }

    /// Rules and hours change with time: when they do next.
    pub(super) fn arm_rules(&mut self, presentity: &Presentity, now: Now) {
        let Some(room) = self.rooms.get(presentity) else {
            return;
        };
        let State::Known(known) = &room.state else {
            return;
        };
        let asks_fresh = known.speaks_of_fresh() || self.config.requires.watch == Login::Fresh;
        let fresh_until = asks_fresh.then(|| {
            let sessions = room.watchers.keys().filter_map(|id| self.sessions.get(id));
            let identities = sessions.filter_map(|session| session.identity.as_ref());
            let moments = identities.filter_map(super::Identity::fresh_until);
            moments.filter(|until| *until > now.timestamp).min()
        });
        let timer = Timer::Rules(presentity.clone());
        match known.next_change(fresh_until.flatten(), now.timestamp) {
            Some(at) => self.timers.set(timer, now.instant_of(at)),
            None => self.timers.clear(&timer),
        }
    }

    /// A rule began or ended, something opened or closed.
    pub(super) fn rules_due(&mut self, presentity: &Presentity, now: Now) {
        self.rules_went_on(presentity, now);
        self.decide_again(presentity, now);
    }

    /// Whether nothing newer went out meanwhile: a first state must not overtake a change of the same moment.
    fn is_newest(&self, id: SessionId, state: &Arc<Notification>) -> bool {
        let room = self.rooms.get(&state.presentity);
        match room.and_then(|room| room.watchers.get(&id)) {
            Some(Watching { last, .. }) => {
                last.as_ref().is_some_and(|last| Arc::ptr_eq(last, state))
            }
            None => {
                matches!(&state.view, View::Ended(refusal) if refusal.code == Code::TooManyWatchers)
            }
        }
    }

    /// Sends the first states that came together in this moment, one frame a session; to whom more are on their way, later.
    pub(super) fn send_first_states(&mut self) {
        let all = self.first_states.keys().copied();
        let ready = all.filter(|id| {
            let session = self.sessions.get(id);
            session.is_none_or(|session| session.arriving.is_empty())
        });
        for id in ready.collect::<Vec<_>>() {
            self.send_first_states_to(id);
        }
    }

    pub(super) fn send_first_states_to(&mut self, id: SessionId) {
        let mut states = self.first_states.remove(&id).unwrap_or_default();
        states.retain(|state| self.is_newest(id, state));
        // In an order that does not tell who was in memory.
        states.sort_by(|one, other| one.presentity.cmp(&other.presentity));
        let slot = match states.as_slice() {
            [] => return,
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
