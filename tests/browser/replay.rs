//! The page has no logic of its own: what happened to it, replayed through the same agent on another machine, gives the same
//! outputs one by one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lamplight_core::agent::{Changed, Output};
use lamplight_core::recording::Recording;
use lamplight_tests::outside::Options;

use crate::stage::Stage;
use crate::tab::Tab;

#[tokio::test]
async fn what_happened_in_a_browser_replays_natively_with_the_same_trace() {
    let stage = Stage::set(Options::new()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    alice.sets("Busy", "in a meeting").await;
    bob.opens("alice").await;
    bob.says("Tea at four?").await;
    alice.opens("bob").await;
    alice.says("At five.").await;
    alice
        .reads_messages(&[
            ("bob", "Tea at four?", ""),
            ("You", "At five.", "Delivered"),
        ])
        .await;
    for tab in [&alice, &bob] {
        replays(tab).await;
    }
    stage.is_clean().await;
}

/// Takes the recording as anyone can, from the diagnostics, and plays it again here.
pub async fn replays(tab: &Tab) {
    tab.chooses("Diagnostics").await;
    let recording = tab
        .until("a recording", |tree| {
            let field = tree.one("textbox", "Recording".into())?;
            (!field.value.is_empty()).then(|| field.value.clone())
        })
        .await;
    let bytes = STANDARD.decode(recording.trim()).expect("base64");
    let recording = Recording::read(&bytes).expect("a recording");
    assert!(recording.complete, "nothing was left out");
    let mut changes = 0;
    let mut rows = 0;
    let replayed = recording
        .replay(|_, outputs| {
            changes += outputs
                .iter()
                .filter(|output| matches!(output, Output::Changed(_)))
                .count();
            rows += outputs
                .iter()
                .filter(|output| matches!(output, Output::Changed(Changed::Row(_))))
                .count();
        })
        .expect("every event can be read");
    assert!(
        changes > 0 && rows > 0,
        "{changes} changes, {rows} of rows: nothing happened to {}",
        tab.name
    );
    assert_eq!(
        replayed.trace, replayed.recorded,
        "{}, {} events",
        tab.name, replayed.events
    );
    tab.reads(&format!("{:016x}", replayed.trace)).await;
    println!(
        "{}: {} events, {changes} changes, trace {:016x}",
        tab.name, replayed.events, replayed.trace
    );
    tab.press("Escape").await;
    tab.sees_no("dialog", "Diagnostics").await;
}
