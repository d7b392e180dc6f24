//! What is open, in the address: `#/alice@example.org` is a conversation, nothing is the list.
//!
//! Opening a conversation from the list adds a step to the browser's history, going from one to another replaces it: "back" on
//! a phone always leads to the list.

use lamplight_embed::{Address, joined, lower};
use wasm_bindgen::JsValue;

use crate::dom;

/// The conversation that the address names.
pub fn current() -> Option<Address> {
    let hash = dom::window().location().hash().ok()?;
    let address = hash.strip_prefix("#/")?;
    let address = js_sys::decode_uri_component(address).ok()?;
    Address::parse(&lower(&String::from(address))).ok()
}

/// Names a conversation. Whoever shows it is to be told as well: only the browser's own steps raise an event.
pub fn open(address: &Address) {
    let hash = joined(&["#/", address.as_str()]);
    let history = dom::window().history();
    let Ok(history) = history else { return };
    // A page in a frame that may not touch its history works without it.
    let _ = if current().is_some() {
        history.replace_state_with_url(&JsValue::TRUE, "", Some(&hash))
    } else {
        history.push_state_with_url(&JsValue::TRUE, "", Some(&hash))
    };
}

/// Back to the list, by a step back where the conversation was opened by a step of ours.
pub fn close() {
    let Ok(history) = dom::window().history() else {
        return;
    };
    let ours = history.state().is_ok_and(|state| state.is_truthy());
    let _ = if ours {
        history.back()
    } else {
        history.replace_state_with_url(&JsValue::NULL, "", Some("/"))
    };
}
