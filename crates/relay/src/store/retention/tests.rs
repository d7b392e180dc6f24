//! What goes with age and what stays, in tables and on the disk.

use lamplight_core::address::{InboxAddress, MessageId, Principal, Seq, Ticket};
use lamplight_core::message::{Body, Conversation, InstantMessage, What};
use lamplight_core::store::{Change, Copies, First, Kept, Key, Loaded};
use tempfile::TempDir;
use tokio::sync::mpsc::unbounded_channel;

use super::*;
use crate::store::{Created, NewPrincipal, Store, writer};

fn principal(name: &str) -> Principal {
    Principal::parse(&format!("{name}@localhost")).unwrap()
}

fn inbox(name: &str) -> InboxAddress {
    principal(name).inbox()
}

fn store(folder: &TempDir) -> Store {
    let mut store = Store::open(folder.path()).unwrap();
    for name in ["alice", "bob"] {
        let made = store.create_account(&NewPrincipal::plain(principal(name)));
        assert_eq!(made, Ok(Created::Made));
    }
    store
}

/// Alice writes to bob: the n-th message at the n-th moment.
fn letter(n: u64, copies: Copies) -> Change {
    Change::Append {
        message: InstantMessage {
            id: MessageId(n.into()),
            from: principal("alice"),
            to: inbox("bob"),
            body: Body::parse(&format!("letter {n}")).unwrap(),
            at: Timestamp(n),
            alias: None,
            by: None,
            called: None,
        },
        copies,
    }
}

fn sends(store: &mut Store, n: u64, copies: Copies) -> Kept {
    store.apply(vec![letter(n, copies)]).remove(0).unwrap()
}

fn read(store: &mut Store, of: &str) -> (Vec<What>, Seq) {
    let key = Key::Log {
        inbox: inbox(of),
        after: Seq(0),
        limit: 100,
    };
    match store.load(&key).unwrap() {
        Loaded::Log { entries, up_to } => {
            (entries.into_iter().map(|entry| entry.what).collect(), up_to)
        }
        other => panic!("{other:?}"),
    }
}

fn conversation(store: &mut Store, of: &str) -> Conversation {
    match store.load(&Key::Conversations(inbox(of))).unwrap() {
        Loaded::Conversations { conversations, .. } => conversations[0].clone(),
        other => panic!("{other:?}"),
    }
}

/// What the inbox says that it holds.
fn room(store: &Store, of: &str) -> (u64, u64) {
    let sql = "SELECT messages, bytes FROM principals WHERE address = ?1";
    let row = store.db.query_row(sql, [principal(of).as_str()], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    });
    let (messages, bytes) = row.unwrap();
    (messages as u64, bytes as u64)
}

fn messages(before: u64) -> Before {
    Before {
        messages: Some(Timestamp(before)),
        receipts: None,
    }
}

fn receipts(before: u64) -> Before {
    Before {
        messages: None,
        receipts: Some(Timestamp(before)),
    }
}

#[test]
fn an_age_of_zero_is_never_reached() {
    let second = Duration::from_secs(1);
    let before = Before::of(Timestamp(5_000), Duration::ZERO, second);
    assert_eq!(before, receipts(4_000));
}

#[test]
fn old_messages_go_from_both_logs_and_everything_else_stays_as_it_was() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&folder);
    for n in 1..=5 {
        sends(&mut store, n, Copies::Both);
    }
    store.apply(vec![Change::MarkRead {
        inbox: inbox("bob"),
        with: principal("alice").address().clone(),
        up_to: Seq(1),
        at: Timestamp(6),
    }]);
    assert_eq!(conversation(&mut store, "bob").unread, 4);

    // In two batches, of which the second has less to do.
    let gone = forget_old(&store.db, messages(4), 4).unwrap();
    assert_eq!(gone.messages, 4);
    let gone = forget_old(&store.db, messages(4), 4).unwrap();
    assert_eq!(gone.messages, 2);

    let body = |n| Body::parse(&format!("letter {n}")).unwrap();
    let (bobs, up_to) = read(&mut store, "bob");
    let expected = vec![
        What::Received(MessageId(4), body(4)),
        What::Received(MessageId(5), body(5)),
        What::Read(Seq(1)),
    ];
    assert_eq!((bobs, up_to), (expected, Seq(6)));
    assert_eq!(read(&mut store, "alice").0.len(), 2);
    assert_eq!(
        (room(&store, "alice"), room(&store, "bob")),
        ((2, 16), (2, 16))
    );
    let with_alice = conversation(&mut store, "bob");
    assert_eq!((with_alice.unread, with_alice.read), (2, Seq(1)));
    assert_eq!(with_alice.last.map(|last| last.seq), Some(Seq(5)));
    // A repetition of one that is gone is still known, and its place is given to no other.
    let Kept::Appended { first, sender, .. } = sends(&mut store, 1, Copies::Both) else {
        panic!("it is known")
    };
    assert_eq!((first, sender.seq), (First::Repetition, Seq(1)));
    let Kept::Appended { receiver, .. } = sends(&mut store, 7, Copies::Both) else {
        panic!("it is new")
    };
    assert_eq!(receiver.map(|entry| entry.seq), Some(Seq(7)));
}

#[test]
fn of_a_conversation_that_is_all_old_nothing_counts_any_more() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&folder);
    for n in 1..=3 {
        sends(&mut store, n, Copies::Held);
    }
    assert_eq!(conversation(&mut store, "bob").held, 3);
    forget_old(&store.db, messages(3), 100).unwrap();
    assert_eq!(conversation(&mut store, "bob").held, 1);
    forget_old(&store.db, messages(4), 100).unwrap();
    let with_alice = conversation(&mut store, "bob");
    assert_eq!((with_alice.held, with_alice.last), (0, None));
    assert_eq!(room(&store, "bob"), (0, 0));
}

#[test]
fn what_was_sent_and_deleted_is_remembered_for_its_time_and_no_longer() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&folder);
    for n in 1..=3 {
        sends(&mut store, n, Copies::Both);
    }
    store.apply(vec![Change::Delete {
        inbox: inbox("bob"),
        seqs: vec![Seq(1), Seq(2)],
        at: Timestamp(10),
    }]);
    // Two rows without text; the tombstones are younger.
    let gone = forget_old(&store.db, receipts(2), 100).unwrap();
    assert_eq!(
        gone,
        Gone {
            messages: 0,
            receipts: 2
        }
    );
    assert_eq!(read(&mut store, "bob").0.len(), 3);
    let repeated = |kept| {
        matches!(
            kept,
            Kept::Appended {
                first: First::Repetition,
                ..
            }
        )
    };
    assert!(repeated(sends(&mut store, 2, Copies::Both)));
    assert!(
        !repeated(sends(&mut store, 1, Copies::Both)),
        "its time is over"
    );
    forget_old(&store.db, receipts(11), 100).unwrap();
    let (bobs, _) = read(&mut store, "bob");
    assert!(!bobs.iter().any(|what| matches!(what, What::Deleted(_))));
    // What has text is no receipt.
    assert_eq!(bobs.len(), 2);
}

#[test]
fn where_nothing_is_due_nothing_is_written() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&folder);
    sends(&mut store, 5, Copies::Both);
    let log = folder.path().join("lamplight.sqlite-wal");
    let written = || std::fs::metadata(&log).unwrap().len();
    let before = written();
    for _ in 0..3 {
        store.begin().unwrap();
        let both = Before {
            messages: Some(Timestamp(5)),
            receipts: Some(Timestamp(5)),
        };
        assert_eq!(forget_old(&store.db, both, 100).unwrap().rows(), 0);
        store.commit().unwrap();
    }
    assert_eq!(written(), before);
    let plan = "EXPLAIN QUERY PLAN SELECT inbox, seq FROM entries WHERE body IS NOT NULL AND at < 5 ORDER BY at LIMIT 1";
    let plan: String = store.db.query_row(plan, [], |row| row.get(3)).unwrap();
    assert!(
        plan.contains("entries_old"),
        "found without reading the rest: {plan}"
    );
}

#[tokio::test]
async fn what_is_too_old_is_gone_from_the_disk_while_the_relay_runs() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder);
    let (sender, mut answers) = unbounded_channel();
    let (handle, threads) = writer::start(store, sender).unwrap();
    handle.keep(Ticket(1), letter(1, Copies::Both));
    answers.recv().await.unwrap();
    let on_disk = || {
        let files = std::fs::read_dir(folder.path()).unwrap();
        files.into_iter().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
            bytes.windows(8).any(|part| part == b"letter 1")
        })
    };
    assert!(on_disk());
    let forget = |db: &Connection| forget_old(db, messages(2), 100);
    assert_eq!(handle.remove(forget).await.unwrap().messages, 2);
    let begun = std::time::Instant::now();
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
