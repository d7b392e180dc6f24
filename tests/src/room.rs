//! One relay, many people with their devices, and everything between them: no socket, no thread, no clock but its own.
//!
//! The Room is the shell of every machine in it. Whatever a machine wants becomes an event with a due moment; the Room takes
//! events and timeouts in the order of their moments, so that the same calls always give the same run. A test says what
//! people do ([`talk`]), lets time pass, and asks what they see.

mod device;
mod disk;
mod events;
mod line;
mod relay;
mod talk;
mod wire;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hasher as _;
use std::time::Duration;

use lamplight_core::address::{Principal, SessionId};
use lamplight_core::code::Refusal;
use lamplight_core::presence::Notification;
use lamplight_core::service::{Identity, LookId, ServiceConfig};
use lamplight_core::time::{Instant, Now, Timestamp, millis};
use lamplight_core::trace::{Trace, TraceHasher};

pub use device::Device;
pub use disk::{Disk, Fault};
pub use talk::{body, in_words, inbox, presentity};
pub use wire::{Raw, device_id};

use events::{Event, Events};
use line::Line;
use relay::Relay;

/// Wakes of one machine at one moment after which its timers are taken to run in a circle.
const WAKES_AT_ONCE: u32 = 64;
/// Events without time passing after which nobody believes that it will end.
const EVENTS_AT_ONCE: u32 = 500_000;
/// The wall clock when a Room opens: 2026-01-01T00:00:00Z.
const OPENING: u64 = 1_767_225_600_000;
/// How long bytes are on their way unless the test says otherwise, in milliseconds.
const LATENCY: u64 = 10;

/// A domain with its people, their devices and the relay between them.
pub struct Room {
    /// What the relay is started with.
    pub config: ServiceConfig,
    /// What every device is made with: no input for this long means away, in milliseconds.
    pub idle_after_ms: u64,
    /// What the disk does.
    pub disk: Disk,
    /// A fault planted in the pipes.
    pub pipe_fault: Option<PipeFault>,
    seed: u64,
    /// Milliseconds since the Room opened.
    clock: u64,
    /// What the wall clock is ahead of [`OPENING`] plus `clock`.
    wall_jump: i64,
    relay: Option<Relay>,
    starts: u64,
    devices: Vec<Device>,
    lines: BTreeMap<SessionId, Line>,
    next_session: u64,
    events: Events,
    tickets: BTreeMap<String, Identity>,
    /// By way of which site each visitor's line was opened.
    sites: BTreeMap<SessionId, Option<String>>,
    next_ticket: u64,
    signed_out: BTreeSet<Principal>,
    guests: BTreeSet<Principal>,
    groups: BTreeSet<Principal>,
    programs: BTreeSet<Principal>,
    /// When passwords were last said, for each login.
    confirmed: BTreeMap<(Principal, u64), Timestamp>,
    /// Answers to those without a session.
    looked: BTreeMap<LookId, Result<Vec<Notification>, Refusal>>,
    next_look: u64,
    trace: Trace,
    wakes: u32,
}

/// A fault of the pipes that no honest stream has; planted to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PipeFault {
    /// Every so many frames to an agent, one is dropped from the middle of the stream.
    Drops(u64),
    /// Every so many frames to an agent, one overtakes the one before it.
    Swaps(u64),
}

impl Room {
    /// A relay with the default limits, and nobody there.
    pub fn new() -> Self {
        Self::with(ServiceConfig::default())
    }

    /// A relay with these limits.
    pub fn with(config: ServiceConfig) -> Self {
        Self::seeded(config, SEED.get())
    }

    /// As [`Room::with`], whatever the story's seed is. Everything random in the Room comes from its seed.
    pub fn seeded(config: ServiceConfig, seed: u64) -> Self {
        let mut room = Self {
            config,
            idle_after_ms: millis(lamplight_core::agent::IDLE_AFTER),
            disk: Disk::new(seed ^ 0xd15c),
            pipe_fault: None,
            seed,
            clock: 0,
            wall_jump: 0,
            relay: None,
            starts: 0,
            devices: Vec::new(),
            lines: BTreeMap::new(),
            next_session: 1,
            events: Events::default(),
            tickets: BTreeMap::new(),
            sites: BTreeMap::new(),
            next_ticket: 1,
            signed_out: BTreeSet::new(),
            guests: BTreeSet::new(),
            groups: BTreeSet::new(),
            programs: BTreeSet::new(),
            confirmed: BTreeMap::new(),
            looked: BTreeMap::new(),
            next_look: 1,
            trace: Trace::default(),
            wakes: 0,
        };
        room.starts_relay();
        // Nobody is unknown for having come before the relay knew who is absent.
        room.passes(room.config.bounds.settle);
        room
    }

    /// Milliseconds since the Room opened.
    pub fn clock(&self) -> u64 {
        self.clock
    }

    /// What the relay's wall clock shows.
    pub fn wall(&self) -> Timestamp {
        Timestamp((OPENING + self.clock).saturating_add_signed(self.wall_jump))
    }

    /// The wall clocks of everyone are set; no monotonic clock notices.
    pub fn wall_clock_jumps(&mut self, by_ms: i64) {
        self.wall_jump += by_ms;
    }

    /// A hash of everything that has happened here.
    pub fn trace_hash(&self) -> u64 {
        self.trace.value()
    }

    /// Notes something that happened now.
    fn notes<T: std::hash::Hash>(&mut self, what: &T) {
        self.trace.note(Instant(self.clock), what);
    }

    /// Lets everything arrive that is on its way, and the time that this takes pass.
    pub fn settles(&mut self) {
        while let Some(due) = self.events.next_due() {
            self.step(due);
        }
    }

    /// Lets this much time pass.
    pub fn passes(&mut self, wait: Duration) {
        let end = self.clock + millis(wait);
        while self.step(end) {}
        self.clock = end;
    }

    /// Lets time pass until this holds, and says how long that took.
    ///
    /// # Panics
    /// If it does not hold within `limit`.
    pub fn until(&mut self, limit: Duration, mut holds: impl FnMut(&mut Self) -> bool) -> Duration {
        let begun = self.clock;
        let end = begun + millis(limit);
        while !holds(self) {
            assert!(
                self.step(end) && self.clock <= end,
                "what was waited for did not happen within {limit:?}"
            );
        }
        Duration::from_millis(self.clock - begun)
    }

    /// Takes the next thing that is due up to `horizon`; false if there is none.
    fn step(&mut self, horizon: u64) -> bool {
        let event = self.events.next_due();
        let wake = self.next_wake();
        let due = match (event, wake) {
            (Some(event), Some((wake, _))) => event.min(wake),
            (Some(event), None) => event,
            (None, Some((wake, _))) => wake,
            (None, None) => return false,
        };
        if due > horizon {
            return false;
        }
        if due > self.clock {
            self.clock = due;
            self.wakes = 0;
        }
        self.wakes += 1;
        assert!(
            self.wakes < EVENTS_AT_ONCE,
            "time stands still at {} ms",
            self.clock
        );
        match (event, wake) {
            (Some(event), _) if event <= due => self.take_event(),
            (_, Some((_, who))) => self.wake(who),
            _ => {}
        }
        true
    }

    /// The machine whose timeout comes first, the relay before the devices.
    fn next_wake(&self) -> Option<(u64, Sleeper)> {
        let relay = self.relay.as_ref().and_then(Relay::timeout);
        let relay = relay.map(|at| (at, Sleeper::Relay));
        let devices = self.devices.iter().enumerate();
        let devices =
            devices.filter_map(|(index, device)| Some((device.timeout()?, Sleeper::Device(index))));
        relay.into_iter().chain(devices).min()
    }

    fn wake(&mut self, who: Sleeper) {
        use lamplight_core::{agent, service};
        match who {
            Sleeper::Relay => self.tell_relay(service::Input::Wake),
            Sleeper::Device(index) => self.tell_device(index, agent::Input::Wake),
        }
        let again = self.next_wake();
        if again.is_some_and(|(at, same)| same == who && at <= self.clock) {
            self.wakes += EVENTS_AT_ONCE / WAKES_AT_ONCE;
        }
    }

    fn take_event(&mut self) {
        let Some((order, event)) = self.events.pop() else {
            return;
        };
        let Some(event) = self.on_the_line(order, event) else {
            return;
        };
        if event.is_work_of_relay()
            && let Some(later) = self.relay_wakes_at()
        {
            return self.events.defer(later, order, event);
        }
        match event {
            Event::OpenedAtRelay(session) => self.opened_at_relay(session),
            Event::OpenedAtDevice(session) => self.opened_at_device(session),
            Event::ToRelay(session, bytes) => self.frame_at_relay(session, bytes),
            Event::ToDevice(session, bytes) => self.frame_at_device(session, &bytes),
            Event::GoneAtRelay(session) => self.gone_at_relay(session),
            Event::GoneAtDevice(session) => self.gone_at_device(session),
            Event::PingAtDevice(session) => self.ping_at_device(session),
            Event::PongAtRelay(session) => self.pong_at_relay(session),
            Event::NotReached(index, dial) => self.not_reached(index, dial),
            Event::Authenticate(session, credentials) => self.authenticates(session, &credentials),
            Event::Load(ticket, key) => self.loads(ticket, &key),
            Event::Sync => self.syncs(),
        }
    }
}

thread_local! {
    /// The seed of Rooms that are given none.
    static SEED: Cell<u64> = const { Cell::new(1) };
    /// The traces of all Rooms that closed on this thread, one after the other.
    static CLOSED: RefCell<TraceHasher> = RefCell::default();
}

impl Drop for Room {
    fn drop(&mut self) {
        CLOSED.with_borrow_mut(|closed| closed.write_u64(self.trace.value()));
    }
}

/// Tells a story whose Rooms have this seed; the answer stands for everything that happened in them.
pub fn trace_of(seed: u64, story: impl FnOnce()) -> u64 {
    CLOSED.take();
    SEED.set(seed);
    story();
    SEED.set(1);
    CLOSED.take().finish()
}

impl Default for Room {
    fn default() -> Self {
        Self::new()
    }
}

/// Who sleeps until a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sleeper {
    Relay,
    Device(usize),
}

/// The clock of one machine: each has an origin of its own, so that a reading of one means nothing to another.
#[derive(Clone, Copy, Debug)]
struct Watch {
    origin: u64,
    /// What its wall clock is ahead of the relay's.
    skew: i64,
}

impl Watch {
    fn now(self, clock: u64, wall: Timestamp) -> Now {
        Now {
            instant: Instant(clock + self.origin),
            timestamp: Timestamp(wall.0.saturating_add_signed(self.skew)),
        }
    }

    /// A moment of this machine as one of the Room.
    fn clock_of(self, instant: Instant) -> u64 {
        instant.0.saturating_sub(self.origin)
    }
}

/// So many seconds.
pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// So many milliseconds.
pub const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
