//! One inbox's log while a change works on it: places are given, rows and marks written, room is counted.

use lamplight_core::address::{Address, InboxAddress, Principal, Seq, Tag};
use lamplight_core::message::{Entry, What};
use lamplight_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::super::rows::{Kind, address, seq};
use super::Room;

/// One inbox while a change works on it.
pub struct Log<'a> {
    pub db: &'a Connection,
    pub id: i64,
    pub head: u64,
    pub acknowledged: u64,
    pub messages: u64,
    pub bytes: u64,
}

/// What stands in a new row of a log beside its place.
pub struct Row<'a> {
    pub kind: Kind,
    pub peer: &'a Address,
    pub at: Timestamp,
    pub place: Option<u64>,
    pub message: Option<Message<'a>>,
}

/// What the row of a message has besides.
pub struct Message<'a> {
    pub id: &'a [u8],
    pub body: &'a str,
    pub own: Option<&'a Tag>,
    pub by: Option<&'a Principal>,
    pub called: Option<&'a [u8]>,
}

/// Marks of which the later one of a conversation replaces the earlier.
#[derive(Clone, Copy)]
pub enum Mark {
    Delivered,
    Read,
}

impl<'a> Log<'a> {
    /// The log of whoever controls this inbox address.
    pub fn of(db: &'a Connection, inbox: &InboxAddress) -> Result<Option<Self>> {
        Self::open(db, inbox.principal().address())
    }

    /// The log of this principal.
    pub fn open(db: &'a Connection, principal: &Address) -> Result<Option<Self>> {
        db.prepare_cached(
            "SELECT id, head, acknowledged, messages, bytes FROM principals WHERE address = ?1",
        )?
        .query_row([principal.as_str()], |row| {
            Ok(Self {
                db,
                id: row.get(0)?,
                head: row.get::<_, i64>(1)? as u64,
                acknowledged: row.get::<_, i64>(2)? as u64,
                messages: row.get::<_, i64>(3)? as u64,
                bytes: row.get::<_, i64>(4)? as u64,
            })
        })
        .optional()
    }

    pub fn has_room(&self, room: Room, body: &str) -> bool {
        self.messages < room.messages && self.bytes.saturating_add(body.len() as u64) <= room.bytes
    }

    /// The next place; the row for it follows.
    pub fn next(&mut self) -> u64 {
        self.head += 1;
        self.head
    }

    pub fn write(&self, place: u64, row: &Row<'_>) -> Result<()> {
        let message = row.message.as_ref();
        self.db
            .prepare_cached(
                "INSERT INTO entries (inbox, seq, kind, peer, at, place, id, body, own, by, called)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                self.id,
                place as i64,
                row.kind.number(),
                row.peer.as_str(),
                row.at.0 as i64,
                row.place.map(|place| place as i64),
                message.map(|message| message.id),
                message.map(|message| message.body),
                message.and_then(|message| message.own).map(Tag::as_str),
                message
                    .and_then(|message| message.by)
                    .map(Principal::as_str),
                message.and_then(|message| message.called),
            ])?;
        Ok(())
    }

    /// Writes a row without content at the next place, and gives the entry that it is.
    pub fn note(&mut self, kind: Kind, peer: &Address, at: Timestamp, what: What) -> Result<Entry> {
        let place = match what {
            What::Delivered(place)
            | What::Read(place)
            | What::Deleted(place)
            | What::Cleared(place) => Some(place.0),
            _ => None,
        };
        let seq = self.next();
        self.write(
            seq,
            &Row {
                kind,
                peer,
                at,
                place,
                message: None,
            },
        )?;
        Ok(Entry {
            seq: Seq(seq),
            with: peer.clone(),
            at,
            what,
            own: None,
            by: None,
            called: None,
        })
    }

    pub fn newest_message(
        &self,
        peer: &Address,
        place: u64,
        kind: Kind,
        called: Option<&[u8]>,
    ) -> Result<()> {
        self.db
            .prepare_cached(
                "INSERT INTO conversations (inbox, peer, last, held, called) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET last = excluded.last, held = held + excluded.held,
                 called = coalesce(excluded.called, called)",
            )?
            .execute(params![
                self.id,
                peer.as_str(),
                place as i64,
                kind == Kind::Held,
                called
            ])?;
        Ok(())
    }

    /// From now on this principal has written to that address, or admitted it.
    pub fn knows(&self, peer: &Address) -> Result<()> {
        self.db
            .prepare_cached("INSERT OR IGNORE INTO known (principal, peer) VALUES (?1, ?2)")?
            .execute(params![self.id, peer.as_str()])?;
        Ok(())
    }

    pub fn save(&self) -> Result<()> {
        self.db
            .prepare_cached(
                "UPDATE principals SET head = ?2, acknowledged = ?3, messages = ?4, bytes = ?5 WHERE id = ?1",
            )?
            .execute(params![
                self.id,
                self.head as i64,
                self.acknowledged as i64,
                self.messages as i64,
                self.bytes as i64
            ])?;
        Ok(())
    }

    pub fn remove(&self, place: i64) -> Result<()> {
        self.db
            .prepare_cached("DELETE FROM entries WHERE inbox = ?1 AND seq = ?2")?
            .execute(params![self.id, place])?;
        Ok(())
    }

    /// Puts a mark at the end of the log in the place of the conversation's earlier one, if it goes beyond that.
    pub fn mark(
        &mut self,
        mark: Mark,
        peer: &Address,
        place: u64,
        at: Timestamp,
    ) -> Result<Option<Entry>> {
        let (select, upsert) = match mark {
            Mark::Delivered => (
                "SELECT delivered, delivered_mark FROM conversations WHERE inbox = ?1 AND peer = ?2",
                "INSERT INTO conversations (inbox, peer, delivered, delivered_mark) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET delivered = excluded.delivered, delivered_mark = excluded.delivered_mark",
            ),
            Mark::Read => (
                "SELECT read, read_mark FROM conversations WHERE inbox = ?1 AND peer = ?2",
                "INSERT INTO conversations (inbox, peer, read, read_mark) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET read = excluded.read, read_mark = excluded.read_mark",
            ),
        };
        let earlier: Option<(i64, Option<i64>)> = self
            .db
            .prepare_cached(select)?
            .query_row(params![self.id, peer.as_str()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let (reached, stands) = earlier.unwrap_or_default();
        if place <= reached as u64 {
            return Ok(None);
        }
        if let Some(stands) = stands {
            self.remove(stands)?;
        }
        let (kind, what) = match mark {
            Mark::Delivered => (Kind::Delivered, What::Delivered(Seq(place))),
            Mark::Read => (Kind::Read, What::Read(Seq(place))),
        };
        let entry = self.note(kind, peer, at, what)?;
        self.db.prepare_cached(upsert)?.execute(params![
            self.id,
            peer.as_str(),
            place as i64,
            entry.seq.0 as i64
        ])?;
        self.save()?;
        Ok(Some(entry))
    }

    /// Takes the content out of a message; the peer it was with, or `None` if no message with content stands there.
    pub fn empty(&mut self, gone: Seq) -> Result<Option<Address>> {
        let Ok(place) = i64::try_from(gone.0) else {
            return Ok(None);
        };
        let found = self
            .db
            .prepare_cached(
                "SELECT peer, length(CAST(body AS BLOB)), kind = 5 FROM entries
                 WHERE inbox = ?1 AND seq = ?2 AND body IS NOT NULL",
            )?
            .query_row(params![self.id, place], |row| {
                let bytes = row.get::<_, i64>(1)? as u64;
                Ok((address(row, 0)?, bytes, row.get::<_, bool>(2)?))
            })
            .optional()?;
        let Some((peer, bytes, held)) = found else {
            return Ok(None);
        };
        self.db
            .prepare_cached(
                "UPDATE entries SET body = NULL, id = NULL, by = NULL, called = NULL WHERE inbox = ?1 AND seq = ?2",
            )?
            .execute(params![self.id, place])?;
        self.messages = self.messages.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
        let newest: Option<Seq> = self
            .db
            .prepare_cached(
                "SELECT max(seq) FROM entries INDEXED BY messages_with
                 WHERE inbox = ?1 AND peer = ?2 AND body IS NOT NULL",
            )?
            .query_row(params![self.id, peer.as_str()], |row| seq(row, 0))?;
        self.db
            .prepare_cached(
                "UPDATE conversations SET last = ?3, held = held - ?4 WHERE inbox = ?1 AND peer = ?2",
            )?
            .execute(params![
                self.id,
                peer.as_str(),
                newest.map(|newest| newest.0 as i64),
                held
            ])?;
        Ok(Some(peer))
    }
}
