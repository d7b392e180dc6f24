//! Events and timers of the browser that end with their owner. What they tell is boxed, so that the page carries the way there
//! once and not for every listener.

use gloo::events::{EventListener, EventListenerOptions, EventListenerPhase};
use gloo::timers::callback::Timeout;
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
