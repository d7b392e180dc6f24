//! Instant messages and the inbox that keeps them (RFC 2778 2.2 and 2.5).
//!
//! An inbox is one log with one counter. What a principal received and sent, what was delivered, read or deleted: each is an
//! entry, so that a device that knows the last [`Seq`] it has needs nothing else to catch up.

use alloc::boxed::Box;

use crate::cbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::address::{Address, InboxAddress, MessageId, Principal, Seq, Tag};
use crate::called::Called;
use crate::code::Refusal;
use crate::text::checked_text;
use crate::time::Timestamp;

/// Longest body, bytes of UTF-8 ("of small size", RFC 2778 2.2).
pub const BODY_MAX: usize = 16 * 1024;

checked_text!(
    /// What a message says: 1 to [`BODY_MAX`] bytes. Its type proves its size.
    Body,
    BodyError,
    check_body
);

/// A body that is empty or longer than [`BODY_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyError;

pub(crate) const BAD_BODY: &str = "not a valid Body";

impl core::fmt::Display for BodyError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(BAD_BODY)
    }
}

impl core::error::Error for BodyError {}

fn check_body(text: &str) -> Result<&str, BodyError> {
    (!text.trim().is_empty() && text.len() <= BODY_MAX)
        .then_some(text)
        .ok_or(BodyError)
}

impl core::fmt::Debug for Body {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("…")
    }
}

/// INSTANT MESSAGE as the service keeps it; `from` was filled in by the service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct InstantMessage {
    #[n(0)]
    pub id: MessageId,
    #[n(1)]
    pub from: Principal,
    #[n(2)]
    pub to: InboxAddress,
    #[n(3)]
    pub body: Body,
    /// When the service accepted it.
    #[n(4)]
    pub at: Timestamp,
    /// From which of the sender's inbox addresses.
    #[n(5)]
    pub alias: Option<Tag>,
    /// In a group's name: the member who wrote it. Only the group's own log says so.
    #[n(6)]
    pub by: Option<Principal>,
    /// Of a visitor of a site. Only the receiver's log says so.
    #[n(7)]
    pub called: Option<Box<Called>>,
}

impl InstantMessage {
    /// Where the sender is answered: the other side of the conversation, in the receiver's log.
    pub fn sender(&self) -> Address {
        self.from.address().tagged(self.alias.as_ref())
    }
}

/// One entry of an inbox's log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Entry {
    #[n(0)]
    pub seq: Seq,
    /// The other side of the conversation.
    #[n(1)]
    pub with: Address,
    /// When the service took it.
    #[n(2)]
    pub at: Timestamp,
    #[n(3)]
    pub what: What,
    /// Of a message: through which of the own inbox addresses; none: the one from sign-up.
    #[n(4)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<Tag>,
    /// Of a message that a group sent: the member who wrote it.
    #[n(5)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Principal>,
    /// Of a message from a visitor of a site: how they are called. Apart from the rest, since few have it and all are moved about.
    #[n(6)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<Box<Called>>,
}

/// What happened at one place of the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// `with` wrote to this inbox.
    #[n(0)]
    Received(#[n(0)] MessageId, #[n(1)] Body),
    /// This inbox's principal wrote to `with`: the copy.
    #[n(1)]
    Sent(#[n(0)] MessageId, #[n(1)] Body),
    /// An INBOX USER AGENT of `with` took everything sent up to this place of this log. A later mark replaces an earlier one.
    #[n(2)]
    Delivered(#[n(0)] Seq),
    /// The principal has read the conversation up to this place. A later mark replaces an earlier one.
    #[n(3)]
    Read(#[n(0)] Seq),
    /// The entry at this place was deleted; nothing is left of it but this.
    #[n(4)]
    Deleted(#[n(0)] Seq),
    /// `with` wrote to this inbox, and it waits in the requests folder.
    #[n(5)]
    Held(#[n(0)] MessageId, #[n(1)] Body),
    /// What was held of `with` is received.
    #[n(6)]
    Admitted,
    /// The conversation with `with` was emptied up to this place.
    #[n(7)]
    Cleared(#[n(0)] Seq),
}

impl What {
    /// Whether a person sees this as a message.
    pub fn is_message(&self) -> bool {
        matches!(self, Self::Received(..) | Self::Sent(..) | Self::Held(..))
    }
}

/// One conversation of an inbox in a line.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Conversation {
    #[n(0)]
    pub with: Address,
    /// The newest message, if one is left.
    #[n(1)]
    pub last: Option<Entry>,
    /// Messages received beyond `read`; none of those held.
    #[n(2)]
    pub unread: u32,
    #[n(3)]
    pub read: Seq,
    #[n(4)]
    pub delivered: Seq,
    /// Messages that wait in the requests folder.
    #[n(5)]
    #[cbor(default)]
    #[serde(default)]
    pub held: u32,
    /// Of a visitor of a site: how they were called when they wrote last.
    #[n(6)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<Box<Called>>,
}

/// What became of a message that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receipt {
    /// Durable; the sender's own copy stands at this place, accepted at this time.
    #[n(0)]
    Accepted(#[n(0)] Seq, #[n(1)] Timestamp),
    #[n(1)]
    Refused(#[n(0)] Refusal),
}
