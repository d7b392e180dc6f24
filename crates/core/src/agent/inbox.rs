//! INBOX USER AGENT (RFC 2778 2.7): takes what comes into the inbox, tells the service that it did, and keeps what a page shows.
//!
//! The inbox is one log. `cursor` is how far this device has come in it; everything after it comes as `Deliver`, live or after
//! a reconnect, and may be repeated. What lies before is fetched as a person looks at it: conversations in a line each, then
//! page by page. `counted` is up to which place the unread numbers speak, so that a repetition counts nothing twice.

mod talk;

use core::time::Duration;

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::address::{Address, MessageId, Seq, Tag};
use crate::agent::desk::{Asked, Desk};
use crate::agent::sorted::{Map, order};
use crate::agent::{Changed, HeldRow, Item, Notice, Side};
use crate::called::Called;
use crate::code::{Code, Refusal, Retry};
use crate::message::{Body, Conversation, Entry, What};
use crate::time::{Instant, Timestamp, earliest};
use crate::wire::{Cursor, Offers, Resume, ToService};

use talk::{Count, Fetched, KEPT_CLOSED, KEPT_OPEN, Talk};

pub(super) use talk::Answer;

/// Messages in one page.
const PAGE: u16 = 60;
/// A fetch that was refused for now is tried again after this long, unless the service names a time.
const AGAIN: Duration = Duration::from_secs(2);
/// A mark that went out so shortly before the line did may not have arrived.
const IN_DOUBT: Duration = Duration::from_secs(30);
/// Marks (taken, read) go out so many at once, then one each time: a busy inbox must not use up what the service allows.
const MARKS_AT_ONCE: u32 = 20;
const MARKS_EVERY: Duration = Duration::from_millis(200);
/// Conversations in the keepsake: those with the newest messages.
const KEPT_SUMMARIES: usize = 500;

/// How the list of conversations stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Summaries {
    /// Nothing is needed.
    Here,
    Wanted,
    Asked,
}

/// Whether the person can see the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Shown,
    Hidden,
}

/// The inbox user agent of one device.
pub(super) struct InboxUserAgent {
    talks: Map<Address, Talk>,
    cursor: Option<Cursor>,
    /// Everything from here on is in `talks`, or was.
    live_from: Seq,
    counted: Seq,
    summaries: Summaries,
    /// What the last `Acknowledge` said, and what the next one will.
    acknowledged: Seq,
    taken: Seq,
    open: Option<Address>,
    page: Page,
    /// Read marks that may not have arrived, and when they went out.
    reads: Map<Address, (Seq, Option<Instant>)>,
    /// Seen before the service had said how far it goes.
    seen_early: Option<Address>,
    again_at: Option<Instant>,
    /// Marks are paced: up to when those that went out have used the pace up, and when the next one may go.
    marks_free: Instant,
    mark_at: Option<Instant>,
    /// When marks that may have been refused are said again.
    unmark_at: Option<Instant>,
}

impl InboxUserAgent {
    pub fn new() -> Self {
        Self {
            talks: Map::new(),
            cursor: None,
            live_from: Seq(0),
            counted: Seq(0),
            summaries: Summaries::Here,
            acknowledged: Seq(0),
            taken: Seq(0),
            open: None,
            page: Page::Shown,
            reads: Map::new(),
            seen_early: None,
            again_at: None,
            marks_free: Instant(0),
            mark_at: None,
            unmark_at: None,
        }
    }

    // Getters.

    pub fn cursor(&self) -> Option<Cursor> {
        self.cursor
    }

    /// With whom there is a conversation that has something to show, and does not only wait in the requests folder.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        let shown = self.talks.iter().filter(|(_, talk)| is_listed(talk));
        shown.map(|(address, _)| address)
    }

    pub fn has(&self, with: &Address) -> bool {
        self.talks.get(with).is_some_and(is_listed)
    }

    /// Whether messages of this one wait in the requests folder.
    pub fn is_held(&self, with: &Address) -> bool {
        self.talks.get(with).is_some_and(|talk| talk.held() > 0)
    }

    /// The requests folder, the newest first.
    pub fn held(&self) -> Vec<HeldRow> {
        let talks: Vec<_> = self.talks.values().collect();
        let held = talks.iter().filter(|talk| talk.held() > 0);
        let rows: Vec<_> = held.map(|talk| (*talk, talk.last_held())).collect();
        let at = |at: usize| rows[at].1.map_or(Timestamp(0), |(_, at)| at);
        let order = order(rows.len(), &|one, other| at(one) > at(other));
        let row = |place: usize| HeldRow {
            address: rows[place].0.with().clone(),
            name: named(rows[place].0.called(), rows[place].0.with()),
            count: rows[place].0.held(),
            last: rows[place].1.map_or("", |(body, _)| body.as_str()).into(),
            at: at(place),
            sees_me: None,
        };
        order.into_iter().map(row).collect()
    }

    /// How a visitor of a site is called.
    pub fn called(&self, with: &Address) -> Option<&Called> {
        self.talks.get(with)?.called()
    }

    /// From which of my addresses an answer goes out: the one they wrote to last.
    pub fn own(&self, with: &Address) -> Option<Tag> {
        self.talks.get(with)?.own()
    }

    pub fn unread(&self, with: &Address) -> u32 {
        self.talks.get(with).map_or(0, Talk::shown_unread)
    }

    /// Whether the numbers speak of the whole inbox: not before its summaries are here, at first and after a start over.
    pub fn is_counted(&self) -> bool {
        self.cursor.is_some() && self.summaries == Summaries::Here
    }

    pub fn unread_in_all(&self) -> u32 {
        self.talks.values().map(Talk::shown_unread).sum()
    }

    pub fn last(&self, with: &Address) -> Option<(Side, &Body, Timestamp)> {
        self.talks.get(with)?.last()
    }

    pub fn items(&self, with: &Address) -> Vec<Item> {
        self.talks
            .get(with)
            .map_or_else(Vec::new, |talk| talk.items().collect())
    }

    pub fn has_more(&self, with: &Address) -> bool {
        self.talks.get(with).is_some_and(Talk::has_more)
    }

    pub fn is_loading(&self, with: &Address) -> bool {
        self.talks.get(with).is_some_and(|talk| talk.loading)
    }

    pub fn first_unread(&self, with: &Address) -> Option<MessageId> {
        self.talks.get(with)?.first_unread()
    }

    /// For the keepsake: the newest conversations, a line each.
    pub fn kept(&self) -> Vec<Conversation> {
        let talks: Vec<_> = self.talks.values().collect();
        let newest: Vec<_> = talks.iter().map(|talk| talk.last_place()).collect();
        let order = order(talks.len(), &|one, other| newest[one] > newest[other]);
        let kept = order.into_iter().take(KEPT_SUMMARIES);
        kept.map(|at| talks[at].summary()).collect()
    }

    pub fn timeout(&self) -> Option<Instant> {
        earliest(&[self.again_at, self.mark_at, self.unmark_at])
    }

    // The line.

    pub fn restored(&mut self, conversations: Vec<Conversation>) {
        for conversation in conversations {
            let talk = talk(&mut self.talks, &conversation.with, self.live_from);
            // The numbers are the service's to say; these are for a first look.
            let _ = talk.adopt(conversation, Seq(0), Seq(0));
        }
    }

    pub fn welcomed(&mut self, resume: Resume, head: Cursor, desk: &mut Desk) {
        match resume {
            Resume::Resumed => {
                // The last acknowledgement may have been lost with its line.
                self.acknowledged = Seq(0);
                if self.summaries == Summaries::Asked {
                    self.summaries = Summaries::Wanted;
                }
            }
            Resume::Fresh | Resume::ResetEpoch => {
                self.reads.clear();
                self.talks.values_mut().for_each(Talk::forget_places);
                self.start_over(head, desk);
            }
            Resume::ResetTooFar => self.start_over(head, desk),
        }
    }

    fn start_over(&mut self, head: Cursor, desk: &mut Desk) {
        self.cursor = Some(head);
        self.counted = head.seq;
        self.live_from = head.seq.next();
        self.taken = Seq(0);
        self.acknowledged = Seq(0);
        self.summaries = Summaries::Wanted;
        for talk in self.talks.values_mut() {
            talk.reset(self.live_from);
        }
        if let Some(open) = &self.open {
            desk.changed(Changed::Conversation(open.clone()));
        }
    }

    pub fn line_went(&mut self, desk: &mut Desk) {
        let doubtful =
            |sent: Option<Instant>| sent.is_none_or(|sent| desk.at().since(sent) <= IN_DOUBT);
        self.reads.retain(|_, (_, sent)| doubtful(*sent));
        for (_, sent) in self.reads.values_mut() {
            *sent = None;
        }
        self.again_at = None;
        self.mark_at = None;
        self.unmark_at = None;
        for (with, talk) in self.talks.iter_mut() {
            if talk.loading {
                desk.changed(Changed::Conversation(with.clone()));
            }
            talk.line_went();
        }
    }

    /// Asks for what is needed and says what is due; after everything else in a `handle`.
    pub fn pump(&mut self, desk: &mut Desk) {
        if self.again_at.is_some_and(|at| at <= desk.at()) {
            self.again_at = None;
        }
        if self.mark_at.is_some_and(|at| at <= desk.at()) {
            self.mark_at = None;
        }
        if self.unmark_at.is_some_and(|at| at <= desk.at()) {
            self.unmark_at = None;
            self.acknowledged = Seq(0);
            self.reads.values_mut().for_each(|(_, sent)| *sent = None);
        }
        if !desk.up || desk.offers == Offers::Presence {
            return;
        }
        self.mark(desk);
        if self.again_at.is_none() {
            self.fetch(desk);
        }
    }

    /// Says what was taken and read. Many marks in a row are said in fewer: the newest says all.
    fn mark(&mut self, desk: &mut Desk) {
        if self.taken > self.acknowledged && self.may_mark(desk) {
            self.acknowledged = self.taken;
            desk.send(&ToService::Acknowledge { up_to: self.taken });
        }
        let mut unsaid = Vec::new();
        for (with, (up_to, sent)) in self.reads.iter() {
            if sent.is_none() {
                unsaid.push((with.clone(), *up_to));
            }
        }
        for (with, up_to) in unsaid {
            if !self.may_mark(desk) {
                return;
            }
            self.reads.insert(with.clone(), (up_to, Some(desk.at())));
            desk.send(&ToService::MarkRead { with, up_to });
        }
    }

    /// Whether one more mark may go out now; if not, `mark_at` says when.
    fn may_mark(&mut self, desk: &Desk) -> bool {
        let free = self.marks_free.max(desk.at());
        let most = desk.at().after(MARKS_EVERY * MARKS_AT_ONCE);
        if free.after(MARKS_EVERY) > most {
            self.mark_at = Some(desk.at().after(free.after(MARKS_EVERY).since(most)));
            return false;
        }
        self.marks_free = free.after(MARKS_EVERY);
        true
    }

    /// A frame without a number was refused for now: it may have been a mark.
    pub fn mark_refused(&mut self, refusal: &Refusal, desk: &Desk) {
        let wait = match refusal.retry {
            Retry::No => return,
            Retry::Later => AGAIN,
            Retry::AfterMs(ms) => AGAIN.max(Duration::from_millis(ms)),
        };
        self.unmark_at = Some(desk.at().after(wait));
    }

    fn fetch(&mut self, desk: &mut Desk) {
        if self.summaries == Summaries::Wanted {
            self.summaries = Summaries::Asked;
            desk.ask(Asked::Conversations, |number| {
                ToService::FetchConversations { number }
            });
        }
        let Some(open) = self.open.clone() else {
            return;
        };
        let talk = talk(&mut self.talks, &open, self.live_from);
        if talk.fetched == Fetched::Nothing && !talk.loading {
            talk.loading = true;
            ask_page(Asked::Newest(open.clone()), &open, None, PAGE, desk);
            desk.changed(Changed::Conversation(open));
        }
    }

    // Frames.

    /// Takes what was added to the log. Says which messages of mine are among it: they are accepted.
    pub fn deliver(&mut self, entries: Vec<Entry>, up_to: Seq, desk: &mut Desk) -> Vec<MessageId> {
        let mut accepted = Vec::new();
        let mut news = Vec::new();
        for entry in entries {
            if self.cursor.is_some_and(|cursor| entry.seq <= cursor.seq) {
                continue;
            }
            if let What::Sent(id, _) = &entry.what {
                accepted.push(*id);
            }
            self.take(&entry, desk);
            if let What::Received(_, body) = entry.what {
                news.push((entry.seq, entry.with, body));
            }
        }
        if let Some(cursor) = &mut self.cursor {
            cursor.seq = cursor.seq.max(up_to);
            self.taken = self.taken.max(cursor.seq);
        }
        self.counted = self.counted.max(up_to);
        for (seq, from, body) in news {
            self.tell(seq, from, body, desk);
        }
        accepted
    }

    fn take(&mut self, entry: &Entry, desk: &mut Desk) {
        let counted = self.counted;
        let open = self.open.as_ref() == Some(&entry.with);
        let talk = talk(&mut self.talks, &entry.with, self.live_from);
        let before = talk.marks();
        let mut count = Count::Exact;
        let mut moved = false;
        match &entry.what {
            What::Received(..) | What::Sent(..) | What::Held(..) => {
                moved = talk.insert(entry);
                talk.trim(if open { KEPT_OPEN } else { KEPT_CLOSED });
                talk.count(entry);
            }
            What::Admitted => {
                count = talk.admit();
                moved = true;
            }
            What::Cleared(up_to) => {
                count = talk.clear(*up_to, counted.max(entry.seq));
                moved = true;
            }
            What::Delivered(up_to) => talk.deliver(*up_to),
            What::Read(up_to) => {
                count = talk.mark_read(*up_to, counted.max(entry.seq));
                if self
                    .reads
                    .get(&entry.with)
                    .is_some_and(|(read, _)| read <= up_to)
                {
                    self.reads.remove(&entry.with);
                }
            }
            What::Deleted(seq) => {
                moved = talk.holds(*seq);
                count = talk.delete(*seq, counted.max(entry.seq));
            }
        }
        if entry.seq <= counted {
            // The summaries, read beyond this place, have it in their numbers.
            talk.recount(before.0, before.3);
            count = Count::Exact;
        }
        let marks = talk.marks();
        if marks.3 > 0 || before.3 > 0 {
            desk.changed(Changed::Held);
        }
        if moved || before != marks {
            desk.roster_to_keep = true;
            desk.conversation_changed(&entry.with);
        }
        self.counted = counted.max(entry.seq);
        self.recount(count);
    }

    fn recount(&mut self, count: Count) {
        if count == Count::Lost && self.summaries == Summaries::Here {
            self.summaries = Summaries::Wanted;
        }
    }

    fn tell(&self, seq: Seq, from: Address, body: Body, desk: &mut Desk) {
        let in_view = self.page == Page::Shown && self.open.as_ref() == Some(&from);
        let talk = self.talks.get(&from);
        let unread = talk.is_some_and(|talk| seq > talk.read && talk.holds(seq));
        if unread && !in_view {
            desk.tell(Notice::Message { from, body });
        }
    }

    /// A message of mine is durable at this place.
    pub fn accepted(&mut self, entry: &Entry, desk: &mut Desk) {
        let open = self.open.as_ref() == Some(&entry.with);
        let talk = talk(&mut self.talks, &entry.with, self.live_from);
        // An old one, said again after a reload, stands in the history and comes with its neighbours.
        if entry.seq >= talk.known_from() && talk.insert(entry) {
            talk.count(entry);
            talk.trim(if open { KEPT_OPEN } else { KEPT_CLOSED });
            desk.roster_to_keep = true;
        }
        desk.conversation_changed(&entry.with);
    }

    pub fn conversations(&mut self, conversations: Vec<Conversation>, head: Seq, desk: &mut Desk) {
        self.summaries = Summaries::Here;
        let mut before = core::mem::take(&mut self.talks);
        let mut lost = false;
        for conversation in conversations {
            let with = conversation.with.clone();
            let mut talk = before
                .remove(&with)
                .unwrap_or_else(|| Talk::new(with.clone(), self.live_from));
            let count = talk.adopt(conversation, head, self.counted);
            lost |= count == Count::Lost && self.reads.contains_key(&with);
            self.talks.insert(with, talk);
        }
        if lost {
            // The service has not heard yet how far I have read.
            self.summaries = Summaries::Wanted;
            self.again_at = Some(desk.at().after(AGAIN));
        }
        for (with, mut talk) in before {
            let open = self.open.as_ref() == Some(&with);
            if open || talk.newest().is_some_and(|newest| newest > head) {
                let nothing = Conversation {
                    with: with.clone(),
                    last: None,
                    unread: 0,
                    read: Seq(0),
                    delivered: Seq(0),
                    held: 0,
                    called: None,
                };
                let _ = talk.adopt(nothing, head, self.counted);
                self.talks.insert(with, talk);
            }
        }
        self.counted = self.counted.max(head);
        // What stands in the summaries has reached this device.
        self.taken = self
            .taken
            .max(self.cursor.map_or(Seq(0), |cursor| cursor.seq));
        if let Some(open) = self.open.clone() {
            if self.talks.get(&open).is_some_and(|talk| !talk.is_divided()) {
                self.come_into_view(&open);
            }
            if self.seen_early.take() == self.open && self.page == Page::Shown {
                self.seen(&open, desk);
            }
            desk.changed(Changed::Conversation(open));
        }
        desk.roster_to_keep = true;
        desk.changed(Changed::Held);
        desk.changed(Changed::Roster);
    }

    /// A page came. Says which messages of mine are in it: they are accepted.
    pub fn page(
        &mut self,
        with: &Address,
        before: Option<Seq>,
        entries: &[Entry],
        more: bool,
        desk: &mut Desk,
    ) -> Vec<MessageId> {
        let talk = talk(&mut self.talks, with, self.live_from);
        talk.page(before, entries, more);
        if self.open.as_ref() != Some(with) {
            talk.trim(KEPT_CLOSED);
        }
        desk.conversation_changed(with);
        let mine = entries.iter().filter_map(|entry| match entry.what {
            What::Sent(id, _) => Some(id),
            _ => None,
        });
        mine.collect()
    }

    /// An entry that I deleted is gone.
    pub fn deleted(&mut self, with: &Address, seq: Seq, desk: &mut Desk) {
        let counted = self.counted;
        if let Some(talk) = self.talks.get_mut(with).filter(|talk| talk.holds(seq)) {
            let count = talk.delete(seq, counted);
            self.recount(count);
            desk.roster_to_keep = true;
            desk.conversation_changed(with);
        }
    }

    /// A question of this agent was refused: later again, or never.
    pub fn refused(&mut self, asked: &Asked, refusal: &Refusal, desk: &mut Desk) {
        match asked {
            Asked::Conversations => self.summaries = Summaries::Wanted,
            Asked::Newest(with) | Asked::Older(with, _) => {
                if let Some(talk) = self.talks.get_mut(with) {
                    talk.line_went();
                }
                desk.changed(Changed::Conversation(with.clone()));
            }
            Asked::Delete(with, _) => {
                desk.tell(Notice::Refused(Some(with.clone()), refusal.code));
                return;
            }
            _ => return,
        }
        let wait = match refusal.retry {
            Retry::AfterMs(ms) => AGAIN.max(Duration::from_millis(ms)),
            Retry::Later => AGAIN,
            Retry::No => AGAIN * 30,
        };
        self.again_at = Some(desk.at().after(wait));
    }

    // Intents.

    pub fn open(&mut self, with: Address, desk: &mut Desk) {
        if self.open.as_ref() != Some(&with) {
            self.close(desk);
            self.open = Some(with.clone());
            talk(&mut self.talks, &with, self.live_from);
            self.come_into_view(&with);
        }
        desk.changed(Changed::Conversation(with));
    }

    pub fn close(&mut self, desk: &mut Desk) {
        let Some(with) = self.open.take() else {
            return;
        };
        if let Some(talk) = self.talks.get_mut(&with) {
            talk.trim(KEPT_CLOSED);
            if talk.is_bare() && !talk.loading {
                self.talks.remove(&with);
            }
        }
        desk.changed(Changed::Conversation(with));
    }

    fn come_into_view(&mut self, with: &Address) {
        let counted = self.counted;
        if let Some(talk) = self.talks.get_mut(with) {
            talk.come_into_view(counted);
        }
    }

    pub fn hidden(&mut self) {
        self.page = Page::Hidden;
    }

    pub fn shown(&mut self, desk: &mut Desk) {
        if self.page == Page::Hidden
            && let Some(open) = self.open.clone()
        {
            self.come_into_view(&open);
            desk.changed(Changed::Conversation(open));
        }
        self.page = Page::Shown;
    }

    pub fn load_older(&mut self, with: &Address, desk: &mut Desk) {
        let Some(talk) = self.talks.get_mut(with) else {
            return;
        };
        let ready = talk.fetched == Fetched::Newest && !talk.loading && talk.has_more();
        if desk.up && ready && self.again_at.is_none() {
            talk.loading = true;
            let before = talk.known_from();
            let limit = PAGE.min(u16::try_from(talk.room()).unwrap_or(PAGE));
            ask_page(
                Asked::Older(with.clone(), before),
                with,
                Some(before),
                limit,
                desk,
            );
            desk.changed(Changed::Conversation(with.clone()));
        }
    }

    pub fn seen(&mut self, with: &Address, desk: &mut Desk) {
        if self.cursor.is_none() || self.summaries != Summaries::Here {
            self.seen_early = Some(with.clone());
            return;
        }
        let counted = self.counted;
        let Some(talk) = self.talks.get_mut(with) else {
            return;
        };
        let Some(newest) = talk.newest().filter(|_| talk.unread > 0) else {
            return;
        };
        talk.mark_read(newest, counted);
        self.reads.insert(with.clone(), (newest, None));
        desk.roster_to_keep = true;
        desk.conversation_changed(with);
    }

    /// The same of a program, which deals with one message after the other.
    #[cfg(feature = "scripts")]
    pub fn seen_up_to(&mut self, with: &Address, seq: Seq, desk: &mut Desk) {
        let counted = self.counted;
        let Some(talk) = self.talks.get_mut(with).filter(|talk| talk.read < seq) else {
            return;
        };
        let count = talk.mark_read(seq, counted);
        self.reads.insert(with.clone(), (seq, None));
        self.recount(count);
        desk.roster_to_keep = true;
        desk.conversation_changed(with);
    }

    /// The person answers to what is held; `None`: that was refused, and it waits again.
    pub fn answer(&mut self, with: &Address, answer: Option<Answer>, desk: &mut Desk) {
        if let Some(talk) = self.talks.get_mut(with) {
            talk.answer = answer;
            desk.changed(Changed::Held);
            desk.conversation_changed(with);
        }
    }

    pub fn delete(&mut self, seq: Seq, desk: &mut Desk) {
        let holder = self.talks.iter().find(|(_, talk)| talk.holds(seq));
        let Some((with, _)) = holder else {
            return;
        };
        if desk.up {
            desk.ask(Asked::Delete(with.clone(), seq), |number| {
                ToService::Delete {
                    number,
                    seqs: [seq].into(),
                }
            });
        } else {
            desk.tell(Notice::Refused(Some(with.clone()), Code::TryLater));
        }
    }
}

/// What stands for somebody before one knows them: how a visitor is called, else the address.
pub(super) fn named(called: Option<&Called>, address: &Address) -> String {
    called.map_or_else(
        || address.as_str().to_owned(),
        |called| called.shown(address.name()),
    )
}

/// Whether it stands in the list of conversations.
fn is_listed(talk: &Talk) -> bool {
    !talk.is_bare() && !talk.is_only_held()
}

fn talk<'t>(talks: &'t mut Map<Address, Talk>, with: &Address, live_from: Seq) -> &'t mut Talk {
    talks.get_or_insert_with(with.clone(), || Talk::new(with.clone(), live_from))
}

fn ask_page(asked: Asked, with: &Address, before: Option<Seq>, limit: u16, desk: &mut Desk) {
    let with = Some(with.clone());
    desk.ask(asked, |number| ToService::FetchInbox {
        number,
        with,
        before,
        limit,
    });
}
