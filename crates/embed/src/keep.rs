//! What must outlive a tab: messages not accepted yet, drafts, and the roster as last seen, in `IndexedDB`, apart for each principal.
//!
//! One database `lamplight`, one store, the key `principal, line feed, name`, the value a keepsake as CBOR. Where the browser
//! keeps nothing (private windows, a full disk, a frame of another site), everything works except that it does not outlive the
//! tab; [`Keep::works`] says so, and the page tells the person.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Array, Promise, Uint8Array};
use lamplight_core::address::Principal;
use lamplight_core::agent::{Keepsake, KeepsakeName};
use lamplight_core::wire::{from_cbor, to_cbor};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;

use crate::hear::settled;
use crate::letters::joined;

const DATABASE: &str = "lamplight";
/// A database that does not open within this long is taken for absent: the first view must not wait for it.
const PATIENCE_MS: u32 = 2_000;

#[wasm_bindgen(module = "/js/browser.js")]
extern "C" {
    #[wasm_bindgen(js_name = keepOpen)]
    fn open(database: &str, patience_ms: u32) -> Promise;
    #[wasm_bindgen(js_name = keepRead)]
    fn read(database: &JsValue, from: &str, to: &str) -> Promise;
    #[wasm_bindgen(js_name = keepClear)]
    fn delete(database: &JsValue, from: &str, to: &str) -> Promise;
    #[wasm_bindgen(js_name = keepWrite)]
    fn write(database: &JsValue, key: &str, value: Option<Uint8Array>) -> Promise;
}

/// Forgets everything that this browser keeps of a principal who left it.
pub async fn clear(principal: Principal) {
    let keep = Keep::open(principal).await;
    if let Some(database) = &keep.database {
        let (from, to) = keep.bounds();
        // What cannot be forgotten could not be read either.
        let _ = settled(delete(database, &from, &to)).await;
    }
}

/// The keepsakes of one principal in this browser.
#[derive(Clone)]
pub struct Keep {
    principal: Principal,
    database: Option<JsValue>,
    works: Rc<Cell<bool>>,
}

impl Keep {
    /// Opens the database; without one, keeps nothing.
    pub async fn open(principal: Principal) -> Self {
        let database = settled(open(DATABASE, PATIENCE_MS)).await.ok();
        Self {
            principal,
            works: Rc::new(Cell::new(database.is_some())),
            database,
        }
    }

    /// Whether everything so far was kept.
    pub fn works(&self) -> bool {
        self.works.get()
    }

    /// All that was kept. What this build cannot read (a newer one wrote it) is left where it is.
    pub async fn restore(&self) -> Vec<Keepsake> {
        let Some(database) = &self.database else {
            return Vec::new();
        };
        let (from, to) = self.bounds();
        match settled(read(database, &from, &to)).await {
            Ok(rows) => Array::from(&rows)
                .iter()
                .filter_map(|row| from_cbor(&Uint8Array::new(&row).to_vec()).ok())
                .collect(),
            Err(_) => {
                self.works.set(false);
                Vec::new()
            }
        }
    }

    pub fn keep(&self, keepsake: &Keepsake) {
        let value = Uint8Array::from(to_cbor(keepsake).as_slice());
        self.write(&keepsake.name(), Some(value));
    }

    pub fn forget(&self, name: &KeepsakeName) {
        self.write(name, None);
    }

    fn write(&self, name: &KeepsakeName, value: Option<Uint8Array>) {
        let Some(database) = &self.database else {
            return;
        };
        let writing = settled(write(database, &self.key(name), value));
        let works = self.works.clone();
        spawn_local(async move {
            if writing.await.is_err() {
                works.set(false);
            }
        });
    }

    /// Between which all keys of this principal lie.
    fn bounds(&self) -> (String, String) {
        let bound = |end| joined(&[self.principal.as_str(), end]);
        (bound("\n"), bound("\u{b}"))
    }

    fn key(&self, name: &KeepsakeName) -> String {
        let id;
        let (kind, name) = match name {
            KeepsakeName::Outgoing(outgoing) => {
                id = outgoing.text();
                ("out ", id.as_str())
            }
            KeepsakeName::Draft(with) => ("draft ", with.as_str()),
            KeepsakeName::Roster => ("roster", ""),
        };
        joined(&[self.principal.as_str(), "\n", kind, name])
    }
}
