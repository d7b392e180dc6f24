//! What is not needed to talk — dialogs, settings, what there is to settle with someone — is a module of its own, which comes when
//! it is first opened, or a while after the page has begun and the line is not busy any more.
//!
//! `cargo xtask page` takes it out of the program at [`load`]: everything that only its views reach goes with it. Nothing is drawn
//! of it from elsewhere than through [`Views`], or it would not be separate.

use std::cell::Cell;

use lamplight_embed::{ContactRow, ConversationView, LinkView, after};
use wasm_bindgen_futures::spawn_local;
use wasm_split_helpers::{SplitLoaderError, wasm_split};
use yew::prelude::*;

use crate::dom;
use crate::draw::{button, div, p};
use crate::house::{Deed, House, Popup};
use crate::more;
use crate::parts::menu::Opened;
use crate::parts::notices::Toast;
use crate::route::Place;
use crate::texts::t;

/// When the page has been open this long, what may be opened next is fetched.
const REST_MS: u32 = 4_000;

/// The ways into what comes later.
#[derive(Clone, Copy)]
pub struct Views {
    /// What stands beside the list and is not a conversation.
    pub place: fn(&House, &Place) -> Html,
    pub popup: fn(&House, Popup) -> Html,
    pub menu: fn(&House, &Opened<'_>) -> Html,
    /// What stands above what was said in a conversation.
    pub bar: fn(&House, &ConversationView) -> Html,
    /// From a page to what led to it.
    pub back: fn(&House),
    /// What somebody sees of me.
    pub chip: fn(&House, &ContactRow) -> Html,
    /// Who asks to see me.
    pub requests: fn(&House) -> Html,
}

#[derive(Clone, Copy)]
enum Loading {
    Not,
    Comes,
    There(Views),
    /// The line broke; it is tried again when it is wanted again.
    Failed,
}

thread_local! {
    static LOADING: Cell<Loading> = const { Cell::new(Loading::Not) };
}

// The macro declares where the two modules meet as foreign functions, and gives what it says of a failed load a place in the answer.
#[allow(unsafe_code, clippy::unnecessary_wraps)]
#[wasm_split(more, fallible)]
fn load() -> Result<Box<Views>, SplitLoaderError> {
    Ok(Box::new(more::VIEWS))
}

/// What came already. What has not is asked for, and the page is drawn again when it is there.
pub fn views(house: &House) -> Option<Views> {
    match LOADING.get() {
        Loading::There(views) => Some(views),
        Loading::Comes | Loading::Failed => None,
        Loading::Not => {
            begin(house, true);
            None
        }
    }
}

/// What came already, of something that can wait until it comes by itself.
pub fn here() -> Option<Views> {
    match LOADING.get() {
        Loading::There(views) => Some(views),
        _ => None,
    }
}

/// Fetches it when nothing more urgent is on its way and there is a line.
pub fn soon(house: &House) {
    let house = house.clone();
    let then = move || {
        if house.shell.read(|agent| agent.link().link) == LinkView::Up {
            begin(&house, false);
        } else {
            soon(&house);
        }
    };
    after(REST_MS, Box::new(then)).forget();
}

/// Fetches what is not here, since something of it is wanted.
pub fn fetch(house: &House) {
    begin(house, true);
}

fn begin(house: &House, wanted: bool) {
    if matches!(LOADING.get(), Loading::Comes | Loading::There(_)) {
        return;
    }
    LOADING.set(Loading::Comes);
    // Until now the browser took its time with these.
    if let Some(style) = dom::by_id("style-more") {
        let _ = style.set_attribute("media", "all");
    }
    let house = house.clone();
    spawn_local(async move {
        let loaded = load().await;
        ended(&house, wanted, loaded.ok().map(|views| *views));
    });
}

fn ended(house: &House, wanted: bool, views: Option<Views>) {
    LOADING.set(views.map_or(Loading::Failed, Loading::There));
    if views.is_none() && wanted {
        // A dialog that cannot be shown is not open.
        house.closed();
        house.say(Toast::fault(t().relay_unreachable.into()));
    }
    house.redraw();
}

/// Stands in for what has not come.
pub fn waiting(house: &House) -> Html {
    let stands = div("welcome").attr("role", "status");
    if matches!(LOADING.get(), Loading::Failed) {
        let again = button("primary", house.does(Deed::Fetch)).say(t().try_again);
        stands.with(p("").say(t().relay_unreachable)).with(again)
    } else {
        stands.with(p("muted").say(t().one_moment))
    }
    .into()
}
