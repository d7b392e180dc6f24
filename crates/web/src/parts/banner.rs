//! Trouble on the line, once it has lasted: what still works, and a way to try at once.

use lamplight_embed::{Changed, Intent, LinkView};
use yew::prelude::*;

use crate::house::{use_changes, use_house};
use crate::texts::t;
use crate::times;

#[component]
pub fn Banner() -> Html {
    let house = use_house();
    use_changes(|changed| *changed == Changed::Link);
    let line = house.shell.read(|agent| agent.link());
    let waiting = match line.waiting {
        0 => None,
        count => Some(times::plural(
            count as u32,
            t().waiting_one,
            t().waiting_other,
        )),
    };
    let trying = matches!(line.link, LinkView::Connecting { .. });
    html! {
        <div class="banner-place" role="status">
            if line.banner {
                <div class="banner" data-testid="banner">
                    <span class="banner-lamp" aria-hidden="true"></span>
                    <p><strong>{ t().banner }</strong>{ " " }{ t().banner_works }{ " " }{ waiting }</p>
                    <button type="button" disabled={trying} onclick={house.wants::<MouseEvent>(Intent::Reconnect)}>
                        { if trying { t().trying } else { t().try_now } }
                    </button>
                </div>
            }
        </div>
    }
}
