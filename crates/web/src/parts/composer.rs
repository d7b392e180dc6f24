//! Where one writes. What stands there is a draft that the agent keeps; Enter sends, and never in the middle of composing a
//! character.

use std::cell::RefCell;
use std::rc::Rc;

use gloo::timers::callback::Timeout;
use lamplight_embed::{
    Address, BODY_MAX, Body, ConversationView, InboxAddress, Intent, Phase, after, listen,
};
use wasm_bindgen::JsCast;
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::field::submit;
use super::icon::{Icon, glyph};
use crate::dom;
use crate::draw::{On, act, div, p, pressed, tag};
use crate::kept::{Undo, use_kept, use_while};
use crate::pulse::Pulse;
use crate::texts::t;
use crate::times;

/// A draft is kept when the hand rests this long, and at once when the page is left.
const DRAFT_AFTER_MS: u32 = 100;

/// Where one writes, as a piece of the conversation's part. `closed` is why nothing can be written now; `leave` is where Escape
/// leads.
#[hook]
pub fn use_composer(
    pulse: &Pulse,
    view: &ConversationView,
    closed: Option<String>,
    leave: Rc<dyn Fn()>,
) -> Html {
    let is_closed = closed.is_some();
    // How much too long, and whether there is nothing to send.
    let judged = use_kept(|| judge(&view.draft));
    let desk = Desk {
        pulse: pulse.clone(),
        with: view.row.address.clone(),
        resting: use_ref(RefCell::default),
    };
    use_while(0, {
        let (desk, draft) = (desk.clone(), view.draft.clone());
        Box::new(move || desk.opened(&draft))
    });
    let input = {
        let (desk, judged) = (desk.clone(), judged.clone());
        act(move |_| {
            judged.set(judge(&text()));
            desk.types();
            desk.rest();
        })
    };
    let send = {
        let (desk, judged) = (desk.clone(), judged.clone());
        move || {
            if !is_closed && desk.send() {
                judged.set(judge(""));
            }
        }
    };
    let keys = {
        let send = send.clone();
        act(move |event| {
            let key = pressed(event);
            // 229: some browsers end a composition before they tell of the key that ended it.
            let composing = key.is_composing() || key.key_code() == 229;
            match key.key().as_str() {
                "Enter" if !key.shift_key() && !composing => {
                    event.prevent_default();
                    send();
                }
                "Escape" if !composing => leave(),
                _ => {}
            }
        })
    };
    let sent = act(move |event| {
        event.prevent_default();
        send();
        dom::focus_id("message");
    });
    let (over, empty) = judged.get();
    let problem = match (closed, over) {
        (Some(why), _) => why,
        (None, 0) => String::new(),
        (None, over) => times::plural(over as u32, t().too_long_one, t().too_long_other),
    };
    let problem_line = || {
        p("composer-problem")
            .attr("id", "composer-problem")
            .attr("role", "status")
            .text(&problem)
    };
    let area = tag("textarea")
        .attr("id", "message")
        .attr("rows", "1")
        .attr("aria-label", t().message)
        .attr("placeholder", t().message_hint)
        .attr("dir", "auto")
        .attr("enterkeyhint", "send")
        .attr("autocomplete", "off")
        .flag("disabled", is_closed)
        .attr_if(over > 0, "aria-invalid", "true")
        .attr_if(!problem.is_empty(), "aria-describedby", "composer-problem")
        .on(On::Input, input)
        .on(On::KeyDown, keys)
        .on(On::Blur, act(move |_| desk.keep()));
    let button = submit("round primary", "")
        .attr("aria-label", t().send)
        .attr("title", t().send)
        .flag("disabled", empty || over > 0 || is_closed)
        .with(glyph(Icon::Send));
    tag("form")
        .class("composer")
        .on(On::Submit, sent)
        .maybe((!problem.is_empty()).then(problem_line))
        .with(div("composer-box").with(area).with(button))
        .into()
}

/// How many bytes a text is too long, and whether it says nothing.
fn judge(text: &str) -> (usize, bool) {
    (text.len().saturating_sub(BODY_MAX), text.trim().is_empty())
}

fn area() -> Option<HtmlTextAreaElement> {
    dom::by_id("message").map(JsCast::unchecked_into)
}

fn text() -> String {
    area().map_or_else(String::new, |area| area.value())
}

/// What is done with what is written.
#[derive(Clone)]
struct Desk {
    pulse: Pulse,
    with: Address,
    /// Runs while the hand rests; then there is something to keep.
    resting: Rc<RefCell<Option<Timeout>>>,
}

impl Desk {
    /// Puts the draft back and the keyboard here, except where that would open one on the screen. From now on nothing that was
    /// typed is lost when the page is left or the conversation closed.
    fn opened(self, draft: &str) -> Undo {
        if let Some(area) = area() {
            area.set_value(draft);
        }
        // What nobody sees takes the keyboard from nobody.
        if self.pulse.shell.is_seen() {
            dom::focus_id(if dom::has_keyboard() {
                "message"
            } else {
                "chat-title"
            });
        }
        let keep = |kind, phase, target: &web_sys::EventTarget| {
            let desk = self.clone();
            listen(target, kind, phase, Box::new(move |_| desk.keep()))
        };
        let listeners = (
            keep("visibilitychange", Phase::Bubble, &dom::document()),
            // Before the shell closes the line and has everything kept.
            keep("pagehide", Phase::Capture, &dom::window()),
        );
        Box::new(move || {
            self.keep();
            drop(listeners);
        })
    }

    /// The other is told that somebody writes, where there is something.
    fn types(&self) {
        if !text().trim().is_empty() {
            let with = self.with.clone();
            self.pulse.intend(Intent::Typing { with });
        }
    }

    fn rest(&self) {
        let desk = self.clone();
        let timer = after(DRAFT_AFTER_MS, Box::new(move || desk.keep()));
        self.resting.replace(Some(timer));
    }

    /// Has the draft kept, if it is another than before.
    fn keep(&self) {
        if self.resting.take().is_some() {
            self.draft(text());
        }
    }

    fn draft(&self, text: String) {
        let with = self.with.clone();
        self.pulse.intend(Intent::Draft { with, text });
    }

    /// Whether it was sent. Empty or too long it stays where it is, and a line says why.
    fn send(&self) -> bool {
        let Ok(body) = Body::parse(text().trim_end()) else {
            return false;
        };
        self.resting.take();
        if let Some(area) = area() {
            area.set_value("");
        }
        let to = InboxAddress::from(self.with.clone());
        self.pulse.intend(Intent::Send { to, body });
        self.draft(String::new());
        if let Some(scroll) = dom::document().query_selector(".log-scroll").ok().flatten() {
            scroll.set_scroll_top(0);
        }
        true
    }
}
