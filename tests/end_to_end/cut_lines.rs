//! Networks that break: how soon it is seen, and that it is seen by nobody else. These take the real time of the bounds.

use std::time::Duration;

use lamplight_core::address::MessageId;
use lamplight_core::agent::Agent;
use lamplight_core::message::{Body, Receipt};
use lamplight_core::person::Word;
use lamplight_core::wire::{Codec, ToAgent, ToService};
use lamplight_tests::outside::{Account, CutProxy, Line, Options, Program, Relay, eventually};

use crate::talking::friends_over;

/// A silent line is gone after ping 20 s, pong 10 s and grace 10 s, and 5 s of the relay's and the test's own.
const SILENT: Duration = Duration::from_secs(45);
/// A reset one after the grace, and 2 s.
const RESET: Duration = Duration::from_secs(12);

/// Alice's network breaks in some way, for good; how long until Bob sees it.
async fn gone_after(breaks: impl Fn(&CutProxy), bound: Duration) -> Duration {
    // No settling, so that who is gone is offline and not unknown.
    let relay = Relay::start(Options::new().set("bounds.settle", "0 s")).await;
    let proxy = CutProxy::before(relay.address()).await;
    let (alice, bob) = friends_over(&relay, proxy.address(), relay.address()).await;
    breaks(&proxy);
    let offline = |agent: &Agent| {
        let person = agent.row(alice.address())?.person;
        (person.word == Word::Offline).then_some(())
    };
    bob.within(bound, "alice is gone", offline).await.1
}

#[tokio::test]
async fn a_silently_cut_line_is_seen_as_gone_within_45_seconds() {
    let took = gone_after(CutProxy::cut, SILENT).await;
    println!("a silently cut line was seen as gone after {took:?}");
    assert!(
        took > Duration::from_secs(20),
        "a line that is only quiet is not gone: {took:?}"
    );
}

#[tokio::test]
async fn a_reset_line_is_seen_as_gone_within_12_seconds() {
    let took = gone_after(CutProxy::close, RESET).await;
    println!("a reset line was seen as gone after {took:?}");
    assert!(
        took > Duration::from_secs(8),
        "a reload would have been seen: {took:?}"
    );
}

#[tokio::test]
async fn who_does_not_read_is_closed_and_the_others_go_on() {
    let options = Options::new()
        .set("connections.outbox", "256 KiB")
        .set("limits.sends", "2000 then 1 per 1 ms")
        .set("limits.frames", "2000 then 1 per 1 ms")
        .set("limits.delivery_window", "100000");
    let relay = Relay::start(options).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let bob = Account::sign_up(&relay, "bob").await;
    // Alice has two lines: one that reads nothing more after the welcome, and a program that works.
    let stuck = Line::hello(relay.address(), Codec::Cbor, &alice.token, None).await;
    let well = Program::up(&alice, relay.address(), "alice-desk").await;
    // Who is a contact is no stranger, whose messages would wait to be admitted.
    well.sees(&bob).await;
    let mut sender = Line::hello(relay.address(), Codec::Cbor, &bob.token, None).await;
    let body = Body::parse(&"x".repeat(16_000)).expect("a body");
    let mut sent = 0_u32;
    while relay.metric("lamplight_slow_sockets_total").await == Some(0.0) {
        assert!(sent < 2_000, "32 MB wait for a socket that reads nothing");
        for _ in 0..20 {
            let id = MessageId(u128::from(sent) + 1);
            let (to, body) = (alice.principal.inbox(), body.clone());
            sender
                .send(&ToService::Send {
                    id,
                    to,
                    body,
                    from: None,
                })
                .await;
            sender
                .until("a receipt", |frame| match frame {
                    ToAgent::Receipt { id: known, receipt } if *known == id => {
                        assert!(matches!(receipt, Receipt::Accepted(..)), "{receipt:?}");
                        true
                    }
                    _ => false,
                })
                .await;
            sender.passed.clear();
            sent += 1;
        }
    }
    println!("a socket that reads nothing was closed after {sent} messages of 16 kB");
    well.until("everything", |agent| (agent.unread() == sent).then_some(()))
        .await;
    eventually("one line of alice and bob's are left", || async {
        (relay.metric("lamplight_sessions").await == Some(2.0)).then_some(())
    })
    .await;
    stuck.hang_up();
}
