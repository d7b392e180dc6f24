//! Accounts as whoever runs the relay sees and changes them, as SQL. Each change leaves the orders that a running relay follows.

use lamplight_core::address::Principal;
use lamplight_core::time::Timestamp;
use lamplight_core::wire::Class;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::members::{circles_of, groups_of};
use crate::store::orders::{Order, leave};
use crate::store::rows::{address, class, class_number, timestamp};
use crate::store::sites::{self, By};

/// What there is to know of a principal without reading what they wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosted {
    pub principal: Principal,
    pub class: Class,
    pub admin: bool,
    pub created: Timestamp,
    /// None: it has never been there.
    pub last_seen: Option<Timestamp>,
    pub suspended: Option<Timestamp>,
    /// When a guest is forgotten.
    pub expires: Option<Timestamp>,
    /// What the inbox holds.
    pub messages: u64,
    pub bytes: u64,
    pub logins: u32,
    pub contacts: u32,
}

/// A login, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: u64,
    pub principal: Principal,
    pub created: Timestamp,
    pub used: Timestamp,
}

const HOSTED: &str = "SELECT p.address, p.class, p.admin, p.created, p.last_seen, p.suspended, p.expires, p.messages, p.bytes,
    (SELECT count(*) FROM logins l WHERE l.principal = p.id), (SELECT count(*) FROM contacts c WHERE c.watcher = p.id)
    FROM principals p";

/// Everybody of a class, in the order of their addresses, after one of them, at most `most`.
pub fn list(db: &Connection, of: Class, after: &str, most: u32) -> Result<Vec<Hosted>> {
    db.prepare_cached(&format!(
        "{HOSTED} WHERE p.class = ?1 AND p.address > ?2 ORDER BY p.address LIMIT ?3"
    ))?
    .query_map(params![class_number(of), after, most], hosted)?
    .collect()
}

pub fn show(db: &Connection, of: &Principal) -> Result<Option<Hosted>> {
    db.prepare_cached(&format!("{HOSTED} WHERE p.address = ?1"))?
        .query_row([of.as_str()], hosted)
        .optional()
}

fn hosted(row: &Row<'_>) -> Result<Hosted> {
    Ok(Hosted {
        principal: Principal(address(row, 0)?),
        class: class(row, 1)?,
        admin: row.get(2)?,
        created: timestamp(row, 3)?,
        last_seen: Some(timestamp(row, 4)?).filter(|at| at.0 > 0),
        suspended: moment(row, 5)?,
        expires: moment(row, 6)?,
        messages: row.get::<_, i64>(7)? as u64,
        bytes: row.get::<_, i64>(8)? as u64,
        logins: row.get(9)?,
        contacts: row.get(10)?,
    })
}

fn moment(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    let at = row.get::<_, Option<i64>>(column)?;
    Ok(at.map(|at| Timestamp(at as u64)))
}

/// How many accounts are admins who can sign in.
pub fn admins(db: &Connection) -> Result<u32> {
    db.prepare_cached("SELECT count(*) FROM principals WHERE admin = 1 AND suspended IS NULL")?
        .query_row([], |row| row.get(0))
}

/// Makes an account an admin, or takes that back; whether there is such an account.
pub fn set_admin(db: &Connection, of: &Principal, admin: bool) -> Result<bool> {
    let changed = db
        .prepare_cached("UPDATE principals SET admin = ?2 WHERE address = ?1 AND class = ?3")?
        .execute(params![of.as_str(), admin, class_number(Class::Account)])?;
    Ok(changed == 1)
}

/// Suspends somebody: their logins are gone and their tokens open nothing, nor do those of their programs. What they have stays.
pub fn suspend(db: &Connection, of: &Principal, at: Timestamp) -> Result<bool> {
    let changed = db
        .prepare_cached(
            "UPDATE principals SET suspended = ?2 WHERE address = ?1 AND suspended IS NULL",
        )?
        .execute(params![of.as_str(), at.0 as i64])?;
    if changed == 0 {
        return Ok(false);
    }
    leave(db, of, Order::Suspended(None))?;
    for program in circles_of(db, of, Class::Program)? {
        leave(db, &program.principal, Order::Suspended(None))?;
    }
    end_all(db, of, Order::Suspended)?;
    Ok(true)
}

/// Takes a suspension back; whether there was one.
pub fn resume(db: &Connection, of: &Principal) -> Result<bool> {
    let changed = db
        .prepare_cached(
            "UPDATE principals SET suspended = NULL WHERE address = ?1 AND suspended IS NOT NULL",
        )?
        .execute([of.as_str()])?;
    Ok(changed == 1)
}

/// Removes somebody with all that was kept for them, and their programs and sites. A group that only they owned goes to the
/// member who comes next, or goes with them if there is none. What they wrote to others stays with the others, and nobody else
/// gets the name.
pub fn remove(db: &Connection, of: &Principal, at: Timestamp) -> Result<bool> {
    let Some(found) = show(db, of)? else {
        return Ok(false);
    };
    end_all(db, of, Order::SignedOut)?;
    for program in circles_of(db, of, Class::Program)? {
        drop_principal(db, &program.principal, at)?;
    }
    for group in circles_of(db, of, Class::Group)? {
        let mut others = group.members.iter().filter(|one| one.principal != *of);
        if others.clone().any(|one| one.owner) {
            continue;
        }
        match others.next() {
            None => drop_principal(db, &group.principal, at)?,
            Some(next) => {
                db.prepare_cached(
                    "UPDATE members SET owner = 1 WHERE grp = (SELECT id FROM principals WHERE address = ?1)
                     AND member = (SELECT id FROM principals WHERE address = ?2)",
                )?
                .execute([group.principal.as_str(), next.principal.as_str()])?;
            }
        }
    }
    if found.class == Class::Account {
        let by = By::Account(of.clone());
        for (site, _) in sites::list(db, &by)? {
            // It is there: it was just listed.
            let _ = sites::remove(db, &site.name, &by)?;
        }
    }
    drop_principal(db, of, at)?;
    Ok(true)
}

fn drop_principal(db: &Connection, of: &Principal, at: Timestamp) -> Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO former (skeleton, address, since) SELECT skeleton, address, ?2 FROM principals
         WHERE address = ?1 AND class <> ?3",
    )?
    .execute(params![of.as_str(), at.0 as i64, class_number(Class::Guest)])?;
    db.prepare_cached("DELETE FROM principals WHERE address = ?1")?
        .execute([of.as_str()])?;
    leave(db, of, Order::SignedOut(None))?;
    leave(db, of, Order::Removed)
}

/// The logins of somebody, or of all, the one used last first.
pub fn sessions(db: &Connection, of: Option<&Principal>, most: u32) -> Result<Vec<Session>> {
    db.prepare_cached(
        "SELECT l.id, p.address, l.created, l.used FROM logins l JOIN principals p ON p.id = l.principal
         WHERE ?1 IS NULL OR p.address = ?1 ORDER BY l.used DESC, l.id DESC LIMIT ?2",
    )?
    .query_map(params![of.map(Principal::as_str), most], |row| {
        Ok(Session {
            id: row.get::<_, i64>(0)? as u64,
            principal: Principal(address(row, 1)?),
            created: timestamp(row, 2)?,
            used: timestamp(row, 3)?,
        })
    })?
    .collect()
}

/// Ends a login; whose it was.
pub fn end_session(db: &Connection, id: u64) -> Result<Option<Principal>> {
    let of = db
        .prepare_cached("SELECT p.address FROM logins l JOIN principals p ON p.id = l.principal WHERE l.id = ?1")?
        .query_row([id as i64], |row| Ok(Principal(address(row, 0)?)))
        .optional()?;
    if let Some(of) = &of {
        end(db, of, id, Order::SignedOut)?;
    }
    Ok(of)
}

/// Ends all logins of somebody; how many there were.
pub fn end_sessions(db: &Connection, of: &Principal) -> Result<usize> {
    end_all(db, of, Order::SignedOut)
}

fn end_all(db: &Connection, of: &Principal, order: fn(Option<u64>) -> Order) -> Result<usize> {
    let logins = sessions(db, Some(of), u32::MAX)?;
    for login in &logins {
        end(db, of, login.id, order)?;
    }
    Ok(logins.len())
}

/// Ends a login, and what it opened in one's own name and in the names of groups.
fn end(db: &Connection, of: &Principal, login: u64, order: fn(Option<u64>) -> Order) -> Result<()> {
    super::remove_login(db, login)?;
    for name in groups_of(db, of)?.iter().chain([of]) {
        leave(db, name, order(Some(login)))?;
    }
    Ok(())
}
