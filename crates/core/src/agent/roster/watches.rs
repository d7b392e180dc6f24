//! Whom a script watches for as long as it runs: subscriptions of the session, said again on each line, and kept nowhere.
//!
//! Somebody may be a contact as well: then the contact's subscription does, and this one takes its place when the contact goes.

use crate::address::{Address, Presentity};
use crate::agent::Agent;
use crate::agent::desk::{Asked, Desk, soon};
use crate::agent::sorted::{Map, Set};
use crate::code::Refusal;
use crate::presence::{Freshness, View};
use crate::wire::{Contact, Standing, ToService};

use super::{Kept, NEW, WatcherUserAgent, aged, row_changed};

/// Who is watched.
#[derive(Default)]
pub(super) struct Watches {
    watched: Set<Address>,
    /// Those of them that the service has still to be asked for.
    unsaid: Set<Address>,
}

impl Agent {
    /// What is seen of somebody who is watched or kept, as far as the line lets one say; `None`: nobody of this address is, or
    /// nothing came yet.
    pub fn seen(&self, of: &Address) -> Option<View> {
        self.roster.seen(of)
    }
}

impl WatcherUserAgent {
    fn seen(&self, of: &Address) -> Option<View> {
        let kept = self.contacts.get(of)?;
        let view = kept.view.as_ref()?;
        Some(match self.up && kept.line == self.line {
            true => view.clone(),
            false => aged(view, Freshness::Stale),
        })
    }

    pub fn watch(&mut self, address: Address, desk: &mut Desk) {
        self.watches.watched.insert(address.clone());
        if self.contacts.contains_key(&address) {
            // What is known of a contact is known at once.
            return row_changed(&address, desk);
        }
        self.contacts.insert(address.clone(), kept_for_now());
        self.watches.unsaid.insert(address);
        if self.up {
            self.say_watches(desk);
        }
    }

    pub fn unwatch(&mut self, address: &Address, desk: &mut Desk) {
        self.watches.watched.remove(address);
        self.watches.unsaid.remove(address);
        if !self.is_for_now(address) {
            return;
        }
        self.contacts.remove(address);
        let number = desk.next_number();
        desk.send(&ToService::Unsubscribe {
            number,
            presentities: [Presentity(address.clone())].into(),
        });
        row_changed(address, desk);
    }

    fn is_for_now(&self, address: &Address) -> bool {
        let kept = self.contacts.get(address);
        kept.is_some_and(|kept| kept.standing == Standing::Session)
    }

    /// The service has forgotten with the line.
    pub(super) fn watch_again(&mut self, desk: &mut Desk) {
        let watched = self.watches.watched.iter();
        let unsaid = watched
            .filter(|one| self.is_for_now(one))
            .cloned()
            .collect();
        self.watches.unsaid = unsaid;
        self.say_watches(desk);
    }

    pub(super) fn say_watches(&mut self, desk: &mut Desk) {
        for address in core::mem::take(&mut self.watches.unsaid) {
            let contact = Contact {
                presentity: Presentity(address.clone()),
                petname: None,
                group: None,
            };
            desk.ask(Asked::Watch(address), |number| ToService::Subscribe {
                number,
                standing: Standing::Session,
                contacts: [contact].into(),
            });
        }
    }

    /// Whoever is watched and not among the contacts that the service said now; `known`: who was here before.
    pub(super) fn keep_watched(&mut self, mut known: Map<Address, Kept>) {
        for address in self.watches.watched.iter() {
            if self.contacts.contains_key(address) {
                continue;
            }
            let mut kept = known.remove(address).unwrap_or_else(kept_for_now);
            if kept.standing == Standing::Contact {
                kept.standing = Standing::Session;
                self.watches.unsaid.insert(address.clone());
            }
            self.contacts.insert(address.clone(), kept);
        }
    }

    /// Somebody is no contact any more; whether they are watched all the same.
    pub(super) fn goes_on_watching(&mut self, address: &Address, desk: &mut Desk) -> bool {
        if !self.watches.watched.contains(address) {
            return false;
        }
        if let Some(kept) = self.contacts.get_mut(address)
            && kept.standing == Standing::Contact
        {
            kept.standing = Standing::Session;
            self.watches.unsaid.insert(address.clone());
            if self.up {
                self.say_watches(desk);
            }
        }
        true
    }

    /// What only came too fast is asked again; else that it is refused is what is seen of them.
    pub(super) fn watch_refused(&mut self, address: &Address, refusal: &Refusal, desk: &mut Desk) {
        if !self.is_for_now(address) {
            return;
        }
        if let Some(wait) = soon(refusal) {
            self.watches.unsaid.insert(address.clone());
            self.again_at = self.again_at.max(Some(desk.at().after(wait)));
            return;
        }
        let line = self.line;
        if let Some(kept) = self.contacts.get_mut(address) {
            kept.sees(View::Ended(refusal.clone()));
            kept.line = line;
            row_changed(address, desk);
        }
    }
}

/// Nothing is known of them yet.
fn kept_for_now() -> Kept {
    Kept {
        standing: Standing::Session,
        ..NEW
    }
}
