//! A button with a menu behind it, after the ARIA pattern: arrows walk, Enter chooses, Escape closes and goes back.

use wasm_bindgen::JsCast;
use web_sys::{Element, Event, FocusEvent, Node};
use yew::prelude::*;

use super::icon::{Icon, glyph};
use crate::dom;
use crate::draw::{On, Tag, act, button, div, part, pressed};
use crate::house::{Deed, House};
use crate::kept::{use_after, use_kept, use_node};

/// One line of a menu.
#[derive(Clone)]
pub struct Choice {
    label: &'static str,
    deed: Deed,
    /// It takes something away.
    grave: bool,
}

impl Choice {
    pub fn new(label: &'static str, deed: Deed) -> Self {
        Self {
            label,
            deed,
            grave: false,
        }
    }

    pub fn grave(mut self) -> Self {
        self.grave = true;
        self
    }
}

/// `label` is the button's name.
pub fn menu(house: &House, label: String, choices: Vec<Choice>) -> Html {
    part::<Menu>(Props {
        house: house.clone(),
        label,
        choices,
    })
}

#[derive(Properties)]
pub struct Props {
    house: House,
    label: String,
    choices: Vec<Choice>,
}

impl PartialEq for Props {
    /// What choices do is not compared: a menu is drawn with whatever it stands in.
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

#[component]
pub fn Menu(props: &Props) -> Html {
    let open = use_kept(|| false);
    let is_open = open.get();
    let node = use_node();
    use_after(u64::from(is_open), {
        let node = node.clone();
        Box::new(move || {
            if is_open {
                step(&node, &|_, _| 0);
            }
        })
    });
    let toggle = {
        let open = open.clone();
        act(move |_| open.set(!open.get()))
    };
    let opener = button("quiet round", toggle)
        .attr_of("aria-label", &props.label)
        .attr("aria-haspopup", "menu")
        .truth("aria-expanded", is_open)
        .with(glyph(Icon::More));

    let lines = || -> Tag {
        let leave = {
            let (open, node) = (open.clone(), node.clone());
            act(move |event| {
                let event: &FocusEvent = event.unchecked_ref();
                let to = event.related_target();
                let inside = to.as_ref().map(|to| to.unchecked_ref::<Node>());
                let lines = lines_of(&node);
                if !lines.is_some_and(|lines| lines.contains(inside)) {
                    open.set(false);
                }
            })
        };
        let keys = {
            let (open, node) = (open.clone(), node.clone());
            act(move |event| {
                match pressed(event).key().as_str() {
                    "ArrowDown" => step(&node, &|at, count| (at + 1) % count),
                    "ArrowUp" => step(&node, &|at, count| (at + count - 1) % count),
                    "Home" => step(&node, &|_, _| 0),
                    "End" => step(&node, &|_, count| count - 1),
                    "Escape" => {
                        open.set(false);
                        focus_opener(&node);
                    }
                    _ => return,
                }
                event.prevent_default();
                event.stop_propagation();
            })
        };
        div("menu-list")
            .attr("role", "menu")
            .attr_of("aria-label", &props.label)
            .on(On::KeyDown, keys)
            .on(On::FocusOut, leave)
            .each(props.choices.iter().map(|choice| {
                let (house, deed) = (props.house.clone(), choice.deed.clone());
                let (open, node) = (open.clone(), node.clone());
                let choose = act(move |event: &Event| {
                    // The keyboard first: a dialog that opens now remembers the button.
                    focus_opener(&node);
                    open.set(false);
                    house.perform(&deed, event);
                });
                button(if choice.grave { "grave" } else { "" }, choose)
                    .attr("role", "menuitem")
                    .attr("tabindex", "-1")
                    .say(choice.label)
            }))
    };
    div("menu")
        .node(&node)
        .with(opener)
        .maybe(is_open.then(lines))
        .into()
}

fn focus_opener(node: &NodeRef) {
    if let Some(opener) = dom::inside(node, "[aria-haspopup]") {
        dom::focus(&opener);
    }
}

fn lines_of(node: &NodeRef) -> Option<Element> {
    dom::inside(node, "[role=menu]")
}

fn step(node: &NodeRef, next: &dyn Fn(u32, u32) -> u32) {
    let Some(items) =
        lines_of(node).and_then(|lines| lines.query_selector_all("[role=menuitem]").ok())
    else {
        return;
    };
    if items.length() > 0 {
        let at = dom::place_of(&items, dom::document().active_element().as_ref());
        dom::focus_item(&items, next(at.unwrap_or(0), items.length()));
    }
}
