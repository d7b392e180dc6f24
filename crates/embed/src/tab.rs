//! Which tab this is, and what happens to it: sight, sleep, network, and somebody at the keyboard.
//!
//! A tab is a PRESENCE TUPLE. Its id is in sessionStorage, so that a reload is the same tab to everyone who watches; but a
//! duplicated tab starts with a copy of sessionStorage, so the id is guarded by a Web Lock and a second owner makes a new one.
//! Activity is shared among the tabs of a browser: whoever types in one is not away in another.

use std::cell::RefCell;

use js_sys::{Function, Promise};
use lamplight_core::address::{DeviceId, Token, TupleId};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::VisibilityState;

use crate::chance;
use crate::hear::settled;
use crate::letters::joined;
use crate::storage::{local, session};

const DEVICE: &str = "lamplight-device";
const TUPLE: &str = "lamplight-tuple";
const CHANNEL: &str = "lamplight-activity";
/// Somebody at the keyboard is told at most this often.
const ACTIVE_EVERY_MS: u32 = 1_000;
/// A page that is being replaced by its own reload gives its lock up within this long.
const PATIENCE_MS: u32 = 150;

/// What happens to a tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TabEvent {
    /// Somebody is there, in this tab or another one of this browser.
    Active,
    Hidden,
    Shown,
    /// The network is back.
    Online,
    /// The page is left, perhaps into the back/forward cache: nothing may stay open.
    Leaving,
    /// The page is back from that cache.
    Returned,
}

/// This browser profile.
pub fn device() -> DeviceId {
    let store = local();
    let known = store.get(DEVICE).and_then(|text| Token::parse(&text).ok());
    known.unwrap_or_else(|| {
        let device = chance::token('d');
        store.set(DEVICE, device.as_str());
        device
    })
}

/// A tab's name, held as long as this lives.
pub struct Tab {
    pub tuple: TupleId,
    lock: RefCell<JsValue>,
}

impl Tab {
    /// The name this tab had before a reload, or a new one.
    pub async fn claim() -> Self {
        let store = session();
        if let Some(tuple) = store.get(TUPLE).and_then(|text| Token::parse(&text).ok()) {
            let lock = lock(&tuple, PATIENCE_MS).await;
            // Null: another tab has it.
            if !lock.is_null() {
                return Self::holding(tuple, lock);
            }
        }
        let tuple = chance::token('t');
        store.set(TUPLE, tuple.as_str());
        let lock = lock(&tuple, 0).await;
        Self::holding(tuple, lock)
    }

    fn holding(tuple: TupleId, lock: JsValue) -> Self {
        let lock = RefCell::new(lock);
        Self { tuple, lock }
    }

    /// A page with a lock does not enter the back/forward cache.
    pub fn let_go(&self) {
        if let Some(release) = self.lock.take().dyn_ref::<Function>() {
            // The promise behind it cannot refuse.
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }

    /// After a return from that cache.
    pub async fn hold_again(&self) {
        let held = lock(&self.tuple, 0).await;
        self.lock.replace(held);
    }
}

#[wasm_bindgen(module = "/js/browser.js")]
extern "C" {
    #[wasm_bindgen(js_name = holdLock)]
    fn hold_lock(name: &str, patience_ms: u32) -> Promise;
    #[wasm_bindgen(js_name = watchTab)]
    fn watch_tab(tell: &Function, channel: &str, active_every_ms: u32) -> Function;
}

/// A function that gives the lock up; null if another tab has it. Anything else: this browser has no locks, or forbids them, and
/// ids are as unique as chance makes them.
async fn lock(tuple: &TupleId, patience_ms: u32) -> JsValue {
    let name = joined(&[TUPLE, "-", tuple.as_str()]);
    let held = settled(hold_lock(&name, patience_ms)).await;
    held.unwrap_or_default()
}

/// Listens to the tab as long as it lives.
pub struct Watch {
    end: Function,
    _tell: Closure<dyn Fn(u32)>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It only takes listeners away.
        let _ = self.end.call0(&JsValue::UNDEFINED);
    }
}

/// Whether the page is out of sight.
pub fn is_hidden() -> bool {
    web_sys::window()
        .and_then(|window| window.document())
        .is_some_and(|document| document.visibility_state() == VisibilityState::Hidden)
}

/// Tells everything that happens to this tab.
pub fn watch(tell: impl Fn(TabEvent) + 'static) -> Watch {
    // In the order of the numbers in the script.
    const EVENTS: [TabEvent; 6] = [
        TabEvent::Active,
        TabEvent::Hidden,
        TabEvent::Shown,
        TabEvent::Online,
        TabEvent::Leaving,
        TabEvent::Returned,
    ];
    let tell = Closure::<dyn Fn(u32)>::new(move |number: u32| {
        if let Some(event) = EVENTS.get(number as usize) {
            tell(*event);
        }
    });
    let end = watch_tab(tell.as_ref().unchecked_ref(), CHANNEL, ACTIVE_EVERY_MS);
    Watch { end, _tell: tell }
}
