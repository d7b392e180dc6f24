//! The relay's shell in a Room: it owns the service, carries out what it wants, and dies when the test says so.

use std::sync::Arc;
use std::time::Duration;

use lamplight_core::address::{Presentity, Principal, SessionId, Ticket};
use lamplight_core::code::{Code, Refusal};
use lamplight_core::presence::Notification;
use lamplight_core::service::{Identity, Input, LookId, Looker, Output, Service};
use lamplight_core::store::Key;
use lamplight_core::time::{Now, millis};
use lamplight_core::wire::{Class, Credentials};

use super::events::Event;
use super::line::End;
use super::{Room, Watch};

/// A running relay.
pub struct Relay {
    service: Service,
    watch: Watch,
    /// In the Room's time.
    timeout: Option<u64>,
    /// The process stands still until then.
    awake_at: u64,
}

impl Relay {
    pub(super) fn timeout(&self) -> Option<u64> {
        self.timeout.map(|at| at.max(self.awake_at))
    }
}

impl Room {
    /// Starts a relay over what is on the disk.
    ///
    /// # Panics
    /// If one is running.
    pub fn starts_relay(&mut self) {
        assert!(self.relay.is_none(), "the relay is running");
        self.starts += 1;
        let watch = Watch {
            origin: 5_000_000 * self.starts + 17,
            skew: 0,
        };
        let seed = self.seed.wrapping_mul(31).wrapping_add(self.starts);
        let now = watch.now(self.clock, self.wall());
        self.notes(&("start", self.starts));
        self.relay = Some(Relay {
            service: Service::new(self.config.clone(), seed, now),
            watch,
            timeout: None,
            awake_at: 0,
        });
        self.tell_relay(Input::Wake);
    }

    /// Kill -9: everything in memory is gone, and of what waited for the disk only the first `survivors` changes are there.
    pub fn kills_relay(&mut self, survivors: usize) {
        self.relay = None;
        self.disk.crashes(survivors);
        self.breaks_all_lines();
        self.events.retain(|event| {
            !matches!(
                event,
                Event::Authenticate(..) | Event::Load(..) | Event::Sync
            )
        });
    }

    /// Kill -9 and a start a second later; nothing that waited for the disk survives.
    pub fn restarts_relay(&mut self) {
        self.kills_relay(0);
        self.passes(super::secs(1));
        self.starts_relay();
    }

    /// The relay's process stands still for this long: it hears and answers nothing, and no line of it breaks. What came
    /// meanwhile is heard when it goes on.
    pub fn relay_is_stuck(&mut self, wait: Duration) {
        let awake_at = self.clock + millis(wait);
        if let Some(relay) = &mut self.relay {
            relay.awake_at = awake_at;
        }
    }

    /// When a relay that stands still goes on.
    pub(super) fn relay_wakes_at(&self) -> Option<u64> {
        let awake_at = self.relay.as_ref()?.awake_at;
        (awake_at > self.clock).then_some(awake_at)
    }

    /// Whether a relay is running.
    pub fn has_relay(&self) -> bool {
        self.relay.is_some()
    }

    /// SIGTERM: the service says goodbye to everyone and the disk gets what it was promised; then the relay ends.
    pub fn drains_relay(&mut self) {
        self.tell_relay(Input::Drain);
        self.settles();
        self.relay = None;
        self.breaks_all_lines();
    }

    /// Hands the service an input and carries out all it wants; nobody hears it if the relay is not running.
    pub(super) fn tell_relay(&mut self, input: Input) {
        let (clock, wall) = (self.clock, self.wall());
        let Some(relay) = &mut self.relay else {
            return;
        };
        let now: Now = relay.watch.now(clock, wall);
        relay.service.handle(input, now);
        let mut outputs = Vec::new();
        while let Some(output) = relay.service.poll_output() {
            outputs.push(output);
        }
        let timeout = relay.service.poll_timeout();
        relay.timeout = timeout.map(|at| relay.watch.clock_of(at).max(clock));
        for output in outputs {
            self.carries_out(output);
        }
    }

    fn carries_out(&mut self, output: Output) {
        self.notes(&output);
        match output {
            Output::Send(session, slot, bytes) => self.sends_down(session, slot, bytes),
            Output::Ping(session) => self.pings(session),
            Output::Close(session, _) => self.closes_from_relay(session),
            Output::Authenticate(session, credentials) => {
                self.events.push(
                    self.clock + self.disk.load_delay,
                    Event::Authenticate(session, credentials),
                );
            }
            Output::Load(ticket, key) => {
                let due = self.clock + self.disk.load_delay;
                self.events.push(due, Event::Load(ticket, key));
            }
            Output::Keep(ticket, change) => self.keeps(ticket, change),
            Output::Decided(_) => {}
            Output::Looked(id, answer) => drop(self.looked.insert(id, answer)),
        }
    }

    pub(super) fn opened_at_relay(&mut self, session: SessionId) {
        if let Some(line) = self.lines.get(&session) {
            let codec = line.codec;
            self.tell_relay(Input::Opened(session, codec));
        }
    }

    pub(super) fn frame_at_relay(&mut self, session: SessionId, bytes: Arc<[u8]>) {
        self.notes(&bytes);
        self.tell_relay(Input::Frame(session, bytes));
    }

    pub(super) fn pong_at_relay(&mut self, session: SessionId) {
        self.tell_relay(Input::Heard(session));
    }

    pub(super) fn loads(&mut self, ticket: Ticket, key: &Key) {
        let loaded = self.disk.loads(key);
        self.tell_relay(Input::Loaded(ticket, loaded));
    }

    /// The keeper of identities: a table of tickets, each good for one use.
    pub(super) fn authenticates(&mut self, session: SessionId, credentials: &Credentials) {
        let (Credentials::Ticket(secret) | Credentials::Token(secret)) = credentials else {
            let site = self.sites.get(&session).cloned().flatten();
            return self.tell_relay(Input::Visiting(session, site));
        };
        let known = self.tickets.remove(&secret.0);
        let known = known.filter(|identity| !self.signed_out.contains(&identity.principal));
        let answer = known.ok_or_else(|| Code::NotSignedIn.refusal());
        self.tell_relay(Input::Authenticated(session, answer));
    }

    /// A ticket for one line of this person.
    pub(super) fn ticket_for(&mut self, principal: &Principal, login: u64) -> Credentials {
        let identity = self.identity_of(principal, login);
        self.ticket_as(identity)
    }

    /// A ticket for one line of exactly this one.
    pub(super) fn ticket_as(&mut self, identity: Identity) -> Credentials {
        let secret = format!("ticket-{}", self.next_ticket);
        self.next_ticket += 1;
        self.tickets.insert(secret.clone(), identity);
        Credentials::Ticket(secret.into())
    }

    /// Who someone is at this login, with everything that they may do.
    pub(super) fn identity_of(&self, principal: &Principal, login: u64) -> Identity {
        let confirmed = self.confirmed.get(&(principal.clone(), login));
        Identity {
            confirmed: confirmed.copied().unwrap_or_default(),
            ..Identity::new(principal.clone(), self.class_of(principal), login)
        }
    }

    fn class_of(&self, principal: &Principal) -> Class {
        let classes = [
            (&self.guests, Class::Guest),
            (&self.groups, Class::Group),
            (&self.programs, Class::Program),
        ];
        let mut of = classes
            .into_iter()
            .filter(|(those, _)| those.contains(principal));
        of.next().map_or(Class::Account, |(_, class)| class)
    }

    /// Says to the relay that this principal is new.
    pub(super) fn registers(&mut self, principal: &Principal) {
        self.disk.store.create(principal, self.class_of(principal));
        self.tell_relay(Input::Registered(principal.clone()));
    }

    /// The password was said again at this login.
    pub(super) fn confirms(&mut self, principal: &Principal, login: u64) {
        let now = self.wall();
        self.confirmed.insert((principal.clone(), login), now);
        self.tell_relay(Input::Confirmed(principal.clone(), login, now));
        self.settles();
    }

    /// Asks what is known of these without a session, and takes the answer.
    ///
    /// # Panics
    /// If there is none.
    pub fn looks(
        &mut self,
        looker: Looker,
        presentities: Vec<Presentity>,
    ) -> Result<Vec<Notification>, Refusal> {
        let id = LookId(self.next_look);
        self.next_look += 1;
        self.tell_relay(Input::Look(id, looker, presentities));
        self.settles();
        let answer = self.looked.remove(&id);
        answer.expect("every question is answered")
    }

    /// Signs a principal out everywhere; no ticket is given until they sign in again.
    pub(super) fn revokes_all(&mut self, principal: &Principal) {
        self.signed_out.insert(principal.clone());
        self.tell_relay(Input::Revoked(principal.clone(), None));
    }

    /// Who is at the other end of a line.
    pub(super) fn owner(&self, session: SessionId) -> Option<usize> {
        match self.lines.get(&session)?.end {
            End::Device(index) => Some(index),
            End::Raw(_) => None,
        }
    }
}
