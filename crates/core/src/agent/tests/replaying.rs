//! Equal seeds and inputs give equal outputs, also from a recording.

use core::time::Duration;

use alloc::vec;
use alloc::vec::Vec;

use super::life::{Life, open, received};
use crate::agent::{Choice, Input, Intent, LineLost, Output};
use crate::recording::{Recording, replay};
use crate::wire::{Resume, ToService, from_cbor, to_cbor};

/// Some of everything.
fn a_day() -> Life {
    let mut life = Life::new();
    life.tell(Input::Restored(vec![]));
    life.tell(Input::Start);
    life.tell(Input::Lost(LineLost::Unreachable));
    life.wants(Intent::Reconnect);
    life.comes_in(Resume::Fresh, 1, 3);
    life.answers_conversations(vec![], 3);
    life.roster(&["bob", "carol"]);
    open(&mut life, "bob");
    life.delivers(vec![received(4, "bob"), received(5, "carol")]);
    life.says("bob", "hello");
    life.wants(Intent::SetStatus {
        choice: Choice::Busy,
        note: None,
        until: None,
        of: None,
    });
    life.tell(Input::Frame(vec![0xff]));
    life.passes(Duration::from_secs(400));
    life.tell(Input::Hidden);
    life
}

#[test]
fn a_recording_replays_to_the_same_outputs_in_the_same_order() {
    let mut life = a_day();
    let recording = Recording::read(&life.recorder.recording()).unwrap();
    assert!(recording.complete);
    let mut replayed = Vec::new();
    let came_to = recording
        .replay(|_, outputs| replayed.extend_from_slice(outputs))
        .unwrap();
    assert_eq!(came_to.trace, came_to.recorded);
    assert_eq!(came_to.trace, life.recorder.trace());
    let hello = |output: &Output| match output {
        Output::Send(bytes) => matches!(from_cbor(bytes), Ok(ToService::Hello { .. })),
        _ => false,
    };
    let lived = life.outputs();
    assert!(lived.len() > 20 && replayed.iter().any(hello));
    // The hello alone differs: a recording has no ticket.
    let rest = |outputs: Vec<Output>| -> Vec<_> {
        outputs.into_iter().filter(|one| !hello(one)).collect()
    };
    assert_eq!(rest(lived), rest(replayed));
}

#[test]
fn a_replay_with_another_seed_setting_or_input_comes_to_another_trace() {
    let recorded = Recording::read(&a_day().recorder.recording()).unwrap();
    let mut other_seed = recorded.clone();
    other_seed.config.seed += 1;
    let mut sooner_away = recorded.clone();
    sooner_away.config.idle_after_ms = 100_000;
    for other in [other_seed, sooner_away] {
        let came_to = replay(&to_cbor(&other)).unwrap();
        assert_ne!(came_to.trace, recorded.trace);
    }
    let mut life = a_day();
    life.says("bob", "one more");
    assert_ne!(life.recorder.trace(), recorded.trace);
}

#[test]
fn no_secret_is_in_a_recording() {
    let recording = a_day().recorder.recording();
    let secret = b"secret";
    let held = recording.windows(secret.len()).any(|part| part == secret);
    assert!(!held);
}

#[test]
fn a_damaged_recording_is_an_error() {
    let mut recording = Recording::read(&a_day().recorder.recording()).unwrap();
    recording.events.truncate(recording.events.len() - 1);
    assert!(replay(&to_cbor(&recording)).is_err());
    assert!(replay(b"nothing").is_err());
}
