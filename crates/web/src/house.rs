//! What is open on the page: handed to its parts, with the shell that they read and tell, and the pulse that has them drawn.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;

use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use lamplight_embed::{
    Address, Changed, Choice, Code, DoorError, Intent, Listening, News, Notice, Offers, Phase,
    Shell, Tag, Viewer, after, joined, listen,
};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::Event;
use yew::functional::UseForceUpdateHandle;
use yew::prelude::*;

use crate::draw::{Hand, act};
use crate::pages::settings::Known;
use crate::parts::notices::Toast;
use crate::pulse::{Cause, Pulse};
use crate::route::{self, Page, Place};
use crate::texts::{self, t};
use crate::{dom, keys, later};

/// How long a toast stays.
const STAYS_MS: u32 = 8_000;
/// A hand that rests this long on a choice means it.
const RESTS_MS: u32 = 300;
/// More at once would cover what they are about.
const AT_ONCE: usize = 3;

/// The dialog that is open.
#[derive(Clone, PartialEq)]
pub enum Popup {
    AddContact(Option<String>),
    /// Of which of my presentities.
    Status(Option<Tag>),
    Help,
    Diagnostics,
    Rename(Address),
    Remove(Address),
    Block(Address),
    /// The password once more.
    Confirm,
}

/// A recording and the hash of all that was wanted until its end: both of one moment, so that a replay of the one gives the other.
#[derive(Clone, Default)]
pub struct Recorded {
    pub bytes: Vec<u8>,
    pub trace: u64,
}

/// What a press on something does.
#[derive(Clone)]
pub enum Deed {
    Go(Option<Address>),
    Visit(Place),
    /// To a page of settings, about one of my presentities.
    Turn(Option<Tag>, Page),
    Nothing,
    Show(Popup),
    Intend(Intent),
    /// One after the other.
    All(Vec<Deed>),
    /// And closes the dialog around it.
    IntendAndClose(Intent),
    CloseDialog,
    Copy(String),
    /// Takes a toast away.
    Dismiss(u32),
    /// Whatever else.
    Do(Hand),
    /// Loads what could not be loaded.
    Fetch,
}

/// Something that is asked at the door, and can be asked again.
pub type Asking = Rc<dyn Fn()>;

/// The page of whoever is in. Clones are the same one.
#[derive(Clone)]
pub struct House(Rc<Inner>);

pub struct Inner {
    pub shell: Shell,
    pub pulse: Pulse,
    leave: Callback<Option<Code>>,
    draw: UseForceUpdateHandle,
    open: RefCell<Option<Place>>,
    /// What led to the page that is open, the latest last.
    trail: RefCell<Vec<Step>>,
    /// What has the keyboard once what is gone back to is drawn, as a selector.
    opener: RefCell<String>,
    /// How often something else was opened.
    went: Cell<u64>,
    /// Of which of my presentities the settings speak; none: the one from sign-up.
    face: RefCell<Option<Tag>>,
    /// As whom I look at myself.
    viewer: RefCell<Viewer>,
    /// What the door said of what the open page shows.
    known: RefCell<Option<Rc<Known>>>,
    asks: Cell<bool>,
    /// What was refused until the password is said again.
    asked: RefCell<Option<Asking>>,
    /// What a choice does once the hand rests on it.
    resting: RefCell<Option<Timeout>>,
    popup: RefCell<Option<(u32, Popup)>>,
    /// What is wrong with what was typed into it.
    complaint: Cell<&'static str>,
    /// For whose answer it waits, and what hears it.
    waits: RefCell<Option<(Address, Listening)>>,
    /// The status that was picked in it.
    picked: Cell<Option<Choice>>,
    /// What had happened until it was opened.
    recorded: RefCell<Recorded>,
    toasts: RefCell<Vec<(u32, Rc<Toast>)>>,
    /// The last number that a dialog or a toast was given.
    last: Cell<u32>,
}

/// A place that led to another.
struct Step {
    place: Option<Place>,
    /// How deep it stands in the browser's history.
    depth: i32,
    /// What was pressed there, as a selector.
    opener: String,
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
            pulse: Pulse::new(shell.clone()),
            shell,
            leave,
            draw,
            open: RefCell::new(route::current()),
            trail: RefCell::default(),
            opener: RefCell::default(),
            went: Cell::default(),
            face: RefCell::default(),
            viewer: RefCell::new(Viewer::AnyAccount),
            known: RefCell::default(),
            asks: Cell::default(),
            asked: RefCell::default(),
            resting: RefCell::default(),
            popup: RefCell::default(),
            complaint: Cell::default(),
            waits: RefCell::default(),
            picked: Cell::default(),
            recorded: RefCell::default(),
            toasts: RefCell::default(),
            last: Cell::default(),
        }))
    }

    /// Listens to the shell, to the browser's own steps back and forth, and to the shortcuts that hold everywhere.
    pub fn start(&self) -> Standing {
        let house = self.clone();
        let listening = self.shell.listen(move |news| house.hear(news));
        let house = self.clone();
        let steps = move |_: &Event| {
            // A link that lets somebody in leads to the door.
            if route::invitation().is_some() {
                // A browser that does not load again leaves the page as it is.
                let _ = dom::window().location().reload();
            }
            let to = route::current();
            house.leads(to.as_ref());
            house.goes(to);
        };
        let house = self.clone();
        let keys = move |event: &Event| keys::heard(&house, event.unchecked_ref());
        let window = dom::window();
        let listeners = [
            listen(&window, "popstate", Phase::Bubble, Box::new(steps)),
            listen(&window, "keydown", Phase::Answer, Box::new(keys)),
        ];
        self.pulse.count();
        later::soon(self);
        (listening, listeners)
    }

    pub fn stop(&self) {
        self.pulse.stop();
    }

    fn hear(&self, news: &News) {
        self.pulse.hear(news);
        match news {
            News::Changed(what) => {
                if matches!(what, Changed::Own | Changed::Requests) {
                    self.unsay();
                }
            }
            News::Tell(Notice::Refused(_, Code::SignInAgain)) => {
                if self.popup.borrow().is_none() {
                    self.show(Popup::Confirm);
                }
            }
            // The dialog says so itself.
            News::Tell(Notice::Refused(Some(address), _)) if self.waits_for(address) => {}
            News::Tell(Notice::Refused(address, code)) => {
                self.say(Toast::fault(match address {
                    Some(address) => joined(&[address.as_str(), ": ", texts::sentence(*code)]),
                    None => texts::sentence(*code).into(),
                }));
            }
            News::Tell(Notice::Request(watcher, name)) => {
                let asks = texts::fill(t().asks_to_see, name);
                self.say(Toast::of_request(asks, watcher));
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
        match deed {
            Deed::Go(to) => self.go(to.clone()),
            Deed::Visit(place) => self.visit(Some(place.clone())),
            Deed::Turn(face, page) => {
                self.turn(face.clone());
                self.visit(Some(Place::Settings(*page)));
            }
            Deed::Nothing => {}
            Deed::Show(popup) => self.show(popup.clone()),
            Deed::Intend(intent) => self.intend(intent.clone()),
            Deed::All(deeds) => deeds.iter().for_each(|deed| self.perform(deed, event)),
            Deed::IntendAndClose(intent) => {
                self.intend(intent.clone());
                dom::close_dialog(event);
            }
            Deed::CloseDialog => dom::close_dialog(event),
            Deed::Copy(text) => self.copy(text.clone()),
            Deed::Dismiss(number) => self.dismiss(*number),
            Deed::Do(hand) => hand.act(event),
            Deed::Fetch => {
                later::fetch(self);
                self.redraw();
            }
        }
    }

    pub fn intend(&self, intent: Intent) {
        self.shell.intend(intent);
    }

    /// Back to the door.
    pub fn leave(&self) {
        self.leave.emit(None);
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
        match self.place() {
            Some(Place::Chat(address)) => Some(address),
            _ => None,
        }
    }

    /// What stands beside the list.
    pub fn place(&self) -> Option<Place> {
        self.open.borrow().clone()
    }

    /// Whether a page stands beside the list, and no conversation.
    pub fn has_page(&self) -> bool {
        self.open.borrow().as_ref().is_some_and(Place::is_page)
    }

    /// From a page to what led to it, with the keyboard where it was there.
    pub fn back(&self) {
        let last = self
            .trail
            .borrow()
            .last()
            .map(|step| (step.depth, step.place.clone()));
        let by_default = last.is_none();
        let to = match (self.place(), last) {
            (Some(Place::Requests), _) => None,
            (_, Some((depth, _))) if route::depth() == depth + 1 => return route::back(),
            (_, Some((_, place))) => place,
            (Some(Place::About(address)), None) => Some(Place::Chat(address)),
            (Some(Place::Settings(page)), None) if page != Page::All => {
                Some(Place::Settings(Page::All))
            }
            _ => None,
        };
        self.visit(to);
        if by_default {
            // What one came from is not what it leads to.
            self.trail.take();
        }
    }

    /// How often something else was opened.
    pub fn went(&self) -> u64 {
        self.went.get()
    }

    /// Opens a conversation, or the list.
    pub fn go(&self, to: Option<Address>) {
        self.visit(to.map(Place::Chat));
    }

    /// Opens something, or the list.
    pub fn visit(&self, to: Option<Place>) {
        if route::is_list() {
            if let Some(place) = &to {
                route::open_beside(place);
            }
            return;
        }
        let deeper = self.leads(to.as_ref());
        match &to {
            Some(place) => route::open(place, deeper),
            None => route::close(),
        }
        self.goes(to);
    }

    /// Keeps what leads to a page, and says whether it is one that did not lead here itself. On the way back the keyboard goes to
    /// what was pressed there.
    fn leads(&self, to: Option<&Place>) -> bool {
        let place = self.place();
        let mut trail = self.trail.borrow_mut();
        let known = trail.iter().position(|step| step.place.as_ref() == to);
        if let Some(at) = known {
            let opener = trail.swap_remove(at).opener;
            trail.truncate(at);
            self.opener.replace(opener);
        } else if to.is_some_and(Place::is_page) {
            if place.as_ref() != to {
                let (depth, opener) = (route::depth(), dom::selector_of_focus());
                trail.push(Step {
                    place,
                    depth,
                    opener,
                });
                return true;
            }
        } else {
            trail.clear();
        }
        false
    }

    fn goes(&self, to: Option<Place>) {
        let old = self.open.replace(to.clone());
        if old == to {
            // What was pressed there may be gone: the keyboard stays on the page.
            dom::focus_id("page-title");
        } else {
            self.known.take();
            self.asks.set(false);
            if to.as_ref().is_some_and(Place::is_page) {
                later::fetch(self);
            }
            if old == Some(Place::Settings(Page::Watchers)) {
                self.intend(Intent::LeaveWatchers);
            }
            self.went.set(self.went.get() + 1);
            self.draw.force_update();
        }
    }

    /// Puts the keyboard where it was before, after a way back.
    pub fn rests(&self) {
        let opener = self.opener.take();
        if !opener.is_empty() {
            dom::focus_on(&opener);
        }
    }

    /// Of which of my presentities the settings speak.
    pub fn face(&self) -> Option<Tag> {
        self.face.borrow().clone()
    }

    pub fn turn(&self, face: Option<Tag>) {
        self.face.replace(face);
        self.pulse.note(Cause::Changed(Changed::Own));
    }

    /// What the door said of what the open page shows; with `ask`, the first time that is wanted.
    pub fn known(&self, ask: impl FnOnce()) -> Option<Rc<Known>> {
        let known = self.known.borrow().clone();
        if known.is_none() && !self.asks.replace(true) {
            ask();
        }
        known
    }

    pub fn forget(&self) {
        self.known.take();
    }

    pub fn learn(&self, known: Known) {
        self.known.replace(Some(Rc::new(known)));
        self.pulse.note(Cause::Changed(Changed::Own));
    }

    /// As whom I look at myself.
    pub fn viewer(&self) -> Viewer {
        self.viewer.borrow().clone()
    }

    pub fn look_as(&self, viewer: Viewer) {
        self.viewer.replace(viewer);
        self.pulse.note(Cause::Changed(Changed::Own));
    }

    /// Chooses once the hand rests: who walks through choices by the arrows means none of those on the way.
    pub fn rest(&self, deed: Deed, event: Event) {
        let house = self.clone();
        let timer = after(RESTS_MS, Box::new(move || house.perform(&deed, &event)));
        self.resting.replace(Some(timer));
    }

    /// Whether this service is one of the relay's: what belongs to another is not shown.
    pub fn offers(&self, service: Offers) -> bool {
        let offers = self.shell.read(|agent| agent.me()).offers;
        offers == Offers::Both || service == Offers::Both || offers == service
    }

    /// The open dialog. Each has a number, so that one that has just left the screen does not pass for the next of its kind.
    pub fn popup(&self) -> Option<(u32, Popup)> {
        self.popup.borrow().clone()
    }

    pub fn show(&self, popup: Popup) {
        later::fetch(self);
        self.complaint.take();
        self.waits.take();
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

    /// The dialog stays until this one's answer is there: until then `hear` is told all news.
    pub fn wait_for(&self, address: Address, hear: impl Fn(&News) + 'static) {
        let hears = self.shell.listen(hear);
        self.waits.replace(Some((address, hears)));
        self.draw.force_update();
    }

    pub fn wait_no_more(&self) {
        self.waits.take();
    }

    pub fn is_waiting(&self) -> bool {
        self.waits.borrow().is_some()
    }

    fn waits_for(&self, address: &Address) -> bool {
        let waits = self.waits.borrow();
        waits.as_ref().is_some_and(|(one, _)| one == address)
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
        self.waits.take();
        self.draw.force_update();
    }

    /// The door said no: where it wants the password once more, that is asked for and then it goes on.
    pub fn refused(&self, error: DoorError, again: Asking) {
        match error {
            DoorError::Refused(Code::SignInAgain) => {
                self.asked.replace(Some(again));
                self.show(Popup::Confirm);
            }
            DoorError::Refused(code) => self.say(Toast::fault(texts::sentence(code).into())),
            DoorError::Unreachable => self.say(Toast::fault(t().relay_unreachable.into())),
        }
    }

    /// The password was said.
    pub fn confirmed(&self) {
        self.intend(Intent::Confirmed);
        if let Some(again) = self.asked.take() {
            again();
        }
    }

    // What is said in passing.

    pub fn toasts(&self) -> Vec<(u32, Rc<Toast>)> {
        self.toasts.borrow().clone()
    }

    /// Tells the person something in passing.
    pub fn say(&self, toast: Toast) {
        let number = self.next();
        let mut toasts = self.toasts.borrow_mut();
        toasts.retain(|(_, other)| **other != toast);
        toasts.push((number, Rc::new(toast)));
        let above = toasts.len().saturating_sub(AT_ONCE);
        toasts.drain(..above);
        let house = self.clone();
        after(STAYS_MS, Box::new(move || house.dismiss(number))).forget();
        self.draw.force_update();
    }

    /// Takes away what was said and is not so any more.
    fn unsay(&self) {
        let toasts = self.toasts();
        let gone = toasts.iter().filter(|(_, toast)| !toast.holds(self));
        gone.for_each(|(number, _)| self.dismiss(*number));
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

    /// Something that was not loaded yet can be drawn.
    pub fn redraw(&self) {
        self.draw.force_update();
        self.pulse.note(Cause::Time);
    }
}
