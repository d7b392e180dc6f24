//! Who is who: accounts, guests, logins and the tickets that bring a login to a socket; groups and programs in modules of their own.
//!
//! A login is a secret of 256 random bits; the store keeps only its hash. A page holds it in a cookie that scripts cannot read,
//! and trades it for a ticket, because a socket is never opened by a cookie alone. A program that said name and password holds it
//! as a bearer token; other tokens have a scope and are no logins (`programs`).
//! Everything that ends a login tells the hub, which closes the sockets that came in by it.

mod foreign;
mod groups;
pub mod invitations;
pub mod keys;
mod leaving;
pub mod names;
mod outside;
pub mod passwords;
pub mod programs;
pub mod rates;
pub mod sites;
mod vouch;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lamplight_core::address::Principal;
use lamplight_core::code::{Code, Refusal};
use lamplight_core::service::{Identity, Input};
use lamplight_core::store::StoreFault;
use lamplight_core::time::{Timestamp, millis};
use lamplight_core::wire::{Class, Credentials};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::UnboundedSender;

use crate::clock::wall;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::store::accounts::{self, Created, Decided, Known, Login, NewPrincipal, members, tokens};
use crate::store::retention::{self, Before};
use crate::store::sites::visitors;
use crate::store::writer::Handle;
use names::Name;
use passwords::{Password, Passwords, Verdict};
use rates::Rates;

/// Tickets that wait to be used, of all logins together.
const TICKETS_MAX: usize = 100_000;
/// A login's use is noted this often at most, so that reading does not become writing.
const TOUCH_EVERY_MS: u64 = 3_600_000;
/// Of each kind whose time is over: what is forgotten in one transaction.
const SWEEP_MAX: u32 = 100;

type Hash = [u8; 32];

/// The keeper of identities.
pub struct Keeper {
    config: Arc<Config>,
    store: Handle,
    hub: UnboundedSender<Input>,
    metrics: Arc<Metrics>,
    passwords: Passwords,
    tickets: Mutex<HashMap<Hash, Ticket>>,
    failures: Rates<(String, IpAddr)>,
    newcomers: Rates<IpAddr>,
    /// Tokens by site.
    vouchers: Rates<i64>,
    /// Tokens of sites that did not hold, by network.
    bad_tokens: Rates<IpAddr>,
    /// Visitors of sites who may be in, with what holds for them as long as they are.
    visits: Mutex<Vec<sites::Inside>>,
}

/// What a ticket stands for: a login, perhaps in the name of a group. Both are looked up again when it is used.
struct Ticket {
    login: u64,
    group: Option<Principal>,
    until: Instant,
}

/// Someone who just came in.
pub struct SignedIn {
    pub principal: Principal,
    pub class: Class,
    /// The secret of the login.
    pub token: String,
}

impl Keeper {
    /// `hub` takes what the services must know.
    pub fn new(
        config: Arc<Config>,
        store: Handle,
        hub: UnboundedSender<Input>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, String> {
        let accounts = &config.accounts;
        Ok(Self {
            passwords: Passwords::new(
                accounts.password_memory.0,
                accounts.password_passes,
                accounts.password_queue,
            )?,
            tickets: Mutex::new(HashMap::new()),
            failures: Rates::new(accounts.failures),
            newcomers: Rates::new(accounts.new_accounts),
            vouchers: Rates::new(sites::TOKENS),
            bad_tokens: Rates::new(sites::BAD_TOKENS),
            visits: Mutex::default(),
            store,
            hub,
            metrics,
            config,
        })
    }

    /// Makes an account and signs in.
    pub async fn sign_up(
        &self,
        name: &str,
        password: &str,
        ip: IpAddr,
    ) -> Result<SignedIn, Refusal> {
        if !self.config.is_open_to_all() {
            return Err(Code::RegistrationClosed.refusal());
        }
        let name = self.read_name(name)?;
        names::may_be_taken(&name).map_err(Code::refusal)?;
        let password = Password::read(password).map_err(Code::refusal)?;
        self.count_newcomer(ip)?;
        let hash = self.passwords.hash(password).await?;
        let new = NewPrincipal {
            principal: name.principal,
            class: Class::Account,
            skeleton: name.skeleton,
            password: Some(hash),
            at: wall(),
            expires: None,
        };
        self.let_in(new).await
    }

    /// Lets someone in without an account, for a while.
    pub async fn enter_as_guest(&self, ip: IpAddr) -> Result<SignedIn, Refusal> {
        if !self.config.offers(self.config.accounts.guests) {
            return Err(Code::GuestsClosed.refusal());
        }
        self.count_newcomer(ip)?;
        let name =
            names::guest(&random::<8>()?, &self.config.relay.domain).map_err(Code::refusal)?;
        let now = wall();
        let life = millis(self.config.accounts.guest_life);
        let new = NewPrincipal {
            principal: name.principal,
            class: Class::Guest,
            skeleton: name.skeleton,
            password: None,
            at: now,
            expires: Some(Timestamp(now.0.saturating_add(life))),
        };
        self.let_in(new).await
    }

    /// Signs in. An unknown name and a wrong password cannot be told apart, neither by the answer nor by the clock.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        ip: IpAddr,
    ) -> Result<SignedIn, Refusal> {
        let name = self.read_name(name).ok();
        let who = name.map(|name| name.principal);
        let who = self.hear_password(who, password, ip).await?;
        let token = self.open_login(who.clone()).await?;
        Ok(SignedIn {
            principal: who,
            class: Class::Account,
            token,
        })
    }

    /// The password of a login is said again: since when it counts as fresh. As slow, and as limited, as signing in.
    pub async fn confirm(
        &self,
        login: &Login,
        password: &str,
        ip: IpAddr,
    ) -> Result<Timestamp, Refusal> {
        let who = Some(login.principal.clone());
        let who = self.hear_password(who, password, ip).await?;
        let (id, at, member) = (login.id, wall(), who.clone());
        let confirmed = self.store.write(move |db| {
            let held = accounts::confirm_login(db, id, at)?;
            Ok(held.then_some(members::groups_of(db, &member)?))
        });
        let groups = confirmed.await.map_err(refusal_of)?;
        let groups = groups.ok_or_else(|| Code::NotSignedIn.refusal())?;
        for principal in std::iter::once(who).chain(groups) {
            self.tell(Input::Confirmed(principal, id, at));
        }
        Ok(at)
    }

    /// Ends a login and closes the sockets that came in by it.
    pub async fn sign_out(&self, login: &Login) -> Result<(), Refusal> {
        let (id, member) = (login.id, login.principal.clone());
        let removed = self.store.write(move |db| {
            accounts::remove_login(db, id)?;
            members::groups_of(db, &member)
        });
        let groups = removed.await.map_err(refusal_of)?;
        self.revoke(&login.principal, groups, id);
        Ok(())
    }

    /// The login that a secret opens, if it still holds.
    pub async fn login(&self, secret: &str) -> Result<Login, Refusal> {
        let hash = hash_of(secret);
        let found = self
            .store
            .read(move |db| accounts::find_login(db, &hash))
            .await
            .map_err(refusal_of)?;
        let now = wall();
        let login = found
            .filter(|login| self.holds(login, now))
            .ok_or_else(|| Code::NotSignedIn.refusal())?;
        self.note_use(&login, now).await;
        Ok(login)
    }

    /// A ticket for a socket, to be used once and soon; in the name of a group, if the login's principal is a member of it.
    pub async fn ticket(
        &self,
        login: &Login,
        speaks_as: Option<&Principal>,
    ) -> Result<String, Refusal> {
        let group = speaks_as.filter(|group| **group != login.principal);
        if let Some(group) = group {
            let (group, member) = (group.clone(), login.principal.clone());
            let found = self
                .store
                .read(move |db| members::is_member(db, &group, &member));
            if !found.await.map_err(refusal_of)? {
                return Err(Code::NotAllowed.refusal());
            }
        }
        let ticket = secret()?;
        let now = Instant::now();
        let mut tickets = self.tickets();
        if tickets.len() >= TICKETS_MAX {
            tickets.retain(|_, ticket| ticket.until > now);
        }
        if tickets.len() >= TICKETS_MAX {
            return Err(Code::TryLater.refusal());
        }
        let stands_for = Ticket {
            login: login.id,
            group: group.cloned(),
            until: now + self.config.accounts.ticket_life,
        };
        tickets.insert(hash_of(&ticket), stands_for);
        Ok(ticket)
    }

    /// Who a hello says it is.
    pub async fn authenticate(&self, credentials: &Credentials) -> Result<Identity, Refusal> {
        match credentials {
            Credentials::Ticket(ticket) => {
                let found = self.tickets().remove(&hash_of(&ticket.0));
                let ticket = found
                    .filter(|ticket| ticket.until > Instant::now())
                    .ok_or_else(|| Code::NotSignedIn.refusal())?;
                self.who_holds(ticket).await
            }
            Credentials::Token(token) => self.bearer(&token.0).await,
            // The hub lets visitors in by itself.
            Credentials::Visitor => Err(Code::NotSignedIn.refusal()),
        }
    }

    /// Who brings this secret: a login's, or a token with a scope.
    pub async fn bearer(&self, secret: &str) -> Result<Identity, Refusal> {
        let hash = hash_of(secret);
        let found = self
            .store
            .read(move |db| Ok((accounts::find_login(db, &hash)?, tokens::find(db, &hash)?)));
        let now = wall();
        match found.await.map_err(refusal_of)? {
            (Some(login), _) if self.holds(&login, now) => {
                self.note_use(&login, now).await;
                self.note_visit(&login);
                Ok(identity_of(&login))
            }
            (None, Some(token)) => Ok(self.token_used(token, now).await),
            _ => Err(Code::NotSignedIn.refusal()),
        }
    }

    /// Whether the login still holds that a ticket was made for, and the membership.
    async fn who_holds(&self, ticket: Ticket) -> Result<Identity, Refusal> {
        let Ticket { login, group, .. } = ticket;
        let asked = group.clone();
        let found = self.store.read(move |db| {
            let login = accounts::login_numbered(db, login)?;
            let belongs = match (&login, &asked) {
                (Some(login), Some(group)) => members::is_member(db, group, &login.principal)?,
                _ => true,
            };
            Ok(login.filter(|_| belongs))
        });
        let login = found.await.map_err(refusal_of)?;
        let login = login.filter(|login| self.holds(login, wall()));
        let login = login.ok_or_else(|| Code::NotSignedIn.refusal())?;
        self.note_visit(&login);
        let identity = identity_of(&login);
        Ok(match group {
            None => identity,
            Some(group) => Identity {
                by: Some(identity.principal),
                principal: group,
                class: Class::Group,
                ..identity
            },
        })
    }

    /// Forgets messages, and the memory of what was sent, whose time is over; whether there may be more.
    pub async fn forget_old(&self) -> bool {
        let ages = &self.config.retention;
        let before = Before::of(wall(), ages.messages, ages.receipts);
        let forget = move |db: &rusqlite::Connection| retention::forget_old(db, before, SWEEP_MAX);
        let Ok(gone) = self.store.remove(forget).await else {
            return false;
        };
        self.metrics.messages_forgotten.add(gone.messages as u64);
        self.metrics.receipts_forgotten.add(gone.receipts as u64);
        gone.messages >= SWEEP_MAX as usize || gone.receipts >= SWEEP_MAX as usize
    }

    /// Forgets guests and logins whose time is over; whether there may be more.
    pub async fn sweep(&self) -> bool {
        let now = wall();
        let before = |wait| Timestamp(now.0.saturating_sub(millis(wait)));
        let idle = before(self.config.accounts.login_idle);
        let old = before(self.config.accounts.login_life);
        let swept = self
            .store
            .write(move |db| {
                crate::store::sites::forget_old(db, now)?;
                crate::store::invitations::forget_old(db, now, SWEEP_MAX)?;
                let guests = accounts::forget_expired(db, now, SWEEP_MAX)?;
                let logins = accounts::forget_stale_logins(db, idle, old, SWEEP_MAX)?;
                let with_groups = |(id, principal)| {
                    let groups = members::groups_of(db, &principal)?;
                    Ok((id, principal, groups))
                };
                let logins = logins.into_iter().map(with_groups);
                Ok((guests, logins.collect::<rusqlite::Result<Vec<_>>>()?))
            })
            .await;
        let Ok((guests, logins)) = swept else {
            return false;
        };
        let more = guests.len().max(logins.len()) >= SWEEP_MAX as usize;
        for guest in guests {
            self.tell(Input::Revoked(guest.clone(), None));
            self.tell(Input::Unregistered(guest));
        }
        for (id, principal, groups) in logins {
            self.revoke(&principal, groups, id);
        }
        more
    }

    /// A login has ended: its own sessions close, and those in the names of groups.
    fn revoke(&self, principal: &Principal, groups: Vec<Principal>, login: u64) {
        self.tickets().retain(|_, ticket| ticket.login != login);
        for principal in std::iter::once(principal.clone()).chain(groups) {
            self.tell(Input::Revoked(principal, Some(login)));
        }
    }

    fn tell(&self, input: Input) {
        // The hub ends before its keepers only when the relay ends.
        let _ = self.hub.send(input);
    }

    fn tickets(&self) -> std::sync::MutexGuard<'_, HashMap<Hash, Ticket>> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_name(&self, text: &str) -> Result<Name, Refusal> {
        names::read(text, &self.config.relay.domain).map_err(Code::refusal)
    }

    fn count_newcomer(&self, ip: IpAddr) -> Result<(), Refusal> {
        if ip.is_loopback() {
            return Ok(());
        }
        self.newcomers
            .take(&rates::network(ip), Instant::now())
            .map_err(|wait| Code::TooManyRequests.refusal_after(wait))
    }

    async fn let_in(&self, new: NewPrincipal) -> Result<SignedIn, Refusal> {
        let (principal, class) = (new.principal.clone(), new.class);
        let created = self.store.write(move |db| accounts::create(db, &new)).await;
        if let Some(code) = created.map_err(refusal_of).map(Created::refusal)? {
            return Err(code.refusal());
        }
        self.tell(Input::Registered(principal.clone()));
        let token = self.open_login(principal.clone()).await?;
        Ok(SignedIn {
            principal,
            class,
            token,
        })
    }

    async fn open_login(&self, of: Principal) -> Result<String, Refusal> {
        let secret = secret()?;
        let hash = hash_of(&secret);
        let opened = self
            .store
            .write(move |db| accounts::add_login(db, &of, &hash, wall()))
            .await;
        match opened.map_err(refusal_of)? {
            Some(_) => Ok(secret),
            None => Err(Code::WrongCredentials.refusal()),
        }
    }

    /// Whose password this is. An unknown name and a wrong password cannot be told apart, neither by the answer nor by the clock.
    async fn hear_password(
        &self,
        who: Option<Principal>,
        password: &str,
        ip: IpAddr,
    ) -> Result<Principal, Refusal> {
        let key = (
            who.as_ref()
                .map_or_else(String::new, |who| who.as_str().to_owned()),
            rates::network(ip),
        );
        self.failures
            .take(&key, Instant::now())
            .map_err(|wait| Code::TooManyRequests.refusal_after(wait))?;
        // What cannot be a password is checked like one that is wrong.
        let (password, could_be) = match Password::read(password) {
            Ok(password) => (password, true),
            Err(_) => (Self::some_password()?, false),
        };
        let known = match who.clone().filter(|_| could_be) {
            Some(who) => self.known_password(who).await?,
            None => None,
        };
        let suspended = known.as_ref().is_some_and(|known| known.suspended);
        let known = known.map(|known| known.password);
        let verdict = self.passwords.check(password.clone(), known).await?;
        let Some(who) = who.filter(|_| verdict != Verdict::Wrong) else {
            return Err(Code::WrongCredentials.refusal());
        };
        self.failures.give_back(&key);
        // Whoever knows the password may know why it opens nothing; to everyone else it is a wrong one.
        if suspended {
            return Err(Code::Suspended.refusal());
        }
        if verdict == Verdict::RightAndOld {
            self.renew(who.clone(), password).await;
        }
        Ok(who)
    }

    async fn note_use(&self, login: &Login, now: Timestamp) {
        if now.0.saturating_sub(login.used.0) > TOUCH_EVERY_MS {
            let (id, who) = (login.id, login.principal.clone());
            let touched = self
                .store
                .write(move |db| {
                    accounts::touch_login(db, id, now)?;
                    visitors::touch(db, &who, now)
                })
                .await;
            // Not noting a use costs nothing today.
            touched.unwrap_or_default();
        }
    }

    /// Changes what the store keeps, unless it is refused there.
    async fn decide<T: Send + 'static>(
        &self,
        sql: impl FnOnce(&rusqlite::Connection) -> Decided<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let decided = self.store.write(sql).await.map_err(refusal_of)?;
        decided.map_err(Code::refusal)
    }

    async fn known_password(&self, of: Principal) -> Result<Option<Known>, Refusal> {
        let known = self
            .store
            .read(move |db| accounts::password(db, of.address()));
        known.await.map_err(refusal_of)
    }

    async fn renew(&self, of: Principal, password: Password) {
        if let Ok(hash) = self.passwords.hash(password).await {
            let set = self
                .store
                .write(move |db| accounts::set_password(db, &of, &hash));
            // The old hash still opens the account; the next sign-in tries again.
            set.await.unwrap_or_default();
        }
    }

    /// Any password of the right form, for a check that must fail.
    fn some_password() -> Result<Password, Refusal> {
        Password::read("cannot be a password").map_err(Code::refusal)
    }

    fn holds(&self, login: &Login, now: Timestamp) -> bool {
        let accounts = &self.config.accounts;
        now.since(login.used) <= accounts.login_idle
            && now.since(login.created) <= accounts.login_life
            && login.expires.is_none_or(|expires| now < expires)
    }
}

/// Who has signed in, with everything that they may do.
pub fn identity_of(login: &Login) -> Identity {
    Identity {
        confirmed: login.confirmed,
        visit: login.visit.as_ref().map(|(_, visit)| Arc::clone(visit)),
        ..Identity::new(login.principal.clone(), login.class, login.id)
    }
}

/// Groups and programs are what people with an account have.
fn only_accounts(login: &Login) -> Result<(), Refusal> {
    match login.class {
        Class::Account => Ok(()),
        Class::Guest | Class::Group | Class::Program => Err(Code::NotAllowed.refusal()),
    }
}

/// What a failure of the store means to who asked over HTTP.
fn refusal_of(fault: StoreFault) -> Refusal {
    match fault {
        StoreFault::Full => Code::StorageFull.refusal(),
        StoreFault::Failed => Code::TryLater.refusal(),
    }
}

fn random<const N: usize>() -> Result<[u8; N], Refusal> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Code::TryLater.refusal())?;
    Ok(bytes)
}

/// 256 random bits under a prefix by which leak scanners can know them.
fn secret() -> Result<String, Refusal> {
    Ok(format!("lamp_{}", URL_SAFE_NO_PAD.encode(random::<32>()?)))
}

/// What is kept of a secret.
pub fn hash_of(secret: &str) -> Hash {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests;
