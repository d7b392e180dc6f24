//! Visitors of other sites who keep looking: a line without an account. It tells at once what visitors are shown, and nothing else.

use lamplight_core::address::SessionId;
use lamplight_core::code::Code;
use lamplight_core::presence::{Activity, View, by_hand};
use lamplight_core::rules::{AccessRules, Decision, Login, Who};
use lamplight_core::service::{Requires, ServiceConfig};
use lamplight_core::wire::{Codec, Doing, Pace, ToAgent, ToService, VERSION};

use super::badges::{rows, shows_visitors, watchers_of};
use super::support::{
    codes, comes_by_hand, contact, decide, does, fetch, free_of_rates, hand_tuple, is_there,
    message, own_inbox, own_presentity, publishes, rule, rules, subscribe, told, views, watches,
    word,
};
use crate::room::{Room, inbox, presentity, secs};

/// Sets a status by hand.
fn becomes(room: &mut Room, session: SessionId, activity: Activity) {
    let tuple = hand_tuple(activity, room.wall());
    publishes(room, session, tuple);
}

/// Looks at one from now on; what a visitor is told at first.
fn looks_at(room: &mut Room, visitor: SessionId, whom: &str) -> String {
    let frames = room.asks_relay(visitor, &subscribe(1, &[whom]));
    assert!(frames.contains(&ToAgent::Done { number: 1 }), "{frames:?}");
    views(&frames, whom).last().map(word).unwrap_or_default()
}

fn switches(room: &mut Room, session: SessionId, decision: Option<Decision>) {
    shows_visitors(room, session, AccessRules::default(), decision);
}

/// S6, W4: whoever reads a page of another site sees at once that someone comes, goes, and switches the badge on or off.
pub fn a_visitor_is_told_at_once_of_what_visitors_are_shown() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let visitor = room.comes_by(Some("shop.example"));
    let frames = room.hears(visitor);
    assert!(
        matches!(
            frames.as_slice(),
            [ToAgent::Visiting {
                version: VERSION,
                ..
            }]
        ),
        "{frames:?}"
    );
    assert_eq!(looks_at(&mut room, visitor, "alice"), "not_allowed");
    switches(&mut room, alice, Some(Decision::Availability));
    assert_eq!(told(&mut room, visitor, "alice"), ["available"]);
    room.passes(secs(5));
    becomes(&mut room, alice, Activity::Busy);
    assert_eq!(told(&mut room, visitor, "alice"), ["not available"]);
    room.passes(secs(5));
    let by_hand = ToService::Withdraw {
        tuple: by_hand(),
        of: None,
    };
    room.says(alice, &by_hand);
    assert_eq!(told(&mut room, visitor, "alice"), ["available"]);
    room.passes(secs(5));
    room.says(alice, &ToService::Bye);
    assert_eq!(told(&mut room, visitor, "alice"), ["not available"]);
    room.passes(secs(5));
    let alice = is_there(&mut room, "alice");
    assert_eq!(told(&mut room, visitor, "alice"), ["available"]);
    // Switched off, it is over before she hears that it is.
    switches(&mut room, alice, None);
    assert_eq!(told(&mut room, visitor, "alice"), ["not_allowed"]);
    room.passes(secs(5));
    becomes(&mut room, alice, Activity::Away);
    room.passes(secs(5));
    assert_eq!(told(&mut room, visitor, "alice"), [""; 0]);
}

/// What visitors are told of this one, from the first word on, as they read it: the name left out.
fn all_frames(room: &mut Room, whom: &str, meanwhile: impl FnOnce(&mut Room)) -> String {
    let visitor = room.comes_by(None);
    room.hears(visitor);
    room.says(visitor, &subscribe(1, &[whom]));
    room.passes(secs(3));
    meanwhile(room);
    room.passes(secs(60));
    let frames = room.hears(visitor);
    let text = frames
        .iter()
        .map(|frame| String::from_utf8_lossy(&Codec::Json.encode(frame)).into_owned());
    text.collect::<Vec<_>>().join("\n").replace(whom, "someone")
}

/// X2: nobody, somebody who never switched it on, who asks about strangers, who denies or blocks all, and somebody who signs up
/// while one looks: the same frames.
pub fn to_a_visitor_nobody_is_there_and_nobody_is_not() {
    let mut room = Room::new();
    let nobody = all_frames(&mut room, "nobody", |_| ());
    assert!(nobody.contains("not_allowed"), "{nobody}");
    let nothing: [&[_]; 4] = [
        &[],
        &[rule(Who::Anyone, Decision::Ask)],
        &[rule(Who::Anyone, Decision::Deny)],
        &[rule(Who::Anyone, Decision::Block)],
    ];
    for (at, all) in nothing.iter().enumerate() {
        let name = format!("silent{at}");
        let silent = is_there(&mut room, &name);
        does(&mut room, silent, &rules(all.to_vec()));
        let frames = all_frames(&mut room, &name, |room| {
            becomes(room, silent, Activity::Busy);
        });
        assert_eq!(frames, nobody, "{all:?}");
    }
    let named = all_frames(&mut room, "late", |room| {
        is_there(room, "late");
    });
    assert_eq!(named, nobody);
    let further = all_frames(&mut room, "silent0+work", |_| ());
    assert_eq!(further, nobody);
}

/// X2: one who has gone, one who is invisible and one who politely blocks every visitor: the same frames.
pub fn the_gone_the_invisible_and_the_blocking_are_one_to_a_visitor() {
    type Fate = fn(&mut Room, SessionId);
    let fates: [(&str, Fate); 3] = [
        ("anna", |room, anna| room.says(anna, &ToService::Bye)),
        ("ruth", |room, ruth| {
            becomes(room, ruth, Activity::Invisible);
        }),
        ("vera", |room, vera| {
            let mut all = AccessRules::default();
            all.show_visitors(Some(Decision::Availability));
            all.rules.insert(0, rule(Who::Anyone, Decision::Block));
            does(room, vera, &own_presentity(None, all));
        }),
    ];
    let mut seen = Vec::new();
    for (name, fate) in fates {
        // Each in a room of its own at the same time: what is told tells the time.
        let mut room = Room::new();
        let session = is_there(&mut room, name);
        switches(&mut room, session, Some(Decision::Availability));
        room.passes(secs(30));
        let frames = all_frames(&mut room, name, |room| fate(room, session));
        assert_eq!(frames.matches("\"notify\"").count(), 2, "{frames}");
        seen.push(frames);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
}

/// S4: a visitor looks; whatever else is asked for wants somebody.
pub fn a_visitor_may_look_and_nothing_else() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let visitor = room.comes_by(None);
    room.hears(visitor);
    let refused = [
        contact("alice", None),
        fetch(&["alice"]),
        message(7, "alice", "hello"),
        decide("alice", Some(Decision::Allow)),
        own_presentity(None, AccessRules::default()),
        ToService::SetInbox {
            number: 3,
            own: own_inbox(None),
        },
        ToService::FetchConversations { number: 4 },
        ToService::FetchWatchers {
            number: 5,
            presentity: presentity("alice"),
        },
        ToService::Signal {
            to: inbox("alice"),
            doing: Doing::Typing,
            from: None,
        },
        ToService::Publish {
            tuple: hand_tuple(Activity::Busy, room.wall()),
            of: None,
        },
    ];
    for frame in refused {
        let answer = room.asks_relay(visitor, &frame);
        assert_eq!(codes(&answer), [Code::NotSignedIn], "{frame:?}");
    }
    assert_eq!(codes(&room.hears(alice)), []);
    let pong = room.asks_relay(visitor, &ToService::Ping { number: 9 });
    assert_eq!(pong, [ToAgent::Pong { number: 9 }]);
    room.says(visitor, &ToService::Bye);
    assert!(room.is_closed(visitor));
}

/// W4: a page that nobody looks at is told nothing, then all at once; of what it may not see any more it hears in any case.
pub fn a_page_that_nobody_looks_at_pauses() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    switches(&mut room, alice, Some(Decision::Availability));
    let visitor = room.comes_by(None);
    assert_eq!(looks_at(&mut room, visitor, "alice"), "available");
    room.says(visitor, &ToService::Pace { pace: Pace::Paused });
    room.passes(secs(5));
    becomes(&mut room, alice, Activity::Busy);
    room.passes(secs(5));
    assert_eq!(told(&mut room, visitor, "alice"), [""; 0]);
    room.says(visitor, &ToService::Pace { pace: Pace::Live });
    assert_eq!(told(&mut room, visitor, "alice"), ["not available"]);
    room.says(visitor, &ToService::Pace { pace: Pace::Paused });
    switches(&mut room, alice, None);
    assert_eq!(told(&mut room, visitor, "alice"), ["not_allowed"]);
    let gone = ToService::Unsubscribe {
        number: 8,
        presentities: vec![presentity("alice")],
    };
    assert_eq!(
        room.asks_relay(visitor, &gone),
        [ToAgent::Done { number: 8 }]
    );
    room.says(visitor, &ToService::Pace { pace: Pace::Live });
    switches(&mut room, alice, Some(Decision::Availability));
    assert_eq!(told(&mut room, visitor, "alice"), [""; 0]);
}

/// Visitors have bounds of their own: however many there are, a contact is told and somebody comes in.
pub fn visitors_lock_nobody_out() {
    let mut config = free_of_rates();
    config.limits.watchers = 2;
    config.limits.visitors = 3;
    config.limits.visitor_subscriptions = 2;
    let mut room = Room::with(config);
    let alice = is_there(&mut room, "alice");
    switches(&mut room, alice, Some(Decision::Availability));
    let visitors: Vec<_> = (0..3).map(|_| room.comes_by(None)).collect();
    for visitor in &visitors {
        room.hears(*visitor);
    }
    // Two may watch her; whether there is anyone makes no difference to the third.
    for name in ["alice", "nobody"] {
        for visitor in &visitors[..2] {
            looks_at(&mut room, *visitor, name);
        }
        let frames = room.asks_relay(visitors[2], &subscribe(1, &[name]));
        let ended =
            |view: &View| matches!(view, View::Ended(why) if why.code == Code::TooManyWatchers);
        assert!(views(&frames, name).iter().any(ended), "{frames:?}");
    }
    let third = subscribe(3, &["third"]);
    let answer = room.asks_relay(visitors[0], &third);
    assert_eq!(codes(&answer), [Code::TooLarge]);
    let late = room.comes_by(None);
    let goodbye = room.hears(late);
    assert_eq!(codes(&goodbye), [Code::TooManyRequests]);
    assert!(room.is_closed(late));
    // Those who came in are not in the way of others, nor others in theirs.
    let bob = comes_by_hand(&mut room, "bob");
    does(&mut room, alice, &decide("bob", Some(Decision::Allow)));
    assert_eq!(watches(&mut room, bob, "alice"), "available");
    // Who goes makes room.
    room.hangs_up(visitors[0]);
    let next = room.comes_by(None);
    room.hears(next);
    assert_eq!(looks_at(&mut room, next, "alice"), "available");
    room.asks_relay(bob, &subscribe(4, &["alice"]));
    assert_eq!(codes(&room.hears(next)), []);
}

/// V2: a line counts once for each that it is shown, by its site; while the badge is off as an attempt.
pub fn a_line_of_a_visitor_counts_once_by_its_site() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let early = room.comes_by(Some("early.example"));
    looks_at(&mut room, early, "alice");
    switches(&mut room, alice, Some(Decision::Availability));
    for site in [Some("shop.example"), Some("shop.example"), None] {
        let visitor = room.comes_by(site);
        looks_at(&mut room, visitor, "alice");
        room.says(visitor, &ToService::Pace { pace: Pace::Paused });
        room.says(visitor, &ToService::Pace { pace: Pace::Live });
    }
    room.passes(secs(5));
    becomes(&mut room, alice, Activity::Busy);
    room.passes(secs(5));
    let seen = watchers_of(&mut room, alice, "alice");
    assert_eq!(
        rows(&seen),
        [
            "nobody fetcher ended 1",
            r#"site("early.example") fetcher attempt 1"#,
            r#"site("early.example") fetcher ended 1"#,
            r#"site("shop.example") fetcher ended 2"#,
        ]
    );
}

/// S4: where everyone who watches must have come in, a visitor is shown nothing.
pub fn a_relay_that_wants_to_know_who_watches_shows_visitors_nothing() {
    let mut room = Room::with(ServiceConfig {
        requires: Requires {
            watch: Login::Guest,
            ..Requires::default()
        },
        ..ServiceConfig::default()
    });
    let alice = is_there(&mut room, "alice");
    switches(&mut room, alice, Some(Decision::Availability));
    let visitor = room.comes_by(None);
    room.hears(visitor);
    assert_eq!(looks_at(&mut room, visitor, "alice"), "not_allowed");
}
