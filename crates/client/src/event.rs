//! What a program is told, and the box in which it waits until the program asks.
//!
//! The box holds no more than a program can want to know: of presence, of what is held and of the line
//! the newest word alone, of messages so many
//! at most. Messages beyond that wait where they are, unread in the inbox.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use lamplight_core::address::{Address, MessageId, Principal, Seq};
use lamplight_core::agent::{ItemState, Line};
use lamplight_core::code::Code;
use lamplight_core::person::Person;
use lamplight_core::time::Timestamp;
use tokio::sync::Notify;

/// Messages that wait here at most.
const MESSAGES_MAX: usize = 100;

/// What happened, as far as a program is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Someone wrote to me. Told once, in order; it counts as read when the program asks for what comes after it.
    Message {
        from: Address,
        text: String,
        at: Timestamp,
        id: MessageId,
        /// Its place in my inbox, by which it can be deleted.
        seq: Seq,
    },
    /// Someone whom I watch is so now.
    Presence { of: Address, person: Person },
    /// Someone asks to see me: [`allow`](crate::Client::allow), [`deny`](crate::Client::deny) or
    /// [`block`](crate::Client::block) them.
    Request { from: Principal },
    /// Someone wrote whom my rules hold. [`admit`](crate::Client::admit) them, and their messages come; or
    /// [`block`](crate::Client::block) them.
    Held {
        from: Address,
        /// How many messages wait.
        count: u32,
        /// The newest of them.
        text: String,
    },
    /// A message of mine has come so far.
    Sent {
        to: Address,
        id: MessageId,
        text: String,
        state: ItemState,
    },
    /// The line to the relay. It comes back by itself, and what is sent meanwhile waits.
    Line(Line),
    /// Something that I wanted was refused; without an address it was about me.
    Notice { about: Option<Address>, code: Code },
    /// The folder cannot be written: what waits to be sent does not outlive this program.
    KeepsNothing,
    /// The login is over. Nothing comes after this.
    SignedOut(Code),
}

/// Where events wait for the program.
#[derive(Default)]
pub(crate) struct Mailbox {
    inner: Mutex<Inner>,
    news: Notify,
}

#[derive(Default)]
struct Inner {
    events: VecDeque<Event>,
    messages: usize,
    /// Whose messages the program is done with.
    done: BTreeSet<Address>,
    /// The conversation that the program itself has opened.
    viewing: Option<Address>,
    /// Whether the last event is here, or was.
    over: bool,
}

impl Mailbox {
    /// The next event, or nothing after the last.
    pub async fn next(&self) -> Option<Event> {
        loop {
            let news = self.news.notified();
            let (next, over) = self.inner(|inner| (inner.take(), inner.over));
            if next.is_some() || over {
                return next;
            }
            news.await;
        }
    }

    /// Puts an event behind all others.
    pub fn put(&self, event: Event) {
        self.inner(|inner| inner.put(event));
        self.news.notify_one();
    }

    /// The same in place of an older word about the same.
    pub fn replace(&self, event: Event) {
        self.inner(|inner| {
            if !inner.over {
                inner.events.retain(|older| !is_same(older, &event));
                inner.put(event);
            }
        });
        self.news.notify_one();
    }

    /// How many messages may come in addition.
    pub fn room(&self) -> usize {
        self.inner(|inner| MESSAGES_MAX.saturating_sub(inner.messages))
    }

    /// The program has dealt with a message of this one.
    pub fn done_with(&self, with: Address) {
        self.inner(|inner| inner.done.insert(with));
    }

    /// Whose messages the program is done with, all that were here.
    pub fn take_done(&self) -> Vec<Address> {
        self.inner(|inner| {
            let done = std::mem::take(&mut inner.done);
            let waits = |with: &Address| {
                let from =
                    |event: &Event| matches!(event, Event::Message { from, .. } if from == with);
                inner.events.iter().any(from)
            };
            done.into_iter().filter(|with| !waits(with)).collect()
        })
    }

    pub fn view(&self, with: Option<Address>) {
        self.inner(|inner| inner.viewing = with);
    }

    pub fn viewing(&self) -> Option<Address> {
        self.inner(|inner| inner.viewing.clone())
    }

    fn inner<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Inner {
    fn put(&mut self, event: Event) {
        if self.over {
            return;
        }
        self.over = matches!(event, Event::SignedOut(_));
        self.messages += usize::from(matches!(event, Event::Message { .. }));
        self.events.push_back(event);
    }

    fn take(&mut self) -> Option<Event> {
        let event = self.events.pop_front();
        self.messages -= usize::from(matches!(event, Some(Event::Message { .. })));
        event
    }
}

/// Whether the one makes the other old.
fn is_same(older: &Event, newer: &Event) -> bool {
    match (older, newer) {
        (Event::Presence { of: older, .. }, Event::Presence { of: newer, .. }) => older == newer,
        (Event::Held { from: older, .. }, Event::Held { from: newer, .. }) => older == newer,
        (Event::Line(_), Event::Line(_)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(from: &str) -> Event {
        Event::Message {
            from: Address::parse(from).unwrap(),
            text: "Tea?".into(),
            at: Timestamp(1),
            id: MessageId(1),
            seq: Seq(1),
        }
    }

    #[tokio::test]
    async fn a_conversation_is_done_with_when_none_of_it_waits() {
        let mailbox = Mailbox::default();
        mailbox.put(message("bob@localhost"));
        mailbox.put(message("bob@localhost"));
        let bob = Address::parse("bob@localhost").unwrap();
        assert_eq!(mailbox.next().await, Some(message("bob@localhost")));
        mailbox.done_with(bob.clone());
        assert!(mailbox.take_done().is_empty());
        mailbox.next().await;
        mailbox.done_with(bob.clone());
        assert_eq!(mailbox.take_done(), [bob]);
        assert!(mailbox.take_done().is_empty());
    }

    #[tokio::test]
    async fn only_the_newest_word_about_the_line_waits_and_nothing_comes_after_the_end() {
        use lamplight_core::agent::LinkView;
        let line = |waiting| {
            Event::Line(Line {
                link: LinkView::Up,
                banner: false,
                waiting,
            })
        };
        let mailbox = Mailbox::default();
        mailbox.replace(line(1));
        mailbox.put(message("bob@localhost"));
        mailbox.replace(line(2));
        mailbox.put(Event::SignedOut(Code::SignedOut));
        mailbox.replace(line(3));
        assert_eq!(mailbox.next().await, Some(message("bob@localhost")));
        assert_eq!(mailbox.next().await, Some(line(2)));
        assert_eq!(
            mailbox.next().await,
            Some(Event::SignedOut(Code::SignedOut))
        );
        assert_eq!(mailbox.next().await, None);
        assert_eq!(mailbox.next().await, None);
    }

    #[test]
    fn there_is_room_for_so_many_messages() {
        let mailbox = Mailbox::default();
        for put in 0..MESSAGES_MAX {
            assert_eq!(mailbox.room(), MESSAGES_MAX - put);
            mailbox.put(message("bob@localhost"));
        }
        assert_eq!(mailbox.room(), 0);
    }
}
