//! Somebody at a terminal: the real `lamplight chat`, typed to and read from through its pipes.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::people::PASSWORD;
use super::relay::{Relay, program};

/// Longer than the longest wait between two attempts to connect, which a slow machine may have come to.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running `lamplight chat`. Dropping it ends it.
pub struct Terminal {
    child: Child,
    typing: Option<ChildStdin>,
    shown: Arc<Mutex<String>>,
    /// What was waited for stands before this.
    read: usize,
}

impl Terminal {
    /// Signs in with the password of all tests.
    pub fn of(relay: &Relay, name: &str) -> Self {
        Self::start(
            relay,
            &["--name", name],
            &[("LAMPLIGHT_PASSWORD", PASSWORD)],
        )
    }

    /// The same with a folder where messages wait.
    pub fn keeping(relay: &Relay, name: &str, folder: &Path) -> Self {
        let folder = folder.to_string_lossy();
        let words = ["--name", name, "--keep", &folder];
        Self::start(relay, &words, &[("LAMPLIGHT_PASSWORD", PASSWORD)])
    }

    /// With any words and variables.
    pub fn start(relay: &Relay, words: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(program())
            .args(["chat", "--relay", &format!("http://{}", relay.address())])
            .args(words)
            .env_remove("LAMPLIGHT_TOKEN")
            .env_remove("LAMPLIGHT_PASSWORD")
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("lamplight chat starts");
        let shown = Arc::default();
        follow(child.stdout.take().expect("a piped stdout"), &shown);
        follow(child.stderr.take().expect("a piped stderr"), &shown);
        Self {
            typing: child.stdin.take(),
            child,
            shown,
            read: 0,
        }
    }

    /// Types a line.
    pub fn types(&mut self, line: &str) {
        let typing = self.typing.as_mut().expect("the typing has not ended");
        writeln!(typing, "{line}").expect("somebody reads what is typed");
    }

    /// Ends the typing, as the end of a script does.
    pub fn stops_typing(&mut self) {
        self.typing = None;
    }

    /// Waits until this is shown, after what was waited for before.
    pub async fn shows(&mut self, text: &str) {
        let begun = Instant::now();
        loop {
            let shown = self.shown();
            if let Some(at) = shown[self.read..].find(text) {
                self.read += at + text.len();
                return;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "the terminal does not show “{text}” behind this:\n{}\n--- but this\n{}",
                &shown[..self.read],
                &shown[self.read..],
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Everything that was shown so far.
    pub fn shown(&self) -> String {
        self.shown.lock().expect("no holder panics").clone()
    }

    /// Waits until it has ended by itself.
    pub async fn ends(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "it goes on:\n{}", self.shown());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn follow(output: impl Read + Send + 'static, shown: &Arc<Mutex<String>>) {
    let shown = shown.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let mut shown = shown.lock().expect("no holder panics");
            shown.push_str(&line);
            shown.push('\n');
        }
    });
}
