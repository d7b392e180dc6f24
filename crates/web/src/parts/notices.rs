//! What is said in passing: a line at the edge that goes by itself. Two live regions, one for news and one for faults, stand
//! from the start, since a screen reader only hears changes in a region it already knows.

use lamplight_embed::{Address, Intent, Principal, Tag as Face, Verdict};
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
    about: About,
}

/// What is said only as long as it is so.
#[derive(Clone, Debug, PartialEq, Eq)]
enum About {
    Nothing,
    /// This one asks to see me. Where people are listed it stands on the page already: said only to those who do not see it.
    Request(Principal),
    /// This was decided about a watcher of one of my presentities, and can be undone.
    Verdict(Decided),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    pub watcher: Address,
    pub of: Option<Face>,
    pub now: Option<Verdict>,
    pub before: Option<Verdict>,
}

impl Toast {
    pub fn word(text: String) -> Self {
        Self {
            text: text.into(),
            fault: false,
            about: About::Nothing,
        }
    }

    pub fn of_request(text: String, from: &Principal) -> Self {
        Self {
            about: About::Request(from.clone()),
            ..Self::word(text)
        }
    }

    pub fn of_verdict(text: String, decided: Decided) -> Self {
        Self {
            about: About::Verdict(decided),
            ..Self::word(text)
        }
    }

    /// Whether it is still so.
    pub fn holds(&self, house: &House) -> bool {
        match &self.about {
            About::Nothing => true,
            About::Request(from) => {
                let requests = house.shell.read(|agent| agent.requests());
                requests.iter().any(|request| request.watcher == *from)
            }
            About::Verdict(it) => {
                let now = |of, watcher| house.shell.read(|agent| agent.decision(of, watcher));
                now(it.of.as_ref(), &it.watcher) == it.now
            }
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
    let undo = match &toast.about {
        About::Verdict(it) => {
            let undo = Intent::Decide {
                watcher: Principal::from(it.watcher.clone()),
                decision: it.before.clone(),
                of: it.of.clone(),
            };
            Some(button("quiet", house.does(Deed::Intend(undo))).say(t().undo))
        }
        _ => None,
    };
    div("notice")
        .key(&number.to_string())
        .also_if(toast.fault, "is-fault")
        .also_if(matches!(toast.about, About::Request(_)), "is-seen")
        .with(tag("p").text(&toast.text))
        .maybe(undo)
        .with(dismiss)
}
