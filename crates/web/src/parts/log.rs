//! What was said, oldest first, kept at its end unless one reads further up.
//!
//! The box is laid out from its end: new lines and a rising keyboard keep the end in view, and older pages that arrive above move
//! nothing. A screen reader hears new messages; pages of history come while the log is not live.

use gloo::timers::callback::Timeout;
use lamplight_embed::{ConversationView, Intent, Item, MessageId, Side};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};
use yew::prelude::*;

use super::bubble::{Bubble, Place};
use super::icon::{Glyph, Icon};
use crate::dom;
use crate::house::use_house;
use crate::texts::t;
use crate::times;

/// Closer than this to the end is the end.
const END_PX: i32 = 48;
/// Closer than this to the beginning asks for what is before it.
const BEGINNING_PX: i32 = 240;
/// Messages of one side within this time stand together.
const TOGETHER_MS: u64 = 5 * 60_000;
/// A page that has arrived is not read out.
const QUIET_MS: u32 = 600;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub conversation: ConversationView,
}

#[component]
pub fn Log(props: &Props) -> Html {
    let house = use_house();
    let view = &props.conversation;
    let with = view.row.address.clone();
    let node = use_node_ref();
    let at_end = use_state_eq(|| true);
    let quiet = use_quiet(view.loading);

    let look = {
        let (house, with, node, at_end) =
            (house.clone(), with.clone(), node.clone(), at_end.setter());
        let (unread, older) = (view.row.unread > 0, view.more && !view.loading);
        move || {
            let Some(list) = node.cast::<HtmlElement>() else {
                return;
            };
            // Laid out from the end, the position counts from there, upwards below zero.
            let up = -list.scroll_top();
            at_end.set(up < END_PX);
            if up < END_PX && unread && dom::is_visible() {
                house.intend(Intent::Seen { with: with.clone() });
            }
            if older && list.scroll_height() - list.client_height() - up < BEGINNING_PX {
                house.intend(Intent::LoadOlder { with: with.clone() });
            }
        }
    };
    use_first_unread(&node, view);
    use_rest(&node, view.items.last().map(|item| item.id));
    // After each drawing, and when the page comes into sight.
    {
        let look = look.clone();
        use_effect(look);
    }
    {
        let look = look.clone();
        use_effect_with((view.row.unread, view.more, view.loading), move |_| {
            let listener =
                gloo::events::EventListener::new(&dom::document(), "visibilitychange", move |_| {
                    look();
                });
            move || drop(listener)
        });
    }
    let onscroll = Callback::from(move |_: Event| look());
    let to_end = {
        let node = node.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(list) = node.cast::<HtmlElement>() {
                list.set_scroll_top(0);
            }
            dom::focus_id("message");
        })
    };
    let older = house.wants::<MouseEvent>(Intent::LoadOlder { with: with.clone() });
    html! {
        <div class="log-place">
            <div class="log-scroll" ref={node} {onscroll}>
                <div class="log" role="log" aria-label={t().conversation_with.replace("{name}", &view.row.name)}
                    aria-live={if quiet { "off" } else { "polite" }} aria-relevant="additions" aria-busy={view.loading.to_string()}
                    onkeydown={Callback::from(|event| walk(&event))}>
                    if view.loading {
                        <p class="log-note">{ t().loading }</p>
                    } else if view.more {
                        <button type="button" class="quiet log-older" onclick={older}>{ t().show_older }</button>
                    } else if view.items.is_empty() {
                        <p class="log-note">{ t().nothing_said.replace("{name}", &view.row.name) }</p>
                    }
                    { lines(view, house.shell.now().timestamp) }
                </div>
            </div>
            if !*at_end {
                <button type="button" class="to-end" onclick={to_end}>
                    <Glyph icon={Icon::Down} />{ t().to_end }
                    if view.row.unread > 0 { <span class="badge">{ view.row.unread }</span> }
                </button>
            }
        </div>
    }
}

/// The messages with a line for each day and one before the first that was unread.
fn lines(view: &ConversationView, now: lamplight_embed::Timestamp) -> Html {
    let mut lines: Vec<Html> = Vec::with_capacity(view.items.len() + 8);
    let last_mine = view.items.iter().rposition(|item| item.side == Side::Mine);
    for (at, item) in view.items.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| &view.items[at]);
        let day = times::day(item.at);
        if before.is_none_or(|before| times::day(before.at) != day) {
            let key = format!("day-{}-{}-{}", day.0, day.1, day.2);
            lines.push(html! { <p {key} class="day"><span>{ super::presence::capital(&times::day_line(item.at, now)) }</span></p> });
        }
        if view.first_unread == Some(item.id) {
            lines.push(html! { <p key="unread" class="unread-line" data-unread=""><span>{ t().unread_line }</span></p> });
        }
        let place = Place {
            first: !before.is_some_and(|before| together(before, item))
                || view.first_unread == Some(item.id),
            last: !view
                .items
                .get(at + 1)
                .is_some_and(|after| together(item, after)),
            newest: at + 1 == view.items.len(),
            newest_mine: last_mine == Some(at),
        };
        let key = format!(
            "{}-{}",
            if item.side == Side::Mine { "m" } else { "t" },
            item.id
        );
        lines.push(
            html! { <Bubble {key} item={item.clone()} name={view.row.name.clone()} {place} /> },
        );
    }
    lines.into_iter().collect()
}

fn together(one: &Item, next: &Item) -> bool {
    one.side == next.side
        && next.at.0.saturating_sub(one.at.0) < TOGETHER_MS
        && times::day(one.at) == times::day(next.at)
}

/// True while a page is on its way and until a moment after it has come.
#[hook]
fn use_quiet(loading: bool) -> bool {
    let settled = use_state_eq(|| false);
    {
        let settled = settled.setter();
        use_effect_with(loading, move |loading| {
            let timer = if *loading {
                settled.set(false);
                None
            } else {
                Some(Timeout::new(QUIET_MS, move || settled.set(true)))
            };
            move || drop(timer)
        });
    }
    loading || !*settled
}

/// Begins at the first unread message where it is above the end's view.
#[hook]
fn use_first_unread(node: &NodeRef, view: &ConversationView) {
    let node = node.clone();
    use_effect_with(
        (view.first_unread, view.items.is_empty()),
        move |(first, _)| {
            let list = first.and_then(|_| node.cast::<Element>());
            let line = list
                .as_ref()
                .and_then(|list| list.query_selector("[data-unread]").ok().flatten());
            if let (Some(list), Some(line)) = (list, line)
                && line.get_bounding_client_rect().top() < list.get_bounding_client_rect().top()
            {
                let options = ScrollIntoViewOptions::new();
                options.set_block(ScrollLogicalPosition::Start);
                line.scroll_into_view_with_scroll_into_view_options(&options);
            }
        },
    );
}

/// Who reads further up is not moved: what comes below adds to the distance from the end, by which the place counts.
#[hook]
fn use_rest(node: &NodeRef, newest: Option<MessageId>) {
    let node = node.clone();
    let last = use_mut_ref(|| (None, 0));
    use_effect(move || {
        let Some(list) = node.cast::<HtmlElement>() else {
            return;
        };
        let height = list.scroll_height();
        let (known, before) = last.replace((newest, height));
        if known.is_some() && known != newest && -list.scroll_top() >= END_PX {
            list.set_scroll_top(list.scroll_top() - (height - before));
        }
    });
}

/// Arrows, Home and End go from message to message.
fn walk(event: &KeyboardEvent) {
    let Some(active) = dom::document().active_element() else {
        return;
    };
    let Some(log) = active.closest("[role=log]").ok().flatten() else {
        return;
    };
    let here = active.closest("[data-item]").ok().flatten();
    let Ok(items) = log.query_selector_all("[data-item]") else {
        return;
    };
    let Some(last) = items.length().checked_sub(1) else {
        return;
    };
    let at = (0..=last).find(|at| {
        items.item(*at).is_some_and(|item| {
            here.as_ref()
                .is_some_and(|here| here.is_same_node(Some(&item)))
        })
    });
    let to = match (event.key().as_str(), at) {
        ("ArrowUp", Some(at)) => at.saturating_sub(1),
        ("ArrowDown", Some(at)) => (at + 1).min(last),
        ("Home", Some(_)) => 0,
        ("End", Some(_)) => last,
        ("Escape", _) => {
            dom::focus_id("message");
            return;
        }
        _ => return,
    };
    if event.alt_key() || event.ctrl_key() || event.meta_key() {
        return;
    }
    event.prevent_default();
    if let Some(item) = items.item(to) {
        dom::focus(item.unchecked_ref());
    }
}
