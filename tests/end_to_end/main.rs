//! The relay as a process over real sockets: its doors, its lines, its network and its assets.
#![forbid(unsafe_code)]

mod assets;
mod cut_lines;
mod doors;
mod lines;
mod privacy;
mod talking;
