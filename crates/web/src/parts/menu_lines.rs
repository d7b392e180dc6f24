//! An open menu: arrows walk, Enter chooses, Escape closes and goes back to the button.

use lamplight_embed::{
    Address, ContactRow, Headings, Intent, Offers, Presentity, RowKind, Verdict,
};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, Event, FocusEvent, Node};
use yew::prelude::*;

use super::about;
use super::menu::{About, Opened};
use crate::dom;
use crate::draw::{On, act, button, div, pressed, words};
use crate::house::{Deed, House, Popup};
use crate::route::{Page, Place};
use crate::texts::t;

/// One line of a menu.
struct Choice {
    label: Html,
    deed: Deed,
    /// It takes something away.
    grave: bool,
}

impl Choice {
    fn new(label: &'static str, deed: Deed) -> Self {
        Self::named(words(label), deed)
    }

    fn named(label: Html, deed: Deed) -> Self {
        Self {
            label,
            deed,
            grave: false,
        }
    }

    fn grave(mut self) -> Self {
        self.grave = true;
        self
    }
}

pub fn lines(house: &House, opened: &Opened<'_>) -> Html {
    let (open, node) = (opened.open, opened.node);
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
        .attr_of("aria-label", opened.label)
        .on(On::KeyDown, keys)
        .each(choices(house, opened.about).into_iter().map(|choice| {
            let (house, deed) = (house.clone(), choice.deed);
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
                .on(On::Blur, leave.clone())
                .with(choice.label)
        }))
        .into()
}

fn choices(house: &House, about: &About) -> Vec<Choice> {
    match about {
        About::Page => vec![
            match house.shell.headings() {
                Headings::Presence => {
                    Choice::new(t().list_by_group, head_by(house, Headings::Groups))
                }
                _ => Choice::new(t().list_by_presence, head_by(house, Headings::Presence)),
            },
            Choice::new(t().settings, Deed::Visit(Place::Settings(Page::All))),
            Choice::new(t().help, Deed::Show(Popup::Help)),
            Choice::new(t().diagnostics, Deed::Show(Popup::Diagnostics)),
            Choice::new(t().sign_out, sign_out(house)).grave(),
        ],
        About::Person(address) => {
            let conversation = house.shell.read(|agent| agent.conversation(address));
            of_a_person(house, &conversation.row)
        }
    }
}

fn head_by(house: &House, headings: Headings) -> Deed {
    let house = house.clone();
    Deed::Do(act(move |_| house.shell.head_by(headings)))
}

fn sign_out(house: &House) -> Deed {
    let house = house.clone();
    Deed::Do(act(move |_| {
        let house = house.clone();
        spawn_local(async move {
            // Where the relay cannot be reached the session ends there by its age; here it ends now.
            let _ = house.shell.sign_out().await;
            house.leave();
        });
    }))
}

fn of_a_person(house: &House, row: &ContactRow) -> Vec<Choice> {
    let popup = |label, make: fn(Address) -> Popup| {
        Choice::new(label, Deed::Show(make(row.address.clone())))
    };
    let contact = row.kind == RowKind::Contact;
    let mut choices = vec![Choice::named(
        about::name_in(t().about, row),
        about::place(&row.address),
    )];
    if contact && house.offers(Offers::Presence) {
        let label = if row.tell_when {
            t().tell_no_more
        } else {
            t().tell_when
        };
        let when = Intent::TellWhen {
            address: row.address.clone(),
            on: !row.tell_when,
        };
        choices.push(Choice::new(label, Deed::Intend(when)));
    }
    if contact {
        choices.push(popup(t().rename, Popup::Rename));
    } else {
        let presentity = Presentity::from(row.address.clone());
        choices.push(Choice::new(
            t().add_contact,
            Deed::Intend(Intent::AddContact {
                presentity,
                petname: None,
                group: None,
            }),
        ));
    }
    if row.sees_me == Some(Verdict::Block) {
        let free = about::decide(house, None, &row.address, None);
        choices.push(Choice::new(t().unblock, free));
    } else {
        choices.push(popup(t().block, Popup::Block).grave());
    }
    if contact {
        choices.push(popup(t().remove, Popup::Remove).grave());
    }
    choices
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
