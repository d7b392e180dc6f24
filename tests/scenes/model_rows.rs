//! Rows of the model that no other theme tells: user agents that stand alone, what there is after sign-up, values and markup that
//! nobody here knows, and addresses that are seen while something is taken there.

use lamplight_core::address::{SessionId, Token};
use lamplight_core::code::Code;
use lamplight_core::ledger::{Kind, WatcherName};
use lamplight_core::message::What;
use lamplight_core::presence::{
    Activity, Basic, CommunicationAddress, Markup, PresenceInformation, PresenceTuple, TupleKind,
    View,
};
use lamplight_core::rules::Who;
use lamplight_core::service::{Identity, Scope};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Decision, ToAgent, ToService};

use super::support::{
    accepted, codes, comes_again, comes_as, comes_by_hand, decide, device_tuple, does, entries,
    fetch, hand_tuple, message, own_inbox, presentity_with, rule, rules, subscribe, tag, views,
};
use crate::room::{Room, inbox, presentity, secs};

/// A program of someone with an account: a line that may do no more than this.
fn program(room: &mut Room, who: &str, scope: Scope) -> SessionId {
    let identity = Identity {
        scope,
        ..room.identity(who)
    };
    comes_as(room, identity)
}

const NOTHING: Scope = Scope {
    watch: false,
    publish: false,
    send: false,
    read: false,
    manage: false,
};

/// What a line was shown last of someone.
fn shown(frames: &[ToAgent], whom: &str) -> PresenceInformation {
    match views(frames, whom).pop() {
        Some(View::Shown(information)) => information,
        other => panic!("{whom} is not shown: {other:?}"),
    }
}

fn publish(tuple: &PresenceTuple) -> ToService {
    ToService::Publish {
        tuple: tuple.clone(),
        of: None,
    }
}

/// An inbox address as a means to reach someone.
fn door(id: &str, address: &str, basic: Basic) -> PresenceTuple {
    let mut tuple = PresenceTuple::inbox(&inbox(address), basic, device_tuple("x", None).since);
    tuple.id = Token::parse(id).expect("a short name");
    tuple
}

/// G2: each of the four user agents couples its principal to one entity, and needs none of the other three.
pub fn each_user_agent_works_alone() {
    let mut room = Room::new();
    for who in ["alice", "bob"] {
        let line = comes_by_hand(&mut room, who);
        does(
            &mut room,
            line,
            &rules(vec![rule(Who::Account, Decision::Allow)]),
        );
        does(
            &mut room,
            line,
            &decide(
                if who == "bob" { "alice" } else { "bob" },
                Some(Decision::Allow),
            ),
        );
        room.hangs_up(line);
    }
    room.passes(secs(60));
    let publisher = program(
        &mut room,
        "alice",
        Scope {
            publish: true,
            ..NOTHING
        },
    );
    let watcher = program(
        &mut room,
        "bob",
        Scope {
            watch: true,
            ..NOTHING
        },
    );
    let sender = program(
        &mut room,
        "bob",
        Scope {
            send: true,
            ..NOTHING
        },
    );
    let reader = program(
        &mut room,
        "alice",
        Scope {
            read: true,
            ..NOTHING
        },
    );

    room.asks_relay(watcher, &subscribe(1, &["alice"]));
    room.says(publisher, &publish(&device_tuple("lamp", Some("on"))));
    room.passes(secs(2));
    let told = room.hears(watcher);
    assert!(shown(&told, "alice").is_present(), "{told:?}");

    let receipt = room.asks_relay(sender, &message(1, "alice", "the lamp is on"));
    assert_eq!(accepted(&receipt).len(), 1);
    let delivered = entries(&room.hears(reader));
    assert!(matches!(delivered[..], [ref one] if matches!(one.what, What::Received(..))));

    // None of them can do another's work, nor hears of it.
    for (line, frame) in [
        (publisher, message(2, "bob", "no")),
        (watcher, publish(&device_tuple("lamp", None))),
        (reader, subscribe(3, &["bob"])),
        (sender, ToService::FetchConversations { number: 4 }),
    ] {
        assert_eq!(codes(&room.asks_relay(line, &frame)), [Code::NotAllowed]);
    }
    assert!(entries(&room.hears(publisher)).is_empty());
}

/// G3: RFC 2778 2.7's buddy list: a presence and a watcher user agent, one presentity, and no message in it.
pub fn a_buddy_list_shows_oneself_and_others_and_nothing_else() {
    let mut room = Room::new();
    for who in ["bob", "carol"] {
        let line = comes_by_hand(&mut room, who);
        does(
            &mut room,
            line,
            &rules(vec![rule(Who::Account, Decision::Allow)]),
        );
        room.says(line, &publish(&device_tuple("tab", None)));
    }
    room.signs_up("alice");
    let scope = Scope {
        publish: true,
        watch: true,
        ..NOTHING
    };
    let list = program(&mut room, "alice", scope);
    let told = room.asks_relay(list, &subscribe(1, &["bob", "carol"]));
    for whom in ["bob", "carol"] {
        assert!(shown(&told, whom).is_present());
    }
    let busy = hand_tuple(Activity::Busy, room.wall());
    let told = room.asks_relay(list, &publish(&busy));
    assert!(
        shown(&told, "alice").tuples.contains(&busy),
        "one watches oneself"
    );
    let bob = comes_again(&mut room, "bob");
    room.asks_relay(bob, &message(1, "alice", "hello"));
    let told = room.hears(list);
    assert!(entries(&told).is_empty(), "{told:?}");
    assert_eq!(
        codes(&room.asks_relay(list, &message(2, "bob", "no"))),
        [Code::NotAllowed]
    );
}

/// G4: RFC 2778 2.7's instant messenger, as it is from sign-up on: one presentity, one inbox whose address stands in the presence
/// information, and a session that is the watcher.
pub fn after_sign_up_there_is_one_presentity_with_one_inbox_and_one_watcher() {
    let mut room = Room::new();
    room.signs_up("alice");
    let alice = room.logs_in("alice", "laptop", None);
    let frames = room.hears(alice);
    let roster = frames.iter().find_map(|frame| match frame {
        ToAgent::Roster {
            inboxes,
            own,
            contacts,
            ..
        } => Some((inboxes, own, contacts)),
        _ => None,
    });
    let (inboxes, own, contacts) = roster.expect("what is kept comes with the welcome");
    assert!(inboxes.iter().all(|inbox| inbox.tag.is_none()) && inboxes.len() <= 1);
    assert!(own.tag.is_none() && contacts.is_empty());
    let further = |frame: &ToAgent| matches!(frame, ToAgent::PresentitySet { .. });
    assert!(!frames.iter().any(further));
    let information = shown(&frames, "alice");
    let [standing] = &information.tuples[..] else {
        panic!("one tuple: {information:?}")
    };
    let address = standing
        .address
        .as_ref()
        .and_then(CommunicationAddress::as_inbox);
    assert_eq!(address, Some(inbox("alice")));
    assert_eq!(
        (standing.kind, standing.status.basic),
        (TupleKind::Service, Basic::Open)
    );

    let bob = comes_by_hand(&mut room, "bob");
    does(
        &mut room,
        bob,
        &rules(vec![rule(Who::Account, Decision::Allow)]),
    );
    room.asks_relay(alice, &subscribe(1, &["bob"]));
    room.passes(secs(2));
    let fetch = ToService::FetchWatchers {
        number: 2,
        presentity: presentity("bob"),
    };
    let answers = room.asks_relay(bob, &fetch);
    let watchers = answers.iter().find_map(|frame| match frame {
        ToAgent::Watchers { watchers, .. } => Some(watchers),
        _ => None,
    });
    let [watcher] = &watchers.expect("an answer").named[..] else {
        panic!("one watcher: {answers:?}")
    };
    assert_eq!(
        watcher.watcher,
        WatcherName::Principal(presentity("alice").principal())
    );
    assert_eq!((watcher.kind, watcher.devices), (Kind::Subscriber, 1));
}

/// P5, P12: values and markup that nobody here knows come through two services and a restart as they were, and an agent that
/// does not know them reads the rest.
pub fn unknown_values_and_markup_come_through_as_they_were() {
    let mut room = Room::new();
    room.arrive(&["bob"]);
    let alice = comes_by_hand(&mut room, "alice");
    does(
        &mut room,
        alice,
        &rules(vec![rule(Who::Account, Decision::Allow)]),
    );
    let on_break = Activity::Named(Token::parse("x-shop.on-break").expect("a token"));
    let mut tuple = hand_tuple(on_break, room.wall());
    tuple.markup = vec![Markup {
        namespace: Token::parse("x-shop").expect("a token"),
        content: (0..=255).collect(),
    }];
    room.says(alice, &publish(&tuple));
    room.says(alice, &publish(&device_tuple("till", None)));
    room.watches("bob", "alice");
    room.passes(secs(2));
    assert_eq!(room.sees("bob", "alice"), "available");
    room.restarts_relay();
    room.passes(secs(60));
    let alice = comes_again(&mut room, "alice");
    room.says(alice, &publish(&device_tuple("till", None)));
    let bob = comes_again(&mut room, "bob");
    let told = room.asks_relay(
        bob,
        &ToService::Fetch {
            number: 1,
            presentities: vec![presentity("alice")],
        },
    );
    assert!(shown(&told, "alice").tuples.contains(&tuple), "{told:?}");
}

/// P6: several values at once combine with OPEN; one that says it excludes OPEN is taken with CLOSED alone.
pub fn values_combine_with_open_unless_they_exclude_it() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    let named = |text: &str| Activity::Named(Token::parse(text).expect("a token"));
    let mut tuple = device_tuple("desk", None);
    tuple.status.activities = vec![Activity::Away, named("on-the-phone"), named("closedish")];
    let told = room.asks_relay(alice, &publish(&tuple));
    assert!(shown(&told, "alice").tuples.contains(&tuple));
    tuple.status.activities.push(named("closed.holiday"));
    assert_eq!(
        codes(&room.asks_relay(alice, &publish(&tuple))),
        [Code::BadPresence]
    );
    tuple.status.basic = Basic::Closed;
    room.passes(secs(2));
    let told = room.asks_relay(alice, &publish(&tuple));
    assert!(shown(&told, "alice").tuples.contains(&tuple));
}

/// P10: STATUS and address in one notification say where messages are taken; nothing else has to be asked.
pub fn a_notification_alone_says_where_messages_are_taken() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    let allow = || vec![rule(Who::Account, Decision::Allow)];
    does(&mut room, alice, &rules(allow()));
    does(&mut room, alice, &presentity_with(Some("work"), allow()));
    let closed = door("inbox", "alice", Basic::Closed);
    room.says(alice, &publish(&closed));
    let bob = comes_by_hand(&mut room, "bob");
    let told = room.asks_relay(bob, &subscribe(1, &["alice", "alice+work"]));
    let mut taken = Vec::new();
    for (id, whom) in [(1, "alice"), (2, "alice+work")] {
        let (address, basic) = shown(&told, whom).inbox().expect("an inbox in the tuples");
        assert_eq!(address, inbox(whom));
        let answers = room.asks_relay(bob, &message(id, address.as_str(), "may I?"));
        assert_eq!(accepted(&answers).is_empty(), basic == Basic::Closed);
        taken.push(basic);
    }
    assert_eq!(taken, [Basic::Closed, Basic::Open]);
}

/// P11: an address can be seen only while it accepts, so that its being there is enough; what its owner sees stays.
pub fn an_address_that_hides_while_closed_is_there_when_it_is_open_and_no_sooner() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    let everyone = rules(vec![rule(Who::Account, Decision::Allow)]);
    does(&mut room, alice, &everyone);
    let bob = comes_by_hand(&mut room, "bob");
    room.asks_relay(bob, &subscribe(2, &["alice"]));
    room.hears(bob);
    for open in [false, true, false] {
        let basic = if open { Basic::Open } else { Basic::Closed };
        let mut tuple = PresenceTuple::inbox(&inbox("alice"), basic, Timestamp(0));
        tuple.only_open = true;
        room.says(alice, &publish(&tuple));
        room.passes(secs(2));
        let seen = shown(&room.hears(bob), "alice");
        assert_eq!(seen.inbox().is_some(), open, "{seen:?}");
        assert!(
            seen.tuples.iter().all(|tuple| !tuple.only_open),
            "why is nobody's concern"
        );
        let own = room.asks_relay(alice, &fetch(&["alice"]));
        assert!(shown(&own, "alice").inbox().is_some());
    }
}

/// P11: whoever wants the address of a door to be seen only while it is open withdraws it, and it is gone from every view.
pub fn an_address_that_is_withdrawn_while_closed_is_seen_by_nobody() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    does(
        &mut room,
        alice,
        &rules(vec![rule(Who::Account, Decision::Allow)]),
    );
    does(
        &mut room,
        alice,
        &ToService::SetInbox {
            number: 1,
            own: own_inbox(Some("shop")),
        },
    );
    let shop = door("shop", "alice+shop", Basic::Open);
    let bob = comes_by_hand(&mut room, "bob");
    room.asks_relay(bob, &subscribe(2, &["alice"]));
    for open in [true, false, true] {
        let frame = match open {
            true => publish(&shop),
            false => ToService::Withdraw {
                tuple: shop.id.clone(),
                of: None,
            },
        };
        room.says(alice, &frame);
        room.passes(secs(2));
        let tuples = shown(&room.hears(bob), "alice").tuples;
        let addresses = tuples
            .iter()
            .filter_map(|tuple| tuple.address.as_ref()?.as_inbox());
        let seen = addresses.filter(|address| address.tag() == Some(tag("shop")));
        assert_eq!(seen.count(), usize::from(open));
    }
}
