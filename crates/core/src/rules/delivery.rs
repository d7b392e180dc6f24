//! DELIVERY RULES (RFC 2778 2.2): what becomes of a message at an inbox.

use alloc::vec::Vec;

use crate::cbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::{Because, Decision, Login, Onlooker, Who};
use crate::code::Code;
use crate::presence::{Basic, HOURS_MAX, Hours};
use crate::time::Timestamp;
use crate::wire::Class;

/// What a rule wants done with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Delivery {
    /// Into the inbox.
    #[n(0)]
    Deliver,
    /// Into the requests folder, until the principal admits the sender. The sender is not told.
    #[n(1)]
    Hold,
    /// Refused, and the sender is told.
    #[n(2)]
    Refuse,
    /// Accepted to the sender's eyes, and gone.
    #[n(3)]
    Drop,
    /// Refused until the sender has signed in (again).
    #[n(4)]
    SignIn,
}

/// One rule. All its conditions must hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct DeliveryRule {
    #[n(0)]
    pub who: Who,
    #[n(1)]
    pub then: Delivery,
    /// Only for senders who are less sure than this.
    #[n(2)]
    #[cbor(known)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<Login>,
    /// Only for bodies longer than this, bytes.
    #[n(3)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longer_than: Option<u32>,
    /// Only in these hours; none: always.
    #[n(4)]
    #[cbor(default)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<Hours>,
}

/// What is known of a message before it is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letter<'a> {
    pub sender: Onlooker<'a>,
    /// What the inbox's principal decided about the sender.
    pub person: Option<&'a Decision>,
    /// Length of the body, bytes.
    pub length: usize,
    pub at: Timestamp,
    /// Of what class the inbox's principal is.
    pub receiver: Class,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Deliver,
    Hold,
    /// Accepted to the sender's eyes, and dropped.
    Pretend,
    Refuse(Code),
}

impl DeliveryRule {
    fn speaks_of(&self, letter: &Letter<'_>) -> bool {
        self.who.is(&letter.sender)
            && self.below.is_none_or(|below| letter.sender.login < below)
            && self
                .longer_than
                .is_none_or(|most| letter.length > most as usize)
            && (self.hours.is_empty() || self.hours.iter().any(|hours| hours.hold(letter.at)))
    }

    /// Within the limits.
    pub fn is_sound(&self) -> bool {
        self.who.is_sound()
            && self.hours.len() <= HOURS_MAX
            && self.hours.iter().all(Hours::is_sound)
    }
}

/// DELIVERY RULES: what becomes of a message at an inbox that accepts (OPEN) or not (CLOSED). A blocked sender learns nothing of
/// the inbox, not even that it is closed. Without a rule that speaks of it, a message of someone known or let is delivered and a
/// stranger's is held; a group is there for strangers.
pub fn delivers(letter: &Letter<'_>, rules: &[DeliveryRule], inbox: Basic) -> (Outcome, Because) {
    if letter.person == Some(&Decision::Block) {
        return (Outcome::Pretend, Because::Person);
    }
    if inbox == Basic::Closed {
        return (Outcome::Refuse(Code::InboxClosed), Because::Default);
    }
    if let Some(place) = rules.iter().position(|rule| rule.speaks_of(letter)) {
        let outcome = match rules[place].then {
            Delivery::Deliver => Outcome::Deliver,
            Delivery::Hold => Outcome::Hold,
            Delivery::Refuse => Outcome::Refuse(Code::NotAccepted),
            Delivery::Drop => Outcome::Pretend,
            Delivery::SignIn => Outcome::Refuse(Code::SignInAgain),
        };
        return (outcome, Because::Rule(place));
    }
    let is_let = letter
        .person
        .is_some_and(|decided| decided.part().is_some());
    match is_let || letter.sender.known || letter.receiver == Class::Group {
        true => (Outcome::Deliver, Because::Default),
        false => (Outcome::Hold, Because::Default),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use alloc::vec;

    fn letter(address: &Address) -> Letter<'_> {
        Letter {
            sender: Onlooker {
                address: Some(address),
                class: Some(Class::Account),
                login: Login::Account,
                ..Onlooker::default()
            },
            person: None,
            length: 5,
            at: Timestamp(0),
            receiver: Class::Account,
        }
    }

    fn rule(who: Who, then: Delivery) -> DeliveryRule {
        DeliveryRule {
            who,
            then,
            below: None,
            longer_than: None,
            hours: vec![],
        }
    }

    #[test]
    fn a_strangers_message_is_held_and_a_known_ones_is_delivered() {
        let bob = Address::parse("bob@b").unwrap();
        let mut letter = letter(&bob);
        let outcome = |letter: &Letter<'_>| delivers(letter, &[], Basic::Open).0;
        assert_eq!(outcome(&letter), Outcome::Hold);
        letter.person = Some(&Decision::Deny);
        assert_eq!(outcome(&letter), Outcome::Hold);
        letter.person = Some(&Decision::Availability);
        assert_eq!(outcome(&letter), Outcome::Deliver);
        letter.person = None;
        letter.sender.known = true;
        assert_eq!(outcome(&letter), Outcome::Deliver);
        letter.sender.known = false;
        letter.receiver = Class::Group;
        assert_eq!(outcome(&letter), Outcome::Deliver);
    }

    #[test]
    fn a_blocked_sender_cannot_tell_a_closed_inbox_nor_a_rule() {
        let bob = Address::parse("bob@b").unwrap();
        let mut letter = letter(&bob);
        letter.person = Some(&Decision::Block);
        let rules = [rule(Who::Anyone, Delivery::Refuse)];
        for inbox in [Basic::Open, Basic::Closed] {
            assert_eq!(delivers(&letter, &rules, inbox).0, Outcome::Pretend);
        }
        letter.person = None;
        assert_eq!(
            delivers(&letter, &rules, Basic::Closed).0,
            Outcome::Refuse(Code::InboxClosed)
        );
        assert_eq!(
            delivers(&letter, &rules, Basic::Open),
            (Outcome::Refuse(Code::NotAccepted), Because::Rule(0))
        );
    }

    #[test]
    fn every_condition_of_a_rule_must_hold() {
        let bob = Address::parse("bob@b").unwrap();
        let mut letter = letter(&bob);
        let mut long = rule(Who::Account, Delivery::Drop);
        long.longer_than = Some(5);
        let mut unsure = rule(Who::Anyone, Delivery::SignIn);
        unsure.below = Some(Login::Account);
        let rules = [long, unsure];
        let outcome = |letter: &Letter<'_>| delivers(letter, &rules, Basic::Open).0;
        assert_eq!(outcome(&letter), Outcome::Hold, "neither speaks of it");
        letter.length = 6;
        assert_eq!(outcome(&letter), Outcome::Pretend);
        letter.length = 5;
        letter.sender.login = Login::Program;
        assert_eq!(outcome(&letter), Outcome::Refuse(Code::SignInAgain));
    }

    #[test]
    fn a_rule_of_hours_speaks_in_them() {
        let bob = Address::parse("bob@b").unwrap();
        let mut letter = letter(&bob);
        let mut night = rule(Who::Anyone, Delivery::Refuse);
        // 1970-01-01 was a Thursday.
        night.hours = vec![Hours {
            days: 1 << 3,
            from: 22 * 60,
            to: 6 * 60,
            offset: 0,
        }];
        let rules = [night];
        let mut outcome = |minutes: u64| {
            letter.at = Timestamp(minutes * 60_000);
            delivers(&letter, &rules, Basic::Open).0
        };
        assert_eq!(outcome(21 * 60), Outcome::Hold);
        assert_eq!(outcome(23 * 60), Outcome::Refuse(Code::NotAccepted));
        assert_eq!(outcome(29 * 60), Outcome::Refuse(Code::NotAccepted));
        assert_eq!(outcome(30 * 60), Outcome::Hold);
    }
}
