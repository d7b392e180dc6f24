//! Coming and going: a device is there while its line lives, a reload is seen by nobody, and each way of going has its bound.

use lamplight_core::code::Code;
use lamplight_core::presence::View;
use lamplight_core::wire::{Decision, ToService};

use super::support::{comes_by_hand, device_tuple, subscribe, views};
use crate::room::{Room, ms, secs};

fn alice_and_bob() -> Room {
    let mut room = Room::new();
    room.arrive(&["alice", "bob"]);
    room.befriends("alice", "bob");
    room.passes(secs(5));
    room
}

/// DESIGN 2.3: a reload within the grace is seen by nobody.
pub fn a_reload_is_seen_by_nobody() {
    let mut room = alice_and_bob();
    room.frames("bob");
    for pause in [0, 500, 8_000] {
        room.reloads_after("alice", ms(pause));
        assert_eq!(
            room.sees_during("bob", "alice", secs(60)),
            ["available"],
            "{pause} ms"
        );
    }
    let told = room.frames("bob");
    let told: Vec<_> = told.into_iter().map(|(_, frame)| frame).collect();
    assert!(views(&told, "alice").is_empty(), "{told:?}");
}

/// R2 of the bounds: a closed tab is seen as gone within 12 s, and not before its grace.
pub fn a_closed_tab_is_gone_within_twelve_seconds() {
    let mut room = alice_and_bob();
    room.closes("alice");
    let took = room.until_sees("bob", "alice", "offline", secs(12));
    assert!(
        took >= secs(9),
        "gone after {took:?}: a reload would have been seen"
    );
}

/// R2 of the bounds: a line that breaks is the same as one that is closed, if nobody comes back.
pub fn a_broken_line_is_gone_within_twelve_seconds() {
    let mut room = alice_and_bob();
    room.loses_line("alice");
    room.device("alice").reachable = false;
    room.until_sees("bob", "alice", "offline", secs(12));
}

/// R2 of the bounds, M1: a line that falls silent is seen as gone within 45 s, whenever that happens.
pub fn a_silent_cut_is_gone_within_forty_five_seconds() {
    for wait in [0, 1, 7, 13, 19, 20, 25] {
        let mut room = alice_and_bob();
        room.passes(secs(wait));
        room.cuts("alice");
        room.until_sees("bob", "alice", "offline", secs(45));
    }
}

/// R2 of the bounds: who comes back over another line within the grace was never away.
pub fn coming_back_within_the_grace_is_seen_by_nobody() {
    let mut room = alice_and_bob();
    room.loses_line("alice");
    assert_eq!(room.sees_during("bob", "alice", secs(60)), ["available"]);
    assert!(room.is_up("alice"));
}

/// R3 of the bounds, M2: a page whose thread is stuck is not gone, for its browser answers.
pub fn a_stuck_page_is_not_gone() {
    let mut room = alice_and_bob();
    room.is_stuck("alice", secs(20));
    assert_eq!(room.sees_during("bob", "alice", secs(60)), ["available"]);
}

/// M1: a line that is only slow for a while is not gone.
pub fn a_line_that_freezes_for_a_moment_is_not_gone() {
    let mut room = alice_and_bob();
    room.freezes("alice");
    room.passes(secs(8));
    room.thaws("alice");
    assert_eq!(room.sees_during("bob", "alice", secs(60)), ["available"]);
}

/// DESIGN 9: a sign-out is seen within a second.
pub fn a_sign_out_is_seen_at_once() {
    let mut room = alice_and_bob();
    room.signs_out("alice");
    room.until_sees("bob", "alice", "offline", secs(1));
}

/// DESIGN 5: a login that is revoked closes its lines within two seconds, and no frame follows.
pub fn a_revoked_login_is_out_at_once() {
    let mut room = alice_and_bob();
    room.is_signed_out_everywhere("alice");
    room.until_sees("bob", "alice", "offline", secs(2));
    room.until(secs(30), |room| room.device("alice").signed_out.is_some());
    let code = room.device("alice").signed_out;
    assert!(
        matches!(code, Some(Code::SignedOut | Code::NotSignedIn)),
        "{code:?}"
    );
    room.frames("alice");
    room.sets("bob", "busy");
    room.passes(secs(60));
    assert_eq!(room.frames("alice"), []);
}

/// P2: withdrawing a tuple takes it away at once; the others of the session stay.
pub fn a_withdrawn_tuple_is_gone_at_once() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    let allow = ToService::SetAccess {
        number: 1,
        watcher: room.principal("bob"),
        decision: Some(Decision::Allow),
        of: None,
    };
    room.asks_relay(alice, &allow);
    room.asks_relay(bob, &subscribe(1, &["alice"]));
    for id in ["one", "two"] {
        room.asks_relay(
            alice,
            &ToService::Publish {
                tuple: device_tuple(id, None),
                of: None,
            },
        );
    }
    room.passes(secs(3));
    room.hears(bob);
    let tuple = device_tuple("one", None).id;
    room.asks_relay(alice, &ToService::Withdraw { tuple, of: None });
    let devices = |view: &View| match view {
        View::Shown(information) => {
            let names = information
                .tuples
                .iter()
                .map(|tuple| tuple.id.as_str().to_owned());
            names.filter(|name| name != "inbox").collect::<Vec<_>>()
        }
        _ => Vec::new(),
    };
    let seen = views(&room.hears(bob), "alice");
    assert_eq!(
        seen.iter().map(devices).collect::<Vec<_>>(),
        [vec!["two".to_owned()]]
    );
}

/// DESIGN 9, R2 of the bounds: after a relay's crash nobody is there by mistake: unknown for at most 30 s, then offline.
pub fn after_a_crash_the_absent_are_unknown_then_offline() {
    let mut room = alice_and_bob();
    room.device("alice").reachable = false;
    room.kills_relay(0);
    room.starts_relay();
    let started = room.clock();
    room.until_up("bob");
    let seen = room.sees("bob", "alice");
    let up_after = room.clock() - started;
    if up_after < 30_000 {
        assert_eq!(seen, "unknown");
    }
    let left = 30_000_u64.saturating_sub(up_after) + 500;
    room.until_sees("bob", "alice", "offline", ms(left));
}

/// DESIGN 9: who is back before the relay has settled was only unknown.
pub fn after_a_crash_those_who_come_back_are_there() {
    let mut room = alice_and_bob();
    room.kills_relay(0);
    room.starts_relay();
    room.until_up("bob");
    room.until_up("alice");
    let seen = room.sees_during("bob", "alice", secs(60));
    assert!(!seen.contains(&"offline".to_owned()), "{seen:?}");
    assert_eq!(seen.last().map(String::as_str), Some("available"));
}

/// S1, R5 of the bounds: when someone was last there is kept over a restart.
pub fn when_someone_was_last_there_is_kept() {
    let mut room = alice_and_bob();
    let left = room.wall();
    room.closes("alice");
    room.passes(secs(60));
    room.restarts_relay();
    room.passes(secs(60));
    room.until_up("bob");
    let person = room.person("bob", "alice");
    let lamplight_core::person::Reason::Absent(since) = person.reason else {
        panic!("alice is offline: {person:?}")
    };
    assert!(
        since.since(left) < secs(15) && left.since(since) < secs(15),
        "{since:?}, {left:?}"
    );
}

/// M4: a relay that is stopped in order says so, and those who come back in time were never away.
pub fn a_restart_in_order_is_seen_by_nobody() {
    let mut room = alice_and_bob();
    room.drains_relay();
    room.starts_relay();
    let seen = room.sees_during("bob", "alice", secs(60));
    assert!(
        !seen.iter().any(|word| word.starts_with("offline")),
        "{seen:?}"
    );
    assert_eq!(seen.last().map(String::as_str), Some("available"));
}

/// M13: a relay that was held up itself does not take everyone for gone.
pub fn a_relay_that_was_held_up_takes_nobody_for_gone() {
    let mut room = alice_and_bob();
    room.relay_is_stuck(secs(60));
    let seen = room.sees_during("bob", "alice", secs(120));
    assert!(
        !seen.iter().any(|word| word.starts_with("offline")),
        "{seen:?}"
    );
    assert_eq!(seen.last().map(String::as_str), Some("available"));
}

/// M13: a relay that goes on after a standstill does not judge by the first thing it hears: the others' pongs wait behind it.
pub fn a_relay_that_goes_on_hears_everyone_before_it_judges() {
    for moment in (0..150).step_by(4) {
        let mut room = Room::new();
        let alice = comes_by_hand(&mut room, "alice");
        let bob = comes_by_hand(&mut room, "bob");
        room.passes(ms(19_900 + moment));
        room.writes_frame(alice, &ToService::Ping { number: 1 });
        room.relay_is_stuck(secs(40));
        room.passes(secs(60));
        for session in [alice, bob] {
            assert!(!room.is_closed(session), "closed, from {moment} ms on");
        }
    }
}

/// B5: a session that answers no pings is closed.
pub fn a_session_that_answers_no_pings_is_closed() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    room.falls_deaf(alice);
    room.until(secs(35), |room| room.is_closed(alice));
}

/// A line that only answers pings stays.
pub fn a_session_that_answers_pings_stays() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    room.passes(secs(600));
    assert!(!room.is_closed(alice));
}
