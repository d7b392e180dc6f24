//! The browser's small text stores. Either may be missing, full or forbidden (private windows, frames of other sites): a value
//! that cannot be read is absent, one that cannot be written is lost, and nothing fails because of it.

use web_sys::Storage;

/// A text store that may not be there.
pub struct TextStore(Option<Storage>);

/// Kept for this browser profile.
pub fn local() -> TextStore {
    TextStore(web_sys::window().and_then(|window| window.local_storage().ok().flatten()))
}

/// Kept for this tab, also over a reload; a duplicated tab starts with a copy.
pub fn session() -> TextStore {
    TextStore(web_sys::window().and_then(|window| window.session_storage().ok().flatten()))
}

impl TextStore {
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.as_ref()?.get_item(name).ok().flatten()
    }

    /// Whether it was kept.
    pub fn set(&self, name: &str, value: &str) -> bool {
        self.0
            .as_ref()
            .is_some_and(|store| store.set_item(name, value).is_ok())
    }

    pub fn remove(&self, name: &str) {
        if let Some(store) = &self.0 {
            // A store that refuses to forget is one that refuses to be read as well.
            let _ = store.remove_item(name);
        }
    }
}
