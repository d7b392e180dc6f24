//! The system: how many files may be open, and whether the clock goes as clocks do.

use std::fs;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{Report, span};
use crate::config::Config;

/// What the relay opens beside connections: the database and its readers, the listener, the runtime's own.
const BESIDE: u64 = 64;
/// The year this was written, and one in which nobody runs it any more; in days since 1970.
const FIRST_DAY: u64 = 20_454;
const LAST_DAY: u64 = 47_482;
/// For so long the two clocks are compared, and they may differ by this.
const COMPARED_FOR: Duration = Duration::from_millis(300);
const DIFFER: Duration = Duration::from_millis(100);

pub fn check(config: &Config, report: &mut Report) {
    files(config, report);
    clock(report);
}

fn files(config: &Config, report: &mut Report) {
    const CHECK: &str = "open files";
    let running = holder(config);
    let Some(limit) = limit_of(running) else {
        return;
    };
    // Each connection that is under TLS here takes two more.
    let each = if config.has_tls() { 3 } else { 1 };
    let connections = config.connections.most as u64;
    let most = connections.saturating_mul(each);
    let whose = match running {
        Some(process) => format!("the running relay (process {process})"),
        None => "whatever is started from here".to_owned(),
    };
    if limit >= most.saturating_add(BESIDE) {
        return report.good(CHECK, format!("{limit} for {whose}"));
    }
    let fit = limit.saturating_sub(BESIDE) / each;
    report.warning(
        CHECK,
        format!(
            "{limit} for {whose}, so about {fit} connections fit and not the {connections} of connections.most; more are not accepted"
        ),
        format!(
            "LimitNOFILE={} in the unit of systemd, or `ulimit -n`; or lower connections.most",
            (most + BESIDE).next_multiple_of(1024)
        ),
    );
}

/// The soft limit of a process, or of this one.
fn limit_of(process: Option<u32>) -> Option<u64> {
    let process = process.map_or_else(|| "self".to_owned(), |process| process.to_string());
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).ok()?;
    open_files(&limits)
}

/// Files that the system lets this process have, where it tells.
pub fn open_files_most() -> Option<u64> {
    limit_of(None)
}

/// Bytes of memory that this process takes; 0 where the system does not tell.
pub fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kibibytes.unwrap_or_default() * 1024
}

fn open_files(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

/// The process of the relay that has the data folder, where the system tells.
fn holder(config: &Config) -> Option<u32> {
    let lock = fs::metadata(config.relay.data.join("lock")).ok()?;
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let process = holder_in(&locks, inode(&lock))?;
    // A number of a file can be that of another one elsewhere.
    let name = fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
    (name.trim() == "lamplight").then_some(process)
}

#[cfg(unix)]
fn inode(file: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(file)
}

#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> u64 {
    0
}

/// Lines such as `3: FLOCK  ADVISORY  WRITE 811 fe:00:1574 0 EOF`.
fn holder_in(locks: &str, inode: u64) -> Option<u32> {
    locks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, "WRITE", process, file, ..] = words[..] else {
            return None;
        };
        let (_, number) = file.rsplit_once(':')?;
        (number.parse() == Ok(inode)).then(|| process.parse().ok())?
    })
}

fn clock(report: &mut Report) {
    const CHECK: &str = "clock";
    let cure = "let the system keep its time: timedatectl set-ntp true";
    let (steady, wall) = (Instant::now(), SystemTime::now());
    let day = wall
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() / 86_400);
    if !(FIRST_DAY..LAST_DAY).contains(&day) {
        let says = format!("says that it is day {day} after 1970, which cannot be");
        return report.fault(CHECK, says, cure);
    }
    std::thread::sleep(COMPARED_FOR);
    let (steady, wall) = (steady.elapsed(), wall.elapsed());
    match wall.map(|wall| wall.abs_diff(steady)) {
        Ok(apart) if apart < DIFFER => report.good(CHECK, "goes steadily, in a year that can be"),
        apart => {
            let by = apart.map_or_else(|_| "backwards".to_owned(), |by| format!("by {}", span(by)));
            let says = format!("jumped {by} while it was looked at");
            report.warning(CHECK, says, cure);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_locks_are_read_as_the_system_writes_them() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max processes             47963                47963                processes \n\
                      Max open files            1024                 524288               files     \n";
        assert_eq!(open_files(limits), Some(1024));
        let locks = "1: POSIX  ADVISORY  WRITE 700 fe:00:1574 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 811 fe:00:1574 0 EOF\n\
                     3: FLOCK  ADVISORY  WRITE 812 fe:00:15740 0 EOF\n";
        assert_eq!(holder_in(locks, 1574), Some(811));
        assert_eq!(holder_in(locks, 1575), None);
    }
}
