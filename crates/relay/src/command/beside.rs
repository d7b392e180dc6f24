//! What commands share that change the relay's data beside a relay that may be running: which folder, one transaction, and the
//! words for what went wrong. The relay reads what it needs for whoever asks next, and follows orders within two seconds.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgMatches, Command, value_parser};
use lamplight_core::address::Principal;
use lamplight_core::time::{Timestamp, millis};
use rusqlite::{Connection, TransactionBehavior};

use super::read_aloud;
use crate::clock::wall;
use crate::config::{Config, Value};
use crate::identity::names;
use crate::store::{self, audit};

/// Adds the flags that say where the relay's data is.
pub fn with_folder(command: Command) -> Command {
    let file = Arg::new("config")
        .long("config")
        .value_name("file")
        .value_parser(value_parser!(PathBuf))
        .help("The relay's configuration [default: ./lamplight.toml, if it is there]");
    let data = Arg::new("data")
        .long("data")
        .value_name("folder")
        .help("The relay's data folder [default: what the configuration says]");
    command.arg(file).arg(data)
}

/// Carries out one change in a transaction of its own.
pub fn change<T>(
    words: &ArgMatches,
    work: impl FnOnce(&Connection) -> rusqlite::Result<Result<T, String>>,
) -> Result<T, String> {
    let mut db = open(words)?;
    let transaction = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| failed(&error))?;
    let done = work(&transaction).map_err(|error| failed(&error))??;
    transaction.commit().map_err(|error| failed(&error))?;
    Ok(done)
}

/// Carries out one act of whoever runs the relay, which the audit log tells of.
pub fn act<T>(
    words: &ArgMatches,
    what: &str,
    about: &str,
    work: impl FnOnce(&Connection) -> rusqlite::Result<Result<T, String>>,
) -> Result<T, String> {
    change(words, |db| {
        let done = work(db)?;
        if done.is_ok() {
            audit::note(db, wall(), None, what, about)?;
        }
        Ok(done)
    })
}

pub fn open(words: &ArgMatches) -> Result<Connection, String> {
    let config = read_aloud(words)?;
    store::open_beside(&config.relay.data).map_err(|error| error.to_string())
}

pub fn failed(error: &rusqlite::Error) -> String {
    format!("the relay's data cannot be read or changed: {error}")
}

pub fn word(words: &ArgMatches, key: &str) -> String {
    words.get_one::<String>(key).cloned().unwrap_or_default()
}

/// A time in milliseconds.
pub fn time(words: &ArgMatches, key: &str) -> Result<Option<u64>, String> {
    let text = words.get_one::<String>(key);
    let read = |text: &String| Duration::read(text).map_err(|why| format!("--{key} {text}: {why}"));
    Ok(text.map(read).transpose()?.map(millis))
}

/// Who is meant by a name or an address.
pub fn named(config: &Config, text: &str) -> Result<names::Name, String> {
    let domain = &config.relay.domain;
    names::read(text, domain)
        .map_err(|_| format!("{text:?} is neither a name nor an address of {domain}"))
}

/// Who is meant by the argument of this name.
pub fn principal(words: &ArgMatches, config: &Config, key: &str) -> Result<Principal, String> {
    named(config, &word(words, key)).map(|name| name.principal)
}

pub fn nobody(of: &Principal) -> String {
    format!("there is nobody called {of}")
}

/// A moment as people read it, to the minute, in UTC.
pub fn moment(at: Timestamp) -> String {
    let at = i64::try_from(at.0).ok();
    let at = at.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    at.map_or_else(
        || "?".into(),
        |at| at.strftime("%Y-%m-%d %H:%M").to_string(),
    )
}
