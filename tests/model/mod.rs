//! Random steps in a Room against a naive model: several people and devices come and go, say, watch, decide and write while
//! lines break, the relay is killed and the disk fails. Whenever all is quiet again, everyone must see what the model says.

mod check;
mod play;
mod steps;
mod world;

use crate::room::{Fault, PipeFault};

pub use steps::{Step, steps};

/// A fault that is there from the beginning, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    Nothing,
    Pipe(PipeFault),
    Disk(Fault),
}

/// Plays the steps; gives the trace of the Room, or what was not as it must be.
pub fn run(seed: u64, steps: &[Step], planted: Planted) -> Result<u64, String> {
    let mut play = play::Play::new(seed, planted);
    for (place, step) in steps.iter().enumerate() {
        let outcome = play.take(step.clone());
        outcome.map_err(|what| format!("after step {place}, {step:?}: {what}"))?;
    }
    play.end()
}
