//! The model against the machines: seeds on their own, and faults that are planted to see them found.
//!
//! `LAMPLIGHT_MODEL_SEEDS` says how many seeds to play, `LAMPLIGHT_MODEL_SEED` which one alone.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lamplight_tests::model::{Planted, Step, run, steps};
use lamplight_tests::room::{Fault, PipeFault};

/// Steps in one run.
const STEPS: usize = 120;
const SEEDS: u64 = 800;
/// Seeds in which a planted fault must show.
const PLANTED_SEEDS: u64 = 60;

/// A run whose machines do not panic either.
fn outcome(seed: u64, steps: &[Step], planted: Planted) -> Result<u64, String> {
    let played = catch_unwind(AssertUnwindSafe(|| run(seed, steps, planted)));
    played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(format!("a panic: {}", text.unwrap_or_default()))
    })
}

/// The shortest list that still fails which can be had by leaving steps out: halves first, single ones last.
fn shrunk(seed: u64, mut steps: Vec<Step>, planted: Planted) -> Vec<Step> {
    let mut part = steps.len().div_ceil(2);
    loop {
        let mut at = 0;
        while at < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(at..(at + part).min(steps.len()));
            if outcome(seed, &fewer, planted).is_err() {
                steps = fewer;
            } else {
                at += part;
            }
        }
        if part == 1 {
            return steps;
        }
        part = part.div_ceil(2);
    }
}

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect("a number"))
}

#[test]
fn everyone_sees_what_the_model_says() {
    let seeds = match number("LAMPLIGHT_MODEL_SEED") {
        Some(only) => only..only + 1,
        None => 0..number("LAMPLIGHT_MODEL_SEEDS").unwrap_or(SEEDS),
    };
    for seed in seeds {
        let steps = steps(seed, STEPS);
        if outcome(seed, &steps, Planted::Nothing).is_err() {
            let few = shrunk(seed, steps, Planted::Nothing);
            let why =
                outcome(seed, &few, Planted::Nothing).expect_err("the shorter list fails too");
            panic!("seed {seed}: {why}\nwith {few:?}");
        }
    }
}

/// How many seeds it took to notice a planted fault.
fn found_after(planted: Planted) -> u64 {
    let noticed = |seed: &u64| outcome(*seed, &steps(*seed, STEPS), planted).is_err();
    let found = (0..PLANTED_SEEDS).find(noticed);
    found.unwrap_or_else(|| panic!("{planted:?} was not noticed in {PLANTED_SEEDS} seeds"))
}

#[test]
fn a_pipe_that_drops_or_swaps_is_noticed() {
    for each in [5, 50] {
        found_after(Planted::Pipe(PipeFault::Drops(each)));
        found_after(Planted::Pipe(PipeFault::Swaps(each)));
    }
}

#[test]
fn a_disk_that_forgets_or_lies_is_noticed() {
    for fault in [
        Fault::AnswersBeforeSync,
        Fault::ForgetsWhatWasSent,
        Fault::ForgetsDecisions,
        Fault::LosesMessages,
    ] {
        found_after(Planted::Disk(fault));
    }
}

#[test]
fn a_failing_list_is_cut_down_to_what_it_takes() {
    let planted = Planted::Disk(Fault::ForgetsDecisions);
    let seed = found_after(planted);
    let few = shrunk(seed, steps(seed, STEPS), planted);
    assert!(few.len() <= 8, "{few:?}");
    assert!(outcome(seed, &few, Planted::Nothing).is_ok());
}
