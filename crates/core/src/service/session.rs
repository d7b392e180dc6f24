//! Sessions: one socket each, from its first byte to its last. Who it is, whether its line lives, which frames wait.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::time::Duration;

use super::Service;
use super::asking::Reading;
use super::input::{Identity, Output, Scope, Slot};
use super::ledger::Why;
use super::rate::Bucket;
use super::timers::Timer;
use super::visitors::Visitor;
use crate::address::{InboxAddress, Presentity, Principal, Seq, SessionId, Tag, TupleId};
use crate::code::{Code, Refusal};
use crate::presence::Note;
use crate::rules::VisibilityRules;
use crate::sorted::{Map, Set};
use crate::store::{InboxRecord, Key};
use crate::time::{Instant, Now, Timestamp};
use crate::wire::{
    Access, Codec, Contact, Cursor, FRAME_MAX, Offers, OwnPresentity, Pace, Request, Resume,
    ToAgent, ToService, VERSION,
};

/// What whoever is sent away waits before they come again with what they may do now.
const COME_AGAIN: Duration = Duration::from_millis(100);

/// How far a session has come.
#[derive(Clone, Debug)]
pub enum Stage {
    /// The socket is open, nobody has spoken.
    Silent,
    /// The hello is with whoever knows identities.
    Asking {
        cursor: Option<Cursor>,
    },
    /// Known; what is kept for the principal is being read.
    Entering {
        cursor: Option<Cursor>,
    },
    In,
}

/// One socket.
#[derive(Debug)]
pub struct Session {
    pub codec: Codec,
    pub stage: Stage,
    pub identity: Option<Identity>,
    /// A visitor's: nobody in particular.
    pub visitor: Option<Visitor>,
    heard: Instant,
    pinged: bool,
    frames: Bucket,
    pub publishes: Bucket,
    pub fetches: Bucket,
    /// Frames that wait for stored state, in order.
    pub held: VecDeque<ToService>,
    /// Whom this session watches.
    pub watches: Set<Presentity>,
    /// Contacts that are still being read while it comes in: their first states are told together with those of the others, so
    /// that nobody finds out who was in memory because they are there.
    pub arriving: Set<Presentity>,
    /// Presentities of its own of whose watchers it is told.
    pub ledgers: Set<Presentity>,
    pub pace: Pace,
    pub signals: Bucket,
    /// Its own device tuples.
    pub devices: Set<TupleId>,
    pub sends_in_flight: u16,
    /// Up to where it was sent the log, and up to where it took it.
    pub sent: Seq,
    pub acknowledged: Seq,
    /// Up to where it has said itself that it took it.
    pub taken: Seq,
    /// A part of the log is being read for it.
    pub reading: bool,
}

/// A principal with at least one session, or with changes that are still on their way to the disk: a reader would miss them.
#[derive(Debug, Default)]
pub struct Home {
    pub sessions: Set<SessionId>,
    pub contacts: Option<Map<Presentity, KeptContact>>,
    /// How they stand as a watcher.
    pub visibility: VisibilityRules,
    /// Changes of contacts and visibility that are not durable yet.
    pub on_their_way: usize,
    /// One of these could not be kept: they are read again when no more are on their way.
    pub astray: bool,
    /// What could not be kept is read again from these; then all devices are told how it stands.
    pub to_be_read: Set<Presentity>,
    pub inbox: Option<InboxRecord>,
    /// The newest place of the log that was seen go by, also while `inbox` is still being read.
    pub newest: Seq,
    pub sends: Bucket,
    pub requests: Bucket,
    pub letters_to_strangers: Bucket,
}

/// What a principal keeps of a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptContact {
    pub petname: Option<Note>,
    pub group: Option<Note>,
}

impl Home {
    fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.on_their_way == 0
    }
}

impl Session {
    pub fn principal(&self) -> Option<&Principal> {
        self.identity.as_ref().map(|identity| &identity.principal)
    }

    pub fn is_in(&self) -> bool {
        matches!(self.stage, Stage::In)
    }
}

impl Service {
    // Coming.

    pub(super) fn opened(&mut self, id: SessionId, codec: Codec, now: Now) {
        let session = Session {
            codec,
            stage: Stage::Silent,
            identity: None,
            visitor: None,
            heard: now.instant,
            pinged: false,
            frames: Bucket::default(),
            publishes: Bucket::default(),
            fetches: Bucket::default(),
            held: VecDeque::new(),
            watches: Set::new(),
            arriving: Set::new(),
            ledgers: Set::new(),
            pace: Pace::Live,
            signals: Bucket::default(),
            devices: Set::new(),
            sends_in_flight: 0,
            sent: Seq(0),
            acknowledged: Seq(0),
            taken: Seq(0),
            reading: false,
        };
        self.sessions.insert(id, session);
        if self.draining {
            return self.send_away(id, self.drained(id), now);
        }
        let bounds = &self.config.bounds;
        self.timers
            .set(Timer::Hello(id), now.instant.after(bounds.hello));
        self.timers
            .set(Timer::Line(id), now.instant.after(bounds.ping));
    }

    /// A frame's bytes: counted, read, and handed on or held.
    pub(super) fn frame(&mut self, id: SessionId, bytes: &[u8], now: Now) {
        let limits = self.config.limits.frames;
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.heard = now.instant;
        session.pinged = false;
        if bytes.len() > FRAME_MAX {
            return self.send_away(id, Code::TooLarge.refusal(), now);
        }
        let allowed = session.frames.take(limits, now.instant);
        let frame = match session.codec.decode::<ToService>(bytes) {
            Ok(frame) => frame,
            Err(_) if matches!(session.stage, Stage::Silent) => {
                return self.send_away(id, Code::BadFrame.refusal(), now);
            }
            Err(error) => return self.refuse(id, None, error.code().refusal()),
        };
        if let Err(wait) = allowed {
            return self.refuse_frame(id, &frame, Code::TooManyRequests.refusal_after(wait));
        }
        if let Some(code) = self.may_not(id, &frame) {
            return self.refuse_frame(id, &frame, code.refusal());
        }
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        match (&session.stage, frame) {
            (Stage::Silent, frame) => self.hello(id, frame, now),
            (_, ToService::Hello { .. }) => self.refuse(id, None, Code::BadFrame.refusal()),
            (_, ToService::Bye) => self.bye(id, now),
            (Stage::In, frame) if session.held.is_empty() => self.take(id, frame, now),
            (_, frame) => self.hold(id, frame),
        }
    }

    /// Whether a frame asks for a service that is not offered, or for what this login may not do.
    fn may_not(&self, id: SessionId, frame: &ToService) -> Option<Code> {
        use ToService as F;
        let session = self.sessions.get(&id)?;
        if session.visitor.is_some() {
            return self.may_no_visitor(frame);
        }
        let identity = session.identity.as_ref()?;
        let scope = identity.scope;
        // Whom one has blocked is of account to both services.
        if let F::SetAccess { .. } = frame {
            return (!scope.manage).then_some(Code::NotAllowed);
        }
        let (service, allowed) = match frame {
            F::Publish { .. } | F::Withdraw { .. } => (Offers::Presence, scope.publish),
            F::Fetch { .. } | F::Subscribe { .. } | F::Unsubscribe { .. } => {
                (Offers::Presence, scope.watch)
            }
            F::SetPresentity { .. }
            | F::DropPresentity { .. }
            | F::SetVisibility { .. }
            | F::FetchWatchers { .. }
            | F::SubscribeWatchers { .. }
            | F::UnsubscribeWatchers { .. } => (Offers::Presence, scope.manage),
            F::Send { .. } | F::Signal { .. } => (Offers::Messages, scope.send),
            F::FetchInbox { .. }
            | F::FetchConversations { .. }
            | F::Acknowledge { .. }
            | F::MarkRead { .. }
            | F::Delete { .. }
            | F::Clear { .. } => (Offers::Messages, scope.read),
            F::Admit { .. } | F::SetInbox { .. } | F::DropInbox { .. } => {
                (Offers::Messages, scope.manage)
            }
            F::Hello { .. } | F::SetAccess { .. } | F::Ping { .. } | F::Pace { .. } | F::Bye => {
                return None;
            }
        };
        match (self.config.offers, service) {
            (Offers::Presence, Offers::Messages) => Some(Code::NoMessages),
            (Offers::Messages, Offers::Presence) => Some(Code::NoPresence),
            _ => (!allowed || !watches_within(identity, frame)).then_some(Code::NotAllowed),
        }
    }

    pub(super) fn heard(&mut self, id: SessionId, now: Now) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.heard = now.instant;
            session.pinged = false;
        }
    }

    fn hello(&mut self, id: SessionId, frame: ToService, now: Now) {
        let ToService::Hello {
            version,
            credentials,
            cursor,
            ..
        } = frame
        else {
            return self.send_away(id, Code::HelloFirst.refusal(), now);
        };
        if version != VERSION {
            return self.send_away(id, Code::WrongVersion.refusal(), now);
        }
        if let Some(session) = self.sessions.get_mut(&id) {
            session.stage = Stage::Asking { cursor };
            self.outputs
                .push_back(Output::Authenticate(id, credentials));
        }
    }

    pub(super) fn authenticated(
        &mut self,
        id: SessionId,
        answer: Result<Identity, Refusal>,
        now: Now,
    ) {
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        let Stage::Asking { cursor } = session.stage else {
            return;
        };
        let identity = match answer {
            Ok(identity) => identity,
            Err(refusal) => return self.send_away(id, refusal, now),
        };
        self.timers.clear(&Timer::Hello(id));
        let principal = identity.principal.clone();
        let home = self.homes.entry(principal.clone()).or_default();
        // Of a group each member has as many.
        let others = home.sessions.iter().filter_map(|id| self.sessions.get(id));
        let identities = others.filter_map(|other| other.identity.as_ref());
        let theirs = identities.filter(|other| other.by == identity.by);
        if theirs.count() >= self.config.limits.sessions {
            return self.send_away(id, Code::TooManySessions.refusal(), now);
        }
        let first = home.is_empty();
        home.sessions.insert(id);
        if let Some(session) = self.sessions.get_mut(&id) {
            session.identity = Some(identity);
            session.stage = Stage::Entering { cursor };
        }
        if first {
            self.load(
                Key::Watcher(principal.clone()),
                Reading::Watcher(principal.clone()),
            );
            self.load(
                Key::Inbox(principal.inbox()),
                Reading::Inbox(principal.clone()),
            );
        }
        self.need(&principal.presentity(), id);
        self.bring_further(&principal);
        self.enter(&principal, now);
    }

    /// Welcomes every session of a principal whose kept state is all here.
    pub(super) fn enter(&mut self, principal: &Principal, now: Now) {
        let Some(home) = self.homes.get(principal) else {
            return;
        };
        let waiting: alloc::vec::Vec<_> = home
            .sessions
            .iter()
            .copied()
            .filter(|id| matches!(self.sessions[id].stage, Stage::Entering { .. }))
            .collect();
        if waiting.is_empty() || home.contacts.is_none() || home.inbox.is_none() {
            return;
        }
        let further = self.presentities_of(principal);
        if further.iter().any(|own| self.known_state(own).is_none()) {
            return;
        }
        match self.known_state(&principal.presentity()) {
            Some(true) => waiting.into_iter().for_each(|id| self.welcome(id, now)),
            Some(false) => {
                for id in waiting {
                    self.send_away(id, Code::NotSignedIn.refusal(), now);
                }
            }
            None => {}
        }
    }

    fn welcome(&mut self, id: SessionId, now: Now) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let (Stage::Entering { cursor }, Some(identity)) =
            (session.stage.clone(), session.identity.clone())
        else {
            return;
        };
        let Some(home) = self.homes.get(&identity.principal) else {
            return;
        };
        let (Some(inbox), Some(contacts)) = (home.inbox, &home.contacts) else {
            return;
        };
        let reached = contacts
            .keys()
            .filter(|one| identity.reaches(one.address()));
        let contacts: alloc::vec::Vec<_> = reached.cloned().collect();
        let (resume, sent) = resume(cursor, inbox, self.config.limits.resume_span);
        session.stage = Stage::In;
        session.sent = sent;
        session.acknowledged = sent;
        let welcome = ToAgent::Welcome {
            version: VERSION,
            you: identity.principal.clone(),
            class: identity.class,
            server: self.config.server,
            session: id,
            now: now.timestamp,
            resume,
            head: Cursor {
                epoch: inbox.epoch,
                seq: inbox.head,
            },
            announced: self.config.announced(),
            by: identity.by,
        };
        self.send(id, &welcome);
        self.send_roster(id);
        if self.config.offers != Offers::Messages {
            let scope = identity.scope;
            let sees_oneself = scope.watch || scope.publish || scope.manage;
            let own = self.presentities_of(&identity.principal);
            for own in own.into_iter().filter(|_| sees_oneself) {
                self.watch(id, &own, Why::CameIn, now);
            }
            self.send_first_states_to(id);
            if identity.scope.watch {
                for presentity in contacts {
                    self.watch(id, &presentity, Why::CameIn, now);
                    self.expect(id, presentity);
                }
            }
        }
        if identity.scope.read {
            self.pull(id);
        }
        self.go_on(id, now);
    }

    /// A contact that is not here yet is waited for.
    fn expect(&mut self, id: SessionId, presentity: Presentity) {
        if self.known_state(&presentity).is_none()
            && let Some(session) = self.sessions.get_mut(&id)
        {
            session.arriving.insert(presentity);
        }
    }

    /// Everything that is kept for a principal, to one of its sessions.
    pub(super) fn send_roster(&mut self, id: SessionId) {
        let (Some(me), Some(scope)) = (self.principal_of(id), self.scope_of(id)) else {
            return;
        };
        let Some(home) = self.homes.get(&me) else {
            return;
        };
        let kept = home.contacts.iter().flatten().filter(|_| scope.watch);
        let contacts = kept.map(|(presentity, kept)| Contact {
            presentity: presentity.clone(),
            petname: kept.petname.clone(),
            group: kept.group.clone(),
        });
        let (contacts, visibility) = (contacts.collect(), home.visibility.clone());
        let first = me.presentity();
        // A program is told no more than it may do.
        if !scope.manage {
            let contacts_alone = ToAgent::Roster {
                contacts,
                access: alloc::vec::Vec::new(),
                requests: alloc::vec::Vec::new(),
                visibility: VisibilityRules::default(),
                inboxes: alloc::vec::Vec::new(),
                own: OwnPresentity::default(),
            };
            return self.send(id, &contacts_alone);
        }
        let (access, requests) = self.decisions(&first);
        let (inboxes, own) = match self.known(&first) {
            Some(known) => (known.inboxes.values().cloned().collect(), known.own.clone()),
            None => Default::default(),
        };
        let roster = ToAgent::Roster {
            contacts,
            access,
            requests,
            visibility,
            inboxes,
            own,
        };
        self.send(id, &roster);
        for further in self.presentities_of(&me).into_iter().skip(1) {
            self.send_further(id, &further);
        }
    }

    fn send_further(&mut self, id: SessionId, further: &Presentity) {
        let of = further.tag();
        let Some(known) = self.known(further) else {
            return;
        };
        let mut own = known.own.clone();
        own.tag.clone_from(&of);
        self.send(id, &ToAgent::PresentitySet { own });
        let (access, requests) = self.decisions(further);
        for Access {
            watcher, decision, ..
        } in access
        {
            let frame = ToAgent::AccessSet {
                watcher,
                decision: Some(decision),
                of: of.clone(),
            };
            self.send(id, &frame);
        }
        for request in requests {
            let of = of.clone();
            self.send(id, &ToAgent::Requested { request, of });
        }
    }

    fn decisions(&self, own: &Presentity) -> (alloc::vec::Vec<Access>, alloc::vec::Vec<Request>) {
        self.known(own).map_or_else(Default::default, |known| {
            let access = known.access.values().cloned().collect();
            (access, known.requests.values().cloned().collect())
        })
    }

    // Frames.

    fn hold(&mut self, id: SessionId, frame: ToService) {
        let limit = self.config.limits.held_frames;
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if session.held.len() >= limit {
            let refusal = Code::TooManyRequests.refusal_after(Duration::from_secs(1));
            return self.refuse_frame(id, &frame, refusal);
        }
        session.held.push_back(frame);
    }

    /// Carries a frame out, or holds it until what it needs is here.
    fn take(&mut self, id: SessionId, frame: ToService, now: Now) {
        if self.lacks(id, &frame) {
            self.hold(id, frame);
        } else {
            self.carry_out(id, frame, now);
        }
    }

    /// Goes on with the frames that waited.
    pub(super) fn go_on(&mut self, id: SessionId, now: Now) {
        loop {
            let Some(session) = self.sessions.get_mut(&id) else {
                return;
            };
            if !session.is_in() {
                return;
            }
            let Some(frame) = session.held.front().cloned() else {
                return;
            };
            if self.lacks(id, &frame) {
                return;
            }
            if let Some(session) = self.sessions.get_mut(&id) {
                session.held.pop_front();
            }
            self.carry_out(id, frame, now);
        }
    }

    /// Whether a frame needs what is not here; asks for it.
    fn lacks(&mut self, id: SessionId, frame: &ToService) -> bool {
        if self.is_of_my_watchers(id, frame).is_some() {
            return false;
        }
        let needed = match frame {
            ToService::Send { to, from, .. } => return self.lacks_receiver(id, to, from.as_ref()),
            ToService::Fetch { presentities, .. } => presentities.clone(),
            ToService::Subscribe { contacts, .. } => contacts
                .iter()
                .map(|contact| contact.presentity.clone())
                .collect(),
            _ => return false,
        };
        let mut lacking = false;
        for presentity in &needed {
            lacking |= !self.need(presentity, id);
        }
        lacking
    }

    /// A message needs the receiver with its rules, and what the receiver has to do with the sender.
    fn lacks_receiver(&mut self, id: SessionId, to: &InboxAddress, from: Option<&Tag>) -> bool {
        let (Some(me), receiver) = (self.principal_of(id), to.principal()) else {
            return false;
        };
        if !self.need(&receiver.presentity(), id) {
            return true;
        }
        let further = to.tag().is_some_and(|tag| {
            self.known(&receiver.presentity())
                .is_some_and(|known| known.further.contains(&tag))
        });
        if further && !self.need(&Presentity(to.0.clone()), id) {
            return true;
        }
        me != receiver && !self.need_sender(&receiver, me.inbox_of(from).address(), id)
    }

    // The line.

    pub(super) fn line_due(&mut self, id: SessionId, late: bool, now: Now) {
        let (ping, pong) = (self.config.bounds.ping, self.config.bounds.pong);
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let line = Timer::Line(id);
        if !session.pinged && session.heard.after(ping) > now.instant {
            return self.timers.set(line, session.heard.after(ping));
        }
        // A relay that was held up itself cannot know who was silent meanwhile: once more before it judges.
        if session.pinged && !late {
            self.outputs.push_back(Output::Close(id, Code::TooSlow));
            return self.lost(id, now);
        }
        session.pinged = true;
        self.outputs.push_back(Output::Ping(id));
        self.timers.set(line, now.instant.after(pong));
    }

    // Going.

    /// The person leaves: no grace.
    fn bye(&mut self, id: SessionId, now: Now) {
        self.outputs.push_back(Output::Close(id, Code::SignedOut));
        self.leave(id, Duration::ZERO, now);
    }

    /// The socket is gone: its devices have their grace.
    pub(super) fn lost(&mut self, id: SessionId, now: Now) {
        self.leave(id, self.config.bounds.grace, now);
    }

    /// Says why, and closes.
    pub(super) fn send_away(&mut self, id: SessionId, refusal: Refusal, now: Now) {
        let code = refusal.code;
        self.send(id, &ToAgent::Goodbye { refusal });
        self.outputs.push_back(Output::Close(id, code));
        let grace = match code {
            Code::SignedOut | Code::NotSignedIn | Code::Suspended => Duration::ZERO,
            _ => self.config.bounds.grace,
        };
        self.leave(id, grace, now);
    }

    /// Forgets a principal whom nothing holds here any more.
    pub(super) fn leave_home(&mut self, principal: &Principal) {
        if self.homes.get(principal).is_some_and(Home::is_empty) {
            self.homes.remove(principal);
        }
    }

    fn leave(&mut self, id: SessionId, grace: Duration, now: Now) {
        let Some(session) = self.sessions.remove(&id) else {
            return;
        };
        self.timers.clear(&Timer::Hello(id));
        self.timers.clear(&Timer::Line(id));
        self.asked.open.retain(|(of, _), _| *of != id);
        self.first_states.remove(&id);
        let (watches, ledgers) = (session.watches.clone(), session.ledgers.clone());
        let devices = session.devices.clone();
        let identity = session.identity.clone();
        // Who it was is still asked while it is let go.
        self.sessions.insert(id, session);
        for presentity in &watches {
            self.unwatch(id, presentity, Why::Left, now);
        }
        for presentity in &ledgers {
            self.forget_reader(id, presentity, now);
        }
        let gone = self.sessions.remove(&id);
        if gone.is_some_and(|session| session.visitor.is_some()) {
            self.visitors -= 1;
        }
        let Some(identity) = identity else {
            return;
        };
        let own = identity.principal.presentity();
        self.devices_leave(&identity.principal, &devices, grace, now);
        if let Some(home) = self.homes.get_mut(&identity.principal) {
            home.sessions.remove(&id);
            self.leave_home(&identity.principal);
        }
        self.release(&own, id, now);
    }

    /// A password was said again: what asked for that goes on.
    pub(super) fn confirmed(&mut self, principal: &Principal, login: u64, at: Timestamp, now: Now) {
        for id in self.sessions_of(principal) {
            let Some(session) = self.sessions.get_mut(&id) else {
                continue;
            };
            let Some(identity) = &mut session.identity else {
                continue;
            };
            if identity.login != login {
                continue;
            }
            identity.confirmed = at;
            for presentity in session.watches.clone() {
                self.show(id, &presentity, now);
                self.arm_rules(&presentity, now);
            }
        }
    }

    pub(super) fn revoked(
        &mut self,
        principal: &Principal,
        login: Option<u64>,
        code: Code,
        now: Now,
    ) {
        let Some(home) = self.homes.get(principal) else {
            return;
        };
        let sessions: alloc::vec::Vec<_> = home.sessions.iter().copied().collect();
        for id in sessions {
            let of = self
                .sessions
                .get(&id)
                .and_then(|session| session.identity.as_ref());
            if of.is_some_and(|identity| login.is_none_or(|login| login == identity.login)) {
                self.send_away(id, code.refusal(), now);
            }
        }
    }

    pub(super) fn rescoped(&mut self, principal: &Principal, now: Now) {
        let Some(home) = self.homes.get(principal) else {
            return;
        };
        let sessions: alloc::vec::Vec<_> = home.sessions.iter().copied().collect();
        for id in sessions {
            self.send_away(id, Code::TryLater.refusal_after(COME_AGAIN), now);
        }
    }

    pub(super) fn drain(&mut self, now: Now) {
        self.draining = true;
        let sessions: alloc::vec::Vec<_> = self.sessions.keys().copied().collect();
        for id in sessions {
            self.send_away(id, self.drained(id), now);
        }
    }

    /// Spreads the return of many over ten seconds; the multiplier scatters neighbouring ids.
    fn drained(&self, id: SessionId) -> Refusal {
        let spread =
            id.0.wrapping_add(self.seed)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                >> 32;
        Code::Draining.refusal_after(Duration::from_millis(500 + spread % 9_500))
    }

    // Saying.

    pub(super) fn send(&mut self, id: SessionId, frame: &ToAgent) {
        if let Some(session) = self.sessions.get(&id) {
            let bytes = Arc::from(session.codec.encode(frame));
            self.outputs
                .push_back(Output::Send(id, Slot::InOrder, bytes));
        }
    }

    /// To every welcomed session of a principal.
    pub(super) fn send_home(&mut self, principal: &Principal, frame: &ToAgent) {
        for id in self.sessions_of(principal) {
            if self
                .scope_of(id)
                .is_some_and(|scope| concerns(scope, frame))
            {
                self.send(id, frame);
            }
        }
    }

    fn scope_of(&self, id: SessionId) -> Option<Scope> {
        let session = self.sessions.get(&id)?;
        session.identity.as_ref().map(|identity| identity.scope)
    }

    /// The welcomed sessions of a principal.
    pub(super) fn sessions_of(&self, principal: &Principal) -> alloc::vec::Vec<SessionId> {
        let Some(home) = self.homes.get(principal) else {
            return alloc::vec::Vec::new();
        };
        home.sessions
            .iter()
            .copied()
            .filter(|id| self.sessions[id].is_in())
            .collect()
    }

    pub(super) fn refuse(&mut self, id: SessionId, number: Option<u32>, refusal: Refusal) {
        self.send(id, &ToAgent::Refused { number, refusal });
    }

    /// Refuses a frame in the way that its kind is answered.
    pub(super) fn refuse_frame(&mut self, id: SessionId, frame: &ToService, refusal: Refusal) {
        match frame {
            ToService::Send { id: message, .. } => {
                let receipt = crate::message::Receipt::Refused(refusal);
                self.send(
                    id,
                    &ToAgent::Receipt {
                        id: *message,
                        receipt,
                    },
                );
            }
            _ => self.refuse(id, frame.number(), refusal),
        }
    }
}

/// Whether a frame asks for the presence of none but those with whom this one has to do.
fn watches_within(identity: &Identity, frame: &ToService) -> bool {
    let reaches = |presentity: &Presentity| identity.reaches(presentity.address());
    match frame {
        ToService::Fetch { presentities, .. } => presentities.iter().all(reaches),
        ToService::Subscribe { contacts, .. } => {
            contacts.iter().all(|contact| reaches(&contact.presentity))
        }
        _ => true,
    }
}

/// Whether what is kept for a principal is the business of one of its sessions: a program is told no more than it may do.
fn concerns(scope: Scope, frame: &ToAgent) -> bool {
    match frame {
        ToAgent::ContactKept { .. } | ToAgent::ContactGone { .. } => scope.watch,
        _ => scope.manage,
    }
}

/// How a cursor is answered, and from where on the log is sent.
fn resume(cursor: Option<Cursor>, inbox: InboxRecord, span: u64) -> (Resume, Seq) {
    match cursor {
        None => (Resume::Fresh, inbox.head),
        Some(cursor) if cursor.epoch != inbox.epoch || cursor.seq > inbox.head => {
            (Resume::ResetEpoch, inbox.head)
        }
        Some(cursor) if inbox.head.0 - cursor.seq.0 > span => (Resume::ResetTooFar, inbox.head),
        Some(cursor) => (Resume::Resumed, cursor.seq),
    }
}
