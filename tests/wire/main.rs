//! The wire is frozen: golden bytes for every frame, round trips, bytes that somebody has damaged, fields of a later version,
//! and the examples of the protocol's document.

mod damaged;
mod document;
mod golden;
mod samples;
