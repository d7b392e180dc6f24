//! The contract of `core::store` in plain maps: what every store must do, without a disk.
//!
//! It answers at once and forgets nothing; when a change becomes durable and what a crash takes is the business of
//! [`crate::room::Disk`], which wraps it. The `store` tests hold it and the relay's SQLite to the same suite.

use std::collections::{BTreeMap, BTreeSet};

use lamplight_core::address::{
    Address, Epoch, InboxAddress, MessageId, Presentity, Principal, Seq,
};
use lamplight_core::message::{Body, Conversation, Entry, InstantMessage, What};
use lamplight_core::store::{
    Change, Copies, First, InboxRecord, Kept, Key, Loaded, PresentityRecord,
};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Access, Contact, Decision};

/// Messages that an inbox holds unless the test says otherwise (trust.md B5: 10,000 messages or 64 MiB).
pub const INBOX_MESSAGES: usize = 10_000;

/// Everything that lasts, of one relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryStore {
    epoch: Epoch,
    /// Messages that one inbox holds at most.
    pub inbox_messages: usize,
    accounts: BTreeSet<Address>,
    presentities: BTreeMap<Presentity, PresentityRecord>,
    contacts: BTreeMap<Principal, BTreeMap<Presentity, Contact>>,
    inboxes: BTreeMap<InboxAddress, Inbox>,
    /// By sender and id; outlives deletion.
    sent: BTreeMap<(Principal, MessageId), Once>,
}

/// One inbox: its log and how far it was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Inbox {
    head: Seq,
    acknowledged: Seq,
    log: BTreeMap<Seq, Entry>,
}

/// What is remembered of a message for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Once {
    to: InboxAddress,
    body: Body,
    at: Timestamp,
    sender: Seq,
    receiver: Option<Seq>,
}

impl MemoryStore {
    /// An empty store of this epoch.
    pub fn new(epoch: u64) -> Self {
        Self {
            epoch: Epoch(epoch),
            inbox_messages: INBOX_MESSAGES,
            accounts: BTreeSet::new(),
            presentities: BTreeMap::new(),
            contacts: BTreeMap::new(),
            inboxes: BTreeMap::new(),
            sent: BTreeMap::new(),
        }
    }

    /// Makes an account with its presentity and inbox.
    pub fn create_account(&mut self, principal: &Principal) {
        self.accounts.insert(principal.address().clone());
    }

    /// As after a restore from a backup: what agents knew of the inboxes means nothing any more.
    pub fn restored_as(&mut self, epoch: u64) {
        self.epoch = Epoch(epoch);
    }

    /// Forgets which messages were sent: a fault that tests plant to see it found.
    pub fn forget_what_was_sent(&mut self) {
        self.sent.clear();
    }

    /// Carries out one change.
    pub fn apply(&mut self, change: Change) -> Kept {
        match change {
            Change::Append { message, copies } => self.append(message, copies),
            Change::Acknowledge { inbox, up_to, at } => self.acknowledge(&inbox, up_to, at),
            Change::MarkRead {
                inbox,
                with,
                up_to,
                at,
            } => self.mark_read(inbox, &with, up_to, at),
            Change::Delete { inbox, seqs, at } => self.delete(inbox, &seqs, at),
            Change::SetContact { watcher, contact } => {
                let of = self.contacts.entry(watcher).or_default();
                of.insert(contact.presentity.clone(), contact);
                Kept::Done
            }
            Change::RemoveContact {
                watcher,
                presentity,
            } => {
                if let Some(of) = self.contacts.get_mut(&watcher) {
                    of.remove(&presentity);
                }
                Kept::Done
            }
            change => self.apply_to_presentity(change),
        }
    }

    fn apply_to_presentity(&mut self, change: Change) -> Kept {
        match change {
            Change::SetAccess {
                presentity,
                watcher,
                decision,
                at,
            } => set_access(self.record(presentity), watcher, decision, at),
            Change::AddRequest {
                presentity,
                request,
            } => {
                let requests = &mut self.record(presentity).requests;
                if !requests.iter().any(|one| one.watcher == request.watcher) {
                    requests.push(request);
                }
            }
            Change::RemoveRequest {
                presentity,
                watcher,
            } => {
                let requests = &mut self.record(presentity).requests;
                requests.retain(|one| one.watcher != watcher);
            }
            Change::KeepTuple { presentity, tuple } => {
                let tuples = &mut self.record(presentity).tuples;
                tuples.retain(|one| one.id != tuple.id);
                tuples.push(tuple);
                tuples.sort_by(|one, other| one.id.cmp(&other.id));
            }
            Change::DropTuple { presentity, tuple } => {
                self.record(presentity).tuples.retain(|one| one.id != tuple);
            }
            Change::LastSeen { presentity, at } => self.record(presentity).last_seen = at,
            _ => unreachable!("the other changes are carried out by `apply`"),
        }
        Kept::Done
    }

    fn record(&mut self, presentity: Presentity) -> &mut PresentityRecord {
        self.presentities.entry(presentity).or_default()
    }

    fn append(&mut self, message: InstantMessage, copies: Copies) -> Kept {
        let key = (message.from.clone(), message.id);
        if let Some(once) = self.sent.get(&key) {
            let same = once.to == message.to && once.body == message.body;
            return if same {
                once.kept(&message, First::Repetition)
            } else {
                Kept::IdConflict
            };
        }
        if !self.accounts.contains(message.to.address()) {
            return Kept::NoInbox;
        }
        if copies == Copies::Both && self.messages_in(&message.to) >= self.inbox_messages {
            return Kept::InboxFull;
        }
        let (from, to) = (message.from.inbox(), message.to.clone());
        let (id, at) = (message.id, message.at);
        let said = What::Sent(id, message.body.clone());
        let sender = self.log(from).push(to.address(), at, said);
        let receiver = (copies == Copies::Both).then(|| {
            let heard = What::Received(id, message.body.clone());
            self.log(to).push(message.from.address(), at, heard)
        });
        let once = Once {
            to: message.to.clone(),
            body: message.body.clone(),
            at,
            sender: sender.seq,
            receiver: receiver.map(|entry| entry.seq),
        };
        let kept = once.kept(&message, First::Time);
        self.sent.insert(key, once);
        kept
    }

    fn messages_in(&self, inbox: &InboxAddress) -> usize {
        let messages = |inbox: &Inbox| inbox.messages().count();
        self.inboxes.get(inbox).map_or(0, messages)
    }

    fn log(&mut self, inbox: InboxAddress) -> &mut Inbox {
        self.inboxes.entry(inbox).or_default()
    }

    fn acknowledge(&mut self, inbox: &InboxAddress, up_to: Seq, at: Timestamp) -> Kept {
        let log = self.log(inbox.clone());
        let (from, to) = (log.acknowledged, up_to.min(log.head));
        if to <= from {
            return Kept::Acknowledged { marks: Vec::new() };
        }
        log.acknowledged = to;
        let newest = self.newest_taken(inbox, from, to);
        let marks = newest.into_iter().filter_map(|(sender, place)| {
            let log = self.log(sender.clone());
            let marked = log.mark(What::Delivered, inbox.address(), place, at)?;
            Some((sender, marked))
        });
        Kept::Acknowledged {
            marks: marks.collect(),
        }
    }

    /// Of each sender, the place in their own log of the newest message that `inbox` took in this span.
    fn newest_taken(
        &self,
        inbox: &InboxAddress,
        from: Seq,
        to: Seq,
    ) -> BTreeMap<InboxAddress, Seq> {
        let mut newest = BTreeMap::new();
        for ((sender, _), once) in &self.sent {
            let taken = once.receiver.is_some_and(|seq| from < seq && seq <= to);
            if taken && once.to == *inbox {
                let place: &mut Seq = newest.entry(sender.inbox()).or_default();
                *place = once.sender.max(*place);
            }
        }
        newest
    }

    fn mark_read(
        &mut self,
        inbox: InboxAddress,
        with: &Address,
        up_to: Seq,
        at: Timestamp,
    ) -> Kept {
        let log = self.log(inbox);
        let up_to = up_to.min(log.head);
        let marked = log.mark(What::Read, with, up_to, at);
        Kept::Logged {
            entries: marked.into_iter().collect(),
        }
    }

    fn delete(&mut self, inbox: InboxAddress, seqs: &[Seq], at: Timestamp) -> Kept {
        let log = self.log(inbox);
        let mut entries = Vec::new();
        for seq in seqs {
            if !log
                .log
                .get(seq)
                .is_some_and(|entry| entry.what.is_message())
            {
                continue;
            }
            if let Some(gone) = log.log.remove(seq) {
                entries.push(log.push(&gone.with, at, What::Deleted(*seq)));
            }
        }
        Kept::Logged { entries }
    }

    /// Reads what was asked for.
    pub fn load(&self, key: &Key) -> Loaded {
        match key {
            Key::Presentity(presentity) => {
                let known = self.accounts.contains(presentity.address());
                let record = || self.presentities.get(presentity).cloned();
                Loaded::Presentity(known.then(|| record().unwrap_or_default()))
            }
            Key::Contacts(watcher) => {
                let of = self.contacts.get(watcher);
                Loaded::Contacts(of.into_iter().flat_map(BTreeMap::values).cloned().collect())
            }
            Key::Inbox(inbox) => Loaded::Inbox(self.inbox_record(inbox)),
            Key::Log {
                inbox,
                after,
                limit,
            } => self.load_log(inbox, *after, usize::from(*limit)),
            Key::History {
                inbox,
                with,
                before,
                limit,
            } => self.load_history(inbox, with.as_ref(), *before, usize::from(*limit)),
            Key::Conversations(inbox) => self.load_conversations(inbox),
        }
    }

    fn inbox_record(&self, inbox: &InboxAddress) -> InboxRecord {
        let log = self.inboxes.get(inbox);
        InboxRecord {
            epoch: self.epoch,
            head: log.map_or(Seq(0), |log| log.head),
            acknowledged: log.map_or(Seq(0), |log| log.acknowledged),
        }
    }

    fn load_log(&self, inbox: &InboxAddress, after: Seq, limit: usize) -> Loaded {
        let head = self.inbox_record(inbox).head;
        let log = self.inboxes.get(inbox);
        let mut rest = log
            .into_iter()
            .flat_map(|log| log.log.range(after.next()..))
            .map(|(_, entry)| entry.clone());
        let entries: Vec<Entry> = rest.by_ref().take(limit).collect();
        let cut_off = rest.next().is_some();
        let last = entries.last().map_or(after, |entry| entry.seq);
        Loaded::Log {
            entries,
            up_to: if cut_off { last } else { head },
        }
    }

    fn load_history(
        &self,
        inbox: &InboxAddress,
        with: Option<&Address>,
        before: Option<Seq>,
        limit: usize,
    ) -> Loaded {
        let log = self.inboxes.get(inbox);
        let mut newest_first = log
            .into_iter()
            .flat_map(|log| log.messages().rev())
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

    fn load_conversations(&self, inbox: &InboxAddress) -> Loaded {
        let head = self.inbox_record(inbox).head;
        let Some(log) = self.inboxes.get(inbox) else {
            return Loaded::Conversations {
                conversations: Vec::new(),
                head,
            };
        };
        let others: BTreeSet<&Address> = log.log.values().map(|entry| &entry.with).collect();
        let mut conversations: Vec<Conversation> = others
            .into_iter()
            .map(|with| log.conversation(with))
            .collect();
        conversations.sort_by_key(|one| std::cmp::Reverse(one.last.as_ref().map(|last| last.seq)));
        Loaded::Conversations {
            conversations,
            head,
        }
    }
}

fn set_access(
    record: &mut PresentityRecord,
    watcher: Principal,
    decision: Option<Decision>,
    at: Timestamp,
) {
    record.requests.retain(|one| one.watcher != watcher);
    record.access.retain(|one| one.watcher != watcher);
    if let Some(decision) = decision {
        record.access.push(Access {
            watcher,
            decision,
            at,
        });
        record
            .access
            .sort_by(|one, other| one.watcher.cmp(&other.watcher));
    }
}

impl Once {
    fn kept(&self, message: &InstantMessage, first: First) -> Kept {
        let entry = |seq, with: &Address, what| Entry {
            seq,
            with: with.clone(),
            at: self.at,
            what,
        };
        Kept::Appended {
            sender: entry(
                self.sender,
                self.to.address(),
                What::Sent(message.id, self.body.clone()),
            ),
            receiver: self.receiver.map(|seq| {
                let heard = What::Received(message.id, self.body.clone());
                entry(seq, message.from.address(), heard)
            }),
            first,
        }
    }
}

impl Inbox {
    fn push(&mut self, with: &Address, at: Timestamp, what: What) -> Entry {
        self.head = self.head.next();
        let entry = Entry {
            seq: self.head,
            with: with.clone(),
            at,
            what,
        };
        self.log.insert(self.head, entry.clone());
        entry
    }

    fn messages(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.log.values().filter(|entry| entry.what.is_message())
    }

    /// Puts a mark of this kind at the end of the log in the place of the conversation's earlier one, if it goes beyond that.
    fn mark(
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
        Some(self.push(with, at, mark))
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
        }
    }
}
