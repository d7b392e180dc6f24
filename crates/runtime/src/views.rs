//! What a script reads of the agent, as JSON.

use lamplight_core::address::{Address, Principal};
use lamplight_core::agent::{Agent, Choice, Item, ItemState, LinkView, Side};
use lamplight_core::code::Retry;
use lamplight_core::person::{Person, Reason, Told, Way, person, ways};
use lamplight_core::presence::{Basic, Note, View};
use lamplight_core::wire::Class;

use crate::json::Json;

/// `{"state", "retryAt"?, "waiting"}`: `idle`, `connecting`, `up` or `down`; when the next attempt is, by the monotonic clock; how many
/// messages wait for the line.
pub fn link(agent: &Agent) -> String {
    let line = agent.link();
    let (state, retry_at) = match line.link {
        LinkView::Idle => ("idle", 0),
        LinkView::Connecting { .. } => ("connecting", 0),
        LinkView::Up => ("up", 0),
        LinkView::Down { retry_at, .. } => ("down", retry_at.0),
    };
    object(|json| {
        json.key("state").text(state);
        json.time_if("retryAt", retry_at);
        json.key("waiting").number(line.waiting as u64);
    })
}

/// `{"for", "word", "note"?, "status"?, "until"?, "class"?, "by"?, "devices"}` of oneself.
pub fn me(agent: &Agent) -> String {
    let me = agent.me();
    let status = me.choice.map(|choice| match choice {
        Choice::Available => "available",
        Choice::Busy => "busy",
        Choice::Away => "away",
        Choice::Invisible => "invisible",
    });
    let class = me.class.map(|class| match class {
        Class::Account => "account",
        Class::Guest => "guest",
        Class::Group => "group",
        Class::Program => "program",
    });
    object(|json| {
        json.key("for").text(me.principal.as_str());
        json.key("word").text(me.person.word.slug());
        json.text_if("note", me.note.as_ref().map(Note::as_str));
        json.text_if("status", status);
        json.time_if("until", me.until.map_or(0, |until| until.0));
        json.text_if("class", class);
        json.text_if("by", me.by.as_ref().map(Principal::as_str));
        json.key("devices").number(me.devices as u64);
    })
}

/// `{"for", "word", "since"?, "note"?, "stale", "code"?, "open"?, "ways"?}` of somebody who is watched. `code`: why nothing is shared;
/// `open`: whether their inbox accepts messages.
pub fn presence(agent: &Agent, of: &Address) -> String {
    let seen = agent.seen(of);
    let read = seen.as_ref().map(|view| (person(view), Told::of(view)));
    object(|json| {
        json.key("for").text(of.as_str());
        let Some((person, told)) = &read else {
            json.key("word").text("unknown");
            json.key("stale").flag(false);
            return;
        };
        json.key("word").text(told.word);
        json.time_if("since", told.since.map_or(0, |since| since.0));
        json.text_if("note", person.note.as_ref().map(Note::as_str));
        json.key("stale").flag(person.stale);
        json.text_if("code", why(person));
        if let Some(view @ View::Shown(_)) = &seen {
            json.key("open").flag(person.inbox == Basic::Open);
            json.key("ways").list(ways(view), way);
        }
    })
}

/// Why nothing is shared.
fn why(person: &Person) -> Option<&'static str> {
    match person.reason {
        Reason::Pending => Some("pending"),
        Reason::Refused(code) => Some(code.slug()),
        _ => None,
    }
}

fn way(json: &mut Json, way: Way) {
    json.object(|json| {
        json.key("means").text(way.means.as_str());
        json.key("contact").text(&way.contact);
        json.key("open").flag(way.basic == Basic::Open);
        json.text_if("note", way.note.as_ref().map(Note::as_str));
        json.text_if("uri", way.uri.as_deref());
    });
}

/// The addresses of those who wrote something that is not read; null before the relay has said how much there is.
pub fn unread(agent: &Agent) -> String {
    if !agent.is_counted() {
        return "null".into();
    }
    let mut json = Json::default();
    json.list(agent.unread_of(), |json, with| json.text(with.as_str()));
    json.finish()
}

/// `[{"from", "name", "count", "text", "at"}…]` of strangers whose messages wait to be let in, the newest first.
pub fn held(agent: &Agent) -> String {
    let mut json = Json::default();
    json.list(agent.held(), |json, row| {
        json.object(|json| {
            json.key("from").text(row.address.as_str());
            json.key("name").text(&row.name);
            json.key("count").number(row.count.into());
            json.key("text").text(&row.last);
            json.key("at").number(row.at.0);
        });
    });
    json.finish()
}

/// `{"with", "name", "unread", "more", "loading", "typing", "held", "messages"}`.
pub fn conversation(agent: &Agent, with: &Address) -> String {
    let view = agent.conversation(with);
    object(|json| {
        json.key("with").text(with.as_str());
        json.key("name").text(&view.row.name);
        json.key("unread").number(view.row.unread.into());
        json.key("more").flag(view.more);
        json.key("loading").flag(view.loading);
        json.key("typing").flag(view.row.typing);
        json.key("held").flag(view.held);
        json.key("messages").list(view.items, message);
    })
}

/// `{"id", "seq"?, "mine", "text", "at", "state", "code"?, "retry"?, "by"?}`.
fn message(json: &mut Json, item: Item) {
    let (state, code) = match item.state {
        ItemState::Received => ("received", None),
        ItemState::Queued => ("queued", None),
        ItemState::Sending => ("sending", None),
        ItemState::Accepted => ("accepted", None),
        ItemState::Delivered => ("delivered", None),
        ItemState::Failed(code) => ("failed", Some(code)),
    };
    json.object(|json| {
        json.key("id").text(&item.id.text());
        json.time_if("seq", item.seq.map_or(0, |seq| seq.0));
        json.key("mine").flag(item.side == Side::Mine);
        json.key("text").text(&item.text);
        json.key("at").number(item.at.0);
        json.key("state").text(state);
        if let Some(code) = code {
            json.key("code").text(code.slug());
            json.key("retry").flag(code.retry() != Retry::No);
        }
        json.text_if("by", item.by.as_ref().map(Principal::as_str));
    });
}

fn object(fields: impl FnOnce(&mut Json)) -> String {
    let mut json = Json::default();
    json.object(fields);
    json.finish()
}
