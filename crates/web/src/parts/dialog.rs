//! A modal dialog of the platform: the keyboard stays inside, Escape closes it, and goes back to where it was.

use lamplight_embed::{Phase, listen};
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlDialogElement};
use yew::prelude::*;

use super::icon::{Icon, glyph};
use crate::draw::{button, part, tag};
use crate::house::{Deed, House};
use crate::kept::{use_node, use_while};
use crate::texts::t;

pub fn dialog(house: &House, title: &'static str, inside: impl Into<Html>) -> Html {
    part::<Dialog>(Props {
        house: house.clone(),
        title,
        inside: inside.into(),
    })
}

#[derive(Properties, PartialEq)]
pub struct Props {
    house: House,
    title: &'static str,
    inside: Html,
}

#[component]
pub fn Dialog(props: &Props) -> Html {
    let node = use_node();
    use_while(0, {
        let (node, house) = (node.clone(), props.house.clone());
        Box::new(move || {
            let listener = node.get().map(|dialog| {
                // It fails only where it is open already.
                let _ = dialog.unchecked_ref::<HtmlDialogElement>().show_modal();
                let closed = Box::new(move |_: &Event| house.closed());
                listen(&dialog, "close", Phase::Bubble, closed)
            });
            Box::new(move || drop(listener))
        })
    });
    let close = button("quiet round", props.house.does(Deed::CloseDialog))
        .attr("aria-label", t().close)
        .with(glyph(Icon::Close));
    tag("dialog")
        .class("dialog")
        .node(&node)
        .attr("aria-labelledby", "dialog-title")
        .attr("closedby", "any")
        .with(
            tag("header")
                .class("dialog-head")
                .with(tag("h2").attr("id", "dialog-title").say(props.title))
                .with(close),
        )
        .with(props.inside.clone())
        .into()
}
