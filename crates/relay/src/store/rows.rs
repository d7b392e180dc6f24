//! Columns to nouns: what stands in a row was checked when it was written, so a row that does not read is a damaged database.

use lamplight_core::address::{Address, MessageId, Seq};
use lamplight_core::message::{Body, Entry, What};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::Class;
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Error, Result, Row};

/// What an entry is, as a number in its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Received,
    Sent,
    Delivered,
    Read,
    Deleted,
}

impl Kind {
    pub fn number(self) -> i64 {
        match self {
            Self::Received => 0,
            Self::Sent => 1,
            Self::Delivered => 2,
            Self::Read => 3,
            Self::Deleted => 4,
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
pub const ENTRY: &str = "seq, kind, peer, at, id, body, place";

/// An entry from the columns of [`ENTRY`], the first of which is `from`.
pub fn entry(row: &Row<'_>, from: usize) -> Result<Entry> {
    let place = || seq(row, from + 6)?.ok_or_else(|| damaged(from + 6, "a place"));
    let what = match row.get::<_, i64>(from + 1)? {
        0 => What::Received(message_id(row, from + 4)?, body(row, from + 5)?),
        1 => What::Sent(message_id(row, from + 4)?, body(row, from + 5)?),
        2 => What::Delivered(place()?),
        3 => What::Read(place()?),
        4 => What::Deleted(place()?),
        _ => return Err(damaged(from + 1, "a kind of entry")),
    };
    Ok(Entry {
        seq: seq(row, from)?.ok_or_else(|| damaged(from, "a place"))?,
        with: address(row, from + 2)?,
        at: timestamp(row, from + 3)?,
        what,
    })
}

fn message_id(row: &Row<'_>, column: usize) -> Result<MessageId> {
    let bytes = row.get_ref(column)?.as_blob()?.try_into();
    let bytes = bytes.map_err(|_| damaged(column, "a message id"))?;
    Ok(MessageId(u128::from_be_bytes(bytes)))
}

fn body(row: &Row<'_>, column: usize) -> Result<Body> {
    Body::parse(row.get_ref(column)?.as_str()?).map_err(|_| damaged(column, "a body"))
}
