//! What the contract says of presentities, inbox addresses, rules and watchers, case by case, in both stores.

use lamplight_core::address::Presentity;
use lamplight_core::ledger::{Event, Kind, Row, SITES_MAX, WatcherName};
use lamplight_core::rules::{AccessRule, AccessRules, Decision, Login, Visibility, Who};
use lamplight_core::store::{Change, Copies, Key, Loaded};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Class, Contact, Counts, OwnInbox, OwnPresentity, Request};
use lamplight_tests::room::{inbox, presentity};

use super::both::{Both, PEOPLE, message, note, principal, sends, tag};

const AT: Timestamp = Timestamp(5_000);

fn work() -> OwnPresentity {
    OwnPresentity {
        tag: Some(tag("work")),
        label: Some(note("At work")),
        rules: AccessRules {
            rules: vec![AccessRule {
                who: Who::Known,
                decision: Decision::Availability,
                needs: Login::Fresh,
                from: None,
                until: Some(AT),
            }],
            ..AccessRules::default()
        },
    }
}

fn set(own: OwnPresentity) -> Change {
    Change::SetPresentity {
        principal: principal("alice"),
        own,
    }
}

fn block(presentity: Presentity) -> Change {
    Change::SetAccess {
        presentity,
        watcher: principal("bob"),
        decision: Some(Decision::Block),
        at: AT,
    }
}

fn contact(watcher: &str, of: &str, group: Option<&str>) -> Change {
    Change::SetContact {
        watcher: principal(watcher),
        contact: Contact {
            presentity: presentity(of),
            petname: None,
            group: group.map(note),
        },
    }
}

#[test]
fn of_what_class_everyone_is_is_told_with_their_presentity() {
    let mut both = Both::new();
    for (who, class) in PEOPLE {
        let record = both.record(who).expect("they are there");
        assert_eq!(record.class, class);
    }
    assert!(PEOPLE.iter().any(|(_, class)| *class == Class::Group));
}

#[test]
fn a_further_presentity_is_there_from_when_it_is_made_until_it_is_dropped() {
    let mut both = Both::new();
    let of_work = presentity("alice+work");
    both.keep(block(of_work.clone()));
    assert_eq!(both.record("alice+work"), None);
    both.keep(set(work()));
    let made = both.record("alice+work").expect("it was made");
    assert_eq!((made.own, made.access), (work(), vec![]), "from nothing");

    both.apply(&[
        block(of_work.clone()),
        Change::AddRequest {
            presentity: of_work.clone(),
            request: Request {
                watcher: principal("carol"),
                at: AT,
                called: None,
            },
        },
        Change::LastSeen {
            presentity: of_work.clone(),
            at: AT,
        },
        watched(&of_work, "bob", Event::Fetched, 1),
    ]);
    let kept = both.record("alice+work").expect("it is there");
    assert_eq!(
        (kept.access.len(), kept.requests.len(), kept.last_seen),
        (1, 1, AT)
    );
    let first = both.record("alice").expect("she is there");
    assert_eq!(first.further, [tag("work")]);
    assert_eq!(
        (first.access.len(), first.requests.len(), first.last_seen),
        (0, 0, Timestamp(0)),
        "each of them by itself"
    );
    both.keep(set(OwnPresentity {
        label: None,
        ..work()
    }));
    let renamed = both.record("alice+work").expect("it is there");
    assert_eq!((renamed.own.label, renamed.access.len()), (None, 1));

    both.keep(Change::DropPresentity {
        presentity: of_work.clone(),
    });
    assert_eq!(both.record("alice+work"), None);
    both.keep(set(work()));
    let anew = both.record("alice+work").expect("it was made again");
    assert_eq!((anew.access, anew.requests), (vec![], vec![]));
    assert_eq!(watchers(&mut both, &of_work, 0), []);
}

#[test]
fn the_presentity_from_sign_up_can_be_named_and_ruled_but_not_dropped() {
    let mut both = Both::new();
    both.keep(block(presentity("alice")));
    both.keep(set(OwnPresentity {
        tag: None,
        ..work()
    }));
    both.keep(Change::DropPresentity {
        presentity: presentity("alice"),
    });
    let record = both.record("alice").expect("she is there");
    assert_eq!(record.own.label, Some(note("At work")));
    assert_eq!((record.access.len(), record.further), (1, vec![]));
}

#[test]
fn contacts_are_told_with_their_group_where_rules_speak_of_them() {
    let mut both = Both::new();
    both.apply(&[
        contact("alice", "bob", Some("Friends")),
        contact("alice", "bob+shop", Some("Shops")),
        contact("alice", "carol+work", Some("Work")),
        contact("alice", "dave", None),
        contact("bob", "dave", Some("Not hers")),
    ]);
    assert_eq!(both.record("alice").expect("there").contacts, []);
    both.keep(set(work()));
    assert_eq!(
        both.record("alice").expect("there").contacts,
        [],
        "only where the rules are"
    );
    let told = both.record("alice+work").expect("there").contacts;
    assert_eq!(
        told,
        [
            (principal("bob"), Some(note("Friends"))),
            (principal("carol"), Some(note("Work"))),
            (principal("dave"), None)
        ],
        "everyone once, by the presentity from sign-up if it is among them"
    );
    let sender = both.sender("alice", "bob+shop");
    assert_eq!(
        (sender.contact, sender.group),
        (true, Some(note("Shops"))),
        "a sender by the address that they write from"
    );
}

#[test]
fn inbox_addresses_are_told_with_what_came_through_them() {
    let mut both = Both::new();
    let inboxes = |both: &mut Both| both.record("alice").expect("there").inboxes;
    assert_eq!(inboxes(&mut both), [], "nothing to tell yet");
    let shop = OwnInbox {
        tag: Some(tag("shop")),
        label: Some(note("For the shop")),
        until: Some(Timestamp(1_000_000)),
        ..OwnInbox::default()
    };
    let set = |own: &OwnInbox| Change::SetInbox {
        principal: principal("alice"),
        own: own.clone(),
    };
    let refused = |of: &str| Change::CountRefused { inbox: inbox(of) };
    both.apply(&[
        set(&shop),
        sends(message(1, "bob", "alice+shop", "a"), Copies::Both),
        sends(message(2, "bob", "alice+shop", "b"), Copies::Held),
        sends(message(3, "bob", "alice", "c"), Copies::Both),
        sends(message(3, "bob", "alice", "c"), Copies::Both),
        sends(message(4, "bob", "alice", "d"), Copies::SenderOnly),
        refused("alice+shop"),
        refused("alice+gone"),
        refused("alice"),
    ]);
    let counts = |delivered, held, refused| Counts {
        delivered,
        held,
        refused,
    };
    let first = OwnInbox {
        counts: counts(1, 0, 1),
        ..OwnInbox::default()
    };
    let counted = OwnInbox {
        counts: counts(1, 1, 1),
        ..shop.clone()
    };
    assert_eq!(inboxes(&mut both), [first.clone(), counted.clone()]);
    let renamed = OwnInbox {
        label: None,
        counts: counts(50, 50, 50),
        ..shop.clone()
    };
    both.keep(set(&renamed));
    let label = None;
    assert_eq!(inboxes(&mut both)[1], OwnInbox { label, ..counted });
    both.keep(Change::DropInbox {
        principal: principal("alice"),
        tag: tag("shop"),
    });
    assert_eq!(inboxes(&mut both), std::slice::from_ref(&first));
    both.keep(set(&shop));
    assert_eq!(inboxes(&mut both), [first, shop], "a new one counts anew");
}

// WATCHER INFORMATION.

fn watched(of: &Presentity, watcher: &str, event: Event, at: u64) -> Change {
    Change::Watched {
        presentity: of.clone(),
        events: vec![(
            WatcherName::Principal(principal(watcher)),
            event,
            Timestamp(at),
        )],
    }
}

fn watchers(both: &mut Both, of: &Presentity, since: u64) -> Vec<Row> {
    let key = Key::Watchers {
        presentity: of.clone(),
        since: Timestamp(since),
    };
    match both.load(&key) {
        Loaded::Watchers(rows) => rows,
        other => panic!("{other:?}"),
    }
}

#[test]
fn so_many_sites_have_a_row_and_the_others_are_counted_together() {
    let mut both = Both::new();
    let alice = presentity("alice");
    let visit = |site: usize, event: Event| Change::Watched {
        presentity: alice.clone(),
        events: vec![(
            WatcherName::Site(format!("{site}.example")),
            event,
            Timestamp(10 + site as u64),
        )],
    };
    for site in 0..SITES_MAX + 3 {
        both.keep(visit(site, Event::Visited(2)));
    }
    both.keep(visit(0, Event::Visited(5)));
    // The rows of attempts are rows as well.
    both.keep(visit(0, Event::VisitedInVain(1)));
    let rows = watchers(&mut both, &alice, 0);
    assert_eq!(rows.len(), SITES_MAX + 2);
    let counted = |name: &WatcherName, attempt: bool| {
        let row = rows
            .iter()
            .find(|row| row.watcher == *name && row.is_attempt() == attempt);
        row.map(|row| row.count)
    };
    let first = WatcherName::Site("0.example".into());
    assert_eq!(counted(&first, false), Some(7));
    assert_eq!(counted(&first, true), None);
    assert_eq!(counted(&WatcherName::Nobody, false), Some(6));
    assert_eq!(counted(&WatcherName::Nobody, true), Some(1));
}

#[test]
fn watchers_are_told_the_latest_first_and_attempts_apart() {
    let mut both = Both::new();
    let alice = presentity("alice");
    both.apply(&[
        watched(&alice, "bob", Event::Refused, 10),
        watched(&alice, "carol", Event::Subscribed, 20),
        watched(&alice, "bob", Event::Fetched, 30),
        watched(&alice, "bob", Event::Fetched, 40),
        Change::Watched {
            presentity: alice.clone(),
            events: vec![
                (WatcherName::Nobody, Event::Fetched, Timestamp(50)),
                (
                    WatcherName::Site("shop.example".into()),
                    Event::Fetched,
                    Timestamp(60),
                ),
                (WatcherName::Nobody, Event::Fetched, Timestamp(70)),
            ],
        },
    ]);
    both.reopen();
    let rows = watchers(&mut both, &alice, 0);
    let told = rows.iter().map(|row| {
        let attempt = row.is_attempt();
        (row.watcher.clone(), row.kind, row.count, attempt)
    });
    let bob = WatcherName::Principal(principal("bob"));
    let carol = WatcherName::Principal(principal("carol"));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            (WatcherName::Nobody, Kind::Fetcher, 2, false),
            (
                WatcherName::Site("shop.example".into()),
                Kind::Fetcher,
                1,
                false
            ),
            (bob.clone(), Kind::Fetcher, 2, false),
            (carol, Kind::Subscriber, 1, false),
            (bob, Kind::Fetcher, 1, true),
        ]
    );
    assert_eq!(watchers(&mut both, &alice, 60).len(), 2, "since a moment");
    both.keep(Change::ForgetWatchers {
        before: Timestamp(40),
    });
    assert_eq!(watchers(&mut both, &alice, 0).len(), 3);
}

#[test]
fn how_a_watcher_wants_to_be_seen_counts_as_it_is_now() {
    let mut both = Both::new();
    let (alice, bob) = (presentity("alice"), presentity("bob"));
    let wants = |presentity: Option<&Presentity>, visibility| Change::SetVisibility {
        watcher: principal("carol"),
        presentity: presentity.cloned(),
        visibility,
    };
    both.apply(&[
        watched(&alice, "carol", Event::Subscribed, 1),
        watched(&bob, "carol", Event::Subscribed, 1),
    ]);
    let seen = |both: &mut Both| {
        let of = |both: &mut Both, one| watchers(both, one, 0)[0].visibility;
        (of(both, &alice), of(both, &bob))
    };
    assert_eq!(seen(&mut both), (Visibility::Named, Visibility::Named));
    both.keep(wants(None, Some(Visibility::Hidden)));
    assert_eq!(seen(&mut both), (Visibility::Hidden, Visibility::Hidden));
    both.keep(wants(Some(&alice), Some(Visibility::Named)));
    assert_eq!(seen(&mut both), (Visibility::Named, Visibility::Hidden));
    let rules = both.watcher("carol").visibility;
    assert_eq!(rules.otherwise, Visibility::Hidden);
    assert_eq!(rules.exceptions, [(alice.clone(), Visibility::Named)]);
    both.keep(wants(Some(&alice), None));
    both.keep(wants(None, None));
    assert_eq!(seen(&mut both), (Visibility::Named, Visibility::Named));
    assert_eq!(both.watcher("carol").visibility.exceptions, []);
}

#[test]
fn watchers_that_are_forgotten_are_gone_from_the_disk_too() {
    let mut both = Both::new();
    let alice = presentity("alice");
    let canary = |number: u64| format!("canary-{number:04}");
    let events = (0..2_000).map(|number| {
        // Every fourth is forgotten, all over the table.
        let at = if number % 4 == 0 { 100 } else { 200 };
        (
            WatcherName::Principal(principal(&canary(number))),
            Event::Subscribed,
            Timestamp(at),
        )
    });
    let events: Vec<_> = events.collect();
    for part in events.chunks(50) {
        both.keep(Change::Watched {
            presentity: alice.clone(),
            events: part.to_vec(),
        });
    }
    both.close();
    let on_disk = |both: &Both| {
        let file = both.folder.path().join(lamplight::store::FILE);
        let bytes = std::fs::read(file).expect("the database is there");
        let canaries = bytes.windows("canary-0000".len());
        let canaries = canaries.filter(|part| part.starts_with(b"canary-"));
        canaries.collect::<std::collections::BTreeSet<_>>().len()
    };
    assert_eq!(on_disk(&both), 2_000);
    both.reopen();
    both.keep(Change::ForgetWatchers {
        before: Timestamp(200),
    });
    both.close();
    assert_eq!(on_disk(&both), 1_500);
    both.reopen();
    assert_eq!(watchers(&mut both, &alice, 0).len(), 1_500);
}
