//! Myself, as others who see everything read me, and why; a press changes it.

use lamplight_embed::{Changed, Offers, joined};
use yew::prelude::*;

use super::avatar::avatar;
use super::live::Part;
use super::presence;
use crate::draw::{bdi, button, div, p, span};
use crate::house::{Deed, House, Popup};
use crate::pulse::Cause;
use crate::texts::{fill, t};

pub const PART: Part = Part {
    draw: my_status,
    wants: |cause| {
        matches!(
            cause,
            Cause::Changed(Changed::Me | Changed::Link) | Cause::Time
        )
    },
};

fn my_status(house: &House) -> Html {
    let me = house.shell.read(|agent| agent.me());
    let address = me.principal.address();
    let words = presence::my_words(me.choice, &me.person);
    let why = presence::why(&me.person, house.shell.now().timestamp);
    let why = why.map_or_else(String::new, |why| joined(&[" · ", &why]));
    let spoken = joined(&[words.as_str(), &why]);
    let shown = joined(&[&presence::capital(&words), &why]);
    let offered = house.offers(Offers::Presence);
    let name = bdi("me-name", address.name());
    let face = avatar(address, address.name(), offered.then_some(&me.person));
    let by = || {
        let whose = fill(t().answering_as, address.name());
        p("me-by").attr("role", "note").text(&whose)
    };
    let mine = if offered {
        button("me", house.does(Deed::Show(Popup::Status(None))))
            .attr("aria-haspopup", "dialog")
            .with(span("vh").text(&fill(t().your_status, &spoken)))
            .with(face)
            .with(
                span("me-lines")
                    .attr("aria-hidden", "true")
                    .with(name)
                    .with(span("me-status").text(&shown)),
            )
    } else {
        div("me only-name").with(face).with(name)
    };
    div("me-place")
        .with(mine)
        .maybe(me.by.is_some().then(by))
        .into()
}
