//! Presence and instant messaging after RFC 2778, as two machines without I/O.
//!
//! ```text
//!        RFC 2778, figure 6, in our names                     figure 7
//!
//!              PRESENCE SERVICE                          INSTANT MESSAGE SERVICE
//!            service::{presence, watching}                 service::messaging
//!               ^                |                          ^               |
//!       Publish |                | Notify              Send |               | Deliver
//!     presence protocol (wire::ToService, wire::ToAgent) instant message protocol
//!               |                v                          |               v
//!     agent::presentity    agent::roster            agent::outbox      agent::inbox
//!       (PRESENCE UA)      (WATCHER UA)               (SENDER UA)       (INBOX UA)
//!               ^                |                          ^               |
//!               +----------------+---- the principal -------+---------------+
//! ```
//!
//! * [`address`], [`presence`], [`message`], [`called`], [`code`], [`time`]: the nouns, parsed once at the door.
//! * [`rules`], [`sight`], [`person`]: pure decisions: who sees what, as what value, and what a human reads of it.
//! * [`ledger`]: who has received, as WATCHER INFORMATION remembers it; [`hours`]: when in the week something is OPEN.
//! * [`wire`]: the two protocols, one enum a direction, in CBOR and JSON.
//! * [`service`], [`agent`]: the two machines. Both have the same face: `handle(input, now)`, `poll_output`, `poll_timeout`.
//! * [`store`]: what must last, as the service hands it over.
//! * [`trace`]: what a machine did, as one number that is equal on every target; [`recording`]: what happened to an agent, to be
//!   replayed.
//!
//! # Absent on purpose
//!
//! There is no clock, socket, task, lock, file or target in this crate, and nothing in it is random: time, bytes and seeds are
//! handed in. `handle` cannot fail: what went wrong is an output. `from` is never read from a client.
#![no_std]
#![forbid(unsafe_code)]
// An agent that sets nothing up has no use for some of what the other one names.
#![cfg_attr(not(feature = "settings"), allow(unused, clippy::unused_self))]

extern crate alloc;

pub mod address;
pub mod agent;
pub mod called;
pub mod cbor;
pub mod code;
pub mod hours;
pub mod ledger;
pub mod message;
pub mod person;
pub mod presence;
pub mod private;
pub mod recording;
pub mod rules;
#[cfg(feature = "service")]
pub mod service;
pub mod sight;
mod sorted;
#[cfg(feature = "service")]
pub mod store;
mod text;
pub mod time;
pub mod trace;
pub mod wire;
