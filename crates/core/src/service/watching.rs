//! Watching and being watched: subscriptions, and the presentity's consent.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::Service;
use super::asking::{Keeping, fault_code};
use super::before::Seen;
use super::ledger::Why;
use super::session::KeptContact;
use crate::address::{Presentity, Principal, SessionId, Tag};
use crate::code::Code;
use crate::rules::Sight;
use crate::store::{Change, StoreFault};
use crate::time::Now;
use crate::wire::{Access, Contact, Decision, Number, Request, Standing, ToAgent};

/// Most contacts in one frame.
const SUBSCRIBE_MAX: usize = 1_000;

impl Service {
    /// SUBSCRIBER: all of them are here by now.
    pub(super) fn subscribe(
        &mut self,
        id: SessionId,
        number: Number,
        standing: Standing,
        contacts: Vec<Contact>,
        now: Now,
    ) {
        if self.is_visitor(id) {
            return self.visitor_subscribes(id, number, &contacts, now);
        }
        let Some(watcher) = self.principal_of(id) else {
            return;
        };
        if let Some(code) = self.cannot_subscribe(id, &watcher, standing, &contacts) {
            return self.refuse(id, Some(number), code.refusal());
        }
        for contact in &contacts {
            if let Err(wait) = self.ask(id, &watcher, &contact.presentity, now) {
                return self.refuse(id, Some(number), Code::TooManyRequests.refusal_after(wait));
            }
        }
        if standing == Standing::Session || contacts.is_empty() {
            for contact in &contacts {
                self.watch(id, &contact.presentity, Why::Asked, now);
            }
            return self.send(id, &ToAgent::Done { number });
        }
        for contact in contacts {
            let change = Change::SetContact {
                watcher: watcher.clone(),
                contact: contact.clone(),
            };
            self.keep(change, Keeping::Watcher(watcher.clone(), id, number));
            let home = self
                .homes
                .get_mut(&watcher)
                .and_then(|home| home.contacts.as_mut());
            let before = home.and_then(|kept| {
                let keeps = KeptContact {
                    petname: contact.petname.clone(),
                    group: contact.group.clone(),
                };
                kept.insert(contact.presentity.clone(), keeps)
            });
            self.send_home(
                &watcher,
                &ToAgent::ContactKept {
                    contact: contact.clone(),
                },
            );
            for session in self.sessions_of(&watcher) {
                self.watch(session, &contact.presentity, Why::Asked, now);
            }
            self.contacts_changed(&watcher, &contact.presentity, before.as_ref(), now);
        }
    }

    fn cannot_subscribe(
        &self,
        id: SessionId,
        watcher: &Principal,
        standing: Standing,
        contacts: &[Contact],
    ) -> Option<Code> {
        if contacts.len() > SUBSCRIBE_MAX {
            return Some(Code::TooLarge);
        }
        let session = self.sessions.get(&id)?;
        let kept = self.homes.get(watcher)?.contacts.as_ref()?;
        let most = self.config.limits.subscriptions;
        let new = contacts.iter().filter(|contact| match standing {
            Standing::Contact => !kept.contains_key(&contact.presentity),
            Standing::Session => !session.watches.contains(&contact.presentity),
        });
        let present = match standing {
            Standing::Contact => kept.len(),
            Standing::Session => session.watches.len(),
        };
        if present + new.count() > most {
            return Some(Code::TooManySubscriptions);
        }
        contacts.iter().find_map(|contact| {
            if contact.presentity.principal() == *watcher {
                return Some(Code::NotYourself);
            }
            (self.known_state(&contact.presentity) == Some(false)).then_some(Code::UnknownAddress)
        })
    }

    /// Asks a presentity whose rules say so about this watcher, once.
    fn ask(
        &mut self,
        id: SessionId,
        watcher: &Principal,
        presentity: &Presentity,
        now: Now,
    ) -> Result<(), core::time::Duration> {
        let rate = self.config.limits.requests;
        let most = self.config.limits.pending_requests;
        let Some(Ok(Seen {
            sight: Sight::Nothing,
            before,
            ..
        })) = self.sight_for(id, presentity, now.timestamp)
        else {
            return Ok(());
        };
        let blocked = before.is_some();
        let asked = before.is_some_and(|before| before.asked);
        let Some(known) = self.known(presentity) else {
            return Ok(());
        };
        if asked || known.requests.contains_key(watcher) || known.requests.len() >= most {
            return Ok(());
        }
        if let Some(home) = self.homes.get_mut(watcher) {
            home.requests.take(rate, now.instant)?;
        }
        if blocked {
            // Nobody is asked about the blocked, and they are as slow as others.
            if let Some(change) = self.set_asked(presentity, watcher, true, now) {
                self.keep(change, Keeping::Quietly);
            }
            return Ok(());
        }
        let session = self.sessions.get(&id);
        let identity = session.and_then(|session| session.identity.as_ref());
        let visit = identity.and_then(|identity| identity.visit.as_ref());
        let request = Request {
            watcher: watcher.clone(),
            at: now.timestamp,
            called: visit.map(|visit| Box::new(visit.called.clone())),
        };
        if let Some(known) = self.known_mut(presentity) {
            known.requests.insert(watcher.clone(), request.clone());
        }
        let change = Change::AddRequest {
            presentity: presentity.clone(),
            request: request.clone(),
        };
        self.keep(change, Keeping::Quietly);
        let of = presentity.tag();
        self.send_home(&presentity.principal(), &ToAgent::Requested { request, of });
        Ok(())
    }

    /// No more of these: from before the answer on, nothing of them is sent.
    pub(super) fn unsubscribe(
        &mut self,
        id: SessionId,
        number: Number,
        presentities: &[Presentity],
        now: Now,
    ) {
        if self.is_visitor(id) {
            for presentity in presentities {
                self.unwatch(id, presentity, Why::Asked, now);
            }
            return self.send(id, &ToAgent::Done { number });
        }
        let Some(watcher) = self.principal_of(id) else {
            return;
        };
        let mut waits = false;
        for presentity in presentities
            .iter()
            .filter(|presentity| presentity.principal() != watcher)
        {
            // First: if only one of both outlives a crash, the agent says it again and the other follows.
            self.take_back_request(&watcher, presentity, now);
            let kept = self
                .homes
                .get_mut(&watcher)
                .and_then(|home| home.contacts.as_mut());
            let Some(before) = kept.and_then(|kept| kept.remove(presentity)) else {
                self.unwatch(id, presentity, Why::Asked, now);
                continue;
            };
            waits = true;
            let change = Change::RemoveContact {
                watcher: watcher.clone(),
                presentity: presentity.clone(),
            };
            self.keep(change, Keeping::Watcher(watcher.clone(), id, number));
            self.send_home(
                &watcher,
                &ToAgent::ContactGone {
                    presentity: presentity.clone(),
                },
            );
            for session in self.sessions_of(&watcher) {
                self.unwatch(session, presentity, Why::Asked, now);
            }
            self.contacts_changed(&watcher, presentity, Some(&before), now);
        }
        if !waits {
            self.send(id, &ToAgent::Done { number });
        }
    }

    fn take_back_request(&mut self, watcher: &Principal, presentity: &Presentity, now: Now) {
        let asked = self
            .known(presentity)
            .and_then(|known| known.before.get(watcher));
        if asked.is_some_and(|before| before.asked)
            && let Some(change) = self.set_asked(presentity, watcher, false, now)
        {
            self.keep(change, Keeping::Quietly);
        }
        let change = Change::RemoveRequest {
            presentity: presentity.clone(),
            watcher: watcher.clone(),
        };
        let Some(known) = self.known_mut(presentity) else {
            return self.keep(change, Keeping::Quietly);
        };
        if known.requests.remove(watcher).is_some() {
            let access = known.access.get(watcher);
            let decision = access.map(|access| access.decision.clone());
            self.keep(change, Keeping::Quietly);
            let frame = ToAgent::AccessSet {
                watcher: watcher.clone(),
                decision,
                of: presentity.tag(),
            };
            self.send_home(&presentity.principal(), &frame);
        }
    }

    /// ACCESS RULES: in force at once, acknowledged when durable.
    pub(super) fn set_access(
        &mut self,
        id: SessionId,
        number: Number,
        (watcher, of): (Principal, Option<Tag>),
        decision: Option<Decision>,
        now: Now,
    ) {
        let most = self.config.limits.watchers;
        let Some(me) = self.principal_of(id) else {
            return;
        };
        let own = me.presentity_of(of.as_ref());
        if watcher == me {
            return self.refuse(id, Some(number), Code::NotYourself.refusal());
        }
        if decision
            .as_ref()
            .is_some_and(|decision| !decision.is_sound())
        {
            return self.refuse(id, Some(number), Code::BadRules.refusal());
        }
        let contacts = self.contacts_like(&me, &watcher);
        let Some(stood) = self.stood(&own, &watcher, contacts, now) else {
            return self.refuse(id, Some(number), Code::TryLater.refusal());
        };
        let Some(known) = self.known_mut(&own) else {
            return;
        };
        known.requests.remove(&watcher);
        let blocked = known
            .access
            .get(&watcher)
            .filter(|_| known.blocks_in_person(&watcher));
        let at = match (&decision, blocked) {
            // Who is blocked once more has been so since the first time.
            (Some(Decision::Block), Some(access)) => access.at,
            _ => now.timestamp,
        };
        match &decision {
            Some(_) if known.access.len() >= most && !known.access.contains_key(&watcher) => {
                return self.refuse(id, Some(number), Code::TooManySubscriptions.refusal());
            }
            Some(decision) => {
                let access = Access {
                    watcher: watcher.clone(),
                    decision: decision.clone(),
                    at,
                };
                known.access.insert(watcher.clone(), access);
            }
            None => drop(known.access.remove(&watcher)),
        }
        let access = Change::SetAccess {
            presentity: own.clone(),
            watcher: watcher.clone(),
            decision: decision.clone(),
            at,
        };
        let before = self.settle_stood(&own, &watcher, stood, now);
        // A block is never without what stood before it, also if a crash comes between the two.
        let changes = match &before {
            Some(Change::SetBefore { before: None, .. }) => [Some(access), before],
            _ => [before, Some(access)],
        };
        for change in changes.into_iter().flatten() {
            self.keep(change, Keeping::Own(own.clone(), id, number));
        }
        self.arm_rules(&own, now);
        self.tell_watcher(&own, &watcher, now);
        let frame = ToAgent::AccessSet {
            watcher,
            decision,
            of,
        };
        self.send_home(&me, &frame);
    }

    /// Changes of a numbered request: done when all are durable, refused at the first that is not.
    pub(super) fn request_stored(
        &mut self,
        id: SessionId,
        number: Number,
        fault: Option<StoreFault>,
    ) {
        match fault {
            Some(fault) => {
                if self.asked.open.remove(&(id, number)).is_some() {
                    self.refuse(id, Some(number), fault_code(fault).refusal());
                }
            }
            None => {
                if self.one_less(id, number) {
                    self.send(id, &ToAgent::Done { number });
                }
            }
        }
    }

    pub(super) fn principal_of(&self, id: SessionId) -> Option<Principal> {
        self.sessions.get(&id)?.principal().cloned()
    }
}
