//! Changes and questions at random: few names, few identifiers and few tags, so that they meet.

use lamplight_core::address::{Address, InboxAddress, MessageId, Seq, Tag, Token};
use lamplight_core::called::{Called, Says};
use lamplight_core::ledger::{Event, WatcherName};
use lamplight_core::message::InstantMessage;
use lamplight_core::presence::{
    Activity, Basic, Hours, Markup, PresenceTuple, Status, TupleKind, by_hand,
};
use lamplight_core::rules::{
    AccessRule, AccessRules, Decision, Delivery, DeliveryRule, Demand, Login, Part, Shares,
    Visibility, Who,
};
use lamplight_core::store::{Before, Change, Copies, Door, Key};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Contact, Counts, OwnInbox, OwnPresentity, Request};
use lamplight_tests::random::Chance;
use lamplight_tests::room::{body, inbox, presentity};

use super::both::{PEOPLE, address, note, of, principal, tag};

const START: u64 = 1_767_225_600_000;
const SPAN: u64 = 1_000_000;

pub fn at(chance: &mut Chance) -> Timestamp {
    Timestamp(START + chance.below(SPAN))
}

/// Everything that can be asked, with places and moments at random.
pub fn keys(chance: &mut Chance) -> Vec<Key> {
    let mut keys = vec![
        Key::Presentity(presentity("nobody")),
        Key::Presentity(presentity("nobody+shop")),
        Key::Watcher(principal("nobody")),
        Key::Sender(principal("nobody"), address("alice")),
        Key::Conversations(inbox("nobody")),
    ];
    for (who, _) in PEOPLE {
        let inbox = inbox(who);
        keys.push(Key::Watcher(principal(who)));
        keys.push(Key::Inbox(inbox.clone()));
        keys.push(Key::Conversations(inbox.clone()));
        for tag in [None, Some(tag("shop")), Some(tag("work"))] {
            let presentity = of(who, tag.as_ref());
            keys.push(Key::Presentity(presentity.clone()));
            let since = if chance.happens(1, 2) {
                at(chance)
            } else {
                Timestamp(0)
            };
            keys.push(Key::Watchers { presentity, since });
        }
        let other = anyone(chance);
        keys.push(Key::Sender(principal(who), other.clone()));
        keys.push(Key::Unacknowledged {
            inbox: inbox.clone(),
            up_to: Seq(chance.below(90)),
        });
        keys.push(Key::Log {
            inbox: inbox.clone(),
            after: Seq(chance.below(80)),
            limit: 1 + chance.below(60) as u16,
        });
        keys.push(Key::History {
            inbox,
            with: chance.happens(1, 2).then_some(other),
            before: chance.happens(1, 2).then(|| Seq(chance.below(80))),
            limit: 1 + chance.below(60) as u16,
        });
    }
    keys
}

fn further(chance: &mut Chance) -> Option<Tag> {
    match chance.below(5) {
        0 => Some(tag("shop")),
        1 => Some(tag("work")),
        _ => None,
    }
}

/// One of the addresses of someone.
fn anyone(chance: &mut Chance) -> Address {
    let (who, _) = chance.pick(&PEOPLE);
    let tag = further(chance);
    of(who, tag.as_ref()).0
}

/// Two different people.
struct Names {
    one: &'static str,
    other: &'static str,
}

fn names(chance: &mut Chance) -> Names {
    let one = chance.below(4) as usize;
    let other = (one + 1 + chance.below(3) as usize) % 4;
    Names {
        one: PEOPLE[one].0,
        other: PEOPLE[other].0,
    }
}

pub fn change(chance: &mut Chance, at: Timestamp) -> Change {
    let names = names(chance);
    match chance.below(40) {
        0..=13 => append(chance, &names, at),
        14..=20 => of_log(chance, &names, at),
        21..=30 => of_presentity(chance, &names, at),
        _ => of_principal(chance, &names, at),
    }
}

/// How a visitor of a site is called, of some.
fn called(number: u64) -> Option<Box<Called>> {
    let called = || Called {
        site: note("shop.example"),
        name: number.is_multiple_of(3).then(|| note("Maria")),
        says: Says::Site,
    };
    number.is_multiple_of(4).then(|| Box::new(called()))
}

fn append(chance: &mut Chance, names: &Names, at: Timestamp) -> Change {
    let to = match chance.below(30) {
        0 => address("nobody"),
        // To oneself.
        1 => of(names.one, further(chance).as_ref()).0,
        _ => of(names.other, further(chance).as_ref()).0,
    };
    // Few identifiers and few texts, so that repetitions and conflicts come about.
    let number = chance.below(60);
    let text = format!("text {number}").repeat(1 + chance.below(20) as usize / 19);
    let copies = match chance.below(5) {
        0 => Copies::SenderOnly,
        1 => Copies::Held,
        _ => Copies::Both,
    };
    Change::Append {
        message: InstantMessage {
            id: MessageId(u128::from(number) << 70 | 5),
            from: principal(names.one),
            to: InboxAddress(to),
            body: body(&text),
            at,
            alias: number.is_multiple_of(5).then(|| tag("shop")),
            by: number.is_multiple_of(7).then(|| principal("dave")),
            called: called(number),
        },
        copies,
    }
}

fn of_log(chance: &mut Chance, names: &Names, at: Timestamp) -> Change {
    let inbox = inbox(names.one);
    let with = of(names.other, further(chance).as_ref()).0;
    let up_to = Seq(chance.below(90));
    match chance.below(14) {
        0..=4 => Change::Acknowledge {
            inbox,
            up_to,
            to: (0..chance.below(12)).map(|_| anyone(chance)).collect(),
            at,
        },
        5..=6 => Change::MarkRead {
            inbox,
            with,
            up_to,
            at,
        },
        7..=10 => Change::Delete {
            inbox,
            seqs: (0..=chance.below(6))
                .map(|_| Seq(chance.below(90)))
                .collect(),
            at,
        },
        11..=12 => Change::Admit { inbox, with, at },
        _ => Change::Clear { inbox, with, at },
    }
}

fn of_presentity(chance: &mut Chance, names: &Names, at: Timestamp) -> Change {
    let presentity = of(names.one, further(chance).as_ref());
    let watcher = principal(names.other);
    match chance.below(13) {
        10 | 11 => Change::SetBefore {
            presentity,
            watcher,
            before: chance.happens(4, 5).then(|| before(chance, at)),
        },
        12 => Change::SetTurns {
            presentity,
            turns: (0..chance.below(3)).map(|_| before(chance, at)).collect(),
        },
        0 | 1 => Change::SetAccess {
            presentity,
            watcher,
            decision: chance.happens(4, 5).then(|| decision(chance)),
            at,
        },
        2 => Change::AddRequest {
            presentity,
            request: Request {
                watcher,
                at,
                called: called(chance.below(12)),
            },
        },
        3 => Change::RemoveRequest {
            presentity,
            watcher,
        },
        4 => Change::KeepTuple {
            presentity,
            tuple: tuple(chance, at),
        },
        5 => Change::DropTuple {
            presentity,
            tuple: tuple(chance, at).id,
        },
        6 => Change::LastSeen { presentity, at },
        _ => Change::Watched {
            presentity,
            events: (0..chance.below(5)).map(|_| event(chance, at)).collect(),
        },
    }
}

fn of_principal(chance: &mut Chance, names: &Names, at: Timestamp) -> Change {
    let own = principal(names.one);
    let presentity = of(names.other, further(chance).as_ref());
    match chance.below(16) {
        0..=3 => Change::SetContact {
            watcher: own,
            contact: Contact {
                presentity,
                petname: chance.happens(1, 2).then(|| note("Ali “the” cat")),
                group: chance.happens(1, 2).then(|| note("Colleagues")),
            },
        },
        4 => Change::RemoveContact {
            watcher: own,
            presentity,
        },
        5..=6 => Change::SetVisibility {
            watcher: own,
            presentity: chance.happens(1, 2).then_some(presentity),
            visibility: chance.happens(3, 4).then(|| {
                *chance.pick(&[Visibility::Named, Visibility::Counted, Visibility::Hidden])
            }),
        },
        7..=9 => Change::SetPresentity {
            principal: own,
            own: OwnPresentity {
                tag: further(chance),
                label: chance.happens(1, 2).then(|| note("At work")),
                rules: access_rules(chance, at),
            },
        },
        10 => Change::DropPresentity {
            presentity: of(names.one, further(chance).as_ref()),
        },
        11..=12 => Change::SetInbox {
            principal: own,
            own: OwnInbox {
                tag: further(chance),
                label: chance.happens(1, 2).then(|| note("For the shop")),
                until: chance.happens(1, 4).then_some(Timestamp(START + SPAN / 2)),
                rules: delivery_rules(chance),
                // Whatever is said here, the store's own counts stay.
                counts: Counts {
                    refused: 99,
                    ..Counts::default()
                },
            },
        },
        13 => Change::DropInbox {
            principal: own,
            tag: tag(if chance.happens(1, 2) { "shop" } else { "work" }),
        },
        14 => Change::CountRefused {
            inbox: own.inbox_of(further(chance).as_ref()),
        },
        _ => Change::ForgetWatchers {
            before: Timestamp(START + chance.below(SPAN / 2)),
        },
    }
}

// What stands in them.

fn decision(chance: &mut Chance) -> Decision {
    let means = if chance.happens(1, 2) {
        Shares::All
    } else {
        Shares::These(vec![token("tel"), token("inbox")])
    };
    let part = Part {
        note: chance.happens(1, 2),
        means,
        ..Part::ALL
    };
    let decisions = [
        Decision::Allow,
        Decision::Deny,
        Decision::Block,
        Decision::Ask,
        Decision::Availability,
        Decision::Chosen(part),
    ];
    chance.pick(&decisions).clone()
}

fn before(chance: &mut Chance, at: Timestamp) -> Before {
    let contact = (of("bob", None), Some(note("Colleagues")));
    let door = Door {
        tag: further(chance),
        decision: chance.happens(1, 2).then(|| decision(chance)),
        basic: Basic::Closed,
        hours: hours(chance),
        rules: delivery_rules(chance),
    };
    Before {
        at,
        since: Timestamp(at.0 / 2),
        decision: chance.happens(1, 2).then(|| decision(chance)),
        rules: access_rules(chance, at),
        means: (0..chance.below(3)).map(|_| tuple(chance, at)).collect(),
        contacts: chance.happens(1, 2).then(|| vec![contact]),
        doors: (0..chance.below(2)).map(|_| door.clone()).collect(),
        asked: chance.happens(1, 2),
    }
}

fn who(chance: &mut Chance) -> Who {
    let all = [
        Who::Known,
        Who::Group(note("Colleagues")),
        Who::Address(address("bob")),
        Who::Site("shop.example".into()),
        Who::Anyone,
        Who::Visitor,
    ];
    chance.pick(&all).clone()
}

fn access_rules(chance: &mut Chance, at: Timestamp) -> AccessRules {
    let rules = (0..chance.below(3)).map(|_| AccessRule {
        who: who(chance),
        decision: decision(chance),
        needs: *chance.pick(&[Login::Nobody, Login::Fresh]),
        from: chance.happens(1, 3).then_some(at),
        until: chance.happens(1, 3).then(|| Timestamp(at.0 + 5)),
    });
    AccessRules {
        rules: rules.collect(),
        demand: *chance.pick(&[Demand::Anyone, Demand::Named]),
        publishing_needs: *chance.pick(&[Login::Nobody, Login::Account]),
    }
}

fn delivery_rules(chance: &mut Chance) -> Vec<DeliveryRule> {
    let rules = (0..chance.below(3)).map(|_| DeliveryRule {
        who: who(chance),
        then: *chance.pick(&[Delivery::Hold, Delivery::Refuse, Delivery::Drop]),
        below: chance.happens(1, 2).then_some(Login::Account),
        longer_than: chance.happens(1, 2).then_some(500),
        hours: hours(chance),
    });
    rules.collect()
}

fn hours(chance: &mut Chance) -> Vec<Hours> {
    let night = Hours {
        days: 0b001_1111,
        from: 22 * 60,
        to: 6 * 60,
        offset: -60,
    };
    vec![night; chance.below(2) as usize]
}

fn event(chance: &mut Chance, at: Timestamp) -> (WatcherName, Event, Timestamp) {
    let watcher = match chance.below(6) {
        0 => WatcherName::Site("shop.example".into()),
        1 => WatcherName::Nobody,
        // Also some who are not there any more.
        2 => WatcherName::Principal(principal("nobody")),
        _ => WatcherName::Principal(principal(chance.pick(&PEOPLE).0)),
    };
    let event = *chance.pick(&[
        Event::Subscribed,
        Event::Resumed,
        Event::Left,
        Event::Cancelled,
        Event::Fetched,
        Event::Fetched,
        Event::Refused,
    ]);
    (watcher, event, Timestamp(at.0 + chance.below(3) * 1_000))
}

fn token(text: &str) -> Token {
    Token::parse(text).expect("a short token")
}

fn tuple(chance: &mut Chance, at: Timestamp) -> PresenceTuple {
    let (id, kind) = match chance.below(3) {
        0 => (by_hand(), TupleKind::Person),
        1 => (token("tel"), TupleKind::Service),
        _ => (token("inbox"), TupleKind::Service),
    };
    PresenceTuple {
        id,
        kind,
        status: Status {
            basic: *chance.pick(&[Basic::Open, Basic::Closed]),
            activities: vec![Activity::Busy, Activity::Named(token("x-shop.closed"))],
            note: chance.happens(1, 2).then(|| note("zurück um 3")),
        },
        address: None,
        markup: vec![Markup {
            namespace: token("x-shop"),
            content: vec![0, 255, 7],
        }],
        since: at,
        until: chance.happens(1, 2).then(|| Timestamp(at.0 + 1)),
        hours: hours(chance),
        only_open: false,
    }
}
