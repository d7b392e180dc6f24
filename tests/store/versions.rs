//! A database of every version that was ever released opens, keeps what it had, and ends as one that is made today.
//!
//! `version_1.sql` and the like are what each version looked like, with something of everything in it. They never change; a new
//! version adds a file of its own.

use std::path::Path;

use lamplight::store::accounts::{self, hosted};
use lamplight::store::audit;
use lamplight::store::invitations::{self, Kind};
use lamplight::store::orders::{self, Order};
use lamplight::store::sites::{self, Algorithm, By, Terms};
use lamplight::store::{Created, FILE, NewPrincipal, Store, open_beside};
use lamplight_core::address::{Epoch, MessageId, Seq, Token};
use lamplight_core::called::{Called, Says};
use lamplight_core::message::What;
use lamplight_core::presence::{Basic, Hours, Note, PresenceTuple};
use lamplight_core::rules::{
    AccessRules, Delivery, DeliveryRule, Demand, Login, Part, Shares, Visibility, Who,
};
use lamplight_core::store::{Before, Door, Key, Loaded, PresentityRecord, SenderRecord};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Class, Decision};
use lamplight_tests::room::{body, inbox, presentity};
use rusqlite::Connection;

use super::both::{address, note, principal, tag};

const RELEASED: [&str; 6] = [
    include_str!("version_1.sql"),
    include_str!("version_2.sql"),
    include_str!("version_3.sql"),
    include_str!("version_4.sql"),
    include_str!("version_5.sql"),
    include_str!("version_6.sql"),
];

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
        let Loaded::Watcher(bob) = load(Key::Watcher(principal("bob"))) else {
            panic!("bob watches")
        };
        assert_eq!(bob.contacts[0].presentity, presentity("alice"));
        let petname = bob.contacts[0].petname.as_ref();
        assert_eq!(petname.map(Note::as_str), Some("Ali"));
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

/// More of what version 2 moved to other tables.
const MORE_OF_VERSION_1: &str = "
    UPDATE principals SET last_seen = 4000, class = 1 WHERE id = 3;
    INSERT INTO access VALUES (1, 'bob@localhost', 0, 7100), (2, 'carol@localhost', 1, 7200);
    INSERT INTO requests (nr, presentity, watcher, at) VALUES (7, 1, 'zoe@localhost', 7000), (9, 1, 'abe@localhost', 9000);
    INSERT INTO tuples SELECT 2, 'also', tuple FROM tuples;
    INSERT INTO contacts VALUES (2, 'carol@localhost', NULL), (3, 'bob@localhost', NULL);
    -- Bob wrote to carol and deleted it.
    INSERT INTO entries VALUES (2, 3, 1, 'carol@localhost', 9000, NULL, NULL, 1), (2, 4, 4, 'carol@localhost', 9001, NULL, NULL, 3);
    INSERT INTO conversations VALUES (2, 'carol@localhost', NULL, 0, 0, NULL, NULL);
    UPDATE principals SET head = 4 WHERE id = 2;
";

#[test]
fn what_version_2_moved_is_all_there() {
    let folder = made_by(RELEASED[0]);
    let db = Connection::open(folder.path().join(FILE)).expect("the database opens");
    db.execute_batch(MORE_OF_VERSION_1).expect("it is SQL");
    drop(db);
    let mut store = Store::open(folder.path()).expect("an old store opens");
    let mut load = |key| store.load(&key).expect("it can be read");
    let mut record = |who: &str| match load(Key::Presentity(presentity(who))) {
        Loaded::Presentity(Some(record)) => record,
        other => panic!("{other:?}"),
    };
    let decisions = |record: &PresentityRecord| -> Vec<(String, Decision, Timestamp)> {
        let access = record.access.iter();
        access
            .map(|one| (one.watcher.to_string(), one.decision.clone(), one.at))
            .collect()
    };
    let (alice, bob, carol) = (record("alice"), record("bob"), record("carol"));
    let (to_bob, to_carol) = ("bob@localhost".to_owned(), "carol@localhost".to_owned());
    assert_eq!(
        decisions(&alice),
        [
            (to_bob, Decision::Allow, Timestamp(7_100)),
            (to_carol.clone(), Decision::Block, Timestamp(7_000))
        ]
    );
    assert_eq!(
        decisions(&bob),
        [(to_carol, Decision::Deny, Timestamp(7_200))]
    );
    let asked: Vec<&str> = alice
        .requests
        .iter()
        .map(|one| one.watcher.as_str())
        .collect();
    assert_eq!(
        asked,
        ["bob@localhost", "zoe@localhost", "abe@localhost"],
        "in the order of asking"
    );
    assert_eq!((alice.tuples.len(), bob.tuples.len()), (1, 1));
    assert_eq!(
        (carol.class, carol.last_seen),
        (Class::Guest, Timestamp(4_000))
    );
    for nothing in [&alice, &bob, &carol] {
        assert_eq!(nothing.own, PresentityRecord::default().own);
        assert_eq!((nothing.further.len(), nothing.inboxes.len()), (0, 0));
    }

    let mut sender =
        |own: &str, sender: &str| match load(Key::Sender(principal(own), address(sender))) {
            Loaded::Sender(record) => record,
            other => panic!("{other:?}"),
        };
    let known = |contact, written| SenderRecord {
        contact,
        written,
        ..SenderRecord::default()
    };
    assert_eq!(sender("bob", "alice"), known(true, true));
    assert_eq!(
        sender("bob", "carol"),
        known(true, true),
        "also of a message that is deleted"
    );
    assert_eq!(sender("alice", "bob"), known(false, false));
}

/// How alice stood before she blocked carol, and before her rules blocked anybody.
fn before() -> [Before; 2] {
    let phone = Token::parse("tel").expect("a token");
    let part = Part {
        note: false,
        means: Shares::These(vec![phone.clone()]),
        ..Part::ALL
    };
    let mut tuple = PresenceTuple::inbox(&inbox("alice"), Basic::Open, Timestamp(5));
    tuple.id = phone;
    let hours = vec![Hours {
        days: 1,
        from: 60,
        to: 120,
        offset: -60,
    }];
    let rules = vec![DeliveryRule {
        who: Who::Account,
        then: Delivery::Hold,
        below: Some(Login::Fresh),
        longer_than: Some(500),
        hours: hours.clone(),
    }];
    let door = Door {
        tag: Some(tag("work")),
        decision: Some(Decision::Availability),
        basic: Basic::Closed,
        hours,
        rules,
    };
    let one = Before {
        at: Timestamp(7_000),
        since: Timestamp(6_500),
        decision: Some(Decision::Chosen(part)),
        rules: AccessRules {
            demand: Demand::Named,
            ..AccessRules::default()
        },
        means: vec![tuple],
        contacts: Some(vec![(presentity("carol"), Some(note("Colleagues")))]),
        doors: vec![door],
        asked: true,
    };
    let all = Before {
        at: Timestamp(7_500),
        since: Timestamp(7_400),
        ..Before::default()
    };
    [one, all]
}

#[test]
fn what_version_5_brought_is_read_as_it_was_written() {
    let folder = made_by(RELEASED[4]);
    drop(Store::open(folder.path()).expect("the store opens"));
    let db = open_beside(folder.path()).expect("it opens beside a relay too");
    let shown = |name: &str| hosted::show(&db, &principal(name)).expect("it can be read");
    let (alice, bob) = (shown("alice").expect("alice"), shown("bob").expect("bob"));
    assert_eq!((alice.admin, alice.suspended), (true, None));
    assert_eq!((bob.admin, bob.suspended), (false, Some(Timestamp(8_000))));
    let dave = NewPrincipal {
        skeleton: "dave".into(),
        ..NewPrincipal::plain(principal("dave"))
    };
    let created = accounts::create(&db, &dave).expect("it can be asked");
    assert_eq!(
        created,
        Created::NameTaken,
        "nobody gets the name of one who is gone"
    );
    let find = |hash: u8| {
        let found = invitations::find(&db, &[hash], Timestamp(5_000)).expect("it can be read");
        found.map(|found| (found.kind, found.of, found.remaining))
    };
    assert_eq!(
        find(0x0a),
        Some((Kind::Account, Some(principal("alice")), 2))
    );
    assert_eq!(find(0x0b), Some((Kind::Admin, None, 1)));
    assert_eq!(find(0x0c), None, "bob is suspended");
    assert_eq!(find(0x0d), None, "its time is over");
    let own = invitations::list(&db, Some(&principal("alice"))).expect("it can be read");
    assert_eq!(
        (own.len(), own[0].note.as_deref(), own[0].used),
        (1, Some("for erin"), 1)
    );
    let orders = orders::take(&db, 10).expect("they can be taken");
    assert_eq!(
        orders,
        [
            (principal("alice"), Order::SignedOut(Some(7))),
            (principal("dave"), Order::Removed)
        ]
    );
    assert!(!orders::is_any_left(&db).expect("it can be asked"));
    let acts = audit::list(&db, 1).expect("it can be read");
    assert_eq!(acts[0].who.as_deref(), Some("alice@localhost"));
    assert_eq!(
        (acts[0].what.as_str(), acts[0].about.as_str()),
        ("suspended", "bob@localhost")
    );
}

#[test]
fn what_version_4_brought_is_read_as_it_was_written() {
    let folder = made_by(RELEASED[3]);
    drop(Store::open(folder.path()).expect("the store opens"));
    let db = open_beside(folder.path()).expect("it opens beside a relay too");
    let sites = sites::list(&db, &By::Host).expect("it can be read");
    let names: Vec<&str> = sites.iter().map(|(site, _)| site.name.as_str()).collect();
    assert_eq!(names, ["blog.example", "shop.example"], "one is removed");
    let [(blog, of_blog), (shop, of_shop)] = &sites[..] else {
        panic!("there are two")
    };
    assert_eq!(
        shop.origins,
        ["https://shop.example", "https://www.shop.example"]
    );
    assert_eq!((shop.chats.len(), blog.chats.len()), (1, 2));
    assert_eq!((of_shop, of_blog), (&2, &0));
    let terms = Terms {
        guests: true,
        guests_most: 50,
        guests_per_hour: 5,
        life: 7_200_000,
    };
    assert_eq!(shop.terms, terms);
    let keys: Vec<_> = shop.keys.iter().map(|key| key.kid.as_str()).collect();
    assert_eq!(keys, ["present", "former"], "the one in use comes first");
    assert_eq!(shop.keys[0].bytes.0, b"lamp_present");
    assert_eq!(blog.keys[0].algorithm, Algorithm::EdDsa);
    let page = "https://www.shop.example";
    let found = sites::showing(&db, page, &presentity("shop")).expect("it can be read");
    assert_eq!(found.as_ref(), Some(shop));
    let found = sites::keyed(&db, page, "former").expect("it can be read");
    assert_eq!(found.as_ref(), Some(shop));
    for (site, chat, shown) in [
        (shop, "shop@localhost", true),
        (shop, "alice@localhost", false),
        (blog, "alice+work@localhost", true),
    ] {
        let shows = sites::shows(&db, site, &presentity(chat.trim_end_matches("@localhost")));
        assert_eq!(shows.expect("it can be read"), shown, "{chat}");
    }
    let mut store = Store::open(folder.path()).expect("the store opens");
    let maria = Box::new(Called {
        site: note("shop.example"),
        name: Some(note("Maria")),
        says: Says::Site,
    });
    let loaded = store.load(&Key::Presentity(presentity("bob")));
    let Ok(Loaded::Presentity(Some(bob))) = loaded else {
        panic!("bob has an account: {loaded:?}")
    };
    assert_eq!(bob.requests[0].called, Some(maria.clone()));
    let loaded = store.load(&Key::Conversations(inbox("bob")));
    let Ok(Loaded::Conversations { conversations, .. }) = loaded else {
        panic!("bob has conversations: {loaded:?}")
    };
    assert_eq!(conversations[0].called, None);
    assert_eq!(conversations[1].called, Some(maria));
    let by = By::Account(principal("alice"));
    let own = sites::list(&db, &by).expect("it can be read");
    assert_eq!(own, [(blog.clone(), 0)]);
}

#[test]
fn what_version_3_brought_is_read_as_it_was_written() {
    let folder = made_by(RELEASED[2]);
    let mut store = Store::open(folder.path()).expect("the store opens");
    let loaded = store.load(&Key::Presentity(presentity("alice")));
    let Ok(Loaded::Presentity(Some(alice))) = loaded else {
        panic!("alice has an account: {loaded:?}")
    };
    let [one, all] = before();
    assert_eq!(alice.before, [(principal("carol"), one)]);
    assert_eq!(alice.turns, [all.clone(), all]);
    // What was blocked before this was kept is blocked all the same.
    for older in &RELEASED[..2] {
        let folder = made_by(older);
        let mut store = Store::open(folder.path()).expect("an old store opens");
        let loaded = store.load(&Key::Presentity(presentity("alice")));
        let Ok(Loaded::Presentity(Some(alice))) = loaded else {
            panic!("alice has an account: {loaded:?}")
        };
        assert_eq!(alice.access[0].decision, Decision::Block);
        assert_eq!((alice.before, alice.turns), (vec![], vec![]));
    }
}

#[test]
fn what_version_2_brought_is_read_as_it_was_written() {
    let folder = made_by(RELEASED[1]);
    let mut store = Store::open(folder.path()).expect("the store opens");
    let mut load = |key| store.load(&key).expect("it can be read");
    let mut record = |of: &str| match load(Key::Presentity(presentity(of))) {
        Loaded::Presentity(Some(record)) => record,
        other => panic!("{other:?}"),
    };
    let (alice, work, shop) = (record("alice"), record("alice+work"), record("shop"));
    assert_eq!((alice.further.len(), alice.class), (1, Class::Account));
    let colleagues = Who::Group(note("Colleagues"));
    for own in [&alice.own, &work.own] {
        assert_eq!(own.rules.rules[0].who, colleagues);
        assert_eq!(own.rules.demand, Demand::Named);
    }
    let chosen = Part {
        note: false,
        means: Shares::These(vec![Token::parse("tel").expect("a token")]),
        ..Part::ALL
    };
    let decisions: Vec<&Decision> = work.access.iter().map(|one| &one.decision).collect();
    assert_eq!(
        decisions,
        [
            &Decision::Chosen(chosen),
            &Decision::Ask,
            &Decision::Availability
        ]
    );
    assert_eq!((work.tuples.len(), work.requests.len()), (1, 1));
    assert_eq!(work.last_seen, Timestamp(4_000));
    let contacts = [(principal("bob"), Some(note("Colleagues")))];
    assert_eq!(alice.contacts, contacts);
    assert_eq!(shop.class, Class::Group);
    let sales = &shop.inboxes[1];
    assert_eq!(
        (&sales.tag, sales.until, sales.counts.held),
        (&Some(tag("sales")), Some(Timestamp(9_000_000)), 1)
    );
    assert_eq!(sales.rules[0].then, Delivery::Hold);
    assert_eq!(shop.inboxes[0].counts.refused, 2);

    let Loaded::Watchers(watchers) = load(Key::Watchers {
        presentity: presentity("alice"),
        since: Timestamp(0),
    }) else {
        panic!("alice is watched")
    };
    let counts: Vec<u32> = watchers.iter().map(|row| row.count).collect();
    assert_eq!(counts, [3, 412, 1, 2]);
    assert_eq!(watchers[0].visibility, Visibility::Counted);
    let Loaded::Log { entries, .. } = load(Key::Log {
        inbox: inbox("shop"),
        after: Seq(0),
        limit: 10,
    }) else {
        panic!("the shop has a log")
    };
    assert_eq!(entries[0].with, address("bot+orders"));
    assert_eq!(entries[1].own, Some(tag("sales")));
    let held = What::Held(MessageId(0x12), body("sales"));
    let rest: Vec<&What> = entries[1..].iter().map(|entry| &entry.what).collect();
    assert_eq!(rest, [&held, &What::Admitted, &What::Cleared(Seq(3))]);
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
