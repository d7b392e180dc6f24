//! The head of a conversation: who it is, how they are, whether they see me, and what can be done about it.

use lamplight_embed::{ContactRow, Intent, Presentity, Principal, RowKind, Verdict};
use yew::prelude::*;

use super::avatar::Avatar;
use super::icon::{Glyph, Icon};
use super::menu::{Choice, Menu};
use super::my_status::use_ticking;
use super::presence;
use crate::house::{House, use_house};
use crate::pages::home::Popup;
use crate::texts::t;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub row: ContactRow,
}

#[component]
pub fn ChatHead(props: &Props) -> Html {
    let house = use_house();
    use_ticking();
    let row = &props.row;
    let now = house.shell.now().timestamp;
    let back = house.go.reform(|_: MouseEvent| None);
    let sees = row.sees_me == Some(Verdict::Allow);
    let words = match row.sees_me {
        Some(Verdict::Allow) => t().sees_you,
        Some(Verdict::Block) => t().blocked,
        _ => t().does_not_see_you,
    };
    html! {
        <header class="chat-head">
            <button type="button" class="quiet round back" aria-label={t().back} onclick={back}><Glyph icon={Icon::Back} /></button>
            <Avatar address={row.address.clone()} name={row.name.clone()} word={row.person.word} stale={row.person.stale} />
            <div class="chat-who">
                <h2 id="chat-title" tabindex="-1"><bdi>{ &row.name }</bdi></h2>
                <p class="chat-presence" data-status={presence::slug(row.person.word)}>{ presence::sentence(&row.person, now) }</p>
            </div>
            <span class={classes!("sees", sees.then_some("is-seen"))}>
                <Glyph icon={if sees { Icon::Eye } else { Icon::EyeOff }} /><span>{ words }</span>
            </span>
            <Menu label={t().contact_menu.replace("{name}", &row.name)} choices={choices(&house, row)} />
        </header>
    }
}

fn choices(house: &House, row: &ContactRow) -> Vec<Choice> {
    let watcher = Principal::from(row.address.clone());
    let decide = |label: &'static str, verdict: Option<Verdict>| {
        let (house, watcher) = (house.clone(), watcher.clone());
        Choice::new(label, move || {
            house.intend(Intent::Decide {
                watcher: watcher.clone(),
                decision: verdict.clone(),
                of: None,
            });
        })
    };
    let popup = |make: fn(lamplight_embed::Address) -> Popup| {
        let (show, address) = (house.show.clone(), row.address.clone());
        move || show.emit(make(address.clone()))
    };
    let mut choices = Vec::new();
    if row.kind == RowKind::Contact {
        choices.push(Choice::new(t().rename, popup(Popup::Rename)));
    } else {
        let (house, presentity) = (house.clone(), Presentity::from(row.address.clone()));
        choices.push(Choice::new(t().add_contact, move || {
            house.intend(Intent::AddContact {
                presentity: presentity.clone(),
                petname: None,
                group: None,
            });
        }));
    }
    choices.push(match row.sees_me {
        Some(Verdict::Allow) => decide(t().stop_showing, Some(Verdict::Deny)),
        Some(Verdict::Block) => decide(t().unblock, None),
        _ => decide(t().let_see, Some(Verdict::Allow)),
    });
    if row.sees_me != Some(Verdict::Block) {
        choices.push(Choice::grave(t().block, popup(Popup::Block)));
    }
    if row.kind == RowKind::Contact {
        choices.push(Choice::grave(t().remove, popup(Popup::Remove)));
    }
    choices
}
