//! WATCHER INFORMATION as SQL: what is remembered of each watcher of a presentity, read and written.

use lamplight_core::address::{Presentity, Principal};
use lamplight_core::ledger::{Event, Kind, Row, WatchState, WatcherName};
use lamplight_core::rules::Visibility;
use lamplight_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::rows::{PresentityRow, address, damaged, moment, timestamp, visibility};

/// Takes events in, one after the other.
pub fn watched(
    db: &Connection,
    of: &PresentityRow,
    events: &[(WatcherName, Event, Timestamp)],
) -> Result<()> {
    for (watcher, event, at) in events {
        let attempt = event.is_attempt();
        let mut before = find(db, of, watcher, attempt)?;
        let mut name = watcher.clone();
        if let (WatcherName::Site(_), None) = (watcher, &before) {
            name = watcher.beside(sites(db, of)?);
            before = find(db, of, &name, attempt)?;
        }
        write(db, of, &Row::after(before, &name, *event, *at))?;
    }
    Ok(())
}

/// How many rows stand for sites.
fn sites(db: &Connection, of: &PresentityRow) -> Result<usize> {
    db.prepare_cached("SELECT count(*) FROM ledger WHERE principal = ?1 AND tag = ?2 AND who = 1")?
        .query_row(params![of.principal, of.tag()], |columns| {
            columns.get::<_, i64>(0).map(|rows| rows as usize)
        })
}

/// Removes every row whose last event is older than this.
pub fn forget(db: &Connection, before: Timestamp) -> Result<()> {
    db.prepare_cached("DELETE FROM ledger WHERE last < ?1")?
        .execute([moment(before)])?;
    Ok(())
}

/// The rows whose last event is not older than this, the latest first, each with how the watcher wants to be seen now: with this
/// presentity, or else with all others.
pub fn load(db: &Connection, presentity: &Presentity, since: Timestamp) -> Result<Vec<Row>> {
    let Some(of) = PresentityRow::find(db, presentity)? else {
        return Ok(Vec::new());
    };
    db.prepare_cached(
        "SELECT l.who, l.watcher, l.kind, l.state, l.first, l.last, l.count, l.pause, l.regular,
                coalesce((SELECT value FROM visibility WHERE watcher = p.id AND presentity = ?4),
                         (SELECT value FROM visibility WHERE watcher = p.id AND presentity = ''), 0)
         FROM ledger l LEFT JOIN principals p ON l.who = 0 AND p.address = l.watcher
         WHERE l.principal = ?1 AND l.tag = ?2 AND l.last >= ?3
         ORDER BY l.last DESC, l.who, l.watcher, l.attempt",
    )?
    .query_map(
        params![of.principal, of.tag(), moment(since), presentity.as_str()],
        |columns| {
            let mut row = row(columns)?;
            row.visibility = visibility(columns, 9)?;
            Ok(row)
        },
    )?
    .collect()
}

fn find(
    db: &Connection,
    of: &PresentityRow,
    watcher: &WatcherName,
    attempt: bool,
) -> Result<Option<Row>> {
    let (who, name) = key(watcher);
    db.prepare_cached(
        "SELECT who, watcher, kind, state, first, last, count, pause, regular FROM ledger
         WHERE principal = ?1 AND tag = ?2 AND who = ?3 AND watcher = ?4 AND attempt = ?5",
    )?
    .query_row(params![of.principal, of.tag(), who, name, attempt], row)
    .optional()
}

fn write(db: &Connection, of: &PresentityRow, row: &Row) -> Result<()> {
    let (who, name) = key(&row.watcher);
    let kind = match row.kind {
        Kind::Subscriber => 0,
        Kind::Poller => 1,
        Kind::Fetcher => 2,
    };
    let state = match row.state {
        WatchState::Active => 0,
        WatchState::Ended => 1,
        WatchState::Attempt => 2,
    };
    db.prepare_cached(
        "INSERT INTO ledger (principal, tag, who, watcher, attempt, kind, state, first, last, count, pause, regular)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT DO UPDATE SET kind = excluded.kind, state = excluded.state, first = excluded.first,
             last = excluded.last, count = excluded.count, pause = excluded.pause, regular = excluded.regular",
    )?
    .execute(params![
        of.principal,
        of.tag(),
        who,
        name,
        row.is_attempt(),
        kind,
        state,
        row.first.0 as i64,
        row.last.0 as i64,
        row.count,
        row.pause as i64,
        row.regular
    ])?;
    Ok(())
}

/// Under what a watcher is remembered, in two columns.
fn key(watcher: &WatcherName) -> (i64, &str) {
    match watcher {
        WatcherName::Principal(principal) => (0, principal.as_str()),
        WatcherName::Site(site) => (1, site),
        WatcherName::Nobody => (2, ""),
    }
}

fn row(columns: &rusqlite::Row<'_>) -> Result<Row> {
    Ok(Row {
        watcher: match columns.get::<_, i64>(0)? {
            0 => WatcherName::Principal(Principal(address(columns, 1)?)),
            1 => WatcherName::Site(columns.get(1)?),
            2 => WatcherName::Nobody,
            _ => return Err(damaged(0, "a kind of watcher")),
        },
        kind: match columns.get::<_, i64>(2)? {
            0 => Kind::Subscriber,
            1 => Kind::Poller,
            2 => Kind::Fetcher,
            _ => return Err(damaged(2, "a way of watching")),
        },
        state: match columns.get::<_, i64>(3)? {
            0 => WatchState::Active,
            1 => WatchState::Ended,
            2 => WatchState::Attempt,
            _ => return Err(damaged(3, "a state of watching")),
        },
        first: timestamp(columns, 4)?,
        last: timestamp(columns, 5)?,
        count: columns.get(6)?,
        pause: columns.get::<_, i64>(7)? as u64,
        regular: columns.get(8)?,
        visibility: Visibility::Named,
    })
}
