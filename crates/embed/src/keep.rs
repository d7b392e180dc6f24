//! What must outlive a tab: messages not accepted yet, drafts, and the roster as last seen, in `IndexedDB`, apart for each principal.
//!
//! One database `lamplight`, one store, the key `principal, line feed, name`, the value a keepsake as CBOR. Where the browser
//! keeps nothing (private windows, a full disk, a frame of another site), everything works except that it does not outlive the
//! tab; [`Keep::works`] says so, and the page tells the person.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Array, Promise, Reflect, Uint8Array};
use lamplight_core::address::Principal;
use lamplight_core::agent::{Keepsake, KeepsakeName};
use lamplight_core::wire::{from_cbor, to_cbor};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{
    IdbDatabase, IdbFactory, IdbKeyRange, IdbObjectStore, IdbOpenDbRequest, IdbRequest,
    IdbTransactionMode,
};

use crate::hear::settled;
use crate::letters::joined;

const DATABASE: &str = "lamplight";
const VERSION: u32 = 1;
const STORE: &str = "keep";
/// A database that does not open within this long is taken for absent: the first view must not wait for it.
const PATIENCE_MS: i32 = 2_000;

/// The keepsakes of one principal in this browser.
#[derive(Clone)]
pub struct Keep {
    principal: Principal,
    database: Option<IdbDatabase>,
    works: Rc<Cell<bool>>,
}

impl Keep {
    /// Opens the database; without one, keeps nothing.
    pub async fn open(principal: Principal) -> Self {
        let database = open().await.ok();
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
        let Ok(range) = IdbKeyRange::bound(
            &joined(&[self.principal.as_str(), "\n"]).into(),
            &joined(&[self.principal.as_str(), "\u{b}"]).into(),
        ) else {
            return Vec::new();
        };
        let read = async {
            let request = self
                .store(IdbTransactionMode::Readonly)?
                .get_all_with_key(&range)?;
            done(&request).await
        };
        match read.await {
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
        let key = self.key(&keepsake.name());
        let value = Uint8Array::from(to_cbor(keepsake).as_slice());
        self.write(|store| store.put_with_key(&value, &key));
    }

    pub fn forget(&self, name: &KeepsakeName) {
        let key = self.key(name);
        self.write(|store| store.delete(&key));
    }

    #[allow(deprecated, reason = "these bindings offer no other commit")]
    fn write(&self, request: impl FnOnce(&IdbObjectStore) -> Result<IdbRequest, JsValue>) {
        let asked = self.store(IdbTransactionMode::Readwrite).and_then(|store| {
            let request = request(&store)?;
            // At once: what is written while the page is left has nobody to commit it later.
            store.transaction().commit()?;
            Ok(request)
        });
        let works = self.works.clone();
        spawn_local(async move {
            let written = match asked {
                Ok(request) => done(&request).await,
                Err(error) => Err(error),
            };
            if written.is_err() {
                works.set(false);
            }
        });
    }

    fn store(&self, mode: IdbTransactionMode) -> Result<IdbObjectStore, JsValue> {
        let database = self.database.as_ref().ok_or(JsValue::NULL)?;
        database
            .transaction_with_str_and_mode(STORE, mode)?
            .object_store(STORE)
    }

    fn key(&self, name: &KeepsakeName) -> JsValue {
        let id;
        let (kind, name) = match name {
            KeepsakeName::Outgoing(outgoing) => {
                id = outgoing.to_string();
                ("out ", id.as_str())
            }
            KeepsakeName::Draft(with) => ("draft ", with.as_str()),
            KeepsakeName::Roster => ("roster", ""),
        };
        joined(&[self.principal.as_str(), "\n", kind, name]).into()
    }
}

async fn open() -> Result<IdbDatabase, JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    // The global is read by name: merely naming it throws where storage is forbidden.
    let factory = Reflect::get(&window, &"indexedDB".into())?;
    if !factory.is_object() {
        return Err(JsValue::NULL);
    }
    let factory: IdbFactory = factory.unchecked_into();
    let request = factory.open_with_u32(DATABASE, VERSION)?;
    let upgrade = Closure::once(|event: web_sys::Event| {
        let request = event
            .target()
            .map(wasm_bindgen::JsCast::unchecked_into::<IdbOpenDbRequest>);
        if let Some(Ok(database)) = request.map(|request| request.result()) {
            // Should it fail, the open request fails with it.
            let _ = database
                .unchecked_into::<IdbDatabase>()
                .create_object_store(STORE);
        }
    });
    request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
    let opened = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    let late = Promise::new(&mut |_, reject| {
        // Without a timer the database alone decides.
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&reject, PATIENCE_MS);
    });
    settled(Promise::race(&Array::of2(&opened, &late))).await?;
    let database: IdbDatabase = request.result()?.unchecked_into();
    // A later build of the page in another tab wants to change the layout: do not stand in its way.
    let in_the_way = database.clone();
    let step_aside = Closure::<dyn FnMut()>::new(move || in_the_way.close());
    database.set_onversionchange(Some(step_aside.into_js_value().unchecked_ref()));
    Ok(database)
}

async fn done(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let told = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    settled(told).await?;
    request.result()
}
