//! The relay: the services of `lamplight_core` over sockets, with what lasts in SQLite and the page inside the binary.
//!
//! ```text
//!   browser ──HTTP──> http ──> identity ──┐
//!      └──WebSocket──> socket ──> hub ── Service        hub is the one task that owns the services
//!                                  └────> store         store::writer commits in groups, then answers the hub
//! ```
//! `serve` puts the parts together, `config` says how, `command` is what a person types; `doctor` looks for what is wrong; `chat` is a person's own end of
//! it in a terminal, over `lamplight_client`. The binary is these few lines.

#![forbid(unsafe_code)]

mod assets;
mod chat;
mod clock;
mod command;
pub mod config;
mod doctor;
mod forwarded;
mod http;
mod hub;
mod identity;
mod listener;
mod log;
mod manager;
mod metrics;
mod outbox;
mod pinned;
mod serve;
mod socket;
pub mod store;
mod tls;
mod visits;
mod websocket;

pub use command::run;
