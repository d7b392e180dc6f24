//! Trouble on the line, once it has lasted: what still works, and a way to try at once.

use lamplight_embed::{Changed, Intent, LinkView};
use yew::prelude::*;

use super::live::Part;
use crate::draw::{Tag, button, div, span, tag};
use crate::house::{Deed, House};
use crate::pulse::Cause;
use crate::texts::t;
use crate::times;

pub const PART: Part = Part {
    draw: banner,
    wants: |cause| *cause == Cause::Changed(Changed::Link),
};

fn banner(house: &House) -> Html {
    let line = house.shell.read(|agent| agent.link());
    let trouble = || -> Tag {
        let waiting = match line.waiting {
            0 => String::new(),
            count => times::plural(count as u32, t().waiting_one, t().waiting_other),
        };
        let trying = matches!(line.link, LinkView::Connecting { .. });
        div("banner")
            .attr("data-testid", "banner")
            .with(span("banner-lamp").attr("aria-hidden", "true"))
            .with(
                tag("p")
                    .with(tag("strong").say(t().banner))
                    .say(" ")
                    .say(t().banner_works)
                    .say(" ")
                    .text(&waiting),
            )
            .with(
                button("", house.does(Deed::Intend(Intent::Reconnect)))
                    .flag("disabled", trying)
                    .say(if trying { t().trying } else { t().try_now }),
            )
    };
    div("banner-place")
        .attr("role", "status")
        .maybe(line.banner.then(trouble))
        .into()
}
