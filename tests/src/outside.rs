//! The world outside core, for the tests that need a real one: a relay process, HTTP and WebSocket lines to it, programs that
//! run the agent natively, and a network that can be cut.
//!
//! ```text
//!   Program (the client)  ─┐
//!   Line (frames by hand) ─┼─▶ CutProxy ─▶ Relay (a process, its folder, its log)
//!   http::call ────────────┤
//!   Terminal (a process) ──┘
//! ```

pub mod backend;
pub mod front;
pub mod http;
pub mod line;
pub mod odd_proxy;
pub mod patience;
pub mod people;
pub mod program;
pub mod proxy;
pub mod relay;
pub mod terminal;
pub mod tls;

pub use backend::Backend;
pub use front::Front;
pub use line::Line;
pub use patience::{eventually, within};
pub use people::{Account, PASSWORD};
pub use program::Program;
pub use proxy::CutProxy;
pub use relay::{Options, Relay};
pub use terminal::Terminal;
pub use tls::Identity;
