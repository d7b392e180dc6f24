//! Letters by the browser's tables, so that the page need not bring its own: they are as large as all its sentences.

use js_sys::JsString;

/// The text in small letters.
pub fn lower(text: &str) -> String {
    // Nearly every text is of this kind, and to ask the browser for ten thousand of them takes a while.
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    JsString::from(text).to_lower_case().into()
}
