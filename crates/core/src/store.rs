//! What must last, as the service asks for it and hands it over: the contract of a store.
//!
//! The service sends `Output::Load(ticket, Key)` and gets `Input::Loaded(ticket, ..)`; it sends `Output::Keep(ticket, Change)`
//! and gets `Input::Stored(ticket, ..)` **after the change is durable**. A store carries out changes one after the other, in the
//! order they were handed over, and answers in that order; a load sees every change that was answered before it was asked for.
//! `tests` runs one suite over every store there is.

use alloc::vec::Vec;

use crate::address::{Address, Epoch, InboxAddress, Presentity, Principal, Seq, Tag, TupleId};
use crate::cbor::{Decode, Encode};
use crate::ledger::{Event, Row, WatcherName};
use crate::message::{Conversation, Entry, InstantMessage};
use crate::presence::{Basic, Hours, Note, PresenceTuple};
use crate::rules::{AccessRules, DeliveryRule, Visibility, VisibilityRules};
use crate::time::Timestamp;
use crate::wire::{Access, Class, Contact, Decision, OwnInbox, OwnPresentity, Request};

/// What the service may ask for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// What a presentity has kept: [`PresentityRecord`].
    Presentity(Presentity),
    /// The contacts of a principal, and its rules as a watcher: [`WatcherRecord`].
    Watcher(Principal),
    /// What an inbox's principal has to do with a sender: [`SenderRecord`]. The sender by the address they write from.
    Sender(Principal, Address),
    /// From whom messages were received beyond what is acknowledged, up to a place; none of those held.
    Unacknowledged { inbox: InboxAddress, up_to: Seq },
    /// WATCHER INFORMATION: rows whose last event is not older than this, the latest first; each with the watcher's visibility now.
    Watchers {
        presentity: Presentity,
        since: Timestamp,
    },
    /// How far an inbox's log goes: [`InboxRecord`].
    Inbox(InboxAddress),
    /// Entries of any kind after a place, oldest first, at most `limit`.
    Log {
        inbox: InboxAddress,
        after: Seq,
        limit: u16,
    },
    /// Messages (received and sent) before a place, the newest `limit` of them, given oldest first.
    History {
        inbox: InboxAddress,
        with: Option<Address>,
        before: Option<Seq>,
        limit: u16,
    },
    /// Every conversation, the one with the newest message first.
    Conversations(InboxAddress),
}

/// The answer to a load.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(
    clippy::large_enum_variant,
    reason = "an answer is handed on once and not stored"
)]
pub enum Loaded {
    /// To `Key::Presentity`; `None`: there is no such account.
    Presentity(Option<PresentityRecord>),
    Watcher(WatcherRecord),
    Sender(SenderRecord),
    /// To `Key::Unacknowledged`: the senders' addresses, as they stand in the log.
    Unacknowledged(Vec<Address>),
    Watchers(Vec<Row>),
    Inbox(InboxRecord),
    /// To `Key::Log`: up to `up_to`, which is the end of the log when it fitted the limit.
    Log {
        entries: Vec<Entry>,
        up_to: Seq,
    },
    /// To `Key::History`.
    History {
        entries: Vec<Entry>,
        more: bool,
    },
    Conversations {
        conversations: Vec<Conversation>,
        head: Seq,
    },
}

/// What lasts of a presentity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PresentityRecord {
    pub access: Vec<Access>,
    pub requests: Vec<Request>,
    /// Person and service tuples. Without an `inbox` tuple the inbox is OPEN since sign-up.
    pub tuples: Vec<PresenceTuple>,
    /// When they were last there; zero: never.
    pub last_seen: Timestamp,
    /// Its label and rules.
    pub own: OwnPresentity,
    /// Of what class its principal is.
    pub class: Class,
    /// The contacts of its principal with the group of each, if its rules speak of contacts or did when they began to block
    /// ([`PresentityRecord::speaks_of_contacts`]); else none.
    pub contacts: Vec<(Principal, Option<Note>)>,
    /// Of the presentity from sign-up: the tags of the further ones, and the inbox addresses, the one from sign-up among them
    /// where it has rules or counts.
    pub further: Vec<Tag>,
    pub inboxes: Vec<OwnInbox>,
    /// How it stood to each of whom it blocks, and to all whom its rules block, each time that they began to; the oldest first.
    pub before: Vec<(Principal, Before)>,
    pub turns: Vec<Before>,
}

impl PresentityRecord {
    /// Whether the contacts of its principal are of account.
    pub fn speaks_of_contacts(&self) -> bool {
        let turns = self.turns.iter().map(|turn| &turn.rules);
        let mut all = turns.chain([&self.own.rules]);
        all.any(AccessRules::speaks_of_contacts)
    }
}

impl Default for PresentityRecord {
    fn default() -> Self {
        Self {
            access: Vec::new(),
            requests: Vec::new(),
            tuples: Vec::new(),
            last_seen: Timestamp(0),
            own: OwnPresentity::default(),
            class: Class::Account,
            contacts: Vec::new(),
            further: Vec::new(),
            inboxes: Vec::new(),
            before: Vec::new(),
            turns: Vec::new(),
        }
    }
}

/// How a presentity stood before it began to block: to one watcher, or to all whom its rules block. They see it absent, as it was
/// then, whatever becomes of it; nobody else is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Before {
    /// When the block began.
    #[n(0)]
    pub at: Timestamp,
    /// Since when nobody is there, to them; zero: never.
    #[n(1)]
    pub since: Timestamp,
    /// What was decided about them.
    #[n(2)]
    #[cbor(known)]
    pub decision: Option<Decision>,
    #[n(3)]
    #[cbor(default)]
    pub rules: AccessRules,
    /// The inbox and the other means that they may have seen.
    #[n(4)]
    #[cbor(default)]
    pub means: Vec<PresenceTuple>,
    /// As what they were contacts; none: as what they are now.
    #[n(5)]
    pub contacts: Option<Vec<(Presentity, Option<Note>)>>,
    /// The inbox addresses of which more is to be said than that they are OPEN, without rules, and decided as here.
    #[n(6)]
    #[cbor(default)]
    pub doors: Vec<Door>,
    /// Whether they believe that their request to see still waits for an answer.
    #[n(7)]
    #[cbor(default)]
    pub asked: bool,
}

/// An inbox address as it was before a block.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Door {
    /// None: the one from sign-up.
    #[n(0)]
    pub tag: Option<Tag>,
    /// What was decided there about the sender.
    #[n(1)]
    #[cbor(known)]
    pub decision: Option<Decision>,
    /// Whether it accepted, in these hours; none: always.
    #[n(2)]
    pub basic: Basic,
    #[n(3)]
    #[cbor(default)]
    pub hours: Vec<Hours>,
    #[n(4)]
    #[cbor(default)]
    pub rules: Vec<DeliveryRule>,
}

/// What lasts of a principal as a watcher.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct WatcherRecord {
    pub contacts: Vec<Contact>,
    pub visibility: VisibilityRules,
}

/// What an inbox's principal has to do with a sender.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SenderRecord {
    /// The sender is a contact.
    pub contact: bool,
    /// ... under this group.
    pub group: Option<Note>,
    /// The principal has written to the sender, or admitted them.
    pub written: bool,
    /// Messages of the sender that are held.
    pub held: u32,
}

/// What lasts of an inbox beside its log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct InboxRecord {
    pub epoch: Epoch,
    /// The newest place of the log.
    pub head: Seq,
    /// Up to where any device has taken entries.
    pub acknowledged: Seq,
}

/// What the receiver gets of a message; the sender's own log always gets its copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Copies {
    /// The message.
    Both,
    /// The message, into the requests folder.
    Held,
    /// Nothing.
    SenderOnly,
}

/// What the service hands over to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// Append to the receiver's log and the sender's. Known by (sender, id): a repetition with the same content changes nothing
    /// and answers as the first time, one with other content answers `IdConflict`; this memory outlives
    /// deletion, and lasts for as long as a repetition may come.
    Append {
        message: InstantMessage,
        copies: Copies,
    },
    /// A device took everything up to here. Only these senders are told, of what is not held. Answer `Acknowledged` with the marks
    /// it made in their logs.
    Acknowledge {
        inbox: InboxAddress,
        up_to: Seq,
        to: Vec<Address>,
        at: Timestamp,
    },
    /// A mark in the own log, replacing an earlier one of this conversation. Nothing if it is not beyond the present one.
    MarkRead {
        inbox: InboxAddress,
        with: Address,
        up_to: Seq,
        at: Timestamp,
    },
    /// Content gone, a tombstone at the end of the log for each message that was there.
    Delete {
        inbox: InboxAddress,
        seqs: Vec<Seq>,
        at: Timestamp,
    },
    /// What is held of this sender becomes received; the sender counts as written to. An `Admitted` entry, if anything was held.
    Admit {
        inbox: InboxAddress,
        with: Address,
        at: Timestamp,
    },
    /// Content of all messages of this conversation gone, held ones too; one `Cleared` entry, if there was any.
    Clear {
        inbox: InboxAddress,
        with: Address,
        at: Timestamp,
    },
    /// Makes a further presentity of a principal, or replaces label and rules of one.
    SetPresentity {
        principal: Principal,
        own: OwnPresentity,
    },
    /// A further presentity with all that was kept of it.
    DropPresentity {
        presentity: Presentity,
    },
    /// Makes an inbox address, or replaces label, end and rules of one; its counts stay.
    SetInbox {
        principal: Principal,
        own: OwnInbox,
    },
    DropInbox {
        principal: Principal,
        tag: Tag,
    },
    /// A rule of this inbox address refused or dropped a message.
    CountRefused {
        inbox: InboxAddress,
    },
    SetVisibility {
        watcher: Principal,
        presentity: Option<Presentity>,
        visibility: Option<Visibility>,
    },
    /// Events for the WATCHER INFORMATION of a presentity, in order: each row becomes [`Row::after`]. A watcher may have two rows:
    /// what was received, and attempts ([`Event::is_attempt`]). Answer `Done`.
    Watched {
        presentity: Presentity,
        events: Vec<(WatcherName, Event, Timestamp)>,
    },
    /// Every row of WATCHER INFORMATION whose last event is older than this is gone.
    ForgetWatchers {
        before: Timestamp,
    },
    SetContact {
        watcher: Principal,
        contact: Contact,
    },
    RemoveContact {
        watcher: Principal,
        presentity: Presentity,
    },
    /// Sets or forgets a decision, and removes the watcher's request.
    SetAccess {
        presentity: Presentity,
        watcher: Principal,
        decision: Option<Decision>,
        at: Timestamp,
    },
    /// Sets or forgets how it stood before this watcher was blocked.
    SetBefore {
        presentity: Presentity,
        watcher: Principal,
        before: Option<Before>,
    },
    /// How it stood each time that rules began to block; replaces all of them.
    SetTurns {
        presentity: Presentity,
        turns: Vec<Before>,
    },
    AddRequest {
        presentity: Presentity,
        request: Request,
    },
    RemoveRequest {
        presentity: Presentity,
        watcher: Principal,
    },
    KeepTuple {
        presentity: Presentity,
        tuple: PresenceTuple,
    },
    DropTuple {
        presentity: Presentity,
        tuple: TupleId,
    },
    LastSeen {
        presentity: Presentity,
        at: Timestamp,
    },
}

/// The answer to a change that is durable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(
    clippy::large_enum_variant,
    reason = "an answer is handed on once and not stored; most are of the large kind"
)]
pub enum Kept {
    /// Carried out; there is nothing to tell.
    Done,
    /// `sender`: the place of the sender's copy; `receiver`: of the receiver's, if there is one. `at`: of the first time.
    Appended {
        sender: Entry,
        receiver: Option<Entry>,
        first: First,
    },
    /// This sender used this id for another content.
    IdConflict,
    /// The receiver's inbox has no room.
    InboxFull,
    /// There is no such inbox.
    NoInbox,
    /// New `Delivered` marks, each in one sender's log.
    Acknowledged { marks: Vec<(InboxAddress, Entry)> },
    /// New entries at the end of the own log (a read mark, tombstones).
    Logged { entries: Vec<Entry> },
}

/// Whether an append did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum First {
    Time,
    Repetition,
}

/// Why a store could not do what was asked. Nothing of the change was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreFault {
    /// No room on the disk.
    Full,
    /// Anything else; may pass.
    Failed,
}
