//! The head of a conversation: who it is, how they are, what they see of me, and what can be done about it. What they see comes
//! with what is opened.

use lamplight_embed::{ContactRow, Offers};

use super::avatar::avatar;
use super::icon::{Icon, glyph};
use super::menu::{About, menu};
use super::presence;
use crate::draw::{Tag, bdi, button, div, p, tag};
use crate::house::{Deed, House};
use crate::later;
use crate::texts::{fill, t};

pub fn chat_head(house: &House, row: &ContactRow) -> Tag {
    let now = house.shell.now().timestamp;
    let back = button("quiet round back", house.does(Deed::Go(None)))
        .attr("aria-label", t().back)
        .with(glyph(Icon::Back));
    let name = tag("h2")
        .attr("id", "chat-title")
        .attr("tabindex", "-1")
        .with(bdi("", &row.name));
    let offered = house.offers(Offers::Presence);
    let presence = || {
        p("chat-presence")
            .attr("data-status", presence::slug(row.person.word))
            .text(&presence::sentence(&row.person, now))
    };
    let chip = later::here().filter(|_| offered);
    let chip = chip.map(|views| (views.chip)(house, row));
    tag("header")
        .class("chat-head")
        .with(back)
        .with(avatar(
            &row.address,
            &row.name,
            offered.then_some(&row.person),
        ))
        .with(div("chat-who").with(name).maybe(offered.then(presence)))
        .with(chip.unwrap_or_default())
        .with(menu(
            house,
            fill(t().contact_menu, &row.name),
            About::Person(row.address.clone()),
        ))
}
