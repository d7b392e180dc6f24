//! One message, and how far one of mine has come, in words and by a sign.

use lamplight_embed::{Intent, Item, ItemState, Side};
use yew::prelude::*;

use super::icon::{Glyph, Icon};
use super::links;
use crate::house::use_house;
use crate::texts::{self, t};
use crate::times;

/// Where a message stands among its neighbours.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// First of a group.
    pub first: bool,
    /// Last of a group: shows the time.
    pub last: bool,
    /// Last of all: the Tab key stops here.
    pub newest: bool,
    /// The last of mine: says in words how far it has come.
    pub newest_mine: bool,
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub item: Item,
    /// Whose, if not mine.
    pub name: String,
    pub place: Place,
}

#[component]
pub fn Bubble(props: &Props) -> Html {
    let item = &props.item;
    let mine = item.side == Side::Mine;
    let failed = matches!(item.state, ItemState::Failed(_));
    let at = times::clock(item.at);
    let whose = if mine {
        t().you.to_owned()
    } else {
        props.name.clone()
    };
    let class = classes!(
        "bubble",
        if mine { "mine" } else { "theirs" },
        props.place.first.then_some("is-first"),
        props.place.last.then_some("is-last"),
        failed.then_some("is-failed"),
    );
    html! {
        <article {class} data-item="" data-state={slug(item.state)} data-id={item.id.to_string()}
            tabindex={if props.place.newest { "0" } else { "-1" }}>
            <span class="vh">{ format!("{whose}, {at}: ") }</span>
            <p class="bubble-text" dir="auto">{ links::linked(&item.text) }</p>
            <span class="bubble-meta">
                <time class={(!props.place.last).then_some("vh")} aria-hidden="true">{ at }</time>
                if mine {
                    <State state={item.state} spoken={props.place.newest_mine} />
                }
            </span>
            if failed {
                <Failed item={item.clone()} />
            }
        </article>
    }
}

#[derive(Properties, PartialEq)]
struct StateProps {
    state: ItemState,
    /// The words stand there for all to read, not only for screen readers.
    spoken: bool,
}

#[component]
fn State(props: &StateProps) -> Html {
    let (icon, words) = match props.state {
        ItemState::Received => return Html::default(),
        ItemState::Queued => (Icon::Waiting, t().queued),
        ItemState::Sending => (Icon::Sending, t().sending),
        ItemState::Accepted => (Icon::Sent, t().sent),
        ItemState::Delivered => (Icon::Delivered, t().delivered),
        ItemState::Failed(_) => (Icon::Failed, t().failed),
    };
    let open = props.spoken || !matches!(props.state, ItemState::Accepted | ItemState::Delivered);
    html! {
        <span class={classes!("state", format!("state-{}", slug(props.state)))}>
            <Glyph {icon} /><span class={(!open).then_some("vh")}>{ words }</span>
        </span>
    }
}

#[derive(Properties, PartialEq)]
struct FailedProps {
    item: Item,
}

#[component]
fn Failed(props: &FailedProps) -> Html {
    let house = use_house();
    let id = props.item.id;
    let why = match props.item.state {
        ItemState::Failed(code) => texts::sentence(code),
        _ => "",
    };
    html! {
        <span class="bubble-failed">
            <span>{ why }</span>
            <button type="button" onclick={house.wants::<MouseEvent>(Intent::Resend { id })}>{ t().try_again }</button>
            <button type="button" onclick={house.wants::<MouseEvent>(Intent::Discard { id })}>{ t().discard }</button>
        </span>
    }
}

fn slug(state: ItemState) -> &'static str {
    match state {
        ItemState::Received => "received",
        ItemState::Queued => "queued",
        ItemState::Sending => "sending",
        ItemState::Accepted => "accepted",
        ItemState::Delivered => "delivered",
        ItemState::Failed(_) => "failed",
    }
}
