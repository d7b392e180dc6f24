//! An acknowledgement is written after the disk has what it acknowledges, as the system sees it: each message goes into the
//! log of the database, `fsync` or `fdatasync` ends, and only then does the receipt go to the socket. A kill cannot show this: what a
//! process wrote outlives it. A build that acknowledges too early must fail the same check.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lamplight_core::address::MessageId;
use lamplight_core::wire::{Codec, ToAgent, ToService};
use lamplight_tests::outside::{Account, Line, Options, Relay, eventually};
use lamplight_tests::room::{body, inbox};

/// Messages that are sent while the system's calls are written down: as many as a person may send at once.
const MESSAGES: u128 = 20;

/// The system's calls that matter, one a line in the order in which they ended.
struct Calls(String);

/// Runs a relay under the tracer, sends messages one after the other, and gives its calls.
async fn traced(program: Option<&Path>) -> Calls {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let trace = folder.path().join("trace");
    let out = trace.to_str().expect("a path in UTF-8");
    let wanted = "trace=pwrite64,pwritev,fdatasync,fsync,write,writev,sendto,sendmsg";
    let tracer = std::env::var("LAMPLIGHT_STRACE").unwrap_or_else(|_| "strace".to_owned());
    // As a grandchild: the relay itself stays the process that the test ends.
    let words = [
        &tracer, "-D", "-f", "-y", "-s", "8000", "-e", wanted, "-o", out,
    ];
    let mut options = Options::new().under(&words);
    if let Some(program) = program {
        options = options.program(program);
    }
    let mut relay = Relay::start(options).await;
    let (alice, bob) = (
        Account::sign_up(&relay, "alice").await,
        Account::sign_up(&relay, "bob").await,
    );
    // A stranger may not write as many letters: bob wrote first.
    let mut bobs = comes_in(&relay, &bob).await;
    send(&mut bobs, 0, "alice").await;
    bobs.hang_up();
    let mut line = comes_in(&relay, &alice).await;
    for id in 1..=MESSAGES {
        send(&mut line, id, "bob").await;
    }
    line.hang_up();
    let main = relay.pid().to_string();
    relay.stop().await;
    let whole = || async {
        let calls = fs::read_to_string(&trace).ok()?;
        let ended = |line: &str| line.contains("+++ exited") && thread(line) == main;
        let ended = calls.lines().any(ended);
        ended.then_some(calls)
    };
    Calls(eventually("the tracer to end", whole).await)
}

/// A line, as soon as the account is on the disk: the relay with the fault says that it is before.
async fn comes_in(relay: &Relay, account: &Account) -> Line {
    eventually("a welcome", || async {
        let come = Line::try_hello(relay.address(), Codec::Json, &account.token, None).await;
        come.map(|(line, _)| line)
    })
    .await
}

/// Sends one message and waits for its receipt.
async fn send(line: &mut Line, id: u128, to: &str) {
    let send = ToService::Send {
        id: MessageId(id),
        to: inbox(to),
        body: body(&text(id)),
        from: None,
    };
    line.send(&send).await;
    let receipt = |frame: &ToAgent| matches!(frame, ToAgent::Receipt { id: of, .. } if of.0 == id);
    line.until("a receipt", receipt).await;
}

/// A text that stands nowhere else.
fn text(id: u128) -> String {
    format!("durable message {id:03}.")
}

impl Calls {
    /// Of each message: the lines at which it was first written, at which a sync that began later ended, and at which its
    /// receipt went out.
    fn of(&self, id: u128) -> [Option<usize>; 3] {
        let lines: Vec<&str> = self.0.lines().collect();
        let (said, receipt) = (text(id), format!("{:032x}", MessageId(id).0));
        let find = |from: usize, is: &dyn Fn(&str) -> bool| {
            let found = lines[from..].iter().position(|line| is(line));
            found.map(|at| from + at)
        };
        let written = find(0, &|line| {
            line.contains("pwrite") && line.contains(FILE) && line.contains(&said)
        });
        let begun = written.and_then(|at| find(at, &is_sync));
        let synced = begun.and_then(|at| {
            if lines[at].contains("= 0") {
                return Some(at);
            }
            find(at, &|line| {
                thread(line) == thread(lines[at])
                    && line.contains("sync resumed")
                    && line.contains("= 0")
            })
        });
        let told = find(0, &|line| {
            line.contains("receipt") && line.contains("accepted") && line.contains(&receipt)
        });
        [written, synced, told]
    }

    /// How many messages were acknowledged before they were on disk, and how many went as they must.
    fn judged(&self) -> (usize, usize) {
        let (mut early, mut right) = (0, 0);
        for id in 1..=MESSAGES {
            match self.of(id) {
                [Some(written), Some(synced), Some(told)] if written < synced && synced < told => {
                    right += 1;
                }
                [_, _, Some(_)] => early += 1,
                _ => {}
            }
        }
        (early, right)
    }
}

/// Whose call a line is.
fn thread(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

/// The log of the database, in which a commit stands first.
const FILE: &str = "lamplight.sqlite-wal";

fn is_sync(line: &str) -> bool {
    (line.contains("fsync(") || line.contains("fdatasync(")) && line.contains(FILE)
}

#[tokio::test]
async fn every_receipt_is_written_after_the_sync_that_holds_its_message() {
    let calls = traced(None).await;
    assert_eq!(calls.judged(), (0, MESSAGES as usize));
}

#[tokio::test]
async fn a_relay_that_acknowledges_before_the_commit_is_found_out() {
    let program = planted();
    let calls = traced(Some(&program)).await;
    let (early, _) = calls.judged();
    assert!(
        early > 0,
        "a relay that acknowledges too early passes the check"
    );
}

/// The relay as a build with the planted fault: in a folder of its own, lest somebody run it.
fn planted() -> PathBuf {
    let tests = std::env::current_exe().expect("the path of this test");
    let target = tests.ancestors().nth(3).expect("cargo's target folder");
    let target = target.join("planted");
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--quiet", "--package", "lamplight", "--target-dir"])
        .arg(&target)
        .env("RUSTFLAGS", "--cfg planted_early_ack")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .expect("cargo starts");
    assert!(built.success(), "the relay with the fault does not build");
    target
        .join("debug")
        .join(format!("lamplight{}", std::env::consts::EXE_SUFFIX))
}
