//! Principals and their logins as SQL. Which names and passwords are acceptable is decided in `identity`, not here.

pub mod hosted;
pub mod members;
pub mod tokens;

use std::sync::Arc;

use lamplight_core::address::{Address, Principal};
use lamplight_core::code::Code;
use lamplight_core::service::Visit;
use lamplight_core::time::Timestamp;
use lamplight_core::wire::Class;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::rows::{address, class, class_number, timestamp};
use super::sites::visitors::{self, Came};

/// A principal to be made, with its presentity and inbox.
#[derive(Clone, Debug)]
pub struct NewPrincipal {
    pub principal: Principal,
    pub class: Class,
    /// What the name looks like; two principals never share one.
    pub skeleton: String,
    /// A PHC string; none for guests.
    pub password: Option<String>,
    pub at: Timestamp,
    /// When a guest is forgotten.
    pub expires: Option<Timestamp>,
}

impl NewPrincipal {
    /// An account without a password, whose name looks like nothing but itself: what tests of the store need.
    pub fn plain(principal: Principal) -> Self {
        Self {
            skeleton: principal.as_str().to_owned(),
            principal,
            class: Class::Account,
            password: None,
            at: Timestamp(0),
            expires: None,
        }
    }
}

/// What became of a [`NewPrincipal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    Made,
    NameTaken,
    LooksAlike,
}

impl Created {
    /// What whoever wanted the name is told.
    pub fn refusal(self) -> Option<Code> {
        match self {
            Self::Made => None,
            Self::NameTaken => Some(Code::NameTaken),
            Self::LooksAlike => Some(Code::NameLooksAlike),
        }
    }
}

/// What became of a request: done, or the code that says why not. Whoever refuses has written nothing.
pub type Decided<T> = Result<std::result::Result<T, Code>>;

/// One way in that is open: a signed-in page, or a program that said a name and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub id: u64,
    pub principal: Principal,
    pub class: Class,
    pub created: Timestamp,
    pub used: Timestamp,
    /// When the password was last said; zero for guests.
    pub confirmed: Timestamp,
    /// When the guest that it belongs to is forgotten.
    pub expires: Option<Timestamp>,
    /// Of a visitor: the number of the site, and what follows from coming by it.
    pub visit: Option<(i64, Arc<Visit>)>,
    /// Whether it may do what whoever runs the relay may.
    pub admin: bool,
}

pub fn create(db: &Connection, new: &NewPrincipal) -> Result<Created> {
    let taken: Option<bool> = db
        .prepare_cached(
            "SELECT max(address = ?1) FROM (
                SELECT address, skeleton FROM principals UNION ALL SELECT address, skeleton FROM former
             ) WHERE address = ?1 OR skeleton = ?2",
        )?
        .query_row(params![new.principal.as_str(), new.skeleton], |row| {
            row.get(0)
        })?;
    match taken {
        Some(true) => return Ok(Created::NameTaken),
        Some(false) => return Ok(Created::LooksAlike),
        None => {}
    }
    db.prepare_cached(
        "INSERT INTO principals (address, skeleton, class, password, created, expires)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        new.principal.as_str(),
        new.skeleton,
        class_number(new.class),
        new.password,
        new.at.0 as i64,
        new.expires.map(|at| at.0 as i64)
    ])?;
    Ok(Created::Made)
}

/// The password of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// A PHC string.
    pub password: String,
    pub suspended: bool,
}

pub fn password(db: &Connection, of: &Address) -> Result<Option<Known>> {
    db.prepare_cached(
        "SELECT password, suspended IS NOT NULL FROM principals WHERE address = ?1 AND password IS NOT NULL",
    )?
    .query_row([of.as_str()], |row| {
        Ok(Known {
            password: row.get(0)?,
            suspended: row.get(1)?,
        })
    })
    .optional()
}

pub fn set_password(db: &Connection, of: &Principal, password: &str) -> Result<()> {
    db.prepare_cached("UPDATE principals SET password = ?2 WHERE address = ?1")?
        .execute(params![of.as_str(), password])?;
    Ok(())
}

/// Opens a login; `None` if the principal is gone or suspended. Its number is never used again. Who has a password has just said it.
pub fn add_login(
    db: &Connection,
    of: &Principal,
    token_hash: &[u8],
    at: Timestamp,
) -> Result<Option<u64>> {
    let added = db
        .prepare_cached(
            "INSERT INTO logins (principal, token, created, used, confirmed)
             SELECT id, ?2, ?3, ?3, iif(password IS NULL, 0, ?3) FROM principals
             WHERE address = ?1 AND suspended IS NULL",
        )?
        .execute(params![of.as_str(), token_hash, at.0 as i64])?;
    Ok((added == 1).then(|| db.last_insert_rowid() as u64))
}

/// Closes a login; whether it was open.
pub fn remove_login(db: &Connection, id: u64) -> Result<bool> {
    let removed = db
        .prepare_cached("DELETE FROM logins WHERE id = ?1")?
        .execute([id as i64])?;
    Ok(removed == 1)
}

/// The login with this secret.
pub fn find_login(db: &Connection, token_hash: &[u8]) -> Result<Option<Login>> {
    db.prepare_cached(
        "SELECT l.id, p.address, p.class, l.created, l.used, l.confirmed, p.expires, p.admin
         FROM logins l JOIN principals p ON p.id = l.principal WHERE l.token = ?1",
    )?
    .query_row([token_hash], login)
    .optional()
    .and_then(|login| with_visit(db, login))
}

/// The login with this number.
pub fn login_numbered(db: &Connection, id: u64) -> Result<Option<Login>> {
    db.prepare_cached(
        "SELECT l.id, p.address, p.class, l.created, l.used, l.confirmed, p.expires, p.admin
         FROM logins l JOIN principals p ON p.id = l.principal WHERE l.id = ?1",
    )?
    .query_row([id as i64], login)
    .optional()
    .and_then(|login| with_visit(db, login))
}

/// Whoever came by a site that is no more has no login either, though it takes a moment until that is gone.
fn with_visit(db: &Connection, login: Option<Login>) -> Result<Option<Login>> {
    let Some(login) = login else {
        return Ok(None);
    };
    if login.class != Class::Guest {
        return Ok(Some(login));
    }
    Ok(match visitors::came(db, &login.principal)? {
        Came::Alone => Some(login),
        Came::By(site, visit) => Some(Login {
            visit: Some((site, Arc::new(visit))),
            ..login
        }),
        Came::ByNone => None,
    })
}

/// The password of this login was said again; whether the login is still there.
pub fn confirm_login(db: &Connection, id: u64, at: Timestamp) -> Result<bool> {
    let confirmed = db
        .prepare_cached("UPDATE logins SET confirmed = ?2 WHERE id = ?1")?
        .execute(params![id as i64, at.0 as i64])?;
    Ok(confirmed == 1)
}

fn login(row: &Row<'_>) -> Result<Login> {
    Ok(Login {
        id: row.get::<_, i64>(0)? as u64,
        principal: Principal(address(row, 1)?),
        class: class(row, 2)?,
        created: timestamp(row, 3)?,
        used: timestamp(row, 4)?,
        confirmed: timestamp(row, 5)?,
        expires: row.get::<_, Option<i64>>(6)?.map(|at| Timestamp(at as u64)),
        visit: None,
        admin: row.get(7)?,
    })
}

/// Notes that a login was used, so that it does not run out.
pub fn touch_login(db: &Connection, id: u64, at: Timestamp) -> Result<()> {
    db.prepare_cached("UPDATE logins SET used = ?2 WHERE id = ?1")?
        .execute(params![id as i64, at.0 as i64])?;
    Ok(())
}

/// Forgets guests whose time is over, with all that was kept for them; at most `limit` at once. What they wrote to others stays
/// in the others' inboxes.
pub fn forget_expired(db: &Connection, now: Timestamp, limit: u32) -> Result<Vec<Principal>> {
    let gone: Vec<(i64, Principal)> = db
        .prepare_cached("SELECT id, address FROM principals WHERE expires <= ?1 LIMIT ?2")?
        .query_map(params![now.0 as i64, limit], |row| {
            Ok((row.get(0)?, Principal(address(row, 1)?)))
        })?
        .collect::<Result<_>>()?;
    for (id, _) in &gone {
        db.prepare_cached("DELETE FROM principals WHERE id = ?1")?
            .execute([id])?;
    }
    Ok(gone.into_iter().map(|(_, principal)| principal).collect())
}

/// Forgets logins that were not used since `idle` or are older than `old`; at most `limit` at once.
pub fn forget_stale_logins(
    db: &Connection,
    idle: Timestamp,
    old: Timestamp,
    limit: u32,
) -> Result<Vec<(u64, Principal)>> {
    let stale: Vec<(u64, Principal)> = db
        .prepare_cached(
            "SELECT l.id, p.address FROM logins l JOIN principals p ON p.id = l.principal
             WHERE l.used < ?1 OR l.created < ?2 LIMIT ?3",
        )?
        .query_map(params![idle.0 as i64, old.0 as i64, limit], |row| {
            Ok((row.get::<_, i64>(0)? as u64, Principal(address(row, 1)?)))
        })?
        .collect::<Result<_>>()?;
    for (id, _) in &stale {
        remove_login(db, *id)?;
    }
    Ok(stale)
}
