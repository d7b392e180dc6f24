//! ACCESS RULES and DELIVERY RULES: pure decisions, each asked in exactly one place (DESIGN 2.7).
//!
//! [`sees`] is asked by `service::presence` alone, for notification, fetch and preview alike; [`delivers`] and
//! [`tells_delivered`] by `service::messaging` alone. Later conditions (groups, sites, times, tuples) grow here and nowhere else.

use crate::presence::{Activity, Basic, PresenceTuple};
use crate::wire::Decision;

/// What one watcher sees of one presentity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sight {
    /// Their own: everything, and also what they hide from others.
    Own,
    /// Everything they share.
    All,
    /// Someone who is not there, though they are: what they share while absent.
    Absent,
    /// Someone who is never there and never said more than sign-up did: politely blocked.
    Never,
    /// Nothing yet: they have not answered.
    Nothing,
    /// Nothing, and told so.
    Refused,
}

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onlooker {
    Oneself,
    /// Another, about whom the presentity has or has not decided.
    Other(Option<Decision>),
}

/// ACCESS RULES (RFC 2778 2.3): what this onlooker sees of a presentity with this status set by hand.
pub fn sees(onlooker: Onlooker, by_hand: Option<&PresenceTuple>) -> Sight {
    let invisible = by_hand.is_some_and(|tuple| tuple.status.has(&Activity::Invisible));
    match onlooker {
        Onlooker::Oneself => Sight::Own,
        Onlooker::Other(None) => Sight::Nothing,
        Onlooker::Other(Some(Decision::Deny)) => Sight::Refused,
        Onlooker::Other(Some(Decision::Block)) => Sight::Never,
        Onlooker::Other(Some(Decision::Allow)) if invisible => Sight::Absent,
        Onlooker::Other(Some(Decision::Allow)) => Sight::All,
    }
}

/// What becomes of a message at an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Into the inbox.
    Deliver,
    /// Accepted to the sender's eyes, and dropped.
    Pretend,
    /// Refused, because the inbox is CLOSED.
    RefuseClosed,
}

/// DELIVERY RULES (RFC 2778 2.2): what becomes of a message by a sender about whom the inbox's principal decided this.
/// A blocked sender learns nothing of the inbox, not even that it is closed.
pub fn delivers(decision: Option<Decision>, inbox: Basic) -> Delivery {
    match (decision, inbox) {
        (Some(Decision::Block), _) => Delivery::Pretend,
        (_, Basic::Closed) => Delivery::RefuseClosed,
        (_, Basic::Open) => Delivery::Deliver,
    }
}

/// Whether senders are told that a device of someone with this status set by hand took their messages: who appears offline
/// has no device.
pub fn tells_delivered(by_hand: Option<&PresenceTuple>) -> bool {
    !by_hand.is_some_and(|tuple| tuple.status.has(&Activity::Invisible))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::InboxAddress;
    use crate::presence::TupleKind;
    use crate::time::Timestamp;

    #[test]
    fn nobody_sees_the_invisible_but_themselves_and_the_blocked_never_see_anyone() {
        let inbox = InboxAddress::parse("a@b").unwrap();
        let mut invisible = PresenceTuple::inbox(&inbox, Basic::Open, Timestamp(0));
        invisible.kind = TupleKind::Person;
        invisible.status.activities.push(Activity::Invisible);
        let allowed = Onlooker::Other(Some(Decision::Allow));
        let blocked = Onlooker::Other(Some(Decision::Block));
        assert_eq!(sees(allowed, Some(&invisible)), Sight::Absent);
        assert_eq!(sees(blocked, Some(&invisible)), Sight::Never);
        assert_eq!(sees(blocked, None), Sight::Never);
        assert_eq!(sees(Onlooker::Oneself, Some(&invisible)), Sight::Own);
    }

    #[test]
    fn a_stranger_sees_nothing_and_the_denied_are_told() {
        assert_eq!(sees(Onlooker::Other(None), None), Sight::Nothing);
        assert_eq!(
            sees(Onlooker::Other(Some(Decision::Deny)), None),
            Sight::Refused
        );
    }

    #[test]
    fn a_blocked_sender_cannot_tell_a_closed_inbox() {
        assert_eq!(
            delivers(Some(Decision::Block), Basic::Closed),
            Delivery::Pretend
        );
        assert_eq!(
            delivers(Some(Decision::Block), Basic::Open),
            Delivery::Pretend
        );
        assert_eq!(delivers(None, Basic::Closed), Delivery::RefuseClosed);
    }
}
