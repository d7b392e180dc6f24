//! Owns the agent of one principal in this tab: feeds it, drains it, carries out what it wants, and tells the page what is new.
//!
//! ```text
//!   handle(input) ─▶ drain outputs ─▶ line, keepsakes, listeners ─▶ arm one timer for poll_timeout
//! ```
//! A listener may intend something while it is told; the input then waits until the agent is drained.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use gloo::timers::callback::Timeout;
use lamplight_core::address::{Address, Principal};
use lamplight_core::agent::{
    Agent, AgentConfig, Changed, Headings, IDLE_AFTER, Input, Intent, LineLost, Listed, Notice,
    Output,
};
use lamplight_core::code::Code;
#[cfg(feature = "recording")]
use lamplight_core::recording::Recorder;
use lamplight_core::time::{Instant, Now, millis};
use lamplight_core::wire::Credentials;
use wasm_bindgen_futures::spawn_local;

use crate::chance;
use crate::clock;
use crate::door::{Door, DoorError};
use crate::keep::Keep;
use crate::letters::lower;
use crate::socket::{Closing, Heard, Socket};
use crate::storage::local;
use crate::tab::{self, Tab, TabEvent, Watch};

/// An attempt to open a line that has not succeeded after this long has failed: a cut network never says so itself.
const CONNECT_WITHIN_MS: u32 = 12_000;
/// Kept where the list is headed by how people are.
const BY_PRESENCE: &str = "lamplight-by-presence";

/// What listeners are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A getter of the agent answers differently now.
    Changed(Changed),
    /// Tell the person, once.
    Tell(Notice),
    /// The login is over: show the door.
    SignedOut(Code),
    /// This browser keeps nothing: what waits to be sent does not outlive the tab.
    KeepsNothing,
}

type Listener = Rc<dyn Fn(&News)>;

/// The agent of one principal in this tab; clones are the same one.
#[derive(Clone)]
pub struct Shell(Rc<Inner>);

impl PartialEq for Shell {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

struct Inner {
    agent: RefCell<Agent>,
    #[cfg(feature = "recording")]
    recorder: RefCell<Recorder>,
    inputs: RefCell<VecDeque<Input>>,
    busy: Cell<bool>,
    line: RefCell<Option<Socket>>,
    /// Counts lines asked for: what an earlier one still says is not heard.
    attempt: Cell<u64>,
    patience: RefCell<Option<Timeout>>,
    timer: RefCell<Option<(Instant, Timeout)>>,
    keep: Keep,
    told_of_keep: Cell<bool>,
    tab: Tab,
    headings: Cell<Headings>,
    watch: RefCell<Option<Watch>>,
    listeners: RefCell<Vec<(u64, Listener)>>,
    next_listener: Cell<u64>,
    principal: Principal,
    login: Login,
    /// Nobody can see it although the tab is in sight.
    covered: Cell<bool>,
}

/// How a line is opened.
enum Login {
    /// By the browser's session at the door.
    Session,
    /// By the session of a member who speaks in the group's name.
    Member,
    /// By a bearer secret.
    Token(String),
}

/// Ends a listener when dropped.
pub struct Listening {
    shell: Weak<Inner>,
    number: u64,
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(shell) = self.shell.upgrade() {
            let mut listeners = shell.listeners.borrow_mut();
            listeners.retain(|(number, _)| *number != self.number);
        }
    }
}

impl Shell {
    /// Wakes the agent of a principal with what it kept. It goes to work at [`Shell::start`].
    pub async fn open(principal: Principal) -> Self {
        Self::open_as(principal, Login::Session).await
    }

    /// The same of a group, whose member has signed in. It ends by [`Shell::stop`]: the login is the member's own.
    pub async fn open_group(group: Principal) -> Self {
        Self::open_as(group, Login::Member).await
    }

    /// The same of whoever has this bearer secret: a visitor of another site.
    pub async fn open_with(principal: Principal, token: String) -> Self {
        Self::open_as(principal, Login::Token(token)).await
    }

    async fn open_as(principal: Principal, login: Login) -> Self {
        let tab = Tab::claim().await;
        let keep = Keep::open(principal.clone()).await;
        let keepsakes = keep.restore().await;
        let born = clock::now();
        let config = AgentConfig {
            seed: chance::seed(),
            principal: principal.clone(),
            device: tab::device(),
            tuple: tab.tuple.clone(),
            idle_after_ms: millis(IDLE_AFTER),
        };
        let shell = Self(Rc::new(Inner {
            agent: RefCell::new(Agent::new(config.clone(), born)),
            #[cfg(feature = "recording")]
            recorder: RefCell::new(Recorder::new(config, born)),
            inputs: RefCell::default(),
            busy: Cell::new(false),
            line: RefCell::default(),
            attempt: Cell::new(0),
            patience: RefCell::default(),
            timer: RefCell::default(),
            keep,
            told_of_keep: Cell::new(false),
            tab,
            headings: Cell::new(match local().get(BY_PRESENCE) {
                Some(_) => Headings::Presence,
                None => Headings::Groups,
            }),
            watch: RefCell::default(),
            listeners: RefCell::default(),
            next_listener: Cell::new(0),
            principal,
            login,
            covered: Cell::new(false),
        }));
        shell.feed(Input::Restored(keepsakes));
        shell
    }

    /// Goes to work: connects, and follows what happens to the tab.
    pub fn start(&self) {
        self.feed(Input::Start);
        if !self.is_seen() {
            self.feed(Input::Hidden);
        }
        let weak = Rc::downgrade(&self.0);
        let watch = tab::watch(move |event| {
            if let Some(inner) = weak.upgrade() {
                Self(inner).tab_event(event);
            }
        });
        self.0.watch.replace(Some(watch));
    }

    /// Whom this works for.
    pub fn principal(&self) -> &Principal {
        &self.0.principal
    }

    /// Reads the agent's getters. Not to be kept, and nothing may be intended from inside.
    pub fn read<T>(&self, look: impl FnOnce(&Agent) -> T) -> T {
        look(&self.0.agent.borrow())
    }

    /// Who of the contact list matches a query, in their order.
    pub fn roster(&self, query: &str) -> Vec<Address> {
        self.listed(query).places
    }

    /// The same, with what stands above them.
    pub fn listed(&self, query: &str) -> Listed {
        self.read(|agent| agent.listed(query, self.headings(), lower))
    }

    /// By what the list is headed in this browser.
    pub fn headings(&self) -> Headings {
        self.0.headings.get()
    }

    /// Heads the list by this from now on, where the browser keeps anything also in the next life.
    pub fn head_by(&self, headings: Headings) {
        self.0.headings.set(headings);
        if headings == Headings::Presence {
            local().set(BY_PRESENCE, "1");
        } else {
            local().remove(BY_PRESENCE);
        }
        self.tell(&News::Changed(Changed::Roster));
    }

    /// The clock that the agent's readings come from.
    pub fn now(&self) -> Now {
        clock::now()
    }

    /// Whether this browser keeps what is unsent.
    pub fn keeps(&self) -> bool {
        self.0.keep.works()
    }

    /// What happened to the agent so far, to be replayed elsewhere. As private as the conversations in it.
    #[cfg(feature = "recording")]
    pub fn recording(&self) -> Vec<u8> {
        self.0.recorder.borrow().recording()
    }

    /// The hash of everything the agent wanted so far.
    #[cfg(feature = "recording")]
    pub fn trace(&self) -> u64 {
        self.0.recorder.borrow().trace()
    }

    /// Tells `listener` all news until the answer is dropped.
    #[must_use]
    pub fn listen(&self, listener: impl Fn(&News) + 'static) -> Listening {
        let number = self.0.next_listener.get();
        self.0.next_listener.set(number + 1);
        let mut listeners = self.0.listeners.borrow_mut();
        listeners.push((number, Rc::new(listener)));
        Listening {
            shell: Rc::downgrade(&self.0),
            number,
        }
    }

    /// What the person wants.
    pub fn intend(&self, intent: Intent) {
        self.feed(Input::Intent(intent));
    }

    /// Leaves: says goodbye on the line, ends the session at the door and stops working.
    pub async fn sign_out(&self) -> Result<(), DoorError> {
        // Nobody is shown the door before it has heard: a page that is left at that moment would take its word back.
        self.0.listeners.borrow_mut().clear();
        self.intend(Intent::SignOut);
        self.stop();
        Door.sign_out().await
    }

    /// Stops working; nothing is told any more.
    pub fn stop(&self) {
        self.0.listeners.borrow_mut().clear();
        self.0.watch.take();
        self.0.timer.take();
        self.close_line(Closing::Done);
        self.0.tab.let_go();
    }

    fn feed(&self, input: Input) {
        self.0.inputs.borrow_mut().push_back(input);
        if self.0.busy.replace(true) {
            return;
        }
        while let Some(input) = self.next_input() {
            let now = clock::now();
            #[cfg(feature = "recording")]
            self.0.recorder.borrow_mut().input(&input, now);
            self.0.agent.borrow_mut().handle(input, now);
            while let Some(output) = self.next_output() {
                #[cfg(feature = "recording")]
                self.0.recorder.borrow_mut().output(&output, now);
                self.carry_out(output);
            }
        }
        self.0.busy.set(false);
        self.arm();
    }

    fn next_input(&self) -> Option<Input> {
        self.0.inputs.borrow_mut().pop_front()
    }

    fn next_output(&self) -> Option<Output> {
        self.0.agent.borrow_mut().poll_output()
    }

    fn carry_out(&self, output: Output) {
        match output {
            Output::Connect => self.connect(),
            Output::Send(frame) => {
                if let Some(line) = &*self.0.line.borrow() {
                    line.send(&frame);
                }
            }
            Output::Disconnect => self.close_line(Closing::Done),
            Output::Keep(keepsake) => {
                self.0.keep.keep(&keepsake);
                self.tell_of_keep();
            }
            Output::Forget(name) => self.0.keep.forget(&name),
            Output::Changed(what) => self.tell(&News::Changed(what)),
            Output::Tell(notice) => self.tell(&News::Tell(notice)),
            Output::SignedOut(code) => self.tell(&News::SignedOut(code)),
        }
    }

    fn tell(&self, news: &News) {
        let listeners: Vec<Listener> = self
            .0
            .listeners
            .borrow()
            .iter()
            .map(|(_, listener)| listener.clone())
            .collect();
        for listener in listeners {
            listener(news);
        }
    }

    fn tell_of_keep(&self) {
        if !self.0.keep.works() && !self.0.told_of_keep.replace(true) {
            self.tell(&News::KeepsNothing);
        }
    }

    /// One timer, for the earliest thing that is due. A line that says much puts off its deadline with every frame: one that went
    /// off too early is armed anew then, instead of each time.
    fn arm(&self) {
        let due = self.0.agent.borrow().poll_timeout();
        let armed = self.0.timer.borrow().as_ref().map(|(at, _)| *at);
        if armed.is_some_and(|at| due.is_none_or(|due| at <= due)) {
            return;
        }
        let timer = due.map(|due| {
            let wait = millis(due.since(clock::now().instant));
            // A timer of more than 24 days would fire at once; waking early does no harm.
            let wait = u32::try_from(wait).unwrap_or(u32::MAX).clamp(1, 1 << 30);
            let weak = Rc::downgrade(&self.0);
            let timeout = Timeout::new(wait, move || {
                if let Some(inner) = weak.upgrade() {
                    inner.timer.take();
                    Self(inner).feed(Input::Wake);
                }
            });
            (due, timeout)
        });
        self.0.timer.replace(timer);
    }

    /// A ticket from the door, then a line; every way this can go ends in one input.
    fn connect(&self) {
        self.close_line(Closing::Done);
        let attempt = self.0.attempt.get();
        let impatient = self.clone();
        let patience = Timeout::new(CONNECT_WITHIN_MS, move || {
            impatient.lost(attempt, LineLost::Unreachable);
        });
        self.0.patience.replace(Some(patience));

        let shell = self.clone();
        let group = match &self.0.login {
            Login::Session => None,
            Login::Member => Some(self.0.principal.clone()),
            Login::Token(token) => {
                return self.open_line(attempt, Credentials::Token(token.clone().into()));
            }
        };
        spawn_local(async move {
            match Door.ticket(group.as_ref()).await {
                Ok((_, Some(other))) if other != shell.0.principal => {
                    // Somebody else signed in with this browser meanwhile.
                    shell.lost(attempt, LineLost::SignedOut);
                }
                Ok((ticket, _)) => shell.open_line(attempt, Credentials::Ticket(ticket.into())),
                // A group may have sent its member away.
                Err(DoorError::Refused(Code::NotSignedIn | Code::SignedOut | Code::NotAllowed)) => {
                    shell.lost(attempt, LineLost::SignedOut);
                }
                Err(_) => shell.lost(attempt, LineLost::Unreachable),
            }
        });
    }

    fn open_line(&self, attempt: u64, credentials: Credentials) {
        if attempt != self.0.attempt.get() {
            return;
        }
        let weak = Rc::downgrade(&self.0);
        let credentials = Cell::new(Some(credentials));
        let socket = Socket::open(move |heard| {
            let Some(shell) = weak.upgrade().map(Self) else {
                return;
            };
            if attempt != shell.0.attempt.get() {
                return;
            }
            match heard {
                Heard::Open => {
                    shell.0.patience.take();
                    if let Some(credentials) = credentials.take() {
                        shell.feed(Input::Opened(credentials));
                    }
                }
                Heard::Frame(frame) => shell.feed(Input::Frame(frame)),
                Heard::Lost(how) => shell.lost(attempt, how),
            }
        });
        match socket {
            Some(socket) => {
                self.0.line.replace(Some(socket));
            }
            None => self.lost(attempt, LineLost::Unreachable),
        }
    }

    fn lost(&self, attempt: u64, how: LineLost) {
        if attempt == self.0.attempt.get() {
            self.close_line(Closing::Done);
            self.feed(Input::Lost(how));
        }
    }

    /// Closes the line and is deaf to whatever it still says.
    fn close_line(&self, closing: Closing) {
        self.0.attempt.set(self.0.attempt.get() + 1);
        self.0.patience.take();
        if let Some(line) = self.0.line.take() {
            line.close(closing);
        }
    }

    fn tab_event(&self, event: TabEvent) {
        match event {
            TabEvent::Active => self.feed(Input::Active),
            TabEvent::Hidden => self.feed(Input::Hidden),
            TabEvent::Shown => self.shown(),
            TabEvent::Online => self.feed(Input::Online),
            TabEvent::Leaving => {
                // What is to outlive the page is written first: after this event nobody may come to it.
                self.feed(Input::Hidden);
                // No close event comes after a return from the back/forward cache, so the line is closed here.
                self.close_line(Closing::PageHidden);
                self.feed(Input::Lost(LineLost::Closed));
                self.0.tab.let_go();
            }
            TabEvent::Returned => {
                let shell = self.clone();
                spawn_local(async move { shell.0.tab.hold_again().await });
                self.feed(Input::Online);
                self.shown();
            }
        }
    }

    /// In a frame that its page hides nothing is seen, whatever the browser says of the tab.
    pub fn cover(&self, covered: bool) {
        self.0.covered.set(covered);
        if covered {
            self.feed(Input::Hidden);
        } else if !tab::is_hidden() {
            self.feed(Input::Shown);
        }
    }

    /// Whether somebody can see what is drawn.
    pub fn is_seen(&self) -> bool {
        !self.0.covered.get() && !tab::is_hidden()
    }

    fn shown(&self) {
        if !self.0.covered.get() {
            self.feed(Input::Shown);
        }
    }
}
