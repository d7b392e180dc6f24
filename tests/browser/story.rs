//! The story of the first conversation, from two sign-ups to a second device, through a reload, a killed browser and a killed
//! relay.

use std::time::Duration;

use lamplight_tests::outside::Options;

use crate::chromium::Chromium;
use crate::stage::Stage;
use crate::tab::Tab;
use crate::tree::starts;

/// A device whose line was closed is seen as gone after the grace of 10 s, and 2 s.
const GONE_WITHIN: Duration = Duration::from_secs(12);
/// Who lost the line to a relay that was away comes back by steps of at most so long.
const BACK_WITHIN: Duration = Duration::from_secs(40);

const LETTERS: [&str; 3] = [
    "The keys are under the mat.",
    "The second one.",
    "Good night!",
];

#[tokio::test]
async fn alice_and_bob_see_each_other_come_and_go_and_talk_and_nothing_is_lost() {
    // Settling makes who is absent unknown at first; that is another test's story.
    let mut stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let home = Chromium::launch().await;
    let alice = home.tab("alice", None).await;
    stage.watch(&alice);
    alice.open(&stage.relay.origin()).await;
    alice.signs_up("alice").await;
    let bob = stage.person("bob").await;

    bob.asks_to_see("alice@localhost").await;
    bob.sees_row("alice, not shared yet").await;
    alice.answers("bob@localhost", "Allow").await;
    bob.sees_row("alice, available").await;
    bob.answers("alice@localhost", "Allow").await;
    alice.sees_row("bob, available").await;

    alice.sets("Busy", "in a meeting").await;
    bob.sees_row("alice, busy: in a meeting").await;
    let row = bob.sees("option", starts("alice, ")).await;
    let shown = bob.shown(&row).await;
    assert!(
        shown.contains("busy: in a meeting"),
        "the row reads {shown:?}"
    );

    talk(&alice, &bob).await;
    reload(&alice, &bob).await;

    home.kill();
    let gone = bob
        .sees_within(GONE_WITHIN, "option", starts("alice, offline"))
        .await
        .1;
    println!("alice's browser was killed; bob saw her offline after {gone:?}");
    for letter in LETTERS {
        bob.says(letter).await;
    }
    let mut said = SAID_BY_BOB.to_vec();
    said.extend(LETTERS.map(|letter| ("You", letter, "Sent")));
    bob.reads_messages(&said).await;

    stage.broke_no_policy().await;
    stage.relay.kill();
    stage.relay.start_again().await;

    let home = Chromium::launch_in(home.profile()).await;
    let alice = home.tab("alice", None).await;
    stage.watch(&alice);
    alice.open(&stage.relay.origin()).await;
    comes_back(&alice).await;
    let phone = stage.visitor("phone").await;
    phone.signs_in("alice").await;
    for device in [&alice, &phone] {
        unread_three(device).await;
    }
    for device in [&alice, &phone] {
        device.opens("bob").await;
        let mut said = SAID_TO_ALICE.to_vec();
        said.extend(LETTERS.map(|letter| ("bob", letter, "")));
        device.reads_messages(&said).await;
    }

    // Bob noticed nothing but that she is back and has everything.
    bob.sees_within(BACK_WITHIN, "option", "alice, busy: in a meeting")
        .await;
    let mut said = SAID_BY_BOB.to_vec();
    said.extend(LETTERS.map(|letter| ("You", letter, "Delivered")));
    bob.reads_messages(&said).await;
    stage.ends_clean().await;
}

/// What was said before Alice's browser was killed, as Bob reads it and as Alice does.
const SAID_BY_BOB: [(&str, &str, &str); 3] = [
    ("You", "Tea at four?", "Delivered"),
    ("alice", "At five, in the kitchen.", ""),
    ("alice", "I am back.", ""),
];
const SAID_TO_ALICE: [(&str, &str, &str); 3] = [
    ("bob", "Tea at four?", ""),
    ("You", "At five, in the kitchen.", "Delivered"),
    ("You", "I am back.", "Delivered"),
];

async fn talk(alice: &Tab, bob: &Tab) {
    bob.opens("alice").await;
    bob.says("Tea at four?").await;
    bob.reads_messages(&SAID_BY_BOB[..1]).await;
    alice.opens("bob").await;
    alice.reads_messages(&SAID_TO_ALICE[..1]).await;
    alice.says("At five, in the kitchen.").await;
    alice.reads_messages(&SAID_TO_ALICE[..2]).await;
    bob.reads_messages(&SAID_BY_BOB[..2]).await;
}

/// Alice's page is loaded anew, with another line and the same tuple; in Bob's list nothing moves.
async fn reload(alice: &Tab, bob: &Tab) {
    bob.watches("alice@localhost").await;
    alice.reload().await;
    alice.is_in().await;
    alice.sees_row("bob, available").await;
    alice.says("I am back.").await;
    bob.reads_messages(&SAID_BY_BOB).await;
    let seen = bob.watched().await;
    let same = |name: &String| name.starts_with("alice, busy: in a meeting");
    assert!(!seen.is_empty() && seen.iter().all(same), "{seen:?}");
}

/// A browser that was killed may have forgotten its newest cookies: then its person signs in once more.
async fn comes_back(alice: &Tab) {
    let at_the_door = alice
        .until("either the door or the letters", |tree| {
            if tree.one("radio", "I have an account".into()).is_some() {
                return Some(true);
            }
            let row = tree.one("option", starts("bob, "))?;
            row.name.contains("3 unread").then_some(false)
        })
        .await;
    if at_the_door {
        alice.signs_in("alice").await;
    }
}

async fn unread_three(device: &Tab) {
    device
        .until("bob's row with three unread", |tree| {
            let row = tree.one("option", starts("bob, "))?;
            row.name.ends_with(", 3 unread").then_some(())
        })
        .await;
    device
        .until("the title says three", |tree| {
            tree.one("RootWebArea", "(3) Lamplight".into()).map(drop)
        })
        .await;
}
