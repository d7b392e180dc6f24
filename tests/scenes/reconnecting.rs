//! Lines that go and come back: nothing is lost on the way, nothing comes twice, and what was said meanwhile is said then.

use std::collections::{BTreeMap, BTreeSet};

use lamplight_core::agent::LinkView;
use lamplight_core::code::Code;
use lamplight_core::wire::{Resume, ToAgent};

use super::support::{entries, free_of_rates, resumes};
use crate::room::{Room, ms, presentity, secs};

fn alice_and_bob() -> Room {
    let mut room = Room::new();
    room.arrive(&["alice", "bob"]);
    room.befriends("alice", "bob");
    room.passes(secs(2));
    room
}

fn frames(room: &mut Room, who: &str) -> Vec<ToAgent> {
    let frames = room.frames(who).into_iter();
    frames.map(|(_, frame)| frame).collect()
}

/// DESIGN 2.5: after a short loss the log goes on after the cursor: what was missed, and not what was there.
pub fn a_lost_line_is_resumed_where_it_broke() {
    let mut room = alice_and_bob();
    room.writes("alice", "bob", "zero");
    room.frames("bob");
    room.device("bob").reachable = false;
    room.loses_line("bob");
    for text in ["one", "two", "three"] {
        room.writes("alice", "bob", text);
    }
    room.device("bob").reachable = true;
    room.until_up("bob");
    let told = frames(&mut room, "bob");
    assert_eq!(resumes(&told), [Resume::Resumed]);
    assert_eq!(entries(&told).len(), 3);
    assert_eq!(room.unread("bob", "alice"), 4);
    assert_eq!(room.reads("bob", "alice"), ["zero", "one", "two", "three"]);
}

/// DESIGN 2.5: after a restore of the store what a device had means nothing: it is told, forgets and reads anew.
pub fn a_restored_store_is_told_and_read_anew() {
    let mut room = alice_and_bob();
    room.writes("alice", "bob", "kept");
    assert_eq!(room.reads("bob", "alice"), ["kept"]);
    let backup = room.disk.store.clone();
    room.writes("alice", "bob", "after the backup");
    assert_eq!(room.reads("bob", "alice").len(), 2);
    room.kills_relay(0);
    room.disk.store = backup;
    room.disk.store.restored_as(77);
    room.frames("bob");
    room.device("bob").reachable = false;
    room.starts_relay();
    room.until_up("alice");
    // The new log is soon as long as the old one was: only its name tells that it is another.
    let since: Vec<_> = (1..=5).map(|n| format!("since {n}")).collect();
    for text in &since {
        room.writes("alice", "bob", text);
    }
    room.device("bob").reachable = true;
    room.until_up("bob");
    assert_eq!(resumes(&frames(&mut room, "bob")), [Resume::ResetEpoch]);
    let all: Vec<_> = std::iter::once("kept".to_owned()).chain(since).collect();
    assert_eq!(room.reads("bob", "alice"), all);
    assert_eq!(room.unread("bob", "alice"), 6);
}

/// DESIGN 2.5: who was away for too much is told so, and still finds every message and its count.
pub fn who_missed_too_much_is_reset_and_finds_everything() {
    let mut config = free_of_rates();
    config.limits.resume_span = 5;
    let mut room = Room::with(config);
    room.arrive_acquainted(&["alice", "bob"]);
    room.writes("alice", "bob", "m0");
    room.device("bob").reachable = false;
    room.loses_line("bob");
    for n in 1..=10 {
        room.writes("alice", "bob", &format!("m{n}"));
    }
    room.frames("bob");
    room.device("bob").reachable = true;
    room.until_up("bob");
    assert_eq!(resumes(&frames(&mut room, "bob")), [Resume::ResetTooFar]);
    assert_eq!(room.unread("bob", "alice"), 11);
    let all: Vec<_> = (0..=10).map(|n| format!("m{n}")).collect();
    assert_eq!(room.reads("bob", "alice"), all);
}

/// Page row 14: messages written without a line go out in their order when there is one again.
pub fn messages_written_offline_go_out_in_order() {
    let mut room = alice_and_bob();
    room.device("alice").reachable = false;
    room.loses_line("alice");
    room.settles();
    let texts = ["one", "two", "three"];
    for text in texts {
        room.writes("alice", "bob", text);
    }
    assert_eq!(
        room.marks("alice", "bob"),
        ["one: queued", "two: queued", "three: queued"]
    );
    assert_eq!(room.agent("alice").link().waiting, 3);
    assert_eq!(room.reads("bob", "alice"), [""; 0]);
    room.device("alice").reachable = true;
    room.until_up("alice");
    assert_eq!(room.reads("bob", "alice"), texts);
    assert_eq!(room.agent("alice").link().waiting, 0);
    assert_eq!(room.outbox("alice"), []);
}

/// Page row 14: the outbox outlives the page: a new one in its place sends what the old one kept.
pub fn messages_written_offline_outlive_a_reload() {
    let mut room = alice_and_bob();
    room.device("alice").reachable = false;
    room.loses_line("alice");
    room.settles();
    let texts = ["one", "two", "three"];
    for text in texts {
        room.writes("alice", "bob", text);
    }
    room.reloads("alice");
    assert_eq!(
        room.marks("alice", "bob"),
        ["one: queued", "two: queued", "three: queued"]
    );
    room.writes("alice", "bob", "four");
    room.device("alice").reachable = true;
    room.until_up("alice");
    assert_eq!(room.reads("bob", "alice"), ["one", "two", "three", "four"]);
    assert_eq!(room.outbox("alice"), []);
}

/// I1, I4: whenever the line breaks while messages go out, each arrives once and in order.
pub fn a_line_that_breaks_at_any_moment_loses_and_doubles_nothing() {
    for moment in 0..70 {
        let mut room = alice_and_bob();
        for text in ["one", "two", "three"] {
            room.writes_at_once("alice", "bob", text);
        }
        room.passes(ms(moment));
        room.loses_line("alice");
        room.writes_at_once("alice", "bob", "four");
        room.until_up("alice");
        assert_eq!(
            room.reads("bob", "alice"),
            ["one", "two", "three", "four"],
            "broken after {moment} ms"
        );
        assert_eq!(room.unread("bob", "alice"), 4, "broken after {moment} ms");
        assert_eq!(room.marks("alice", "bob").len(), 4);
        assert_eq!(room.outbox("alice"), []);
    }
}

/// I1, I4: whenever the receiver's line breaks while messages come in, each is there once, in order, and counted once.
pub fn a_receiver_that_breaks_off_at_any_moment_misses_and_doubles_nothing() {
    for moment in 0..70 {
        let mut room = alice_and_bob();
        for text in ["one", "two", "three"] {
            room.writes_at_once("alice", "bob", text);
        }
        room.passes(ms(moment));
        room.loses_line("bob");
        room.until_up("bob");
        assert_eq!(room.unread("bob", "alice"), 3, "broken after {moment} ms");
        assert_eq!(room.reads("bob", "alice"), ["one", "two", "three"]);
        let delivered = ["one: delivered", "two: delivered", "three: delivered"];
        assert_eq!(room.marks("alice", "bob"), delivered, "after {moment} ms");
    }
}

/// I1, F20: whenever the relay is killed while messages go out, and whatever of it reached the disk, each is there once.
pub fn a_relay_killed_at_any_moment_loses_and_doubles_nothing() {
    for moment in (0..60).step_by(2) {
        for survivors in 0..=3 {
            let mut room = alice_and_bob();
            room.disk.sync_delay = 9;
            for text in ["one", "two", "three"] {
                room.writes_at_once("alice", "bob", text);
            }
            room.passes(ms(moment));
            room.kills_relay(survivors);
            room.passes(secs(1));
            room.starts_relay();
            room.until_up("alice");
            room.until_up("bob");
            let when = format!("killed after {moment} ms, {survivors} survived");
            assert_eq!(
                room.reads("bob", "alice"),
                ["one", "two", "three"],
                "{when}"
            );
            assert_eq!(room.unread("bob", "alice"), 3, "{when}");
            assert_eq!(room.outbox("alice"), [], "{when}");
        }
    }
}

/// Everything that was acknowledged is there after a restart: contacts, decisions, messages, what was read.
pub fn a_restart_keeps_everything() {
    let mut room = alice_and_bob();
    room.writes("alice", "bob", "one");
    room.looks_at("bob", "alice");
    room.has_seen("bob", "alice");
    room.writes("alice", "bob", "two");
    room.restarts_relay();
    room.until_up("alice");
    room.until_up("bob");
    room.reloads("bob");
    assert_eq!(room.unread("bob", "alice"), 1);
    assert_eq!(room.reads("bob", "alice"), ["one", "two"]);
    assert_eq!(
        room.marks("alice", "bob"),
        ["one: delivered", "two: delivered"]
    );
    assert_eq!(room.sees("bob", "alice"), "available");
    assert_eq!(room.sees("alice", "bob"), "available");
}

/// After a restart everybody is back well within their grace, and not all at once.
pub fn everybody_is_back_soon_after_a_restart() {
    let names: Vec<String> = (0..20).map(|n| format!("p{n}")).collect();
    let mut room = Room::new();
    let people: Vec<&str> = names.iter().map(String::as_str).collect();
    room.arrive(&people);
    room.kills_relay(0);
    room.starts_relay();
    room.settles();
    let mut back = BTreeMap::new();
    room.until(secs(9), |room| {
        for who in &people {
            if room.is_up(who) {
                let now = room.clock();
                back.entry(*who).or_insert(now);
            }
        }
        back.len() == people.len()
    });
    let moments: BTreeSet<u64> = back.into_values().collect();
    let span = moments.last().zip(moments.first());
    let span = span.map_or(0, |(last, first)| last - first);
    assert!(span >= 1_000, "they all came at once: {moments:?}");
}

/// Page row 24: trouble is shown when it has lasted three seconds, and not any more when it is over.
pub fn trouble_is_shown_after_three_seconds() {
    let mut room = alice_and_bob();
    room.device("alice").reachable = false;
    room.loses_line("alice");
    room.settles();
    let began = room.clock();
    let banner = |room: &mut Room| room.agent("alice").link().banner;
    room.until(secs(4), banner);
    let after = room.clock() - began;
    assert!((2_900..=3_100).contains(&after), "shown after {after} ms");
    assert!(matches!(
        room.agent("alice").link().link,
        LinkView::Down { .. } | LinkView::Connecting { .. }
    ));
    room.device("alice").reachable = true;
    room.until_up("alice");
    assert!(!banner(&mut room));
    room.loses_line("alice");
    room.until_up("alice");
    room.passes(secs(5));
    assert!(!banner(&mut room), "a short loss is not shown");
}

/// M1: a line that died without a word is noticed by its agent too, which opens another; what waited goes out.
pub fn an_agent_notices_a_line_that_died_without_a_word() {
    let mut room = alice_and_bob();
    room.cuts("alice");
    room.heals("alice");
    room.writes_at_once("alice", "bob", "are you there?");
    let took = room.until(secs(15), |room| room.agent("alice").link().waiting == 0);
    assert!(took >= secs(5), "it could not know after {took:?}");
    assert_eq!(room.reads("bob", "alice"), ["are you there?"]);
    room.cuts("alice");
    room.heals("alice");
    room.writes("bob", "alice", "and you?");
    room.until(secs(30), |room| room.unread("alice", "bob") == 1);
    assert_eq!(room.sees_during("bob", "alice", secs(60)), ["available"]);
}

/// M1: what a frozen line held comes in its order, once.
pub fn a_line_that_thaws_brings_everything_once() {
    let mut room = alice_and_bob();
    room.freezes("bob");
    for text in ["one", "two"] {
        room.writes_at_once("alice", "bob", text);
    }
    room.passes(secs(4));
    assert_eq!(room.agent("bob").unread(), 0);
    room.thaws("bob");
    assert_eq!(room.unread("bob", "alice"), 2);
    room.passes(secs(60));
    assert_eq!(room.reads("bob", "alice"), ["one", "two"]);
    assert_eq!(room.unread("bob", "alice"), 2);
}

/// M6: who reads nothing holds up nobody, and has everything when they read again.
pub fn a_device_that_does_not_read_misses_nothing() {
    let mut room = alice_and_bob();
    room.arrive(&["carol"]);
    room.is_slow("bob", true);
    for n in 1..=15 {
        room.writes("alice", "bob", &format!("m{n}"));
    }
    room.writes("alice", "carol", "you read");
    assert_eq!(room.reads("carol", "alice"), ["you read"]);
    room.is_slow("bob", false);
    room.settles();
    assert_eq!(room.unread("bob", "alice"), 15);
}

/// G4: a status, a decision and a contact that were wanted without a line are so when there is one.
pub fn what_was_wanted_offline_happens_on_return() {
    let mut room = alice_and_bob();
    room.arrive(&["carol"]);
    room.watches("carol", "alice");
    room.device("alice").reachable = false;
    room.loses_line("alice");
    room.settles();
    room.sets("alice", "busy: on a train");
    room.allows("alice", "carol");
    room.watches("alice", "carol");
    assert_eq!(room.is("alice"), "busy: on a train (stale)");
    assert_eq!(room.sees("carol", "alice"), "not shared yet");
    room.device("alice").reachable = true;
    room.until_up("alice");
    room.passes(secs(2));
    assert_eq!(room.sees("bob", "alice"), "busy: on a train");
    assert_eq!(room.sees("carol", "alice"), "busy: on a train");
    assert_eq!(room.is_asked_by("carol"), ["alice"]);
}

/// A decision that was under way when the line broke is in force when it is back.
pub fn a_decision_that_was_under_way_is_not_lost() {
    for moment in 0..50 {
        let mut room = alice_and_bob();
        let watcher = room.principal("bob");
        let decision = Some(lamplight_core::wire::Decision::Deny);
        let intent = lamplight_core::agent::Intent::Decide {
            watcher,
            decision,
            of: None,
        };
        room.hands("alice", lamplight_core::agent::Input::Intent(intent));
        room.passes(ms(moment));
        room.loses_line("alice");
        room.until_up("alice");
        assert_eq!(room.sees("bob", "alice"), "not shared", "after {moment} ms");
    }
}

/// Page row 1: without the relay a reloaded page still shows who was there and what was said last, and says that it is old.
pub fn a_reload_without_the_relay_shows_what_was_known() {
    let mut room = alice_and_bob();
    room.adds("bob", "alice", Some("Ali"));
    room.writes("alice", "bob", "see you");
    room.passes(secs(5));
    room.kills_relay(0);
    room.reloads("bob");
    let row = room.agent("bob").row(&presentity("alice").0);
    let row = row.expect("the contact is known");
    assert_eq!(row.name, "Ali");
    assert_eq!(
        row.last.map(|(_, text, _)| text),
        Some("see you".to_owned())
    );
    assert_eq!(row.unread, 1);
    assert_eq!(room.sees("bob", "alice"), "unknown");
    room.starts_relay();
    room.until_up("bob");
    room.until_up("alice");
    room.passes(secs(2));
    assert_eq!(room.sees("bob", "alice"), "available");
}

/// What stands in a composer outlives a reload, and goes with its message.
pub fn a_draft_outlives_a_reload() {
    let mut room = alice_and_bob();
    let draft = |text: &str| lamplight_core::agent::Intent::Draft {
        with: presentity("bob").0,
        text: text.to_owned(),
    };
    room.wants("alice", draft("I was about to"));
    room.passes(secs(1));
    room.reloads("alice");
    assert_eq!(room.conversation("alice", "bob").draft, "I was about to");
    room.writes("alice", "bob", "never mind");
    room.passes(secs(1));
    room.reloads("alice");
    assert_eq!(room.conversation("alice", "bob").draft, "");
}

/// After a sign-out nothing tries to come back, and whoever signs in again has everything.
pub fn a_signed_out_device_stays_away_until_it_signs_in_again() {
    let mut room = alice_and_bob();
    room.signs_out("bob");
    room.frames("bob");
    room.writes("alice", "bob", "one");
    room.passes(secs(300));
    assert_eq!(room.frames("bob"), []);
    assert!(matches!(
        room.device("bob").signed_out,
        Some(Code::SignedOut)
    ));
    room.closes("bob");
    room.opens("bob", "laptop");
    assert_eq!(room.unread("bob", "alice"), 1);
    assert_eq!(room.reads("bob", "alice"), ["one"]);
}
