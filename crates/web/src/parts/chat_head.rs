//! The head of a conversation: who it is, how they are, what they see of me, and what can be done about it.

use lamplight_embed::{Address, ContactRow, Intent, Offers, Presentity, RowKind, Verdict};

use super::about;
use super::avatar::avatar;
use super::icon::{Icon, glyph};
use super::menu::{Choice, menu};
use super::presence;
use crate::draw::{Tag, bdi, button, div, p, tag};
use crate::house::{Deed, House, Popup};
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
            choices(row, offered),
        ))
}

fn choices(row: &ContactRow, presence: bool) -> Vec<Choice> {
    let popup = |label, make: fn(Address) -> Popup| {
        Choice::new(label, Deed::Show(make(row.address.clone())))
    };
    let contact = row.kind == RowKind::Contact;
    let mut choices = vec![Choice::new(t().about_them, about::place(&row.address))];
    if contact && presence {
        let label = if row.tell_when {
            t().tell_no_more
        } else {
            t().tell_when
        };
        let when = Intent::TellWhen {
            address: row.address.clone(),
            on: !row.tell_when,
        };
        choices.push(Choice::new(label, Deed::Intend(when)));
    }
    if contact {
        choices.push(popup(t().rename, Popup::Rename));
    } else {
        let presentity = Presentity::from(row.address.clone());
        choices.push(Choice::new(
            t().add_contact,
            Deed::Intend(Intent::AddContact {
                presentity,
                petname: None,
                group: None,
            }),
        ));
    }
    if row.sees_me == Some(Verdict::Block) {
        choices.push(Choice::new(t().unblock, about::decide(&row.address, None)));
    } else {
        choices.push(popup(t().block, Popup::Block).grave());
    }
    if contact {
        choices.push(popup(t().remove, Popup::Remove).grave());
    }
    choices
}
