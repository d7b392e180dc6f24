//! What is said in passing: a line at the edge that goes by itself. Two live regions, one for news and one for faults, stand
//! from the start, since a screen reader only hears changes in a region it already knows.

use yew::prelude::*;

use super::icon::{Icon, glyph};
use crate::draw::{Tag, button, div, tag};
use crate::house::{Deed, House};
use crate::texts::t;

/// Something said in passing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    text: AttrValue,
    fault: bool,
    /// Where people are listed it stands on the page already: said only to those who do not see it.
    seen: bool,
}

impl Toast {
    pub fn word(text: String) -> Self {
        Self {
            text: text.into(),
            fault: false,
            seen: false,
        }
    }

    pub fn of_what_is_seen(text: String) -> Self {
        Self {
            seen: true,
            ..Self::word(text)
        }
    }

    pub fn fault(text: String) -> Self {
        Self {
            fault: true,
            ..Self::word(text)
        }
    }
}

pub fn notices(house: &House) -> Html {
    let toasts = house.toasts();
    let region = |role, fault| {
        let said = toasts.iter().filter(move |(_, toast)| toast.fault == fault);
        let lines = said.map(|(number, toast)| line(house, *number, toast));
        tag("div").attr("role", role).each(lines)
    };
    div("notices")
        .with(region("status", false).attr("aria-label", t().notices))
        .with(region("alert", true))
        .into()
}

fn line(house: &House, number: u32, toast: &Toast) -> Tag {
    let dismiss = button("quiet round", house.does(Deed::Dismiss(number)))
        .attr("aria-label", t().dismiss)
        .with(glyph(Icon::Close));
    div("notice")
        .key(&number.to_string())
        .also_if(toast.fault, "is-fault")
        .also_if(toast.seen, "is-seen")
        .with(tag("p").text(&toast.text))
        .with(dismiss)
}
