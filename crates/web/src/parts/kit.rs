//! What the pages of settings are put together from: a page, its blocks, choices that hold at once, lines that say one thing
//! each, and forms that unfold.

use std::rc::Rc;

use lamplight_embed::{Intent, Timestamp, after, joined};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlFormElement};
use yew::prelude::*;

use super::field::submit;
use super::icon::{Icon, glyph};
use super::notices::Toast;
use crate::dom;
use crate::draw::{On, Tag, act, button, div, list, p, span, tag};
use crate::house::{Deed, House};
use crate::texts::{fill, t};
use crate::times;

/// A text of the table.
pub type Label = fn() -> &'static str;

/// A page beside the list: what it is, what is on it.
pub fn page(house: &House, title: impl Into<Html>, inside: Vec<Html>) -> Html {
    let up = {
        let house = house.clone();
        act(move |_| house.back())
    };
    let back = button("quiet round", up)
        .attr("aria-label", t().back_up)
        .with(glyph(Icon::Back));
    let title = tag("h2")
        .attr("id", "page-title")
        .attr("tabindex", "-1")
        .with(title);
    tag("section")
        .class("page")
        .attr("aria-labelledby", "page-title")
        .with(tag("header").class("page-head").with(back).with(title))
        .with(div("page-body").with(list(inside)))
        .into()
}

/// One thing to settle, with a sentence on what it is.
pub fn block(title: impl Into<Html>, hint: &'static str) -> Tag {
    tag("section")
        .class("block")
        .with(tag("h3").with(title))
        .maybe((!hint.is_empty()).then(|| p("muted small").say(hint)))
}

/// Of some choices, each with what it means where that is not plain, the one that holds. Another holds as soon as the hand rests on it.
pub fn radios(
    house: &House,
    name: &'static str,
    legend: impl Into<Html>,
    choices: Vec<(&'static str, &'static str, bool, Deed)>,
) -> Tag {
    let lines = choices.into_iter().enumerate().map(|(at, choice)| {
        let (words, means, holds, deed) = choice;
        let house = house.clone();
        let choose = act(move |event| house.rest(deed.clone(), event.clone()));
        let input = tag("input")
            .attr("type", "radio")
            .attr("name", name)
            .checked(holds)
            .on(On::Change, choose);
        let (label, id) = (
            tag("label").class("check"),
            joined(&[name, &at.to_string()]),
        );
        let said = (!means.is_empty()).then(|| p("means").attr_of("id", &id).say(means));
        let input = match said {
            Some(_) => input.attr_of("aria-describedby", &id),
            None => input,
        };
        div("")
            .with(label.with(input).with(tag("span").say(words)))
            .maybe(said)
    });
    tag("fieldset")
        .class("radios")
        .with(tag("legend").with(legend))
        .each(lines)
}

/// A box that does one thing when it is checked and another when it is cleared.
pub fn switch(house: &House, words: &'static str, on: bool, deed: Deed) -> Tag {
    let input = tag("input")
        .attr("type", "checkbox")
        .checked(on)
        .on(On::Change, house.does(deed));
    tag("label")
        .class("check")
        .with(input)
        .with(tag("span").say(words))
}

/// A small button of a line; those who do not see it are told what it is about.
pub fn small(
    house: &House,
    class: &'static str,
    words: &'static str,
    about: &str,
    deed: Deed,
) -> Tag {
    button(class, house.does(deed))
        .also("small")
        .attr_of("aria-label", &joined(&[words, ": ", about]))
        .say(words)
}

/// One line of a list: what it says and what can be done about it.
pub fn line(words: impl Into<Html>, more: &str, acts: impl IntoIterator<Item = Tag>) -> Tag {
    let more = (!more.is_empty()).then(|| span("muted small").text(more));
    tag("li")
        .class("line")
        .with(div("line-words").with(tag("span").with(words)).maybe(more))
        .with(div("line-acts").each(acts))
}

/// Lines, or what is said where there is none.
pub fn lines(none: &'static str, all: Vec<Tag>) -> Tag {
    if all.is_empty() {
        return p("muted").say(none);
    }
    tag("ul").class("lines").each(all)
}

/// What is done to a list of rules.
#[derive(Clone, Copy)]
pub enum Edit {
    Up(usize),
    Down(usize),
    Remove(usize),
}

impl Edit {
    pub fn make<T>(self, list: &mut Vec<T>) {
        match self {
            Self::Up(at) => list.swap(at, at - 1),
            Self::Down(at) => list.swap(at, at + 1),
            Self::Remove(at) => {
                list.remove(at);
            }
        }
    }
}

/// Rules as sentences, in their order: the first that speaks of somebody holds.
pub fn sentences(
    house: &House,
    none: &'static str,
    said: Vec<String>,
    edit: Rc<dyn Fn(Edit) -> Intent>,
) -> Tag {
    if said.is_empty() {
        return p("muted").say(none);
    }
    let last = said.len() - 1;
    let rules = said.into_iter().enumerate().map(|(at, sentence)| {
        let may = |icon, words: &'static str, so: bool, what: Edit| {
            let (house, edit) = (house.clone(), edit.clone());
            let make = act(move |event| {
                let next = where_to(event, what);
                house.intend(edit(what));
                after(0, Box::new(move || next.iter().for_each(dom::focus))).forget();
            });
            button("quiet round", make)
                .flag("disabled", !so)
                .attr_of("aria-label", &joined(&[words, ": ", &sentence]))
                .with(glyph(icon))
        };
        let acts = [
            may(Icon::Up, t().move_up, at > 0, Edit::Up(at)),
            may(Icon::Down, t().move_down, at < last, Edit::Down(at)),
            may(Icon::Close, t().remove_rule, true, Edit::Remove(at)),
        ];
        line(span("").text(&sentence), "", acts).attr("tabindex", "-1")
    });
    tag("ol").class("lines numbered").each(rules)
}

/// Where the keyboard goes on: with the rule that moved, or to what stands in the place of one that went.
fn where_to(event: &Event, what: Edit) -> Option<Element> {
    let here = dom::around(event, "li");
    let next = here.as_ref().and_then(|here| match what {
        Edit::Up(_) => here.previous_element_sibling(),
        Edit::Down(_) => here.next_element_sibling(),
        Edit::Remove(_) => match here.next_element_sibling() {
            Some(_) => Some(here.clone()),
            None => here.previous_element_sibling(),
        },
    });
    next.or_else(|| dom::by_id("page-title"))
}

/// A labelled control of a form.
pub fn entry(words: &'static str, control: Tag) -> Tag {
    tag("label")
        .class("field")
        .with(tag("span").class("field-name").say(words))
        .with(control)
}

/// A labelled field of a form, read by its name.
pub fn input(name: &'static str, words: &'static str, hint: &'static str) -> Tag {
    entry(words, text(name, hint))
}

pub fn text(name: &'static str, hint: &'static str) -> Tag {
    tag("input")
        .attr("type", "text")
        .attr("name", name)
        .attr("autocomplete", "off")
        .attr("autocapitalize", "none")
        .attr("dir", "auto")
        .attr("placeholder", hint)
}

/// A box to check, read by its name.
pub fn check(name: &'static str, words: &str, on: bool) -> Tag {
    let input = tag("input").attr("type", "checkbox").attr("name", name);
    tag("label")
        .class("check")
        .with(input.flag("checked", on))
        .with(tag("span").text(words))
}

/// A list to choose from, read by its name; the values are the places in it.
pub fn pick(
    name: &'static str,
    words: &'static str,
    options: &[&'static str],
    chosen: usize,
) -> Tag {
    let options = options.iter().enumerate().map(|(at, words)| {
        tag("option")
            .attr_of("value", &at.to_string())
            .flag("selected", at == chosen)
            .say(words)
    });
    entry(words, tag("select").attr("name", name).each(options))
}

/// Which place of a list was chosen.
pub fn picked(event: &Event, name: &str) -> usize {
    dom::entered(event, name).parse().unwrap_or(0)
}

/// What a form comes to: something to do, or what is wrong with it.
pub type Sent = Result<Deed, &'static str>;

/// A form that unfolds under its name, and folds again when it is sent.
pub fn form(
    house: &House,
    words: &'static str,
    send: &'static str,
    fields: Vec<Tag>,
    read: Box<dyn Fn(&Event) -> Sent>,
) -> Tag {
    let house = house.clone();
    let sent = act(move |event| {
        event.prevent_default();
        match read(event) {
            Ok(deed) => {
                house.perform(&deed, event);
                if let Some(form) = dom::around(event, "form") {
                    form.unchecked_ref::<HtmlFormElement>().reset();
                }
                if let Some(fold) = dom::around(event, "details") {
                    // Every element may be without it.
                    let _ = fold.remove_attribute("open");
                    if let Ok(Some(summary)) = fold.query_selector("summary") {
                        dom::focus(&summary);
                    }
                }
            }
            Err(sentence) => house.say(Toast::fault(sentence.into())),
        }
    });
    tag("details")
        .class("fold")
        .with(tag("summary").say(words))
        .with(
            tag("form")
                .flag("novalidate", true)
                .on(On::Submit, sent)
                .each(fields)
                .with(div("dialog-actions").with(submit("primary", send))),
        )
}

const MINUTE_MS: u64 = 60_000;

/// How long something may last: minutes and their words; without: for good, or to the end of the day.
const ENDS: [(&str, Label); 7] = [
    ("", || t().no_end),
    ("30", || t().half_an_hour),
    ("60", || t().one_hour),
    ("240", || t().four_hours),
    ("today", || t().today),
    ("10080", || t().one_week),
    ("43200", || t().thirty_days),
];

/// The list of ends. A list none of whose lines says that it is the chosen one starts on its last.
pub fn ends(kept: Option<Timestamp>, now: Timestamp) -> Tag {
    let line = |value, chosen| tag("option").attr("value", value).flag("selected", chosen);
    let as_it_is =
        kept.map(|kept| line("kept", true).text(&fill(t().until, &times::short(kept, now))));
    let others =
        ENDS.map(|(value, label)| line(value, value.is_empty() && kept.is_none()).say(label()));
    tag("select")
        .attr("name", "until")
        .each(as_it_is.into_iter().chain(others))
}

/// When what was chosen there ends.
pub fn end(value: &str, now: Timestamp, kept: Option<Timestamp>) -> Option<Timestamp> {
    match value {
        "kept" => kept,
        "today" => Some(times::end_of_day(now)),
        minutes => minutes
            .parse::<u64>()
            .ok()
            .map(|minutes| Timestamp(now.0 + minutes * MINUTE_MS)),
    }
}
