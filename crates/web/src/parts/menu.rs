//! A button with a menu behind it, after the ARIA pattern. The button is here; the menu comes with what is opened
//! ([`super::menu_lines`]).

use lamplight_embed::Address;
use yew::prelude::*;

use super::icon::{Icon, glyph};
use crate::dom;
use crate::draw::{act, button, div, part};
use crate::house::{Cause, House, use_changes};
use crate::kept::{Kept, use_after, use_kept, use_node};
use crate::later;

/// What a menu is about.
#[derive(Clone, PartialEq)]
pub enum About {
    /// The page, and whoever sits before it.
    Page,
    /// Whom a conversation is with.
    Person(Address),
}

/// A menu that is open.
pub struct Opened<'a> {
    pub about: &'a About,
    pub label: &'a str,
    pub open: &'a Kept<bool>,
    pub node: &'a NodeRef,
}

/// `label` is the button's name.
pub fn menu(house: &House, label: String, about: About) -> Html {
    part::<Menu>(Props {
        house: house.clone(),
        label,
        about,
    })
}

#[derive(Properties, PartialEq)]
pub struct Props {
    house: House,
    label: String,
    about: About,
}

#[component]
pub fn Menu(props: &Props) -> Html {
    let house = &props.house;
    let open = use_kept(|| false);
    let node = use_node();
    // What came late is drawn when it is there.
    use_changes(house.clone(), Box::new(|cause| *cause == Cause::Time));
    let views = open.get().then(|| later::views(house)).flatten();
    let is_there = views.is_some();
    use_after(u64::from(is_there), {
        let node = node.clone();
        Box::new(move || {
            if is_there && let Some(first) = dom::inside(&node, "[role=menuitem]") {
                dom::focus(&first);
            }
        })
    });
    let toggle = {
        let (house, open) = (house.clone(), open.clone());
        act(move |_| {
            later::fetch(&house);
            open.set(!open.get());
        })
    };
    let id = match props.about {
        About::Page => "menu-page",
        About::Person(_) => "menu-person",
    };
    let opener = button("quiet round", toggle)
        .attr_of("aria-label", &props.label)
        .attr("id", id)
        .attr("aria-haspopup", "menu")
        .truth("aria-expanded", open.get())
        .with(glyph(Icon::More));
    let lines = views.map(|views| {
        (views.menu)(
            house,
            &Opened {
                about: &props.about,
                label: &props.label,
                open: &open,
                node: &node,
            },
        )
    });
    div("menu")
        .node(&node)
        .with(opener)
        .with(lines.unwrap_or_default())
        .into()
}
