//! Lamplight for native programs: the agent that a browser's tab runs, over tokio.
//!
//! ```text
//!   your program ──▶ Client ──intents──▶ Shell ──▶ core's Agent
//!        ▲                                 │ ├──▶ line    one WebSocket, opened again by the agent's own rules
//!        └── Event ◀── mailbox ◀── reader ◀┘ └──▶ keep    a folder, or memory
//! ```
//! A [`Client`] has words for what bots do; [`Client::intent`] and [`Client::view`] reach everything else that an agent can. Who
//! wants the agent alone, with every change as it comes, takes a [`Shell`].
//!
//! A whole bot:
//!
//! ```no_run
#![doc = include_str!("../examples/echo.rs")]
//! ```
#![forbid(unsafe_code)]

mod client;
mod clock;
mod door;
mod error;
mod event;
mod keep;
mod line;
pub mod probe;
mod reader;
mod relay;
mod shell;

pub use client::{Client, Credentials, Options};
pub use error::Error;
pub use event::Event;
pub use keep::{Folder, Keep, Memory};
pub use relay::Relay;
pub use shell::{Follower, News, Shell};

pub use lamplight_core;
pub use lamplight_core::address::{Address, MessageId, Principal};
pub use lamplight_core::agent::{
    Agent, Choice, ContactRow, IDLE_AFTER, Intent, Item, ItemState, Line, LinkView, RowKind, Side,
};
pub use lamplight_core::code::Code;
pub use lamplight_core::person::{Person, Reason, Word};
pub use lamplight_core::rules::Decision;
pub use lamplight_core::time::Timestamp;

#[cfg(test)]
mod tests {
    #[test]
    fn the_readme_shows_the_bot_to_the_letter_and_it_has_thirty_lines() {
        let echo = include_str!("../examples/echo.rs");
        let (_, code) = echo.split_once("\n\n").expect("an opening");
        assert!(include_str!("../../../README.md").contains(code));
        assert!(code.lines().count() <= 30);
    }
}
