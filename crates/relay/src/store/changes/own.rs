//! Changes of what a principal owns beside its log: presentities, inbox addresses, and how it is seen as a watcher.

use lamplight_core::address::{InboxAddress, Presentity};
use lamplight_core::presence::Note;
use lamplight_core::rules::Visibility;
use lamplight_core::wire::{OwnInbox, OwnPresentity, to_cbor};
use rusqlite::{Connection, Result, params};

use super::super::rows::{PresentityRow, tag_text, visibility_number};
use super::with_id;

pub fn set_presentity(db: &Connection, principal: i64, own: &OwnPresentity) -> Result<usize> {
    db.prepare_cached(
        "INSERT INTO presentities (principal, tag, label, rules) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET label = excluded.label, rules = excluded.rules",
    )?
    .execute(params![
        principal,
        tag_text(own.tag.as_ref()),
        own.label.as_ref().map(Note::as_str),
        to_cbor(&own.rules)
    ])
}

/// Only a further one can go: that from sign-up goes with its principal.
pub fn drop_presentity(db: &Connection, presentity: &Presentity) -> Result<()> {
    let Some(of) = PresentityRow::find(db, presentity)?.filter(PresentityRow::is_further) else {
        return Ok(());
    };
    for sql in [
        "DELETE FROM presentities WHERE principal = ?1 AND tag = ?2",
        "DELETE FROM access WHERE principal = ?1 AND tag = ?2",
        "DELETE FROM requests WHERE principal = ?1 AND tag = ?2",
        "DELETE FROM tuples WHERE principal = ?1 AND tag = ?2",
        "DELETE FROM stood WHERE principal = ?1 AND tag = ?2",
        "DELETE FROM ledger WHERE principal = ?1 AND tag = ?2",
    ] {
        db.prepare_cached(sql)?
            .execute(params![of.principal, of.tag()])?;
    }
    Ok(())
}

/// How it stood before it blocked: to this one, or to all (`''`); nothing: that is forgotten.
pub fn set_stood(
    db: &Connection,
    of: &PresentityRow,
    watcher: &str,
    before: Option<&[u8]>,
) -> Result<usize> {
    match before {
        Some(before) => db
            .prepare_cached(
                "INSERT INTO stood (principal, tag, watcher, before) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET before = excluded.before",
            )?
            .execute(params![of.principal, of.tag(), watcher, before]),
        None => db
            .prepare_cached("DELETE FROM stood WHERE principal = ?1 AND tag = ?2 AND watcher = ?3")?
            .execute(params![of.principal, of.tag(), watcher]),
    }
}

/// What has come through the address stays counted.
pub fn set_inbox(db: &Connection, principal: i64, own: &OwnInbox) -> Result<usize> {
    db.prepare_cached(
        "INSERT INTO inboxes (principal, tag, label, until, rules) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET label = excluded.label, until = excluded.until, rules = excluded.rules",
    )?
    .execute(params![
        principal,
        tag_text(own.tag.as_ref()),
        own.label.as_ref().map(Note::as_str),
        own.until.map(|until| until.0 as i64),
        (!own.rules.is_empty()).then(|| to_cbor(&own.rules))
    ])
}

/// The one from sign-up gets its row now, if it has none; a further one that is revoked counts nothing.
pub fn count_refused(db: &Connection, inbox: &InboxAddress) -> Result<()> {
    let (owner, tag) = inbox.address().untagged();
    with_id(db, &owner, |id| {
        match tag {
        None => db
            .prepare_cached(
                "INSERT INTO inboxes (principal, tag, refused) VALUES (?1, '', 1)
                 ON CONFLICT DO UPDATE SET refused = min(refused + 1, 4294967295)",
            )?
            .execute([id]),
        Some(tag) => db
            .prepare_cached(
                "UPDATE inboxes SET refused = min(refused + 1, 4294967295) WHERE principal = ?1 AND tag = ?2",
            )?
            .execute(params![id, tag.as_str()]),
    }
    })
}

/// With one presentity, or with all others; nothing forgets it.
pub fn set_visibility(
    db: &Connection,
    watcher: i64,
    presentity: Option<&Presentity>,
    visibility: Option<Visibility>,
) -> Result<usize> {
    let with = presentity.map_or("", Presentity::as_str);
    match visibility {
        Some(visibility) => db
            .prepare_cached(
                "INSERT INTO visibility (watcher, presentity, value) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET value = excluded.value",
            )?
            .execute(params![watcher, with, visibility_number(visibility)]),
        None => db
            .prepare_cached("DELETE FROM visibility WHERE watcher = ?1 AND presentity = ?2")?
            .execute(params![watcher, with]),
    }
}
