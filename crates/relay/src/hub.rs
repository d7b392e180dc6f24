//! The one task that owns the `Service`: everything that happens to it comes in here, everything it wants goes out from here.
//!
//! # Priorities
//!
//! 1. A deadline that is due: time does not wait for those who talk much.
//! 2. The order to drain.
//! 3. Answers of the store and of identity: sessions wait for them, and they free what they held.
//! 4. Sockets.
//!
//! Sockets that got something to write are woken once per turn, so that what belongs together is written together.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lamplight_core::address::{Principal, SessionId};
use lamplight_core::code::{Code, Refusal};
use lamplight_core::service::{Identity, Input, Lost, Output, Service};
use lamplight_core::store::{First, Kept};
use lamplight_core::wire::{Codec, Credentials};
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender, channel};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::identity::Keeper;
use crate::metrics::Metrics;
use crate::outbox::Outbox;
use crate::store::writer::Handle;

/// Inputs of sockets that may wait for the hub; beyond, sockets are read more slowly.
const WAITING_MAX: usize = 4_096;
/// Inputs that are handled before sockets are woken.
const TURN_MAX: usize = 256;
/// A deadline missed by this much means that the whole process stood still.
const STANDSTILL: Duration = Duration::from_secs(2);
/// How long the hub then listens before it judges who was silent.
const LISTEN: Duration = Duration::from_millis(500);

/// What sockets tell the hub.
pub enum FromSocket {
    Opened(SessionId, Codec, Arc<Outbox>),
    Frame(SessionId, Arc<[u8]>),
    Heard(SessionId),
    Lost(SessionId),
}

/// What sockets hold of the hub.
#[derive(Clone)]
pub struct Door {
    sockets: Sender<FromSocket>,
    next: Arc<AtomicU64>,
}

impl Door {
    /// A number for a new socket.
    pub fn next_session(&self) -> SessionId {
        SessionId(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Tells the hub; waits while it is busy. Whether the hub is there.
    pub async fn tell(&self, what: FromSocket) -> bool {
        self.sockets.send(what).await.is_ok()
    }
}

/// The hub, before and while it runs.
pub struct Hub {
    service: Service,
    clock: Clock,
    store: Handle,
    keeper: Arc<Keeper>,
    metrics: Arc<Metrics>,
    sockets: HashMap<SessionId, Arc<Outbox>>,
    from_sockets: Receiver<FromSocket>,
    answers: UnboundedReceiver<Input>,
    answer: UnboundedSender<Input>,
    draining: watch::Receiver<bool>,
    /// Sockets that got something to write in this turn.
    touched: Vec<Arc<Outbox>>,
    /// What follows from outputs that could not be carried out.
    follow_up: VecDeque<Input>,
    revocations: Revocations,
    /// After a standstill: nobody is judged before this moment.
    listening_until: Option<Instant>,
}

/// What the hub is made of.
pub struct Parts {
    pub service: Service,
    pub clock: Clock,
    pub store: Handle,
    pub keeper: Arc<Keeper>,
    pub metrics: Arc<Metrics>,
    /// Where answers come in, and the way for more of them.
    pub answers: UnboundedReceiver<Input>,
    pub answer: UnboundedSender<Input>,
    pub draining: watch::Receiver<bool>,
}

impl Hub {
    pub fn new(parts: Parts) -> (Self, Door) {
        let (sockets, from_sockets) = channel(WAITING_MAX);
        let door = Door {
            sockets,
            next: Arc::new(AtomicU64::new(1)),
        };
        let hub = Self {
            service: parts.service,
            clock: parts.clock,
            store: parts.store,
            keeper: parts.keeper,
            metrics: parts.metrics,
            sockets: HashMap::new(),
            from_sockets,
            answers: parts.answers,
            answer: parts.answer,
            draining: parts.draining,
            touched: Vec::new(),
            follow_up: VecDeque::new(),
            revocations: Revocations::default(),
            listening_until: None,
        };
        (hub, door)
    }

    /// Runs until it has drained: every socket has been told goodbye and nothing waits for the store.
    pub async fn run(mut self) {
        let mut answers = Vec::with_capacity(TURN_MAX);
        let mut told = Vec::with_capacity(TURN_MAX);
        let mut drains = false;
        while !(drains && self.is_done()) {
            self.wake_service_if_due();
            self.wake_sockets();
            let deadline = self.deadline();
            tokio::select! {
                biased;
                changed = self.draining.changed(), if !drains => {
                    drains = true;
                    if changed.is_ok() {
                        self.handle(Input::Drain);
                    }
                }
                _ = self.answers.recv_many(&mut answers, TURN_MAX) => {
                    for input in answers.drain(..) {
                        self.take_answer(input);
                    }
                }
                _ = self.from_sockets.recv_many(&mut told, TURN_MAX) => {
                    for what in told.drain(..) {
                        self.take_told(what);
                    }
                }
                () = tokio::time::sleep_until(deadline) => {}
            }
            self.wake_sockets();
        }
    }

    fn wake_sockets(&mut self) {
        for outbox in self.touched.drain(..) {
            outbox.wake();
        }
    }

    fn is_done(&self) -> bool {
        self.sockets.is_empty() && self.store.waiting() == 0 && self.answers.is_empty()
    }

    /// When the hub has to look again although nothing came.
    fn deadline(&self) -> Instant {
        let far =
            Instant::now() + Duration::from_secs(if *self.draining.borrow() { 0 } else { 3_600 });
        let far = if *self.draining.borrow() {
            far + Duration::from_millis(10)
        } else {
            far
        };
        let due = self.service.poll_timeout().map(|due| self.clock.when(due));
        let due = match (due, self.listening_until) {
            (Some(due), Some(until)) => Some(due.max(until)),
            (due, _) => due,
        };
        due.map_or(far, |due| due.min(far))
    }

    /// Hands in a deadline that has come. After a standstill of the process (a suspended machine, a debugger) deadlines of the
    /// silent are over although nobody was silent: what they said waits in the sockets, so it is read first.
    fn wake_service_if_due(&mut self) {
        let Some(due) = self.service.poll_timeout().map(|due| self.clock.when(due)) else {
            return;
        };
        let now = Instant::now();
        if due > now || self.listening_until.is_some_and(|until| now < until) {
            return;
        }
        if self.listening_until.take().is_none() && now - due > STANDSTILL {
            tracing::warn!(
                late_ms = (now - due).as_millis() as u64,
                "the process stood still"
            );
            self.listening_until = Some(now + LISTEN);
            return;
        }
        self.handle(Input::Wake);
    }

    fn take_told(&mut self, what: FromSocket) {
        let input = match what {
            FromSocket::Opened(session, codec, outbox) => {
                self.sockets.insert(session, outbox);
                Input::Opened(session, codec)
            }
            FromSocket::Frame(session, frame) => {
                self.metrics.frames_in.up();
                Input::Frame(session, frame)
            }
            FromSocket::Heard(session) => Input::Heard(session),
            FromSocket::Lost(session) => {
                // The service does not want to hear of those that it closed itself.
                if self.sockets.remove(&session).is_none() {
                    return;
                }
                Input::Lost(session, Lost::Closed)
            }
        };
        self.handle(input);
    }

    fn take_answer(&mut self, input: Input) {
        match &input {
            Input::Stored(
                _,
                Ok(Kept::Appended {
                    first: First::Time, ..
                }),
            ) => {
                self.metrics.messages.up();
            }
            Input::Revoked(principal, login) => self.revocations.note(principal.clone(), *login),
            _ => {}
        }
        let input = match input {
            Input::Authenticated(session, found) => {
                Input::Authenticated(session, self.revocations.check(session, found))
            }
            input => input,
        };
        self.handle(input);
    }

    fn handle(&mut self, input: Input) {
        self.service.handle(input, self.clock.now());
        self.drain_outputs();
        while let Some(input) = self.follow_up.pop_front() {
            self.service.handle(input, self.clock.now());
            self.drain_outputs();
        }
    }

    fn drain_outputs(&mut self) {
        while let Some(output) = self.service.poll_output() {
            self.carry_out(output);
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Send(session, slot, frame) => {
                let Some(outbox) = self.sockets.get(&session) else {
                    return;
                };
                self.metrics.frames_out.up();
                if outbox.push(slot, frame).is_ok() {
                    self.touch(session);
                } else {
                    self.drop_slow(session);
                }
            }
            Output::Ping(session) => {
                if let Some(outbox) = self.sockets.get(&session) {
                    outbox.ping();
                    self.touch(session);
                }
            }
            Output::Close(session, code) => {
                self.revocations.forget(session);
                if let Some(outbox) = self.sockets.remove(&session) {
                    outbox.close(code);
                    outbox.wake();
                }
            }
            Output::Authenticate(session, credentials) => self.authenticate(session, credentials),
            Output::Load(ticket, key) => self.store.load(ticket, key),
            Output::Keep(ticket, change) => self.store.keep(ticket, change),
        }
    }

    fn touch(&mut self, session: SessionId) {
        if let Some(outbox) = self.sockets.get(&session)
            && self
                .touched
                .last()
                .is_none_or(|last| !Arc::ptr_eq(last, outbox))
        {
            self.touched.push(Arc::clone(outbox));
        }
    }

    fn drop_slow(&mut self, session: SessionId) {
        if let Some(outbox) = self.sockets.remove(&session) {
            self.metrics.slow.up();
            outbox.close_slow();
            outbox.wake();
            self.follow_up.push_back(Input::Lost(session, Lost::Slow));
        }
    }

    fn authenticate(&mut self, session: SessionId, credentials: Credentials) {
        self.revocations.ask(session);
        let (keeper, answer) = (Arc::clone(&self.keeper), self.answer.clone());
        tokio::spawn(async move {
            let found = keeper.authenticate(&credentials).await;
            // The hub ends first only when the relay ends.
            let _ = answer.send(Input::Authenticated(session, found));
        });
    }
}

/// Logins that ended while someone was being let in by them. The question "who is this" is answered beside the hub, so its answer
/// may be older than a sign-out that the hub already knows of.
#[derive(Default)]
struct Revocations {
    /// Questions under way, and how many revocations had been noted when each was asked.
    asked: HashMap<SessionId, u64>,
    /// The revocations since the oldest of them, numbered from `first`.
    noted: VecDeque<(Principal, Option<u64>)>,
    first: u64,
}

impl Revocations {
    fn ask(&mut self, session: SessionId) {
        self.asked
            .insert(session, self.first + self.noted.len() as u64);
    }

    fn note(&mut self, principal: Principal, login: Option<u64>) {
        if self.asked.is_empty() {
            self.first += self.noted.len() as u64 + 1;
            self.noted.clear();
        } else {
            self.noted.push_back((principal, login));
        }
    }

    fn check(
        &mut self,
        session: SessionId,
        found: Result<Identity, Refusal>,
    ) -> Result<Identity, Refusal> {
        let Some(asked) = self.asked.remove(&session) else {
            return found;
        };
        let since = self
            .noted
            .iter()
            .skip(asked.saturating_sub(self.first) as usize);
        let identity = found?;
        let ended = since.into_iter().any(|(principal, login)| {
            *principal == identity.principal && login.is_none_or(|login| login == identity.login)
        });
        if self.asked.is_empty() {
            self.first += self.noted.len() as u64;
            self.noted.clear();
        }
        if ended {
            return Err(Code::NotSignedIn.refusal());
        }
        Ok(identity)
    }

    fn forget(&mut self, session: SessionId) {
        self.asked.remove(&session);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_core::wire::Class;

    fn identity(login: u64) -> Identity {
        Identity {
            principal: Principal::parse("alice@localhost").unwrap(),
            class: Class::Account,
            login,
        }
    }

    #[test]
    fn a_login_that_ended_while_it_was_looked_up_lets_nobody_in() {
        let mut revocations = Revocations::default();
        let alice = identity(1).principal;
        revocations.ask(SessionId(1));
        revocations.ask(SessionId(2));
        revocations.note(alice.clone(), Some(1));
        revocations.ask(SessionId(3));
        assert!(revocations.check(SessionId(1), Ok(identity(1))).is_err());
        assert!(revocations.check(SessionId(2), Ok(identity(2))).is_ok());
        // Asked after the end: the store knew.
        assert!(revocations.check(SessionId(3), Ok(identity(1))).is_ok());
        revocations.ask(SessionId(4));
        revocations.note(alice, None);
        assert!(revocations.check(SessionId(4), Ok(identity(7))).is_err());
        assert!(revocations.noted.is_empty());
    }
}
