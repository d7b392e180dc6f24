//! Myself, as others who see everything read me, and why; a press changes it.

use gloo::timers::callback::Interval;
use lamplight_embed::Changed;
use yew::prelude::*;

use super::avatar::Avatar;
use super::presence;
use crate::house::{use_changes, use_house};
use crate::pages::home::Popup;
use crate::texts::t;

/// How often "idle for 5 min" is counted again.
const COUNT_EVERY_MS: u32 = 30_000;

#[component]
pub fn MyStatusButton() -> Html {
    let house = use_house();
    use_changes(|changed| matches!(changed, Changed::Me | Changed::Link));
    use_ticking();
    let me = house.shell.read(|agent| agent.me());
    let address = me.principal.address().clone();
    let words = presence::my_words(&me);
    let now = house.shell.now().timestamp;
    let why = presence::why(&me.person, now).map(|why| format!(" · {why}"));
    let onclick = house.show.reform(|_: MouseEvent| Popup::Status);
    html! {
        <button type="button" class="me" aria-haspopup="dialog" {onclick}>
            <span class="vh">{ t().your_status.replace("{words}", &format!("{words}{}", why.as_deref().unwrap_or_default())) }</span>
            <Avatar name={address.name().to_owned()} address={address.clone()} word={me.person.word} stale={me.person.stale} />
            <span class="me-lines" aria-hidden="true">
                <bdi class="me-name">{ address.name().to_owned() }</bdi>
                <span class="me-status">{ presence::capital(&words) }{ why }</span>
            </span>
        </button>
    }
}

/// Draws again from time to time, for texts that say how long.
#[hook]
pub fn use_ticking() {
    let draw = use_force_update();
    use_effect_with((), move |()| {
        let interval = Interval::new(COUNT_EVERY_MS, move || draw.force_update());
        move || drop(interval)
    });
}
