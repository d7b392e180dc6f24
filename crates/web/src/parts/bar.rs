//! What stands above what was said: what there is to settle with whom a conversation is with, and a way to do it.

use lamplight_embed::{
    Basic, Code, ContactRow, ConversationView, Intent, Presentity, Reason, RowKind, Visibility,
    Word,
};
use yew::prelude::*;

use super::held;
use super::preview::way_line;
use crate::draw::{Tag, bdi, button, div, tag};
use crate::house::{Deed, House, Popup};
use crate::texts::{self, t};

pub fn bar(house: &House, conversation: &ConversationView) -> Html {
    let row = &conversation.row;
    let strange =
        row.kind == RowKind::Stranger && house.shell.principal().address() != &row.address;
    let bar = if conversation.held {
        Some(waits(house, row))
    } else if strange {
        Some(stranger(row, house))
    } else {
        demand(house, row).or_else(|| otherwise(row))
    };
    bar.map_or_else(Html::default, Html::from)
}

/// What is so, in a sentence about them.
fn about(words: &'static str, row: &ContactRow) -> Tag {
    let name = bdi("strong", &row.name);
    div("strange").with(tag("p").with(texts::around(words, name)))
}

/// They may not be told that they are read: an answer is what takes them in.
fn waits(house: &House, row: &ContactRow) -> Tag {
    about(t().held_here, row).with(held::answers(house, &row.address))
}

fn stranger(row: &ContactRow, house: &House) -> Tag {
    let add = Deed::Show(Popup::AddContact(Some(row.address.as_str().into())));
    about(t().stranger_hint, row).with(button("", house.does(add)).say(t().add_contact))
}

/// Where nobody reads at the moment: how else they can be reached, the best way first.
fn otherwise(row: &ContactRow) -> Option<Tag> {
    let absent = row.closed.is_some() || row.person.word == Word::Offline;
    let mut links = row.ways.iter().filter(|way| way.uri.is_some());
    let best = links.find(|way| absent && way.basic == Basic::Open)?;
    Some(about(t().reach_now, row).with(tag("ul").class("ways").with(way_line(best))))
}

/// What they ask of whoever wants to see them, with a way to give it.
fn demand(house: &House, row: &ContactRow) -> Option<Tag> {
    let Reason::Refused(code) = row.person.reason else {
        return None;
    };
    let show = Intent::SetVisibility {
        presentity: Some(Presentity::from(row.address.clone())),
        visibility: Some(Visibility::Named),
    };
    let (words, deed) = match code {
        Code::SignInAgain => (t().say_password, Deed::Show(Popup::Confirm)),
        Code::ShowYourself => (t().show_me, Deed::Intend(show)),
        _ => return None,
    };
    Some(
        div("strange")
            .with(tag("p").say(texts::sentence(code)))
            .with(button("primary", house.does(deed)).say(words)),
    )
}
