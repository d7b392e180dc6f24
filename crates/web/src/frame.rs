//! A conversation on another site's page: one frame, one visitor, one address that is written to.
//!
//! ```text
//!   greets the page ─▶ hello ─▶ who is it?  the site vouches: its token is traded at the door, for the login kept here if
//!                                           it is theirs
//!                                           a guest who was here before: as the browser remembers
//!                                           a new guest: says a name, or none
//!                            ─▶ chat        an agent of its own, whose line is opened with the visitor's secret
//! ```
//! The page around is believed nothing but what is its own: what stands on its button, whether the frame is shown, and what its
//! badge says. Who the visitor is says the relay.

mod around;
mod chat;
mod memory;
mod start;

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;

use lamplight_embed::{
    Address, Door, DoorError, Listening, News, Shell, Visitor, Word, after, clear,
};
use wasm_bindgen_futures::spawn_local;
use yew::functional::UseForceUpdateHandle;
use yew::prelude::*;

use crate::dom;
use crate::draw::{On, act, div, p, part, pressed, tag};
use crate::texts::{self, t};
use around::{Around, Heard};

/// Which conversation, for which page.
struct Asked {
    to: Address,
    origin: String,
}

/// How far the visitor has come.
#[derive(Clone, PartialEq)]
enum Stage {
    /// The page, or the relay, has not said yet who it is.
    Comes,
    /// A name is asked for; with what went wrong before, if anything.
    Starts(&'static str),
    In(Shell),
}

/// What the frame knows. Clones are the same one.
#[derive(Clone)]
struct Frame(Rc<Inner>);

struct Inner {
    asked: Asked,
    around: Around,
    stage: RefCell<Stage>,
    /// What is said of the one who is written to, on the page's button.
    name: RefCell<String>,
    /// What the page's badge says of them.
    word: Cell<Option<Word>>,
    /// Whether the page shows the frame.
    open: Cell<bool>,
    /// Whether the page's backend may vouch.
    vouches: Cell<bool>,
    /// Whether the backend did, when it was asked last.
    vouched: Cell<bool>,
    /// What those who answer read of the visitor.
    called: RefCell<Option<String>>,
    /// Whether the browser remembers who the visitor is.
    remembers: Cell<bool>,
    listening: RefCell<Option<Listening>>,
    draw: RefCell<Option<UseForceUpdateHandle>>,
}

impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for Frame {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Frame {
    fn go(&self, stage: Stage) {
        self.stage.replace(stage);
        self.redraw();
    }

    fn redraw(&self) {
        if let Some(draw) = &*self.draw.borrow() {
            draw.force_update();
        }
    }

    /// The page said something.
    fn hear(&self, heard: Heard) {
        match heard {
            Heard::Hello { name, vouches } => {
                self.name.replace(name);
                self.vouches.set(vouches);
                if *self.stage.borrow() == Stage::Comes {
                    self.begin();
                }
                self.redraw();
            }
            Heard::State { open, word } => {
                self.word.set(word);
                let was_open = self.open.replace(open);
                if let Some(shell) = self.shell() {
                    shell.cover(!open);
                }
                if open && !was_open {
                    self.focus();
                }
                self.redraw();
            }
            answer if *self.stage.borrow() == Stage::Comes => self.answered(answer),
            _ => {}
        }
    }

    /// The page has said who the visitor is.
    fn answered(&self, who: Heard) {
        self.vouched.set(matches!(who, Heard::Token(_)));
        if let Heard::Token(token) = who {
            return self.enter(Some(token), String::new());
        }
        if let Heard::Nobody = who {
            // Whoever was here before has signed out of the site.
            if let Some(former) = memory::recall_vouched(&self.asked) {
                memory::forget_vouched(&self.asked);
                spawn_local(Door.leave(former));
            }
        }
        self.begin_as_guest();
    }

    /// Finds out who the visitor is, once more.
    fn again(&self) {
        self.go(Stage::Comes);
        self.begin();
    }

    fn begin(&self) {
        if self.vouches.get() {
            self.around.say("token?", 0);
        } else {
            self.begin_as_guest();
        }
    }

    fn begin_as_guest(&self) {
        match memory::recall(&self.asked) {
            Some(visitor) => self.welcome(visitor, true),
            None => self.go(Stage::Starts("")),
        }
    }

    /// Trades a token, or a name, for a way in.
    fn enter(&self, token: Option<String>, name: String) {
        self.go(Stage::Comes);
        let frame = self.clone();
        spawn_local(async move {
            let Asked { origin, to } = &frame.asked;
            let token = token.as_deref();
            let former = token.and_then(|_| memory::recall_vouched(&frame.asked));
            let kept = former.as_ref().map(|former| former.token.as_str());
            let asked = Door.visit(origin, to.as_str(), token, kept, &name);
            match asked.await {
                Ok(visitor) => {
                    // Who is vouched for is asked about each time: the site may know better by then.
                    let remembers = if token.is_some() {
                        memory::keep_vouched(&frame.asked, &visitor);
                        true
                    } else {
                        memory::keep(&frame.asked, &visitor)
                    };
                    if let Some(former) = former.filter(|one| one.principal != visitor.principal) {
                        spawn_local(clear(former.principal));
                    }
                    frame.welcome(visitor, remembers);
                }
                Err(error) => frame.go(Stage::Starts(match error {
                    DoorError::Refused(code) => texts::sentence(code),
                    DoorError::Unreachable => t().relay_unreachable,
                })),
            }
        });
    }

    /// The visitor is in.
    fn welcome(&self, visitor: Visitor, remembers: bool) {
        self.called.replace(visitor.called);
        self.remembers.set(remembers);
        let frame = self.clone();
        spawn_local(async move {
            let shell = Shell::open_with(visitor.principal, visitor.token).await;
            shell.cover(!frame.open.get());
            let heard = frame.clone();
            let listening = shell.listen(move |news| {
                if let News::SignedOut(_) = news {
                    heard.went();
                }
            });
            frame.listening.replace(Some(listening));
            shell.start();
            frame.go(Stage::In(shell));
            frame.focus();
        });
    }

    /// The relay does not know the visitor any more.
    fn went(&self) {
        if let Some(shell) = self.shell() {
            shell.stop();
        }
        if !self.vouched.get() {
            memory::forget(&self.asked);
        }
        self.go(Stage::Starts(t().visit_over));
    }

    fn shell(&self) -> Option<Shell> {
        match &*self.stage.borrow() {
            Stage::In(shell) => Some(shell.clone()),
            _ => None,
        }
    }

    /// The keyboard goes to where one writes, if the frame is in sight.
    fn focus(&self) {
        if self.open.get() {
            // Once it is drawn.
            after(
                0,
                Box::new(|| dom::focus_on("#message, .start input, .start button")),
            )
            .forget();
        }
    }

    fn unread(&self, count: u32) {
        self.around.say("unread", count);
    }

    /// Whom the visitor writes to.
    fn whom(&self) -> String {
        let name = self.name.borrow();
        if name.is_empty() {
            self.asked.to.as_str().into()
        } else {
            name.clone()
        }
    }
}

#[derive(Properties, PartialEq)]
struct Props {
    frame: Frame,
}

#[component]
fn View(props: &Props) -> Html {
    let draw = use_force_update();
    let frame = &props.frame;
    frame.draw.replace(Some(draw));
    let stage = frame.stage.borrow().clone();
    let keys = {
        let frame = frame.clone();
        act(move |event| {
            let key = pressed(event);
            if key.key() == "Escape" && !key.is_composing() {
                frame.around.say("close", 0);
            }
        })
    };
    let waits = || div("start").with(p("muted").attr("role", "status").say(t().one_moment));
    tag("main")
        .class("visit")
        .attr_of("aria-label", &frame.whom())
        .on(On::KeyDown, keys)
        .with(match stage {
            Stage::Comes => waits().into(),
            Stage::Starts(wrong) => start::start(frame, wrong),
            Stage::In(shell) => part::<chat::Chat>(chat::Props {
                frame: frame.clone(),
                shell,
                name: frame.whom(),
                word: frame.word.get(),
            }),
        })
        .into()
}

pub fn run() {
    let Some(root) = dom::by_id("app") else {
        return;
    };
    let Some(asked) = around::asked(&dom::search()).filter(|_| around::is_framed()) else {
        root.set_text_content(Some(t().not_here));
        return;
    };
    let frame = Frame(Rc::new(Inner {
        asked,
        around: Around::default(),
        stage: RefCell::new(Stage::Comes),
        name: RefCell::default(),
        word: Cell::default(),
        open: Cell::default(),
        vouches: Cell::default(),
        vouched: Cell::default(),
        called: RefCell::default(),
        remembers: Cell::default(),
        listening: RefCell::default(),
        draw: RefCell::default(),
    }));
    let heard = frame.clone();
    let origin = &frame.asked.origin;
    frame.around.greet(origin, move |what| heard.hear(what));
    yew::Renderer::<View>::with_root_and_props(root, Props { frame }).render();
}
