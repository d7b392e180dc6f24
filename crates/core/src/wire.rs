//! The two protocols, by direction: what an agent says to the service and what the service says to an agent.
//!
//! One schema, two codecs ([`Codec`]): CBOR with numbered fields, where unknown fields are skipped, and JSON for people, scripts
//! and other languages. Frames marked with a *number* are answered by a frame with the same number; the PRESENCE PROTOCOL needs
//! none, because a principal watches itself. `docs/PROTOCOL.md` describes every frame with an example.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::cbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::address::{
    Address, DeviceId, Epoch, InboxAddress, MessageId, Presentity, Principal, Seq, ServerId,
    SessionId, Tag, TupleId,
};
use crate::called::Called;
use crate::code::Refusal;
use crate::ledger::Watchers;
use crate::message::{Body, Conversation, Entry, Receipt};
use crate::presence::{Note, Notification, PresenceTuple};
use crate::private::Private;
pub use crate::rules::Decision;
use crate::rules::{AccessRules, DeliveryRule, Visibility, VisibilityRules};
use crate::time::Timestamp;

mod codec;

pub use codec::{Codec, DecodeError, from_cbor, to_cbor};

/// The protocol version this build speaks.
pub const VERSION: u16 = 1;

/// Largest frame that an agent may send, bytes.
pub const FRAME_MAX: usize = 64 * 1024;

/// A client's number for a request.
pub type Number = u32;

/// Who a session says it is. Never shown in a log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credentials {
    /// Single use, 30 s, traded for the page's session over HTTP.
    #[n(0)]
    Ticket(#[n(0)] Private<String>),
    /// A bearer token of a program.
    #[n(1)]
    Token(#[n(0)] Private<String>),
    /// Nobody in particular: whoever reads a page of another site. May subscribe to what visitors are shown, and nothing else.
    #[n(2)]
    Visitor,
}

/// How far into the inbox's log this device has come, and of which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Cursor {
    #[n(0)]
    pub epoch: Epoch,
    #[n(1)]
    pub seq: Seq,
}

/// One whom to watch, as a person keeps them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Contact {
    #[n(0)]
    pub presentity: Presentity,
    /// What the watcher calls them; nobody else sees it.
    #[n(1)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub petname: Option<Note>,
    /// Under which heading the watcher keeps them; rules can speak of it. Nobody else sees it.
    #[n(2)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Note>,
}

/// How long a subscription lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Standing {
    /// A contact: durable, of the principal, until unsubscribed.
    #[n(0)]
    Contact,
    /// Of this session only.
    #[n(1)]
    Session,
}

/// One of a principal's presentities, as its principal sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct OwnPresentity {
    /// None: the one from sign-up.
    #[n(0)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<Tag>,
    /// What the principal calls it.
    #[n(1)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Note>,
    #[n(2)]
    #[cbor(default)]
    #[serde(default)]
    pub rules: AccessRules,
}

/// One of a principal's inbox addresses, as its principal sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct OwnInbox {
    /// None: the one from sign-up.
    #[n(0)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<Tag>,
    /// What the principal calls it.
    #[n(1)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Note>,
    /// From this moment on nothing comes through it any more.
    #[n(2)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// DELIVERY RULES, at most [`RULES_MAX`](crate::rules::RULES_MAX).
    #[n(3)]
    #[cbor(default)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<DeliveryRule>,
    /// What came through it, kept by the service.
    #[n(4)]
    #[cbor(default)]
    #[serde(default)]
    pub counts: Counts,
}

/// What came through an inbox address.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize,
)]
pub struct Counts {
    #[n(0)]
    pub delivered: u32,
    #[n(1)]
    pub held: u32,
    /// Refused or dropped by a rule.
    #[n(2)]
    pub refused: u32,
}

/// How closely a session wants to be notified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Pace {
    /// Of every change.
    #[n(0)]
    Live,
    /// Of nothing but oneself, until it wants to be live again: nobody looks at the page.
    #[n(1)]
    Paused,
}

/// What a person does in a conversation right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Doing {
    #[n(0)]
    Typing,
    #[n(1)]
    Nothing,
}

/// Frames from an agent to the service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "frame")]
pub enum ToService {
    /// The first frame of a connection, within 10 s.
    #[n(0)]
    Hello {
        #[n(0)]
        version: u16,
        #[n(1)]
        credentials: Credentials,
        #[n(2)]
        device: DeviceId,
        /// Where this device stands in the inbox, if it knows.
        #[n(3)]
        #[serde(default)]
        cursor: Option<Cursor>,
    },
    /// PRESENCE PROTOCOL: this tuple is now so. A device tuple lives with the session and stands in all presentities of the
    /// principal; others live with the account, in one of them.
    #[n(1)]
    Publish {
        #[n(0)]
        tuple: PresenceTuple,
        /// In which of my presentities.
        #[n(1)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Tag>,
    },
    /// PRESENCE PROTOCOL: this tuple is no more.
    #[n(2)]
    Withdraw {
        #[n(0)]
        tuple: TupleId,
        #[n(1)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Tag>,
    },
    /// What is known of these now; makes no subscription. Answer: `Fetched`.
    #[n(3)]
    Fetch {
        #[n(0)]
        number: Number,
        /// At most 100.
        #[n(1)]
        presentities: Vec<Presentity>,
    },
    /// Notify me of these from now on. Answer: `Done` or `Refused`, and a `Notify` for each.
    #[n(4)]
    Subscribe {
        #[n(0)]
        number: Number,
        #[n(1)]
        standing: Standing,
        /// At most 1,000 in one frame.
        #[n(2)]
        contacts: Vec<Contact>,
    },
    /// No more of these; a contact is forgotten. Answer: `Done`.
    #[n(5)]
    Unsubscribe {
        #[n(0)]
        number: Number,
        #[n(1)]
        presentities: Vec<Presentity>,
    },
    /// ACCESS RULES: what this watcher may see of me; `None` forgets a decision. Answer: `Done` or `Refused`.
    #[cfg(feature = "doors")]
    #[n(6)]
    SetAccess {
        #[n(0)]
        number: Number,
        #[n(1)]
        watcher: Principal,
        #[n(2)]
        #[cbor(known)]
        decision: Option<Decision>,
        /// For which of my presentities.
        #[n(3)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Tag>,
    },
    /// INSTANT MESSAGE PROTOCOL: deliver this. Answer: `Receipt` with the same id. May be repeated for as long
    /// as the inbox remembers it: 90 days, unless whoever runs the relay says otherwise.
    #[n(7)]
    Send {
        #[n(0)]
        id: MessageId,
        #[n(1)]
        to: InboxAddress,
        #[n(2)]
        body: Body,
        /// From which of my inbox addresses: where an answer comes to.
        #[n(3)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Tag>,
    },
    /// One page of the inbox's messages. Answer: `Page`.
    #[n(8)]
    FetchInbox {
        #[n(0)]
        number: Number,
        /// Only this conversation.
        #[n(1)]
        #[serde(default)]
        with: Option<Address>,
        /// Only what is older than this place.
        #[n(2)]
        #[serde(default)]
        before: Option<Seq>,
        /// At most 300; newest first are chosen, oldest first are given.
        #[n(3)]
        limit: u16,
    },
    /// All conversations, a line each. Answer: `Conversations`.
    #[n(9)]
    FetchConversations {
        #[n(0)]
        number: Number,
    },
    /// This device has taken everything up to here (delivered).
    #[n(10)]
    Acknowledge {
        #[n(0)]
        up_to: Seq,
    },
    /// The person has read this conversation up to here, on all devices.
    #[n(11)]
    MarkRead {
        #[n(0)]
        with: Address,
        #[n(1)]
        up_to: Seq,
    },
    /// Delete these entries of my inbox. Answer: `Done`.
    #[n(12)]
    Delete {
        #[n(0)]
        number: Number,
        /// At most 100.
        #[n(1)]
        seqs: Vec<Seq>,
    },
    /// Are you there? Answer: `Pong` with the same number.
    #[n(13)]
    Ping {
        #[n(0)]
        number: Number,
    },
    /// The person leaves now: no grace.
    #[n(14)]
    Bye,
    /// ACCESS RULES: makes one of my presentities, or replaces its label and rules. Answer: `Done` or `Refused`.
    #[cfg(feature = "settings")]
    #[n(15)]
    SetPresentity {
        #[n(0)]
        number: Number,
        #[n(1)]
        own: OwnPresentity,
    },
    /// Ends a further presentity of mine. Answer: `Done`.
    #[cfg(feature = "settings")]
    #[n(16)]
    DropPresentity {
        #[n(0)]
        number: Number,
        #[n(1)]
        tag: Tag,
    },
    /// DELIVERY RULES: makes one of my inbox addresses, or replaces its label, end and rules. Answer: `Done` or `Refused`.
    #[cfg(feature = "settings")]
    #[n(17)]
    SetInbox {
        #[n(0)]
        number: Number,
        #[n(1)]
        own: OwnInbox,
    },
    /// Revokes a further inbox address of mine; what came through it stays. Answer: `Done`.
    #[cfg(feature = "settings")]
    #[n(18)]
    DropInbox {
        #[n(0)]
        number: Number,
        #[n(1)]
        tag: Tag,
    },
    /// VISIBILITY RULES: how I stand with this presentity as its watcher; without one: with all others. `None` forgets an
    /// exception. Answer: `Done`.
    #[cfg(feature = "settings")]
    #[n(19)]
    SetVisibility {
        #[n(0)]
        number: Number,
        #[n(1)]
        #[serde(default)]
        presentity: Option<Presentity>,
        #[n(2)]
        #[cbor(known)]
        #[serde(default)]
        visibility: Option<Visibility>,
    },
    /// WATCHER INFORMATION of a presentity of mine, once. Answer: `Watchers`.
    #[cfg(feature = "settings")]
    #[n(20)]
    FetchWatchers {
        #[n(0)]
        number: Number,
        #[n(1)]
        presentity: Presentity,
    },
    /// WATCHER INFORMATION of a presentity of mine, now and whenever it changes, in this session. Answer: `Watchers`.
    #[cfg(feature = "settings")]
    #[n(21)]
    SubscribeWatchers {
        #[n(0)]
        number: Number,
        #[n(1)]
        presentity: Presentity,
    },
    /// No more of it. Answer: `Done`.
    #[cfg(feature = "settings")]
    #[n(22)]
    UnsubscribeWatchers {
        #[n(0)]
        number: Number,
        #[n(1)]
        presentity: Presentity,
    },
    /// How closely this session wants to be notified.
    #[n(23)]
    Pace {
        #[n(0)]
        pace: Pace,
    },
    /// What I do in the conversation with this one right now. Told only to who sees me.
    #[n(24)]
    Signal {
        #[n(0)]
        to: InboxAddress,
        #[n(1)]
        doing: Doing,
        /// From which of my inbox addresses, as with a message.
        #[n(2)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Tag>,
    },
    /// What is held of this one comes into the inbox, and what they send from now on. Answer: `Done`.
    #[cfg(feature = "doors")]
    #[n(25)]
    Admit {
        #[n(0)]
        number: Number,
        #[n(1)]
        with: Address,
    },
    /// Empties the conversation with this one, held or not. Answer: `Done`.
    #[cfg(feature = "settings")]
    #[n(26)]
    Clear {
        #[n(0)]
        number: Number,
        #[n(1)]
        with: Address,
    },
}

/// How a connection goes on from the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Resume {
    /// Everything after the cursor follows as `Deliver`.
    #[n(0)]
    Resumed,
    /// The agent said no cursor: fetch what you need.
    #[n(1)]
    Fresh,
    /// The store was restored or replaced: forget what you have and fetch.
    #[n(2)]
    ResetEpoch,
    /// Too much has happened since: forget what you have and fetch.
    #[n(3)]
    ResetTooFar,
}

/// What kind of principal a session speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Class {
    #[n(0)]
    Account,
    /// Let in without an account; gone after a while.
    #[n(1)]
    Guest,
    /// Several members who appear as one.
    #[n(2)]
    Group,
    #[n(3)]
    Program,
}

/// Which of the two services a relay offers (RFC 2778 2: they can be had apart).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Offers {
    #[default]
    #[n(0)]
    Both,
    #[n(1)]
    Presence,
    #[n(2)]
    Messages,
}

/// Limits and bounds that hold on this relay, so that an agent need not run into them. Durations in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Announced {
    /// Largest frame, bytes.
    #[n(0)]
    pub frame_max: u32,
    /// Longest body, bytes.
    #[n(1)]
    pub body_max: u32,
    /// Messages under way at once.
    #[n(2)]
    pub sends_in_flight: u16,
    /// Contacts at most.
    #[n(3)]
    pub contacts_max: u32,
    /// A lost device is seen as gone after at most this long.
    #[n(4)]
    pub gone_after_ms: u32,
    /// How long a closed or reloading device is still shown.
    #[n(5)]
    pub grace_ms: u32,
    /// An agent that hears nothing for this long should ping.
    #[n(6)]
    pub quiet_ms: u32,
    #[n(7)]
    #[cbor(default)]
    #[serde(default)]
    pub offers: Offers,
    /// For how long watchers are remembered.
    #[n(8)]
    #[cbor(default)]
    #[serde(default)]
    pub watchers_span_ms: u64,
}

/// Someone asks to see my presence.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Request {
    #[n(0)]
    pub watcher: Principal,
    #[n(1)]
    pub at: Timestamp,
    /// Of a visitor of a site: how they are called.
    #[n(2)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<Box<Called>>,
}

/// What I decided about one watcher.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Access {
    #[n(0)]
    pub watcher: Principal,
    #[n(1)]
    pub decision: Decision,
    /// When it was decided; of a block that was decided once more, the first time.
    #[n(2)]
    pub at: Timestamp,
}

/// Frames from the service to an agent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "frame")]
pub enum ToAgent {
    /// The answer to a hello that was accepted.
    #[n(0)]
    Welcome {
        #[n(0)]
        version: u16,
        #[n(1)]
        you: Principal,
        #[n(2)]
        class: Class,
        #[n(3)]
        server: ServerId,
        #[n(4)]
        session: SessionId,
        /// The service's wall clock.
        #[n(5)]
        now: Timestamp,
        #[n(6)]
        resume: Resume,
        /// The end of the inbox's log.
        #[n(7)]
        head: Cursor,
        #[n(8)]
        announced: Announced,
        /// In a group's name: the member who speaks.
        #[n(9)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Principal>,
    },
    /// Everything that is kept for this principal as a watcher and as a presentity; replaces what the agent had.
    #[n(1)]
    Roster {
        #[n(0)]
        contacts: Vec<Contact>,
        #[cfg(feature = "settings")]
        #[n(1)]
        access: Vec<Access>,
        #[cfg(feature = "doors")]
        #[n(2)]
        requests: Vec<Request>,
        #[cfg(feature = "settings")]
        #[n(3)]
        #[cbor(default)]
        #[serde(default)]
        visibility: VisibilityRules,
        /// The inbox from sign-up first, then the further ones.
        #[cfg(feature = "settings")]
        #[n(4)]
        #[cbor(default)]
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        inboxes: Vec<OwnInbox>,
        /// My presentity from sign-up. Each further one comes in a `PresentitySet`, with an `AccessSet` and `Requested` for each
        /// decision and request.
        #[cfg(feature = "settings")]
        #[n(5)]
        #[cbor(default)]
        #[serde(default)]
        own: OwnPresentity,
    },
    /// NOTIFICATIONs, one or many. One's own presentity is among them: it shows what was published, and by which devices.
    #[n(2)]
    Notify {
        #[n(0)]
        notifications: Vec<Notification>,
    },
    /// The answer to `Fetch`.
    #[n(3)]
    Fetched {
        #[n(0)]
        number: Number,
        #[n(1)]
        notifications: Vec<Notification>,
    },
    /// A contact was added or renamed, here or on another device.
    #[n(4)]
    ContactKept {
        #[n(0)]
        contact: Contact,
    },
    /// A contact was removed, here or on another device.
    #[n(5)]
    ContactGone {
        #[n(0)]
        presentity: Presentity,
    },
    /// Someone asks to see my presence.
    #[cfg(feature = "doors")]
    #[n(6)]
    Requested {
        #[n(0)]
        request: Request,
        #[n(1)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Tag>,
    },
    /// I decided about a watcher, here or on another device, and any request of theirs is answered.
    #[cfg(feature = "settings")]
    #[n(7)]
    AccessSet {
        #[n(0)]
        watcher: Principal,
        #[n(1)]
        decision: Option<Decision>,
        #[n(2)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Tag>,
    },
    /// What was added to the inbox's log, oldest first; `up_to` is the place this brings the device to.
    #[n(8)]
    Deliver {
        #[n(0)]
        entries: Vec<Entry>,
        #[n(1)]
        up_to: Seq,
    },
    /// The answer to `FetchInbox`: messages, oldest first.
    #[n(9)]
    Page {
        #[n(0)]
        number: Number,
        #[n(1)]
        entries: Vec<Entry>,
        /// Whether there are older ones.
        #[n(2)]
        more: bool,
    },
    /// The answer to `FetchConversations`; `head` is the place of the log they were read at.
    #[n(10)]
    Conversations {
        #[n(0)]
        number: Number,
        #[n(1)]
        conversations: Vec<Conversation>,
        #[n(2)]
        head: Seq,
    },
    /// The answer to `Send`.
    #[n(11)]
    Receipt {
        #[n(0)]
        id: MessageId,
        #[n(1)]
        receipt: Receipt,
    },
    /// The request with this number is carried out.
    #[n(12)]
    Done {
        #[n(0)]
        number: Number,
    },
    /// A frame was refused; with the request's number if it had one.
    #[n(13)]
    Refused {
        #[n(0)]
        #[serde(default)]
        number: Option<Number>,
        #[n(1)]
        refusal: Refusal,
    },
    #[n(14)]
    Pong {
        #[n(0)]
        number: Number,
    },
    /// The service closes the connection after this frame.
    #[n(15)]
    Goodbye {
        #[n(0)]
        refusal: Refusal,
    },
    /// A presentity of mine was made or changed, here or on another device.
    #[cfg(feature = "settings")]
    #[n(16)]
    PresentitySet {
        #[n(0)]
        own: OwnPresentity,
    },
    /// A further presentity of mine is no more.
    #[cfg(feature = "settings")]
    #[n(17)]
    PresentityGone {
        #[n(0)]
        tag: Tag,
    },
    /// An inbox address of mine was made or changed, or something came through it.
    #[cfg(feature = "settings")]
    #[n(18)]
    InboxSet {
        #[n(0)]
        own: OwnInbox,
    },
    /// A further inbox address of mine is revoked.
    #[cfg(feature = "settings")]
    #[n(19)]
    InboxGone {
        #[n(0)]
        tag: Tag,
    },
    /// My rule as a watcher was set, here or on another device.
    #[cfg(feature = "settings")]
    #[n(20)]
    VisibilitySet {
        #[n(0)]
        rules: VisibilityRules,
    },
    /// The answer to `FetchWatchers` and `SubscribeWatchers`; after the latter again, under its number, whenever it is different.
    #[cfg(feature = "settings")]
    #[n(21)]
    Watchers {
        #[n(0)]
        number: Number,
        #[n(1)]
        presentity: Presentity,
        #[n(2)]
        watchers: Watchers,
    },
    /// What the other side of a conversation does right now; holds for 6 s.
    #[n(22)]
    Signal {
        #[n(0)]
        from: Address,
        #[n(1)]
        doing: Doing,
    },
    /// The answer to a visitor's hello that was accepted.
    #[n(23)]
    Visiting {
        #[n(0)]
        version: u16,
        /// The service's wall clock.
        #[n(1)]
        now: Timestamp,
        #[n(2)]
        announced: Announced,
    },
}

impl ToService {
    /// The number of a request that is answered by number.
    pub fn number(&self) -> Option<Number> {
        match self {
            Self::Fetch { number, .. }
            | Self::Subscribe { number, .. }
            | Self::Unsubscribe { number, .. }
            | Self::FetchInbox { number, .. }
            | Self::FetchConversations { number }
            | Self::Delete { number, .. }
            | Self::Ping { number } => Some(*number),
            #[cfg(feature = "doors")]
            Self::SetAccess { number, .. } | Self::Admit { number, .. } => Some(*number),
            #[cfg(feature = "settings")]
            Self::SetPresentity { number, .. }
            | Self::DropPresentity { number, .. }
            | Self::SetInbox { number, .. }
            | Self::DropInbox { number, .. }
            | Self::SetVisibility { number, .. }
            | Self::FetchWatchers { number, .. }
            | Self::SubscribeWatchers { number, .. }
            | Self::UnsubscribeWatchers { number, .. }
            | Self::Clear { number, .. } => Some(*number),
            _ => None,
        }
    }
}
