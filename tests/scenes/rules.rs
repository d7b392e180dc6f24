//! ACCESS RULES: of whom they speak, in which order, from when to when, and how a change reaches those who watch.

use lamplight_core::address::{Address, SessionId};
use lamplight_core::code::Code;
use lamplight_core::presence::{
    Activity, CommunicationAddress, Extent, PresenceTuple, TupleKind, View,
};
use lamplight_core::rules::{Part, RULES_MAX, Shares, Who};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Decision, Pace, ToAgent, ToService};

use super::support::{
    codes, comes_again, comes_as, comes_by_hand, contact, decide, device_tuple, does, fetch,
    hand_tuple, is_there, mentions, note, publishes, roster_of, rule, rules, told, views, watches,
    word, words,
};
use crate::room::{Fault, Room, ms, presentity, secs};

fn address(name: &str) -> Address {
    presentity(name).0
}

/// R1, DESIGN 2.7: what was decided about one person stands before every rule, and of the rules the first that speaks of them.
pub fn the_person_comes_before_rules_and_the_first_rule_before_others() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let [bob, carol, dave] = ["bob", "carol", "dave"].map(|who| comes_by_hand(&mut room, who));
    does(
        &mut room,
        alice,
        &rules(vec![
            rule(Who::Address(address("carol")), Decision::Deny),
            rule(Who::Account, Decision::Allow),
            rule(Who::Anyone, Decision::Deny),
        ]),
    );
    does(&mut room, alice, &decide("dave", Some(Decision::Ask)));
    assert_eq!(watches(&mut room, bob, "alice"), "available");
    assert_eq!(watches(&mut room, carol, "alice"), "not_allowed");
    assert_eq!(watches(&mut room, dave, "alice"), "not shared yet");
    does(&mut room, alice, &decide("carol", Some(Decision::Allow)));
    assert_eq!(told(&mut room, carol, "alice"), ["available"]);
    does(&mut room, alice, &decide("carol", None));
    assert_eq!(told(&mut room, carol, "alice"), ["not_allowed"]);
    // The same rules in another order are other rules.
    does(
        &mut room,
        alice,
        &rules(vec![
            rule(Who::Account, Decision::Allow),
            rule(Who::Address(address("carol")), Decision::Deny),
        ]),
    );
    assert_eq!(told(&mut room, carol, "alice"), ["available"]);
    assert_eq!(told(&mut room, dave, "alice"), [""; 0]);
}

/// R1, S6: a rule speaks of a domain, of those with an account, of guests, of programs, or of anyone.
pub fn a_rule_speaks_of_a_domain_a_class_or_anyone() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    room.enters_as_guest("guest");
    room.installs("robot");
    room.founds("helpdesk");
    room.signs_up("far@elsewhere.example");
    let far = room.identity("far@elsewhere.example");
    let far = comes_as(&mut room, far);
    let bob = comes_by_hand(&mut room, "bob");
    let mut of = |name: &str| {
        let identity = room.identity(name);
        comes_as(&mut room, identity)
    };
    let [guest, robot, group] = ["guest", "robot", "helpdesk"].map(&mut of);
    let watchers = [far, bob, guest, robot, group];
    for watcher in watchers {
        assert_eq!(watches(&mut room, watcher, "alice"), "not shared yet");
    }
    let cases = [
        (Who::Domain("Elsewhere.Example".into()), "f"),
        (Who::Domain("localhost".into()), "bgrh"),
        (Who::Account, "fbh"),
        (Who::Guest, "g"),
        (Who::Program, "r"),
        (Who::Known, ""),
        (Who::Site("shop.example".into()), ""),
        (Who::Anyone, "fbgrh"),
        (Who::Visitor, ""),
    ];
    for (who, seen) in cases {
        does(
            &mut room,
            alice,
            &rules(vec![rule(who.clone(), Decision::Allow)]),
        );
        for (watcher, letter) in watchers.into_iter().zip("fbgrh".chars()) {
            let wanted = match seen.contains(letter) {
                true => "available",
                false => "not shared yet",
            };
            let now = views(&room.asks_relay(watcher, &fetch(&["alice"])), "alice");
            assert_eq!(
                now.last().map(word).as_deref(),
                Some(wanted),
                "{who:?} {letter}"
            );
        }
        room.passes(secs(60));
    }
}

/// R1, R4: a rule speaks of the contacts under a heading; who is moved to another heading is decided about anew at once.
pub fn moving_a_contact_to_another_group_decides_anew_at_once() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    publishes(&mut room, alice, hand_tuple(Activity::Busy, Timestamp(1)));
    does(
        &mut room,
        alice,
        &rules(vec![
            rule(Who::Group(note("friends")), Decision::Allow),
            rule(Who::Known, Decision::Availability),
        ]),
    );
    assert_eq!(watches(&mut room, bob, "alice"), "not shared yet");
    for (group, seen) in [
        (Some("work"), "not available"),
        (Some("friends"), "busy"),
        (None, "not available"),
    ] {
        does(&mut room, alice, &contact("bob", group));
        assert_eq!(told(&mut room, bob, "alice"), [seen]);
    }
    does(&mut room, alice, &super::support::unsubscribe("bob"));
    assert_eq!(told(&mut room, bob, "alice"), ["not shared yet"]);
}

/// R4: a rule begins and ends at its moment, without a frame from anyone.
pub fn a_rule_begins_and_ends_at_its_moment() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    assert_eq!(watches(&mut room, bob, "alice"), "not shared yet");
    let begun = room.clock();
    let in_future = |wait: u64| Some(Timestamp(room.wall().0 + wait));
    let mut open = rule(Who::Account, Decision::Allow);
    open.from = in_future(600_000);
    open.until = in_future(3_600_000);
    does(&mut room, alice, &rules(vec![open]));
    assert_eq!(told(&mut room, bob, "alice"), [""; 0]);
    room.passes(secs(7_200));
    let told = room.hears_when(bob);
    let told = told
        .into_iter()
        .filter(|(_, frame)| matches!(frame, ToAgent::Notify { .. }));
    let told: Vec<_> = told
        .map(|(at, frame)| (at - begun, words(&[frame], "alice")))
        .collect();
    let latency = 10;
    assert_eq!(
        told,
        [
            (600_000 + latency, vec!["available".to_owned()]),
            (3_600_000 + latency, vec!["not shared yet".to_owned()])
        ]
    );
}

/// Available or not: what a watcher is told of a story, with all that the frames hold.
fn availability_of(story: fn(&mut Room, SessionId)) -> Vec<View> {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    does(
        &mut room,
        alice,
        &rules(vec![rule(Who::Account, Decision::Availability)]),
    );
    publishes(&mut room, alice, device_tuple("tab", Some("canary")));
    watches(&mut room, bob, "alice");
    room.passes(secs(5));
    story(&mut room, alice);
    room.passes(secs(60));
    let seen = room.asks_relay(bob, &fetch(&["alice"]));
    assert!(!mentions(&seen, "canary"), "{seen:?}");
    views(&seen, "alice")
}

/// R3: who sees only the availability cannot tell busy, away, invisible and offline apart: one frame for all, without note or time.
pub fn busy_away_invisible_and_offline_are_one_frame_to_who_sees_availability() {
    fn by_hand(room: &mut Room, alice: SessionId, activity: Activity) {
        let mut tuple = hand_tuple(activity, room.wall());
        tuple.status.note = Some(note("canary"));
        publishes(room, alice, tuple);
    }
    let stories: [fn(&mut Room, SessionId); 5] = [
        |room, alice| by_hand(room, alice, Activity::Busy),
        |room, alice| by_hand(room, alice, Activity::Away),
        |room, alice| by_hand(room, alice, Activity::Invisible),
        |room, alice| room.hangs_up(alice),
        |room, alice| {
            let mut idle = device_tuple("tab", Some("canary"));
            idle.status.activities.push(Activity::Away);
            publishes(room, alice, idle);
        },
    ];
    let seen = stories.map(availability_of);
    assert_eq!(
        seen[0].iter().map(word).collect::<Vec<_>>(),
        ["not available"]
    );
    for other in &seen[1..] {
        assert_eq!(&seen[0], other);
    }
    let View::Shown(information) = &seen[0][0] else {
        panic!("nothing is shown: {seen:?}")
    };
    assert_eq!(information.extent, Extent::Availability);
    assert_eq!(information.since, Timestamp(0));
    let there = availability_of(|_, _| ());
    assert_eq!(there.iter().map(word).collect::<Vec<_>>(), ["available"]);
    let View::Shown(information) = &there[0] else {
        panic!("nothing is shown: {there:?}")
    };
    let times = information.tuples.iter().map(|tuple| tuple.since.0);
    assert_eq!(times.chain([information.since.0]).max(), Some(0));
}

fn phone() -> PresenceTuple {
    let mut tuple = device_tuple("phone", None);
    tuple.kind = TupleKind::Service;
    tuple.address = Some(CommunicationAddress {
        means: lamplight_core::address::Token::parse("tel").expect("a token"),
        contact: "+49301234567".to_owned(),
    });
    tuple
}

/// R3: of the means to reach someone each sees those that were chosen for them; the inbox always.
pub fn of_the_means_each_sees_what_was_chosen() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let [bob, carol, dave] = ["bob", "carol", "dave"].map(|who| comes_by_hand(&mut room, who));
    publishes(&mut room, alice, phone());
    publishes(
        &mut room,
        alice,
        device_tuple("second", Some("on the train")),
    );
    let chosen = |means: Vec<_>| {
        Decision::Chosen(Part {
            activity: true,
            note: false,
            devices: false,
            last_seen: false,
            means: Shares::These(means),
        })
    };
    does(
        &mut room,
        alice,
        &decide("bob", Some(chosen(vec![phone().id]))),
    );
    does(&mut room, alice, &decide("dave", Some(chosen(vec![]))));
    does(&mut room, alice, &decide("carol", Some(Decision::Allow)));
    let mut names = |session: SessionId| {
        watches(&mut room, session, "alice");
        let view = views(&room.asks_relay(session, &fetch(&["alice"])), "alice");
        let Some(View::Shown(information)) = view.first() else {
            panic!("nothing is shown: {view:?}")
        };
        let ids = information
            .tuples
            .iter()
            .map(|tuple| tuple.id.as_str().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(names(carol), ["second", "tab", "inbox", "phone"]);
    assert_eq!(names(bob), ["here", "inbox", "phone"]);
    assert_eq!(names(dave), ["here", "inbox"]);
    let frames = room.asks_relay(dave, &fetch(&["alice"]));
    assert!(!mentions(&frames, "train") && !mentions(&frames, "4930"));
    let frames = room.asks_relay(carol, &fetch(&["alice"]));
    assert!(mentions(&frames, "train") && mentions(&frames, "4930"));
}

/// R4: a change of rules reaches those who watch before it is answered, also those who wanted to be left alone.
pub fn a_change_of_rules_reaches_standing_subscriptions_at_once() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let watchers = ["bob", "paused"].map(|who| comes_by_hand(&mut room, who));
    does(
        &mut room,
        alice,
        &rules(vec![rule(Who::Account, Decision::Allow)]),
    );
    for watcher in watchers {
        assert_eq!(watches(&mut room, watcher, "alice"), "available");
    }
    room.says(watchers[1], &ToService::Pace { pace: Pace::Paused });
    does(
        &mut room,
        alice,
        &rules(vec![rule(Who::Account, Decision::Deny)]),
    );
    for watcher in watchers {
        assert_eq!(told(&mut room, watcher, "alice"), ["not_allowed"]);
    }
}

/// R4 of the promises: when a change of rules is answered, nothing that is written to the watcher from then on holds what it
/// protects: not what was published after, and not what still waited for a slow socket.
pub fn after_the_answer_nothing_protected_is_written() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    does(&mut room, alice, &decide("bob", Some(Decision::Allow)));
    assert_eq!(watches(&mut room, bob, "alice"), "available");
    room.passes(secs(5));
    room.stops_reading(bob);
    publishes(&mut room, alice, device_tuple("tab", Some("canary one")));
    room.passes(secs(5));
    does(
        &mut room,
        alice,
        &decide("bob", Some(Decision::Availability)),
    );
    publishes(&mut room, alice, device_tuple("tab", Some("canary two")));
    // What was told too lately waits for its second; a decision does not let it out.
    publishes(&mut room, alice, device_tuple("tab", Some("canary three")));
    does(&mut room, alice, &decide("bob", Some(Decision::Deny)));
    room.passes(secs(5));
    room.reads_again(bob);
    let frames = room.hears(bob);
    assert!(!mentions(&frames, "canary"), "{frames:?}");
    assert_eq!(words(&frames, "alice"), ["not_allowed"]);
}

/// R5, RFC 2779 2.3.7: rules decide for a new watcher while nobody of the presentity is there, and after a restart, also those
/// that speak of contacts.
pub fn rules_hold_for_the_absent_and_after_a_restart() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    for name in ["bob", "carol", "dave"] {
        room.signs_up(name);
    }
    does(&mut room, alice, &contact("bob", Some("friends")));
    does(
        &mut room,
        alice,
        &rules(vec![
            rule(Who::Group(note("friends")), Decision::Allow),
            rule(Who::Address(address("carol")), Decision::Deny),
            rule(Who::Account, Decision::Availability),
        ]),
    );
    room.hangs_up(alice);
    room.passes(secs(300));
    for restarted in [false, true] {
        if restarted {
            room.restarts_relay();
            room.passes(secs(60));
        }
        for (name, seen) in [
            ("bob", "offline"),
            ("carol", "not_allowed"),
            ("dave", "not available"),
        ] {
            let session = comes_again(&mut room, name);
            assert_eq!(watches(&mut room, session, "alice"), seen, "{restarted}");
            room.hangs_up(session);
        }
    }
}

/// R1: rules have their limits, and what goes beyond changes nothing.
pub fn fifty_rules_and_no_more() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    let most = vec![rule(Who::Account, Decision::Allow); RULES_MAX];
    assert_eq!(most.len(), 50);
    does(&mut room, alice, &rules(most.clone()));
    assert_eq!(watches(&mut room, bob, "alice"), "available");
    let mut over = most;
    over.insert(0, rule(Who::Account, Decision::Deny));
    let answers = room.asks_relay(alice, &rules(over));
    assert_eq!(codes(&answers), [Code::BadRules]);
    let nameless = rules(vec![rule(Who::Domain(" ".into()), Decision::Deny)]);
    assert_eq!(codes(&room.asks_relay(alice, &nameless)), [Code::BadRules]);
    assert_eq!(told(&mut room, bob, "alice"), [""; 0]);
}

/// R1, P1: there is no frame that sets another's rules; whatever a watcher sets is about itself.
pub fn nobody_edits_the_rules_of_another() {
    let mut room = Room::new();
    is_there(&mut room, "alice");
    let mallory = comes_by_hand(&mut room, "mallory");
    does(
        &mut room,
        mallory,
        &rules(vec![rule(Who::Anyone, Decision::Allow)]),
    );
    does(&mut room, mallory, &decide("alice", Some(Decision::Allow)));
    assert_eq!(watches(&mut room, mallory, "alice"), "not shared yet");
    let kept = roster_of(&mut room, "alice");
    assert!(kept.iter().all(|frame| match frame {
        ToAgent::Roster { own, access, .. } => own.rules.rules.is_empty() && access.is_empty(),
        _ => true,
    }));
}

/// DESIGN 9: rules that could not be kept do not hold: watchers see as before, and all devices are told how it stands.
pub fn rules_that_cannot_be_kept_are_taken_back() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let phone = comes_again(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    does(
        &mut room,
        alice,
        &rules(vec![rule(Who::Account, Decision::Deny)]),
    );
    assert_eq!(watches(&mut room, bob, "alice"), "not_allowed");
    room.hears(phone);
    room.disk.fault = Some(Fault::Full);
    let answers = room.asks_relay(alice, &rules(vec![rule(Who::Account, Decision::Allow)]));
    assert_eq!(codes(&answers), [Code::StorageFull]);
    room.disk.fault = None;
    room.passes(ms(100));
    assert_eq!(
        told(&mut room, bob, "alice").last().map(String::as_str),
        Some("not_allowed")
    );
    for frames in [answers, room.hears(phone)] {
        let rosters = frames.iter().filter_map(|frame| match frame {
            ToAgent::Roster { own, .. } => Some(own.rules.rules.clone()),
            _ => None,
        });
        let rosters: Vec<_> = rosters.collect();
        assert_eq!(rosters, [vec![rule(Who::Account, Decision::Deny)]]);
    }
}
