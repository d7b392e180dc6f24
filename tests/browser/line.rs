//! A line that breaks: what the page says of it and when, and that nothing written is lost.

use std::time::{Duration, Instant};

use lamplight_tests::outside::{CutProxy, Options, Relay};
use serde_json::json;

use crate::chromium::Chromium;
use crate::stage::Stage;
use crate::tab::Tab;
use crate::tree::{Tree, starts};

#[tokio::test]
async fn what_is_written_without_a_line_survives_a_reload_and_a_restart_and_arrives_once() {
    let mut stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    bob.opens("alice").await;
    bob.says("before").await;
    bob.reads_messages(&[("You", "before", "Delivered")]).await;
    bob.gets_no_line().await;
    stage.broke_no_policy().await;
    stage.relay.kill();
    for text in ["one", "two", "three"] {
        bob.says(text).await;
    }
    let waits = "Waiting for the line";
    let waiting = [
        ("You", "one", waits),
        ("You", "two", waits),
        ("You", "three", waits),
    ];
    let ends_so = |tree: &Tree| {
        let said = tree.messages();
        let last = said.iter().rev().take(3).rev();
        let last: Vec<_> = last
            .map(|said| (said.whose.as_str(), said.text.as_str(), said.state.as_str()))
            .collect();
        (last == waiting).then_some(())
    };
    bob.until("three that wait", ends_so).await;
    stage.relay.start_again().await;
    bob.reload().await;
    bob.until("three that wait, after a reload", ends_so).await;
    bob.gets_lines_again().await;
    bob.reads_messages(&[
        ("You", "before", "Delivered"),
        ("You", "one", "Delivered"),
        ("You", "two", "Delivered"),
        ("You", "three", "Delivered"),
    ])
    .await;
    alice.sees("option", starts("bob, ")).await;
    alice.opens("bob").await;
    alice
        .reads_messages(&[
            ("bob", "before", ""),
            ("bob", "one", ""),
            ("bob", "two", ""),
            ("bob", "three", ""),
        ])
        .await;
    stage.ends_clean().await;
}

fn banner(tree: &Tree) -> Option<()> {
    let text = tree.0.iter().any(|node| {
        node.role == "StaticText"
            && node.name.contains("No connection.")
            && node.within("status", "")
    });
    text.then_some(())
}

/// Notes whether the banner ever stood there.
const WATCH_BANNER: &str = r"(() => {
    window.lamplightBanner = false;
    const look = () => { if (document.body.innerText.includes('No connection.')) window.lamplightBanner = true; };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
})()";

#[tokio::test]
async fn trouble_is_told_after_three_seconds_and_not_before() {
    let proxy = CutProxy::listen().await;
    let relay = Relay::start(Options::new().behind(&proxy.origin())).await;
    proxy.aim(relay.address());
    let browser = Chromium::launch().await;
    let alice: Tab = browser.person("alice").await;
    alice.open(&proxy.origin()).await;
    alice.signs_up("alice").await;

    alice.script(WATCH_BANNER).await;
    let lines = proxy.accepted();
    proxy.reset();
    lamplight_tests::outside::eventually("a new line", || async {
        let again = proxy.accepted() > lines;
        let up = relay.metric("lamplight_sessions").await == Some(1.0);
        (again && up).then_some(())
    })
    .await;
    alice.is_in().await;
    assert_eq!(
        alice.script("window.lamplightBanner").await,
        false,
        "a short break is nobody's concern"
    );

    let begun = Instant::now();
    proxy.close();
    alice.until("the banner", banner).await;
    let after = begun.elapsed();
    println!("the banner came after {after:?}");
    assert!(after > Duration::from_millis(2_900), "{after:?}");
    assert!(after < Duration::from_secs(6), "{after:?}");
    alice.reads("You can go on reading and writing").await;
    proxy.restore();
    if alice.tree().await.one("button", "Try now".into()).is_some() {
        alice.click("button", "Try now").await;
    }
    alice
        .until("no banner", |tree| banner(tree).is_none().then_some(()))
        .await;
    alice.is_in().await;
    let reports = relay.metric("lamplight_csp_reports_total").await;
    assert_eq!(reports, Some(0.0));
    assert!(alice.complaints().is_empty(), "{:#?}", alice.complaints());
}

/// What is loaded when it is opened, and did not come: the person is told, nothing is stuck, and it can be tried again.
#[tokio::test]
async fn what_is_opened_without_a_line_says_so_and_opens_when_tried_again() {
    const MISSING: &str = "The relay does not answer. Check your connection and try again.";
    let stage = Stage::set(Options::new()).await;
    let alice = stage.visitor("alice").await;
    alice.call("Network.enable", json!({})).await;
    let lacks = |what: &[&str]| json!({ "urls": what });
    alice
        .call("Network.setBlockedURLs", lacks(&["*page-more*.wasm"]))
        .await;
    alice.signs_up("alice").await;
    alice.click("button", "Add contact").await;
    alice.reads(MISSING).await;
    alice.sees_no("dialog", "Add contact").await;
    alice.click("button", "Dismiss").await;
    alice.click("button", "More").await;
    alice.reads(MISSING).await;

    // A link from elsewhere, kept for later.
    let settings = format!("{}/?#/settings/all", stage.relay.origin());
    alice.open(&settings).await;
    alice.sees("button", "Try again").await;
    alice.call("Network.setBlockedURLs", lacks(&[])).await;
    alice.click("button", "Try again").await;
    alice.sees("heading", "Privacy and addresses").await;
    alice.click("button", "Add contact").await;
    alice.sees("dialog", "Add contact").await;
    stage.broke_no_policy().await;
}

/// The program of the page ends by a fault of its own, as far as the browser can tell: that is said, and a button begins anew.
#[tokio::test]
async fn a_page_whose_program_stopped_says_so_and_begins_anew() {
    let stage = Stage::set(Options::new()).await;
    let alice = stage.person("alice").await;
    let trap = "new WebAssembly.RuntimeError('unreachable')";
    for fault in [
        format!("setTimeout(() => {{ throw {trap} }})"),
        format!("void Promise.reject({trap})"),
    ] {
        alice.script(&fault).await;
        alice
            .reads("Lamplight stopped because of a fault of its own.")
            .await;
        alice.click("button", "Try again").await;
        alice.is_in().await;
    }
    stage.broke_no_policy().await;
}
