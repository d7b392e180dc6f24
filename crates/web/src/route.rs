//! What is open, in the address: `#/alice@example.org` is a conversation, `#/about/alice@example.org` what there is to settle with
//! her, `#/requests` and `#/settings/...` are pages; nothing is the list.
//!
//! Opening something from the list adds a step to the browser's history, and so does a page that is opened from somewhere; going
//! from one conversation to another replaces it: "back" on a phone leads to the list, or to what led to a page. Links between
//! pages are links, and steps like everywhere in the browser.

use lamplight_embed::{Address, joined, lower};
use wasm_bindgen::JsValue;

use crate::dom;

/// The pages of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    All,
    Watchers,
    People,
    Badge,
    Preview,
    Looking,
    Strangers,
    Addresses,
    Faces,
    Ways,
    Groups,
    Programs,
}

/// The pages with their names in an address.
const PAGES: [(Page, &str); 12] = [
    (Page::All, "all"),
    (Page::Watchers, "watchers"),
    (Page::People, "people"),
    (Page::Badge, "badge"),
    (Page::Preview, "view-as"),
    (Page::Looking, "looking"),
    (Page::Strangers, "messages"),
    (Page::Addresses, "addresses"),
    (Page::Faces, "faces"),
    (Page::Ways, "ways"),
    (Page::Groups, "groups"),
    (Page::Programs, "programs"),
];

impl Page {
    /// Its name in an address.
    pub fn slug(self) -> &'static str {
        let known = PAGES.iter().find(|(page, _)| *page == self);
        known.map_or("", |(_, name)| name)
    }

    fn of(slug: &str) -> Option<Self> {
        let known = PAGES.iter().find(|(_, name)| *name == slug);
        known.map(|(page, _)| *page)
    }
}

/// What stands beside the list.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    Chat(Address),
    About(Address),
    /// What strangers wrote.
    Requests,
    Settings(Page),
}

impl Place {
    /// What stands behind the `#/`.
    fn name(&self) -> String {
        match self {
            Self::Chat(address) => address.as_str().into(),
            Self::About(address) => joined(&["about/", address.as_str()]),
            Self::Requests => "requests".into(),
            Self::Settings(page) => joined(&["settings/", page.slug()]),
        }
    }

    fn of(name: &str) -> Option<Self> {
        let address = |text: &str| Address::parse(&lower(text)).ok();
        if let Some(page) = name.strip_prefix("settings/") {
            return Page::of(page).map(Self::Settings);
        }
        match name.strip_prefix("about/") {
            Some(about) => address(about).map(Self::About),
            None if name == "requests" => Some(Self::Requests),
            None => address(name).map(Self::Chat),
        }
    }

    /// Whether it is something else than a conversation.
    pub fn is_page(&self) -> bool {
        !matches!(self, Self::Chat(_))
    }

    /// For a link.
    pub fn link(&self) -> String {
        joined(&["#/", &self.name()])
    }
}

/// Whether the page is a list of people and nothing else, for a narrow window or a frame of one's own: `/?list`.
pub fn is_list() -> bool {
    dom::search() == "?list"
}

/// What stands before the secret of a link that lets somebody in. It is behind the `#`, which browsers send to nobody.
const INVITE: &str = "#invite=";

/// The link with this secret, to be given to somebody.
pub fn invitation_link(secret: &str) -> String {
    let origin = dom::window().location().origin().unwrap_or_default();
    joined(&[&origin, "/", INVITE, secret])
}

/// The secret of the link that led here.
pub fn invitation() -> Option<String> {
    let hash = dom::window().location().hash().ok()?;
    hash.strip_prefix(INVITE).map(str::to_owned)
}

/// Takes the link out of the address: it was used, or is not wanted.
pub fn forget_invitation() {
    if let Ok(history) = dom::window().history() {
        // A page in a frame that may not touch its history works without it.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&dom::path()));
    }
}

/// Opens a place of the whole page beside a list.
pub fn open_beside(place: &Place) {
    let address = joined(&["/", &place.link()]);
    // A browser that opens no window leaves the list as it is.
    let _ = dom::window().open_with_url_and_target(&address, "lamplight");
}

/// What the address names.
pub fn current() -> Option<Place> {
    let hash = dom::window().location().hash().ok()?;
    let name = hash.strip_prefix("#/")?;
    let name = js_sys::decode_uri_component(name).ok()?;
    Place::of(&String::from(name))
}

/// Names what is open. Whoever shows it is to be told as well: only the browser's own steps raise an event.
pub fn open(place: &Place, deeper: bool) {
    let hash = place.link();
    let history = dom::window().history();
    let Ok(history) = history else { return };
    // A page in a frame that may not touch its history works without it.
    let _ = if current().is_some() && !deeper {
        // A step that a link made is not one of ours, also with another page in its place.
        let state = history.state().unwrap_or(JsValue::NULL);
        history.replace_state_with_url(&state, "", Some(&hash))
    } else {
        history.push_state_with_url(&(depth() + 1).into(), "", Some(&hash))
    };
}

/// How many steps of ours lead to what is open.
pub fn depth() -> i32 {
    let state = dom::window().history().and_then(|history| history.state());
    let steps = state.ok().and_then(|state| state.as_f64());
    steps.map_or(0, |steps| steps as i32)
}

/// One step back.
pub fn back() {
    if let Ok(history) = dom::window().history() {
        // Where there is none the page stays.
        let _ = history.back();
    }
}

/// Back to the list, by as many steps as were ours.
pub fn close() {
    let Ok(history) = dom::window().history() else {
        return;
    };
    let steps = depth();
    let _ = if steps > 0 {
        history.go_with_delta(-steps)
    } else {
        history.replace_state_with_url(&JsValue::NULL, "", Some(&dom::path()))
    };
}
