//! Every limit: what is exactly at it goes through, one more does not, and for the others all is as before.

use lamplight_core::address::SessionId;
use lamplight_core::code::Code;
use lamplight_core::presence::View;
use lamplight_core::service::{Rate, ServiceConfig};
use lamplight_core::wire::{Contact, Decision, Standing, ToAgent, ToService};

use super::support::{
    accepted, codes, comes_again, comes_by_hand, device_tuple, entries, free_of_rates, message,
    subscribe, views,
};
use crate::room::{Room, presentity, secs};

fn sessions_of(room: &mut Room, who: &str, count: usize) -> Vec<SessionId> {
    room.signs_up(who);
    (0..count).map(|_| comes_again(room, who)).collect()
}

/// B5: ten live sessions of one principal, not eleven; when one goes, another may come.
pub fn ten_sessions_and_no_more() {
    let mut room = Room::new();
    let sessions = sessions_of(&mut room, "alice", 10);
    let eleventh = room.logs_in("alice", "by-hand", None);
    assert_eq!(codes(&room.hears(eleventh)), [Code::TooManySessions]);
    assert!(room.is_closed(eleventh));
    room.hangs_up(sessions[0]);
    comes_again(&mut room, "alice");
}

/// B5: frames come at 20 a second after a burst of 100; who is faster is refused and stays connected.
pub fn frames_faster_than_the_rate_are_refused() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    room.passes(secs(10));
    for number in 0..150 {
        room.writes_frame(alice, &ToService::Ping { number });
    }
    room.settles();
    let answers = room.hears(alice);
    let pongs = answers
        .iter()
        .filter(|frame| matches!(frame, ToAgent::Pong { .. }));
    assert_eq!(pongs.count(), 100);
    assert_eq!(codes(&answers), [Code::TooManyRequests; 50]);
    room.passes(secs(1));
    let later = room.asks_relay(alice, &ToService::Ping { number: 1 });
    assert_eq!(later, [ToAgent::Pong { number: 1 }]);
}

/// B5: messages come at 5 a second after a burst of 20, counted over all devices of the sender.
pub fn messages_faster_than_the_rate_are_refused_and_none_of_them_arrives() {
    let mut room = Room::new();
    room.sign_up_acquainted(&["alice", "bob"]);
    let sessions = sessions_of(&mut room, "alice", 2);
    room.signs_up("bob");
    for id in 0..30 {
        room.says(sessions[id % 2], &message(id as u128 + 1, "bob", "again"));
    }
    let mut answers = room.hears(sessions[0]);
    answers.extend(room.hears(sessions[1]));
    let took_ms = 30 * 25;
    let most = 20 + took_ms / 200 + 1;
    let through = accepted(&answers).len();
    assert!((20..=most).contains(&through), "{through} were accepted");
    assert_eq!(codes(&answers), vec![Code::TooManyRequests; 30 - through]);
    let bob = comes_again(&mut room, "bob");
    let page = room.asks_relay(bob, &page_of(300));
    assert_eq!(page_entries(&page), through);
    room.passes(secs(1));
    let later = room.asks_relay(sessions[0], &message(99, "bob", "calmly"));
    assert_eq!(accepted(&later).len(), 1);
}

fn page_of(limit: u16) -> ToService {
    ToService::FetchInbox {
        number: 77,
        with: None,
        before: None,
        limit,
    }
}

fn page_entries(frames: &[ToAgent]) -> usize {
    let pages = frames.iter().filter_map(|frame| match frame {
        ToAgent::Page { entries, .. } => Some(entries.len()),
        _ => None,
    });
    pages.sum()
}

/// B5: 32 messages of one session may wait for the disk; one more is told to wait, and nothing is lost.
pub fn thirty_two_messages_in_flight_and_no_more() {
    let mut room = Room::with(free_of_rates());
    room.sign_up_acquainted(&["alice", "bob"]);
    let alice = comes_by_hand(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    room.disk_hangs();
    for id in 1..=33 {
        room.writes_frame(alice, &message(id, "bob", "hello"));
    }
    room.settles();
    assert_eq!(codes(&room.hears(alice)), [Code::TooManyRequests]);
    room.disk_goes_on();
    assert_eq!(accepted(&room.hears(alice)).len(), 32);
    assert_eq!(entries(&room.hears(bob)).len(), 32);
    assert_eq!(
        accepted(&room.asks_relay(alice, &message(33, "bob", "hello"))).len(),
        1
    );
}

/// B5: one session publishes at most eight device tuples.
pub fn eight_tuples_of_a_session_and_no_more() {
    let mut room = Room::with(free_of_rates());
    let alice = comes_by_hand(&mut room, "alice");
    for n in 1..=8 {
        let tuple = device_tuple(&format!("tab-{n}"), None);
        assert_eq!(
            codes(&room.asks_relay(alice, &ToService::Publish { tuple, of: None })),
            []
        );
    }
    let ninth = ToService::Publish {
        tuple: device_tuple("tab-9", None),
        of: None,
    };
    assert_eq!(codes(&room.asks_relay(alice, &ninth)), [Code::BadPresence]);
    let again = ToService::Publish {
        tuple: device_tuple("tab-8", Some("changed")),
        of: None,
    };
    assert_eq!(codes(&room.asks_relay(alice, &again)), []);
}

/// B5: status changes of a session come in a burst, then at their rate.
pub fn status_changes_faster_than_the_rate_are_refused() {
    let mut config = ServiceConfig::default();
    config.limits.publishes = Rate {
        burst: 5,
        every: secs(2),
    };
    let mut room = Room::with(config);
    let alice = comes_by_hand(&mut room, "alice");
    let mut refused = 0;
    for n in 0..10 {
        let tuple = device_tuple("tab", Some(&format!("note {n}")));
        refused += codes(&room.asks_relay(alice, &ToService::Publish { tuple, of: None })).len();
    }
    assert_eq!(refused, 5);
    room.passes(secs(2));
    let tuple = device_tuple("tab", Some("calm"));
    assert_eq!(
        codes(&room.asks_relay(alice, &ToService::Publish { tuple, of: None })),
        []
    );
}

/// B5: the defaults, each as the relay documents it.
pub fn the_default_rates_hold_as_they_are_documented() {
    let limits = ServiceConfig::default().limits;
    let burst = limits.publishes.burst;
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    for n in 0..burst + 3 {
        let tuple = device_tuple("tab", Some(&format!("note {n}")));
        room.writes_frame(alice, &ToService::Publish { tuple, of: None });
    }
    room.settles();
    assert_eq!(codes(&room.hears(alice)), [Code::TooManyRequests; 3]);
}

/// W2, B5: a fetch names at most a hundred, and fifty fetches may come at once.
pub fn a_fetch_names_a_hundred_and_no_more() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    let fetch = |count: usize| ToService::Fetch {
        number: 5,
        presentities: (0..count).map(|n| presentity(&format!("p{n}"))).collect(),
    };
    let answer = room.asks_relay(alice, &fetch(100));
    assert!(
        matches!(&answer[..], [ToAgent::Fetched { notifications, .. }] if notifications.len() == 100)
    );
    assert_eq!(
        codes(&room.asks_relay(alice, &fetch(101))),
        [Code::TooLarge]
    );
    room.passes(secs(60));
    let own = ToService::Fetch {
        number: 6,
        presentities: vec![presentity("alice")],
    };
    for _ in 0..60 {
        room.writes_frame(alice, &own);
    }
    room.settles();
    assert_eq!(codes(&room.hears(alice)), [Code::TooManyRequests; 10]);
}

/// B5: contacts up to the limit, and none more; who removes one may add another.
pub fn a_contact_list_has_its_limit() {
    let mut config = free_of_rates();
    config.limits.subscriptions = 3;
    let mut room = Room::with(config);
    let alice = comes_by_hand(&mut room, "alice");
    for name in ["p1", "p2", "p3", "p4"] {
        room.signs_up(name);
    }
    let keep = |name: &str| ToService::Subscribe {
        number: 6,
        standing: Standing::Contact,
        contacts: vec![Contact {
            presentity: presentity(name),
            petname: None,
            group: None,
        }],
    };
    for name in ["p1", "p2", "p3"] {
        assert_eq!(codes(&room.asks_relay(alice, &keep(name))), []);
    }
    assert_eq!(
        codes(&room.asks_relay(alice, &keep("p4"))),
        [Code::TooManySubscriptions]
    );
    assert_eq!(
        codes(&room.asks_relay(alice, &keep("p3"))),
        [],
        "a contact can be renamed"
    );
    let remove = ToService::Unsubscribe {
        number: 7,
        presentities: vec![presentity("p1")],
    };
    assert_eq!(codes(&room.asks_relay(alice, &remove)), []);
    assert_eq!(codes(&room.asks_relay(alice, &keep("p4"))), []);
}

/// B5: a presentity has its most watchers; the next is told so, and those before see on.
pub fn a_presentity_has_its_most_watchers() {
    let mut config = free_of_rates();
    config.limits.watchers = 3;
    let mut room = Room::with(config);
    let alice = comes_by_hand(&mut room, "alice");
    let bobs = sessions_of(&mut room, "bob", 3);
    let allow = ToService::SetAccess {
        number: 1,
        watcher: room.principal("bob"),
        decision: Some(Decision::Allow),
        of: None,
    };
    room.asks_relay(alice, &allow);
    // Alice herself is the first of the three.
    for session in &bobs[..2] {
        let seen = views(
            &room.asks_relay(*session, &subscribe(1, &["alice"])),
            "alice",
        );
        assert!(matches!(seen.last(), Some(View::Shown(_))), "{seen:?}");
    }
    let seen = views(
        &room.asks_relay(bobs[2], &subscribe(1, &["alice"])),
        "alice",
    );
    assert!(
        matches!(seen.last(), Some(View::Ended(refusal)) if refusal.code == Code::TooManyWatchers),
        "{seen:?}"
    );
    let publish = ToService::Publish {
        tuple: device_tuple("tab", None),
        of: None,
    };
    room.asks_relay(alice, &publish);
    assert_eq!(views(&room.hears(bobs[0]), "alice").len(), 1);
}

/// X4: a presentity collects its most requests of strangers; one more is not told, and makes none.
pub fn requests_of_strangers_have_their_limit() {
    let mut config = free_of_rates();
    config.limits.pending_requests = 2;
    let mut room = Room::with(config);
    let alice = comes_by_hand(&mut room, "alice");
    for stranger in ["s1", "s2", "s3"] {
        let session = comes_by_hand(&mut room, stranger);
        let answers = room.asks_relay(session, &subscribe(1, &["alice"]));
        assert_eq!(codes(&answers), []);
        assert_eq!(
            views(&answers, "alice"),
            [View::Pending],
            "all are answered alike"
        );
    }
    let asked = room.hears(alice);
    let asked = asked
        .iter()
        .filter(|frame| matches!(frame, ToAgent::Requested { .. }));
    assert_eq!(asked.count(), 2);
}

/// X4: one principal may ask twenty people at once, then one each three minutes.
pub fn asking_strangers_has_its_rate() {
    let mut room = Room::new();
    let spammer = comes_by_hand(&mut room, "spammer");
    let mut refused = 0;
    for n in 0..25 {
        let name = format!("victim{n}");
        room.signs_up(&name);
        refused += codes(&room.asks_relay(spammer, &subscribe(n, &[&name]))).len();
        room.passes(secs(1));
    }
    assert_eq!(refused, 5);
    room.passes(secs(180));
    assert_eq!(
        codes(&room.asks_relay(spammer, &subscribe(99, &["victim24"]))),
        []
    );
}

/// I4, B5: an inbox that is full refuses with its own code; deleting makes room.
pub fn a_full_inbox_refuses_and_deleting_makes_room() {
    let mut room = Room::with(free_of_rates());
    room.disk.store.inbox_messages = 3;
    let alice = comes_by_hand(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    for id in 1..=3 {
        assert_eq!(
            accepted(&room.asks_relay(alice, &message(id, "bob", "hello"))).len(),
            1
        );
    }
    let fourth = message(4, "bob", "one more");
    assert_eq!(codes(&room.asks_relay(alice, &fourth)), [Code::InboxFull]);
    let first = entries(&room.hears(bob))[0].seq;
    let delete = ToService::Delete {
        number: 1,
        seqs: vec![first],
    };
    assert_eq!(codes(&room.asks_relay(bob, &delete)), []);
    assert_eq!(accepted(&room.asks_relay(alice, &fourth)).len(), 1);
}

/// B5: at most a hundred deletions in one frame.
pub fn a_deletion_names_a_hundred_and_no_more() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    let delete = |count: u64| ToService::Delete {
        number: 8,
        seqs: (1..=count).map(lamplight_core::address::Seq).collect(),
    };
    assert_eq!(
        room.asks_relay(alice, &delete(100)),
        [ToAgent::Done { number: 8 }]
    );
    assert_eq!(
        codes(&room.asks_relay(alice, &delete(101))),
        [Code::TooLarge]
    );
}

/// B4: what is on its way to a session that does not acknowledge is bounded; once it does, the rest follows, in order.
pub fn a_session_that_does_not_acknowledge_has_its_window() {
    let mut config = free_of_rates();
    config.limits.delivery_window = 5;
    let mut room = Room::with(config);
    room.sign_up_acquainted(&["alice", "bob"]);
    let alice = comes_by_hand(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    for id in 1..=12 {
        room.asks_relay(alice, &message(id, "bob", &format!("m{id}")));
    }
    let mut got = entries(&room.hears(bob));
    assert_eq!(got.len(), 5);
    while let Some(last) = got.last().map(|entry| entry.seq) {
        let more = entries(&room.asks_relay(bob, &ToService::Acknowledge { up_to: last }));
        if more.is_empty() {
            break;
        }
        assert!(more.len() <= 5);
        got.extend(more);
    }
    let seqs: Vec<u64> = got.iter().map(|entry| entry.seq.0).collect();
    assert_eq!(seqs, (1..=12).collect::<Vec<_>>());
}

/// B5: a page holds at most three hundred messages and says that there are more.
pub fn a_page_holds_three_hundred_and_no_more() {
    let mut room = Room::with(free_of_rates());
    room.sign_up_acquainted(&["alice", "bob"]);
    let alice = comes_by_hand(&mut room, "alice");
    room.signs_up("bob");
    for id in 1..=301 {
        room.writes_frame(alice, &message(id, "bob", "x"));
        if id % 30 == 0 {
            room.settles();
        }
    }
    room.settles();
    let bob = comes_again(&mut room, "bob");
    let pages = |frames: &[ToAgent]| {
        frames.iter().find_map(|frame| match frame {
            ToAgent::Page { entries, more, .. } => Some((entries[0].seq.0, entries.len(), *more)),
            _ => None,
        })
    };
    assert_eq!(
        pages(&room.asks_relay(bob, &page_of(u16::MAX))),
        Some((2, 300, true))
    );
    let before = ToService::FetchInbox {
        number: 78,
        with: Some(presentity("alice").0),
        before: Some(lamplight_core::address::Seq(2)),
        limit: 300,
    };
    assert_eq!(pages(&room.asks_relay(bob, &before)), Some((1, 1, false)));
}

/// DESIGN 9: while stored state is read, 32 frames of a session wait; the next is told to come later, and none is lost.
pub fn thirty_two_frames_wait_for_the_disk_and_no_more() {
    let mut room = Room::with(free_of_rates());
    room.sign_up_acquainted(&["alice", "bob"]);
    let alice = comes_by_hand(&mut room, "alice");
    room.signs_up("bob");
    room.disk.load_delay = 5_000;
    for id in 1..=33 {
        room.writes_frame(alice, &message(id, "bob", "hello"));
    }
    room.passes(secs(1));
    assert_eq!(codes(&room.hears(alice)), [Code::TooManyRequests]);
    room.passes(secs(12));
    assert_eq!(accepted(&room.hears(alice)).len(), 32);
}

/// B4, M6: a session that does not read holds the newest value of each presentity, not every value there was.
pub fn values_for_a_slow_session_replace_each_other() {
    let mut room = Room::with(free_of_rates());
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
    room.hears(bob);
    room.stops_reading(bob);
    for n in 0..8 {
        let tuple = device_tuple("tab", Some(&format!("note {n}")));
        room.asks_relay(alice, &ToService::Publish { tuple, of: None });
        room.passes(secs(2));
    }
    room.reads_again(bob);
    let seen = views(&room.hears(bob), "alice");
    assert_eq!(seen.len(), 1);
    assert!(matches!(&seen[0], View::Shown(information)
        if information.tuples.iter().any(|tuple| tuple.status.note.as_ref().is_some_and(|note| note.as_str() == "note 7"))));
}
