//! One [`Change`] as SQL: pure bookkeeping inside a transaction that the writer opens and commits.
//!
//! A change about a principal or a presentity that is not there (a guest that expired meanwhile) does nothing and answers as if it
//! had, except for an append, which has an answer for it.

mod log;
mod messages;
mod own;

use lamplight_core::address::{Address, Principal};
use lamplight_core::presence::Note;
use lamplight_core::store::{Change, Kept};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Contact, Decision, to_cbor};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::ledger;
use super::rows::{PresentityRow, decision_columns};

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
        Change::Append { message, copies } => messages::append(db, room, &message, copies),
        Change::Acknowledge {
            inbox,
            up_to,
            to,
            at,
        } => messages::acknowledge(db, &inbox, up_to, &to, at),
        Change::MarkRead {
            inbox,
            with,
            up_to,
            at,
        } => messages::mark_read(db, &inbox, &with, up_to, at),
        Change::Delete { inbox, seqs, at } => messages::delete(db, &inbox, &seqs, at),
        Change::Admit { inbox, with, at } => messages::admit(db, &inbox, &with, at),
        Change::Clear { inbox, with, at } => messages::clear(db, &inbox, &with, at),
        other => of_principal(db, other).map(|()| Kept::Done),
    }
}

/// Whether a change takes away what somebody wants to be gone, from the disk too.
pub fn removes(change: &Change) -> bool {
    matches!(
        change,
        Change::Delete { .. }
            | Change::Clear { .. }
            | Change::DropPresentity { .. }
            | Change::ForgetWatchers { .. }
            | Change::SetBefore { before: None, .. }
    )
}

/// What a principal keeps as a watcher and as the owner of addresses.
fn of_principal(db: &Connection, change: Change) -> Result<()> {
    match change {
        Change::SetContact { watcher, contact } => {
            with_id(db, watcher.address(), |id| set_contact(db, id, &contact))
        }
        Change::RemoveContact {
            watcher,
            presentity,
        } => with_id(db, watcher.address(), |id| {
            db.prepare_cached("DELETE FROM contacts WHERE watcher = ?1 AND presentity = ?2")?
                .execute(params![id, presentity.as_str()])
        }),
        Change::SetVisibility {
            watcher,
            presentity,
            visibility,
        } => with_id(db, watcher.address(), |id| {
            own::set_visibility(db, id, presentity.as_ref(), visibility)
        }),
        Change::SetPresentity { principal, own } => with_id(db, principal.address(), |id| {
            own::set_presentity(db, id, &own)
        }),
        Change::DropPresentity { presentity } => own::drop_presentity(db, &presentity),
        Change::SetInbox { principal, own } => {
            with_id(db, principal.address(), |id| own::set_inbox(db, id, &own))
        }
        Change::DropInbox { principal, tag } => with_id(db, principal.address(), |id| {
            db.prepare_cached("DELETE FROM inboxes WHERE principal = ?1 AND tag = ?2")?
                .execute(params![id, tag.as_str()])
        }),
        Change::CountRefused { inbox } => own::count_refused(db, &inbox),
        Change::ForgetWatchers { before } => ledger::forget(db, before),
        other => of_presentity(db, other),
    }
}

/// What is kept of one presentity.
fn of_presentity(db: &Connection, change: Change) -> Result<()> {
    let (Change::SetAccess { presentity, .. }
    | Change::SetBefore { presentity, .. }
    | Change::SetTurns { presentity, .. }
    | Change::AddRequest { presentity, .. }
    | Change::RemoveRequest { presentity, .. }
    | Change::KeepTuple { presentity, .. }
    | Change::DropTuple { presentity, .. }
    | Change::LastSeen { presentity, .. }
    | Change::Watched { presentity, .. }) = &change
    else {
        // The other changes are carried out before it comes to this.
        return Ok(());
    };
    let Some(of) = PresentityRow::find(db, presentity)? else {
        return Ok(());
    };
    match change {
        Change::SetAccess {
            watcher,
            decision,
            at,
            ..
        } => set_access(db, &of, &watcher, decision.as_ref(), at)?,
        Change::SetBefore {
            watcher, before, ..
        } => own::set_stood(db, &of, watcher.as_str(), before.as_ref().map(to_cbor).as_deref())?,
        Change::SetTurns { turns, .. } => {
            let turns = (!turns.is_empty()).then(|| to_cbor(&turns));
            own::set_stood(db, &of, "", turns.as_deref())?
        }
        Change::AddRequest { request, .. } => db
            .prepare_cached(
                "INSERT OR IGNORE INTO requests (principal, tag, watcher, at, called) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                of.principal,
                of.tag(),
                request.watcher.as_str(),
                request.at.0 as i64,
                request.called.as_ref().map(to_cbor)
            ])?,
        Change::RemoveRequest { watcher, .. } => remove_request(db, &of, &watcher)?,
        Change::KeepTuple { tuple, .. } => db
            .prepare_cached(
                "INSERT INTO tuples (principal, tag, id, tuple) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET tuple = excluded.tuple",
            )?
            .execute(params![
                of.principal,
                of.tag(),
                tuple.id.as_str(),
                to_cbor(&tuple)
            ])?,
        Change::DropTuple { tuple, .. } => db
            .prepare_cached("DELETE FROM tuples WHERE principal = ?1 AND tag = ?2 AND id = ?3")?
            .execute(params![of.principal, of.tag(), tuple.as_str()])?,
        Change::LastSeen { at, .. } => set_last_seen(db, &of, at)?,
        Change::Watched { events, .. } => return ledger::watched(db, &of, &events),
        _ => 0,
    };
    Ok(())
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

fn set_contact(db: &Connection, watcher: i64, contact: &Contact) -> Result<usize> {
    db.prepare_cached(
        "INSERT INTO contacts (watcher, presentity, petname, grp) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET petname = excluded.petname, grp = excluded.grp",
    )?
    .execute(params![
        watcher,
        contact.presentity.as_str(),
        contact.petname.as_ref().map(Note::as_str),
        contact.group.as_ref().map(Note::as_str)
    ])
}

fn set_access(
    db: &Connection,
    of: &PresentityRow,
    watcher: &Principal,
    decision: Option<&Decision>,
    at: Timestamp,
) -> Result<usize> {
    remove_request(db, of, watcher)?;
    let Some(decision) = decision else {
        return db
            .prepare_cached(
                "DELETE FROM access WHERE principal = ?1 AND tag = ?2 AND watcher = ?3",
            )?
            .execute(params![of.principal, of.tag(), watcher.as_str()]);
    };
    let (decision, part) = decision_columns(decision);
    db.prepare_cached(
        "INSERT INTO access (principal, tag, watcher, decision, part, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET decision = excluded.decision, part = excluded.part, at = excluded.at",
    )?
    .execute(params![
        of.principal,
        of.tag(),
        watcher.as_str(),
        decision,
        part,
        at.0 as i64
    ])
}

fn remove_request(db: &Connection, of: &PresentityRow, watcher: &Principal) -> Result<usize> {
    db.prepare_cached("DELETE FROM requests WHERE principal = ?1 AND tag = ?2 AND watcher = ?3")?
        .execute(params![of.principal, of.tag(), watcher.as_str()])
}

fn set_last_seen(db: &Connection, of: &PresentityRow, at: Timestamp) -> Result<usize> {
    if of.is_further() {
        db.prepare_cached(
            "UPDATE presentities SET last_seen = ?3 WHERE principal = ?1 AND tag = ?2",
        )?
        .execute(params![of.principal, of.tag(), at.0 as i64])
    } else {
        db.prepare_cached("UPDATE principals SET last_seen = ?2 WHERE id = ?1")?
            .execute(params![of.principal, at.0 as i64])
    }
}
