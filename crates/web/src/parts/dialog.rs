//! A modal dialog of the platform: the keyboard stays inside, Escape closes it, and goes back to where it was.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

use super::icon::{Glyph, Icon};
use crate::dom;
use crate::texts::t;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub title: AttrValue,
    /// It has closed, by whatever way.
    pub closed: Callback<()>,
    #[prop_or_default]
    pub class: Classes,
    pub children: Html,
}

#[component]
pub fn Dialog(props: &Props) -> Html {
    let node = use_node_ref();
    {
        let (node, closed) = (node.clone(), props.closed.clone());
        use_effect_with((), move |()| {
            let dialog = node.cast::<HtmlDialogElement>();
            let listener = dialog.as_ref().map(|dialog| {
                gloo::events::EventListener::new(dialog, "close", move |_| closed.emit(()))
            });
            if let Some(dialog) = dialog {
                // It fails only where it is open already.
                let _ = dialog.show_modal();
            }
            move || drop(listener)
        });
    }
    let close = Callback::from(|event: MouseEvent| dom::close_dialog(&event));
    html! {
        <dialog ref={node} class={classes!("dialog", props.class.clone())} aria-labelledby="dialog-title" closedby="any">
            <header class="dialog-head">
                <h2 id="dialog-title">{ &props.title }</h2>
                <button type="button" class="quiet round" aria-label={t().close} onclick={close}>
                    <Glyph icon={Icon::Close} />
                </button>
            </header>
            { props.children.clone() }
        </dialog>
    }
}
