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

pub use door::{Door, DoorError, Relay, SignedIn};
pub use lamplight_core::address::{
    Address, AddressError, InboxAddress, MessageId, Presentity, Principal, Seq,
};
pub use lamplight_core::agent::{
    Changed, Choice, ContactRow, ConversationView, Intent, Item, ItemState, Line, LinkView,
    MyStatus, Notice, RequestRow, RowKind, Side,
};
pub use lamplight_core::code::{Code, Retry};
pub use lamplight_core::message::{BODY_MAX, Body};
pub use lamplight_core::person::{Person, Reason, Word};
pub use lamplight_core::presence::{Basic, NOTE_MAX, Note};
pub use lamplight_core::recording::{Recording, Replayed, replay};
pub use lamplight_core::time::{Instant, Now, Timestamp};
pub use lamplight_core::wire::Class;
/// What one has decided about a watcher: the answer to "may they see me".
pub use lamplight_core::wire::Decision as Verdict;

pub use clock::now;
pub use hear::{Phase, after, listen, settled};
pub use letters::{hex, joined, lower};
pub use shell::{Listening, News, Shell};
pub use storage::{local, session};
