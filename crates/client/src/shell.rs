//! Owns the agent of one principal in this program: feeds it, drains it, carries out what it wants, and tells its follower what
//! is new.
//!
//! ```text
//!   handle(input) ─▶ drain outputs ─▶ line, keepsakes ─▶ the follower ─▶ sleep until poll_timeout
//! ```
//! Nothing of presence or messages is decided here: when to connect again, what to repeat and what to keep is the agent's.

use std::sync::{Arc, Mutex, PoisonError};

use lamplight_core::address::Principal;
use lamplight_core::agent::{Agent, AgentConfig, Changed, Input, Intent, LineLost, Notice, Output};
use lamplight_core::code::Code;
use lamplight_core::private::Private;
use lamplight_core::wire::Credentials;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::clock;
use crate::door::{self, Login};
use crate::error::Error;
use crate::keep::Keep;
use crate::line::Line;
use crate::relay::Relay;

/// What a follower is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A getter of the agent answers differently now.
    Changed(Changed),
    /// Tell the person, once.
    Tell(Notice),
    /// A line opened; whether the relay welcomes us is the agent's to say.
    Opened,
    /// What waits to be sent does not outlive this program any more: the folder cannot be written.
    KeepsNothing,
    /// The login is over. Nothing comes after this.
    SignedOut(Code),
}

/// Looks on, and may want something.
pub trait Follower: Send + 'static {
    /// After each input, with everything that is new by it; what is answered is intended at once.
    fn follow(&mut self, agent: &Agent, news: &[News]) -> Vec<Intent>;
}

/// What a program comes in by, for each line anew.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Token(Private<String>),
    /// A login, traded for tickets; perhaps in the name of a group.
    Tickets(Login, Option<Principal>),
}

/// What the world outside the agent has to say.
enum Event {
    Input(Input),
    /// Nothing happened, but the follower is to look again.
    Look,
    /// The line that was asked for by this number of attempt.
    Opened(u64, Result<(Line, Credentials), LineLost>),
}

/// The running agent. Dropping it breaks its line without a goodbye.
pub struct Shell {
    agent: Arc<Mutex<Agent>>,
    events: mpsc::UnboundedSender<Event>,
    running: JoinHandle<()>,
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Shell {
    /// Wakes the agent with what was kept, and goes to work with a bearer token.
    pub fn start(
        config: AgentConfig,
        relay: Relay,
        token: Private<String>,
        keep: Keep,
        follower: impl Follower,
    ) -> Self {
        Self::enter(config, relay, Entry::Token(token), keep, follower)
    }

    pub(crate) fn enter(
        config: AgentConfig,
        relay: Relay,
        entry: Entry,
        keep: Keep,
        follower: impl Follower,
    ) -> Self {
        let agent = Arc::new(Mutex::new(Agent::new(config, clock::now())));
        let (events, happened) = mpsc::unbounded_channel();
        let kept = keep.restore();
        let work = Work {
            agent: agent.clone(),
            events: events.clone(),
            follower: Box::new(follower),
            relay,
            entry,
            keep,
            kept_all: true,
            line: None,
            attempt: 0,
        };
        let shell = Self {
            agent,
            events,
            running: tokio::spawn(work.run(happened)),
        };
        shell.input(Input::Restored(kept));
        shell.input(Input::Start);
        shell
    }

    /// Tells the agent what happened.
    pub fn input(&self, input: Input) {
        // A shell that is signed out hears nothing any more.
        let _ = self.events.send(Event::Input(input));
    }

    /// What the program wants.
    pub fn intend(&self, intent: Intent) {
        self.input(Input::Intent(intent));
    }

    /// Has the follower look again though nothing happened.
    pub fn look_again(&self) {
        let _ = self.events.send(Event::Look);
    }

    /// Reads the agent's getters. Everything waits meanwhile.
    pub fn read<T>(&self, look: impl FnOnce(&Agent) -> T) -> T {
        look(&self.agent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Leaves: says goodbye on the line, and returns when all is said and kept.
    pub async fn sign_out(mut self) {
        self.intend(Intent::SignOut);
        // What went wrong in there ends here all the same.
        let _ = (&mut self.running).await;
    }
}

/// The task that owns the line and does what the agent wants.
struct Work {
    agent: Arc<Mutex<Agent>>,
    events: mpsc::UnboundedSender<Event>,
    follower: Box<dyn Follower>,
    relay: Relay,
    entry: Entry,
    keep: Keep,
    /// Whether the follower still believes that everything is kept.
    kept_all: bool,
    line: Option<Line>,
    /// Counts lines asked for: what an earlier one still says is not heard.
    attempt: u64,
}

impl Work {
    async fn run(mut self, mut events: mpsc::UnboundedReceiver<Event>) {
        loop {
            let due = self.agent(|agent| agent.poll_timeout());
            let wake = async {
                match due {
                    Some(due) => tokio::time::sleep_until(clock::moment(due)).await,
                    None => std::future::pending().await,
                }
            };
            let mut news = Vec::new();
            let input = tokio::select! {
                Some(event) = events.recv() => self.happened(event, &mut news),
                frame = hear(&mut self.line) => Some(self.heard(frame)),
                () = wake => Some(Input::Wake),
            };
            if self.turn(input, news).await {
                return self.keep.settle().await;
            }
        }
    }

    /// Handles an input and everything that it leads to. Says whether this was the last.
    async fn turn(&mut self, input: Option<Input>, mut news: Vec<News>) -> bool {
        let mut inputs = Vec::from_iter(input);
        loop {
            for input in inputs {
                self.agent(|agent| agent.handle(input, clock::now()));
                while let Some(output) = self.agent(Agent::poll_output) {
                    self.carry_out(output, &mut news).await;
                }
            }
            if self.kept_all && !self.keep.works() {
                self.kept_all = false;
                news.push(News::KeepsNothing);
            }
            let over = news.iter().any(|one| matches!(one, News::SignedOut(_)));
            let intents = {
                let agent = self.agent.lock().unwrap_or_else(PoisonError::into_inner);
                self.follower.follow(&agent, &news)
            };
            if over || intents.is_empty() {
                return over;
            }
            inputs = intents.into_iter().map(Input::Intent).collect();
            news.clear();
        }
    }

    fn agent<T>(&self, work: impl FnOnce(&mut Agent) -> T) -> T {
        work(&mut self.agent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn happened(&mut self, event: Event, news: &mut Vec<News>) -> Option<Input> {
        match event {
            Event::Input(input) => Some(input),
            Event::Look => None,
            Event::Opened(attempt, _) if attempt != self.attempt => None,
            Event::Opened(_, Err(how)) => Some(Input::Lost(how)),
            Event::Opened(_, Ok((line, credentials))) => {
                self.line = Some(line);
                news.push(News::Opened);
                Some(Input::Opened(credentials))
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

    async fn carry_out(&mut self, output: Output, news: &mut Vec<News>) {
        match output {
            Output::Connect => self.connect(),
            Output::Send(frame) => {
                if let Some(line) = &self.line {
                    line.say(frame);
                }
            }
            Output::Disconnect => {
                self.attempt += 1;
                if let Some(line) = self.line.take() {
                    line.close().await;
                }
            }
            Output::Keep(keepsake) => self.keep.keep(keepsake),
            Output::Forget(name) => self.keep.forget(&name),
            Output::Changed(what) => news.push(News::Changed(what)),
            Output::Tell(notice) => news.push(News::Tell(notice)),
            Output::SignedOut(code) => news.push(News::SignedOut(code)),
        }
    }

    /// Credentials and a line; every way this can go ends in one input.
    fn connect(&mut self) {
        self.attempt += 1;
        self.line = None;
        let (attempt, events) = (self.attempt, self.events.clone());
        let (relay, entry) = (self.relay.clone(), self.entry.clone());
        tokio::spawn(async move {
            let opened = open(&relay, entry).await;
            // A shell that has ended meanwhile needs no line.
            let _ = events.send(Event::Opened(attempt, opened));
        });
    }
}

async fn open(relay: &Relay, entry: Entry) -> Result<(Line, Credentials), LineLost> {
    let credentials = match entry {
        Entry::Token(token) => Credentials::Token(token),
        Entry::Tickets(login, speak_as) => {
            let ticket = door::ticket(relay, &login, speak_as.as_ref()).await;
            Credentials::Ticket(ticket.map_err(|error| lost(&error))?)
        }
    };
    let line = Line::open(relay).await.map_err(|error| lost(&error))?;
    Ok((line, credentials))
}

fn lost(error: &Error) -> LineLost {
    match error {
        Error::Refused(Code::NotSignedIn | Code::SignedOut | Code::NotAllowed) => {
            LineLost::SignedOut
        }
        _ => LineLost::Unreachable,
    }
}

/// The next frame; nothing when the line is gone. Without a line: waits for ever.
async fn hear(line: &mut Option<Line>) -> Option<Vec<u8>> {
    match line {
        Some(line) => line.hear().await,
        None => std::future::pending().await,
    }
}
