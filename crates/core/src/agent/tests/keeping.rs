//! What outlives a reload beside the outbox.

use core::time::Duration;

use alloc::vec;
use alloc::vec::Vec;

use super::life::{Life, address, body, changed, conversation, count, entry, received};
use crate::address::MessageId;
use crate::agent::{Changed, Input, Intent, Keepsake, KeepsakeName, Output};
use crate::message::What;
use crate::person::Word;

fn writes(life: &mut Life, text: &str) {
    let (with, text) = (address("bob"), text.into());
    life.wants(Intent::Draft { with, text });
}

fn drafts(outputs: &[Output]) -> Vec<&str> {
    let drafts = outputs.iter().filter_map(|output| match output {
        Output::Keep(Keepsake::Draft(_, text)) => Some(text.as_str()),
        _ => None,
    });
    drafts.collect()
}

#[test]
fn a_draft_is_kept_when_the_hand_rests_or_the_page_goes() {
    let mut life = Life::up(0, vec![]);
    writes(&mut life, "hel");
    life.passes(Duration::from_millis(300));
    writes(&mut life, "hello");
    assert!(drafts(&life.outputs()).is_empty());
    life.passes(Duration::from_millis(200));
    assert_eq!(drafts(&life.outputs()), ["hello"]);

    writes(&mut life, "hello you");
    life.tell(Input::Hidden);
    assert_eq!(drafts(&life.outputs()), ["hello you"]);
    writes(&mut life, "hello you there");
    life.tell(Input::Lost(crate::agent::LineLost::Closed));
    assert_eq!(drafts(&life.outputs()), ["hello you there"]);
}

#[test]
fn a_sent_text_does_not_come_back_as_a_draft() {
    let mut life = Life::up(0, vec![]);
    writes(&mut life, "hello");
    life.passes(Duration::from_secs(1));
    life.outputs();
    life.says("bob", "hello");
    let forgotten = Output::Forget(KeepsakeName::Draft(address("bob")));
    assert!(life.outputs().contains(&forgotten));
    assert_eq!(life.agent.conversation(&address("bob")).draft, "");
    // Also one that was on its way to be kept.
    writes(&mut life, "more");
    life.says("bob", "more");
    life.passes(Duration::from_secs(1));
    assert!(drafts(&life.outputs()).is_empty());
}

#[test]
fn blanks_are_no_draft_and_a_row_with_a_draft_is_there() {
    let mut life = Life::up(0, vec![]);
    writes(&mut life, "   ");
    assert!(life.agent.row(&address("bob")).is_none());
    writes(&mut life, " a");
    assert!(life.agent.row(&address("bob")).unwrap().draft);
    assert!(changed(&life.outputs(), &Changed::Roster), "a row came");
    writes(&mut life, " ab");
    let row = Changed::Row(address("bob"));
    assert!(
        !changed(&life.outputs(), &row),
        "the page knows its own text"
    );
}

#[test]
fn a_first_look_without_the_relay_shows_who_was_there_and_claims_nothing() {
    let mut life = Life::up(10, vec![conversation(received(9, "bob"), 2, 5)]);
    life.roster(&["bob", "carol"]);
    life.passes(Duration::from_secs(3));
    let kept = life.kept();

    let mut life = Life::new();
    life.tell(Input::Restored(kept));
    let rows = life.agent.roster("", str::to_lowercase);
    let names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["bob", "carol"]);
    assert!(rows.iter().all(|row| row.person.word == Word::Unknown));
    assert_eq!(rows[0].unread, 2);
    assert_eq!(rows[0].last.as_ref().unwrap().1, "heard 9");
}

#[test]
fn the_roster_is_kept_at_the_first_change_then_now_and_then() {
    let mut life = Life::up(0, vec![]);
    life.roster(&["bob"]);
    for seq in 1..=50 {
        life.delivers(vec![received(seq, "bob")]);
        life.passes(Duration::from_millis(100));
    }
    let is_roster = |one: &Output| matches!(one, Output::Keep(Keepsake::Roster(..)));
    let kept = count(&life.outputs(), is_roster);
    assert!((2..=3).contains(&kept), "kept {kept} times in 5 s");
}

#[test]
fn of_long_messages_a_first_look_keeps_only_the_beginning() {
    let long = entry(
        9,
        "bob",
        What::Received(MessageId(9), body(&"é".repeat(8_000))),
    );
    let mut life = Life::up(10, vec![conversation(long, 1, 0)]);
    life.passes(Duration::from_secs(3));
    let rosters = life.kept().into_iter().find_map(|one| match one {
        Keepsake::Roster(_, _, conversations, _) => Some(conversations),
        _ => None,
    });
    let bytes = crate::wire::to_cbor(&rosters.expect("kept"));
    assert!((400..600).contains(&bytes.len()), "{} bytes", bytes.len());
}
