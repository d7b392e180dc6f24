//! WATCHER USER AGENT (RFC 2778 2.7): whom I watch and what I was told of them, who asks to see me and what I decided.
//!
//! What a person wants is shown at once and kept as a wish until the service has answered; a wish that was on a lost line is
//! said again at the next welcome. A refused one is taken back, and told.

use core::time::Duration;

use alloc::string::String;
use alloc::vec::Vec;

use crate::address::{Address, Presentity, Principal, Tag};
use crate::agent::desk::{Asked, Desk, soon};
use crate::agent::inbox::named;
use crate::agent::sorted::{Map, Set, order};
use crate::agent::{Changed, Notice, RequestRow};
use crate::code::Refusal;
use crate::person::{Person, Reason, Way, Word, person, ways};
use crate::presence::{Basic, Freshness, Note, Notification, View};
use crate::time::{Instant, Timestamp, earliest};
use crate::wire::{Access, Contact, Decision, Request, Standing, ToService};

/// One whom I keep.
#[derive(Clone)]
struct Kept {
    petname: Option<Note>,
    group: Option<Note>,
    /// What I was told last, if anything yet.
    view: Option<View>,
    /// On which line that was.
    line: u32,
}

/// What the service said of something while a wish about it stands.
enum Heard<T> {
    Nothing,
    Gone,
    Now(T),
}

/// What is wanted of a contact and not answered yet.
struct ContactWish {
    /// `None`: not to have it.
    want: Option<Contact>,
    /// What to go back to.
    before: Option<Kept>,
    /// What the service said meanwhile, of this or another device.
    heard: Heard<Contact>,
}

/// What is wanted of a watcher and not answered yet, with what to go back to.
struct DecisionWish {
    decision: Option<Decision>,
    before: Option<Decision>,
    request: Option<Request>,
    /// What the service said meanwhile, of this or another device.
    heard: Heard<Decision>,
}

/// Who may see one of my presentities.
#[derive(Default)]
pub(super) struct Door {
    of: Option<Tag>,
    access: Map<Address, Access>,
    requests: Map<Address, Request>,
    wishes: Map<Address, DecisionWish>,
    /// Who asked already on the last line.
    known: Set<Address>,
}

/// The watcher user agent.
#[derive(Default)]
pub(super) struct WatcherUserAgent {
    contacts: Map<Address, Kept>,
    contact_wishes: Map<Address, ContactWish>,
    /// Each of my presentities of which something was said.
    doors: Vec<Door>,
    /// Of whom to tell when they are available.
    tell_when: Set<Address>,
    /// Counts lines: what was said on an earlier one is stale.
    line: u32,
    up: bool,
    /// When what is stale becomes unknown.
    unknown_at: Option<Instant>,
    /// When wishes that came too fast are said again.
    again_at: Option<Instant>,
    /// Whether the service has said once who asks: from then on a new one is news.
    told: bool,
    /// The service's clock at the welcome, and whether it had said who asks before: what a further presentity was asked since.
    news: (Timestamp, bool),
}

impl ContactWish {
    fn asks(&self, address: &Address) -> Asked {
        match self.want {
            Some(_) => Asked::KeepContact(address.clone()),
            None => Asked::DropContact(address.clone()),
        }
    }
}

impl WatcherUserAgent {
    // Getters.

    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.contacts.keys()
    }

    pub fn is_contact(&self, address: &Address) -> bool {
        self.contacts.contains_key(address)
    }

    pub fn petname(&self, address: &Address) -> Option<&Note> {
        self.contacts.get(address)?.petname.as_ref()
    }

    pub fn group(&self, address: &Address) -> Option<&Note> {
        self.contacts.get(address)?.group.as_ref()
    }

    /// The contact that leads to this principal, by whichever of their addresses.
    pub fn contact_of(&self, principal: &Address) -> Option<&Address> {
        let leads_there = |address: &&Address| {
            *address == principal
                || address.name().contains('+') && address.untagged().0 == *principal
        };
        self.contacts.keys().find(leads_there)
    }

    pub fn tells_when(&self, address: &Address) -> bool {
        self.tell_when.contains(address)
    }

    /// Whether news of someone is waited for.
    pub fn tells(&self) -> bool {
        self.tell_when.len() > 0
    }

    fn door(&self, of: Option<&Tag>) -> Option<&Door> {
        self.doors.iter().find(|door| door.of.as_ref() == of)
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

    /// Whether the service has answered what was wanted of this one as a contact.
    pub fn is_heard(&self, address: &Address) -> bool {
        self.contact_wishes.get(address).is_none()
    }

    pub fn decision(&self, address: &Address) -> Option<Decision> {
        let access = self.access(None, address);
        access.map(|access| access.decision.clone())
    }

    /// All that was decided about watchers of one of my presentities.
    pub fn all_access(&self, of: Option<&Tag>) -> Vec<Access> {
        let door = self.door(of);
        door.map_or_else(Vec::new, |door| door.access.values().cloned().collect())
    }

    /// Who asks to see one of those of my presentities that `pick` picks.
    pub fn requests(&self, pick: impl Fn(Option<&Tag>) -> bool) -> Vec<RequestRow> {
        let picked = self.doors.iter().filter(|door| pick(door.of.as_ref()));
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

    /// How to reach them, as far as they say.
    pub fn ways(&self, address: &Address) -> Vec<Way> {
        let kept = self.contacts.get(address);
        let view = kept.and_then(|kept| kept.view.as_ref());
        view.map_or_else(Vec::new, ways)
    }

    /// They are shown, and no inbox of theirs: it is one that is seen only while it accepts.
    pub fn hides_inbox(&self, address: &Address) -> bool {
        let kept = self.contacts.get(address);
        match kept.and_then(|kept| kept.view.as_ref()) {
            Some(View::Shown(information)) => information.inbox().is_none(),
            _ => false,
        }
    }

    /// What a human reads of this address, as far as the line lets one say.
    pub fn person(&self, address: &Address) -> Person {
        let nobody = |word| Person {
            word,
            reason: Reason::NoWord,
            note: None,
            stale: false,
            inbox: Basic::Open,
        };
        let Some(kept) = self.contacts.get(address) else {
            return nobody(Word::NotShared);
        };
        match &kept.view {
            None => nobody(Word::Unknown),
            Some(view) if self.up && kept.line == self.line => person(view),
            Some(view) => person(&aged(view, Freshness::Stale)),
        }
    }

    fn contact(&self, address: &Address) -> Option<Contact> {
        let kept = self.contacts.get(address)?;
        Some(Contact {
            presentity: Presentity(address.clone()),
            petname: kept.petname.clone(),
            group: kept.group.clone(),
        })
    }

    /// For the keepsake.
    pub fn kept(&self) -> (Vec<Contact>, Vec<Access>, Vec<Address>) {
        let contacts = self.contacts.keys().filter_map(|one| self.contact(one));
        let tell_when = self.tell_when.iter().cloned();
        (
            contacts.collect(),
            self.all_access(None),
            tell_when.collect(),
        )
    }

    pub fn timeout(&self) -> Option<Instant> {
        earliest(&[self.unknown_at, self.again_at])
    }

    // The line.

    pub fn restored(
        &mut self,
        contacts: Vec<Contact>,
        access: Vec<Access>,
        tell_when: Vec<Address>,
        desk: &mut Desk,
    ) {
        self.replace(contacts, access);
        self.tell_when = tell_when.into_iter().collect();
        desk.changed(Changed::Roster);
    }

    pub fn welcomed(&mut self, now: Timestamp, desk: &mut Desk) {
        self.line = self.line.wrapping_add(1);
        self.up = true;
        self.news = (now, self.told);
        self.say_wishes(desk);
    }

    /// Every wish that waits for no answer on this line.
    fn say_wishes(&mut self, desk: &mut Desk) {
        self.again_at = None;
        for (address, wish) in self.contact_wishes.iter() {
            if !desk.is_asked(&wish.asks(address)) {
                say_contact(address, wish, desk);
            }
        }
        for door in &self.doors {
            for (address, wish) in door.wishes.iter() {
                if !desk.is_asked(&Asked::Decide(door.of.clone(), address.clone())) {
                    say_decision(door.of.as_ref(), address, wish, desk);
                }
            }
        }
    }

    /// Nobody vouches for what was said: stale from now on, unknown after `gone_after`.
    pub fn line_went(&mut self, gone_after: Duration, desk: &mut Desk) {
        self.up = false;
        self.again_at = None;
        self.unknown_at = Some(desk.at().after(gone_after));
        desk.changed(Changed::Roster);
    }

    pub fn tick(&mut self, desk: &mut Desk) {
        if self.again_at.is_some_and(|at| at <= desk.at()) {
            self.say_wishes(desk);
        }
        if self.unknown_at.is_some_and(|at| at <= desk.at()) {
            self.unknown_at = None;
            let (up, line) = (self.up, self.line);
            let forgotten = |kept: &&mut Kept| !(up && kept.line == line);
            for kept in self.contacts.values_mut().filter(forgotten) {
                kept.view = kept
                    .view
                    .as_ref()
                    .map(|view| aged(view, Freshness::Unknown));
            }
            desk.changed(Changed::Roster);
        }
    }

    // Frames.

    /// Everything that is kept for me; wishes stand over it.
    pub fn roster(
        &mut self,
        contacts: Vec<Contact>,
        access: Vec<Access>,
        requests: Vec<Request>,
        desk: &mut Desk,
    ) {
        self.replace(contacts, access);
        for door in &mut self.doors {
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
        self.lay_wishes(desk.now.timestamp);
        let contacts = &self.contacts;
        self.tell_when.retain(|one| contacts.contains_key(one));
        desk.roster_to_keep = true;
        desk.changed(Changed::Roster);
        desk.changed(Changed::Requests);
    }

    fn replace(&mut self, contacts: Vec<Contact>, access: Vec<Access>) {
        let mut known = core::mem::take(&mut self.contacts);
        for contact in contacts {
            let known = known.remove(contact.presentity.address());
            let (view, line) = known.map_or((None, 0), |kept| (kept.view, kept.line));
            let kept = Kept {
                petname: contact.petname,
                group: contact.group,
                view,
                line,
            };
            self.contacts.insert(contact.presentity.0, kept);
        }
        self.door_mut(None).access = access
            .into_iter()
            .map(|access| (access.watcher.0.clone(), access))
            .collect();
    }

    fn door_mut(&mut self, of: Option<&Tag>) -> &mut Door {
        let at = self.doors.iter().position(|door| door.of.as_ref() == of);
        let at = at.unwrap_or_else(|| {
            self.doors.push(Door {
                of: of.cloned(),
                ..Door::default()
            });
            self.doors.len() - 1
        });
        &mut self.doors[at]
    }

    fn lay_wishes(&mut self, now: Timestamp) {
        for (address, wish) in self.contact_wishes.iter_mut() {
            wish.heard = Heard::Nothing;
            match &wish.want {
                Some(contact) => keep(&mut self.contacts, contact),
                None => drop(self.contacts.remove(address)),
            }
        }
        for door in &mut self.doors {
            for (address, wish) in door.wishes.iter_mut() {
                wish.heard = Heard::Nothing;
                set(&mut door.access, address, wish.decision.clone(), now);
                door.requests.remove(address);
            }
        }
    }

    /// The newest value replaces.
    pub fn notified(&mut self, notification: Notification, desk: &mut Desk) {
        let address = notification.presentity.0;
        if let Some(kept) = self.contacts.get_mut(&address) {
            kept.view = Some(notification.view);
            kept.line = self.line;
            self.look_out(&address, desk);
            desk.changed(Changed::Row(address));
        }
    }

    /// Tells that someone is available, once, if that is wanted.
    fn look_out(&mut self, address: &Address, desk: &mut Desk) {
        let is_wanted = self.tell_when.contains(address);
        if is_wanted && self.person(address).word == Word::Available {
            self.tell_when.remove(address);
            desk.roster_to_keep = true;
            desk.tell(Notice::Available(address.clone()));
        }
    }

    pub fn contact_kept(&mut self, contact: &Contact, desk: &mut Desk) {
        let address = contact.presentity.address();
        if let Some(wish) = self.contact_wishes.get_mut(address) {
            wish.heard = Heard::Now(contact.clone());
            return;
        }
        keep(&mut self.contacts, contact);
        row_changed(address, desk);
    }

    pub fn contact_gone(&mut self, presentity: &Presentity, desk: &mut Desk) {
        let address = presentity.address();
        if let Some(wish) = self.contact_wishes.get_mut(address) {
            wish.heard = Heard::Gone;
        } else if self.contacts.remove(address).is_some() {
            self.tell_when.remove(address);
            row_changed(address, desk);
        }
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
        self.doors.retain(|door| door.of.as_ref() != Some(tag));
        requests_changed(desk);
    }

    // Intents.

    pub fn add(&mut self, contact: Contact, desk: &mut Desk) {
        let address = contact.presentity.address().clone();
        let before = self.before(&address);
        keep(&mut self.contacts, &contact);
        self.wish_contact(&address, Some(contact), before, desk);
    }

    pub fn remove(&mut self, address: &Address, desk: &mut Desk) {
        if !self.is_contact(address) {
            return;
        }
        let (want, before) = (None, self.before(address));
        self.contacts.remove(address);
        self.tell_when.remove(address);
        self.wish_contact(address, want, before, desk);
    }

    /// How it was before anything was wished.
    fn before(&mut self, address: &Address) -> Option<Kept> {
        match self.contact_wishes.remove(address) {
            Some(wish) => wish.before,
            None => self.contacts.get(address).cloned(),
        }
    }

    fn wish_contact(
        &mut self,
        address: &Address,
        want: Option<Contact>,
        before: Option<Kept>,
        desk: &mut Desk,
    ) {
        let wish = ContactWish {
            want,
            before,
            heard: Heard::Nothing,
        };
        if self.up {
            say_contact(address, &wish, desk);
        }
        self.contact_wishes.insert(address.clone(), wish);
        row_changed(address, desk);
    }

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
        let wish = DecisionWish {
            decision: decision.clone(),
            before,
            request,
            heard: Heard::Nothing,
        };
        if desk.up {
            say_decision(of, address, &wish, desk);
        }
        door.wishes.insert(address.clone(), wish);
        door.decided(address, decision, desk);
    }

    /// Tell me once when this contact is available, or not any more.
    pub fn tell_when(&mut self, address: &Address, on: bool, desk: &mut Desk) {
        if on && self.is_contact(address) {
            self.tell_when.insert(address.clone());
            self.look_out(address, desk);
        } else {
            self.tell_when.remove(address);
        }
        row_changed(address, desk);
    }

    // Answers.

    /// A wish was carried out. If it was said more than once, the last answer settles it: until then the service still works.
    /// Another device may have wanted something else right behind it: what the service said last is so.
    pub fn done(&mut self, asked: &Asked, desk: &mut Desk) {
        if desk.is_asked(asked) {
            return;
        }
        match asked {
            Asked::KeepContact(address) | Asked::DropContact(address) => {
                let wish = self.contact_wishes.get(address);
                if wish.is_some_and(|wish| wish.asks(address) == *asked) {
                    self.contact_done(address, desk);
                }
            }
            Asked::Decide(of, address) => {
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
            _ => {}
        }
    }

    fn contact_done(&mut self, address: &Address, desk: &mut Desk) {
        let wish = self.contact_wishes.remove(address);
        match wish.map_or(Heard::Nothing, |wish| wish.heard) {
            Heard::Now(contact) => self.contact_kept(&contact, desk),
            Heard::Gone => self.contact_gone(&Presentity(address.clone()), desk),
            Heard::Nothing => desk.changed(Changed::Row(address.clone())),
        }
    }

    /// A wish was refused: back to what was before, and tell. One that only came too fast is said again.
    pub fn refused(&mut self, asked: &Asked, refusal: &Refusal, desk: &mut Desk) {
        let code = refusal.code;
        let (Asked::KeepContact(address) | Asked::DropContact(address) | Asked::Decide(_, address)) =
            asked
        else {
            return;
        };
        if let Some(wait) = soon(refusal) {
            self.again_at = self.again_at.max(Some(desk.at().after(wait)));
            return;
        }
        desk.tell(Notice::Refused(Some(address.clone()), code));
        if desk.is_asked(asked) {
            return;
        }
        if let Asked::Decide(of, _) = asked {
            self.door_mut(of.as_ref()).take_back(address, desk);
        } else {
            self.take_back_contact(address, asked, desk);
        }
    }

    /// Unless the opposite is wanted by now.
    fn take_back_contact(&mut self, address: &Address, asked: &Asked, desk: &mut Desk) {
        let wish = self.contact_wishes.get(address);
        if wish.is_none_or(|wish| wish.asks(address) != *asked) {
            return;
        }
        match self.before(address) {
            Some(before) => {
                let (petname, group) = (before.petname.clone(), before.group.clone());
                let kept = self.contacts.get_or_insert_with(address.clone(), || before);
                kept.petname = petname;
                kept.group = group;
            }
            None => drop(self.contacts.remove(address)),
        }
        row_changed(address, desk);
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

fn keep(contacts: &mut Map<Address, Kept>, contact: &Contact) {
    let address = contact.presentity.address().clone();
    let kept = contacts.get_or_insert_with(address, || Kept {
        petname: None,
        group: None,
        // Asked, not answered yet: the first notification says more.
        view: Some(View::Pending),
        line: 0,
    });
    kept.petname.clone_from(&contact.petname);
    kept.group.clone_from(&contact.group);
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

fn say_contact(address: &Address, wish: &ContactWish, desk: &mut Desk) {
    let asked = wish.asks(address);
    match wish.want.clone() {
        Some(contact) => desk.ask(asked, |number| ToService::Subscribe {
            number,
            standing: Standing::Contact,
            contacts: [contact].into(),
        }),
        None => desk.ask(asked, |number| ToService::Unsubscribe {
            number,
            presentities: [Presentity(address.clone())].into(),
        }),
    }
}

fn say_decision(of: Option<&Tag>, address: &Address, wish: &DecisionWish, desk: &mut Desk) {
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

fn row_changed(address: &Address, desk: &mut Desk) {
    desk.roster_to_keep = true;
    desk.changed(Changed::Row(address.clone()));
}

/// The same view with no better freshness than this.
fn aged(view: &View, freshness: Freshness) -> View {
    let mut view = view.clone();
    if let View::Shown(information) = &mut view
        && information.freshness != Freshness::Unknown
    {
        information.freshness = freshness;
    }
    view
}
