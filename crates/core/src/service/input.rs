//! Everything that can happen to a service, and everything it can want.

use alloc::sync::Arc;
use core::fmt;

use crate::address::{Presentity, Principal, SessionId, Ticket};
use crate::code::{Code, Refusal};
use crate::store::{Change, Kept, Key, Loaded, StoreFault};
use crate::wire::{Class, Codec, Credentials};

/// What happens to a service.
#[derive(Clone, Debug)]
pub enum Input {
    /// A socket is open and has agreed on this codec. The session id is new.
    Opened(SessionId, Codec),
    /// A frame came.
    Frame(SessionId, Arc<[u8]>),
    /// Any other sign of life came, such as a pong.
    Heard(SessionId),
    /// The socket is gone.
    Lost(SessionId, Lost),
    /// The answer to `Output::Authenticate`.
    Authenticated(SessionId, Result<Identity, Refusal>),
    /// This login must not be used any more (sign-out everywhere, password change, suspension): `None` means all of them.
    Revoked(Principal, Option<u64>),
    /// The answer to `Output::Load`.
    Loaded(Ticket, Result<Loaded, StoreFault>),
    /// The answer to `Output::Keep`, after it is durable.
    Stored(Ticket, Result<Kept, StoreFault>),
    /// A new account or guest was made: an earlier "unknown address" about it no longer holds.
    Registered(Principal),
    /// The relay is about to stop: say goodbye to everyone, take in nothing new.
    Drain,
    /// The time of `poll_timeout` has come.
    Wake,
}

/// How a socket went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lost {
    /// Closed or reset: the device has its grace from now.
    Closed,
    /// The shell closed it because its outbox was full.
    Slow,
}

/// Who a session turned out to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    pub principal: Principal,
    pub class: Class,
    /// The login this session belongs to, so that revoking it finds the session.
    pub login: u64,
}

/// How a frame stands among those that wait for the same socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// After all before it.
    InOrder,
    /// In the place of a frame that still waits with the same presentity: the newest value replaces.
    Latest(Presentity),
}

/// What a service wants done.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Output {
    /// Write this frame to the socket: binary for CBOR, text for JSON. The bytes are shared among sessions.
    Send(SessionId, Slot, Arc<[u8]>),
    /// Write a ping; hand in `Heard` when the pong comes.
    Ping(SessionId),
    /// Close the socket after what waits for it is written; do not hand in `Lost` for it.
    Close(SessionId, Code),
    /// Find out who this is and answer with `Authenticated`.
    Authenticate(SessionId, Credentials),
    /// Read this and answer with `Loaded`.
    Load(Ticket, Key),
    /// Make this durable and answer with `Stored`, in order.
    Keep(Ticket, Change),
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(session, slot, bytes) => {
                write!(f, "Send({}, {slot:?}, {} bytes)", session.0, bytes.len())
            }
            Self::Ping(session) => write!(f, "Ping({})", session.0),
            Self::Close(session, code) => write!(f, "Close({}, {})", session.0, code.slug()),
            Self::Authenticate(session, _) => write!(f, "Authenticate({})", session.0),
            Self::Load(ticket, key) => write!(f, "Load({}, {key:?})", ticket.0),
            Self::Keep(ticket, change) => write!(f, "Keep({}, {change:?})", ticket.0),
        }
    }
}
