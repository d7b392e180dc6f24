//! Links that let somebody in, as SQL: to a new account, perhaps as the first admin, or to a new password. Only hashes of their
//! secrets are kept.

use lamplight_core::address::Principal;
use lamplight_core::code::Code;
use lamplight_core::time::Timestamp;
use lamplight_core::wire::Class;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::accounts::Decided;
use super::rows::{address, class_number, damaged, timestamp};

/// Most links of one account that still hold.
const OPEN_MAX: u32 = 20;

/// What a link opens. The number stands in rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A new account, which becomes a contact of whoever invites.
    Account,
    /// A new account that is an admin.
    Admin,
    /// A new password of somebody.
    Password,
}

impl Kind {
    fn number(self) -> u8 {
        match self {
            Self::Account => 0,
            Self::Admin => 1,
            Self::Password => 2,
        }
    }

    fn read(number: u8) -> Option<Self> {
        [Self::Account, Self::Admin, Self::Password]
            .into_iter()
            .find(|kind| kind.number() == number)
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Admin => "admin",
            Self::Password => "password",
        }
    }
}

/// A link to be made.
#[derive(Clone, Debug)]
pub struct New {
    pub kind: Kind,
    /// Who invites; of a password whose. None: whoever runs the relay.
    pub of: Option<Principal>,
    pub note: Option<String>,
    pub made: Timestamp,
    pub until: Timestamp,
    pub uses: u32,
}

/// A link that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub id: u64,
    pub kind: Kind,
    pub of: Option<Principal>,
    pub note: Option<String>,
    pub made: Timestamp,
    pub until: Timestamp,
    pub remaining: u32,
    pub used: u32,
}

/// Makes a link with the hash of its secret; of an account at most so many that hold.
pub fn add(db: &Connection, new: &New, hash: &[u8]) -> Decided<u64> {
    let open: u32 = db
        .prepare_cached(
            "SELECT count(*) FROM invitations i JOIN principals p ON p.id = i.of
             WHERE p.address = ?1 AND i.remaining > 0 AND i.until > ?2",
        )?
        .query_row(
            params![new.of.as_ref().map(Principal::as_str), new.made.0 as i64],
            |row| row.get(0),
        )?;
    if open >= OPEN_MAX {
        return Ok(Err(Code::TooManyAddresses));
    }
    let added = db
        .prepare_cached(
            "INSERT INTO invitations (secret, kind, of, note, made, until, remaining)
             SELECT ?1, ?2, (SELECT id FROM principals WHERE address = ?3 AND class = ?8), ?4, ?5, ?6, ?7
             WHERE ?3 IS NULL OR EXISTS (SELECT 1 FROM principals WHERE address = ?3 AND class = ?8)",
        )?
        .execute(params![
            hash,
            new.kind.number(),
            new.of.as_ref().map(Principal::as_str),
            new.note,
            new.made.0 as i64,
            new.until.0 as i64,
            new.uses,
            class_number(Class::Account)
        ])?;
    Ok(match added {
        1 => Ok(db.last_insert_rowid() as u64),
        _ => Err(Code::UnknownAddress),
    })
}

const SELECT: &str = "SELECT i.id, i.kind, p.address, i.note, i.made, i.until, i.remaining, i.used
    FROM invitations i LEFT JOIN principals p ON p.id = i.of";

/// The link with this secret, if it still holds. One of somebody who is suspended holds meanwhile for nobody.
pub fn find(db: &Connection, hash: &[u8], now: Timestamp) -> Result<Option<Invitation>> {
    db.prepare_cached(&format!(
        "{SELECT} WHERE i.secret = ?1 AND i.until > ?2 AND i.remaining > 0 AND p.suspended IS NULL"
    ))?
    .query_row(params![hash, now.0 as i64], invitation)
    .optional()
}

/// All links of somebody, or of everybody; the newest last.
pub fn list(db: &Connection, of: Option<&Principal>) -> Result<Vec<Invitation>> {
    db.prepare_cached(&format!(
        "{SELECT} WHERE ?1 IS NULL OR p.address = ?1 AND i.kind = 0 ORDER BY i.id"
    ))?
    .query_map([of.map(Principal::as_str)], invitation)?
    .collect()
}

fn invitation(row: &Row<'_>) -> Result<Invitation> {
    let of = match row.get::<_, Option<String>>(2)? {
        Some(_) => Some(Principal(address(row, 2)?)),
        None => None,
    };
    Ok(Invitation {
        id: row.get::<_, i64>(0)? as u64,
        kind: Kind::read(row.get(1)?).ok_or_else(|| damaged(1, "a kind of invitation"))?,
        of,
        note: row.get(3)?,
        made: timestamp(row, 4)?,
        until: timestamp(row, 5)?,
        remaining: row.get(6)?,
        used: row.get(7)?,
    })
}

/// Takes a link back: any, or one of somebody's own; whether there was one.
pub fn revoke(db: &Connection, id: u64, of: Option<&Principal>) -> Result<bool> {
    let revoked = db
        .prepare_cached(
            "DELETE FROM invitations WHERE id = ?1
             AND (?2 IS NULL OR kind = 0 AND of = (SELECT id FROM principals WHERE address = ?2))",
        )?
        .execute(params![id as i64, of.map(Principal::as_str)])?;
    Ok(revoked == 1)
}

/// Takes back all links of a kind that whoever runs the relay has made.
pub fn revoke_all(db: &Connection, kind: Kind) -> Result<()> {
    db.prepare_cached("DELETE FROM invitations WHERE kind = ?1 AND of IS NULL")?
        .execute([kind.number()])?;
    Ok(())
}

/// Notes that a link was used.
pub fn use_once(db: &Connection, id: u64) -> Result<()> {
    db.prepare_cached(
        "UPDATE invitations SET remaining = remaining - 1, used = used + 1 WHERE id = ?1",
    )?
    .execute([id as i64])?;
    Ok(())
}

/// Forgets links whose time is over; at most `limit` at once.
pub fn forget_old(db: &Connection, now: Timestamp, limit: u32) -> Result<usize> {
    db.prepare_cached(
        "DELETE FROM invitations WHERE id IN (SELECT id FROM invitations WHERE until <= ?1 LIMIT ?2)",
    )?
    .execute(params![now.0 as i64, limit])
}

/// Makes two contacts of each other, who see each other, unless one has decided otherwise already.
pub fn introduce(db: &Connection, one: &Principal, other: &Principal, at: Timestamp) -> Result<()> {
    for (who, whom) in [(one, other), (other, one)] {
        for sql in [
            "INSERT OR IGNORE INTO contacts (watcher, presentity) SELECT id, ?2 FROM principals WHERE address = ?1 AND ?3",
            "INSERT OR IGNORE INTO access (principal, tag, watcher, decision, at) SELECT id, '', ?2, 0, ?3 FROM principals WHERE address = ?1",
            "INSERT OR IGNORE INTO known (principal, peer) SELECT id, ?2 FROM principals WHERE address = ?1 AND ?3",
        ] {
            db.prepare_cached(sql)?
                .execute(params![who.as_str(), whom.as_str(), at.0 as i64])?;
        }
        db.prepare_cached(
            "DELETE FROM requests WHERE principal = (SELECT id FROM principals WHERE address = ?1) AND tag = '' AND watcher = ?2",
        )?
        .execute(params![who.as_str(), whom.as_str()])?;
    }
    Ok(())
}
