//! The head of a conversation: who it is, how they are, whether they see me, and what can be done about it.

use lamplight_embed::{Address, ContactRow, Intent, Presentity, Principal, RowKind, Verdict};

use super::avatar::avatar;
use super::icon::{Icon, glyph};
use super::menu::{Choice, menu};
use super::presence;
use crate::draw::{Tag, bdi, button, div, p, span, tag};
use crate::house::{Deed, House, Popup};
use crate::texts::{fill, t};

pub fn chat_head(house: &House, row: &ContactRow) -> Tag {
    let now = house.shell.now().timestamp;
    let sees = row.sees_me == Some(Verdict::Allow);
    let words = match row.sees_me {
        Some(Verdict::Allow) => t().sees_you,
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
    let presence = p("chat-presence")
        .attr("data-status", presence::slug(row.person.word))
        .text(&presence::sentence(&row.person, now));
    let eye = if sees { Icon::Eye } else { Icon::EyeOff };
    tag("header")
        .class("chat-head")
        .with(back)
        .with(avatar(&row.address, &row.name, Some(&row.person)))
        .with(div("chat-who").with(name).with(presence))
        .with(
            span("sees")
                .also_if(sees, "is-seen")
                .with(glyph(eye))
                .with(tag("span").say(words)),
        )
        .with(menu(house, fill(t().contact_menu, &row.name), choices(row)))
}

fn choices(row: &ContactRow) -> Vec<Choice> {
    let decide = |label, decision| {
        let watcher = Principal::from(row.address.clone());
        let of = None;
        let intent = Intent::Decide {
            watcher,
            decision,
            of,
        };
        Choice::new(label, Deed::Intend(intent))
    };
    let popup = |label, make: fn(Address) -> Popup| {
        Choice::new(label, Deed::Show(make(row.address.clone())))
    };
    let mut choices = Vec::new();
    if row.kind == RowKind::Contact {
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
    choices.push(match row.sees_me {
        Some(Verdict::Allow) => decide(t().stop_showing, Some(Verdict::Deny)),
        Some(Verdict::Block) => decide(t().unblock, None),
        _ => decide(t().let_see, Some(Verdict::Allow)),
    });
    if row.sees_me != Some(Verdict::Block) {
        choices.push(popup(t().block, Popup::Block).grave());
    }
    if row.kind == RowKind::Contact {
        choices.push(popup(t().remove, Popup::Remove).grave());
    }
    choices
}
