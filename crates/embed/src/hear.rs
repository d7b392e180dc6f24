//! Promises, and events and timers of the browser that end with their owner. What they tell is boxed, so that the page carries the way there
//! once and not for every listener.

use std::pin::Pin;

use gloo::events::{EventListener, EventListenerOptions, EventListenerPhase};
use gloo::timers::callback::Timeout;
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, EventTarget};

/// When an event is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// On its way back up; scrolling waits for nobody.
    Bubble,
    /// Before anyone else, so that nobody can keep it from us; scrolling waits for nobody.
    Capture,
    /// On its way back up, by someone who may keep the browser from its own answer.
    Answer,
}

/// Tells an event each time until the answer is dropped.
pub fn listen(
    target: &EventTarget,
    kind: &'static str,
    phase: Phase,
    tell: Box<dyn FnMut(&Event)>,
) -> EventListener {
    let options = EventListenerOptions {
        phase: if phase == Phase::Capture {
            EventListenerPhase::Capture
        } else {
            EventListenerPhase::Bubble
        },
        passive: phase != Phase::Answer,
    };
    EventListener::new_with_options(target, kind, options, tell)
}

/// Does something once, after a while, unless the answer is dropped before.
pub fn after(milliseconds: u32, then: Box<dyn FnOnce()>) -> Timeout {
    Timeout::new(milliseconds, then)
}

/// A promise as a future, of one kind for all, so that each place which waits does not bring its own way of waiting.
pub fn settled(promise: Promise) -> Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>> {
    Box::pin(JsFuture::from(promise))
}
