//! Everything that is kept of one person, as JSON: for them to have, and to read without this program. No secret is in it, and of
//! others only what this person has of them.

use lamplight_core::address::Principal;
use lamplight_core::presence::PresenceTuple;
use lamplight_core::wire::{Class, from_cbor};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params, Result, Row};
use serde_json::{Map, Value, json};

use super::accounts::hosted;
use super::accounts::members::circles_of;
use super::rows::{access_rules, damaged, decision, delivery_rules};

/// The shape of this document; a later one may have more in it.
const FORMAT: u32 = 1;

/// Everything of somebody; none: there is nobody of this address.
pub fn export(db: &Connection, of: &Principal) -> Result<Option<Value>> {
    // One moment for all of it, unless the caller has chosen one.
    let own_moment = db.is_autocommit().then(|| db.unchecked_transaction());
    let _moment = own_moment.transpose()?;
    let Some(own) = hosted::show(db, of)? else {
        return Ok(None);
    };
    let id: i64 = db.query_row(
        "SELECT id FROM principals WHERE address = ?1",
        [of.as_str()],
        |row| row.get(0),
    )?;
    let rows = |sql: &str| plain(db, sql, [id]);
    let circles = |class| -> Result<Vec<Value>> {
        let circles = circles_of(db, of, class)?.into_iter();
        Ok(circles
            .map(|circle| {
                let members = circle.members.iter();
                let members: Vec<Value> = members
                    .map(|one| json!({ "address": one.principal, "owner": one.owner }))
                    .collect();
                json!({ "address": circle.principal, "members": members })
            })
            .collect())
    };
    let everything = json!({
        "format": FORMAT,
        "about": "Everything that this relay keeps of one person. Times are milliseconds since 1970.",
        "address": of,
        "account": {
            "class": own.class,
            "created": own.created,
            "last_seen": own.last_seen,
            "admin": own.admin,
            "suspended": own.suspended,
        },
        "presentities": each(db, "SELECT tag, label, rules, last_seen FROM presentities WHERE principal = ?1", id, |row| {
            Ok(json!({ "tag": row.get::<_, String>(0)?, "label": row.get::<_, Option<String>>(1)?, "rules": access_rules(row, 2)?, "last_seen": row.get::<_, i64>(3)? }))
        })?,
        "presence": each(db, "SELECT tag, tuple FROM tuples WHERE principal = ?1", id, |row| {
            let tuple: PresenceTuple = from_cbor(row.get_ref(1)?.as_blob()?).map_err(|_| damaged(1, "a tuple"))?;
            Ok(json!({ "tag": row.get::<_, String>(0)?, "tuple": tuple }))
        })?,
        "inboxes": each(db, "SELECT tag, label, until, rules, delivered, held, refused FROM inboxes WHERE principal = ?1", id, |row| {
            Ok(json!({
                "tag": row.get::<_, String>(0)?, "label": row.get::<_, Option<String>>(1)?, "until": row.get::<_, Option<i64>>(2)?,
                "rules": delivery_rules(row, 3)?, "delivered": row.get::<_, i64>(4)?, "held": row.get::<_, i64>(5)?, "refused": row.get::<_, i64>(6)?,
            }))
        })?,
        "contacts": rows("SELECT presentity AS address, petname, grp AS \"group\" FROM contacts WHERE watcher = ?1 ORDER BY 1")?,
        "decisions": each(db, "SELECT tag, watcher, decision, part, at FROM access WHERE principal = ?1 ORDER BY 2, 1", id, |row| {
            Ok(json!({ "tag": row.get::<_, String>(0)?, "watcher": row.get::<_, String>(1)?, "decision": decision(row, 2)?, "at": row.get::<_, i64>(4)? }))
        })?,
        "requests": rows("SELECT tag, watcher, at FROM requests WHERE principal = ?1 ORDER BY nr")?,
        "visibility": rows("SELECT presentity, CASE value WHEN 0 THEN 'named' WHEN 1 THEN 'counted' ELSE 'hidden' END AS value FROM visibility WHERE watcher = ?1")?,
        "watchers": rows(
            "SELECT tag, CASE who WHEN 0 THEN 'principal' WHEN 1 THEN 'site' ELSE 'nobody in particular' END AS who, watcher, attempt <> 0 AS attempt,
             first, last, count FROM ledger WHERE principal = ?1 ORDER BY last DESC",
        )?,
        // Deleted messages have no text and are left out: only their place is kept.
        "messages": rows(
            "SELECT seq, CASE kind WHEN 1 THEN 'sent' WHEN 5 THEN 'held' ELSE 'received' END AS kind, peer AS \"with\", own AS through, by, at,
             lower(hex(id)) AS id, body AS text FROM entries WHERE inbox = ?1 AND body IS NOT NULL ORDER BY seq",
        )?,
        "conversations": rows("SELECT peer AS \"with\", read, delivered FROM conversations WHERE inbox = ?1 ORDER BY 1")?,
        "groups": circles(Class::Group)?,
        "programs": circles(Class::Program)?,
        "tokens": rows("SELECT name, created, used FROM tokens WHERE principal = ?1 ORDER BY id")?,
        "sessions": rows("SELECT created, used FROM logins WHERE principal = ?1 ORDER BY id")?,
        "invitations": rows("SELECT note, made, until, remaining, used FROM invitations WHERE of = ?1 AND kind = 0 ORDER BY id")?,
        "sites": rows("SELECT name, made FROM sites WHERE owner = ?1 AND name IS NOT NULL ORDER BY 1")?,
    });
    Ok(Some(everything))
}

fn each(
    db: &Connection,
    sql: &str,
    of: i64,
    read: impl Fn(&Row<'_>) -> Result<Value>,
) -> Result<Vec<Value>> {
    db.prepare(sql)?.query_map([of], read)?.collect()
}

/// Rows of numbers and texts, under the names of their columns.
fn plain(db: &Connection, sql: &str, of: impl Params) -> Result<Vec<Value>> {
    let mut statement = db.prepare(sql)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let rows = statement.query_map(of, |row| {
        let mut object = Map::new();
        for (column, name) in names.iter().enumerate() {
            let value = match row.get_ref(column)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => number.into(),
                ValueRef::Real(number) => number.into(),
                ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
                ValueRef::Blob(_) => return Err(damaged(column, "a text")),
            };
            object.insert(name.clone(), value);
        }
        Ok(Value::Object(object))
    })?;
    rows.collect()
}
