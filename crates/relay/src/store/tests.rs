//! What only the relay's store does; the contract that all stores share is tested in `tests/store`.

use lamplight_core::address::{
    InboxAddress, MessageId, Presentity, Principal, Seq, Tag, Ticket, Token,
};
use lamplight_core::ledger::{Event, WatcherName};
use lamplight_core::message::{Body, InstantMessage};
use lamplight_core::presence::{Basic, Note, PresenceTuple};
use lamplight_core::rules::Visibility;
use lamplight_core::service::Input;
use lamplight_core::store::{Copies, WatcherRecord};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Access, Class, Contact, Decision, OwnInbox, OwnPresentity, Request};
use tempfile::TempDir;
use tokio::sync::mpsc::unbounded_channel;

use super::*;

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
        (&kept[0].decision, kept[0].at),
        (&Decision::Block, Timestamp(2_000))
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
            group: None,
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
    let kept = store.load(&Key::Watcher(principal("alice")));
    assert_eq!(kept, Ok(Loaded::Watcher(WatcherRecord::default())));

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

/// Something of everything about one principal, as its owner and as what others keep of it.
fn everything_of(who: &str, other: &str) -> Vec<Change> {
    let (own, at) = (principal(who), Timestamp(5));
    let tag = Tag::parse("shop").ok();
    let further = own.presentity_of(tag.as_ref());
    let message = |id, from: &str, to: &str, copies| Change::Append {
        message: InstantMessage {
            id: MessageId(id),
            from: principal(from),
            to: InboxAddress(principal(to).0),
            body: Body::parse("hello").unwrap(),
            at,
            alias: None,
            by: None,
            called: None,
        },
        copies,
    };
    let mut tuple = PresenceTuple::inbox(&own.inbox(), Basic::Open, at);
    tuple.id = Token::parse("tel").unwrap();
    let mut changes = vec![
        Change::SetPresentity {
            principal: own.clone(),
            own: OwnPresentity {
                tag: tag.clone(),
                ..OwnPresentity::default()
            },
        },
        Change::SetInbox {
            principal: own.clone(),
            own: OwnInbox {
                tag,
                ..OwnInbox::default()
            },
        },
        Change::SetVisibility {
            watcher: own.clone(),
            presentity: Some(presentity(other)),
            visibility: Some(Visibility::Hidden),
        },
        Change::SetContact {
            watcher: own.clone(),
            contact: Contact {
                presentity: presentity(other),
                petname: None,
                group: None,
            },
        },
        message(1, who, other, Copies::Both),
        message(2, other, who, Copies::Held),
        message(3, other, who, Copies::Both),
        Change::Acknowledge {
            inbox: own.inbox(),
            up_to: Seq(9),
            to: vec![principal(other).0],
            at,
        },
        Change::Admit {
            inbox: own.inbox(),
            with: principal(other).0,
            at,
        },
        Change::MarkRead {
            inbox: own.inbox(),
            with: principal(other).0,
            up_to: Seq(9),
            at,
        },
    ];
    for presentity in [own.presentity(), further] {
        changes.extend([
            Change::SetAccess {
                presentity: presentity.clone(),
                watcher: principal(other),
                decision: Some(Decision::Allow),
                at,
            },
            Change::AddRequest {
                presentity: presentity.clone(),
                request: Request {
                    watcher: principal("zoe"),
                    at,
                    called: None,
                },
            },
            Change::KeepTuple {
                presentity: presentity.clone(),
                tuple: tuple.clone(),
            },
            Change::Watched {
                presentity,
                events: vec![(
                    WatcherName::Principal(principal(other)),
                    Event::Subscribed,
                    at,
                )],
            },
        ]);
    }
    changes
}

/// How many rows each table has that belongs to principals.
fn rows(store: &Store) -> Vec<(String, u32)> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table'
               AND name NOT IN ('meta', 'sqlite_sequence') ORDER BY name";
    let mut statement = store.db.prepare(sql).unwrap();
    let names = statement.query_map([], |row| row.get::<_, String>(0));
    let names: Vec<String> = names.unwrap().map(Result::unwrap).collect();
    let count = |name: String| {
        let sql = format!("SELECT count(*) FROM {name}");
        let rows = store.db.query_row(&sql, [], |row| row.get(0)).unwrap();
        (name, rows)
    };
    names.into_iter().map(count).collect()
}

#[test]
fn a_guest_whose_time_is_over_leaves_no_row_of_its_own() {
    let folder = TempDir::new().unwrap();
    let mut store = store_with(&folder, &["alice"]);
    let before = rows(&store);
    let made = store.create_account(&NewPrincipal {
        class: Class::Guest,
        expires: Some(Timestamp(1_000)),
        ..NewPrincipal::plain(principal("guest"))
    });
    assert_eq!(made, Ok(Created::Made));
    let answers = store.apply(everything_of("guest", "alice"));
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let gone = accounts::forget_expired(&store.db, Timestamp(1_000), 10).unwrap();
    assert_eq!(gone, [principal("guest")]);
    // What alice wrote, received and was counted for is hers.
    let hers = ["conversations", "entries", "inboxes", "known", "sent"];
    let rest = |rows: Vec<(String, u32)>| -> Vec<(String, u32)> {
        let others = |row: &(String, u32)| !hers.contains(&row.0.as_str());
        rows.into_iter().filter(others).collect()
    };
    assert_eq!(rest(rows(&store)), rest(before));
    for (table, key) in [
        ("conversations", "inbox"),
        ("entries", "inbox"),
        ("inboxes", "principal"),
        ("known", "principal"),
        ("sent", "sender"),
    ] {
        let sql = format!("SELECT count(*) FROM {table} WHERE {key} <> 1");
        let others: u32 = store.db.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(others, 0, "{table}");
    }
}

#[test]
fn a_further_presentity_that_is_dropped_leaves_no_row() {
    let folder = TempDir::new().unwrap();
    let mut store = store_with(&folder, &["alice", "bob"]);
    store.apply(everything_of("alice", "bob"));
    let dropped = Change::DropPresentity {
        presentity: Presentity::parse("alice+shop@localhost").unwrap(),
    };
    assert_eq!(store.apply(vec![dropped]), [Ok(Kept::Done)]);
    for table in ["presentities", "access", "requests", "tuples", "ledger"] {
        let sql = format!("SELECT count(*) FROM {table} WHERE tag <> ''");
        let rows: u32 = store.db.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0, "{table}");
    }
    assert_eq!(
        access(&mut store).len(),
        1,
        "the one from sign-up has its own"
    );
}

#[tokio::test]
async fn what_is_deleted_is_gone_from_the_disk_while_the_relay_runs() {
    const SECRET: &str = "the words that nobody must find";
    let folder = TempDir::new().unwrap();
    let store = store_with(&folder, &["alice"]);
    let (sender, mut answers) = unbounded_channel();
    let (handle, threads) = writer::start(store, sender).unwrap();
    let on_disk = || {
        let files = std::fs::read_dir(folder.path()).unwrap();
        let holds = |file: std::io::Result<std::fs::DirEntry>| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
            let mut parts = bytes.windows(SECRET.len());
            parts.any(|part| part == SECRET.as_bytes())
        };
        files.into_iter().any(holds)
    };
    let note = Change::Append {
        message: InstantMessage {
            id: MessageId(1),
            from: principal("alice"),
            to: principal("alice").inbox(),
            body: Body::parse(SECRET).unwrap(),
            at: Timestamp(1),
            alias: None,
            by: None,
            called: None,
        },
        copies: Copies::SenderOnly,
    };
    handle.keep(Ticket(1), note);
    answers.recv().await.unwrap();
    assert!(on_disk());
    let gone = Change::Delete {
        inbox: principal("alice").inbox(),
        seqs: vec![Seq(1)],
        at: Timestamp(2),
    };
    handle.keep(Ticket(2), gone);
    answers.recv().await.unwrap();
    let begun = Instant::now();
    while on_disk() {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "it is still there"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    handle.stop();
    threads.join();
}
