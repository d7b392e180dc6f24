//! What strangers wrote: it waits here until it is taken in or refused, and says nothing of itself.

use lamplight_embed::{Address, Changed, HeldRow, Intent, joined};
use yew::prelude::*;

use super::avatar::avatar;
use super::kit;
use super::live::Part;
use crate::draw::{Tag, bdi, button, div, p, span, tag, words};
use crate::house::{Deed, House};
use crate::pulse::Cause;
use crate::route::Place;
use crate::texts::t;
use crate::times;

/// The way there, from above the list.
pub const ENTRY: Part = Part {
    draw: entry,
    wants: |cause| matches!(cause, Cause::Changed(Changed::Held)),
};

/// The folder.
pub const PART: Part = Part {
    draw: folder,
    wants: |cause| matches!(cause, Cause::Changed(Changed::Held) | Cause::Time),
};

fn entry(house: &House) -> Html {
    let held = house.shell.read(|agent| agent.held());
    if held.is_empty() {
        return Html::default();
    }
    tag("a")
        .class("held-entry")
        .attr_of("href", &Place::Requests.link())
        .with(tag("span").say(t().held))
        .with(span("badge quiet-badge").text(&held.len().to_string()))
        .into()
}

fn folder(house: &House) -> Html {
    let held = house.shell.read(|agent| agent.held());
    let refuse_all = || {
        let each = held.iter().map(|row| {
            Deed::Intend(Intent::Refuse {
                with: row.address.clone(),
            })
        });
        let back = Deed::Visit(Place::Requests);
        let all = Deed::All(each.chain([back]).collect());
        div("block-acts")
            .with(button("grave", house.does(all)).say(t().refuse_all))
            .with(span("muted small").say(t().refuse_all_hint))
    };
    let none = || p("muted").say(t().nothing_held);
    let inside = vec![
        p("muted").say(t().held_hint).into(),
        (held.len() > 1)
            .then(refuse_all)
            .map_or_else(Html::default, Html::from),
        tag("ul")
            .class("lines")
            .each(held.iter().map(|row| stranger(house, row)))
            .into(),
        held.is_empty()
            .then(none)
            .map_or_else(Html::default, Html::from),
    ];
    kit::page(house, words(t().held), inside)
}

fn stranger(house: &House, row: &HeldRow) -> Tag {
    let now = house.shell.now().timestamp;
    let address = row.address.as_str();
    let count = times::plural(row.count, t().messages_one, t().messages_other);
    let when = joined(&[&count, " · ", &times::short(row.at, now)]);
    let link = tag("a")
        .attr_of("href", &Place::Chat(row.address.clone()).link())
        .with(bdi("strong", &row.name));
    tag("li")
        .key(address)
        .class("held")
        .with(avatar(&row.address, &row.name, None))
        .with(
            div("line-words")
                .with(link)
                .with(span("muted small").text(&when))
                .with(span("held-last").attr("dir", "auto").text(&row.last)),
        )
        .with(answers(house, &row.address))
}

/// What can be done with what one of them wrote.
pub fn answers(house: &House, with: &Address) -> Tag {
    let whose = || with.clone();
    let act = |class, words, deed| kit::small(house, class, words, with.as_str(), deed);
    let away = |intent| Deed::All(vec![Deed::Intend(intent), Deed::Visit(Place::Requests)]);
    let admit = Deed::Intend(Intent::Admit { with: whose() });
    let refuse = away(Intent::Refuse { with: whose() });
    div("line-acts")
        .with(act("primary", t().accept, admit))
        .with(act("", t().delete, away(Intent::Clear { with: whose() })))
        .with(act("grave", t().refuse, refuse))
}
