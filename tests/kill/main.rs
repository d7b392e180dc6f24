//! Kill -9 under load: senders write as fast as receipts allow, the relay is killed at a random moment and started again on the
//! same data, senders repeat under the same ids whatever was not acknowledged. In the end every inbox is read from its beginning.
//!
//! `LAMPLIGHT_KILL_ROUNDS` says how often (5). The counts are printed; acknowledged and missing, and duplicates, must be zero.
#![forbid(unsafe_code)]

mod reader;
mod sender;
mod tally;

use std::time::{Duration, Instant};

use lamplight_tests::outside::{Account, Options, Relay};
use reader::Reader;
use sender::Sender;
use tally::Tally;

const SENDERS: usize = 4;
const ROUNDS: u32 = 5;
/// A round is killed at a random moment of this time.
const MOMENTS: Duration = Duration::from_millis(400);

fn rounds() -> u32 {
    let named = std::env::var("LAMPLIGHT_KILL_ROUNDS");
    named
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(ROUNDS)
}

/// Everything about speed that a test of loss does not want to run into.
fn options() -> Options {
    let fast = "1000000 then 1 per 1 ms";
    Options::new()
        .set("limits.sends", fast)
        .set("limits.frames", fast)
        .set("limits.fetches", fast)
        .set("limits.resume_span", "1000000")
        .set("inbox.messages", "1000000")
        .set("inbox.bytes", "1 GiB")
}

fn moment() -> Duration {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).expect("randomness");
    MOMENTS * u32::from(u16::from_le_bytes([bytes[0], bytes[1]])) / u32::from(u16::MAX)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_once_after_every_kill() {
    let begun = Instant::now();
    let mut relay = Relay::start(options()).await;
    let reader = Account::sign_up(&relay, "reader").await;
    let mut senders = Vec::new();
    for n in 0..SENDERS {
        let account = Account::sign_up(&relay, &format!("sender{n}")).await;
        senders.push(Sender::new(account, reader.principal.inbox(), n));
    }
    let known = senders
        .iter()
        .map(|one: &Sender| one.account.principal.clone());
    let mut reader = Reader::new(reader, relay.address(), known.collect()).await;
    let rounds = rounds();
    for round in 1..=rounds {
        let before: usize = senders.iter().map(Sender::acknowledged).sum();
        let address = relay.address();
        let mut working: Vec<_> = senders
            .into_iter()
            .map(|sender| tokio::spawn(sender.work(address)))
            .collect();
        let reading = tokio::spawn(reader.read(address));
        tokio::time::sleep(moment()).await;
        relay.kill();
        senders = Vec::new();
        for work in working.drain(..) {
            senders.push(work.await.expect("a sender that does its work"));
        }
        reader = reading.await.expect("a reader that does its work");
        let after: usize = senders.iter().map(Sender::acknowledged).sum();
        let open: usize = senders.iter().map(Sender::in_flight).sum();
        println!(
            "kill {round}/{rounds}: {} acknowledged, {open} in flight",
            after - before
        );
        relay.start_again().await;
    }

    let mut tally = Tally::default();
    for sender in &mut senders {
        sender.settle(relay.address()).await;
        let copies = reader::fetch_all(&sender.account, relay.address()).await;
        tally.add("copies of the sender", &sender.sent, &copies.sent);
    }
    let inbox = reader::fetch_all(&reader.account, relay.address()).await;
    let delivered = reader.settle(relay.address(), inbox.received.len()).await;
    for sender in &senders {
        let own = |ids: &[_]| ids.iter().copied().filter(|id| sender.wrote(*id)).collect();
        let (kept, seen): (Vec<_>, Vec<_>) = (own(&inbox.received), own(&delivered));
        tally.add("inbox", &sender.sent, &kept);
        tally.add("a device that resumed", &sender.sent, &seen);
    }
    let kept = inbox.received.len();
    println!(
        "{rounds} kills in {:?}: {kept} messages kept; {tally}",
        begun.elapsed()
    );
    assert!(kept > 0, "nothing was sent between the kills");
    tally.judge();
}
