//! The agent alone, with frames made by hand: what a room full of people can hardly show.

mod chaos;
mod keeping;
mod life;
mod line;
mod replaying;
mod sending;
mod status;
mod taking;
mod watching;
