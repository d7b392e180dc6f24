//! Programs that are measured: started on a core of their own, asked for their time and memory from outside, ended at the end.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// The core of what is measured, and that of whoever loads it.
pub const SERVER_CORE: &str = "0";
pub const LOAD_CORE: &str = "1";

/// What stands before the address in the line that a program prints when it listens.
const READY: &str = "ready at http://";

/// A program under measurement. Dropping it kills it.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Starts a program on the given cores and waits until it says where it listens. What it complains about goes to `log`.
    pub fn start(program: &Path, arguments: &[String], cores: &str, log: PathBuf) -> Result<Self> {
        let mut command = Command::new("taskset");
        command.args(["-c", cores]).arg(program);
        command.args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(fs::File::create(&log)?);
        let mut child = command
            .spawn()
            .context("cannot start `taskset` (package util-linux)")?;
        let said = child.stdout.take().context("a piped output")?;
        let mut lines = BufReader::new(said).lines();
        let address = loop {
            let Some(Ok(line)) = lines.next() else {
                let _ = child.kill();
                bail!(
                    "{} did not start:\n{}",
                    program.display(),
                    fs::read_to_string(&log).unwrap_or_default()
                );
            };
            if let Some((_, address)) = line.split_once(READY) {
                break address.trim().parse()?;
            }
        };
        // What it says later is read so that it never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, address })
    }

    fn file(&self, name: &str) -> String {
        let path = format!("/proc/{}/{name}", self.child.id());
        fs::read_to_string(path).unwrap_or_default()
    }

    /// Time on cores of all its threads that still run, in microseconds.
    pub fn cpu(&self) -> f64 {
        let folder = format!("/proc/{}/task", self.child.id());
        let Ok(threads) = fs::read_dir(folder) else {
            return 0.0;
        };
        let of = |thread: fs::DirEntry| -> Option<f64> {
            let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse().ok()
        };
        let nanos: f64 = threads.flatten().filter_map(of).sum();
        nanos / 1_000.0
    }

    /// Bytes of memory that it alone has written to.
    pub fn memory(&self) -> f64 {
        kilobytes(&self.file("smaps_rollup"), "Anonymous:") * 1_024.0
    }

    /// The most that was ever resident, bytes.
    pub fn peak(&self) -> f64 {
        kilobytes(&self.file("status"), "VmHWM:") * 1_024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Bytes that the kernel holds for all sockets and their like, on the whole machine.
pub fn kernel_memory() -> f64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    (kilobytes(&text, "Slab:") + kilobytes(&text, "KernelStack:")) * 1_024.0
}

/// Keeps this program off the server's core.
pub fn pin_myself() -> Result<()> {
    let mut command = Command::new("taskset");
    let id = std::process::id().to_string();
    command.args(["-a", "-cp", LOAD_CORE, &id]);
    let done = command.stdout(Stdio::null()).status();
    let done = done.context("cannot start `taskset` (package util-linux)")?;
    anyhow::ensure!(
        done.success(),
        "this machine has no second core to load from"
    );
    Ok(())
}

/// Lets what was begun come to rest.
pub fn rest(time: Duration) {
    std::thread::sleep(time);
}

fn kilobytes(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_the_system_are_found_by_name() {
        let text = "Rss:   1200 kB\nAnonymous:     640 kB\n";
        assert!((kilobytes(text, "Anonymous:") - 640.0).abs() < f64::EPSILON);
        assert!(kilobytes(text, "Swap:").abs() < f64::EPSILON);
    }
}
