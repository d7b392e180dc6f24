//! Every shortcut, in one table: what the page listens to is what its help shows.

use lamplight_embed::{Address, after};
use web_sys::KeyboardEvent;

use crate::dom;
use crate::house::{House, Popup};
use crate::later;
use crate::texts::t;

/// What a shortcut does, wherever the keyboard is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Help,
    Search,
    PreviousChat,
    NextChat,
    NextUnread,
}

/// One line of the help.
pub struct Shortcut {
    /// As printed on the keys.
    pub keys: &'static [&'static str],
    pub what: fn() -> &'static str,
    /// `None`: a part of the page listens to it where it has the keyboard.
    pub act: Option<Act>,
}

pub const SHORTCUTS: &[Shortcut] = &[
    Shortcut {
        keys: &["?"],
        what: || t().key_help,
        act: Some(Act::Help),
    },
    Shortcut {
        keys: &["Ctrl", "K"],
        what: || t().key_search,
        act: Some(Act::Search),
    },
    Shortcut {
        keys: &["Alt", "↑"],
        what: || t().key_previous,
        act: Some(Act::PreviousChat),
    },
    Shortcut {
        keys: &["Alt", "↓"],
        what: || t().key_next,
        act: Some(Act::NextChat),
    },
    Shortcut {
        keys: &["Alt", "Shift", "↓"],
        what: || t().key_unread,
        act: Some(Act::NextUnread),
    },
    Shortcut {
        keys: &["↑", "↓", "Home", "End"],
        what: || t().key_walk,
        act: None,
    },
    Shortcut {
        keys: &["Enter"],
        what: || t().key_send,
        act: None,
    },
    Shortcut {
        keys: &["Shift", "Enter"],
        what: || t().key_line,
        act: None,
    },
    Shortcut {
        keys: &["Esc"],
        what: || t().key_leave,
        act: None,
    },
];

/// A key was pressed, wherever the keyboard is.
pub fn heard(house: &House, event: &KeyboardEvent) {
    if dom::has_dialog() || event.is_composing() {
        return;
    }
    let typing = dom::around(event, TYPED).is_some();
    if event.key() == "Escape" && house.has_page() && !typing {
        if let Some(views) = later::here() {
            (views.back)(house);
        }
    } else if let Some(act) = act_of(event, typing) {
        event.prevent_default();
        perform(house, act);
    }
}

/// What one types into.
const TYPED: &str = "textarea, select, input:not([type=radio], [type=checkbox])";

fn perform(house: &House, act: Act) {
    match act {
        Act::Help => house.show(Popup::Help),
        Act::Search => {
            if house.place().is_some() && dom::is_narrow() {
                house.go(None);
            }
            // Where the list was out of sight, it is there after this turn.
            after(0, Box::new(|| dom::focus_id("search"))).forget();
        }
        Act::PreviousChat | Act::NextChat | Act::NextUnread => {
            if let Some(next) = neighbour(house, act) {
                house.go(Some(next));
            }
        }
    }
}

/// The conversation above or below the open one, or the next that has something unread.
fn neighbour(house: &House, act: Act) -> Option<Address> {
    let rows = house.shell.roster("");
    let open = house.open();
    let at = rows.iter().position(|row| Some(row) == open.as_ref());
    let next = match act {
        Act::NextUnread => {
            let after = at.map_or(0, |at| at + 1);
            let mut order = (after..rows.len()).chain(0..after.min(rows.len()));
            let unread = |at: &usize| house.shell.read(|agent| agent.unread_from(&rows[*at])) > 0;
            order.find(unread)?
        }
        Act::PreviousChat => at?.checked_sub(1)?,
        _ => at.map_or(0, |at| at + 1),
    };
    rows.get(next).cloned()
}

/// What this key press means anywhere on the page.
fn act_of(event: &KeyboardEvent, typing: bool) -> Option<Act> {
    let wanted = SHORTCUTS
        .iter()
        .find(|shortcut| shortcut.act.is_some() && pressed(shortcut, event))?;
    // A bare character belongs to the text it is typed into.
    let bare = wanted.keys.len() == 1;
    if bare && typing { None } else { wanted.act }
}

fn pressed(shortcut: &Shortcut, event: &KeyboardEvent) -> bool {
    let Some((key, modifiers)) = shortcut.keys.split_last() else {
        return false;
    };
    let has = |name| modifiers.contains(&name);
    // What a Mac calls Command is Control elsewhere.
    let control = event.ctrl_key() || event.meta_key();
    // `?` needs Shift on some keyboards and not on others.
    let shift = has("Shift") == event.shift_key() || *key == "?";
    control == has("Ctrl") && event.alt_key() == has("Alt") && shift && name(event) == *key
}

fn name(event: &KeyboardEvent) -> String {
    match event.key().as_str() {
        "ArrowUp" => "↑".into(),
        "ArrowDown" => "↓".into(),
        other => other.to_ascii_uppercase(),
    }
}

/// The keys as a Mac prints them, where it is one.
pub fn printed(key: &'static str) -> &'static str {
    match key {
        "Ctrl" if is_mac() => "⌘",
        "Alt" if is_mac() => "⌥",
        "Shift" => t().shift,
        other => other,
    }
}

fn is_mac() -> bool {
    crate::dom::window()
        .navigator()
        .platform()
        .is_ok_and(|platform| platform.starts_with("Mac") || platform.starts_with("iP"))
}
