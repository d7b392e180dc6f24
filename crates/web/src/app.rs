//! Which of the two pages is shown: the door, or home.

use lamplight_embed::{Code, Door, Principal, Shell, SignedIn, local};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::dom;
use crate::draw::part;
use crate::kept::use_kept;
use crate::pages::{door, home};
use crate::parts::attention;

/// Who was in last, so that a reload shows the contacts before the relay has answered.
const LAST: &str = "lamplight-principal";

#[derive(Clone, PartialEq)]
enum Place {
    /// At the door, perhaps with a reason.
    Door(Option<Code>),
    In(Shell),
}

/// Finds out where to begin while the frame of the page still says that it opens, then draws.
pub async fn run() {
    let place = first_place().await;
    if let Some(root) = dom::by_id("app") {
        yew::Renderer::<App>::with_root_and_props(root, AppProps { place }).render();
    }
}

async fn first_place() -> Place {
    if let Some(group) = in_whose_name() {
        // Whether one may is for the relay to say; without a session the door is shown.
        return match Door.session().await {
            Ok(_) => Place::In(open_group(group).await),
            Err(_) => Place::Door(None),
        };
    }
    let last = local()
        .get(LAST)
        .and_then(|text| Principal::parse(&text).ok());
    let principal = match last {
        Some(principal) => Some(principal),
        None => Door.session().await.ok().map(|who| who.principal),
    };
    match principal {
        Some(principal) => Place::In(open(principal).await),
        None => Place::Door(None),
    }
}

/// The group in whose name this page speaks: `?as=support@example.org`.
fn in_whose_name() -> Option<Principal> {
    let search = dom::search();
    let name = js_sys::decode_uri_component(search.strip_prefix("?as=")?).ok()?;
    Principal::parse(&String::from(name)).ok()
}

async fn open_group(group: Principal) -> Shell {
    let shell = Shell::open_group(group).await;
    shell.start();
    shell
}

async fn open(principal: Principal) -> Shell {
    if let Some(group) = in_whose_name() {
        return open_group(group).await;
    }
    local().set(LAST, principal.as_str());
    let shell = Shell::open(principal).await;
    shell.start();
    shell
}

#[derive(Properties, PartialEq)]
struct AppProps {
    place: Place,
}

#[component]
fn App(props: &AppProps) -> Html {
    let place = use_kept(|| props.place.clone());
    match place.get() {
        Place::Door(reason) => part::<door::DoorPage>(door::Props {
            reason,
            enter: Callback::from(move |who: SignedIn| {
                let place = place.clone();
                spawn_local(async move { place.set(Place::In(open(who.principal).await)) });
            }),
        }),
        Place::In(shell) => part::<home::Home>(home::Props {
            shell,
            leave: Callback::from(move |reason| {
                local().remove(LAST);
                attention::show(0);
                place.set(Place::Door(reason));
            }),
        }),
    }
}
