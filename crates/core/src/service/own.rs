//! What principals settle for themselves: their presentities with the rules of each, their inbox addresses, how they stand as
//! watchers. In force at once, acknowledged when durable; what could not be kept is taken back.

use alloc::vec::Vec;

use super::Service;
use super::asking::{Keeping, Reading};
use super::input::Output;
use super::ledger::Why;
use super::session::{Home, KeptContact};
use crate::address::{Presentity, Principal, SessionId, Tag};
use crate::code::Code;
use crate::presence::{Basic, PresenceTuple};
use crate::rules::{DeliveryRule, RULES_MAX, Visibility};
use crate::sorted::{Map, Set};
use crate::store::{Change, Key, StoreFault, WatcherRecord};
use crate::time::{Now, Timestamp};
use crate::wire::{Counts, Number, OwnInbox, OwnPresentity, ToAgent};

impl Service {
    /// ACCESS RULES of one of my presentities; makes a further one that is not there yet, with an inbox address of the same tag.
    pub(super) fn set_presentity(
        &mut self,
        id: SessionId,
        number: Number,
        own: OwnPresentity,
        now: Now,
    ) {
        let Some(me) = self.principal_of(id) else {
            return;
        };
        let reserved = me.presentity_of(own.tag.as_ref()).watched().is_some();
        if !own.rules.is_sound() || reserved {
            return self.refuse(id, Some(number), Code::BadRules.refusal());
        }
        let most = self.config.limits.presentities;
        let first = me.presentity();
        let Some(known) = self.known_mut(&first) else {
            return self.refuse(id, Some(number), Code::TryLater.refusal());
        };
        let new_tag = own.tag.clone().filter(|tag| !known.further.contains(tag));
        if let Some(tag) = &new_tag {
            if known.further.len() >= most {
                return self.refuse(id, Some(number), Code::TooManyAddresses.refusal());
            }
            known.further.insert(tag.clone());
            let inbox = OwnInbox {
                tag: Some(tag.clone()),
                label: own.label.clone(),
                ..OwnInbox::default()
            };
            if !known.inboxes.contains_key(&inbox.tag) {
                known.inboxes.insert(inbox.tag.clone(), inbox.clone());
                let change = Change::SetInbox {
                    principal: me.clone(),
                    own: inbox.clone(),
                };
                self.keep(change, Keeping::Own(first.clone(), id, number));
                self.send_home(&me, &ToAgent::InboxSet { own: inbox });
            }
        }
        let presentity = me.presentity_of(own.tag.as_ref());
        let turn = self.before_turn(&presentity, now);
        let mut changes = Vec::new();
        if let (None, Some(turn)) = (&new_tag, turn)
            && let Some(known) = self.known_mut(&presentity)
        {
            known.own = own.clone();
            changes = self.turn(&presentity, turn, now);
        }
        changes.push(Change::SetPresentity {
            principal: me.clone(),
            own: own.clone(),
        });
        for change in changes {
            self.keep(change, Keeping::Own(presentity.clone(), id, number));
        }
        if new_tag.is_some() {
            self.make_presentity(&presentity, own.clone(), now);
        } else if self.known(&presentity).is_some() {
            self.take_contacts(&me, &presentity);
            self.decide_again(&presentity, now);
        } else {
            self.outputs.push_back(Output::Decided(presentity));
        }
        self.send_home(&me, &ToAgent::PresentitySet { own });
    }

    /// A further presentity is there from now on, with what the devices of its principal say.
    fn make_presentity(&mut self, presentity: &Presentity, own: OwnPresentity, now: Now) {
        let me = presentity.principal();
        let Some(class) = self.known(&me.presentity()).map(|known| known.class) else {
            return;
        };
        let record = crate::store::PresentityRecord {
            own,
            class,
            ..crate::store::PresentityRecord::default()
        };
        self.bring_known(presentity, record, now);
        if let Some(known) = self.known_mut(presentity) {
            known.changed = now.timestamp;
        }
        self.take_contacts(&me, presentity);
        for session in self.sessions_of(&me) {
            self.watch(session, presentity, Why::CameIn, now);
        }
        self.decide_again(presentity, now);
    }

    /// Rules that speak of contacts need to know them.
    pub(super) fn take_contacts(&mut self, me: &Principal, presentity: &Presentity) {
        let speaks = |known: &&mut super::room::Known| known.speaks_of_contacts();
        let home = self.homes.get(me).and_then(|home| home.contacts.clone());
        let Some(known) = self.known_mut(presentity) else {
            return;
        };
        let speaks = speaks(&known);
        known.contacts.clear();
        if let (true, Some(contacts)) = (speaks, home) {
            let kept = contacts.into_iter();
            known.contacts = kept
                .map(|(presentity, kept)| (presentity.principal(), kept.group))
                .collect();
        }
    }

    /// A contact came, went or moved to another group: rules that speak of contacts decide anew.
    pub(super) fn contacts_changed(
        &mut self,
        me: &Principal,
        contact: &Presentity,
        before: Option<&KeptContact>,
        now: Now,
    ) {
        let home = self.homes.get(me).and_then(|home| home.contacts.as_ref());
        let kept = home.and_then(|contacts| contacts.get(contact));
        let (is_contact, group) = (kept.is_some(), kept.and_then(|kept| kept.group.clone()));
        self.amend_sender(me, contact.address(), |record| {
            record.contact = is_contact;
            record.group.clone_from(&group);
        });
        let watcher = contact.principal();
        let mut contacts = self.contacts_like(me, &watcher);
        contacts.retain(|(of, _)| of != contact);
        contacts.extend(before.map(|before| (contact.clone(), before.group.clone())));
        for presentity in self.presentities_of(me) {
            let known = self.known(&presentity);
            if known.is_some_and(super::room::Known::speaks_of_contacts) {
                let blocks = known.is_some_and(|known| known.own.rules.block());
                let stood = blocks
                    .then(|| self.stood(&presentity, &watcher, contacts.clone(), now))
                    .flatten();
                self.take_contacts(me, &presentity);
                let settled =
                    stood.and_then(|stood| self.settle_stood(&presentity, &watcher, stood, now));
                if let Some(change) = settled {
                    self.keep(change, Keeping::Quietly);
                }
                self.decide_again(&presentity, now);
            }
        }
    }

    /// Ends a further presentity: its watchers are told that there is nobody.
    pub(super) fn drop_presentity(&mut self, id: SessionId, number: Number, tag: &Tag, now: Now) {
        let Some(me) = self.principal_of(id) else {
            return;
        };
        let presentity = me.presentity_of(Some(tag));
        let known = self.known_mut(&me.presentity());
        if !known.is_some_and(|known| known.further.remove(tag)) {
            return self.send(id, &ToAgent::Done { number });
        }
        let change = Change::DropPresentity {
            presentity: presentity.clone(),
        };
        self.keep(change, Keeping::Own(presentity.clone(), id, number));
        self.outputs.push_back(Output::Decided(presentity.clone()));
        self.send_home(&me, &ToAgent::PresentityGone { tag: tag.clone() });
        self.nobody_there(&presentity, now);
    }

    /// DELIVERY RULES of one of my inbox addresses; makes a further one that is not there yet.
    pub(super) fn set_inbox(&mut self, id: SessionId, number: Number, mut own: OwnInbox, now: Now) {
        let Some(me) = self.principal_of(id) else {
            return;
        };
        let sound = own.rules.len() <= RULES_MAX && own.rules.iter().all(DeliveryRule::is_sound);
        if !sound || own.until.is_some() && own.tag.is_none() {
            return self.refuse(id, Some(number), Code::BadRules.refusal());
        }
        let most = self.config.limits.inboxes;
        let first = me.presentity();
        let Some(known) = self.known_mut(&first) else {
            return self.refuse(id, Some(number), Code::TryLater.refusal());
        };
        let before = known.inboxes.get(&own.tag);
        let further = known.inboxes.keys().flatten().count();
        if before.is_none() && own.tag.is_some() && further >= most {
            return self.refuse(id, Some(number), Code::TooManyAddresses.refusal());
        }
        own.counts = before.map_or_else(Counts::default, |before| before.counts);
        known.inboxes.insert(own.tag.clone(), own.clone());
        let change = Change::SetInbox {
            principal: me.clone(),
            own: own.clone(),
        };
        self.keep(change, Keeping::Own(first, id, number));
        self.send_home(&me, &ToAgent::InboxSet { own });
        let _ = now;
    }

    /// Revokes a further inbox address. A presentity of the same tag says so: its inbox is CLOSED.
    pub(super) fn drop_inbox(&mut self, id: SessionId, number: Number, tag: &Tag, now: Now) {
        let Some(me) = self.principal_of(id) else {
            return;
        };
        let first = me.presentity();
        let known = self.known_mut(&first);
        if known.is_none_or(|known| known.inboxes.remove(&Some(tag.clone())).is_none()) {
            return self.send(id, &ToAgent::Done { number });
        }
        let change = Change::DropInbox {
            principal: me.clone(),
            tag: tag.clone(),
        };
        self.keep(change, Keeping::Own(first, id, number));
        self.send_home(&me, &ToAgent::InboxGone { tag: tag.clone() });
        let presentity = me.presentity_of(Some(tag));
        if let Some(known) = self.known_mut(&presentity) {
            let inbox = me.inbox_of(Some(tag));
            let closed = PresenceTuple::inbox(&inbox, Basic::Closed, Timestamp(0));
            known.services.insert(closed.id.clone(), closed.clone());
            let change = Change::KeepTuple {
                presentity: presentity.clone(),
                tuple: closed,
            };
            self.keep(change, Keeping::Quietly);
            self.touch(&presentity, now);
        }
    }

    /// VISIBILITY RULES: how I stand with those I watch. Decided anew at once where it matters.
    pub(super) fn set_visibility(
        &mut self,
        id: SessionId,
        number: Number,
        presentity: Option<Presentity>,
        visibility: Option<Visibility>,
        now: Now,
    ) {
        let most = self.config.limits.subscriptions;
        let Some(me) = self.principal_of(id) else {
            return;
        };
        let Some(home) = self.homes.get_mut(&me) else {
            return;
        };
        if home.visibility.exceptions.len() >= most && presentity.is_some() && visibility.is_some()
        {
            return self.refuse(id, Some(number), Code::TooManySubscriptions.refusal());
        }
        home.visibility.set(presentity.as_ref(), visibility);
        let rules = home.visibility.clone();
        let change = Change::SetVisibility {
            watcher: me.clone(),
            presentity,
            visibility,
        };
        self.keep(change, Keeping::Watcher(me.clone(), id, number));
        self.send_home(&me, &ToAgent::VisibilitySet { rules });
        self.stand_anew(&me, now);
    }

    /// Decides anew about someone as a watcher, wherever they watch.
    fn stand_anew(&mut self, me: &Principal, now: Now) {
        for session in self.sessions_of(me) {
            let watches = self.sessions.get(&session).map(|one| one.watches.clone());
            for presentity in watches.unwrap_or_default() {
                self.show(session, &presentity, now);
            }
        }
    }

    /// Contacts or visibility are durable, or could not be kept: then they are read again when nothing more of them is on its way.
    pub(super) fn watcher_stored(&mut self, me: &Principal, fault: Option<StoreFault>) {
        let Some(home) = self.homes.get_mut(me) else {
            return;
        };
        home.on_their_way -= 1;
        home.astray |= fault.is_some();
        if home.on_their_way == 0 && home.astray && !home.sessions.is_empty() {
            self.load(Key::Watcher(me.clone()), Reading::Watcher(me.clone()));
        }
        self.leave_home(me);
        let all = self.sessions_of(me).into_iter();
        let all = all.filter_map(|id| Some(self.sessions.get(&id)?.watches.clone()));
        let watched: Set<_> = all.flatten().collect();
        for presentity in watched {
            self.tell_readers(&presentity);
        }
    }

    /// What is kept of someone as a watcher, when they come in or after it went astray.
    pub(super) fn watcher_loaded(&mut self, me: &Principal, record: WatcherRecord, now: Now) {
        let kept = record.contacts.into_iter().map(|contact| {
            let kept = KeptContact {
                petname: contact.petname,
                group: contact.group,
            };
            (Presentity(self.the_same(contact.presentity.0)), kept)
        });
        let kept = kept.collect();
        let Some(home) = self.homes.get_mut(me) else {
            return;
        };
        if home.on_their_way > 0 && home.contacts.is_some() {
            return;
        }
        let before = home.contacts.replace(kept);
        home.visibility = record.visibility;
        if core::mem::take(&mut home.astray) {
            self.go_back_to_contacts(me, &before.unwrap_or_default(), now);
        }
        self.enter(me, now);
    }

    fn go_back_to_contacts(
        &mut self,
        me: &Principal,
        before: &Map<Presentity, KeptContact>,
        now: Now,
    ) {
        let home = self.homes.get(me).and_then(|home| home.contacts.clone());
        let kept = home.unwrap_or_default();
        let either = before.keys().chain(kept.keys());
        let other = either.filter(|one| before.get(*one) != kept.get(*one));
        let other: Set<_> = other.cloned().collect();
        for session in self.sessions_of(me) {
            for presentity in &other {
                match kept.contains_key(presentity) {
                    true => self.watch(session, presentity, Why::Asked, now),
                    false => self.unwatch(session, presentity, Why::Asked, now),
                }
            }
            self.send_roster(session);
        }
        for presentity in &other {
            self.contacts_changed(me, presentity, before.get(presentity), now);
        }
        self.stand_anew(me, now);
    }

    /// What someone settled could not be kept: it is read again as it stands, and they are told how that is.
    pub(super) fn take_back(&mut self, presentity: &Presentity) {
        let me = presentity.principal();
        for one in [me.presentity(), presentity.clone()] {
            let home = self.homes.get_mut(&me);
            if home.is_some_and(|home| home.to_be_read.insert(one.clone())) {
                self.reload(&one);
            }
        }
    }

    /// What is kept of someone was changed beside the service: contacts and decisions are read again, and all devices are told.
    pub(super) fn changed_beside(&mut self, me: &Principal) {
        let Some(home) = self.homes.get_mut(me) else {
            self.reload(&me.presentity());
            return;
        };
        home.astray = true;
        if home.on_their_way == 0 && home.contacts.is_some() {
            self.load(Key::Watcher(me.clone()), Reading::Watcher(me.clone()));
        }
        self.take_back(&me.presentity());
    }

    /// After [`Self::take_back`], once what stands is here: every device of the principal gets it anew.
    pub(super) fn tell_what_stands(&mut self, read: &Presentity) {
        let principal = read.principal();
        let last = |home: &mut Home| home.to_be_read.remove(read) && home.to_be_read.is_empty();
        if self.homes.get_mut(&principal).is_some_and(last) {
            for id in self.sessions_of(&principal) {
                self.send_roster(id);
            }
        }
    }
}
