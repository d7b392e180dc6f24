//! What somebody sees of me, in a few words that lead to everything there is to settle with them.

use lamplight_embed::{ContactRow, Verdict};
use yew::prelude::*;

use super::about;
use super::icon::{Icon, glyph};
use crate::draw::{button, tag};
use crate::house::House;
use crate::texts::{fill, t};

pub fn chip(house: &House, row: &ContactRow) -> Html {
    let sees = row
        .sees_me
        .as_ref()
        .is_some_and(|sees| sees.part().is_some());
    let words = match &row.sees_me {
        Some(Verdict::Allow) => t().sees_you,
        Some(Verdict::Availability) => t().sees_availability_of_you,
        Some(Verdict::Chosen(_)) => t().sees_parts_of_you,
        Some(Verdict::Block) => t().blocked,
        _ => t().does_not_see_you,
    };
    let eye = if sees { Icon::Eye } else { Icon::EyeOff };
    button("quiet sees", house.does(about::place(&row.address)))
        .also_if(sees, "is-seen")
        .attr_of("title", &fill(t().about, &row.name))
        .with(glyph(eye))
        .with(tag("span").say(words))
        .into()
}
