//! What the contract says of messages that are held, admitted, emptied, and sent through further addresses, case by case, in both
//! stores.

use lamplight_core::address::{InboxAddress, MessageId, Seq};
use lamplight_core::message::{InstantMessage, What};
use lamplight_core::store::{Change, Copies, First, Kept, Key, Loaded};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::OwnInbox;
use lamplight_tests::room::{body, inbox};

use super::both::{Both, address, message, principal, sends, tag};

const AT: Timestamp = Timestamp(9_000);

fn held(id: u128, text: &str) -> Change {
    sends(message(id, "bob", "alice", text), Copies::Held)
}

fn received(id: u128, text: &str) -> Change {
    sends(message(id, "bob", "alice", text), Copies::Both)
}

fn acknowledge(up_to: u64, to: &[&str]) -> Change {
    Change::Acknowledge {
        inbox: inbox("alice"),
        up_to: Seq(up_to),
        to: to.iter().map(|name| address(name)).collect(),
        at: AT,
    }
}

fn admit(with: &str) -> Change {
    Change::Admit {
        inbox: inbox("alice"),
        with: address(with),
        at: AT,
    }
}

fn clear(with: &str) -> Change {
    Change::Clear {
        inbox: inbox("alice"),
        with: address(with),
        at: AT,
    }
}

fn unacknowledged(both: &mut Both, up_to: u64) -> Vec<String> {
    let key = Key::Unacknowledged {
        inbox: inbox("alice"),
        up_to: Seq(up_to),
    };
    match both.load(&key) {
        Loaded::Unacknowledged(senders) => senders.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

/// What the sender's log says of delivery.
fn marks(kept: Kept) -> Vec<(InboxAddress, String, What)> {
    match kept {
        Kept::Acknowledged { marks } => marks
            .into_iter()
            .map(|(log, entry)| (log, entry.with.to_string(), entry.what))
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn delivered(to: &str, place: u64) -> (InboxAddress, String, What) {
    (
        inbox("bob"),
        address(to).to_string(),
        What::Delivered(Seq(place)),
    )
}

#[test]
fn what_is_held_is_counted_apart_until_it_is_admitted() {
    let mut both = Both::new();
    let kept = both.keep(held(1, "may I?"));
    let Kept::Appended {
        receiver: Some(entry),
        ..
    } = kept
    else {
        panic!("{kept:?}")
    };
    assert_eq!(entry.what, What::Held(MessageId(1), body("may I?")));
    both.keep(held(2, "please"));
    let conversation = both.conversation("alice", "bob");
    assert_eq!((conversation.unread, conversation.held), (0, 2));
    let sender = both.sender("alice", "bob");
    assert_eq!((sender.written, sender.held), (false, 2));

    let admitted = both.logged(admit("bob"));
    assert_eq!((admitted.len(), &admitted[0].what), (1, &What::Admitted));
    assert_eq!(
        both.log("alice"),
        [
            What::Received(MessageId(1), body("may I?")),
            What::Received(MessageId(2), body("please")),
            What::Admitted
        ]
    );
    let conversation = both.conversation("alice", "bob");
    assert_eq!((conversation.unread, conversation.held), (2, 0));
    let sender = both.sender("alice", "bob");
    assert_eq!((sender.written, sender.held), (true, 0));
    assert_eq!(both.logged(admit("bob")), [], "nothing was held any more");
}

#[test]
fn who_is_admitted_before_they_write_is_known_and_makes_no_conversation() {
    let mut both = Both::new();
    assert_eq!(both.logged(admit("bob")), []);
    assert!(both.sender("alice", "bob").written);
    assert!(!both.sender("alice", "bob+shop").written);
    let loaded = both.load(&Key::Conversations(inbox("alice")));
    let Loaded::Conversations { conversations, .. } = loaded else {
        panic!("{loaded:?}")
    };
    assert_eq!(conversations, []);
}

#[test]
fn nobody_is_told_of_what_is_held_and_everybody_once_it_is_admitted_and_taken() {
    let mut both = Both::new();
    both.apply(&[held(1, "one"), held(2, "two")]);
    assert!(unacknowledged(&mut both, 9).is_empty());
    assert_eq!(marks(both.keep(acknowledge(2, &["bob"]))), []);
    both.logged(admit("bob"));
    assert_eq!(unacknowledged(&mut both, 9), ["bob@localhost"]);
    assert_eq!(
        marks(both.keep(acknowledge(3, &["bob"]))),
        [delivered("alice", 2)]
    );
    assert!(unacknowledged(&mut both, 9).is_empty());
}

#[test]
fn only_those_who_may_know_are_told_that_it_was_delivered() {
    let mut both = Both::new();
    let carols = sends(message(7, "carol", "alice", "and I"), Copies::Both);
    both.apply(&[received(1, "one"), carols]);
    assert_eq!(
        unacknowledged(&mut both, 1),
        ["bob@localhost"],
        "up to a place"
    );
    assert_eq!(
        unacknowledged(&mut both, 9),
        ["bob@localhost", "carol@localhost"]
    );
    assert_eq!(
        marks(both.keep(acknowledge(2, &["bob"]))),
        [delivered("alice", 1)]
    );
    let carols = both.conversation("carol", "alice");
    assert_eq!(carols.delivered, Seq(0), "and never later");
    assert_eq!(marks(both.keep(acknowledge(2, &["carol"]))), []);
}

#[test]
fn an_emptied_conversation_leaves_one_entry_and_gives_its_room_back() {
    let mut both = Both::new();
    for id in 0..super::both::ROOM as u128 {
        let text = format!("secret {id}");
        let change = match id % 3 {
            0 => held(id, &text),
            1 => received(id, &text),
            _ => sends(message(id, "alice", "bob", &text), Copies::SenderOnly),
        };
        both.keep(change);
    }
    assert_eq!(both.keep(received(99, "no room")), Kept::InboxFull);
    let head = both.log("alice").len() as u64;
    let cleared = both.logged(clear("bob"));
    assert_eq!(both.log("alice"), [What::Cleared(Seq(head))]);
    assert_eq!((cleared.len(), cleared[0].seq), (1, Seq(head + 1)));
    let conversation = both.conversation("alice", "bob");
    assert_eq!(
        (conversation.last, conversation.unread, conversation.held),
        (None, 0, 0)
    );
    assert_eq!(both.sender("alice", "bob").held, 0);
    assert!(
        both.sender("alice", "bob").written,
        "to whom one wrote is known for good"
    );
    assert_eq!(both.logged(clear("bob")), [], "there was nothing any more");
    assert_eq!(both.logged(admit("bob")), [], "nor anything held");

    both.keep(received(100, "room again"));
    let cleared = both.logged(clear("bob"));
    assert_eq!(
        both.log("alice"),
        [cleared[0].what.clone()],
        "the later entry replaces the earlier"
    );
    assert!(both.log("bob").len() > 8, "the others keep their copies");
}

#[test]
fn what_was_emptied_before_it_was_taken_is_delivered_all_the_same() {
    let mut both = Both::new();
    both.apply(&[received(1, "one"), received(2, "two")]);
    both.keep(acknowledge(1, &["bob"]));
    both.logged(clear("bob"));
    assert_eq!(
        marks(both.keep(acknowledge(3, &["bob"]))),
        [delivered("alice", 2)]
    );
}

#[test]
fn a_further_address_receives_until_its_end_or_until_it_is_revoked() {
    let mut both = Both::new();
    let to_shop = |id: u128, at: u64| {
        let at = Timestamp(at);
        let message = message(id, "bob", "alice+shop", "a question");
        sends(InstantMessage { at, ..message }, Copies::Both)
    };
    let set = |until| Change::SetInbox {
        principal: principal("alice"),
        own: OwnInbox {
            tag: Some(tag("shop")),
            until,
            ..OwnInbox::default()
        },
    };
    assert_eq!(both.keep(to_shop(1, 10)), Kept::NoInbox);
    both.keep(set(Some(Timestamp(100))));
    let kept = both.keep(to_shop(2, 99));
    let Kept::Appended {
        sender,
        receiver: Some(receiver),
        ..
    } = kept
    else {
        panic!("{kept:?}")
    };
    assert_eq!(
        (sender.with, sender.own),
        (address("alice+shop"), None),
        "the sender wrote to the further address"
    );
    assert_eq!(
        (receiver.with, receiver.own),
        (address("bob"), Some(tag("shop")))
    );
    assert_eq!(both.keep(to_shop(3, 100)), Kept::NoInbox, "from then on");
    both.keep(set(None));
    assert!(matches!(both.keep(to_shop(4, 100)), Kept::Appended { .. }));
    both.keep(Change::DropInbox {
        principal: principal("alice"),
        tag: tag("shop"),
    });
    assert_eq!(both.keep(to_shop(5, 100)), Kept::NoInbox);
    let again = both.keep(to_shop(4, 200));
    let is_repetition = matches!(
        again,
        Kept::Appended {
            first: First::Repetition,
            ..
        }
    );
    assert!(is_repetition, "what came through stays known: {again:?}");
    assert_eq!(both.log("alice").len(), 2, "and in the log");
}

#[test]
fn who_writes_from_a_further_address_is_answered_there() {
    let mut both = Both::new();
    let from_shop = InstantMessage {
        alias: Some(tag("shop")),
        by: Some(principal("carol")),
        ..message(1, "bob", "alice", "your order")
    };
    let kept = both.keep(sends(from_shop.clone(), Copies::Both));
    let Kept::Appended {
        sender,
        receiver: Some(receiver),
        ..
    } = kept
    else {
        panic!("{kept:?}")
    };
    assert_eq!(
        (sender.with, sender.own, sender.by),
        (
            address("alice"),
            Some(tag("shop")),
            Some(principal("carol"))
        )
    );
    assert_eq!(
        (receiver.with, receiver.own, receiver.by),
        (address("bob+shop"), None, None),
        "who speaks for a group is its own affair"
    );
    assert!(both.sender("bob", "alice").written);
    assert!(!both.sender("bob", "alice+home").written);
    let other_alias = InstantMessage {
        alias: None,
        ..from_shop
    };
    assert_eq!(
        both.keep(sends(other_alias, Copies::Both)),
        Kept::IdConflict,
        "where to answer is part of what is said"
    );
    assert_eq!(unacknowledged(&mut both, 9), ["bob+shop@localhost"]);
    assert_eq!(
        marks(both.keep(acknowledge(1, &["bob+shop"]))),
        [delivered("alice", 1)],
        "the mark stands in the log of the principal"
    );
}

#[test]
fn a_mark_stands_with_the_address_that_was_written_to() {
    let mut both = Both::new();
    both.keep(Change::SetInbox {
        principal: principal("alice"),
        own: OwnInbox {
            tag: Some(tag("shop")),
            ..OwnInbox::default()
        },
    });
    let to_shop = message(2, "bob", "alice+shop", "for the shop");
    both.apply(&[received(1, "for you"), sends(to_shop, Copies::Both)]);
    assert_eq!(
        marks(both.keep(acknowledge(2, &["bob"]))),
        [delivered("alice+shop", 2), delivered("alice", 1)]
    );
    assert_eq!(both.conversation("bob", "alice").delivered, Seq(1));
    assert_eq!(both.conversation("bob", "alice+shop").delivered, Seq(2));
}

#[test]
fn a_note_to_oneself_is_one_entry_whatever_address_it_is_to() {
    let mut both = Both::new();
    both.keep(Change::SetInbox {
        principal: principal("alice"),
        own: OwnInbox {
            tag: Some(tag("shop")),
            ..OwnInbox::default()
        },
    });
    for (id, to) in [(1, "alice"), (2, "alice+shop")] {
        both.keep(sends(message(id, "alice", to, "milk, eggs"), Copies::Both));
    }
    assert_eq!(both.log("alice").len(), 2);
}
