//! A service with a store and many lines, driven by hand, and a watchman on every line: each frame is read for canaries at the
//! moment at which the service writes it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use lamplight_core::address::{Principal, SessionId, Ticket};
use lamplight_core::service::{
    Identity, Input, LookId, Lost, Output, Service, ServiceConfig, Slot,
};
use lamplight_core::store::{Change, Key};
use lamplight_core::time::{Instant, Now, Timestamp};
use lamplight_core::wire::{Codec, Credentials, ToAgent, ToService, VERSION};
use lamplight_tests::memory_store::MemoryStore;
use lamplight_tests::random::Chance;

/// The wall clock when a bench opens.
const OPENING: u64 = 1_767_225_600_000;

/// A fault of the kind that the watchman is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    Nothing,
    /// What a watcher sees is decided when something changes, and written a while later as it was decided then.
    DecidesEarly,
}

/// A frame as it left for a session.
pub struct Written {
    pub to: SessionId,
    /// When it was written, as the wall clock shows.
    pub at: Timestamp,
    pub bytes: Arc<[u8]>,
}

/// Anything that is still to be carried out.
enum Work {
    Load(Ticket, Key),
    Keep(Ticket, Change),
}

pub struct Bench {
    service: Service,
    store: MemoryStore,
    chance: Chance,
    planted: Planted,
    clock: u64,
    work: VecDeque<Work>,
    identities: BTreeMap<String, Identity>,
    pub lines: BTreeMap<SessionId, Principal>,
    /// Lines of visitors.
    pub visitors: Vec<SessionId>,
    next_session: u64,
    next_look: u64,
    /// What was written since it was last taken.
    written: Vec<Written>,
    /// With [`Planted::DecidesEarly`]: decided, not written yet.
    late: Vec<Written>,
    pub looked: Vec<(Timestamp, String)>,
}

impl Bench {
    pub fn new(seed: u64, planted: Planted, config: ServiceConfig) -> Self {
        let now = Now {
            instant: Instant(0),
            timestamp: Timestamp(OPENING),
        };
        Self {
            service: Service::new(config, seed, now),
            store: MemoryStore::new(seed),
            chance: Chance::new(seed ^ 0xbe9c),
            planted,
            clock: 0,
            work: VecDeque::new(),
            identities: BTreeMap::new(),
            lines: BTreeMap::new(),
            visitors: Vec::new(),
            next_session: 1,
            next_look: 1,
            written: Vec::new(),
            late: Vec::new(),
            looked: Vec::new(),
        }
    }

    pub fn wall(&self) -> Timestamp {
        Timestamp(OPENING + self.clock)
    }

    fn now(&self) -> Now {
        Now {
            instant: Instant(self.clock),
            timestamp: self.wall(),
        }
    }

    pub fn signs_up(&mut self, principal: &Principal, class: lamplight_core::wire::Class) {
        self.store.create(principal, class);
        self.hand(Input::Registered(principal.clone()));
    }

    /// A new line, with its hello under way.
    pub fn connects(&mut self, identity: Identity) -> SessionId {
        let session = SessionId(self.next_session);
        self.next_session += 1;
        self.lines.insert(session, identity.principal.clone());
        let secret = format!("ticket-{}", session.0);
        self.identities.insert(secret.clone(), identity);
        self.hand(Input::Opened(session, Codec::Cbor));
        let hello = ToService::Hello {
            version: VERSION,
            credentials: Credentials::Ticket(secret.into()),
            device: "bench".parse().expect("a token"),
            cursor: None,
        };
        self.says(session, &hello);
        session
    }

    /// A visitor's line, with its hello under way.
    pub fn lets_visit(&mut self) -> SessionId {
        let session = SessionId(self.next_session);
        self.next_session += 1;
        self.visitors.push(session);
        self.hand(Input::Opened(session, Codec::Cbor));
        let hello = ToService::Hello {
            version: VERSION,
            credentials: Credentials::Visitor,
            device: "bench".parse().expect("a token"),
            cursor: None,
        };
        self.says(session, &hello);
        session
    }

    pub fn says(&mut self, session: SessionId, frame: &ToService) {
        let bytes = Arc::from(Codec::Cbor.encode(frame));
        self.hand(Input::Frame(session, bytes));
    }

    pub fn breaks(&mut self, session: SessionId) {
        self.lines.remove(&session);
        self.visitors.retain(|visitor| *visitor != session);
        self.hand(Input::Lost(session, Lost::Closed));
    }

    /// A question over HTTP.
    pub fn looks(
        &mut self,
        looker: lamplight_core::service::Looker,
        of: Vec<lamplight_core::address::Presentity>,
    ) -> LookId {
        let id = LookId(self.next_look);
        self.next_look += 1;
        self.hand(Input::Look(id, looker, of));
        id
    }

    pub fn confirms(&mut self, principal: &Principal, login: u64) {
        let at = self.wall();
        self.hand(Input::Confirmed(principal.clone(), login, at));
    }

    /// Time passes; what is due is done in its order.
    pub fn passes(&mut self, ms: u64) {
        let end = self.clock + ms;
        while let Some(due) = self.service.poll_timeout().filter(|due| due.0 <= end) {
            self.clock = self.clock.max(due.0);
            self.hand(Input::Wake);
        }
        self.clock = end;
    }

    /// The store does some of what waits for it, or all.
    pub fn store_works(&mut self, most: usize) {
        for _ in 0..most {
            let Some(work) = self.work.pop_front() else {
                return;
            };
            let input = match work {
                Work::Load(ticket, key) => Input::Loaded(ticket, Ok(self.store.load(&key))),
                Work::Keep(ticket, change) => Input::Stored(ticket, Ok(self.store.apply(change))),
            };
            self.hand(input);
        }
    }

    fn hand(&mut self, input: Input) {
        let now = self.now();
        self.service.handle(input, now);
        while let Some(output) = self.service.poll_output() {
            self.carry_out(output);
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Send(to, slot, bytes) => {
                let at = self.wall();
                let written = Written { to, at, bytes };
                let early =
                    self.planted == Planted::DecidesEarly && matches!(slot, Slot::Latest(_));
                match early {
                    true => self.late.push(written),
                    false => self.written.push(written),
                }
            }
            Output::Ping(session) => {
                if self.lines.contains_key(&session) || self.visitors.contains(&session) {
                    let now = self.now();
                    self.service.handle(Input::Heard(session), now);
                }
            }
            Output::Close(session, _) => {
                self.lines.remove(&session);
                self.visitors.retain(|visitor| *visitor != session);
            }
            Output::Authenticate(session, Credentials::Visitor) => {
                self.hand(Input::Visiting(session, None));
            }
            Output::Authenticate(session, credentials) => {
                let Credentials::Ticket(secret) = credentials else {
                    return;
                };
                let identity = self.identities.remove(&secret.0);
                let answer =
                    identity.ok_or_else(|| lamplight_core::code::Code::NotSignedIn.refusal());
                self.hand(Input::Authenticated(session, answer));
            }
            Output::Load(ticket, key) => self.work.push_back(Work::Load(ticket, key)),
            Output::Keep(ticket, change) => self.work.push_back(Work::Keep(ticket, change)),
            Output::Decided(_) => {}
            Output::Looked(id, answer) => {
                // As bytes, like any other answer: the canaries are found in them.
                let text = match answer {
                    Ok(notifications) => {
                        let frame = ToAgent::Notify { notifications };
                        String::from_utf8_lossy(&Codec::Json.encode(&frame)).into_owned()
                    }
                    Err(refusal) => refusal.to_string(),
                };
                let _ = id;
                self.looked.push((self.wall(), text));
            }
        }
    }

    /// What was written since the last call.
    pub fn takes_written(&mut self) -> Vec<Written> {
        let mut written = std::mem::take(&mut self.written);
        if self.chance.happens(1, 4) {
            let at = self.wall();
            let late = self.late.drain(..);
            written.extend(late.map(|late| Written { at, ..late }));
        }
        written
    }
}
