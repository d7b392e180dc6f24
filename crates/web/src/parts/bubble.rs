//! One message, and how far one of mine has come, in words and by a sign.

use lamplight_embed::{Code, Intent, Item, ItemState, MessageId, Side, joined};
use yew::prelude::*;

use super::icon::{Icon, glyph};
use super::links;
use crate::draw::{Tag, button, p, span, tag};
use crate::pulse::Pulse;
use crate::texts::{self, fill, t};
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
    pub pulse: Pulse,
    pub item: Item,
    /// Whose, if not mine.
    pub name: String,
    pub place: Place,
    /// Of a stranger: what they wrote leads nowhere yet.
    pub held: bool,
}

#[component]
pub fn Bubble(props: &Props) -> Html {
    let item = &props.item;
    let place = props.place;
    let mine = item.side == Side::Mine;
    let at = times::clock(item.at);
    let whose = if mine { t().you } else { &props.name };
    let failed = match item.state {
        ItemState::Failed(code) => Some(code),
        _ => None,
    };
    tag("article")
        .class(if mine { "bubble mine" } else { "bubble theirs" })
        .also_if(place.first, "is-first")
        .also_if(place.last, "is-last")
        .also_if(failed.is_some(), "is-failed")
        .attr("data-item", "")
        .attr("data-state", slug(item.state))
        .attr_of("data-id", &item.id.text())
        .attr("tabindex", if place.newest { "0" } else { "-1" })
        .with(span("vh").text(&joined(&[whose, ", ", &at, ": "])))
        .maybe(how(item).filter(|_| place.first))
        .with(p("bubble-text").attr("dir", "auto").with(if props.held {
            Html::from(item.text.clone())
        } else {
            links::linked(&item.text)
        }))
        .with(
            span("bubble-meta")
                .with(
                    tag("time")
                        .also_if(!place.last, "vh")
                        .attr("aria-hidden", "true")
                        .text(&at),
                )
                .maybe(state(item.state, place.newest_mine)),
        )
        .maybe(failed.map(|code| failure(&props.pulse, item.id, code)))
        .into()
}

/// Who wrote it in a group's name, or by which of my further addresses it came.
fn how(item: &Item) -> Option<Tag> {
    let words = match (&item.by, &item.own) {
        (Some(by), _) => fill(t().by, by.address().name()),
        (None, Some(own)) => fill(t().by_way_of, own.as_str()),
        (None, None) => return None,
    };
    Some(span("bubble-by").text(&words))
}

/// How far it has come. `spoken`: the words stand there for all to read, not only for screen readers.
fn state(state: ItemState, spoken: bool) -> Option<Tag> {
    let (class, icon, words) = match state {
        ItemState::Received => return None,
        ItemState::Queued => ("state state-queued", Icon::Waiting, t().queued),
        ItemState::Sending => ("state state-sending", Icon::Sending, t().sending),
        ItemState::Accepted => ("state state-accepted", Icon::Sent, t().sent),
        ItemState::Delivered => ("state state-delivered", Icon::Delivered, t().delivered),
        ItemState::Failed(_) => ("state state-failed", Icon::Failed, t().failed),
    };
    let open = spoken || !matches!(state, ItemState::Accepted | ItemState::Delivered);
    Some(
        span(class)
            .with(glyph(icon))
            .with(tag("span").also_if(!open, "vh").say(words)),
    )
}

fn failure(pulse: &Pulse, id: MessageId, why: Code) -> Tag {
    let may = |words, intent| button("", pulse.intends(intent)).say(words);
    // Refused once more for want of the password, the page asks for it.
    let again = match why {
        Code::SignInAgain => t().say_password,
        _ => t().try_again,
    };
    span("bubble-failed")
        .with(tag("span").say(texts::sentence(why)))
        .with(may(again, Intent::Resend { id }))
        .with(may(t().discard, Intent::Discard { id }))
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
