//! Home: people on one side, a conversation on the other; on a narrow screen one of the two.

use std::cell::RefCell;

use lamplight_embed::{Changed, Code, Shell, joined};
use yew::prelude::*;

use crate::dom;
use crate::draw::{div, keyed, keyed_part, list, part, tag};
use crate::house::{Cause, House, Popup};
use crate::kept::{use_after, use_while};
use crate::pages::settings;
use crate::parts::add_contact::add_contact;
use crate::parts::chat::{self, Chat};
use crate::parts::live::{Live, LiveProps, Part};
use crate::parts::side::{self, Side};
use crate::parts::status_dialog::status_dialog;
use crate::parts::{
    about, banner, confirm, diagnostics, dialog, held, help, notices, step_up, welcome,
};
use crate::route::Place;
use crate::texts::t;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub shell: Shell,
    /// Back to the door, perhaps with a reason.
    pub leave: Callback<Option<Code>>,
}

#[component]
pub fn Home(props: &Props) -> Html {
    let draw = use_force_update();
    let house = use_ref(|| House::new(props.shell.clone(), props.leave.clone(), draw));
    let house = &*house;
    use_while(0, {
        let house = house.clone();
        Box::new(move || {
            let standing = house.start();
            Box::new(move || {
                house.stop();
                drop(standing);
            })
        })
    });
    let place = house.place();
    use_way_back(place.is_some());
    use_page(house.went(), matches!(place, None | Some(Place::Chat(_))));
    let popup = house.popup();
    let number = popup.as_ref().map_or(0, |(number, _)| *number);
    use_while(u64::from(number), {
        let house = house.clone();
        Box::new(move || dialog::opened(house))
    });

    let stage = tag("main").class("stage");
    let live = |key: &str, drawn| keyed_part::<Live>(key, LiveProps::new(house, drawn));
    let stage = match &place {
        Some(Place::Chat(address)) => {
            stage
                .attr("aria-label", t().conversation)
                .with(keyed_part::<Chat>(
                    address.as_str(),
                    chat::Props {
                        house: house.clone(),
                        address: address.clone(),
                    },
                ))
        }
        Some(Place::About(address)) => {
            stage.with(live(&joined(&["about ", address.as_str()]), ABOUT))
        }
        Some(Place::Requests) => stage.with(live("requests", held::PART)),
        Some(Place::Settings(page)) => {
            stage.with(keyed(page.slug(), settings::settings(house, *page)))
        }
        None => stage.with(live("welcome", welcome::PART)),
    };
    list(vec![
        tag("header")
            .class("vh")
            .with(tag("h1").say(t().product))
            .into(),
        part::<Live>(LiveProps::new(house, banner::PART)),
        div("home")
            .attr("data-pane", if place.is_some() { "chat" } else { "list" })
            .with(part::<Side>(side::Props {
                house: house.clone(),
                open: house.open(),
            }))
            .with(stage)
            .into(),
        notices::notices(house),
        popup
            .map(|(number, popup)| keyed(&number.to_string(), drawn(house, popup)))
            .unwrap_or_default(),
    ])
}

/// What there is to settle with whom the address names.
const ABOUT: Part = Part {
    draw: |house| match house.place() {
        Some(Place::About(address)) => about::about(house, &address),
        _ => Html::default(),
    },
    wants: |cause| !matches!(cause, Cause::Changed(Changed::Conversation(_))),
};

/// A page that was gone to has the keyboard on its title.
#[hook]
fn use_page(went: u64, other: bool) {
    use_after(
        went,
        Box::new(move || {
            if went > 0 && !other {
                dom::focus_id("page-title");
            }
        }),
    );
}

fn drawn(house: &House, popup: Popup) -> Html {
    match popup {
        Popup::AddContact(first) => add_contact(house, first),
        Popup::Status(of) => status_dialog(house, of.as_ref()),
        Popup::Help => help::help(house),
        Popup::Diagnostics => part::<Live>(LiveProps::new(house, diagnostics::PART)),
        Popup::Rename(address) => confirm::rename(house, address),
        Popup::Remove(address) => confirm::remove(house, address),
        Popup::Confirm => step_up::step_up(house),
        Popup::Block(address) => confirm::block(house, address),
    }
}

/// Where a conversation gave way to the list, the keyboard goes there with it.
#[hook]
fn use_way_back(open: bool) {
    let was_open = use_ref(|| RefCell::new(false));
    use_after(
        u64::from(open),
        Box::new(move || {
            if was_open.replace(open) && !open && dom::is_narrow() {
                dom::focus_id("roster");
            }
        }),
    );
}
