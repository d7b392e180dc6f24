//! Home: people on one side, a conversation on the other; on a narrow screen one of the two.

use std::cell::RefCell;
use std::rc::Rc;

use lamplight_embed::{Code, Shell};
use yew::prelude::*;

use crate::dom;
use crate::draw::{keyed, keyed_part, list, part, tag};
use crate::house::House;
use crate::kept::{use_after, use_while};
use crate::later;
use crate::parts::chat::{self, Chat};
use crate::parts::live::{Live, LiveProps};
use crate::parts::side::{self, Side};
use crate::parts::{attention, banner, dialog, notices, welcome};
use crate::pulse::{Cause, Pulse, use_causes};
use crate::route::{self, Place};
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
    use_attention(house.pulse.clone());
    let place = house.place();
    use_way_back(place.is_some());
    let popup = house.popup();
    let needed = popup.is_some() || !matches!(place, None | Some(Place::Chat(_)));
    let views = needed.then(|| later::views(house)).flatten();
    // What came late is opened and has the keyboard when it is there.
    let there = u64::from(views.is_some());
    use_page(house.clone(), there);
    let number = popup.as_ref().map_or(0, |(number, _)| *number);
    use_while(u64::from(number) * 2 + there, {
        let house = house.clone();
        Box::new(move || dialog::opened(house))
    });

    let alone = route::is_list();
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
        Some(place) => {
            let drawn = views.map_or_else(|| later::waiting(house), |v| (v.place)(house, place));
            stage.with(keyed(&place.link(), drawn))
        }
        None => stage.with(live("welcome", welcome::PART)),
    };
    list(vec![
        tag("header")
            .class("vh")
            .with(tag("h1").say(t().product))
            .into(),
        part::<Live>(LiveProps::new(house, banner::PART)),
        tag(if alone { "main" } else { "div" })
            .class("home")
            .attr(
                "data-pane",
                match place {
                    _ if alone => "alone",
                    Some(_) => "chat",
                    None => "list",
                },
            )
            .with(part::<Side>(side::Props {
                house: house.clone(),
                open: house.open(),
            }))
            .maybe((!alone).then_some(stage))
            .into(),
        notices::notices(house),
        popup
            .zip(views)
            .map(|((number, popup), views)| keyed(&number.to_string(), (views.popup)(house, popup)))
            .unwrap_or_default(),
    ])
}

/// How many unread, where it is seen without looking at the page.
#[hook]
fn use_attention(pulse: Pulse) {
    let show = move |pulse: &Pulse| attention::show(pulse.shell.read(|agent| agent.unread()));
    use_causes(pulse.clone(), {
        let pulse = pulse.clone();
        Rc::new(move |causes| {
            if causes.iter().any(Cause::is_about_people) {
                show(&pulse);
            }
        })
    });
    use_after(0, Box::new(move || show(&pulse)));
}

/// A page that was gone to has the keyboard on its title, once it is there.
#[hook]
fn use_page(house: House, there: u64) {
    let went = house.went();
    use_after(
        went * 2 + there,
        Box::new(move || {
            if went > 0 && there > 0 && !dom::has_dialog() {
                dom::focus_id("page-title");
            }
            house.rests();
        }),
    );
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
