//! The side with the people: myself, search, who asks to see me, and everyone I know.

use lamplight_embed::Address;
use yew::prelude::*;

use super::icon::{Icon, glyph};
use super::live::{Live, LiveProps};
use super::menu::{About, menu};
use super::roster::use_roster;
use super::{held, my_status, requests};
use crate::dom;
use crate::draw::{On, act, button, div, part, pressed, tag};
use crate::house::{Deed, House, Popup};
use crate::kept::use_kept;
use crate::route;
use crate::texts::t;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub house: House,
    pub open: Option<Address>,
}

#[component]
pub fn Side(props: &Props) -> Html {
    let house = &props.house;
    let query = use_kept(String::new);
    let roster = use_roster(house, &query.get(), props.open.as_ref());
    let header = || {
        tag("header")
            .class("side-head")
            .with(part::<Live>(LiveProps::new(house, my_status::PART)))
    };
    let side = tag("nav").class("side").attr("aria-label", t().people);
    if route::is_list() {
        return side.with(header()).with(roster).into();
    }
    let input = {
        let query = query.clone();
        act(move |event| query.set(dom::value_of(event)))
    };
    let keys = {
        let (query, house) = (query.clone(), house.clone());
        act(move |event| {
            let key = pressed(event);
            match key.key().as_str() {
                "ArrowDown" => {
                    event.prevent_default();
                    dom::focus_id("roster");
                }
                "Enter" if !key.is_composing() => {
                    let first = house.shell.roster(&query.get()).into_iter().next();
                    if let Some(address) = first {
                        query.set(String::new());
                        house.go(Some(address));
                    }
                }
                "Escape" => query.set(String::new()),
                _ => {}
            }
        })
    };
    let search = tag("input")
        .attr("id", "search")
        .attr("type", "text")
        .attr("enterkeyhint", "go")
        .attr("autocomplete", "off")
        .attr("spellcheck", "false")
        .attr("dir", "auto")
        .attr("placeholder", t().search_hint)
        .attr("aria-label", t().search)
        .value(&query.get())
        .on(On::Input, input)
        .on(On::KeyDown, keys);
    let add = button(
        "round accent",
        house.does(Deed::Show(Popup::AddContact(None))),
    )
    .attr("aria-label", t().add_contact)
    .attr("title", t().add_contact)
    .with(glyph(Icon::Add));
    side.with(header().with(menu(house, t().more.into(), About::Page)))
        .with(
            div("side-search")
                .with(
                    tag("label")
                        .class("search")
                        .with(glyph(Icon::Search))
                        .with(search),
                )
                .with(add),
        )
        .with(part::<Live>(LiveProps::new(house, requests::PART)))
        .with(part::<Live>(LiveProps::new(house, held::ENTRY)))
        .with(roster)
        .into()
}
