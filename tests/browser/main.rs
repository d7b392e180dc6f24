//! People in real browsers: headless Chromium, a context or a profile for each, keyboard and pointer only, and the page as
//! assistive technology is told of it.
#![forbid(unsafe_code)]

mod cdp;
mod chromium;
mod keys;
mod machine;
mod pace;
mod people;
mod site;
mod stage;
mod tab;
mod tree;
mod visit;

mod away;
mod badges;
mod conversation;
mod cost;
mod door;
mod embedded;
mod foreign;
mod invited;
mod keyboard;
mod launcher;
mod line;
mod looks;
mod policies;
mod privacy;
mod replay;
mod roster;
mod runtime;
mod shops;
mod status;
mod story;
