//! The chat page: a picture of what the agent says, and a hand that tells it what the person wants.
//!
//! ```text
//!   main ─▶ app ─▶ pages/door   sign up, sign in, enter as guest
//!                  pages/home   two panes: people and a conversation; every part is handed the `house`
//!                    parts/*    one picture each
//!   texts: every sentence    times: the browser's Intl    keys: every shortcut
//! ```
//! State of presence, messages and drafts lives in the agent; what is kept here is what is open on the screen.
#![forbid(unsafe_code)]
// A conversation on another site's page needs less of what both use.
#![cfg_attr(not(feature = "page"), allow(dead_code, unused_imports))]
// The agent is read in place; its type is not the page's to name.
#![allow(clippy::redundant_closure_for_method_calls)]

#[cfg(feature = "page")]
mod app;
mod dom;
mod draw;
#[cfg(not(feature = "page"))]
mod frame;
#[cfg(feature = "page")]
mod house;
mod kept;
#[cfg(feature = "page")]
mod keys;
#[cfg(feature = "page")]
mod later;
#[cfg(feature = "page")]
mod more;
#[cfg(feature = "page")]
mod pages;
mod parts;
mod pulse;
#[cfg(feature = "page")]
mod route;
mod texts;
mod times;

#[cfg(feature = "page")]
pub use later::{Fetched, Loader, Views};
#[cfg(feature = "page")]
pub use more::VIEWS as MORE;

#[global_allocator]
static MEMORY: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// The page of the relay.
#[cfg(feature = "page")]
pub fn page(more: Loader) {
    later::comes_by(more);
    wasm_bindgen_futures::spawn_local(app::run());
}

/// The one conversation in a frame on another site's page.
#[cfg(not(feature = "page"))]
pub fn frame() {
    frame::run();
}
