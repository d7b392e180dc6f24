//! Who is to be drawn again, and when: the shell that everything is read from, and its news once per animation frame, so that a
//! thousand notifications cost one drawing. A hidden page has no frames: then a timer stands in, since its title and badge still
//! count.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::ops::Deref;
use std::rc::Rc;

use gloo::timers::callback::Timeout;
use lamplight_embed::{Changed, Intent, News, Shell, after};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use yew::prelude::*;

use crate::dom;
use crate::draw::{Hand, act};
use crate::kept::use_while;

/// How often a page that nobody sees is drawn at most.
const HIDDEN_EVERY_MS: u32 = 100;
/// How often "idle for 5 min" is counted again.
const COUNT_EVERY_MS: u32 = 30_000;

/// Why a part may have to be drawn again.
#[derive(PartialEq, Eq, Hash)]
pub enum Cause {
    Changed(Changed),
    /// Half a minute is over, for texts that say how long.
    Time,
}

impl Cause {
    /// What every part that draws a row wants to know of.
    pub fn is_about_people(&self) -> bool {
        matches!(self, Self::Changed(Changed::Roster | Changed::Row(_)))
    }
}

/// What happened since the last frame: of ten thousand people each once.
pub type Causes = HashSet<Cause>;

/// Told what happened.
pub type Wish = Rc<dyn Fn(&Causes)>;

/// Clones are the same one.
#[derive(Clone)]
pub struct Pulse(Rc<Inner>);

pub struct Inner {
    pub shell: Shell,
    causes: RefCell<Causes>,
    due: Cell<bool>,
    clock: RefCell<Option<Timeout>>,
    wishes: RefCell<Vec<(u32, Wish)>>,
    /// The number of the last wish.
    last: Cell<u32>,
}

impl PartialEq for Pulse {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for Pulse {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Pulse {
    pub fn new(shell: Shell) -> Self {
        Self(Rc::new(Inner {
            shell,
            causes: RefCell::default(),
            due: Cell::default(),
            clock: RefCell::default(),
            wishes: RefCell::default(),
            last: Cell::default(),
        }))
    }

    /// Tells from now on that time has passed.
    pub fn count(&self) {
        let pulse = self.clone();
        let next = move || {
            pulse.note(Cause::Time);
            pulse.count();
        };
        self.clock
            .replace(Some(after(COUNT_EVERY_MS, Box::new(next))));
    }

    pub fn stop(&self) {
        self.clock.take();
    }

    pub fn intend(&self, intent: Intent) {
        self.shell.intend(intent);
    }

    /// A press on something means this.
    pub fn intends(&self, intent: Intent) -> Hand {
        let pulse = self.clone();
        act(move |_| pulse.intend(intent.clone()))
    }

    /// What the shell tells, as far as something is to be drawn because of it.
    pub fn hear(&self, news: &News) {
        if let News::Changed(what) = news {
            self.note(Cause::Changed(what.clone()));
        }
    }

    /// Something happened; whoever wants to know is told with the next frame.
    pub fn note(&self, cause: Cause) {
        self.causes.borrow_mut().insert(cause);
        self.ask_for_a_frame();
    }

    fn wish(&self, wish: Wish) -> u32 {
        let number = self.last.get().wrapping_add(1);
        self.last.set(number);
        self.wishes.borrow_mut().push((number, wish));
        number
    }

    fn unwish(&self, number: u32) {
        self.wishes
            .borrow_mut()
            .retain(|(other, _)| *other != number);
    }

    fn ask_for_a_frame(&self) {
        if self.due.replace(true) {
            return;
        }
        if dom::is_visible() {
            let pulse = self.clone();
            let frame = Closure::once_into_js(move || pulse.beat());
            // A window without frames is no window.
            let _ = dom::window().request_animation_frame(frame.unchecked_ref());
            // A page that goes out of sight before its frame comes is drawn when it is back, or by the next timer.
        }
        let late = self.clone();
        after(HIDDEN_EVERY_MS, Box::new(move || late.beat())).forget();
    }

    fn beat(&self) {
        if !self.due.replace(false) {
            return;
        }
        let causes = self.causes.take();
        let wishes: Vec<Wish> = self
            .wishes
            .borrow()
            .iter()
            .map(|(_, wish)| wish.clone())
            .collect();
        for wish in wishes {
            wish(&causes);
        }
    }
}

/// Draws the part again when something happened that it wants to know of. What it captures is of its first drawing.
#[hook]
pub fn use_changes(pulse: Pulse, wants: Box<dyn Fn(&Cause) -> bool>) {
    let draw = use_force_update();
    use_causes(
        pulse,
        Rc::new(move |causes| {
            if causes.iter().any(&wants) {
                draw.force_update();
            }
        }),
    );
}

/// Tells the part what happened, once per frame. What it captures is of its first drawing.
#[hook]
pub fn use_causes(pulse: Pulse, tell: Wish) {
    use_while(
        0,
        Box::new(move || {
            let number = pulse.wish(tell);
            Box::new(move || pulse.unwish(number))
        }),
    );
}
