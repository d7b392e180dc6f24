//! Home: people on one side, a conversation on the other; on a narrow screen one of the two.

use gloo::timers::callback::Timeout;
use lamplight_embed::{Address, Changed, Code, News, Notice, Shell};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, KeyboardEvent};
use yew::prelude::*;

use crate::dom;
use crate::house::House;
use crate::keys::{self, Act};
use crate::parts::add_contact::AddContact;
use crate::parts::attention::Attention;
use crate::parts::banner::Banner;
use crate::parts::chat::Chat;
use crate::parts::confirm::{BlockDialog, RemoveDialog, RenameDialog};
use crate::parts::diagnostics::Diagnostics;
use crate::parts::help::Help;
use crate::parts::notices::{Notices, Toast, use_toasts};
use crate::parts::side::Side;
use crate::parts::status_dialog::StatusDialog;
use crate::parts::welcome::Welcome;
use crate::route;
use crate::texts::{self, t};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub shell: Shell,
    /// Back to the door, perhaps with a reason.
    pub leave: Callback<Option<Code>>,
}

/// The dialog that is open.
#[derive(Clone, PartialEq)]
pub enum Popup {
    AddContact(Option<String>),
    Status,
    Help,
    Diagnostics,
    Rename(Address),
    Remove(Address),
    Block(Address),
}

#[component]
pub fn Home(props: &Props) -> Html {
    let open = use_state_eq(route::current);
    let popup = use_state_eq(|| None::<(u32, Popup)>);
    let popups = use_mut_ref(|| 0_u32);
    let (toasts, say) = use_toasts();

    let go = {
        let open = open.setter();
        use_callback((), move |to: Option<Address>, ()| {
            match &to {
                Some(address) => route::open(address),
                None => route::close(),
            }
            open.set(to);
        })
    };
    let show = {
        let popup = popup.setter();
        // Each has a number, so that one that has just left the screen does not pass for the next of its kind.
        use_callback((), move |what: Popup, ()| {
            let number = popups.borrow().wrapping_add(1);
            popups.replace(number);
            popup.set(Some((number, what)));
        })
    };
    let closed = {
        let popup = popup.setter();
        use_callback((), move |(), ()| popup.set(None))
    };
    let sign_out = {
        let (shell, leave) = (props.shell.clone(), props.leave.clone());
        use_callback((), move |(), ()| {
            let (shell, leave) = (shell.clone(), leave.clone());
            spawn_local(async move {
                // Where the relay cannot be reached the session ends there by its age; here it ends now.
                let _ = shell.sign_out().await;
                leave.emit(None);
            });
        })
    };
    let house = {
        let (go, show, say) = (go.clone(), show.clone(), say.clone());
        use_memo(props.shell.clone(), move |shell| {
            House::new(shell.clone(), go, show, say, sign_out)
        })
    };
    use_steps(open.setter());
    use_way_back(open.is_some());
    use_news(&props.shell, say.clone(), props.leave.clone());
    use_shortcuts(&house, &open);

    let pane = if open.is_some() { "chat" } else { "list" };
    html! {
        <ContextProvider<House> context={(*house).clone()}>
            <header class="vh"><h1>{ t().product }</h1></header>
            <Attention />
            <Banner />
            <div class="home" data-pane={pane}>
                <Side open={(*open).clone()} />
                <main class="stage" aria-label={t().conversation}>
                    if let Some(address) = &*open {
                        <Chat key={address.as_str()} address={address.clone()} />
                    } else {
                        <Welcome />
                    }
                </main>
            </div>
            <Notices {toasts} />
            if let Some((number, popup)) = &*popup {
                <key={*number}>{ dialog(popup, &closed) }</>
            }
        </ContextProvider<House>>
    }
}

fn dialog(popup: &Popup, closed: &Callback<()>) -> Html {
    let closed = closed.clone();
    match popup {
        Popup::AddContact(first) => html! { <AddContact {closed} first={first.clone()} /> },
        Popup::Status => html! { <StatusDialog {closed} /> },
        Popup::Help => html! { <Help {closed} /> },
        Popup::Diagnostics => html! { <Diagnostics {closed} /> },
        Popup::Rename(address) => html! { <RenameDialog {closed} address={address.clone()} /> },
        Popup::Remove(address) => html! { <RemoveDialog {closed} address={address.clone()} /> },
        Popup::Block(address) => html! { <BlockDialog {closed} address={address.clone()} /> },
    }
}

/// Follows the browser's own steps back and forth.
#[hook]
fn use_steps(open: UseStateSetter<Option<Address>>) {
    use_effect_with((), move |()| {
        let listener = gloo::events::EventListener::new(&dom::window(), "popstate", move |_| {
            open.set(route::current());
        });
        move || drop(listener)
    });
}

/// Where a conversation gave way to the list, the keyboard goes there with it.
#[hook]
fn use_way_back(open: bool) {
    let was_open = use_mut_ref(|| false);
    use_effect_with(open, move |open| {
        if was_open.replace(*open) && !open && dom::is_narrow() {
            dom::focus_id("roster");
        }
    });
}

/// Says what is to be said once.
#[hook]
fn use_news(shell: &Shell, say: Callback<Toast>, leave: Callback<Option<Code>>) {
    use_effect_with(shell.clone(), move |shell| {
        let at_work = shell.clone();
        let listening = shell.listen(move |news| match news {
            News::Tell(Notice::Refused(address, code)) => {
                say.emit(refusal(address.as_ref(), *code));
            }
            News::Tell(Notice::Request(watcher)) => {
                say.emit(Toast::of_what_is_seen(
                    t().asks_to_see.replace("{name}", watcher.as_str()),
                ));
            }
            News::Tell(Notice::Message { .. } | Notice::Available(_)) | News::Changed(_) => {}
            News::SignedOut(code) => {
                at_work.stop();
                leave.emit(Some(*code));
            }
            News::KeepsNothing => say.emit(Toast::fault(t().keeps_nothing.into())),
        });
        move || drop(listening)
    });
}

fn refusal(address: Option<&Address>, code: Code) -> Toast {
    Toast::fault(match address {
        Some(address) => format!("{address}: {}", texts::sentence(code)),
        None => texts::sentence(code).into(),
    })
}

/// Listens to the shortcuts that hold everywhere.
#[hook]
fn use_shortcuts(house: &House, open: &Option<Address>) {
    let house = house.clone();
    use_effect_with(open.clone(), move |open| {
        let open = open.clone();
        let options = gloo::events::EventListenerOptions::enable_prevent_default();
        let listener = gloo::events::EventListener::new_with_options(
            &dom::window(),
            "keydown",
            options,
            move |event| {
                let event: &KeyboardEvent = event.unchecked_ref();
                if dom::has_dialog() || event.is_composing() {
                    return;
                }
                if let Some(act) = keys::act_of(event, is_typing(event)) {
                    event.prevent_default();
                    perform(&house, act, open.as_ref());
                }
            },
        );
        move || drop(listener)
    });
}

fn is_typing(event: &KeyboardEvent) -> bool {
    event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .is_some_and(|element| {
            matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
        })
}

fn perform(house: &House, act: Act, open: Option<&Address>) {
    match act {
        Act::Help => house.show.emit(Popup::Help),
        Act::Search => {
            if open.is_some() && dom::is_narrow() {
                house.go.emit(None);
            }
            // Where the list was out of sight, it is there after this turn.
            Timeout::new(0, || dom::focus_id("search")).forget();
        }
        Act::PreviousChat | Act::NextChat | Act::NextUnread => {
            if let Some(next) = neighbour(house, act, open) {
                house.go.emit(Some(next));
            }
        }
    }
}

/// The conversation above or below the open one, or the next that has something unread.
fn neighbour(house: &House, act: Act, open: Option<&Address>) -> Option<Address> {
    let rows = house.shell.read(|agent| agent.roster(""));
    let at = rows.iter().position(|row| Some(&row.address) == open);
    let next = match act {
        Act::NextUnread => {
            let after = at.map_or(0, |at| at + 1);
            let mut order = (after..rows.len()).chain(0..after.min(rows.len()));
            order.find(|at| rows[*at].unread > 0)?
        }
        Act::PreviousChat => at?.checked_sub(1)?,
        _ => at.map_or(0, |at| at + 1),
    };
    rows.get(next).map(|row| row.address.clone())
}

/// What every part that draws a row wants to know of.
pub fn is_about_people(changed: &Changed) -> bool {
    matches!(changed, Changed::Roster | Changed::Row(_))
}
