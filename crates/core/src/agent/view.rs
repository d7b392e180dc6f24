//! What a page may read from an agent: plain values, made when asked for.

use alloc::string::String;
use alloc::vec::Vec;

use crate::address::{Address, MessageId, Principal, Seq};
use crate::agent::Choice;
use crate::code::Code;
use crate::person::Person;
use crate::presence::Note;
use crate::time::{Instant, Timestamp};
use crate::wire::{Class, Decision};

/// The line to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkView {
    /// Before `Start` and after a sign-out.
    Idle,
    /// Opening the line or saying hello, since then; `attempt` counts from 1.
    Connecting {
        since: Instant,
        attempt: u32,
    },
    Up,
    /// Gone since then; the next attempt starts at `retry_at`.
    Down {
        since: Instant,
        retry_at: Instant,
    },
}

/// The line as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    pub link: LinkView,
    /// The trouble has lasted 3 s: say so, and what still works.
    pub banner: bool,
    /// Messages in the outbox that wait for the line.
    pub waiting: usize,
}

/// Oneself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MyStatus {
    pub principal: Principal,
    /// `None` until the first welcome.
    pub class: Option<Class>,
    /// As others who see everything read me.
    pub person: Person,
    /// What was set by hand, if anything.
    pub choice: Option<Choice>,
    pub note: Option<Note>,
    pub until: Option<Timestamp>,
    /// How many tabs, phones and programs of mine are there.
    pub devices: usize,
}

/// Whether a row is someone the person keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowKind {
    Contact,
    /// There is a conversation, but no contact.
    Stranger,
}

/// One row of the contact list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContactRow {
    pub address: Address,
    /// The petname, else the part before the `@`.
    pub name: String,
    pub kind: RowKind,
    pub person: Person,
    pub unread: u32,
    /// The newest message: whose, its text, when.
    pub last: Option<(Side, String, Timestamp)>,
    /// Text waits in the composer.
    pub draft: bool,
    /// What they see of me.
    pub sees_me: Option<Decision>,
}

/// Someone who asks to see me.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestRow {
    pub watcher: Principal,
    pub at: Timestamp,
}

/// Whose message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    Mine,
    Theirs,
}

/// How far a message of mine has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ItemState {
    /// Theirs: nothing to say.
    Received,
    /// In the outbox, waiting for the line.
    Queued,
    /// On the line, no answer yet.
    Sending,
    /// Durable at the service.
    Accepted,
    /// An inbox user agent of theirs took it.
    Delivered,
    /// Refused; can be sent again or discarded.
    Failed(Code),
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Item {
    pub id: MessageId,
    /// `None` while it is only in the outbox.
    pub seq: Option<Seq>,
    pub side: Side,
    pub text: String,
    pub at: Timestamp,
    pub state: ItemState,
}

/// One conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConversationView {
    pub row: ContactRow,
    /// Oldest first; what is in the outbox stands last.
    pub items: Vec<Item>,
    /// There are older messages.
    pub more: bool,
    /// A page is on its way.
    pub loading: bool,
    /// The first message that was unread when the conversation came into view.
    pub first_unread: Option<MessageId>,
    pub draft: String,
}
