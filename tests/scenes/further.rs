//! Several presentities of one principal, each with its own rules, status and watchers.

use lamplight_core::address::SessionId;
use lamplight_core::code::Code;
use lamplight_core::presence::{Activity, Basic, View};
use lamplight_core::rules::Who;
use lamplight_core::wire::{Decision, ToAgent, ToService};

use super::support::{
    accepted, codes, comes_again, comes_by_hand, contact, does, fetch, hand_tuple, is_there,
    message, presentity_with, roster_of, rule, rules, subscribe, tag, told, views, watches, words,
};
use crate::room::{Fault, Room, secs};

fn status_of(room: &mut Room, session: SessionId, of: &str, activity: Activity) {
    let publish = ToService::Publish {
        tuple: hand_tuple(activity, room.wall()),
        of: Some(tag(of)),
    };
    assert_eq!(codes(&room.asks_relay(session, &publish)), []);
}

fn drop_of(of: &str) -> ToService {
    ToService::DropPresentity {
        number: 80,
        tag: tag(of),
    }
}

fn tags_in(frames: &[ToAgent]) -> Vec<String> {
    let tags = frames.iter().filter_map(|frame| match frame {
        ToAgent::PresentitySet { own } => own.tag.as_ref().map(|tag| tag.as_str().to_owned()),
        _ => None,
    });
    tags.collect()
}

/// P13, R2: a further presentity is made, has rules of its own, and the devices of its principal stand in it too.
pub fn each_presentity_has_rules_of_its_own() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    assert_eq!(watches(&mut room, bob, "alice+work"), "unknown_address");
    room.passes(secs(60));
    let open = vec![rule(Who::Account, Decision::Allow)];
    does(&mut room, alice, &presentity_with(Some("work"), open));
    assert_eq!(watches(&mut room, bob, "alice+work"), "available");
    assert_eq!(watches(&mut room, bob, "alice"), "not shared yet");
    // The other way round.
    let open = vec![rule(Who::Account, Decision::Allow)];
    does(&mut room, alice, &rules(open));
    let shut = vec![rule(Who::Account, Decision::Deny)];
    does(&mut room, alice, &presentity_with(Some("work"), shut));
    let frames = room.hears(bob);
    assert_eq!(words(&frames, "alice"), ["available"]);
    assert_eq!(words(&frames, "alice+work"), ["not_allowed"]);
}

/// P13: what is set by hand for one presentity is not said of another; a device that goes is gone from all.
pub fn each_presentity_has_a_status_of_its_own() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    let open = || vec![rule(Who::Account, Decision::Allow)];
    does(&mut room, alice, &presentity_with(Some("work"), open()));
    does(&mut room, alice, &rules(open()));
    room.says(bob, &subscribe(1, &["alice", "alice+work"]));
    let frames = room.hears(bob);
    assert_eq!(words(&frames, "alice"), ["available"]);
    assert_eq!(words(&frames, "alice+work"), ["available"]);
    room.passes(secs(5));
    status_of(&mut room, alice, "work", Activity::Busy);
    let frames = room.hears(bob);
    assert_eq!(words(&frames, "alice+work"), ["busy"]);
    assert_eq!(words(&frames, "alice"), [""; 0]);
    room.passes(secs(5));
    status_of(&mut room, alice, "work", Activity::Invisible);
    assert_eq!(told(&mut room, bob, "alice+work"), ["offline"]);
    room.asks_relay(alice, &ToService::Bye);
    let frames = room.hears(bob);
    assert_eq!(words(&frames, "alice"), ["offline"]);
    assert_eq!(words(&frames, "alice+work"), [""; 0], "was absent to them");
    // A device that comes later stands in both as well.
    room.passes(secs(5));
    is_there(&mut room, "alice");
    assert_eq!(told(&mut room, bob, "alice"), ["available"]);
}

/// P13, W4: who asks to see a further presentity asks that one; decisions are about it alone, and outlive a restart.
pub fn each_presentity_has_requests_and_decisions_of_its_own() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    does(&mut room, alice, &presentity_with(Some("work"), vec![]));
    does(&mut room, bob, &contact("alice+work", None));
    let asked = room.hears(alice);
    assert!(
        asked
            .iter()
            .any(|frame| matches!(frame, ToAgent::Requested { request, of }
            if request.watcher == room.principal("bob") && *of == Some(tag("work")))),
        "{asked:?}"
    );
    let again = roster_of(&mut room, "alice");
    let requested = |frame: &&ToAgent| matches!(frame, ToAgent::Requested { of, .. } if *of == Some(tag("work")));
    assert_eq!(again.iter().filter(requested).count(), 1);
    let allow = ToService::SetAccess {
        number: 1,
        watcher: room.principal("bob"),
        decision: Some(Decision::Allow),
        of: Some(tag("work")),
    };
    does(&mut room, alice, &allow);
    assert_eq!(told(&mut room, bob, "alice+work"), ["available"]);
    assert_eq!(watches(&mut room, bob, "alice"), "not shared yet");
    room.restarts_relay();
    room.passes(secs(60));
    let alice = is_there(&mut room, "alice");
    let bob = room.logs_in("bob", "by-hand", None);
    let frames = room.hears(bob);
    assert_eq!(words(&frames, "alice+work").last().unwrap(), "available");
    let kept = roster_of(&mut room, "alice");
    assert_eq!(tags_in(&kept), ["work"]);
    let decided = |frame: &&ToAgent| {
        matches!(frame, ToAgent::AccessSet { of, decision: Some(Decision::Allow), .. }
            if *of == Some(tag("work")))
    };
    assert_eq!(kept.iter().filter(decided).count(), 1);
    assert!(!room.is_closed(alice));
}

/// P13, I1: whoever watches a presentity that is dropped is told that there is nobody, at once; nothing of it is left.
pub fn a_dropped_presentity_is_an_unknown_address() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let phone = comes_again(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    let open = vec![rule(Who::Account, Decision::Allow)];
    does(&mut room, alice, &presentity_with(Some("work"), open));
    assert_eq!(watches(&mut room, bob, "alice+work"), "available");
    does(&mut room, alice, &drop_of("work"));
    assert_eq!(told(&mut room, bob, "alice+work"), ["unknown_address"]);
    let gone = |frame: &ToAgent| matches!(frame, ToAgent::PresentityGone { .. });
    assert!(room.hears(phone).iter().any(gone));
    let fetched = room.asks_relay(bob, &fetch(&["alice+work"]));
    assert_eq!(words(&fetched, "alice+work"), ["unknown_address"]);
    assert_eq!(tags_in(&roster_of(&mut room, "alice")), [""; 0]);
    room.passes(secs(120));
    let carol = comes_by_hand(&mut room, "carol");
    assert_eq!(watches(&mut room, carol, "alice+work"), "unknown_address");
    // Dropped twice is dropped; made again it is a new one, without the old rules.
    does(&mut room, alice, &drop_of("work"));
    does(&mut room, alice, &presentity_with(Some("work"), vec![]));
    assert_eq!(told(&mut room, bob, "alice+work"), ["not shared yet"]);
}

/// P10, I6: a further presentity leads to an inbox of its own, which says that it is CLOSED when its address is revoked.
pub fn a_further_presentity_leads_to_an_inbox_of_its_own() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    let open = vec![rule(Who::Account, Decision::Allow)];
    does(&mut room, alice, &presentity_with(Some("work"), open));
    let inbox = |frames: &[ToAgent]| match views(frames, "alice+work").last() {
        Some(View::Shown(information)) => information.inbox(),
        other => panic!("nothing is shown: {other:?}"),
    };
    let seen = room.asks_relay(bob, &subscribe(1, &["alice+work"]));
    let address = crate::room::inbox("alice+work");
    assert_eq!(inbox(&seen), Some((address.clone(), Basic::Open)));
    let sent = room.asks_relay(bob, &message(1, "alice+work", "hello"));
    assert_eq!(accepted(&sent).len(), 1);
    let revoke = ToService::DropInbox {
        number: 2,
        tag: tag("work"),
    };
    room.passes(secs(5));
    does(&mut room, alice, &revoke);
    assert_eq!(inbox(&room.hears(bob)), Some((address, Basic::Closed)));
    let sent = room.asks_relay(bob, &message(2, "alice+work", "hello"));
    assert_eq!(codes(&sent), [Code::UnknownAddress]);
}

/// R2: a relay has a limit of presentities for each; one more changes nothing, and room that is made is room.
pub fn eight_further_presentities_and_no_more() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    for n in 1..=8 {
        let made = presentity_with(Some(&format!("n{n}")), vec![]);
        does(&mut room, alice, &made);
    }
    let ninth = presentity_with(Some("n9"), vec![]);
    assert_eq!(
        codes(&room.asks_relay(alice, &ninth)),
        [Code::TooManyAddresses]
    );
    let again = vec![rule(Who::Account, Decision::Allow)];
    does(&mut room, alice, &presentity_with(Some("n8"), again));
    does(&mut room, alice, &drop_of("n1"));
    does(&mut room, alice, &ninth);
    assert_eq!(tags_in(&roster_of(&mut room, "alice")).len(), 8);
}

/// Whoever settles something about a presentity settles it about their own: there is nothing by which to name another's.
pub fn a_presentity_that_is_not_there_cannot_be_published() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let publish = ToService::Publish {
        tuple: hand_tuple(Activity::Busy, room.wall()),
        of: Some(tag("nowhere")),
    };
    assert_eq!(
        codes(&room.asks_relay(alice, &publish)),
        [Code::UnknownAddress]
    );
    let bob = comes_by_hand(&mut room, "bob");
    assert_eq!(watches(&mut room, bob, "alice+nowhere"), "unknown_address");
    // One does not watch oneself under another name.
    does(&mut room, alice, &presentity_with(Some("work"), vec![]));
    let answers = room.asks_relay(alice, &subscribe(1, &["alice+work"]));
    assert_eq!(codes(&answers), [Code::NotYourself]);
}

/// DESIGN 9: what could not be kept is as if it had not been asked for: neither made nor dropped.
pub fn a_presentity_that_cannot_be_kept_is_taken_back() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    let open = || vec![rule(Who::Account, Decision::Allow)];
    room.disk.fault = Some(Fault::Full);
    let refused = room.asks_relay(alice, &presentity_with(Some("work"), open()));
    assert_eq!(codes(&refused), [Code::StorageFull]);
    assert_eq!(watches(&mut room, bob, "alice+work"), "unknown_address");
    assert_eq!(
        codes(&room.asks_relay(bob, &message(1, "alice+work", "hello?"))),
        [Code::UnknownAddress]
    );
    let told_last = |frames: &[ToAgent]| {
        let roster = frames
            .iter()
            .rposition(|frame| matches!(frame, ToAgent::Roster { .. }));
        tags_in(&frames[roster.expect("how it stands is told")..])
    };
    assert_eq!(told_last(&refused), [""; 0]);
    room.disk.fault = None;
    room.passes(secs(60));
    does(&mut room, alice, &presentity_with(Some("work"), open()));
    assert_eq!(watches(&mut room, bob, "alice+work"), "available");
    room.disk.fault = Some(Fault::Full);
    let refused = room.asks_relay(alice, &drop_of("work"));
    assert_eq!(codes(&refused), [Code::StorageFull]);
    assert_eq!(told_last(&refused), ["work"]);
    room.disk.fault = None;
    room.passes(secs(60));
    let seen = room.asks_relay(bob, &fetch(&["alice+work"]));
    assert_eq!(words(&seen, "alice+work"), ["available"]);
}

/// DESIGN 2.3: a device that is leaving while a presentity is made is no ghost in it.
pub fn a_device_that_leaves_is_no_ghost_in_a_new_presentity() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let phone = comes_again(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    room.hangs_up(alice);
    let open = vec![rule(Who::Account, Decision::Allow)];
    does(&mut room, phone, &presentity_with(Some("work"), open));
    assert_eq!(watches(&mut room, bob, "alice+work"), "offline");
    room.passes(secs(60));
    assert_eq!(told(&mut room, bob, "alice+work"), [""; 0]);
}

/// DESIGN 9: a contact that could not be kept, or could not be forgotten, is as before on all devices and to all rules.
pub fn a_contact_that_cannot_be_kept_is_taken_back() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let phone = comes_again(&mut room, "alice");
    let bob = is_there(&mut room, "bob");
    let known = vec![rule(Who::Known, Decision::Allow)];
    does(&mut room, alice, &rules(known));
    assert_eq!(watches(&mut room, bob, "alice"), "not shared yet");
    let contacts = |frames: &[ToAgent]| {
        let told = frames.iter().rev().find_map(|frame| match frame {
            ToAgent::Roster { contacts, .. } => Some(contacts.len()),
            _ => None,
        });
        told.expect("how it stands is told")
    };
    room.disk.fault = Some(Fault::Full);
    let refused = room.asks_relay(alice, &contact("bob", None));
    assert_eq!(codes(&refused), [Code::StorageFull]);
    assert_eq!(contacts(&refused), 0);
    assert_eq!(contacts(&room.hears(phone)), 0);
    assert_eq!(
        told(&mut room, bob, "alice").last().unwrap(),
        "not shared yet"
    );
    room.disk.fault = None;
    does(&mut room, alice, &contact("bob", None));
    assert_eq!(told(&mut room, bob, "alice"), ["available"]);
    room.disk.fault = Some(Fault::Full);
    let refused = room.asks_relay(alice, &super::support::unsubscribe("bob"));
    assert_eq!(codes(&refused), [Code::StorageFull]);
    assert_eq!(contacts(&refused), 1);
    assert_eq!(told(&mut room, bob, "alice").last().unwrap(), "available");
}
