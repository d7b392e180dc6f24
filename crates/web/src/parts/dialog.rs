//! A modal dialog of the platform: the keyboard stays inside, Escape closes it, and goes back to where it was.

use lamplight_embed::{Phase, listen};
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlDialogElement};
use yew::prelude::*;

use super::icon::{Icon, glyph};
use crate::dom;
use crate::draw::{On, act, button, tag};
use crate::house::{Deed, House};
use crate::kept::Undo;
use crate::texts::t;

const ID: &str = "dialog";

pub fn dialog(house: &House, title: &'static str, inside: impl Into<Html>) -> Html {
    let close = button("quiet round", house.does(Deed::CloseDialog))
        .attr("aria-label", t().close)
        .with(glyph(Icon::Close));
    tag("dialog")
        .class("dialog")
        .attr("id", ID)
        .attr("aria-labelledby", "dialog-title")
        .attr("closedby", "any")
        .on(On::Input, act(keeps))
        .with(
            tag("header")
                .class("dialog-head")
                .with(tag("h2").attr("id", "dialog-title").say(title))
                .with(close),
        )
        .with(inside)
        .into()
}

/// From the first letter or choice on, a press beside the dialog does not throw away what stands in it.
fn keeps(event: &Event) {
    if let Some(dialog) = dom::around(event, "dialog") {
        // An element takes any attribute.
        let _ = dialog.set_attribute("closedby", "closerequest");
    }
}

/// Opens the dialog that was drawn, if one was, and tells the house when it closes.
pub fn opened(house: House) -> Undo {
    let listener = dom::by_id(ID).map(|dialog| {
        // It fails only where it is open already.
        let _ = dialog.unchecked_ref::<HtmlDialogElement>().show_modal();
        let closed = Box::new(move |_: &Event| house.closed());
        listen(&dialog, "close", Phase::Bubble, closed)
    });
    Box::new(move || drop(listener))
}
