//! No leak: random changes of rules, statuses, fetches, messages and lines that break, a canary in every protected value, and a
//! watchman on every line who knows who may see what (trust.md F1, M19).
//!
//! `LAMPLIGHT_LEAK_STEPS` says how many steps to take; a failure names its seed, and `LAMPLIGHT_LEAK_SEED` plays it alone.

mod bench;
mod oracle;
mod people;

use bench::Planted;
use people::Play;

/// Steps of one seed.
const STEPS: usize = 500;
/// Steps in all.
const ALL_STEPS: usize = 100_000;

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect("a number"))
}

/// What the watchman saw in a run: canaries that went where they may go, or the first that did not.
fn run(seed: u64, planted: Planted) -> Result<people::Tally, String> {
    let mut play = Play::new(seed, planted);
    for _ in 0..STEPS {
        play.step()?;
    }
    play.ends()
}

#[test]
fn nothing_protected_reaches_whom_it_is_protected_from() {
    let seeds = match number("LAMPLIGHT_LEAK_SEED") {
        Some(only) => only..only + 1,
        None => {
            let steps = number("LAMPLIGHT_LEAK_STEPS").map_or(ALL_STEPS, |steps| steps as usize);
            0..steps.div_ceil(STEPS) as u64
        }
    };
    let mut all = people::Tally::default();
    for seed in seeds {
        match run(seed, Planted::Nothing) {
            Ok(tally) => all += tally,
            Err(leak) => panic!("seed {seed}: {leak}"),
        }
    }
    println!("{all}: 0 leaks");
    // A watchman who never sees a canary would find no leak either.
    assert!(
        all.steps < 10_000 || all.canaries > all.steps / 4,
        "the watchman has hardly anything to watch: {all}"
    );
}

#[test]
fn a_decision_that_is_taken_too_early_is_seen_by_the_watchman() {
    let found = (0..20).filter(|seed| run(*seed, Planted::DecidesEarly).is_err());
    let found = found.count();
    println!("{found} of 20 seeds showed the fault");
    assert!(found >= 10, "only {found} of 20 seeds showed the fault");
}
