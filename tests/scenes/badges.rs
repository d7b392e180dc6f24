//! What visitors of other sites get: nothing until it is switched on, then a word that tells nobody apart who is not there, and
//! how they stand in WATCHER INFORMATION: by their site.

use lamplight_core::address::SessionId;
use lamplight_core::ledger::{Kind, SITES_MAX, Watchers};
use lamplight_core::presence::{Activity, View};
use lamplight_core::rules::{AccessRules, Decision, Part, Who};
use lamplight_core::wire::{ToAgent, ToService};

use super::support::{
    codes, comes_by_hand, does, fetch, hand_tuple, is_there, own_presentity, publishes, rule,
    rules, word, words,
};
use crate::room::{Room, presentity, secs};

/// Everything that a badge may show: whether one is available, or busy and away too.
fn decisions() -> [Decision; 2] {
    let activity = Part {
        activity: true,
        ..Part::AVAILABILITY
    };
    [Decision::Availability, Decision::Chosen(activity)]
}

/// Switches the badge of a presentity on or off, whatever other rules it has.
pub fn shows_visitors(
    room: &mut Room,
    session: SessionId,
    mut others: AccessRules,
    decision: Option<Decision>,
) -> AccessRules {
    others.show_visitors(decision);
    does(room, session, &own_presentity(None, others.clone()));
    others
}

fn visited(room: &mut Room, site: Option<&str>, whom: &str) -> String {
    match room.visits(None, site, whom) {
        Ok(view) => word(&view),
        Err(refusal) => refusal.code.slug().to_owned(),
    }
}

pub fn watchers_of(room: &mut Room, session: SessionId, of: &str) -> Watchers {
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

/// In words, sorted: `site("shop.example") ended 3`.
pub fn rows(watchers: &Watchers) -> Vec<String> {
    let mut rows: Vec<_> = watchers
        .named
        .iter()
        .map(|row| {
            format!(
                "{:?} {:?} {:?} {}",
                row.watcher, row.kind, row.state, row.count
            )
            .to_lowercase()
        })
        .collect();
    rows.sort();
    rows
}

/// R1, X2: a badge shows nothing until its presentity switches it on, and nothing again afterwards; who has signed in is asked
/// about before and after.
pub fn a_badge_shows_nothing_until_it_is_switched_on() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let stranger = comes_by_hand(&mut room, "stranger");
    assert_eq!(visited(&mut room, None, "alice"), "not_allowed");
    let on = shows_visitors(
        &mut room,
        alice,
        AccessRules::default(),
        Some(Decision::Availability),
    );
    assert_eq!(visited(&mut room, None, "alice"), "available");
    let seen = room.asks_relay(stranger, &fetch(&["alice"]));
    assert_eq!(words(&seen, "alice"), ["not shared yet"]);
    // Only of this presentity: another of hers has a switch of its own.
    does(
        &mut room,
        alice,
        &own_presentity(Some("work"), AccessRules::default()),
    );
    assert_eq!(visited(&mut room, None, "alice+work"), "not_allowed");
    let busy = hand_tuple(Activity::Busy, room.wall());
    publishes(&mut room, alice, busy);
    room.passes(secs(20));
    assert_eq!(visited(&mut room, None, "alice"), "not available");
    let [_, activity] = decisions();
    let on = shows_visitors(&mut room, alice, on, Some(activity));
    room.passes(secs(20));
    assert_eq!(visited(&mut room, None, "alice"), "busy");
    shows_visitors(&mut room, alice, on, None);
    assert_eq!(visited(&mut room, None, "alice"), "not_allowed");
}

/// What visitors are answered of someone in one of the ways not to be there.
fn absent(decision: &Decision, becomes: fn(&mut Room, SessionId, &AccessRules)) -> View {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let rules = shows_visitors(
        &mut room,
        alice,
        AccessRules::default(),
        Some(decision.clone()),
    );
    assert_eq!(visited(&mut room, None, "alice"), "available");
    room.passes(secs(60));
    becomes(&mut room, alice, &rules);
    room.passes(secs(60));
    let view = room.visits(None, None, "alice").expect("an answer");
    let View::Shown(information) = &view else {
        panic!("{view:?}")
    };
    assert!(!information.is_present());
    view
}

/// X2: who went, who is invisible and who politely blocks everyone are one answer, of which the badge is made.
pub fn the_badge_of_the_absent_the_invisible_and_the_blocking_is_one() {
    for decision in decisions() {
        let gone = absent(&decision, |room, alice, _| room.hangs_up(alice));
        let hidden = absent(&decision, |room, alice, _| {
            let invisible = hand_tuple(Activity::Invisible, room.wall());
            publishes(room, alice, invisible);
        });
        let blocking = absent(&decision, |room, alice, on| {
            let mut all = on.clone();
            all.rules.insert(0, rule(Who::Anyone, Decision::Block));
            does(room, alice, &own_presentity(None, all));
        });
        assert_eq!(gone, hidden, "{decision:?}");
        assert_eq!(gone, blocking, "{decision:?}");
    }
}

/// X2: nobody, someone who has not switched it on, someone who switched it off and someone who blocks without it are one badge,
/// and hastily asked for are the same too.
pub fn the_badge_of_nobody_is_that_of_all_who_have_none() {
    let mut room = Room::new();
    is_there(&mut room, "silent");
    let off = is_there(&mut room, "off");
    let on = shows_visitors(
        &mut room,
        off,
        AccessRules::default(),
        Some(Decision::Availability),
    );
    shows_visitors(&mut room, off, on, None);
    let blocking = is_there(&mut room, "blocking");
    let block = rules(vec![rule(Who::Anyone, Decision::Block)]);
    does(&mut room, blocking, &block);
    let nobody = room.visits(None, None, "nobody").expect("an answer");
    for name in ["silent", "off", "blocking", "silent+tag"] {
        let view = room.visits(None, None, name).expect("an answer");
        assert_eq!(view, nobody, "{name}");
    }
    let burst = room.config.limits.polls.burst;
    for name in ["silent", "nobody"] {
        for _ in 1..burst {
            assert_eq!(visited(&mut room, None, name), "not_allowed");
        }
        assert_eq!(visited(&mut room, None, name), "too_many_requests");
    }
}

/// W2, W3: visitors are FETCHERs, counted by their site, many at a time; those of a site that nobody named together. Haste on one
/// site is not told to another. Whoever looks at their own badge sees what visitors see and is counted nowhere.
pub fn visitors_are_counted_by_their_site() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let blocked = vec![rule(Who::Site("bad.example".into()), Decision::Deny)];
    let others = AccessRules {
        rules: blocked,
        ..AccessRules::default()
    };
    shows_visitors(&mut room, alice, others, Some(Decision::Availability));
    for turn in 0..4 {
        assert_eq!(
            visited(&mut room, Some("shop.example"), "alice"),
            "available"
        );
        room.more_visit(Some("shop.example"), "alice", 100 + turn);
        room.passes(secs(30));
    }
    assert_eq!(visited(&mut room, None, "alice"), "available");
    room.more_visit(None, "alice", 41);
    assert_eq!(
        visited(&mut room, Some("bad.example"), "alice"),
        "not_allowed"
    );
    room.more_visit(Some("bad.example"), "alice", 6);
    // Signed in or not, who reads another site is its visitor.
    room.signs_up("bob");
    let seen = room.visits(Some("bob"), Some("shop.example"), "alice");
    assert_eq!(word(&seen.expect("an answer")), "available");
    let busy = hand_tuple(Activity::Busy, room.wall());
    publishes(&mut room, alice, busy);
    for _ in 0..20 {
        let own = room.visits(Some("alice"), None, "alice");
        assert_eq!(word(&own.expect("always")), "not available");
    }
    let seen = watchers_of(&mut room, alice, "alice");
    assert_eq!(
        rows(&seen),
        [
            "nobody fetcher ended 42",
            r#"site("bad.example") fetcher attempt 7"#,
            r#"site("shop.example") fetcher ended 411"#,
        ]
    );
    let burst = room.config.limits.polls.burst;
    for _ in 0..burst {
        visited(&mut room, Some("busy.example"), "alice");
    }
    assert_eq!(
        visited(&mut room, Some("busy.example"), "alice"),
        "too_many_requests"
    );
    assert_eq!(
        visited(&mut room, Some("other.example"), "alice"),
        "not available"
    );
}

/// W2: so many sites are remembered and no more: what comes from others is counted as from no site in particular.
pub fn a_hundred_sites_are_remembered_and_the_rest_together() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    shows_visitors(
        &mut room,
        alice,
        AccessRules::default(),
        Some(Decision::Availability),
    );
    for site in 0..SITES_MAX + 20 {
        visited(&mut room, Some(&format!("{site}.example")), "alice");
    }
    visited(&mut room, Some("7.example"), "alice");
    let seen = watchers_of(&mut room, alice, "alice");
    assert_eq!(seen.named.len(), SITES_MAX + 1);
    let rows = rows(&seen);
    assert_eq!(rows[0], "nobody fetcher ended 20");
    assert!(rows.contains(&r#"site("7.example") fetcher ended 2"#.to_owned()));
    assert!(seen.named.iter().all(|row| row.kind == Kind::Fetcher));
    assert_eq!(codes(&room.hears(alice)), []);
}
