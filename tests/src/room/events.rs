//! What is on its way in a Room, in the order in which it arrives.

use std::collections::BTreeMap;
use std::sync::Arc;

use lamplight_core::address::{SessionId, Ticket};
use lamplight_core::store::Key;
use lamplight_core::wire::Credentials;

/// Something that arrives at a moment.
#[derive(Clone, Debug)]
pub enum Event {
    /// The line is open, seen from the relay.
    OpenedAtRelay(SessionId),
    /// The line is open, seen from the device.
    OpenedAtDevice(SessionId),
    ToRelay(SessionId, Arc<[u8]>),
    ToDevice(SessionId, Arc<[u8]>),
    /// The device's end closed or broke.
    GoneAtRelay(SessionId),
    /// The relay's end closed or broke.
    GoneAtDevice(SessionId),
    PingAtDevice(SessionId),
    PongAtRelay(SessionId),
    /// A device's attempt with this number came to nothing.
    NotReached(usize, u64),
    Authenticate(SessionId, Credentials),
    Load(Ticket, Key),
    /// The oldest change that waits for the disk is durable.
    Sync,
}

impl Event {
    /// The line this travels on.
    pub fn session(&self) -> Option<SessionId> {
        match self {
            Self::OpenedAtRelay(session)
            | Self::OpenedAtDevice(session)
            | Self::ToRelay(session, _)
            | Self::ToDevice(session, _)
            | Self::GoneAtRelay(session)
            | Self::GoneAtDevice(session)
            | Self::PingAtDevice(session)
            | Self::PongAtRelay(session) => Some(*session),
            Self::NotReached(..) | Self::Authenticate(..) | Self::Load(..) | Self::Sync => None,
        }
    }

    /// Whether it arrives at the relay.
    pub fn is_for_relay(&self) -> bool {
        matches!(
            self,
            Self::OpenedAtRelay(_)
                | Self::ToRelay(..)
                | Self::GoneAtRelay(_)
                | Self::PongAtRelay(_)
        )
    }

    /// Whether the relay has to be awake for it: to hear it, to open the line, or to take an answer.
    pub fn is_work_of_relay(&self) -> bool {
        self.is_for_relay()
            || matches!(
                self,
                Self::OpenedAtDevice(_) | Self::Authenticate(..) | Self::Load(..) | Self::Sync
            )
    }

    /// Whether the page's own thread has to be awake for it; the browser answers pings by itself.
    pub fn is_for_page(&self) -> bool {
        matches!(
            self,
            Self::OpenedAtDevice(_) | Self::ToDevice(..) | Self::GoneAtDevice(_)
        )
    }
}

/// All that is on its way.
#[derive(Debug, Default)]
pub struct Events {
    waiting: BTreeMap<(u64, u64), Event>,
    order: u64,
}

impl Events {
    /// Puts an event on its way; of two with the same moment the earlier one arrives first.
    pub fn push(&mut self, due: u64, event: Event) {
        self.order += 1;
        self.waiting.insert((due, self.order), event);
    }

    /// Puts an event back in its order, but not before this moment.
    pub fn defer(&mut self, due: u64, order: u64, event: Event) {
        self.waiting.insert((due, order), event);
    }

    pub fn next_due(&self) -> Option<u64> {
        self.waiting.first_key_value().map(|((due, _), _)| *due)
    }

    pub fn pop(&mut self) -> Option<(u64, Event)> {
        let ((_, order), event) = self.waiting.pop_first()?;
        Some((order, event))
    }

    pub fn retain(&mut self, keep: impl Fn(&Event) -> bool) {
        self.waiting.retain(|_, event| keep(event));
    }
}
