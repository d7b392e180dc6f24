//! One inbox's log, with what only it can tell: how far it was taken, who is known, what is held.

use std::collections::{BTreeMap, BTreeSet};

use lamplight_core::address::{Address, Epoch, Seq, Tag};
use lamplight_core::called::Called;
use lamplight_core::message::{Conversation, Entry, What};
use lamplight_core::store::{InboxRecord, Loaded};
use lamplight_core::time::Timestamp;

/// A log and how far it was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inbox {
    head: Seq,
    acknowledged: Seq,
    log: BTreeMap<Seq, Entry>,
    /// Of each message that came in, where its other copy is; outlives deletion.
    origins: BTreeMap<Seq, Origin>,
    /// To whom the principal has written, or whom it has admitted.
    pub known: BTreeSet<Address>,
    /// How visitors of sites were called when they wrote last.
    called: BTreeMap<Address, Box<Called>>,
}

/// Where the other copy of a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// As the message says.
    pub peer: Address,
    /// Through which of the own addresses it came.
    pub own: Option<Tag>,
    /// In the sender's log.
    pub place: Seq,
}

impl Inbox {
    pub const EMPTY: Self = Self {
        head: Seq(0),
        acknowledged: Seq(0),
        log: BTreeMap::new(),
        origins: BTreeMap::new(),
        known: BTreeSet::new(),
        called: BTreeMap::new(),
    };

    /// Writes an entry at the next place; its own place in it is of no account.
    pub fn push(&mut self, entry: Entry) -> Entry {
        self.head = self.head.next();
        let entry = Entry {
            seq: self.head,
            ..entry
        };
        self.log.insert(self.head, entry.clone());
        entry
    }

    /// Writes a message that came in.
    pub fn take_in(&mut self, entry: Entry, origin: Origin) -> Entry {
        let entry = self.push(entry);
        if let Some(called) = &entry.called {
            self.called.insert(entry.with.clone(), called.clone());
        }
        self.origins.insert(entry.seq, origin);
        entry
    }

    fn note(&mut self, with: &Address, at: Timestamp, what: What) -> Entry {
        self.push(Entry {
            seq: Seq(0),
            with: with.clone(),
            at,
            what,
            own: None,
            by: None,
            called: None,
        })
    }

    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.log.values().filter(|entry| entry.what.is_message())
    }

    fn is_held(&self, seq: Seq) -> bool {
        let entry = self.log.get(&seq);
        entry.is_some_and(|entry| matches!(entry.what, What::Held(..)))
    }

    // Changes.

    /// Moves on to this place; what was taken by it: of received messages, and of those that an entry let in.
    pub fn acknowledge(&mut self, up_to: Seq) -> Vec<Origin> {
        let (from, to) = (self.acknowledged, up_to.min(self.head));
        if to <= from {
            return Vec::new();
        }
        self.acknowledged = to;
        let span = from.next()..=to;
        let received = self.origins.range(span.clone());
        let received = received.filter(|(seq, _)| !self.is_held(**seq));
        let mut taken: Vec<Origin> = received.map(|(_, origin)| origin.clone()).collect();
        for (seq, entry) in self.log.range(span) {
            if entry.what != What::Admitted {
                continue;
            }
            let before = self.origins.range(..seq);
            let let_in = before.filter(|(at, origin)| {
                origin.peer == entry.with && self.log.contains_key(at) && !self.is_held(**at)
            });
            taken.extend(let_in.map(|(_, origin)| origin.clone()));
        }
        taken
    }

    pub fn mark_read(&mut self, with: &Address, up_to: Seq, at: Timestamp) -> Option<Entry> {
        self.mark(What::Read, with, up_to.min(self.head), at)
    }

    /// Puts a mark of this kind at the end of the log in the place of the conversation's earlier one, if it goes beyond that.
    pub fn mark(
        &mut self,
        kind: fn(Seq) -> What,
        with: &Address,
        place: Seq,
        at: Timestamp,
    ) -> Option<Entry> {
        let mark = kind(place);
        let same_kind = |entry: &Entry| {
            entry.with == *with
                && std::mem::discriminant(&entry.what) == std::mem::discriminant(&mark)
        };
        let earlier = self.log.values().find(|entry| same_kind(entry));
        let (reached, stands) = earlier.map_or((Seq(0), None), |entry| match entry.what {
            What::Delivered(seq) | What::Read(seq) => (seq, Some(entry.seq)),
            _ => (Seq(0), None),
        });
        if place <= reached {
            return None;
        }
        if let Some(stands) = stands {
            self.log.remove(&stands);
        }
        Some(self.note(with, at, mark))
    }

    pub fn delete(&mut self, seqs: &[Seq], at: Timestamp) -> Vec<Entry> {
        let mut entries = Vec::new();
        for seq in seqs {
            let entry = self.log.get(seq);
            let Some(with) = entry.filter(|entry| entry.what.is_message()) else {
                continue;
            };
            let with = with.with.clone();
            self.empty(*seq);
            entries.push(self.note(&with, at, What::Deleted(*seq)));
        }
        entries
    }

    /// Nobody is ever told of what was held to the end.
    fn empty(&mut self, seq: Seq) {
        if self.is_held(seq) {
            self.origins.remove(&seq);
        }
        self.log.remove(&seq);
    }

    pub fn admit(&mut self, with: &Address, at: Timestamp) -> Option<Entry> {
        self.known.insert(with.clone());
        let mut had_held = false;
        for entry in self.log.values_mut().filter(|entry| entry.with == *with) {
            if let What::Held(id, body) = &entry.what {
                entry.what = What::Received(*id, body.clone());
                had_held = true;
            }
        }
        had_held.then(|| self.note(with, at, What::Admitted))
    }

    pub fn clear(&mut self, with: &Address, at: Timestamp) -> Option<Entry> {
        let messages = self.messages().filter(|entry| entry.with == *with);
        let gone: Vec<Seq> = messages.map(|entry| entry.seq).collect();
        if gone.is_empty() {
            return None;
        }
        for seq in gone {
            self.empty(seq);
        }
        self.called.remove(with);
        let is_earlier =
            |entry: &Entry| entry.with == *with && matches!(entry.what, What::Cleared(_));
        self.log.retain(|_, entry| !is_earlier(entry));
        Some(self.note(with, at, What::Cleared(self.head)))
    }

    // Loads.

    pub fn record(&self, epoch: Epoch) -> InboxRecord {
        InboxRecord {
            epoch,
            head: self.head,
            acknowledged: self.acknowledged,
        }
    }

    pub fn unacknowledged(&self, up_to: Seq) -> Vec<Address> {
        let beyond = |seq: Seq| self.acknowledged < seq && seq <= up_to;
        let received = self.origins.iter();
        let received = received.filter(|(seq, _)| beyond(**seq) && !self.is_held(**seq));
        let let_in = self.log.values();
        let let_in = let_in.filter(|entry| beyond(entry.seq) && entry.what == What::Admitted);
        let received = received.map(|(_, origin)| &origin.peer);
        let senders: BTreeSet<&Address> = received.chain(let_in.map(|entry| &entry.with)).collect();
        senders.into_iter().cloned().collect()
    }

    pub fn held_of(&self, with: &Address) -> u32 {
        let of = self.messages().filter(|entry| entry.with == *with);
        of.filter(|entry| matches!(entry.what, What::Held(..)))
            .count() as u32
    }

    pub fn read(&self, after: Seq, limit: usize) -> Loaded {
        let mut rest = self.log.range(after.next()..);
        let entries = rest.by_ref().take(limit).map(|(_, entry)| entry.clone());
        let entries: Vec<Entry> = entries.collect();
        let cut_off = rest.next().is_some();
        let last = entries.last().map_or(after, |entry| entry.seq);
        Loaded::Log {
            entries,
            up_to: if cut_off { last } else { self.head },
        }
    }

    pub fn history(&self, with: Option<&Address>, before: Option<Seq>, limit: usize) -> Loaded {
        let mut newest_first = self
            .messages()
            .rev()
            .filter(|entry| before.is_none_or(|before| entry.seq < before))
            .filter(|entry| with.is_none_or(|with| entry.with == *with))
            .cloned();
        let mut entries: Vec<Entry> = newest_first.by_ref().take(limit).collect();
        entries.reverse();
        Loaded::History {
            entries,
            more: newest_first.next().is_some(),
        }
    }

    pub fn conversations(&self) -> Loaded {
        let others: BTreeSet<&Address> = self.log.values().map(|entry| &entry.with).collect();
        let others = others.into_iter().map(|with| self.conversation(with));
        let mut conversations: Vec<Conversation> = others.collect();
        conversations.sort_by_key(|one| std::cmp::Reverse(one.last.as_ref().map(|last| last.seq)));
        Loaded::Conversations {
            conversations,
            head: self.head,
        }
    }

    fn conversation(&self, with: &Address) -> Conversation {
        let of = || self.log.values().filter(|entry| entry.with == *with);
        let marked = |pick: fn(&What) -> Option<Seq>| of().find_map(|entry| pick(&entry.what));
        let read = marked(|what| match what {
            What::Read(seq) => Some(*seq),
            _ => None,
        });
        let delivered = marked(|what| match what {
            What::Delivered(seq) => Some(*seq),
            _ => None,
        });
        let read = read.unwrap_or_default();
        let is_unread =
            |entry: &&Entry| entry.seq > read && matches!(entry.what, What::Received(..));
        Conversation {
            with: with.clone(),
            last: of().rfind(|entry| entry.what.is_message()).cloned(),
            unread: of().filter(is_unread).count() as u32,
            read,
            delivered: delivered.unwrap_or_default(),
            held: self.held_of(with),
            called: self.called.get(with).cloned(),
        }
    }
}
