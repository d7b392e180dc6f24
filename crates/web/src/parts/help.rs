//! The shortcuts, from the one table that the page listens by, and what the shapes mean.

use lamplight_embed::Word;
use yew::prelude::*;

use super::dialog::Dialog;
use super::presence::Shape;
use crate::keys::{self, SHORTCUTS, Shortcut};
use crate::texts::t;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub closed: Callback<()>,
}

#[component]
pub fn Help(props: &Props) -> Html {
    let shapes = [
        (Word::Available, t().available_means),
        (Word::Busy, t().busy_means),
        (Word::Away, t().away_means),
        (Word::Offline, t().offline_means),
        (Word::Unknown, t().unknown_means),
        (Word::NotShared, t().not_shared_means),
    ];
    html! {
        <Dialog title={t().help} closed={props.closed.clone()}>
            <h3>{ t().shapes }</h3>
            <ul class="legend">
                { for shapes.into_iter().map(|(word, means)| html! { <li><Shape {word} /><span>{ means }</span></li> }) }
            </ul>
            <h3>{ t().shortcuts }</h3>
            <dl class="shortcuts">{ for SHORTCUTS.iter().map(line) }</dl>
        </Dialog>
    }
}

fn line(shortcut: &Shortcut) -> Html {
    html! {
        <div>
            <dt>{ for shortcut.keys.iter().map(|key| html! { <kbd>{ keys::printed(key) }</kbd> }) }</dt>
            <dd>{ (shortcut.what)(t()) }</dd>
        </div>
    }
}
