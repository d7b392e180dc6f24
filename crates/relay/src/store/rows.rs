//! Columns to nouns: what stands in a row was checked when it was written, so a row that does not read is a damaged database.

use lamplight_core::address::{Address, MessageId, Presentity, Principal, Seq, Tag};
use lamplight_core::called::Called;
use lamplight_core::message::{Body, Entry, What};
use lamplight_core::presence::Note;
use lamplight_core::rules::{AccessRules, Decision, DeliveryRule, Visibility};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Class, from_cbor, to_cbor};
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Connection, Error, OptionalExtension, Result, Row};

/// What an entry is, as a number in its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Received,
    Sent,
    Delivered,
    Read,
    Deleted,
    Held,
    Admitted,
    Cleared,
}

impl Kind {
    pub fn number(self) -> i64 {
        match self {
            Self::Received => 0,
            Self::Sent => 1,
            Self::Delivered => 2,
            Self::Read => 3,
            Self::Deleted => 4,
            Self::Held => 5,
            Self::Admitted => 6,
            Self::Cleared => 7,
        }
    }
}

/// A column that does not hold what was written there.
pub fn damaged(column: usize, what: &'static str) -> Error {
    Error::FromSqlConversionFailure(
        column,
        Type::Null,
        Box::new(FromSqlError::Other(what.into())),
    )
}

pub fn address(row: &Row<'_>, column: usize) -> Result<Address> {
    Address::parse(row.get_ref(column)?.as_str()?).map_err(|_| damaged(column, "an address"))
}

pub fn timestamp(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    Ok(Timestamp(row.get::<_, i64>(column)? as u64))
}

pub fn seq(row: &Row<'_>, column: usize) -> Result<Option<Seq>> {
    Ok(row
        .get::<_, Option<i64>>(column)?
        .map(|seq| Seq(seq as u64)))
}

pub fn note(row: &Row<'_>, column: usize) -> Result<Option<Note>> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    let note = text.map(|text| Note::parse(text).map_err(|_| damaged(column, "a note")));
    note.transpose()
}

/// The tag of a further address; nothing and an empty text stand for the one from sign-up.
pub fn tag(row: &Row<'_>, column: usize) -> Result<Option<Tag>> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    let text = text.filter(|text| !text.is_empty());
    let tag = text.map(|text| Tag::parse(text).map_err(|_| damaged(column, "a tag")));
    tag.transpose()
}

/// As a tag stands in a key: the one from sign-up has the empty one.
pub fn tag_text(tag: Option<&Tag>) -> &str {
    tag.map_or("", Tag::as_str)
}

/// The rules of a presentity; none in the column are none at all.
pub fn access_rules(row: &Row<'_>, column: usize) -> Result<AccessRules> {
    match row.get_ref(column)?.as_blob_or_null()? {
        Some(bytes) => from_cbor(bytes).map_err(|_| damaged(column, "access rules")),
        None => Ok(AccessRules::default()),
    }
}

/// The rules of an inbox address; none in the column are none at all.
pub fn delivery_rules(row: &Row<'_>, column: usize) -> Result<Vec<DeliveryRule>> {
    match row.get_ref(column)?.as_blob_or_null()? {
        Some(bytes) => from_cbor(bytes).map_err(|_| damaged(column, "delivery rules")),
        None => Ok(Vec::new()),
    }
}

/// A decision as its number, and what is chosen.
pub fn decision_columns(decision: &Decision) -> (i64, Option<Vec<u8>>) {
    match decision {
        Decision::Allow => (0, None),
        Decision::Deny => (1, None),
        Decision::Block => (2, None),
        Decision::Ask => (3, None),
        Decision::Availability => (4, None),
        Decision::Chosen(part) => (5, Some(to_cbor(part))),
    }
}

/// A decision from its number and, in the next column, what is chosen.
pub fn decision(row: &Row<'_>, column: usize) -> Result<Decision> {
    Ok(match row.get::<_, i64>(column)? {
        0 => Decision::Allow,
        1 => Decision::Deny,
        2 => Decision::Block,
        3 => Decision::Ask,
        4 => Decision::Availability,
        5 => {
            let part = from_cbor(row.get_ref(column + 1)?.as_blob()?);
            Decision::Chosen(part.map_err(|_| damaged(column + 1, "a part"))?)
        }
        _ => return Err(damaged(column, "a decision")),
    })
}

pub fn visibility_number(visibility: Visibility) -> i64 {
    match visibility {
        Visibility::Named => 0,
        Visibility::Counted => 1,
        Visibility::Hidden => 2,
    }
}

pub fn visibility(row: &Row<'_>, column: usize) -> Result<Visibility> {
    match row.get::<_, i64>(column)? {
        0 => Ok(Visibility::Named),
        1 => Ok(Visibility::Counted),
        2 => Ok(Visibility::Hidden),
        _ => Err(damaged(column, "a visibility")),
    }
}

/// A moment as SQLite can compare it: its integers end at 2^63.
pub fn moment(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

/// A presentity that is there: the row of its principal, and its tag.
pub struct PresentityRow {
    pub principal: i64,
    tag: Option<Tag>,
}

impl PresentityRow {
    /// The one from sign-up is there with its principal, a further one since it was made.
    pub fn find(db: &Connection, presentity: &Presentity) -> Result<Option<Self>> {
        let (owner, tag) = presentity.address().untagged();
        let principal = match &tag {
            None => db
                .prepare_cached("SELECT id FROM principals WHERE address = ?1")?
                .query_row([owner.as_str()], |row| row.get(0)),
            Some(tag) => db
                .prepare_cached(
                    "SELECT p.id FROM principals p JOIN presentities f ON f.principal = p.id AND f.tag = ?2
                     WHERE p.address = ?1",
                )?
                .query_row([owner.as_str(), tag.as_str()], |row| row.get(0)),
        };
        let principal = principal.optional()?;
        Ok(principal.map(|principal| Self { principal, tag }))
    }

    /// As it stands in keys.
    pub fn tag(&self) -> &str {
        tag_text(self.tag.as_ref())
    }

    pub fn is_further(&self) -> bool {
        self.tag.is_some()
    }
}

/// Of what class a principal is, as a number in its row.
pub fn class_number(class: Class) -> i64 {
    match class {
        Class::Account => 0,
        Class::Guest => 1,
        Class::Group => 2,
        Class::Program => 3,
    }
}

pub fn class(row: &Row<'_>, column: usize) -> Result<Class> {
    match row.get::<_, i64>(column)? {
        0 => Ok(Class::Account),
        1 => Ok(Class::Guest),
        2 => Ok(Class::Group),
        3 => Ok(Class::Program),
        _ => Err(damaged(column, "a class")),
    }
}

/// The columns that [`entry`] reads, in its order.
pub const ENTRY: &str = "seq, kind, peer, at, id, body, place, own, by, called";

/// An entry from the columns of [`ENTRY`], the first of which is `from`.
pub fn entry(row: &Row<'_>, from: usize) -> Result<Entry> {
    let place = || seq(row, from + 6)?.ok_or_else(|| damaged(from + 6, "a place"));
    let what = match row.get::<_, i64>(from + 1)? {
        0 => What::Received(message_id(row, from + 4)?, body(row, from + 5)?),
        1 => What::Sent(message_id(row, from + 4)?, body(row, from + 5)?),
        2 => What::Delivered(place()?),
        3 => What::Read(place()?),
        4 => What::Deleted(place()?),
        5 => What::Held(message_id(row, from + 4)?, body(row, from + 5)?),
        6 => What::Admitted,
        7 => What::Cleared(place()?),
        _ => return Err(damaged(from + 1, "a kind of entry")),
    };
    Ok(Entry {
        seq: seq(row, from)?.ok_or_else(|| damaged(from, "a place"))?,
        with: address(row, from + 2)?,
        at: timestamp(row, from + 3)?,
        what,
        own: tag(row, from + 7)?,
        by: match row.get_ref(from + 8)?.as_str_or_null()? {
            Some(_) => Some(Principal(address(row, from + 8)?)),
            None => None,
        },
        called: called(row, from + 9)?,
    })
}

/// How a visitor of a site is called.
pub fn called(row: &Row<'_>, column: usize) -> Result<Option<Box<Called>>> {
    let bytes = row.get_ref(column)?.as_blob_or_null()?;
    let read = |bytes| from_cbor(bytes).map_err(|_| damaged(column, "what a visitor is called"));
    bytes.map(read).transpose()
}

fn message_id(row: &Row<'_>, column: usize) -> Result<MessageId> {
    let bytes = row.get_ref(column)?.as_blob()?.try_into();
    let bytes = bytes.map_err(|_| damaged(column, "a message id"))?;
    Ok(MessageId(u128::from_be_bytes(bytes)))
}

fn body(row: &Row<'_>, column: usize) -> Result<Body> {
    Body::parse(row.get_ref(column)?.as_str()?).map_err(|_| damaged(column, "a body"))
}
