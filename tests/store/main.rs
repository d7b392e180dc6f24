//! What is acknowledged is on disk: one contract for both stores, databases of every version, and the relay's own system calls.

mod contract;
mod durable;
mod large;
mod versions;
