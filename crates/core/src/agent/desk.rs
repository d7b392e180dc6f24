//! What the four user agents share: the moment, chance, the way out, and the questions that wait for an answer.

use core::time::Duration;

use alloc::collections::VecDeque;

use crate::address::{Address, MessageId, Seq, Tag, TupleId};
use crate::agent::sorted::{Map, Set};
use crate::agent::{Changed, Keepsake, KeepsakeName, Notice, Output};
use crate::code::{Code, Refusal, Retry};
use crate::time::{Instant, Now};
use crate::wire::{Number, Offers, ToService, to_cbor};

/// A wish that came too fast is said again after at least this long ...
const AGAIN: Duration = Duration::from_secs(1);
/// ... unless the service wants to be left alone for longer than this: then the person decides.
const PATIENCE_MS: u64 = 10_000;
/// Changed rows in one go beyond which a page is told to read the roster anew.
const ROWS_AT_ONCE: usize = 64;

/// What was asked under a number, so that its answer finds who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Conversations,
    /// The newest page of a conversation.
    Newest(Address),
    /// The page before this place.
    Older(Address, Seq),
    /// To keep a contact.
    KeepContact(Address),
    DropContact(Address),
    /// To be told of somebody while this lasts.
    #[cfg(feature = "scripts")]
    Watch(Address),
    #[cfg(feature = "doors")]
    /// What a watcher sees of this presentity of mine.
    Decide(Option<Tag>, Address),
    /// Whose messages are let in.
    #[cfg(not(feature = "settings"))]
    Admit(Address),
    Delete(Address, Seq),
    /// Whether the tuple of mine that went out before, or its end, has arrived.
    Said(Option<Tag>, TupleId),
    #[cfg(feature = "settings")]
    /// A wish about what I have set up.
    Wish(u32),
    #[cfg(feature = "settings")]
    Watchers,
}

/// The shared desk.
pub(super) struct Desk {
    pub now: Now,
    /// Whether frames go out: between a welcome and the end of its line.
    pub up: bool,
    pub offers: Offers,
    /// What `Keepsake::Roster` holds is different now.
    pub roster_to_keep: bool,
    random: Random,
    out: VecDeque<Output>,
    changed: Set<Changed>,
    number: Number,
    asked: Map<Number, (Asked, Instant)>,
}

impl Desk {
    pub fn new(seed: u64, now: Now) -> Self {
        Self {
            now,
            up: false,
            offers: Offers::Both,
            roster_to_keep: false,
            random: Random(seed),
            out: VecDeque::new(),
            changed: Set::new(),
            number: 0,
            asked: Map::new(),
        }
    }

    pub fn at(&self) -> Instant {
        self.now.instant
    }

    // Frames.

    /// Writes a frame, line or no line: for the hello and the goodbye.
    pub fn write(&mut self, frame: &ToService) {
        self.out.push_back(Output::Send(to_cbor(frame)));
    }

    /// Writes a frame if the line is up; what must not be lost is said again at the next welcome by whoever said it.
    pub fn send(&mut self, frame: &ToService) {
        if self.up {
            self.write(frame);
        }
    }

    pub fn next_number(&mut self) -> Number {
        self.number = self.number.wrapping_add(1);
        self.number
    }

    /// Writes a request and remembers who waits for its answer. Only while the line is up.
    pub fn ask(&mut self, asked: Asked, frame: impl FnOnce(Number) -> ToService) {
        debug_assert!(self.up, "{asked:?} without a line");
        let number = self.next_number();
        self.asked.insert(number, (asked, self.now.instant));
        self.write(&frame(number));
    }

    /// What was asked under this number; its answer is here.
    pub fn answered(&mut self, number: Number) -> Option<Asked> {
        self.asked.remove(&number).map(|(asked, _)| asked)
    }

    /// Whether the same was asked again and is not answered yet.
    pub fn is_asked(&self, question: &Asked) -> bool {
        self.asked.values().any(|(asked, _)| asked == question)
    }

    /// The tuple whose arrival is not certain yet, of several the one that went out first.
    pub fn first_said(&self) -> Option<(Option<Tag>, TupleId)> {
        self.asked.values().find_map(|(asked, _)| match asked {
            Asked::Said(of, id) => Some((of.clone(), id.clone())),
            _ => None,
        })
    }

    /// Since when the oldest question waits.
    pub fn oldest_question(&self) -> Option<Instant> {
        self.asked.values().map(|(_, since)| *since).min()
    }

    /// The line is gone, and every answer with it.
    pub fn line_went(&mut self) {
        self.up = false;
        self.asked.clear();
    }

    // Everything else that leaves.

    pub fn put(&mut self, output: Output) {
        self.out.push_back(output);
    }

    pub fn keep(&mut self, keepsake: Keepsake) {
        self.put(Output::Keep(keepsake));
    }

    pub fn forget(&mut self, name: KeepsakeName) {
        self.put(Output::Forget(name));
    }

    pub fn tell(&mut self, notice: Notice) {
        self.put(Output::Tell(notice));
    }

    pub fn changed(&mut self, what: Changed) {
        self.changed.insert(what);
    }

    pub fn is_changed(&self, what: &Changed) -> bool {
        self.changed.contains(what)
    }

    /// Rows that are told to be different now.
    pub fn changed_rows(&self) -> impl Iterator<Item = &Address> {
        self.changed.iter().filter_map(|what| match what {
            Changed::Row(address) => Some(address),
            _ => None,
        })
    }

    /// A conversation reads differently, and so does its row.
    pub fn conversation_changed(&mut self, with: &Address) {
        self.changed(Changed::Row(with.clone()));
        self.changed(Changed::Conversation(with.clone()));
    }

    /// At the end of a `handle`: what is different now stands behind everything else, each thing once.
    pub fn close(&mut self) {
        if self.changed_rows().count() > ROWS_AT_ONCE {
            self.changed(Changed::Roster);
        }
        if self.changed.contains(&Changed::Roster) {
            self.changed.retain(|what| !matches!(what, Changed::Row(_)));
        }
        let changed = core::mem::take(&mut self.changed);
        self.out.extend(changed.into_iter().map(Output::Changed));
    }

    pub fn next_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    // Chance.

    /// Evenly from 0 to `most`, milliseconds.
    pub fn jitter(&mut self, most: u64) -> u64 {
        self.random.next() % most.saturating_add(1).max(1)
    }

    pub fn message_id(&mut self) -> MessageId {
        let high = u128::from(self.random.next());
        MessageId(high << 64 | u128::from(self.random.next()))
    }
}

/// How long to wait before a wish that only came too fast may be said again; `None`: it is refused.
pub(super) fn soon(refusal: &Refusal) -> Option<Duration> {
    match (refusal.code, refusal.retry) {
        (Code::TooManyRequests, Retry::AfterMs(ms @ ..=PATIENCE_MS)) => {
            Some(AGAIN.max(Duration::from_millis(ms)))
        }
        _ => None,
    }
}

/// `SplitMix64`: small, and good enough for identifiers and waits. The seed is the only chance there is.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
