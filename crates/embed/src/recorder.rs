//! Writes down what happens to an agent, so that a fault seen in a browser can be replayed anywhere: the same inputs at the same
//! readings give the same outputs.
//!
//! Of the outputs only a hash is kept. Frames to the relay enter it by kind alone, since the hello carries a ticket; the ticket
//! itself is replaced by dots in the recording. What people wrote is in it: a recording is as private as the conversations.

use lamplight_core::agent::{Agent, AgentConfig, Input, Output};
use lamplight_core::private::Private;
use lamplight_core::time::Now;
use lamplight_core::trace::Trace;
use lamplight_core::wire::{Credentials, DecodeError, from_cbor, to_cbor};
use minicbor::{Decode, Encode};

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
    #[cbor(n(2), with = "minicbor::bytes")]
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

/// Runs a recording through an agent of this build.
pub fn replay(recording: &[u8]) -> Result<Replayed, DecodeError> {
    let recording: Recording = from_cbor(recording)?;
    let mut agent = Agent::new(recording.config, recording.born);
    let mut trace = Trace::default();
    let mut decoder = minicbor::Decoder::new(&recording.events);
    let mut events = 0;
    while decoder.position() < recording.events.len() {
        let event: Event = decoder.decode().map_err(|_| DecodeError::NotAFrame)?;
        agent.handle(event.input, event.now);
        while let Some(output) = agent.poll_output() {
            note(&mut trace, event.now, &output);
        }
        events += 1;
    }
    Ok(Replayed {
        events,
        recorded: recording.trace,
        trace: trace.value(),
    })
}

fn note(trace: &mut Trace, now: Now, output: &Output) {
    match output {
        Output::Send(_) => trace.note(now.instant, &"send"),
        output => trace.note(now.instant, output),
    }
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
        let input = match input {
            Input::Opened(_) => Input::Opened(Credentials::Ticket(Private("…".into()))),
            input => input.clone(),
        };
        let event = to_cbor(&Event { now, input });
        if self.events.len() + event.len() > BYTES_MAX {
            self.complete = false;
        } else {
            self.events.extend(event);
        }
    }

    pub fn output(&mut self, output: &Output, now: Now) {
        if self.complete {
            note(&mut self.trace, now, output);
        }
    }

    pub fn trace(&self) -> u64 {
        self.trace.value()
    }

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
