//! What the WebAssembly module of this crate can be asked from outside. `run.mjs` asks it in Node.

use wasm_bindgen::prelude::wasm_bindgen;

use crate::model::{self, Planted};
use crate::scenes;

/// How many scenes there are.
#[wasm_bindgen]
pub fn scene_count() -> u32 {
    scenes::ALL.len() as u32
}

/// Plays a scene by its place in the table; the answer stands for everything that happened in it.
#[wasm_bindgen]
pub fn scene_trace(index: u32, seed: u32) -> u64 {
    scenes::ALL[index as usize].trace(seed.into())
}

/// Plays so many random steps from this seed; zero if something was not as it must be.
#[wasm_bindgen]
pub fn model_trace(seed: u32, steps: u32) -> u64 {
    let steps = model::steps(seed.into(), steps as usize);
    model::run(seed.into(), &steps, Planted::Nothing).unwrap_or(0)
}
