//! One [`Key`] as SQL: what the service asks for, from one consistent reading of the database.

use std::collections::BTreeMap;

use lamplight_core::address::{Address, Epoch, InboxAddress, Presentity, Principal, Seq, Tag};
use lamplight_core::message::{Conversation, Entry};
use lamplight_core::presence::{Note, PresenceTuple};
use lamplight_core::store::{
    InboxRecord, Key, Loaded, PresentityRecord, SenderRecord, WatcherRecord,
};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Access, Contact, Counts, OwnInbox, OwnPresentity, Request, from_cbor};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Result, Row, ToSql, params};

use super::changes::id_of;
use super::ledger;
use super::rows::{
    self, ENTRY, access_rules, address, called, class, damaged, decision, delivery_rules, entry,
    note, seq, tag_text, timestamp, visibility,
};

/// Whether a key can be long: those are read beside the writer instead of between its changes.
pub fn is_long(key: &Key) -> bool {
    matches!(
        key,
        Key::Log { .. } | Key::History { .. } | Key::Conversations(_) | Key::Watchers { .. }
    )
}

/// Reads what was asked for. The caller holds a transaction, so that several statements read one state.
pub fn load(db: &Connection, epoch: Epoch, key: &Key) -> Result<Loaded> {
    match key {
        Key::Presentity(presentity) => presentity_record(db, presentity).map(Loaded::Presentity),
        Key::Watcher(watcher) => watcher_record(db, watcher).map(Loaded::Watcher),
        Key::Sender(own, sender) => sender_record(db, own, sender).map(Loaded::Sender),
        Key::Unacknowledged { inbox, up_to } => {
            unacknowledged(db, inbox, *up_to).map(Loaded::Unacknowledged)
        }
        Key::Watchers { presentity, since } => {
            ledger::load(db, presentity, *since).map(Loaded::Watchers)
        }
        Key::Inbox(inbox) => inbox_record(db, epoch, inbox).map(Loaded::Inbox),
        Key::Log {
            inbox,
            after,
            limit,
        } => log(db, epoch, inbox, *after, *limit),
        Key::History {
            inbox,
            with,
            before,
            limit,
        } => history(db, inbox, with.as_ref(), *before, *limit),
        Key::Conversations(inbox) => conversations(db, epoch, inbox),
    }
}

/// What [`presentity_record`] reads first.
struct Found {
    principal: i64,
    record: PresentityRecord,
}

fn presentity_record(db: &Connection, of: &Presentity) -> Result<Option<PresentityRecord>> {
    let (owner, tag) = of.address().untagged();
    let Some(found) = find_presentity(db, &owner, tag.as_ref())? else {
        return Ok(None);
    };
    let (id, mut record) = (found.principal, found.record);
    let key = params![id, tag_text(tag.as_ref())];
    record.access = rows(
        db,
        "SELECT watcher, decision, part, at FROM access WHERE principal = ?1 AND tag = ?2 ORDER BY watcher",
        key,
        access,
    )?;
    record.requests = rows(
        db,
        "SELECT watcher, at, called FROM requests WHERE principal = ?1 AND tag = ?2 ORDER BY nr",
        key,
        request,
    )?;
    record.tuples = rows(
        db,
        "SELECT tuple FROM tuples WHERE principal = ?1 AND tag = ?2 ORDER BY id",
        key,
        tuple,
    )?;
    stood(db, key, &mut record)?;
    if record.speaks_of_contacts() {
        record.contacts = grouped(contacts(db, id)?);
    }
    if tag.is_none() {
        record.further = rows(
            db,
            "SELECT tag FROM presentities WHERE principal = ?1 AND tag <> '' ORDER BY tag",
            params![id],
            |row| rows::tag(row, 0)?.ok_or_else(|| damaged(0, "a tag")),
        )?;
        record.inboxes = inboxes(db, id)?;
    }
    Ok(Some(record))
}

/// The principal's row and what else stands in one row; a further presentity is there once it was made.
fn find_presentity(db: &Connection, owner: &Address, tag: Option<&Tag>) -> Result<Option<Found>> {
    let found = db
        .prepare_cached(
            "SELECT p.id, p.class, p.last_seen, f.tag IS NOT NULL, f.label, f.rules, f.last_seen
             FROM principals p LEFT JOIN presentities f ON f.principal = p.id AND f.tag = ?2
             WHERE p.address = ?1",
        )?
        .query_row(params![owner.as_str(), tag_text(tag)], |row| {
            if tag.is_some() && !row.get::<_, bool>(3)? {
                return Ok(None);
            }
            let last_seen = if tag.is_some() { 6 } else { 2 };
            Ok(Some(Found {
                principal: row.get(0)?,
                record: PresentityRecord {
                    last_seen: timestamp(row, last_seen)?,
                    class: class(row, 1)?,
                    own: OwnPresentity {
                        tag: tag.cloned(),
                        label: note(row, 4)?,
                        rules: access_rules(row, 5)?,
                    },
                    ..PresentityRecord::default()
                },
            }))
        })
        .optional()?;
    Ok(found.flatten())
}

fn rows<T>(
    db: &Connection,
    sql: &'static str,
    key: &[&dyn ToSql],
    read: fn(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    db.prepare_cached(sql)?.query_map(key, read)?.collect()
}

fn access(row: &Row<'_>) -> Result<Access> {
    Ok(Access {
        watcher: Principal(address(row, 0)?),
        decision: decision(row, 1)?,
        at: timestamp(row, 3)?,
    })
}

/// How it stood before it blocked: to each watcher, and to all whom its rules block.
fn stood(db: &Connection, key: &[&dyn ToSql], record: &mut PresentityRecord) -> Result<()> {
    let mut statement = db.prepare_cached(
        "SELECT watcher, before FROM stood WHERE principal = ?1 AND tag = ?2 ORDER BY watcher",
    )?;
    let mut rows = statement.query(key)?;
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref(1)?.as_blob()?;
        let broken = |_| damaged(1, "how it stood before a block");
        if row.get_ref(0)?.as_str()?.is_empty() {
            record.turns = from_cbor(bytes).map_err(broken)?;
        } else {
            let watcher = Principal(address(row, 0)?);
            let before = from_cbor(bytes).map_err(broken)?;
            record.before.push((watcher, before));
        }
    }
    Ok(())
}

fn request(row: &Row<'_>) -> Result<Request> {
    Ok(Request {
        watcher: Principal(address(row, 0)?),
        at: timestamp(row, 1)?,
        called: called(row, 2)?,
    })
}

fn tuple(row: &Row<'_>) -> Result<PresenceTuple> {
    from_cbor(row.get_ref(0)?.as_blob()?).map_err(|_| damaged(0, "a presence tuple"))
}

/// The inbox addresses that have something to tell, the one from sign-up first.
fn inboxes(db: &Connection, principal: i64) -> Result<Vec<OwnInbox>> {
    let mut inboxes = rows(
        db,
        "SELECT tag, label, until, rules, delivered, held, refused FROM inboxes WHERE principal = ?1 ORDER BY tag",
        params![principal],
        |row| {
            Ok(OwnInbox {
                tag: rows::tag(row, 0)?,
                label: note(row, 1)?,
                until: row.get::<_, Option<i64>>(2)?.map(|at| Timestamp(at as u64)),
                rules: delivery_rules(row, 3)?,
                counts: Counts {
                    delivered: row.get(4)?,
                    held: row.get(5)?,
                    refused: row.get(6)?,
                },
            })
        },
    )?;
    inboxes.retain(|own| *own != OwnInbox::default());
    Ok(inboxes)
}

fn watcher_record(db: &Connection, watcher: &Principal) -> Result<WatcherRecord> {
    let Some(id) = id_of(db, watcher.address())? else {
        return Ok(WatcherRecord::default());
    };
    let rules = rows(
        db,
        "SELECT presentity, value FROM visibility WHERE watcher = ?1 ORDER BY presentity",
        params![id],
        |row| {
            let all_others = row.get_ref(0)?.as_str()?.is_empty();
            let presentity = match all_others {
                true => None,
                false => Some(Presentity(address(row, 0)?)),
            };
            Ok((presentity, visibility(row, 1)?))
        },
    )?;
    let mut record = WatcherRecord {
        contacts: contacts(db, id)?,
        ..WatcherRecord::default()
    };
    for (presentity, value) in rules {
        match presentity {
            Some(presentity) => record.visibility.exceptions.push((presentity, value)),
            None => record.visibility.otherwise = value,
        }
    }
    Ok(record)
}

fn contacts(db: &Connection, watcher: i64) -> Result<Vec<Contact>> {
    rows(
        db,
        "SELECT presentity, petname, grp FROM contacts WHERE watcher = ?1 ORDER BY presentity",
        params![watcher],
        |row| {
            Ok(Contact {
                presentity: Presentity(address(row, 0)?),
                petname: note(row, 1)?,
                group: note(row, 2)?,
            })
        },
    )
}

/// Each principal once, with its group; of several presentities the one from sign-up counts, else the first.
fn grouped(contacts: Vec<Contact>) -> Vec<(Principal, Option<Note>)> {
    let mut of_principals = BTreeMap::new();
    for contact in contacts {
        let key = contact.presentity.principal();
        if contact.presentity.tag().is_none() {
            of_principals.insert(key, contact.group);
        } else {
            of_principals.entry(key).or_insert(contact.group);
        }
    }
    of_principals.into_iter().collect()
}

fn sender_record(db: &Connection, own: &Principal, sender: &Address) -> Result<SenderRecord> {
    let found = db
        .prepare_cached(
            "SELECT c.presentity IS NOT NULL, c.grp, k.peer IS NOT NULL, coalesce(v.held, 0)
             FROM principals p
             LEFT JOIN contacts c ON c.watcher = p.id AND c.presentity = ?2
             LEFT JOIN known k ON k.principal = p.id AND k.peer = ?2
             LEFT JOIN conversations v ON v.inbox = p.id AND v.peer = ?2
             WHERE p.address = ?1",
        )?
        .query_row(params![own.as_str(), sender.as_str()], |row| {
            Ok(SenderRecord {
                contact: row.get(0)?,
                group: note(row, 1)?,
                written: row.get(2)?,
                held: row.get(3)?,
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

fn unacknowledged(db: &Connection, inbox: &InboxAddress, up_to: Seq) -> Result<Vec<Address>> {
    db.prepare_cached(
        "SELECT DISTINCT e.peer FROM principals p JOIN entries e ON e.inbox = p.id
         WHERE p.address = ?1 AND e.seq > p.acknowledged AND e.seq <= ?2 AND e.kind IN (0, 6) ORDER BY e.peer",
    )?
    .query_map(
        params![inbox.principal().as_str(), place(up_to)],
        |row| address(row, 0),
    )?
    .collect()
}

fn inbox_record(db: &Connection, epoch: Epoch, inbox: &InboxAddress) -> Result<InboxRecord> {
    Ok(find_inbox(db, epoch, inbox)?.map_or(
        InboxRecord {
            epoch,
            ..InboxRecord::default()
        },
        |(_, record)| record,
    ))
}

fn find_inbox(
    db: &Connection,
    epoch: Epoch,
    inbox: &InboxAddress,
) -> Result<Option<(i64, InboxRecord)>> {
    db.prepare_cached("SELECT id, head, acknowledged FROM principals WHERE address = ?1")?
        .query_row([inbox.principal().as_str()], |row| {
            let record = InboxRecord {
                epoch,
                head: seq(row, 1)?.unwrap_or_default(),
                acknowledged: seq(row, 2)?.unwrap_or_default(),
            };
            Ok((row.get(0)?, record))
        })
        .optional()
}

fn entries(mut statement: CachedStatement<'_>, with: &[&dyn ToSql]) -> Result<Vec<Entry>> {
    statement.query_map(with, |row| entry(row, 0))?.collect()
}

/// A place as SQLite can compare it: its integers end at 2^63.
fn place(seq: Seq) -> i64 {
    i64::try_from(seq.0).unwrap_or(i64::MAX)
}

fn log(
    db: &Connection,
    epoch: Epoch,
    inbox: &InboxAddress,
    after: Seq,
    limit: u16,
) -> Result<Loaded> {
    let Some((id, record)) = find_inbox(db, epoch, inbox)? else {
        return Ok(Loaded::Log {
            entries: Vec::new(),
            up_to: Seq(0),
        });
    };
    // Messages whose content is gone are not listed: their tombstone is, or what emptied the conversation. One more than asked for shows whether it was all.
    let statement = db.prepare_cached(&format!(
        "SELECT {ENTRY} FROM entries
         WHERE inbox = ?1 AND seq > ?2 AND (kind NOT IN (0, 1, 5) OR body IS NOT NULL) ORDER BY seq LIMIT ?3"
    ))?;
    let mut entries = entries(statement, params![id, place(after), i64::from(limit) + 1])?;
    let cut_off = entries.len() > usize::from(limit);
    entries.truncate(usize::from(limit));
    let up_to = match entries.last() {
        Some(last) if cut_off => last.seq,
        None if cut_off => after,
        _ => record.head,
    };
    Ok(Loaded::Log { entries, up_to })
}

fn history(
    db: &Connection,
    inbox: &InboxAddress,
    with: Option<&Address>,
    before: Option<Seq>,
    limit: u16,
) -> Result<Loaded> {
    let Some(id) = id_of(db, inbox.principal().address())? else {
        return Ok(Loaded::History {
            entries: Vec::new(),
            more: false,
        });
    };
    let before = before.map_or(i64::MAX, place);
    let fetch = i64::from(limit) + 1;
    let mut entries = match with {
        Some(peer) => entries(
            db.prepare_cached(&format!(
                "SELECT {ENTRY} FROM entries INDEXED BY messages_with
                 WHERE inbox = ?1 AND peer = ?4 AND seq < ?2 AND body IS NOT NULL ORDER BY seq DESC LIMIT ?3"
            ))?,
            params![id, before, fetch, peer.as_str()],
        )?,
        None => entries(
            db.prepare_cached(&format!(
                "SELECT {ENTRY} FROM entries NOT INDEXED WHERE inbox = ?1 AND seq < ?2
                 AND body IS NOT NULL ORDER BY seq DESC LIMIT ?3"
            ))?,
            params![id, before, fetch],
        )?,
    };
    let more = entries.len() > usize::from(limit);
    entries.truncate(usize::from(limit));
    entries.reverse();
    Ok(Loaded::History { entries, more })
}

fn conversations(db: &Connection, epoch: Epoch, inbox: &InboxAddress) -> Result<Loaded> {
    let Some((id, record)) = find_inbox(db, epoch, inbox)? else {
        return Ok(Loaded::Conversations {
            conversations: Vec::new(),
            head: Seq(0),
        });
    };
    let mut unread = db.prepare_cached(
        "SELECT count(*) FROM entries INDEXED BY messages_with
         WHERE inbox = ?1 AND peer = ?2 AND seq > ?3 AND kind = 0 AND body IS NOT NULL",
    )?;
    let mut statement = db.prepare_cached(
        "SELECT c.peer, c.read, c.delivered, e.seq, e.kind, e.peer, e.at, e.id, e.body, e.place,
                e.own, e.by, e.called, c.held, c.called
         FROM conversations c LEFT JOIN entries e ON e.inbox = c.inbox AND e.seq = c.last
         WHERE c.inbox = ?1 ORDER BY c.last DESC NULLS LAST, c.peer",
    )?;
    let conversations = statement
        .query_map([id], |row| {
            let with = address(row, 0)?;
            let read = seq(row, 1)?.unwrap_or_default();
            let last = match seq(row, 3)? {
                Some(_) => Some(entry(row, 3)?),
                None => None,
            };
            let unread: i64 =
                unread.query_row(params![id, with.as_str(), place(read)], |row| row.get(0))?;
            Ok(Conversation {
                with,
                last,
                unread: u32::try_from(unread).unwrap_or(u32::MAX),
                read,
                delivered: seq(row, 2)?.unwrap_or_default(),
                held: row.get(13)?,
                called: called(row, 14)?,
            })
        })?
        .collect::<Result<_>>()?;
    Ok(Loaded::Conversations {
        conversations,
        head: record.head,
    })
}
