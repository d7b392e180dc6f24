//! Starting reads no messages: with a million of them and ten thousand accounts the relay is there as quickly, and as small, as
//! with none. The figures are printed; only memory is judged, for time belongs to the machine.

use std::path::Path;
use std::time::{Duration, Instant};

use lamplight::store::{FILE, Store};
use lamplight_tests::outside::{Account, Options, Relay};
use rusqlite::Connection;

const ACCOUNTS: u32 = 10_000;
const MESSAGES: u32 = 1_000_000;
/// What a relay may be larger with all that than without, in KiB: pages that SQLite keeps, and what varies by itself.
const GROWTH: u64 = 24 * 1024;

/// Accounts, and messages from each to the next, as the relay would have kept them: a row in either log and one for ever.
fn fill(folder: &Path) {
    drop(Store::open(folder).expect("a new store opens"));
    let db = Connection::open(folder.join(FILE)).expect("the database opens");
    let each = MESSAGES / ACCOUNTS;
    let made = db.execute_batch(&format!(
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN;
         WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {ACCOUNTS})
         INSERT INTO principals (id, address, skeleton, class, created, head, acknowledged, messages, bytes)
         SELECT i + 1, 'p' || i || '@localhost', 'p' || i || '@localhost', 0, 0,
                {each} * 2, 0, {each} * 2, {each} * 2 * 40 FROM n;
         CREATE TEMP TABLE said AS
         WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {MESSAGES})
         SELECT i / {each} + 1 AS sender, (i / {each} + 1) % {ACCOUNTS} + 1 AS receiver, i % {each} + 1 AS nr,
                randomblob(16) AS id FROM n;
         INSERT INTO entries (inbox, seq, kind, peer, at, id, body, place)
         SELECT sender, nr, 1, 'p' || (receiver - 1) || '@localhost', 0, id,
                'a message as people write them, ' || nr, {each} + nr FROM said;
         INSERT INTO entries (inbox, seq, kind, peer, at, id, body, place)
         SELECT receiver, {each} + nr, 0, 'p' || (sender - 1) || '@localhost', 0, id,
                'a message as people write them, ' || nr, nr FROM said ORDER BY receiver, nr;
         INSERT INTO conversations (inbox, peer, last)
         SELECT DISTINCT sender, 'p' || (receiver - 1) || '@localhost', {each} FROM said;
         INSERT INTO conversations (inbox, peer, last)
         SELECT DISTINCT receiver, 'p' || (sender - 1) || '@localhost', {each} * 2 FROM said;
         INSERT INTO sent (sender, id, content, at, place, receiver_place)
         SELECT sender, id, id, 0, nr, {each} + nr FROM said ORDER BY sender, id;
         COMMIT;"
    ));
    made.expect("the schema is the one that this test knows");
}

/// What a process holds in memory, in KiB.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("Linux tells");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let words = line.and_then(|line| line.split_whitespace().nth(1));
    words.and_then(|kib| kib.parse().ok()).expect("a figure")
}

/// Starts a relay on a folder; how long that took, and what it holds once somebody has signed up.
async fn started(folder: tempfile::TempDir) -> (Duration, u64) {
    let begun = Instant::now();
    let relay = Relay::start_in(Options::new(), folder).await;
    let took = begun.elapsed();
    Account::sign_up(&relay, "newcomer").await;
    (took, memory(relay.pid()))
}

#[tokio::test]
async fn a_million_messages_cost_a_start_nothing() {
    let folder = || tempfile::tempdir().expect("a temporary folder");
    let (empty_took, empty) = started(folder()).await;
    let full = folder();
    let begun = Instant::now();
    fill(full.path());
    let filled = begun.elapsed();
    let size = std::fs::metadata(full.path().join(FILE)).map_or(0, |file| file.len());
    let (full_took, full) = started(full).await;
    println!(
        "{MESSAGES} messages, {ACCOUNTS} accounts, {} MiB (made in {filled:.1?}): started in {full_took:.2?} with {full} KiB; \
         empty: {empty_took:.2?} with {empty} KiB",
        size >> 20
    );
    assert!(
        full <= empty + GROWTH,
        "memory grew from {empty} to {full} KiB"
    );
}
