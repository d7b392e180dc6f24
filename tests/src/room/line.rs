//! The lines between devices and the relay: streams that carry real bytes in order, and the ways in which they break.

use std::collections::VecDeque;
use std::sync::Arc;

use lamplight_core::address::SessionId;
use lamplight_core::service::{Lost, Slot};
use lamplight_core::wire::Codec;
use lamplight_core::{agent, service};

use super::events::Event;
use super::wire::Raw;
use super::{PipeFault, Room};

/// Frames that may wait for one socket before its shell gives it up (trust.md B5).
const OUTBOX_FRAMES: usize = 512;

/// One connection.
pub struct Line {
    pub end: End,
    pub codec: Codec,
    /// One way, milliseconds.
    pub latency: u64,
    pub state: State,
    /// Whether the other end takes what is written to it.
    pub reading: Reading,
    /// What waits while the other end does not read.
    outbox: VecDeque<(Slot, Arc<[u8]>)>,
    /// What was due while the line was frozen.
    held: Vec<(u64, Event)>,
    /// When the last bytes of each direction arrive: later ones do not overtake them.
    up: u64,
    down: u64,
    /// Frames sent to the device, for faults.
    count: u64,
    /// Whether each end still has it open.
    pub at_relay: bool,
    pub at_device: bool,
}

/// Who is at the other end.
pub enum End {
    Device(usize),
    /// Nobody but the test, with frames written by hand.
    Raw(Raw),
}

/// What the network does with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Whole,
    /// Nothing passes for a while; then all of it.
    Frozen,
    /// Nothing will ever pass again, and neither end is told.
    Cut,
}

/// What a socket's other end does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    Everything,
    Nothing,
}

impl Line {
    pub fn new(end: End, codec: Codec, latency: u64) -> Self {
        Self {
            end,
            codec,
            latency,
            state: State::Whole,
            reading: Reading::Everything,
            outbox: VecDeque::new(),
            held: Vec::new(),
            up: 0,
            down: 0,
            count: 0,
            at_relay: true,
            at_device: true,
        }
    }

    fn arrives_up(&mut self, clock: u64) -> u64 {
        self.up = self.up.max(clock + self.latency);
        self.up
    }

    fn arrives_down(&mut self, clock: u64) -> u64 {
        self.down = self.down.max(clock + self.latency);
        self.down
    }

    /// The relay's shell puts a frame behind those that wait; the newest of one presentity takes the place of an older one.
    fn wait(&mut self, slot: Slot, bytes: Arc<[u8]>) {
        let same = |(waiting, _): &&mut (Slot, Arc<[u8]>)| {
            matches!(slot, Slot::Latest(_)) && *waiting == slot
        };
        match self.outbox.iter_mut().find(same) {
            Some(older) => older.1 = bytes,
            None => self.outbox.push_back((slot, bytes)),
        }
    }
}

impl Room {
    /// What a line does with something that travels on it: lets it pass, keeps it or loses it.
    pub(super) fn on_the_line(&mut self, order: u64, event: Event) -> Option<Event> {
        let Some(session) = event.session() else {
            return Some(event);
        };
        let line = self.lines.get_mut(&session)?;
        let still_open = if event.is_for_relay() {
            line.at_relay
        } else {
            line.at_device
        };
        if !still_open {
            return None;
        }
        match line.state {
            State::Whole => {}
            State::Cut => return None,
            State::Frozen => {
                line.held.push((order, event));
                return None;
            }
        }
        if let (End::Device(index), true) = (&line.end, event.is_for_page()) {
            let awake = self.devices[*index].awake_at;
            if awake > self.clock {
                self.events.defer(awake, order, event);
                return None;
            }
        }
        Some(event)
    }

    /// A new line; both ends learn of it after a round trip.
    pub(super) fn opens_line(&mut self, end: End, codec: Codec, latency: u64) -> SessionId {
        let session = SessionId(self.next_session);
        self.next_session += 1;
        let mut line = Line::new(end, codec, latency);
        let (up, down) = (line.arrives_up(self.clock), self.clock + 2 * latency);
        line.down = down;
        self.lines.insert(session, line);
        self.events.push(up, Event::OpenedAtRelay(session));
        self.events.push(down, Event::OpenedAtDevice(session));
        session
    }

    /// Bytes from the device.
    pub(super) fn sends_up(&mut self, session: SessionId, bytes: Vec<u8>) {
        let clock = self.clock;
        if let Some(line) = self.lines.get_mut(&session) {
            let due = line.arrives_up(clock);
            self.events.push(due, Event::ToRelay(session, bytes.into()));
        }
    }

    /// Bytes from the relay.
    pub(super) fn sends_down(&mut self, session: SessionId, slot: Slot, bytes: Arc<[u8]>) {
        let Some(line) = self.lines.get_mut(&session) else {
            return;
        };
        line.wait(slot, bytes);
        if line.outbox.len() > OUTBOX_FRAMES {
            self.gives_up(session);
        } else if line.reading == Reading::Everything {
            self.flushes(session);
        }
    }

    fn flushes(&mut self, session: SessionId) {
        let (clock, fault) = (self.clock, self.pipe_fault);
        let Some(line) = self.lines.get_mut(&session) else {
            return;
        };
        while let Some((_, bytes)) = line.outbox.pop_front() {
            line.count += 1;
            let mut due = line.arrives_down(clock);
            match fault {
                Some(PipeFault::Drops(each)) if line.count.is_multiple_of(each) => continue,
                Some(PipeFault::Swaps(each)) if line.count.is_multiple_of(each) => due += 5,
                _ => {}
            }
            self.events.push(due, Event::ToDevice(session, bytes));
        }
    }

    /// The shell closes a socket whose other end does not read.
    fn gives_up(&mut self, session: SessionId) {
        if let Some(line) = self.lines.get_mut(&session) {
            line.outbox.clear();
            line.at_relay = false;
            let due = line.arrives_down(self.clock);
            self.events.push(due, Event::GoneAtDevice(session));
            self.tell_relay(service::Input::Lost(session, Lost::Slow));
        }
    }

    /// The relay closes a line after what waits for it is written.
    pub(super) fn closes_from_relay(&mut self, session: SessionId) {
        self.flushes(session);
        if let Some(line) = self.lines.get_mut(&session) {
            line.at_relay = false;
            let due = line.arrives_down(self.clock);
            self.events.push(due, Event::GoneAtDevice(session));
        }
        self.forgets_line(session);
    }

    /// The device closes a line after what it wrote.
    pub(super) fn closes_from_device(&mut self, session: SessionId) {
        if let Some(line) = self.lines.get_mut(&session) {
            line.at_device = false;
            let due = line.arrives_up(self.clock);
            self.events.push(due, Event::GoneAtRelay(session));
        }
        self.forgets_line(session);
    }

    pub(super) fn gone_at_relay(&mut self, session: SessionId) {
        if let Some(line) = self.lines.get_mut(&session) {
            line.at_relay = false;
        }
        self.forgets_line(session);
        self.tell_relay(service::Input::Lost(session, Lost::Closed));
    }

    pub(super) fn gone_at_device(&mut self, session: SessionId) {
        let Some(line) = self.lines.get_mut(&session) else {
            return;
        };
        line.at_device = false;
        let owner = match &mut line.end {
            End::Raw(raw) => {
                raw.closed_at = Some(self.clock);
                None
            }
            End::Device(index) => Some(*index),
        };
        self.forgets_line(session);
        if let Some(index) = owner {
            self.devices[index].line = None;
            self.tell_device(index, agent::Input::Lost(agent::LineLost::Closed));
        }
    }

    /// What neither end has open is no more; of a raw one the test may still want to read.
    fn forgets_line(&mut self, session: SessionId) {
        let gone =
            |line: &Line| !line.at_relay && !line.at_device && matches!(line.end, End::Device(_));
        if self.lines.get(&session).is_some_and(gone) {
            self.lines.remove(&session);
        }
    }

    /// A ping is answered below the page: by the browser, also while the page is busy.
    pub(super) fn ping_at_device(&mut self, session: SessionId) {
        let clock = self.clock;
        if let Some(line) = self.lines.get_mut(&session)
            && line.reading == Reading::Everything
            && !matches!(&line.end, End::Raw(raw) if raw.deaf)
        {
            let due = line.arrives_up(clock);
            self.events.push(due, Event::PongAtRelay(session));
        }
    }

    pub(super) fn pings(&mut self, session: SessionId) {
        let clock = self.clock;
        if let Some(line) = self.lines.get_mut(&session) {
            let due = line.arrives_down(clock);
            self.events.push(due, Event::PingAtDevice(session));
        }
    }

    /// The line breaks and both ends are told; what was on its way is lost.
    pub(super) fn resets(&mut self, session: SessionId) {
        let clock = self.clock;
        let Some(line) = self.lines.get_mut(&session) else {
            return;
        };
        line.state = State::Whole;
        line.outbox.clear();
        line.held.clear();
        let due = clock + line.latency;
        self.events.retain(|event| event.session() != Some(session));
        self.events.push(due, Event::GoneAtDevice(session));
        self.events.push(due, Event::GoneAtRelay(session));
    }

    /// Nothing passes any more, and nobody is told.
    pub(super) fn cuts_line(&mut self, session: SessionId) {
        if let Some(line) = self.lines.get_mut(&session) {
            line.state = State::Cut;
        }
    }

    pub(super) fn freezes_line(&mut self, session: SessionId) {
        if let Some(line) = self.lines.get_mut(&session)
            && line.state == State::Whole
        {
            line.state = State::Frozen;
        }
    }

    pub(super) fn thaws_line(&mut self, session: SessionId) {
        let clock = self.clock;
        if let Some(line) = self.lines.get_mut(&session)
            && line.state == State::Frozen
        {
            line.state = State::Whole;
            line.up = line.up.max(clock);
            line.down = line.down.max(clock);
            for (order, event) in std::mem::take(&mut line.held) {
                self.events.defer(clock, order, event);
            }
        }
    }

    pub(super) fn reads_on(&mut self, session: SessionId, reading: Reading) {
        if let Some(line) = self.lines.get_mut(&session) {
            line.reading = reading;
        }
        if reading == Reading::Everything {
            self.flushes(session);
        }
    }
}

impl Room {
    /// The relay is gone at once: every line that still works breaks, and what was on it is lost.
    pub(super) fn breaks_all_lines(&mut self) {
        self.events.retain(|event| event.session().is_none());
        for (session, line) in &mut self.lines {
            line.at_relay = false;
            line.outbox.clear();
            line.held.clear();
            let due = self.clock + line.latency;
            self.events.push(due, Event::GoneAtDevice(*session));
        }
    }
}
