//! What the politely blocked see: the presentity as it stood before it began to block them, absent from that moment on, whatever
//! becomes of it (F21, X2). It is what they would see of someone who just left.
//!
//! | a block comes by | what stood before is kept |
//! |---|---|
//! | a decision about them, or their place among the contacts | with the watcher, in [`Known::before`] |
//! | rules that were set, or that began or ended by time | once for all whom these block, in [`Known::turns`] |
//!
//! A block that goes on in another form keeps what stood before the first one. Of blocks from before this was kept nothing is known:
//! they show someone who never said more than sign-up did ([`Sight::Never`]).

use alloc::vec::Vec;

use super::room::{Known, Lease};
use crate::address::{Presentity, Principal, Tag};
use crate::code::Code;
use crate::presence::{Basic, Note, PresenceTuple};
use crate::rules::{
    AccessRule, AccessRules, Because, Decision, Letter, Login, Onlooker, Outcome, Part, Shares,
    Sight, Status, Who, behind, blocks, delivers, view,
};
use crate::store::{Before, Door};
use crate::time::Timestamp;
use crate::wire::Access;

/// What a watcher sees of a presentity: as it stands, or as it stood before it blocked them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen<'a> {
    pub sight: Sight,
    pub before: Option<&'a Before>,
    /// Of [`Sight::Never`]: since when they are to believe that nobody is there.
    pub since: Timestamp,
}

impl Seen<'_> {
    pub fn now(sight: Sight) -> Self {
        Self {
            sight,
            before: None,
            since: Timestamp(0),
        }
    }

    /// Whether anything of the presentity's own is given now.
    pub fn gives(&self) -> bool {
        self.before.is_none() && self.sight.gives()
    }
}

impl Before {
    /// What is seen under what was decided then. Times and logins go on, as they do with someone who left.
    pub fn sight(&self, onlooker: &Onlooker<'_>, at: Timestamp) -> Sight {
        let onlooker = self.onlooker(*onlooker);
        let decision = self.decision.as_ref();
        let at = match blocks(&onlooker, decision, &self.rules, at) {
            true => self.moment(),
            false => at,
        };
        view(&onlooker, decision, &self.rules, Status::Invisible, at).sight
    }

    /// Whether it blocked this one already.
    fn blocks(&self, onlooker: &Onlooker<'_>) -> bool {
        let onlooker = self.onlooker(*onlooker);
        let decision = self.decision.as_ref();
        blocks(&onlooker, decision, &self.rules, self.moment())
    }

    /// The last moment before the block.
    fn moment(&self) -> Timestamp {
        Timestamp(self.at.0.saturating_sub(1))
    }

    fn onlooker<'a>(&'a self, onlooker: Onlooker<'a>) -> Onlooker<'a> {
        let (Some(contacts), Some(address)) = (&self.contacts, onlooker.address) else {
            return onlooker;
        };
        let is = |(of, _): &&(Presentity, Option<Note>)| of.address() == address;
        let contact = contacts.iter().find(is).or(contacts.first());
        Onlooker {
            group: contact.and_then(|(_, group)| group.as_ref()),
            known: contact.is_some(),
            ..onlooker
        }
    }

    /// What the sender of this letter was answered then; of the letter's own facts the contacts of now are not of account.
    pub fn answers(
        &self,
        letter: &Letter<'_>,
        (tag, from, written): (Option<&Tag>, &Presentity, bool),
    ) -> Outcome {
        let door = self.doors.iter().find(|door| door.tag.as_ref() == tag);
        let mut letter = *letter;
        letter.person = door.map_or(self.decision.as_ref(), |door| door.decision.as_ref());
        if let Some(contacts) = &self.contacts {
            let contact = contacts.iter().find(|(of, _)| of == from);
            letter.sender.group = contact.and_then(|(_, group)| group.as_ref());
            letter.sender.known = contact.is_some() || written;
        }
        let (rules, basic) = match door {
            Some(door) => (&door.rules[..], door.basic_at(letter.at)),
            None => (&[][..], Basic::Open),
        };
        delivers(&letter, rules, basic).0
    }

    /// As much of it as has room everywhere: what was shown, without means and rules.
    #[must_use]
    pub fn thin(self, onlooker: &Onlooker<'_>, at: Timestamp) -> Self {
        let shown = match self.sight(onlooker, at) {
            Sight::Absent(part) => Decision::Chosen(without_means(part)),
            Sight::Refused(_) => Decision::Deny,
            _ => Decision::Ask,
        };
        let mut means = self.means;
        means.retain(PresenceTuple::leads_to_inbox);
        for tuple in &mut means {
            tuple.markup.clear();
        }
        let thin = Self {
            means,
            at: self.at,
            since: self.since,
            asked: self.asked,
            contacts: self.contacts,
            ..Self::default()
        };
        match self.decision {
            Some(_) => Self {
                decision: Some(shown),
                ..thin
            },
            None => thin.showing(shown),
        }
    }

    /// As if a rule for everyone had decided so: letters are taken as without it.
    #[must_use]
    pub fn showing(self, decision: Decision) -> Self {
        let rule = AccessRule {
            who: Who::Anyone,
            decision,
            needs: Login::Nobody,
            from: None,
            until: None,
        };
        let rules = AccessRules {
            rules: [rule].into(),
            ..AccessRules::default()
        };
        Self { rules, ..self }
    }

    /// What may speak of others is left out.
    #[must_use]
    pub fn only_of(mut self, watcher: &Principal) -> Self {
        let watcher = Some(watcher);
        self.rules
            .rules
            .retain(|rule| may_speak(&rule.who, watcher));
        for door in &mut self.doors {
            door.rules.retain(|rule| may_speak(&rule.who, watcher));
        }
        self
    }
}

impl Door {
    fn basic_at(&self, at: Timestamp) -> Basic {
        match self.hours.is_empty() || self.hours.iter().any(|hours| hours.hold(at)) {
            true => self.basic,
            false => Basic::Closed,
        }
    }
}

fn without_means(part: Part) -> Part {
    Part {
        means: Shares::These(Vec::new()),
        ..part
    }
}

/// Whether a rule can speak of this one, whatever else is known of them.
pub fn may_speak(who: &Who, watcher: Option<&Principal>) -> bool {
    let Some(watcher) = watcher.map(Principal::address) else {
        return true;
    };
    match who {
        Who::Address(address) => address == watcher,
        Who::Domain(domain) => watcher.domain().eq_ignore_ascii_case(domain),
        _ => true,
    }
}

impl Known {
    /// ACCESS RULES: the one place where the service asks them.
    pub fn decide(&self, onlooker: &Onlooker<'_>, at: Timestamp) -> Seen<'_> {
        let access = self.decided(onlooker);
        let person = access.map(|access| &access.decision);
        let status = Status::of(self.by_hand.as_ref());
        let decided = view(onlooker, person, &self.own.rules, status, at);
        let past = match decided.sight {
            Sight::Never(_) | Sight::Refused(Code::NotAllowed) => self.past(onlooker, at),
            _ => None,
        };
        let Some(before) = past else {
            let since = access.map(|access| access.at);
            return Seen {
                sight: decided.sight,
                before: None,
                since: since.unwrap_or_default(),
            };
        };
        let sight = match before.sight(onlooker, at) {
            // Who was shown nothing is shown as little as those behind the rule that blocks, but of an absence.
            nothing @ (Sight::Nothing | Sight::Refused(Code::NotAllowed)) => self
                .behind(onlooker, (before, decided.because), at)
                .map_or(nothing, Sight::Absent),
            sight => sight,
        };
        Seen {
            sight,
            before: Some(before),
            since: Timestamp(0),
        }
    }

    /// What rules behind the one that blocks show of those to whom nothing was shown before.
    fn behind(
        &self,
        onlooker: &Onlooker<'_>,
        (before, because): (&Before, Because),
        at: Timestamp,
    ) -> Option<Part> {
        // What is kept of a single one says all.
        let by_rule = matches!(because, Because::Rule(_)) && before.contacts.is_none();
        let part = by_rule.then(|| behind(onlooker, because, &self.own.rules, at));
        part.flatten().map(without_means)
    }

    fn decided(&self, onlooker: &Onlooker<'_>) -> Option<&Access> {
        let address = onlooker.address?;
        self.access.get(&Principal(address.clone()))
    }

    /// Whether it blocks this one, by a decision or a rule.
    pub fn blocks(&self, onlooker: &Onlooker<'_>, at: Timestamp) -> bool {
        let person = self.decided(onlooker).map(|access| &access.decision);
        blocks(onlooker, person, &self.own.rules, at)
    }

    /// Whether it blocks this one by a decision.
    pub fn blocks_in_person(&self, watcher: &Principal) -> bool {
        let access = self.access.get(watcher);
        access.is_some_and(|access| access.decision == Decision::Block)
    }

    /// How it stood before it blocked this one, if it does and that is known.
    pub fn past(&self, onlooker: &Onlooker<'_>, at: Timestamp) -> Option<&Before> {
        if !self.blocks(onlooker, at) {
            return None;
        }
        if let Some(address) = onlooker.address {
            let watcher = Principal(address.clone());
            let before = self.before.get(&watcher);
            if before.is_some() || self.access.contains_key(&watcher) {
                return before;
            }
        }
        // The first of the times since which they are blocked all along.
        let mut turns = self.turns.iter().rev();
        turns.find(|turn| !turn.blocks(onlooker))
    }

    /// Since when nobody is there, to someone to whom it is absent from now on.
    pub fn absent_since(&self, at: Timestamp) -> Timestamp {
        if let Some(tuple) = &self.by_hand
            && Status::of(Some(tuple)) == Status::Invisible
        {
            return tuple.since;
        }
        let seen = self.devices.values().map(|device| match device.lease {
            Lease::Live(_) => at,
            Lease::Leaving(since) => since,
        });
        seen.max().unwrap_or(self.last_seen)
    }

    /// Everything that was, with what is kept of those it blocks.
    pub fn all_before(&self) -> impl Iterator<Item = &Before> {
        self.before.values().chain(&self.turns)
    }

    /// An inbox address as it was before this presentity blocked someone by a decision.
    pub fn door(&self, watcher: &Principal, tag: Option<&Tag>) -> Option<Door> {
        let before = self.before.get(watcher);
        let before = before.filter(|_| self.blocks_in_person(watcher))?;
        let door = before.doors.iter().find(|door| door.tag.as_ref() == tag);
        let plain = || Door {
            tag: tag.cloned(),
            decision: before.decision.clone(),
            basic: Basic::Open,
            hours: Vec::new(),
            rules: Vec::new(),
        };
        Some(door.cloned().unwrap_or_else(plain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{Address, InboxAddress};
    use crate::wire::Class;
    use alloc::vec;

    fn before() -> Before {
        let inbox = InboxAddress::parse("alice@a").unwrap();
        let plain = PresenceTuple::inbox(&inbox, Basic::Open, Timestamp(0));
        let mut phone = plain.clone();
        phone.id = "phone".parse().unwrap();
        phone.address.as_mut().unwrap().means = "tel".parse().unwrap();
        Before {
            at: Timestamp(100),
            since: Timestamp(90),
            means: vec![plain, phone],
            contacts: Some(vec![]),
            ..Before::default()
        }
    }

    fn bob(address: &Address) -> Onlooker<'_> {
        Onlooker {
            address: Some(address),
            class: Some(Class::Account),
            login: Login::Account,
            ..Onlooker::default()
        }
    }

    #[test]
    fn what_is_thin_shows_the_same_of_an_absence_but_no_means() {
        let (address, at) = (Address::parse("bob@b").unwrap(), Timestamp(200));
        let bob = bob(&address);
        let letter = Letter {
            sender: bob,
            person: None,
            length: 5,
            at,
            receiver: Class::Account,
        };
        let from = Presentity(address.clone());
        let answers = |before: &Before| before.answers(&letter, (None, &from, false));
        let decided = |decision| Before {
            decision,
            ..before()
        };
        let allowed = decided(Some(Decision::Allow));
        let all = [
            (decided(None), Sight::Nothing),
            (
                decided(Some(Decision::Deny)),
                Sight::Refused(Code::NotAllowed),
            ),
            (
                before().showing(Decision::Allow),
                Sight::Absent(without_means(Part::ALL)),
            ),
            (allowed, Sight::Absent(without_means(Part::ALL))),
        ];
        for (whole, sight) in all {
            let thin = whole.clone().thin(&bob, at);
            assert_eq!(thin.sight(&bob, at), sight);
            assert_eq!(thin.means.len(), 1, "the inbox");
            assert_eq!(answers(&thin), answers(&whole), "{sight:?}");
        }
    }

    #[test]
    fn a_rule_that_blocks_later_shows_the_last_moment_before() {
        let address = Address::parse("bob@b").unwrap();
        let mut before = before().showing(Decision::Allow);
        let mut block = before.rules.rules[0].clone();
        block.decision = Decision::Block;
        block.from = Some(Timestamp(100));
        before.rules.rules.insert(0, block);
        for at in [100, 1_000] {
            let sight = before.sight(&bob(&address), Timestamp(at));
            assert_eq!(sight, Sight::Absent(Part::ALL));
        }
        assert!(!before.blocks(&bob(&address)));
    }
}
