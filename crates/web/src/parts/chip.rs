//! What somebody sees of me, in a few words that lead to everything there is to settle with them.

use lamplight_embed::{ContactRow, RequestRow, Verdict, Viewer};
use yew::prelude::*;

use super::about;
use super::icon::{Icon, glyph};
use super::preview::rule;
use crate::draw::{button, tag};
use crate::house::House;
use crate::texts::{fill, t};

pub fn chip(house: &House, row: &ContactRow) -> Html {
    let viewer = Viewer::Contact(row.address.clone());
    let (got, requests) = house
        .shell
        .read(|agent| (agent.preview(None, &viewer), agent.requests()));
    let by_rule = || rule(house, None, got.because).map(|rule| rule.decision);
    let verdict = row.sees_me.clone().or_else(by_rule);
    let principal = row.address.untagged().0;
    let asks = |one: &RequestRow| one.of.is_none() && *one.watcher.address() == principal;
    let words = match &verdict {
        Some(Verdict::Allow) => t().sees_you,
        Some(Verdict::Availability) => t().sees_availability_of_you,
        Some(Verdict::Chosen(_)) => t().sees_parts_of_you,
        Some(Verdict::Block) => t().blocked,
        Some(Verdict::Deny) => t().does_not_see_you,
        _ if requests.iter().any(asks) => t().waits_for_you,
        _ => t().has_not_asked,
    };
    let sees = verdict.is_some_and(|verdict| verdict.part().is_some());
    let eye = if sees { Icon::Eye } else { Icon::EyeOff };
    button("quiet sees", house.does(about::place(&row.address)))
        .attr("id", "chip")
        .also_if(sees, "is-seen")
        .attr_of("title", &fill(t().about, &row.name))
        .with(glyph(eye))
        .with(tag("span").say(words))
        .into()
}
