//! ACCESS RULES, VISIBILITY RULES and DELIVERY RULES: pure decisions, each asked in exactly one place (DESIGN 2.7).
//!
//! | rules | of whom | decided by | asked by |
//! |---|---|---|---|
//! | ACCESS: what a watcher gets of a presentity | the presentity's principal | [`view`] | `service::presence`, and the agent's "view as" |
//! | VISIBILITY: how a watcher stands in WATCHER INFORMATION | the watcher's principal | [`meets`], inside [`view`] | |
//! | DELIVERY: what becomes of a message at an inbox | the inbox's principal | [`delivers`] | `service::messaging` |
//!
//! Of each list the first rule that matches wins; behind the last stands a default. Fetch, notification, badge, typing, receipts
//! and errors all follow from the one answer of [`view`]: a badge on another site is what it gives to nobody in particular.

mod access;
mod delivery;
mod visibility;
mod visitors;
mod who;

pub use access::{
    AccessRule, AccessRules, Because, Decided, Decision, Demand, Part, RULES_MAX, Shares, Sight,
    Status, behind, blocks, view,
};
pub use delivery::{Delivery, DeliveryRule, Letter, Outcome, delivers};
pub use visibility::{Visibility, VisibilityRules, meets};
pub use who::{FRESH_FOR, Login, Onlooker, Who};
