//! What goes with age: messages from the logs, then what remains of messages that were deleted, and the memory of what was sent.
//! In small batches, each a transaction of its own; where nothing is due nothing is written.
//!
//! A message goes from both logs at the same age, because both copies have the same time. Places are never given again, marks of
//! what was delivered and read stay, so order, cursors and counts hold. Whoever is connected sees it go when they read again.

use std::time::Duration;

use lamplight_core::time::{Timestamp, millis};
use rusqlite::{Connection, Result, params};

/// What is older than these is forgotten; none: never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// Messages.
    pub messages: Option<Timestamp>,
    /// The memory of what was sent, and of what was deleted.
    pub receipts: Option<Timestamp>,
}

impl Before {
    /// At this moment; an age of zero is never reached.
    pub fn of(now: Timestamp, messages: Duration, receipts: Duration) -> Self {
        let before =
            |age: Duration| (!age.is_zero()).then(|| Timestamp(now.0.saturating_sub(millis(age))));
        Self {
            messages: before(messages),
            receipts: before(receipts),
        }
    }
}

/// How much is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// Copies of messages.
    pub messages: usize,
    /// Rows of other kinds.
    pub receipts: usize,
}

impl Gone {
    pub fn rows(self) -> usize {
        self.messages + self.receipts
    }
}

/// Forgets at most `limit` rows of each kind, the oldest first. More may be due if one kind reached the limit.
pub fn forget_old(db: &Connection, before: Before, limit: u32) -> Result<Gone> {
    let mut gone = Gone::default();
    if let Some(before) = before.messages {
        gone.messages = forget_messages(db, before, limit)?;
    }
    if let Some(before) = before.receipts {
        gone.receipts = forget_emptied(db, before, limit)? + forget_sent(db, before, limit)?;
    }
    Ok(gone)
}

/// One copy of a message whose time is over.
struct Copy {
    inbox: i64,
    seq: i64,
    peer: String,
    bytes: i64,
    held: bool,
}

fn forget_messages(db: &Connection, before: Timestamp, limit: u32) -> Result<usize> {
    let due = db
        .prepare_cached(
            "SELECT inbox, seq, peer, length(CAST(body AS BLOB)), kind = 5 FROM entries INDEXED BY entries_old
             WHERE body IS NOT NULL AND at < ?1 ORDER BY at LIMIT ?2",
        )?
        .query_map(params![before.0 as i64, limit], |row| {
            Ok(Copy {
                inbox: row.get(0)?,
                seq: row.get(1)?,
                peer: row.get(2)?,
                bytes: row.get(3)?,
                held: row.get(4)?,
            })
        })?
        .collect::<Result<Vec<_>>>()?;
    for copy in &due {
        remove(db, copy)?;
    }
    Ok(due.len())
}

fn remove(db: &Connection, copy: &Copy) -> Result<()> {
    db.prepare_cached("DELETE FROM entries WHERE inbox = ?1 AND seq = ?2")?
        .execute(params![copy.inbox, copy.seq])?;
    db.prepare_cached(
        "UPDATE principals SET messages = max(messages - 1, 0), bytes = max(bytes - ?2, 0) WHERE id = ?1",
    )?
    .execute(params![copy.inbox, copy.bytes])?;
    if copy.held {
        db.prepare_cached(
            "UPDATE conversations SET held = max(held - 1, 0) WHERE inbox = ?1 AND peer = ?2",
        )?
        .execute(params![copy.inbox, copy.peer])?;
    }
    // The newest of a conversation is the last to go, unless a clock was wrong.
    db.prepare_cached(
        "UPDATE conversations SET last = (SELECT max(seq) FROM entries INDEXED BY messages_with
             WHERE inbox = ?1 AND peer = ?2 AND body IS NOT NULL)
         WHERE inbox = ?1 AND peer = ?2 AND last = ?3",
    )?
    .execute(params![copy.inbox, copy.peer, copy.seq])?;
    Ok(())
}

/// Rows without content: of deleted messages, their tombstones, and what let somebody in.
fn forget_emptied(db: &Connection, before: Timestamp, limit: u32) -> Result<usize> {
    db.prepare_cached(
        "DELETE FROM entries WHERE (inbox, seq) IN (
             SELECT inbox, seq FROM entries INDEXED BY entries_emptied
             WHERE body IS NULL AND kind NOT IN (2, 3, 7) AND at < ?1 ORDER BY at LIMIT ?2)",
    )?
    .execute(params![before.0 as i64, limit])
}

fn forget_sent(db: &Connection, before: Timestamp, limit: u32) -> Result<usize> {
    db.prepare_cached(
        "DELETE FROM sent WHERE (sender, id) IN (
             SELECT sender, id FROM sent INDEXED BY sent_old WHERE at < ?1 ORDER BY at LIMIT ?2)",
    )?
    .execute(params![before.0 as i64, limit])
}

#[cfg(test)]
mod tests;
