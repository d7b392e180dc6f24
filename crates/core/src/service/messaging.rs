//! The INSTANT MESSAGE SERVICE: messages in, the log out, marks in between.
//!
//! A message is acknowledged when the store has it, never before. What a session has of its inbox's log is a cursor
//! ([`Session::sent`](super::session::Session)): an entry right after it is sent as it comes, anything else is read from the store.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::Service;
use super::asking::{Keeping, Reading, fault_code};
use super::timers::Timer;
use crate::address::{
    Address, InboxAddress, MessageId, Presentity, Principal, Seq, SessionId, Tag,
};
use crate::code::{Code, Refusal};
use crate::message::{Body, Entry, InstantMessage, Receipt};
use crate::presence::Basic;
use crate::rules::{Decision, Letter, Onlooker, Outcome, Status, delivers};
use crate::store::{Change, Copies, First, Kept, Key, Loaded, SenderRecord, StoreFault};
use crate::time::{Now, Timestamp};
use crate::wire::{Doing, Number, OwnInbox, ToAgent};

/// Most entries one `Delete` names.
const DELETE_MAX: usize = 100;
/// How soon an acknowledgement that could not be kept is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

impl Service {
    // In.

    pub(super) fn send_message(
        &mut self,
        session: SessionId,
        (id, from_tag): (MessageId, Option<Tag>),
        to: InboxAddress,
        body: Body,
        now: Now,
    ) {
        let Some(identity) = self
            .sessions
            .get(&session)
            .and_then(|one| one.identity.as_ref())
        else {
            return;
        };
        let (from, by) = (identity.principal.clone(), identity.by.clone());
        let called = identity
            .visit
            .as_ref()
            .map(|visit| Box::new(visit.called.clone()));
        let length = body.as_str().len();
        let taken = self.accepts(session, (&from, from_tag.as_ref()), &to, length, now);
        let outcome = match taken {
            Ok(outcome) => outcome,
            Err(refusal) => return self.receipt(session, id, Receipt::Refused(refusal)),
        };
        if let Some(sender) = self.sessions.get_mut(&session) {
            sender.sends_in_flight += 1;
        }
        let copies = match outcome {
            Outcome::Deliver => Copies::Both,
            Outcome::Hold => Copies::Held,
            Outcome::Pretend | Outcome::Refuse(_) => Copies::SenderOnly,
        };
        let keeping = Keeping::Message {
            session,
            id,
            from: from.clone(),
            to: to.clone(),
            outcome,
        };
        let message = InstantMessage {
            id,
            from,
            to,
            body,
            at: now.timestamp,
            alias: from_tag,
            by,
            called,
        };
        self.keep(Change::Append { message, copies }, keeping);
    }

    /// Whether a message is taken, and how. The receiver and what it has to do with the sender are here by now.
    fn accepts(
        &mut self,
        session: SessionId,
        (from, alias): (&Principal, Option<&Tag>),
        to: &InboxAddress,
        length: usize,
        now: Now,
    ) -> Result<Outcome, Refusal> {
        let limits = &self.config.limits;
        let (rate, strangers, most, held_most) = (
            limits.sends,
            limits.letters_to_strangers,
            limits.sends_in_flight,
            limits.held_messages,
        );
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
        if alias.is_some_and(|tag| !self.has_inbox(from, Some(tag), now.timestamp)) {
            return Err(Code::NotAllowed.refusal());
        }
        if to.principal() == *from {
            return Ok(Outcome::Pretend);
        }
        let sender = from.inbox_of(alias);
        if !self.may_write(session, sender.address(), to) {
            return Err(Code::NotAllowed.refusal());
        }
        let Some((outcome, told)) =
            self.outcome(session, sender.address(), to, length, now.timestamp)
        else {
            return Err(Code::UnknownAddress.refusal());
        };
        if told == Outcome::Hold {
            // Whoever is dropped unawares is as slow as whoever is held.
            if let Some(home) = self.homes.get_mut(from) {
                let taken = home.letters_to_strangers.take(strangers, now.instant);
                taken.map_err(|wait| Code::TooManyRequests.refusal_after(wait))?;
            }
        }
        match outcome {
            Outcome::Refuse(code) => {
                self.count_refused(to);
                Err(code.refusal())
            }
            Outcome::Hold if self.held_of(to, sender.address()) >= held_most => {
                self.count_refused(to);
                Ok(Outcome::Pretend)
            }
            Outcome::Pretend => {
                self.count_refused(to);
                Ok(Outcome::Pretend)
            }
            outcome => Ok(outcome),
        }
    }

    /// DELIVERY RULES: the one place where a message's way is decided; beside it, what it is to the sender, whom a block tells
    /// nothing. `None`: there is no such inbox.
    fn outcome(
        &self,
        session: SessionId,
        sender: &Address,
        to: &InboxAddress,
        length: usize,
        at: Timestamp,
    ) -> Option<(Outcome, Outcome)> {
        let identity = self.sessions.get(&session)?.identity.as_ref()?;
        let receiver = to.principal();
        let first = self.known(&receiver.presentity())?;
        if !self.has_inbox(&receiver, to.tag().as_ref(), at) {
            return None;
        }
        let nothing = SenderRecord::default();
        let facts = first.senders.get(sender).unwrap_or(&nothing);
        let onlooker = Onlooker {
            group: facts.group.as_ref(),
            known: facts.contact || facts.written,
            ..first.onlooker(identity, crate::rules::Visibility::Named, at)
        };
        let further = to.tag().and_then(|_| self.known(&Presentity(to.0.clone())));
        let decided = |known: &'_ super::room::Known| {
            let access = known.access.get(&identity.principal);
            access.map(|access| access.decision.clone())
        };
        // Who is blocked at the one door does not come in by another.
        let at_first = decided(first);
        let person = match (&at_first, further.and_then(decided)) {
            (Some(Decision::Block), _) | (_, None) => at_first,
            (_, further) => further,
        };
        let tuple = further.and_then(|known| known.inbox(to));
        let tuple = tuple.or_else(|| first.inbox(to));
        let basic = tuple.map_or(Basic::Open, |tuple| tuple.basic_at(at));
        let rules = first.inboxes.get(&to.tag()).map(|inbox| &inbox.rules);
        let rules = rules.map_or(&[][..], Vec::as_slice);
        let letter = Letter {
            sender: onlooker,
            person: person.as_ref(),
            length,
            at,
            receiver: first.class,
        };
        let outcome = delivers(&letter, rules, basic).0;
        // Who is blocked is answered as before; what came since is not told them.
        let door = match further {
            Some(further) if !first.blocks_in_person(&identity.principal) => further,
            _ => first,
        };
        let watching = door.onlooker(identity, crate::rules::Visibility::Named, at);
        if let Some(before) = door.past(&watching, at) {
            let (tag, from) = (to.tag(), Presentity(sender.clone()));
            let told = before.answers(&letter, (tag.as_ref(), &from, facts.written));
            let outcome = match (told, outcome) {
                (Outcome::Refuse(_), _) => told,
                (_, Outcome::Deliver | Outcome::Hold) => outcome,
                _ => Outcome::Pretend,
            };
            return Some((outcome, told));
        }
        let undecided = Letter {
            person: person.as_ref().filter(|person| **person != Decision::Block),
            ..letter
        };
        Some((outcome, delivers(&undecided, rules, basic).0))
    }

    /// Whether this one may write there at all: a visitor of a site to whom the site shows, and to whoever has written to them. To
    /// others it is not said whether they are there.
    fn may_write(&self, session: SessionId, sender: &Address, to: &InboxAddress) -> bool {
        let session = self.sessions.get(&session);
        let identity = session.and_then(|session| session.identity.as_ref());
        identity.is_some_and(|identity| identity.reaches(to.address()))
            || self.sender(to, sender).is_some_and(|facts| facts.written)
    }

    fn sender(&self, to: &InboxAddress, sender: &Address) -> Option<&SenderRecord> {
        let known = self.known(&to.principal().presentity())?;
        known.senders.get(sender)
    }

    /// Whether a principal has this inbox address now.
    fn has_inbox(&self, principal: &Principal, tag: Option<&Tag>, at: Timestamp) -> bool {
        let Some(known) = self.known(&principal.presentity()) else {
            return false;
        };
        let Some(tag) = tag else {
            return true;
        };
        let inbox = known.inboxes.get(&Some(tag.clone()));
        inbox.is_some_and(|inbox| inbox.until.is_none_or(|until| at < until))
    }

    fn held_of(&self, to: &InboxAddress, sender: &Address) -> u32 {
        self.sender(to, sender).map_or(0, |record| record.held)
    }

    fn count_refused(&mut self, to: &InboxAddress) {
        self.count(to, |inbox| {
            inbox.counts.refused = inbox.counts.refused.saturating_add(1);
        });
        let inbox = to.clone();
        self.keep(Change::CountRefused { inbox }, Keeping::Quietly);
    }

    /// Counts what came through an inbox address. Of a further one its principal is told: what comes through it is why it was made.
    fn count(&mut self, to: &InboxAddress, count: impl FnOnce(&mut OwnInbox)) {
        let known = self.known_mut(&to.principal().presentity());
        let Some(known) = known else {
            return;
        };
        let tag = to.tag();
        let inbox = known.inboxes.get_or_insert_with(tag.clone(), || OwnInbox {
            tag,
            ..OwnInbox::default()
        });
        count(inbox);
        if inbox.tag.is_some() {
            let own = inbox.clone();
            self.send_home(&to.principal(), &ToAgent::InboxSet { own });
        }
    }

    pub(super) fn message_stored(
        &mut self,
        (session, id): (SessionId, MessageId),
        (from, to): (&Principal, &InboxAddress),
        outcome: Outcome,
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
        if first != First::Time {
            return;
        }
        // Whom one has written to is no stranger.
        self.amend_sender(from, to.address(), |record| record.written = true);
        let was_held = outcome == Outcome::Hold;
        let from_address = from.inbox_of(sender.own.as_ref());
        self.log(from, sender);
        if let Some(entry) = receiver {
            self.count(to, |inbox| {
                let counts = &mut inbox.counts;
                match was_held {
                    true => counts.held = counts.held.saturating_add(1),
                    false => counts.delivered = counts.delivered.saturating_add(1),
                }
            });
            if was_held {
                self.amend_sender(&to.principal(), from_address.address(), |record| {
                    record.held = record.held.saturating_add(1);
                });
            }
            self.log(&to.principal(), entry);
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
            let identity = session.identity.as_ref();
            if !identity.is_some_and(|identity| identity.scope.read) {
                continue;
            }
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

    /// Finds out whose messages the devices of a principal have taken: those who may see the principal are told *delivered*.
    /// Someone invisible would be seen by that; for them it is told when they show themselves again.
    pub(super) fn acknowledge_taken(&mut self, principal: &Principal, _: Now) {
        let by_hand = self
            .known(&principal.presentity())
            .and_then(|known| known.by_hand.as_ref());
        if Status::of(by_hand) == Status::Invisible {
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
            let key = Key::Unacknowledged {
                inbox: principal.inbox(),
                up_to,
            };
            self.load(key, Reading::Senders(principal.clone(), up_to));
        }
    }

    /// Whose messages were taken is known: who of them is told is decided now.
    pub(super) fn senders_loaded(
        &mut self,
        principal: &Principal,
        up_to: Seq,
        answer: Result<Loaded, StoreFault>,
        now: Now,
    ) {
        let Ok(Loaded::Unacknowledged(senders)) = answer else {
            return self.acknowledge_again(principal, now);
        };
        let told = |sender: &Address| self.tells_delivered(principal, sender, now.timestamp);
        let change = Change::Acknowledge {
            inbox: principal.inbox(),
            up_to,
            to: senders.into_iter().filter(told).collect(),
            at: now.timestamp,
        };
        self.keep(change, Keeping::Acknowledge(principal.clone()));
    }

    /// Receipts follow from what the sender sees of the receiver, like everything else.
    fn tells_delivered(&self, principal: &Principal, sender: &Address, at: Timestamp) -> bool {
        let Some(known) = self.known(&principal.presentity()) else {
            return false;
        };
        let sender = Principal(sender.untagged().0);
        let session = self.sessions_of(&sender).first().copied();
        let session = session.and_then(|id| self.sessions.get(&id));
        let seen = match session.and_then(|session| session.identity.as_ref()) {
            Some(identity) => {
                let visibility = self.visibility_of(&sender, &principal.presentity());
                known.decide(&known.onlooker(identity, visibility, at), at)
            }
            // Of someone who is not here no more is known than the address.
            None => {
                let group = known.contacts.get(&sender);
                let onlooker = Onlooker {
                    address: Some(sender.address()),
                    login: crate::rules::Login::Account,
                    group: group.and_then(Option::as_ref),
                    known: group.is_some(),
                    ..Onlooker::default()
                };
                known.decide(&onlooker, at)
            }
        };
        known.tells(&principal.presentity(), &seen, self.setting(at))
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
            Err(_) => self.acknowledge_again(principal, now),
            Ok(_) => {}
        }
    }

    /// Nobody says it again by themselves, and their senders would wait for it.
    fn acknowledge_again(&mut self, principal: &Principal, now: Now) {
        let inbox = self.homes.get_mut(principal);
        if let Some(inbox) = inbox.and_then(|home| home.inbox.as_mut()) {
            inbox.acknowledged = Seq(0);
            let again = Timer::Acknowledge(principal.clone());
            self.timers.set(again, now.instant.after(AGAIN_AFTER));
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

    /// What is held of a sender comes in, and the sender is no stranger any more.
    pub(super) fn admit(&mut self, id: SessionId, number: Number, with: Address, now: Now) {
        let Some(principal) = self.principal_of(id) else {
            return;
        };
        self.amend_sender(&principal, &with, |record| {
            record.written = true;
            record.held = 0;
        });
        let change = Change::Admit {
            inbox: principal.inbox(),
            with,
            at: now.timestamp,
        };
        self.keep(change, Keeping::Log(principal, Some((id, number))));
    }

    /// Empties a conversation.
    pub(super) fn clear(&mut self, id: SessionId, number: Number, with: Address, now: Now) {
        let Some(principal) = self.principal_of(id) else {
            return;
        };
        self.amend_sender(&principal, &with, |record| record.held = 0);
        let change = Change::Clear {
            inbox: principal.inbox(),
            with,
            at: now.timestamp,
        };
        self.keep(change, Keeping::Log(principal, Some((id, number))));
    }

    /// What someone does in a conversation goes to who may see them and takes their messages, and to nobody else; it is kept
    /// nowhere, and nothing is read for it.
    /// By whichever address one speaks, it is told to who sees somebody there: by the presentity of the same name, and where there
    /// is none by the one from sign-up.
    pub(super) fn signal(
        &mut self,
        id: SessionId,
        alias: Option<&Tag>,
        to: &InboxAddress,
        doing: Doing,
        now: Now,
    ) {
        let rate = self.config.limits.signals;
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if session.signals.take(rate, now.instant).is_err() {
            return;
        }
        let Some(from) = session.principal().cloned() else {
            return;
        };
        if alias.is_some_and(|tag| !self.has_inbox(&from, Some(tag), now.timestamp)) {
            return;
        }
        let receiver = to.principal();
        let from_address = from.inbox_of(alias).0;
        let outcome = self.outcome(id, &from_address, to, 0, now.timestamp);
        let taken =
            matches!(outcome, Some((Outcome::Deliver, _))) && self.may_write(id, &from_address, to);
        if receiver == from || !taken {
            return;
        }
        let first = self.known(&from.presentity());
        let face = alias.filter(|tag| first.is_some_and(|first| first.further.contains(*tag)));
        let own = from.presentity_of(face);
        for session in self.sessions_of(&receiver) {
            let seen = self.sight_for(session, &own, now.timestamp);
            let setting = self.setting(now.timestamp);
            let known = self.known(&own);
            if let (Some(Ok(seen)), Some(known)) = (seen, known)
                && known.tells(&own, &seen, setting)
            {
                let from = from_address.clone();
                self.send(session, &ToAgent::Signal { from, doing });
            }
        }
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
