//! Everything that can happen to a service, and everything it can want.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::address::{Address, Presentity, Principal, SessionId, Ticket};
use crate::called::Called;
use crate::code::{Code, Refusal};
use crate::presence::Notification;
use crate::rules::{FRESH_FOR, Login};
use crate::store::{Change, Kept, Key, Loaded, StoreFault};
use crate::time::Timestamp;
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
    /// The answer to `Output::Authenticate` of a visitor, by way of this site (`None`: nobody named it).
    Visiting(SessionId, Option<String>),
    /// A fetch by someone without a session: over HTTP. Answered by `Output::Looked`.
    Look(LookId, Looker, Vec<Presentity>),
    /// So many more visitors of this site (`None`: nobody named it) were given what was last answered to one who looks as a visitor.
    Visited(Presentity, Option<String>, u32),
    /// The password of this login was said again just now: what asked for it goes on.
    Confirmed(Principal, u64, Timestamp),
    /// This login must not be used any more (sign-out everywhere, password change): `None` means all of them.
    Revoked(Principal, Option<u64>),
    /// The same because of a suspension: it is told apart.
    Suspended(Principal, Option<u64>),
    /// Contacts of this principal, or whom it lets see it, were changed beside the service: they are read again.
    Changed(Principal),
    /// With whom this visitor of a site has to do is settled anew: their lines close, and come again with what holds then.
    Rescoped(Principal),
    /// The answer to `Output::Load`.
    Loaded(Ticket, Result<Loaded, StoreFault>),
    /// The answer to `Output::Keep`, after it is durable.
    Stored(Ticket, Result<Kept, StoreFault>),
    /// A new account or guest was made: an earlier "unknown address" about it no longer holds.
    Registered(Principal),
    /// Somebody is no more, their sessions are revoked: nobody of this address is there from now on.
    Unregistered(Principal),
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
    /// When the password was last said; zero for guests and programs.
    pub confirmed: Timestamp,
    /// In a group's name: the member who speaks.
    pub by: Option<Principal>,
    pub scope: Scope,
    /// Of a visitor of a site.
    pub visit: Option<Arc<Visit>>,
}

/// What follows from coming in by a page of another site.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Visit {
    pub called: Called,
    /// Whom the site shows: with these a visitor has to do, and with whoever has written to them.
    pub shows: Vec<Presentity>,
}

impl Identity {
    /// An account, a guest or a group with everything that it may do.
    pub fn new(principal: Principal, class: Class, login: u64) -> Self {
        Self {
            principal,
            class,
            login,
            confirmed: Timestamp(0),
            by: None,
            scope: Scope::ALL,
            visit: None,
        }
    }

    /// Whether this one has to do with whoever has this address: a visitor only with whom the site shows, and with themselves.
    pub fn reaches(&self, address: &Address) -> bool {
        let Some(visit) = &self.visit else {
            return true;
        };
        let shown = |shown: &Presentity| shown.address() == address;
        visit.shows.iter().any(shown) || address.untagged().0 == self.principal.0
    }

    /// How sure the service is of this one at a moment.
    pub fn login_at(&self, at: Timestamp) -> Login {
        match self.class {
            Class::Guest => Login::Guest,
            Class::Program => Login::Program,
            _ if self.scope != Scope::ALL => Login::Program,
            _ if self.fresh_until().is_some_and(|until| at < until) => Login::Fresh,
            _ => Login::Account,
        }
    }

    /// Until when the login counts as fresh.
    pub fn fresh_until(&self) -> Option<Timestamp> {
        let until = self
            .confirmed
            .0
            .saturating_add(crate::time::millis(FRESH_FOR));
        (self.confirmed.0 > 0).then_some(Timestamp(until))
    }
}

/// What a session may do: of an account everything, of a program's token what was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    pub watch: bool,
    pub publish: bool,
    pub send: bool,
    /// Read and empty the inbox.
    pub read: bool,
    /// Rules, addresses, watcher information.
    pub manage: bool,
}

impl Scope {
    pub const ALL: Self = Self {
        watch: true,
        publish: true,
        send: true,
        read: true,
        manage: true,
    };
}

/// A question of someone without a session, numbered by the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookId(pub u64);

/// As whom someone without a session looks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum As {
    /// As who they are.
    #[default]
    Themselves,
    /// As any visitor of another site, whoever they are: what a badge shows. Haste is told for each site, since the shell gives
    /// one answer to many visitors. Whoever looks so at themselves is remembered by nobody.
    Visitor,
    /// Through this one's eyes, at one's own presentities: whoever may set them up learns what a watcher gets.
    Watcher(Principal),
}

/// Someone without a session who looks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Looker {
    /// None: not signed in.
    pub identity: Option<Identity>,
    /// The site whose page asks, if one does.
    pub site: Option<String>,
    /// Stands for where the question comes from, so that haste can be told; never kept.
    pub source: u64,
    pub looks_as: As,
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
    /// The answer to `Input::Look`: a value for each presentity, or why not.
    Looked(LookId, Result<Vec<Notification>, Refusal>),
    /// What was answered about this presentity holds no more: who may see it was decided anew. Comes before anyone is told that it
    /// was.
    Decided(Presentity),
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
            Self::Looked(id, _) => write!(f, "Looked({})", id.0),
            Self::Decided(presentity) => write!(f, "Decided({presentity})"),
            Self::Keep(ticket, change) => write!(f, "Keep({}, {change:?})", ticket.0),
        }
    }
}
