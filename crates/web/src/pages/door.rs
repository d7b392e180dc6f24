//! The door: make an account, sign in, or enter as a guest, all on one card.

use lamplight_embed::{Code, Door, DoorError, Invitation, Relay, SignedIn, joined, local};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::dom;
use crate::draw::{On, Tag, act, bdi, button, div, p, span, tag};
use crate::kept::{Kept, use_after, use_kept};
use crate::parts::field::{Field, submit};
use crate::parts::icon::mark;
use crate::texts::{self, t};

#[derive(Properties, PartialEq)]
pub struct Props {
    /// Why one stands here again.
    pub reason: Option<Code>,
    /// The link that led here, and who is signed in already.
    pub link: Option<Invitation>,
    pub me: Option<SignedIn>,
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
    let link = props.link.clone();
    let door = use_kept(|| State {
        way: if link.is_none() && local().get(BEEN_HERE).is_some() {
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
    let closed = closed && link.is_none();
    if closed {
        state.way = Way::SignIn;
    }
    let enter = Enter {
        door: door.clone(),
        entered: props.enter.clone(),
        link: link.clone(),
    };
    let guests = known.as_ref().is_some_and(|relay| relay.guests) && link.is_none();
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
    // Whoever is signed in may still choose a new password by a link.
    let me = props.me.as_ref();
    let me = me.filter(|_| link.as_ref().is_some_and(|link| !link.password));
    let card = tag("section")
        .class("card")
        .attr("aria-labelledby", "door-title")
        .with(mark())
        .with(tag("h1").attr("id", "door-title").say(t().product))
        .with(tagline(link.as_ref()))
        .maybe((!closed && chooses(link.as_ref()) && me.is_none()).then(|| segments(&door, &state)))
        .maybe(form_error)
        .with(match me {
            Some(me) => acceptance(&enter, &state, me),
            None => form(&enter, &state, known),
        })
        .each(guests.then(as_guest).unwrap_or_default());
    tag("main").class("door").with(card).into()
}

/// What one is here for.
fn tagline(link: Option<&Invitation>) -> Tag {
    let line = p("door-tagline");
    let Some(link) = link else {
        return line.say(t().tagline);
    };
    match &link.of {
        _ if link.password => line.say(t().choose_password),
        Some(of) => line.with(texts::around(t().invited_by, bdi("", of.as_str()))),
        None if link.admin => line.say(t().invited_admin),
        None => line.say(t().invited),
    }
}

/// Whether one may also have an account already.
fn chooses(link: Option<&Invitation>) -> bool {
    link.is_none_or(|link| !link.password && !link.admin)
}

/// Who is signed in says whether they want to know who invites.
fn acceptance(enter: &Enter, state: &State, me: &SignedIn) -> Tag {
    let (accepts, leaves) = (enter.clone(), enter.entered.clone());
    let (me_too, me_alone) = (me.clone(), me.clone());
    let accept = act(move |_| accepts.by(Key::Acceptance(me_too.clone())));
    let leave = act(move |_| leaves.emit(me_alone.clone()));
    let who = bdi("", me.principal.as_str());
    div("card-body")
        .with(p("").with(texts::around(t().signed_in_as, who)))
        .with(
            button("primary wide", accept)
                .flag("disabled", state.busy)
                .say(t().become_contacts),
        )
        .with(button("wide", leave).say(t().not_now))
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
    let resets = enter.link.as_ref().is_some_and(|link| link.password);
    let hint = |words| if signing_up { words } else { "" };
    let name_hint = |words| if resets { "" } else { hint(words) };
    let suffix = known.map(|relay| {
        let at = joined(&["@", &relay.domain]);
        Html::from(span("field-suffix").text(&at))
    });
    let name = Field {
        id: "name",
        label: t().name,
        hint: name_hint(t().name_hint),
        error: state.wrong.name,
        autocomplete: "username",
    };
    let of = enter.link.as_ref().filter(|link| link.password);
    let of = of.and_then(|link| link.of.as_ref());
    let name = name.draw(
        |input| {
            let input = input.attr("type", "text").flag("required", true);
            match of {
                // So that what keeps passwords knows whose it is.
                Some(of) => input.value(of.as_str()).flag("readonly", true),
                None => input,
            }
        },
        suffix.filter(|_| of.is_none()).unwrap_or_default(),
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
        _ if resets => t().save_password,
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
    /// Of whoever is signed in, to know who invites.
    Acceptance(SignedIn),
}

#[derive(Clone)]
struct Enter {
    door: Kept<State>,
    entered: Callback<SignedIn>,
    link: Option<Invitation>,
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
        let Self {
            door,
            entered,
            link,
        } = self.clone();
        spawn_local(async move {
            let asks = matches!(&key, Key::Form(Way::SignIn, ..)) && link.is_some();
            let answer = match (key, &link) {
                (Key::Form(Way::SignUp, name, password), link) => {
                    Door.sign_up(&name, &password, link.as_ref()).await
                }
                (Key::Form(Way::SignIn, name, password), _) => Door.sign_in(&name, &password).await,
                (Key::Acceptance(me), Some(link)) => Door.accept(link).await.map(|()| me),
                (Key::Acceptance(me), None) => Ok(me),
                (Key::Guest, _) => Door.enter_as_guest().await,
            };
            match answer {
                // With an account there is still the question whether to know who invites.
                Ok(_) if asks && dom::window().location().reload().is_ok() => {}
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
