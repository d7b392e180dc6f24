//! One [`Key`] as SQL: what the service asks for, from one consistent reading of the database.

use lamplight_core::address::{Address, Epoch, InboxAddress, Presentity, Principal, Seq};
use lamplight_core::message::{Conversation, Entry};
use lamplight_core::presence::{Note, PresenceTuple};
use lamplight_core::store::{InboxRecord, Key, Loaded, PresentityRecord};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Access, Contact, Decision, Request, from_cbor};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Result, Row, ToSql, params};

use super::changes::id_of;
use super::rows::{ENTRY, address, damaged, entry, seq, timestamp};

/// Whether a key can be long: those are read beside the writer instead of between its changes.
pub fn is_long(key: &Key) -> bool {
    matches!(
        key,
        Key::Log { .. } | Key::History { .. } | Key::Conversations(_)
    )
}

/// Reads what was asked for. The caller holds a transaction, so that several statements read one state.
pub fn load(db: &Connection, epoch: Epoch, key: &Key) -> Result<Loaded> {
    match key {
        Key::Presentity(presentity) => presentity_record(db, presentity).map(Loaded::Presentity),
        Key::Contacts(watcher) => contacts(db, watcher).map(Loaded::Contacts),
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

fn presentity_record(db: &Connection, of: &Presentity) -> Result<Option<PresentityRecord>> {
    let found: Option<(i64, Timestamp)> = db
        .prepare_cached("SELECT id, last_seen FROM principals WHERE address = ?1")?
        .query_row([of.as_str()], |row| Ok((row.get(0)?, timestamp(row, 1)?)))
        .optional()?;
    let Some((id, last_seen)) = found else {
        return Ok(None);
    };
    Ok(Some(PresentityRecord {
        access: rows(
            db,
            "SELECT watcher, decision, at FROM access WHERE presentity = ?1 ORDER BY watcher",
            id,
            access,
        )?,
        requests: rows(
            db,
            "SELECT watcher, at FROM requests WHERE presentity = ?1 ORDER BY nr",
            id,
            request,
        )?,
        tuples: rows(
            db,
            "SELECT tuple FROM tuples WHERE presentity = ?1 ORDER BY id",
            id,
            tuple,
        )?,
        last_seen,
    }))
}

fn rows<T>(
    db: &Connection,
    sql: &'static str,
    id: i64,
    read: fn(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    db.prepare_cached(sql)?.query_map([id], read)?.collect()
}

fn access(row: &Row<'_>) -> Result<Access> {
    let decision = match row.get::<_, i64>(1)? {
        0 => Decision::Allow,
        1 => Decision::Deny,
        2 => Decision::Block,
        _ => return Err(damaged(1, "a decision")),
    };
    Ok(Access {
        watcher: Principal(address(row, 0)?),
        decision,
        at: timestamp(row, 2)?,
    })
}

fn request(row: &Row<'_>) -> Result<Request> {
    Ok(Request {
        watcher: Principal(address(row, 0)?),
        at: timestamp(row, 1)?,
    })
}

fn tuple(row: &Row<'_>) -> Result<PresenceTuple> {
    from_cbor(row.get_ref(0)?.as_blob()?).map_err(|_| damaged(0, "a presence tuple"))
}

fn contacts(db: &Connection, watcher: &Principal) -> Result<Vec<Contact>> {
    let Some(id) = id_of(db, watcher.address())? else {
        return Ok(Vec::new());
    };
    let sql = "SELECT presentity, petname FROM contacts WHERE watcher = ?1 ORDER BY presentity";
    rows(db, sql, id, |row| {
        let petname: Option<String> = row.get(1)?;
        Ok(Contact {
            presentity: Presentity(address(row, 0)?),
            petname: petname.and_then(|name| Note::parse(&name).ok()),
        })
    })
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
        .query_row([inbox.as_str()], |row| {
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
    // Messages whose content is gone are not listed: their tombstone is. One more than asked for shows whether it was all.
    let statement = db.prepare_cached(&format!(
        "SELECT {ENTRY} FROM entries
         WHERE inbox = ?1 AND seq > ?2 AND (kind > 1 OR body IS NOT NULL) ORDER BY seq LIMIT ?3"
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
    let Some(id) = id_of(db, inbox.address())? else {
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
                "SELECT {ENTRY} FROM entries WHERE inbox = ?1 AND peer = ?4 AND seq < ?2
                 AND body IS NOT NULL ORDER BY seq DESC LIMIT ?3"
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
        "SELECT count(*) FROM entries
         WHERE inbox = ?1 AND peer = ?2 AND seq > ?3 AND kind = 0 AND body IS NOT NULL",
    )?;
    let mut statement = db.prepare_cached(
        "SELECT c.peer, c.read, c.delivered, e.seq, e.kind, e.peer, e.at, e.id, e.body, e.place
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
            })
        })?
        .collect::<Result<_>>()?;
    Ok(Loaded::Conversations {
        conversations,
        head: record.head,
    })
}
