//! What is done beside a running relay, as SQL: the command line changes the tables and leaves an order; the relay looks for orders
//! twice a second and does what follows of them, such as closing sockets. What nobody took when a relay ends means nothing to the next.

use lamplight_core::address::Principal;
use rusqlite::{Connection, Result, params};

use super::rows::{address, damaged};

/// What has happened to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// This login, or all of them, has ended.
    SignedOut(Option<u64>),
    /// They are suspended: what this login, or all of them, opened has ended.
    Suspended(Option<u64>),
    /// There is nobody of this address any more.
    Removed,
    /// There is somebody of this address now.
    Made,
    /// Their contacts or decisions were changed.
    Changed,
}

impl Order {
    fn columns(self) -> (u8, Option<u64>) {
        match self {
            Self::SignedOut(login) => (0, login),
            Self::Suspended(login) => (1, login),
            Self::Removed => (2, None),
            Self::Made => (3, None),
            Self::Changed => (4, None),
        }
    }

    fn read(kind: u8, login: Option<u64>) -> Option<Self> {
        Some(match kind {
            0 => Self::SignedOut(login),
            1 => Self::Suspended(login),
            2 => Self::Removed,
            3 => Self::Made,
            4 => Self::Changed,
            _ => return None,
        })
    }
}

/// Leaves an order.
pub fn leave(db: &Connection, of: &Principal, order: Order) -> Result<()> {
    let (kind, login) = order.columns();
    db.prepare_cached("INSERT INTO orders (kind, principal, login) VALUES (?1, ?2, ?3)")?
        .execute(params![kind, of.as_str(), login.map(|id| id as i64)])?;
    Ok(())
}

/// Whether there is any; reads nothing else.
pub fn is_any_left(db: &Connection) -> Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM orders)")?
        .query_row([], |row| row.get(0))
}

/// Takes orders, the oldest first, at most `limit` at once.
pub fn take(db: &Connection, limit: u32) -> Result<Vec<(Principal, Order)>> {
    let mut last = 0_i64;
    let taken = db
        .prepare_cached("SELECT nr, principal, kind, login FROM orders ORDER BY nr LIMIT ?1")?
        .query_map([limit], |row| {
            last = row.get(0)?;
            let login = row.get::<_, Option<i64>>(3)?.map(|id| id as u64);
            let order = Order::read(row.get(2)?, login).ok_or_else(|| damaged(2, "an order"))?;
            Ok((Principal(address(row, 1)?), order))
        })?
        .collect::<Result<_>>()?;
    db.prepare_cached("DELETE FROM orders WHERE nr <= ?1")?
        .execute([last])?;
    Ok(taken)
}
