//! What is refused, how, and what goes on all the same: each refusal has its code, and nobody else notices.

use lamplight_core::address::{DeviceId, Token};
use lamplight_core::code::{Code, Retry};
use lamplight_core::presence::{Activity, View};
use lamplight_core::wire::{Codec, Credentials, FRAME_MAX, ToAgent, ToService, VERSION};

use super::support::{codes, comes_by_hand, device_tuple, hand_tuple, message, subscribe, views};
use crate::room::{Room, presentity, secs};

fn device() -> DeviceId {
    Token::parse("laptop").expect("a short name")
}

/// S14: an agent of another version is told so, and not just cut off.
pub fn a_wrong_version_is_answered_and_closed() {
    let mut room = Room::new();
    room.signs_up("alice");
    let session = room.dials(Codec::Json);
    let principal = room.principal("alice");
    let hello = ToService::Hello {
        version: VERSION + 1,
        credentials: room.good_ticket(&principal),
        device: device(),
        cursor: None,
    };
    assert_eq!(
        codes(&room.asks_relay(session, &hello)),
        [Code::WrongVersion]
    );
    assert!(room.is_closed(session));
}

/// S14, D2 of the bounds: a socket that says nothing is closed after ten seconds.
pub fn a_line_without_a_hello_is_closed_after_ten_seconds() {
    let mut room = Room::new();
    let session = room.dials(Codec::Cbor);
    room.passes(secs(9));
    assert!(!room.is_closed(session));
    room.passes(secs(1));
    assert!(room.is_closed(session));
    assert_eq!(codes(&room.hears(session)), [Code::HelloFirst]);
}

/// S14: whatever else comes first is answered with what should have.
pub fn the_first_frame_must_be_a_hello() {
    let mut room = Room::new();
    let session = room.dials(Codec::Json);
    let answers = room.asks_relay(session, &ToService::Ping { number: 1 });
    assert_eq!(codes(&answers), [Code::HelloFirst]);
    assert!(room.is_closed(session));
}

/// S4, X3: a login that does not hold lets nobody in, and a used ticket is none.
pub fn a_ticket_is_good_for_one_line() {
    let mut room = Room::new();
    room.signs_up("alice");
    let hello = room.hello_of("alice", "laptop", None);
    let first = room.dials(Codec::Json);
    assert_eq!(codes(&room.asks_relay(first, &hello)), []);
    let second = room.dials(Codec::Json);
    assert_eq!(codes(&room.asks_relay(second, &hello)), [Code::NotSignedIn]);
    assert!(room.is_closed(second) && !room.is_closed(first));
    let third = room.dials(Codec::Json);
    let forged = ToService::Hello {
        version: VERSION,
        credentials: Credentials::Token("forged".to_owned().into()),
        device: device(),
        cursor: None,
    };
    assert_eq!(codes(&room.asks_relay(third, &forged)), [Code::NotSignedIn]);
}

/// X3: whom a session speaks for was settled at its hello and cannot be changed.
pub fn a_second_hello_changes_nothing() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    room.signs_up("bob");
    let hello = room.hello_of("bob", "laptop", None);
    assert_eq!(codes(&room.asks_relay(alice, &hello)), [Code::BadFrame]);
    let answers = room.asks_relay(alice, &message(1, "bob", "it is me"));
    assert_eq!(codes(&answers), []);
    let bob = super::support::comes_again(&mut room, "bob");
    let page = ToService::FetchInbox {
        number: 1,
        with: None,
        before: None,
        limit: 10,
    };
    let page = room.asks_relay(bob, &page);
    let from_alice = |frame: &ToAgent| match frame {
        ToAgent::Page { entries, .. } => entries
            .iter()
            .all(|entry| entry.with == presentity("alice").0),
        _ => false,
    };
    assert!(page.iter().any(from_alice), "{page:?}");
}

/// P4, P6, P12: a status that contradicts itself or is too large is not published, and the one before stands.
pub fn a_tuple_that_is_not_sound_is_refused() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    let good = device_tuple("tab", Some("fine"));
    room.asks_relay(
        alice,
        &ToService::Publish {
            tuple: good.clone(),
            of: None,
        },
    );
    let mut twins = good.clone();
    twins.status.activities = vec![Activity::Busy, Activity::Busy];
    let mut crowded = good.clone();
    let named = |n: u32| Activity::Named(Token::parse(&format!("x-{n}")).expect("short"));
    crowded.status.activities = (0..5).map(named).collect();
    let mut stuffed = good.clone();
    stuffed.markup = vec![lamplight_core::presence::Markup {
        namespace: Token::parse("x").expect("short"),
        content: vec![7; lamplight_core::presence::MARKUP_MAX + 1],
    }];
    let mut hidden = good.clone();
    hidden.status.activities = vec![Activity::Invisible];
    for tuple in [twins, crowded, stuffed, hidden] {
        let answers = room.asks_relay(alice, &ToService::Publish { tuple, of: None });
        assert_eq!(codes(&answers), [Code::BadPresence]);
        room.passes(secs(3));
    }
    let fetch = ToService::Fetch {
        number: 9,
        presentities: vec![presentity("alice")],
    };
    let shown = views(&room.asks_relay(alice, &fetch), "alice");
    let View::Shown(information) = &shown[0] else {
        panic!("she sees herself: {shown:?}")
    };
    let published = information.tuples.iter().find(|tuple| tuple.id == good.id);
    assert_eq!(published, Some(&good));
}

/// P3, P12: what is exactly at the limits is published and comes out as it went in.
pub fn a_tuple_at_every_limit_is_carried_unchanged() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    allow(&mut room, alice, "bob");
    room.asks_relay(bob, &subscribe(1, &["alice"]));
    let mut full = device_tuple("tab", Some(&"é".repeat(lamplight_core::presence::NOTE_MAX)));
    let named = |n: u32| Activity::Named(Token::parse(&format!("x-shop.{n}")).expect("short"));
    full.status.activities = (0..4).map(named).collect();
    full.markup = vec![lamplight_core::presence::Markup {
        namespace: Token::parse("x-shop").expect("short"),
        content: (0..lamplight_core::presence::MARKUP_MAX)
            .map(|n| n as u8)
            .collect(),
    }];
    assert_eq!(
        codes(&room.asks_relay(
            alice,
            &ToService::Publish {
                tuple: full.clone(),
                of: None
            }
        )),
        []
    );
    let seen = views(&room.hears(bob), "alice");
    let Some(View::Shown(information)) = seen.last() else {
        panic!("bob sees alice: {seen:?}")
    };
    assert!(information.tuples.contains(&full));
}

fn allow(room: &mut Room, session: lamplight_core::address::SessionId, whom: &str) {
    let allow = ToService::SetAccess {
        number: 99,
        watcher: room.principal(whom),
        decision: Some(lamplight_core::wire::Decision::Allow),
        of: None,
    };
    assert_eq!(codes(&room.asks_relay(session, &allow)), []);
}

/// I1: nothing is guessed about an address that nobody has: not for a message, not for a contact, not for a fetch.
pub fn an_unknown_address_is_told_as_such() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    let answers = room.asks_relay(alice, &message(1, "nobody", "hello?"));
    assert_eq!(codes(&answers), [Code::UnknownAddress]);
    let answers = room.asks_relay(alice, &subscribe(2, &["nobody"]));
    assert_eq!(codes(&answers), [Code::UnknownAddress]);
    let fetch = ToService::Fetch {
        number: 3,
        presentities: vec![presentity("nobody")],
    };
    let fetched = views(&room.asks_relay(alice, &fetch), "nobody");
    assert!(
        matches!(&fetched[..], [View::Ended(refusal)] if refusal.code == Code::UnknownAddress),
        "{fetched:?}"
    );
}

/// I1: an address that somebody takes later is not unknown any more.
pub fn an_unknown_address_becomes_known_when_somebody_signs_up() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    assert_eq!(
        codes(&room.asks_relay(alice, &message(1, "bob", "hello?"))),
        [Code::UnknownAddress]
    );
    room.signs_up("bob");
    assert_eq!(
        codes(&room.asks_relay(alice, &message(2, "bob", "hello!"))),
        []
    );
}

/// I3, X4: a frame over the limit closes the line before it is read; one at the limit does not.
pub fn a_frame_over_the_limit_closes_the_line() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    let mut at_limit = br#"{"frame":"ping","number":7,"x":""#.to_vec();
    at_limit.resize(FRAME_MAX - 2, b'x');
    at_limit.extend(br#""}"#);
    assert_eq!(at_limit.len(), FRAME_MAX);
    room.says_bytes(alice, &at_limit);
    assert_eq!(room.hears(alice), [ToAgent::Pong { number: 7 }]);
    let mut over = at_limit;
    over.insert(40, b'x');
    room.says_bytes(alice, &over);
    assert_eq!(codes(&room.hears(alice)), [Code::TooLarge]);
    assert!(room.is_closed(alice));
}

/// I3: a body at the limit is accepted, one byte more is not a frame of this protocol.
pub fn a_body_over_the_limit_is_refused() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    room.signs_up("bob");
    let longest = "x".repeat(lamplight_core::message::BODY_MAX);
    let answers = room.asks_relay(alice, &message(1, "bob", &longest));
    assert_eq!(super::support::accepted(&answers).len(), 1);
    let over = format!(
        r#"{{"frame":"send","id":"{:032x}","to":"bob@localhost","body":"{longest}x"}}"#,
        2
    );
    room.says_bytes(alice, over.as_bytes());
    let answers = room.hears(alice);
    assert_eq!(codes(&answers).len(), 1, "{answers:?}");
    assert!(super::support::accepted(&answers).is_empty());
    assert!(!room.is_closed(alice));
}

/// I3: the limits stand in the welcome, so that no agent need run into them.
pub fn the_welcome_announces_the_limits() {
    let mut room = Room::new();
    room.signs_up("alice");
    let alice = room.logs_in("alice", "laptop", None);
    let frames = room.hears(alice);
    let announced = frames.iter().find_map(|frame| match frame {
        ToAgent::Welcome { announced, .. } => Some(*announced),
        _ => None,
    });
    assert_eq!(announced, Some(room.config.announced()));
    let announced = announced.expect("there is a welcome");
    assert_eq!(announced.gone_after_ms, 45_000);
    assert_eq!(announced.grace_ms, 10_000);
    assert_eq!(announced.frame_max as usize, FRAME_MAX);
}

/// P1, R1: only the principal itself changes what is its own.
pub fn nobody_decides_for_another() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    let carol = comes_by_hand(&mut room, "carol");
    room.asks_relay(
        alice,
        &ToService::Publish {
            tuple: device_tuple("tab", None),
            of: None,
        },
    );
    // There is no frame that names whose rule it sets: what Carol sets is Carol's.
    allow(&mut room, carol, "carol-friend");
    room.asks_relay(carol, &subscribe(1, &["alice"]));
    room.asks_relay(
        carol,
        &ToService::Withdraw {
            tuple: device_tuple("tab", None).id,
            of: None,
        },
    );
    let fetch = ToService::Fetch {
        number: 3,
        presentities: vec![presentity("alice")],
    };
    assert_eq!(
        views(&room.asks_relay(carol, &fetch), "alice"),
        [View::Pending]
    );
    let own = views(&room.asks_relay(alice, &fetch), "alice");
    assert!(matches!(&own[0], View::Shown(information) if information.is_present()));
}

/// X3: a tuple cannot lead somebody's letters to another's inbox.
pub fn an_inbox_in_a_tuple_must_be_ones_own() {
    let mut room = Room::new();
    let mallory = comes_by_hand(&mut room, "mallory");
    let mut tuple = device_tuple("inbox", None);
    tuple.kind = lamplight_core::presence::TupleKind::Service;
    tuple.address = Some(lamplight_core::presence::CommunicationAddress::inbox(
        &crate::room::inbox("alice"),
    ));
    let answers = room.asks_relay(mallory, &ToService::Publish { tuple, of: None });
    assert_eq!(codes(&answers), [Code::BadPresence]);
}

/// Oneself is nobody to add, allow or block.
pub fn one_cannot_watch_or_block_oneself() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    assert_eq!(
        codes(&room.asks_relay(alice, &subscribe(1, &["alice"]))),
        [Code::NotYourself]
    );
    let block = ToService::SetAccess {
        number: 2,
        watcher: room.principal("alice"),
        decision: Some(lamplight_core::wire::Decision::Block),
        of: None,
    };
    assert_eq!(codes(&room.asks_relay(alice, &block)), [Code::NotYourself]);
}

/// Every refusal that time cures says when.
pub fn a_refusal_for_haste_says_how_long_to_wait() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    for n in 0..room.config.limits.publishes.burst {
        let tuple = device_tuple("tab", Some(&format!("note {n}")));
        room.writes_frame(alice, &ToService::Publish { tuple, of: None });
    }
    room.settles();
    assert_eq!(codes(&room.hears(alice)), []);
    let tuple = hand_tuple(Activity::Busy, room.wall());
    let answers = room.asks_relay(
        alice,
        &ToService::Publish {
            tuple: tuple.clone(),
            of: None,
        },
    );
    let wait = answers.iter().find_map(|frame| match frame {
        ToAgent::Refused { refusal, .. } => Some(refusal.retry),
        _ => None,
    });
    let Some(Retry::AfterMs(wait)) = wait else {
        panic!("no wait is named: {answers:?}")
    };
    room.passes(crate::room::ms(wait));
    assert_eq!(
        codes(&room.asks_relay(alice, &ToService::Publish { tuple, of: None })),
        []
    );
}
