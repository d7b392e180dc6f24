//! Who is who: accounts, guests, logins and the tickets that bring a login to a socket.
//!
//! A login is a secret of 256 random bits; the store keeps only its hash. A page holds it in a cookie that scripts cannot read,
//! and trades it for a ticket, because a socket is never opened by a cookie alone. A program holds it as a bearer token.
//! Everything that ends a login tells the hub, which closes the sockets that came in by it.

mod names;
mod passwords;
pub mod rates;

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
use crate::store::accounts::{self, Created, Login, NewPrincipal};
use crate::store::writer::Handle;
use names::Name;
use passwords::{Password, Passwords, Verdict};
use rates::Rates;

/// Tickets that wait to be used, of all logins together.
const TICKETS_MAX: usize = 100_000;
/// A login's use is noted this often at most, so that reading does not become writing.
const TOUCH_EVERY_MS: u64 = 3_600_000;
/// Expired guests and logins that are forgotten in one transaction.
const SWEEP_MAX: u32 = 100;

type Hash = [u8; 32];

/// The keeper of identities.
pub struct Keeper {
    config: Arc<Config>,
    store: Handle,
    hub: UnboundedSender<Input>,
    passwords: Passwords,
    tickets: Mutex<HashMap<Hash, Ticket>>,
    failures: Rates<(String, IpAddr)>,
    newcomers: Rates<IpAddr>,
}

/// What a ticket stands for.
struct Ticket {
    identity: Identity,
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
            store,
            hub,
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
        if !self.config.offers(self.config.accounts.sign_up) {
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
        let who = name.as_ref().map(|name| name.principal.clone());
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
        let verdict = self.passwords.check(password.clone(), known).await?;
        let Some(who) = who.filter(|_| verdict != Verdict::Wrong) else {
            return Err(Code::WrongCredentials.refusal());
        };
        self.failures.give_back(&key);
        if verdict == Verdict::RightAndOld {
            self.renew(who.clone(), password).await;
        }
        let token = self.open_login(who.clone()).await?;
        Ok(SignedIn {
            principal: who,
            class: Class::Account,
            token,
        })
    }

    /// Ends a login and closes the sockets that came in by it.
    pub async fn sign_out(&self, login: &Login) -> Result<(), Refusal> {
        let id = login.id;
        self.store
            .write(move |db| accounts::remove_login(db, id))
            .await
            .map_err(refusal_of)?;
        self.revoke(login.principal.clone(), id);
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
        if now.0.saturating_sub(login.used.0) > TOUCH_EVERY_MS {
            let id = login.id;
            let touched = self
                .store
                .write(move |db| accounts::touch_login(db, id, now))
                .await;
            // Not noting a use costs nothing today.
            touched.unwrap_or_default();
        }
        Ok(login)
    }

    /// A ticket for a socket, to be used once and soon.
    pub fn ticket(&self, login: &Login) -> Result<String, Refusal> {
        let ticket = secret()?;
        let now = Instant::now();
        let mut tickets = self.tickets();
        if tickets.len() >= TICKETS_MAX {
            tickets.retain(|_, ticket| ticket.until > now);
        }
        if tickets.len() >= TICKETS_MAX {
            return Err(Code::TryLater.refusal());
        }
        let identity = identity_of(login);
        let until = now + self.config.accounts.ticket_life;
        tickets.insert(hash_of(&ticket), Ticket { identity, until });
        Ok(ticket)
    }

    /// Who a hello says it is.
    pub async fn authenticate(&self, credentials: &Credentials) -> Result<Identity, Refusal> {
        match credentials {
            Credentials::Ticket(ticket) => {
                let found = self.tickets().remove(&hash_of(&ticket.0));
                found
                    .filter(|ticket| ticket.until > Instant::now())
                    .map(|ticket| ticket.identity)
                    .ok_or_else(|| Code::NotSignedIn.refusal())
            }
            Credentials::Token(token) => {
                self.login(&token.0).await.map(|login| identity_of(&login))
            }
        }
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
                let guests = accounts::forget_expired(db, now, SWEEP_MAX)?;
                let logins = accounts::forget_stale_logins(db, idle, old, SWEEP_MAX)?;
                Ok((guests, logins))
            })
            .await;
        let Ok((guests, logins)) = swept else {
            return false;
        };
        let more = guests.len().max(logins.len()) >= SWEEP_MAX as usize;
        for guest in guests {
            self.tickets()
                .retain(|_, ticket| ticket.identity.principal != guest);
            self.tell(Input::Revoked(guest, None));
        }
        for (id, principal) in logins {
            self.revoke(principal, id);
        }
        more
    }

    fn revoke(&self, principal: Principal, login: u64) {
        self.tickets()
            .retain(|_, ticket| ticket.identity.login != login);
        self.tell(Input::Revoked(principal, Some(login)));
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
        match created.map_err(refusal_of)? {
            Created::Made => {}
            Created::NameTaken => return Err(Code::NameTaken.refusal()),
            Created::LooksAlike => return Err(Code::NameLooksAlike.refusal()),
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

    async fn known_password(&self, of: Principal) -> Result<Option<String>, Refusal> {
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

fn identity_of(login: &Login) -> Identity {
    Identity {
        principal: login.principal.clone(),
        class: login.class,
        login: login.id,
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

fn hash_of(secret: &str) -> Hash {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests;
