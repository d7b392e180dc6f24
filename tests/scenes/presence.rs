//! What people see of each other: one word out of many devices, by hand before by itself, the value and never a flicker.

use lamplight_core::address::Address;
use lamplight_core::agent::{Choice, Heading, Headings, Intent};
use lamplight_core::presence::{Activity, View};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Decision, ToAgent, ToService};

use super::support::{
    codes, comes_by_hand, device_tuple, hand_tuple, mentions, note, subscribe, views,
};
use super::watching::without_moments;
use crate::room::{Room, ms, presentity, secs};

/// Two people, each with a laptop, who see each other.
fn alice_and_bob() -> Room {
    let mut room = Room::new();
    room.arrive(&["alice", "bob"]);
    room.befriends("alice", "bob");
    // Changes within a second of the last are told a little later.
    room.passes(secs(2));
    room
}

/// G4, W4: the story of the page: each sees the other, and a status by hand with its words.
pub fn two_people_see_each_other() {
    let mut room = alice_and_bob();
    assert_eq!(room.sees("alice", "bob"), "available");
    assert_eq!(room.sees("bob", "alice"), "available");
    room.sets("alice", "busy: in a meeting");
    assert_eq!(room.sees("bob", "alice"), "busy: in a meeting");
    assert_eq!(room.is("alice"), "busy: in a meeting");
    room.passes(secs(2));
    room.clears_status("alice");
    assert_eq!(room.sees("bob", "alice"), "available");
}

/// Alice's list under headings: `Available: bob`.
fn headed(room: &mut Room, by: Headings) -> Vec<String> {
    let listed = room.agent("alice").listed("", by, str::to_lowercase);
    let mut rows = listed.places.iter().map(Address::name);
    let sections = listed.sections.into_iter().map(|(heading, count)| {
        let words = match heading {
            Heading::Presence(word) => format!("{word:?}"),
            Heading::Group(group) => group.as_str().to_owned(),
            other => format!("{other:?}"),
        };
        let names: Vec<&str> = rows.by_ref().take(count).collect();
        format!("{words}: {}", names.join(", "))
    });
    let headed: Vec<String> = sections.collect();
    assert!(
        headed.is_empty() || rows.next().is_none(),
        "a row without a heading"
    );
    headed
}

/// G3: the list can be headed by how people are; each stands under one heading, and moves when their presence does. Whoever has
/// written stands above all until that is read; a request without an answer is neither offline nor unknown.
pub fn the_list_is_headed_by_how_people_are_and_each_moves_with_their_presence() {
    let mut room = alice_and_bob();
    room.arrive(&["carol", "dora", "emil"]);
    room.befriends("alice", "carol");
    room.befriends("alice", "dora");
    room.adds("alice", "emil", None);
    room.sets("carol", "away");
    room.signs_out("dora");
    room.passes(secs(5));
    let by_presence = [
        "Available: bob",
        "Away: carol",
        "Offline: dora",
        "NotShared: emil",
    ];
    assert_eq!(headed(&mut room, Headings::Presence), by_presence);
    // Nobody stands under a heading of their own choice: nothing to head by.
    assert_eq!(headed(&mut room, Headings::Groups), [""; 0]);

    room.sets("bob", "busy");
    room.clears_status("carol");
    room.allows("emil", "alice");
    room.passes(secs(5));
    let moved = ["Available: carol, emil", "Busy: bob", "Offline: dora"];
    assert_eq!(headed(&mut room, Headings::Presence), moved);

    room.writes("bob", "alice", "Are you there?");
    let unread = ["Unread: bob", "Available: carol, emil", "Offline: dora"];
    assert_eq!(headed(&mut room, Headings::Presence), unread);
    room.wants(
        "alice",
        Intent::AddContact {
            presentity: presentity("carol"),
            petname: None,
            group: Some(note("Work")),
        },
    );
    let by_group = ["Unread: bob", "Work: carol", "Others: emil, dora"];
    assert_eq!(headed(&mut room, Headings::Groups), by_group);
}

/// P2, DESIGN 2.2: nobody sees it when one of two devices leaves.
pub fn no_flicker_when_one_of_two_devices_leaves() {
    let mut room = alice_and_bob();
    room.opens("alice", "phone");
    room.passes(secs(2));
    room.closes("alice/phone");
    assert_eq!(room.sees_during("bob", "alice", secs(60)), ["available"]);
    room.closes("alice/laptop");
    assert_eq!(
        room.sees_during("bob", "alice", secs(60)),
        ["available", "offline"]
    );
}

/// P2: as many devices are shown to oneself as there are.
pub fn one_counts_ones_own_devices() {
    let mut room = Room::new();
    room.arrive(&["alice"]);
    assert_eq!(room.agent("alice").me().devices, 1);
    room.opens("alice", "phone");
    room.passes(secs(2));
    for device in ["alice/laptop", "alice/phone"] {
        assert_eq!(room.agent(device).me().devices, 2, "{device}");
    }
}

/// DESIGN 2.2: away when nobody has touched any device for a while, and back with the first touch.
pub fn away_when_all_devices_are_idle_and_back_with_a_touch() {
    let mut room = alice_and_bob();
    room.opens("alice", "phone");
    room.passes(secs(4 * 60));
    room.hands("alice/phone", lamplight_core::agent::Input::Active);
    room.passes(secs(2 * 60));
    assert_eq!(
        room.sees("bob", "alice"),
        "available",
        "the phone was touched two minutes ago"
    );
    room.passes(secs(4 * 60));
    assert_eq!(room.sees("bob", "alice"), "away, idle");
    room.hands("alice/laptop", lamplight_core::agent::Input::Active);
    assert_eq!(room.sees("bob", "alice"), "available");
}

/// DESIGN 2.2: a status by hand is stronger than being idle.
pub fn by_hand_is_stronger_than_idle() {
    let mut room = alice_and_bob();
    room.sets("alice", "available");
    room.passes(secs(10 * 60));
    assert_eq!(room.sees("bob", "alice"), "available");
}

/// DESIGN 9: a status by hand is of the account: on every device, after a restart, until it is taken back.
pub fn a_status_by_hand_belongs_to_the_account() {
    let mut room = alice_and_bob();
    room.sets("alice", "busy: writing");
    room.closes("alice");
    room.passes(secs(30));
    assert_eq!(room.sees("bob", "alice"), "offline");
    room.restarts_relay();
    room.until_up("bob");
    room.opens("alice", "phone");
    assert_eq!(room.sees("bob", "alice"), "busy: writing");
    assert_eq!(room.agent("alice/phone").me().choice, Some(Choice::Busy));
}

/// DESIGN 9: of two statuses by hand the newer wins, whichever arrives first.
pub fn the_newest_status_by_hand_wins() {
    let mut room = Room::new();
    let laptop = comes_by_hand(&mut room, "alice");
    let phone = super::support::comes_again(&mut room, "alice");
    let (early, late) = (room.wall(), Timestamp(room.wall().0 + 500));
    room.passes(secs(1));
    let newer = hand_tuple(Activity::Busy, late);
    let older = hand_tuple(Activity::Away, early);
    room.asks_relay(
        phone,
        &ToService::Publish {
            tuple: newer.clone(),
            of: None,
        },
    );
    room.asks_relay(
        laptop,
        &ToService::Publish {
            tuple: older,
            of: None,
        },
    );
    let fetch = ToService::Fetch {
        number: 1,
        presentities: vec![presentity("alice")],
    };
    let seen = views(&room.asks_relay(laptop, &fetch), "alice");
    assert!(
        matches!(&seen[..], [View::Shown(information)] if information.tuples.contains(&newer)),
        "{seen:?}"
    );
}

/// DESIGN 9: a clock that runs ahead does not win for ever.
pub fn a_status_from_the_future_counts_from_now() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    let future = Timestamp(room.wall().0 + 86_400_000);
    room.asks_relay(
        alice,
        &ToService::Publish {
            tuple: hand_tuple(Activity::Busy, future),
            of: None,
        },
    );
    room.passes(secs(1));
    let now = room.wall();
    room.asks_relay(
        alice,
        &ToService::Publish {
            tuple: hand_tuple(Activity::Away, now),
            of: None,
        },
    );
    let fetch = ToService::Fetch {
        number: 1,
        presentities: vec![presentity("alice")],
    };
    let seen = views(&room.asks_relay(alice, &fetch), "alice");
    let away = |view: &View| match view {
        View::Shown(information) => information
            .tuples
            .iter()
            .any(|tuple| tuple.status.has(&Activity::Away)),
        _ => false,
    };
    assert!(away(&seen[0]), "{seen:?}");
}

/// P1: a status by hand ends when it was said to, also when nobody of that person is there then.
pub fn a_status_by_hand_ends_when_it_was_said_to() {
    let mut room = alice_and_bob();
    let until = Timestamp(room.wall().0 + 60_000);
    room.sets_until("alice", "busy: until later", Some(until));
    room.passes(secs(30));
    assert_eq!(room.sees("bob", "alice"), "busy: until later");
    let took = room.until_sees("bob", "alice", "available", secs(40));
    assert!(took >= secs(29), "it ended after {took:?}");
    let until = Timestamp(room.wall().0 + 60_000);
    room.sets_until("alice", "away", Some(until));
    room.closes("alice");
    room.restarts_relay();
    room.passes(secs(120));
    room.opens("alice", "phone");
    room.until_up("bob");
    assert_eq!(room.sees("bob", "alice"), "available");
}

/// M12: leases and statuses do not care for a wall clock that is set.
pub fn a_wall_clock_that_jumps_makes_nobody_leave() {
    let mut room = alice_and_bob();
    for jump in [86_400_000, -172_800_000, 3_600_000] {
        room.wall_clock_jumps(jump);
        assert_eq!(room.sees_during("bob", "alice", secs(40)), ["available"]);
        room.writes("alice", "bob", "still here");
    }
    assert_eq!(room.reads("bob", "alice").len(), 3);
}

/// R5 of the bounds, X2: the invisible are offline to everyone else, frame by frame, and see everything themselves.
pub fn invisible_equals_offline_frame_by_frame() {
    let story = |coming: fn(&mut Room), leaving: fn(&mut Room)| {
        let mut room = alice_and_bob();
        coming(&mut room);
        room.passes(ms(40_000 - room.clock()));
        room.frames("bob");
        let begun = room.clock();
        leaving(&mut room);
        // However long the leaving took, what follows happens at the same moments.
        room.passes(ms(begun + 20_000 - room.clock()));
        room.writes("bob", "alice", "are you there?");
        room.passes(secs(10));
        let with_bob = presentity("bob").0;
        if room.device("alice/phone").agent.is_some() {
            room.hands("alice/phone", lamplight_core::agent::Input::Active);
            assert_eq!(room.reads("alice/phone", "bob"), ["are you there?"]);
            room.wants(
                "alice/phone",
                lamplight_core::agent::Intent::Seen { with: with_bob },
            );
            room.closes("alice/phone");
        }
        room.passes(ms(begun + 90_000 - room.clock()));
        room.reloads("bob");
        room.passes(secs(10));
        let frames = room
            .frames("bob")
            .into_iter()
            .filter(|(_, frame)| !matches!(frame, ToAgent::Pong { .. } | ToAgent::Welcome { .. }));
        let told: Vec<_> = frames
            .map(|(at, frame)| (at - begun, without_moments(frame)))
            .collect();
        (told, room.marks("bob", "alice"), room.sees("bob", "alice"))
    };
    let invisible = story(
        |room| room.opens("alice", "phone"),
        |room| room.sets("alice/laptop", "invisible: canary"),
    );
    let offline = story(
        |_| (),
        |room| {
            room.signs_out("alice/laptop");
            room.closes("alice/laptop");
        },
    );
    assert_eq!(invisible.1, offline.1);
    assert_eq!(invisible.2, "offline");
    assert_eq!(invisible.0, offline.0);
    let frames: Vec<ToAgent> = invisible.0.into_iter().map(|(_, frame)| frame).collect();
    assert!(!mentions(&frames, "canary"));
}

/// R5 of the bounds: who is invisible sees the others, and is told that they are.
pub fn the_invisible_see_and_know_that_they_are() {
    let mut room = alice_and_bob();
    room.sets("alice", "invisible");
    assert_eq!(room.sees("bob", "alice"), "offline");
    assert_eq!(room.sees("alice", "bob"), "available");
    assert_eq!(room.agent("alice").me().choice, Some(Choice::Invisible));
    room.passes(secs(2));
    room.sets("alice", "available");
    assert_eq!(room.sees("bob", "alice"), "available");
}

/// W6: a publish of the same value tells nobody anything.
pub fn an_equal_publish_makes_no_notification() {
    let mut room = Room::new();
    let (alice, bob) = seen_by_hand(&mut room);
    let tuple = device_tuple("tab", Some("same"));
    room.asks_relay(
        alice,
        &ToService::Publish {
            tuple: tuple.clone(),
            of: None,
        },
    );
    room.passes(secs(3));
    assert_eq!(views(&room.hears(bob), "alice").len(), 1);
    for _ in 0..3 {
        assert_eq!(
            codes(&room.asks_relay(
                alice,
                &ToService::Publish {
                    tuple: tuple.clone(),
                    of: None
                }
            )),
            []
        );
        room.passes(secs(3));
    }
    assert!(views(&room.hears(bob), "alice").is_empty());
}

/// Alice and Bob on lines that the test holds; Bob watches Alice, who lets him.
fn seen_by_hand(
    room: &mut Room,
) -> (
    lamplight_core::address::SessionId,
    lamplight_core::address::SessionId,
) {
    let alice = comes_by_hand(room, "alice");
    let bob = comes_by_hand(room, "bob");
    let allow = ToService::SetAccess {
        number: 1,
        watcher: room.principal("bob"),
        decision: Some(Decision::Allow),
        of: None,
    };
    room.asks_relay(alice, &allow);
    room.asks_relay(bob, &subscribe(1, &["alice"]));
    room.passes(secs(2));
    room.hears(bob);
    (alice, bob)
}

/// R7 of the bounds, W6: the first change at once, then at most one a second, and the last value always.
pub fn quick_changes_come_at_most_once_a_second_and_the_last_one_always() {
    let mut room = Room::new();
    let (alice, bob) = seen_by_hand(&mut room);
    let begun = room.clock();
    for n in 0..12 {
        let tuple = device_tuple("tab", Some(&format!("note {n}")));
        room.writes_frame(alice, &ToService::Publish { tuple, of: None });
        room.passes(ms(250));
    }
    room.passes(secs(3));
    let told: Vec<(u64, ToAgent)> = room.hears_when(bob);
    let moments: Vec<u64> = told.iter().map(|(at, _)| at - begun).collect();
    assert!(
        moments[0] < 100,
        "the first change waited until {}",
        moments[0]
    );
    assert!((3..=5).contains(&moments.len()), "{moments:?}");
    for pair in moments.windows(2) {
        assert!(pair[1] - pair[0] >= 1_000, "{moments:?}");
    }
    let last: Vec<ToAgent> = told
        .last()
        .into_iter()
        .map(|(_, frame)| frame.clone())
        .collect();
    assert!(mentions(&last, "note 11"));
}

/// W7: whoever comes late, fetches or followed everything sees the same.
pub fn followers_latecomers_and_fetchers_see_the_same() {
    let mut room = Room::new();
    let (alice, bob) = seen_by_hand(&mut room);
    let mut followed = None;
    for n in 0..6 {
        let tuple = device_tuple(&format!("tab-{}", n % 3), Some(&format!("note {n}")));
        room.asks_relay(alice, &ToService::Publish { tuple, of: None });
        if n == 3 {
            let tuple = device_tuple("tab-1", None).id;
            room.asks_relay(alice, &ToService::Withdraw { tuple, of: None });
        }
        room.passes(secs(2));
        followed = views(&room.hears(bob), "alice").pop().or(followed);
    }
    let late = super::support::comes_again(&mut room, "bob");
    let joined = views(&room.asks_relay(late, &subscribe(1, &["alice"])), "alice").pop();
    let fetch = ToService::Fetch {
        number: 2,
        presentities: vec![presentity("alice")],
    };
    let fetched = views(&room.asks_relay(late, &fetch), "alice").pop();
    assert!(followed.is_some());
    assert_eq!(followed, joined);
    assert_eq!(joined, fetched);
}

/// P10, I7: the address to write to comes with the presence.
pub fn the_inbox_to_write_to_comes_with_the_presence() {
    let mut room = Room::new();
    let (_, bob) = seen_by_hand(&mut room);
    let fetch = ToService::Fetch {
        number: 1,
        presentities: vec![presentity("alice")],
    };
    let seen = views(&room.asks_relay(bob, &fetch), "alice");
    let View::Shown(information) = &seen[0] else {
        panic!("bob sees alice: {seen:?}")
    };
    let inbox = information.inbox();
    assert_eq!(
        inbox,
        Some((
            crate::room::inbox("alice"),
            lamplight_core::presence::Basic::Open
        ))
    );
}

/// A hello and what follows it in the same breath: the last word on oneself is the newest.
pub fn what_is_published_with_the_hello_is_what_one_sees_of_oneself() {
    let mut room = Room::new();
    room.signs_up("alice");
    let alice = room.dials(lamplight_core::wire::Codec::Json);
    let hello = room.hello_of("alice", "laptop", None);
    room.writes_frame(alice, &hello);
    let tuple = device_tuple("tab", Some("here"));
    room.writes_frame(alice, &ToService::Publish { tuple, of: None });
    room.settles();
    room.passes(secs(3));
    let seen = views(&room.hears(alice), "alice");
    assert!(
        matches!(seen.last(), Some(View::Shown(information)) if information.is_present()),
        "{seen:?}"
    );
}
