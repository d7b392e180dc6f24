//! Where one writes. What stands there is a draft that the agent keeps; Enter sends, and never in the middle of composing a
//! character.

use gloo::timers::callback::Timeout;
use lamplight_embed::{Address, BODY_MAX, Body, InboxAddress, Intent};
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::icon::{Glyph, Icon};
use crate::dom;
use crate::house::use_house;
use crate::texts::t;
use crate::times;

/// A draft is kept when the hand rests this long, and at once when the page is left.
const DRAFT_AFTER_MS: u32 = 100;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub address: Address,
    /// What stood there when the conversation was opened.
    pub draft: String,
    /// Why nothing can be written now.
    pub closed: Option<&'static str>,
}

#[component]
pub fn Composer(props: &Props) -> Html {
    let house = use_house();
    let node = use_node_ref();
    let over = use_state_eq(|| 0_usize);
    let empty = use_state_eq(|| props.draft.trim().is_empty());
    let resting = use_mut_ref(|| None::<Timeout>);

    let keep_draft = {
        let (house, node, with, resting) = (
            house.clone(),
            node.clone(),
            props.address.clone(),
            resting.clone(),
        );
        use_callback((), move |(), ()| {
            if resting.borrow_mut().take().is_some() {
                house.intend(Intent::Draft {
                    with: with.clone(),
                    text: text_of(&node),
                });
            }
        })
    };
    use_first_focus(&node, &props.draft);
    use_leaving(&keep_draft);

    let oninput = {
        let (node, over, empty) = (node.clone(), over.setter(), empty.setter());
        let (resting, keep_draft) = (resting.clone(), keep_draft.clone());
        Callback::from(move |_: InputEvent| {
            let text = text_of(&node);
            over.set(text.len().saturating_sub(BODY_MAX));
            empty.set(text.trim().is_empty());
            let keep_draft = keep_draft.clone();
            let timer = Timeout::new(DRAFT_AFTER_MS, move || keep_draft.emit(()));
            resting.replace(Some(timer));
        })
    };
    let send = {
        let (house, node, with, resting) = (
            house.clone(),
            node.clone(),
            props.address.clone(),
            resting.clone(),
        );
        let (empty, closed) = (empty.setter(), props.closed.is_some());
        Callback::from(move |()| {
            // Empty or too long: it stays where it is, and the line below says why.
            let Ok(body) = Body::parse(text_of(&node).trim_end()) else {
                return;
            };
            if closed {
                return;
            }
            resting.borrow_mut().take();
            if let Some(area) = node.cast::<HtmlTextAreaElement>() {
                area.set_value("");
            }
            empty.set(true);
            house.intend(Intent::Send {
                to: InboxAddress::from(with.clone()),
                body,
            });
            house.intend(Intent::Draft {
                with: with.clone(),
                text: String::new(),
            });
            if let Some(scroll) = dom::document().query_selector(".log-scroll").ok().flatten() {
                scroll.set_scroll_top(0);
            }
        })
    };
    let onkeydown = {
        let (send, go) = (send.clone(), house.go.clone());
        Callback::from(move |event: KeyboardEvent| {
            // 229: some browsers end a composition before they tell of the key that ended it.
            let composing = event.is_composing() || event.key_code() == 229;
            match event.key().as_str() {
                "Enter" if !event.shift_key() && !composing => {
                    event.prevent_default();
                    send.emit(());
                }
                "Escape" if !composing => leave(&go),
                _ => {}
            }
        })
    };
    let onsubmit = {
        let (send, node) = (send.clone(), node.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            send.emit(());
            dom::focus_ref(&node);
        })
    };
    let problem = match (props.closed, *over) {
        (Some(why), _) => Some(why.to_owned()),
        (None, 0) => None,
        (None, over) => Some(times::plural(
            over as u32,
            t().too_long_one,
            t().too_long_other,
        )),
    };
    html! {
        <form class="composer" {onsubmit}>
            if let Some(problem) = &problem {
                <p id="composer-problem" class="composer-problem" role="status">{ problem }</p>
            }
            <div class="composer-box">
                <textarea id="message" ref={node} rows="1" aria-label={t().message} placeholder={t().message_hint} dir="auto"
                    enterkeyhint="send" autocomplete="off" disabled={props.closed.is_some()}
                    aria-invalid={(*over > 0).then_some("true")} aria-describedby={problem.is_some().then_some("composer-problem")}
                    {oninput} {onkeydown} onblur={keep_draft.reform(|_| ())} />
                <button type="submit" class="round primary" aria-label={t().send} title={t().send}
                    disabled={*empty || *over > 0 || props.closed.is_some()}>
                    <Glyph icon={Icon::Send} />
                </button>
            </div>
        </form>
    }
}

fn text_of(node: &NodeRef) -> String {
    node.cast::<HtmlTextAreaElement>()
        .map(|area| area.value())
        .unwrap_or_default()
}

/// Escape leaves to the list: on a narrow screen by closing the conversation.
fn leave(go: &Callback<Option<Address>>) {
    if dom::is_narrow() {
        go.emit(None);
    } else {
        dom::focus_id("roster");
    }
}

/// The draft is put back, and the keyboard is here, except where that would open one on the screen.
#[hook]
fn use_first_focus(node: &NodeRef, draft: &str) {
    let (node, draft) = (node.clone(), draft.to_owned());
    use_effect_with((), move |()| {
        if let Some(area) = node.cast::<HtmlTextAreaElement>() {
            area.set_value(&draft);
        }
        if dom::has_keyboard() {
            dom::focus_ref(&node);
        } else {
            dom::focus_id("chat-title");
        }
    });
}

/// Nothing that was typed is lost when the page is left or the conversation closed.
#[hook]
fn use_leaving(keep_draft: &Callback<()>) {
    let keep_draft = keep_draft.clone();
    use_effect_with((), move |()| {
        let keep = keep_draft.clone();
        let listener =
            gloo::events::EventListener::new(&dom::document(), "visibilitychange", move |_| {
                keep.emit(());
            });
        let keep = keep_draft.clone();
        // In the capture phase: before the shell closes the line and has everything kept.
        let hiding = gloo::events::EventListener::new_with_options(
            &dom::window(),
            "pagehide",
            gloo::events::EventListenerOptions::run_in_capture_phase(),
            move |_| keep.emit(()),
        );
        move || {
            keep_draft.emit(());
            drop((listener, hiding));
        }
    });
}
