//! Everyone I know, as a listbox: one stop of the Tab key, arrows and letters walk, Enter opens. Of ten thousand rows only those
//! in view are drawn.

use gloo::timers::callback::Timeout;
use lamplight_embed::{Address, Changed, lower};
use web_sys::HtmlElement;
use yew::prelude::*;

use super::row::Row;
use super::share::Share;
use crate::dom;
use crate::house::{House, use_house};
use crate::pages::home::Popup;
use crate::texts::t;

/// Up to here all rows are drawn: scrolling is then the browser's alone.
const DRAW_ALL: usize = 80;
/// Rows drawn beyond either edge.
const MARGIN: usize = 8;
/// Before the first row is measured.
const ROW_PX: f64 = 68.0;
/// A row that changed shows it at once; its place in the order follows within this time.
const ORDER_EVERY_MS: u32 = 150;
/// Letters typed within this time belong to one word.
const LETTERS_MS: u64 = 800;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub query: String,
    pub open: Option<Address>,
}

#[component]
pub fn Roster(props: &Props) -> Html {
    let house = use_house();
    let order = use_order(&house, &props.query);
    let active = use_state_eq(|| None::<Address>);
    let view = use_state_eq(View::default);
    let node = use_node_ref();
    let letters = use_mut_ref(|| (String::new(), 0_u64));

    let at = active
        .as_ref()
        .and_then(|active| order.iter().position(|(address, _)| address == active));
    let shown = view.rows(order.len());
    let onscroll = {
        let (view, node) = (view.setter(), node.clone());
        Callback::from(move |_: Event| view.set(View::of(&node)))
    };
    {
        let (view, node) = (view.setter(), node.clone());
        use_effect_with(
            (order.len() > DRAW_ALL, shown.start, shown.end, order.len()),
            move |_| {
                view.set(View::of(&node));
            },
        );
    }
    spacers(&node, &shown, order.len(), view.row_px);

    let walk = {
        let (active, view, node) = (active.setter(), view.setter(), node.clone());
        let order = order.clone();
        move |to: usize| {
            if let Some((address, _)) = order.get(to) {
                active.set(Some(address.clone()));
                reveal(&node, to);
                view.set(View::of(&node));
            }
        }
    };
    let onkeydown = {
        let (order, walk, house) = (order.clone(), walk.clone(), house.clone());
        let open = props.open.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.alt_key() || event.ctrl_key() || event.meta_key() {
                return;
            }
            let last = order.len().saturating_sub(1);
            match event.key().as_str() {
                "ArrowDown" => walk(at.map_or(0, |at| (at + 1).min(last))),
                "ArrowUp" => walk(at.map_or(last, |at| at.saturating_sub(1))),
                "Home" => walk(0),
                "End" => walk(last),
                "Enter" | " " => {
                    let Some((address, _)) = at.and_then(|at| order.get(at)) else {
                        return;
                    };
                    if open.as_ref() == Some(address) {
                        dom::focus_id("message");
                    }
                    house.go.emit(Some(address.clone()));
                }
                key if key.chars().count() == 1 && key != "?" => {
                    let mut letters = letters.borrow_mut();
                    let now = house.shell.now().instant.0;
                    if now.saturating_sub(letters.1) > LETTERS_MS {
                        letters.0.clear();
                    }
                    letters.0.push_str(&lower(key));
                    letters.1 = now;
                    let Some(found) = find(&order, at, &letters.0) else {
                        return;
                    };
                    walk(found);
                }
                _ => return,
            }
            event.prevent_default();
        })
    };
    let onfocus = {
        let (order, open) = (order.clone(), props.open.clone());
        let here = at.is_some();
        Callback::from(move |_: FocusEvent| {
            if !here {
                let open = order
                    .iter()
                    .position(|(address, _)| Some(address) == open.as_ref());
                walk(open.unwrap_or(0));
            }
        })
    };
    use_first_row(&active, at, order.first().map(|(address, _)| address));
    let total = order.len();
    let empty = total == 0;
    // One element for both, so that the keyboard stays where it is when the first row comes.
    html! {
        <div id="roster" class={if empty { "nobody" } else { "roster" }} role={(!empty).then_some("listbox")}
            tabindex={if empty { "-1" } else { "0" }} aria-label={(!empty).then_some(t().contacts)} ref={node}
            aria-activedescendant={at.filter(|at| shown.contains(at)).map(row_id)} {onkeydown} {onfocus} {onscroll}>
            if empty {
                <Nobody query={props.query.clone()} />
            } else {
                <div class="spacer" role="presentation"></div>
                { for shown.map(|place| {
                    let (address, _) = &order[place];
                    html! {
                        <Row key={address.as_str()} id={row_id(place)} address={address.clone()} place={place + 1} {total}
                            active={at == Some(place)} open={props.open.as_ref() == Some(address)} />
                    }
                }) }
                <div class="spacer" role="presentation"></div>
            }
        </div>
    }
}

/// A list that has the keyboard has it on a row, also when its rows come later than the keyboard.
#[hook]
fn use_first_row(
    active: &UseStateHandle<Option<Address>>,
    at: Option<usize>,
    first: Option<&Address>,
) {
    let active = active.setter();
    use_effect_with((at.is_some(), first.cloned()), move |(here, first)| {
        let focused = dom::document().active_element();
        let focused = focused.is_some_and(|element| element.id() == "roster");
        if focused && !here && first.is_some() {
            active.set(first.clone());
        }
    });
}

fn row_id(place: usize) -> String {
    format!("row-{place}")
}

/// The next row after `at` whose name begins with these letters; a single letter goes on to the next, more may stay.
fn find(order: &[(Address, String)], at: Option<usize>, letters: &str) -> Option<usize> {
    let from = at.map_or(0, |at| {
        if letters.chars().count() == 1 {
            at + 1
        } else {
            at
        }
    });
    let mut places = (from..order.len()).chain(0..from.min(order.len()));
    places.find(|place| order[*place].1.starts_with(letters))
}

type Order = std::rc::Rc<Vec<(Address, String)>>;

/// The addresses in their order, with names in lower case for type-ahead. Read at once when rows came or went, a little
/// later when one changed its place.
#[hook]
fn use_order(house: &House, query: &str) -> Order {
    let draw = use_force_update();
    let order = use_mut_ref(|| (String::new(), None::<Order>));
    let late = use_mut_ref(|| None::<Timeout>);
    {
        let order = order.clone();
        crate::house::use_changes_with(move |changed| {
            let forget = {
                let (order, draw) = (order.clone(), draw.clone());
                move || {
                    order.borrow_mut().1 = None;
                    draw.force_update();
                }
            };
            if changed.contains(&Changed::Roster) {
                forget();
            } else if changed
                .iter()
                .any(|changed| matches!(changed, Changed::Row(_)))
            {
                let mut waiting = late.borrow_mut();
                if waiting.is_none() {
                    let late = late.clone();
                    *waiting = Some(Timeout::new(ORDER_EVERY_MS, move || {
                        late.borrow_mut().take();
                        forget();
                    }));
                }
            }
        });
    }
    let mut order = order.borrow_mut();
    match &order.1 {
        Some(known) if order.0 == query => known.clone(),
        _ => {
            let rows = house.shell.roster(query);
            let read: Vec<_> = rows
                .into_iter()
                .map(|row| {
                    let name = lower(&row.name);
                    (row.address, name)
                })
                .collect();
            let read = Order::new(read);
            *order = (query.to_owned(), Some(read.clone()));
            read
        }
    }
}

/// What of the list is in view.
#[derive(Clone, Copy, PartialEq)]
struct View {
    first: usize,
    count: usize,
    row_px: f64,
}

impl Default for View {
    fn default() -> Self {
        Self {
            first: 0,
            count: 40,
            row_px: ROW_PX,
        }
    }
}

impl View {
    fn of(node: &NodeRef) -> Self {
        let Some(list) = node.cast::<HtmlElement>() else {
            return Self::default();
        };
        let row = list.query_selector("[role=option]").ok().flatten();
        let row_px = row
            .map_or(ROW_PX, |row| row.get_bounding_client_rect().height())
            .max(1.0);
        Self {
            first: (f64::from(list.scroll_top()) / row_px) as usize,
            count: (f64::from(list.client_height()) / row_px) as usize + 1,
            row_px,
        }
    }

    /// The rows to draw.
    fn rows(self, total: usize) -> std::ops::Range<usize> {
        if total <= DRAW_ALL {
            return 0..total;
        }
        let start = self
            .first
            .min(total.saturating_sub(self.count))
            .saturating_sub(MARGIN);
        start..(self.first + self.count + MARGIN).min(total)
    }
}

/// Keeps the scroll bar honest: room for the rows that are not drawn. By the object model, since the policy drops style attributes.
fn spacers(node: &NodeRef, shown: &std::ops::Range<usize>, total: usize, row_px: f64) {
    let Some(list) = node.cast::<HtmlElement>() else {
        return;
    };
    let Ok(found) = list.query_selector_all(".spacer") else {
        return;
    };
    for (at, rows) in [(0, shown.start), (1, total - shown.end.min(total))] {
        if let Some(spacer) = found
            .item(at)
            .map(wasm_bindgen::JsCast::unchecked_into::<HtmlElement>)
        {
            let height = format!("{}px", (rows as f64 * row_px) as u32);
            // A length is always a valid value.
            let _ = spacer.style().set_property("block-size", &height);
        }
    }
}

/// Scrolls as little as needed to have this row in view.
fn reveal(node: &NodeRef, place: usize) {
    let Some(list) = node.cast::<HtmlElement>() else {
        return;
    };
    let row_px = View::of(node).row_px;
    let (top, bottom) = (place as f64 * row_px, (place + 1) as f64 * row_px);
    let (from, height) = (
        f64::from(list.scroll_top()),
        f64::from(list.client_height()),
    );
    if top < from {
        list.set_scroll_top(top as i32);
    } else if bottom > from + height {
        list.set_scroll_top((bottom - height).ceil() as i32);
    }
}

#[derive(Properties, PartialEq)]
struct NobodyProps {
    query: String,
}

/// An empty list says what to do about it.
#[component]
fn Nobody(props: &NobodyProps) -> Html {
    let house = use_house();
    let query = props.query.trim().to_owned();
    if query.is_empty() {
        let add = house.show.reform(|_: MouseEvent| Popup::AddContact(None));
        return html! {
            <>
                <p>{ t().nobody_yet }</p>
                <button type="button" class="primary only-narrow" onclick={add}>{ t().add_first }</button>
                <div class="only-narrow"><Share /></div>
            </>
        };
    }
    let add = {
        let query = query.clone();
        house
            .show
            .reform(move |_: MouseEvent| Popup::AddContact(Some(query.clone())))
    };
    html! {
        <>
            <p>{ t().nobody_found.replace("{query}", &query) }</p>
            <button type="button" onclick={add}>{ t().add_this.replace("{query}", &query) }</button>
        </>
    }
}
