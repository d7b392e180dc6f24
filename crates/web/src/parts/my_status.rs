//! Myself, as others who see everything read me, and why; a press changes it.

use lamplight_embed::{Changed, joined};
use yew::prelude::*;

use super::avatar::avatar;
use super::live::Part;
use super::presence;
use crate::draw::{bdi, button, span};
use crate::house::{Cause, Deed, House, Popup};
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
    let words = presence::my_words(&me);
    let why = presence::why(&me.person, house.shell.now().timestamp);
    let why = why.map_or_else(String::new, |why| joined(&[" · ", &why]));
    let spoken = joined(&[words.as_str(), &why]);
    let shown = joined(&[&presence::capital(&words), &why]);
    button("me", house.does(Deed::Show(Popup::Status)))
        .attr("aria-haspopup", "dialog")
        .with(span("vh").text(&fill(t().your_status, &spoken)))
        .with(avatar(address, address.name(), Some(&me.person)))
        .with(
            span("me-lines")
                .attr("aria-hidden", "true")
                .with(bdi("me-name", address.name()))
                .with(span("me-status").text(&shown)),
        )
        .into()
}
