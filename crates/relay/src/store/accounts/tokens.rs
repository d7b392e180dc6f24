//! Tokens of programs as SQL: which principal they speak for and what they may do. Only hashes are kept.

use lamplight_core::address::Principal;
use lamplight_core::code::Code;
use lamplight_core::service::Scope;
use lamplight_core::time::Timestamp;
use lamplight_core::wire::Class;
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::Decided;
use super::members::owns;
use crate::store::rows::{address, class, timestamp};

/// Most tokens of one principal.
const TOKENS_MAX: u32 = 20;

/// A token as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub id: u64,
    pub name: String,
    pub scope: Scope,
    pub created: Timestamp,
    /// None: never.
    pub used: Option<Timestamp>,
}

/// A token that somebody brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    pub id: u64,
    pub principal: Principal,
    pub class: Class,
    pub scope: Scope,
    /// Zero: never before.
    pub used: Timestamp,
}

/// Adds a token; its number is never used again.
pub fn add(
    db: &Connection,
    of: &Principal,
    name: &str,
    hash: &[u8],
    scope: Scope,
    at: Timestamp,
) -> Decided<u64> {
    let tokens: u32 = db
        .prepare_cached(
            "SELECT count(*) FROM tokens t JOIN principals p ON p.id = t.principal WHERE p.address = ?1",
        )?
        .query_row([of.as_str()], |row| row.get(0))?;
    if tokens >= TOKENS_MAX {
        return Ok(Err(Code::TooManyAddresses));
    }
    let added = db
        .prepare_cached(
            "INSERT INTO tokens (principal, name, token, scope, created, used)
             SELECT id, ?2, ?3, ?4, ?5, 0 FROM principals WHERE address = ?1",
        )?
        .execute(params![
            of.as_str(),
            name,
            hash,
            number_of(scope),
            at.0 as i64
        ])?;
    Ok(if added == 1 {
        Ok(db.last_insert_rowid() as u64)
    } else {
        Err(Code::UnknownAddress)
    })
}

/// All tokens of a principal, the oldest first.
pub fn list(db: &Connection, of: &Principal) -> Result<Vec<Token>> {
    db.prepare_cached(
        "SELECT t.id, t.name, t.scope, t.created, t.used
         FROM tokens t JOIN principals p ON p.id = t.principal WHERE p.address = ?1 ORDER BY t.id",
    )?
    .query_map([of.as_str()], |row| {
        Ok(Token {
            id: row.get::<_, i64>(0)? as u64,
            name: row.get(1)?,
            scope: scope_of(row.get(2)?),
            created: timestamp(row, 3)?,
            used: Some(timestamp(row, 4)?).filter(|used| used.0 > 0),
        })
    })?
    .collect()
}

/// The token with this secret; none of whoever is suspended, or of their programs.
pub fn find(db: &Connection, hash: &[u8]) -> Result<Option<Bearer>> {
    db.prepare_cached(
        "SELECT t.id, p.address, p.class, t.scope, t.used
         FROM tokens t JOIN principals p ON p.id = t.principal WHERE t.token = ?1 AND p.suspended IS NULL AND NOT EXISTS (
             SELECT 1 FROM members m JOIN principals o ON o.id = m.member
             WHERE m.grp = p.id AND m.owner = 1 AND p.class = 3 AND o.suspended IS NOT NULL)",
    )?
    .query_row([hash], |row| {
        Ok(Bearer {
            id: row.get::<_, i64>(0)? as u64,
            principal: Principal(address(row, 1)?),
            class: class(row, 2)?,
            scope: scope_of(row.get(3)?),
            used: timestamp(row, 4)?,
        })
    })
    .optional()
}

/// Notes that a token was used.
pub fn touch(db: &Connection, id: u64, at: Timestamp) -> Result<()> {
    db.prepare_cached("UPDATE tokens SET used = ?2 WHERE id = ?1")?
        .execute(params![id as i64, at.0 as i64])?;
    Ok(())
}

/// Ends a token of someone's own or of a program of theirs; whose it was.
pub fn remove(db: &Connection, id: u64, by: &Principal) -> Decided<Principal> {
    let of = db
        .prepare_cached(
            "SELECT p.address FROM tokens t JOIN principals p ON p.id = t.principal WHERE t.id = ?1",
        )?
        .query_row([id as i64], |row| Ok(Principal(address(row, 0)?)))
        .optional()?;
    let Some(of) = of else {
        return Ok(Err(Code::NotFound));
    };
    if of != *by && !owns(db, &of, Class::Program, by)? {
        return Ok(Err(Code::NotFound));
    }
    db.prepare_cached("DELETE FROM tokens WHERE id = ?1")?
        .execute([id as i64])?;
    Ok(Ok(of))
}

/// A scope as a number: one bit for each part, in this order for ever.
fn number_of(scope: Scope) -> i64 {
    let parts = [
        scope.watch,
        scope.publish,
        scope.send,
        scope.read,
        scope.manage,
    ];
    parts
        .iter()
        .enumerate()
        .map(|(bit, has)| i64::from(*has) << bit)
        .sum()
}

fn scope_of(number: i64) -> Scope {
    let has = |bit: u32| number >> bit & 1 == 1;
    Scope {
        watch: has(0),
        publish: has(1),
        send: has(2),
        read: has(3),
        manage: has(4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_reads_back_from_its_number() {
        for number in 0..32 {
            assert_eq!(number_of(scope_of(number)), number);
        }
        assert_eq!(number_of(Scope::ALL), 31);
    }
}
