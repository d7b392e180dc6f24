//! The PRESENCE SERVICE and the INSTANT MESSAGE SERVICE as one machine without I/O: the RFC's SERVER.
//!
//! # Driving it
//!
//! ```text
//! loop {
//!     service.handle(input, now);                 // never returns anything, never fails
//!     while let Some(output) = service.poll_output() { carry it out }
//!     sleep until service.poll_timeout(), then handle(Input::Wake, now)
//! }
//! ```
//! **Drain `poll_output` to `None` after every `handle`.** Each [`Output`] says what its shell must do.

mod asking;
mod input;
mod limits;
mod messaging;
mod presence;
mod rate;
mod session;
mod timers;
mod watching;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

pub use input::{Identity, Input, Lost, Output, Slot};
pub use limits::{Bounds, Limits, Rate, ServiceConfig};

use crate::address::{Presentity, Principal, SessionId, Ticket};
use crate::code::Code;
use crate::presence::Notification;
use crate::store::{InboxRecord, Kept, Loaded, StoreFault};
use crate::time::{Instant, Now};
use crate::wire::ToService;
use asking::{Asked, Keeping, Reading, fault_code};
use presence::Room;
use session::{Home, Session};
use timers::{Timer, Timers};

/// A deadline met later than this means that the relay itself was held up.
const HELD_UP: Duration = Duration::from_secs(5);

/// The services of one relay.
pub struct Service {
    config: ServiceConfig,
    seed: u64,
    outputs: VecDeque<Output>,
    timers: Timers,
    sessions: BTreeMap<SessionId, Session>,
    homes: BTreeMap<Principal, Home>,
    rooms: BTreeMap<Presentity, Room>,
    asked: Asked,
    /// What sessions are to be told at the end of this `handle`.
    first_states: BTreeMap<SessionId, Vec<Arc<Notification>>>,
    settled: bool,
    draining: bool,
}

impl Service {
    /// `seed` is random; `now` is when the relay started.
    pub fn new(config: ServiceConfig, seed: u64, now: Now) -> Self {
        let mut timers = Timers::default();
        timers.set(Timer::Settle, now.instant.after(config.bounds.settle));
        Self {
            config,
            seed,
            outputs: VecDeque::new(),
            timers,
            sessions: BTreeMap::new(),
            homes: BTreeMap::new(),
            rooms: BTreeMap::new(),
            asked: Asked::default(),
            first_states: BTreeMap::new(),
            settled: false,
            draining: false,
        }
    }

    // Getters.

    /// Open sockets, for the relay's figures.
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// Presentities in memory, for the relay's figures.
    pub fn presentity_count(&self) -> usize {
        self.rooms.len()
    }

    // Handle.

    /// Takes one input; see the module's drive contract.
    pub fn handle(&mut self, input: Input, now: Now) {
        match input {
            Input::Opened(session, codec) => self.opened(session, codec, now),
            Input::Frame(session, bytes) => self.frame(session, &bytes, now),
            Input::Heard(session) => self.heard(session, now),
            Input::Lost(session, Lost::Closed | Lost::Slow) => self.lost(session, now),
            Input::Authenticated(session, answer) => self.authenticated(session, answer, now),
            Input::Revoked(principal, login) => self.revoked(&principal, login, now),
            Input::Loaded(ticket, answer) => self.loaded(ticket, answer, now),
            Input::Stored(ticket, answer) => self.stored(ticket, answer, now),
            Input::Registered(principal) => self.registered(&principal),
            Input::Drain => self.drain(now),
            Input::Wake => {}
        }
        self.run_timers(now);
        self.send_first_states();
    }

    /// A frame of a welcomed session whose needs are met.
    fn carry_out(&mut self, id: SessionId, frame: ToService, now: Now) {
        match frame {
            ToService::Hello { .. } => self.refuse(id, None, Code::BadFrame.refusal()),
            ToService::Publish { tuple } => self.publish(id, tuple, now),
            ToService::Withdraw { tuple } => self.withdraw(id, &tuple, now),
            ToService::Fetch {
                number,
                presentities,
            } => self.fetch(id, number, &presentities, now),
            ToService::Subscribe {
                number,
                standing,
                contacts,
            } => self.subscribe(id, number, standing, contacts, now),
            ToService::Unsubscribe {
                number,
                presentities,
            } => self.unsubscribe(id, number, &presentities, now),
            ToService::SetAccess {
                number,
                watcher,
                decision,
            } => self.set_access(id, number, watcher, decision, now),
            ToService::Send {
                id: message,
                to,
                body,
            } => self.send_message(id, message, to, body, now),
            ToService::FetchInbox {
                number,
                with,
                before,
                limit,
            } => {
                self.fetch_inbox(id, number, (with, before, limit), now);
            }
            ToService::FetchConversations { number } => self.fetch_conversations(id, number, now),
            ToService::Acknowledge { up_to } => self.acknowledge(id, up_to, now),
            ToService::MarkRead { with, up_to } => self.mark_read(id, with, up_to, now),
            ToService::Delete { number, seqs } => self.delete(id, number, seqs, now),
            ToService::Ping { number } => self.send(id, &crate::wire::ToAgent::Pong { number }),
            ToService::Bye => self.lost(id, now),
        }
    }

    fn loaded(&mut self, ticket: Ticket, answer: Result<Loaded, StoreFault>, now: Now) {
        match (self.asked.readings.remove(&ticket), answer) {
            (Some(Reading::Presentity(presentity)), Ok(Loaded::Presentity(record))) => {
                self.presentity_loaded(&presentity, record, now);
            }
            (Some(Reading::Presentity(presentity)), answer) => {
                let code = answer.err().map_or(Code::TryLater, fault_code);
                self.presentity_not_loaded(&presentity, code, now);
            }
            (Some(Reading::Contacts(principal)), Ok(Loaded::Contacts(contacts))) => {
                if let Some(home) = self.homes.get_mut(&principal) {
                    let kept = contacts
                        .into_iter()
                        .map(|contact| (contact.presentity, contact.petname));
                    home.contacts = Some(kept.collect());
                }
                self.enter(&principal, now);
            }
            (Some(Reading::Inbox(principal)), Ok(Loaded::Inbox(record))) => {
                if let Some(home) = self.homes.get_mut(&principal) {
                    home.inbox = Some(InboxRecord {
                        head: record.head.max(home.newest),
                        ..record
                    });
                }
                self.enter(&principal, now);
            }
            (Some(Reading::Contacts(principal) | Reading::Inbox(principal)), _) => {
                self.cannot_enter(&principal, now);
            }
            (Some(Reading::Log(session)), answer) => self.log_loaded(session, answer, now),
            (Some(Reading::Answer(session, number)), answer) => {
                self.answer_loaded(session, number, answer);
            }
            (None, _) => {}
        }
    }

    /// What a principal needs to come in could not be read: all their sessions come back later.
    fn cannot_enter(&mut self, principal: &Principal, now: Now) {
        let Some(home) = self.homes.get(principal) else {
            return;
        };
        let sessions: Vec<_> = home.sessions.iter().copied().collect();
        for id in sessions {
            self.send_away(
                id,
                Code::TryLater.refusal_after(Duration::from_secs(2)),
                now,
            );
        }
    }

    fn stored(&mut self, ticket: Ticket, answer: Result<Kept, StoreFault>, now: Now) {
        match self.asked.keepings.remove(&ticket) {
            Some(Keeping::Request(session, number)) => {
                self.request_stored(session, number, answer.err());
            }
            Some(Keeping::Contact(principal, session, number)) => {
                if let Some(home) = self.homes.get_mut(&principal) {
                    home.contacts_on_their_way -= 1;
                }
                self.leave_home(&principal);
                self.request_stored(session, number, answer.err());
            }
            Some(Keeping::Publish(session)) => {
                if let Err(fault) = answer {
                    self.refuse(session, None, fault_code(fault).refusal());
                }
            }
            Some(Keeping::Message {
                session,
                id,
                from,
                to,
            }) => self.message_stored((session, id), (&from, &to), answer),
            Some(Keeping::Acknowledge(principal)) => {
                self.acknowledge_stored(&principal, answer, now);
            }
            Some(Keeping::Log(principal, request)) => self.log_stored(&principal, request, answer),
            Some(Keeping::Quietly) | None => {}
        }
    }

    fn run_timers(&mut self, now: Now) {
        while let Some((timer, at)) = self.timers.pop(now.instant) {
            match timer {
                Timer::Hello(session) => self.send_away(session, Code::HelloFirst.refusal(), now),
                Timer::Line(session) => {
                    self.line_due(session, now.instant.since(at) > HELD_UP, now);
                }
                Timer::Grace(presentity, tuple) => self.grace_due(&presentity, &tuple, now),
                Timer::Notify(presentity) => self.tell(&presentity, now),
                Timer::Until(presentity) => self.until_due(&presentity, now),
                Timer::Reload(presentity) => self.reload(&presentity),
                Timer::Forget(presentity) => self.forget(&presentity),
                Timer::Acknowledge(principal) => self.acknowledge_taken(&principal, now),
                Timer::Settle => self.settle(now),
            }
        }
    }

    // Poll.

    /// What is to be done next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When `Input::Wake` is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }
}
