//! On other sites: whether a badge says anything of me there, how it looks now, and the lines to copy.

use lamplight_embed::{Extent, OwnPresentityView, Part, Verdict, View, Viewer, joined};

use yew::prelude::*;

use super::people::with_rules;
use super::{Page, face, faces, framed};
use crate::dom;
use crate::draw::{Tag, button, div, p, tag};
use crate::house::{Deed, House};
use crate::parts::icon::{Icon, glyph};
use crate::parts::kit;
use crate::parts::presence;
use crate::texts::{fill, t};

/// What visitors of other sites get, to be switched on and off. What that means for them is decided elsewhere.
pub fn on_other_sites(house: &House) -> Html {
    let inside = face(house).map(|own| badge(house, &own).into());
    framed(
        house,
        Page::Badge,
        [faces(house)].into_iter().chain(inside).collect(),
    )
}

fn badge(house: &House, own: &OwnPresentityView) -> Tag {
    let of = own.tag.as_ref();
    let (got, heard) = house
        .shell
        .read(|agent| (agent.preview(of, &Viewer::Nobody), agent.is_heard()));
    let (on, busy) = match &got.view {
        View::Shown(information) => (true, information.extent == Extent::Whole),
        _ => (false, false),
    };
    let show = |verdict| Deed::Intend(with_rules(own, |own| own.rules.show_visitors(verdict)));
    let activity = Part {
        activity: true,
        ..Part::AVAILABILITY
    };
    let (turn, tell) = match (on, busy) {
        (false, _) => (Some(Verdict::Availability), None),
        (true, false) => (None, Some(Verdict::Chosen(activity))),
        (true, true) => (None, Some(Verdict::Availability)),
    };
    let relay = dom::window().location().origin().unwrap_or_default();
    let source = joined(&[&relay, "/v1/presence/", own.address.as_str(), ".svg"]);
    let version = if heard {
        presence::slug(got.person.word)
    } else {
        ""
    };
    // Asked for anew when it says something else by now.
    let picture = tag("img")
        .attr_of("src", &joined(&[&source, "?v=", version]))
        .attr_of("alt", &fill(t().abroad_now, presence::word(&got.person)));
    tag("section")
        .class("block")
        .with(kit::switch(house, t().abroad_on, on, show(turn)))
        .maybe(on.then(|| kit::switch(house, t().abroad_busy, busy, show(tell))))
        .with(p("muted small").say(t().abroad_rule))
        .with(div("seen").with(picture))
        .maybe(on.then(|| to_copy(house, own, (&relay, &source))))
}

/// The lines for a page, live or as a picture, and the line for a README.
fn to_copy(house: &House, own: &OwnPresentityView, (relay, source): (&str, &str)) -> Tag {
    let live = joined(&[
        "<script type=\"module\" src=\"",
        relay,
        "/embed/v1/presence.js\"></script><presence-status for=\"",
        own.address.as_str(),
        "\"></presence-status>",
    ]);
    let about = fill(t().abroad_alt, own.address.address().name());
    let html = joined(&[
        "<img src=\"",
        source,
        "\" alt=\"",
        &about,
        "\" height=\"20\">",
    ]);
    let markdown = joined(&["![", &about, "](", source, ")"]);
    let lines = vec![
        copied(house, live, t().copy_live),
        copied(house, html, t().copy_html),
        copied(house, markdown, t().copy_markdown),
    ];
    kit::lines("", lines)
}

fn copied(house: &House, line: String, words: &'static str) -> Tag {
    let code = tag("code").text(&line);
    let copy = button("small", house.does(Deed::Copy(line)));
    kit::line(code, "", [copy.with(glyph(Icon::Copy)).say(words)])
}
