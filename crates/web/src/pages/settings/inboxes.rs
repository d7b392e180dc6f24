//! What becomes of messages: the inbox, its rules, and further addresses that can be given away and taken back.

use std::rc::Rc;

use lamplight_embed::{Basic, Intent, Means, Note, OwnInbox, OwnInboxView, Tag as Label, joined};
use yew::prelude::*;

use super::{Page, framed};
use crate::dom;
use crate::draw::{Tag, bdi, button, div, p, span, tag, words};
use crate::house::{Deed, House};
use crate::parts::icon::{Icon, glyph};
use crate::parts::kit::{self, block};
use crate::parts::sentences;
use crate::texts::{fill, t};
use crate::times;

/// From whom one takes messages, and when.
pub fn strangers(house: &House) -> Html {
    let own = house.shell.read(|agent| agent.inboxes());
    let Some(first) = own.into_iter().next() else {
        return Html::default();
    };
    let inside = vec![
        open_hours(house),
        block(words(t().rules), t().delivery_hint)
            .with(delivery_rules(house, &first))
            .into(),
    ];
    framed(house, Page::Strangers, inside)
}

/// Whether and when the inbox is open, and what the others read when it is not.
fn open_hours(house: &House) -> Html {
    let inbox = house.shell.read(|agent| {
        let first = agent.own_presentities().into_iter().next();
        let mut means = first.map_or_else(Vec::new, |own| own.means).into_iter();
        means.find(|tuple| tuple.id.as_str() == "inbox")
    });
    let address = house.shell.principal().inbox();
    let new = || Means::inbox(&address, Basic::Open, house.shell.now().timestamp);
    let inbox = inbox.unwrap_or_else(new);
    let closed = inbox.status.basic == Basic::Closed;
    let mut now = fill(t().inbox_is, sentences::basic(inbox.status.basic));
    now.push_str(&sentences::hours(&inbox.hours));
    let note = inbox.status.note.as_ref().map_or("", Note::as_str);
    if !note.is_empty() {
        now.push_str(" · ");
        now.push_str(note);
    }
    let fields = vec![
        kit::pick(
            "basic",
            t().takes_messages,
            &[t().takes, t().takes_none],
            usize::from(closed),
        ),
        sentences::hours_fields(t().when, inbox.hours.first()),
        kit::entry(
            t().why_closed,
            kit::text("why", t().why_closed_hint).attr_of("value", note),
        ),
        kit::check("only_open", t().only_open, inbox.only_open),
    ];
    let read = {
        let house = house.clone();
        Box::new(move |event: &Event| {
            let mut tuple = inbox.clone();
            tuple.status.basic = basic(event);
            tuple.status.note = Note::parse(&dom::entered(event, "why")).ok();
            tuple.hours = sentences::read_hours(&house, event)?;
            tuple.only_open = dom::is_checked(event, "only_open");
            Ok(Deed::Intend(Intent::PublishMeans { tuple, of: None }))
        })
    };
    block(words(t().your_inbox), "")
        .with(p("").text(&now))
        .with(kit::form(house, t().change, t().save, fields, read))
        .into()
}

fn basic(event: &Event) -> Basic {
    match kit::picked(event, "basic") {
        0 => Basic::Open,
        _ => Basic::Closed,
    }
}

fn with_rules(inbox: &OwnInboxView, change: impl FnOnce(&mut OwnInbox)) -> Intent {
    let mut own = inbox.own.clone();
    change(&mut own);
    Intent::SetInbox { own }
}

/// The delivery rules of one address, and a form for one more.
fn delivery_rules(house: &House, inbox: &OwnInboxView) -> Tag {
    let said = inbox.own.rules.iter().map(sentences::delivery).collect();
    let edit = {
        let inbox = inbox.clone();
        Rc::new(move |edit: kit::Edit| with_rules(&inbox, |own| edit.make(&mut own.rules)))
    };
    let add = {
        let (house, inbox) = (house.clone(), inbox.clone());
        Box::new(move |event: &Event| {
            let rule = sentences::read_delivery(&house, event)?;
            Ok(Deed::Intend(with_rules(&inbox, |own| own.rules.push(rule))))
        })
    };
    let fields = sentences::delivery_fields();
    div("")
        .with(kit::sentences(house, t().no_delivery_rules, said, edit))
        .with(kit::form(house, t().add_rule, t().add_rule, fields, add))
}

/// Addresses to give away.
pub fn addresses(house: &House) -> Html {
    let own = house.shell.read(|agent| agent.inboxes());
    let own = own.iter().map(|inbox| address(house, inbox));
    let fields = vec![
        kit::input("tag", t().tag, t().tag_hint),
        kit::input("label", t().label, t().label_hint),
        kit::entry(
            t().until_label,
            kit::ends(None, house.shell.now().timestamp),
        ),
    ];
    let mint = {
        let house = house.clone();
        Box::new(move |event: &Event| {
            let now = house.shell.now().timestamp;
            let own = OwnInbox {
                tag: Some(tag_of(event)?),
                label: Note::parse(&dom::entered(event, "label")).ok(),
                until: kit::end(&dom::entered(event, "until"), now, None),
                ..OwnInbox::default()
            };
            Ok(Deed::Intend(Intent::SetInbox { own }))
        })
    };
    let inside = vec![
        kit::form(house, t().new_address, t().make, fields, mint).into(),
        tag("ul").class("lines").each(own).into(),
    ];
    framed(house, Page::Addresses, inside)
}

/// The word behind the `+`.
pub fn tag_of(event: &Event) -> Result<Label, &'static str> {
    Label::parse(&dom::entered(event, "tag")).map_err(|_| t().tag_missing)
}

fn address(house: &House, inbox: &OwnInboxView) -> Tag {
    let name = inbox.address.as_str();
    let counts = inbox.own.counts;
    let mut more = inbox.own.label.as_ref().map_or("", Note::as_str).to_owned();
    let mut add = |words: &str| {
        if !more.is_empty() {
            more.push_str(" · ");
        }
        more.push_str(words);
    };
    if let Some(until) = inbox.own.until {
        let now = house.shell.now().timestamp;
        add(&fill(
            if until < now { t().ended } else { t().until },
            &times::moment(until, now),
        ));
    }
    for (count, words) in [
        (counts.delivered, t().came),
        (counts.held, t().were_held),
        (counts.refused, t().were_refused),
    ] {
        add(&fill(words, &count.to_string()));
    }
    let copy = button("small", house.does(Deed::Copy(name.to_owned())))
        .attr_of("aria-label", &joined(&[t().copy_address, ": ", name]))
        .with(glyph(Icon::Copy));
    let revoke = inbox.own.tag.clone().map(|tag| {
        let drop = Deed::Intend(Intent::DropInbox { tag });
        kit::small(house, "grave", t().revoke, name, drop)
    });
    let rules = inbox.own.tag.is_some().then(|| {
        tag("details")
            .class("fold")
            .with(tag("summary").say(t().rules_of_address))
            .with(delivery_rules(house, inbox))
    });
    tag("li")
        .key(name)
        .class("line")
        .with(
            div("line-words")
                .with(bdi("strong", name))
                .with(span("muted small").text(&more)),
        )
        .with(div("line-acts").with(copy).maybe(revoke))
        .maybe(rules)
}
