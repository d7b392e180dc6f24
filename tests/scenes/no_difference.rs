//! Someone who left, someone who is invisible and someone who politely blocks: whoever watches finds no difference, wherever they
//! look and whatever they do (F21, X2).

use lamplight_core::address::SessionId;
use lamplight_core::code::Code;
use lamplight_core::presence::{Basic, Hours, View};
use lamplight_core::rules::{AccessRule, Demand, Part, Shares, Who};
use lamplight_core::store::{Change, Key, Loaded};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Decision, ToAgent, ToService};

use super::fates::{DECIDED, Fate, RULED, Standing, inbox_tuple, means, no_difference};
use super::support::{
    codes, comes_again, comes_by_hand, contact, decide, does, fetch, is_there, message, publishes,
    rule, rules, tag, unsubscribe, views,
};
use crate::room::{Room, ms, presentity, secs};

/// A decision about bob lets him see everything, and she keeps him as a contact.
fn as_a_friend(room: &mut Room, alice: SessionId) {
    does(room, alice, &contact("bob", None));
    does(room, alice, &decide("bob", Some(Decision::Allow)));
}

/// She keeps him as a contact; what he sees follows from rules.
fn as_a_contact(room: &mut Room, alice: SessionId) {
    does(room, alice, &contact("bob", None));
}

/// A decision about bob lets him see whether she is available; she does not know him otherwise.
fn as_a_passer_by(room: &mut Room, alice: SessionId) {
    let decision = Some(Decision::Availability);
    does(room, alice, &decide("bob", decision));
}

/// Nothing is decided about bob.
fn as_a_stranger(_: &mut Room, _: SessionId) {}

fn as_a_nuisance(room: &mut Room, alice: SessionId) {
    does(room, alice, &decide("bob", Some(Decision::Deny)));
}

/// Two means beside the inbox; the phone is answered for some hours after T, and then no more.
fn with_means(room: &mut Room, alice: SessionId) {
    let mut phone = means("phone", "tel", "+1 202 555 0100");
    // The Room opens on a Thursday at midnight.
    phone.hours = vec![Hours {
        days: 1 << 3,
        from: 20,
        to: 50,
        offset: 0,
    }];
    publishes(room, alice, phone);
    publishes(room, alice, means("letter", "mailto", "alice@mail.example"));
}

/// A decision lets bob see some of it: the phone, but not the letters, nor when she was there.
fn in_parts(room: &mut Room, alice: SessionId) {
    with_means(room, alice);
    let part = Part {
        last_seen: false,
        devices: false,
        means: Shares::These(vec!["phone".parse().expect("a token")]),
        ..Part::ALL
    };
    let decision = Some(Decision::Chosen(part));
    does(room, alice, &decide("bob", decision));
}

fn with_everything(room: &mut Room, alice: SessionId) {
    with_means(room, alice);
    as_a_friend(room, alice);
}

/// Her inbox is closed.
fn behind_closed_doors(room: &mut Room, alice: SessionId) {
    as_a_friend(room, alice);
    publishes(
        room,
        alice,
        inbox_tuple(Basic::Closed, Some("moving house")),
    );
}

/// Her inbox is open for some hours after T, and then no more.
fn with_opening_hours(room: &mut Room, alice: SessionId) {
    as_a_friend(room, alice);
    let mut tuple = inbox_tuple(Basic::Open, None);
    tuple.hours = vec![Hours {
        days: 1 << 3,
        from: 0,
        to: 32,
        offset: 0,
    }];
    publishes(room, alice, tuple);
}

/// At work bob sees everything; elsewhere she does not know him.
fn at_work(room: &mut Room, alice: SessionId) {
    let allow = ToService::SetAccess {
        number: 67,
        watcher: super::support::principal("bob"),
        decision: Some(Decision::Allow),
        of: Some(tag("work")),
    };
    does(room, alice, &allow);
}

fn nothing() -> Vec<AccessRule> {
    vec![]
}

fn whether_available() -> Vec<AccessRule> {
    vec![rule(Who::Anyone, Decision::Availability)]
}

fn everything_to_accounts() -> Vec<AccessRule> {
    vec![rule(Who::Account, Decision::Allow)]
}

fn everything_to_contacts() -> Vec<AccessRule> {
    vec![rule(Who::Known, Decision::Allow)]
}

/// Every fate but that she leaves; those by rules only where no decision stands before them.
fn with_rules(fates: &[Fate]) -> Vec<Fate> {
    [&[Fate::Hides][..], &DECIDED, fates].concat()
}

/// F21, X2: to someone who saw everything, she has left, whichever of them she did.
pub fn who_saw_everything_finds_no_difference() {
    let standing = Standing::new(as_a_friend);
    no_difference(standing, &with_rules(&[]), ["offline", "not_allowed"]);
}

/// F21, X2: nor does a restart of the relay make one.
pub fn a_restart_makes_no_difference() {
    for lets in [as_a_friend, with_everything, behind_closed_doors] {
        let standing = Standing {
            restarts: true,
            ..Standing::new(lets)
        };
        no_difference(standing, &with_rules(&[]), ["offline", "not_allowed"]);
    }
    let standing = Standing {
        restarts: true,
        rules: everything_to_accounts,
        ..Standing::new(with_means)
    };
    no_difference(standing, &with_rules(&RULED), ["offline", "not_allowed"]);
}

/// F21, X2: to someone who saw whether she is available, she is not, whichever of them she did.
pub fn who_saw_the_availability_finds_no_difference() {
    let standing = Standing {
        rules: whether_available,
        ..Standing::new(as_a_contact)
    };
    no_difference(standing, &with_rules(&RULED), ["not available"; 2]);
}

/// F21, X2, R3: to someone whom a decision showed whether she is available, and whom she does not know, nothing is different either:
/// not what is shown, nor how fast they may write.
pub fn who_was_let_see_by_a_decision_alone_finds_no_difference() {
    let standing = Standing::new(as_a_passer_by);
    let fates = with_rules(&[]);
    no_difference(standing, &fates, ["not available", "not_allowed"]);
}

/// F21, X2, R3: the parts that were shown of her and the means to reach her stay, and go on opening and closing by their hours.
pub fn parts_and_means_stay_as_they_were_at_a_block() {
    for lets in [in_parts, with_everything] {
        let standing = Standing::new(lets);
        no_difference(standing, &with_rules(&[]), ["offline", "not_allowed"]);
    }
}

/// F21, X2, P7: an inbox that was closed stays so to the blocked, one with hours opens and closes, and what she does with it later is
/// not told them.
pub fn an_inbox_stays_as_it_was_at_a_block() {
    for lets in [behind_closed_doors, with_opening_hours] {
        let standing = Standing::new(lets);
        no_difference(standing, &with_rules(&[]), ["offline", "not_allowed"]);
    }
}

/// F21, X2: whoever is blocked by a rule, by its time or as one of a group, sees when she was last there.
pub fn a_block_by_a_rule_makes_no_difference() {
    let standing = Standing {
        rules: everything_to_accounts,
        ..Standing::new(with_means)
    };
    no_difference(standing, &with_rules(&RULED), ["offline", "not_allowed"]);
    let standing = Standing {
        rules: everything_to_contacts,
        ..Standing::new(as_a_contact)
    };
    no_difference(standing, &with_rules(&RULED), ["offline", "not_allowed"]);
}

/// F21, X2: whoever waits for an answer goes on waiting, and whoever was denied stays so.
pub fn who_waits_at_a_block_waits_for_ever() {
    let standing = Standing::new(as_a_stranger);
    let looks = ["not shared yet", "not_allowed"];
    no_difference(standing, &with_rules(&RULED), looks);
    let standing = Standing::new(as_a_nuisance);
    no_difference(standing, &with_rules(&[]), ["not_allowed"; 2]);
}

/// F21, X2, V10: whoever hides from someone who wants to know is told so by the blocking as by the others.
pub fn a_demand_for_names_makes_no_difference() {
    let standing = Standing {
        demand: Demand::Named,
        rules: nothing,
        ..Standing::new(as_a_friend)
    };
    super::fates::no_difference_in(standing, &with_rules(&[]), |turn| {
        let seen = match turn % 2 {
            0 => "show_yourself",
            _ => "offline",
        };
        [seen, "not_allowed"]
    });
}

/// F21, X2, P13: a block at a further presentity leaves it as it was, its inbox too.
pub fn a_block_at_work_makes_no_difference() {
    let standing = Standing {
        door: Some("work"),
        ..Standing::new(at_work)
    };
    no_difference(standing, &with_rules(&[]), ["offline", "not_allowed"]);
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
            .map(|(at, frame)| (at, super::fates::normal(frame)))
            .collect::<Vec<_>>()
    };
    let waiting = answers(None);
    assert_eq!(waiting, answers(Some(Decision::Block)));
    let frames: Vec<_> = waiting.into_iter().map(|(_, frame)| frame).collect();
    assert_eq!(super::support::accepted(&frames).len(), 70);
}

/// F21, X2, S4: visitors who saw whether she is available see that she is not, whether she left or a rule blocks them all.
pub fn a_rule_that_closes_the_badge_makes_no_difference_to_visitors() {
    let looked = |leaves: bool, site: Who| {
        let mut room = Room::new();
        let alice = is_there(&mut room, "alice");
        does(&mut room, alice, &rules(whether_available()));
        room.passes(secs(60));
        let mut seen = Vec::new();
        let mut looks = |room: &mut Room| {
            let views = room.looks_up(None, Some("shop.example"), &["alice"]);
            seen.extend(views.expect("there is an answer"));
            room.passes(secs(60));
        };
        looks(&mut room);
        if leaves {
            room.says(alice, &ToService::Bye);
        } else {
            let block = rule(site, Decision::Block);
            does(&mut room, alice, &rules(vec![block.clone()]));
            looks(&mut room);
            let others = rule(Who::Anyone, Decision::Allow);
            does(&mut room, alice, &rules(vec![block, others]));
        }
        looks(&mut room);
        room.restarts_relay();
        room.passes(secs(60));
        looks(&mut room);
        seen.dedup();
        seen
    };
    let left = looked(true, Who::Anyone);
    assert_eq!(left.len(), 2);
    assert_eq!(left, looked(false, Who::Anyone));
    assert_eq!(left, looked(false, Who::Site("shop.example".into())));
}

/// R4: whoever is let in again sees her as she is, and what a later block shows is as of then.
pub fn who_is_let_in_again_sees_her_as_she_is() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    does(&mut room, alice, &decide("bob", Some(Decision::Allow)));
    does(&mut room, bob, &contact("alice", None));
    let mut found = Vec::new();
    let foes = |decision| rules(vec![rule(Who::Account, decision)]);
    let decides = |decision| decide("bob", Some(decision));
    let (block, allow) = (Decision::Block, Decision::Allow);
    let by_decision = || {
        [
            decides(block.clone()),
            decides(block.clone()),
            decides(allow.clone()),
        ]
    };
    let by_rule = [
        decide("bob", None),
        foes(block.clone()),
        foes(allow.clone()),
    ];
    does(&mut room, alice, &foes(allow.clone()));
    for (number, turns) in [("1", by_decision()), ("2", by_decision()), ("3", by_rule)] {
        room.passes(secs(60));
        publishes(&mut room, alice, means("phone", "tel", number));
        room.passes(secs(60));
        room.hears(bob);
        for turn in turns {
            does(&mut room, alice, &turn);
            room.passes(secs(60));
            publishes(&mut room, alice, means("phone", "tel", "0"));
            let seen = views(&room.hears(bob), "alice").pop();
            if let Some(View::Shown(seen)) = seen {
                let mut tuples = seen.tuples.iter();
                let phone = tuples.find(|tuple| tuple.id.as_str() == "phone");
                let address = phone.and_then(|phone| phone.address.clone());
                found.push((seen.is_present(), address.map(|address| address.contact)));
            }
        }
        // And nothing is kept of what stood before.
        let record = room.disk.store.load(&Key::Presentity(presentity("alice")));
        let Loaded::Presentity(Some(record)) = record else {
            panic!("alice has an account")
        };
        assert_eq!((record.before, record.turns), (vec![], vec![]));
    }
    let one = |there, phone: &str| (there, Some(phone.to_owned()));
    let expected = [
        one(false, "1"),
        one(true, "0"),
        one(false, "2"),
        one(true, "0"),
        // Forgetting the decision shows nothing new.
        one(true, "0"),
        one(false, "0"),
        one(true, "0"),
    ];
    assert_eq!(found, expected);
}

/// F21, X2: a block that goes on in another form, by a rule, a decision and a rule again, shows nothing new; when nothing blocks any more
/// she is seen as she is.
pub fn a_block_that_goes_on_in_another_form_shows_nothing_new() {
    let (none, open): (fn() -> _, fn() -> _) = (nothing, whether_available);
    for (before, behind) in [(none, none), (open, open), (none, open)] {
        let mut room = Room::new();
        let alice = is_there(&mut room, "alice");
        let bob = comes_by_hand(&mut room, "bob");
        does(&mut room, alice, &rules(before()));
        does(&mut room, alice, &contact("bob", None));
        does(&mut room, bob, &contact("alice", None));
        let passes = |room: &mut Room| {
            room.passes(secs(60));
            publishes(room, alice, means("phone", "tel", "0"));
            let seen = views(&room.hears(bob), "alice");
            let fetched = views(&room.asks_relay(bob, &fetch(&["alice"])), "alice");
            (seen, fetched)
        };
        passes(&mut room);
        let foes = rule(Who::Account, Decision::Block);
        let others = rule(Who::Guest, Decision::Deny);
        let first = |rule: &AccessRule| [vec![rule.clone()], behind()].concat();
        does(&mut room, alice, &rules(first(&foes)));
        let (_, blocked) = passes(&mut room);
        let turns = [
            contact("bob", Some("friends")),
            unsubscribe("bob"),
            decide("bob", Some(Decision::Block)),
            rules(first(&others)),
            rules([vec![others.clone()], first(&foes)].concat()),
            decide("bob", None),
            rules(first(&foes)),
        ];
        for turn in turns {
            does(&mut room, alice, &turn);
            assert_eq!(passes(&mut room), (vec![], blocked.clone()), "{turn:?}");
        }
        does(
            &mut room,
            alice,
            &rules(vec![rule(Who::Account, Decision::Allow)]),
        );
        assert_eq!(words_of(&passes(&mut room).1), ["available"]);
    }
}

fn words_of(views: &[View]) -> Vec<String> {
    views.iter().map(super::support::word).collect()
}

/// X2: of a block from before it was kept what stood before, the blocked see what they saw of it, also when it is decided once more.
pub fn an_old_block_shows_what_it_showed() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    room.passes(secs(60));
    room.disk.store.apply(Change::SetAccess {
        presentity: presentity("alice"),
        watcher: super::support::principal("bob"),
        decision: Some(Decision::Block),
        at: Timestamp(room.wall().0 - 30_000),
    });
    room.hangs_up(alice);
    room.hangs_up(bob);
    room.restarts_relay();
    room.passes(secs(60));
    let alice = comes_again(&mut room, "alice");
    publishes(&mut room, alice, means("phone", "tel", "0"));
    let bob = comes_again(&mut room, "bob");
    let seen = |room: &mut Room| views(&room.asks_relay(bob, &fetch(&["alice"])), "alice");
    let old = seen(&mut room);
    let [View::Shown(information)] = &old[..] else {
        panic!("she is not shown as absent: {old:?}")
    };
    assert_eq!(
        (information.is_present(), information.tuples.len()),
        (false, 1)
    );
    assert!(information.since > Timestamp(0));
    room.passes(secs(60));
    does(&mut room, alice, &decide("bob", Some(Decision::Block)));
    assert_eq!(seen(&mut room), old);
}

/// X2, X4: whoever takes a request back and asks again is as slow when they are blocked as when nobody answers, and alice is not asked.
pub fn who_asks_again_and_again_is_as_slow_when_blocked() {
    let answers = |blocks: fn(&mut Room, SessionId)| {
        let mut room = Room::new();
        let alice = is_there(&mut room, "alice");
        let bob = comes_by_hand(&mut room, "bob");
        does(&mut room, bob, &contact("alice", None));
        blocks(&mut room, alice);
        room.passes(ms(120_000 - room.clock()));
        room.hears(bob);
        room.hears(alice);
        let mut bob = bob;
        for turn in 0..30 {
            // Twice without taking it back is once, whatever happens in between.
            room.says(bob, &contact("alice", None));
            if turn == 3 {
                room.restarts_relay();
                room.passes(secs(60));
                bob = comes_again(&mut room, "bob");
                comes_again(&mut room, "alice");
                room.passes(ms(360_000 - room.clock()));
                room.hears(bob);
            }
            room.says(bob, &contact("alice", None));
            room.says(bob, &unsubscribe("alice"));
        }
        let frames = room.hears(bob);
        let heard = room.hears(alice);
        let asked = heard
            .iter()
            .filter(|frame| matches!(frame, ToAgent::Requested { .. }));
        (frames, asked.count())
    };
    let (waits, asked) = answers(|_, _| {});
    assert!(asked > 0 && codes(&waits).contains(&Code::TooManyRequests));
    let decided = |room: &mut Room, alice| {
        does(room, alice, &decide("bob", Some(Decision::Block)));
    };
    assert_eq!((waits.clone(), 0), answers(decided));
    let ruled = |room: &mut Room, alice| {
        let block = rule(Who::Account, Decision::Block);
        does(room, alice, &rules(vec![block]));
    };
    assert_eq!(waits, answers(ruled).0);
}
