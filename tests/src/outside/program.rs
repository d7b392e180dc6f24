//! A native program: the same `Agent` that a tab runs, over tokio and the CBOR protocol, signed in by a bearer token.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use lamplight_core::address::{Address, Token};
use lamplight_core::agent::{
    Agent, AgentConfig, ContactRow, IDLE_AFTER, Input, Intent, Keepsake, KeepsakeName, LineLost,
    LinkView, Notice, Output, RowKind,
};
use lamplight_core::code::Code;
use lamplight_core::message::Body;
use lamplight_core::person::Word;
use lamplight_core::private::Private;
use lamplight_core::time::millis;
use lamplight_core::wire::{Codec, Credentials, Decision};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::clock;
use super::line::Line;
use super::people::Account;

/// What the world outside the agent has to say.
enum Event {
    Input(Input),
    /// The line that was asked for by this number of attempt.
    Line(u64, Option<Box<WebSocketStream<TcpStream>>>),
}

/// A running program. Dropping it breaks its line without a goodbye.
pub struct Program {
    pub account: Account,
    shared: Arc<Shared>,
    events: mpsc::UnboundedSender<Event>,
    running: tokio::task::JoinHandle<()>,
}

struct Shared {
    agent: Mutex<Agent>,
    told: Mutex<Told>,
    changes: watch::Sender<u64>,
}

/// What the agent told its shell.
#[derive(Default)]
struct Told {
    kept: BTreeMap<KeepsakeName, Keepsake>,
    notices: Vec<Notice>,
    signed_out: Option<Code>,
    /// Lines that opened so far.
    lines: u64,
}

impl Drop for Program {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Program {
    /// Starts a program of this account on a device and tuple of this name, over this address: the relay's or a proxy's.
    pub fn start(account: &Account, over: SocketAddr, device: &str) -> Self {
        Self::start_with(account, over, device, Vec::new())
    }

    /// The same, with what an earlier life kept.
    pub fn start_with(
        account: &Account,
        over: SocketAddr,
        device: &str,
        kept: Vec<Keepsake>,
    ) -> Self {
        let name = Token::parse(device).expect("a token");
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).expect("randomness");
        let config = AgentConfig {
            seed: u64::from_le_bytes(seed),
            principal: account.principal.clone(),
            device: name.clone(),
            tuple: name,
            idle_after_ms: millis(IDLE_AFTER),
        };
        let told = Told {
            kept: kept
                .iter()
                .map(|kept| (kept.name(), kept.clone()))
                .collect(),
            ..Told::default()
        };
        let shared = Arc::new(Shared {
            agent: Mutex::new(Agent::new(config, clock::now())),
            told: Mutex::new(told),
            changes: watch::Sender::new(0),
        });
        let (events, inbox) = mpsc::unbounded_channel();
        let shell = Shell {
            shared: shared.clone(),
            events: events.clone(),
            over,
            token: account.token.clone(),
            line: None,
            attempt: 0,
        };
        let program = Self {
            account: account.clone(),
            shared,
            events,
            running: tokio::spawn(shell.run(inbox)),
        };
        program.input(Input::Restored(kept));
        program.input(Input::Start);
        program
    }

    /// Starts a program and waits until its line is up.
    pub async fn up(account: &Account, over: SocketAddr, device: &str) -> Self {
        let program = Self::start(account, over, device);
        program.is_up().await;
        program
    }

    pub fn address(&self) -> &Address {
        self.account.principal.address()
    }

    pub fn input(&self, input: Input) {
        // A program whose task has ended hears nothing any more.
        let _ = self.events.send(Event::Input(input));
    }

    pub fn intend(&self, intent: Intent) {
        self.input(Input::Intent(intent));
    }

    pub fn say(&self, to: &Account, text: &str) {
        self.intend(Intent::Send {
            to: to.principal.inbox(),
            body: Body::parse(text).expect("a body"),
        });
    }

    /// Reads the agent's getters.
    pub fn read<T>(&self, look: impl FnOnce(&Agent) -> T) -> T {
        look(&self.shared.agent.lock().expect("no holder panics"))
    }

    pub fn row(&self, who: &Account) -> Option<ContactRow> {
        self.read(|agent| agent.row(who.principal.address()))
    }

    /// The texts of a conversation, oldest first.
    pub fn texts(&self, with: &Account) -> Vec<String> {
        let view = self.read(|agent| agent.conversation(with.principal.address()));
        view.items.into_iter().map(|item| item.text).collect()
    }

    /// What a later life of this device starts with.
    pub fn kept(&self) -> Vec<Keepsake> {
        self.told(|told| told.kept.values().cloned().collect())
    }

    /// What the person was told, and forgets it.
    pub fn notices(&self) -> Vec<Notice> {
        self.told(|told| std::mem::take(&mut told.notices))
    }

    pub fn signed_out(&self) -> Option<Code> {
        self.told(|told| told.signed_out)
    }

    /// Lines that opened so far: grows by one with each reconnect.
    pub fn lines(&self) -> u64 {
        self.told(|told| told.lines)
    }

    fn told<T>(&self, look: impl FnOnce(&mut Told) -> T) -> T {
        look(&mut self.shared.told.lock().expect("no holder panics"))
    }

    /// The value of `look` as soon as there is one, and how long that took. Looked at after every change.
    pub async fn within<T>(
        &self,
        bound: Duration,
        what: &str,
        look: impl Fn(&Agent) -> Option<T>,
    ) -> (T, Duration) {
        let begun = std::time::Instant::now();
        let mut changes = self.shared.changes.subscribe();
        loop {
            if let Some(value) = self.read(&look) {
                return (value, begun.elapsed());
            }
            let left = bound.saturating_sub(begun.elapsed());
            assert!(
                !left.is_zero(),
                "{} did not see within {bound:?}: {what}\nlink {:?}\nroster {:#?}",
                self.address(),
                self.read(Agent::link),
                self.read(|agent| agent.roster("", str::to_lowercase)),
            );
            // Some answers change with time alone.
            let look_again = left.min(Duration::from_millis(100));
            let _ = tokio::time::timeout(look_again, changes.changed()).await;
        }
    }

    pub async fn until<T>(&self, what: &str, look: impl Fn(&Agent) -> Option<T>) -> T {
        self.within(Duration::from_secs(15), what, look).await.0
    }

    /// Asks to see somebody, and waits until they are a contact.
    pub async fn sees(&self, other: &Account) {
        self.intend(Intent::AddContact {
            presentity: other.principal.presentity(),
            petname: None,
            group: None,
        });
        self.until("a new contact", |agent| {
            let row = agent.row(other.principal.address())?;
            (row.kind == RowKind::Contact).then_some(())
        })
        .await;
    }

    /// Waits for somebody's request and allows it.
    pub async fn lets_see(&self, other: &Account) {
        self.decides(other, Decision::Allow).await;
    }

    /// Waits for somebody's request and decides.
    pub async fn decides(&self, about: &Account, decision: Decision) {
        let asks = |agent: &Agent| {
            let requests = agent.requests();
            let asks = requests.iter().any(|row| row.watcher == about.principal);
            asks.then_some(())
        };
        self.until("a request", asks).await;
        self.intend(Intent::Decide {
            watcher: about.principal.clone(),
            decision: Some(decision),
            of: None,
        });
        self.until("no request", |agent| asks(agent).is_none().then_some(()))
            .await;
    }

    /// Waits until somebody's row says this word.
    pub async fn reads(&self, who: &Account, word: Word) {
        self.until(&format!("{word:?}"), |agent| {
            let person = agent.row(who.principal.address())?.person;
            (person.word == word && !person.stale).then_some(())
        })
        .await;
    }

    /// Notes every word that somebody's row says from now on.
    pub fn watches(&self, who: &Account) -> Words {
        let (shared, address) = (self.shared.clone(), who.principal.address().clone());
        let mut changes = self.shared.changes.subscribe();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = seen.clone();
        let watching = tokio::spawn(async move {
            loop {
                let row = shared.agent.lock().expect("no holder panics").row(&address);
                let word = row.map(|row| row.person.word);
                noted.lock().expect("no holder panics").extend(word);
                if changes.changed().await.is_err() {
                    return;
                }
            }
        });
        Words { seen, watching }
    }

    pub async fn is_up(&self) {
        self.until("the line is up", |agent| {
            (agent.link().link == LinkView::Up).then_some(())
        })
        .await;
    }
}

/// The words that a row said.
pub struct Words {
    seen: Arc<Mutex<Vec<Word>>>,
    watching: tokio::task::JoinHandle<()>,
}

impl Words {
    pub fn seen(&self) -> Vec<Word> {
        self.seen.lock().expect("no holder panics").clone()
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

/// Owns the line and does what the agent wants.
struct Shell {
    shared: Arc<Shared>,
    events: mpsc::UnboundedSender<Event>,
    over: SocketAddr,
    token: String,
    line: Option<Box<WebSocketStream<TcpStream>>>,
    /// Counts lines asked for: what an earlier one still says is not heard.
    attempt: u64,
}

impl Shell {
    async fn run(mut self, mut events: mpsc::UnboundedReceiver<Event>) {
        loop {
            let due = self.agent(|agent| agent.poll_timeout());
            let wake = async {
                match due {
                    Some(due) => tokio::time::sleep_until(clock::moment(due)).await,
                    None => std::future::pending().await,
                }
            };
            let input = tokio::select! {
                Some(event) = events.recv() => self.event(event),
                frame = hear(&mut self.line) => Some(self.heard(frame)),
                () = wake => Some(Input::Wake),
            };
            if let Some(input) = input {
                self.agent(|agent| agent.handle(input, clock::now()));
                while let Some(output) = self.agent(Agent::poll_output) {
                    self.carry_out(output).await;
                }
                self.shared.changes.send_modify(|count| *count += 1);
            }
        }
    }

    fn agent<T>(&self, work: impl FnOnce(&mut Agent) -> T) -> T {
        work(&mut self.shared.agent.lock().expect("no holder panics"))
    }

    fn told(&self, work: impl FnOnce(&mut Told)) {
        work(&mut self.shared.told.lock().expect("no holder panics"));
    }

    fn event(&mut self, event: Event) -> Option<Input> {
        match event {
            Event::Input(input) => Some(input),
            Event::Line(attempt, _) if attempt != self.attempt => None,
            Event::Line(_, None) => Some(Input::Lost(LineLost::Unreachable)),
            Event::Line(_, line) => {
                self.line = line;
                self.told(|told| told.lines += 1);
                Some(Input::Opened(Credentials::Token(Private(
                    self.token.clone(),
                ))))
            }
        }
    }

    fn heard(&mut self, frame: Option<Vec<u8>>) -> Input {
        match frame {
            Some(frame) => Input::Frame(frame),
            None => {
                self.line = None;
                Input::Lost(LineLost::Closed)
            }
        }
    }

    async fn carry_out(&mut self, output: Output) {
        match output {
            Output::Connect => self.connect(),
            Output::Send(frame) => {
                if let Some(line) = &mut self.line {
                    // A line that does not take it is broken, and hearing will say so.
                    let _ = line.send(Message::Binary(frame.into())).await;
                }
            }
            Output::Disconnect => self.close().await,
            Output::Keep(keepsake) => self.told(|told| {
                told.kept.insert(keepsake.name(), keepsake);
            }),
            Output::Forget(name) => self.told(|told| {
                told.kept.remove(&name);
            }),
            Output::Tell(notice) => self.told(|told| told.notices.push(notice)),
            Output::SignedOut(code) => self.told(|told| told.signed_out = Some(code)),
            Output::Changed(_) => {}
        }
    }

    async fn close(&mut self) {
        self.attempt += 1;
        if let Some(mut line) = self.line.take() {
            // Nobody waits for the answer to a close.
            let _ = tokio::time::timeout(
                Duration::from_millis(200),
                WebSocketStream::close(&mut line, None),
            )
            .await;
        }
    }

    fn connect(&mut self) {
        self.attempt += 1;
        self.line = None;
        let (attempt, over, events) = (self.attempt, self.over, self.events.clone());
        tokio::spawn(async move {
            let opening = Line::knock(over, Some(Codec::Cbor.subprotocol()), &[]);
            let line = tokio::time::timeout(Duration::from_secs(12), opening).await;
            let line = line.ok().and_then(Result::ok).map(Box::new);
            // A program that has ended meanwhile needs no line.
            let _ = events.send(Event::Line(attempt, line));
        });
    }
}

/// The next frame; nothing when the line is gone. Without a line: waits for ever.
async fn hear(line: &mut Option<Box<WebSocketStream<TcpStream>>>) -> Option<Vec<u8>> {
    let Some(line) = line else {
        return std::future::pending().await;
    };
    loop {
        match line.next().await? {
            Ok(Message::Binary(bytes)) => return Some(bytes.to_vec()),
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}
