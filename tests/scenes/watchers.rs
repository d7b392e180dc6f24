//! WATCHER INFORMATION and VISIBILITY RULES: who has received, how often, and how watchers stand there.

use std::time::Duration;

use lamplight_core::address::SessionId;
use lamplight_core::code::Code;
use lamplight_core::ledger::{SPAN, WatcherName, Watchers};
use lamplight_core::presence::Activity;
use lamplight_core::rules::{AccessRules, Demand, Visibility, Who};
use lamplight_core::store::{Key, Loaded};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Decision, ToAgent, ToService};

use super::support::{
    codes, comes_again, comes_by_hand, contact, decide, does, fetch, hand_tuple, is_there,
    own_presentity, publishes, roster_of, rule, rules, told, unsubscribe, watches, words,
};
use crate::room::{Fault, Room, presentity, secs};

const HOUR: Duration = Duration::from_hours(1);

fn watchers_frame(of: &str) -> ToService {
    ToService::FetchWatchers {
        number: 90,
        presentity: presentity(of),
    }
}

fn subscribe_watchers(of: &str) -> ToService {
    ToService::SubscribeWatchers {
        number: 91,
        presentity: presentity(of),
    }
}

/// The last watcher information in these frames.
fn information(frames: &[ToAgent]) -> Option<Watchers> {
    frames.iter().rev().find_map(|frame| match frame {
        ToAgent::Watchers { watchers, .. } => Some(watchers.clone()),
        _ => None,
    })
}

/// Each named row in words, sorted: who, how, whether still, how often, on how many devices.
fn rows(watchers: &Watchers) -> Vec<String> {
    let rows = watchers.named.iter().map(|row| {
        let who = match &row.watcher {
            WatcherName::Principal(who) => who.address().name().to_owned(),
            WatcherName::Site(site) => format!("visitors of {site}"),
            WatcherName::Nobody => "nobody".to_owned(),
        };
        let (kind, state) = (row.kind, row.state);
        format!("{who} {kind:?} {state:?} {} on {}", row.count, row.devices).to_lowercase()
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    rows
}

fn seen_by(room: &mut Room, session: SessionId, of: &str) -> Watchers {
    let frames = room.asks_relay(session, &watchers_frame(of));
    information(&frames).expect("it is one's own")
}

/// What somebody's own watcher information says, in words.
fn who_sees(room: &mut Room, session: SessionId, of: &str) -> Vec<String> {
    rows(&seen_by(room, session, of))
}

/// Alice, who shows herself to everyone with an account.
fn open_alice(room: &mut Room) -> SessionId {
    let alice = is_there(room, "alice");
    let open = vec![rule(Who::Account, Decision::Allow)];
    does(room, alice, &rules(open));
    alice
}

fn set_visibility(of: Option<&str>, visibility: Option<Visibility>) -> ToService {
    ToService::SetVisibility {
        number: 92,
        presentity: of.map(presentity),
        visibility,
    }
}

/// V1, V2, W3: who subscribes, who fetched once and who fetches regularly stand there as what they are.
pub fn subscribers_fetchers_and_pollers_are_told_apart() {
    let mut room = Room::new();
    let alice = open_alice(&mut room);
    let [bob, carol, dave] = ["bob", "carol", "dave"].map(|who| comes_by_hand(&mut room, who));
    let begun = room.wall();
    watches(&mut room, bob, "alice");
    room.asks_relay(carol, &fetch(&["alice"]));
    for _ in 0..4 {
        room.asks_relay(dave, &fetch(&["alice"]));
        room.passes(secs(30));
    }
    // Many changes are one subscription.
    let busy = hand_tuple(Activity::Busy, room.wall());
    publishes(&mut room, alice, busy);
    assert_eq!(
        who_sees(&mut room, alice, "alice"),
        [
            "bob subscriber active 1 on 1",
            "carol fetcher ended 1 on 0",
            "dave poller ended 4 on 0"
        ]
    );
    let told = seen_by(&mut room, alice, "alice");
    let dave = told.named.iter().find(|row| row.count == 4);
    let dave = dave.expect("dave is told");
    assert!(dave.first >= begun && dave.last.0 >= dave.first.0 + 90_000);
    assert_eq!((told.counted, told.turned_away), (0, 0));
}

/// V5: who asked and got nothing has not received: they stand apart, as attempts; the blocked among them.
pub fn attempts_that_got_nothing_stand_apart() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let [bob, carol, dave] = ["bob", "carol", "dave"].map(|who| comes_by_hand(&mut room, who));
    does(&mut room, alice, &decide("bob", Some(Decision::Block)));
    does(&mut room, alice, &decide("carol", Some(Decision::Deny)));
    for _ in 0..3 {
        room.asks_relay(bob, &fetch(&["alice"]));
    }
    watches(&mut room, bob, "alice");
    watches(&mut room, carol, "alice");
    watches(&mut room, dave, "alice");
    assert_eq!(
        who_sees(&mut room, alice, "alice"),
        [
            "bob fetcher attempt 4 on 0",
            "carol fetcher attempt 1 on 0",
            "dave fetcher attempt 1 on 0"
        ]
    );
    // Who is let has received from then on, and has tried before.
    does(&mut room, alice, &decide("dave", Some(Decision::Allow)));
    let rows = who_sees(&mut room, alice, "alice");
    assert_eq!(
        &rows[2..],
        [
            "dave fetcher attempt 1 on 0",
            "dave subscriber active 1 on 1"
        ]
    );
}

/// V3: subscribing and cancelling again and again is seen, with its count.
pub fn five_times_subscribed_and_cancelled_is_five_and_ended() {
    let mut room = Room::new();
    let alice = open_alice(&mut room);
    let bob = comes_by_hand(&mut room, "bob");
    for _ in 0..5 {
        assert_eq!(watches(&mut room, bob, "alice"), "available");
        does(&mut room, bob, &unsubscribe("alice"));
    }
    assert_eq!(
        who_sees(&mut room, alice, "alice"),
        ["bob subscriber ended 5 on 0"]
    );
}

/// V6: whoever looks at their own watcher information is told of a first fetch without asking again, and of nothing twice.
pub fn watcher_information_is_told_as_it_changes() {
    let mut room = Room::new();
    let alice = open_alice(&mut room);
    let bob = comes_by_hand(&mut room, "bob");
    let frames = room.asks_relay(alice, &subscribe_watchers("alice"));
    assert_eq!(information(&frames).map(|told| rows(&told)), Some(vec![]));
    room.asks_relay(bob, &fetch(&["alice"]));
    room.passes(secs(2));
    let frames = room.hears(alice);
    assert!(
        frames
            .iter()
            .all(|frame| !matches!(frame, ToAgent::Watchers { number, .. } if *number != 91))
    );
    assert_eq!(
        information(&frames).map(|told| rows(&told)),
        Some(vec!["bob fetcher ended 1 on 0".to_owned()])
    );
    room.passes(secs(60));
    assert_eq!(information(&room.hears(alice)), None, "nothing happened");
    watches(&mut room, bob, "alice");
    room.passes(secs(2));
    let told = information(&room.hears(alice));
    assert_eq!(
        told.map(|told| rows(&told)),
        Some(vec!["bob subscriber active 2 on 1".to_owned()])
    );
    let stop = ToService::UnsubscribeWatchers {
        number: 93,
        presentity: presentity("alice"),
    };
    does(&mut room, alice, &stop);
    does(&mut room, bob, &unsubscribe("alice"));
    room.passes(secs(60));
    assert_eq!(information(&room.hears(alice)), None);
}

fn in_store(room: &Room, of: &str) -> usize {
    let key = Key::Watchers {
        presentity: presentity(of),
        since: Timestamp(0),
    };
    match room.disk.store.load(&key) {
        Loaded::Watchers(rows) => rows.len(),
        other => panic!("{other:?}"),
    }
}

/// V4: after the span nobody remembers who received, neither the list nor the store; who still subscribes is not forgotten.
pub fn after_the_span_watchers_are_forgotten_also_by_the_store() {
    let mut room = Room::new();
    let alice = open_alice(&mut room);
    let [bob, carol, dave] = ["bob", "carol", "dave"].map(|who| comes_by_hand(&mut room, who));
    does(&mut room, alice, &decide("dave", Some(Decision::Block)));
    watches(&mut room, bob, "alice");
    room.asks_relay(carol, &fetch(&["alice"]));
    room.asks_relay(dave, &fetch(&["alice"]));
    room.passes(SPAN.saturating_sub(HOUR));
    assert_eq!(
        who_sees(&mut room, alice, "alice"),
        [
            "bob subscriber active 1 on 1",
            "carol fetcher ended 1 on 0",
            "dave fetcher attempt 1 on 0"
        ]
    );
    room.passes(2 * HOUR + secs(60));
    assert_eq!(
        who_sees(&mut room, alice, "alice"),
        ["bob subscriber active 1 on 1"]
    );
    assert_eq!(in_store(&room, "alice"), 1);
    does(&mut room, bob, &unsubscribe("alice"));
    room.passes(SPAN + 2 * HOUR);
    assert_eq!(who_sees(&mut room, alice, "alice"), [""; 0]);
    assert_eq!(in_store(&room, "alice"), 0);
}

/// V9: nobody is told anything of another's watchers, not even a number, whether there are any or there is nobody.
pub fn nobody_is_told_of_anothers_watchers() {
    let mut room = Room::new();
    open_alice(&mut room);
    let bob = comes_by_hand(&mut room, "bob");
    watches(&mut room, bob, "alice");
    for of in ["alice", "nobody", "alice+work"] {
        for frame in [watchers_frame(of), subscribe_watchers(of)] {
            let answers = room.asks_relay(bob, &frame);
            assert_eq!(codes(&answers), [Code::NotAllowed], "{of}");
            assert_eq!(answers.len(), 1);
        }
    }
    room.passes(secs(10));
    assert_eq!(information(&room.hears(bob)), None);
}

/// V8: a watcher stands with its name, as one of a number, or not at all; for single presentities otherwise than for the rest;
/// and nobody else can read or set that.
pub fn a_watcher_says_how_it_stands() {
    let mut room = Room::new();
    let alice = open_alice(&mut room);
    let erin = is_there(&mut room, "erin");
    does(
        &mut room,
        erin,
        &rules(vec![rule(Who::Account, Decision::Allow)]),
    );
    let bob = comes_by_hand(&mut room, "bob");
    for of in ["alice", "erin"] {
        watches(&mut room, bob, of);
    }
    room.asks_relay(alice, &subscribe_watchers("alice"));
    let cases = [
        (None, Some(Visibility::Counted), (0, 1), (0, 1)),
        (Some("alice"), Some(Visibility::Hidden), (0, 0), (0, 1)),
        (Some("alice"), Some(Visibility::Named), (1, 0), (0, 1)),
        (None, Some(Visibility::Hidden), (1, 0), (0, 0)),
        (Some("alice"), None, (0, 0), (0, 0)),
        (None, None, (1, 0), (1, 0)),
    ];
    let numbers = |watchers: Watchers| (watchers.named.len(), watchers.counted);
    for (of, visibility, with_alice, with_erin) in cases {
        does(&mut room, bob, &set_visibility(of, visibility));
        room.passes(secs(2));
        let live = information(&room.hears(alice)).map(numbers);
        if let Some(live) = live {
            assert_eq!(live, with_alice, "{of:?} {visibility:?}");
        }
        assert_eq!(numbers(seen_by(&mut room, alice, "alice")), with_alice);
        assert_eq!(numbers(seen_by(&mut room, erin, "erin")), with_erin);
    }
    // Hiding is shown live as well.
    room.hears(alice);
    does(
        &mut room,
        bob,
        &set_visibility(Some("alice"), Some(Visibility::Counted)),
    );
    room.passes(secs(2));
    assert_eq!(
        information(&room.hears(alice)).map(numbers),
        Some((0, 1)),
        "without asking again"
    );
    let kept = roster_of(&mut room, "bob");
    let rules = kept.iter().find_map(|frame| match frame {
        ToAgent::Roster { visibility, .. } => Some(visibility.clone()),
        _ => None,
    });
    let rules = rules.expect("a roster says how one stands");
    assert_eq!(rules.with(&presentity("alice")), Visibility::Counted);
    assert_eq!(rules.with(&presentity("erin")), Visibility::Named);
}

/// V10: a presentity may want to know its watchers; who hides is turned away and told so, both see that, and who shows themselves
/// goes on in the same subscription.
pub fn who_hides_is_turned_away_by_one_who_wants_to_know() {
    let mut room = Room::new();
    let alice = open_alice(&mut room);
    let bob = comes_by_hand(&mut room, "bob");
    let hide = set_visibility(None, Some(Visibility::Hidden));
    does(&mut room, bob, &hide);
    assert_eq!(watches(&mut room, bob, "alice"), "available");
    let wants_to_know = AccessRules {
        rules: vec![rule(Who::Account, Decision::Allow)],
        demand: Demand::Named,
        ..AccessRules::default()
    };
    does(&mut room, alice, &own_presentity(None, wants_to_know));
    assert_eq!(told(&mut room, bob, "alice"), ["show_yourself"]);
    let fetched = room.asks_relay(bob, &fetch(&["alice"]));
    assert_eq!(words(&fetched, "alice"), ["show_yourself"]);
    let watchers = seen_by(&mut room, alice, "alice");
    assert_eq!((rows(&watchers), watchers.turned_away), (vec![], 1));
    let show = set_visibility(Some("alice"), Some(Visibility::Named));
    let frames = does(&mut room, bob, &show);
    assert_eq!(words(&frames, "alice"), ["available"]);
    let watchers = seen_by(&mut room, alice, "alice");
    assert_eq!(watchers.turned_away, 0);
    assert!(
        rows(&watchers).contains(&"bob subscriber active 2 on 1".to_owned()),
        "{watchers:?}"
    );
    let frames = does(&mut room, bob, &set_visibility(Some("alice"), None));
    assert_eq!(words(&frames, "alice"), ["show_yourself"]);
    // Someone who is politely blocked finds nothing changed: whoever hides goes on being asked, whoever does not sees her gone.
    does(&mut room, alice, &decide("bob", Some(Decision::Block)));
    assert_eq!(told(&mut room, bob, "alice"), [""; 0]);
    let frames = does(&mut room, bob, &show);
    assert_eq!(words(&frames, "alice"), ["offline"]);
}

/// W8: two devices of one watcher are one row with two devices; coming back counts nothing, also after a restart.
pub fn two_devices_are_one_row_and_coming_back_counts_nothing() {
    let mut room = Room::new();
    let alice = open_alice(&mut room);
    let laptop = comes_by_hand(&mut room, "bob");
    does(&mut room, laptop, &contact("alice", None));
    let phone = comes_again(&mut room, "bob");
    let row = |room: &mut Room, alice| who_sees(room, alice, "alice");
    assert_eq!(row(&mut room, alice), ["bob subscriber active 1 on 2"]);
    room.hangs_up(phone);
    assert_eq!(row(&mut room, alice), ["bob subscriber active 1 on 1"]);
    for _ in 0..5 {
        room.hangs_up(laptop);
        assert_eq!(row(&mut room, alice), ["bob subscriber active 1 on 0"]);
        let again = comes_again(&mut room, "bob");
        room.hangs_up(again);
    }
    comes_again(&mut room, "bob");
    assert_eq!(row(&mut room, alice), ["bob subscriber active 1 on 1"]);
    room.restarts_relay();
    let alice = comes_again(&mut room, "alice");
    comes_again(&mut room, "bob");
    assert_eq!(row(&mut room, alice), ["bob subscriber active 1 on 1"]);
}

/// RFC 2779 5.1.16: whoever is blocked while they watch stands there as ended.
pub fn blocking_a_subscriber_shows_as_ended() {
    let mut room = Room::new();
    let alice = open_alice(&mut room);
    let bob = comes_by_hand(&mut room, "bob");
    watches(&mut room, bob, "alice");
    does(&mut room, alice, &decide("bob", Some(Decision::Block)));
    assert_eq!(told(&mut room, bob, "alice"), ["offline"]);
    assert_eq!(
        who_sees(&mut room, alice, "alice"),
        ["bob subscriber ended 1 on 0"]
    );
}

/// R2, V1: each presentity has watchers of its own.
pub fn each_presentity_has_watchers_of_its_own() {
    let mut room = Room::new();
    let alice = open_alice(&mut room);
    let bob = comes_by_hand(&mut room, "bob");
    let open = vec![rule(Who::Account, Decision::Allow)];
    let work = super::support::presentity_with(Some("work"), open);
    does(&mut room, alice, &work);
    watches(&mut room, bob, "alice+work");
    assert_eq!(who_sees(&mut room, alice, "alice"), [""; 0]);
    assert_eq!(
        who_sees(&mut room, alice, "alice+work"),
        ["bob subscriber active 1 on 1"]
    );
}

/// DESIGN 9: how one stands as a watcher is taken back if it cannot be kept, and all devices are told how it is.
pub fn a_visibility_that_cannot_be_kept_is_taken_back() {
    let mut room = Room::new();
    let alice = open_alice(&mut room);
    let bob = comes_by_hand(&mut room, "bob");
    let phone = comes_again(&mut room, "bob");
    watches(&mut room, bob, "alice");
    room.disk.fault = Some(Fault::Full);
    let hide = set_visibility(None, Some(Visibility::Hidden));
    let mut answers = room.asks_relay(bob, &hide);
    assert_eq!(codes(&answers), [Code::StorageFull]);
    room.disk.fault = None;
    for frames in [&mut answers, &mut room.hears(phone)] {
        let told = frames.iter().rev().find_map(|frame| match frame {
            ToAgent::Roster { visibility, .. } => Some(visibility.otherwise),
            _ => None,
        });
        assert_eq!(told, Some(Visibility::Named), "{frames:?}");
    }
    assert_eq!(
        who_sees(&mut room, alice, "alice"),
        ["bob subscriber active 1 on 1"]
    );
    let wants_to_know = AccessRules {
        rules: vec![rule(Who::Account, Decision::Allow)],
        demand: Demand::Named,
        ..AccessRules::default()
    };
    does(&mut room, alice, &own_presentity(None, wants_to_know));
    assert_eq!(told(&mut room, bob, "alice"), [""; 0], "bob still shows");
}
