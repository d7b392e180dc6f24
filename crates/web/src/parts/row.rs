//! One row of the list. It draws itself again when the agent says that it is different, and only then.

use lamplight_embed::{Address, Changed, ContactRow, RowKind, Side};
use yew::prelude::*;

use super::avatar::Avatar;
use super::presence;
use crate::house::{use_changes, use_house};
use crate::texts::t;
use crate::times;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub id: String,
    pub address: Address,
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
    let house = use_house();
    let address = props.address.clone();
    use_changes(move |changed| {
        *changed == Changed::Roster || matches!(changed, Changed::Row(row) if *row == address)
    });
    let Some(row) = house.shell.read(|agent| agent.row(&props.address)) else {
        return Html::default();
    };
    let now = house.shell.now().timestamp;
    let onclick = {
        let (go, address) = (house.go.clone(), props.address.clone());
        Callback::from(move |_: MouseEvent| go.emit(Some(address.clone())))
    };
    let words = presence::words(&row.person);
    let when = row.last.as_ref().map(|(_, _, at)| times::short(*at, now));
    html! {
        <div id={props.id.clone()} role="option" class={classes!("row", props.active.then_some("is-active"), (row.unread > 0).then_some("is-unread"))}
            aria-selected={props.open.to_string()}
            aria-posinset={props.place.to_string()} aria-setsize={props.total.to_string()}
            data-address={row.address.to_string()} data-status={presence::slug(row.person.word)}
            data-stale={row.person.stale.then_some("true")} {onclick}>
            <Avatar address={row.address.clone()} name={row.name.clone()} word={row.person.word} stale={row.person.stale} />
            <span class="vh">{ name_of(&row, &words) }</span>
            <span class="row-lines" aria-hidden="true">
                <span class="row-top">
                    <bdi class="row-name">{ &row.name }</bdi>
                    <span class="row-words">{ &words }</span>
                    <span class="row-when">{ when }</span>
                </span>
                <span class="row-bottom">
                    { preview(&row) }
                    if row.unread > 0 {
                        <span class="badge">{ count(row.unread) }</span>
                    }
                </span>
            </span>
        </div>
    }
}

/// What a screen reader says: `Bob, busy: in a meeting, 3 unread`.
fn name_of(row: &ContactRow, words: &str) -> String {
    let mut name = format!("{}, {words}", row.name);
    if row.kind == RowKind::Stranger {
        name.push_str(", ");
        name.push_str(t().not_a_contact);
    }
    if row.unread > 0 {
        name.push_str(", ");
        name.push_str(&times::plural(row.unread, t().unread_one, t().unread_other));
    }
    if row.draft {
        name.push_str(", ");
        name.push_str(t().draft);
    }
    name
}

fn preview(row: &ContactRow) -> Html {
    let last = match &row.last {
        Some((Side::Mine, text, _)) => {
            html! { <>{ t().you_wrote }{ " " }<bdi>{ one_line(text) }</bdi></> }
        }
        Some((Side::Theirs, text, _)) => html! { <bdi>{ one_line(text) }</bdi> },
        None if row.kind == RowKind::Stranger => t().not_a_contact.into(),
        None => html! { <bdi>{ row.address.to_string() }</bdi> },
    };
    html! {
        <span class="row-preview">
            if row.draft {
                <em class="row-draft">{ t().draft }</em>{ " " }
            }
            { last }
        </span>
    }
}

/// The beginning of a message; a row shows no more than this.
fn one_line(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(120)
        .collect()
}

fn count(unread: u32) -> String {
    if unread > 99 {
        "99+".into()
    } else {
        unread.to_string()
    }
}
