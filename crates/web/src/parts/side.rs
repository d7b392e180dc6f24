//! The side with the people: myself, search, who asks to see me, and everyone I know.

use lamplight_embed::Address;
use yew::prelude::*;

use super::icon::{Glyph, Icon};
use super::menu::{Choice, Menu};
use super::my_status::MyStatusButton;
use super::requests::Requests;
use super::roster::Roster;
use crate::dom;
use crate::house::use_house;
use crate::pages::home::Popup;
use crate::texts::t;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub open: Option<Address>,
}

#[component]
pub fn Side(props: &Props) -> Html {
    let house = use_house();
    let query = use_state_eq(String::new);
    let oninput = {
        let query = query.setter();
        Callback::from(move |event: InputEvent| query.set(dom::value_of(&event)))
    };
    let onkeydown = {
        let (query, house) = (query.clone(), house.clone());
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "ArrowDown" => {
                event.prevent_default();
                dom::focus_id("roster");
            }
            "Enter" if !event.is_composing() => {
                let first = house.shell.roster(&query).into_iter().next();
                if let Some(row) = first {
                    query.set(String::new());
                    house.go.emit(Some(row.address));
                }
            }
            "Escape" => query.set(String::new()),
            _ => {}
        })
    };
    let add = house.show.reform(|_: MouseEvent| Popup::AddContact(None));
    let more = {
        let (help, diagnostics, out) = (
            house.show.clone(),
            house.show.clone(),
            house.sign_out.clone(),
        );
        vec![
            Choice::new(t().help, move || help.emit(Popup::Help)),
            Choice::new(t().diagnostics, move || {
                diagnostics.emit(Popup::Diagnostics);
            }),
            Choice::grave(t().sign_out, move || out.emit(())),
        ]
    };
    html! {
        <nav class="side" aria-label={t().people}>
            <header class="side-head">
                <MyStatusButton />
                <Menu label={t().more} choices={more} />
            </header>
            <div class="side-search">
                <label class="search">
                    <Glyph icon={Icon::Search} />
                    <input id="search" type="text" enterkeyhint="go" autocomplete="off" spellcheck="false" dir="auto"
                        placeholder={t().search_hint} aria-label={t().search} value={(*query).clone()} {oninput} {onkeydown} />
                </label>
                <button type="button" class="round accent" aria-label={t().add_contact} title={t().add_contact} onclick={add}>
                    <Glyph icon={Icon::Add} />
                </button>
            </div>
            <Requests />
            <Roster query={(*query).clone()} open={props.open.clone()} />
        </nav>
    }
}
