//! What was said, oldest first, kept at its end unless one reads further up.
//!
//! The box is laid out from its end: new lines and a rising keyboard keep the end in view, and older pages that arrive above move
//! nothing. A screen reader hears new messages; pages of history come while the log is not live.

use std::cell::RefCell;
use std::rc::Rc;

use lamplight_embed::{
    ConversationView, Intent, Item, MessageId, Phase, Side, Timestamp, after, joined, listen,
};
use web_sys::{Element, KeyboardEvent};
use yew::prelude::*;

use super::bubble::{self, Bubble, Place};
use super::icon::{Icon, glyph};
use crate::dom;
use crate::draw::{On, act, button, div, keyed_part, list, p, pressed, span, tag};
use crate::kept::{Kept, use_after, use_kept, use_node, use_while};
use crate::pulse::Pulse;
use crate::texts::{fill, t};
use crate::times;

/// Closer than this to the end is the end.
const END_PX: i32 = 48;
/// Closer than this to the beginning asks for what is before it.
const BEGINNING_PX: i32 = 240;
/// Messages of one side within this time stand together.
const TOGETHER_MS: u64 = 5 * 60_000;
/// A page that has arrived is not read out.
const QUIET_MS: u32 = 600;

/// What was said, as a piece of the conversation's part.
#[hook]
pub fn use_log(pulse: &Pulse, view: &ConversationView) -> Html {
    let with = view.row.address.clone();
    let node = use_node();
    let at_end = use_kept(|| true);
    let quiet = use_quiet(view.loading);

    let look: Rc<dyn Fn()> = {
        let (pulse, with) = (pulse.clone(), with.clone());
        let (node, at_end) = (node.clone(), at_end.clone());
        let (unread, older) = (view.row.unread > 0, view.more && !view.loading);
        Rc::new(move || {
            let Some(list) = node.cast::<Element>() else {
                return;
            };
            // Laid out from the end, the position counts from there, upwards below zero.
            let up = -list.scroll_top();
            at_end.set(up < END_PX);
            if up < END_PX && unread && pulse.shell.is_seen() {
                pulse.intend(Intent::Seen { with: with.clone() });
            }
            if older && list.scroll_height() - list.client_height() - up < BEGINNING_PX {
                pulse.intend(Intent::LoadOlder { with: with.clone() });
            }
        })
    };
    use_first_unread(node.clone(), view.first_unread, view.items.is_empty());
    use_rest(node.clone(), view.items.last().map(|item| item.id));
    use_looking(look.clone());

    let older = || pulse.intends(Intent::LoadOlder { with: with.clone() });
    let above = if view.loading {
        p("log-note").say(t().loading).into()
    } else if view.more {
        button("quiet log-older", older())
            .say(t().show_older)
            .into()
    } else if view.items.is_empty() {
        let nothing = fill(t().nothing_said, &view.row.name);
        p("log-note").text(&nothing).into()
    } else {
        Html::default()
    };
    let log = div("log")
        .attr("role", "log")
        .attr_of("aria-label", &fill(t().conversation_with, &view.row.name))
        .attr("aria-live", if quiet { "off" } else { "polite" })
        .attr("aria-relevant", "additions")
        .truth("aria-busy", view.loading)
        .on(On::KeyDown, act(|event| walk(pressed(event))))
        .with(above)
        .with(lines(pulse, view));
    let to_end = || {
        let node = node.clone();
        let to_end = act(move |_| {
            if let Some(list) = node.cast::<Element>() {
                list.set_scroll_top(0);
            }
            dom::focus_id("message");
        });
        let unread = view.row.unread;
        button("to-end", to_end)
            .with(glyph(Icon::Down))
            .say(t().to_end)
            .maybe((unread > 0).then(|| span("badge").text(&unread.to_string())))
    };
    div("log-place")
        .with(
            div("log-scroll")
                .node(&node)
                .on(On::Scroll, act(move |_| look()))
                .with(log),
        )
        .maybe((!at_end.get()).then(to_end))
        .into()
}

/// Looks after each drawing, and when the page comes into sight.
#[hook]
fn use_looking(look: Rc<dyn Fn()>) {
    let newest = use_ref(|| RefCell::new(look.clone()));
    newest.replace(look.clone());
    use_while(
        0,
        Box::new(move || {
            let listener = listen(
                &dom::document(),
                "visibilitychange",
                Phase::Bubble,
                Box::new(move |_| {
                    let look = newest.borrow().clone();
                    look();
                }),
            );
            Box::new(move || drop(listener))
        }),
    );
    use_effect(move || look());
}

/// The messages with a line for each day and one before the first that was unread.
fn lines(pulse: &Pulse, view: &ConversationView) -> Html {
    let now = pulse.shell.now().timestamp;
    let mut lines: Vec<Html> = Vec::with_capacity(view.items.len() + 8);
    let last_mine = view.items.iter().rposition(|item| item.side == Side::Mine);
    for (at, item) in view.items.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| &view.items[at]);
        let day = times::day(item.at);
        if before.is_none_or(|before| times::day(before.at) != day) {
            lines.push(day_line(day, item.at, now));
        }
        let first_unread = view.first_unread == Some(item.id);
        if first_unread {
            let line = p("unread-line").key("unread").attr("data-unread", "");
            lines.push(line.with(tag("span").say(t().unread_line)).into());
        }
        let after = view.items.get(at + 1);
        let place = Place {
            first: first_unread || !before.is_some_and(|before| together(before, item)),
            last: !after.is_some_and(|after| together(item, after)),
            newest: after.is_none(),
            newest_mine: last_mine == Some(at),
        };
        let key = if item.side == Side::Mine { "m-" } else { "t-" };
        lines.push(keyed_part::<Bubble>(
            &joined(&[key, &item.id.text()]),
            bubble::Props {
                pulse: pulse.clone(),
                item: item.clone(),
                name: view.row.name.clone(),
                place,
                held: view.held,
            },
        ));
    }
    list(lines)
}

fn day_line(day: u64, at: Timestamp, now: Timestamp) -> Html {
    let words = super::presence::capital(&times::day_line(at, now));
    p("day")
        .key(&joined(&["day-", &day.to_string()]))
        .with(tag("span").text(&words))
        .into()
}

fn together(one: &Item, next: &Item) -> bool {
    (one.side, &one.by, &one.own) == (next.side, &next.by, &next.own)
        && next.at.0.saturating_sub(one.at.0) < TOGETHER_MS
        && times::day(one.at) == times::day(next.at)
}

/// True while a page is on its way and until a moment after it has come.
#[hook]
fn use_quiet(loading: bool) -> bool {
    let settled = use_kept(|| false);
    use_while(u64::from(loading), {
        let settled: Kept<bool> = settled.clone();
        Box::new(move || {
            let timer = if loading {
                settled.set(false);
                None
            } else {
                Some(after(QUIET_MS, Box::new(move || settled.set(true))))
            };
            Box::new(move || drop(timer))
        })
    });
    loading || !settled.get()
}

/// Begins at the first unread message where it is above the end's view.
#[hook]
fn use_first_unread(node: NodeRef, first: Option<MessageId>, empty: bool) {
    // Different enough for what can follow each other in one conversation.
    let key = first.map_or(0, |first| first.0 as u64 | 1) << 1 | u64::from(empty);
    use_after(
        key,
        Box::new(move || {
            let list = first.and_then(|_| node.cast::<Element>());
            let line = dom::inside(&node, "[data-unread]");
            if let (Some(list), Some(line)) = (list, line)
                && line.get_bounding_client_rect().top() < list.get_bounding_client_rect().top()
            {
                line.scroll_into_view();
            }
        }),
    );
}

/// Who reads further up is not moved: what comes below adds to the distance from the end, by which the place counts.
#[hook]
fn use_rest(node: NodeRef, newest: Option<MessageId>) {
    let last = use_ref(|| RefCell::new((None, 0)));
    use_effect(move || {
        let Some(list) = node.cast::<Element>() else {
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
    let at = dom::place_of(&items, here.as_ref());
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
    dom::focus_item(&items, to);
}
