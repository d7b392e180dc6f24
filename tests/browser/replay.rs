//! What happened in a browser, replayed natively through the same agent, comes to the same trace: the page holds no logic.

use base64::Engine;
use lamplight_core::agent::Input;
use lamplight_core::recording::Recording;
use lamplight_core::wire::{ToAgent, from_cbor};
use lamplight_tests::outside::Options;

use crate::stage::Stage;
use crate::tree::starts;

#[tokio::test]
async fn a_recorded_session_replays_natively_with_the_same_trace() {
    let stage = Stage::set(Options::new()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    alice.sets("Busy", "in a meeting").await;
    bob.opens("alice").await;
    bob.says("Tea at four?").await;
    alice.opens("bob").await;
    alice.says("At five.").await;
    bob.reads_messages(&[
        ("You", "Tea at four?", "Delivered"),
        ("alice", "At five.", ""),
    ])
    .await;
    alice.sees("option", starts("bob, available")).await;
    alice.chooses("Diagnostics").await;
    let field = alice.sees("textbox", "Recording").await;
    let dialog = alice.sees("dialog", "Diagnostics").await;
    let shown = alice.shown(&dialog).await;
    let packed = match field.value.is_empty() {
        true => alice.value_of(&field).await,
        false => field.value.clone(),
    };
    let bytes = base64::prelude::BASE64_STANDARD
        .decode(packed.trim())
        .expect("base64");
    let recording = Recording::read(&bytes).expect("a recording");
    assert!(recording.complete);
    let mut welcomed = None;
    let replayed = recording
        .replay(|event, _| {
            if let Input::Frame(frame) = &event.input
                && let Ok(ToAgent::Welcome { server, .. }) = from_cbor(frame)
            {
                welcomed = Some(server);
            }
        })
        .expect("events that can be read");
    println!("{} events replayed", replayed.events);
    assert!(replayed.events > 20, "{replayed:?}");
    assert_eq!(replayed.trace, replayed.recorded);
    let trace = format!("{:016x}", replayed.trace);
    assert!(
        shown.contains(&trace),
        "{trace} is what the page shows: {shown}"
    );
    // G6: which SERVER it was, as it says itself.
    let server = format!("{:016x}", welcomed.expect("a welcome").0);
    let figures = stage.relay.get("/metrics").await.text();
    assert!(
        figures.contains(&format!("server=\"{server}\"")),
        "{figures}"
    );
    assert!(
        !server.trim_matches('0').is_empty(),
        "a SERVER without a name"
    );
    assert!(shown.contains(&server), "{server} is not in {shown}");
    stage.ends_clean().await;
}
