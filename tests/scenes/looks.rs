//! Fetches without a session, over HTTP; programs with a part of what their principal may do; the two services apart.

use lamplight_core::address::SessionId;
use lamplight_core::code::{Code, Retry};
use lamplight_core::ledger::{Kind, WatcherName, Watchers};
use lamplight_core::presence::{Activity, Basic, View};
use lamplight_core::rules::Who;
use lamplight_core::service::{As, Identity, Scope, ServiceConfig};
use lamplight_core::wire::{Decision, Doing, Offers, Pace, ToAgent, ToService};

use super::support::{
    accepted, came_in, codes, comes_as, comes_by_hand, contact, decide, device_tuple, does, fetch,
    hand_tuple, is_there, message, own_inbox, presentity_with, publishes, rule, rules, subscribe,
    told, word, words,
};
use crate::room::{Room, inbox, presentity, secs};

/// What someone without a session is told, in words; one word for a refusal of the whole question.
fn looked(room: &mut Room, who: Option<&str>, whom: &[&str]) -> Vec<String> {
    match room.looks_up(who, None, whom) {
        Ok(views) => views.iter().map(word).collect(),
        Err(refusal) => vec![refusal.code.slug().to_owned()],
    }
}

fn watchers_of(room: &mut Room, session: SessionId, of: &str) -> Watchers {
    let frame = ToService::FetchWatchers {
        number: 50,
        presentity: presentity(of),
    };
    let frames = room.asks_relay(session, &frame);
    let found = frames.into_iter().find_map(|frame| match frame {
        ToAgent::Watchers { watchers, .. } => Some(watchers),
        _ => None,
    });
    found.expect("it is one's own")
}

/// W2: one question names many and is answered for each, by the rules; it makes no subscription, wakes nobody, and is remembered.
pub fn a_look_is_answered_for_each_and_subscribes_to_nothing() {
    let mut room = Room::new();
    room.signs_up("bob");
    let mut lines = Vec::new();
    for (name, decision) in [("open", Decision::Allow), ("shut", Decision::Deny)] {
        let session = is_there(&mut room, name);
        does(&mut room, session, &decide("bob", Some(decision)));
        lines.push(session);
    }
    lines.push(is_there(&mut room, "silent"));
    let whom = ["open", "shut", "silent", "nobody"];
    assert_eq!(
        looked(&mut room, Some("bob"), &whom),
        [
            "available",
            "not_allowed",
            "not shared yet",
            "unknown_address"
        ]
    );
    for line in &lines {
        assert_eq!(room.hears(*line), [], "nobody is asked");
    }
    let seen = watchers_of(&mut room, lines[0], "open");
    assert_eq!(seen.named.len(), 1);
    let row = &seen.named[0];
    assert_eq!((row.kind, row.count, row.devices), (Kind::Fetcher, 1, 0));
    assert_eq!(row.watcher, WatcherName::Principal(room.principal("bob")));
    // One's own is one's own, and nobody has received by that.
    assert_eq!(
        looked(&mut room, Some("silent"), &["silent"]),
        ["available"]
    );
    assert_eq!(watchers_of(&mut room, lines[2], "silent").named.len(), 1);
}

/// X2, S4: to someone whom nobody vouches for, an unknown address, one that shares nothing and one that blocks are the same answer.
pub fn nobody_cannot_tell_the_unknown_from_those_who_share_nothing() {
    let mut room = Room::new();
    let blocking = is_there(&mut room, "blocking");
    does(
        &mut room,
        blocking,
        &rules(vec![rule(Who::Anyone, Decision::Block)]),
    );
    let asking = is_there(&mut room, "asking");
    does(
        &mut room,
        asking,
        &rules(vec![rule(Who::Anyone, Decision::Ask)]),
    );
    let mut picky = rule(Who::Anyone, Decision::Allow);
    picky.needs = lamplight_core::rules::Login::Account;
    let strict = is_there(&mut room, "strict");
    does(&mut room, strict, &rules(vec![picky]));
    is_there(&mut room, "unshared");
    let whom = [
        "nobody",
        "unshared",
        "blocking",
        "asking",
        "strict",
        "unshared+work",
    ];
    let views = room
        .looks_up(None, None, &whom)
        .expect("there is an answer");
    assert_eq!(word(&views[0]), "not_allowed");
    for (view, name) in views.iter().zip(whom) {
        assert_eq!(*view, views[0], "{name}");
    }
}

/// R1, W3: a rule for anyone opens the badge; the visitors of one site are remembered together, and so are those of no site.
pub fn a_rule_for_anyone_opens_the_badge_and_visitors_are_counted() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    assert_eq!(looked(&mut room, None, &["alice"]), ["not_allowed"]);
    does(
        &mut room,
        alice,
        &rules(vec![
            rule(Who::Site("bad.example".into()), Decision::Deny),
            rule(Who::Anyone, Decision::Availability),
        ]),
    );
    let mut visits = |site: Option<&str>| {
        let views = room.looks_up(None, site, &["alice"]);
        word(&views.expect("there is an answer")[0])
    };
    assert_eq!(visits(None), "available");
    for _ in 0..3 {
        assert_eq!(visits(Some("shop.example")), "available");
    }
    assert_eq!(visits(Some("Bad.example")), "not_allowed");
    let busy = hand_tuple(Activity::Busy, room.wall());
    publishes(&mut room, alice, busy);
    room.passes(secs(60));
    assert_eq!(looked(&mut room, None, &["alice"]), ["not available"]);
    let seen = watchers_of(&mut room, alice, "alice");
    let mut rows: Vec<_> = seen
        .named
        .iter()
        .map(|row| format!("{:?} {:?} {}", row.watcher, row.state, row.count).to_lowercase())
        .collect();
    rows.sort();
    assert_eq!(
        rows,
        [
            "nobody attempt 1",
            "nobody ended 2",
            r#"site("bad.example") attempt 1"#,
            r#"site("shop.example") ended 3"#,
        ]
    );
}

/// W3: who fetches one presentity too often is told when it may again; others and other presentities are not slowed.
pub fn polling_too_fast_is_refused_with_a_time_to_wait() {
    let mut room = Room::new();
    for name in ["alice", "carol"] {
        let session = is_there(&mut room, name);
        let open = vec![rule(Who::Anyone, Decision::Allow)];
        does(&mut room, session, &rules(open));
    }
    let bob = comes_by_hand(&mut room, "bob");
    let burst = room.config.limits.polls.burst;
    for _ in 0..burst {
        assert_eq!(looked(&mut room, None, &["alice"]), ["available"]);
        let seen = room.asks_relay(bob, &fetch(&["alice"]));
        assert_eq!(words(&seen, "alice"), ["available"]);
    }
    let refusal = room.looks_up(None, None, &["alice"]);
    let refusal = refusal.expect_err("that was too fast");
    let seen = room.asks_relay(bob, &fetch(&["alice"]));
    let in_session = seen.iter().find_map(|frame| match frame {
        ToAgent::Refused {
            number: Some(72),
            refusal,
        } => Some(refusal.clone()),
        _ => None,
    });
    for refusal in [refusal, in_session.expect("that was too fast")] {
        assert_eq!(refusal.code, Code::TooManyRequests);
        assert!(
            matches!(refusal.retry, Retry::AfterMs(wait) if 9_000 < wait && wait <= 10_000),
            "{refusal:?}"
        );
    }
    // By way of HTTP the same watcher is the same watcher.
    assert_eq!(
        looked(&mut room, Some("bob"), &["alice"]),
        ["too_many_requests"]
    );
    assert_eq!(looked(&mut room, Some("bob"), &["carol"]), ["available"]);
    room.passes(secs(10));
    assert_eq!(looked(&mut room, None, &["alice"]), ["available"]);
}

/// X2: asking too fast for an address that nobody has is refused like for any other.
pub fn haste_is_the_same_for_the_unknown() {
    let mut room = Room::new();
    is_there(&mut room, "alice");
    for name in ["alice", "nobody"] {
        let answers: Vec<_> = (0..8).map(|_| looked(&mut room, None, &[name])).collect();
        assert_eq!(answers[5], ["not_allowed"], "{name}");
        assert_eq!(answers[6], ["too_many_requests"], "{name}");
    }
}

/// G1, S6: a program with a token does what the token says, and nothing else of what its principal may.
pub fn a_program_does_what_its_token_says() {
    let mut room = Room::new();
    let bob = is_there(&mut room, "bob");
    does(
        &mut room,
        bob,
        &rules(vec![rule(Who::Account, Decision::Allow)]),
    );
    room.signs_up("alice");
    let none = Scope {
        watch: false,
        publish: false,
        send: false,
        read: false,
        manage: false,
    };
    let frames = |room: &Room| {
        let tuple = hand_tuple(Activity::Busy, room.wall());
        [
            ("watch", fetch(&["bob"])),
            ("watch", contact("bob", None)),
            ("publish", ToService::Publish { tuple, of: None }),
            ("send", message(1, "bob", "a robot writes")),
            ("read", ToService::FetchConversations { number: 2 }),
            ("manage", rules(vec![])),
            ("manage", decide("bob", None)),
        ]
    };
    let scopes = [
        (
            "watch",
            Scope {
                watch: true,
                ..none
            },
        ),
        (
            "publish",
            Scope {
                publish: true,
                ..none
            },
        ),
        ("send", Scope { send: true, ..none }),
        ("read", Scope { read: true, ..none }),
        (
            "manage",
            Scope {
                manage: true,
                ..none
            },
        ),
    ];
    for (may, scope) in scopes {
        let identity = Identity {
            scope,
            ..room.identity("alice")
        };
        let program = comes_as(&mut room, identity);
        for (needs, frame) in frames(&room) {
            let answers = room.asks_relay(program, &frame);
            let wanted = match needs == may {
                true => vec![],
                false => vec![Code::NotAllowed],
            };
            assert_eq!(codes(&answers), wanted, "{may}: {frame:?}");
        }
        room.hears(bob);
        room.asks_relay(bob, &message(7 + u128::from(scope.read), "alice", "hello"));
        assert_eq!(
            came_in(&mut room, program).len(),
            usize::from(scope.read),
            "{may}"
        );
        room.hangs_up(program);
    }
    // A token for nothing but watching looks over HTTP; one without does not.
    for (scope, seen) in [(scopes[0].1, "available"), (scopes[1].1, "not_allowed")] {
        let looker = lamplight_core::service::Looker {
            identity: Some(Identity {
                scope,
                ..room.identity("alice")
            }),
            site: None,
            source: 1,
            looks_as: As::Themselves,
        };
        let answer = room.looks(looker, vec![presentity("bob")]);
        let answer = answer.map(|told| word(&told[0].view));
        assert_eq!(
            answer.unwrap_or_else(|refusal| refusal.code.slug().to_owned()),
            seen
        );
    }
}

/// R3: what a watcher gets is for whoever may set it up, and is what they get; being looked at so, nobody is remembered.
pub fn only_who_sets_it_up_looks_through_anothers_eyes() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    publishes(
        &mut room,
        alice,
        hand_tuple(Activity::Busy, lamplight_core::time::Timestamp(5)),
    );
    let bob = room.identity("bob");
    let whole = room.identity("alice");
    let looks = |scope| Identity {
        scope,
        ..whole.clone()
    };
    let watches = Scope {
        manage: false,
        ..Scope::ALL
    };
    for (decision, seen) in [
        (None, "not shared yet"),
        (Some(Decision::Allow), "busy"),
        (Some(Decision::Availability), "not available"),
    ] {
        does(&mut room, alice, &decide("bob", decision));
        for (identity, seen) in [
            (Some(looks(Scope::ALL)), seen),
            (Some(looks(watches)), "not_allowed"),
            (Some(bob.clone()), "not_allowed"),
            (None, "not_allowed"),
        ] {
            let looker = lamplight_core::service::Looker {
                identity,
                site: None,
                source: 1,
                looks_as: As::Watcher(bob.principal.clone()),
            };
            let answer = room.looks(looker, vec![presentity("alice")]);
            let answer = answer.map(|told| word(&told[0].view));
            assert_eq!(
                answer.unwrap_or_else(|refusal| refusal.code.slug().to_owned()),
                seen
            );
        }
    }
    assert_eq!(watchers_of(&mut room, alice, "alice"), Watchers::default());
}

fn offering(offers: Offers) -> Room {
    Room::with(ServiceConfig {
        offers,
        ..ServiceConfig::default()
    })
}

fn refusals_of(room: &mut Room, session: SessionId, frames: &[ToService]) -> Vec<Code> {
    let answers = frames.iter().map(|frame| room.asks_relay(session, frame));
    answers.flat_map(|answers| codes(&answers)).collect()
}

fn presence_frames(room: &Room) -> Vec<ToService> {
    let tuple = hand_tuple(Activity::Busy, room.wall());
    vec![
        ToService::Publish { tuple, of: None },
        fetch(&["alice"]),
        subscribe(1, &["alice"]),
        contact("alice", None),
        super::support::unsubscribe("alice"),
        rules(vec![]),
        presentity_with(Some("work"), vec![]),
        ToService::SetVisibility {
            number: 2,
            presentity: None,
            visibility: None,
        },
        ToService::FetchWatchers {
            number: 3,
            presentity: presentity("bob"),
        },
    ]
}

fn message_frames() -> Vec<ToService> {
    vec![
        message(1, "alice", "hello"),
        ToService::Signal {
            to: inbox("alice"),
            doing: Doing::Typing,
            from: None,
        },
        ToService::FetchConversations { number: 4 },
        ToService::SetInbox {
            number: 5,
            own: own_inbox(Some("shop")),
        },
        ToService::Clear {
            number: 6,
            with: presentity("alice").0,
        },
    ]
}

/// S3, RFC 2779 2.1.1: a relay without presence says so to every frame of it, and messages flow; a sender can still be blocked.
pub fn a_relay_without_presence_carries_messages() {
    let mut room = offering(Offers::Messages);
    let [alice, bob] = ["alice", "bob"].map(|who| comes_by_hand(&mut room, who));
    let frames = presence_frames(&room);
    let refused = refusals_of(&mut room, bob, &frames);
    assert_eq!(refused, vec![Code::NoPresence; frames.len()]);
    assert_eq!(looked(&mut room, Some("bob"), &["alice"]), ["no_presence"]);
    assert_eq!(refusals_of(&mut room, bob, &message_frames()), []);
    assert_eq!(came_in(&mut room, alice), ["held of bob: hello"]);
    room.asks_relay(alice, &message(1, "bob", "good day"));
    assert_eq!(came_in(&mut room, bob), ["alice: good day"]);
    does(&mut room, alice, &decide("bob", Some(Decision::Block)));
    let sent = room.asks_relay(bob, &message(9, "alice", "more"));
    assert_eq!(accepted(&sent).len(), 1);
    assert_eq!(came_in(&mut room, alice), [""; 0]);
}

/// S3, RFC 2779 2.1.1: a relay without messages says so to every frame of them, shows every inbox as CLOSED, and presence works.
pub fn a_relay_without_messages_carries_presence() {
    let mut room = offering(Offers::Presence);
    let alice = is_there(&mut room, "alice");
    does(
        &mut room,
        alice,
        &rules(vec![rule(Who::Account, Decision::Allow)]),
    );
    let bob = comes_by_hand(&mut room, "bob");
    let frames = message_frames();
    let refused = refusals_of(&mut room, bob, &frames);
    assert_eq!(refused, vec![Code::NoMessages; frames.len()]);
    let seen = room.asks_relay(bob, &subscribe(1, &["alice"]));
    let [View::Shown(information)] = &super::support::views(&seen, "alice")[..] else {
        panic!("nothing is shown: {seen:?}")
    };
    assert!(information.is_present());
    let closed = information.inbox().map(|(_, basic)| basic);
    assert_eq!(closed, Some(Basic::Closed));
    room.passes(secs(5));
    let busy = hand_tuple(Activity::Busy, room.wall());
    publishes(&mut room, alice, busy);
    assert_eq!(told(&mut room, bob, "alice"), ["busy"]);
    // Whoever wants to be left alone says so in either service.
    let paused = room.asks_relay(bob, &ToService::Pace { pace: Pace::Paused });
    assert_eq!(codes(&paused), []);
    publishes(&mut room, alice, device_tuple("second", None));
    room.passes(secs(5));
    assert_eq!(told(&mut room, bob, "alice"), [""; 0]);
}
