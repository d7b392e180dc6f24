//! A database of every version that was ever released opens, keeps what it had, and ends as one that is made today.
//!
//! `version_1.sql` is what version 1 looked like, with something of everything in it. It never changes; a new version adds a
//! file of its own.

use std::path::Path;

use lamplight::store::{FILE, Store};
use lamplight_core::address::{Epoch, MessageId, Seq};
use lamplight_core::message::What;
use lamplight_core::presence::Note;
use lamplight_core::store::{Key, Loaded};
use lamplight_core::wire::Decision;
use lamplight_tests::room::{body, inbox, presentity};
use rusqlite::Connection;

const RELEASED: [&str; 1] = [include_str!("version_1.sql")];

/// A folder with a database of this version.
fn made_by(version: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let db = Connection::open(folder.path().join(FILE)).expect("a new database");
    db.execute_batch(version).expect("the fixture is SQL");
    folder
}

/// What the database is made of, without blanks and remarks.
fn schema(folder: &Path) -> Vec<String> {
    let db = Connection::open(folder.join(FILE)).expect("the database opens");
    let sql = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name";
    let mut statement = db.prepare(sql).expect("every database has this table");
    let rows = statement.query_map([], |row| row.get::<_, String>(0));
    let rows = rows.expect("it can be read").map(|row| {
        let sql = row.expect("a text");
        let lines = sql
            .lines()
            .map(|line| line.split("--").next().unwrap_or_default());
        let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
        words.join(" ")
    });
    rows.collect()
}

fn version(folder: &Path) -> u32 {
    let db = Connection::open(folder.join(FILE)).expect("the database opens");
    let version = db.query_row("PRAGMA user_version", [], |row| row.get(0));
    version.expect("every database has a version")
}

#[test]
fn every_released_database_becomes_one_of_today() {
    let fresh = tempfile::tempdir().expect("a temporary folder");
    drop(Store::open(fresh.path()).expect("a new store opens"));
    assert_eq!(version(fresh.path()) as usize, RELEASED.len());
    for released in RELEASED {
        let old = made_by(released);
        drop(Store::open(old.path()).expect("an old store opens"));
        assert_eq!(schema(old.path()), schema(fresh.path()));
        assert_eq!(version(old.path()), version(fresh.path()));
    }
}

#[test]
fn nothing_is_lost_on_the_way() {
    for released in RELEASED {
        let folder = made_by(released);
        let mut store = Store::open(folder.path()).expect("an old store opens");
        assert_eq!(store.epoch(), Epoch(4_711));
        let mut load = |key| store.load(&key).expect("it can be read");
        let Loaded::Presentity(Some(alice)) = load(Key::Presentity(presentity("alice"))) else {
            panic!("alice has an account")
        };
        assert_eq!(alice.access[0].decision, Decision::Block);
        assert_eq!(alice.access[0].watcher, presentity("carol").principal());
        assert_eq!(alice.requests[0].watcher, presentity("bob").principal());
        assert_eq!(alice.tuples[0].id.as_str(), "by-hand");
        let note = alice.tuples[0].status.note.as_ref();
        assert_eq!(note.map(Note::as_str), Some("in a meeting"));
        let Loaded::Contacts(contacts) = load(Key::Contacts(presentity("bob").principal())) else {
            panic!("bob has contacts")
        };
        assert_eq!(contacts[0].presentity, presentity("alice"));
        let Loaded::Log { entries, up_to } = load(Key::Log {
            inbox: inbox("alice"),
            after: Seq(0),
            limit: 10,
        }) else {
            panic!("alice has a log")
        };
        assert_eq!((entries.len(), up_to), (2, Seq(2)));
        let said = What::Received(MessageId(1), body("Tea at four?"));
        assert_eq!(entries[0].what, said);
        assert_eq!(entries[1].what, What::Read(Seq(1)));
        let Loaded::Conversations { conversations, .. } = load(Key::Conversations(inbox("bob")))
        else {
            panic!("bob has conversations")
        };
        assert_eq!(conversations[0].delivered, Seq(1));
    }
}

#[test]
fn a_database_of_a_newer_relay_is_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    drop(Store::open(folder.path()).expect("a new store opens"));
    let db = Connection::open(folder.path().join(FILE)).expect("the database opens");
    let newer = version(folder.path()) + 1;
    db.pragma_update(None, "user_version", newer)
        .expect("it can be written");
    drop(db);
    let refused = Store::open(folder.path()).err().map(|why| why.to_string());
    let why = refused.expect("an older relay does not touch it");
    assert!(why.contains("newer"), "{why}");
    assert_eq!(version(folder.path()), newer);
}
