//! Short ways to the browser's objects.

use lamplight_embed::{joined, settled};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Document, Element, Event, HtmlDialogElement, HtmlElement, HtmlInputElement, Node, NodeList,
    Window,
};
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
    // An element that cannot have it leaves it where it is.
    let _ = element.unchecked_ref::<HtmlElement>().focus();
}

pub fn focus_id(id: &str) {
    if let Some(element) = by_id(id) {
        focus(&element);
    }
}

/// How to find again what has the keyboard: by its name or by where it leads.
pub fn selector_of_focus() -> String {
    let focused = document().active_element();
    let of = |name| focused.as_ref().and_then(|one| one.get_attribute(name));
    match of("id") {
        Some(id) => joined(&["#", &id]),
        None => joined(&["[href=\"", &of("href").unwrap_or_default(), "\"]"]),
    }
}

/// Puts the keyboard on the first of such elements.
pub fn focus_on(selector: &str) {
    if let Ok(Some(element)) = document().query_selector(selector) {
        focus(&element);
    }
}

/// Where the page stands, with what it was asked for: in whose name one speaks.
pub fn path() -> String {
    joined(&["/", &search()])
}

/// What stands behind the `?` of the page's address, and that sign.
pub fn search() -> String {
    window().location().search().unwrap_or_default()
}

/// What stands in the field of this name, in the form that an event came from.
pub fn entered(event: &Event, name: &str) -> String {
    entry(event, name).map_or_else(String::new, |field| field.value())
}

/// Whether the box of this name is checked, in the form that an event came from.
pub fn is_checked(event: &Event, name: &str) -> bool {
    entry(event, name).is_some_and(|field| field.checked())
}

fn entry(event: &Event, name: &str) -> Option<HtmlInputElement> {
    let form = around(event, "form, .request")?;
    let field = form.query_selector(&joined(&["[name=", name, "]"]));
    field.ok().flatten().map(JsCast::unchecked_into)
}

/// The first of such elements inside another.
pub fn inside(node: &NodeRef, selector: &str) -> Option<Element> {
    let element: Element = node.get()?.unchecked_into();
    element.query_selector(selector).ok().flatten()
}

/// Where in a list of nodes an element is.
pub fn place_of(items: &NodeList, element: Option<&Element>) -> Option<u32> {
    let element: &Node = element?;
    (0..items.length()).find(|at| element.is_same_node(items.item(*at).as_ref()))
}

/// Puts the keyboard on one node of a list.
pub fn focus_item(items: &NodeList, at: u32) {
    if let Some(item) = items.item(at) {
        focus(item.unchecked_ref());
    }
}

/// What stands in the field that an event came from.
pub fn value_of(event: &Event) -> String {
    event.target().map_or_else(String::new, |target| {
        target.unchecked_ref::<HtmlInputElement>().value()
    })
}

/// What stands in the field of this name.
pub fn value(id: &str) -> String {
    by_id(id).map_or_else(String::new, |field| {
        field.unchecked_ref::<HtmlInputElement>().value()
    })
}

/// Closes the dialog that an event came from; the browser gives the keyboard back to where it was before.
pub fn close_dialog(event: &Event) {
    if let Some(dialog) = around(event, "dialog") {
        dialog.unchecked_ref::<HtmlDialogElement>().close();
    }
}

/// The nearest such element around the one that an event came from.
pub fn around(event: &Event, selector: &str) -> Option<Element> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    target.closest(selector).ok().flatten()
}

/// Whether the pointer can rest on things: then there is a keyboard, and taking it opens nothing on the screen.
pub fn has_keyboard() -> bool {
    is_media("(hover: hover)")
}

/// Whether there is room for one pane only; the styles know the same width.
pub fn is_narrow() -> bool {
    is_media("(max-width: 47.99rem)")
}

fn is_media(query: &str) -> bool {
    let media = window().match_media(query).ok().flatten();
    media.is_some_and(|media| media.matches())
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
    settled(writing.unchecked_into()).await.is_ok()
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
