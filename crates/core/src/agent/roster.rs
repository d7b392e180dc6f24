//! WATCHER USER AGENT (RFC 2778 2.7): whom I watch, and what I was told of them.
//!
//! What a person wants is shown at once and kept as a wish until the service has answered; a wish that was on a lost line is
//! said again at the next welcome. A refused one is taken back, and told.

#[cfg(feature = "scripts")]
mod watches;

use core::time::Duration;

use alloc::vec::Vec;

use crate::address::{Address, Presentity};
use crate::agent::desk::{Asked, Desk, soon};
use crate::agent::sorted::{Map, Set};
use crate::agent::{Changed, Notice};
use crate::code::Refusal;
use crate::person::{Person, Reason, Way, Word, person, ways};
use crate::presence::{Basic, Freshness, Note, Notification, View};
use crate::time::{Instant, earliest};
use crate::wire::{Contact, Standing, ToService};

/// One whom I keep.
#[derive(Clone)]
struct Kept {
    petname: Option<Note>,
    group: Option<Note>,
    /// What I was told last, if anything yet.
    view: Option<View>,
    /// What a human reads of that: it is asked for ten thousand at once.
    word: Word,
    /// On which line that was.
    line: u32,
    /// A contact, or somebody whom a script watches and nobody keeps.
    standing: Standing,
}

impl Kept {
    fn sees(&mut self, view: View) {
        self.word = person(&view).word;
        self.view = Some(view);
    }
}

/// Of whom nothing was said yet.
const NEW: Kept = Kept {
    petname: None,
    group: None,
    view: None,
    word: Word::Unknown,
    line: 0,
    standing: Standing::Contact,
};

/// As much of a contact as says where it stands in the list.
#[derive(Clone, Copy)]
pub(super) struct Listed<'a> {
    pub petname: Option<&'a Note>,
    pub group: Option<&'a Note>,
    pub word: Word,
}

/// What the service said of something while a wish about it stands.
pub(super) enum Heard<T> {
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

/// The watcher user agent.
#[derive(Default)]
pub(super) struct WatcherUserAgent {
    contacts: Map<Address, Kept>,
    contact_wishes: Map<Address, ContactWish>,
    #[cfg(feature = "scripts")]
    watches: watches::Watches,
    /// Of whom to tell when they are available.
    tell_when: Set<Address>,
    /// Counts lines: what was said on an earlier one is stale.
    line: u32,
    up: bool,
    /// When what is stale becomes unknown.
    unknown_at: Option<Instant>,
    /// When wishes that came too fast are said again.
    again_at: Option<Instant>,
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

    /// All contacts, by address.
    pub fn listed(&self) -> impl Iterator<Item = (&Address, Listed<'_>)> {
        self.contacts.iter().map(|(address, kept)| {
            let listed = Listed {
                petname: kept.petname.as_ref(),
                group: kept.group.as_ref(),
                word: kept.word,
            };
            (address, listed)
        })
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
        !self.tell_when.is_empty()
    }

    /// Whether the service has answered what was wanted of this one as a contact.
    pub fn is_heard(&self, address: &Address) -> bool {
        self.contact_wishes.get(address).is_none()
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
    pub fn kept(&self) -> (Vec<Contact>, Vec<Address>) {
        let kept = self.contacts.iter();
        let kept = kept.filter(|(_, kept)| kept.standing == Standing::Contact);
        let contacts = kept.filter_map(|(one, _)| self.contact(one));
        let tell_when = self.tell_when.iter().cloned();
        (contacts.collect(), tell_when.collect())
    }

    pub fn timeout(&self) -> Option<Instant> {
        earliest(&[self.unknown_at, self.again_at])
    }

    // The line.

    pub fn restored(&mut self, contacts: Vec<Contact>, tell_when: Vec<Address>, desk: &mut Desk) {
        self.replace(contacts);
        self.tell_when = tell_when.into_iter().collect();
        desk.changed(Changed::Roster);
    }

    pub fn welcomed(&mut self, desk: &mut Desk) {
        self.line = self.line.wrapping_add(1);
        self.up = true;
        self.say_wishes(desk);
        #[cfg(feature = "scripts")]
        self.watch_again(desk);
    }

    /// Every wish that waits for no answer on this line.
    fn say_wishes(&mut self, desk: &mut Desk) {
        self.again_at = None;
        for (address, wish) in self.contact_wishes.iter() {
            if !desk.is_asked(&wish.asks(address)) {
                say_contact(address, wish, desk);
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
            #[cfg(feature = "scripts")]
            self.say_watches(desk);
        }
        if self.unknown_at.is_some_and(|at| at <= desk.at()) {
            self.unknown_at = None;
            let (up, line) = (self.up, self.line);
            let forgotten = |kept: &&mut Kept| !(up && kept.line == line);
            for kept in self.contacts.values_mut().filter(forgotten) {
                if let Some(view) = kept.view.take() {
                    kept.sees(aged(&view, Freshness::Unknown));
                }
            }
            desk.changed(Changed::Roster);
        }
    }

    // Frames.

    /// All whom I keep; wishes stand over it.
    pub fn roster(&mut self, contacts: Vec<Contact>, desk: &mut Desk) {
        self.replace(contacts);
        for (address, wish) in self.contact_wishes.iter_mut() {
            wish.heard = Heard::Nothing;
            match &wish.want {
                Some(contact) => keep(&mut self.contacts, contact),
                None => drop(self.contacts.remove(address)),
            }
        }
        let contacts = &self.contacts;
        self.tell_when.retain(|one| contacts.contains_key(one));
        #[cfg(feature = "scripts")]
        self.say_watches(desk);
        desk.roster_to_keep = true;
        desk.changed(Changed::Roster);
    }

    fn replace(&mut self, contacts: Vec<Contact>) {
        let mut known = core::mem::take(&mut self.contacts);
        for contact in contacts {
            let known = known.remove(contact.presentity.address());
            let known = known.unwrap_or(NEW);
            let kept = Kept {
                petname: contact.petname,
                group: contact.group,
                standing: Standing::Contact,
                ..known
            };
            self.contacts.insert(contact.presentity.0, kept);
        }
        #[cfg(feature = "scripts")]
        self.keep_watched(known);
    }

    /// The newest value replaces.
    pub fn notified(&mut self, notification: Notification, desk: &mut Desk) {
        let address = notification.presentity.0;
        if let Some(kept) = self.contacts.get_mut(&address) {
            kept.sees(notification.view);
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
            return;
        }
        #[cfg(feature = "scripts")]
        if self.goes_on_watching(address, desk) {
            return;
        }
        if self.contacts.remove(address).is_some() {
            self.tell_when.remove(address);
            row_changed(address, desk);
        }
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
        if let Asked::KeepContact(address) | Asked::DropContact(address) = asked {
            let wish = self.contact_wishes.get(address);
            if wish.is_some_and(|wish| wish.asks(address) == *asked) {
                self.contact_done(address, desk);
            }
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
        #[cfg(feature = "scripts")]
        if let Asked::Watch(address) = asked {
            return self.watch_refused(address, refusal, desk);
        }
        let (Asked::KeepContact(address) | Asked::DropContact(address)) = asked else {
            return;
        };
        if let Some(wait) = soon(refusal) {
            self.again_at = self.again_at.max(Some(desk.at().after(wait)));
            return;
        }
        desk.tell(Notice::Refused(Some(address.clone()), code));
        if !desk.is_asked(asked) {
            self.take_back(address, asked, desk);
        }
    }

    /// Unless the opposite is wanted by now.
    fn take_back(&mut self, address: &Address, asked: &Asked, desk: &mut Desk) {
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

fn keep(contacts: &mut Map<Address, Kept>, contact: &Contact) {
    let address = contact.presentity.address().clone();
    let kept = contacts.get_or_insert_with(address, || {
        let mut kept = NEW;
        // Asked, not answered yet: the first notification says more.
        kept.sees(View::Pending);
        kept
    });
    kept.standing = Standing::Contact;
    kept.petname.clone_from(&contact.petname);
    kept.group.clone_from(&contact.group);
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

pub(super) fn row_changed(address: &Address, desk: &mut Desk) {
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
