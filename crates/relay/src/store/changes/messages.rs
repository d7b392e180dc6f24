//! Changes of the INSTANT MESSAGE SERVICE: what is appended to logs, taken, read, deleted, admitted and emptied.

use std::collections::{BTreeMap, BTreeSet};

use lamplight_core::address::{Address, InboxAddress, Principal, Seq, Tag};
use lamplight_core::message::{Entry, InstantMessage, What};
use lamplight_core::store::{Copies, First, Kept};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::to_cbor;
use rusqlite::{Connection, OptionalExtension, Result, params};
use sha2::{Digest, Sha256};

use super::super::rows::{Kind, address, tag, tag_text};
use super::Room;
use super::log::{Log, Mark, Message, Row};

pub fn append(
    db: &Connection,
    room: Room,
    message: &InstantMessage,
    copies: Copies,
) -> Result<Kept> {
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
    let (owner, tag) = message.to.address().untagged();
    let Some(receiver) = Log::open(db, &owner)? else {
        return Ok(Kept::NoInbox);
    };
    if !accepts(db, receiver.id, tag.as_ref(), message.at)? {
        return Ok(Kept::NoInbox);
    }
    let kind = match copies {
        Copies::Both => Some(Kind::Received),
        Copies::Held => Some(Kind::Held),
        Copies::SenderOnly => None,
    };
    // A note to oneself is one entry, not two.
    let kind = kind.filter(|_| owner != *message.from.address());
    if kind.is_some() && !receiver.has_room(room, message.body.as_str()) {
        return Ok(Kept::InboxFull);
    }

    let place = sender.next();
    let mut copy = kind.map(|kind| (kind, receiver));
    let receiver_place = copy.as_mut().map(|(_, receiver)| receiver.next());
    write_copy(&mut sender, Kind::Sent, message, place, receiver_place)?;
    sender.knows(message.to.address())?;
    if let (Some((kind, receiver)), Some(at)) = (&mut copy, receiver_place) {
        write_copy(receiver, *kind, message, at, Some(place))?;
        count(db, receiver.id, tag.as_ref(), *kind)?;
    }
    let first = Once {
        content,
        at: message.at,
        place,
        receiver_place,
        held: kind == Some(Kind::Held),
    };
    first.write(db, sender.id, &id)?;
    Ok(first.kept(message, First::Time))
}

/// Whether this inbox address is there and its end has not come.
fn accepts(db: &Connection, principal: i64, tag: Option<&Tag>, at: Timestamp) -> Result<bool> {
    let until: Option<Option<i64>> = db
        .prepare_cached("SELECT until FROM inboxes WHERE principal = ?1 AND tag = ?2")?
        .query_row(params![principal, tag_text(tag)], |row| row.get(0))
        .optional()?;
    Ok(match until {
        // The one from sign-up is there without a row.
        None => tag.is_none(),
        Some(until) => until.is_none_or(|until| at < Timestamp(until as u64)),
    })
}

/// Something came through an inbox address that is there.
fn count(db: &Connection, principal: i64, tag: Option<&Tag>, kind: Kind) -> Result<()> {
    let sql = match kind {
        Kind::Held => {
            "INSERT INTO inboxes (principal, tag, held) VALUES (?1, ?2, 1)
             ON CONFLICT DO UPDATE SET held = min(held + 1, 4294967295)"
        }
        _ => {
            "INSERT INTO inboxes (principal, tag, delivered) VALUES (?1, ?2, 1)
             ON CONFLICT DO UPDATE SET delivered = min(delivered + 1, 4294967295)"
        }
    };
    db.prepare_cached(sql)?
        .execute(params![principal, tag_text(tag)])?;
    Ok(())
}

fn write_copy(
    log: &mut Log<'_>,
    kind: Kind,
    message: &InstantMessage,
    place: u64,
    other: Option<u64>,
) -> Result<()> {
    let (sender, through) = (message.sender(), message.to.tag());
    let (peer, own, by, called) = match kind {
        Kind::Sent => (
            message.to.address(),
            message.alias.as_ref(),
            message.by.as_ref(),
            None,
        ),
        _ => (&sender, through.as_ref(), None, message.called.as_ref()),
    };
    let called = called.map(to_cbor);
    let body = message.body.as_str();
    log.write(
        place,
        &Row {
            kind,
            peer,
            at: message.at,
            place: other,
            message: Some(Message {
                id: &message.id.0.to_be_bytes(),
                body,
                own,
                by,
                called: called.as_deref(),
            }),
        },
    )?;
    log.newest_message(peer, place, kind, called.as_deref())?;
    log.messages += 1;
    log.bytes += body.len() as u64;
    log.save()
}

/// Equal exactly for equal receivers, bodies and addresses to answer to.
fn content_of(message: &InstantMessage) -> Vec<u8> {
    let mut hash = Sha256::new();
    if let Some(alias) = &message.alias {
        // No address is as long as this, so nothing without an alias hashes the same.
        hash.update(u64::MAX.to_be_bytes());
        hash.update((alias.as_str().len() as u64).to_be_bytes());
        hash.update(alias.as_str());
    }
    hash.update((message.to.as_str().len() as u64).to_be_bytes());
    hash.update(message.to.as_str());
    hash.update(message.body.as_str());
    hash.finalize()[..16].to_vec()
}

/// What is remembered of a message for as long as a repetition may come.
struct Once {
    content: Vec<u8>,
    at: Timestamp,
    place: u64,
    receiver_place: Option<u64>,
    held: bool,
}

impl Once {
    fn find(db: &Connection, sender: i64, id: &[u8]) -> Result<Option<Self>> {
        db.prepare_cached(
            "SELECT content, at, place, receiver_place, held FROM sent WHERE sender = ?1 AND id = ?2",
        )?
        .query_row(params![sender, id], |row| {
            Ok(Self {
                content: row.get(0)?,
                at: Timestamp(row.get::<_, i64>(1)? as u64),
                place: row.get::<_, i64>(2)? as u64,
                receiver_place: row.get::<_, Option<i64>>(3)?.map(|place| place as u64),
                held: row.get(4)?,
            })
        })
        .optional()
    }

    fn write(&self, db: &Connection, sender: i64, id: &[u8]) -> Result<()> {
        db.prepare_cached(
            "INSERT INTO sent (sender, id, content, at, place, receiver_place, held)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            sender,
            id,
            self.content,
            self.at.0 as i64,
            self.place as i64,
            self.receiver_place.map(|place| place as i64),
            self.held
        ])?;
        Ok(())
    }

    fn kept(&self, message: &InstantMessage, first: First) -> Kept {
        let (id, body) = (message.id, message.body.clone());
        let sender = Entry {
            seq: Seq(self.place),
            with: message.to.address().clone(),
            at: self.at,
            what: What::Sent(id, body.clone()),
            own: message.alias.clone(),
            by: message.by.clone(),
            called: None,
        };
        let receiver = self.receiver_place.map(|place| Entry {
            seq: Seq(place),
            with: message.sender(),
            at: self.at,
            what: if self.held {
                What::Held(id, body)
            } else {
                What::Received(id, body)
            },
            own: message.to.tag(),
            by: None,
            called: message.called.clone(),
        });
        Kept::Appended {
            sender,
            receiver,
            first,
        }
    }
}

pub fn acknowledge(
    db: &Connection,
    inbox: &InboxAddress,
    up_to: Seq,
    told: &[Address],
    at: Timestamp,
) -> Result<Kept> {
    let mut marks = Vec::new();
    let own = inbox.principal();
    let Some(mut log) = Log::open(db, own.address())? else {
        return Ok(Kept::Acknowledged { marks });
    };
    let (from, to) = (log.acknowledged, up_to.0.min(log.head));
    if to <= from {
        return Ok(Kept::Acknowledged { marks });
    }
    log.acknowledged = to;
    log.save()?;
    if told.is_empty() {
        return Ok(Kept::Acknowledged { marks });
    }
    let told: BTreeSet<&Address> = told.iter().collect();
    for ((sender, with), place) in newest_taken(&log, &own, (from, to), &told)? {
        let Some(mut sender_log) = Log::open(db, sender.address())? else {
            continue;
        };
        let marked = sender_log.mark(Mark::Delivered, with.address(), place, at)?;
        marks.extend(marked.map(|entry| (sender.inbox(), entry)));
    }
    Ok(Kept::Acknowledged { marks })
}

/// Of each sender and each address that they wrote to: the place in their own log of the newest message that was taken in this
/// span, deleted or not. With an `Admitted` entry everything was taken that it let in.
fn newest_taken(
    log: &Log<'_>,
    own: &Principal,
    (from, to): (u64, u64),
    told: &BTreeSet<&Address>,
) -> Result<BTreeMap<(Principal, InboxAddress), u64>> {
    let mut newest = BTreeMap::new();
    let mut admitted = Vec::new();
    let mut take = |peer: &Address, through: Option<Tag>, place: u64| {
        let sender = Principal(peer.untagged().0);
        let reached: &mut u64 = newest
            .entry((sender, own.inbox_of(through.as_ref())))
            .or_default();
        *reached = place.max(*reached);
    };
    let mut statement = log.db.prepare_cached(
        "SELECT peer, own, kind, max(coalesce(place, seq)) FROM entries
         WHERE inbox = ?1 AND seq > ?2 AND seq <= ?3 AND kind IN (0, 6) GROUP BY peer, own, kind",
    )?;
    let mut rows = statement.query(params![log.id, from as i64, to as i64])?;
    while let Some(row) = rows.next()? {
        let peer = address(row, 0)?;
        if !told.contains(&peer) {
            continue;
        }
        let place: i64 = row.get(3)?;
        if row.get::<_, i64>(2)? == Kind::Admitted.number() {
            admitted.push((peer, place));
        } else {
            take(&peer, tag(row, 1)?, place as u64);
        }
    }
    for (peer, seq) in admitted {
        let mut statement = log.db.prepare_cached(
            "SELECT own, max(place) FROM entries INDEXED BY messages_with
             WHERE inbox = ?1 AND peer = ?2 AND seq < ?3 AND kind = 0 AND body IS NOT NULL GROUP BY own",
        )?;
        let mut rows = statement.query(params![log.id, peer.as_str(), seq])?;
        while let Some(row) = rows.next()? {
            take(&peer, tag(row, 0)?, row.get::<_, i64>(1)? as u64);
        }
    }
    Ok(newest)
}

pub fn mark_read(
    db: &Connection,
    inbox: &InboxAddress,
    with: &Address,
    up_to: Seq,
    at: Timestamp,
) -> Result<Kept> {
    let mut entries = Vec::new();
    if let Some(mut log) = Log::of(db, inbox)? {
        let up_to = up_to.0.min(log.head);
        entries.extend(log.mark(Mark::Read, with, up_to, at)?);
    }
    Ok(Kept::Logged { entries })
}

pub fn delete(db: &Connection, inbox: &InboxAddress, seqs: &[Seq], at: Timestamp) -> Result<Kept> {
    let mut entries = Vec::new();
    let Some(mut log) = Log::of(db, inbox)? else {
        return Ok(Kept::Logged { entries });
    };
    for gone in seqs {
        if let Some(peer) = log.empty(*gone)? {
            entries.push(log.note(Kind::Deleted, &peer, at, What::Deleted(*gone))?);
        }
    }
    log.save()?;
    Ok(Kept::Logged { entries })
}

pub fn admit(db: &Connection, inbox: &InboxAddress, with: &Address, at: Timestamp) -> Result<Kept> {
    let mut entries = Vec::new();
    let Some(mut log) = Log::of(db, inbox)? else {
        return Ok(Kept::Logged { entries });
    };
    log.knows(with)?;
    let (id, peer) = (log.id, with.as_str());
    let had_held = db
        .prepare_cached(
            "UPDATE conversations SET held = 0 WHERE inbox = ?1 AND peer = ?2 AND held > 0",
        )?
        .execute(params![id, peer])?;
    if had_held > 0 {
        db.prepare_cached(
            "UPDATE entries INDEXED BY messages_with SET kind = 0
             WHERE inbox = ?1 AND peer = ?2 AND kind = 5 AND body IS NOT NULL",
        )?
        .execute(params![id, peer])?;
        entries.push(log.note(Kind::Admitted, with, at, What::Admitted)?);
        log.save()?;
    }
    Ok(Kept::Logged { entries })
}

/// Messages that no device has taken yet keep their rows, without content: delivery marks still need their places.
pub fn clear(db: &Connection, inbox: &InboxAddress, with: &Address, at: Timestamp) -> Result<Kept> {
    let mut entries = Vec::new();
    let Some(mut log) = Log::of(db, inbox)? else {
        return Ok(Kept::Logged { entries });
    };
    let (id, peer) = (log.id, with.as_str());
    let (messages, bytes): (i64, i64) = db
        .prepare_cached(
            "SELECT count(*), coalesce(sum(length(CAST(body AS BLOB))), 0) FROM entries INDEXED BY messages_with
             WHERE inbox = ?1 AND peer = ?2 AND body IS NOT NULL",
        )?
        .query_row(params![id, peer], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if messages == 0 {
        return Ok(Kept::Logged { entries });
    }
    db.prepare_cached(
        "DELETE FROM entries INDEXED BY messages_with
         WHERE inbox = ?1 AND peer = ?2 AND body IS NOT NULL AND (kind <> 0 OR seq <= ?3)",
    )?
    .execute(params![id, peer, log.acknowledged as i64])?;
    db.prepare_cached(
        "UPDATE entries INDEXED BY messages_with SET body = NULL, id = NULL, called = NULL
         WHERE inbox = ?1 AND peer = ?2 AND body IS NOT NULL",
    )?
    .execute(params![id, peer])?;
    log.messages = log.messages.saturating_sub(messages as u64);
    log.bytes = log.bytes.saturating_sub(bytes as u64);
    let earlier: Option<i64> = db
        .prepare_cached("SELECT cleared_mark FROM conversations WHERE inbox = ?1 AND peer = ?2")?
        .query_row(params![id, peer], |row| row.get(0))?;
    if let Some(earlier) = earlier {
        log.remove(earlier)?;
    }
    let up_to = Seq(log.head);
    let cleared = log.note(Kind::Cleared, with, at, What::Cleared(up_to))?;
    db.prepare_cached(
        "UPDATE conversations SET last = NULL, held = 0, called = NULL, cleared_mark = ?3 WHERE inbox = ?1 AND peer = ?2",
    )?
    .execute(params![id, peer, cleared.seq.0 as i64])?;
    log.save()?;
    entries.push(cleared);
    Ok(Kept::Logged { entries })
}
