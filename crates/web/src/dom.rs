//! Short ways to the browser's objects.

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Document, Element, Event, HtmlDialogElement, HtmlElement, HtmlInputElement, Window};
use yew::NodeRef;

pub fn window() -> Window {
    web_sys::window().expect("a page has a window")
}

pub fn document() -> Document {
    window()
        .document()
        .expect("a window of a page has a document")
}

pub fn by_id(id: &str) -> Option<Element> {
    document().get_element_by_id(id)
}

/// Puts the keyboard there.
pub fn focus(element: &Element) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        // An element that cannot have it leaves it where it is.
        let _ = element.focus();
    }
}

pub fn focus_ref(node: &NodeRef) {
    if let Some(element) = node.cast::<Element>() {
        focus(&element);
    }
}

pub fn focus_id(id: &str) {
    if let Some(element) = by_id(id) {
        focus(&element);
    }
}

/// What stands in the field that an event came from.
pub fn value_of(event: &Event) -> String {
    event
        .target()
        .and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
        .map(|input| input.value())
        .unwrap_or_default()
}

/// What stands in a field.
pub fn value(node: &NodeRef) -> String {
    node.cast::<HtmlInputElement>()
        .map(|input| input.value())
        .unwrap_or_default()
}

/// Closes the dialog that an event came from; the browser gives the keyboard back to where it was before.
pub fn close_dialog(event: &Event) {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let dialog = target.and_then(|element| element.closest("dialog").ok().flatten());
    if let Some(dialog) = dialog.and_then(|dialog| dialog.dyn_into::<HtmlDialogElement>().ok()) {
        dialog.close();
    }
}

/// Whether the pointer can rest on things: then there is a keyboard, and taking it opens nothing on the screen.
pub fn has_keyboard() -> bool {
    window()
        .match_media("(hover: hover)")
        .ok()
        .flatten()
        .is_none_or(|query| query.matches())
}

/// Whether there is room for one pane only; the styles know the same width.
pub fn is_narrow() -> bool {
    window()
        .match_media("(max-width: 47.99rem)")
        .ok()
        .flatten()
        .is_some_and(|query| query.matches())
}

pub fn is_visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// Puts text on the clipboard; whether that worked.
pub async fn copy(text: &str) -> bool {
    // Without a secure context there is no clipboard at all.
    let navigator: JsValue = window().navigator().into();
    let there = js_sys::Reflect::get(&navigator, &"clipboard".into());
    if !there.is_ok_and(|clipboard| clipboard.is_object()) {
        return false;
    }
    let writing = window().navigator().clipboard().write_text(text);
    JsFuture::from(writing).await.is_ok()
}

/// Hands the person a file to keep.
pub fn save(name: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    let blob = web_sys::Blob::new_with_u8_array_sequence(&parts)?;
    let address = web_sys::Url::create_object_url_with_blob(&blob)?;
    let link: HtmlElement = document().create_element("a")?.unchecked_into();
    link.set_attribute("href", &address)?;
    link.set_attribute("download", name)?;
    link.click();
    web_sys::Url::revoke_object_url(&address)
}

/// Whether a dialog is on the screen at this moment, whatever is about to be drawn.
pub fn has_dialog() -> bool {
    matches!(document().query_selector("dialog[open]"), Ok(Some(_)))
}
