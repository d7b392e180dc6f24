//! Which of the two pages is shown: the door, or home.

use std::cell::RefCell;
use std::rc::Rc;

use lamplight_embed::{Code, Door, DoorError, Invitation, Principal, Shell, SignedIn, local};
use wasm_bindgen_futures::spawn_local;
use yew::AppHandle;
use yew::prelude::*;

use crate::dom;
use crate::pages::{door, home};
use crate::parts::attention;
use crate::route;

/// Who was in last, so that a reload shows the contacts before the relay has answered.
const LAST: &str = "lamplight-principal";

/// Where to begin.
enum Place {
    /// At the door, perhaps with a reason.
    Door(Option<Code>),
    /// At the door with a link, as whoever is signed in.
    Invited(Invitation, Option<SignedIn>),
    In(Shell),
}

/// Finds out where to begin while the frame of the page still says that it opens, then draws.
pub async fn run() {
    match first_place().await {
        Place::Door(reason) => show_door(reason, None, None),
        Place::Invited(link, me) => show_door(None, Some(link), me),
        Place::In(shell) => show_home(shell),
    }
}

async fn first_place() -> Place {
    if let Some(secret) = route::invitation() {
        let me = Door.session().await.ok();
        match Door.invitation(&secret).await {
            // Who is in already has nothing to do with an account, unless to know somebody.
            Ok(link) if me.is_none() || link.password || link.of.is_some() => {
                return Place::Invited(link, me);
            }
            Err(DoorError::Refused(code)) if me.is_none() => return Place::Door(Some(code)),
            _ => route::forget_invitation(),
        }
    }
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

/// The door, perhaps with a reason.
fn show_door(reason: Option<Code>, link: Option<Invitation>, me: Option<SignedIn>) {
    let drawn = Drawn::<door::DoorPage>::default();
    let leaves = drawn.clone();
    drawn.draw(door::Props {
        reason,
        link,
        me,
        enter: Callback::from(move |who: SignedIn| {
            let leaves = leaves.clone();
            route::forget_invitation();
            spawn_local(async move {
                let shell = open(who.principal).await;
                leaves.end();
                show_home(shell);
            });
        }),
    });
}

fn show_home(shell: Shell) {
    let drawn = Drawn::<home::Home>::default();
    let leaves = drawn.clone();
    drawn.draw(home::Props {
        shell,
        leave: Callback::from(move |reason| {
            local().remove(LAST);
            attention::show(0);
            let leaves = leaves.clone();
            // Whoever leaves is being told so at this moment.
            spawn_local(async move {
                leaves.end();
                show_door(reason, None, None);
            });
        }),
    });
}

/// One of the two pages, as long as it is shown.
struct Drawn<C: BaseComponent>(Rc<RefCell<Option<AppHandle<C>>>>);

impl<C: BaseComponent> Default for Drawn<C> {
    fn default() -> Self {
        Self(Rc::default())
    }
}

impl<C: BaseComponent> Clone for Drawn<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C: BaseComponent> Drawn<C> {
    fn draw(&self, props: C::Properties) {
        if let Some(root) = dom::by_id("app") {
            let renderer = yew::Renderer::<C>::with_root_and_props(root, props);
            self.0.replace(Some(renderer.render()));
        }
    }

    fn end(&self) {
        if let Some(handle) = self.0.take() {
            handle.destroy();
        }
    }
}
