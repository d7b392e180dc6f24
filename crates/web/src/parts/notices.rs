//! What is said in passing: a line at the edge that goes by itself. Two live regions, one for news and one for faults, stand
//! from the start, since a screen reader only hears changes in a region it already knows.

use std::rc::Rc;

use gloo::timers::callback::Timeout;
use yew::prelude::*;

use super::icon::{Glyph, Icon};
use crate::texts::t;

const STAYS_MS: u32 = 8_000;
/// More at once would cover what they are about.
const AT_ONCE: usize = 3;

/// Something said in passing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    pub text: AttrValue,
    pub fault: bool,
    /// Where there is room, it stands on the page already: said only to those who do not see it.
    pub seen: bool,
}

impl Toast {
    pub fn word(text: String) -> Self {
        Self {
            text: text.into(),
            fault: false,
            seen: false,
        }
    }

    pub fn of_what_is_seen(text: String) -> Self {
        Self {
            seen: true,
            ..Self::word(text)
        }
    }

    pub fn fault(text: String) -> Self {
        Self {
            fault: true,
            ..Self::word(text)
        }
    }
}

/// One step of the toasts.
pub enum Step {
    Say(Toast),
    Gone(u32),
}

/// What stands there now.
#[derive(Default, PartialEq)]
pub struct Toasts {
    shown: Vec<(u32, Toast)>,
    next: u32,
}

impl Reducible for Toasts {
    type Action = Step;

    fn reduce(self: Rc<Self>, step: Self::Action) -> Rc<Self> {
        let mut shown = self.shown.clone();
        let mut next = self.next;
        match step {
            Step::Say(toast) => {
                shown.retain(|(_, other)| *other != toast);
                shown.push((next, toast));
                let above = shown.len().saturating_sub(AT_ONCE);
                shown.drain(..above);
                next += 1;
            }
            Step::Gone(number) => shown.retain(|(other, _)| *other != number),
        }
        Rc::new(Self { shown, next })
    }
}

/// The toasts, and the way to say something.
#[hook]
pub fn use_toasts() -> (UseReducerHandle<Toasts>, Callback<Toast>) {
    let toasts = use_reducer_eq(Toasts::default);
    let dispatch = toasts.dispatcher();
    let say = use_callback((), move |toast: Toast, ()| {
        dispatch.dispatch(Step::Say(toast));
    });
    (toasts, say)
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub toasts: UseReducerHandle<Toasts>,
}

#[component]
pub fn Notices(props: &Props) -> Html {
    let gone = |number: u32| {
        let dispatch = props.toasts.dispatcher();
        Callback::from(move |()| dispatch.dispatch(Step::Gone(number)))
    };
    let of = |fault: bool| {
        let chosen = props
            .toasts
            .shown
            .iter()
            .filter(move |(_, toast)| toast.fault == fault);
        chosen
            .map(|(number, toast)| html! { <Line key={*number} toast={toast.clone()} gone={gone(*number)} /> })
            .collect::<Html>()
    };
    html! {
        <div class="notices">
            <div role="status" aria-label={t().notices}>{ of(false) }</div>
            <div role="alert">{ of(true) }</div>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct LineProps {
    toast: Toast,
    gone: Callback<()>,
}

#[component]
fn Line(props: &LineProps) -> Html {
    let gone = props.gone.clone();
    use_effect_with((), move |()| {
        let timer = Timeout::new(STAYS_MS, move || gone.emit(()));
        move || drop(timer)
    });
    let close = props.gone.reform(|_: MouseEvent| ());
    html! {
        <div class={classes!("notice", props.toast.fault.then_some("is-fault"), props.toast.seen.then_some("is-seen-wide"))}>
            <p>{ &props.toast.text }</p>
            <button type="button" class="quiet round" aria-label={t().dismiss} onclick={close}><Glyph icon={Icon::Close} /></button>
        </div>
    }
}
