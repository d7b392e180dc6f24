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
mod before;
mod input;
mod ledger;
mod limits;
mod looking;
mod messaging;
mod own;
mod presence;
mod rate;
mod room;
mod session;
mod stood;
mod telling;
mod timers;
mod visitors;
mod watching;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

pub use input::{As, Identity, Input, LookId, Looker, Lost, Output, Scope, Slot, Visit};
pub use limits::{Bounds, Limits, Rate, Requires, ServiceConfig};

use crate::address::{Presentity, Principal, SessionId, Ticket};
use crate::code::Code;
use crate::presence::Notification;
use crate::store::{InboxRecord, Kept, Loaded, StoreFault};
use crate::time::{Instant, Now, Timestamp};
use crate::wire::ToService;
use asking::{Asked, Keeping, Reading, fault_code};
use ledger::Form;
use looking::Look;
use room::Room;
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
    /// Questions of those without a session.
    looks: BTreeMap<LookId, Look>,
    asked: Asked,
    /// What sessions are to be told at the end of this `handle`.
    first_states: BTreeMap<SessionId, Vec<Arc<Notification>>>,
    settled: bool,
    draining: bool,
    /// Lines of visitors.
    visitors: usize,
    /// When subscriptions that stand were last noted in WATCHER INFORMATION.
    noted: Timestamp,
}

impl Service {
    /// `seed` is random; `now` is when the relay started.
    pub fn new(config: ServiceConfig, seed: u64, now: Now) -> Self {
        let mut timers = Timers::default();
        timers.set(Timer::Settle, now.instant.after(config.bounds.settle));
        timers.set(Timer::Sweep, now.instant.after(ledger::SWEEP_EVERY));
        Self {
            config,
            seed,
            outputs: VecDeque::new(),
            timers,
            sessions: BTreeMap::new(),
            homes: BTreeMap::new(),
            rooms: BTreeMap::new(),
            looks: BTreeMap::new(),
            asked: Asked::default(),
            first_states: BTreeMap::new(),
            settled: false,
            draining: false,
            visitors: 0,
            noted: now.timestamp,
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
            Input::Visiting(session, site) => self.visiting(session, site, now),
            Input::Look(id, looker, presentities) => self.begin_look(id, looker, presentities, now),
            Input::Visited(presentity, site, many) => {
                self.visited(&presentity, site.as_deref(), many, now);
            }
            Input::Confirmed(principal, login, at) => self.confirmed(&principal, login, at, now),
            Input::Revoked(principal, login) => {
                self.revoked(&principal, login, Code::SignedOut, now);
            }
            Input::Suspended(principal, login) => {
                self.revoked(&principal, login, Code::Suspended, now);
            }
            Input::Changed(principal) => self.changed_beside(&principal),
            Input::Rescoped(principal) => self.rescoped(&principal, now),
            Input::Loaded(ticket, answer) => self.loaded(ticket, answer, now),
            Input::Stored(ticket, answer) => self.stored(ticket, answer, now),
            Input::Registered(principal) => self.registered(&principal),
            Input::Unregistered(principal) => self.unregistered(&principal, now),
            Input::Drain => self.drain(now),
            Input::Wake => {}
        }
        self.run_timers(now);
        self.send_first_states();
    }

    /// A frame of a welcomed session whose needs are met.
    fn carry_out(&mut self, id: SessionId, frame: ToService, now: Now) {
        if let Some(of) = self.is_of_my_watchers(id, &frame) {
            return self.watchers_as_presentity(id, &frame, &of, now);
        }
        match frame {
            ToService::Hello { .. } => self.refuse(id, None, Code::BadFrame.refusal()),
            ToService::Publish { tuple, of } => self.publish(id, tuple, of.as_ref(), now),
            ToService::Withdraw { tuple, of } => self.withdraw(id, &tuple, of.as_ref(), now),
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
                of,
            } => self.set_access(id, number, (watcher, of), decision, now),
            ToService::Send {
                id: message,
                to,
                body,
                from,
            } => self.send_message(id, (message, from), to, body, now),
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
            ToService::SetPresentity { number, own } => self.set_presentity(id, number, own, now),
            ToService::DropPresentity { number, tag } => {
                self.drop_presentity(id, number, &tag, now);
            }
            ToService::SetInbox { number, own } => self.set_inbox(id, number, own, now),
            ToService::DropInbox { number, tag } => self.drop_inbox(id, number, &tag, now),
            ToService::SetVisibility {
                number,
                presentity,
                visibility,
            } => self.set_visibility(id, number, presentity, visibility, now),
            ToService::FetchWatchers { number, presentity } => {
                self.fetch_watchers(id, number, &presentity, Form::Rows, now);
            }
            ToService::SubscribeWatchers { number, presentity } => {
                // Refused or not, the answer is on its way.
                let _ = self.subscribe_watchers(id, number, &presentity, Form::Rows, now);
            }
            ToService::UnsubscribeWatchers { number, presentity } => {
                self.unsubscribe_watchers(id, number, &presentity, Form::Rows, now);
            }
            ToService::Pace { pace } => self.set_pace(id, pace, now),
            ToService::Signal { to, doing, from } => {
                self.signal(id, from.as_ref(), &to, doing, now);
            }
            ToService::Admit { number, with } => self.admit(id, number, with, now),
            ToService::Clear { number, with } => self.clear(id, number, with, now),
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
            (Some(Reading::Watcher(principal)), Ok(Loaded::Watcher(record))) => {
                self.watcher_loaded(&principal, record, now);
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
            (Some(Reading::Sender(principal, sender)), answer) => {
                let answer = match answer {
                    Ok(Loaded::Sender(record)) => Ok(record),
                    Ok(_) => Err(Code::TryLater),
                    Err(fault) => Err(fault_code(fault)),
                };
                self.sender_loaded(&principal, &sender, answer, now);
            }
            (Some(Reading::Senders(principal, up_to)), answer) => {
                self.senders_loaded(&principal, up_to, answer, now);
            }
            (Some(Reading::Watchers(session, number, presentity, form)), answer) => {
                self.watchers_loaded((session, number, form), &presentity, answer, now);
            }
            (Some(Reading::LookVisibility(look)), answer) => {
                let answer = match answer {
                    Ok(Loaded::Watcher(record)) => Ok(record.visibility),
                    Ok(_) => Err(Code::TryLater),
                    Err(fault) => Err(fault_code(fault)),
                };
                self.look_visibility(look, answer, now);
            }
            (Some(Reading::Watcher(principal) | Reading::Inbox(principal)), _) => {
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
            Some(Keeping::Watcher(principal, session, number)) => {
                let fault = answer.err();
                self.watcher_stored(&principal, fault);
                self.request_stored(session, number, fault);
            }
            Some(Keeping::Own(presentity, session, number)) => {
                if answer.is_err() {
                    self.take_back(&presentity);
                }
                self.request_stored(session, number, answer.err());
            }
            Some(Keeping::Publish(session, presentity)) => {
                if let Err(fault) = answer {
                    self.take_back(&presentity);
                    self.refuse(session, None, fault_code(fault).refusal());
                }
            }
            Some(Keeping::Watched(presentity)) => self.events_stored(&presentity, now),
            Some(Keeping::Message {
                session,
                id,
                from,
                to,
                outcome,
            }) => self.message_stored((session, id), (&from, &to), outcome, answer),
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
                Timer::Rules(presentity) => self.rules_due(&presentity, now),
                Timer::Ledger(presentity) => self.events_due(&presentity),
                Timer::Sweep => self.sweep(now),
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
