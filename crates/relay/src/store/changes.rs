//! One [`Change`] as SQL: pure bookkeeping inside a transaction that the writer opens and commits.
//!
//! A change about a principal that is not there (a guest that expired meanwhile) does nothing and answers as if it had, except
//! for an append, which has an answer for it.

use lamplight_core::address::{Address, InboxAddress, Principal, Seq};
use lamplight_core::message::{Entry, InstantMessage, What};
use lamplight_core::presence::Note;
use lamplight_core::store::{Change, Copies, First, Kept};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Decision, to_cbor};
use rusqlite::{Connection, OptionalExtension, Result, params};
use sha2::{Digest, Sha256};

use super::rows::{Kind, address, seq};

/// What one inbox holds at most (trust.md B5).
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Messages, received and sent.
    pub messages: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            messages: 10_000,
            bytes: 64 * 1024 * 1024,
        }
    }
}

/// Carries out one change.
pub fn carry_out(db: &Connection, room: Room, change: Change) -> Result<Kept> {
    match change {
        Change::Append { message, copies } => append(db, room, &message, copies),
        Change::Acknowledge { inbox, up_to, at } => acknowledge(db, &inbox, up_to, at),
        Change::MarkRead {
            inbox,
            with,
            up_to,
            at,
        } => mark_read(db, &inbox, &with, up_to, at),
        Change::Delete { inbox, seqs, at } => delete(db, &inbox, &seqs, at),
        other => carry_out_record(db, other).map(|()| Kept::Done),
    }
}

fn carry_out_record(db: &Connection, change: Change) -> Result<()> {
    match change {
        Change::SetContact { watcher, contact } => with_id(db, watcher.address(), |id| {
            let petname = contact.petname.as_ref().map(Note::as_str);
            db.prepare_cached(
                "INSERT INTO contacts (watcher, presentity, petname) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET petname = excluded.petname",
            )?
            .execute(params![id, contact.presentity.as_str(), petname])
        }),
        Change::RemoveContact {
            watcher,
            presentity,
        } => with_id(db, watcher.address(), |id| {
            db.prepare_cached("DELETE FROM contacts WHERE watcher = ?1 AND presentity = ?2")?
                .execute(params![id, presentity.as_str()])
        }),
        Change::SetAccess {
            presentity,
            watcher,
            decision,
            at,
        } => with_id(db, presentity.address(), |id| {
            set_access(db, id, &watcher, decision, at)
        }),
        Change::AddRequest {
            presentity,
            request,
        } => with_id(db, presentity.address(), |id| {
            db.prepare_cached(
                "INSERT OR IGNORE INTO requests (presentity, watcher, at) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![id, request.watcher.as_str(), request.at.0 as i64])
        }),
        Change::RemoveRequest {
            presentity,
            watcher,
        } => with_id(db, presentity.address(), |id| {
            remove_request(db, id, &watcher)
        }),
        Change::KeepTuple { presentity, tuple } => with_id(db, presentity.address(), |id| {
            db.prepare_cached(
                "INSERT INTO tuples (presentity, id, tuple) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET tuple = excluded.tuple",
            )?
            .execute(params![id, tuple.id.as_str(), to_cbor(&tuple)])
        }),
        Change::DropTuple { presentity, tuple } => with_id(db, presentity.address(), |id| {
            db.prepare_cached("DELETE FROM tuples WHERE presentity = ?1 AND id = ?2")?
                .execute(params![id, tuple.as_str()])
        }),
        Change::LastSeen { presentity, at } => {
            db.prepare_cached("UPDATE principals SET last_seen = ?2 WHERE address = ?1")?
                .execute(params![presentity.as_str(), at.0 as i64])?;
            Ok(())
        }
        Change::Append { .. }
        | Change::Acknowledge { .. }
        | Change::MarkRead { .. }
        | Change::Delete { .. } => Ok(()),
    }
}

fn with_id(
    db: &Connection,
    address: &Address,
    change: impl FnOnce(i64) -> Result<usize>,
) -> Result<()> {
    match id_of(db, address)? {
        Some(id) => change(id).map(|_| ()),
        None => Ok(()),
    }
}

/// The row of a principal.
pub fn id_of(db: &Connection, address: &Address) -> Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM principals WHERE address = ?1")?
        .query_row([address.as_str()], |row| row.get(0))
        .optional()
}

fn set_access(
    db: &Connection,
    id: i64,
    watcher: &Principal,
    decision: Option<Decision>,
    at: Timestamp,
) -> Result<usize> {
    remove_request(db, id, watcher)?;
    let Some(decision) = decision else {
        return db
            .prepare_cached("DELETE FROM access WHERE presentity = ?1 AND watcher = ?2")?
            .execute(params![id, watcher.as_str()]);
    };
    let decision = match decision {
        Decision::Allow => 0,
        Decision::Deny => 1,
        Decision::Block => 2,
    };
    db.prepare_cached(
        "INSERT INTO access (presentity, watcher, decision, at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET decision = excluded.decision, at = excluded.at",
    )?
    .execute(params![id, watcher.as_str(), decision, at.0 as i64])
}

fn remove_request(db: &Connection, id: i64, watcher: &Principal) -> Result<usize> {
    db.prepare_cached("DELETE FROM requests WHERE presentity = ?1 AND watcher = ?2")?
        .execute(params![id, watcher.as_str()])
}

/// One inbox while a change works on it.
struct Log<'a> {
    db: &'a Connection,
    id: i64,
    head: u64,
    acknowledged: u64,
    messages: u64,
    bytes: u64,
}

/// What stands in a new row of a log beside its place.
struct Row<'a> {
    kind: Kind,
    peer: &'a Address,
    at: Timestamp,
    id: Option<&'a [u8]>,
    body: Option<&'a str>,
    place: Option<u64>,
}

impl<'a> Log<'a> {
    fn open(db: &'a Connection, inbox: &Address) -> Result<Option<Self>> {
        db.prepare_cached(
            "SELECT id, head, acknowledged, messages, bytes FROM principals WHERE address = ?1",
        )?
        .query_row([inbox.as_str()], |row| {
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

    fn has_room(&self, room: Room, body: &str) -> bool {
        self.messages < room.messages && self.bytes.saturating_add(body.len() as u64) <= room.bytes
    }

    /// The next place; the row for it follows.
    fn next(&mut self) -> u64 {
        self.head += 1;
        self.head
    }

    fn write(&self, place: u64, row: &Row<'_>) -> Result<()> {
        self.db
            .prepare_cached(
                "INSERT INTO entries (inbox, seq, kind, peer, at, id, body, place)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                self.id,
                place as i64,
                row.kind.number(),
                row.peer.as_str(),
                row.at.0 as i64,
                row.id,
                row.body,
                row.place.map(|place| place as i64),
            ])?;
        Ok(())
    }

    fn newest_message(&self, peer: &Address, place: u64) -> Result<()> {
        self.db
            .prepare_cached(
                "INSERT INTO conversations (inbox, peer, last) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET last = excluded.last",
            )?
            .execute(params![self.id, peer.as_str(), place as i64])?;
        Ok(())
    }

    fn save(&self) -> Result<()> {
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
}

fn append(db: &Connection, room: Room, message: &InstantMessage, copies: Copies) -> Result<Kept> {
    let Some(mut sender) = Log::open(db, message.from.address())? else {
        return Ok(Kept::NoInbox);
    };
    let id = message.id.0.to_be_bytes();
    let content = content_of(message);
    if let Some(first) = Once::find(db, sender.id, &id)? {
        return Ok(if first.content == content {
            first.kept(message, First::Repetition)
        } else {
            Kept::IdConflict
        });
    }
    // A note to oneself is one entry, not two.
    let to_another = message.from.address() != message.to.address();
    let Some(receiver) = Log::open(db, message.to.address())? else {
        return Ok(Kept::NoInbox);
    };
    let mut receiver = (copies == Copies::Both && to_another).then_some(receiver);
    if let Some(receiver) = &receiver
        && !receiver.has_room(room, message.body.as_str())
    {
        return Ok(Kept::InboxFull);
    }

    let place = sender.next();
    let receiver_place = receiver.as_mut().map(Log::next);
    write_copy(&mut sender, Kind::Sent, message, place, receiver_place)?;
    if let (Some(receiver), Some(at)) = (&mut receiver, receiver_place) {
        write_copy(receiver, Kind::Received, message, at, Some(place))?;
    }
    let first = Once {
        content,
        at: message.at,
        place,
        receiver_place,
    };
    first.write(db, sender.id, &id)?;
    Ok(first.kept(message, First::Time))
}

fn write_copy(
    log: &mut Log<'_>,
    kind: Kind,
    message: &InstantMessage,
    place: u64,
    other: Option<u64>,
) -> Result<()> {
    let peer = match kind {
        Kind::Received => message.from.address(),
        _ => message.to.address(),
    };
    let id = message.id.0.to_be_bytes();
    log.write(
        place,
        &Row {
            kind,
            peer,
            at: message.at,
            id: Some(&id),
            body: Some(message.body.as_str()),
            place: other,
        },
    )?;
    log.newest_message(peer, place)?;
    log.messages += 1;
    log.bytes += message.body.as_str().len() as u64;
    log.save()
}

/// Equal exactly for equal receivers and bodies.
fn content_of(message: &InstantMessage) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update((message.to.as_str().len() as u64).to_be_bytes());
    hash.update(message.to.as_str());
    hash.update(message.body.as_str());
    hash.finalize()[..16].to_vec()
}

/// What is remembered of a message for ever.
struct Once {
    content: Vec<u8>,
    at: Timestamp,
    place: u64,
    receiver_place: Option<u64>,
}

impl Once {
    fn find(db: &Connection, sender: i64, id: &[u8]) -> Result<Option<Self>> {
        db.prepare_cached(
            "SELECT content, at, place, receiver_place FROM sent WHERE sender = ?1 AND id = ?2",
        )?
        .query_row(params![sender, id], |row| {
            Ok(Self {
                content: row.get(0)?,
                at: Timestamp(row.get::<_, i64>(1)? as u64),
                place: row.get::<_, i64>(2)? as u64,
                receiver_place: row.get::<_, Option<i64>>(3)?.map(|place| place as u64),
            })
        })
        .optional()
    }

    fn write(&self, db: &Connection, sender: i64, id: &[u8]) -> Result<()> {
        db.prepare_cached(
            "INSERT INTO sent (sender, id, content, at, place, receiver_place) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            sender,
            id,
            self.content,
            self.at.0 as i64,
            self.place as i64,
            self.receiver_place.map(|place| place as i64)
        ])?;
        Ok(())
    }

    fn kept(&self, message: &InstantMessage, first: First) -> Kept {
        let entry = |place: u64, with: &Address, what| Entry {
            seq: Seq(place),
            with: with.clone(),
            at: self.at,
            what,
        };
        let said = What::Sent(message.id, message.body.clone());
        let heard = || What::Received(message.id, message.body.clone());
        Kept::Appended {
            sender: entry(self.place, message.to.address(), said),
            receiver: self
                .receiver_place
                .map(|place| entry(place, message.from.address(), heard())),
            first,
        }
    }
}

fn acknowledge(db: &Connection, inbox: &InboxAddress, up_to: Seq, at: Timestamp) -> Result<Kept> {
    let mut marks = Vec::new();
    let Some(mut log) = Log::open(db, inbox.address())? else {
        return Ok(Kept::Acknowledged { marks });
    };
    let (from, to) = (log.acknowledged, up_to.0.min(log.head));
    if to <= from {
        return Ok(Kept::Acknowledged { marks });
    }
    log.acknowledged = to;
    log.save()?;
    for (sender, place) in newest_taken(db, log.id, from, to)? {
        let Some(mut sender_log) = Log::open(db, &sender)? else {
            continue;
        };
        let marked = mark(&mut sender_log, Mark::Delivered, inbox.address(), place, at)?;
        marks.extend(marked.map(|entry| (InboxAddress(sender), entry)));
    }
    Ok(Kept::Acknowledged { marks })
}

/// Of each sender, the place in their own log of the newest message in this span, deleted or not.
fn newest_taken(db: &Connection, inbox: i64, from: u64, to: u64) -> Result<Vec<(Address, u64)>> {
    db.prepare_cached(
        "SELECT peer, max(place) FROM entries
         WHERE inbox = ?1 AND seq > ?2 AND seq <= ?3 AND kind = 0 GROUP BY peer ORDER BY peer",
    )?
    .query_map(params![inbox, from as i64, to as i64], |row| {
        Ok((address(row, 0)?, row.get::<_, i64>(1)? as u64))
    })?
    .collect()
}

fn mark_read(
    db: &Connection,
    inbox: &InboxAddress,
    with: &Address,
    up_to: Seq,
    at: Timestamp,
) -> Result<Kept> {
    let Some(mut log) = Log::open(db, inbox.address())? else {
        return Ok(Kept::Logged {
            entries: Vec::new(),
        });
    };
    let up_to = up_to.0.min(log.head);
    let marked = mark(&mut log, Mark::Read, with, up_to, at)?;
    Ok(Kept::Logged {
        entries: marked.into_iter().collect(),
    })
}

#[derive(Clone, Copy)]
enum Mark {
    Delivered,
    Read,
}

/// Puts a mark at the end of the log in the place of the conversation's earlier one, if it goes beyond that.
fn mark(
    log: &mut Log<'_>,
    mark: Mark,
    peer: &Address,
    place: u64,
    at: Timestamp,
) -> Result<Option<Entry>> {
    let (select, upsert, kind) = match mark {
        Mark::Delivered => (
            "SELECT delivered, delivered_mark FROM conversations WHERE inbox = ?1 AND peer = ?2",
            "INSERT INTO conversations (inbox, peer, delivered, delivered_mark) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET delivered = excluded.delivered, delivered_mark = excluded.delivered_mark",
            Kind::Delivered,
        ),
        Mark::Read => (
            "SELECT read, read_mark FROM conversations WHERE inbox = ?1 AND peer = ?2",
            "INSERT INTO conversations (inbox, peer, read, read_mark) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET read = excluded.read, read_mark = excluded.read_mark",
            Kind::Read,
        ),
    };
    let earlier: Option<(i64, Option<i64>)> = log
        .db
        .prepare_cached(select)?
        .query_row(params![log.id, peer.as_str()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let (reached, stands) = earlier.unwrap_or_default();
    if place <= reached as u64 {
        return Ok(None);
    }
    if let Some(stands) = stands {
        log.db
            .prepare_cached("DELETE FROM entries WHERE inbox = ?1 AND seq = ?2")?
            .execute(params![log.id, stands])?;
    }
    let at_place = log.next();
    log.write(
        at_place,
        &Row {
            kind,
            peer,
            at,
            id: None,
            body: None,
            place: Some(place),
        },
    )?;
    log.db.prepare_cached(upsert)?.execute(params![
        log.id,
        peer.as_str(),
        place as i64,
        at_place as i64
    ])?;
    log.save()?;
    Ok(Some(Entry {
        seq: Seq(at_place),
        with: peer.clone(),
        at,
        what: match mark {
            Mark::Delivered => What::Delivered(Seq(place)),
            Mark::Read => What::Read(Seq(place)),
        },
    }))
}

fn delete(db: &Connection, inbox: &InboxAddress, seqs: &[Seq], at: Timestamp) -> Result<Kept> {
    let mut entries = Vec::new();
    let Some(mut log) = Log::open(db, inbox.address())? else {
        return Ok(Kept::Logged { entries });
    };
    for gone in seqs {
        let Some(peer) = empty(&mut log, *gone)? else {
            continue;
        };
        let place = log.next();
        log.write(
            place,
            &Row {
                kind: Kind::Deleted,
                peer: &peer,
                at,
                id: None,
                body: None,
                place: Some(gone.0),
            },
        )?;
        entries.push(Entry {
            seq: Seq(place),
            with: peer,
            at,
            what: What::Deleted(*gone),
        });
    }
    log.save()?;
    Ok(Kept::Logged { entries })
}

/// Takes the content out of a message; the peer it was with, or `None` if no message with content stands there.
fn empty(log: &mut Log<'_>, gone: Seq) -> Result<Option<Address>> {
    let Ok(place) = i64::try_from(gone.0) else {
        return Ok(None);
    };
    let found = log
        .db
        .prepare_cached(
            "SELECT peer, length(CAST(body AS BLOB)) FROM entries
             WHERE inbox = ?1 AND seq = ?2 AND body IS NOT NULL",
        )?
        .query_row(params![log.id, place], |row| {
            Ok((address(row, 0)?, row.get::<_, i64>(1)? as u64))
        })
        .optional()?;
    let Some((peer, bytes)) = found else {
        return Ok(None);
    };
    log.db
        .prepare_cached("UPDATE entries SET body = NULL, id = NULL WHERE inbox = ?1 AND seq = ?2")?
        .execute(params![log.id, place])?;
    log.messages = log.messages.saturating_sub(1);
    log.bytes = log.bytes.saturating_sub(bytes);
    let newest: Option<Seq> = log
        .db
        .prepare_cached(
            "SELECT max(seq) FROM entries WHERE inbox = ?1 AND peer = ?2 AND body IS NOT NULL",
        )?
        .query_row(params![log.id, peer.as_str()], |row| seq(row, 0))?;
    log.db
        .prepare_cached("UPDATE conversations SET last = ?3 WHERE inbox = ?1 AND peer = ?2")?
        .execute(params![
            log.id,
            peer.as_str(),
            newest.map(|newest| newest.0 as i64)
        ])?;
    Ok(Some(peer))
}
