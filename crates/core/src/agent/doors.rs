//! Who may see me: what I decided about watchers, and who asks, for each of my presentities.
//!
//! A decision is shown at once and kept as a wish until the service has answered; one that was on a lost line is said again at
//! the next welcome. A refused one is taken back, and told.

use alloc::string::String;
use alloc::vec::Vec;

use crate::address::{Address, Principal, Tag};
use crate::agent::desk::{Asked, Desk, soon};
use crate::agent::inbox::named;
use crate::agent::roster::{Heard, row_changed};
use crate::agent::sorted::{Map, Set, order};
use crate::agent::{Changed, Notice, RequestRow};
use crate::code::Refusal;
use crate::time::{Instant, Timestamp};
use crate::wire::{Access, Decision, Request, ToService};

/// What is wanted of a watcher and not answered yet, with what to go back to.
struct Wish {
    decision: Option<Decision>,
    before: Option<Decision>,
    request: Option<Request>,
    /// What the service said meanwhile, of this or another device.
    heard: Heard<Decision>,
}

/// Who may see one of my presentities.
#[derive(Default)]
struct Door {
    of: Option<Tag>,
    access: Map<Address, Access>,
    requests: Map<Address, Request>,
    wishes: Map<Address, Wish>,
    /// Who asked already on the last line.
    known: Set<Address>,
}

/// Who may see me.
#[derive(Default)]
pub(super) struct Doors {
    /// Each of my presentities of which something was said.
    all: Vec<Door>,
    /// When wishes that came too fast are said again.
    again_at: Option<Instant>,
    /// Whether the service has said once who asks: from then on a new one is news.
    told: bool,
    /// The service's clock at the welcome, and whether it had said who asks before: what a further presentity was asked since.
    news: (Timestamp, bool),
}

impl Doors {
    // Getters.

    fn door(&self, of: Option<&Tag>) -> Option<&Door> {
        self.all.iter().find(|door| door.of.as_ref() == of)
    }

    /// What was decided about this one as a watcher of one of my presentities.
    pub fn access(&self, of: Option<&Tag>, address: &Address) -> Option<&Access> {
        self.door(of)?.access.get(address)
    }

    /// Whether the service has heard what was decided about this one.
    pub fn is_settled(&self, of: Option<&Tag>, address: &Address) -> bool {
        let door = self.door(of);
        door.is_none_or(|door| door.wishes.get(address).is_none())
    }

    pub fn decision(&self, of: Option<&Tag>, address: &Address) -> Option<Decision> {
        let access = self.access(of, address);
        access.map(|access| access.decision.clone())
    }

    /// All that was decided about watchers of one of my presentities.
    pub fn all_access(&self, of: Option<&Tag>) -> Vec<Access> {
        let door = self.door(of);
        door.map_or_else(Vec::new, |door| door.access.values().cloned().collect())
    }

    /// Who asks to see one of those of my presentities that `pick` picks.
    pub fn requests(&self, pick: impl Fn(Option<&Tag>) -> bool) -> Vec<RequestRow> {
        let picked = self.all.iter().filter(|door| pick(door.of.as_ref()));
        let rows: Vec<_> = picked
            .flat_map(|door| door.requests.values().map(move |request| (door, request)))
            .collect();
        let order = order(rows.len(), &|one, other| rows[one].1.at < rows[other].1.at);
        let row = |at: usize| RequestRow {
            watcher: rows[at].1.watcher.clone(),
            name: name_of(rows[at].1),
            at: rows[at].1.at,
            of: rows[at].0.of.clone(),
        };
        order.into_iter().map(row).collect()
    }

    pub fn timeout(&self) -> Option<Instant> {
        self.again_at
    }

    // The line.

    pub fn restored(&mut self, access: Vec<Access>) {
        self.replace(access);
    }

    pub fn welcomed(&mut self, now: Timestamp, desk: &mut Desk) {
        self.news = (now, self.told);
        self.say_wishes(desk);
    }

    /// Every wish that waits for no answer on this line.
    fn say_wishes(&mut self, desk: &mut Desk) {
        self.again_at = None;
        for door in &self.all {
            for (address, wish) in door.wishes.iter() {
                if !desk.is_asked(&Asked::Decide(door.of.clone(), address.clone())) {
                    say(door.of.as_ref(), address, wish, desk);
                }
            }
        }
    }

    pub fn line_went(&mut self) {
        self.again_at = None;
    }

    pub fn tick(&mut self, desk: &mut Desk) {
        if self.again_at.is_some_and(|at| at <= desk.at()) {
            self.say_wishes(desk);
        }
    }

    // Frames.

    /// All that was decided and who asks; wishes stand over it.
    pub fn roster(&mut self, access: Vec<Access>, requests: Vec<Request>, desk: &mut Desk) {
        self.replace(access);
        for door in &mut self.all {
            let known = core::mem::take(&mut door.requests);
            door.known = known.keys().cloned().collect();
            if door.of.is_some() {
                // What there is of further ones follows.
                door.access.clear();
            }
        }
        let told = self.told;
        let door = self.door_mut(None);
        for request in requests {
            let address = request.watcher.address().clone();
            if told && !door.known.contains(&address) {
                desk.tell(asks(&request));
            }
            door.requests.insert(address, request);
        }
        self.told = true;
        for door in &mut self.all {
            for (address, wish) in door.wishes.iter_mut() {
                wish.heard = Heard::Nothing;
                set(
                    &mut door.access,
                    address,
                    wish.decision.clone(),
                    desk.now.timestamp,
                );
                door.requests.remove(address);
            }
        }
        desk.changed(Changed::Requests);
    }

    fn replace(&mut self, access: Vec<Access>) {
        self.door_mut(None).access = access
            .into_iter()
            .map(|access| (access.watcher.0.clone(), access))
            .collect();
    }

    fn door_mut(&mut self, of: Option<&Tag>) -> &mut Door {
        let at = self.all.iter().position(|door| door.of.as_ref() == of);
        let at = at.unwrap_or_else(|| {
            self.all.push(Door {
                of: of.cloned(),
                ..Door::default()
            });
            self.all.len() - 1
        });
        &mut self.all[at]
    }

    pub fn requested(&mut self, of: Option<&Tag>, request: Request, desk: &mut Desk) {
        let (watcher, asks) = (request.watcher.clone(), asks(&request));
        let (since, told) = self.news;
        let is_late = of.is_some() && !told && request.at < since;
        let door = self.door_mut(of);
        let is_known = door.known.contains(watcher.address());
        let before = door.requests.insert(watcher.address().clone(), request);
        requests_changed(desk);
        if before.is_none() && !is_known && !is_late {
            desk.tell(asks);
        }
    }

    pub fn access_set(
        &mut self,
        of: Option<&Tag>,
        watcher: &Principal,
        decision: Option<Decision>,
        desk: &mut Desk,
    ) {
        let door = self.door_mut(of);
        // Also while a wish of mine stands: a request that crossed it is answered all the same.
        door.answered(watcher.address(), desk);
        match door.wishes.get_mut(watcher.address()) {
            Some(wish) => wish.heard = decision.map_or(Heard::Gone, Heard::Now),
            None => door.decided(watcher.address(), decision, desk),
        }
    }

    /// A presentity of mine is no more.
    pub fn presentity_gone(&mut self, tag: &Tag, desk: &mut Desk) {
        self.all.retain(|door| door.of.as_ref() != Some(tag));
        requests_changed(desk);
    }

    // Intents.

    pub fn decide(
        &mut self,
        of: Option<&Tag>,
        watcher: &Principal,
        decision: Option<Decision>,
        desk: &mut Desk,
    ) {
        let address = watcher.address();
        let door = self.door_mut(of);
        let earlier = door.wishes.remove(address);
        let (before, request) = earlier.map_or_else(
            || {
                let access = door.access.get(address);
                let before = access.map(|access| access.decision.clone());
                (before, door.requests.get(address).cloned())
            },
            |wish| (wish.before, wish.request),
        );
        let wish = Wish {
            decision: decision.clone(),
            before,
            request,
            heard: Heard::Nothing,
        };
        if desk.up {
            say(of, address, &wish, desk);
        }
        door.wishes.insert(address.clone(), wish);
        door.decided(address, decision, desk);
    }

    // Answers.

    /// A decision was carried out. If it was said more than once, the last answer settles it.
    pub fn done(&mut self, asked: &Asked, desk: &mut Desk) {
        let Asked::Decide(of, address) = asked else {
            return;
        };
        if desk.is_asked(asked) {
            return;
        }
        let door = self.door_mut(of.as_ref());
        let wish = door.wishes.remove(address);
        let heard = match wish.map_or(Heard::Nothing, |wish| wish.heard) {
            Heard::Nothing => return,
            Heard::Gone => None,
            Heard::Now(decision) => Some(decision),
        };
        // A request that came since then waits for an answer of its own.
        set(&mut door.access, address, heard, desk.now.timestamp);
        desk.changed(Changed::Own);
        row_changed(address, desk);
    }

    /// A decision was refused: back to what was before, and tell. One that only came too fast is said again.
    pub fn refused(&mut self, asked: &Asked, refusal: &Refusal, desk: &mut Desk) {
        let Asked::Decide(of, address) = asked else {
            return;
        };
        if let Some(wait) = soon(refusal) {
            self.again_at = self.again_at.max(Some(desk.at().after(wait)));
            return;
        }
        desk.tell(Notice::Refused(Some(address.clone()), refusal.code));
        if !desk.is_asked(asked) {
            self.door_mut(of.as_ref()).take_back(address, desk);
        }
    }
}

impl Door {
    fn answered(&mut self, address: &Address, desk: &mut Desk) {
        if self.requests.remove(address).is_some() {
            requests_changed(desk);
        }
    }

    fn decided(&mut self, address: &Address, decision: Option<Decision>, desk: &mut Desk) {
        set(&mut self.access, address, decision, desk.now.timestamp);
        self.answered(address, desk);
        desk.changed(Changed::Own);
        row_changed(address, desk);
    }

    fn take_back(&mut self, address: &Address, desk: &mut Desk) {
        let Some(wish) = self.wishes.remove(address) else {
            return;
        };
        self.decided(address, wish.before, desk);
        if let Some(request) = wish.request {
            self.requests.insert(address.clone(), request);
            requests_changed(desk);
        }
    }
}

/// What I just decided about a watcher stands in `access`.
fn set(
    access: &mut Map<Address, Access>,
    address: &Address,
    decision: Option<Decision>,
    at: Timestamp,
) {
    let watcher = Principal(address.clone());
    let decided = decision.map(|decision| Access {
        watcher,
        decision,
        at,
    });
    match decided {
        Some(decided) => drop(access.insert(address.clone(), decided)),
        None => drop(access.remove(address)),
    }
}

fn say(of: Option<&Tag>, address: &Address, wish: &Wish, desk: &mut Desk) {
    let (watcher, decision) = (Principal(address.clone()), wish.decision.clone());
    let of = of.cloned();
    let asked = Asked::Decide(of.clone(), address.clone());
    desk.ask(asked, |number| ToService::SetAccess {
        number,
        watcher,
        decision,
        of,
    });
}

fn name_of(request: &Request) -> String {
    named(request.called.as_deref(), request.watcher.address())
}

fn asks(request: &Request) -> Notice {
    Notice::Request(request.watcher.clone(), name_of(request))
}

fn requests_changed(desk: &mut Desk) {
    desk.changed(Changed::Requests);
    desk.changed(Changed::Own);
}
