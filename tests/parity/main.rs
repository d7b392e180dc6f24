//! The same scenes and seeds natively and as WebAssembly in Node: every trace must be the same number.
//!
//! `cargo xtask test parity` builds the module and names it, and Node, in `LAMPLIGHT_PARITY_WASM` and `LAMPLIGHT_NODE`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use lamplight_core::service::ServiceConfig;
use lamplight_tests::model::{self, Planted};
use lamplight_tests::room::Room;
use lamplight_tests::scenes;

const SEEDS: [u64; 3] = [1, 2, 3];
/// Steps of each run of the model.
const STEPS: usize = 200;

/// What Node prints when it plays the module.
fn as_wasm() -> Vec<String> {
    let named = |name: &str| {
        std::env::var_os(name)
            .unwrap_or_else(|| panic!("{name} is not set: run `cargo xtask test parity`"))
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("wasm/run.mjs");
    let played = Command::new(named("LAMPLIGHT_NODE"))
        .arg(script)
        .arg(named("LAMPLIGHT_PARITY_WASM"))
        .arg(STEPS.to_string())
        .args(SEEDS.map(|seed| seed.to_string()))
        .output()
        .expect("Node starts");
    let said = String::from_utf8_lossy(&played.stdout);
    assert!(
        played.status.success(),
        "Node stopped after:\n{said}\n{}",
        String::from_utf8_lossy(&played.stderr)
    );
    said.lines().map(str::to_owned).collect()
}

/// The same lines, played here.
fn natively() -> Vec<String> {
    let mut lines = Vec::new();
    for seed in SEEDS {
        for (index, scene) in scenes::ALL.iter().enumerate() {
            lines.push(format!("scene {index} {seed} {:016x}", scene.trace(seed)));
        }
        let played = model::run(seed, &model::steps(seed, STEPS), Planted::Nothing);
        let trace = played.unwrap_or_else(|what| panic!("seed {seed}: {what}"));
        lines.push(format!("model {STEPS} {seed} {trace:016x}"));
    }
    lines
}

/// What a line is about, in words.
fn in_words(line: &str) -> String {
    let mut words = line.split(' ');
    match (words.next(), words.next().and_then(|at| at.parse().ok())) {
        (Some("scene"), Some(index)) => scenes::ALL
            .get::<usize>(index)
            .map_or_else(|| line.to_owned(), |scene| scene.name.to_owned()),
        _ => line.to_owned(),
    }
}

#[test]
fn the_same_seeds_give_the_same_traces_natively_and_as_wasm() {
    let (native, wasm) = (natively(), as_wasm());
    let differ = native
        .iter()
        .zip(&wasm)
        .filter(|(native, wasm)| native != wasm);
    let differ: Vec<String> = differ
        .map(|(native, wasm)| format!("{}: {native} here, {wasm} in Node", in_words(native)))
        .collect();
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert_eq!(native.len(), wasm.len(), "one of them played more");
}

#[test]
fn every_scene_has_a_trace_of_its_own_and_repeats_it() {
    let traces = || scenes::ALL.iter().map(|scene| scene.trace(1));
    let first: BTreeSet<u64> = traces().collect();
    assert_eq!(first.len(), scenes::ALL.len());
    assert!(traces().all(|trace| first.contains(&trace)));
}

#[test]
fn another_seed_leaves_another_trace() {
    let story = |seed| {
        let mut room = Room::seeded(ServiceConfig::default(), seed);
        room.arrive(&["alice", "bob"]);
        room.writes("alice", "bob", "hello");
        room.trace_hash()
    };
    assert_eq!(story(1), story(1));
    assert_ne!(story(1), story(2));
}
