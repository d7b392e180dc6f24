//! Sites that show a chat, and their visitors: guests who come in by a page of the site, vouched for by its backend or by nobody.
//! They hold their login as a bearer secret, since a frame on another site's page has no cookie.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use lamplight_core::address::{Presentity, Principal};
use lamplight_core::code::{Code, Refusal};
use lamplight_core::presence::Note;
use lamplight_core::service::{Input, Rate, Visit};
use lamplight_core::time::{Timestamp, millis};
use lamplight_core::wire::Class;
use sha2::{Digest, Sha256};

use super::keys::{self, NewKey};
use super::vouch::{Claims, Token};
use super::{
    Keeper, SWEEP_MAX, SignedIn, hash_of, names, only_accounts, random, rates, refusal_of, secret,
};
use crate::clock::wall;
use crate::store::accounts::{Login, NewPrincipal};
use crate::store::sites::visitors::{Arrival, Comes};
use crate::store::sites::{self, By, Change, Fault, NewSite, Site, Terms, visitors};

/// Tokens of one site that let somebody in. More would have to be remembered, each until it runs out.
pub const TOKENS: Rate = Rate {
    burst: 500,
    every: std::time::Duration::from_millis(20),
};
/// Tokens that do not hold, from one network: nobody tries out keys or signatures, and a site whose clock is wrong costs little.
pub const BAD_TOKENS: Rate = Rate {
    burst: 60,
    every: std::time::Duration::from_secs(1),
};
/// Longest name that a visitor is shown by, in characters.
const CALLED_MAX: usize = 60;
/// Most origins, and most presentities, of one site.
const NAMED_MAX: usize = 50;

/// What a site is registered with, as it was said.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub name: String,
    pub origins: Vec<String>,
    pub chats: Vec<String>,
    pub terms: Terms,
}

impl Terms {
    /// What holds for a site of which nothing else was said.
    pub const USUAL: Self = Self {
        guests: false,
        guests_most: 5_000,
        guests_per_hour: 200,
        life: 30 * 86_400_000,
    };
    /// Guests are counted by the hour, so nobody may be forgotten sooner.
    const LIFE_MIN: u64 = 3_600_000;
}

/// Why a site cannot be registered as it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    Name(String),
    Origin(String, String),
    Chat(String),
    NoOrigin,
    NoChat,
    TooMany,
    Life,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => write!(
                f,
                "{name:?} is no name of a site; it looks like a host, such as shop.example"
            ),
            Self::Origin(origin, why) => write!(f, "{origin:?}: {why}"),
            Self::Chat(chat) => write!(
                f,
                "{chat:?} is no address; one looks like support@example.org"
            ),
            Self::NoOrigin => f.write_str("a site needs an origin, such as https://shop.example"),
            Self::NoChat => f.write_str("a site needs an address to chat with"),
            Self::TooMany => write!(
                f,
                "a site has at most {NAMED_MAX} origins and as many addresses"
            ),
            Self::Life => f.write_str("visitors last at least an hour"),
        }
    }
}

impl Unreadable {
    fn code(&self) -> Code {
        match self {
            Self::Name(_) => Code::BadName,
            Self::Chat(_) => Code::BadAddress,
            Self::TooMany => Code::TooManyAddresses,
            Self::Origin(..) | Self::NoOrigin | Self::NoChat | Self::Life => Code::BadFrame,
        }
    }
}

impl Wanted {
    /// Reads what was said. `salt` is random.
    pub fn read(
        &self,
        key: sites::Key,
        salt: [u8; 16],
        at: Timestamp,
    ) -> Result<NewSite, Unreadable> {
        let name = keys::site_name(&self.name);
        let name = name.ok_or_else(|| Unreadable::Name(self.name.clone()))?;
        if self.terms.life < Terms::LIFE_MIN {
            return Err(Unreadable::Life);
        }
        Ok(NewSite {
            name,
            terms: self.terms,
            salt: salt.to_vec(),
            origins: read_origins(&self.origins)?,
            chats: read_chats(&self.chats)?,
            key,
            at,
        })
    }
}

/// What is to be different of a site, as it was said; nothing: as it was.
#[derive(Clone, Debug, Default)]
pub struct Rewanted {
    pub origins: Option<Vec<String>>,
    pub chats: Option<Vec<String>>,
    pub guests: Option<bool>,
    pub guests_most: Option<u32>,
    pub guests_per_hour: Option<u32>,
    pub life: Option<u64>,
}

impl Rewanted {
    pub fn read(&self) -> Result<Change, Unreadable> {
        if self.life.is_some_and(|life| life < Terms::LIFE_MIN) {
            return Err(Unreadable::Life);
        }
        let (origins, chats) = (self.origins.as_deref(), self.chats.as_deref());
        Ok(Change {
            origins: origins.map(read_origins).transpose()?,
            chats: chats.map(read_chats).transpose()?,
            guests: self.guests,
            guests_most: self.guests_most,
            guests_per_hour: self.guests_per_hour,
            life: self.life,
        })
    }
}

fn read_origins(texts: &[String]) -> Result<Vec<String>, Unreadable> {
    let origin = |text: &String| {
        crate::config::Origin::parse(text)
            .map(|origin| origin.as_str().to_owned())
            .map_err(|why| Unreadable::Origin(text.clone(), why))
    };
    match texts.len() {
        0 => Err(Unreadable::NoOrigin),
        1..=NAMED_MAX => texts.iter().map(origin).collect(),
        _ => Err(Unreadable::TooMany),
    }
}

fn read_chats(texts: &[String]) -> Result<Vec<Presentity>, Unreadable> {
    let chat = |text: &String| Presentity::parse(text).map_err(|_| Unreadable::Chat(text.clone()));
    match texts.len() {
        0 => Err(Unreadable::NoChat),
        1..=NAMED_MAX => texts.iter().map(chat).collect(),
        _ => Err(Unreadable::TooMany),
    }
}

/// A visitor who came in.
pub struct Visiting {
    pub entered: SignedIn,
    /// By the login that their browser has kept; else by a new one.
    pub goes_on: bool,
    /// When they are forgotten unless they come back.
    pub expires: Timestamp,
    pub called: Option<Note>,
}

/// A visitor who may be in.
pub(super) struct Inside {
    who: Principal,
    site: i64,
    /// Held by their sessions alone: with the last of them it is gone.
    visit: Weak<Visit>,
}

/// Which pages may show a chat with somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The origins of the pages, as they stand in a policy.
    pub origins: Vec<String>,
}

impl Keeper {
    /// Registers a site for presentities of one's own and of one's own groups.
    pub async fn add_site(
        &self,
        login: &Login,
        wanted: &Wanted,
        key: NewKey,
    ) -> Result<Site, Refusal> {
        self.may_register(login)?;
        let new = wanted.read(key.key, keys::salt()?, wall());
        let new = new.map_err(|why| told(why.code(), &why))?;
        is_named_by(&new.name, &new.origins)?;
        let by = By::Account(login.principal.clone());
        let added = self.store.write(move |db| {
            if let Err(fault) = sites::add(db, &new, &by)? {
                return Ok(Err(fault));
            }
            Ok(sites::named(db, &new.name, &by)?.ok_or(Fault::NoSuchSite))
        });
        added
            .await
            .map_err(refusal_of)?
            .map_err(|fault| told(fault.code(), &fault))
    }

    /// The sites of an account, each with how many visitors there are.
    pub async fn sites(&self, login: &Login) -> Result<Vec<(Site, u32)>, Refusal> {
        let by = By::Account(login.principal.clone());
        let found = self.store.read(move |db| sites::list(db, &by));
        found.await.map_err(refusal_of)
    }

    /// Gives a site a new key; the one in use holds for a while yet.
    pub async fn rotate_site(
        &self,
        login: &Login,
        name: &str,
        key: &NewKey,
        until: Timestamp,
    ) -> Result<(), Refusal> {
        let (by, name) = (By::Account(login.principal.clone()), named(name)?);
        let key = key.key.clone();
        let rotated = self
            .store
            .write(move |db| sites::rotate(db, &name, &by, &key, until));
        rotated
            .await
            .map_err(refusal_of)?
            .map_err(|fault| told(fault.code(), &fault))
    }

    /// Changes a site: its pages, whom they show, whom it lets in. Open lines follow within two seconds.
    pub async fn change_site(
        &self,
        login: &Login,
        name: &str,
        wanted: &Rewanted,
    ) -> Result<(), Refusal> {
        self.may_register(login)?;
        let (by, name) = (By::Account(login.principal.clone()), named(name)?);
        let change = wanted.read().map_err(|why| told(why.code(), &why))?;
        if let Some(origins) = &change.origins {
            is_named_by(&name, origins)?;
        }
        let changed = self
            .store
            .write(move |db| sites::change(db, &name, &by, &change));
        changed
            .await
            .map_err(refusal_of)?
            .map_err(|fault| told(fault.code(), &fault))
    }

    /// Removes a site; its visitors' sessions close.
    pub async fn remove_site(&self, login: &Login, name: &str) -> Result<(), Refusal> {
        let (by, name) = (By::Account(login.principal.clone()), named(name)?);
        let removed = self.store.write(move |db| sites::remove(db, &name, &by));
        removed
            .await
            .map_err(refusal_of)?
            .map_err(|fault| told(fault.code(), &fault))?;
        self.end_removed_sites().await;
        Ok(())
    }

    /// Which pages may show a chat with `to` that a page of `origin` asks for.
    pub async fn frame(&self, origin: &str, to: &str) -> Result<Frame, Refusal> {
        let unknown = || Code::UnknownSite.refusal();
        let origin = keys::origin(origin).ok_or_else(unknown)?;
        let origins = match self.showing(&origin, to).await? {
            Some(site) => site.origins,
            None => vec![origin],
        };
        Ok(Frame { origins })
    }

    /// Lets in somebody for whom a site's token vouches. The same visitor of a site is the same principal. `is_here` knows the
    /// names of this relay. Sites, keys and signatures that are wrong are refused alike.
    ///
    /// `kept` is the secret of the login that this browser has kept for the site. It lets nobody in: the token alone says who it is.
    /// If it is theirs they go on with it; if it is another customer's, that one's visit at this browser is over.
    pub async fn receive_vouched(
        &self,
        origin: &str,
        token: &str,
        kept: Option<&str>,
        is_here: impl Fn(&str) -> bool,
        ip: IpAddr,
    ) -> Result<Visiting, Refusal> {
        let network = rates::network(ip);
        let wait = self.bad_tokens.has(&network, Instant::now());
        wait.map_err(|wait| Code::TooManyRequests.refusal_after(wait))?;
        let received = self.receive_by_token(origin, token, kept, is_here).await;
        if received.as_ref().is_err_and(|refusal| is_bad(refusal.code)) {
            // Of those that come at once some may be one too many.
            let _ = self.bad_tokens.take(&network, Instant::now());
        }
        received
    }

    async fn receive_by_token(
        &self,
        origin: &str,
        token: &str,
        kept: Option<&str>,
        is_here: impl Fn(&str) -> bool,
    ) -> Result<Visiting, Refusal> {
        let (site, claims) = self.vouched(origin, token, is_here).await?;
        let wait = self.vouchers.take(&site.id, Instant::now());
        wait.map_err(|wait| Code::TooManyRequests.refusal_after(wait))?;
        let called = claims.name.as_deref().and_then(called);
        let sub = Sha256::new()
            .chain_update(&site.salt)
            .chain_update([0])
            .chain_update(&claims.sub);
        let comes = Comes::Vouched {
            sub: sub.finalize().to_vec(),
            jti: hash_of(&claims.jti).to_vec(),
            until: claims.until,
            kept: match kept {
                Some(secret) => self.login(secret).await.ok().map(|login| login.id),
                None => None,
            },
        };
        let mut visiting = self.receive(site, comes, called).await?;
        if let (true, Some(secret)) = (visiting.goes_on, kept) {
            secret.clone_into(&mut visiting.entered.token);
        }
        self.metrics.visitors_vouched.up();
        Ok(visiting)
    }

    /// Lets in somebody for whom nobody vouches, for a chat with `to` on a page of a site that takes such.
    pub async fn receive_guest(
        &self,
        origin: &str,
        to: &str,
        name: Option<&str>,
        ip: IpAddr,
    ) -> Result<Visiting, Refusal> {
        let origin = keys::origin(origin).ok_or_else(|| Code::UnknownSite.refusal())?;
        let site = self.showing(&origin, to).await?;
        let called = name.and_then(called);
        let life = millis(self.config.accounts.guest_life);
        let visiting = match site {
            None => {
                let entered = self.enter_as_guest(ip).await?;
                Visiting {
                    entered,
                    goes_on: false,
                    expires: Timestamp(wall().0.saturating_add(life)),
                    // No site stands for the name, so those who answer do not read it.
                    called: None,
                }
            }
            Some(site) if !site.terms.guests => return Err(Code::GuestsClosed.refusal()),
            Some(site) => {
                self.count_newcomer(ip)?;
                self.receive(site, Comes::Guest { life }, called).await?
            }
        };
        self.metrics.visitors_guests.up();
        Ok(visiting)
    }

    /// Ends the visitors of sites that were removed, by whomever. Their sessions close.
    pub async fn end_removed_sites(&self) {
        loop {
            let any = self.store.read(visitors::is_any_left).await;
            if !any.unwrap_or_default() {
                return;
            }
            let ended = self.store.write(|db| visitors::end(db, SWEEP_MAX)).await;
            let Ok(ended) = ended else { return };
            for visitor in ended {
                self.tell(Input::Revoked(visitor.clone(), None));
                self.tell(Input::Unregistered(visitor));
            }
        }
    }

    /// Remembers a visitor who comes in, for as long as what they were told then is held by anyone.
    pub(super) fn note_visit(&self, login: &Login) {
        if let Some((site, visit)) = &login.visit {
            self.visits().push(Inside {
                who: login.principal.clone(),
                site: *site,
                visit: Arc::downgrade(visit),
            });
        }
    }

    /// Looks whether sites show others than they did when their visitors came in, and has those come again. A line that is still
    /// being opened is told the next time.
    pub async fn rescope(&self) {
        let inside: Vec<_> = {
            let mut visits = self.visits();
            visits.retain(|inside| inside.visit.strong_count() > 0);
            let held = |inside: &Inside| {
                let visit = inside.visit.upgrade()?;
                Some((inside.who.clone(), inside.site, visit.shows.clone()))
            };
            visits.iter().filter_map(held).collect()
        };
        let sites: BTreeSet<i64> = inside.iter().map(|(_, site, _)| *site).collect();
        if sites.is_empty() {
            return;
        }
        let shown = self.store.read(move |db| {
            let shown = |site| Ok((site, visitors::shown_by(db, site)?));
            sites.into_iter().map(shown).collect()
        });
        let shown: BTreeMap<i64, Option<Vec<Presentity>>> = shown.await.unwrap_or_default();
        for (who, site, shows) in inside {
            // The visitors of a site that is no more are ended.
            if let Some(Some(now)) = shown.get(&site)
                && *now != shows
            {
                self.tell(Input::Rescoped(who));
            }
        }
    }

    fn visits(&self) -> MutexGuard<'_, Vec<Inside>> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn vouched(
        &self,
        origin: &str,
        token: &str,
        is_here: impl Fn(&str) -> bool,
    ) -> Result<(Site, Claims), Refusal> {
        let invalid = || Code::TokenInvalid.refusal();
        let token = Token::read(token).map_err(Code::refusal)?;
        let origin = keys::origin(origin).ok_or_else(invalid)?;
        let (page, kid) = (origin.clone(), token.kid.clone());
        let site = self.store.read(move |db| sites::keyed(db, &page, &kid));
        let site = site.await.map_err(refusal_of)?.ok_or_else(invalid)?;
        let now = wall();
        let mut keys = site.keys.iter();
        let key =
            keys.find(|key| key.kid == token.kid && key.until.is_none_or(|until| now < until));
        let claims = token.check(key.ok_or_else(invalid)?, &origin, is_here, now);
        let claims = claims.map_err(Code::refusal)?;
        Ok((site, claims))
    }

    /// The site by which a page of this origin shows a chat with `to`; none: pages of any site do.
    async fn showing(&self, origin: &str, to: &str) -> Result<Option<Site>, Refusal> {
        let unknown = || Code::UnknownSite.refusal();
        let to = Presentity::parse(to).map_err(|_| unknown())?;
        let (origin, everywhere) = (origin.to_owned(), self.shows_everywhere());
        let found = self.store.read(move |db| {
            let site = sites::showing(db, &origin, &to)?;
            // What whoever runs the relay has settled for a page holds there.
            let shown = site.is_some() || everywhere && !sites::is_of_host(db, &origin)?;
            Ok(shown.then_some(site))
        });
        found.await.map_err(refusal_of)?.ok_or_else(unknown)
    }

    async fn receive(
        &self,
        site: Site,
        comes: Comes,
        called: Option<Note>,
    ) -> Result<Visiting, Refusal> {
        let name =
            names::guest(&random::<8>()?, &self.config.relay.domain).map_err(Code::refusal)?;
        let (secret, at) = (secret()?, wall());
        let arrival = Arrival {
            comes,
            fresh: NewPrincipal {
                principal: name.principal,
                class: Class::Guest,
                skeleton: name.skeleton,
                password: None,
                at,
                expires: None,
            },
            called: called.clone(),
            login: hash_of(&secret).to_vec(),
            at,
        };
        let received = self
            .store
            .write(move |db| visitors::receive(db, &site, &arrival));
        let received = received.await.map_err(refusal_of)??;
        if received.is_new {
            self.tell(Input::Registered(received.principal.clone()));
        }
        for (whose, login) in received.ended {
            self.revoke(&whose, Vec::new(), login);
        }
        Ok(Visiting {
            goes_on: received.goes_on,
            entered: SignedIn {
                principal: received.principal,
                class: Class::Guest,
                token: secret,
            },
            expires: received.expires,
            called,
        })
    }

    fn may_register(&self, login: &Login) -> Result<(), Refusal> {
        only_accounts(login)?;
        if !self.config.offers(self.config.sites.register) {
            return Err(Code::NotAllowed.refusal());
        }
        Ok(())
    }

    pub(super) fn shows_everywhere(&self) -> bool {
        self.config.offers(self.config.sites.unregistered)
    }
}

/// Whether it was the token that did not hold.
fn is_bad(code: Code) -> bool {
    matches!(
        code,
        Code::TokenInvalid
            | Code::TokenExpired
            | Code::TokenUsed
            | Code::TokenWrongTimes
            | Code::TokenWrongAudience
            | Code::TokenWrongOrigin
    )
}

/// The refusal of whoever sets up a site: what was wrong, in its own words.
pub fn told(code: Code, why: &impl std::fmt::Display) -> Refusal {
    Refusal {
        sentence: format!("{why}."),
        ..code.refusal()
    }
}

/// A name as it is kept.
fn named(text: &str) -> Result<String, Refusal> {
    let none = || told(Fault::NoSuchSite.code(), &Fault::NoSuchSite);
    keys::site_name(text).ok_or_else(none)
}

/// A site is told to people by its name: it is not that of somebody else's.
fn is_named_by(name: &str, origins: &[String]) -> Result<(), Refusal> {
    match origins.iter().any(|origin| host(origin) == name) {
        true => Ok(()),
        false => Err(told(
            Code::BadName,
            &"a site's name is the host of one of its origins",
        )),
    }
}

/// The host of an origin.
fn host(origin: &str) -> &str {
    let (_, rest) = origin.split_once("://").unwrap_or(("", origin));
    rest.split(':').next().unwrap_or(rest)
}

/// What somebody is called: one short line, without signs that turn the direction of what stands around it, that show nothing, or
/// by which the page tells a name from who says it.
fn called(text: &str) -> Option<Note> {
    let turns = |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let blank = |c: char| {
        matches!(c, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{200b}'
            | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let marks = |c: char| {
        matches!(
            c,
            '·' | '“' | '”' | '„' | '"' | '•' | '‧' | '∙' | '⋅' | '・' | '@'
        )
    };
    let spaced = |c: char| {
        if c.is_whitespace() || marks(c) {
            ' '
        } else {
            c
        }
    };
    let plain: String = text
        .chars()
        .map(spaced)
        .filter(|c| !c.is_control() && !turns(*c) && !blank(*c))
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    // What joins letters shows nothing where there are none.
    if !plain.chars().any(char::is_alphanumeric) {
        return None;
    }
    let plain: String = words.join(" ").chars().take(CALLED_MAX).collect();
    Note::parse(plain.trim_end()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_is_called_is_one_short_line() {
        let called = |text: &str| called(text).map(|note| note.as_str().to_owned());
        for (said, shown) in [
            (" Maria ", "Maria"),
            ("Maria\n\u{202e}Callas", "Maria Callas"),
            ("Maria\u{200b} \u{3164} Callas", "Maria Callas"),
            ("نرگس\u{200c}خانم", "نرگس\u{200c}خانم"),
            // The name of a site stands behind a dot, and what is only said in quotation marks.
            ("Maria · bank.example", "Maria bank.example"),
            ("Maria” · bank.example", "Maria bank.example"),
            ("alice@example.org", "alice example.org"),
        ] {
            assert_eq!(called(said).as_deref(), Some(shown), "{said:?}");
        }
        for nothing in [
            "",
            "\u{0}\u{200f} ",
            "\u{200b}",
            "\u{3164}\u{2800}",
            "\u{200d}",
            "· @",
            "!",
        ] {
            assert_eq!(called(nothing), None, "{nothing:?}");
        }
        let long = called(&"é".repeat(100)).unwrap();
        assert_eq!(long.chars().count(), CALLED_MAX);
    }
}
