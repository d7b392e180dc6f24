//! The side with the people: myself, search, who asks to see me, and everyone I know.

use lamplight_embed::{Address, Headings};
use yew::prelude::*;

use super::icon::{Icon, glyph};
use super::live::{Live, LiveProps};
use super::menu::{Choice, menu};
use super::roster::use_roster;
use super::{held, my_status, requests};
use crate::dom;
use crate::draw::{On, act, button, div, part, pressed, tag};
use crate::house::{Deed, House, Popup};
use crate::kept::use_kept;
use crate::pages::settings::Page;
use crate::route::Place;
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
                    if let Some(row) = first {
                        query.set(String::new());
                        house.go(Some(row.address));
                    }
                }
                "Escape" => query.set(String::new()),
                _ => {}
            }
        })
    };
    let by = match house.shell.headings() {
        Headings::Presence => Choice::new(t().list_by_group, Deed::HeadBy(Headings::Groups)),
        _ => Choice::new(t().list_by_presence, Deed::HeadBy(Headings::Presence)),
    };
    let more = vec![
        by,
        Choice::new(t().settings, Deed::Visit(Place::Settings(Page::All))),
        Choice::new(t().help, Deed::Show(Popup::Help)),
        Choice::new(t().diagnostics, Deed::Show(Popup::Diagnostics)),
        Choice::new(t().sign_out, Deed::SignOut).grave(),
    ];
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
    tag("nav")
        .class("side")
        .attr("aria-label", t().people)
        .with(
            tag("header")
                .class("side-head")
                .with(part::<Live>(LiveProps::new(house, my_status::PART)))
                .with(menu(house, t().more.into(), more)),
        )
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
