//! The audit log as SQL: what admins did, and what was done at the command line. It tells who, what, to whom and when, never a secret
//! or a message, and keeps the newest [`KEPT`] entries.

use lamplight_core::address::Principal;
use lamplight_core::time::Timestamp;
use rusqlite::{Connection, Result, params};

use super::rows::timestamp;

/// Entries that are kept; older ones go.
pub const KEPT: u32 = 10_000;

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    pub at: Timestamp,
    /// An admin's address; none: at the command line.
    pub who: Option<String>,
    pub what: String,
    pub about: String,
}

/// Notes an act in the transaction that carries it out.
pub fn note(
    db: &Connection,
    at: Timestamp,
    who: Option<&Principal>,
    what: &str,
    about: &str,
) -> Result<()> {
    db.prepare_cached("INSERT INTO audit (at, who, what, about) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            at.0 as i64,
            who.map(Principal::as_str),
            what,
            about
        ])?;
    db.prepare_cached("DELETE FROM audit WHERE nr <= ?1")?
        .execute([db.last_insert_rowid() - i64::from(KEPT)])?;
    Ok(())
}

/// The newest acts, the newest last.
pub fn list(db: &Connection, most: u32) -> Result<Vec<Act>> {
    let mut acts = db
        .prepare_cached("SELECT at, who, what, about FROM audit ORDER BY nr DESC LIMIT ?1")?
        .query_map([most], |row| {
            Ok(Act {
                at: timestamp(row, 0)?,
                who: row.get(1)?,
                what: row.get(2)?,
                about: row.get(3)?,
            })
        })?
        .collect::<Result<Vec<_>>>()?;
    acts.reverse();
    Ok(acts)
}
