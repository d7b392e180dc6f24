//! The Room: both machines of core in one place with a clock that the test moves, pipes that the test cuts and a disk that the
//! test fails. Scenes and models play in it, natively and as WebAssembly alike.
#![forbid(unsafe_code)]

pub mod memory_store;
pub mod random;
pub mod room;

#[path = "../model/mod.rs"]
pub mod model;
#[path = "../scenes/mod.rs"]
pub mod scenes;

#[cfg(target_arch = "wasm32")]
#[path = "../wasm/exports.rs"]
mod exports;

#[cfg(not(target_arch = "wasm32"))]
pub mod outside;
