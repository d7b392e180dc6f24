//! Pages that are left, hidden or stuck, and what others see of it: nothing.

use lamplight_tests::outside::Options;

use crate::stage::Stage;

#[tokio::test]
async fn a_page_comes_back_from_the_back_forward_cache_without_a_flicker() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    bob.watches("alice@localhost").await;
    alice
        .script("addEventListener('pageshow', event => { window.lamplightPersisted = event.persisted; })")
        .await;
    alice
        .open(&format!("{}/healthz", stage.relay.origin()))
        .await;
    alice.reads("healthy").await;
    alice.script("history.back()").await;
    alice.is_in().await;
    alice.sees_row("bob, available").await;
    let persisted = alice.script("window.lamplightPersisted").await;
    assert_eq!(persisted, true, "the page was kept, not loaded anew");
    alice.opens("bob").await;
    alice.says("back again").await;
    bob.reads_messages(&[("alice", "back again", "")]).await;
    let seen = bob.watched().await;
    let same = |name: &String| name.starts_with("alice, available");
    assert!(!seen.is_empty() && seen.iter().all(same), "{seen:?}");
    stage.ends_clean().await;
}

#[tokio::test]
async fn a_page_that_is_stuck_for_twenty_seconds_is_not_shown_as_gone() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    bob.watches("alice@localhost").await;
    let stuck = "(() => { const end = Date.now() + 20000; while (Date.now() < end); return Date.now() >= end; })()";
    assert_eq!(alice.script(stuck).await, true);
    alice.opens("bob").await;
    alice.says("That took long.").await;
    bob.reads_messages(&[("alice", "That took long.", "")])
        .await;
    let seen = bob.watched().await;
    let same = |name: &String| name.starts_with("alice, available");
    assert!(!seen.is_empty() && seen.iter().all(same), "{seen:?}");
    stage.ends_clean().await;
}
