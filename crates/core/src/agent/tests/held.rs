//! The requests folder: what is held, admitted, refused or emptied; and from which of my addresses an answer goes out.

use alloc::vec;
use alloc::vec::Vec;

use super::life::{
    Life, address, answer_page, conversation, entry, held, open, received, sent, tag,
};
use crate::address::{MessageId, Principal, Seq};
use crate::agent::{Changed, Input, Intent, LineLost, Notice, Output};
use crate::code::Code;
use crate::message::{Conversation, What};
use crate::wire::{Decision, Resume, ToAgent, ToService};

/// With whom, and how many, newest first.
fn folder(life: &Life) -> Vec<(alloc::string::String, u32)> {
    let rows = life.agent.held().into_iter();
    rows.map(|row| (row.address.name().into(), row.count))
        .collect()
}

fn listed(life: &Life, who: &str) -> bool {
    life.agent.row(&address(who)).is_some()
}

fn admit(life: &mut Life, who: &str) {
    let with = address(who);
    life.wants(Intent::Admit { with });
}

fn number(life: &Life, pick: impl Fn(&ToService) -> bool) -> u32 {
    life.last_number(pick).expect("asked")
}

#[test]
fn what_is_held_stands_in_the_folder_and_nowhere_else() {
    let mut life = Life::up(0, vec![]);
    life.delivers(vec![held(1, "dave"), held(2, "eve"), held(3, "dave")]);
    let outputs = life.outputs();
    assert!(outputs.contains(&Output::Changed(Changed::Held)));
    let tells = |one: &Output| matches!(one, Output::Tell(_));
    assert!(!outputs.iter().any(tells), "nobody is disturbed");
    assert_eq!(folder(&life), [("dave".into(), 2), ("eve".into(), 1)]);
    assert_eq!(life.agent.held()[0].last, "held 3");
    assert!(!listed(&life, "dave"));
    assert_eq!(life.agent.unread(), 0);
    // It can be looked at all the same.
    let shown = life.agent.conversation(&address("dave"));
    assert!(shown.held);
    assert_eq!(life.texts("dave"), ["held 1", "held 3"]);
}

#[test]
fn the_folder_is_there_after_a_reload_from_the_summaries() {
    let waits = Conversation {
        held: 3,
        ..conversation(held(9, "dave"), 0, 0)
    };
    let mut life = Life::up(10, vec![waits]);
    assert_eq!(folder(&life), [("dave".into(), 3)]);
    assert!(!listed(&life, "dave"));
    life.passes(core::time::Duration::from_secs(3));
    let kept = life.kept();
    let mut life = Life::new();
    life.tell(Input::Restored(kept));
    assert_eq!(folder(&life), [("dave".into(), 3)]);
    assert_eq!(life.agent.held()[0].last, "held 9");
}

#[test]
fn whom_one_admits_comes_into_the_list_at_once_and_the_log_counts_the_unread() {
    let mut life = Life::up(0, vec![]);
    life.delivers(vec![held(1, "dave"), held(2, "dave")]);
    admit(&mut life, "dave");
    assert!(listed(&life, "dave"));
    assert_eq!(folder(&life), []);
    let with = address("dave");
    let number = number(&life, |frame| matches!(frame, ToService::Admit { .. }));
    assert!(life.frames().contains(&ToService::Admit { number, with }));
    life.delivers(vec![entry(3, "dave", What::Admitted)]);
    life.hears(&ToAgent::Done { number });
    assert_eq!(life.unread("dave"), 2, "they are received now");
    assert!(!life.agent.conversation(&address("dave")).held);
    life.delivers(vec![received(4, "dave")]);
    assert_eq!(life.unread("dave"), 3);
}

#[test]
fn what_was_not_here_when_it_was_admitted_is_counted_all_the_same() {
    let waits = Conversation {
        held: 40,
        ..conversation(held(90, "dave"), 0, 0)
    };
    let mut life = Life::up(100, vec![waits]);
    life.delivers(vec![held(101, "dave"), entry(102, "dave", What::Admitted)]);
    assert_eq!(life.unread("dave"), 41);
    // Of a conversation that was read in between, only the service knows how many are beyond that place.
    let mixed = Conversation {
        held: 2,
        ..conversation(held(90, "eve"), 1, 50)
    };
    let mut life = Life::up(100, vec![mixed]);
    assert!(listed(&life, "eve"), "she was known once");
    life.frames();
    life.delivers(vec![entry(101, "eve", What::Admitted)]);
    let asked = |frame: &ToService| matches!(frame, ToService::FetchConversations { .. });
    assert!(life.last_number(asked).is_some());
}

#[test]
fn a_refused_admission_puts_it_back_and_one_on_a_lost_line_is_said_again() {
    let mut life = Life::up(0, vec![]);
    life.delivers(vec![held(1, "dave")]);
    admit(&mut life, "dave");
    life.comes_back(Resume::Resumed, 1, 1);
    let number = number(&life, |frame| matches!(frame, ToService::Admit { .. }));
    life.outputs();
    life.refuses(Some(number), Code::StorageFull.refusal());
    assert_eq!(folder(&life), [("dave".into(), 1)]);
    let told = Notice::Refused(Some(address("dave")), Code::StorageFull);
    assert_eq!(life.notices(), [told]);
}

#[test]
fn an_answer_admits_and_goes_out_from_the_address_that_was_written_to() {
    let mut life = Life::up(0, vec![]);
    let mut letter = held(1, "dave");
    letter.own = Some(tag("shop"));
    life.delivers(vec![letter]);
    life.says("dave", "hello");
    let frames = life.frames();
    let from = frames.iter().find_map(|frame| match frame {
        ToService::Send { from, .. } => Some(from.clone()),
        _ => None,
    });
    assert_eq!(from, Some(Some(tag("shop"))));
    assert!(
        frames
            .iter()
            .any(|frame| matches!(frame, ToService::Admit { .. }))
    );
    let mine = life.items("dave").pop().unwrap();
    assert_eq!(mine.own, Some(tag("shop")));
    life.accepts(mine.id, 2);
    let mine = life.items("dave").pop().unwrap();
    assert_eq!((mine.own, mine.seq), (Some(tag("shop")), Some(Seq(2))));
}

#[test]
fn one_click_blocks_and_empties_also_without_a_line() {
    let mut life = Life::up(0, vec![]);
    life.delivers(vec![held(1, "dave"), held(2, "dave")]);
    life.tell(Input::Lost(LineLost::Closed));
    let with = address("dave");
    life.wants(Intent::Refuse { with: with.clone() });
    assert_eq!(folder(&life), []);
    assert!(life.texts("dave").is_empty());
    life.outputs();
    life.wants(Intent::Reconnect);
    life.comes_in(Resume::Resumed, 1, 2);
    let frames = life.frames();
    let block = frames.iter().any(|frame| {
        matches!(frame, ToService::SetAccess { watcher, decision: Some(Decision::Block), of: None, .. }
            if *watcher == Principal(with.clone()))
    });
    assert!(block);
    let clear = |frame: &ToService| matches!(frame, ToService::Clear { .. });
    assert!(frames.iter().any(clear));
    life.delivers(vec![entry(3, "dave", What::Cleared(Seq(2)))]);
    assert_eq!(folder(&life), []);
    assert!(!listed(&life, "dave"));
    // Should they be let in again, what they write is there.
    life.delivers(vec![received(4, "dave")]);
    assert_eq!(life.texts("dave"), ["heard 4"]);
}

#[test]
fn emptying_needs_a_line_and_is_never_said_later() {
    let mut life = Life::up(0, vec![]);
    life.delivers(vec![received(1, "bob")]);
    let clear = |life: &mut Life| {
        let with = address("bob");
        life.wants(Intent::Clear { with });
    };
    let asked = |frame: &ToService| matches!(frame, ToService::Clear { .. });
    clear(&mut life);
    assert!(life.last_number(asked).is_some());
    life.outputs();
    life.comes_back(Resume::Resumed, 1, 1);
    assert!(
        life.last_number(asked).is_none(),
        "more may stand there now"
    );
    life.tell(Input::Lost(LineLost::Closed));
    life.outputs();
    clear(&mut life);
    let told = Notice::Refused(Some(address("bob")), Code::TryLater);
    assert_eq!(life.notices(), [told]);
    assert_eq!(life.texts("bob"), ["heard 1"]);
}

#[test]
fn a_conversation_emptied_on_another_device_is_empty_here_also_from_a_page_that_still_has_it() {
    let mut life = Life::up(10, vec![conversation(received(9, "bob"), 2, 2)]);
    open(&mut life, "bob");
    life.delivers(vec![
        received(11, "bob"),
        entry(12, "bob", What::Cleared(Seq(10))),
    ]);
    answer_page(
        &mut life,
        vec![received(8, "bob"), received(9, "bob"), received(11, "bob")],
        false,
    );
    assert_eq!(life.texts("bob"), ["heard 11"]);
    assert_eq!(life.unread("bob"), 1);
    assert!(!life.agent.conversation(&address("bob")).more);
}

#[test]
fn who_wrote_in_a_groups_name_stands_with_the_message() {
    let mut life = Life::up(0, vec![]);
    let mut line = sent(1, "dave", MessageId(7), "from us");
    line.by = Some(Principal(address("carol")));
    life.delivers(vec![line]);
    assert_eq!(life.items("dave")[0].by, Some(Principal(address("carol"))));
}
