//! What stands above what was said: what there is to settle with whom a conversation is with, and a way to do it.

use lamplight_embed::{
    Basic, Code, ContactRow, ConversationView, Intent, Item, ItemState, Presentity, Reason,
    RowKind, Verdict, Visibility, Word,
};
use yew::prelude::*;

use super::about::decide;
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
    } else if row.sees_me == Some(Verdict::Block) {
        Some(blocked(house, row))
    } else if strange {
        Some(stranger(house, conversation))
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

fn blocked(house: &House, row: &ContactRow) -> Tag {
    let free = decide(house, None, &row.address, None);
    about(t().blocked_hint, row).with(button("", house.does(free)).say(t().unblock))
}

fn stranger(house: &House, conversation: &ConversationView) -> Tag {
    let address = &conversation.row.address;
    let add = Deed::Show(Popup::AddContact(Some(address.as_str().into())));
    let bar = about(t().stranger_hint, &conversation.row)
        .with(button("", house.does(add)).say(t().add_contact));
    bar.maybe(forget(conversation).map(|deed| leave(house, deed)))
}

/// What has to go for someone to leave the list of whom nothing is there but what could not be sent: an address that is none.
fn forget(conversation: &ConversationView) -> Option<Vec<Deed>> {
    let items = &conversation.items;
    let failed = |item: &Item| matches!(item.state, ItemState::Failed(_));
    let stands = !(items.is_empty() && conversation.draft.is_empty());
    (stands && items.iter().all(failed)).then(|| {
        let discard = items.iter().map(|item| Intent::Discard { id: item.id });
        let blank = Intent::Draft {
            with: conversation.row.address.clone(),
            text: String::new(),
        };
        discard.chain([blank]).map(Deed::Intend).collect()
    })
}

fn leave(house: &House, mut deeds: Vec<Deed>) -> Tag {
    deeds.push(Deed::Go(None));
    button("grave", house.does(Deed::All(deeds))).say(t().leave_list)
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
    let presentity = Presentity::from(row.address.clone());
    let why = || div("strange").with(tag("p").say(texts::sentence(code)));
    if code == Code::UnknownAddress {
        let remove = Intent::RemoveContact { presentity };
        return Some(why().with(leave(house, vec![Deed::Intend(remove)])));
    }
    let show = Intent::SetVisibility {
        presentity: Some(presentity),
        visibility: Some(Visibility::Named),
    };
    let (words, deed) = match code {
        Code::SignInAgain => (t().say_password, Deed::Show(Popup::Confirm)),
        Code::ShowYourself => (t().show_me, Deed::Intend(show)),
        _ => return None,
    };
    Some(why().with(button("primary", house.does(deed)).say(words)))
}
