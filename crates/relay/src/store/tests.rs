//! What only the relay's store does; the contract that all stores share is tested in `tests/store`.

use lamplight_core::address::Ticket;
use lamplight_core::presence::Note;
use lamplight_core::service::Input;
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Access, Contact, Decision};
use tempfile::TempDir;
use tokio::sync::mpsc::unbounded_channel;

use super::*;
use lamplight_core::address::{Presentity, Principal};

fn principal(name: &str) -> Principal {
    Principal::parse(&format!("{name}@localhost")).unwrap()
}

fn presentity(name: &str) -> Presentity {
    Presentity::parse(&format!("{name}@localhost")).unwrap()
}

fn store_with(folder: &TempDir, names: &[&str]) -> Store {
    let mut store = Store::open(folder.path()).unwrap();
    for name in names {
        let made = store.create_account(&NewPrincipal::plain(principal(name)));
        assert_eq!(made, Ok(Created::Made));
    }
    store
}

fn decision(at: u64) -> Change {
    Change::SetAccess {
        presentity: presentity("alice"),
        watcher: principal("bob"),
        decision: Some(Decision::Block),
        at: Timestamp(at),
    }
}

fn access(store: &mut Store) -> Vec<Access> {
    match store.load(&Key::Presentity(presentity("alice"))) {
        Ok(Loaded::Presentity(Some(record))) => record.access,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_folder_has_one_relay_at_a_time_and_its_epoch_stays() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert!(matches!(
        Store::open(folder.path()),
        Err(OpenError::InUse(_))
    ));
    let epoch = store.epoch();
    drop(store);
    assert_eq!(Store::open(folder.path()).unwrap().epoch(), epoch);
}

#[test]
fn data_of_a_newer_relay_is_refused() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.db.pragma_update(None, "user_version", 99).unwrap();
    drop(store);
    let refused = Store::open(folder.path()).err().unwrap();
    assert!(
        refused.to_string().contains("newer Lamplight (schema 99"),
        "{refused}"
    );
}

#[test]
fn when_a_decision_was_taken_is_kept_with_it() {
    let folder = TempDir::new().unwrap();
    let mut store = store_with(&folder, &["alice", "bob"]);
    assert_eq!(
        store.apply(vec![decision(1_000), decision(2_000)]),
        [Ok(Kept::Done), Ok(Kept::Done)]
    );
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    let kept = access(&mut store);
    assert_eq!(kept.len(), 1);
    assert_eq!(
        (kept[0].decision, kept[0].at),
        (Decision::Block, Timestamp(2_000))
    );
}

#[test]
fn a_full_disk_keeps_nothing_of_a_batch_and_the_store_goes_on_when_there_is_room() {
    let folder = TempDir::new().unwrap();
    let mut store = store_with(&folder, &["alice", "bob"]);
    let pages: u32 = store
        .db
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .unwrap();
    store
        .db
        .pragma_update(None, "max_page_count", pages)
        .unwrap();
    let contact = |number: u32| Change::SetContact {
        watcher: principal("alice"),
        contact: Contact {
            presentity: presentity(&format!("friend-{number}")),
            petname: Note::parse(&"long ".repeat(50)).ok(),
        },
    };
    let answers = store.apply((0..200).map(contact).collect());
    assert!(
        answers
            .iter()
            .all(|answer| *answer == Err(StoreFault::Full)),
        "{answers:?}"
    );
    assert!(store.is_sound());
    let contacts = store.load(&Key::Contacts(principal("alice")));
    assert_eq!(contacts, Ok(Loaded::Contacts(Vec::new())));

    store
        .db
        .pragma_update(None, "max_page_count", 1_000_000)
        .unwrap();
    let answers = store.apply((0..200).map(contact).collect());
    assert!(
        answers.iter().all(|answer| *answer == Ok(Kept::Done)),
        "{answers:?}"
    );
}

#[tokio::test]
async fn the_writer_answers_in_order_and_reads_see_what_was_answered() {
    let folder = TempDir::new().unwrap();
    let store = store_with(&folder, &["alice", "bob"]);
    let (sender, mut answers) = unbounded_channel();
    let (handle, threads) = writer::start(store, sender).unwrap();
    for number in 0..1_000 {
        handle.keep(Ticket(number), decision(number));
    }
    for expected in 0..1_000 {
        match answers.recv().await {
            Some(Input::Stored(Ticket(number), Ok(Kept::Done))) => assert_eq!(number, expected),
            other => panic!("{other:?}"),
        }
    }
    let at =
        handle.read(|db| db.query_row("SELECT at FROM access", [], |row| row.get::<_, i64>(0)));
    assert_eq!(at.await, Ok(999));
    handle.stop();
    threads.join();
    assert_eq!(handle.waiting(), 0);
}
