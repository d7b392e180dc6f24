//! What is open on the page and who is to be drawn again: handed to every part, beside the shell that it reads and tells.
//!
//! Changes are collected and told once per animation frame, so that a thousand notifications cost one drawing. A hidden page
//! has no frames: then a timer stands in, since its title and badge still count.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;

use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use lamplight_embed::{
    Address, Changed, Choice, Code, Intent, Listening, News, Notice, Phase, Shell, after, joined,
    listen,
};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::spawn_local;
use web_sys::Event;
use yew::functional::UseForceUpdateHandle;
use yew::prelude::*;

use crate::draw::{Hand, act};
use crate::kept::use_while;
use crate::parts::attention;
use crate::parts::notices::Toast;
use crate::texts::{self, t};
use crate::{dom, keys, route};

/// How often a page that nobody sees is drawn at most.
const HIDDEN_EVERY_MS: u32 = 100;
/// How often "idle for 5 min" is counted again.
const COUNT_EVERY_MS: u32 = 30_000;
/// How long a toast stays.
const STAYS_MS: u32 = 8_000;
/// More at once would cover what they are about.
const AT_ONCE: usize = 3;

/// The dialog that is open.
#[derive(Clone, PartialEq)]
pub enum Popup {
    AddContact(Option<String>),
    Status,
    Help,
    Diagnostics,
    Rename(Address),
    Remove(Address),
    Block(Address),
}

/// A recording and the hash of all that was wanted until its end: both of one moment, so that a replay of the one gives the other.
#[derive(Clone, Default)]
pub struct Recorded {
    pub bytes: Vec<u8>,
    pub trace: u64,
}

/// What a press on something does.
#[derive(Clone, PartialEq)]
pub enum Deed {
    Go(Option<Address>),
    Show(Popup),
    Intend(Intent),
    /// And closes the dialog around it.
    IntendAndClose(Intent),
    CloseDialog,
    Copy(String),
    /// Takes a toast away.
    Dismiss(u32),
    SignOut,
}

/// Why a part may have to be drawn again.
#[derive(PartialEq)]
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

/// Told what happened.
pub type Wish = Rc<dyn Fn(&[Cause])>;

/// The page of whoever is in. Clones are the same one.
#[derive(Clone)]
pub struct House(Rc<Inner>);

pub struct Inner {
    pub shell: Shell,
    leave: Callback<Option<Code>>,
    draw: UseForceUpdateHandle,
    open: RefCell<Option<Address>>,
    popup: RefCell<Option<(u32, Popup)>>,
    /// What is wrong with what was typed into it.
    complaint: Cell<&'static str>,
    /// The status that was picked in it.
    picked: Cell<Option<Choice>>,
    /// What had happened until it was opened.
    recorded: RefCell<Recorded>,
    toasts: RefCell<Vec<(u32, Toast)>>,
    /// The last number that a dialog, a toast or a wish was given.
    last: Cell<u32>,
    causes: RefCell<Vec<Cause>>,
    due: Cell<bool>,
    clock: RefCell<Option<Timeout>>,
    wishes: RefCell<Vec<(u32, Wish)>>,
}

/// What stands as long as the page is shown.
type Standing = (Listening, [EventListener; 2]);

impl PartialEq for House {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for House {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl House {
    pub fn new(shell: Shell, leave: Callback<Option<Code>>, draw: UseForceUpdateHandle) -> Self {
        Self(Rc::new(Inner {
            shell,
            leave,
            draw,
            open: RefCell::new(route::current()),
            popup: RefCell::default(),
            complaint: Cell::default(),
            picked: Cell::default(),
            recorded: RefCell::default(),
            toasts: RefCell::default(),
            last: Cell::default(),
            causes: RefCell::default(),
            due: Cell::default(),
            clock: RefCell::default(),
            wishes: RefCell::default(),
        }))
    }

    /// Listens to the shell, to the browser's own steps back and forth, and to the shortcuts that hold everywhere.
    pub fn start(&self) -> Standing {
        attention::show(self.shell.read(|agent| agent.unread()));
        let house = self.clone();
        let listening = self.shell.listen(move |news| house.hear(news));
        let house = self.clone();
        let steps = move |_: &Event| house.goes(route::current());
        let house = self.clone();
        let keys = move |event: &Event| keys::heard(&house, event.unchecked_ref());
        let window = dom::window();
        let listeners = [
            listen(&window, "popstate", Phase::Bubble, Box::new(steps)),
            listen(&window, "keydown", Phase::Answer, Box::new(keys)),
        ];
        self.count();
        (listening, listeners)
    }

    pub fn stop(&self) {
        self.clock.take();
    }

    /// Tells from now on that time has passed.
    fn count(&self) {
        let house = self.clone();
        let next = move || {
            house.note(Cause::Time);
            house.count();
        };
        self.clock
            .replace(Some(after(COUNT_EVERY_MS, Box::new(next))));
    }

    fn hear(&self, news: &News) {
        match news {
            News::Changed(what) => self.note(Cause::Changed(what.clone())),
            News::Tell(Notice::Refused(address, code)) => {
                self.say(Toast::fault(match address {
                    Some(address) => joined(&[address.as_str(), ": ", texts::sentence(*code)]),
                    None => texts::sentence(*code).into(),
                }));
            }
            News::Tell(Notice::Request(watcher)) => {
                let asks = texts::fill(t().asks_to_see, watcher.as_str());
                self.say(Toast::of_what_is_seen(asks));
            }
            News::Tell(Notice::Available(address)) => {
                let there = texts::fill(t().is_available_now, address.as_str());
                self.say(Toast::word(there));
            }
            News::Tell(Notice::Message { .. }) => {}
            News::SignedOut(code) => {
                self.shell.stop();
                self.leave.emit(Some(*code));
            }
            News::KeepsNothing => self.say(Toast::fault(t().keeps_nothing.into())),
        }
    }

    /// A press on something does this.
    pub fn does(&self, deed: Deed) -> Hand {
        let house = self.clone();
        act(move |event| house.perform(&deed, event))
    }

    pub fn perform(&self, deed: &Deed, event: &Event) {
        match deed.clone() {
            Deed::Go(to) => self.go(to),
            Deed::Show(popup) => self.show(popup),
            Deed::Intend(intent) => self.intend(intent),
            Deed::IntendAndClose(intent) => {
                self.intend(intent);
                dom::close_dialog(event);
            }
            Deed::CloseDialog => dom::close_dialog(event),
            Deed::Copy(text) => self.copy(text),
            Deed::Dismiss(number) => self.dismiss(number),
            Deed::SignOut => self.sign_out(),
        }
    }

    pub fn intend(&self, intent: Intent) {
        self.shell.intend(intent);
    }

    fn sign_out(&self) {
        let house = self.clone();
        spawn_local(async move {
            // Where the relay cannot be reached the session ends there by its age; here it ends now.
            let _ = house.shell.sign_out().await;
            house.leave.emit(None);
        });
    }

    fn copy(&self, text: String) {
        let house = self.clone();
        spawn_local(async move {
            house.say(if dom::copy(&text).await {
                Toast::word(t().copied.into())
            } else {
                Toast::fault(t().not_copied.into())
            });
        });
    }

    // What is open.

    /// Whose conversation is open.
    pub fn open(&self) -> Option<Address> {
        self.open.borrow().clone()
    }

    /// Opens a conversation, or the list.
    pub fn go(&self, to: Option<Address>) {
        match &to {
            Some(address) => route::open(address),
            None => route::close(),
        }
        self.goes(to);
    }

    fn goes(&self, to: Option<Address>) {
        if self.open.replace(to.clone()) != to {
            self.draw.force_update();
        }
    }

    /// The open dialog. Each has a number, so that one that has just left the screen does not pass for the next of its kind.
    pub fn popup(&self) -> Option<(u32, Popup)> {
        self.popup.borrow().clone()
    }

    pub fn show(&self, popup: Popup) {
        self.complaint.take();
        self.picked.take();
        if popup == Popup::Diagnostics {
            self.recorded.replace(Recorded {
                bytes: self.shell.recording(),
                trace: self.shell.trace(),
            });
        }
        self.popup.replace(Some((self.next(), popup)));
        self.draw.force_update();
    }

    /// What is wrong with what was typed into the dialog, if anything.
    pub fn complaint(&self) -> &'static str {
        self.complaint.get()
    }

    pub fn complain(&self, sentence: &'static str) {
        self.complaint.set(sentence);
        self.draw.force_update();
    }

    pub fn picked(&self) -> Option<Choice> {
        self.picked.get()
    }

    pub fn pick(&self, choice: Choice) {
        self.picked.set(Some(choice));
        self.draw.force_update();
    }

    pub fn recorded(&self) -> Recorded {
        self.recorded.borrow().clone()
    }

    /// The dialog has closed.
    pub fn closed(&self) {
        self.popup.take();
        self.draw.force_update();
    }

    // What is said in passing.

    pub fn toasts(&self) -> Vec<(u32, Toast)> {
        self.toasts.borrow().clone()
    }

    /// Tells the person something in passing.
    pub fn say(&self, toast: Toast) {
        let number = self.next();
        let mut toasts = self.toasts.borrow_mut();
        toasts.retain(|(_, other)| *other != toast);
        toasts.push((number, toast));
        let above = toasts.len().saturating_sub(AT_ONCE);
        toasts.drain(..above);
        let house = self.clone();
        after(STAYS_MS, Box::new(move || house.dismiss(number))).forget();
        self.draw.force_update();
    }

    fn dismiss(&self, number: u32) {
        self.toasts
            .borrow_mut()
            .retain(|(other, _)| *other != number);
        self.draw.force_update();
    }

    fn next(&self) -> u32 {
        self.last.set(self.last.get().wrapping_add(1));
        self.last.get()
    }

    // Who is to be drawn again.

    fn wish(&self, wish: Wish) -> u32 {
        let number = self.next();
        self.wishes.borrow_mut().push((number, wish));
        number
    }

    fn unwish(&self, number: u32) {
        self.wishes
            .borrow_mut()
            .retain(|(other, _)| *other != number);
    }

    fn note(&self, cause: Cause) {
        let mut causes = self.causes.borrow_mut();
        if !causes.contains(&cause) {
            causes.push(cause);
        }
        drop(causes);
        self.ask_for_a_frame();
    }

    fn ask_for_a_frame(&self) {
        if self.due.replace(true) {
            return;
        }
        if dom::is_visible() {
            let house = self.clone();
            let frame = Closure::once_into_js(move || house.beat());
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
        if causes.iter().any(Cause::is_about_people) {
            attention::show(self.shell.read(|agent| agent.unread()));
        }
    }
}

/// Draws the part again when something happened that it wants to know of. What it captures is of its first drawing.
#[hook]
pub fn use_changes(house: House, wants: Box<dyn Fn(&Cause) -> bool>) {
    let draw = use_force_update();
    use_causes(
        house,
        Rc::new(move |causes| {
            if causes.iter().any(&wants) {
                draw.force_update();
            }
        }),
    );
}

/// Tells the part what happened, once per frame. What it captures is of its first drawing.
#[hook]
pub fn use_causes(house: House, tell: Wish) {
    use_while(
        0,
        Box::new(move || {
            let number = house.wish(tell);
            Box::new(move || house.unwish(number))
        }),
    );
}
