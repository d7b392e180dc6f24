//! SENDER USER AGENT (RFC 2778 2.7): every message is kept before it is sent, and forgotten when the service has it.
//!
//! Messages go out in the order they were written, one at a time to each address and a bounded number in all, and again under
//! the same id after a line was lost: the service stores an id once. What the service cannot take now waits and is said again; what it will never take
//! stands as failed until the person sends it again or discards it.

use core::time::Duration;

use crate::address::{Address, InboxAddress, MessageId, Tag};
use crate::agent::desk::Desk;
use crate::agent::sorted::{Map, Set};
use crate::agent::{Changed, Item, ItemState, Keepsake, KeepsakeName, Notice, Outgoing, Side};
use crate::code::{Code, Refusal, Retry};
use crate::message::{Body, Entry, Receipt, What};
use crate::time::{Instant, millis};
use crate::wire::ToService;

/// Messages that may wait; the next one is refused at once.
const WAITING_MOST: usize = 1_000;
/// What the service cannot take now waits so long, and twice as long each further time ...
const AGAIN_FIRST: Duration = Duration::from_secs(1);
/// ... up to this.
const AGAIN_MOST: Duration = Duration::from_secs(30);
/// However little the service asks for.
const AGAIN_LEAST: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Queued,
    Sending(Instant),
}

struct Waiting {
    outgoing: Outgoing,
    state: State,
}

/// First by place, then by id: two tabs of one device may have given the same place.
type Key = (u64, MessageId);

/// The sender user agent of one device.
#[derive(Default)]
pub(super) struct SenderUserAgent {
    waiting: Map<Key, Waiting>,
    places: Map<MessageId, u64>,
    last_place: u64,
    /// How many may be under way; one while the service is overburdened.
    window: usize,
    /// Nothing goes out before.
    held_until: Option<Instant>,
    /// Refusals for now since the last acceptance.
    refusals: u32,
}

impl SenderUserAgent {
    // Getters.

    /// How many wait for the line or the service.
    pub fn waiting(&self) -> usize {
        let goes = |one: &&Waiting| one.outgoing.failed.is_none();
        self.waiting.values().filter(goes).count()
    }

    pub fn items(&self, with: &Address) -> impl Iterator<Item = Item> {
        let here = self
            .waiting
            .values()
            .filter(move |one| one.outgoing.to.address() == with);
        here.map(|one| Item {
            id: one.outgoing.id,
            seq: None,
            side: Side::Mine,
            text: one.outgoing.body.as_str().into(),
            at: one.outgoing.at,
            state: match (one.outgoing.failed, one.state) {
                (Some(code), _) => ItemState::Failed(code),
                (None, State::Queued) => ItemState::Queued,
                (None, State::Sending(_)) => ItemState::Sending,
            },
            by: None,
            own: one.outgoing.from.clone(),
        })
    }

    pub fn has(&self, with: &Address) -> bool {
        self.waiting
            .values()
            .any(|one| one.outgoing.to.address() == with)
    }

    /// The newest message to each address.
    pub fn newest(&self) -> Map<&Address, &Outgoing> {
        let all = self.waiting.values();
        all.map(|one| (one.outgoing.to.address(), &one.outgoing))
            .collect()
    }

    /// Since when the oldest message under way waits for its receipt.
    pub fn oldest_question(&self) -> Option<Instant> {
        let under_way = self.waiting.values().filter_map(|one| match one.state {
            State::Sending(since) => Some(since),
            State::Queued => None,
        });
        under_way.min()
    }

    pub fn timeout(&self) -> Option<Instant> {
        self.held_until
    }

    // The line.

    /// A message of an earlier life.
    pub fn restored(&mut self, outgoing: Outgoing, desk: &mut Desk) {
        self.last_place = self.last_place.max(outgoing.place);
        self.add(outgoing, desk);
    }

    pub fn welcomed(&mut self, sends_in_flight: u16) {
        self.window = usize::from(sends_in_flight.max(1));
        self.held_until = None;
    }

    /// No receipt comes any more: everything under way goes out again.
    pub fn line_went(&mut self, desk: &mut Desk) {
        self.held_until = None;
        for one in self.waiting.values_mut() {
            if one.state != State::Queued {
                one.state = State::Queued;
                tell_changed(&one.outgoing, desk);
            }
        }
    }

    /// Sends what may go, in order.
    pub fn pump(&mut self, window: u16, desk: &mut Desk) {
        if self.held_until.is_some_and(|at| at <= desk.at()) {
            self.held_until = None;
        }
        if !desk.up || self.held_until.is_some() {
            return;
        }
        // To each address one after the other: a refusal for now must not let a later message overtake.
        let under_way = self
            .waiting
            .values()
            .filter(|one| one.state != State::Queued);
        let mut busy: Set<InboxAddress> = under_way.map(|one| one.outgoing.to.clone()).collect();
        let window = self.window.min(usize::from(window.max(1)));
        for one in self.waiting.values_mut() {
            if busy.len() >= window {
                break;
            }
            let waits = one.state == State::Queued && one.outgoing.failed.is_none();
            if !waits || !busy.insert(one.outgoing.to.clone()) {
                continue;
            }
            one.state = State::Sending(desk.at());
            desk.send(&ToService::Send {
                id: one.outgoing.id,
                to: one.outgoing.to.clone(),
                body: one.outgoing.body.clone(),
                from: one.outgoing.from.clone(),
            });
            tell_changed(&one.outgoing, desk);
        }
    }

    // Frames.

    /// The answer to a send. Gives back the entry it became, if it was waited for.
    pub fn receipt(&mut self, id: MessageId, receipt: Receipt, desk: &mut Desk) -> Option<Entry> {
        match receipt {
            Receipt::Accepted(seq, at) => {
                let outgoing = self.settle(id, desk)?;
                Some(Entry {
                    seq,
                    with: outgoing.to.0,
                    at,
                    what: What::Sent(id, outgoing.body),
                    own: outgoing.from,
                    by: None,
                    called: None,
                })
            }
            Receipt::Refused(refusal) => {
                self.refused(id, &refusal, desk);
                None
            }
        }
    }

    /// The service has this message: it is not waited for any more.
    pub fn settle(&mut self, id: MessageId, desk: &mut Desk) -> Option<Outgoing> {
        let outgoing = self.take(id, desk)?;
        self.refusals = 0;
        self.window = self.window.saturating_mul(2).max(1);
        Some(outgoing)
    }

    fn take(&mut self, id: MessageId, desk: &mut Desk) -> Option<Outgoing> {
        let place = self.places.remove(&id)?;
        let one = self.waiting.remove(&(place, id))?;
        desk.forget(KeepsakeName::Outgoing(id));
        tell_changed(&one.outgoing, desk);
        desk.changed(Changed::Link);
        Some(one.outgoing)
    }

    fn refused(&mut self, id: MessageId, refusal: &Refusal, desk: &mut Desk) {
        let Some(one) = self.get(id) else {
            return;
        };
        one.state = State::Queued;
        tell_changed(&one.outgoing, desk);
        if let Some(wait) = self.wait(refusal, desk) {
            let until = desk.at().after(wait);
            self.held_until = self.held_until.max(Some(until));
            self.window = 1;
        } else {
            self.fail(id, refusal.code, desk);
        }
    }

    /// How long to wait before the same may be said again; `None`: it is no use.
    fn wait(&mut self, refusal: &Refusal, desk: &mut Desk) -> Option<Duration> {
        // These are the receiver's doing and may last: the person decides.
        if matches!(refusal.code, Code::InboxFull | Code::InboxClosed) {
            return None;
        }
        match refusal.retry {
            Retry::No => None,
            Retry::AfterMs(ms) => Some(AGAIN_LEAST.max(Duration::from_millis(ms))),
            Retry::Later => {
                let most = (AGAIN_FIRST * (1 << self.refusals.min(5))).min(AGAIN_MOST);
                self.refusals = self.refusals.saturating_add(1);
                let half = millis(most) / 2;
                Some(Duration::from_millis(half + desk.jitter(half)))
            }
        }
    }

    fn fail(&mut self, id: MessageId, code: Code, desk: &mut Desk) {
        if let Some(one) = self.get(id) {
            one.outgoing.failed = Some(code);
            desk.keep(Keepsake::Outgoing(one.outgoing.clone()));
            desk.changed(Changed::Link);
            desk.tell(Notice::Refused(Some(one.outgoing.to.0.clone()), code));
        }
    }

    // Intents.

    /// `from`: which of my addresses an answer comes to.
    pub fn send(
        &mut self,
        to: &InboxAddress,
        body: &Body,
        from: Option<Tag>,
        desk: &mut Desk,
    ) -> Result<(), Code> {
        if self.waiting.len() >= WAITING_MOST {
            return Err(Code::TooManyRequests);
        }
        self.last_place += 1;
        let outgoing = Outgoing {
            id: desk.message_id(),
            to: to.clone(),
            body: body.clone(),
            at: desk.now.timestamp,
            place: self.last_place,
            failed: None,
            from,
        };
        desk.keep(Keepsake::Outgoing(outgoing.clone()));
        self.add(outgoing, desk);
        Ok(())
    }

    fn add(&mut self, outgoing: Outgoing, desk: &mut Desk) {
        tell_changed(&outgoing, desk);
        desk.changed(Changed::Link);
        let key = (outgoing.place, outgoing.id);
        self.places.insert(outgoing.id, outgoing.place);
        let state = State::Queued;
        self.waiting.insert(key, Waiting { outgoing, state });
    }

    pub fn resend(&mut self, id: MessageId, desk: &mut Desk) {
        self.held_until = None;
        if let Some(one) = self.get(id) {
            go_again(&mut one.outgoing, desk);
        }
    }

    /// The password was said again: what waits for that goes out again.
    pub fn confirmed(&mut self, desk: &mut Desk) {
        for one in self.waiting.values_mut() {
            if one.outgoing.failed == Some(Code::SignInAgain) {
                go_again(&mut one.outgoing, desk);
            }
        }
    }

    /// Takes a message out, unless it is on the line: then only its receipt says what became of it.
    pub fn discard(&mut self, id: MessageId, desk: &mut Desk) {
        if self.get(id).is_some_and(|one| one.state == State::Queued) {
            self.take(id, desk);
        }
    }

    fn get(&mut self, id: MessageId) -> Option<&mut Waiting> {
        let place = *self.places.get(&id)?;
        self.waiting.get_mut(&(place, id))
    }
}

fn go_again(outgoing: &mut Outgoing, desk: &mut Desk) {
    if outgoing.failed.take().is_some() {
        desk.keep(Keepsake::Outgoing(outgoing.clone()));
        tell_changed(outgoing, desk);
        desk.changed(Changed::Link);
    }
}

/// The conversation and its row read differently.
fn tell_changed(outgoing: &Outgoing, desk: &mut Desk) {
    desk.conversation_changed(outgoing.to.address());
}
