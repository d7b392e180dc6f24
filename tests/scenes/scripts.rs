//! What an agent does that a script drives: it watches for as long as it runs, keeps nobody, and deals with one message after the other.

use lamplight_core::agent::Intent;
use lamplight_core::person::{Word, person};
use lamplight_core::wire::Decision;

use crate::room::{Room, presentity, secs};

fn watches(room: &mut Room, who: &str, whom: &str) {
    let presentity = presentity(whom);
    room.wants(who, Intent::Watch { presentity });
    room.settles();
}

fn leaves(room: &mut Room, who: &str, whom: &str) {
    let presentity = presentity(whom);
    room.wants(who, Intent::Unwatch { presentity });
    room.settles();
}

/// What a script reads of somebody; `None`: it does not watch them.
fn seen(room: &mut Room, who: &str, whom: &str) -> Option<Word> {
    let of = presentity(whom);
    let view = room.agent(who).seen(of.address());
    view.map(|view| person(&view).word)
}

fn contacts(room: &mut Room, who: &str) -> Vec<String> {
    let rows = room.agent(who).roster("", str::to_lowercase);
    rows.into_iter().map(|row| row.name).collect()
}

/// W1: a subscription of the session is consented to like any other, goes on over a lost line, and ends with the session.
pub fn a_script_watches_for_as_long_as_it_runs_and_keeps_nobody() {
    let mut room = Room::new();
    room.arrive(&["alice", "bot"]);
    watches(&mut room, "bot", "alice");
    assert_eq!(seen(&mut room, "bot", "alice"), Some(Word::NotShared));
    assert_eq!(room.is_asked_by("alice"), ["bot"]);
    room.allows("alice", "bot");
    assert_eq!(seen(&mut room, "bot", "alice"), Some(Word::Available));
    room.loses_line("bot");
    room.until_up("bot");
    room.sets("alice", "busy: writing");
    // A second change within a second waits for the next.
    room.passes(secs(2));
    assert_eq!(seen(&mut room, "bot", "alice"), Some(Word::Busy));
    // What is said on the line of a next life does not speak of her.
    room.opens("bot", "desk");
    assert_eq!(contacts(&mut room, "bot/desk"), [""; 0]);
    leaves(&mut room, "bot/laptop", "alice");
    assert_eq!(seen(&mut room, "bot/laptop", "alice"), None);
    room.frames("bot/laptop");
    room.sets("alice", "away: out");
    room.passes(secs(5));
    assert_eq!(
        room.frames("bot/laptop"),
        [],
        "nothing of alice comes any more"
    );
}

/// Whoever is kept as a contact stays one when a script stops to watch; a script goes on when they are none any more.
pub fn what_a_script_watches_and_what_a_person_keeps_are_apart() {
    let mut room = Room::new();
    room.arrive(&["alice", "bob"]);
    room.befriends("alice", "bob");
    room.opens("bob", "script");
    watches(&mut room, "bob/script", "alice");
    assert_eq!(
        seen(&mut room, "bob/script", "alice"),
        Some(Word::Available)
    );
    leaves(&mut room, "bob/script", "alice");
    room.settles();
    assert_eq!(contacts(&mut room, "bob/laptop"), ["alice"]);
    room.sets("alice", "busy: writing");
    room.passes(secs(2));
    assert_eq!(room.sees("bob/laptop", "alice"), "busy: writing");

    watches(&mut room, "bob/script", "alice");
    room.removes("bob/laptop", "alice");
    room.sets("alice", "away: out");
    room.passes(secs(2));
    assert_eq!(seen(&mut room, "bob/script", "alice"), Some(Word::Away));
    assert_eq!(contacts(&mut room, "bob/laptop"), [""; 0]);
    room.decides("alice", "bob", Some(Decision::Deny));
    assert_eq!(
        seen(&mut room, "bob/script", "alice"),
        Some(Word::NotShared)
    );
}

/// Nobody of that address is what is seen of them, and oneself is not watched.
pub fn a_script_that_watches_nobody_reads_so() {
    let mut room = Room::new();
    room.arrive(&["bot"]);
    watches(&mut room, "bot", "nobody");
    assert_eq!(seen(&mut room, "bot", "nobody"), Some(Word::NotShared));
    watches(&mut room, "bot", "bot");
    assert_eq!(seen(&mut room, "bot", "bot"), None);
}

/// I3: read is said of one message after the other, and the rest stays unread on all devices.
pub fn a_script_deals_with_one_message_after_the_other() {
    let mut room = Room::new();
    room.arrive_acquainted(&["alice", "bot"]);
    room.opens("bot", "desk");
    for text in ["one", "two", "three"] {
        room.writes("alice", "bot", text);
    }
    assert_eq!(room.unread("bot/desk", "alice"), 3);
    let with = presentity("alice").0;
    let items = room.agent("bot/laptop").conversation(&with).items;
    for (item, left) in items.iter().zip([2, 1, 0]) {
        let seq = item.seq.expect("it is in the log");
        let with = with.clone();
        room.wants("bot/laptop", Intent::SeenUpTo { with, seq });
        room.passes(secs(1));
        assert_eq!(room.unread("bot/laptop", "alice"), left);
        assert_eq!(room.unread("bot/desk", "alice"), left);
    }
}
