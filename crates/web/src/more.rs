//! The views that come later; see [`crate::later`].

use lamplight_embed::Changed;
use yew::prelude::*;

use crate::draw::{keyed, keyed_part, part};
use crate::house::{Cause, House, Popup};
use crate::later::Views;
use crate::pages::settings;
use crate::parts::live::{Live, LiveProps, Part};
use crate::parts::{
    about, add_contact, bar, chip, confirm, diagnostics, held, help, menu_lines, requests,
    status_dialog, step_up,
};
use crate::route::Place;

pub const VIEWS: Views = Views {
    place,
    popup,
    menu: menu_lines::lines,
    bar: bar::bar,
    chip: chip::chip,
    back: House::back,
    requests: requests::requests,
};

fn place(house: &House, place: &Place) -> Html {
    let live = |key: &str, drawn| keyed_part::<Live>(key, LiveProps::new(house, drawn));
    match place {
        Place::About(address) => live(address.as_str(), ABOUT),
        Place::Requests => live("requests", held::PART),
        Place::Settings(page) => keyed(page.slug(), settings::settings(house, *page)),
        Place::Chat(_) => Html::default(),
    }
}

/// What there is to settle with whom the address names.
const ABOUT: Part = Part {
    draw: |house| match house.place() {
        Some(Place::About(address)) => about::about(house, &address),
        _ => Html::default(),
    },
    wants: |cause| !matches!(cause, Cause::Changed(Changed::Conversation(_))),
};

fn popup(house: &House, popup: Popup) -> Html {
    match popup {
        Popup::AddContact(first) => add_contact::add_contact(house, first),
        Popup::Status(of) => status_dialog::status_dialog(house, of.as_ref()),
        Popup::Help => help::help(house),
        Popup::Diagnostics => part::<Live>(LiveProps::new(house, diagnostics::PART)),
        Popup::Rename(address) => confirm::rename(house, address),
        Popup::Remove(address) => confirm::remove(house, address),
        Popup::Confirm => step_up::step_up(house),
        Popup::Block(address) => confirm::block(house, address),
    }
}
