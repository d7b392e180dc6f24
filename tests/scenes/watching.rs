//! Asking to see someone, and the answer: consent before presence, and every way in which it is given, withheld or taken back.

use lamplight_core::agent::Notice;
use lamplight_core::code::Code;
use lamplight_core::presence::View;
use lamplight_core::wire::{Decision, ToAgent, ToService};

use super::support::{codes, comes_again, comes_by_hand, device_tuple, mentions, subscribe, views};
use crate::room::{Room, ms, presentity, secs};

/// W4, R1: a stranger sees nothing until they are let.
pub fn a_stranger_is_asked_about_and_sees_nothing_before_the_answer() {
    let mut room = Room::new();
    room.arrive(&["alice", "bob"]);
    room.sets("alice", "busy: secret plans");
    room.watches("bob", "alice");
    assert_eq!(room.sees("bob", "alice"), "not shared yet");
    assert_eq!(room.is_asked_by("alice"), ["bob"]);
    room.allows("alice", "bob");
    assert_eq!(room.sees("bob", "alice"), "busy: secret plans");
    assert_eq!(room.is_asked_by("alice"), [""; 0]);
}

/// The person who is asked is told once, on every device.
pub fn a_request_is_told_once() {
    let mut room = Room::new();
    room.arrive(&["alice", "bob"]);
    room.opens("alice", "phone");
    room.watches("bob", "alice");
    room.adds("bob", "alice", Some("Ali"));
    let request = |notice: &Notice| matches!(notice, Notice::Request(..));
    for device in ["alice/laptop", "alice/phone"] {
        let told = room.notices(device);
        assert_eq!(
            told.iter().filter(|notice| request(notice)).count(),
            1,
            "{device}"
        );
        assert_eq!(room.is_asked_by(device), ["bob"]);
    }
    room.allows("alice/phone", "bob");
    assert_eq!(room.is_asked_by("alice/laptop"), [""; 0]);
}

/// R1: who is denied is told so and sees nothing; who is let again sees at once.
pub fn denial_is_told_and_can_be_taken_back() {
    let mut room = Room::new();
    room.arrive(&["alice", "bob"]);
    room.watches("bob", "alice");
    room.denies("alice", "bob");
    assert_eq!(room.sees("bob", "alice"), "not shared");
    room.allows("alice", "bob");
    assert_eq!(room.sees("bob", "alice"), "available");
}

/// R4: a decision reaches a standing subscription at once, not with the next change.
pub fn a_changed_decision_reaches_the_watcher_at_once() {
    let mut room = Room::new();
    room.arrive(&["alice", "bob"]);
    room.befriends("alice", "bob");
    room.frames("bob");
    room.denies("alice", "bob");
    let told = room.frames("bob");
    assert!(
        told.iter().any(|(_, frame)| matches!(frame, ToAgent::Notify { notifications }
            if matches!(&notifications[0].view, View::Ended(refusal) if refusal.code == Code::NotAllowed))),
        "{told:?}"
    );
    room.sets("alice", "busy: in a meeting");
    room.passes(secs(5));
    assert_eq!(room.frames("bob"), [], "nothing of alice comes any more");
}

/// R1: who is let before they ask sees at once when they do, and nobody is asked.
pub fn who_is_allowed_in_advance_is_not_asked_about() {
    let mut room = Room::new();
    room.arrive(&["alice", "bob"]);
    room.allows("alice", "bob");
    room.watches("bob", "alice");
    assert_eq!(room.sees("bob", "alice"), "available");
    assert_eq!(room.is_asked_by("alice"), [""; 0]);
    assert_eq!(room.notices("alice"), []);
}

/// R5: a request waits for someone who is away, and so does its answer.
pub fn a_request_and_its_answer_wait_for_those_who_are_away() {
    let mut room = Room::new();
    room.signs_up("alice");
    room.arrive(&["bob"]);
    room.watches("bob", "alice");
    assert_eq!(room.sees("bob", "alice"), "not shared yet");
    room.closes("bob");
    room.passes(secs(60));
    room.opens("alice", "laptop");
    assert_eq!(room.is_asked_by("alice"), ["bob"]);
    room.allows("alice", "bob");
    room.opens("bob", "phone");
    assert_eq!(room.sees("bob", "alice"), "available");
}

/// R5: the rules decide for a watcher also while nobody of the presentity is there, and after a restart.
pub fn decisions_outlive_the_relay() {
    let mut room = Room::new();
    room.arrive(&["alice", "bob", "carol"]);
    room.befriends("alice", "bob");
    room.watches("carol", "alice");
    room.denies("alice", "carol");
    room.closes("alice");
    room.restarts_relay();
    room.until_up("bob");
    room.until_up("carol");
    room.passes(secs(60));
    assert_eq!(room.sees("bob", "alice"), "offline");
    assert_eq!(room.sees("carol", "alice"), "not shared");
    room.opens("alice", "laptop");
    assert_eq!(room.sees("bob", "alice"), "available");
    assert_eq!(room.sees("carol", "alice"), "not shared");
}

/// W5: contacts are of the principal: they come to every device, now and later, with their petname.
pub fn a_contact_is_on_every_device() {
    let mut room = Room::new();
    room.arrive(&["alice", "bob"]);
    room.opens("bob", "phone");
    room.adds("bob/laptop", "alice", Some("Ali"));
    room.allows("alice", "bob");
    room.opens("bob", "tablet");
    for device in ["bob/laptop", "bob/phone", "bob/tablet"] {
        assert_eq!(room.sees(device, "alice"), "available", "{device}");
        let row = room.agent(device).row(&presentity("alice").0);
        assert_eq!(row.map(|row| row.name), Some("Ali".to_owned()), "{device}");
    }
    room.removes("bob/phone", "alice");
    for device in ["bob/laptop", "bob/phone", "bob/tablet"] {
        assert_eq!(room.sees(device, "alice"), "no row", "{device}");
    }
}

/// W5: unsubscribing stops everything of that presentity, at once and for good.
pub fn unsubscribing_stops_at_once() {
    let mut room = Room::new();
    room.arrive(&["alice", "bob"]);
    room.befriends("alice", "bob");
    room.removes("bob", "alice");
    room.frames("bob");
    room.sets("alice", "busy: canary");
    room.passes(secs(30));
    let frames: Vec<ToAgent> = room
        .frames("bob")
        .into_iter()
        .map(|(_, frame)| frame)
        .collect();
    assert!(
        !mentions(&frames, "canary") && views(&frames, "alice").is_empty(),
        "{frames:?}"
    );
    room.watches("bob", "alice");
    assert_eq!(
        room.sees("bob", "alice"),
        "busy: canary",
        "the permission still stands"
    );
}

/// W5: a request is taken back with the contact.
pub fn a_request_is_taken_back_with_the_contact() {
    let mut room = Room::new();
    room.arrive(&["alice", "bob"]);
    room.watches("bob", "alice");
    assert_eq!(room.is_asked_by("alice"), ["bob"]);
    room.removes("bob", "alice");
    assert_eq!(room.is_asked_by("alice"), [""; 0]);
}

/// W4: one frame subscribes to many, and their first states come together.
pub fn one_request_watches_many() {
    let mut room = Room::new();
    let bob = comes_by_hand(&mut room, "bob");
    for name in ["p1", "p2", "p3"] {
        let session = comes_by_hand(&mut room, name);
        let allow = ToService::SetAccess {
            number: 1,
            watcher: room.principal("bob"),
            decision: Some(Decision::Allow),
            of: None,
        };
        room.asks_relay(session, &allow);
    }
    let frames = room.asks_relay(bob, &subscribe(1, &["p1", "p2", "p3"]));
    let notifies = frames
        .iter()
        .filter(|frame| matches!(frame, ToAgent::Notify { .. }));
    assert_eq!(notifies.count(), 1);
    for name in ["p1", "p2", "p3"] {
        assert!(
            matches!(views(&frames, name)[..], [View::Shown(_)]),
            "{name}"
        );
    }
}

/// W2: a fetch of many answers once for each, by the same rules, and leaves no subscription behind.
pub fn a_fetch_answers_by_the_same_rules_and_subscribes_to_nothing() {
    let mut room = Room::new();
    let bob = comes_by_hand(&mut room, "bob");
    let mut lines = Vec::new();
    for (name, decision) in [
        ("open", Some(Decision::Allow)),
        ("shut", Some(Decision::Deny)),
        ("silent", None),
    ] {
        let session = comes_by_hand(&mut room, name);
        let watcher = room.principal("bob");
        let access = ToService::SetAccess {
            number: 1,
            watcher,
            decision,
            of: None,
        };
        room.asks_relay(session, &access);
        let tuple = device_tuple("tab", Some("canary"));
        room.asks_relay(session, &ToService::Publish { tuple, of: None });
        lines.push(session);
    }
    let fetch = ToService::Fetch {
        number: 5,
        presentities: ["open", "shut", "silent"].map(presentity).to_vec(),
    };
    let frames = room.asks_relay(bob, &fetch);
    assert!(matches!(&views(&frames, "open")[..], [View::Shown(seen)] if seen.is_present()));
    assert!(
        matches!(&views(&frames, "shut")[..], [View::Ended(refusal)] if refusal.code == Code::NotAllowed)
    );
    assert_eq!(views(&frames, "silent"), [View::Pending]);
    let asked = room.hears(lines[2]);
    assert!(
        !asked
            .iter()
            .any(|frame| matches!(frame, ToAgent::Requested { .. })),
        "a fetch asks nobody"
    );
    let tuple = device_tuple("tab", Some("changed"));
    room.asks_relay(lines[0], &ToService::Publish { tuple, of: None });
    room.passes(secs(5));
    assert!(views(&room.hears(bob), "open").is_empty());
}

/// X2, F21: to the blocked, someone who blocks is someone who has gone: the same frames at the same moments.
pub fn blocking_looks_like_going_offline() {
    let story = |room: &mut Room, leaving: fn(&mut Room)| {
        room.arrive(&["alice", "bob"]);
        room.device("alice").latency = 10;
        room.befriends("alice", "bob");
        room.sets("alice", "busy: canary one");
        room.passes(secs(5));
        room.frames("bob");
        let begun = room.clock();
        leaving(room);
        // However long the leaving took, what follows happens at the same moments.
        room.passes(ms(begun + 30_000 - room.clock()));
        room.writes("bob", "alice", "are you there?");
        room.passes(secs(30));
        room.sets("bob", "away");
        room.passes(secs(30));
        let frames = room.frames("bob");
        let of_alice = |(_, frame): &(u64, ToAgent)| !matches!(frame, ToAgent::Pong { .. });
        let frames = frames.into_iter().filter(of_alice);
        frames
            .map(|(at, frame)| (at - begun, without_moments(frame)))
            .collect::<Vec<_>>()
    };
    let blocked = story(&mut Room::new(), |room| {
        room.blocks("alice", "bob");
        room.sets("alice", "busy: canary two");
    });
    let offline = story(&mut Room::new(), |room| {
        room.signs_out("alice");
    });
    assert_eq!(blocked, offline);
    let frames: Vec<ToAgent> = blocked.into_iter().map(|(_, frame)| frame).collect();
    assert!(!mentions(&frames, "canary"));
}

/// The same frame with the moments at which things were set made equal: two runs need not agree on the millisecond.
pub(super) fn without_moments(frame: ToAgent) -> ToAgent {
    use lamplight_core::time::Timestamp;
    let calm = |mut notification: lamplight_core::presence::Notification| {
        if let View::Shown(information) = &mut notification.view {
            information.since = Timestamp(information.since.0 / 1_000);
        }
        notification
    };
    match frame {
        ToAgent::Notify { notifications } => ToAgent::Notify {
            notifications: notifications.into_iter().map(calm).collect(),
        },
        ToAgent::Fetched {
            number,
            notifications,
        } => ToAgent::Fetched {
            number,
            notifications: notifications.into_iter().map(calm).collect(),
        },
        other => other,
    }
}

/// X2: someone who has asked and is blocked is someone who waits for an answer, for ever.
pub fn a_blocked_stranger_waits_for_ever() {
    let mut room = Room::new();
    room.arrive(&["alice", "bob"]);
    room.watches("bob", "alice");
    room.blocks("alice", "bob");
    assert_eq!(room.sees("bob", "alice"), "not shared yet");
    room.sets("alice", "busy: canary");
    room.reloads("alice");
    room.closes("alice");
    room.passes(secs(60));
    room.opens("alice", "phone");
    assert_eq!(room.sees("bob", "alice"), "not shared yet");
    let frames: Vec<ToAgent> = room
        .frames("bob")
        .into_iter()
        .map(|(_, frame)| frame)
        .collect();
    assert!(!mentions(&frames, "canary"));
    let told = views(&frames, "alice");
    assert_eq!(
        told,
        [View::Pending],
        "nothing that alice did was to be seen"
    );
}

/// X2, I1: the blocked get the answers that others get: to a fetch, to a new subscription, after a reconnect.
pub fn the_blocked_find_the_same_wherever_they_ask() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    let block = ToService::SetAccess {
        number: 1,
        watcher: room.principal("bob"),
        decision: Some(Decision::Block),
        of: None,
    };
    room.asks_relay(alice, &block);
    let tuple = device_tuple("tab", Some("canary"));
    room.asks_relay(alice, &ToService::Publish { tuple, of: None });
    let fetch = ToService::Fetch {
        number: 2,
        presentities: vec![presentity("alice")],
    };
    let fetched = views(&room.asks_relay(bob, &fetch), "alice");
    let subscribed = views(&room.asks_relay(bob, &subscribe(3, &["alice"])), "alice");
    room.hangs_up(bob);
    let bob = comes_again(&mut room, "bob");
    let again = views(&room.asks_relay(bob, &subscribe(4, &["alice"])), "alice");
    assert_eq!((&fetched, &subscribed), (&subscribed, &again));
    assert_eq!(fetched, [View::Pending]);
    let heard = room.hears(alice);
    assert_eq!(codes(&heard), []);
    let is_asked = |frame: &ToAgent| matches!(frame, ToAgent::Requested { .. });
    assert!(!heard.iter().any(is_asked), "nobody is asked about him");
}
