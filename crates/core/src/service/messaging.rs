//! The INSTANT MESSAGE SERVICE: messages in, the log out, marks in between.
//!
//! A message is acknowledged when the store has it, never before. What a session has of its inbox's log is a cursor
//! ([`Session::sent`](super::session::Session)): an entry right after it is sent as it comes, anything else is read from the store.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::Service;
use super::asking::{Keeping, Reading, fault_code};
use super::timers::Timer;
use crate::address::{Address, InboxAddress, MessageId, Presentity, Principal, Seq, SessionId};
use crate::code::{Code, Refusal};
use crate::message::{Body, Entry, InstantMessage, Receipt};
use crate::rules::{Delivery, delivers, tells_delivered};
use crate::store::{Change, Copies, First, Kept, Key, Loaded, StoreFault};
use crate::time::Now;
use crate::wire::{Number, ToAgent};

/// Most entries one `Delete` names.
const DELETE_MAX: usize = 100;
/// How soon an acknowledgement that could not be kept is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

impl Service {
    // In.

    pub(super) fn send_message(
        &mut self,
        session: SessionId,
        id: MessageId,
        to: InboxAddress,
        body: Body,
        now: Now,
    ) {
        let Some(from) = self.principal_of(session) else {
            return;
        };
        let copies = match self.accepts(session, &from, &to, now) {
            Ok(copies) => copies,
            Err(refusal) => return self.receipt(session, id, Receipt::Refused(refusal)),
        };
        if let Some(sender) = self.sessions.get_mut(&session) {
            sender.sends_in_flight += 1;
        }
        let keeping = Keeping::Message {
            session,
            id,
            from: from.clone(),
            to: to.principal(),
        };
        let message = InstantMessage {
            id,
            from,
            to,
            body,
            at: now.timestamp,
        };
        self.keep(Change::Append { message, copies }, keeping);
    }

    /// The one place where a message's way is decided. The receiver's presentity is here by now.
    fn accepts(
        &mut self,
        session: SessionId,
        from: &Principal,
        to: &InboxAddress,
        now: Now,
    ) -> Result<Copies, Refusal> {
        let limits = &self.config.limits;
        let (rate, most) = (limits.sends, limits.sends_in_flight);
        if self
            .sessions
            .get(&session)
            .is_some_and(|session| session.sends_in_flight >= most)
        {
            return Err(Code::TooManyRequests.refusal_after(Duration::from_secs(1)));
        }
        if let Some(home) = self.homes.get_mut(from) {
            let taken = home.sends.take(rate, now.instant);
            taken.map_err(|wait| Code::TooManyRequests.refusal_after(wait))?;
        }
        if *to == from.inbox() {
            return Ok(Copies::SenderOnly);
        }
        let Some(known) = self.known(&Presentity(to.0.clone())) else {
            return Err(Code::UnknownAddress.refusal());
        };
        let decision = known.access.get(from).map(|access| access.decision);
        match delivers(decision, known.inbox()) {
            Delivery::Deliver => Ok(Copies::Both),
            Delivery::Pretend => Ok(Copies::SenderOnly),
            Delivery::RefuseClosed => Err(Code::InboxClosed.refusal()),
        }
    }

    pub(super) fn message_stored(
        &mut self,
        (session, id): (SessionId, MessageId),
        (from, to): (&Principal, &Principal),
        answer: Result<Kept, StoreFault>,
    ) {
        if let Some(sender) = self.sessions.get_mut(&session) {
            sender.sends_in_flight = sender.sends_in_flight.saturating_sub(1);
        }
        let (sender, receiver, first) = match answer {
            Ok(Kept::Appended {
                sender,
                receiver,
                first,
            }) => (sender, receiver, first),
            other => return self.receipt(session, id, Receipt::Refused(refusal_of(&other))),
        };
        self.receipt(session, id, Receipt::Accepted(sender.seq, sender.at));
        if first == First::Time {
            self.log(from, sender);
            if let Some(entry) = receiver {
                self.log(to, entry);
            }
        }
    }

    fn receipt(&mut self, session: SessionId, id: MessageId, receipt: Receipt) {
        self.send(session, &ToAgent::Receipt { id, receipt });
    }

    // Out.

    /// A new entry of a principal's log goes to each of their sessions that has all before it.
    pub(super) fn log(&mut self, principal: &Principal, entry: Entry) {
        let Some(home) = self.homes.get_mut(principal) else {
            return;
        };
        home.newest = home.newest.max(entry.seq);
        if let Some(inbox) = &mut home.inbox {
            inbox.head = inbox.head.max(entry.seq);
        }
        let window = self.config.limits.delivery_window;
        for id in self.sessions_of(principal) {
            let Some(session) = self.sessions.get_mut(&id) else {
                continue;
            };
            let fits = entry.seq.0 - session.acknowledged.0.min(entry.seq.0) <= window;
            if session.sent.next() == entry.seq && !session.reading && fits {
                session.sent = entry.seq;
                let frame = ToAgent::Deliver {
                    entries: vec![entry.clone()],
                    up_to: entry.seq,
                };
                self.send(id, &frame);
            } else {
                self.pull(id);
            }
        }
    }

    /// Reads the next part of the log for a session that is behind, unless too much is on its way already.
    pub(super) fn pull(&mut self, id: SessionId) {
        let (window, page) = (self.config.limits.delivery_window, self.config.limits.page);
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        let Some(principal) = session.principal().cloned() else {
            return;
        };
        let Some(inbox) = self.homes.get(&principal).and_then(|home| home.inbox) else {
            return;
        };
        let on_its_way = session.sent.0 - session.acknowledged.0.min(session.sent.0);
        if session.reading || session.sent >= inbox.head || on_its_way >= window {
            return;
        }
        let after = session.sent;
        let limit = page.min(u16::try_from(window - on_its_way).unwrap_or(page));
        if let Some(session) = self.sessions.get_mut(&id) {
            session.reading = true;
        }
        let key = Key::Log {
            inbox: principal.inbox(),
            after,
            limit,
        };
        self.load(key, Reading::Log(id));
    }

    pub(super) fn log_loaded(
        &mut self,
        id: SessionId,
        answer: Result<Loaded, StoreFault>,
        now: Now,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.reading = false;
        let Ok(Loaded::Log { entries, up_to }) = answer else {
            // The agent keeps its cursor and comes back with it.
            return self.send_away(id, Code::TryLater.refusal(), now);
        };
        if up_to > session.sent {
            session.sent = up_to;
            self.send(id, &ToAgent::Deliver { entries, up_to });
        }
        self.pull(id);
    }

    // Marks.

    pub(super) fn acknowledge(&mut self, id: SessionId, up_to: Seq, now: Now) {
        let Some(principal) = self.principal_of(id) else {
            return;
        };
        let Some(inbox) = self.homes.get(&principal).and_then(|home| home.inbox) else {
            return;
        };
        let up_to = up_to.min(inbox.head);
        if let Some(session) = self.sessions.get_mut(&id) {
            session.acknowledged = session.acknowledged.max(up_to);
            session.taken = session.taken.max(up_to);
        }
        self.acknowledge_taken(&principal, now);
        self.pull(id);
    }

    /// Tells the store how far the devices of a principal have come: from then on senders see *delivered*. Someone invisible
    /// would be seen by that; for them it is told when they show themselves again.
    pub(super) fn acknowledge_taken(&mut self, principal: &Principal, now: Now) {
        let by_hand = self
            .known(&principal.presentity())
            .and_then(|known| known.by_hand.as_ref());
        if !tells_delivered(by_hand) {
            return;
        }
        let sessions = self.sessions_of(principal);
        let taken = sessions.iter().map(|id| self.sessions[id].taken).max();
        let inbox = self
            .homes
            .get_mut(principal)
            .and_then(|home| home.inbox.as_mut());
        let (Some(up_to), Some(inbox)) = (taken, inbox) else {
            return;
        };
        if up_to > inbox.acknowledged {
            inbox.acknowledged = up_to;
            let change = Change::Acknowledge {
                inbox: principal.inbox(),
                up_to,
                at: now.timestamp,
            };
            self.keep(change, Keeping::Acknowledge(principal.clone()));
        }
    }

    pub(super) fn acknowledge_stored(
        &mut self,
        principal: &Principal,
        answer: Result<Kept, StoreFault>,
        now: Now,
    ) {
        match answer {
            Ok(Kept::Acknowledged { marks }) => {
                for (inbox, mark) in marks {
                    self.log(&inbox.principal(), mark);
                }
            }
            // Nobody says it again by themselves, and their senders would wait for it.
            Err(_) => {
                let inbox = self.homes.get_mut(principal);
                if let Some(inbox) = inbox.and_then(|home| home.inbox.as_mut()) {
                    inbox.acknowledged = Seq(0);
                    let again = Timer::Acknowledge(principal.clone());
                    self.timers.set(again, now.instant.after(AGAIN_AFTER));
                }
            }
            Ok(_) => {}
        }
    }

    pub(super) fn mark_read(&mut self, id: SessionId, with: Address, up_to: Seq, now: Now) {
        let Some(principal) = self.principal_of(id) else {
            return;
        };
        let inbox = principal.inbox();
        let change = Change::MarkRead {
            inbox,
            with,
            up_to,
            at: now.timestamp,
        };
        self.keep(change, Keeping::Log(principal, None));
    }

    pub(super) fn delete(&mut self, id: SessionId, number: Number, seqs: Vec<Seq>, now: Now) {
        let Some(principal) = self.principal_of(id) else {
            return;
        };
        if seqs.len() > DELETE_MAX {
            return self.refuse(id, Some(number), Code::TooLarge.refusal());
        }
        let change = Change::Delete {
            inbox: principal.inbox(),
            seqs,
            at: now.timestamp,
        };
        self.keep(change, Keeping::Log(principal, Some((id, number))));
    }

    pub(super) fn log_stored(
        &mut self,
        principal: &Principal,
        request: Option<(SessionId, Number)>,
        answer: Result<Kept, StoreFault>,
    ) {
        let fault = answer.as_ref().err().copied();
        if let Ok(Kept::Logged { entries }) = answer {
            for entry in entries {
                self.log(principal, entry);
            }
        }
        match (request, fault) {
            (Some((id, number)), None) => self.send(id, &ToAgent::Done { number }),
            (Some((id, number)), Some(fault)) => {
                self.refuse(id, Some(number), fault_code(fault).refusal());
            }
            (None, _) => {}
        }
    }

    // Pages.

    pub(super) fn fetch_inbox(
        &mut self,
        id: SessionId,
        number: Number,
        (with, before, limit): (Option<Address>, Option<Seq>, u16),
        now: Now,
    ) {
        let Some(principal) = self.principal_of(id) else {
            return;
        };
        let limit = limit.clamp(1, self.config.limits.page);
        let key = Key::History {
            inbox: principal.inbox(),
            with,
            before,
            limit,
        };
        self.read_for(id, number, key, now);
    }

    pub(super) fn fetch_conversations(&mut self, id: SessionId, number: Number, now: Now) {
        if let Some(principal) = self.principal_of(id) {
            self.read_for(id, number, Key::Conversations(principal.inbox()), now);
        }
    }

    fn read_for(&mut self, id: SessionId, number: Number, key: Key, now: Now) {
        if let Some(wait) = self.too_many_fetches(id, now) {
            return self.refuse(id, Some(number), Code::TooManyRequests.refusal_after(wait));
        }
        self.load(key, Reading::Answer(id, number));
    }

    pub(super) fn answer_loaded(
        &mut self,
        id: SessionId,
        number: Number,
        answer: Result<Loaded, StoreFault>,
    ) {
        let frame = match answer {
            Ok(Loaded::History { entries, more }) => ToAgent::Page {
                number,
                entries,
                more,
            },
            Ok(Loaded::Conversations {
                conversations,
                head,
            }) => ToAgent::Conversations {
                number,
                conversations,
                head,
            },
            Ok(_) => return self.refuse(id, Some(number), Code::TryLater.refusal()),
            Err(fault) => return self.refuse(id, Some(number), fault_code(fault).refusal()),
        };
        self.send(id, &frame);
    }
}

/// Why a message that was handed to the store is not in it.
fn refusal_of(answer: &Result<Kept, StoreFault>) -> Refusal {
    match answer {
        Ok(Kept::IdConflict) => Code::IdConflict.refusal(),
        Ok(Kept::InboxFull) => Code::InboxFull.refusal(),
        Ok(Kept::NoInbox) => Code::UnknownAddress.refusal(),
        Ok(_) => Code::TryLater.refusal(),
        Err(fault) => fault_code(*fault).refusal(),
    }
}
