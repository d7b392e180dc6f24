//! What is acknowledged is on disk: one contract for both stores, databases of every version, and the relay's own system calls.

mod addresses;
mod both;
mod changes;
mod contract;
mod durable;
mod large;
mod letters;
mod versions;
