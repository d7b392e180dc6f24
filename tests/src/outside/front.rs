//! A proxy that people really put in front of a relay, as a process with a configuration of the test's own. It ends with its test.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

use super::within;

/// A proxy that does not listen by then has failed to start.
const START_WITHIN: Duration = Duration::from_secs(20);

/// A running proxy.
pub struct Front {
    child: Child,
    folder: TempDir,
}

impl Front {
    /// Starts `program` with `words` in a folder that holds its configuration, and waits until it listens at each of `ports`.
    pub async fn start(
        program: PathBuf,
        folder: TempDir,
        words: &[&str],
        ports: &[SocketAddr],
    ) -> Self {
        let log = std::fs::File::create(folder.path().join("log")).expect("a folder of ours");
        let errors = log.try_clone().expect("an open file");
        let child = Command::new(&program)
            .args(words)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        let mut front = Self { child, folder };
        for port in ports {
            let listens = async || TcpStream::connect(port).await.ok();
            let what = format!("{} listens at {port}", program.display());
            within(START_WITHIN, &what, || {
                let ended = front.child.try_wait().ok().flatten();
                assert!(ended.is_none(), "{what}: {ended:?}\n{}", front.log());
                listens()
            })
            .await;
        }
        front
    }

    /// What it wrote.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // It stops its workers itself.
        super::relay::signal(self.child.id(), "TERM");
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- the proxy wrote\n{}", self.log());
        }
    }
}

/// The program of a proxy: named by a variable, else where Debian puts it.
pub fn program(variable: &str, name: &str) -> PathBuf {
    if let Some(named) = std::env::var_os(variable) {
        return named.into();
    }
    let places = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    let found = places.iter().map(|place| Path::new(place).join(name));
    found.into_iter().find(|path| path.is_file()).unwrap_or_else(|| {
        panic!("{name} is missing: apt-get install --no-install-recommends {name}, or name it in {variable}")
    })
}

/// Ports of the loopback that nobody had a moment ago.
pub async fn free_ports<const N: usize>() -> [SocketAddr; N] {
    let mut held = Vec::new();
    for _ in 0..N {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        held.push(bound.expect("a free port on the loopback"));
    }
    let ports: Vec<_> = held
        .iter()
        .map(|listener| listener.local_addr().expect("a bound port"))
        .collect();
    ports.try_into().expect("as many as were bound")
}

/// The code blocks of a document in one language, in their order.
pub fn snippets(document: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block: Option<String> = None;
    for line in document.lines() {
        match &mut block {
            Some(text) if line != "```" => text.extend([line, "\n"]),
            Some(text) => {
                found.push(std::mem::take(text));
                block = None;
            }
            None if line.strip_prefix("```") == Some(language) => block = Some(String::new()),
            None => {}
        }
    }
    found
}

/// Replaces what stands in a snippet; that it stands there is part of the test.
pub fn put(snippet: &mut String, written: &str, instead: &str) {
    assert!(snippet.contains(written), "no {written:?} in\n{snippet}");
    *snippet = snippet.replace(written, instead);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_one_language_are_found() {
        let document = "a\n```sh\nno\n```\n```nginx\none\ntwo\n```\nb\n```nginx\nthree\n```\n";
        assert_eq!(snippets(document, "nginx"), ["one\ntwo\n", "three\n"]);
    }
}
