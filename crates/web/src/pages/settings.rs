//! Privacy and addresses: a page of links, and behind each a page about one thing.

use lamplight_embed::{Changed, Offers};
use yew::prelude::*;

use crate::draw::{Tag, p, part, span, tag, words};
use crate::house::{Cause, Deed, House};
use crate::parts::kit::{self, Label};
use crate::parts::live::{Live, LiveProps, Part};
use crate::parts::watchers;
use crate::route::Place;
use crate::texts::t;

mod inboxes;
mod others;
mod people;
mod reach;

pub use others::Known;
pub use people::{VISIBILITIES, face, faces};

/// The pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    All,
    Watchers,
    People,
    Preview,
    Looking,
    Strangers,
    Addresses,
    Faces,
    Ways,
    Groups,
    Programs,
}

/// A page in the list of them: its address, its name, what it is for, and which of the relay's services it belongs to.
struct Entry {
    page: Page,
    slug: &'static str,
    name: Label,
    hint: Label,
    of: Offers,
}

const PAGES: &[Entry] = &[
    Entry {
        page: Page::Watchers,
        slug: "watchers",
        name: |t| t.watchers,
        hint: |t| t.watchers_hint,
        of: Offers::Presence,
    },
    Entry {
        page: Page::People,
        slug: "people",
        name: |t| t.people_see,
        hint: |t| t.people_see_hint,
        of: Offers::Presence,
    },
    Entry {
        page: Page::Preview,
        slug: "view-as",
        name: |t| t.view_as,
        hint: |t| t.view_as_hint,
        of: Offers::Presence,
    },
    Entry {
        page: Page::Looking,
        slug: "looking",
        name: |t| t.looking,
        hint: |t| t.looking_hint,
        of: Offers::Presence,
    },
    Entry {
        page: Page::Strangers,
        slug: "messages",
        name: |t| t.who_writes,
        hint: |t| t.who_writes_hint,
        of: Offers::Messages,
    },
    Entry {
        page: Page::Addresses,
        slug: "addresses",
        name: |t| t.addresses,
        hint: |t| t.addresses_hint,
        of: Offers::Messages,
    },
    Entry {
        page: Page::Faces,
        slug: "faces",
        name: |t| t.faces,
        hint: |t| t.faces_hint,
        of: Offers::Presence,
    },
    Entry {
        page: Page::Ways,
        slug: "ways",
        name: |t| t.ways,
        hint: |t| t.ways_hint,
        of: Offers::Presence,
    },
    Entry {
        page: Page::Groups,
        slug: "groups",
        name: |t| t.groups,
        hint: |t| t.groups_hint,
        of: Offers::Both,
    },
    Entry {
        page: Page::Programs,
        slug: "programs",
        name: |t| t.programs,
        hint: |t| t.programs_hint,
        of: Offers::Both,
    },
];

impl Page {
    /// Its name in an address.
    pub fn slug(self) -> &'static str {
        self.entry().map_or("all", |entry| entry.slug)
    }

    pub fn of(slug: &str) -> Option<Self> {
        match slug {
            "all" => Some(Self::All),
            _ => PAGES
                .iter()
                .find(|entry| entry.slug == slug)
                .map(|entry| entry.page),
        }
    }

    fn entry(self) -> Option<&'static Entry> {
        PAGES.iter().find(|entry| entry.page == self)
    }
}

/// What belongs to a service that this relay does not offer is not shown.
pub fn is_offered(house: &House, service: Offers) -> bool {
    let offers = house.shell.read(|agent| agent.me()).offers;
    offers == Offers::Both || service == Offers::Both || offers == service
}

pub fn settings(house: &House, page: Page) -> Html {
    let live = |drawn| part::<Live>(LiveProps::new(house, drawn));
    match page {
        Page::All => live(of(all)),
        Page::Watchers => live(of(watchers::watching)),
        Page::People => live(of(people::people)),
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

/// The frame of one page, with what it is for: the way back is to all of them.
pub fn framed(house: &House, page: Page, mut inside: Vec<Html>) -> Html {
    let Some(entry) = page.entry() else {
        return kit::page(house, Deed::Go(None), words(t().settings), inside);
    };
    inside.insert(0, p("muted").say((entry.hint)(t())).into());
    let back = Deed::Visit(Place::Settings(Page::All));
    kit::page(house, back, words((entry.name)(t())), inside)
}

fn all(house: &House) -> Html {
    let offered = PAGES.iter().filter(|entry| is_offered(house, entry.of));
    let links = offered.map(|entry| -> Tag {
        let link = tag("a")
            .class("entry")
            .attr_of("href", &Place::Settings(entry.page).link())
            .with(span("entry-name").say((entry.name)(t())))
            .with(span("muted small").say((entry.hint)(t())));
        tag("li").with(link)
    });
    framed(
        house,
        Page::All,
        vec![tag("ul").class("entries").each(links).into()],
    )
}
