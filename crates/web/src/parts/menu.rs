//! A button with a menu behind it, after the ARIA pattern: arrows walk, Enter chooses, Escape closes and goes back.

use wasm_bindgen::JsCast;
use web_sys::{Element, Node};
use yew::prelude::*;

use super::icon::{Glyph, Icon};
use crate::dom;

/// One line of a menu.
#[derive(Clone, PartialEq)]
pub struct Choice {
    pub label: AttrValue,
    pub chosen: Callback<()>,
    /// It takes something away.
    pub grave: bool,
}

impl Choice {
    pub fn new(label: impl Into<AttrValue>, chosen: impl Fn() + 'static) -> Self {
        Self {
            label: label.into(),
            chosen: Callback::from(move |()| chosen()),
            grave: false,
        }
    }

    pub fn grave(label: impl Into<AttrValue>, chosen: impl Fn() + 'static) -> Self {
        Self {
            grave: true,
            ..Self::new(label, chosen)
        }
    }
}

#[derive(Properties, PartialEq)]
pub struct Props {
    /// The button's name.
    pub label: AttrValue,
    pub choices: Vec<Choice>,
}

#[component]
pub fn Menu(props: &Props) -> Html {
    let open = use_state_eq(|| false);
    let (button, list) = (use_node_ref(), use_node_ref());
    {
        let list = list.clone();
        use_effect_with(*open, move |open| {
            if *open {
                step(&list, |_, _| 0);
            }
        });
    }
    let toggle = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(!*open))
    };
    let leave = {
        let (open, list) = (open.setter(), list.clone());
        Callback::from(move |event: FocusEvent| {
            let inside = event
                .related_target()
                .and_then(|to| to.dyn_into::<Node>().ok());
            let list = list.cast::<Node>();
            if !list.is_some_and(|list| list.contains(inside.as_ref())) {
                open.set(false);
            }
        })
    };
    let keys = {
        let (open, list, button) = (open.setter(), list.clone(), button.clone());
        Callback::from(move |event: KeyboardEvent| {
            match event.key().as_str() {
                "ArrowDown" => step(&list, |at, count| (at + 1) % count),
                "ArrowUp" => step(&list, |at, count| (at + count - 1) % count),
                "Home" => step(&list, |_, _| 0),
                "End" => step(&list, |_, count| count - 1),
                "Escape" => {
                    open.set(false);
                    dom::focus_ref(&button);
                }
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    let item = |choice: &Choice| {
        let (open, button, chosen) = (open.setter(), button.clone(), choice.chosen.clone());
        let onclick = Callback::from(move |_: MouseEvent| {
            // The keyboard first: a dialog that opens now remembers the button.
            dom::focus_ref(&button);
            open.set(false);
            chosen.emit(());
        });
        html! {
            <button type="button" role="menuitem" tabindex="-1" class={choice.grave.then_some("grave")} {onclick}>
                { &choice.label }
            </button>
        }
    };
    html! {
        <div class="menu">
            <button type="button" ref={button.clone()} class="quiet round" aria-label={&props.label} aria-haspopup="menu"
                aria-expanded={if *open { "true" } else { "false" }} onclick={toggle}>
                <Glyph icon={Icon::More} />
            </button>
            if *open {
                <div class="menu-list" role="menu" ref={list} aria-label={&props.label} onkeydown={keys} onfocusout={leave}>
                    { for props.choices.iter().map(item) }
                </div>
            }
        </div>
    }
}

fn step(list: &NodeRef, next: impl Fn(u32, u32) -> u32) {
    let Some(list) = list.cast::<Element>() else {
        return;
    };
    let Ok(items) = list.query_selector_all("[role=menuitem]") else {
        return;
    };
    if items.length() == 0 {
        return;
    }
    let active = dom::document().active_element();
    let at = (0..items.length())
        .find(|at| {
            items.item(*at).is_some_and(|item| {
                active
                    .as_ref()
                    .is_some_and(|active| active.is_same_node(Some(&item)))
            })
        })
        .unwrap_or(0);
    if let Some(item) = items.item(next(at, items.length())) {
        dom::focus(item.unchecked_ref());
    }
}
