//! The one context of the page: the shell, and who is to be drawn again when something changed.
//!
//! Changes are collected and told once per animation frame, so that a thousand notifications cost one drawing. A hidden page
//! has no frames: then a timer stands in, since its title and badge still count.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo::timers::callback::Timeout;
use lamplight_embed::{Address, Changed, Intent, Listening, News, Shell};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use yew::prelude::*;

use crate::dom;
use crate::pages::home::Popup;
use crate::parts::notices::Toast;

/// How often a page that nobody sees is drawn at most.
const HIDDEN_EVERY_MS: u32 = 100;

type Wish = Rc<dyn Fn(&[Changed])>;

/// The shell of whoever is in, for every part of the page.
#[derive(Clone)]
pub struct House {
    pub shell: Shell,
    /// Opens a conversation, or the list.
    pub go: Callback<Option<Address>>,
    /// Opens a dialog.
    pub show: Callback<Popup>,
    /// Tells the person something in passing.
    pub say: Callback<Toast>,
    pub sign_out: Callback<()>,
    pulse: Rc<Pulse>,
}

impl PartialEq for House {
    fn eq(&self, other: &Self) -> bool {
        self.shell == other.shell
    }
}

#[derive(Default)]
struct Pulse {
    changed: RefCell<Vec<Changed>>,
    due: Cell<bool>,
    wishes: RefCell<Vec<(u64, Wish)>>,
    next: Cell<u64>,
    listening: RefCell<Option<Listening>>,
}

impl House {
    pub fn new(
        shell: Shell,
        go: Callback<Option<Address>>,
        show: Callback<Popup>,
        say: Callback<Toast>,
        sign_out: Callback<()>,
    ) -> Self {
        let pulse = Rc::new(Pulse::default());
        let weak = Rc::downgrade(&pulse);
        let listening = shell.listen(move |news| {
            if let (News::Changed(what), Some(pulse)) = (news, weak.upgrade()) {
                pulse.note(what);
            }
        });
        pulse.listening.replace(Some(listening));
        Self {
            shell,
            go,
            show,
            say,
            sign_out,
            pulse,
        }
    }

    pub fn intend(&self, intent: Intent) {
        self.shell.intend(intent);
    }

    /// A callback that always wants the same.
    pub fn wants<E: 'static>(&self, intent: Intent) -> Callback<E> {
        let house = self.clone();
        Callback::from(move |_| house.intend(intent.clone()))
    }

    fn wish(&self, wish: Wish) -> impl FnOnce() + use<> {
        let number = self.pulse.next.get();
        self.pulse.next.set(number + 1);
        self.pulse.wishes.borrow_mut().push((number, wish));
        let pulse = self.pulse.clone();
        move || {
            pulse
                .wishes
                .borrow_mut()
                .retain(|(other, _)| *other != number);
        }
    }
}

impl Pulse {
    fn note(self: &Rc<Self>, what: &Changed) {
        let mut changed = self.changed.borrow_mut();
        if !changed.contains(what) {
            changed.push(what.clone());
        }
        drop(changed);
        self.ask_for_a_frame();
    }

    fn ask_for_a_frame(self: &Rc<Self>) {
        if self.due.replace(true) {
            return;
        }
        let pulse = self.clone();
        if dom::is_visible() {
            let frame = Closure::once_into_js(move || pulse.beat());
            // A window without frames is no window.
            let _ = dom::window().request_animation_frame(frame.unchecked_ref());
            // A page that goes out of sight before its frame comes is drawn when it is back, or by the next timer.
        }
        let late = self.clone();
        Timeout::new(HIDDEN_EVERY_MS, move || late.beat()).forget();
    }

    fn beat(&self) {
        if !self.due.replace(false) {
            return;
        }
        let changed = self.changed.take();
        let wishes: Vec<Wish> = self
            .wishes
            .borrow()
            .iter()
            .map(|(_, wish)| wish.clone())
            .collect();
        for wish in wishes {
            wish(&changed);
        }
    }
}

#[hook]
pub fn use_house() -> House {
    use_context().expect("every part stands inside home")
}

/// Draws the component again when something changed that it wants to know of.
#[hook]
pub fn use_changes(wants: impl Fn(&Changed) -> bool + 'static) {
    let draw = use_force_update();
    use_changes_with(move |changed| {
        if changed.iter().any(&wants) {
            draw.force_update();
        }
    });
}

/// Tells the component what changed, once per frame. What it captures is of its first drawing.
#[hook]
pub fn use_changes_with(tell: impl Fn(&[Changed]) + 'static) {
    let house = use_house();
    use_effect_with((), move |()| house.wish(Rc::new(tell)));
}
