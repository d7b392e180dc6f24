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

/// By whom a site is made, changed or looked at.
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
    pub made: Timestamp,
    pub terms: Terms,
    pub salt: Vec<u8>,
    pub origins: Vec<String>,
    pub chats: Vec<Presentity>,
    pub keys: Vec<Key>,
    /// Visitors that there are, guests among them.
    pub visitors: u32,
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

/// Why a site was not registered or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    NameTaken,
    /// The origin belongs to another site.
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
    if find_named(db, &new.name)?.is_some() {
        return Ok(Err(Fault::NameTaken));
    }
    for origin in &new.origins {
        if of_origin(db, origin)?.is_some() {
            return Ok(Err(Fault::OriginTaken(origin.clone())));
        }
    }
    for presentity in &new.chats {
        if let Err(fault) = may_be_named(db, presentity, by)? {
            return Ok(Err(fault));
        }
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
    for origin in &new.origins {
        db.prepare_cached("INSERT OR IGNORE INTO site_origins (origin, site) VALUES (?1, ?2)")?
            .execute(params![origin, site])?;
    }
    for presentity in &new.chats {
        db.prepare_cached("INSERT OR IGNORE INTO site_chats (site, presentity) VALUES (?1, ?2)")?
            .execute(params![site, presentity.as_str()])?;
    }
    add_key(db, site, &new.key)?;
    Ok(Ok(()))
}

/// The sites of an account, or all of them; by name.
pub fn list(db: &Connection, by: &By) -> Result<Vec<Site>> {
    let mut statement = db.prepare_cached(
        "SELECT s.id FROM sites s LEFT JOIN principals p ON p.id = s.owner
         WHERE s.name IS NOT NULL AND (?1 IS NULL OR p.address = ?1) ORDER BY s.name",
    )?;
    let ids = statement.query_map([account_of(by)], |row| row.get::<_, i64>(0))?;
    let mut sites = Vec::new();
    for id in ids {
        sites.extend(numbered(db, id?)?);
    }
    Ok(sites)
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
    for table in ["site_origins", "site_chats", "site_keys", "site_tokens"] {
        db.prepare_cached(&format!("DELETE FROM {table} WHERE site = ?1"))?
            .execute([site])?;
    }
    db.prepare_cached("UPDATE sites SET name = NULL WHERE id = ?1")?
        .execute([site])?;
    Ok(Ok(()))
}

/// The site whose pages have this origin.
pub fn of_origin(db: &Connection, origin: &str) -> Result<Option<Site>> {
    let id: Option<i64> = db
        .prepare_cached("SELECT site FROM site_origins WHERE origin = ?1")?
        .query_row([origin], |row| row.get(0))
        .optional()?;
    match id {
        Some(id) => numbered(db, id),
        None => Ok(None),
    }
}

/// Whether a site may show a chat with this presentity: it names it, and who registered the site may still do so.
pub fn shows(db: &Connection, site: &Site, presentity: &Presentity) -> Result<bool> {
    if !site.chats.contains(presentity) {
        return Ok(false);
    }
    let owner: Option<i64> = db
        .prepare_cached("SELECT owner FROM sites WHERE id = ?1")?
        .query_row([site.id], |row| row.get(0))?;
    let by = match owner {
        None => By::Host,
        Some(id) => {
            let owner = db
                .prepare_cached("SELECT address FROM principals WHERE id = ?1")?
                .query_row([id], |row| Ok(Principal(address(row, 0)?)))
                .optional()?;
            match owner {
                Some(owner) => By::Account(owner),
                None => return Ok(false),
            }
        }
    };
    Ok(may_be_named(db, presentity, &by)?.is_ok())
}

/// Forgets keys and used tokens whose time is over, and removes the sites of accounts that are gone.
pub fn forget_old(db: &Connection, now: Timestamp) -> Result<()> {
    for table in ["site_keys", "site_tokens"] {
        db.prepare_cached(&format!("DELETE FROM {table} WHERE until <= ?1"))?
            .execute([moment(now)])?;
    }
    let orphans: Vec<String> = db
        .prepare_cached(
            "SELECT name FROM sites
             WHERE name IS NOT NULL AND owner IS NOT NULL AND owner NOT IN (SELECT id FROM principals)",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_>>()?;
    for name in orphans {
        // It was there a line ago.
        let _ = remove(db, &name, &By::Host)?;
    }
    Ok(())
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

fn numbered(db: &Connection, id: i64) -> Result<Option<Site>> {
    let site = db
        .prepare_cached(
            "SELECT name, made, guests, guests_most, guests_per_hour, life, salt,
             (SELECT count(*) FROM site_visitors WHERE site = ?1) FROM sites WHERE id = ?1 AND name IS NOT NULL",
        )?
        .query_row([id], |row| {
            Ok(Site {
                id,
                name: row.get(0)?,
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
                visitors: row.get(7)?,
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

fn find_named(db: &Connection, name: &str) -> Result<Option<i64>> {
    find_of(db, name, &By::Host)
}

/// The site of this name, if it is one of theirs.
fn find_of(db: &Connection, name: &str, by: &By) -> Result<Option<i64>> {
    db.prepare_cached(
        "SELECT s.id FROM sites s LEFT JOIN principals p ON p.id = s.owner
         WHERE s.name = ?1 AND (?2 IS NULL OR p.address = ?2)",
    )?
    .query_row(params![name, account_of(by)], |row| row.get(0))
    .optional()
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
