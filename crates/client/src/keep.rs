//! What outlives a program: messages that are not accepted yet, drafts, and the roster as last seen. One file each in a folder
//! of the principal's own, replaced as a whole, or nothing but memory.
//!
//! Files are written by a thread of their own, in the order in which they are wanted, so that a slow disk holds up nobody's
//! line. A message on its way out is on the disk itself (fsync, of its folder too) once it is written.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use lamplight_core::address::Principal;
use lamplight_core::agent::{Keepsake, KeepsakeName};
use lamplight_core::wire::{from_cbor, to_cbor};
use tokio::sync::oneshot;

use crate::error::Error;

/// A file that is not whole yet ends so.
const UNFINISHED: &str = ".new";

/// Where keepsakes are kept.
pub enum Keep {
    Memory(Memory),
    Folder(Folder),
}

/// Keepsakes that end with the program; clones share them.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<BTreeMap<KeepsakeName, Keepsake>>>);

/// Keepsakes in a folder.
pub struct Folder {
    path: PathBuf,
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    works: Arc<AtomicBool>,
}

enum Job {
    Write(PathBuf, Vec<u8>, Firm),
    Remove(PathBuf),
    /// Everything before this is done.
    Tell(oneshot::Sender<()>),
}

/// Whether a power failure may take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Firm {
    Yes,
    No,
}

impl Memory {
    /// With what an earlier life kept.
    pub fn of(kept: Vec<Keepsake>) -> Self {
        let kept = kept.into_iter().map(|kept| (kept.name(), kept));
        Self(Arc::new(Mutex::new(kept.collect())))
    }

    /// What a later life starts with.
    pub fn kept(&self) -> Vec<Keepsake> {
        self.map(|kept| kept.values().cloned().collect())
    }

    fn map<T>(&self, work: impl FnOnce(&mut BTreeMap<KeepsakeName, Keepsake>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Keep {
    /// All that was kept.
    pub(crate) fn restore(&self) -> Vec<Keepsake> {
        match self {
            Self::Memory(memory) => memory.kept(),
            Self::Folder(folder) => folder.restore(),
        }
    }

    pub(crate) fn keep(&self, keepsake: Keepsake) {
        match self {
            Self::Memory(memory) => {
                memory.map(|kept| kept.insert(keepsake.name(), keepsake));
            }
            Self::Folder(folder) => folder.keep(&keepsake),
        }
    }

    pub(crate) fn forget(&self, name: &KeepsakeName) {
        match self {
            Self::Memory(memory) => {
                memory.map(|kept| kept.remove(name));
            }
            Self::Folder(folder) => folder.ask(Job::Remove(folder.path.join(file_name(name)))),
        }
    }

    /// Returns when everything so far is written.
    pub(crate) async fn settle(&self) {
        if let Self::Folder(folder) = self {
            let (done, told) = oneshot::channel();
            folder.ask(Job::Tell(done));
            // Without its writer there is nothing to wait for.
            let _ = told.await;
        }
    }

    /// Whether everything so far was kept as wished.
    pub(crate) fn works(&self) -> bool {
        match self {
            Self::Memory(_) => true,
            Self::Folder(folder) => folder.works.load(Ordering::Relaxed),
        }
    }
}

impl Folder {
    /// Opens the folder of one principal inside this one; makes both if they are not there.
    pub fn open(inside: &Path, principal: &Principal) -> Result<Self, Error> {
        let path = inside.join(plain(principal.as_str()));
        make_folder(&path).map_err(Error::Keep)?;
        let (jobs, wanted) = mpsc::channel();
        let works = Arc::new(AtomicBool::new(true));
        let writer = std::thread::Builder::new()
            .name("keepsakes".into())
            .spawn({
                let works = works.clone();
                move || write_all(&wanted, &works)
            })
            .map_err(Error::Keep)?;
        Ok(Self {
            path,
            jobs: Some(jobs),
            writer: Some(writer),
            works,
        })
    }

    /// What this build cannot read (a newer one wrote it) is left where it is.
    fn restore(&self) -> Vec<Keepsake> {
        let Ok(entries) = fs::read_dir(&self.path) else {
            self.works.store(false, Ordering::Relaxed);
            return Vec::new();
        };
        let whole = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| !path.to_string_lossy().ends_with(UNFINISHED));
        whole
            .filter_map(|path| from_cbor(&fs::read(path).ok()?).ok())
            .collect()
    }

    fn keep(&self, keepsake: &Keepsake) {
        let firm = match keepsake {
            Keepsake::Outgoing(_) => Firm::Yes,
            _ => Firm::No,
        };
        let path = self.path.join(file_name(&keepsake.name()));
        self.ask(Job::Write(path, to_cbor(keepsake), firm));
    }

    fn ask(&self, job: Job) {
        let asked = self.jobs.as_ref().map(|jobs| jobs.send(job));
        if !matches!(asked, Some(Ok(()))) {
            self.works.store(false, Ordering::Relaxed);
        }
    }
}

impl Drop for Folder {
    /// What is wanted already is written still.
    fn drop(&mut self) {
        self.jobs.take();
        if let Some(writer) = self.writer.take() {
            // A writer that failed has said so by `works`.
            let _ = writer.join();
        }
    }
}

fn write_all(wanted: &mpsc::Receiver<Job>, works: &AtomicBool) {
    for job in wanted {
        let done = match job {
            Job::Write(path, bytes, firm) => write(&path, &bytes, firm),
            Job::Remove(path) => remove(&path),
            Job::Tell(done) => {
                // Who asked may be gone.
                let _ = done.send(());
                Ok(())
            }
        };
        if done.is_err() {
            works.store(false, Ordering::Relaxed);
        }
    }
}

/// Replaces a file as a whole.
fn write(path: &Path, bytes: &[u8], firm: Firm) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(UNFINISHED);
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes)?;
    if firm == Firm::Yes {
        file.sync_all()?;
    }
    drop(file);
    fs::rename(&unfinished, path)?;
    match path.parent() {
        // A new name is firm when its folder is.
        Some(folder) if firm == Firm::Yes && cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// A folder that nobody else may read: it holds messages.
fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn file_name(name: &KeepsakeName) -> String {
    match name {
        KeepsakeName::Outgoing(id) => format!("out-{id}"),
        KeepsakeName::Draft(with) => format!("draft-{}", plain(with.as_str())),
        KeepsakeName::Roster => "roster".into(),
    }
}

const HEX: [&str; 16] = [
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f",
];

/// An address as a file's name on any system.
fn plain(address: &str) -> String {
    let mut name = String::new();
    for byte in address.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'@' | b'+' => name.push(byte.into()),
            b'.' if !name.is_empty() => name.push('.'),
            _ => name.extend([
                "%",
                HEX[usize::from(byte >> 4)],
                HEX[usize::from(byte & 15)],
            ]),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_core::address::{Address, MessageId};

    fn draft(with: &str, text: &str) -> Keepsake {
        Keepsake::Draft(Address::parse(with).unwrap(), text.into())
    }

    fn folder(inside: &Path) -> Keep {
        let alice = Principal::parse("alice@localhost").unwrap();
        Keep::Folder(Folder::open(inside, &alice).unwrap())
    }

    #[tokio::test]
    async fn what_is_kept_is_there_in_the_next_life_and_what_is_forgotten_is_not() {
        let place = tempfile::tempdir().unwrap();
        let keep = folder(place.path());
        keep.keep(draft("bob@localhost", "Dear"));
        keep.keep(draft("bob@localhost", "Dear Bob"));
        keep.keep(draft("carol@localhost", "Dear Carol"));
        keep.forget(&draft("carol@localhost", "").name());
        keep.forget(&KeepsakeName::Outgoing(MessageId(7)));
        keep.settle().await;
        assert_eq!(
            folder(place.path()).restore(),
            [draft("bob@localhost", "Dear Bob")]
        );
        drop(keep);
        assert_eq!(folder(place.path()).restore().len(), 1);
    }

    #[test]
    fn a_file_that_is_not_whole_or_not_readable_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        drop(folder(place.path()));
        let own = place.path().join("alice@localhost");
        fs::write(own.join("roster"), b"from a later build").unwrap();
        fs::write(own.join("out-1.new"), to_cbor(&draft("bob@localhost", "x"))).unwrap();
        let keep = folder(place.path());
        assert!(keep.restore().is_empty() && keep.works());
        assert_eq!(fs::read_dir(&own).unwrap().count(), 2);
    }

    #[tokio::test]
    async fn a_folder_that_went_away_is_noticed() {
        let place = tempfile::tempdir().unwrap();
        let keep = folder(place.path());
        fs::remove_dir_all(place.path().join("alice@localhost")).unwrap();
        keep.keep(draft("bob@localhost", "Dear"));
        keep.settle().await;
        assert!(!keep.works());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_the_folder() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        drop(folder(place.path()));
        let own = place.path().join("alice@localhost").metadata().unwrap();
        assert_eq!(own.permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn any_address_is_a_plain_name() {
        assert_eq!(
            plain("alice+shop@example.org:8080"),
            "alice+shop@example.org%3a8080"
        );
        assert_eq!(plain("../é@x"), "%2e.%2f%c3%a9@x");
    }
}
