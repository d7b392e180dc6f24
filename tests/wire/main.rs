//! The wire is frozen: golden bytes for every frame, round trips, somebody else's reading of them, bytes that somebody has damaged, fields of a later version,
//! and the examples of the protocol's document.

mod damaged;
mod document;
mod foreign;
mod golden;
mod samples;
