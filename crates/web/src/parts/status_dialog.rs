//! My status by hand: one of four words, a few words of my own, and until when.

use lamplight_embed::{Choice, Intent, NOTE_MAX, Note, Timestamp, Word, joined};
use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::dialog::dialog;
use super::field::submit;
use super::presence::{self, shape};
use super::share::share;
use crate::dom;
use crate::draw::{On, Tag, act, button, div, list, p, tag};
use crate::house::{Deed, House};
use crate::texts::{Texts, fill, t};
use crate::times;

const MINUTE_MS: u64 = 60_000;

type Label = fn(&Texts) -> &'static str;

/// The four words, with the shape each is shown by.
const CHOICES: [(Choice, Word, Label); 4] = [
    (Choice::Available, Word::Available, |t| t.choose_available),
    (Choice::Busy, Word::Busy, |t| t.choose_busy),
    (Choice::Away, Word::Away, |t| t.choose_away),
    (Choice::Invisible, Word::Offline, |t| t.choose_invisible),
];

/// How long it may last, beside what is kept: the value in the list and its words.
const ENDS: [(&str, Label); 5] = [
    ("", |t| t.no_end),
    ("30", |t| t.half_an_hour),
    ("60", |t| t.one_hour),
    ("240", |t| t.four_hours),
    ("today", |t| t.today),
];

pub fn status_dialog(house: &House) -> Html {
    let me = house.shell.read(|agent| agent.me());
    let choice = house.picked().or(me.choice).unwrap_or(Choice::Available);
    let now = house.shell.now().timestamp;

    let save = {
        let (house, kept) = (house.clone(), me.until);
        act(move |event| {
            event.prevent_default();
            let until = dom::by_id("until").and_then(|select| {
                let select: &HtmlSelectElement = select.unchecked_ref();
                end(&select.value(), house.shell.now().timestamp, kept)
            });
            house.intend(Intent::SetStatus {
                choice,
                // Empty means none; what is too long the field does not take.
                note: Note::parse(&dom::value("note")).ok(),
                until,
                of: None,
            });
            dom::close_dialog(event);
        })
    };
    let mut why = presence::capital(&presence::my_words(&me));
    if let Some(reason) = presence::why(&me.person, now) {
        why = joined(&[&why, " · ", &reason]);
    }
    let choices = tag("fieldset")
        .class("choices")
        .with(tag("legend").class("vh").say(t().status))
        .each(CHOICES.map(|one| radio(house, one, choice)));
    let note = tag("input")
        .attr("id", "note")
        .attr("type", "text")
        .attr_of("maxlength", &NOTE_MAX.to_string())
        .attr("dir", "auto")
        .attr("autocomplete", "off")
        .attr("placeholder", t().note_hint)
        .attr_of("value", me.note.as_ref().map_or("", Note::as_str));
    let clear = button(
        "",
        house.does(Deed::IntendAndClose(Intent::ClearStatus { of: None })),
    )
    .flag("disabled", me.choice.is_none())
    .attr("title", t().clear_hint)
    .say(t().clear_status);
    let form = tag("form")
        .on(On::Submit, save)
        .with(choices)
        .maybe((choice == Choice::Invisible).then(|| p("muted small").say(t().invisible_hint)))
        .with(
            div("field")
                .with(tag("label").attr("for", "note").say(t().note))
                .with(div("field-box").with(note)),
        )
        .with(
            div("field")
                .with(tag("label").attr("for", "until").say(t().until_label))
                .with(ends(me.until, now)),
        )
        .with(
            div("dialog-actions")
                .with(clear)
                .with(submit("primary", t().save)),
        );
    let shown = p("muted")
        .say(t().now_shown)
        .say(" ")
        .with(tag("strong").text(&why));
    let inside = vec![shown.into(), form.into(), share(house).into()];
    dialog(house, t().your_status_title, list(inside))
}

fn radio(house: &House, (value, word, label): (Choice, Word, Label), choice: Choice) -> Tag {
    let chosen = choice == value;
    let choose = {
        let house = house.clone();
        act(move |_| house.pick(value))
    };
    let input = tag("input")
        .attr("type", "radio")
        .attr("name", "status")
        .flag("autofocus", chosen)
        .checked(chosen)
        .on(On::Change, choose);
    tag("label")
        .class("choice")
        .with(input)
        .with(shape(word, false))
        .with(tag("span").say(label(t())))
}

/// The list of ends. A list none of whose lines says that it is the chosen one starts on its last.
fn ends(kept: Option<Timestamp>, now: Timestamp) -> Tag {
    let line = |value, chosen| tag("option").attr("value", value).flag("selected", chosen);
    let as_it_is =
        kept.map(|kept| line("kept", true).text(&fill(t().until, &times::short(kept, now))));
    let others =
        ENDS.map(|(value, label)| line(value, value.is_empty() && kept.is_none()).say(label(t())));
    tag("select")
        .attr("id", "until")
        .each(as_it_is.into_iter().chain(others))
}

fn end(value: &str, now: Timestamp, kept: Option<Timestamp>) -> Option<Timestamp> {
    match value {
        "kept" => kept,
        "today" => Some(times::end_of_day(now)),
        minutes => minutes
            .parse::<u64>()
            .ok()
            .map(|minutes| Timestamp(now.0 + minutes * MINUTE_MS)),
    }
}
