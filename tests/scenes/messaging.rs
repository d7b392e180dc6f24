//! Messages: each is kept before it is acknowledged, stands once in each inbox, in one order for all, until it is deleted.

use lamplight_core::address::{MessageId, Seq, SessionId};
use lamplight_core::agent::{Input, Intent, Notice, RowKind};
use lamplight_core::code::Code;
use lamplight_core::message::{Entry, What};
use lamplight_core::presence::{Basic, PresenceTuple};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Cursor, Resume, ToAgent, ToService};

use super::support::{
    accepted, codes, comes_again, comes_by_hand, entries, free_of_rates, mentions, message, resumes,
};
use crate::room::{Fault, Room, inbox, presentity, secs};

fn alice_and_bob() -> Room {
    let mut room = Room::new();
    room.arrive_acquainted(&["alice", "bob"]);
    room
}

/// The texts that stand in an inbox, with the sender's name, as a page of its history gives them.
fn stands_in(room: &mut Room, who: &str) -> Vec<String> {
    let session = comes_again(room, who);
    let page = ToService::FetchInbox {
        number: 1,
        with: None,
        before: None,
        limit: 300,
    };
    let frames = room.asks_relay(session, &page);
    room.hangs_up(session);
    let entries = frames.iter().flat_map(|frame| match frame {
        ToAgent::Page { entries, .. } => entries.as_slice(),
        _ => &[],
    });
    let texts = entries.filter_map(|entry| match &entry.what {
        What::Received(_, body) => Some(format!("{}: {}", entry.with.name(), body.as_str())),
        What::Sent(_, body) => Some(format!("to {}: {}", entry.with.name(), body.as_str())),
        _ => None,
    });
    texts.collect()
}

fn acknowledge(room: &mut Room, session: SessionId, up_to: u64) -> Vec<ToAgent> {
    room.asks_relay(session, &ToService::Acknowledge { up_to: Seq(up_to) })
}

fn places(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.seq.0).collect()
}

/// G4, RFC 2779 4.2.1: accepted when it is kept, delivered when an inbox user agent took it.
pub fn a_message_is_accepted_and_then_delivered() {
    let mut room = alice_and_bob();
    room.writes("alice", "bob", "hello");
    assert_eq!(room.marks("alice", "bob"), ["hello: delivered"]);
    assert_eq!(room.reads("bob", "alice"), ["hello"]);
    room.closes("bob");
    room.passes(secs(30));
    room.writes("alice", "bob", "are you there?");
    assert_eq!(
        room.marks("alice", "bob"),
        ["hello: delivered", "are you there?: accepted"]
    );
    room.opens("bob", "phone");
    assert_eq!(
        room.marks("alice", "bob"),
        ["hello: delivered", "are you there?: delivered"]
    );
}

/// I1, DESIGN 2.6: what is sent to someone absent waits, also over a restart, and comes once, in order, to all devices.
pub fn messages_wait_for_someone_absent() {
    let mut room = alice_and_bob();
    room.closes("bob");
    let texts = ["one", "two", "three"];
    for text in texts {
        room.writes("alice", "bob", text);
    }
    room.restarts_relay();
    for device in ["laptop", "phone"] {
        room.opens("bob", device);
        let seat = format!("bob/{device}");
        assert_eq!(room.unread(&seat, "alice"), 3, "{device}");
        assert_eq!(room.reads(&seat, "alice"), texts, "{device}");
    }
}

/// I2, I3: two who write at once get one order, and both devices of the receiver see that one, without a gap.
pub fn all_devices_see_one_order_without_a_gap() {
    let mut room = Room::with(free_of_rates());
    room.sign_up_acquainted(&["alice", "bob", "carol"]);
    let alice = comes_by_hand(&mut room, "alice");
    let carol = comes_by_hand(&mut room, "carol");
    let bobs = [
        comes_by_hand(&mut room, "bob"),
        comes_again(&mut room, "bob"),
    ];
    for id in 1..=20 {
        room.writes_frame(alice, &message(id, "bob", &format!("a{id}")));
        room.writes_frame(carol, &message(id, "bob", &format!("c{id}")));
    }
    room.settles();
    let [laptop, phone] = bobs.map(|session| entries(&room.hears(session)));
    assert_eq!(places(&laptop), (1..=40).collect::<Vec<_>>());
    assert_eq!(laptop, phone);
    for from in ["alice", "carol"] {
        let from = presentity(from).0;
        let theirs = laptop.iter().filter(|entry| entry.with == from);
        let ids = theirs.map(|entry| match entry.what {
            What::Received(id, _) => id.0,
            _ => 0,
        });
        assert_eq!(ids.collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
    }
}

/// I4, RFC 2779 5.4.2: a message that is sent again under its id is kept once and answered as the first time: at once,
/// after a restart, and after the receiver deleted it.
pub fn a_repeated_message_is_kept_once_for_ever() {
    let mut room = Room::new();
    room.sign_up_acquainted(&["alice", "bob", "carol"]);
    let alice = comes_by_hand(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    let tea = message(7, "bob", "Tea at four?");
    let receipt = |frames: Vec<ToAgent>| {
        let receipts = frames.into_iter();
        receipts
            .filter(|frame| matches!(frame, ToAgent::Receipt { .. }))
            .collect::<Vec<_>>()
    };
    let first = receipt(room.asks_relay(alice, &tea));
    assert_eq!(accepted(&first), [Seq(1)]);
    assert_eq!(entries(&room.hears(bob)).len(), 1);
    room.passes(secs(5));
    assert_eq!(receipt(room.asks_relay(alice, &tea)), first);
    room.restarts_relay();
    let alice = comes_again(&mut room, "alice");
    let bob = comes_again(&mut room, "bob");
    assert_eq!(receipt(room.asks_relay(alice, &tea)), first);
    let delete = ToService::Delete {
        number: 1,
        seqs: vec![Seq(1)],
    };
    room.asks_relay(bob, &delete);
    assert_eq!(receipt(room.asks_relay(alice, &tea)), first);
    assert_eq!(entries(&room.hears(bob)), []);
    assert_eq!(stands_in(&mut room, "bob"), [""; 0]);
}

/// DESIGN 9: an id that was used stands for its content; other senders have ids of their own.
pub fn an_id_stands_for_one_content() {
    let mut room = Room::new();
    room.sign_up_acquainted(&["alice", "bob", "carol"]);
    let alice = comes_by_hand(&mut room, "alice");
    let carol = comes_by_hand(&mut room, "carol");
    room.signs_up("bob");
    assert_eq!(
        codes(&room.asks_relay(alice, &message(7, "bob", "tea"))),
        []
    );
    for other in [message(7, "bob", "coffee"), message(7, "carol", "tea")] {
        assert_eq!(
            codes(&room.asks_relay(alice, &other)),
            [Code::IdConflict],
            "{other:?}"
        );
    }
    assert_eq!(
        codes(&room.asks_relay(carol, &message(7, "bob", "milk"))),
        []
    );
    assert_eq!(stands_in(&mut room, "bob"), ["alice: tea", "carol: milk"]);
}

/// DESIGN 2.5: a device that says how far it has come gets what is after, and nothing of what is before.
pub fn a_cursor_brings_what_was_missed_and_nothing_else() {
    let mut room = Room::new();
    room.sign_up_acquainted(&["alice", "bob", "carol"]);
    let alice = comes_by_hand(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    for id in 1..=5 {
        room.asks_relay(alice, &message(id, "bob", &format!("m{id}")));
    }
    assert_eq!(places(&entries(&room.hears(bob))), [1, 2, 3, 4, 5]);
    let fresh = room.logs_in("bob", "new", None);
    let frames = room.hears(fresh);
    assert_eq!(resumes(&frames), [Resume::Fresh]);
    assert_eq!(entries(&frames), []);
    let epoch = frames.iter().find_map(|frame| match frame {
        ToAgent::Welcome { head, .. } => Some(head.epoch),
        _ => None,
    });
    let epoch = epoch.expect("a welcome names the store");
    for (seq, missed) in [(0, 1..6), (3, 4..6), (5, 6..6)] {
        let cursor = Cursor {
            epoch,
            seq: Seq(seq),
        };
        let session = room.logs_in("bob", "known", Some(cursor));
        let frames = room.hears(session);
        assert_eq!(resumes(&frames), [Resume::Resumed], "{seq}");
        assert_eq!(places(&entries(&frames)), missed.collect::<Vec<_>>());
        room.hangs_up(session);
    }
}

/// RFC 2779 4.2.1: the mark of delivery comes once, says how far, and a later one takes its place in the log.
pub fn delivered_is_one_mark_that_moves() {
    let mut room = Room::new();
    room.sign_up_acquainted(&["alice", "bob", "carol"]);
    let alice = comes_by_hand(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    let phone = comes_again(&mut room, "bob");
    for id in 1..=3 {
        room.asks_relay(alice, &message(id, "bob", &format!("m{id}")));
    }
    room.hears(alice);
    let marks = |frames: Vec<ToAgent>| {
        let marks = entries(&frames).into_iter();
        marks
            .map(|entry| (entry.seq.0, entry.what))
            .collect::<Vec<_>>()
    };
    acknowledge(&mut room, bob, 2);
    assert_eq!(marks(room.hears(alice)), [(4, What::Delivered(Seq(2)))]);
    acknowledge(&mut room, bob, 2);
    acknowledge(&mut room, phone, 1);
    assert_eq!(marks(room.hears(alice)), []);
    acknowledge(&mut room, phone, 3);
    assert_eq!(marks(room.hears(alice)), [(5, What::Delivered(Seq(3)))]);
    let cursor = Cursor {
        epoch: epoch_of(&mut room, "alice"),
        seq: Seq(3),
    };
    let later = room.logs_in("alice", "later", Some(cursor));
    assert_eq!(marks(room.hears(later)), [(5, What::Delivered(Seq(3)))]);
}

fn epoch_of(room: &mut Room, who: &str) -> lamplight_core::address::Epoch {
    let session = room.logs_in(who, "asks", None);
    let frames = room.hears(session);
    room.hangs_up(session);
    let epoch = frames.iter().find_map(|frame| match frame {
        ToAgent::Welcome { head, .. } => Some(head.epoch),
        _ => None,
    });
    epoch.expect("a welcome names the store")
}

/// Nobody can acknowledge what is not there.
pub fn an_acknowledgement_goes_no_further_than_the_log() {
    let mut room = Room::new();
    room.sign_up_acquainted(&["alice", "bob", "carol"]);
    let alice = comes_by_hand(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    acknowledge(&mut room, bob, u64::MAX);
    room.asks_relay(alice, &message(1, "bob", "hello"));
    assert_eq!(places(&entries(&room.hears(bob))), [1]);
    room.hears(alice);
    acknowledge(&mut room, bob, u64::MAX);
    assert_eq!(entries(&room.hears(alice)).len(), 1);
}

/// DESIGN 9: deleted is deleted on all devices and for latecomers, with its words; the sender's copy is the sender's.
pub fn a_deleted_message_is_gone_everywhere_in_that_inbox() {
    let mut room = alice_and_bob();
    room.opens("bob", "phone");
    for text in ["one", "the canary", "three"] {
        room.writes("alice", "bob", text);
    }
    for device in ["bob/laptop", "bob/phone"] {
        assert_eq!(room.reads(device, "alice").len(), 3);
    }
    room.deletes("bob/laptop", "alice", "the canary");
    for device in ["bob/laptop", "bob/phone"] {
        assert_eq!(room.reads(device, "alice"), ["one", "three"], "{device}");
    }
    room.opens("bob", "tablet");
    assert_eq!(room.reads("bob/tablet", "alice"), ["one", "three"]);
    assert_eq!(room.unread("bob/tablet", "alice"), 2);
    let frames = room.frames("bob/tablet").into_iter();
    let frames: Vec<ToAgent> = frames.map(|(_, frame)| frame).collect();
    assert!(!mentions(&frames, "canary"));
    assert_eq!(room.reads("alice", "bob"), ["one", "the canary", "three"]);
}

/// DESIGN 9: read on one device is read on all; the other side is not told.
pub fn read_on_one_device_is_read_on_the_other() {
    let mut room = alice_and_bob();
    room.opens("bob", "phone");
    for text in ["one", "two"] {
        room.writes("alice", "bob", text);
    }
    for device in ["bob/laptop", "bob/phone"] {
        assert_eq!(room.unread(device, "alice"), 2, "{device}");
    }
    room.frames("alice");
    room.looks_at("bob/phone", "alice");
    room.has_seen("bob/phone", "alice");
    for device in ["bob/laptop", "bob/phone"] {
        assert_eq!(room.unread(device, "alice"), 0, "{device}");
    }
    assert_eq!(room.frames("alice"), []);
    room.writes("alice", "bob", "three");
    assert_eq!(room.unread("bob/laptop", "alice"), 1);
    room.opens("bob", "tablet");
    assert_eq!(room.unread("bob/tablet", "alice"), 1);
}

/// Unread is counted for each conversation, and for all together.
pub fn unread_is_counted_for_each_conversation() {
    let mut room = Room::new();
    room.arrive_acquainted(&["alice", "bob", "carol"]);
    for text in ["one", "two"] {
        room.writes("alice", "carol", text);
        room.writes("bob", "carol", text);
    }
    room.writes("bob", "carol", "three");
    room.writes("carol", "bob", "an answer is not unread");
    let counts = |room: &mut Room, device| {
        let (alice, bob) = (room.unread(device, "alice"), room.unread(device, "bob"));
        (alice, bob, room.agent(device).unread())
    };
    assert_eq!(counts(&mut room, "carol"), (2, 3, 5));
    room.looks_at("carol", "bob");
    room.has_seen("carol", "bob");
    assert_eq!(counts(&mut room, "carol"), (2, 0, 2));
    room.reloads("carol");
    assert_eq!(counts(&mut room, "carol"), (2, 0, 2));
}

/// DESIGN 9: what one sends stands on one's other devices too, once, with its marks.
pub fn what_one_sends_stands_on_all_of_ones_devices() {
    let mut room = alice_and_bob();
    room.opens("alice", "phone");
    room.writes("alice/laptop", "bob", "hello");
    for device in ["alice/laptop", "alice/phone"] {
        assert_eq!(room.marks(device, "bob"), ["hello: delivered"], "{device}");
        assert_eq!(room.unread(device, "bob"), 0);
    }
    room.opens("alice", "tablet");
    assert_eq!(room.marks("alice/tablet", "bob"), ["hello: delivered"]);
}

/// A note to oneself stands once.
pub fn a_message_to_oneself_stands_once() {
    let mut room = Room::new();
    room.arrive_acquainted(&["alice"]);
    room.writes("alice", "alice", "buy milk");
    assert_eq!(room.reads("alice", "alice"), ["buy milk"]);
    assert_eq!(room.unread("alice", "alice"), 0);
    assert_eq!(stands_in(&mut room, "alice"), ["to alice: buy milk"]);
}

/// X2, RFC 2779 5.1.15: who is blocked gets their messages accepted, and nothing of them ever arrives.
pub fn messages_of_the_blocked_are_accepted_and_never_arrive() {
    let mut room = alice_and_bob();
    room.blocks("bob", "alice");
    room.frames("bob");
    room.writes("alice", "bob", "canary");
    room.passes(secs(60));
    assert_eq!(room.marks("alice", "bob"), ["canary: accepted"]);
    let frames = room.frames("bob").into_iter();
    let frames: Vec<ToAgent> = frames.map(|(_, frame)| frame).collect();
    assert!(entries(&frames).is_empty() && !mentions(&frames, "canary"));
    room.decides("bob", "alice", None);
    room.reloads("bob");
    assert_eq!(room.reads("bob", "alice"), [""; 0]);
    room.writes("alice", "bob", "and now?");
    assert_eq!(room.reads("bob", "alice"), ["and now?"]);
}

/// DESIGN 2.1: a closed inbox accepts nothing and says so; what was refused goes when the person sends it again.
pub fn a_closed_inbox_says_so() {
    let mut room = alice_and_bob();
    let bob = comes_again(&mut room, "bob");
    let inbox_is = |basic, room: &Room| ToService::Publish {
        tuple: PresenceTuple::inbox(&inbox("bob"), basic, room.wall()),
        of: None,
    };
    let closed = inbox_is(Basic::Closed, &room);
    assert_eq!(codes(&room.asks_relay(bob, &closed)), []);
    room.writes("alice", "bob", "hello");
    assert_eq!(room.marks("alice", "bob"), ["hello: failed, inbox_closed"]);
    assert_eq!(room.reads("bob", "alice"), [""; 0]);
    let open = inbox_is(Basic::Open, &room);
    room.asks_relay(bob, &open);
    let id = room.id_of("alice", "bob", "hello");
    room.wants("alice", Intent::Resend { id });
    assert_eq!(room.marks("alice", "bob"), ["hello: delivered"]);
}

/// What nobody will ever take fails with its reason, is told once, outlives a reload and can be discarded.
pub fn a_message_to_nobody_fails_and_can_be_discarded() {
    let mut room = Room::new();
    room.arrive_acquainted(&["alice"]);
    room.writes("alice", "nobody", "hello?");
    assert_eq!(
        room.marks("alice", "nobody"),
        ["hello?: failed, unknown_address"]
    );
    let told = Notice::Refused(Some(presentity("nobody").0), Code::UnknownAddress);
    assert_eq!(room.notices("alice"), [told]);
    room.reloads("alice");
    assert_eq!(
        room.marks("alice", "nobody"),
        ["hello?: failed, unknown_address"]
    );
    let id = room.id_of("alice", "nobody", "hello?");
    room.wants("alice", Intent::Discard { id });
    assert_eq!(room.marks("alice", "nobody"), [""; 0]);
    assert_eq!(room.outbox("alice"), []);
}

/// One that fails does not stand in the way of the next.
pub fn a_failed_message_does_not_hold_up_the_others() {
    let mut room = alice_and_bob();
    room.cuts("alice");
    room.writes_at_once("alice", "nobody", "hello?");
    room.writes_at_once("alice", "bob", "hello");
    room.heals("alice");
    room.loses_line("alice");
    room.settles();
    room.until_up("alice");
    assert_eq!(room.reads("bob", "alice"), ["hello"]);
    assert_eq!(room.outbox("alice").len(), 1);
}

/// A message is told to the person once, unless they are looking at it.
pub fn a_message_is_told_once_and_not_to_who_looks_at_it() {
    let mut room = alice_and_bob();
    let told = |room: &mut Room| {
        let notices = room.notices("bob").into_iter();
        let texts = notices.filter_map(|notice| match notice {
            Notice::Message { body, .. } => Some(body.as_str().to_owned()),
            _ => None,
        });
        texts.collect::<Vec<_>>()
    };
    room.writes("alice", "bob", "one");
    assert_eq!(told(&mut room), ["one"]);
    room.looks_at("bob", "alice");
    room.writes("alice", "bob", "two");
    assert_eq!(told(&mut room), [""; 0]);
    room.hands("bob", Input::Hidden);
    room.writes("alice", "bob", "three");
    assert_eq!(told(&mut room), ["three"]);
    room.loses_line("bob");
    room.until_up("bob");
    assert_eq!(told(&mut room), [""; 0]);
}

/// Somebody unknown who writes has a row, and is no contact.
pub fn a_stranger_who_writes_has_a_row() {
    let mut room = alice_and_bob();
    room.writes("alice", "bob", "we met yesterday");
    let row = room.agent("bob").row(&presentity("alice").0);
    let row = row.expect("there is a conversation");
    assert_eq!((row.kind, row.unread), (RowKind::Stranger, 1));
    assert_eq!(room.sees("bob", "alice"), "not shared");
}

/// Page row 13: the older pages come as they are asked for, each message once, down to the first.
pub fn history_comes_page_by_page() {
    let mut room = Room::with(free_of_rates());
    room.sign_up_acquainted(&["alice", "bob", "carol"]);
    let alice = comes_by_hand(&mut room, "alice");
    room.signs_up("bob");
    for id in 1..=150 {
        room.writes_frame(alice, &message(id, "bob", &format!("m{id}")));
        if id % 30 == 0 {
            room.settles();
        }
    }
    room.opens("bob", "laptop");
    let with = presentity("alice").0;
    let mut shown = room.conversation("bob", "alice");
    let mut pages = 1;
    while shown.more {
        assert_eq!(
            shown.items.last().map(|item| item.text.as_str()),
            Some("m150")
        );
        room.wants("bob", Intent::LoadOlder { with: with.clone() });
        let before = shown.items.len();
        shown = room.agent("bob").conversation(&with);
        assert!(shown.items.len() > before, "a page brings something");
        pages += 1;
    }
    let texts: Vec<_> = shown.items.iter().map(|item| item.text.clone()).collect();
    let all: Vec<_> = (1..=150).map(|id| format!("m{id}")).collect();
    assert_eq!(texts, all);
    assert_eq!(pages, 3);
}

/// B4: at most 256 entries are on their way to a device that acknowledges nothing; the rest is not lost.
pub fn two_hundred_and_fifty_six_are_on_their_way_and_no_more() {
    let mut room = Room::with(free_of_rates());
    room.sign_up_acquainted(&["alice", "bob", "carol"]);
    let alice = comes_by_hand(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    for id in 1..=300 {
        room.writes_frame(alice, &message(id, "bob", &format!("m{id}")));
        if id % 30 == 0 {
            room.settles();
        }
    }
    let first = places(&entries(&room.hears(bob)));
    assert_eq!(first, (1..=256).collect::<Vec<_>>());
    let rest = acknowledge(&mut room, bob, 256);
    assert_eq!(places(&entries(&rest)), (257..=300).collect::<Vec<_>>());
}

/// I1, M9: nothing is acknowledged and nothing delivered before the disk has it; what a crash took is sent again.
pub fn nothing_is_acknowledged_before_it_is_kept() {
    for survivors in [0, 1] {
        let mut room = Room::new();
        room.sign_up_acquainted(&["alice", "bob", "carol"]);
        let alice = comes_by_hand(&mut room, "alice");
        let bob = comes_by_hand(&mut room, "bob");
        room.disk_hangs();
        let answers = room.asks_relay(alice, &message(1, "bob", "hello"));
        room.passes(secs(5));
        assert_eq!(answers, []);
        assert_eq!(entries(&room.hears(bob)), []);
        assert_eq!(room.disk.waiting(), 1);
        room.kills_relay(survivors);
        room.starts_relay();
        let alice = comes_again(&mut room, "alice");
        let answers = room.asks_relay(alice, &message(1, "bob", "hello"));
        assert_eq!(accepted(&answers), [Seq(1)]);
        assert_eq!(stands_in(&mut room, "bob"), ["alice: hello"]);
    }
}

/// A disk that says "kept" too early is found out: what was acknowledged before a crash is not there after it.
pub fn a_disk_that_lies_is_found_out() {
    let mut room = Room::new();
    room.disk.fault = Some(Fault::AnswersBeforeSync);
    room.sign_up_acquainted(&["alice", "bob", "carol"]);
    let alice = comes_by_hand(&mut room, "alice");
    room.signs_up("bob");
    let answers = room.asks_relay(alice, &message(1, "bob", "hello"));
    assert_eq!(accepted(&answers), [Seq(1)]);
    room.disk.fault = None;
    room.restarts_relay();
    assert_eq!(stands_in(&mut room, "bob"), [""; 0], "this disk lied");
}

/// DESIGN 9: a disk that is full or fails means a refusal that names it, nothing kept, and success later under the same id.
pub fn a_fault_of_the_disk_is_a_refusal_and_keeps_nothing() {
    for (fault, code) in [
        (Fault::Full, Code::StorageFull),
        (Fault::Fails, Code::TryLater),
    ] {
        let mut room = Room::new();
        room.sign_up_acquainted(&["alice", "bob", "carol"]);
        let alice = comes_by_hand(&mut room, "alice");
        let bob = comes_by_hand(&mut room, "bob");
        room.disk.fault = Some(fault);
        let answers = room.asks_relay(alice, &message(1, "bob", "hello"));
        assert_eq!(codes(&answers), [code]);
        assert_eq!(accepted(&answers), []);
        room.disk.fault = None;
        assert_eq!(entries(&room.hears(bob)), []);
        let answers = room.asks_relay(alice, &message(1, "bob", "hello"));
        assert_eq!(accepted(&answers), [Seq(1)]);
        assert_eq!(places(&entries(&room.hears(bob))), [1]);
    }
}

/// Page row 14: while the relay has no room, messages wait in the outbox, and go out in their order when it has.
pub fn messages_outwait_a_full_disk() {
    let mut room = alice_and_bob();
    room.disk.fault = Some(Fault::Full);
    for text in ["one", "two", "three"] {
        room.writes("alice", "bob", text);
    }
    room.passes(secs(20));
    assert_eq!(room.outbox("alice").len(), 3);
    assert_eq!(room.reads("bob", "alice"), [""; 0]);
    room.disk.fault = None;
    room.passes(secs(60));
    assert_eq!(room.reads("bob", "alice"), ["one", "two", "three"]);
    assert_eq!(room.outbox("alice"), []);
}

/// What a device took while the disk was full is told to the sender when it is not.
pub fn a_delivery_outwaits_a_full_disk() {
    let mut room = alice_and_bob();
    room.closes("bob");
    room.writes("alice", "bob", "hello");
    room.disk.fault = Some(Fault::Full);
    room.opens("bob", "phone");
    room.passes(secs(20));
    assert_eq!(room.marks("alice", "bob"), ["hello: accepted"]);
    room.disk.fault = None;
    room.passes(secs(10));
    assert_eq!(room.marks("alice", "bob"), ["hello: delivered"]);
}

/// Faster than the relay allows, a person still loses nothing and keeps their order.
pub fn writing_faster_than_allowed_loses_nothing() {
    let mut room = alice_and_bob();
    let texts: Vec<_> = (1..=60).map(|n| format!("m{n}")).collect();
    for text in &texts {
        room.writes_at_once("alice", "bob", text);
    }
    room.passes(secs(60));
    assert_eq!(room.reads("bob", "alice"), texts);
    assert_eq!(room.outbox("alice"), []);
}

/// RFC 2779 4.1.2, 5.4.3: a message says when the service took it and under the sender's own id.
pub fn a_message_carries_its_id_and_when_it_was_taken() {
    let mut room = Room::new();
    room.sign_up_acquainted(&["alice", "bob", "carol"]);
    let alice = comes_by_hand(&mut room, "alice");
    let bob = comes_by_hand(&mut room, "bob");
    let before = room.wall();
    room.asks_relay(alice, &message(0xabc, "bob", "hello"));
    let got = entries(&room.hears(bob));
    let Some(Entry {
        at,
        what: What::Received(id, _),
        ..
    }) = got.first()
    else {
        panic!("bob got {got:?}")
    };
    assert_eq!(*id, MessageId(0xabc));
    assert!(*at >= before && *at <= Timestamp(before.0 + 1_000));
}
