//! Everything that can happen to an agent, and everything it can want. Inputs can be written down and replayed.

use alloc::string::String;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use core::time::Duration;

use crate::cbor::{Decode, Encode};

use crate::address::{
    Address, DeviceId, InboxAddress, MessageId, Presentity, Principal, Seq, Tag, TupleId,
};
use crate::code::Code;
use crate::message::{Body, Conversation};
use crate::presence::{Note, PresenceTuple};
use crate::rules::Visibility;
use crate::time::Timestamp;
use crate::wire::{Access, Contact, Credentials, Decision, OwnInbox, OwnPresentity, to_cbor};

/// What an agent is made with.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct AgentConfig {
    /// Random; makes message ids and jitter. The same seed and inputs give the same outputs.
    #[n(0)]
    pub seed: u64,
    /// Whom it works for; the service must agree at the welcome.
    #[n(1)]
    pub principal: Principal,
    /// This browser profile or program.
    #[n(2)]
    pub device: DeviceId,
    /// This tab; kept over a reload so that nobody sees one.
    #[n(3)]
    pub tuple: TupleId,
    /// No input for this long, in milliseconds, makes the device away.
    #[n(4)]
    pub idle_after_ms: u64,
}

/// No input for this long makes a device away, unless configured otherwise.
pub const IDLE_AFTER: Duration = Duration::from_mins(5);

/// What happens to an agent.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Input {
    /// What `Output::Keep` kept in an earlier life. Comes first, before `Start`.
    #[n(0)]
    Restored(#[n(0)] Vec<Keepsake>),
    /// Go to work: connect.
    #[n(1)]
    Start,
    /// The line that `Output::Connect` asked for is open; these credentials are for its hello.
    #[n(2)]
    Opened(#[n(0)] Credentials),
    /// A frame came.
    #[n(3)]
    Frame(
        #[n(0)]
        #[cbor(bytes)]
        Vec<u8>,
    ),
    /// The line is gone, or could not be opened.
    #[n(4)]
    Lost(#[n(0)] LineLost),
    /// What the person wants.
    #[n(5)]
    Intent(#[n(0)] Intent),
    /// The person touched keyboard, pointer or screen, in any tab of this browser. At most one per second is needed.
    #[n(6)]
    Active,
    /// The page is out of sight.
    #[n(7)]
    Hidden,
    /// The page is in sight again.
    #[n(8)]
    Shown,
    /// The browser says that the network is back: try at once.
    #[n(9)]
    Online,
    /// The time of `poll_timeout` has come.
    #[n(10)]
    Wake,
}

/// How a line went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum LineLost {
    /// It never opened: the relay or the network is away.
    #[n(0)]
    Unreachable,
    /// It was open and closed.
    #[n(1)]
    Closed,
    /// The relay does not accept the login any more; there is no use in trying again.
    #[n(2)]
    SignedOut,
}

/// What the person wants.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Intent {
    /// A status by hand, until a time or for good.
    #[cfg(feature = "status")]
    #[n(0)]
    SetStatus {
        #[n(0)]
        choice: Choice,
        #[n(1)]
        note: Option<Note>,
        #[n(2)]
        until: Option<Timestamp>,
        /// In which of my presentities; none: the one from sign-up.
        #[n(3)]
        of: Option<Tag>,
    },
    /// No status by hand any more: as the devices say.
    #[cfg(feature = "status")]
    #[n(1)]
    ClearStatus {
        #[n(0)]
        of: Option<Tag>,
    },
    /// Ask to see someone and keep them as a contact; of a contact: replaces name and group.
    #[cfg(feature = "people")]
    #[n(2)]
    AddContact {
        #[n(0)]
        presentity: Presentity,
        #[n(1)]
        petname: Option<Note>,
        /// Under which heading they stand; rules can speak of it.
        #[n(2)]
        group: Option<Note>,
    },
    #[cfg(feature = "people")]
    #[n(3)]
    RemoveContact {
        #[n(0)]
        presentity: Presentity,
    },
    /// Decide what a watcher sees of me; `None` forgets the decision.
    #[cfg(feature = "doors")]
    #[n(4)]
    Decide {
        #[n(0)]
        watcher: Principal,
        #[n(1)]
        decision: Option<Decision>,
        /// Of which of my presentities.
        #[n(2)]
        of: Option<Tag>,
    },
    /// Write to someone. Goes to the durable outbox first.
    #[n(5)]
    Send {
        #[n(0)]
        to: InboxAddress,
        #[n(1)]
        body: Body,
    },
    /// Try a failed message again, under the same id.
    #[n(6)]
    Resend {
        #[n(0)]
        id: MessageId,
    },
    /// Take a message that is not accepted yet out of the outbox.
    #[n(7)]
    Discard {
        #[n(0)]
        id: MessageId,
    },
    /// A conversation comes into view; its newest page is fetched.
    #[n(8)]
    Open {
        #[n(0)]
        with: Address,
    },
    /// No conversation is in view.
    #[n(9)]
    Close,
    /// The page before the oldest that is here.
    #[n(10)]
    LoadOlder {
        #[n(0)]
        with: Address,
    },
    /// The person has seen the end of this conversation: page in sight, scrolled down.
    #[n(11)]
    Seen {
        #[n(0)]
        with: Address,
    },
    /// What stands in the composer now.
    #[n(12)]
    Draft {
        #[n(0)]
        with: Address,
        #[n(1)]
        text: String,
    },
    /// Delete one entry of the own inbox.
    #[n(13)]
    Delete {
        #[n(0)]
        seq: Seq,
    },
    /// Do not wait for the next attempt: connect now.
    #[n(14)]
    Reconnect,
    /// Leave now and be seen to.
    #[n(15)]
    SignOut,
    /// Make one of my presentities, or replace its label and rules.
    #[cfg(feature = "settings")]
    #[n(16)]
    SetPresentity {
        #[n(0)]
        own: OwnPresentity,
    },
    /// End a further presentity of mine.
    #[cfg(feature = "settings")]
    #[n(17)]
    DropPresentity {
        #[n(0)]
        tag: Tag,
    },
    /// Make one of my inbox addresses, or replace its label, end and rules.
    #[cfg(feature = "settings")]
    #[n(18)]
    SetInbox {
        #[n(0)]
        own: OwnInbox,
    },
    /// Revoke a further inbox address of mine.
    #[cfg(feature = "settings")]
    #[n(19)]
    DropInbox {
        #[n(0)]
        tag: Tag,
    },
    /// How I stand with this presentity as its watcher; without one: with all others. `None` forgets an exception.
    #[cfg(feature = "settings")]
    #[n(20)]
    SetVisibility {
        #[n(0)]
        presentity: Option<Presentity>,
        #[n(1)]
        visibility: Option<Visibility>,
    },
    /// A means to reach me is now so: telephone, mail, a web page, or the inbox's own OPEN or CLOSED with its hours and the note
    /// that says why. `since` is filled in.
    #[cfg(feature = "people")]
    #[n(21)]
    PublishMeans {
        #[n(0)]
        tuple: PresenceTuple,
        #[n(1)]
        of: Option<Tag>,
    },
    /// A means is no more; the inbox is again as sign-up made it.
    #[cfg(feature = "people")]
    #[n(22)]
    WithdrawMeans {
        #[n(0)]
        id: TupleId,
        #[n(1)]
        of: Option<Tag>,
    },
    /// "Who sees me" is open, of this presentity of mine; of one at a time.
    #[cfg(feature = "settings")]
    #[n(23)]
    WatchWatchers {
        #[n(0)]
        of: Option<Tag>,
    },
    /// "Who sees me" is closed.
    #[cfg(feature = "settings")]
    #[n(24)]
    LeaveWatchers,
    /// The person types to this one: may be said at every key.
    #[n(25)]
    Typing {
        #[n(0)]
        with: Address,
    },
    /// What is held of this one comes into the inbox, and what they send from now on. An answer to them does the same.
    #[cfg(feature = "doors")]
    #[n(26)]
    Admit {
        #[n(0)]
        with: Address,
    },
    /// Empty the conversation with this one. Needs a line, like `Delete`.
    #[cfg(feature = "settings")]
    #[n(27)]
    Clear {
        #[n(0)]
        with: Address,
    },
    /// Block this one politely and empty the conversation with them.
    #[cfg(feature = "settings")]
    #[n(28)]
    Refuse {
        #[n(0)]
        with: Address,
    },
    /// Tell me once when this contact is available, or not any more.
    #[cfg(feature = "people")]
    #[n(29)]
    TellWhen {
        #[n(0)]
        address: Address,
        #[n(1)]
        on: bool,
    },
    /// The password was said again: what was refused for want of it is said again.
    #[n(30)]
    Confirmed,
    /// Ask to see someone for as long as this agent lives; what is seen is read by `seen`. Nobody is kept.
    #[cfg(feature = "scripts")]
    #[n(31)]
    Watch {
        #[n(0)]
        presentity: Presentity,
    },
    /// Ask no more.
    #[cfg(feature = "scripts")]
    #[n(32)]
    Unwatch {
        #[n(0)]
        presentity: Presentity,
    },
    /// A program has dealt with this conversation up to here.
    #[cfg(feature = "scripts")]
    #[n(33)]
    SeenUpTo {
        #[n(0)]
        with: Address,
        #[n(1)]
        seq: Seq,
    },
}

/// What a person may choose to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Choice {
    #[n(0)]
    Available,
    #[n(1)]
    Busy,
    #[n(2)]
    Away,
    /// Appear offline to everyone else.
    #[n(3)]
    Invisible,
}

/// What the shell keeps for this principal on this device and brings back in `Input::Restored`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Keepsake {
    /// A message that is not accepted yet.
    #[n(0)]
    Outgoing(#[n(0)] Outgoing),
    /// Text in a composer.
    #[n(1)]
    Draft(#[n(0)] Address, #[n(1)] String),
    /// Contacts, decisions and conversations as last seen, for a first paint without the relay; and of whom to tell when they
    /// are available.
    #[n(2)]
    Roster(
        #[n(0)] Vec<Contact>,
        #[n(1)] Vec<Access>,
        #[n(2)] Vec<Conversation>,
        #[n(3)]
        #[cbor(default)]
        Vec<Address>,
    ),
}

impl Keepsake {
    /// Under what a shell files it: a later keepsake of the same name replaces the earlier.
    pub fn name(&self) -> KeepsakeName {
        match self {
            Self::Outgoing(outgoing) => KeepsakeName::Outgoing(outgoing.id),
            Self::Draft(with, _) => KeepsakeName::Draft(with.clone()),
            Self::Roster(..) => KeepsakeName::Roster,
        }
    }
}

/// The name of a keepsake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeepsakeName {
    Outgoing(MessageId),
    Draft(Address),
    Roster,
}

/// A message on its way out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Outgoing {
    #[n(0)]
    pub id: MessageId,
    #[n(1)]
    pub to: InboxAddress,
    #[n(2)]
    pub body: Body,
    /// When the person sent it.
    #[n(3)]
    pub at: Timestamp,
    /// Orders the outbox: 1, 2, 3 ... per device.
    #[n(4)]
    pub place: u64,
    /// Refused for good; waits for the person to send it again or discard it.
    #[n(5)]
    pub failed: Option<Code>,
    /// From which of my inbox addresses: the one that was written to.
    #[n(6)]
    pub from: Option<Tag>,
}

/// What an agent wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Get credentials and open a line; answer with `Opened` or `Lost`. Any line still open is to be closed first.
    Connect,
    /// Write this frame.
    Send(Vec<u8>),
    /// Close the line; no `Lost` is due.
    Disconnect,
    /// Keep this for later lives; a `Send` that follows may go out at once.
    Keep(Keepsake),
    /// Forget this.
    Forget(KeepsakeName),
    /// What a getter answers is different now.
    Changed(Changed),
    /// Tell the person.
    Tell(Notice),
    /// The login is over: show the door. What is kept stays.
    SignedOut(Code),
}

impl Hash for Output {
    /// What is written anyway counts as it is written: the page then has no second way to walk through it.
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        match self {
            Self::Connect => 0_u8.hash(hasher),
            Self::Send(frame) => (1_u8, frame).hash(hasher),
            Self::Disconnect => 2_u8.hash(hasher),
            Self::Keep(keepsake) => (3_u8, to_cbor(keepsake)).hash(hasher),
            Self::Forget(name) => (4_u8, name).hash(hasher),
            Self::Changed(what) => (5_u8, what).hash(hasher),
            Self::Tell(notice) => (6_u8, notice).hash(hasher),
            Self::SignedOut(code) => (7_u8, code).hash(hasher),
        }
    }
}

/// What is different now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Changed {
    /// `link()`
    Link,
    /// `me()`
    Me,
    /// `roster()`: rows came, went or are all to be read again.
    Roster,
    /// `row(address)`: this row alone, with its place in the order.
    Row(Address),
    /// `requests()`
    Requests,
    /// `conversation(address)`
    Conversation(Address),
    /// `held()`
    Held,
    /// `own_presentities()`, `inboxes()`, `visibility()`, and `preview(..)` with them.
    Own,
    /// `watchers(..)`
    Watchers,
}

/// Something a person should be told once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Notice {
    /// A message came while its conversation was not in view or the page was hidden.
    Message { from: Address, body: Body },
    /// Someone asks to see me: who, and how a visitor of a site is called, else their address.
    Request(Principal, String),
    /// An intent about this address was refused; without an address: about oneself.
    Refused(Option<Address>, Code),
    /// A contact of whom this was wanted is available now.
    Available(Address),
}
