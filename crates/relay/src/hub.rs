//! The one task that owns the `Service`: everything that happens to it comes in here, everything it wants goes out from here.
//!
//! # Priorities
//!
//! 1. A deadline that is due: time does not wait for those who talk much.
//! 2. The order to drain.
//! 3. Answers of the store and of identity: sessions wait for them, and they free what they held.
//! 4. Sockets, and questions that came over HTTP.
//!
//! Sockets that got something are written to once per turn, so that what belongs together is written together. A turn takes in
//! what the other tasks have to say in the same moment: one write for four notifications costs a quarter of four (budgets).

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lamplight_core::address::{Presentity, Principal, SessionId};
use lamplight_core::code::{Code, Refusal};
use lamplight_core::message::What;
use lamplight_core::presence::Notification;
use lamplight_core::service::{Identity, Input, LookId, Looker, Lost, Output, Service};
use lamplight_core::store::{First, Kept};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Codec, Credentials};
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender, channel};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout};

use crate::clock::Clock;
use crate::identity::Keeper;
use crate::metrics::Metrics;
use crate::outbox::Overflow;
use crate::socket::Line;
use crate::store::writer::Handle;
use crate::visits::Visits;

/// Inputs of sockets that may wait for the hub; beyond, sockets are read more slowly.
const WAITING_MAX: usize = 4_096;
/// Inputs that are handled before sockets are written to.
const TURN_MAX: usize = 256;
/// How often the other tasks are let say what they have, before what follows from it is written.
const GATHER_MAX: usize = 4;
/// A deadline missed by this much means that the whole process stood still.
const STANDSTILL: Duration = Duration::from_secs(2);
/// How long the hub then listens before it judges who was silent.
const LISTEN: Duration = Duration::from_millis(500);

/// How long a question over HTTP waits for its answer.
const LOOK_WAIT: Duration = Duration::from_secs(5);
/// Questions over HTTP that wait for their answers; more are told to come back.
const LOOKS_MAX: usize = 4_096;

/// The answer to a question over HTTP.
pub type Looked = Result<Vec<Notification>, Refusal>;

/// Which page opened a socket, as the browser says.
pub struct Page {
    /// The origin of a page of another site; none: it is the relay's own, or a program opened it.
    pub other: Option<String>,
    /// Its site, if the browser names it.
    pub site: Option<String>,
}

/// What sockets tell the hub, and what is asked over HTTP.
pub enum FromSocket {
    Opened(SessionId, Codec, Arc<Line>, Page),
    Frame(SessionId, Arc<[u8]>),
    Heard(SessionId),
    Lost(SessionId),
    Look(Looker, Vec<Presentity>, oneshot::Sender<Looked>),
    /// Answered as soon as it is its turn.
    Alive(oneshot::Sender<()>),
    /// So many more were shown what a badge shows, on pages of this site.
    Visited(Presentity, Option<String>, u32),
}

/// What sockets and the doors of HTTP hold of the hub.
#[derive(Clone)]
pub struct Door {
    sockets: Sender<FromSocket>,
    next: Arc<AtomicU64>,
    /// What is held for visitors of other sites.
    pub visits: Arc<Visits>,
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

    /// Whether the hub still does what it is told.
    pub async fn answers(&self) -> bool {
        let (answer, answered) = oneshot::channel();
        let asked = async {
            self.tell(FromSocket::Alive(answer)).await;
            answered.await.is_ok()
        };
        timeout(LOOK_WAIT, asked).await.unwrap_or(false)
    }

    /// What someone without a session may see of these now. Whoever is not answered in time is told to come back.
    pub async fn look(&self, looker: Looker, presentities: Vec<Presentity>) -> Looked {
        let (answer, answered) = oneshot::channel();
        let asked = async {
            self.tell(FromSocket::Look(looker, presentities, answer))
                .await;
            answered.await.ok()
        };
        let looked = timeout(LOOK_WAIT, asked).await.ok().flatten();
        looked.unwrap_or_else(|| Err(Code::TryLater.refusal()))
    }
}

/// A socket that is open.
struct Socket {
    line: Arc<Line>,
    page: Page,
}

/// The hub, before and while it runs.
pub struct Hub {
    service: Service,
    clock: Clock,
    store: Handle,
    keeper: Arc<Keeper>,
    metrics: Arc<Metrics>,
    sockets: HashMap<SessionId, Socket>,
    from_sockets: Receiver<FromSocket>,
    answers: UnboundedReceiver<Input>,
    answer: UnboundedSender<Input>,
    draining: watch::Receiver<bool>,
    /// Sockets that got something to write in this turn.
    touched: Vec<Arc<Line>>,
    /// What follows from outputs that could not be carried out.
    follow_up: VecDeque<Input>,
    meanwhile: Meanwhile,
    looks: Looks,
    visits: Arc<Visits>,
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
            visits: Arc::default(),
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
            meanwhile: Meanwhile::default(),
            looks: Looks::default(),
            visits: Arc::clone(&door.visits),
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
            self.flush_sockets();
            let deadline = self.deadline();
            tokio::select! {
                biased;
                changed = self.draining.changed(), if !drains => {
                    drains = true;
                    if changed.is_ok() {
                        self.handle(Input::Drain);
                        self.looks.end();
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
            for _ in 0..GATHER_MAX {
                tokio::task::yield_now().await;
                if !self.take_what_is_there() {
                    break;
                }
            }
            self.flush_sockets();
        }
    }

    /// Whether there was anything. Answers of the store come first here too.
    fn take_what_is_there(&mut self) -> bool {
        let mut some = false;
        for _ in 0..TURN_MAX {
            if let Ok(input) = self.answers.try_recv() {
                self.take_answer(input);
            } else if let Ok(what) = self.from_sockets.try_recv() {
                self.take_told(what);
            } else {
                break;
            }
            some = true;
        }
        some
    }

    fn flush_sockets(&mut self) {
        for line in self.touched.drain(..) {
            line.flush();
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
            FromSocket::Opened(session, codec, line, page) => {
                self.sockets.insert(session, Socket { line, page });
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
            FromSocket::Look(looker, presentities, answer) => {
                self.metrics.looks.up();
                let Some(id) = self.looks.ask(answer) else {
                    return;
                };
                Input::Look(id, looker, presentities)
            }
            FromSocket::Alive(answer) => {
                // Who asked may have given up meanwhile.
                let _ = answer.send(());
                return;
            }
            FromSocket::Visited(presentity, site, many) => Input::Visited(presentity, site, many),
        };
        self.handle(input);
    }

    fn take_answer(&mut self, input: Input) {
        match &input {
            Input::Stored(
                _,
                Ok(Kept::Appended {
                    first: First::Time,
                    receiver,
                    ..
                }),
            ) => {
                self.metrics.messages.up();
                let held = receiver
                    .as_ref()
                    .is_some_and(|entry| matches!(entry.what, What::Held(..)));
                if held {
                    self.metrics.held.up();
                }
            }
            Input::Revoked(principal, login) => {
                self.meanwhile.note(principal, News::Ended(*login));
            }
            Input::Confirmed(principal, login, at) => {
                self.meanwhile.note(principal, News::Confirmed(*login, *at));
            }
            _ => {}
        }
        let input = match input {
            Input::Authenticated(session, found) => {
                Input::Authenticated(session, self.meanwhile.check(session, found))
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
                let Some(Socket { line, .. }) = self.sockets.get(&session) else {
                    return;
                };
                self.metrics.frames_out.up();
                match line.push(slot, frame) {
                    Ok(true) => self.touched.push(Arc::clone(line)),
                    Ok(false) => {}
                    Err(Overflow) => self.drop_slow(session),
                }
            }
            Output::Ping(session) => {
                if let Some(Socket { line, .. }) = self.sockets.get(&session)
                    && line.ping()
                {
                    self.touched.push(Arc::clone(line));
                }
            }
            Output::Close(session, code) => {
                self.meanwhile.forget(session);
                if let Some(Socket { line, .. }) = self.sockets.remove(&session) {
                    line.close(code);
                }
            }
            Output::Authenticate(session, credentials) => self.authenticate(session, credentials),
            Output::Load(ticket, key) => self.store.load(ticket, key),
            Output::Keep(ticket, change) => self.store.keep(ticket, change),
            Output::Looked(id, looked) => self.looks.answer(id, looked),
            Output::Decided(presentity) => self.visits.forget(&presentity),
        }
    }

    fn drop_slow(&mut self, session: SessionId) {
        if let Some(Socket { line, .. }) = self.sockets.remove(&session) {
            self.metrics.slow.up();
            line.close_slow();
            self.follow_up.push_back(Input::Lost(session, Lost::Slow));
        }
    }

    fn authenticate(&mut self, session: SessionId, credentials: Credentials) {
        let Some(Socket { page, .. }) = self.sockets.get(&session) else {
            return;
        };
        if credentials == Credentials::Visitor {
            self.metrics.visitors.up();
            let site = page.site.clone();
            return self.follow_up.push_back(Input::Visiting(session, site));
        }
        let other = page.other.clone();
        self.meanwhile.ask(session);
        let (keeper, answer) = (Arc::clone(&self.keeper), self.answer.clone());
        tokio::spawn(async move {
            let found = keeper.authenticate_on(&credentials, other).await;
            // The hub ends first only when the relay ends.
            let _ = answer.send(Input::Authenticated(session, found));
        });
    }
}

/// Questions over HTTP that wait for their answers.
#[derive(Default)]
struct Looks {
    waiting: HashMap<LookId, oneshot::Sender<Looked>>,
    next: u64,
    ended: bool,
}

impl Looks {
    /// A number for a question; none if it is not to be asked, and then whoever asks is told to come back.
    fn ask(&mut self, answer: oneshot::Sender<Looked>) -> Option<LookId> {
        if self.waiting.len() >= LOOKS_MAX {
            // Who has waited too long is not there any more.
            self.waiting.retain(|_, answer| !answer.is_closed());
        }
        if self.ended || self.waiting.len() >= LOOKS_MAX {
            return None;
        }
        self.next += 1;
        self.waiting.insert(LookId(self.next), answer);
        Some(LookId(self.next))
    }

    fn answer(&mut self, id: LookId, looked: Looked) {
        if let Some(answer) = self.waiting.remove(&id) {
            // Who asked may have given up meanwhile.
            let _ = answer.send(looked);
        }
    }

    /// The relay stops: nobody is answered any more.
    fn end(&mut self) {
        self.ended = true;
        self.waiting.clear();
    }
}

/// What became of logins while someone was being let in by them. The question "who is this" is answered beside the hub, so its
/// answer may be older than a sign-out, or than a password said again, that the hub already knows of.
#[derive(Default)]
struct Meanwhile {
    /// Questions under way, and how much news there had been when each was asked.
    asked: HashMap<SessionId, u64>,
    /// The news since the oldest of them, numbered from `first`.
    noted: VecDeque<(Principal, News)>,
    first: u64,
}

/// What can become of a login.
#[derive(Clone, Copy, Debug)]
enum News {
    /// This one, or all of the principal, must not be used any more.
    Ended(Option<u64>),
    /// Its password was said again.
    Confirmed(u64, Timestamp),
}

impl Meanwhile {
    fn ask(&mut self, session: SessionId) {
        self.asked
            .insert(session, self.first + self.noted.len() as u64);
    }

    fn note(&mut self, principal: &Principal, news: News) {
        if self.asked.is_empty() {
            self.first += self.noted.len() as u64 + 1;
            self.noted.clear();
        } else {
            self.noted.push_back((principal.clone(), news));
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
        let known = asked.saturating_sub(self.first) as usize;
        let checked = found.and_then(|identity| self.catch_up(identity, known));
        if self.asked.is_empty() {
            self.first += self.noted.len() as u64;
            self.noted.clear();
        }
        checked
    }

    /// What has become of an identity since so much news was known.
    fn catch_up(&self, mut identity: Identity, known: usize) -> Result<Identity, Refusal> {
        for (principal, news) in self.noted.iter().skip(known) {
            if *principal != identity.principal {
                continue;
            }
            match news {
                News::Ended(login) if login.is_none_or(|login| login == identity.login) => {
                    return Err(Code::NotSignedIn.refusal());
                }
                News::Confirmed(login, at) if *login == identity.login => {
                    identity.confirmed = identity.confirmed.max(*at);
                }
                _ => {}
            }
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
        let alice = Principal::parse("alice@localhost").unwrap();
        Identity::new(alice, Class::Account, login)
    }

    #[test]
    fn a_login_that_ended_while_it_was_looked_up_lets_nobody_in() {
        let mut meanwhile = Meanwhile::default();
        let alice = identity(1).principal;
        meanwhile.ask(SessionId(1));
        meanwhile.ask(SessionId(2));
        meanwhile.note(&alice, News::Ended(Some(1)));
        meanwhile.ask(SessionId(3));
        assert!(meanwhile.check(SessionId(1), Ok(identity(1))).is_err());
        assert!(meanwhile.check(SessionId(2), Ok(identity(2))).is_ok());
        // Asked after the end: the store knew.
        assert!(meanwhile.check(SessionId(3), Ok(identity(1))).is_ok());
        meanwhile.ask(SessionId(4));
        meanwhile.note(&alice, News::Ended(None));
        assert!(meanwhile.check(SessionId(4), Ok(identity(7))).is_err());
        assert!(meanwhile.noted.is_empty());
    }

    #[test]
    fn a_password_said_again_meanwhile_counts() {
        let mut meanwhile = Meanwhile::default();
        let alice = identity(1).principal;
        meanwhile.ask(SessionId(1));
        meanwhile.ask(SessionId(2));
        meanwhile.note(&alice, News::Confirmed(1, Timestamp(5)));
        let confirmed = |found: Result<Identity, Refusal>| found.unwrap().confirmed;
        let first = meanwhile.check(SessionId(1), Ok(identity(1)));
        assert_eq!(confirmed(first), Timestamp(5));
        let other = meanwhile.check(SessionId(2), Ok(identity(2)));
        assert_eq!(confirmed(other), Timestamp(0));
    }

    #[tokio::test]
    async fn a_question_is_answered_once_and_none_is_taken_beyond_the_most_or_after_the_end() {
        let mut looks = Looks::default();
        let (answer, answered) = oneshot::channel();
        let id = looks.ask(answer).unwrap();
        looks.answer(id, Ok(Vec::new()));
        looks.answer(id, Err(Code::TryLater.refusal()));
        assert_eq!(answered.await.unwrap(), Ok(Vec::new()));
        let mut patient = Vec::new();
        for _ in 0..LOOKS_MAX {
            let (answer, answered) = oneshot::channel();
            assert!(looks.ask(answer).is_some());
            patient.push(answered);
        }
        assert!(looks.ask(oneshot::channel().0).is_none());
        patient.pop();
        assert!(looks.ask(oneshot::channel().0).is_some());
        looks.end();
        assert!(looks.ask(oneshot::channel().0).is_none());
        assert!(patient.pop().unwrap().await.is_err());
    }
}
