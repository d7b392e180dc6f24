//! Privacy and addresses: a page of links, and behind each a page about one thing.

use lamplight_embed::{Changed, Offers};
use yew::prelude::*;

use crate::draw::{Tag, p, part, span, tag, words};
use crate::house::{Cause, House};
use crate::parts::kit::{self, Label};
use crate::parts::live::{Live, LiveProps, Part};
use crate::parts::watchers;
use crate::route::{Page, Place};
use crate::texts::t;

mod abroad;
mod inboxes;
mod others;
mod people;
mod reach;

pub use others::{Known, Seen};
pub use people::{VISIBILITIES, face, faces};

/// A page in the list of them: its name, what it is for, and which of the relay's services it belongs to.
struct Entry {
    page: Page,
    name: Label,
    hint: Label,
    of: Offers,
}

const PAGES: &[Entry] = &[
    Entry {
        page: Page::Watchers,
        name: || t().watchers,
        hint: || t().watchers_hint,
        of: Offers::Presence,
    },
    Entry {
        page: Page::People,
        name: || t().people_see,
        hint: || t().people_see_hint,
        of: Offers::Presence,
    },
    Entry {
        page: Page::Badge,
        name: || t().abroad,
        hint: || t().abroad_hint,
        of: Offers::Presence,
    },
    Entry {
        page: Page::Preview,
        name: || t().view_as,
        hint: || t().view_as_hint,
        of: Offers::Presence,
    },
    Entry {
        page: Page::Looking,
        name: || t().looking,
        hint: || t().looking_hint,
        of: Offers::Presence,
    },
    Entry {
        page: Page::Strangers,
        name: || t().who_writes,
        hint: || t().who_writes_hint,
        of: Offers::Messages,
    },
    Entry {
        page: Page::Addresses,
        name: || t().addresses,
        hint: || t().addresses_hint,
        of: Offers::Messages,
    },
    Entry {
        page: Page::Faces,
        name: || t().faces,
        hint: || t().faces_hint,
        of: Offers::Presence,
    },
    Entry {
        page: Page::Ways,
        name: || t().ways,
        hint: || t().ways_hint,
        of: Offers::Presence,
    },
    Entry {
        page: Page::Groups,
        name: || t().groups,
        hint: || t().groups_hint,
        of: Offers::Both,
    },
    Entry {
        page: Page::Programs,
        name: || t().programs,
        hint: || t().programs_hint,
        of: Offers::Both,
    },
];

fn entry(page: Page) -> Option<&'static Entry> {
    PAGES.iter().find(|entry| entry.page == page)
}

pub fn settings(house: &House, page: Page) -> Html {
    let live = |drawn| part::<Live>(LiveProps::new(house, drawn));
    match page {
        Page::All => live(of(all)),
        Page::Watchers => live(of(watchers::watching)),
        Page::People => live(of(people::people)),
        Page::Badge => live(of(abroad::on_other_sites)),
        Page::Preview => live(of(people::view_as)),
        Page::Looking => live(of(people::looking)),
        Page::Strangers => live(of(inboxes::strangers)),
        Page::Addresses => live(of(inboxes::addresses)),
        Page::Faces => live(of(reach::own_faces)),
        Page::Ways => live(of(reach::ways)),
        Page::Groups => live(of(others::groups)),
        Page::Programs => live(of(others::programs)),
    }
}

/// A page that is drawn from everything but what was said.
fn of(draw: fn(&House) -> Html) -> Part {
    Part {
        draw,
        wants: |cause| {
            !matches!(
                cause,
                Cause::Changed(Changed::Conversation(_) | Changed::Link)
            )
        },
    }
}

/// The frame of one page, with what it is for.
pub fn framed(house: &House, page: Page, mut inside: Vec<Html>) -> Html {
    let Some(entry) = entry(page) else {
        return kit::page(house, words(t().settings), inside);
    };
    inside.insert(0, p("muted").say((entry.hint)()).into());
    kit::page(house, words((entry.name)()), inside)
}

fn all(house: &House) -> Html {
    let offered = PAGES.iter().filter(|entry| house.offers(entry.of));
    let links = offered.map(|entry| -> Tag {
        let link = tag("a")
            .class("entry")
            .attr_of("href", &Place::Settings(entry.page).link())
            .with(span("entry-name").say((entry.name)()))
            .with(span("muted small").say((entry.hint)()));
        tag("li").with(link)
    });
    framed(
        house,
        Page::All,
        vec![tag("ul").class("entries").each(links).into()],
    )
}
