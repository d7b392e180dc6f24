//! Everyone I know, as a listbox: one stop of the Tab key, arrows and letters walk, Enter opens. Of ten thousand rows only those
//! in view are drawn.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use gloo::timers::callback::Timeout;
use lamplight_embed::{Address, Changed, Heading, Listed, Word, after, joined, lower};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::presence;
use super::row::{self, Row};
use super::share::share;
use crate::{dom, draw};

use crate::draw::{On, Tag, act, button, div, keyed_part, list, pressed, tag};
use crate::house::{Deed, House, Popup};
use crate::kept::{Kept, use_after, use_kept, use_node};
use crate::pulse::{Cause, use_causes};
use crate::texts::{fill, t};

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

/// The list, as a piece of the side.
#[hook]
pub fn use_roster(house: &House, query: &str, open: Option<&Address>) -> Html {
    let order = use_order(house.clone(), query);
    let view = use_kept(View::default);
    let active = use_kept(|| None::<Address>);
    let letters = use_ref(RefCell::default);
    let node = use_node();

    let at = active
        .get()
        .and_then(|active| order.iter().position(|place| place.address == active));
    let hand = Hand {
        house: house.clone(),
        order,
        open: open.cloned(),
        at,
        active,
        view,
        node,
        letters,
    };
    let total = hand.order.len();
    let shown = hand.view.get().rows(total);
    // Measured anew when other rows are drawn than before.
    let rows = [shown.start, shown.end, total].map(|place| place as u64);
    use_after(rows[0] << 40 | rows[1] << 20 | rows[2], {
        let hand = hand.clone();
        Box::new(move || hand.view.set(View::of(&hand.node)))
    });
    spacers(&hand.node, &shown, total, hand.view.get().row_px);
    use_first_row(hand.clone());

    let empty = total == 0;
    // One element for both, so that the keyboard stays where it is when the first row comes.
    let roster = div(if empty { "nobody" } else { "roster" })
        .node(&hand.node)
        .attr("id", "roster")
        .attr("tabindex", if empty { "-1" } else { "0" })
        .on(On::KeyDown, hand.does(|hand, event| hand.key(event)))
        .on(On::Focus, hand.does(|hand, _| hand.focus()))
        .on(
            On::Scroll,
            hand.does(|hand, _| hand.view.set(View::of(&hand.node))),
        );
    if empty {
        return roster.with(nobody(house, query.trim())).into();
    }
    let roster = match at.filter(|at| shown.contains(at)) {
        Some(at) => roster.attr_of("aria-activedescendant", &row_id(at)),
        None => roster,
    };
    let sections = sections(&hand.order, shown, &|place| {
        let Place {
            address, heading, ..
        } = &hand.order[place];
        keyed_part::<Row>(
            address.as_str(),
            row::Props {
                house: house.clone(),
                id: row_id(place),
                address: address.clone(),
                heading: heading.clone(),
                place: place + 1,
                total,
                active: at == Some(place),
                open: open == Some(address),
            },
        )
    });
    let spacer = || div("spacer").attr("role", "presentation");
    roster
        .attr("role", "listbox")
        .attr("aria-label", t().contacts)
        .with(spacer())
        .each(sections)
        .with(spacer())
        .into()
}

/// The rows of these places, those under one heading in a group of its name.
fn sections(order: &[Place], shown: Range<usize>, row: &dyn Fn(usize) -> Html) -> Vec<Tag> {
    let mut sections = Vec::new();
    let mut rest = shown;
    while let Some(first) = order.get(rest.start).filter(|_| !rest.is_empty()) {
        let same = |at: &usize| order[*at].section == first.section;
        let end = rest.start + rest.clone().take_while(same).count();
        let Place { heading, key, .. } = &order[first.section];
        let section = div("").key(key).each((rest.start..end).map(row));
        sections.push(if heading.is_empty() {
            section.attr("role", "presentation")
        } else {
            section.attr("role", "group").attr_of("aria-label", heading)
        });
        rest.start = end;
    }
    sections
}

/// The list as a hand on the keyboard finds it.
#[derive(Clone)]
struct Hand {
    house: House,
    order: Order,
    open: Option<Address>,
    /// The row that the keyboard is on.
    at: Option<usize>,
    active: Kept<Option<Address>>,
    view: Kept<View>,
    node: NodeRef,
    /// Letters typed so far, and when.
    letters: Rc<RefCell<(String, u64)>>,
}

impl Hand {
    fn does(&self, then: fn(&Self, &Event)) -> draw::Hand {
        let hand = self.clone();
        act(move |event| then(&hand, event))
    }

    fn walk(&self, to: usize) {
        if let Some(place) = self.order.get(to) {
            self.active.set(Some(place.address.clone()));
            reveal(&self.node, to);
            self.view.set(View::of(&self.node));
        }
    }

    fn key(&self, event: &Event) {
        let key = pressed(event);
        if key.alt_key() || key.ctrl_key() || key.meta_key() {
            return;
        }
        let at = self.at;
        let last = self.order.len().saturating_sub(1);
        match key.key().as_str() {
            "ArrowDown" => self.walk(at.map_or(0, |at| (at + 1).min(last))),
            "ArrowUp" => self.walk(at.map_or(last, |at| at.saturating_sub(1))),
            "Home" => self.walk(0),
            "End" => self.walk(last),
            "Enter" | " " => {
                let Some(Place { address, .. }) = at.and_then(|at| self.order.get(at)) else {
                    return;
                };
                if self.open.as_ref() == Some(address) {
                    dom::focus_id("message");
                }
                self.house.go(Some(address.clone()));
            }
            key if key.chars().count() == 1 && key != "?" => {
                let Some(found) = self.typed(&lower(key)) else {
                    return;
                };
                self.walk(found);
            }
            _ => return,
        }
        event.prevent_default();
    }

    /// The next row whose name begins with the letters typed so far.
    fn typed(&self, letter: &str) -> Option<usize> {
        let mut letters = self.letters.borrow_mut();
        let now = self.house.shell.now().instant.0;
        if now.saturating_sub(letters.1) > LETTERS_MS {
            letters.0.clear();
        }
        letters.0.push_str(letter);
        letters.1 = now;
        self.find(&letters.0)
    }

    /// The next row whose name begins with these letters; a single letter goes on to the next, more may stay.
    fn find(&self, letters: &str) -> Option<usize> {
        let all = self.order.len();
        let from = self
            .at
            .map_or(0, |at| at + usize::from(letters.chars().count() == 1));
        let mut places = (from..all).chain(0..from.min(all));
        self.house.shell.read(|agent| {
            places.find(|place| {
                let name = agent.name_of(&self.order[*place].address);
                lower(&name).starts_with(letters)
            })
        })
    }

    fn focus(&self) {
        if self.at.is_none() {
            let open = self
                .order
                .iter()
                .position(|place| Some(&place.address) == self.open.as_ref());
            self.walk(open.unwrap_or(0));
        }
    }
}

/// A list that has the keyboard has it on a row, also when its rows come later than the keyboard.
#[hook]
fn use_first_row(hand: Hand) {
    let first = hand.order.first().map(|place| place.address.clone());
    let (here, there) = (hand.at.is_some(), first.is_some());
    use_after(
        u64::from(here) << 1 | u64::from(there),
        Box::new(move || {
            let focused = dom::document().active_element();
            let focused = focused.is_some_and(|element| element.id() == "roster");
            if focused && !here && there {
                hand.active.set(first);
            }
        }),
    );
}

fn row_id(place: usize) -> String {
    joined(&["row-", &place.to_string()])
}

/// One place of the list.
struct Place {
    address: Address,
    /// The first place under the same heading ...
    section: usize,
    /// ... which holds its words with the count; none: nothing stands above.
    heading: String,
    /// Tells the headings apart, however many stand under one.
    key: String,
}

type Order = Rc<Vec<Place>>;

/// An order that was read, for which query, and the timer until it is read anew.
#[derive(Default)]
struct Read {
    query: String,
    order: Option<Order>,
    late: Option<Timeout>,
}

/// The addresses in their order. Read at once when rows came or went, a little
/// later when one changed its place.
#[hook]
fn use_order(house: House, query: &str) -> Order {
    let draw = use_force_update();
    let read = use_ref(RefCell::<Read>::default);
    use_causes(house.pulse.clone(), {
        let read = read.clone();
        Rc::new(move |causes| {
            let forget = {
                let (read, draw) = (read.clone(), draw.clone());
                move || {
                    read.take();
                    draw.force_update();
                }
            };
            if causes.contains(&Cause::Changed(Changed::Roster)) {
                forget();
            } else if causes.iter().any(Cause::is_about_people) {
                let late = &mut read.borrow_mut().late;
                if late.is_none() {
                    *late = Some(after(ORDER_EVERY_MS, Box::new(forget)));
                }
            }
        })
    });
    let mut read = read.borrow_mut();
    match &read.order {
        Some(known) if read.query == query => known.clone(),
        _ => {
            let order = Order::new(placed(house.shell.listed(query)));
            query.clone_into(&mut read.query);
            read.order = Some(order.clone());
            order
        }
    }
}

/// The rows in their places, each with its section; the words of a heading stand with the first row below it.
fn placed(listed: Listed) -> Vec<Place> {
    let mut places: Vec<Place> = listed.places.into_iter().map(place).collect();
    let mut section = 0;
    for (heading, count) in listed.sections {
        let (own, words) = match heading {
            Heading::Unread => ("", t().unread.into()),
            Heading::Presence(Word::NotShared) => ("", t().not_shared_with_you.into()),
            Heading::Presence(word) => ("", presence::capital(presence::name(word))),
            Heading::Group(group) => ("=", group.as_str().to_owned()),
            Heading::Others => ("", t().no_heading.into()),
        };
        let first = &mut places[section];
        first.key = joined(&[own, &words]);
        first.heading = joined(&[&words, " (", &count.to_string(), ")"]);
        let end = section + count;
        for place in &mut places[section..end] {
            place.section = section;
        }
        section = end;
    }
    places
}

fn place(address: Address) -> Place {
    Place {
        address,
        section: 0,
        heading: String::new(),
        key: String::new(),
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
        let Some(list) = node.cast::<Element>() else {
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
    fn rows(self, total: usize) -> Range<usize> {
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
fn spacers(node: &NodeRef, shown: &Range<usize>, total: usize, row_px: f64) {
    let Some(list) = node.cast::<Element>() else {
        return;
    };
    let Ok(found) = list.query_selector_all(".spacer") else {
        return;
    };
    for (at, rows) in [(0, shown.start), (1, total - shown.end.min(total))] {
        if let Some(spacer) = found.item(at).map(JsCast::unchecked_into::<HtmlElement>) {
            let height = joined(&[&((rows as f64 * row_px) as u32).to_string(), "px"]);
            // A length is always a valid value.
            let _ = spacer.style().set_property("block-size", &height);
        }
    }
}

/// Scrolls as little as needed to have this row in view.
fn reveal(node: &NodeRef, place: usize) {
    let Some(list) = node.cast::<Element>() else {
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

/// An empty list says what to do about it.
fn nobody(house: &House, query: &str) -> Html {
    let add = |first| house.does(Deed::Show(Popup::AddContact(first)));
    let inside: Vec<Tag> = if query.is_empty() {
        vec![
            tag("p").say(t().nobody_yet),
            button("primary only-narrow", add(None)).say(t().add_first),
            div("only-narrow").with(share(house)),
        ]
    } else {
        vec![
            tag("p").text(&fill(t().nobody_found, query)),
            button("", add(Some(query.to_owned()))).text(&fill(t().add_this, query)),
        ]
    };
    list(inside.into_iter().map(Html::from).collect())
}
