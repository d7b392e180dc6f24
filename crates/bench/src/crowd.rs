//! Agents on wires: everyone of a town with core's own `Agent`, as a tab or a bot runs it, all in one thread.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use lamplight_core::address::{InboxAddress, Token};
use lamplight_core::agent::{
    Agent, AgentConfig, Changed, Input, Intent, KeepsakeName, LineLost, LinkView, Notice, Output,
};
use lamplight_core::message::Body;
use lamplight_core::private::Private;
use lamplight_core::wire::{Credentials, ToAgent, from_cbor};

use crate::clock;
use crate::frames::Framing;
use crate::town::{Town, device};
use crate::wires::{Happened, Out, Wires};

/// Lines that are being opened at the same time: fewer than any queue of a listener.
const OPENING: usize = 100;
/// How often agents are asked whether something is due.
const LOOK_EVERY: u64 = 100_000;
/// Nobody is idle, so that nothing but the bench changes.
const NEVER_IDLE_MS: u64 = 86_400_000;
/// What has not happened within this has failed.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// Whether what comes is handed to agents, or only counted: an agent reads and sorts a notification in about the time in which the
/// relay makes ten, so a generator of agents would be the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ears {
    Agents,
    Count,
}

/// What was heard since the counts were last taken.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    pub frames: u64,
    pub bytes: u64,
    /// Presentities in notifications; counted while agents listen.
    pub states: u64,
    /// Lines that ended.
    pub lost: u64,
    /// Ages of what says when it was said, in microseconds.
    pub ages: Vec<u32>,
    /// Whose own word came back.
    pub echoes: Vec<usize>,
    /// Messages taken by their receivers' agents, and those that the relay has said to have.
    pub messages: u64,
    pub accepted: u64,
    /// Who took them, and whose were accepted.
    pub taken: Vec<usize>,
    pub receipts: Vec<usize>,
    /// By watcher and presentity, when what was heard last was said; if that is to be known.
    pub newest: Option<HashMap<(usize, usize), u64>>,
}

struct Person {
    agent: Option<Agent>,
    is_up: bool,
}

/// Everyone of a town, and the wires.
pub struct Crowd {
    pub town: Town,
    pub wires: Wires,
    people: Vec<Person>,
    pub ears: Ears,
    pub heard: Heard,
    /// Who wants to connect.
    waiting: Vec<usize>,
    opening: usize,
    looked: u64,
    up: usize,
}

impl Crowd {
    pub fn new(town: Town, server: SocketAddr) -> Result<Self> {
        let people = (0..town.people).map(|_| Person {
            agent: None,
            is_up: false,
        });
        Ok(Self {
            town,
            wires: Wires::new(server, Framing::WebSocket, town.people)?,
            people: people.collect(),
            ears: Ears::Agents,
            heard: Heard::default(),
            waiting: Vec::new(),
            opening: 0,
            looked: 0,
            up: 0,
        })
    }

    /// Lets these come in, and waits until each is welcomed.
    pub fn enter(&mut self, who: impl Iterator<Item = usize>) -> Result<()> {
        let before = self.up;
        let mut wanted = 0;
        for index in who {
            let config = AgentConfig {
                seed: index as u64,
                principal: Town::principal(index),
                device: Token::parse("bench").expect("a token"),
                tuple: device(),
                idle_after_ms: NEVER_IDLE_MS,
            };
            self.people[index].agent = Some(Agent::new(config, clock::now()));
            self.input(index, Input::Start);
            wanted += 1;
        }
        self.until("everyone is welcomed", |crowd| crowd.up >= before + wanted)
    }

    /// How many are welcomed and have not lost their line since.
    pub fn up(&self) -> usize {
        self.up
    }

    /// Turns until this is so.
    pub fn until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) -> Result<()> {
        let end = clock::micros() + PATIENCE.as_micros() as u64;
        while !done(self) {
            ensure!(
                clock::micros() < end,
                "not within {PATIENCE:?}: {what} ({} of {} are up, {:?} heard)",
                self.up,
                self.people.len(),
                self.heard.frames
            );
            self.turn(Duration::from_millis(5))?;
        }
        Ok(())
    }

    /// Turns for so long.
    pub fn last(&mut self, time: Duration) -> Result<()> {
        let end = clock::micros() + time.as_micros() as u64;
        while clock::micros() < end {
            self.turn(Duration::from_millis(5))?;
        }
        Ok(())
    }

    /// One look at the wires.
    pub fn turn(&mut self, wait: Duration) -> Result<()> {
        while self.opening < OPENING
            && let Some(index) = self.waiting.pop()
        {
            self.opening += 1;
            self.wires.connect(index)?;
        }
        let Self {
            wires,
            people,
            heard,
            waiting,
            opening,
            up,
            ears,
            ..
        } = self;
        wires.turn(wait, &mut |index, what, out| {
            let person = &mut people[index];
            let input = match what {
                Happened::Open => {
                    let secret = Town::secret(index);
                    Input::Opened(Credentials::Token(Private(secret)))
                }
                Happened::Frame(frame) => {
                    heard.frames += 1;
                    heard.bytes += frame.len() as u64;
                    heard.note(index, frame);
                    if *ears == Ears::Count {
                        return;
                    }
                    heard.states += states_in(frame);
                    Input::Frame(frame.to_vec())
                }
                Happened::Gone => {
                    heard.lost += 1;
                    if !person.is_up {
                        *opening = opening.saturating_sub(1);
                    }
                    Input::Lost(LineLost::Closed)
                }
            };
            let was_up = person.is_up;
            person.take(index, input, out, heard, |wish| match wish {
                Wish::Connect => waiting.push(index),
                Wish::Disconnect => {}
            });
            if person.is_up && !was_up {
                *opening = opening.saturating_sub(1);
                *up += 1;
            }
            if was_up && !person.is_up {
                *up -= 1;
            }
        })?;
        if self.ears == Ears::Agents && clock::micros() > self.looked + LOOK_EVERY {
            self.looked = clock::micros();
            let now = clock::now().instant;
            for index in 0..self.people.len() {
                let agent = self.people[index].agent.as_ref();
                let due = agent.and_then(Agent::poll_timeout);
                if due.is_some_and(|due| due <= now) {
                    self.input(index, Input::Wake);
                }
            }
        }
        Ok(())
    }

    /// A message from one to another, by the sender's agent.
    pub fn send(&mut self, from: usize, to: usize, text: &str) {
        let to: InboxAddress = Town::principal(to).inbox();
        let body = Body::parse(text).expect("a short text");
        self.input(from, Input::Intent(Intent::Send { to, body }));
    }

    /// Someone's line breaks without a word, and their agent does not come back.
    pub fn drop_line(&mut self, index: usize) {
        self.wires.disconnect(index);
        let person = &mut self.people[index];
        person.agent = None;
        if std::mem::take(&mut person.is_up) {
            self.up -= 1;
        }
    }

    /// Takes the counts.
    pub fn take(&mut self) -> Heard {
        std::mem::take(&mut self.heard)
    }

    fn input(&mut self, index: usize, input: Input) {
        let mut bytes = Said::default();
        let mut wishes = Vec::new();
        let person = &mut self.people[index];
        let was_up = person.is_up;
        person.take(index, input, &mut bytes, &mut self.heard, |wish| {
            wishes.push(wish);
        });
        self.up = self.up + usize::from(person.is_up) - usize::from(was_up);
        for frame in bytes.0 {
            self.wires.say(index, &frame);
        }
        for wish in wishes {
            match wish {
                Wish::Connect => self.waiting.push(index),
                Wish::Disconnect => self.wires.disconnect(index),
            }
        }
    }
}

/// Where an agent's frames go.
trait Line {
    fn say(&mut self, frame: Vec<u8>);
}

#[derive(Default)]
struct Said(Vec<Vec<u8>>);

impl Line for Said {
    fn say(&mut self, frame: Vec<u8>) {
        self.0.push(frame);
    }
}

impl Line for Out<'_> {
    fn say(&mut self, frame: Vec<u8>) {
        Out::say(self, &frame);
    }
}

enum Wish {
    Connect,
    Disconnect,
}

impl Person {
    fn take(
        &mut self,
        index: usize,
        input: Input,
        line: &mut impl Line,
        heard: &mut Heard,
        mut wish: impl FnMut(Wish),
    ) {
        let Some(agent) = &mut self.agent else {
            return;
        };
        agent.handle(input, clock::now());
        while let Some(output) = agent.poll_output() {
            match output {
                Output::Connect => wish(Wish::Connect),
                Output::Disconnect => wish(Wish::Disconnect),
                Output::Send(frame) => line.say(frame),
                Output::Tell(Notice::Message { .. }) => {
                    heard.messages += 1;
                    heard.taken.push(index);
                }
                Output::Forget(KeepsakeName::Outgoing(_)) => {
                    heard.accepted += 1;
                    heard.receipts.push(index);
                }
                Output::Changed(Changed::Link) => {
                    self.is_up = agent.link().link == LinkView::Up;
                }
                _ => {}
            }
        }
    }
}

impl Heard {
    /// What says when it was said has a `@` and the time in microseconds, then a `;`. And one's own: whose number stands behind.
    pub fn note(&mut self, index: usize, frame: &[u8]) {
        let Some((at, of)) = stamp_in(frame) else {
            return;
        };
        let age = clock::micros().saturating_sub(at);
        self.ages.push(u32::try_from(age).unwrap_or(u32::MAX));
        if let Some(newest) = &mut self.newest {
            newest.insert((index, of), at);
        }
        if of == index {
            self.echoes.push(index);
        }
    }
}

/// The words of a state that can be recognised when it comes.
pub fn stamp(at: u64, index: usize) -> String {
    format!("@{at:012};{index:06};")
}

/// When the state in this frame was said, and by whom.
pub fn stamp_in(frame: &[u8]) -> Option<(u64, usize)> {
    let number = |bytes: &[u8]| -> Option<u64> {
        let digit = |byte: &u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
        bytes
            .iter()
            .try_fold(0_u64, |sum, byte| Some(sum * 10 + digit(byte)?))
    };
    let mut rest = frame;
    while let Some(at) = rest.iter().position(|byte| *byte == b'@') {
        rest = &rest[at + 1..];
        if rest.get(12) == Some(&b';') && rest.get(19) == Some(&b';') {
            return Some((number(&rest[..12])?, number(&rest[13..19])? as usize));
        }
    }
    None
}

/// How many presentities a frame tells of.
fn states_in(frame: &[u8]) -> u64 {
    match from_cbor(frame) {
        Ok(ToAgent::Notify { notifications }) => notifications.len() as u64,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::town::device_says;

    #[test]
    fn a_stamp_is_found_behind_addresses() {
        let words = stamp(clock::micros(), 42);
        let mut frame = b"person1@localhost".to_vec();
        frame.extend(device_says(&words));
        let (at, of) = stamp_in(&frame).unwrap();
        assert_eq!(of, 42);
        assert!(at <= clock::micros());
        assert_eq!(stamp_in(b"person1@localhost and nothing"), None);
    }
}
