//! The disk of a Room: when what the service keeps becomes durable, what a crash takes, and what goes wrong with it.

use std::collections::VecDeque;

use lamplight_core::address::Ticket;
use lamplight_core::service::Input;
use lamplight_core::store::{Change, Kept, Key, Loaded, StoreFault};

use super::Room;
use super::events::Event;
use crate::memory_store::MemoryStore;

/// A store with a life of its own.
pub struct Disk {
    /// What is durable.
    pub store: MemoryStore,
    /// How long a change takes to become durable, milliseconds.
    pub sync_delay: u64,
    /// How long a load takes, milliseconds.
    pub load_delay: u64,
    /// What is wrong with it.
    pub fault: Option<Fault>,
    /// Whether changes wait until the test says otherwise.
    held: bool,
    /// Handed over, not durable yet.
    waiting: VecDeque<(Ticket, Change)>,
    /// With a lying disk: answered, not durable yet.
    promised: Vec<Change>,
}

/// What may be wrong with a disk. The first two are honest; the others are planted to see that a check finds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No room.
    Full,
    /// Every change and load fails.
    Fails,
    /// Says that a change is durable before it is.
    AnswersBeforeSync,
    /// Does not know a message again.
    ForgetsWhatWasSent,
    /// Takes decisions of access and drops them.
    ForgetsDecisions,
    /// Answers every append, keeps all but every seventh.
    LosesMessages,
}

impl Disk {
    pub(super) fn new(epoch: u64) -> Self {
        Self {
            store: MemoryStore::new(epoch),
            sync_delay: 2,
            load_delay: 1,
            fault: None,
            held: false,
            waiting: VecDeque::new(),
            promised: Vec::new(),
        }
    }

    pub(super) fn loads(&self, key: &Key) -> Result<Loaded, StoreFault> {
        if self.fault == Some(Fault::Fails) {
            return Err(StoreFault::Failed);
        }
        Ok(self.store.load(key))
    }

    /// Power is gone: the first `survivors` of what waited are there, the rest is not; nobody is told either way.
    pub(super) fn crashes(&mut self, survivors: usize) {
        for (_, change) in self.waiting.drain(..).take(survivors) {
            self.store.apply(change);
        }
        self.waiting.clear();
        self.promised.clear();
        self.held = false;
    }

    /// Changes that wait for the disk.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    fn carry_out(&mut self, change: Change) -> Result<Kept, StoreFault> {
        match self.fault {
            Some(Fault::Full) => return Err(StoreFault::Full),
            Some(Fault::Fails) => return Err(StoreFault::Failed),
            Some(Fault::ForgetsWhatWasSent) => self.store.forget_what_was_sent(),
            Some(Fault::ForgetsDecisions) if matches!(change, Change::SetAccess { .. }) => {
                return Ok(Kept::Done);
            }
            Some(Fault::LosesMessages) => return Ok(self.lose(change)),
            Some(Fault::AnswersBeforeSync) => {
                let answer = self.clone_store_apply(&change);
                self.promised.push(change);
                return Ok(answer);
            }
            _ => {}
        }
        Ok(self.store.apply(change))
    }

    /// What the answer would be with all that was promised.
    fn clone_store_apply(&self, change: &Change) -> Kept {
        let mut imagined = self.store.clone();
        for promised in &self.promised {
            imagined.apply(promised.clone());
        }
        imagined.apply(change.clone())
    }

    fn lose(&mut self, change: Change) -> Kept {
        let lost = matches!(&change, Change::Append { message, .. } if message.id.0 % 7 == 3);
        if lost {
            self.store.clone().apply(change)
        } else {
            self.store.apply(change)
        }
    }
}

impl Room {
    /// Changes are taken but do not become durable, until [`Room::disk_goes_on`].
    pub fn disk_hangs(&mut self) {
        self.disk.held = true;
    }

    /// Everything that waited becomes durable, and changes do again.
    pub fn disk_goes_on(&mut self) {
        self.disk.held = false;
        for _ in 0..self.disk.waiting.len() {
            self.events.push(self.clock + 1, Event::Sync);
        }
        self.settles();
    }

    pub(super) fn keeps(&mut self, ticket: Ticket, change: Change) {
        self.disk.waiting.push_back((ticket, change));
        if !self.disk.held {
            let due = self.clock + self.disk.sync_delay;
            self.events.push(due, Event::Sync);
        }
    }

    pub(super) fn syncs(&mut self) {
        if self.disk.held {
            return;
        }
        if let Some((ticket, change)) = self.disk.waiting.pop_front() {
            let kept = self.disk.carry_out(change);
            self.tell_relay(Input::Stored(ticket, kept));
        }
    }
}
