//! My status by hand: one of four words, a few words of my own, and until when.

use lamplight_embed::{Choice, Intent, NOTE_MAX, Note, Timestamp};
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::dialog::Dialog;
use super::presence::{self, Shape};
use super::share::Share;
use crate::dom;
use crate::house::use_house;
use crate::texts::{Texts, t};
use crate::times;

const MINUTE_MS: u64 = 60_000;

type Label = fn(&Texts) -> &'static str;

/// The four words, with the shape each is shown by.
const CHOICES: [(Choice, lamplight_embed::Word, Label); 4] = [
    (Choice::Available, lamplight_embed::Word::Available, |t| {
        t.choose_available
    }),
    (Choice::Busy, lamplight_embed::Word::Busy, |t| t.choose_busy),
    (Choice::Away, lamplight_embed::Word::Away, |t| t.choose_away),
    (Choice::Invisible, lamplight_embed::Word::Offline, |t| {
        t.choose_invisible
    }),
];

#[derive(Properties, PartialEq)]
pub struct Props {
    pub closed: Callback<()>,
}

#[component]
pub fn StatusDialog(props: &Props) -> Html {
    let house = use_house();
    let me = use_memo((), |()| house.shell.read(|agent| agent.me()));
    let choice = use_state_eq(|| me.choice.unwrap_or(Choice::Available));
    let (note, until) = (use_node_ref(), use_node_ref());
    let now = house.shell.now().timestamp;

    let save = {
        let (house, choice) = (house.clone(), choice.clone());
        let (note, until, kept) = (note.clone(), until.clone(), me.until);
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let now = house.shell.now().timestamp;
            let until = until
                .cast::<HtmlSelectElement>()
                .and_then(|select| end(&select.value(), now, kept));
            // Empty means none; what is too long the field does not take.
            let note = note
                .cast::<HtmlInputElement>()
                .and_then(|input| Note::parse(&input.value()).ok());
            house.intend(Intent::SetStatus {
                choice: *choice,
                note,
                until,
                of: None,
            });
            dom::close_dialog(&event);
        })
    };
    let clear = {
        let house = house.clone();
        Callback::from(move |event: MouseEvent| {
            house.intend(Intent::ClearStatus { of: None });
            dom::close_dialog(&event);
        })
    };
    let radio = |(value, word, label): (Choice, lamplight_embed::Word, Label)| {
        let choose = {
            let choice = choice.setter();
            Callback::from(move |_: Event| choice.set(value))
        };
        html! {
            <label class="choice">
                <input type="radio" name="status" checked={*choice == value} autofocus={*choice == value} onchange={choose} />
                <Shape {word} />
                <span>{ label(t()) }</span>
            </label>
        }
    };
    let mut why = presence::capital(&presence::my_words(&me));
    if let Some(reason) = presence::why(&me.person, now) {
        why = format!("{why} · {reason}");
    }
    html! {
        <Dialog title={t().your_status_title} closed={props.closed.clone()} class="dialog-status">
            <p class="muted">{ t().now_shown }{ " " }<strong>{ why }</strong></p>
            <form onsubmit={save}>
                <fieldset class="choices">
                    <legend class="vh">{ t().status }</legend>
                    { for CHOICES.into_iter().map(radio) }
                </fieldset>
                if *choice == Choice::Invisible {
                    <p class="muted small">{ t().invisible_hint }</p>
                }
                <div class="field">
                    <label for="note">{ t().note }</label>
                    <div class="field-box">
                        <input id="note" ref={note} type="text" maxlength={NOTE_MAX.to_string()} dir="auto" autocomplete="off"
                            placeholder={t().note_hint} value={me.note.as_ref().map(|note| note.as_str().to_owned())} />
                    </div>
                </div>
                <div class="field">
                    <label for="until">{ t().until_label }</label>
                    <select id="until" ref={until}>
                        if let Some(kept) = me.until {
                            <option value="kept" selected=true>{ t().until.replace("{time}", &times::short(kept, now)) }</option>
                        }
                        <option value="" selected={me.until.is_none()}>{ t().no_end }</option>
                        <option value="30" selected=false>{ t().half_an_hour }</option>
                        <option value="60" selected=false>{ t().one_hour }</option>
                        <option value="240" selected=false>{ t().four_hours }</option>
                        <option value="today" selected=false>{ t().today }</option>
                    </select>
                </div>
                <div class="dialog-actions">
                    <button type="button" disabled={me.choice.is_none()} onclick={clear} title={t().clear_hint}>{ t().clear_status }</button>
                    <button type="submit" class="primary">{ t().save }</button>
                </div>
            </form>
            <Share />
        </Dialog>
    }
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
