//! The relay as a process over real sockets: its doors, its lines, its network and its assets.
#![forbid(unsafe_code)]

mod asking;
mod assets;
mod badges;
mod circles;
mod configuring;
mod confirming;
mod cut_lines;
mod data;
mod doctor;
mod doors;
mod fetching;
mod hosting;
mod lines;
mod managing;
mod minting;
mod pages;
mod privacy;
mod programs;
mod proxies;
mod signatures;
mod sites;
mod talking;
mod tls;
mod tokens;
mod visiting;
mod visitors;
