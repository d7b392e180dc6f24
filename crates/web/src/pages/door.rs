//! The door: make an account, sign in, or enter as a guest, all on one card.

use lamplight_embed::{Code, Door, DoorError, Relay, SignedIn};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::dom;
use crate::parts::field::Field;
use crate::parts::icon::Mark;
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

/// What was wrong, and where.
#[derive(Clone, Default, PartialEq)]
struct Wrong {
    name: Option<AttrValue>,
    password: Option<AttrValue>,
    form: Option<AttrValue>,
}

const PASSWORD_MIN: usize = 10;
/// Set once somebody got in here: who comes back more likely has an account.
const BEEN_HERE: &str = "lamplight-been-here";

#[component]
pub fn DoorPage(props: &Props) -> Html {
    let been_here = lamplight_embed::local().get(BEEN_HERE).is_some();
    let way = use_state_eq(|| if been_here { Way::SignIn } else { Way::SignUp });
    let wrong = use_state_eq(|| Wrong {
        form: props.reason.and_then(worth_saying),
        ..Wrong::default()
    });
    let busy = use_state_eq(|| false);
    let relay = use_relay();
    let (name, password) = (use_node_ref(), use_node_ref());

    let settle = {
        let (enter, wrong, busy) = (props.enter.clone(), wrong.setter(), busy.setter());
        move |answer: Result<SignedIn, DoorError>| match answer {
            Ok(who) => {
                lamplight_embed::local().set(BEEN_HERE, "1");
                enter.emit(who);
            }
            Err(error) => {
                busy.set(false);
                wrong.set(explain(error));
            }
        }
    };
    let submit = {
        let (settle, way) = (settle.clone(), *way);
        let (name, password) = (name.clone(), password.clone());
        let (wrong, busy) = (wrong.setter(), busy.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let (name_text, password_text) = (dom::value(&name), dom::value(&password));
            let complaint = check(way, name_text.trim(), &password_text);
            let sound = complaint == Wrong::default();
            if !sound {
                dom::focus_ref(if complaint.name.is_some() {
                    &name
                } else {
                    &password
                });
            }
            wrong.set(complaint);
            if !sound || *busy {
                return;
            }
            busy.set(true);
            let settle = settle.clone();
            spawn_local(async move {
                let name = name_text.trim();
                settle(match way {
                    Way::SignUp => Door.sign_up(name, &password_text).await,
                    Way::SignIn => Door.sign_in(name, &password_text).await,
                });
            });
        })
    };
    let as_guest = {
        let (settle, wrong, busy) = (settle.clone(), wrong.setter(), busy.clone());
        Callback::from(move |_: MouseEvent| {
            if *busy {
                return;
            }
            busy.set(true);
            wrong.set(Wrong::default());
            let settle = settle.clone();
            spawn_local(async move { settle(Door.enter_as_guest().await) });
        })
    };
    let choose = |to: Way| {
        let (way, wrong) = (way.setter(), wrong.setter());
        Callback::from(move |_: Event| {
            way.set(to);
            wrong.set(Wrong::default());
        })
    };
    let known = relay.as_ref().and_then(|relay| relay.as_ref().ok());
    let closed = known.is_some_and(|relay| !relay.registration);
    let way = if closed { Way::SignIn } else { *way };
    let signing_up = way == Way::SignUp;
    let suffix = known
        .map(|relay| html! { <span class="field-suffix">{ format!("@{}", relay.domain) }</span> });

    html! {
        <main class="door">
            <section class="card" aria-labelledby="door-title">
                <Mark />
                <h1 id="door-title">{ t().product }</h1>
                <p class="door-tagline">{ t().tagline }</p>
                if !closed {
                    <fieldset class="segments" disabled={*busy}>
                        <legend class="vh">{ t().door_question }</legend>
                        <label><input type="radio" name="way" checked={signing_up} onchange={choose(Way::SignUp)} /><span>{ t().new_here }</span></label>
                        <label><input type="radio" name="way" checked={!signing_up} onchange={choose(Way::SignIn)} /><span>{ t().have_account }</span></label>
                    </fieldset>
                }
                if let Some(form) = &wrong.form {
                    <p class="form-error" role="alert">{ form }</p>
                } else if matches!(relay.as_ref(), Some(Err(_))) {
                    <p class="form-error" role="alert">{ t().relay_unreachable }</p>
                }
                <form onsubmit={submit} novalidate=true aria-busy={busy.to_string()}>
                    <Field id="name" label={t().name} node={name} required=true autocomplete="username"
                        hint={signing_up.then_some(AttrValue::Static(t().name_hint))} error={wrong.name.clone()}>
                        { suffix }
                    </Field>
                    <Password node={password} {signing_up} error={wrong.password.clone()} />
                    <button type="submit" class="primary wide" disabled={*busy}>
                        { match (*busy, way) {
                            (true, _) => t().one_moment,
                            (false, Way::SignUp) => t().create_account,
                            (false, Way::SignIn) => t().sign_in,
                        } }
                    </button>
                </form>
                if known.is_some_and(|relay| relay.guests) {
                    <p class="door-or"><span>{ t().or }</span></p>
                    <button type="button" class="wide" disabled={*busy} onclick={as_guest}>{ t().enter_as_guest }</button>
                    <p class="door-note">{ t().guest_hint }</p>
                }
            </section>
        </main>
    }
}

#[derive(Properties, PartialEq)]
struct PasswordProps {
    node: NodeRef,
    signing_up: bool,
    error: Option<AttrValue>,
}

#[component]
fn Password(props: &PasswordProps) -> Html {
    let shown = use_state_eq(|| false);
    let toggle = {
        let shown = shown.clone();
        Callback::from(move |_: MouseEvent| shown.set(!*shown))
    };
    html! {
        <Field id="password" label={t().password} node={props.node.clone()} required=true
            kind={if *shown { "text" } else { "password" }}
            autocomplete={if props.signing_up { "new-password" } else { "current-password" }}
            hint={props.signing_up.then_some(AttrValue::Static(t().password_hint))} error={props.error.clone()}>
            <button type="button" class="field-button" aria-pressed={shown.to_string()} onclick={toggle}>
                { if *shown { t().hide } else { t().show } }
            </button>
        </Field>
    }
}

/// What the relay says of itself; `None` until it answered.
#[hook]
fn use_relay() -> UseStateHandle<Option<Result<Relay, DoorError>>> {
    let relay = use_state_eq(|| None);
    let answered = relay.setter();
    use_effect_with((), move |()| {
        spawn_local(async move { answered.set(Some(Door.relay().await)) });
    });
    relay
}

/// To have signed out oneself needs no explanation.
fn worth_saying(code: Code) -> Option<AttrValue> {
    (code != Code::SignedOut).then(|| texts::sentence(code).into())
}

/// What can be said without asking the relay.
fn check(way: Way, name: &str, password: &str) -> Wrong {
    let short = way == Way::SignUp && password.chars().count() < PASSWORD_MIN;
    Wrong {
        name: name
            .is_empty()
            .then_some(AttrValue::Static(t().name_missing)),
        password: match password {
            "" => Some(AttrValue::Static(t().password_missing)),
            _ if short => Some(AttrValue::Static(texts::sentence(Code::BadPassword))),
            _ => None,
        },
        form: None,
    }
}

fn explain(error: DoorError) -> Wrong {
    let mut wrong = Wrong::default();
    match error {
        DoorError::Refused(code) => {
            let sentence = Some(AttrValue::Static(texts::sentence(code)));
            match code {
                Code::BadName | Code::NameTaken | Code::NameLooksAlike => wrong.name = sentence,
                Code::BadPassword => wrong.password = sentence,
                _ => wrong.form = sentence,
            }
        }
        DoorError::Unreachable => wrong.form = Some(AttrValue::Static(t().relay_unreachable)),
    }
    wrong
}
