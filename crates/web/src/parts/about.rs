//! Everything there is to settle with one person: what they see of me and how that looks to them, how to reach them, how I stand
//! with them as a watcher, and what I call them.

use lamplight_embed::{
    Address, ContactRow, Intent, Note, Offers, Presentity, Principal, RowKind, Tag as Face,
    Verdict, Viewer,
};
use yew::prelude::*;

use super::kit::{self, block};
use super::notices::{Decided, Toast};
use super::preview::{preview, way_line};
use crate::dom;
use crate::draw::{Tag, act, bdi, button, div, tag, words};
use crate::house::{Deed, House, Popup};
use crate::pages::settings::VISIBILITIES;
use crate::route::Place;
use crate::texts::{around, fill, t};

pub fn about(house: &House, address: &Address) -> Html {
    let conversation = house.shell.read(|agent| agent.conversation(address));
    let row = conversation.row;
    let presence = house.offers(Offers::Presence);
    let mut inside = Vec::new();
    if presence {
        inside.push(seen(house, &row));
    }
    if !row.ways.is_empty() {
        let ways = tag("ul").class("ways").each(row.ways.iter().map(way_line));
        inside.push(block(name_in(t().reach, &row), "").with(ways));
    }
    if presence {
        inside.push(watching(house, &row));
    }
    if row.kind == RowKind::Contact {
        inside.push(kept(house, &row));
    }
    let inside = inside.into_iter().map(Html::from).collect();
    kit::page(house, name_in(t().about, &row), inside)
}

pub fn name_in(text: &'static str, row: &ContactRow) -> Html {
    around(text, bdi("", &row.name))
}

/// Decides what this one sees of one of my presentities. What takes everything from them is said, and can be undone.
pub fn decide(
    house: &House,
    of: Option<&Face>,
    watcher: &Address,
    decision: Option<Verdict>,
) -> Deed {
    let (house, of, watcher) = (house.clone(), of.cloned(), watcher.clone());
    Deed::Do(act(move |_| {
        let decided = Decided {
            before: house
                .shell
                .read(|agent| agent.decision(of.as_ref(), &watcher)),
            watcher: watcher.clone(),
            of: of.clone(),
            now: decision.clone(),
        };
        house.intend(Intent::Decide {
            watcher: Principal::from(watcher.clone()),
            decision: decision.clone(),
            of: of.clone(),
        });
        let words = match decision {
            Some(Verdict::Deny) => t().denied_now,
            Some(Verdict::Block) => t().blocked_now,
            _ => return,
        };
        house.say(Toast::of_verdict(fill(words, watcher.as_str()), decided));
    }))
}

fn seen(house: &House, row: &ContactRow) -> Tag {
    let choices = [
        (t().everything, t().everything_means, Verdict::Allow),
        (
            t().availability,
            t().availability_means,
            Verdict::Availability,
        ),
        (t().nothing_told, t().nothing_told_means, Verdict::Deny),
        (t().nothing_untold, t().nothing_untold_means, Verdict::Block),
    ];
    let choices = choices.map(|(label, means, verdict)| {
        let holds = row.sees_me.as_ref() == Some(&verdict);
        let deed = decide(house, None, &row.address, Some(verdict));
        (label, means, holds, deed)
    });
    let forget = || {
        let forget = decide(house, None, &row.address, None);
        button("", house.does(forget)).say(t().leave_to_rules)
    };
    let legend = name_in(t().sees_of_you, row);
    tag("section")
        .class("block")
        .with(kit::radios(house, "sees", legend, choices.into()))
        .maybe(row.sees_me.is_some().then(forget))
        .with(tag("h3").with(name_in(t().gets_now, row)))
        .with(preview(house, None, &Viewer::Contact(row.address.clone())))
}

/// How I stand with them as their watcher.
fn watching(house: &House, row: &ContactRow) -> Tag {
    let presentity = Presentity::from(row.address.clone());
    let mine = house.shell.read(|agent| agent.visibility());
    let exception = mine.exceptions.iter().find(|(of, _)| *of == presentity);
    let exception = exception.map(|(_, visibility)| *visibility);
    let deed = |visibility| {
        Deed::Intend(Intent::SetVisibility {
            presentity: Some(presentity.clone()),
            visibility,
        })
    };
    let mut choices = vec![(t().as_with_others, "", exception.is_none(), deed(None))];
    choices.extend(VISIBILITIES.map(|(visibility, label)| {
        let holds = exception == Some(visibility);
        (label(), "", holds, deed(Some(visibility)))
    }));
    let when = Intent::TellWhen {
        address: row.address.clone(),
        on: !row.tell_when,
    };
    let when = kit::switch(house, t().tell_when, row.tell_when, Deed::Intend(when));
    let legend = name_in(t().stand_with, row);
    let contact = row.kind == RowKind::Contact;
    tag("section")
        .class("block")
        .maybe(contact.then_some(when))
        .with(kit::radios(house, "stand", legend, choices))
}

/// What I call them, and under which heading they stand.
fn kept(house: &House, row: &ContactRow) -> Tag {
    let presentity = Presentity::from(row.address.clone());
    let fields = vec![
        kit::entry(
            t().petname,
            kit::text("petname", "").attr_of("value", &row.name),
        ),
        kit::entry(
            t().group,
            kit::text("group", t().group_hint)
                .attr_of("value", row.group.as_ref().map_or("", Note::as_str)),
        ),
    ];
    let read = Box::new(move |event: &Event| {
        Ok(Deed::Intend(Intent::AddContact {
            presentity: presentity.clone(),
            petname: Note::parse(&dom::entered(event, "petname")).ok(),
            group: Note::parse(&dom::entered(event, "group")).ok(),
        }))
    });
    let popup = |label, popup| button("grave", house.does(Deed::Show(popup))).say(label);
    block(words(t().your_list), "")
        .with(kit::form(
            house,
            t().name_and_heading,
            t().save,
            fields,
            read,
        ))
        .with(div("block-acts").with(popup(t().remove, Popup::Remove(row.address.clone()))))
}

/// Where all of this is found.
pub fn place(address: &Address) -> Deed {
    Deed::Visit(Place::About(address.clone()))
}
