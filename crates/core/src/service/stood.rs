//! How a presentity stood before it began to block is kept when it does, and forgotten when it does so no more
//! ([`before`](super::before) says what is seen of it).
//!
//! Whatever can begin or end a block asks before it happens ([`Service::stood`], [`Service::before_turn`]) and says afterwards that it
//! has happened ([`Service::settle_stood`], [`Service::turn`]): decisions, contacts, rules, and time.

use alloc::vec::Vec;

use super::Service;
use super::before::{Seen, may_speak};
use super::room::Known;
use crate::address::{Presentity, Principal, Tag};
use crate::presence::{Basic, Note};
use crate::rules::{Decision, Login, Onlooker, Part, Sight, Visibility};
use crate::sight::plain_inbox;
use crate::store::{Before, Change, Door};
use crate::time::{Now, Timestamp};
use crate::wire::{Class, to_cbor};

/// How often rules may begin to block before the first time is forgotten.
const TURNS_MAX: usize = 32;
/// What is kept of one presentity in all, bytes; of a block beyond it only as much as was shown, without means.
const BEFORE_MAX: usize = 1024 * 1024;

/// How someone stands with a presentity just before something is settled that may begin or end a block.
#[derive(Debug)]
pub struct Stood {
    blocked: bool,
    before: Before,
}

/// How a presentity stands just before its rules become others.
#[derive(Debug)]
pub struct Turn {
    before: Before,
    /// Of whom something is kept although nothing blocks them any more.
    stale: Vec<Principal>,
}

impl Service {
    // One watcher.

    /// A watcher as a presentity's rules see them, here or not.
    fn onlooker_of<'a>(
        &'a self,
        known: &'a Known,
        watcher: &'a Principal,
        at: Timestamp,
    ) -> Onlooker<'a> {
        let sessions = self.sessions_of(watcher);
        let mut sessions = sessions.iter().filter_map(|id| self.sessions.get(id));
        let identity = sessions.find_map(|one| one.identity.as_ref());
        if let Some(identity) = identity {
            return known.onlooker(identity, Visibility::Named, at);
        }
        let room = self.known(&watcher.presentity());
        let group = known.contacts.get(watcher);
        Onlooker {
            address: Some(watcher.address()),
            class: Some(room.map_or(Class::Account, |room| room.class)),
            group: group.and_then(Option::as_ref),
            known: group.is_some(),
            ..Onlooker::default()
        }
    }

    /// The same, taken for someone whose password was said, as far as they have one.
    pub(super) fn vouched<'a>(
        &'a self,
        known: &'a Known,
        watcher: &'a Principal,
        at: Timestamp,
    ) -> Onlooker<'a> {
        let onlooker = self.onlooker_of(known, watcher, at);
        let least = match onlooker.class {
            Some(Class::Guest) => Login::Guest,
            _ => Login::Account,
        };
        Onlooker {
            login: onlooker.login.max(least),
            ..onlooker
        }
    }

    /// As what someone is kept among the contacts.
    pub(super) fn contacts_like(
        &self,
        me: &Principal,
        watcher: &Principal,
    ) -> Vec<(Presentity, Option<Note>)> {
        let home = self.homes.get(me).and_then(|home| home.contacts.as_ref());
        let all = home.into_iter().flatten();
        let like = all.filter(|(contact, _)| contact.principal() == *watcher);
        like.map(|(contact, kept)| (contact.clone(), kept.group.clone()))
            .collect()
    }

    /// How someone stands with a presentity now; `contacts`: as what they are kept among the contacts.
    pub(super) fn stood(
        &self,
        own: &Presentity,
        watcher: &Principal,
        contacts: Vec<(Presentity, Option<Note>)>,
        now: Now,
    ) -> Option<Stood> {
        let known = self.known(own)?;
        let onlooker = self.onlooker_of(known, watcher, now.timestamp);
        let blocked = known.blocks(&onlooker, now.timestamp);
        let past = known.past(&onlooker, now.timestamp);
        let asked = known.requests.contains_key(watcher);
        let before = match past {
            _ if !blocked => Before {
                contacts: Some(contacts),
                ..self.before(own, known, Some(watcher), now)
            },
            Some(before) if before.contacts.is_some() => before.clone(),
            // Of all whom rules block, from now on this one's own.
            Some(turn) => {
                let before = Before {
                    contacts: Some(contacts),
                    asked,
                    ..turn.clone().only_of(watcher)
                };
                let seen = known.decide(&onlooker, now.timestamp).sight;
                match (seen, turn.sight(&onlooker, now.timestamp)) {
                    (seen, then) if seen == then => before,
                    (Sight::Absent(part), _) => before.showing(Decision::Chosen(part)),
                    _ => before,
                }
            }
            None => {
                let seen = known.decide(&onlooker, now.timestamp);
                self.never(own, &seen, contacts, now)
            }
        };
        Some(Stood { blocked, before })
    }

    /// Something was settled about someone: what stood before is kept, if that blocks them, or forgotten, if nothing does.
    pub(super) fn settle_stood(
        &mut self,
        own: &Presentity,
        watcher: &Principal,
        stood: Stood,
        now: Now,
    ) -> Option<Change> {
        let known = self.known(own)?;
        let onlooker = self.onlooker_of(known, watcher, now.timestamp);
        let has = known.before.contains_key(watcher);
        let before = match known.blocks(&onlooker, now.timestamp) {
            true if has && stood.blocked => return None,
            true => Some(stood.before),
            false if has => None,
            false => return None,
        };
        self.keep_before(own, watcher, before, now)
    }

    /// What stood is no more than has room.
    fn keep_before(
        &mut self,
        own: &Presentity,
        watcher: &Principal,
        before: Option<Before>,
        now: Now,
    ) -> Option<Change> {
        let known = self.known(own)?;
        let before = before.map(|before| {
            let others = known.before.iter().filter(|(other, _)| *other != watcher);
            let all: usize = others.map(|(_, before)| weight(before)).sum();
            let onlooker = self.onlooker_of(known, watcher, now.timestamp);
            match all + weight(&before) > BEFORE_MAX {
                true => before.thin(&onlooker, now.timestamp),
                false => before,
            }
        });
        self.set_before(own, watcher, before)
    }

    /// How it stands to someone of whom it is not known how it stood before it blocked them: as one who never said more than sign-up.
    fn never(
        &self,
        own: &Presentity,
        seen: &Seen<'_>,
        contacts: Vec<(Presentity, Option<Note>)>,
        now: Now,
    ) -> Before {
        let part = match &seen.sight {
            Sight::Never(part) => part.clone(),
            _ => Part::ALL,
        };
        let never = Before {
            at: now.timestamp,
            since: seen.since,
            means: plain_inbox(own, self.setting(now.timestamp).messages),
            contacts: Some(contacts),
            ..Before::default()
        };
        never.showing(Decision::Chosen(part))
    }

    fn set_before(
        &mut self,
        own: &Presentity,
        watcher: &Principal,
        before: Option<Before>,
    ) -> Option<Change> {
        let known = self.known_mut(own)?;
        match before.clone() {
            Some(before) => drop(known.before.insert(watcher.clone(), before)),
            None => drop(known.before.remove(watcher)),
        }
        Some(Change::SetBefore {
            presentity: own.clone(),
            watcher: watcher.clone(),
            before,
        })
    }

    /// A blocked watcher believes that their request waits, or took it back.
    pub(super) fn set_asked(
        &mut self,
        own: &Presentity,
        watcher: &Principal,
        asked: bool,
        now: Now,
    ) -> Option<Change> {
        let known = self.known(own)?;
        let onlooker = self.onlooker_of(known, watcher, now.timestamp);
        let (most, waits) = (self.config.limits.pending_requests, |before: &&Before| {
            before.asked
        });
        let before = known.past(&onlooker, now.timestamp)?;
        let has_room = known.before.values().filter(waits).count() < most;
        if before.asked == asked || asked && !has_room {
            return None;
        }
        let contacts = self.contacts_like(&own.principal(), watcher);
        let before = Before {
            asked,
            ..self.stood(own, watcher, contacts, now)?.before
        };
        self.keep_before(own, watcher, Some(before), now)
    }

    // Everyone.

    /// How a presentity stands now.
    fn before(
        &self,
        own: &Presentity,
        known: &Known,
        watcher: Option<&Principal>,
        now: Now,
    ) -> Before {
        let access = watcher.and_then(|watcher| known.access.get(watcher));
        let decision = access.map(|access| access.decision.clone());
        let mut rules = known.own.rules.clone();
        rules
            .rules
            .retain(|rule| decision.is_none() && may_speak(&rule.who, watcher));
        let of_rules = rules.rules.iter().map(|rule| &rule.decision);
        let decisions = decision.iter().chain(of_rules);
        let parts: Vec<Part> = decisions.filter_map(Decision::part).collect();
        let shown = known.services.values().filter(|tuple| {
            let shows = |part: &Part| part.has_means(&tuple.id);
            tuple.leads_to_inbox() || parts.iter().any(shows)
        });
        Before {
            at: now.timestamp,
            since: known.absent_since(now.timestamp),
            means: shown.cloned().collect(),
            contacts: None,
            doors: self.doors(own, watcher, decision.as_ref()),
            asked: watcher.is_some_and(|watcher| known.requests.contains_key(watcher)),
            decision,
            rules,
        }
    }

    /// The inbox addresses that go with a presentity: with the one from sign-up all.
    fn doors(
        &self,
        own: &Presentity,
        watcher: Option<&Principal>,
        decision: Option<&Decision>,
    ) -> Vec<Door> {
        let me = own.principal();
        let Some(first) = self.known(&me.presentity()) else {
            return Vec::new();
        };
        let mut tags: Vec<Option<Tag>> = match own.tag() {
            Some(tag) => [Some(tag)].into(),
            None => {
                let further = first.further.iter().cloned().map(Some);
                let inboxes = first.inboxes.keys().cloned();
                further.chain(inboxes).chain([None]).collect()
            }
        };
        tags.sort();
        tags.dedup();
        let doors = tags.into_iter().map(|tag| {
            let further = tag.as_ref().map(|tag| me.presentity_of(Some(tag)));
            let further = further.and_then(|further| self.known(&further));
            if let Some((further, watcher)) = further.zip(watcher)
                && own.tag().is_none()
                && let Some(door) = further.door(watcher, tag.as_ref())
            {
                return door;
            }
            let inbox = me.inbox_of(tag.as_ref());
            let tuple = further.and_then(|known| known.inbox(&inbox));
            let tuple = tuple.or_else(|| first.inbox(&inbox));
            let there = further.zip(watcher);
            let there = there.and_then(|(further, watcher)| further.access.get(watcher));
            let there = there.map(|access| &access.decision);
            let rules = first.inboxes.get(&tag).map(|own| own.rules.iter());
            let rules = rules.into_iter().flatten();
            let rules = rules.filter(|rule| may_speak(&rule.who, watcher));
            Door {
                decision: there.or(decision).cloned(),
                basic: tuple.map_or(Basic::Open, |tuple| tuple.status.basic),
                hours: tuple.map(|tuple| tuple.hours.clone()).unwrap_or_default(),
                rules: rules.cloned().collect(),
                tag,
            }
        });
        let says = |door: &Door| {
            let plain = door.basic == Basic::Open && door.hours.is_empty();
            !plain || !door.rules.is_empty() || door.decision.as_ref() != decision
        };
        doors.filter(says).collect()
    }

    /// How a presentity stands before its rules become others.
    pub(super) fn before_turn(&self, own: &Presentity, now: Now) -> Option<Turn> {
        let known = self.known(own)?;
        Some(Turn {
            before: self.before(own, known, None, now),
            stale: self.not_blocked(known, now),
        })
    }

    /// Of whom something is kept although nothing blocks them.
    fn not_blocked(&self, known: &Known, now: Now) -> Vec<Principal> {
        let free = known.before.keys().filter(|watcher| {
            let onlooker = self.onlooker_of(known, watcher, now.timestamp);
            !known.blocks(&onlooker, now.timestamp)
        });
        free.cloned().collect()
    }

    /// Its rules are others now.
    pub(super) fn turn(&mut self, own: &Presentity, turn: Turn, now: Now) -> Vec<Change> {
        let Some(known) = self.known_mut(own) else {
            return Vec::new();
        };
        let at = now.timestamp;
        known.turned = at;
        let (old, new) = (&turn.before.rules, &known.own.rules);
        let mut turned = false;
        if !old.block() || !new.block() {
            turned = !known.turns.is_empty();
            known.turns.clear();
        }
        if new.block() && !old.blocking(at).eq(new.blocking(at)) {
            turned = true;
            known.turns.push(turn.before);
        }
        let mut changes = self.turned(own, turned);
        for watcher in turn.stale {
            changes.extend(self.set_before(own, &watcher, None));
        }
        changes.extend(self.forget_free(own, now));
        changes
    }

    /// Rules began or ended by time.
    pub(super) fn turn_by_time(&mut self, own: &Presentity, now: Now) -> Vec<Change> {
        let at = now.timestamp;
        let Some(known) = self.known(own) else {
            return Vec::new();
        };
        let rules = &known.own.rules;
        if !rules.block() || at <= known.turned {
            return Vec::new();
        }
        let turned = !rules.blocking(known.turned).eq(rules.blocking(at));
        let before = turned.then(|| self.before(own, known, None, now));
        if let Some(known) = self.known_mut(own) {
            known.turned = at;
            known.turns.extend(before);
        }
        let mut changes = self.turned(own, turned);
        if turned {
            changes.extend(self.forget_free(own, now));
        }
        changes
    }

    /// Nothing is kept of those whom nothing blocks any more.
    fn forget_free(&mut self, own: &Presentity, now: Now) -> Vec<Change> {
        let free = self.known(own).map(|known| self.not_blocked(known, now));
        let free = free.into_iter().flatten();
        free.filter_map(|watcher| self.set_before(own, &watcher, None))
            .collect()
    }

    fn turned(&mut self, own: &Presentity, turned: bool) -> Vec<Change> {
        let known = self.known_mut(own).filter(|_| turned);
        let changes = known.map(|known| {
            let turns = &mut known.turns;
            while turns.len() > TURNS_MAX || turns.iter().map(weight).sum::<usize>() > BEFORE_MAX {
                turns.remove(0);
            }
            Change::SetTurns {
                presentity: own.clone(),
                turns: turns.clone(),
            }
        });
        changes.into_iter().collect()
    }
}

fn weight(before: &Before) -> usize {
    to_cbor(before).len()
}
