//! The agent as a module of WebAssembly that a script drives: no clock, socket, timer or store of its own, as core.
//!
//! ```text
//!   your script ──▶ js/runtime.js ──▶ Machine ──▶ core::Agent
//!                     │ WebSocket, timers, fetch, a store if you bring one: whatever page, worker or Node has
//!                     └── reads what it tells you: JSON of `views`
//! ```
//! Scripts live in three worlds that share a language and little else, so the shell is written in that language, and what is
//! compiled decides. Whatever crosses is a number, a text or bytes; nothing is thrown but what a broken module throws.
#![forbid(unsafe_code)]

mod json;
mod machine;
mod views;

pub use machine::Machine;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static MEMORY: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
