//! What a principal keeps as an owner of addresses and as a watcher.

use std::collections::BTreeMap;

use lamplight_core::address::{Address, Presentity, Principal, Tag};
use lamplight_core::ledger::{Event, Row, WatcherName};
use lamplight_core::presence::{Note, PresenceTuple};
use lamplight_core::rules::Visibility;
use lamplight_core::store::{Before, Change, PresentityRecord, SenderRecord, WatcherRecord};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Access, Decision, OwnInbox, OwnPresentity, Request};

use super::{MemoryStore, OnePrincipal};

/// Everything that lasts of one presentity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnePresentity {
    own: OwnPresentity,
    access: BTreeMap<Principal, Access>,
    before: BTreeMap<Principal, Before>,
    turns: Vec<Before>,
    /// In the order of asking.
    requests: Vec<Request>,
    tuples: BTreeMap<String, PresenceTuple>,
    last_seen: Timestamp,
    /// By watcher, and whether it is the row of attempts.
    ledger: BTreeMap<(WatcherName, bool), Row>,
}

impl MemoryStore {
    pub(super) fn apply_to_principal(&mut self, change: Change) {
        match change {
            Change::ForgetWatchers { before } => self.forget_watchers(before),
            Change::SetContact { watcher, contact } => self.with(&watcher, |one| {
                one.contacts.insert(contact.presentity.clone(), contact);
            }),
            Change::RemoveContact {
                watcher,
                presentity,
            } => self.with(&watcher, |one| {
                one.contacts.remove(&presentity);
            }),
            Change::SetVisibility {
                watcher,
                presentity,
                visibility,
            } => self.with(&watcher, |one| {
                one.visibility.set(presentity.as_ref(), visibility);
                one.visibility.exceptions.sort_by(|a, b| a.0.cmp(&b.0));
            }),
            Change::SetPresentity { principal, own } => self.with(&principal, |one| {
                let key = own.tag.clone();
                one.presentities.entry(key).or_default().own = own;
            }),
            Change::DropPresentity { presentity } => self.with(&presentity.principal(), |one| {
                let further = presentity.tag();
                further.and_then(|tag| one.presentities.remove(&Some(tag)));
            }),
            Change::SetInbox { principal, own } => self.with(&principal, |one| {
                let entry = one.inboxes.entry(own.tag.clone()).or_default();
                *entry = OwnInbox {
                    counts: entry.counts,
                    ..own
                };
            }),
            Change::DropInbox { principal, tag } => self.with(&principal, |one| {
                one.inboxes.remove(&Some(tag));
            }),
            Change::CountRefused { inbox } => self.with(&inbox.principal(), |one| {
                if let Some(own) = one.inboxes.get_mut(&inbox.tag()) {
                    own.counts.refused = own.counts.refused.saturating_add(1);
                }
            }),
            change => self.apply_to_presentity(change),
        }
    }

    fn apply_to_presentity(&mut self, change: Change) {
        match change {
            Change::SetAccess {
                presentity,
                watcher,
                decision,
                at,
            } => self.of(&presentity, |of| of.set_access(watcher, decision, at)),
            Change::SetBefore {
                presentity,
                watcher,
                before,
            } => self.of(&presentity, |of| match before {
                Some(before) => drop(of.before.insert(watcher, before)),
                None => drop(of.before.remove(&watcher)),
            }),
            Change::SetTurns { presentity, turns } => self.of(&presentity, |of| of.turns = turns),
            Change::AddRequest {
                presentity,
                request,
            } => self.of(&presentity, |of| {
                let asked = |one: &Request| one.watcher == request.watcher;
                if !of.requests.iter().any(asked) {
                    of.requests.push(request);
                }
            }),
            Change::RemoveRequest {
                presentity,
                watcher,
            } => self.of(&presentity, |of| {
                of.requests.retain(|one| one.watcher != watcher);
            }),
            Change::KeepTuple { presentity, tuple } => self.of(&presentity, |of| {
                of.tuples.insert(tuple.id.as_str().to_owned(), tuple);
            }),
            Change::DropTuple { presentity, tuple } => self.of(&presentity, |of| {
                of.tuples.remove(tuple.as_str());
            }),
            Change::LastSeen { presentity, at } => self.of(&presentity, |of| of.last_seen = at),
            Change::Watched { presentity, events } => {
                self.of(&presentity, |of| of.watched(events));
            }
            _ => unreachable!("the other changes are carried out before"),
        }
    }

    fn with(&mut self, principal: &Principal, change: impl FnOnce(&mut OnePrincipal)) {
        if let Some(one) = self.principals.get_mut(principal) {
            change(one);
        }
    }

    fn of(&mut self, presentity: &Presentity, change: impl FnOnce(&mut OnePresentity)) {
        self.with(&presentity.principal(), |one| {
            if let Some(of) = one.presentities.get_mut(&presentity.tag()) {
                change(of);
            }
        });
    }

    fn forget_watchers(&mut self, before: Timestamp) {
        for one in self.principals.values_mut() {
            for of in one.presentities.values_mut() {
                of.ledger.retain(|_, row| row.last >= before);
            }
        }
    }

    pub(super) fn watchers(&self, presentity: &Presentity, since: Timestamp) -> Vec<Row> {
        let owner = self.principals.get(&presentity.principal());
        let Some(of) = owner.and_then(|owner| owner.presentities.get(&presentity.tag())) else {
            return Vec::new();
        };
        let recent = of.ledger.values().filter(|row| row.last >= since);
        let mut rows: Vec<Row> = recent
            .map(|row| Row {
                visibility: self.visibility(&row.watcher, presentity),
                ..row.clone()
            })
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.last));
        rows
    }

    fn visibility(&self, watcher: &WatcherName, presentity: &Presentity) -> Visibility {
        let WatcherName::Principal(principal) = watcher else {
            return Visibility::Named;
        };
        let watcher = self.principals.get(principal);
        watcher.map_or(Visibility::Named, |one| one.visibility.with(presentity))
    }
}

impl OnePresentity {
    fn set_access(&mut self, watcher: Principal, decision: Option<Decision>, at: Timestamp) {
        self.requests.retain(|one| one.watcher != watcher);
        self.access.remove(&watcher);
        if let Some(decision) = decision {
            let access = Access {
                watcher: watcher.clone(),
                decision,
                at,
            };
            self.access.insert(watcher, access);
        }
    }

    fn watched(&mut self, events: Vec<(WatcherName, Event, Timestamp)>) {
        for (watcher, event, at) in events {
            let mut key = (watcher, event.is_attempt());
            if !self.ledger.contains_key(&key) {
                let rows = self.ledger.keys();
                let sites = rows.filter(|(name, _)| matches!(name, WatcherName::Site(_)));
                key.0 = key.0.beside(sites.count());
            }
            let before = self.ledger.remove(&key);
            let row = Row::after(before, &key.0, event, at);
            self.ledger.insert(key, row);
        }
    }
}

impl OnePrincipal {
    pub(super) fn record(&self, tag: Option<&Tag>) -> Option<PresentityRecord> {
        let of = self.presentities.get(&tag.cloned())?;
        let mut record = PresentityRecord {
            access: of.access.values().cloned().collect(),
            requests: of.requests.clone(),
            tuples: of.tuples.values().cloned().collect(),
            last_seen: of.last_seen,
            own: of.own.clone(),
            class: self.class,
            before: of.before.clone().into_iter().collect(),
            turns: of.turns.clone(),
            ..PresentityRecord::default()
        };
        if record.speaks_of_contacts() {
            record.contacts = self.groups();
        }
        if tag.is_none() {
            record.further = self.presentities.keys().flatten().cloned().collect();
            let told = |own: &&OwnInbox| **own != OwnInbox::default();
            record.inboxes = self.inboxes.values().filter(told).cloned().collect();
        }
        Some(record)
    }

    /// Each principal once; of several presentities the one from sign-up counts, else the first.
    fn groups(&self) -> Vec<(Principal, Option<Note>)> {
        let mut groups = BTreeMap::new();
        for contact in self.contacts.values() {
            let (principal, tag) = (contact.presentity.principal(), contact.presentity.tag());
            if tag.is_none() || !groups.contains_key(&principal) {
                groups.insert(principal, contact.group.clone());
            }
        }
        groups.into_iter().collect()
    }

    pub(super) fn watcher_record(&self) -> WatcherRecord {
        WatcherRecord {
            contacts: self.contacts.values().cloned().collect(),
            visibility: self.visibility.clone(),
        }
    }

    pub(super) fn sender_record(&self, sender: &Address) -> SenderRecord {
        let contact = self.contacts.get(&Presentity(sender.clone()));
        SenderRecord {
            contact: contact.is_some(),
            group: contact.and_then(|contact| contact.group.clone()),
            written: self.log.known.contains(sender),
            held: self.log.held_of(sender),
        }
    }
}
