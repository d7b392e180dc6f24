//! Backups: a copy of the database as it was at one moment, made beside a running relay, and a folder made of such a copy.
//!
//! A copy is complete or not there: it is written under another name, checked page by page, synced, and only then named. A folder
//! that is restored has another epoch: agents ask for everything anew instead of going on from places in a log that is no more.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::{fmt, io};

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::{FILE, OpenError, Store, schema};

/// What a copy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub schema: usize,
    pub accounts: u64,
    pub messages: u64,
    pub bytes: u64,
}

/// Why there is no copy, or no folder made of one.
#[derive(Debug)]
pub enum CopyError {
    /// There is something of this name already.
    Exists(PathBuf),
    File(PathBuf, io::Error),
    /// It is no database, none of a relay, or damaged.
    Damaged(PathBuf, String),
    Newer {
        found: usize,
    },
    Database(rusqlite::Error),
    Open(OpenError),
}

impl fmt::Display for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists(path) => write!(
                f,
                "{} is there already and is not overwritten; choose another name",
                path.display()
            ),
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Damaged(path, why) => write!(f, "{} is no sound backup: {why}", path.display()),
            Self::Newer { found } => write!(
                f,
                "the backup was made by a newer Lamplight (schema {found}, this build knows {}); restore it with that version or a later one",
                schema::VERSION
            ),
            Self::Database(error) => write!(f, "the database cannot be copied: {error}"),
            Self::Open(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CopyError {}

impl From<rusqlite::Error> for CopyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<OpenError> for CopyError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

/// Copies what a folder holds at this moment into a new file, whether a relay runs on it or not.
pub fn back_up(folder: &Path, to: &Path) -> Result<Held, CopyError> {
    let from = folder.join(FILE);
    if !from.is_file() {
        return Err(OpenError::Empty(folder.to_owned()).into());
    }
    let part = begin(to)?;
    let copy = || {
        let db = Connection::open_with_flags(&from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        db.busy_timeout(schema::BUSY_FOR)?;
        // One read transaction: the relay goes on writing meanwhile, and none of that is in the copy.
        let path = part.to_str().ok_or_else(|| unnamed(&part))?;
        db.execute("VACUUM INTO ?1", [path])?;
        drop(db);
        let held = check(&part)?;
        finish(&part, to)?;
        Ok(held)
    };
    let copied = copy();
    if copied.is_err() {
        // What is left of it is of no use, and its name is ours.
        let _ = fs::remove_file(&part);
    }
    copied
}

/// Makes a folder of a copy: with another epoch and, if so wanted, with nobody signed in.
pub fn restore(from: &Path, folder: &Path, sign_out: bool) -> Result<Held, CopyError> {
    let held = check(from)?;
    if held.schema > schema::VERSION {
        return Err(CopyError::Newer { found: held.schema });
    }
    super::make_private(folder).map_err(|error| CopyError::File(folder.to_owned(), error))?;
    let to = folder.join(FILE);
    let part = begin(&to)?;
    let restore = || {
        fs::copy(from, &part).map_err(|error| CopyError::File(from.to_owned(), error))?;
        let db = Connection::open(&part)?;
        db.execute("DELETE FROM meta WHERE name = 'epoch'", [])?;
        schema::epoch(&db)?;
        if sign_out {
            db.execute("DELETE FROM logins", [])?;
        }
        db.close().map_err(|(_, error)| error)?;
        check(&part)?;
        finish(&part, &to)
    };
    let restored = restore();
    if restored.is_err() {
        let _ = fs::remove_file(&part);
    }
    restored?;
    // Brings it to the schema of today, so that what cannot be is known now.
    drop(Store::open(folder)?);
    Ok(held)
}

/// An empty file of a passing name beside the one that is to be, for its owner alone.
fn begin(to: &Path) -> Result<PathBuf, CopyError> {
    if to.exists() {
        return Err(CopyError::Exists(to.to_owned()));
    }
    let mut name = to.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(name);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = options.open(&part);
    made.map_err(|error| CopyError::File(part.clone(), error))?;
    Ok(part)
}

/// Syncs a file and gives it its name, unless something else has it by now.
fn finish(part: &Path, to: &Path) -> Result<(), CopyError> {
    let fault = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => CopyError::Exists(to.to_owned()),
        _ => CopyError::File(to.to_owned(), error),
    };
    File::open(part)
        .and_then(|file| file.sync_all())
        .map_err(fault)?;
    fs::hard_link(part, to).map_err(fault)?;
    fs::remove_file(part).map_err(fault)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    // A name is on the disk once its folder is.
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(fault)
}

/// Reads a copy from end to end: whether every page and row is sound, and what there is.
pub fn check(path: &Path) -> Result<Held, CopyError> {
    let damaged = |why: String| CopyError::Damaged(path.to_owned(), why);
    let metadata = fs::metadata(path).map_err(|error| CopyError::File(path.to_owned(), error))?;
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let read = || {
        let sound: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        let dangling = db
            .query_row("SELECT 1 FROM pragma_foreign_key_check LIMIT 1", [], |_| {
                Ok(())
            })
            .optional()?;
        let relay: bool = db.query_row(
            "SELECT EXISTS (SELECT 1 FROM meta WHERE name = 'epoch')",
            [],
            |row| row.get(0),
        )?;
        let (accounts, messages) = db.query_row(
            "SELECT count(*), total(messages) FROM principals WHERE class = 0",
            [],
            |row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, f64>(1)? as u64)),
        )?;
        let held = Held {
            schema: schema::version(&db)?,
            accounts,
            messages,
            bytes: metadata.len(),
        };
        Ok((sound, dangling.is_some(), relay, held))
    };
    let read: rusqlite::Result<_> = read();
    let (sound, dangling, relay, held) = read.map_err(|error| damaged(error.to_string()))?;
    match (sound.as_str(), dangling, relay) {
        ("ok", false, true) => Ok(held),
        ("ok", true, _) => Err(damaged("rows belong to nobody".into())),
        ("ok", _, false) => Err(damaged("no relay made it".into())),
        (why, ..) => Err(damaged(why.to_owned())),
    }
}

fn unnamed(path: &Path) -> CopyError {
    let error = io::Error::new(io::ErrorKind::InvalidInput, "its name is no text");
    CopyError::File(path.to_owned(), error)
}
