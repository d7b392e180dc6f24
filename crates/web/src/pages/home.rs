//! Home: people on one side, a conversation on the other; on a narrow screen one of the two.

use std::cell::RefCell;

use lamplight_embed::{Code, Shell};
use yew::prelude::*;

use crate::dom;
use crate::draw::{div, keyed, keyed_part, list, part, tag};
use crate::house::{House, Popup};
use crate::kept::{use_after, use_while};
use crate::parts::add_contact::add_contact;
use crate::parts::chat::{self, Chat};
use crate::parts::live::{Live, LiveProps};
use crate::parts::side::{self, Side};
use crate::parts::status_dialog::status_dialog;
use crate::parts::{banner, confirm, diagnostics, dialog, help, notices, welcome};
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
    let open = house.open();
    use_way_back(open.is_some());
    let popup = house.popup();
    let number = popup.as_ref().map_or(0, |(number, _)| *number);
    use_while(u64::from(number), {
        let house = house.clone();
        Box::new(move || dialog::opened(house))
    });

    let stage = tag("main")
        .class("stage")
        .attr("aria-label", t().conversation);
    let stage = match &open {
        Some(address) => stage.with(keyed_part::<Chat>(
            address.as_str(),
            chat::Props {
                house: house.clone(),
                address: address.clone(),
            },
        )),
        None => stage.with(part::<Live>(LiveProps::new(house, welcome::PART))),
    };
    list(vec![
        tag("header")
            .class("vh")
            .with(tag("h1").say(t().product))
            .into(),
        part::<Live>(LiveProps::new(house, banner::PART)),
        div("home")
            .attr("data-pane", if open.is_some() { "chat" } else { "list" })
            .with(part::<Side>(side::Props {
                house: house.clone(),
                open: open.clone(),
            }))
            .with(stage)
            .into(),
        notices::notices(house),
        popup
            .map(|(number, popup)| keyed(&number.to_string(), drawn(house, popup)))
            .unwrap_or_default(),
    ])
}

fn drawn(house: &House, popup: Popup) -> Html {
    match popup {
        Popup::AddContact(first) => add_contact(house, first),
        Popup::Status => status_dialog(house),
        Popup::Help => help::help(house),
        Popup::Diagnostics => part::<Live>(LiveProps::new(house, diagnostics::PART)),
        Popup::Rename(address) => confirm::rename(house, address),
        Popup::Remove(address) => confirm::remove(house, address),
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
