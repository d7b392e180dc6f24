//! Visitors who chat from a page of a site: how they are called to those who answer, and with whom they have to do.

use std::sync::Arc;

use lamplight_core::address::{Address, SessionId};
use lamplight_core::called::{Called, Says};
use lamplight_core::code::Code;
use lamplight_core::rules::{Delivery, Who};
use lamplight_core::service::{As, Identity, Looker, Visit};
use lamplight_core::wire::{Codec, Decision, Doing, ToAgent, ToService};

use super::requests::{delivery, inbox_with};
use super::support::{
    accepted, came_in, codes, comes_as, comes_by_hand, contact, decide, does, entries, fetch,
    is_there, message, note, subscribe, watches,
};
use crate::room::{Room, inbox, presentity};

fn called(name: Option<&str>, says: Says) -> Called {
    Called {
        site: note("shop.example"),
        name: name.map(note),
        says,
    }
}

/// A guest who came by a page of the shop, which shows these.
fn visitor(room: &mut Room, called: Called, shows: &[&str]) -> Identity {
    room.enters_as_guest("guest-x7");
    let shows = shows.iter().map(|name| presentity(name)).collect();
    Identity {
        visit: Some(Arc::new(Visit { called, shows })),
        ..room.identity("guest-x7")
    }
}

fn maria(room: &mut Room) -> SessionId {
    let identity = visitor(room, called(Some("Maria"), Says::Site), &["alice"]);
    comes_as(room, identity)
}

fn address(name: &str) -> Address {
    presentity(name).0
}

/// Takes messages of whoever writes.
fn takes_letters(room: &mut Room, session: SessionId) {
    let open = inbox_with(None, vec![delivery(Who::Anyone, Delivery::Deliver)]);
    does(room, session, &open);
}

fn told_names(frames: &[ToAgent]) -> Vec<Option<String>> {
    let shown = |called: Option<&Called>| called.map(|called| called.shown("guest-x7"));
    let names = frames.iter().flat_map(|frame| match frame {
        ToAgent::Deliver { entries, .. } => {
            let of = entries.iter().map(|entry| shown(entry.called.as_deref()));
            of.collect()
        }
        ToAgent::Conversations { conversations, .. } => {
            let of = conversations.iter();
            of.map(|one| shown(one.called.as_deref())).collect()
        }
        ToAgent::Requested { request, .. } => vec![shown(request.called.as_deref())],
        _ => Vec::new(),
    });
    names.collect()
}

/// Whoever answers reads by which site a visitor came, what they are called, and who says so; it stays in the log.
pub fn a_visitor_of_a_site_is_called_as_their_login_says() {
    for (name, says, shown) in [
        (Some("Maria"), Says::Site, "Maria · shop.example"),
        (Some("Maria"), Says::Themselves, "“Maria” · shop.example"),
        (None, Says::Themselves, "guest-x7 · shop.example"),
    ] {
        let mut room = Room::new();
        let alice = is_there(&mut room, "alice");
        let identity = visitor(&mut room, called(name, says), &["alice"]);
        let visitor = comes_as(&mut room, identity);
        let own = room.asks_relay(visitor, &message(1, "alice", "are you open?"));
        assert_eq!(told_names(&own), [None]);
        let heard = room.hears(alice);
        assert_eq!(told_names(&heard), [Some(shown.to_owned())]);
        // The answer says nothing of it.
        takes_letters(&mut room, visitor);
        room.asks_relay(alice, &message(2, "guest-x7", "we are"));
        assert_eq!(told_names(&room.hears(visitor)), [None]);
        let list = ToService::FetchConversations { number: 64 };
        let after = room.asks_relay(alice, &list);
        assert_eq!(told_names(&after), [Some(shown.to_owned())]);
        // A device that was not there, with an agent in it.
        room.opens("alice", "phone");
        let row = room.agent("alice").row(&address("guest-x7"));
        assert_eq!(row.map(|row| row.name).as_deref(), Some(shown));
    }
}

/// What waits in the requests folder, and who asks to see, is called the same; a name of one's own is stronger.
pub fn who_waits_for_an_answer_is_called_the_same() {
    let mut room = Room::new();
    room.arrive(&["alice"]);
    let visitor = maria(&mut room);
    room.asks_relay(visitor, &message(1, "alice", "are you open?"));
    does(&mut room, visitor, &contact("alice", None));
    let shown = "Maria · shop.example";
    let held: Vec<String> = room
        .agent("alice")
        .held()
        .into_iter()
        .map(|row| row.name)
        .collect();
    assert_eq!(held, [shown]);
    let asks: Vec<String> = room
        .agent("alice")
        .requests()
        .into_iter()
        .map(|row| row.name)
        .collect();
    assert_eq!(asks, [shown]);
    // Also to a device that comes later, and after the relay has read it again.
    room.restarts_relay();
    room.closes("alice");
    room.opens("alice", "phone");
    let asks: Vec<String> = room
        .agent("alice")
        .requests()
        .into_iter()
        .map(|row| row.name)
        .collect();
    assert_eq!(asks, [shown]);
    room.adds("alice", "guest-x7", Some("Mary"));
    let row = room.agent("alice").row(&address("guest-x7"));
    assert_eq!(row.map(|row| row.name).as_deref(), Some("Mary"));
}

/// A visitor has to do with whom the site shows. All others are refused alike, whether they are there or not.
pub fn a_visitor_of_a_site_reaches_whom_it_shows_and_nobody_else() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = is_there(&mut room, "bob");
    takes_letters(&mut room, bob);
    does(&mut room, bob, &decide("guest-x7", Some(Decision::Allow)));
    let visitor = maria(&mut room);
    assert_eq!(
        accepted(&room.asks_relay(visitor, &message(1, "alice", "hi"))).len(),
        1
    );
    assert_eq!(entries(&room.hears(alice)).len(), 1);
    assert_eq!(watches(&mut room, visitor, "alice"), "not shared yet");
    for whom in ["bob", "nobody", "alice+work", "bob+shop"] {
        for frame in [
            message(2, whom, "hi"),
            fetch(&[whom]),
            fetch(&["alice", whom]),
            subscribe(3, &[whom]),
            contact(whom, None),
        ] {
            let answers = room.asks_relay(visitor, &frame);
            assert_eq!(codes(&answers), [Code::NotAllowed], "{whom}: {frame:?}");
            assert_eq!(answers.len(), 1, "{answers:?}");
        }
        let typing = ToService::Signal {
            to: inbox(whom),
            doing: Doing::Typing,
            from: None,
        };
        assert_eq!(room.asks_relay(visitor, &typing), []);
    }
    assert_eq!(came_in(&mut room, bob), [""; 0]);
    let identity = self::visitor(&mut room, called(None, Says::Site), &["alice"]);
    let mut looks = |whom: &[&str]| {
        let looker = Looker {
            identity: Some(identity.clone()),
            site: None,
            source: 1,
            looks_as: As::Themselves,
        };
        let whom = whom.iter().map(|name| presentity(name)).collect();
        room.looks(looker, whom).map(|told| told.len())
    };
    let refused = Err(Code::NotAllowed.refusal());
    assert_eq!(looks(&["alice", "guest-x7"]), Ok(2));
    for whom in [&["bob"][..], &["nobody"], &["alice", "bob"]] {
        assert_eq!(looks(whom), refused, "{whom:?}");
    }
}

/// Who answers a visitor from an address of their own is answered; what they show is still not the visitor's business.
pub fn who_has_written_to_a_visitor_is_answered() {
    let mut room = Room::new();
    comes_by_hand(&mut room, "alice");
    let bob = is_there(&mut room, "bob");
    let visitor = maria(&mut room);
    takes_letters(&mut room, bob);
    let refused = room.asks_relay(visitor, &message(1, "bob", "hi"));
    assert_eq!(codes(&refused), [Code::NotAllowed]);
    room.asks_relay(bob, &message(2, "guest-x7", "this is bob of the shop"));
    room.hears(visitor);
    let answers = room.asks_relay(visitor, &message(3, "bob", "hi"));
    assert_eq!(accepted(&answers).len(), 1, "{answers:?}");
    assert_eq!(
        came_in(&mut room, bob).last().map(String::as_str),
        Some("guest-x7: hi")
    );
    let answers = room.asks_relay(visitor, &fetch(&["bob"]));
    assert_eq!(codes(&answers), [Code::NotAllowed]);
}

/// No frame of a client says what they are called: what one writes into it is passed over.
pub fn nobody_says_of_themselves_that_a_site_vouches_for_them() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let eve = comes_by_hand(&mut room, "eve");
    let said = Codec::Json.encode(&message(1, "alice", "hi"));
    let said = String::from_utf8(said).expect("JSON is text");
    let claim = r#","called":{"site":"bank.example","name":"Maria","says":"site"}}"#;
    let said = said.replacen('}', claim, 1);
    room.says_bytes(eve, said.as_bytes());
    let heard = room.hears(alice);
    assert_eq!((entries(&heard).len(), told_names(&heard)), (1, vec![None]));
    does(&mut room, eve, &contact("alice", None));
    let requested = room.hears(alice).into_iter().find_map(|frame| match frame {
        ToAgent::Requested { request, .. } => Some(request.called),
        _ => None,
    });
    assert_eq!(requested, Some(None));
}
