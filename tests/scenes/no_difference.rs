//! Someone who left, someone who is invisible and someone who politely blocks: whoever watches finds no difference, wherever they
//! look and whatever they do (F21, X2).

use lamplight_core::address::SessionId;
use lamplight_core::message::Receipt;
use lamplight_core::presence::{Activity, PresenceTuple, View};
use lamplight_core::rules::{Visibility, Who};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Decision, Doing, ToAgent, ToService};

use super::support::{
    comes_again, comes_by_hand, contact, decide, device_tuple, does, entries, fetch, hand_tuple,
    mentions, message, note, publishes, rule, rules, subscribe, unsubscribe, word,
};
use crate::room::{Room, inbox, ms, presentity, secs};

/// What becomes of alice at the moment T.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Leaves,
    Hides,
    Blocks,
}

/// How alice lets bob see her before.
type Letting = fn(&mut Room, SessionId);

const MINUTE: u64 = 60_000;

/// Everything that came to bob, each with its moment, and what he was answered over HTTP.
type Found = Vec<(u64, ToAgent)>;

/// The frame without what two runs need not have in common: numbers of sessions, and the milliseconds of moments: whether somebody
/// is in memory or is read from the disk makes one.
fn normal(frame: ToAgent) -> ToAgent {
    match super::watching::without_moments(frame) {
        ToAgent::Welcome {
            version,
            you,
            class,
            server,
            resume,
            head,
            announced,
            by,
            ..
        } => ToAgent::Welcome {
            version,
            you,
            class,
            server,
            session: SessionId(0),
            now: Timestamp(0),
            resume,
            head,
            announced,
            by,
        },
        ToAgent::Deliver { entries, up_to } => ToAgent::Deliver {
            entries: entries
                .into_iter()
                .map(|mut entry| {
                    entry.at = Timestamp(entry.at.0 / 1_000);
                    entry
                })
                .collect(),
            up_to,
        },
        ToAgent::Receipt { id, receipt } => ToAgent::Receipt {
            id,
            receipt: match receipt {
                Receipt::Accepted(seq, at) => Receipt::Accepted(seq, Timestamp(at.0 / 1_000)),
                refused @ Receipt::Refused(_) => refused,
            },
        },
        other => other,
    }
}

/// Waits for a moment of the story, so that the same things happen at the same moments in every run.
fn at(room: &mut Room, begun: u64, moment: u64) {
    room.passes(ms(begun + moment - room.clock()));
}

fn says_by_hand(room: &mut Room, alice: SessionId, activity: Activity, since: Timestamp) {
    let mut tuple: PresenceTuple = hand_tuple(activity, since);
    tuple.status.note = Some(note("canary"));
    publishes(room, alice, tuple);
}

/// Alice goes on with her life, as far as she is there: her status, her devices, her reading and her typing.
fn alice_lives(room: &mut Room, alice: Option<SessionId>, fate: Fate, turn: u64) {
    let Some(alice) = alice else {
        return;
    };
    let frames = room.hears(alice);
    if let Some(last) = entries(&frames).last() {
        room.says(alice, &ToService::Acknowledge { up_to: last.seq });
        let read = ToService::MarkRead {
            with: presentity("bob").0,
            up_to: last.seq,
        };
        room.says(alice, &read);
    }
    let typing = ToService::Signal {
        to: inbox("bob"),
        doing: Doing::Typing,
        from: None,
    };
    room.says(alice, &typing);
    let second = device_tuple("second", Some(&format!("canary {turn}")));
    publishes(room, alice, second);
    if fate == Fate::Blocks {
        let wall = room.wall();
        says_by_hand(room, alice, Activity::Busy, wall);
    }
}

/// What bob finds: he subscribes, fetches, writes, types, looks over HTTP, comes again and waits.
fn story(letting: Letting, fate: Fate, restarts: bool) -> (Found, Vec<View>) {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    publishes(&mut room, alice, device_tuple("tab", None));
    // Someone who is there all the time: what comes with her comes with alice, or not.
    let carol = comes_by_hand(&mut room, "carol");
    does(&mut room, carol, &decide("bob", Some(Decision::Allow)));
    let bob = comes_by_hand(&mut room, "bob");
    does(&mut room, bob, &contact("carol", None));
    letting(&mut room, alice);
    does(&mut room, bob, &contact("alice", None));
    does(&mut room, bob, &decide("alice", Some(Decision::Allow)));
    let open = message(1, "alice", "hello");
    room.asks_relay(bob, &open);
    let begun = MINUTE * 5;
    room.passes(ms(begun - room.clock()));
    room.hears(alice);
    room.hears(bob);

    let mut there = match fate {
        Fate::Leaves => {
            room.says(alice, &ToService::Bye);
            None
        }
        Fate::Hides => {
            let wall = room.wall();
            says_by_hand(&mut room, alice, Activity::Invisible, wall);
            Some(alice)
        }
        Fate::Blocks => {
            does(&mut room, alice, &decide("bob", Some(Decision::Block)));
            Some(alice)
        }
    };
    let (mut found, mut looked, mut bob) = (Vec::new(), Vec::new(), bob);
    for turn in 0..4 {
        let base = turn * 10 * MINUTE + MINUTE;
        let step = |room: &mut Room, n: u64| at(room, begun, base + n * 20_000);
        step(&mut room, 0);
        alice_lives(&mut room, there, fate, turn);
        step(&mut room, 1);
        room.says(bob, &fetch(&["alice"]));
        step(&mut room, 2);
        for n in 0..15 {
            let id = u128::from(100 * turn + n + 2);
            room.writes_frame(bob, &message(id, "alice", "are you there?"));
        }
        room.settles();
        step(&mut room, 3);
        alice_lives(&mut room, there, fate, turn + 10);
        let typing = ToService::Signal {
            to: inbox("alice"),
            doing: Doing::Typing,
            from: None,
        };
        step(&mut room, 4);
        room.says(bob, &typing);
        step(&mut room, 5);
        room.says(bob, &unsubscribe("alice"));
        room.says(bob, &contact("alice", None));
        step(&mut room, 6);
        let hide = ToService::SetVisibility {
            number: 9,
            presentity: Some(presentity("alice")),
            visibility: (turn % 2 == 0).then_some(Visibility::Hidden),
        };
        room.says(bob, &hide);
        step(&mut room, 7);
        for who in [Some("bob"), None] {
            let views = room.looks_up(who, Some("shop.example"), &["alice"]);
            looked.extend(views.expect("there is an answer"));
        }
        found.extend(room.hears_when(bob));
        step(&mut room, 8);
        if turn == 1 {
            // A device of hers that comes and goes is seen by nobody either.
            if there.is_some() {
                let phone = comes_again(&mut room, "alice");
                publishes(&mut room, phone, device_tuple("phone", None));
                room.hangs_up(phone);
            }
            step(&mut room, 9);
        }
        if turn == 2 && restarts {
            room.restarts_relay();
            comes_again(&mut room, "carol");
            there = there.map(|_| comes_again(&mut room, "alice"));
            if let Some(alice) = there {
                publishes(&mut room, alice, device_tuple("tab", None));
            }
            at(&mut room, begun, base + 4 * MINUTE);
        }
        room.hangs_up(bob);
        at(&mut room, begun, base + 5 * MINUTE);
        bob = room.logs_in("bob", "by-hand", None);
        at(&mut room, begun, base + 6 * MINUTE);
        room.says(bob, &subscribe(3, &["alice"]));
    }
    at(&mut room, begun, 60 * MINUTE);
    room.passes(secs(3_600));
    found.extend(room.hears_when(bob));
    let found = found.into_iter();
    let found: Found = found
        .map(|(at, frame)| ((at - begun) / 1_000, normal(frame)))
        .collect();
    let calm = |view: View| match view {
        View::Shown(mut information) => {
            information.since = Timestamp(information.since.0 / 1_000);
            View::Shown(information)
        }
        other => other,
    };
    (found, looked.into_iter().map(calm).collect())
}

fn no_difference(letting: Letting, restarts: bool, looks: [&str; 2]) {
    let left = story(letting, Fate::Leaves, restarts);
    let words: Vec<_> = left.1.iter().map(word).collect();
    assert_eq!(words, [looks; 4].concat());
    assert!(left.0.len() > 50, "bob found something at all");
    for fate in [Fate::Hides, Fate::Blocks] {
        let other = story(letting, fate, restarts);
        for (one, other) in left.0.iter().zip(&other.0) {
            assert_eq!(one, other, "{fate:?}");
        }
        assert_eq!(left.0.len(), other.0.len(), "{fate:?}");
        assert_eq!(left.1, other.1, "{fate:?}");
        let frames: Vec<_> = other.0.into_iter().map(|(_, frame)| frame).collect();
        assert!(!mentions(&frames, "canary"));
    }
}

/// A decision about bob lets him see everything, and she keeps him as a contact.
fn as_a_friend(room: &mut Room, alice: SessionId) {
    does(room, alice, &contact("bob", None));
    does(room, alice, &decide("bob", Some(Decision::Allow)));
}

/// A rule lets everyone see whether she is available.
fn by_a_rule(room: &mut Room, alice: SessionId) {
    does(room, alice, &contact("bob", None));
    let open = vec![rule(Who::Anyone, Decision::Availability)];
    does(room, alice, &rules(open));
}

/// F21, X2: to someone who saw everything, she has left, whichever of the three she did.
pub fn who_saw_everything_finds_no_difference() {
    no_difference(as_a_friend, false, ["offline", "not_allowed"]);
}

/// F21, X2: nor does a restart of the relay make one.
pub fn a_restart_makes_no_difference() {
    no_difference(as_a_friend, true, ["offline", "not_allowed"]);
}

/// F21, X2: to someone who saw whether she is available, she is not, whichever of the three she did.
pub fn who_saw_the_availability_finds_no_difference() {
    no_difference(by_a_rule, false, ["not available"; 2]);
}

/// X2, X4: a stranger who writes, hastily or patiently, gets the same answers whether their letters wait or they are blocked.
pub fn a_stranger_cannot_tell_waiting_from_being_blocked() {
    let answers = |decision: Option<Decision>| {
        let mut room = Room::new();
        let alice = comes_by_hand(&mut room, "alice");
        let mallory = comes_by_hand(&mut room, "mallory");
        does(&mut room, alice, &decide("mallory", decision));
        room.hears(mallory);
        for id in 1..=30 {
            room.writes_frame(mallory, &message(id, "alice", "hello?"));
        }
        room.settles();
        for id in 31..=90 {
            room.passes(secs(6));
            room.says(mallory, &message(id, "alice", "hello?"));
        }
        let heard = room.hears_when(mallory);
        let heard = heard.into_iter();
        heard
            .map(|(at, frame)| (at, normal(frame)))
            .collect::<Vec<_>>()
    };
    let waiting = answers(None);
    assert_eq!(waiting, answers(Some(Decision::Block)));
    let frames: Vec<_> = waiting.into_iter().map(|(_, frame)| frame).collect();
    assert_eq!(super::support::accepted(&frames).len(), 70);
}
