//! What a page may read from an agent: plain values, made when asked for.

use alloc::string::String;
use alloc::vec::Vec;

use crate::address::{Address, InboxAddress, MessageId, Presentity, Principal, Seq, Tag};
use crate::agent::Choice;
use crate::code::Code;
use crate::person::{Person, Way, Word};
use crate::presence::{Note, PresenceTuple, View};
use crate::rules::{AccessRules, Because};
use crate::time::{Instant, Timestamp};
use crate::wire::{Access, Class, Decision, Offers, OwnInbox};

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
    /// In a group's name: the member who speaks.
    pub by: Option<Principal>,
    /// Which of the two services this relay offers.
    pub offers: Offers,
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
    /// The petname, else how a visitor of a site is called, else the part before the `@`.
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
    /// Under which heading the person keeps them.
    pub group: Option<Note>,
    /// How to reach them, the best way first.
    pub ways: Vec<Way>,
    /// Their inbox does not accept now, and why; empty: they do not say.
    pub closed: Option<String>,
    /// The person is told when they are available.
    pub tell_when: bool,
    /// They write to me right now.
    pub typing: bool,
}

/// By what the contact list is headed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Headings {
    /// By nothing.
    None,
    /// By the headings under which the person keeps contacts, if there are any.
    Groups,
    /// By how people are.
    Presence,
}

/// What stands above some rows of the contact list, from the first to the last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Heading {
    /// Something of them is unread.
    Unread,
    Presence(Word),
    Group(Note),
    /// Whom none of the others speaks of.
    Others,
}

/// The contact list as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Listed {
    pub places: Vec<Address>,
    /// Above how many places each heading stands, in their order; none: nothing is headed.
    pub sections: Vec<(Heading, usize)>,
}

/// Someone whose messages wait in the requests folder.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeldRow {
    pub address: Address,
    /// How a visitor of a site is called, else the address.
    pub name: String,
    /// How many messages.
    pub count: u32,
    /// The newest of them.
    pub last: String,
    pub at: Timestamp,
    /// What they see of me.
    pub sees_me: Option<Decision>,
}

/// One of my presentities.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OwnPresentityView {
    pub address: Presentity,
    /// None: the one from sign-up.
    pub tag: Option<Tag>,
    /// What I call it.
    pub label: Option<Note>,
    pub rules: AccessRules,
    /// As who see everything of it read me.
    pub person: Person,
    /// What was set by hand in it, if anything.
    pub choice: Option<Choice>,
    pub note: Option<Note>,
    pub until: Option<Timestamp>,
    /// How to reach me by it, as published: with hours; the inbox is among them.
    pub means: Vec<PresenceTuple>,
    /// What was decided about single watchers.
    pub access: Vec<Access>,
    /// Who asks to see it, oldest first.
    pub requests: Vec<RequestRow>,
}

/// One of my inbox addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OwnInboxView {
    pub address: InboxAddress,
    pub own: OwnInbox,
}

/// As whom to look at myself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Viewer {
    /// This one, as far as I know them.
    Contact(Address),
    /// Some guest of this relay.
    Guest,
    /// Someone with an account, of whom I know nothing.
    AnyAccount,
    /// A badge or a fetch without signing in.
    Nobody,
}

/// What a watcher gets of me.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Preview {
    pub person: Person,
    pub view: View,
    pub because: Because,
    /// They are blocked, and what they go on seeing is kept by the service alone: it is to be asked for what they get.
    pub is_kept: bool,
    /// The service has heard what was decided about them.
    pub is_settled: bool,
}

/// Someone who asks to see me.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestRow {
    pub watcher: Principal,
    /// How a visitor of a site is called, else the address.
    pub name: String,
    pub at: Timestamp,
    /// Which of my presentities they ask for.
    pub of: Option<Tag>,
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
    /// Sent in a group's name: the member who wrote it.
    pub by: Option<Principal>,
    /// By way of which of my inbox addresses.
    pub own: Option<Tag>,
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
    /// It waits in the requests folder: not read, not counted, no sign of life to the other side.
    pub held: bool,
}
