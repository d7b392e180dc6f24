//! What lasts: whether the data folder can be used, how much room there is, how long the disk takes to keep its word, and whether
//! the database is whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::{Level, Report, span};
use crate::clock::wall;
use crate::config::Config;
use crate::store::{self, FILE};

const FOLDER: &str = "data folder";
const DISK: &str = "disk";
const DATABASE: &str = "database";

/// Below this the relay is about to say `storage_full`.
const ROOM_MIN: u64 = 100 << 20;
const ROOM_LITTLE: u64 = 1 << 30;
/// A write-ahead log of this size was not emptied for long: something reads for ever, or the disk is full.
const LOG_LARGE: u64 = 256 << 20;
/// Everyone who sends waits at least this long.
const SYNC_SLOW: Duration = Duration::from_millis(40);
const SYNCS: usize = 15;
/// A clock that was corrected by less than this made no difference to people.
const AHEAD: i64 = 5 * 60 * 1000;

pub fn check(config: &Config, report: &mut Report) {
    let folder = &config.relay.data;
    if !folder.exists() {
        return absent(folder, report);
    }
    if !usable(config, report) {
        return;
    }
    room(folder, report);
    speed(folder, report);
    if folder.join(FILE).is_file() {
        database(folder, report);
    } else {
        report.good(
            DATABASE,
            "is not there yet; the first `lamplight serve` makes it",
        );
    }
}

/// Where there is no folder yet, whether one can be made.
fn absent(folder: &Path, report: &mut Report) {
    let parents = folder.ancestors().skip(1);
    let mut named = parents.map(|parent| match parent.as_os_str().is_empty() {
        true => Path::new("."),
        false => parent,
    });
    let Some(parent) = named.find(|parent| parent.exists()) else {
        return;
    };
    let shown = folder.display();
    match probe(parent) {
        Ok(_) => report.good(
            FOLDER,
            format!("{shown} is not there yet; the first `lamplight serve` makes it"),
        ),
        Err(error) => report.fault(
            FOLDER,
            format!("{shown} is not there, and cannot be made: {error}"),
            format!(
                "make it for the user that runs the relay: install -d -m 700 -o lamplight {shown}"
            ),
        ),
    }
}

fn usable(config: &Config, report: &mut Report) -> bool {
    let folder = &config.relay.data;
    let shown = folder.display();
    if !folder.is_dir() {
        report.fault(
            FOLDER,
            format!("{shown} is no folder"),
            "name a folder in `data`, or move away what has that name",
        );
        return false;
    }
    if let Err(error) = probe(folder) {
        report.fault(
            FOLDER,
            format!("nothing can be written to {shown}: {error}"),
            format!("run this as the user that runs the relay, or give it the folder: chown -R lamplight {shown}"),
        );
        return false;
    }
    match (config.check_folder(), is_open_to_all(folder)) {
        (Err(error), _) => report.fault(FOLDER, error.to_string(), format!("chmod 700 {shown}")),
        (Ok(()), true) => report.warning(
            FOLDER,
            format!("{shown} can be read by everyone with an account on this machine"),
            format!("chmod 700 {shown}"),
        ),
        (Ok(()), false) => report.good(FOLDER, format!("{shown} is writable and private")),
    }
    true
}

#[cfg(unix)]
fn is_open_to_all(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let found = fs::metadata(folder);
    found.is_ok_and(|found| found.permissions().mode() & 0o007 != 0)
}

#[cfg(not(unix))]
fn is_open_to_all(_: &Path) -> bool {
    false
}

/// Writes and syncs a small file some times; gives the middle one of the times, which is that of a commit.
fn probe(folder: &Path) -> io::Result<Duration> {
    let path = folder.join(format!(".doctor.{}", std::process::id()));
    let mut options = File::options();
    options.write(true).create_new(true);
    let mut file = options.open(&path)?;
    let mut measure = || {
        let mut times = Vec::new();
        for _ in 0..SYNCS {
            let begun = Instant::now();
            file.write_all(&[0x5a; 4096])?;
            file.sync_data()?;
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        Ok(times[SYNCS / 2])
    };
    let measured = measure();
    fs::remove_file(&path)?;
    measured
}

fn speed(folder: &Path, report: &mut Report) {
    let took = match probe(folder) {
        Ok(took) => took,
        Err(error) => {
            let says = format!("does not keep what is written: {error}");
            return report.fault(
                DISK,
                says,
                "look at the system's log; the disk may be failing",
            );
        }
    };
    let says = format!("syncs in {}", span(took));
    if took > SYNC_SLOW {
        report.warning(
            DISK,
            format!("{says}, and every message waits for one"),
            "move `data` to a local SSD; a network disk is neither fast nor sure to keep what it says",
        );
    } else {
        report.good(DISK, says);
    }
}

#[cfg(unix)]
fn room(folder: &Path, report: &mut Report) {
    let Ok(found) = rustix::fs::statvfs(folder) else {
        return;
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let says = format!("{} MiB are free", free >> 20);
    let cure =
        "make room; `lamplight data sizes` says what takes how much, and `inbox.*` bounds it";
    match level_of(free) {
        Level::Good => report.good(DISK, says),
        level => report.add(DISK, level, says, cure),
    }
    if found.f_files > 0 && found.f_favail < 1000 {
        let says = format!("{} more files fit on it", found.f_favail);
        report.warning(DISK, says, "remove small files there");
    }
    #[cfg(target_os = "linux")]
    if let Some(kind) = kind_of(folder) {
        let cure = "name a folder on a local disk in `data`";
        report.warning(DISK, format!("it is {kind}"), cure);
    }
}

#[cfg(not(unix))]
fn room(_: &Path, _: &mut Report) {}

#[cfg_attr(not(unix), allow(dead_code, reason = "there is no figure to judge"))]
fn level_of(free: u64) -> Level {
    match free {
        0..ROOM_MIN => Level::Fault,
        ROOM_MIN..ROOM_LITTLE => Level::Warning,
        _ => Level::Good,
    }
}

/// File systems on which SQLite's promises do not hold (numbers of statfs(2)).
#[cfg(target_os = "linux")]
fn kind_of(folder: &Path) -> Option<&'static str> {
    let found = rustix::fs::statfs(folder).ok()?;
    match u64::try_from(found.f_type).ok()? & 0xffff_ffff {
        0x6969 => Some("NFS, where locks and syncs are not sure to hold"),
        0xff53_4d42 | 0xfe53_4d42 | 0x517b => {
            Some("SMB, where locks and syncs are not sure to hold")
        }
        0x0102_1994 => Some("memory (tmpfs), which is empty after the next start of the machine"),
        _ => None,
    }
}

fn database(folder: &Path, report: &mut Report) {
    let path = folder.join(FILE);
    // To read a write-ahead log, SQLite has to be able to write beside it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let looked = Connection::open_with_flags(&path, flags).and_then(|db| {
        db.pragma_update(None, "query_only", "ON")?;
        db.busy_timeout(Duration::from_secs(5))?;
        look(&db, report)
    });
    if let Err(error) = looked {
        let damaged = [ErrorCode::DatabaseCorrupt, ErrorCode::NotADatabase];
        let code = error.sqlite_error_code();
        match code.is_some_and(|code| damaged.contains(&code)) {
            true => say_damaged(&error.to_string(), report),
            false => report.fault(
                DATABASE,
                format!("{} does not open: {error}", path.display()),
                "run this as the user that runs the relay",
            ),
        }
        return;
    }
    let mut log = path.into_os_string();
    log.push("-wal");
    let log = fs::metadata(log).map_or(0, |found| found.len());
    if log > LOG_LARGE {
        report.warning(
            DATABASE,
            format!("its write-ahead log has {} MiB", log >> 20),
            "end what reads the database for long, such as another program; then restart the relay",
        );
    }
}

fn look(db: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let (found, known) = (store::schema_of(db)?, store::SCHEMA);
    if found > known {
        report.fault(
            DATABASE,
            format!("a newer Lamplight wrote it (schema {found}; this one knows {known})"),
            "install that version or a later one; an older one cannot read it",
        );
        return Ok(());
    }
    let sound: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        say_damaged(&sound, report);
        return Ok(());
    }
    if found < known {
        let says = format!("is sound; the next start brings it from schema {found} to {known}");
        report.warning(DATABASE, says, "make a backup first: lamplight backup FILE");
    } else {
        report.good(DATABASE, format!("is sound, schema {found}"));
    }
    if found > 0 {
        written(db, report)?;
    }
    Ok(())
}

/// A login that was used after now tells of a clock that went wrong, then or now.
fn written(db: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let newest = db.query_row("SELECT max(used) FROM logins", [], |row| {
        row.get::<_, Option<i64>>(0)
    });
    let now = i64::try_from(wall().0).unwrap_or(i64::MAX);
    let newest = newest.optional()?.flatten().unwrap_or_default();
    if newest > now.saturating_add(AHEAD) {
        let ahead = Duration::from_millis((newest - now).unsigned_abs());
        report.warning(
            "clock",
            format!(
                "somebody was signed in {} after now: the clock is late, or was early then",
                span(ahead)
            ),
            "let the system keep its time (timedatectl set-ntp true); what was written in the future stays so",
        );
    }
    Ok(())
}

fn say_damaged(why: &str, report: &mut Report) {
    report.fault(
        DATABASE,
        format!("is damaged: {why}"),
        "stop the relay, keep the folder as it is, and make another one of a backup: lamplight restore FILE --data FOLDER",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_room_is_said_before_there_is_none() {
        assert_eq!(level_of(2 << 30), Level::Good);
        assert_eq!(level_of(500 << 20), Level::Warning);
        assert_eq!(level_of(50 << 20), Level::Fault);
    }

    #[test]
    fn measuring_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        assert!(probe(folder.path()).is_ok());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(probe(&folder.path().join("none")).is_err());
    }
}
