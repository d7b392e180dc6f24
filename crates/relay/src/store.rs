//! What must last, in SQLite: the relay's keeping of `lamplight_core::store`'s contract.
//!
//! [`Store`] is the synchronous face: one connection that writes, transactions, faults. `writer` puts it on a thread of its own
//! and commits in groups. Starting reads no messages: time and memory do not grow with what is stored.

#![allow(
    clippy::cast_possible_wrap,
    reason = "SQLite's integers are i64, and no place or time comes near their end"
)]

pub mod accounts;
pub mod audit;
mod changes;
pub mod copies;
pub mod export;
pub mod invitations;
mod ledger;
mod loads;
pub mod orders;
pub mod retention;
mod rows;
mod schema;
pub mod sites;
pub mod sizes;
pub mod writer;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fmt, io};

use lamplight_core::address::Epoch;
use lamplight_core::store::{Change, Kept, Key, Loaded, StoreFault};
use rusqlite::{Connection, Error, ErrorCode, OpenFlags};

pub use accounts::{Created, NewPrincipal};
pub use changes::Room;

/// The schema that this build reads and writes.
pub const SCHEMA: usize = schema::VERSION;

/// The database, in the data folder.
pub const FILE: &str = "lamplight.sqlite";

/// One store, opened for writing. There is at most one per folder on a machine.
pub struct Store {
    db: Connection,
    path: PathBuf,
    epoch: Epoch,
    room: Room,
    sound: bool,
    /// Since when the write-ahead log may still show what was removed from the tables.
    remains: Option<Instant>,
    /// Held for as long as the store is open.
    _lock: File,
}

/// Why a store could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The folder cannot be made, read or written.
    Folder(PathBuf, io::Error),
    /// Another relay has it.
    InUse(PathBuf),
    /// No relay has ever run on it.
    Empty(PathBuf),
    /// A newer relay made it.
    Newer { found: usize },
    /// The database does not open.
    Database(Error),
    /// The system gave no random bytes.
    NoRandomness,
    /// The system gave no thread.
    Thread(io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path, error) => {
                write!(
                    f,
                    "the data folder {} cannot be used: {error}",
                    path.display()
                )
            }
            Self::InUse(path) => write!(
                f,
                "another relay is running on the data folder {}; stop it first or choose another folder",
                path.display()
            ),
            Self::Empty(path) => write!(
                f,
                "there is no data of a relay in the folder {}; name the one that `lamplight serve` uses with --data",
                path.display()
            ),
            Self::Newer { found } => write!(
                f,
                "the data was written by a newer Lamplight (schema {found}, this build knows {}); install that version or a later one",
                schema::VERSION
            ),
            Self::Database(error) => write!(f, "the database does not open: {error}"),
            Self::NoRandomness => f.write_str("the system gives no random numbers"),
            Self::Thread(error) => write!(f, "the system gives no thread for the store: {error}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl Store {
    /// Opens the store in a folder, making both if they are not there.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        let fault = |error| OpenError::Folder(folder.to_owned(), error);
        make_private(folder).map_err(fault)?;
        let lock = File::create(folder.join("lock")).map_err(fault)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(folder.to_owned())),
            Err(TryLockError::Error(error)) => return Err(fault(error)),
        }
        let path = folder.join(FILE);
        let mut db = Connection::open(&path)?;
        schema::prepare_writer(&db)?;
        schema::migrate(&mut db)?;
        let epoch = schema::epoch(&db)?;
        Ok(Self {
            db,
            path,
            epoch,
            room: Room::default(),
            sound: true,
            remains: None,
            _lock: lock,
        })
    }

    /// With other limits of an inbox than the defaults.
    #[must_use]
    pub fn with_room(self, room: Room) -> Self {
        Self { room, ..self }
    }

    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Whether the disk still keeps its promises.
    pub fn is_sound(&self) -> bool {
        self.sound
    }

    /// Carries out all changes in one commit and answers each. If the commit fails, nothing happened.
    pub fn apply(&mut self, changes: Vec<Change>) -> Vec<Result<Kept, StoreFault>> {
        let count = changes.len();
        if let Err(fault) = self.begin() {
            return vec![Err(fault); count];
        }
        let answers = self.carry_out_all(changes);
        match self.commit() {
            Ok(()) => answers,
            Err(fault) => vec![Err(fault); count],
        }
    }

    /// Reads what was asked for, from one consistent state.
    pub fn load(&mut self, key: &Key) -> Result<Loaded, StoreFault> {
        let transaction = self.db.transaction().map_err(|error| fault_of(&error))?;
        let loaded = loads::load(&transaction, self.epoch, key).map_err(|error| fault_of(&error));
        // Reading changed nothing; if ending fails there is nothing to undo.
        let _ = transaction.commit();
        loaded
    }

    /// Makes an account or a guest, with its presentity and inbox.
    pub fn create_account(&mut self, new: &NewPrincipal) -> Result<Created, StoreFault> {
        self.begin()?;
        let created = self.within_savepoint(|db| accounts::create(db, new));
        self.commit().and(created)
    }

    /// A second connection, for reading beside the writer.
    fn reader(&self) -> Result<Connection, OpenError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(&self.path, flags)?;
        schema::prepare_reader(&reader)?;
        Ok(reader)
    }

    fn begin(&mut self) -> Result<(), StoreFault> {
        if !self.sound {
            return Err(StoreFault::Failed);
        }
        let begun = self.db.execute_batch("BEGIN IMMEDIATE");
        begun.map_err(|error| self.note(&error))
    }

    /// Changes within the transaction, one after the other: a failure undoes its own alone. That each can be undone by itself costs
    /// a copy of every page that it touches, so they are tried together first.
    fn carry_out_all(&mut self, changes: Vec<Change>) -> Vec<Result<Kept, StoreFault>> {
        let room = self.room;
        let mut removed = false;
        if changes.len() > 1 {
            let all = self.within_savepoint(|db| {
                let one = |change: &Change| {
                    let before = db.total_changes();
                    let kept = changes::carry_out(db, room, change.clone())?;
                    removed |= changes::removes(change) && db.total_changes() > before;
                    Ok(kept)
                };
                changes
                    .iter()
                    .map(one)
                    .collect::<rusqlite::Result<Vec<_>>>()
            });
            if let Ok(kept) = all {
                if removed {
                    self.remains.get_or_insert_with(Instant::now);
                }
                return kept.into_iter().map(Ok).collect();
            }
        }
        changes
            .into_iter()
            .map(|change| self.carry_out(change))
            .collect()
    }

    /// One change within the transaction: a failure undoes it alone.
    fn carry_out(&mut self, change: Change) -> Result<Kept, StoreFault> {
        let (room, removes) = (self.room, changes::removes(&change));
        let before = self.db.total_changes();
        let kept = self.within_savepoint(|db| changes::carry_out(db, room, change));
        if removes && self.db.total_changes() > before {
            self.remains.get_or_insert_with(Instant::now);
        }
        kept
    }

    /// Empties the write-ahead log into the tables, so that what was removed from these stands nowhere any more. While someone
    /// reads it cannot; then it is tried again.
    fn sweep(&mut self) {
        let swept = self.db.busy_timeout(Duration::ZERO).and_then(|()| {
            let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
            self.db.query_row(sql, [], |row| row.get::<_, bool>(0))
        });
        match swept {
            Ok(busy) => self.remains = self.remains.filter(|_| busy),
            Err(error) => {
                self.note(&error);
            }
        }
        if let Err(error) = self.db.busy_timeout(schema::BUSY_FOR) {
            self.note(&error);
        }
    }

    fn load_within(&mut self, key: &Key) -> Result<Loaded, StoreFault> {
        loads::load(&self.db, self.epoch, key).map_err(|error| self.note(&error))
    }

    fn within_savepoint<T>(
        &mut self,
        run: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreFault> {
        // Some failures (a full disk, a lost one) make SQLite undo the whole transaction. What follows in this batch must not
        // run outside of one.
        if self.db.is_autocommit() {
            return Err(StoreFault::Failed);
        }
        let attempt = |db: &Connection| {
            db.prepare_cached("SAVEPOINT one")?.execute([])?;
            let done = run(db);
            if done.is_err() && !db.is_autocommit() {
                db.prepare_cached("ROLLBACK TO one")?.execute([])?;
            }
            if !db.is_autocommit() {
                db.prepare_cached("RELEASE one")?.execute([])?;
            }
            done
        };
        attempt(&self.db).map_err(|error| self.note(&error))
    }

    fn commit(&mut self) -> Result<(), StoreFault> {
        if self.db.is_autocommit() {
            // The transaction was undone on the way; every answer in it is void.
            return Err(if self.sound {
                StoreFault::Full
            } else {
                StoreFault::Failed
            });
        }
        let ended = if self.sound {
            self.db.execute_batch("COMMIT")
        } else {
            self.db.execute_batch("ROLLBACK")
        };
        let fault = match ended {
            Ok(()) if self.sound => return Ok(()),
            Ok(()) => return Err(StoreFault::Failed),
            Err(error) => self.note(&error),
        };
        if !self.db.is_autocommit() && self.db.execute_batch("ROLLBACK").is_err() {
            self.sound = false;
        }
        Err(fault)
    }

    /// What a failure means for the one who asked, and for the store: after the disk failed to read, write or sync, what it says
    /// later cannot be trusted either (a second fsync may report success for pages that the kernel dropped).
    fn note(&mut self, error: &Error) -> StoreFault {
        let lasting = [
            ErrorCode::SystemIoFailure,
            ErrorCode::DatabaseCorrupt,
            ErrorCode::NotADatabase,
            ErrorCode::ReadOnly,
        ];
        let fault = fault_of(error);
        if fault == StoreFault::Failed {
            tracing::error!(code = ?error.sqlite_error_code(), "the store failed");
        }
        if fault == StoreFault::Failed
            && error
                .sqlite_error_code()
                .is_some_and(|code| lasting.contains(&code))
        {
            self.sound = false;
        }
        fault
    }
}

/// A connection beside whatever relay may run on this folder: for small changes by whoever runs it.
pub fn open_beside(folder: &Path) -> Result<Connection, OpenError> {
    let path = folder.join(FILE);
    if !path.is_file() {
        return Err(OpenError::Empty(folder.to_owned()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || Connection::open_with_flags(&path, flags);
    let mut db = open()?;
    if schema::version(&db)? < schema::VERSION {
        // A relay of an older version may be running: then it keeps its tables.
        drop(Store::open(folder)?);
        db = open()?;
    }
    schema::prepare_writer(&db)?;
    schema::migrate(&mut db)?;
    Ok(db)
}

/// The schema that a database has.
pub fn schema_of(db: &Connection) -> rusqlite::Result<usize> {
    schema::version(db)
}

/// Sorts a failure by what the asker can do about it.
fn fault_of(error: &Error) -> StoreFault {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreFault::Full,
        _ => StoreFault::Failed,
    }
}

/// Makes the folder for its owner alone.
fn make_private(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests;
