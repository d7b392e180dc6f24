//! The agent in a browser, without a user interface framework: what a page, a widget or a script stands on.
//!
//! ```text
//!   people ── page (web, Yew) ──▶ Shell ──▶ core::Agent
//!                 ▲ News            │ outputs
//!                 └──────────────── ├─▶ door    HTTP: who am I, a ticket for the line
//!                                   ├─▶ socket  one WebSocket
//!                                   ├─▶ keep    IndexedDB: outbox, drafts, the roster as last seen
//!                                   └─▶ one timer
//!   tab: which tab this is, whether it is in sight, whether somebody is at the keyboard ──▶ inputs
//! ```
//! Everything that decides is in core. Storage, locks, channels and the network may all be missing or refuse at any time;
//! each module says what happens then. Listeners read the agent through [`Shell::read`] when [`News`] comes.
#![forbid(unsafe_code)]

mod chance;
mod clock;
mod door;
mod hear;
mod keep;
mod letters;
mod shell;
mod socket;
mod storage;
mod tab;

pub use door::{
    AccessToken, Door, DoorError, Group, Invitation, Member, NewToken, Question, Relay, SignedIn,
    Told, Visitor,
};
pub use lamplight_core::address::{
    Address, AddressError, InboxAddress, MessageId, Presentity, Principal, Seq, Tag, Token, TupleId,
};
pub use lamplight_core::agent::{
    Changed, Choice, ContactRow, ConversationView, Heading, Headings, HeldRow, Intent, Item,
    ItemState, Line, LinkView, Listed, MyStatus, Notice, OwnInboxView, OwnPresentityView, Preview,
    RequestRow, RowKind, Side, Viewer,
};
pub use lamplight_core::code::{Code, Retry};
pub use lamplight_core::hours::{HOURS_MAX, Hours};
pub use lamplight_core::ledger::{Kind, WatchState, WatcherInformation, WatcherName, Watchers};
pub use lamplight_core::message::{BODY_MAX, Body};
pub use lamplight_core::person::{Person, Reason, Way, Word, ways};
/// A means to reach oneself is published as a tuple: how the page names what it makes.
pub use lamplight_core::presence::PresenceTuple as Means;
pub use lamplight_core::presence::{
    Activity, Basic, CommunicationAddress, Extent, Freshness, NOTE_MAX, Note, PresenceInformation,
    PresenceTuple, Status, TUPLES_MAX, TupleKind, View,
};
pub use lamplight_core::recording::{Recording, Replayed, replay};
pub use lamplight_core::rules::{
    AccessRule, AccessRules, Because, Delivery, DeliveryRule, Demand, Login, Part, RULES_MAX,
    Shares, Visibility, VisibilityRules, Who,
};
pub use lamplight_core::time::{Instant, Now, Timestamp};
/// What one has decided about a watcher: the answer to "may they see me".
pub use lamplight_core::wire::Decision as Verdict;
pub use lamplight_core::wire::{Access, Class, Counts, Offers, OwnInbox, OwnPresentity};

pub use clock::now;
pub use hear::{Phase, after, listen, settled};
pub use keep::clear;
pub use letters::{hex, joined, lower};
pub use shell::{Listening, News, Shell};
pub use storage::{local, session};
