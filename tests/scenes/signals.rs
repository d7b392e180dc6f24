//! What one does in a conversation right now, and how closely a session wants to be told of others.

use lamplight_core::address::{Seq, SessionId};
use lamplight_core::presence::Activity;
use lamplight_core::rules::{Delivery, Login, Who};
use lamplight_core::wire::{Decision, Doing, Pace, ToAgent, ToService};

use super::requests::{delivery, inbox_with};
use super::support::{
    came_in, codes, comes_again, contact, decide, device_tuple, does, entries, hand_tuple,
    in_lines, is_there, message, presentity_with, publishes, rule, rules, subscribe, tag, told,
    words,
};
use crate::room::{Room, inbox, secs};

fn signal(to: &str, doing: Doing) -> ToService {
    ToService::Signal {
        to: inbox(to),
        doing,
        from: None,
    }
}

fn signals(frames: &[ToAgent]) -> Vec<(String, Doing)> {
    let signals = frames.iter().filter_map(|frame| match frame {
        ToAgent::Signal { from, doing } => Some((from.name().to_owned(), *doing)),
        _ => None,
    });
    signals.collect()
}

/// Whether bob is told that alice types.
fn is_told(room: &mut Room, alice: SessionId, bob: SessionId) -> bool {
    room.hears(bob);
    room.passes(secs(10));
    let answers = room.asks_relay(alice, &signal("bob", Doing::Typing));
    assert_eq!(codes(&answers), [], "a signal is never answered");
    let told = signals(&room.hears(bob));
    assert!(told.len() <= 1);
    !told.is_empty()
}

/// Alice and Bob, who let each other see everything.
fn alice_and_bob(room: &mut Room) -> (SessionId, SessionId) {
    room.sign_up_acquainted(&["alice", "bob"]);
    (is_there(room, "alice"), is_there(room, "bob"))
}

/// Part B2 of the promises: who may see me and takes my letters is told that I type, on all devices, and that I stopped.
pub fn typing_is_told_to_who_sees_me_and_takes_my_letters() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    let phone = comes_again(&mut room, "bob");
    room.says(alice, &signal("bob", Doing::Typing));
    room.says(alice, &signal("bob", Doing::Nothing));
    for session in [bob, phone] {
        let told = signals(&room.hears(session));
        let alice = || "alice".to_owned();
        assert_eq!(told, [(alice(), Doing::Typing), (alice(), Doing::Nothing)]);
    }
    // Who does not see me is not told, though they take my letters.
    does(&mut room, alice, &decide("bob", Some(Decision::Deny)));
    assert!(!is_told(&mut room, alice, bob));
    does(&mut room, alice, &decide("bob", Some(Decision::Allow)));
    assert!(is_told(&mut room, alice, bob));
    // Who does not take my letters is not told, though they see me.
    for then in [Delivery::Hold, Delivery::Refuse, Delivery::Drop] {
        let rules = inbox_with(None, vec![delivery(Who::Account, then)]);
        does(&mut room, bob, &rules);
        assert!(!is_told(&mut room, alice, bob), "{then:?}");
    }
    does(&mut room, bob, &inbox_with(None, vec![]));
    assert!(is_told(&mut room, alice, bob));
    does(&mut room, bob, &decide("alice", Some(Decision::Block)));
    assert!(!is_told(&mut room, alice, bob));
    // Nobody types to an address that is not there, nor to oneself.
    for nobody in ["nobody", "bob+shop", "alice"] {
        assert_eq!(room.asks_relay(alice, &signal(nobody, Doing::Typing)), []);
    }
}

/// DESIGN 2.12: who answers from a further address types from there, to who sees somebody there: by the presentity of that name,
/// and where there is none by the one from sign-up.
pub fn typing_comes_from_the_address_by_which_one_speaks() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    let open = vec![delivery(Who::Anyone, Delivery::Deliver)];
    does(&mut room, bob, &inbox_with(None, open));
    does(&mut room, alice, &inbox_with(Some("shop"), vec![]));
    let hears_from = |room: &mut Room, of: &str| {
        room.hears(bob);
        room.passes(secs(10));
        let signal = ToService::Signal {
            to: inbox("bob"),
            doing: Doing::Typing,
            from: Some(tag(of)),
        };
        assert_eq!(codes(&room.asks_relay(alice, &signal)), []);
        let told = signals(&room.hears(bob));
        told.into_iter().map(|(from, _)| from).collect::<Vec<_>>()
    };
    assert_eq!(hears_from(&mut room, "shop"), ["alice+shop"]);
    // An address that is not hers is nobody's.
    assert_eq!(hears_from(&mut room, "work"), [""; 0]);
    // Another face of hers decides for itself, also for its own inbox.
    does(&mut room, alice, &presentity_with(Some("work"), vec![]));
    assert_eq!(
        hears_from(&mut room, "work"),
        [""; 0],
        "he was not let see it"
    );
    let all = vec![rule(Who::Account, Decision::Allow)];
    does(&mut room, alice, &presentity_with(Some("work"), all));
    assert_eq!(hears_from(&mut room, "work"), ["alice+work"]);
    does(&mut room, alice, &decide("bob", Some(Decision::Deny)));
    assert_eq!(hears_from(&mut room, "shop"), [""; 0]);
}

/// F21: whoever is to be taken for absent does not type: the invisible to nobody, the busy to nobody who sees only whether they are
/// available.
pub fn who_seems_absent_does_not_type() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    let invisible = hand_tuple(Activity::Invisible, room.wall());
    publishes(&mut room, alice, invisible);
    assert!(!is_told(&mut room, alice, bob));
    let busy = hand_tuple(Activity::Busy, room.wall());
    publishes(&mut room, alice, busy);
    assert!(is_told(&mut room, alice, bob));
    let only = decide("bob", Some(Decision::Availability));
    does(&mut room, alice, &only);
    assert!(!is_told(&mut room, alice, bob), "busy reads not available");
    let back = ToService::Withdraw {
        tuple: lamplight_core::presence::by_hand(),
        of: None,
    };
    room.says(alice, &back);
    assert!(is_told(&mut room, alice, bob));
}

/// Part D7 of the promises: that a message was taken tells that somebody is there: it is told to nobody who sees them as absent.
pub fn who_seems_absent_has_taken_nothing() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    let only = decide("bob", Some(Decision::Availability));
    does(&mut room, alice, &only);
    let busy = hand_tuple(Activity::Busy, room.wall());
    publishes(&mut room, alice, busy);
    let takes = |room: &mut Room, id: u128| {
        room.asks_relay(bob, &message(id, "alice", "are you there?"));
        let up_to = entries(&room.hears(alice)).last().map(|entry| entry.seq);
        let up_to = up_to.expect("the message came");
        room.says(alice, &ToService::Acknowledge { up_to });
        came_in(room, bob)
    };
    assert_eq!(takes(&mut room, 1), [""; 0]);
    let back = ToService::Withdraw {
        tuple: lamplight_core::presence::by_hand(),
        of: None,
    };
    room.says(alice, &back);
    assert_eq!(takes(&mut room, 2), ["delivered to alice"]);
}

/// Part D7 of the promises: what was taken while invisible is told when one shows oneself again, once.
pub fn what_was_taken_unseen_is_told_when_one_is_seen_again() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    let invisible = hand_tuple(Activity::Invisible, room.wall());
    publishes(&mut room, alice, invisible);
    room.asks_relay(bob, &message(1, "alice", "are you there?"));
    room.says(alice, &ToService::Acknowledge { up_to: Seq(1) });
    room.passes(secs(60));
    assert_eq!(came_in(&mut room, bob), [""; 0]);
    let back = ToService::Withdraw {
        tuple: lamplight_core::presence::by_hand(),
        of: None,
    };
    room.says(alice, &back);
    assert_eq!(came_in(&mut room, bob), ["delivered to alice"]);
    room.says(alice, &ToService::Acknowledge { up_to: Seq(1) });
    assert_eq!(came_in(&mut room, bob), [""; 0]);
}

/// Signals that come too fast are lost, and nothing else is; after a while they pass again.
pub fn typing_is_throttled() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    for _ in 0..50 {
        room.writes_frame(alice, &signal("bob", Doing::Typing));
    }
    room.settles();
    let burst = room.config.limits.signals.burst as usize;
    assert_eq!(signals(&room.hears(bob)).len(), burst);
    assert_eq!(room.hears(alice), []);
    room.asks_relay(alice, &message(1, "bob", "hello"));
    assert_eq!(came_in(&mut room, bob), ["alice: hello"]);
    assert!(is_told(&mut room, alice, bob));
}

/// DESIGN 2.5: a session that nobody looks at is not told of changes; what is meant for its person still comes; and when it is
/// looked at again, everything that changed comes at once and together, the newest of each.
pub fn who_pauses_is_told_of_messages_and_requests_alone() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    room.sign_up_acquainted(&["bob", "carol", "dave"]);
    let [carol, dave] = ["carol", "dave"].map(|who| is_there(&mut room, who));
    room.says(bob, &subscribe(1, &["alice", "carol", "dave"]));
    room.passes(secs(5));
    room.says(bob, &ToService::Pace { pace: Pace::Paused });
    room.hears(bob);
    for (at, activity) in [(1, Activity::Busy), (2, Activity::Away)] {
        for session in [alice, carol] {
            let mut tuple = hand_tuple(activity.clone(), room.wall());
            tuple.since.0 += at;
            publishes(&mut room, session, tuple);
        }
        room.passes(secs(5));
    }
    assert_eq!(room.hears(bob), []);
    room.asks_relay(alice, &message(1, "bob", "look here"));
    let erin = is_there(&mut room, "erin");
    does(&mut room, erin, &contact("bob", None));
    let heard = room.hears(bob);
    assert_eq!(in_lines(&entries(&heard)), ["alice: look here"]);
    let asked = |frame: &&ToAgent| matches!(frame, ToAgent::Requested { .. });
    assert_eq!(heard.iter().filter(asked).count(), 1);
    // Of oneself everything is told: it is the answer to what one publishes.
    let writing = ToService::Publish {
        tuple: device_tuple("tab", Some("writing")),
        of: None,
    };
    let frames = room.asks_relay(bob, &writing);
    assert_eq!(words(&frames, "bob"), ["available: writing"]);
    let frames = room.asks_relay(bob, &ToService::Pace { pace: Pace::Live });
    assert_eq!(frames.len(), 1, "{frames:?}");
    assert_eq!(words(&frames, "alice"), ["away"]);
    assert_eq!(words(&frames, "carol"), ["away"]);
    assert_eq!(words(&frames, "dave"), [""; 0], "dave is as before");
    room.passes(secs(5));
    publishes(&mut room, dave, device_tuple("tab", Some("cooking")));
    assert_eq!(told(&mut room, bob, "dave"), ["available: cooking"]);
}

/// R4: a login that ends ends what it showed, also for a session that pauses.
pub fn what_time_takes_away_is_taken_from_who_pauses_too() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = is_there(&mut room, "bob");
    let mut fresh = rule(Who::Account, Decision::Allow);
    fresh.needs = Login::Fresh;
    does(&mut room, alice, &rules(vec![fresh]));
    room.confirms_password("bob");
    room.says(bob, &subscribe(1, &["alice"]));
    assert_eq!(told(&mut room, bob, "alice"), ["available"]);
    room.says(bob, &ToService::Pace { pace: Pace::Paused });
    room.passes(secs(901));
    assert_eq!(told(&mut room, bob, "alice"), ["sign_in_again"]);
}
