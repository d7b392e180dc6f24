//! The shell of one agent in a Room: a tab with its line, what it keeps over a reload, and the person in front of it.

use std::collections::BTreeMap;

use lamplight_core::address::{DeviceId, Principal, SessionId, Token, TupleId};
use lamplight_core::agent::{
    Agent, AgentConfig, Input, Keepsake, KeepsakeName, LineLost, Notice, Output,
};
use lamplight_core::code::Code;
use lamplight_core::wire::{Codec, ToAgent, from_cbor};

use super::events::Event;
use super::line::End;
use super::{LATENCY, Room, Watch};

/// A browser profile or program of a principal, with the tab that is open in it.
pub struct Device {
    pub who: Principal,
    pub name: DeviceId,
    /// Nothing while the tab is closed.
    pub agent: Option<Agent>,
    /// What a shell keeps on this device.
    pub keepsakes: BTreeMap<KeepsakeName, Keepsake>,
    /// What the person was told, in order.
    pub notices: Vec<Notice>,
    /// Every frame that came, with the moment at which it did.
    pub frames: Vec<(u64, ToAgent)>,
    /// Why the login ended, if it did.
    pub signed_out: Option<Code>,
    /// One way to the relay, milliseconds.
    pub latency: u64,
    /// Whether the network of this device reaches the relay.
    pub reachable: bool,
    /// The page's thread is stuck until then.
    pub awake_at: u64,
    pub(super) line: Option<SessionId>,
    /// Counts attempts to connect, so that the answer to an older one is not taken for that to a newer.
    dial: u64,
    watch: Watch,
    timeout: Option<u64>,
    tuple: TupleId,
    /// Tabs that were ever open here.
    tabs: u64,
    lives: u64,
}

impl Device {
    pub(super) fn timeout(&self) -> Option<u64> {
        self.timeout.map(|at| at.max(self.awake_at))
    }
}

impl Room {
    /// The number of a device of this person by its name; made when first named.
    pub(super) fn device_named(&mut self, who: &Principal, name: &str) -> usize {
        let name = Token::parse(name).expect("a device is named by a token");
        let same = |device: &Device| device.who == *who && device.name == name;
        if let Some(index) = self.devices.iter().position(same) {
            return index;
        }
        let index = self.devices.len();
        self.devices.push(Device {
            who: who.clone(),
            tuple: name.clone(),
            name,
            agent: None,
            keepsakes: BTreeMap::new(),
            notices: Vec::new(),
            frames: Vec::new(),
            signed_out: None,
            latency: LATENCY,
            reachable: true,
            awake_at: 0,
            line: None,
            dial: 0,
            watch: Watch {
                origin: 1_000_003 * (index as u64 + 1),
                skew: 0,
            },
            timeout: None,
            tabs: 0,
            lives: 0,
        });
        index
    }

    /// A new tab: it has a tuple of its own, and what this device keeps.
    pub(super) fn opens_tab(&mut self, index: usize) {
        let device = &mut self.devices[index];
        device.tabs += 1;
        let tuple = format!("{}-{}", device.name.as_str(), device.tabs);
        device.tuple = Token::parse(&tuple).expect("a device's name is short");
        self.loads_page(index);
    }

    /// The page starts, in a new tab or after a reload.
    pub(super) fn loads_page(&mut self, index: usize) {
        let (clock, wall, idle_after_ms) = (self.clock, self.wall(), self.idle_after_ms);
        let seed = self.seed;
        let device = &mut self.devices[index];
        assert!(device.agent.is_none(), "the tab is open already");
        device.lives += 1;
        device.signed_out = None;
        let config = AgentConfig {
            seed: seed
                .wrapping_mul(0x1_0000_01b3)
                .wrapping_add(1000 * index as u64 + device.lives),
            principal: device.who.clone(),
            device: device.name.clone(),
            tuple: device.tuple.clone(),
            idle_after_ms,
        };
        device.agent = Some(Agent::new(config, device.watch.now(clock, wall)));
        let kept = device.keepsakes.values().cloned().collect();
        self.tell_device(index, Input::Restored(kept));
        self.tell_device(index, Input::Start);
    }

    /// The page is gone with all it had in memory; its socket closes.
    pub(super) fn unloads_page(&mut self, index: usize) {
        let device = &mut self.devices[index];
        device.agent = None;
        device.timeout = None;
        device.dial += 1;
        device.awake_at = 0;
        if let Some(session) = device.line.take() {
            self.closes_from_device(session);
        }
    }

    /// Hands the agent an input and carries out all it wants; nobody hears it if the tab is closed.
    pub(super) fn tell_device(&mut self, index: usize, input: Input) {
        let (clock, wall) = (self.clock, self.wall());
        let device = &mut self.devices[index];
        let Some(agent) = &mut device.agent else {
            return;
        };
        agent.handle(input, device.watch.now(clock, wall));
        let mut outputs = Vec::new();
        while let Some(output) = agent.poll_output() {
            outputs.push(output);
        }
        let watch = device.watch;
        let timeout = agent.poll_timeout();
        device.timeout = timeout.map(|at| watch.clock_of(at).max(clock));
        for output in outputs {
            self.carries_out_for(index, output);
        }
    }

    fn carries_out_for(&mut self, index: usize, output: Output) {
        self.notes(&output);
        let device = &mut self.devices[index];
        match output {
            Output::Connect => self.connects(index),
            Output::Send(bytes) => {
                if let Some(session) = device.line {
                    self.sends_up(session, bytes);
                }
            }
            Output::Disconnect => {
                device.dial += 1;
                if let Some(session) = device.line.take() {
                    self.closes_from_device(session);
                }
            }
            Output::Keep(keepsake) => {
                device.keepsakes.insert(keepsake.name(), keepsake);
            }
            Output::Forget(name) => {
                device.keepsakes.remove(&name);
            }
            Output::Changed(_) => {}
            Output::Tell(notice) => device.notices.push(notice),
            Output::SignedOut(code) => device.signed_out = Some(code),
        }
    }

    fn connects(&mut self, index: usize) {
        let (has_relay, clock) = (self.relay.is_some(), self.clock);
        let device = &mut self.devices[index];
        device.dial += 1;
        let (dial, latency, reachable) = (device.dial, device.latency, device.reachable);
        if let Some(session) = device.line.take() {
            self.closes_from_device(session);
        }
        let allowed = !self.signed_out.contains(&self.devices[index].who);
        if has_relay && reachable && allowed {
            let session = self.opens_line(End::Device(index), Codec::Cbor, latency);
            self.devices[index].line = Some(session);
        } else {
            let due = clock + 2 * latency;
            self.events.push(due, Event::NotReached(index, dial));
        }
    }

    pub(super) fn not_reached(&mut self, index: usize, dial: u64) {
        let device = &self.devices[index];
        if device.dial != dial {
            return;
        }
        let is_out = self.signed_out.contains(&device.who);
        let refused = self.relay.is_some() && device.reachable && is_out;
        let why = if refused {
            LineLost::SignedOut
        } else {
            LineLost::Unreachable
        };
        self.tell_device(index, Input::Lost(why));
    }

    pub(super) fn opened_at_device(&mut self, session: SessionId) {
        let Some(index) = self.owner(session) else {
            return;
        };
        let who = self.devices[index].who.clone();
        let credentials = self.ticket_for(&who, index as u64);
        self.tell_device(index, Input::Opened(credentials));
    }

    pub(super) fn frame_at_device(&mut self, session: SessionId, bytes: &[u8]) {
        let clock = self.clock;
        let Some(line) = self.lines.get_mut(&session) else {
            return;
        };
        match &mut line.end {
            End::Raw(raw) => {
                let frame = line.codec.decode(bytes).expect("the relay sends frames");
                raw.frames.push((clock, frame));
            }
            End::Device(index) => {
                let index = *index;
                let frame: ToAgent = from_cbor(bytes).expect("the relay sends frames");
                self.devices[index].frames.push((clock, frame));
                self.tell_device(index, Input::Frame(bytes.to_vec()));
            }
        }
    }
}
