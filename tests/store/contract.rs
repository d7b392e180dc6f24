//! The contract of `core::store`: the same changes at random to plain maps and to SQLite give the same answers, and whatever is
//! then loaded is the same, also after the database was closed and opened again.

use lamplight::store::{NewPrincipal, Room, Store};
use lamplight_core::address::{
    Address, InboxAddress, MessageId, Presentity, Principal, Seq, Token,
};
use lamplight_core::message::InstantMessage;
use lamplight_core::presence::{
    Activity, Basic, Markup, Note, PresenceTuple, Status, TupleKind, by_hand,
};
use lamplight_core::store::{Change, Copies, Kept, Key};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Contact, Decision, Request};
use lamplight_tests::memory_store::MemoryStore;
use lamplight_tests::random::Chance;
use lamplight_tests::room::{body, inbox, presentity};

const PEOPLE: [&str; 4] = ["alice", "bob", "carol", "dave"];
/// Messages that an inbox holds here, so that some are full now and then.
const ROOM: usize = 25;

/// Both stores, with the folder of the second.
struct Both {
    memory: MemoryStore,
    disk: Option<Store>,
    folder: tempfile::TempDir,
}

impl Both {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut disk = open(&folder);
        let mut memory = MemoryStore::new(disk.epoch().0);
        memory.inbox_messages = ROOM;
        for who in PEOPLE {
            let principal = presentity(who).principal();
            memory.create_account(&principal);
            let made = disk.create_account(&NewPrincipal::plain(principal));
            made.expect("there is room for four accounts");
        }
        Self {
            memory,
            disk: Some(disk),
            folder,
        }
    }

    fn disk(&mut self) -> &mut Store {
        self.disk.as_mut().expect("the store is open")
    }

    /// Closes the database as the end of the process does, and opens it again.
    fn reopen(&mut self) {
        self.disk = None;
        self.disk = Some(open(&self.folder));
    }

    /// Hands the changes to both, to SQLite in one commit.
    fn apply(&mut self, changes: &[Change]) -> Vec<Kept> {
        let here = changes.iter().cloned();
        let here: Vec<Kept> = here.map(|change| self.memory.apply(change)).collect();
        let there = self.disk().apply(changes.to_vec());
        let there: Result<Vec<Kept>, _> = there.into_iter().collect();
        assert_eq!(there.as_ref(), Ok(&here), "{changes:#?}");
        here
    }

    /// Everything that can be asked gives the same.
    fn agree(&mut self, chance: &mut Chance) {
        for key in keys(chance) {
            let here = self.memory.load(&key);
            let there = self.disk().load(&key);
            assert_eq!(there.as_ref(), Ok(&here), "{key:?}");
        }
    }
}

fn open(folder: &tempfile::TempDir) -> Store {
    let store = Store::open(folder.path()).expect("the store opens");
    store.with_room(Room {
        messages: ROOM as u64,
        ..Room::default()
    })
}

fn keys(chance: &mut Chance) -> Vec<Key> {
    let mut keys = vec![Key::Presentity(presentity("nobody"))];
    for who in PEOPLE {
        let inbox = inbox(who);
        keys.push(Key::Presentity(presentity(who)));
        keys.push(Key::Contacts(presentity(who).principal()));
        keys.push(Key::Inbox(inbox.clone()));
        keys.push(Key::Conversations(inbox.clone()));
        let limit = 1 + chance.below(60) as u16;
        keys.push(Key::Log {
            inbox: inbox.clone(),
            after: Seq(chance.below(80)),
            limit,
        });
        let with = chance
            .happens(1, 2)
            .then(|| presentity(PEOPLE[chance.below(4) as usize]).0);
        let before = chance.happens(1, 2).then(|| Seq(chance.below(80)));
        keys.push(Key::History {
            inbox,
            with,
            before,
            limit,
        });
    }
    keys
}

// Changes.

struct Names {
    one: &'static str,
    other: &'static str,
}

impl Names {
    fn inbox(&self) -> InboxAddress {
        inbox(self.one)
    }

    fn own(&self) -> Presentity {
        presentity(self.one)
    }

    fn principal(&self) -> Principal {
        self.own().principal()
    }

    fn watcher(&self) -> Principal {
        presentity(self.other).principal()
    }

    fn with(&self) -> Address {
        presentity(self.other).0
    }
}

fn names(chance: &mut Chance) -> Names {
    let one = chance.below(4) as usize;
    let other = (one + 1 + chance.below(3) as usize) % 4;
    Names {
        one: PEOPLE[one],
        other: PEOPLE[other],
    }
}

fn change(chance: &mut Chance, at: Timestamp) -> Change {
    let names = names(chance);
    match chance.below(20) {
        0..=7 => append(chance, &names, at),
        8..=9 => Change::Acknowledge {
            inbox: names.inbox(),
            up_to: Seq(chance.below(90)),
            at,
        },
        10 => Change::MarkRead {
            inbox: names.inbox(),
            with: names.with(),
            up_to: Seq(chance.below(90)),
            at,
        },
        11..=12 => Change::Delete {
            inbox: names.inbox(),
            seqs: (0..=chance.below(6))
                .map(|_| Seq(chance.below(90)))
                .collect(),
            at,
        },
        _ => of_presence(chance, &names, at),
    }
}

fn append(chance: &mut Chance, names: &Names, at: Timestamp) -> Change {
    let to = if chance.happens(1, 20) {
        inbox("nobody")
    } else {
        InboxAddress(names.with())
    };
    // Few identifiers and few texts, so that repetitions and conflicts come about.
    let id = MessageId(u128::from(chance.below(60)) << 70 | 5);
    let text = format!("text {}", id.0 >> 70).repeat(1 + chance.below(20) as usize / 19);
    let copies = match chance.below(5) {
        0 => Copies::SenderOnly,
        _ => Copies::Both,
    };
    Change::Append {
        message: InstantMessage {
            id,
            from: names.principal(),
            to,
            body: body(&text),
            at,
        },
        copies,
    }
}

fn of_presence(chance: &mut Chance, names: &Names, at: Timestamp) -> Change {
    let (own, watcher) = (names.own(), names.watcher());
    match chance.below(8) {
        0 => Change::SetContact {
            watcher: names.principal(),
            contact: Contact {
                presentity: presentity(names.other),
                petname: chance.happens(1, 2).then(|| note("Ali “the” cat")),
            },
        },
        1 => Change::RemoveContact {
            watcher: names.principal(),
            presentity: presentity(names.other),
        },
        2 => Change::SetAccess {
            presentity: own,
            watcher,
            decision: *chance.pick(&[
                Some(Decision::Allow),
                Some(Decision::Deny),
                Some(Decision::Block),
                None,
            ]),
            at,
        },
        3 => Change::AddRequest {
            presentity: own,
            request: Request { watcher, at },
        },
        4 => Change::RemoveRequest {
            presentity: own,
            watcher,
        },
        5 => Change::KeepTuple {
            presentity: own,
            tuple: tuple(chance, at),
        },
        6 => Change::DropTuple {
            presentity: own,
            tuple: tuple(chance, at).id,
        },
        _ => Change::LastSeen {
            presentity: own,
            at,
        },
    }
}

fn note(text: &str) -> Note {
    Note::parse(text).expect("a short note")
}

fn tuple(chance: &mut Chance, at: Timestamp) -> PresenceTuple {
    let token = |text| Token::parse(text).expect("a short token");
    let (id, kind) = match chance.below(3) {
        0 => (by_hand(), TupleKind::Person),
        1 => (token("tel"), TupleKind::Service),
        _ => (token("inbox"), TupleKind::Service),
    };
    PresenceTuple {
        id,
        kind,
        status: Status {
            basic: *chance.pick(&[Basic::Open, Basic::Closed]),
            activities: vec![Activity::Busy, Activity::Named(token("x-shop.closed"))],
            note: chance.happens(1, 2).then(|| note("zurück um 3")),
        },
        address: None,
        markup: vec![Markup {
            namespace: token("x-shop"),
            content: vec![0, 255, 7],
        }],
        since: at,
        until: chance.happens(1, 2).then(|| Timestamp(at.0 + 1)),
    }
}

// The checks.

fn at(chance: &mut Chance) -> Timestamp {
    Timestamp(1_767_225_600_000 + chance.below(1_000_000))
}

#[test]
fn both_stores_answer_every_change_and_load_alike() {
    for seed in 0..20 {
        let mut chance = Chance::new(seed);
        let mut both = Both::new();
        for _ in 0..150 {
            let now = at(&mut chance);
            let batch: Vec<_> = (0..=chance.below(5))
                .map(|_| change(&mut chance, now))
                .collect();
            both.apply(&batch);
            both.agree(&mut chance);
            if chance.happens(1, 30) {
                both.reopen();
                both.agree(&mut chance);
            }
        }
    }
}

#[test]
fn every_single_change_is_there_after_a_restart() {
    let mut chance = Chance::new(2778);
    let mut both = Both::new();
    for _ in 0..250 {
        let now = at(&mut chance);
        let change = change(&mut chance, now);
        both.apply(&[change]);
        both.reopen();
        both.agree(&mut chance);
    }
}

#[test]
fn every_kind_of_answer_comes_about() {
    let mut chance = Chance::new(7);
    let mut both = Both::new();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..2_000 {
        let now = at(&mut chance);
        let change = change(&mut chance, now);
        for kept in both.apply(&[change]) {
            let kind = format!("{kept:?}");
            let kind = kind.split([' ', '{']).next().unwrap_or_default().to_owned();
            let first = matches!(
                kept,
                Kept::Appended {
                    first: lamplight_core::store::First::Repetition,
                    ..
                }
            );
            seen.insert((kind, first));
        }
    }
    let kinds: Vec<&str> = seen.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "Acknowledged",
            "Appended",
            "Appended",
            "Done",
            "IdConflict",
            "InboxFull",
            "Logged",
            "NoInbox"
        ]
    );
}

#[test]
fn another_relay_on_the_same_folder_is_refused() {
    let both = Both::new();
    assert!(Store::open(both.folder.path()).is_err());
}
