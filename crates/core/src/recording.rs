//! What happened to an agent, written down, so that a fault seen in a browser can be replayed anywhere: the same inputs at the
//! same readings give the same outputs.
//!
//! Of the outputs only a hash is kept. The hello enters it by its kind alone, since it carries a ticket; the ticket itself is
//! replaced by dots. What people wrote is in a recording: it is as private as the conversations.

use alloc::vec::Vec;

use crate::cbor::{Decode, Encode, Reader};

use crate::agent::{Agent, AgentConfig, Input, Output};
use crate::private::Private;
use crate::time::Now;
use crate::trace::Trace;
use crate::wire::{Credentials, DecodeError, from_cbor, to_cbor};

/// A recording ends when it has grown to this many bytes; what came until then stays of use.
const BYTES_MAX: usize = 5 * 1024 * 1024;

/// One life of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Recording {
    #[n(0)]
    pub config: AgentConfig,
    /// When the agent was made.
    #[n(1)]
    pub born: Now,
    /// A sequence of [`Event`]s (RFC 8742).
    #[n(2)]
    #[cbor(bytes)]
    pub events: Vec<u8>,
    /// The hash of the outputs.
    #[n(3)]
    pub trace: u64,
    /// Nothing was left out at the end.
    #[n(4)]
    pub complete: bool,
}

/// One input, with the readings it was handed in at.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Event {
    #[n(0)]
    pub now: Now,
    #[n(1)]
    pub input: Input,
}

/// What a replay came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed {
    pub events: usize,
    /// The hash that the recording carries.
    pub recorded: u64,
    /// The hash of the replay's own outputs.
    pub trace: u64,
}

impl Recording {
    /// Reads a recording from its bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        from_cbor(bytes)
    }

    /// Runs it through an agent of this build and shows every event with all that the agent wanted because of it.
    pub fn replay(&self, mut see: impl FnMut(&Event, &[Output])) -> Result<Replayed, DecodeError> {
        let mut agent = Agent::new(self.config.clone(), self.born);
        let mut trace = Trace::default();
        let mut reader = Reader::new(&self.events);
        let mut events = 0;
        while reader.position() < self.events.len() {
            let event = Event::decode(&mut reader).ok_or(DecodeError::NotAFrame)?;
            agent.handle(event.input.clone(), event.now);
            let outputs: Vec<_> = core::iter::from_fn(|| agent.poll_output()).collect();
            for output in &outputs {
                note(&mut trace, event.now, output);
            }
            see(&event, &outputs);
            events += 1;
        }
        Ok(Replayed {
            events,
            recorded: self.trace,
            trace: trace.value(),
        })
    }
}

/// Reads a recording and runs it through an agent of this build.
pub fn replay(recording: &[u8]) -> Result<Replayed, DecodeError> {
    Recording::read(recording)?.replay(|_, _| ())
}

fn note(trace: &mut Trace, now: Now, output: &Output) {
    match output {
        Output::Send(frame) if is_hello(frame) => trace.note(now.instant, &"hello"),
        output => trace.note(now.instant, output),
    }
}

fn is_hello(frame: &[u8]) -> bool {
    // A frame is `[kind, fields]`, and hello is the kind 0.
    matches!(Reader::new(frame).variant(), Some((0, _)))
}

/// The recorder of a running agent.
pub struct Recorder {
    config: AgentConfig,
    born: Now,
    events: Vec<u8>,
    trace: Trace,
    complete: bool,
}

impl Recorder {
    pub fn new(config: AgentConfig, born: Now) -> Self {
        Self {
            config,
            born,
            events: Vec::new(),
            trace: Trace::default(),
            complete: true,
        }
    }

    /// Before the agent handles it.
    pub fn input(&mut self, input: &Input, now: Now) {
        if !self.complete {
            return;
        }
        let hidden;
        let input = match input {
            Input::Opened(_) => {
                hidden = Input::Opened(Credentials::Ticket(Private("…".into())));
                &hidden
            }
            input => input,
        };
        // An `Event`, whose row of two is written like a pair.
        let event = to_cbor(&(now, input));
        if self.events.len() + event.len() > BYTES_MAX {
            self.complete = false;
        } else {
            self.events.extend(event);
        }
    }

    /// As the agent gives it.
    pub fn output(&mut self, output: &Output, now: Now) {
        if self.complete {
            note(&mut self.trace, now, output);
        }
    }

    /// The hash of the outputs so far.
    pub fn trace(&self) -> u64 {
        self.trace.value()
    }

    /// What is recorded so far, as [`Recording::read`] reads it.
    pub fn recording(&self) -> Vec<u8> {
        to_cbor(&Recording {
            config: self.config.clone(),
            born: self.born,
            events: self.events.clone(),
            trace: self.trace.value(),
            complete: self.complete,
        })
    }
}
