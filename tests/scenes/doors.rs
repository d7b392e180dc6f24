//! Further inbox addresses of one principal, and inboxes that are CLOSED: by hand, by the hour, for good.

use lamplight_core::address::{MessageId, Seq, SessionId};
use lamplight_core::code::{Code, Retry};
use lamplight_core::message::Receipt;
use lamplight_core::presence::{Basic, Hours, PresenceTuple, View};
use lamplight_core::rules::{Delivery, Who};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Counts, Decision, OwnInbox, ToAgent, ToService};

use super::requests::{counts_of, delivery, inbox_with};
use super::support::{
    accepted, came_in, codes, comes_again, comes_by_hand, decide, does, entries, in_lines,
    is_there, mentions, message, note, own_inbox, publishes, roster_of, rule, rules, subscribe,
    tag, views,
};
use crate::room::{Fault, Room, body, inbox, secs};

fn mint(of: &str) -> ToService {
    inbox_with(Some(of), vec![])
}

fn revoke(of: &str) -> ToService {
    ToService::DropInbox {
        number: 65,
        tag: tag(of),
    }
}

/// A message from one of one's own further addresses.
fn message_from(of: &str, id: u128, to: &str, text: &str) -> ToService {
    ToService::Send {
        id: MessageId(id),
        to: inbox(to),
        body: body(text),
        from: Some(tag(of)),
    }
}

fn tags_in(frames: &[ToAgent]) -> Vec<String> {
    let inboxes = frames.iter().find_map(|frame| match frame {
        ToAgent::Roster { inboxes, .. } => Some(inboxes.clone()),
        _ => None,
    });
    let tags = inboxes.into_iter().flatten().filter_map(|own| own.tag);
    tags.map(|tag| tag.as_str().to_owned()).collect()
}

/// I6, DESIGN 2.12: a further address is made, told to all devices, and what comes through it says so; it counts for itself.
pub fn a_further_address_is_a_door_of_its_own() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let phone = comes_again(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    let before = room.asks_relay(bob, &message(1, "alice+shop", "hello?"));
    assert_eq!(codes(&before), [Code::UnknownAddress]);
    let open = vec![delivery(Who::Anyone, Delivery::Deliver)];
    does(&mut room, alice, &inbox_with(Some("shop"), open));
    let told = room.hears(phone);
    assert!(
        told.iter().any(
            |frame| matches!(frame, ToAgent::InboxSet { own } if own.tag == Some(tag("shop")))
        ),
        "{told:?}"
    );
    let sent = room.asks_relay(bob, &message(2, "alice+shop", "hello!"));
    assert_eq!(in_lines(&entries(&sent)), ["to alice+shop: hello!"]);
    let heard = room.hears(phone);
    let counted =
        |frame: &ToAgent| matches!(frame, ToAgent::InboxSet { own } if own.counts.delivered == 1);
    assert!(heard.iter().any(counted), "{heard:?}");
    let came = entries(&heard);
    assert_eq!(in_lines(&came), ["bob: hello!"]);
    assert_eq!(came[0].own, Some(tag("shop")));
    room.asks_relay(bob, &message(3, "alice", "hello?"));
    let came = entries(&room.hears(phone));
    assert_eq!(
        (came[0].own.clone(), in_lines(&came)),
        (None, vec!["held of bob: hello?".to_owned()])
    );
    let count = |delivered, held| Counts {
        delivered,
        held,
        refused: 0,
    };
    assert_eq!(counts_of(&mut room, "alice", Some("shop")), count(1, 0));
    assert_eq!(counts_of(&mut room, "alice", None), count(0, 1));
    room.restarts_relay();
    assert_eq!(tags_in(&roster_of(&mut room, "alice")), ["shop"]);
    assert_eq!(counts_of(&mut room, "alice", Some("shop")), count(1, 0));
}

/// DESIGN 2.12: an address ends at its moment, without a frame from anyone: from then on nobody has it.
pub fn a_further_address_ends_at_its_moment() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    let fair = ToService::SetInbox {
        number: 66,
        own: OwnInbox {
            until: Some(Timestamp(room.wall().0 + 3_600_000)),
            ..own_inbox(Some("fair"))
        },
    };
    does(&mut room, alice, &fair);
    room.passes(secs(3_599));
    let sent = room.asks_relay(bob, &message(1, "alice+fair", "in time"));
    assert_eq!(accepted(&sent).len(), 1);
    room.passes(secs(2));
    let sent = room.asks_relay(bob, &message(2, "alice+fair", "too late"));
    assert_eq!(codes(&sent), [Code::UnknownAddress]);
    assert_eq!(came_in(&mut room, alice), ["held of bob: in time"]);
    let from_it = room.asks_relay(alice, &message_from("fair", 1, "bob", "still there?"));
    assert_eq!(codes(&from_it), [Code::NotAllowed]);
    // The address from sign-up has no end.
    let endless = ToService::SetInbox {
        number: 67,
        own: OwnInbox {
            until: Some(room.wall()),
            ..own_inbox(None)
        },
    };
    assert_eq!(codes(&room.asks_relay(alice, &endless)), [Code::BadRules]);
}

/// DESIGN 2.12: a revoked address is one that nobody has; what came through it stays.
pub fn a_revoked_address_is_unknown_and_what_came_through_it_stays() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let phone = comes_again(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    does(&mut room, alice, &mint("shop"));
    room.asks_relay(bob, &message(1, "alice+shop", "hello"));
    room.hears(phone);
    does(&mut room, alice, &revoke("shop"));
    let gone =
        |frame: &ToAgent| matches!(frame, ToAgent::InboxGone { tag: of } if *of == tag("shop"));
    assert!(room.hears(phone).iter().any(gone));
    let sent = room.asks_relay(bob, &message(2, "alice+shop", "again"));
    assert_eq!(codes(&sent), [Code::UnknownAddress]);
    let page = ToService::FetchInbox {
        number: 1,
        with: None,
        before: None,
        limit: 10,
    };
    assert!(mentions(&room.asks_relay(alice, &page), "hello"));
    assert_eq!(tags_in(&roster_of(&mut room, "alice")), [""; 0]);
}

/// DESIGN 2.12, I7: who is answered from a further address sees that one and no other, in messages, receipts and marks.
pub fn an_answer_from_a_further_address_shows_no_other() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    does(&mut room, alice, &mint("shop"));
    does(&mut room, bob, &decide("alice", Some(Decision::Allow)));
    room.asks_relay(bob, &message(1, "alice+shop", "do you have tea?"));
    assert_eq!(came_in(&mut room, alice), ["held of bob: do you have tea?"]);
    let answer = message_from("shop", 1, "bob", "we do");
    let sent = room.asks_relay(alice, &answer);
    let copy = entries(&sent);
    assert_eq!(in_lines(&copy), ["to bob: we do"]);
    assert_eq!(copy[0].own, Some(tag("shop")));
    let heard = room.hears(bob);
    assert_eq!(in_lines(&entries(&heard)), ["alice+shop: we do"]);
    assert!(!mentions(&heard, "alice@localhost"), "{heard:?}");
    room.says(bob, &ToService::Acknowledge { up_to: Seq(2) });
    // Whoever was written to from it is no stranger to it.
    let answers = room.asks_relay(bob, &message(2, "alice+shop", "two pounds, please"));
    assert!(!mentions(&answers, "alice@localhost"), "{answers:?}");
    let came = room.hears(alice);
    let lines = in_lines(&entries(&came));
    assert!(
        lines.contains(&"bob: two pounds, please".to_owned()),
        "{lines:?}"
    );
    for of in ["nowhere", "bob"] {
        let forged = room.asks_relay(alice, &message_from(of, 9, "bob", "it is me"));
        assert_eq!(codes(&forged), [Code::NotAllowed]);
    }
}

/// X4: who is blocked at the door from sign-up does not come in by another, nor from another address of their own.
pub fn who_is_blocked_at_one_door_is_blocked_at_the_other() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    let open = vec![delivery(Who::Anyone, Delivery::Deliver)];
    does(&mut room, alice, &inbox_with(Some("shop"), open));
    does(
        &mut room,
        alice,
        &super::support::presentity_with(Some("work"), vec![]),
    );
    let welcome_at_work = ToService::SetAccess {
        number: 68,
        watcher: room.principal("bob"),
        decision: Some(Decision::Allow),
        of: Some(tag("work")),
    };
    does(&mut room, alice, &welcome_at_work);
    does(&mut room, bob, &mint("mask"));
    does(&mut room, alice, &decide("bob", Some(Decision::Block)));
    let doors = ["alice", "alice+shop", "alice+work"];
    for (id, door) in (1..).zip(doors) {
        let plain = room.asks_relay(bob, &message(id, door, "let me in"));
        let masked = room.asks_relay(bob, &message_from("mask", id + 100, door, "let me in"));
        for answers in [plain, masked] {
            assert_eq!(accepted(&answers).len(), 1, "{door}: {answers:?}");
        }
    }
    assert_eq!(came_in(&mut room, alice), [""; 0]);
}

fn inbox_tuple(basic: Basic, reason: Option<&str>, hours: Vec<Hours>) -> PresenceTuple {
    let mut tuple = PresenceTuple::inbox(&inbox("alice"), basic, Timestamp(1));
    tuple.status.note = reason.map(note);
    tuple.hours = hours;
    tuple
}

/// What a watcher was told of alice's inbox, with the reason there.
fn inbox_told(frames: &[ToAgent]) -> Vec<(Basic, Option<String>)> {
    let shown = views(frames, "alice")
        .into_iter()
        .filter_map(|view| match view {
            View::Shown(information) => Some(information),
            _ => None,
        });
    let told = shown.map(|information| {
        let inbox = information.inbox().expect("the inbox is always shown");
        let mut tuples = information.tuples.iter();
        let tuple = tuples.find(|tuple| tuple.address.is_some());
        assert!(
            tuple.is_none_or(|tuple| tuple.hours.is_empty()),
            "hours are not told"
        );
        let note = tuple.and_then(|tuple| tuple.status.note.as_ref());
        (inbox.1, note.map(|note| note.as_str().to_owned()))
    });
    told.collect()
}

fn watched_alice(room: &mut Room) -> (SessionId, SessionId) {
    let alice = is_there(room, "alice");
    let open = vec![rule(Who::Account, Decision::Allow)];
    does(room, alice, &rules(open));
    let bob = comes_by_hand(room, "bob");
    let seen = room.asks_relay(bob, &subscribe(1, &["alice"]));
    assert_eq!(inbox_told(&seen), [(Basic::Open, None)]);
    room.passes(secs(5));
    (alice, bob)
}

/// P7, P10: an inbox that is closed by hand says so beforehand, with the reason; a message is refused as closed, and later accepted.
pub fn an_inbox_closed_by_hand_says_why_beforehand() {
    let mut room = Room::new();
    let (alice, bob) = watched_alice(&mut room);
    let closed = inbox_tuple(Basic::Closed, Some("moving house"), vec![]);
    publishes(&mut room, alice, closed);
    let told = inbox_told(&room.hears(bob));
    assert_eq!(told, [(Basic::Closed, Some("moving house".to_owned()))]);
    let sent = room.asks_relay(bob, &message(1, "alice", "hello"));
    let refusal = sent.iter().find_map(|frame| match frame {
        ToAgent::Receipt {
            receipt: Receipt::Refused(refusal),
            ..
        } => Some((refusal.code, refusal.retry)),
        _ => None,
    });
    assert_eq!(refusal, Some((Code::InboxClosed, Retry::Later)));
    room.passes(secs(5));
    publishes(&mut room, alice, inbox_tuple(Basic::Open, None, vec![]));
    assert_eq!(inbox_told(&room.hears(bob)), [(Basic::Open, None)]);
    let sent = room.asks_relay(bob, &message(2, "alice", "hello"));
    assert_eq!(accepted(&sent).len(), 1);
}

/// P8, P10: an inbox with hours opens and closes at its moments, without a frame from anyone, also while nobody is there.
pub fn an_inbox_with_hours_opens_and_closes_by_itself() {
    let mut room = Room::new();
    let (alice, bob) = watched_alice(&mut room);
    // Thursdays from one to two; the Room opens on a Thursday at midnight.
    let hours = Hours {
        days: 1 << 3,
        from: 60,
        to: 120,
        offset: 0,
    };
    let tuple = inbox_tuple(Basic::Open, Some("one to two"), vec![hours]);
    publishes(&mut room, alice, tuple);
    let reason = Some("one to two".to_owned());
    let told = inbox_told(&room.hears(bob));
    assert_eq!(told, [(Basic::Closed, reason.clone())]);
    room.passes(secs(5));
    room.asks_relay(alice, &ToService::Bye);
    let told = inbox_told(&room.hears(bob));
    assert_eq!(told, [(Basic::Closed, reason.clone())], "she left");
    for (basic, at) in [(Basic::Open, 3_600_000), (Basic::Closed, 7_200_000)] {
        let wait = at - (room.wall().0 - 1_767_225_600_000);
        room.passes(crate::room::ms(wait - 1_000));
        assert_eq!(inbox_told(&room.hears(bob)), []);
        room.passes(secs(2));
        let told = inbox_told(&room.hears(bob));
        assert_eq!(told, [(basic, reason.clone())]);
        let sent = room.asks_relay(bob, &message(at.into(), "alice", "hello"));
        assert_eq!(accepted(&sent).len(), usize::from(basic == Basic::Open));
    }
}

/// DESIGN 2.12: a relay has a limit of addresses for each; one that could not be kept is not there.
pub fn fifty_addresses_and_no_more() {
    let mut room = Room::with(super::support::free_of_rates());
    let alice = is_there(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    room.disk.fault = Some(Fault::Full);
    let refused = room.asks_relay(alice, &mint("shop"));
    assert_eq!(codes(&refused), [Code::StorageFull]);
    room.disk.fault = None;
    let sent = room.asks_relay(bob, &message(1, "alice+shop", "hello"));
    assert_eq!(codes(&sent), [Code::UnknownAddress]);
    let told = |frame: &ToAgent| matches!(frame, ToAgent::Roster { .. });
    assert!(refused.iter().any(told), "how it stands is told");
    assert_eq!(tags_in(&refused), [""; 0]);
    // What came to the address from sign-up takes no room.
    room.asks_relay(bob, &message(2, "alice", "hello"));
    let most = room.config.limits.inboxes;
    for n in 0..most {
        does(&mut room, alice, &mint(&format!("n{n}")));
    }
    let over = room.asks_relay(alice, &mint("over"));
    assert_eq!(codes(&over), [Code::TooManyAddresses]);
    does(&mut room, alice, &revoke("n0"));
    does(&mut room, alice, &mint("over"));
}
