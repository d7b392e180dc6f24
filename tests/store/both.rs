//! Both stores at once: what is done to one is done to the other, and what they say must be the same.

use lamplight::store::{NewPrincipal, Room, Store};
use lamplight_core::address::{Address, InboxAddress, MessageId, Presentity, Principal, Seq, Tag};
use lamplight_core::message::{Conversation, Entry, InstantMessage, What};
use lamplight_core::presence::Note;
use lamplight_core::store::{
    Change, Copies, Kept, Key, Loaded, PresentityRecord, SenderRecord, WatcherRecord,
};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::Class;
use lamplight_tests::memory_store::MemoryStore;
use lamplight_tests::room::{body, inbox, presentity};

/// Everyone who is there, with their class.
pub const PEOPLE: [(&str, Class); 4] = [
    ("alice", Class::Account),
    ("bob", Class::Account),
    ("carol", Class::Guest),
    ("dave", Class::Group),
];
/// Messages that an inbox holds here, so that some are full now and then.
pub const ROOM: usize = 25;

/// Both stores, with the folder of the second.
pub struct Both {
    memory: MemoryStore,
    disk: Option<Store>,
    pub folder: tempfile::TempDir,
}

impl Both {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut disk = open(&folder);
        let mut memory = MemoryStore::new(disk.epoch().0);
        memory.inbox_messages = ROOM;
        for (who, class) in PEOPLE {
            let principal = principal(who);
            memory.create(&principal, class);
            let made = disk.create_account(&NewPrincipal {
                class,
                ..NewPrincipal::plain(principal)
            });
            made.expect("there is room for four principals");
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

    /// Closes the database as the end of the process does.
    pub fn close(&mut self) {
        self.disk = None;
    }

    /// Closes the database and opens it again.
    pub fn reopen(&mut self) {
        self.close();
        self.disk = Some(open(&self.folder));
    }

    /// Hands the changes to both, to SQLite in one commit.
    pub fn apply(&mut self, changes: &[Change]) -> Vec<Kept> {
        let here = changes.iter().cloned();
        let here: Vec<Kept> = here.map(|change| self.memory.apply(change)).collect();
        let there = self.disk().apply(changes.to_vec());
        let there: Result<Vec<Kept>, _> = there.into_iter().collect();
        assert_eq!(there.as_ref(), Ok(&here), "{changes:#?}");
        here
    }

    /// One change and its answer.
    pub fn keep(&mut self, change: Change) -> Kept {
        self.apply(&[change]).remove(0)
    }

    /// What both say to this.
    pub fn load(&mut self, key: &Key) -> Loaded {
        let here = self.memory.load(key);
        let there = self.disk().load(key);
        assert_eq!(there.as_ref(), Ok(&here), "{key:?}");
        here
    }

    // What the named tests ask again and again.

    pub fn logged(&mut self, change: Change) -> Vec<Entry> {
        match self.keep(change) {
            Kept::Logged { entries } => entries,
            other => panic!("{other:?}"),
        }
    }

    pub fn record(&mut self, of: &str) -> Option<PresentityRecord> {
        match self.load(&Key::Presentity(presentity(of))) {
            Loaded::Presentity(record) => record,
            other => panic!("{other:?}"),
        }
    }

    pub fn watcher(&mut self, who: &str) -> WatcherRecord {
        match self.load(&Key::Watcher(principal(who))) {
            Loaded::Watcher(record) => record,
            other => panic!("{other:?}"),
        }
    }

    pub fn sender(&mut self, own: &str, sender: &str) -> SenderRecord {
        match self.load(&Key::Sender(principal(own), address(sender))) {
            Loaded::Sender(record) => record,
            other => panic!("{other:?}"),
        }
    }

    pub fn log(&mut self, of: &str) -> Vec<What> {
        let key = Key::Log {
            inbox: inbox(of),
            after: Seq(0),
            limit: 1_000,
        };
        match self.load(&key) {
            Loaded::Log { entries, .. } => entries.into_iter().map(|entry| entry.what).collect(),
            other => panic!("{other:?}"),
        }
    }

    pub fn conversation(&mut self, of: &str, with: &str) -> Conversation {
        let Loaded::Conversations { conversations, .. } = self.load(&Key::Conversations(inbox(of)))
        else {
            panic!("other than asked")
        };
        let with = address(with);
        let mut of = conversations.into_iter().filter(|one| one.with == with);
        of.next().expect("there is such a conversation")
    }
}

fn open(folder: &tempfile::TempDir) -> Store {
    let store = opened(folder.path());
    store.with_room(Room {
        messages: ROOM as u64,
        ..Room::default()
    })
}

pub fn principal(name: &str) -> Principal {
    Principal(address(name))
}

pub fn address(name: &str) -> Address {
    presentity(name).0
}

pub fn of(name: &str, tag: Option<&Tag>) -> Presentity {
    principal(name).presentity_of(tag)
}

pub fn tag(text: &str) -> Tag {
    Tag::parse(text).expect("a short tag")
}

pub fn note(text: &str) -> Note {
    Note::parse(text).expect("a short note")
}

/// A message of the first to the second.
pub fn message(id: u128, from: &str, to: &str, text: &str) -> InstantMessage {
    InstantMessage {
        id: MessageId(id),
        from: principal(from),
        to: InboxAddress(address(to)),
        body: body(text),
        at: Timestamp(1_000 + id as u64),
        alias: None,
        by: None,
        called: None,
    }
}

/// The change that sends it.
pub fn sends(message: InstantMessage, copies: Copies) -> Change {
    Change::Append { message, copies }
}

/// Opens the store. Another test that starts a program at this moment holds, between two calls of the system, what this process
/// holds; its lock too.
fn opened(folder: &std::path::Path) -> Store {
    for _ in 0..500 {
        match Store::open(folder) {
            Err(lamplight::store::OpenError::InUse(_)) => {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            answer => return answer.expect("the store opens"),
        }
    }
    panic!("the store stays in use")
}
