//! DELIVERY RULES: what becomes of a message, and of all those that strangers write.

use lamplight_core::address::{Address, Seq, SessionId};
use lamplight_core::code::{Code, Retry};
use lamplight_core::message::{Conversation, Receipt};
use lamplight_core::presence::Hours;
use lamplight_core::rules::{Delivery, DeliveryRule, Login, RULES_MAX, Who};
use lamplight_core::wire::{Counts, Decision, Doing, OwnInbox, ToAgent, ToService};

use super::support::{
    accepted, came_in, codes, comes_again, comes_as, comes_by_hand, contact, decide, does, entries,
    in_lines, is_there, message, own_inbox, roster_of,
};
use crate::room::{Room, inbox, ms, presentity, secs};

fn address(name: &str) -> Address {
    presentity(name).0
}

pub(super) fn delivery(who: Who, then: Delivery) -> DeliveryRule {
    DeliveryRule {
        who,
        then,
        below: None,
        longer_than: None,
        hours: Vec::new(),
    }
}

/// These rules for one of one's inbox addresses.
pub(super) fn inbox_with(of: Option<&str>, rules: Vec<DeliveryRule>) -> ToService {
    ToService::SetInbox {
        number: 60,
        own: OwnInbox {
            rules,
            ..own_inbox(of)
        },
    }
}

fn admit(whom: &str) -> ToService {
    ToService::Admit {
        number: 61,
        with: address(whom),
    }
}

fn clear(whom: &str) -> ToService {
    ToService::Clear {
        number: 62,
        with: address(whom),
    }
}

/// What a principal's inbox address has counted, as a new device of theirs is told.
pub(super) fn counts_of(room: &mut Room, who: &str, of: Option<&str>) -> Counts {
    let kept = roster_of(room, who);
    let inboxes = kept.iter().find_map(|frame| match frame {
        ToAgent::Roster { inboxes, .. } => Some(inboxes.clone()),
        _ => None,
    });
    let all = inboxes.into_iter().flatten();
    let mut this = all.filter(|own| own.tag == own_inbox(of).tag);
    this.next().map(|own| own.counts).unwrap_or_default()
}

fn page_of(room: &mut Room, session: SessionId) -> Vec<String> {
    let page = ToService::FetchInbox {
        number: 63,
        with: None,
        before: None,
        limit: 300,
    };
    let frames = room.asks_relay(session, &page);
    let found = frames.iter().find_map(|frame| match frame {
        ToAgent::Page { entries, .. } => Some(in_lines(entries)),
        _ => None,
    });
    found.expect("a page is answered")
}

fn conversation(room: &mut Room, session: SessionId, with: &str) -> Option<Conversation> {
    let frames = room.asks_relay(session, &ToService::FetchConversations { number: 64 });
    let all = frames.iter().find_map(|frame| match frame {
        ToAgent::Conversations { conversations, .. } => Some(conversations.clone()),
        _ => None,
    });
    let mut all = all.into_iter().flatten();
    all.find(|one| one.with == address(with))
}

fn acknowledge(room: &mut Room, session: SessionId, up_to: u64) {
    room.says(session, &ToService::Acknowledge { up_to: Seq(up_to) });
}

/// R6, page 27: a stranger's message waits in the requests folder; to the stranger it is accepted like any other, and nothing
/// tells them that it waits, nor that it was looked at.
pub fn a_strangers_message_is_held_and_the_stranger_is_not_told() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = is_there(&mut room, "bob");
    let answers = room.asks_relay(bob, &message(1, "alice", "hello?"));
    assert_eq!(accepted(&answers), [Seq(1)]);
    assert_eq!(in_lines(&entries(&answers)), ["to alice: hello?"]);
    assert_eq!(came_in(&mut room, alice), ["held of bob: hello?"]);
    let waits = conversation(&mut room, alice, "bob").expect("there is a conversation");
    assert_eq!((waits.held, waits.unread), (1, 0));
    acknowledge(&mut room, alice, 1);
    let read = ToService::MarkRead {
        with: address("bob"),
        up_to: Seq(1),
    };
    room.says(alice, &read);
    let typing = ToService::Signal {
        to: inbox("alice"),
        doing: Doing::Typing,
        from: None,
    };
    room.says(bob, &typing);
    room.passes(secs(60));
    assert_eq!(room.hears(bob), []);
    let heard = room.hears(alice);
    let signals = heard
        .iter()
        .filter(|frame| matches!(frame, ToAgent::Signal { .. }));
    assert_eq!(signals.count(), 0);
}

/// R6: what was held comes in together and in order, unread; from then on the sender is no stranger, also after a restart; and
/// that it was delivered is told when the sender may see the receiver.
pub fn admitting_brings_in_what_was_held_and_what_comes_later() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let phone = comes_again(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    for (id, text) in [(1, "one"), (2, "two"), (3, "three")] {
        room.asks_relay(bob, &message(id, "alice", text));
    }
    room.hears(phone);
    does(&mut room, alice, &admit("bob"));
    assert_eq!(came_in(&mut room, phone), ["admitted bob"]);
    let lines = ["bob: one", "bob: two", "bob: three"];
    assert_eq!(page_of(&mut room, alice), lines);
    let now = conversation(&mut room, alice, "bob").expect("there is a conversation");
    assert_eq!((now.held, now.unread), (0, 3));
    acknowledge(&mut room, alice, 4);
    assert_eq!(came_in(&mut room, bob), [""; 0], "bob does not see alice");
    room.asks_relay(bob, &message(4, "alice", "four"));
    assert_eq!(came_in(&mut room, phone), ["bob: four"]);
    does(&mut room, alice, &decide("bob", Some(Decision::Allow)));
    acknowledge(&mut room, alice, 5);
    assert_eq!(came_in(&mut room, bob), ["delivered to alice"]);
    room.restarts_relay();
    let bob = comes_again(&mut room, "bob");
    let alice = comes_again(&mut room, "alice");
    room.asks_relay(bob, &message(5, "alice", "five"));
    assert_eq!(came_in(&mut room, alice), ["bob: five"]);
}

/// I5, X4: what was held can be cleared in one go, on all devices; the stranger is not told and stays a stranger.
pub fn clearing_empties_what_was_held_and_tells_nobody() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let phone = comes_again(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    for id in 1..=3 {
        room.asks_relay(bob, &message(id, "alice", "again"));
    }
    room.hears(phone);
    does(&mut room, alice, &clear("bob"));
    assert_eq!(came_in(&mut room, phone), ["cleared bob"]);
    assert_eq!(page_of(&mut room, alice), [""; 0]);
    let left = conversation(&mut room, alice, "bob");
    assert_eq!(left.map_or(0, |left| left.held), 0);
    acknowledge(&mut room, alice, 4);
    room.asks_relay(bob, &message(4, "alice", "once more"));
    assert_eq!(came_in(&mut room, phone), ["held of bob: once more"]);
    assert_eq!(came_in(&mut room, bob), [""; 0]);
}

/// X4: a thousand messages of a stranger: a few wait, the others are refused with a time to wait; however patient the stranger is,
/// no more than the limit wait; one clearing and one decision end it, and nothing was told.
pub fn a_thousand_messages_of_a_stranger_end_with_one_decision() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let mallory = comes_by_hand(&mut room, "mallory");
    room.passes(secs(60));
    for id in 1..=1_000 {
        room.writes_frame(mallory, &message(id, "alice", "buy this"));
    }
    room.settles();
    let answers = room.hears(mallory);
    assert_eq!(accepted(&answers).len(), 10);
    let refusals = answers.iter().filter_map(|frame| match frame {
        ToAgent::Receipt {
            receipt: Receipt::Refused(refusal),
            ..
        } => Some(refusal),
        _ => None,
    });
    let (mut count, mut longest) = (0, 0);
    for refusal in refusals {
        assert_eq!(refusal.code, Code::TooManyRequests);
        let Retry::AfterMs(wait) = refusal.retry else {
            panic!("it is not said how long to wait: {refusal:?}")
        };
        count += 1;
        longest = wait.max(longest);
    }
    assert_eq!((count, longest), (990, 6_000));
    let held = came_in(&mut room, alice);
    assert_eq!(held, ["held of mallory: buy this"; 10]);
    for id in 2_001..=2_050 {
        room.passes(ms(longest));
        let answers = room.asks_relay(mallory, &message(id, "alice", "buy this"));
        assert_eq!(accepted(&answers).len(), 1, "{id}");
    }
    let held = conversation(&mut room, alice, "mallory").map(|one| one.held);
    assert_eq!(held, Some(room.config.limits.held_messages));
    does(&mut room, alice, &clear("mallory"));
    does(&mut room, alice, &decide("mallory", Some(Decision::Block)));
    assert_eq!(page_of(&mut room, alice), [""; 0]);
    room.hears(mallory);
    room.passes(secs(60));
    let answers = room.asks_relay(mallory, &message(3_000, "alice", "and this"));
    assert_eq!(accepted(&answers).len(), 1);
    assert_eq!(came_in(&mut room, alice), [""; 0]);
    let counts = counts_of(&mut room, "alice", None);
    assert_eq!((counts.delivered, counts.held), (0, 50));
    // Ten beyond what may wait, and one of someone blocked.
    assert_eq!(counts.refused, 11);
}

/// What becomes of messages under these rules, each to alice by a stranger of her: "held", "in", "gone" or the refusal's code.
fn becomes(room: &mut Room, alice: SessionId, from: SessionId, id: u128, text: &str) -> String {
    let answers = room.asks_relay(from, &message(id, "alice", text));
    let came = came_in(room, alice);
    let code = codes(&answers).first().map(|code| code.slug().to_owned());
    code.unwrap_or_else(|| {
        assert_eq!(accepted(&answers).len(), 1);
        let word = match came.first() {
            None => "gone",
            Some(line) if line.starts_with("held") => "held",
            Some(_) => "in",
        };
        word.to_owned()
    })
}

/// R6: rules speak of a sender, of a class, of a group of contacts, of a length, of hours; the first that speaks of a message wins,
/// and behind the last stands the requests folder.
pub fn rules_speak_of_senders_classes_groups_lengths_and_hours() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    room.enters_as_guest("guest");
    let identity = room.identity("guest");
    let guest = comes_as(&mut room, identity);
    let [bob, carol, dave] = ["bob", "carol", "dave"].map(|who| comes_by_hand(&mut room, who));
    does(&mut room, alice, &contact("dave", Some("noisy")));
    // 1 January 2026 is a Thursday.
    let night = Hours {
        days: 1 << 3,
        from: 22 * 60,
        to: 6 * 60,
        offset: 0,
    };
    let noisy = super::support::note("noisy");
    let rules = vec![
        DeliveryRule {
            longer_than: Some(5),
            ..delivery(Who::Guest, Delivery::Refuse)
        },
        delivery(Who::Address(address("carol")), Delivery::Deliver),
        delivery(Who::Group(noisy), Delivery::Hold),
        DeliveryRule {
            hours: vec![night],
            ..delivery(Who::Anyone, Delivery::Drop)
        },
    ];
    does(&mut room, alice, &inbox_with(None, rules));
    let cases = |room: &mut Room, id: u128| {
        [
            (guest, "long text"),
            (guest, "short"),
            (bob, "a"),
            (carol, "a"),
            (dave, "a"),
        ]
        .map(|(from, text)| becomes(room, alice, from, id, text))
    };
    let by_day = ["not_accepted", "held", "held", "in", "held"];
    assert_eq!(cases(&mut room, 1), by_day);
    room.passes(secs(23 * 3_600));
    let at_night = ["not_accepted", "gone", "gone", "in", "held"];
    assert_eq!(cases(&mut room, 2), at_night);
    room.passes(secs(8 * 3_600));
    assert_eq!(cases(&mut room, 3), by_day);
}

/// R6, R8, S8: refused is told, dropped is not, and who is asked to sign in goes on with the password said.
pub fn refused_is_told_dropped_is_not_and_signing_in_helps() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    let mut id = 0;
    let mut tries = |room: &mut Room, rule: DeliveryRule| {
        does(room, alice, &inbox_with(None, vec![rule]));
        id += 1;
        becomes(room, alice, bob, id, "hello")
    };
    let anyone = |then| delivery(Who::Anyone, then);
    assert_eq!(tries(&mut room, anyone(Delivery::Refuse)), "not_accepted");
    assert_eq!(tries(&mut room, anyone(Delivery::Drop)), "gone");
    assert_eq!(tries(&mut room, anyone(Delivery::Hold)), "held");
    assert_eq!(tries(&mut room, anyone(Delivery::Deliver)), "in");
    let fresh = DeliveryRule {
        below: Some(Login::Fresh),
        ..anyone(Delivery::SignIn)
    };
    assert_eq!(tries(&mut room, fresh.clone()), "sign_in_again");
    room.confirms_password("bob");
    assert_eq!(tries(&mut room, fresh), "held");
    let counts = counts_of(&mut room, "alice", None);
    assert_eq!((counts.delivered, counts.held, counts.refused), (1, 2, 3));
}

/// R7, S9: a rule of one inbox does not touch another: the same sender succeeds at one and is refused at the other.
pub fn each_inbox_has_rules_of_its_own() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    room.enters_as_guest("guest");
    let identity = room.identity("guest");
    let guest = comes_as(&mut room, identity);
    let open = vec![delivery(Who::Anyone, Delivery::Deliver)];
    does(&mut room, alice, &inbox_with(Some("support"), open));
    let strict = DeliveryRule {
        below: Some(Login::Account),
        ..delivery(Who::Anyone, Delivery::SignIn)
    };
    does(&mut room, alice, &inbox_with(Some("private"), vec![strict]));
    let sent = room.asks_relay(guest, &message(1, "alice+support", "help"));
    assert_eq!(accepted(&sent).len(), 1);
    let sent = room.asks_relay(guest, &message(2, "alice+private", "help"));
    assert_eq!(codes(&sent), [Code::SignInAgain]);
    let sent = room.asks_relay(guest, &message(3, "alice", "help"));
    assert_eq!(accepted(&sent).len(), 1);
    assert_eq!(
        came_in(&mut room, alice),
        ["guest: help", "held of guest: help"]
    );
}

/// R6: whom one has written to is no stranger, and neither is a contact; to stop keeping one as a contact makes a stranger.
pub fn contacts_and_those_one_wrote_to_are_not_held() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let [bob, carol] = ["bob", "carol"].map(|who| comes_by_hand(&mut room, who));
    assert_eq!(becomes(&mut room, alice, bob, 1, "hello?"), "held");
    assert_eq!(becomes(&mut room, alice, carol, 1, "hello?"), "held");
    room.asks_relay(alice, &message(1, "bob", "hello!"));
    does(&mut room, alice, &contact("carol", None));
    assert_eq!(becomes(&mut room, alice, bob, 2, "good"), "in");
    assert_eq!(becomes(&mut room, alice, carol, 2, "good"), "in");
    does(&mut room, alice, &super::support::unsubscribe("carol"));
    assert_eq!(becomes(&mut room, alice, carol, 3, "and now?"), "held");
    room.restarts_relay();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|who| comes_again(&mut room, who));
    assert_eq!(becomes(&mut room, alice, bob, 4, "still"), "in");
    assert_eq!(becomes(&mut room, alice, carol, 4, "still"), "held");
}

/// R6: rules of an inbox have their limits.
pub fn an_inbox_has_fifty_rules_and_no_more() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    let most = vec![delivery(Who::Anyone, Delivery::Deliver); RULES_MAX];
    does(&mut room, alice, &inbox_with(None, most.clone()));
    let mut over = most;
    over.insert(0, delivery(Who::Anyone, Delivery::Refuse));
    let mut endless = delivery(Who::Anyone, Delivery::Refuse);
    endless.hours = vec![Hours {
        days: 0,
        from: 0,
        to: 60,
        offset: 0,
    }];
    for rules in [over, vec![endless]] {
        let answers = room.asks_relay(alice, &inbox_with(None, rules));
        assert_eq!(codes(&answers), [Code::BadRules]);
    }
    assert_eq!(becomes(&mut room, alice, bob, 1, "hello"), "in");
}
