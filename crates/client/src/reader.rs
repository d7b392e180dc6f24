//! Reads what a program wants to know from the agent's getters, and puts it in the mailbox.
//!
//! What the service counts as unread is what the program has not dealt with: also what came while it was not running. If not all
//! of that is here, its conversation is opened for as long as it takes to fetch the pages, one conversation at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::discriminant;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lamplight_core::address::{Address, MessageId, Principal, Seq};
use lamplight_core::agent::{
    Agent, Changed, ContactRow, Intent, Item, ItemState, Line, LinkView, Notice, RowKind, Side,
};
use lamplight_core::person::{Person, Word};

use crate::event::{Event, Mailbox};
use crate::shell::{Follower, News};

/// A page that did not come is asked for again after so long, at the next occasion.
const ASK_AGAIN: Duration = Duration::from_secs(3);

/// The follower of a client.
pub(crate) struct Reader {
    mailbox: Arc<Mailbox>,
    /// Up to where each conversation is in the mailbox, or was.
    told: BTreeMap<Address, Seq>,
    /// Where something is unread that is not in the mailbox yet.
    behind: BTreeSet<Address>,
    /// The conversation that is open for its pages.
    reading: Option<Address>,
    /// How much of it was here when the page before was asked for, and when: asking again for the same is of no use at once.
    asked: Option<(usize, Instant)>,
    persons: BTreeMap<Address, Person>,
    asking: BTreeSet<Principal>,
    /// How many messages of whom are held.
    held: BTreeMap<Address, u32>,
    /// My messages that may still get on.
    mine: BTreeMap<Address, BTreeMap<MessageId, ItemState>>,
    line: Option<Line>,
}

impl Reader {
    pub fn new(mailbox: Arc<Mailbox>) -> Self {
        Self {
            mailbox,
            told: BTreeMap::new(),
            behind: BTreeSet::new(),
            reading: None,
            asked: None,
            persons: BTreeMap::new(),
            asking: BTreeSet::new(),
            held: BTreeMap::new(),
            mine: BTreeMap::new(),
            line: None,
        }
    }

    fn line(&mut self, agent: &Agent) {
        let line = agent.link();
        let face = |line: &Line| (discriminant::<LinkView>(&line.link), line.banner);
        if self.line.as_ref().map(face) != Some(face(&line)) {
            self.mailbox.replace(Event::Line(line));
        }
        self.line = Some(line);
    }

    fn roster(&mut self, agent: &Agent, intents: &mut Vec<Intent>) {
        let rows = agent.roster("", str::to_lowercase);
        let here: BTreeSet<_> = rows.iter().map(|row| &row.address).collect();
        self.persons.retain(|of, _| here.contains(of));
        for row in &rows {
            self.presence(row);
            if row.unread > 0 {
                self.messages(agent, &row.address, intents);
            }
        }
    }

    fn presence(&mut self, row: &ContactRow) {
        if row.kind != RowKind::Contact {
            self.persons.remove(&row.address);
            return;
        }
        let before = self.persons.get(&row.address);
        // Before anything is known there is nothing to tell.
        let tells_nothing = before.is_none() && row.person.word == Word::Unknown;
        if tells_nothing || before == Some(&row.person) {
            return;
        }
        let event = Event::Presence {
            of: row.address.clone(),
            person: row.person.clone(),
        };
        match before {
            None => self.mailbox.put(event),
            Some(_) => self.mailbox.replace(event),
        }
        self.persons.insert(row.address.clone(), row.person.clone());
    }

    fn requests(&mut self, agent: &Agent) {
        let rows = agent.requests().into_iter();
        let asking: BTreeSet<_> = rows.map(|row| row.watcher).collect();
        for from in asking.difference(&self.asking) {
            self.mailbox.put(Event::Request { from: from.clone() });
        }
        self.asking = asking;
    }

    fn held(&mut self, agent: &Agent) {
        let before = std::mem::take(&mut self.held);
        for row in agent.held() {
            if before
                .get(&row.address)
                .is_none_or(|count| row.count > *count)
            {
                self.mailbox.replace(Event::Held {
                    from: row.address.clone(),
                    count: row.count,
                    text: row.last,
                });
            }
            self.held.insert(row.address, row.count);
        }
    }

    /// Puts what is unread in this conversation into the mailbox, or goes for it.
    fn messages(&mut self, agent: &Agent, with: &Address, intents: &mut Vec<Intent>) {
        let unread = agent.row(with).map_or(0, |row| row.unread as usize);
        if unread == 0 {
            return self.caught_up(with, intents);
        }
        let room = self.mailbox.room();
        // What came in this moment must not be told before what waited.
        if room == 0 || !agent.is_counted() {
            self.behind.insert(with.clone());
            return;
        }
        let view = agent.conversation(with);
        let told = self.told.get(with).copied();
        let theirs: Vec<(Seq, &Item)> = view
            .items
            .iter()
            .filter(|item| item.side == Side::Theirs)
            .filter_map(|item| Some((item.seq?, item)))
            .collect();
        let old = theirs.iter().filter(|(seq, _)| Some(*seq) <= told).count();
        let is_all_here = old > 0 || theirs.len() >= unread;
        let is_reading = self.reading.as_ref() == Some(with);
        if is_all_here || (is_reading && !view.more && !view.loading) {
            let read = theirs.len().saturating_sub(unread);
            let new = &theirs[old.max(read)..];
            for (seq, item) in new.iter().take(room) {
                self.told.insert(with.clone(), *seq);
                self.mailbox.put(Event::Message {
                    from: with.clone(),
                    text: item.text.clone(),
                    at: item.at,
                    id: item.id,
                    seq: *seq,
                });
            }
            if new.len() > room {
                self.behind.insert(with.clone());
                return;
            }
            return self.caught_up(with, intents);
        }
        self.behind.insert(with.clone());
        if self.reading.is_none() {
            self.reading = Some(with.clone());
            intents.push(Intent::Open { with: with.clone() });
        } else if is_reading && !view.loading {
            let here = view.items.len();
            let asked = |(then, at): (usize, Instant)| then == here && at.elapsed() < ASK_AGAIN;
            if !self.asked.is_some_and(asked) {
                self.asked = Some((here, Instant::now()));
                intents.push(Intent::LoadOlder { with: with.clone() });
            }
        }
    }

    /// Nothing is missing here any more.
    fn caught_up(&mut self, with: &Address, intents: &mut Vec<Intent>) {
        self.behind.remove(with);
        if self.reading.as_ref() == Some(with) {
            self.reading = None;
            intents.push(match self.mailbox.viewing() {
                Some(with) => Intent::Open { with },
                None => Intent::Close,
            });
        }
    }

    /// Tells how far my messages have come.
    fn sent(&mut self, agent: &Agent, with: &Address) {
        let before = self.mine.remove(with).unwrap_or_default();
        let mut after = BTreeMap::new();
        for item in agent.conversation(with).items {
            if item.side != Side::Mine {
                continue;
            }
            let known = before.get(&item.id);
            let is_begun = matches!(
                item.state,
                ItemState::Queued | ItemState::Sending | ItemState::Failed(_)
            );
            // What was sent in another life or on another device is not told.
            if known.is_none() && !is_begun {
                continue;
            }
            if item.state != ItemState::Delivered {
                after.insert(item.id, item.state);
            }
            if known != Some(&item.state) {
                self.mailbox.put(Event::Sent {
                    to: with.clone(),
                    id: item.id,
                    text: item.text,
                    state: item.state,
                });
            }
        }
        if !after.is_empty() {
            self.mine.insert(with.clone(), after);
        }
    }

    /// What may go on now that something has changed or the program has dealt with something.
    fn go_on(&mut self, agent: &Agent, intents: &mut Vec<Intent>) {
        if !agent.is_counted() {
            return;
        }
        for with in self.mailbox.take_done() {
            if !self.behind.contains(&with) {
                intents.push(Intent::Seen { with });
            }
        }
        let next = match &self.reading {
            Some(with) => Some(with.clone()),
            None => self.behind.first().cloned(),
        };
        if let Some(with) = next.filter(|_| intents.is_empty()) {
            self.messages(agent, &with, intents);
        }
    }
}

impl Follower for Reader {
    fn follow(&mut self, agent: &Agent, news: &[News]) -> Vec<Intent> {
        let mut intents = Vec::new();
        for one in news {
            match one {
                News::Changed(Changed::Link) => self.line(agent),
                News::Changed(Changed::Roster) => self.roster(agent, &mut intents),
                News::Changed(Changed::Row(address)) => {
                    if let Some(row) = agent.row(address) {
                        self.presence(&row);
                    }
                }
                News::Changed(Changed::Requests) => self.requests(agent),
                News::Changed(Changed::Held) => self.held(agent),
                News::Changed(Changed::Conversation(with)) => {
                    self.sent(agent, with);
                    self.messages(agent, with, &mut intents);
                }
                News::Tell(Notice::Refused(about, code)) => self.mailbox.put(Event::Notice {
                    about: about.clone(),
                    code: *code,
                }),
                News::KeepsNothing => self.mailbox.put(Event::KeepsNothing),
                News::SignedOut(code) => self.mailbox.put(Event::SignedOut(*code)),
                // Messages and requests are read from the agent itself: there are also those of earlier lives.
                News::Changed(_) | News::Tell(_) | News::Opened => {}
            }
        }
        self.go_on(agent, &mut intents);
        intents
    }
}

#[cfg(test)]
mod tests;
