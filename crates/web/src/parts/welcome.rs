//! What stands where no conversation is open: the next step for whoever is new, a quiet place for the others.

use yew::prelude::*;

use super::icon::{Glyph, Icon, Mark};
use super::share::Share;
use crate::house::{use_changes, use_house};
use crate::pages::home::{Popup, is_about_people};
use crate::texts::t;

#[component]
pub fn Welcome() -> Html {
    let house = use_house();
    use_changes(is_about_people);
    let alone = house.shell.roster("").is_empty();
    let add = house.show.reform(|_: MouseEvent| Popup::AddContact(None));
    html! {
        <div class="welcome">
            <Mark />
            if alone {
                <h2>{ t().welcome }</h2>
                <p>{ t().welcome_new }</p>
                <button type="button" class="primary" onclick={add}><Glyph icon={Icon::Add} />{ t().add_first }</button>
                <p class="muted">{ t().welcome_share }</p>
            } else {
                <h2>{ t().choose_someone }</h2>
                <p class="muted">{ t().choose_hint }</p>
            }
            <Share />
        </div>
    }
}
