//! My status by hand: one of four words, a few words of my own, and until when.

use lamplight_embed::{Choice, Intent, NOTE_MAX, Note, Tag as Face, Word, joined};
use yew::prelude::*;

use super::dialog::dialog;
use super::field::submit;
use super::kit::{Label, end, ends, entry};
use super::presence::{self, shape};
use super::share::share;
use crate::dom;
use crate::draw::{On, Tag, act, button, div, list, p, tag};
use crate::house::{Deed, House};
use crate::texts::t;

/// The four words, with the shape each is shown by.
const CHOICES: [(Choice, Word, Label); 4] = [
    (Choice::Available, Word::Available, || t().choose_available),
    (Choice::Busy, Word::Busy, || t().choose_busy),
    (Choice::Away, Word::Away, || t().choose_away),
    (Choice::Invisible, Word::Offline, || t().choose_invisible),
];

/// Of one of my presentities; none: of the one from sign-up.
pub fn status_dialog(house: &House, of: Option<&Face>) -> Html {
    let own = house.shell.read(|agent| agent.own_presentities());
    let me = own.into_iter().find(|own| own.tag.as_ref() == of);
    let (hand, note, until) = match &me {
        Some(own) => (own.choice, own.note.clone(), own.until),
        None => (None, None, None),
    };
    let choice = house.picked().or(hand).unwrap_or(Choice::Available);
    let now = house.shell.now().timestamp;

    let save = {
        let (house, of) = (house.clone(), of.cloned());
        let until_kept = until;
        act(move |event| {
            event.prevent_default();
            let until = dom::entered(event, "until");
            let until = end(&until, house.shell.now().timestamp, until_kept);
            house.intend(Intent::SetStatus {
                choice,
                // Empty means none; what is too long the field does not take.
                note: Note::parse(&dom::value("note")).ok(),
                until,
                of: of.clone(),
            });
            dom::close_dialog(event);
        })
    };
    let why = me.as_ref().map(|own| {
        let words = presence::capital(&presence::my_words(own.choice, &own.person));
        match presence::why(&own.person, now) {
            Some(reason) => joined(&[&words, " · ", &reason]),
            None => words,
        }
    });
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
        .attr_of("value", note.as_ref().map_or("", Note::as_str));
    let clear = button(
        "",
        house.does(Deed::IntendAndClose(Intent::ClearStatus {
            of: of.cloned(),
        })),
    )
    .flag("disabled", hand.is_none())
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
        .with(entry(t().until_label, ends(until, now)))
        .with(
            div("dialog-actions")
                .with(clear)
                .with(submit("primary", t().save)),
        );
    let shown = p("muted")
        .say(t().now_shown)
        .say(" ")
        .with(tag("strong").text(&why.unwrap_or_default()));
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
        .with(tag("span").say(label()))
}
