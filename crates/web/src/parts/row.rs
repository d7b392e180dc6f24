//! One row of the list. It draws itself again when the agent says that it is different, and only then.

use lamplight_embed::{Address, Changed, ContactRow, Note, RowKind, Side, Verdict, joined};
use yew::prelude::*;

use super::avatar::avatar;
use super::icon::{Icon, glyph};
use super::presence;
use crate::draw::{On, Tag, bdi, div, list, span, tag, words};
use crate::house::{Cause, Deed, House, use_changes};
use crate::texts::t;
use crate::times;

/// Longest beginning of a message, bytes.
const LINE_MOST: usize = 240;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub house: House,
    pub id: String,
    pub address: Address,
    /// What stands above it, if anything.
    pub heading: String,
    /// From 1.
    pub place: usize,
    pub total: usize,
    /// The keyboard is on it.
    pub active: bool,
    /// Its conversation is open.
    pub open: bool,
}

#[component]
pub fn Row(props: &Props) -> Html {
    let house = &props.house;
    let address = props.address.clone();
    use_changes(
        house.clone(),
        Box::new(move |cause| match cause {
            Cause::Changed(Changed::Row(row)) => *row == address,
            other => *other == Cause::Changed(Changed::Roster),
        }),
    );
    let Some(row) = house.shell.read(|agent| agent.row(&props.address)) else {
        return Html::default();
    };
    let words = presence::words(&row.person);
    let unread = || span("badge").text(&count(row.unread));
    let name = span("vh").text(&name_of(&row, &words));
    let mark = || {
        let mark = span("row-mark").with(glyph(Icon::EyeOff));
        mark.say(t().blocked_word)
    };
    let top = span("row-top")
        .with(bdi("row-name", &row.name))
        .with(span("row-words").text(&words))
        .with(span("row-when").text(&when(house, &row)));
    let bottom = span("row-bottom")
        .with(preview(&row))
        .maybe(is_blocked(&row).then(mark))
        .maybe((row.unread > 0).then(unread));
    let headed = !props.heading.is_empty();
    let above = || {
        let above = span("row-group").attr("aria-hidden", "true");
        above.text(&props.heading)
    };
    let lines = span("row-lines")
        .attr("aria-hidden", "true")
        .with(top)
        .with(bottom);
    div("row")
        .also_if(props.active, "is-active")
        .also_if(headed, "has-heading")
        .also_if(row.unread > 0, "is-unread")
        .attr_of("id", &props.id)
        .attr("role", "option")
        .truth("aria-selected", props.open)
        .attr_of("aria-posinset", &props.place.to_string())
        .attr_of("aria-setsize", &props.total.to_string())
        .attr_of("data-address", row.address.as_str())
        .attr("data-status", presence::slug(row.person.word))
        .attr_if(row.person.stale, "data-stale", "true")
        .on(On::Click, house.does(Deed::Go(Some(row.address.clone()))))
        .with(avatar(&row.address, &row.name, Some(&row.person)))
        .with(name)
        .with(lines)
        .maybe(headed.then(above))
        .into()
}

fn is_blocked(row: &ContactRow) -> bool {
    row.sees_me == Some(Verdict::Block)
}

fn when(house: &House, row: &ContactRow) -> String {
    match &row.last {
        Some((_, _, at)) => times::short(*at, house.shell.now().timestamp),
        None => String::new(),
    }
}

/// What a screen reader says: `Bob, busy: in a meeting, 3 unread`.
fn name_of(row: &ContactRow, words: &str) -> String {
    let unread = match row.unread {
        0 => String::new(),
        count => times::plural(count, t().unread_one, t().unread_other),
    };
    let or_not = |so, words| if so { words } else { "" };
    let mut name = joined(&[&row.name, ", ", words]);
    for words in [
        or_not(row.kind == RowKind::Stranger, t().not_a_contact),
        row.group.as_ref().map_or("", Note::as_str),
        &unread,
        or_not(is_blocked(row), t().blocked_word),
        or_not(row.draft, t().draft),
        or_not(row.typing, t().writing),
    ] {
        if !words.is_empty() {
            name.push_str(", ");
            name.push_str(words);
        }
    }
    name
}

fn preview(row: &ContactRow) -> Tag {
    let last = match &row.last {
        Some((Side::Mine, text, _)) => list(vec![
            words(t().you_wrote),
            words(" "),
            bdi("", &one_line(text)).into(),
        ]),
        Some((Side::Theirs, text, _)) => bdi("", &one_line(text)).into(),
        None if row.kind == RowKind::Stranger => words(t().not_a_contact),
        None => bdi("", row.address.as_str()).into(),
    };
    let preview = span("row-preview");
    if row.typing {
        return preview.with(tag("em").class("row-draft").say(t().writing));
    }
    let preview = if row.draft {
        preview
            .with(tag("em").class("row-draft").say(t().draft))
            .say(" ")
    } else {
        preview
    };
    preview.with(last)
}

/// The beginning of a message in one line; a row shows no more than this.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > LINE_MOST {
            break;
        }
    }
    line.truncate(line.floor_char_boundary(LINE_MOST));
    line
}

fn count(unread: u32) -> String {
    if unread > 99 {
        "99+".into()
    } else {
        unread.to_string()
    }
}
