//! Sites that may show a chat, as SQL: who registered them, for which pages and whom, and the keys of their backends. Nothing of it
//! is held in memory, so that what the command line changes while the relay runs holds for whoever asks next.
//!
//! A site that is removed loses its name at once, and with it everything that is found by name or origin; its visitors are ended
//! by the relay (`visitors`).

pub mod visitors;

use std::fmt;

use lamplight_core::address::{Presentity, Principal};
use lamplight_core::code::Code;
use lamplight_core::private::Private;
use lamplight_core::time::Timestamp;
use lamplight_core::wire::Class;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::accounts::members::owns;
use super::rows::{PresentityRow, address, class_number, damaged, moment, timestamp};

/// Most sites of one account.
const OWNED_MAX: u32 = 20;
/// Keys that hold at once: the one in use, and the one before it.
const KEYS_MAX: u32 = 2;

/// By whom a site is made, changed or looked at. Names and origins are each maker's own: that a page is one's own is proven by
/// nobody, so what one registers neither keeps others from doing so nor shows their people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Whoever runs the relay.
    Host,
    Account(Principal),
}

/// How tokens are signed. The number stands in rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    Hs256,
    EdDsa,
    Rs256,
}

impl Algorithm {
    pub const ALL: [Self; 3] = [Self::Hs256, Self::EdDsa, Self::Rs256];

    /// As it stands in a token's header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
        }
    }
}

/// A key of a site's backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub kid: String,
    pub algorithm: Algorithm,
    /// The secret; of `EdDSA` the 32 bytes of the public key, of RS256 the public key as PKCS #1.
    pub bytes: Private<Vec<u8>>,
    pub added: Timestamp,
    /// From then on it holds no more.
    pub until: Option<Timestamp>,
}

/// What a site lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Whether visitors come in without a token.
    pub guests: bool,
    /// Guests that there are at most, and that come in an hour.
    pub guests_most: u32,
    pub guests_per_hour: u32,
    /// How long after their last use those are forgotten whom the site vouches for, in milliseconds.
    pub life: u64,
}

/// A site, registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    pub id: i64,
    pub name: String,
    /// Who registered it.
    pub by: By,
    pub made: Timestamp,
    pub terms: Terms,
    pub salt: Vec<u8>,
    pub origins: Vec<String>,
    pub chats: Vec<Presentity>,
    pub keys: Vec<Key>,
}

/// A site to be registered.
#[derive(Clone, Debug)]
pub struct NewSite {
    pub name: String,
    pub terms: Terms,
    pub salt: Vec<u8>,
    pub origins: Vec<String>,
    pub chats: Vec<Presentity>,
    pub key: Key,
    pub at: Timestamp,
}

/// What is to be different of a site; nothing: as it was.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// All its origins from now on.
    pub origins: Option<Vec<String>>,
    /// All whom it may show from now on.
    pub chats: Option<Vec<Presentity>>,
    pub guests: Option<bool>,
    pub guests_most: Option<u32>,
    pub guests_per_hour: Option<u32>,
    pub life: Option<u64>,
}

/// Why a site was not registered or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    NameTaken,
    /// The origin belongs to another site of whoever registers.
    OriginTaken(String),
    /// Nobody whom one could write to has this address.
    UnknownAddress(Presentity),
    /// It is neither the account's own nor that of a group it owns.
    Foreign(Presentity),
    TooMany,
    NoSuchSite,
}

impl Fault {
    pub fn code(&self) -> Code {
        match self {
            Self::NameTaken | Self::OriginTaken(_) => Code::NameTaken,
            Self::UnknownAddress(_) => Code::UnknownAddress,
            Self::Foreign(_) => Code::NotAllowed,
            Self::TooMany => Code::TooManyAddresses,
            Self::NoSuchSite => Code::NotFound,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameTaken => f.write_str("a site of this name is registered already"),
            Self::OriginTaken(origin) => write!(f, "{origin} belongs to another site already"),
            Self::UnknownAddress(of) => write!(f, "nobody on this relay has the address {of}"),
            Self::Foreign(of) => write!(f, "{of} belongs to somebody else"),
            Self::TooMany => f.write_str("there are as many sites as one account may have"),
            Self::NoSuchSite => f.write_str("there is no site of this name"),
        }
    }
}

type Done<T> = Result<std::result::Result<T, Fault>>;

/// Registers a site.
pub fn add(db: &Connection, new: &NewSite, by: &By) -> Done<()> {
    let owner = match by {
        By::Host => None,
        By::Account(account) => {
            let Some(id) = account_id(db, account)? else {
                return Ok(Err(Fault::NoSuchSite));
            };
            let owned: u32 = db
                .prepare_cached("SELECT count(*) FROM sites WHERE owner = ?1 AND name IS NOT NULL")?
                .query_row([id], |row| row.get(0))?;
            if owned >= OWNED_MAX {
                return Ok(Err(Fault::TooMany));
            }
            Some(id)
        }
    };
    if find_of(db, &new.name, by)?.is_some() {
        return Ok(Err(Fault::NameTaken));
    }
    for origin in &new.origins {
        if is_of(db, origin, owner, None)? {
            return Ok(Err(Fault::OriginTaken(origin.clone())));
        }
    }
    if let Err(fault) = may_all_be_named(db, &new.chats, by)? {
        return Ok(Err(fault));
    }
    let terms = &new.terms;
    db.prepare_cached(
        "INSERT INTO sites (name, owner, made, guests, guests_most, guests_per_hour, life, salt)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        new.name,
        owner,
        moment(new.at),
        terms.guests,
        terms.guests_most,
        terms.guests_per_hour,
        moment(Timestamp(terms.life)),
        new.salt
    ])?;
    let site = db.last_insert_rowid();
    add_origins(db, site, &new.origins)?;
    add_chats(db, site, &new.chats)?;
    add_key(db, site, &new.key)?;
    Ok(Ok(()))
}

/// Changes a site. Whom it shows no more is cut off by the relay, which looks for it.
pub fn change(db: &Connection, name: &str, by: &By, change: &Change) -> Done<()> {
    let Some(site) = named(db, name, by)? else {
        return Ok(Err(Fault::NoSuchSite));
    };
    let owner = match by {
        By::Host => None,
        By::Account(account) => account_id(db, account)?,
    };
    for origin in change.origins.iter().flatten() {
        if is_of(db, origin, owner, Some(site.id))? {
            return Ok(Err(Fault::OriginTaken(origin.clone())));
        }
    }
    if let Err(fault) = may_all_be_named(db, change.chats.as_deref().unwrap_or_default(), by)? {
        return Ok(Err(fault));
    }
    if let Some(origins) = &change.origins {
        db.prepare_cached("DELETE FROM site_origins WHERE site = ?1")?
            .execute([site.id])?;
        add_origins(db, site.id, origins)?;
    }
    if let Some(chats) = &change.chats {
        db.prepare_cached("DELETE FROM site_chats WHERE site = ?1")?
            .execute([site.id])?;
        add_chats(db, site.id, chats)?;
    }
    let terms = &site.terms;
    db.prepare_cached(
        "UPDATE sites SET guests = ?2, guests_most = ?3, guests_per_hour = ?4, life = ?5 WHERE id = ?1",
    )?
    .execute(params![
        site.id,
        change.guests.unwrap_or(terms.guests),
        change.guests_most.unwrap_or(terms.guests_most),
        change.guests_per_hour.unwrap_or(terms.guests_per_hour),
        moment(Timestamp(change.life.unwrap_or(terms.life))),
    ])?;
    Ok(Ok(()))
}

fn add_origins(db: &Connection, site: i64, origins: &[String]) -> Result<()> {
    let mut add =
        db.prepare_cached("INSERT OR IGNORE INTO site_origins (origin, site) VALUES (?1, ?2)")?;
    origins
        .iter()
        .try_for_each(|origin| add.execute(params![origin, site]).map(drop))
}

fn add_chats(db: &Connection, site: i64, chats: &[Presentity]) -> Result<()> {
    let mut add =
        db.prepare_cached("INSERT OR IGNORE INTO site_chats (site, presentity) VALUES (?1, ?2)")?;
    chats
        .iter()
        .try_for_each(|one| add.execute(params![site, one.as_str()]).map(drop))
}

/// The sites of an account, or all of them, by name; each with how many visitors there are, guests among them.
pub fn list(db: &Connection, by: &By) -> Result<Vec<(Site, u32)>> {
    let mut statement = db.prepare_cached(
        "SELECT s.id, (SELECT count(*) FROM site_visitors WHERE site = s.id)
         FROM sites s LEFT JOIN principals p ON p.id = s.owner
         WHERE s.name IS NOT NULL AND (?1 IS NULL OR p.address = ?1) ORDER BY s.name, s.id",
    )?;
    let found = statement.query_map([account_of(by)], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut sites = Vec::new();
    for found in found {
        let (id, visitors) = found?;
        sites.extend(numbered(db, id)?.map(|site| (site, visitors)));
    }
    Ok(sites)
}

/// The site of this name.
pub fn named(db: &Connection, name: &str, by: &By) -> Result<Option<Site>> {
    match find_of(db, name, by)? {
        Some(id) => numbered(db, id),
        None => Ok(None),
    }
}

/// Gives a site a new key. The one that was in use holds until `until`, one from before that no more.
pub fn rotate(db: &Connection, name: &str, by: &By, key: &Key, until: Timestamp) -> Done<()> {
    let Some(site) = find_of(db, name, by)? else {
        return Ok(Err(Fault::NoSuchSite));
    };
    db.prepare_cached("UPDATE site_keys SET until = ?2 WHERE site = ?1 AND until IS NULL")?
        .execute(params![site, moment(until)])?;
    add_key(db, site, key)?;
    db.prepare_cached(
        "DELETE FROM site_keys WHERE site = ?1 AND kid NOT IN
         (SELECT kid FROM site_keys WHERE site = ?1 ORDER BY until IS NOT NULL, added DESC, until DESC LIMIT ?2)",
    )?
    .execute(params![site, KEYS_MAX])?;
    Ok(Ok(()))
}

/// Removes a site: nothing is found of it any more, and the relay ends its visitors.
pub fn remove(db: &Connection, name: &str, by: &By) -> Done<()> {
    let Some(site) = find_of(db, name, by)? else {
        return Ok(Err(Fault::NoSuchSite));
    };
    remove_numbered(db, site)?;
    Ok(Ok(()))
}

fn remove_numbered(db: &Connection, site: i64) -> Result<()> {
    for table in ["site_origins", "site_chats", "site_keys", "site_tokens"] {
        db.prepare_cached(&format!("DELETE FROM {table} WHERE site = ?1"))?
            .execute([site])?;
    }
    db.prepare_cached("UPDATE sites SET name = NULL WHERE id = ?1")?
        .execute([site])?;
    Ok(())
}

/// The site by which pages of this origin show a chat with this presentity. Several may have registered the same page, each for
/// what is theirs; whoever runs the relay comes first.
pub fn showing(db: &Connection, origin: &str, presentity: &Presentity) -> Result<Option<Site>> {
    let mut statement = db.prepare_cached(
        "SELECT s.id FROM site_origins o JOIN sites s ON s.id = o.site
         JOIN site_chats c ON c.site = o.site AND c.presentity = ?2
         WHERE o.origin = ?1 ORDER BY s.owner IS NOT NULL, s.id",
    )?;
    let ids = statement.query_map([origin, presentity.as_str()], |row| row.get(0))?;
    for id in ids {
        if let Some(site) = numbered(db, id?)?
            && shows(db, &site, presentity)?
        {
            return Ok(Some(site));
        }
    }
    Ok(None)
}

/// The site whose pages have this origin and whose backend has this key.
pub fn keyed(db: &Connection, origin: &str, kid: &str) -> Result<Option<Site>> {
    let id: Option<i64> = db
        .prepare_cached(
            "SELECT k.site FROM site_origins o JOIN site_keys k ON k.site = o.site AND k.kid = ?2
             WHERE o.origin = ?1",
        )?
        .query_row([origin, kid], |row| row.get(0))
        .optional()?;
    match id {
        Some(id) => numbered(db, id),
        None => Ok(None),
    }
}

/// Whether whoever runs the relay has registered a site whose pages have this origin.
pub fn is_of_host(db: &Connection, origin: &str) -> Result<bool> {
    is_of(db, origin, None, None)
}

/// Whether a site may show a chat with this presentity: it names it, and who registered the site may still do so.
pub fn shows(db: &Connection, site: &Site, presentity: &Presentity) -> Result<bool> {
    Ok(site.chats.contains(presentity) && may_be_named(db, presentity, &site.by)?.is_ok())
}

/// Forgets keys and used tokens whose time is over, and removes the sites of accounts that are gone.
pub fn forget_old(db: &Connection, now: Timestamp) -> Result<()> {
    for table in ["site_keys", "site_tokens"] {
        db.prepare_cached(&format!("DELETE FROM {table} WHERE until <= ?1"))?
            .execute([moment(now)])?;
    }
    let orphans: Vec<i64> = db
        .prepare_cached(
            "SELECT id FROM sites
             WHERE name IS NOT NULL AND owner IS NOT NULL AND owner NOT IN (SELECT id FROM principals)",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_>>()?;
    for site in orphans {
        remove_numbered(db, site)?;
    }
    Ok(())
}

fn may_all_be_named(db: &Connection, presentities: &[Presentity], by: &By) -> Done<()> {
    for presentity in presentities {
        if let Err(fault) = may_be_named(db, presentity, by)? {
            return Ok(Err(fault));
        }
    }
    Ok(Ok(()))
}

/// Whether whoever registers a site may name this presentity there.
fn may_be_named(db: &Connection, presentity: &Presentity, by: &By) -> Done<()> {
    let principal = presentity.principal();
    let known = class_of(db, &principal)?.is_some_and(|class| class != class_number(Class::Guest))
        && PresentityRow::find(db, presentity)?.is_some();
    let own = match by {
        By::Host => true,
        By::Account(account) => {
            *account == principal || owns(db, &principal, Class::Group, account)?
        }
    };
    Ok(match (own, known) {
        // What belongs to others is not told from what is not there.
        (false, _) => Err(Fault::Foreign(presentity.clone())),
        (true, false) => Err(Fault::UnknownAddress(presentity.clone())),
        (true, true) => Ok(()),
    })
}

fn add_key(db: &Connection, site: i64, key: &Key) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO site_keys (site, kid, algorithm, key, added, until) VALUES (?1, ?2, ?3, ?4, ?5, NULL)",
    )?
    .execute(params![
        site,
        key.kid,
        algorithm_number(key.algorithm),
        key.bytes.0,
        moment(key.added)
    ])?;
    Ok(())
}

/// A site that is there, and whose maker is.
fn numbered(db: &Connection, id: i64) -> Result<Option<Site>> {
    let site = db
        .prepare_cached(
            "SELECT s.name, s.made, s.guests, s.guests_most, s.guests_per_hour, s.life, s.salt, s.owner IS NULL, p.address
             FROM sites s LEFT JOIN principals p ON p.id = s.owner
             WHERE s.id = ?1 AND s.name IS NOT NULL AND (s.owner IS NULL OR p.id IS NOT NULL)",
        )?
        .query_row([id], |row| {
            Ok(Site {
                id,
                name: row.get(0)?,
                by: match row.get(7)? {
                    true => By::Host,
                    false => By::Account(Principal(address(row, 8)?)),
                },
                made: timestamp(row, 1)?,
                terms: Terms {
                    guests: row.get(2)?,
                    guests_most: row.get(3)?,
                    guests_per_hour: row.get(4)?,
                    life: timestamp(row, 5)?.0,
                },
                salt: row.get(6)?,
                origins: Vec::new(),
                chats: Vec::new(),
                keys: Vec::new(),
            })
        })
        .optional()?;
    let Some(mut site) = site else {
        return Ok(None);
    };
    site.origins = db
        .prepare_cached("SELECT origin FROM site_origins WHERE site = ?1 ORDER BY origin")?
        .query_map([id], |row| row.get(0))?
        .collect::<Result<_>>()?;
    site.chats = db
        .prepare_cached("SELECT presentity FROM site_chats WHERE site = ?1 ORDER BY presentity")?
        .query_map([id], |row| Ok(Presentity(address(row, 0)?)))?
        .collect::<Result<_>>()?;
    site.keys = db
        .prepare_cached(
            "SELECT kid, algorithm, key, added, until FROM site_keys WHERE site = ?1 ORDER BY until IS NOT NULL, added DESC",
        )?
        .query_map([id], key)?
        .collect::<Result<_>>()?;
    Ok(Some(site))
}

fn key(row: &Row<'_>) -> Result<Key> {
    Ok(Key {
        kid: row.get(0)?,
        algorithm: algorithm(row, 1)?,
        bytes: Private(row.get(2)?),
        added: timestamp(row, 3)?,
        until: row.get::<_, Option<i64>>(4)?.map(|at| Timestamp(at as u64)),
    })
}

fn algorithm_number(algorithm: Algorithm) -> i64 {
    match algorithm {
        Algorithm::Hs256 => 0,
        Algorithm::EdDsa => 1,
        Algorithm::Rs256 => 2,
    }
}

fn algorithm(row: &Row<'_>, column: usize) -> Result<Algorithm> {
    match row.get::<_, i64>(column)? {
        0 => Ok(Algorithm::Hs256),
        1 => Ok(Algorithm::EdDsa),
        2 => Ok(Algorithm::Rs256),
        _ => Err(damaged(column, "an algorithm")),
    }
}

/// The site of this name that is theirs.
fn find_of(db: &Connection, name: &str, by: &By) -> Result<Option<i64>> {
    db.prepare_cached(
        "SELECT s.id FROM sites s LEFT JOIN principals p ON p.id = s.owner
         WHERE s.name = ?1 AND (s.owner IS NULL) = (?2 IS NULL) AND p.address IS ?2",
    )?
    .query_row(params![name, account_of(by)], |row| row.get(0))
    .optional()
}

/// Whether a site of this account, or of whoever runs the relay, has this origin; not counting one of them.
fn is_of(db: &Connection, origin: &str, owner: Option<i64>, but: Option<i64>) -> Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM site_origins o JOIN sites s ON s.id = o.site
         WHERE o.origin = ?1 AND s.owner IS ?2 AND s.id IS NOT ?3)",
    )?
    .query_row(params![origin, owner, but], |row| row.get(0))
}

fn account_of(by: &By) -> Option<&str> {
    match by {
        By::Host => None,
        By::Account(account) => Some(account.as_str()),
    }
}

fn account_id(db: &Connection, of: &Principal) -> Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM principals WHERE address = ?1 AND class = ?2")?
        .query_row(params![of.as_str(), class_number(Class::Account)], |row| {
            row.get(0)
        })
        .optional()
}

fn class_of(db: &Connection, of: &Principal) -> Result<Option<i64>> {
    db.prepare_cached("SELECT class FROM principals WHERE address = ?1")?
        .query_row([of.as_str()], |row| row.get(0))
        .optional()
}
