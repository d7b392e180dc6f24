//! The PRESENCE SERVICE's own half: what a presentity has published, and for how long it holds. A device stands in all
//! presentities of its principal; a status set by hand and the means to reach someone stand in one.

use alloc::vec::Vec;
use core::time::Duration;

use super::Service;
use super::asking::Keeping;
use super::room::{Device, Lease};
use super::timers::Timer;
use crate::address::{Presentity, Principal, SessionId, Tag, TupleId};
use crate::code::Code;
use crate::presence::{Activity, PresenceTuple, TUPLES_MAX, TupleKind, by_hand};
use crate::sorted::Set;
use crate::store::Change;
use crate::time::Now;

impl Service {
    // Publishing.

    pub(super) fn publish(
        &mut self,
        id: SessionId,
        mut tuple: PresenceTuple,
        of: Option<&Tag>,
        now: Now,
    ) {
        let rate = self.config.limits.publishes;
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if let Err(wait) = session.publishes.take(rate, now.instant) {
            return self.refuse(id, None, Code::TooManyRequests.refusal_after(wait));
        }
        let Some(identity) = &session.identity else {
            return;
        };
        let (principal, login) = (identity.principal.clone(), identity.login_at(now.timestamp));
        let own = principal.presentity_of(of);
        let Some(known) = self.known(&own) else {
            return self.refuse(id, None, Code::UnknownAddress.refusal());
        };
        let needs = known.own.rules.publishing_needs;
        if login < needs.max(self.config.requires.publish) {
            return self.refuse(id, None, Code::SignInAgain.refusal());
        }
        tuple.since = tuple.since.min(now.timestamp);
        let sound = tuple.is_sound()
            && match tuple.kind {
                TupleKind::Person => tuple.id == by_hand() && tuple.hours.is_empty(),
                TupleKind::Service => {
                    !tuple.status.has(&Activity::Invisible) && Self::is_own_means(&own, &tuple)
                }
                TupleKind::Device => {
                    !tuple.status.has(&Activity::Invisible) && tuple.hours.is_empty()
                }
            };
        if !sound {
            return self.refuse(id, None, Code::BadPresence.refusal());
        }
        match tuple.kind {
            TupleKind::Device => self.publish_device(id, &principal, &tuple, now),
            TupleKind::Person => self.publish_by_hand(id, &own, tuple, now),
            TupleKind::Service => self.publish_means(id, &own, tuple, now),
        }
    }

    /// An inbox in a tuple must be one's own: nobody may lead another's letters elsewhere, or to a stranger.
    fn is_own_means(own: &Presentity, tuple: &PresenceTuple) -> bool {
        let inbox = tuple
            .address
            .as_ref()
            .and_then(crate::presence::CommunicationAddress::as_inbox);
        inbox.is_none_or(|inbox| inbox.principal() == own.principal())
    }

    fn publish_device(
        &mut self,
        id: SessionId,
        principal: &Principal,
        tuple: &PresenceTuple,
        now: Now,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if session.devices.len() >= TUPLES_MAX && !session.devices.contains(&tuple.id) {
            return self.refuse(id, None, Code::BadPresence.refusal());
        }
        session.devices.insert(tuple.id.clone());
        let mut taken_over = None;
        for own in self.presentities_of(principal) {
            taken_over = self.place_device(id, &own, tuple, now).or(taken_over);
        }
        if let Some(other) = taken_over.filter(|other| *other != id)
            && let Some(other) = self.sessions.get_mut(&other)
        {
            other.devices.remove(&tuple.id);
        }
    }

    /// Puts a device into one presentity; says which session held it before.
    fn place_device(
        &mut self,
        id: SessionId,
        own: &Presentity,
        tuple: &PresenceTuple,
        now: Now,
    ) -> Option<SessionId> {
        let known = self.known_mut(own)?;
        let device = Device {
            tuple: tuple.clone(),
            lease: Lease::Live(id),
        };
        let before = known.devices.insert(tuple.id.clone(), device);
        let same = before.as_ref().is_some_and(|before| before.tuple == *tuple);
        if !same {
            known.changed = now.timestamp;
        }
        self.timers
            .clear(&Timer::Grace(own.clone(), tuple.id.clone()));
        if !same {
            self.touch(own, now);
        }
        match before?.lease {
            Lease::Live(session) => Some(session),
            Lease::Leaving(_) => None,
        }
    }

    /// The newest status set by hand wins; whoever was late is shown the winner.
    fn publish_by_hand(&mut self, id: SessionId, own: &Presentity, tuple: PresenceTuple, now: Now) {
        let Some(known) = self.known_mut(own) else {
            return;
        };
        if known
            .by_hand
            .as_ref()
            .is_some_and(|present| present.since > tuple.since)
        {
            return self.show_again(id, own, now);
        }
        if known.by_hand.as_ref() == Some(&tuple) {
            return self.show_again(id, own, now);
        }
        known.by_hand = Some(tuple.clone());
        known.changed = now.timestamp;
        self.keep(
            Change::KeepTuple {
                presentity: own.clone(),
                tuple,
            },
            Keeping::Publish(id, own.clone()),
        );
        self.arm_until(own, now);
        self.touch(own, now);
        self.acknowledge_taken(&own.principal(), now);
    }

    fn publish_means(&mut self, id: SessionId, own: &Presentity, tuple: PresenceTuple, now: Now) {
        let Some(known) = self.known_mut(own) else {
            return;
        };
        if known.services.len() >= TUPLES_MAX && !known.services.contains_key(&tuple.id) {
            return self.refuse(id, None, Code::BadPresence.refusal());
        }
        if known
            .services
            .insert(tuple.id.clone(), tuple.clone())
            .as_ref()
            == Some(&tuple)
        {
            return;
        }
        known.changed = now.timestamp;
        self.keep(
            Change::KeepTuple {
                presentity: own.clone(),
                tuple,
            },
            Keeping::Publish(id, own.clone()),
        );
        self.arm_rules(own, now);
        self.touch(own, now);
    }

    pub(super) fn withdraw(&mut self, id: SessionId, name: &TupleId, of: Option<&Tag>, now: Now) {
        let Some(principal) = self.principal_of(id) else {
            return;
        };
        if self
            .sessions
            .get_mut(&id)
            .is_some_and(|session| session.devices.remove(name))
        {
            let gone = Set::from_iter([name.clone()]);
            return self.devices_leave(&principal, &gone, Duration::ZERO, now);
        }
        let own = principal.presentity_of(of);
        let Some(known) = self.known_mut(&own) else {
            return;
        };
        let gone = match *name == by_hand() {
            true => known.by_hand.take().is_some(),
            false => known.services.remove(name).is_some(),
        };
        known.stand(&own);
        if gone {
            known.changed = now.timestamp;
            self.timers.clear(&Timer::Until(own.clone()));
            let drop = Change::DropTuple {
                presentity: own.clone(),
                tuple: name.clone(),
            };
            self.keep(drop, Keeping::Publish(id, own.clone()));
            self.arm_rules(&own, now);
            self.touch(&own, now);
            self.acknowledge_taken(&own.principal(), now);
        }
    }

    pub(super) fn arm_until(&mut self, presentity: &Presentity, now: Now) {
        let until = self
            .known(presentity)
            .and_then(|known| known.by_hand.as_ref()?.until);
        let timer = Timer::Until(presentity.clone());
        match until {
            Some(until) => self.timers.set(timer, now.instant_of(until)),
            None => self.timers.clear(&timer),
        }
    }

    /// A status set by hand is over.
    pub(super) fn until_due(&mut self, presentity: &Presentity, now: Now) {
        let Some(known) = self.known_mut(presentity) else {
            return;
        };
        let Some(until) = known.by_hand.as_ref().and_then(|tuple| tuple.until) else {
            return;
        };
        // The wall clock may have been set back since the timer was armed.
        if until > now.timestamp {
            return self.arm_until(presentity, now);
        }
        known.by_hand = None;
        known.changed = now.timestamp;
        let drop = Change::DropTuple {
            presentity: presentity.clone(),
            tuple: by_hand(),
        };
        self.keep(drop, Keeping::Quietly);
        self.touch(presentity, now);
        self.acknowledge_taken(&presentity.principal(), now);
    }

    // Leases.

    /// Devices whose line went: shown for the grace, then gone.
    pub(super) fn devices_leave(
        &mut self,
        principal: &Principal,
        gone: &Set<TupleId>,
        grace: Duration,
        now: Now,
    ) {
        for own in self.presentities_of(principal) {
            for name in gone {
                let known = self.known_mut(&own);
                let Some(device) = known.and_then(|known| known.devices.get_mut(name)) else {
                    continue;
                };
                device.lease = Lease::Leaving(now.timestamp);
                if grace.is_zero() {
                    self.grace_due(&own, name, now);
                } else {
                    let timer = Timer::Grace(own.clone(), name.clone());
                    self.timers.set(timer, now.instant.after(grace));
                }
            }
        }
    }

    pub(super) fn grace_due(&mut self, own: &Presentity, name: &TupleId, now: Now) {
        let Some(known) = self.known_mut(own) else {
            return;
        };
        let Some(Device {
            lease: Lease::Leaving(at),
            ..
        }) = known.devices.get(name)
        else {
            return;
        };
        let at = *at;
        known.devices.remove(name);
        known.changed = now.timestamp;
        if known.devices.is_empty() {
            known.last_seen = at;
            let seen = Change::LastSeen {
                presentity: own.clone(),
                at,
            };
            self.keep(seen, Keeping::Quietly);
        }
        self.touch(own, now);
        self.spare(own, now);
    }

    /// From now on who is not here is offline, not unknown.
    pub(super) fn settle(&mut self, now: Now) {
        self.settled = true;
        let all: Vec<_> = self.rooms.keys().cloned().collect();
        for presentity in all {
            self.tell(&presentity, now);
        }
    }
}
