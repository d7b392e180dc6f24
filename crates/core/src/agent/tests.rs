//! The agent alone, with frames made by hand: what a room full of people can hardly show.

mod chaos;
mod company;
mod held;
mod keeping;
mod life;
mod line;
mod own;
mod preview;
mod replaying;
mod sending;
mod status;
mod taking;
mod watching;
