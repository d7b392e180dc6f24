//! The head of a conversation: who it is, how they are, what they see of me, and what can be done about it.

use lamplight_embed::{ContactRow, Offers, Verdict};

use super::about;
use super::avatar::avatar;
use super::icon::{Icon, glyph};
use super::menu::{About, menu};
use super::presence;
use crate::draw::{Tag, bdi, button, div, p, tag};
use crate::house::{Deed, House};
use crate::texts::{fill, t};

pub fn chat_head(house: &House, row: &ContactRow) -> Tag {
    let now = house.shell.now().timestamp;
    let sees = row
        .sees_me
        .as_ref()
        .is_some_and(|sees| sees.part().is_some());
    let words = match &row.sees_me {
        Some(Verdict::Allow) => t().sees_you,
        Some(Verdict::Availability) => t().sees_availability_of_you,
        Some(Verdict::Chosen(_)) => t().sees_parts_of_you,
        Some(Verdict::Block) => t().blocked,
        _ => t().does_not_see_you,
    };
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
    let eye = if sees { Icon::Eye } else { Icon::EyeOff };
    let seen = || {
        button("quiet sees", house.does(about::place(&row.address)))
            .also_if(sees, "is-seen")
            .attr_of("title", &fill(t().about, &row.name))
            .with(glyph(eye))
            .with(tag("span").say(words))
    };
    tag("header")
        .class("chat-head")
        .with(back)
        .with(avatar(
            &row.address,
            &row.name,
            offered.then_some(&row.person),
        ))
        .with(div("chat-who").with(name).maybe(offered.then(presence)))
        .maybe(offered.then(seen))
        .with(menu(
            house,
            fill(t().contact_menu, &row.name),
            About::Person(row.address.clone()),
        ))
}
