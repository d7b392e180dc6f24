//! The door: make an account, sign in, or enter as a guest, all on one card.

use lamplight_embed::{Code, Door, DoorError, Relay, SignedIn, joined, local};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::dom;
use crate::draw::{On, Tag, act, button, p, span, tag};
use crate::kept::{Kept, use_after, use_kept};
use crate::parts::field::{Field, submit};
use crate::parts::icon::mark;
use crate::texts::{self, t};

#[derive(Properties, PartialEq)]
pub struct Props {
    /// Why one stands here again.
    pub reason: Option<Code>,
    pub enter: Callback<SignedIn>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    SignUp,
    SignIn,
}

/// What was wrong, and where; empty is nothing.
#[derive(Clone, Copy, Default, PartialEq)]
struct Wrong {
    name: &'static str,
    password: &'static str,
    form: &'static str,
}

/// What stands at the door.
#[derive(Clone, PartialEq)]
struct State {
    way: Way,
    wrong: Wrong,
    busy: bool,
    /// The password can be read.
    shown: bool,
    /// What the relay says of itself; `None` until it answered.
    relay: Option<Result<Relay, DoorError>>,
}

const PASSWORD_MIN: usize = 10;
/// Set once somebody got in here: who comes back more likely has an account.
const BEEN_HERE: &str = "lamplight-been-here";

#[component]
pub fn DoorPage(props: &Props) -> Html {
    let door = use_kept(|| State {
        way: if local().get(BEEN_HERE).is_some() {
            Way::SignIn
        } else {
            Way::SignUp
        },
        wrong: Wrong {
            form: props.reason.map_or("", worth_saying),
            ..Wrong::default()
        },
        busy: false,
        shown: false,
        relay: None,
    });
    use_after(0, {
        let door = door.clone();
        Box::new(move || {
            spawn_local(async move {
                let answer = Door.relay().await;
                door.change(|state| state.relay = Some(answer));
            });
        })
    });
    let mut state = door.get();
    let known = match &state.relay {
        Some(Ok(relay)) => Some(relay.clone()),
        _ => None,
    };
    let closed = known.as_ref().is_some_and(|relay| !relay.registration);
    if closed {
        state.way = Way::SignIn;
    }
    let enter = Enter {
        door: door.clone(),
        entered: props.enter.clone(),
    };
    let guests = known.as_ref().is_some_and(|relay| relay.guests);
    let as_guest = || {
        let enter = enter.clone();
        let as_guest = act(move |_| enter.by(Key::Guest));
        vec![
            p("door-or").with(tag("span").say(t().or)),
            button("wide", as_guest)
                .flag("disabled", state.busy)
                .say(t().enter_as_guest),
            p("door-note").say(t().guest_hint),
        ]
    };
    let form_error = match (state.wrong.form, &state.relay) {
        ("", Some(Err(_))) => t().relay_unreachable,
        (error, _) => error,
    };
    let form_error =
        (!form_error.is_empty()).then(|| p("form-error").attr("role", "alert").say(form_error));
    let card = tag("section")
        .class("card")
        .attr("aria-labelledby", "door-title")
        .with(mark())
        .with(tag("h1").attr("id", "door-title").say(t().product))
        .with(p("door-tagline").say(t().tagline))
        .maybe((!closed).then(|| segments(&door, &state)))
        .maybe(form_error)
        .with(form(&enter, &state, known))
        .each(guests.then(as_guest).unwrap_or_default());
    tag("main").class("door").with(card).into()
}

/// The choice between the two ways.
fn segments(door: &Kept<State>, state: &State) -> Tag {
    let segment = |way, words| {
        let door = door.clone();
        let choose = act(move |_| {
            door.change(|state| {
                state.way = way;
                state.wrong = Wrong::default();
            });
        });
        let input = tag("input")
            .attr("type", "radio")
            .attr("name", "way")
            .checked(state.way == way)
            .on(On::Change, choose);
        tag("label").with(input).with(tag("span").say(words))
    };
    tag("fieldset")
        .class("segments")
        .flag("disabled", state.busy)
        .with(tag("legend").class("vh").say(t().door_question))
        .with(segment(Way::SignUp, t().new_here))
        .with(segment(Way::SignIn, t().have_account))
}

fn form(enter: &Enter, state: &State, known: Option<Relay>) -> Tag {
    let signing_up = state.way == Way::SignUp;
    let hint = |words| if signing_up { words } else { "" };
    let suffix = known.map(|relay| {
        let at = joined(&["@", &relay.domain]);
        Html::from(span("field-suffix").text(&at))
    });
    let name = Field {
        id: "name",
        label: t().name,
        hint: hint(t().name_hint),
        error: state.wrong.name,
        autocomplete: "username",
    };
    let name = name.draw(
        |input| input.attr("type", "text").flag("required", true),
        suffix.unwrap_or_default(),
    );
    let toggle = {
        let door = enter.door.clone();
        act(move |_| door.change(|state| state.shown = !state.shown))
    };
    let toggle = button("field-button", toggle)
        .truth("aria-pressed", state.shown)
        .say(if state.shown { t().hide } else { t().show });
    let password = Field {
        id: "password",
        label: t().password,
        hint: hint(t().password_hint),
        error: state.wrong.password,
        autocomplete: if signing_up {
            "new-password"
        } else {
            "current-password"
        },
    };
    let kind = if state.shown { "text" } else { "password" };
    let password = password.draw(
        |input| input.attr("type", kind).flag("required", true),
        toggle.into(),
    );
    let words = match (state.busy, signing_up) {
        (true, _) => t().one_moment,
        (false, true) => t().create_account,
        (false, false) => t().sign_in,
    };
    let (enter, way) = (enter.clone(), state.way);
    let sent = act(move |event| {
        event.prevent_default();
        enter.try_form(way);
    });
    tag("form")
        .flag("novalidate", true)
        .truth("aria-busy", state.busy)
        .on(On::Submit, sent)
        .with(name)
        .with(password)
        .with(submit("primary wide", words).flag("disabled", state.busy))
}

/// What opens the door.
enum Key {
    Form(Way, String, String),
    Guest,
}

#[derive(Clone)]
struct Enter {
    door: Kept<State>,
    entered: Callback<SignedIn>,
}

impl Enter {
    fn try_form(&self, way: Way) {
        let (name, password) = (dom::value("name"), dom::value("password"));
        let wrong = check(way, name.trim(), &password);
        if wrong == Wrong::default() {
            self.by(Key::Form(way, name.trim().to_owned(), password));
        } else {
            dom::focus_id(if wrong.name.is_empty() {
                "password"
            } else {
                "name"
            });
            self.door.change(|state| state.wrong = wrong);
        }
    }

    fn by(&self, key: Key) {
        if self.door.get().busy {
            return;
        }
        self.door.change(|state| {
            state.busy = true;
            state.wrong = Wrong::default();
        });
        let Self { door, entered } = self.clone();
        spawn_local(async move {
            let answer = match key {
                Key::Form(Way::SignUp, name, password) => Door.sign_up(&name, &password).await,
                Key::Form(Way::SignIn, name, password) => Door.sign_in(&name, &password).await,
                Key::Guest => Door.enter_as_guest().await,
            };
            match answer {
                Ok(who) => {
                    local().set(BEEN_HERE, "1");
                    entered.emit(who);
                }
                Err(error) => door.change(|state| {
                    state.busy = false;
                    state.wrong = explain(error);
                }),
            }
        });
    }
}

/// To have signed out oneself needs no explanation.
fn worth_saying(code: Code) -> &'static str {
    match code {
        Code::SignedOut => "",
        code => texts::sentence(code),
    }
}

/// What can be said without asking the relay.
fn check(way: Way, name: &str, password: &str) -> Wrong {
    let short = way == Way::SignUp && password.chars().count() < PASSWORD_MIN;
    Wrong {
        name: if name.is_empty() {
            t().name_missing
        } else {
            ""
        },
        password: match password {
            "" => t().password_missing,
            _ if short => texts::sentence(Code::BadPassword),
            _ => "",
        },
        form: "",
    }
}

fn explain(error: DoorError) -> Wrong {
    let mut wrong = Wrong::default();
    match error {
        DoorError::Refused(code) => {
            let place = match code {
                Code::BadName | Code::NameTaken | Code::NameLooksAlike => &mut wrong.name,
                Code::BadPassword => &mut wrong.password,
                _ => &mut wrong.form,
            };
            *place = texts::sentence(code);
        }
        DoorError::Unreachable => wrong.form = t().relay_unreachable,
    }
    wrong
}
