//! One conversation as far as it is here: its messages, what is unread, what was delivered.
//!
//! Every message at or after `known_from` is here or on its way as `Deliver`. What can be counted from that is counted; where
//! it does not reach, the method says [`Count::Lost`] and the service is asked.
//!
//! A message may be held: it waits in the requests folder, is not counted as unread, and is received once it is admitted.

use alloc::boxed::Box;

use crate::address::{Address, MessageId, Principal, Seq, Tag};
use crate::agent::sorted::{Map, Set};
use crate::agent::{Item, ItemState, Side};
use crate::called::Called;
use crate::message::{Body, Conversation, Entry, What};
use crate::time::Timestamp;

/// The most messages of one conversation that are kept here. A page of history beyond it is not fetched.
pub(super) const KEPT_OPEN: usize = 2_000;
/// ... once it is not in view any more.
pub(super) const KEPT_CLOSED: usize = 300;

/// Bytes of a newest message in the keepsake.
const BEGINNING: usize = 400;

/// Whether what is here was enough to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Exact,
    /// The service has to be asked.
    Lost,
}

/// How much of the conversation was fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fetched {
    Nothing,
    /// At least the newest page.
    Newest,
}

/// One message that is here.
struct Here {
    id: MessageId,
    side: Side,
    body: Body,
    at: Timestamp,
    /// It waits in the requests folder.
    held: bool,
    own: Option<Tag>,
    by: Option<Principal>,
}

/// What the person answered to what is held, before the log says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::agent) enum Answer {
    Admit,
    Refuse,
}

/// One conversation.
pub(super) struct Talk {
    with: Address,
    items: Map<Seq, Here>,
    known_from: Seq,
    pub fetched: Fetched,
    /// A page is on its way.
    pub loading: bool,
    /// The service has messages older than `known_from`.
    more: bool,
    /// The newest message; after a reload it is here without its neighbours.
    last: Option<Entry>,
    pub unread: u32,
    pub read: Seq,
    delivered: Seq,
    /// Messages in the requests folder.
    held: u32,
    pub answer: Option<Answer>,
    /// Emptied up to here.
    cleared: Seq,
    /// What was unread when the conversation came into view: after the first place, up to the second.
    divider: Option<(Seq, Seq)>,
    /// Deleted while a page is on its way that may still hold them.
    gone: Set<Seq>,
    /// Of a visitor of a site: how they were called last.
    called: Option<Box<Called>>,
}

impl Talk {
    pub fn new(with: Address, known_from: Seq) -> Self {
        Self {
            with,
            items: Map::new(),
            known_from,
            fetched: Fetched::Nothing,
            loading: false,
            more: true,
            last: None,
            unread: 0,
            read: Seq(0),
            delivered: Seq(0),
            held: 0,
            answer: None,
            cleared: Seq(0),
            divider: None,
            gone: Set::new(),
            called: None,
        }
    }

    // Getters.

    pub fn with(&self) -> &Address {
        &self.with
    }

    pub fn called(&self) -> Option<&Called> {
        self.called.as_deref()
    }

    pub fn items(&self) -> impl Iterator<Item = Item> {
        let shown = self.items.iter().filter(|_| !self.is_refused());
        shown.map(|(seq, here)| Item {
            id: here.id,
            seq: Some(*seq),
            side: here.side,
            text: here.body.as_str().into(),
            at: here.at,
            state: match here.side {
                Side::Theirs => ItemState::Received,
                Side::Mine if *seq <= self.delivered => ItemState::Delivered,
                Side::Mine => ItemState::Accepted,
            },
            by: here.by.clone(),
            own: here.own.clone(),
        })
    }

    pub fn last(&self) -> Option<(Side, &Body, Timestamp)> {
        let entry = self.last.as_ref().filter(|_| !self.is_refused())?;
        let (side, _, body) = message(&entry.what)?;
        Some((side, body, entry.at))
    }

    fn is_refused(&self) -> bool {
        self.answer == Some(Answer::Refuse)
    }

    pub fn shown_unread(&self) -> u32 {
        match self.is_refused() {
            true => 0,
            false => self.unread,
        }
    }

    /// Messages that wait in the requests folder for an answer.
    pub fn held(&self) -> u32 {
        match self.answer {
            Some(_) => 0,
            None => self.held,
        }
    }

    /// Whether nothing but what is held is known of it.
    pub fn is_only_held(&self) -> bool {
        let never_more = (self.unread, self.read, self.delivered) == (0, Seq(0), Seq(0));
        let held = |entry: &Entry| matches!(entry.what, What::Held(..));
        self.held() > 0
            && never_more
            && self.last.as_ref().is_none_or(held)
            && self.items.values().all(|here| here.held)
    }

    /// The newest message that is held: its text, and when.
    pub fn last_held(&self) -> Option<(&Body, Timestamp)> {
        if let Some(Entry {
            what: What::Held(_, body),
            at,
            ..
        }) = &self.last
        {
            return Some((body, *at));
        }
        let here = self.items.values().rfind(|here| here.held)?;
        Some((&here.body, here.at))
    }

    /// By way of which of my inbox addresses they wrote last.
    pub fn own(&self) -> Option<Tag> {
        let theirs = |here: &&Here| here.side == Side::Theirs;
        match (self.items.values().rfind(theirs), &self.last) {
            (Some(here), _) => here.own.clone(),
            (None, last) => last.as_ref()?.own.clone(),
        }
    }

    /// What shows beside the messages: unread, read, delivered, held.
    pub fn marks(&self) -> (u32, Seq, Seq, u32) {
        (self.unread, self.read, self.delivered, self.held)
    }

    /// Back to these numbers: what was counted stands in them already.
    pub fn recount(&mut self, unread: u32, held: u32) {
        (self.unread, self.held) = (unread, held);
    }

    /// Whether there is nothing to show.
    pub fn is_bare(&self) -> bool {
        self.is_refused() || (self.last.is_none() && self.items.is_empty())
    }

    pub fn has_more(&self) -> bool {
        self.more && self.room() > 0
    }

    /// How many more may be kept.
    pub fn room(&self) -> usize {
        KEPT_OPEN.saturating_sub(self.items.len())
    }

    /// The place before which an older page ends.
    pub fn known_from(&self) -> Seq {
        self.known_from
    }

    pub fn holds(&self, seq: Seq) -> bool {
        self.items.contains_key(&seq)
    }

    pub fn first_unread(&self) -> Option<MessageId> {
        let (after, up_to) = self.divider?;
        self.items
            .from(&after.next())
            .take_while(|(seq, _)| **seq <= up_to)
            .find(|(_, here)| here.side == Side::Theirs && !here.held)
            .map(|(_, here)| here.id)
    }

    /// The newest message's place.
    pub fn newest(&self) -> Option<Seq> {
        let here = self.items.keys().next_back().copied();
        here.max(self.last.as_ref().map(|entry| entry.seq))
    }

    /// The place of its last message.
    pub fn last_place(&self) -> Option<Seq> {
        self.last.as_ref().map(|last| last.seq)
    }

    /// As it stands in the keepsake: of the newest message only what a row shows.
    pub fn summary(&self) -> Conversation {
        Conversation {
            with: self.with.clone(),
            last: self.last.as_ref().map(begun),
            unread: self.unread,
            read: self.read,
            delivered: self.delivered,
            held: self.held,
            called: self.called.clone(),
        }
    }

    // Entries.

    /// Takes in a message. Says whether it was not here yet.
    pub fn insert(&mut self, entry: &Entry) -> bool {
        let Some((side, id, body)) = message(&entry.what) else {
            return false;
        };
        let twin = |here: &Here| here.side == side && here.id == id;
        if entry.seq <= self.cleared
            || self.gone.contains(&entry.seq)
            || self.items.contains_key(&entry.seq)
            || self.items.values().any(twin)
        {
            return false;
        }
        let here = Here {
            id,
            side,
            body: body.clone(),
            at: entry.at,
            held: matches!(entry.what, What::Held(..)),
            own: entry.own.clone(),
            by: entry.by.clone(),
        };
        self.items.insert(entry.seq, here);
        if self.last.as_ref().is_none_or(|last| last.seq < entry.seq) {
            self.last = Some(entry.clone());
            self.call(entry.called.clone());
        }
        true
    }

    /// What says nothing of it leaves the name as it was.
    fn call(&mut self, called: Option<Box<Called>>) {
        if called.is_some() {
            self.called = called;
        }
    }

    /// One more message, at this place.
    pub fn count(&mut self, entry: &Entry) {
        let is_held = matches!(entry.what, What::Held(..));
        if is_held || self.is_refused() {
            // What was answered was before it.
            self.answer = None;
        }
        self.held += u32::from(is_held);
        let is_received = matches!(entry.what, What::Received(..));
        self.unread += u32::from(is_received && entry.seq > self.read);
    }

    /// What is held is received.
    pub fn admit(&mut self) -> Count {
        self.answer = None;
        let waited = core::mem::take(&mut self.held);
        let (mut here, mut unread) = (0, 0);
        for (seq, one) in self.items.iter_mut() {
            if core::mem::take(&mut one.held) {
                here += 1;
                unread += u32::from(*seq > self.read);
            }
        }
        if let Some(Entry { what, .. }) = &mut self.last
            && let What::Held(id, body) = what
        {
            *what = What::Received(*id, body.clone());
        }
        if here == waited {
            self.unread += unread;
            return Count::Exact;
        }
        self.unread += waited;
        match self.read {
            Seq(0) => Count::Exact,
            _ => Count::Lost,
        }
    }

    /// Everything up to this place is gone.
    pub fn clear(&mut self, up_to: Seq, counted: Seq) -> Count {
        self.answer = None;
        self.cleared = self.cleared.max(up_to);
        self.items.retain(|seq, _| *seq > up_to);
        if self.last.as_ref().is_some_and(|last| last.seq <= up_to) {
            self.last = None;
            self.find_last();
        }
        self.unread = self.received(self.read.max(up_to), counted);
        self.held = self.counts(up_to, counted, |here| here.held);
        if self.known_from > up_to.next() {
            return Count::Lost;
        }
        self.known_from = Seq(0);
        self.more = false;
        Count::Exact
    }

    pub fn deliver(&mut self, up_to: Seq) {
        self.delivered = self.delivered.max(up_to);
    }

    /// Read up to here, on some device. `counted`: up to which place messages have been counted as unread.
    pub fn mark_read(&mut self, up_to: Seq, counted: Seq) -> Count {
        if up_to <= self.read {
            return Count::Exact;
        }
        self.read = up_to;
        if self.newest().is_none_or(|newest| newest <= up_to) {
            self.unread = 0;
            return Count::Exact;
        }
        self.unread = self.received(up_to, counted);
        if self.known_from <= up_to.next() {
            Count::Exact
        } else {
            Count::Lost
        }
    }

    /// How many of theirs are here after the one place, up to the other.
    fn received(&self, after: Seq, up_to: Seq) -> u32 {
        self.counts(after, up_to, |here| here.side == Side::Theirs && !here.held)
    }

    fn counts(&self, after: Seq, up_to: Seq, which: impl Fn(&Here) -> bool) -> u32 {
        let within = self.items.from(&after.next());
        within
            .take_while(|(seq, _)| **seq <= up_to)
            .filter(|(_, here)| which(here))
            .count() as u32
    }

    /// The message at this place is no more.
    pub fn delete(&mut self, seq: Seq, counted: Seq) -> Count {
        if self.loading {
            self.gone.insert(seq);
        }
        let here = self.items.remove(&seq);
        let was_last = self.last.as_ref().is_some_and(|last| last.seq == seq);
        if was_last {
            self.last = None;
            self.find_last();
        }
        let Some(here) = here else {
            // Not here, so it may be one that was counted.
            return if was_last || (self.unread > 0 && seq > self.read) || self.held > 0 {
                Count::Lost
            } else {
                Count::Exact
            };
        };
        if here.held {
            self.held = self.held.saturating_sub(1);
        } else if here.side == Side::Theirs && seq > self.read && seq <= counted {
            self.unread = self.unread.saturating_sub(1);
        }
        if was_last && self.last.is_none() && self.more {
            Count::Lost
        } else {
            Count::Exact
        }
    }

    fn find_last(&mut self) {
        let newest = self.items.iter().next_back();
        self.last = newest.map(|(seq, here)| Entry {
            seq: *seq,
            with: self.with.clone(),
            at: here.at,
            what: match here.side {
                Side::Mine => What::Sent(here.id, here.body.clone()),
                Side::Theirs if here.held => What::Held(here.id, here.body.clone()),
                Side::Theirs => What::Received(here.id, here.body.clone()),
            },
            own: here.own.clone(),
            by: here.by.clone(),
            called: None,
        });
    }

    // Pages and summaries.

    /// Takes in a page that reaches up to `before`, or to the end.
    pub fn page(&mut self, before: Option<Seq>, entries: &[Entry], more: bool) {
        if before.is_some_and(|before| before < self.known_from) {
            // What it joined was dropped meanwhile.
            return self.line_went();
        }
        for entry in entries {
            self.insert(entry);
        }
        if let Some(first) = entries.first() {
            self.known_from = self.known_from.min(first.seq);
        }
        if !more {
            self.known_from = Seq(0);
        }
        self.more = more;
        self.fetched = Fetched::Newest;
        self.loading = false;
        self.gone.clear();
    }

    /// Takes in how the conversation stood at `head`; what came after is here.
    pub fn adopt(&mut self, conversation: Conversation, head: Seq, counted: Seq) -> Count {
        self.call(conversation.called);
        let newer = self.last.take().filter(|last| last.seq > head);
        self.last = newer.or(conversation.last);
        let read_here = self.read;
        self.read = conversation.read;
        self.unread = conversation.unread + self.received(head.max(self.read), counted);
        self.deliver(conversation.delivered);
        if conversation.held == 0 {
            self.answer = None;
            for (_, here) in self.items.iter_mut().filter(|(seq, _)| **seq <= head) {
                here.held = false;
            }
        }
        self.held = conversation.held + self.counts(head, counted, |here| here.held);
        self.mark_read(read_here, counted)
    }

    /// Forgets what was here: the service's log has gone on without this device. `known_from`: where it joins again.
    pub fn reset(&mut self, known_from: Seq) {
        self.items.clear();
        self.known_from = known_from;
        self.fetched = Fetched::Nothing;
        self.more = true;
        self.divider = None;
        self.line_went();
    }

    /// Places mean nothing any more.
    pub fn forget_places(&mut self) {
        self.read = Seq(0);
        self.delivered = Seq(0);
        self.cleared = Seq(0);
        if let Some(last) = &mut self.last {
            last.seq = Seq(0);
        }
    }

    pub fn line_went(&mut self) {
        self.loading = false;
        self.gone.clear();
    }

    /// Drops the oldest beyond so many.
    pub fn trim(&mut self, most: usize) {
        while self.items.len() > most {
            if let Some((seq, _)) = self.items.pop_first() {
                self.known_from = seq.next();
                self.more = true;
            }
        }
    }

    /// Whether the first unread is marked.
    pub fn is_divided(&self) -> bool {
        self.divider.is_some()
    }

    /// From now on this stays marked as the first unread, while it is read.
    pub fn come_into_view(&mut self, counted: Seq) {
        self.divider = (self.unread > 0).then_some((self.read, counted));
    }
}

/// The message in a log entry.
fn message(what: &What) -> Option<(Side, MessageId, &Body)> {
    match what {
        What::Received(id, body) | What::Held(id, body) => Some((Side::Theirs, *id, body)),
        What::Sent(id, body) => Some((Side::Mine, *id, body)),
        What::Delivered(_)
        | What::Read(_)
        | What::Deleted(_)
        | What::Admitted
        | What::Cleared(_) => None,
    }
}

/// The entry with no more than the beginning of its text.
fn begun(entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    if let What::Received(_, body) | What::Sent(_, body) | What::Held(_, body) = &mut entry.what {
        let text = body.as_str();
        // Nothing but blanks is no body: then it stays whole.
        if let Ok(beginning) = Body::parse(&text[..text.floor_char_boundary(BEGINNING)]) {
            *body = beginning;
        }
    }
    entry
}
