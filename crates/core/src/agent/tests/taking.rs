//! The inbox: the cursor, what is counted as unread, resets, pages, marks.

use core::time::Duration;

use alloc::vec;
use alloc::vec::Vec;

use super::life::{
    Life, address, answer_page, conversation, count, empty_page, entry, open, received, sent,
    too_fast,
};
use crate::address::{Epoch, MessageId, Seq};
use crate::agent::{Input, Intent, ItemState, LineLost, Notice};
use crate::code::Code;
use crate::message::What;
use crate::wire::{Cursor, Resume, ToAgent, ToService};

fn cursor(life: &mut Life) -> Option<Cursor> {
    life.tell(Input::Lost(LineLost::Closed));
    life.wants(Intent::Reconnect);
    life.outputs();
    life.opened();
    match life.frames().first() {
        Some(ToService::Hello { cursor, .. }) => *cursor,
        other => panic!("no hello, but {other:?}"),
    }
}

fn at(seq: u64) -> Cursor {
    Cursor {
        epoch: Epoch(1),
        seq: Seq(seq),
    }
}

fn acknowledged(frames: &[ToService]) -> Vec<u64> {
    let marks = frames.iter().filter_map(|frame| match frame {
        ToService::Acknowledge { up_to } => Some(up_to.0),
        _ => None,
    });
    marks.collect()
}

fn seen(life: &mut Life, with: &str) {
    let with = address(with);
    life.wants(Intent::Seen { with });
}

#[test]
fn the_hello_says_how_far_the_device_has_come_over_gaps_and_repetitions() {
    let mut life = Life::up(10, vec![]);
    assert_eq!(cursor(&mut life), Some(at(10)));
    life.is_welcomed(Resume::Resumed, 1, 20);
    // Marks that replaced each other leave gaps; `up_to` leads over them.
    life.hears(&ToAgent::Deliver {
        entries: vec![received(12, "bob"), received(15, "bob")],
        up_to: Seq(17),
    });
    assert_eq!(life.unread("bob"), 2);
    // Everything once more, and older than the cursor.
    life.delivers(vec![received(12, "bob"), received(15, "bob")]);
    assert_eq!(life.unread("bob"), 2);
    assert_eq!(life.texts("bob"), ["heard 12", "heard 15"]);
    assert_eq!(cursor(&mut life), Some(at(17)));
}

#[test]
fn an_acknowledgement_that_may_be_lost_is_said_again() {
    let mut life = Life::up(0, vec![]);
    life.delivers(vec![received(1, "bob")]);
    assert_eq!(acknowledged(&life.frames()), [1]);
    life.comes_back(Resume::Resumed, 1, 1);
    assert_eq!(acknowledged(&life.frames()), [1]);
    // Refused for now, without a number.
    life.refuses(None, too_fast(100));
    life.passes(Duration::from_secs(3));
    assert_eq!(acknowledged(&life.frames()), [1]);
}

#[test]
fn a_busy_inbox_is_acknowledged_at_a_pace_and_to_its_end() {
    let mut life = Life::up(0, vec![]);
    for seq in 1..=200 {
        life.delivers(vec![received(seq, "bob")]);
        life.passes(Duration::from_millis(5));
    }
    life.passes(Duration::from_secs(1));
    let marks = acknowledged(&life.frames());
    assert!(marks.len() <= 30, "{} frames in 2 s", marks.len());
    assert_eq!(marks.last(), Some(&200));
}

#[test]
fn unread_is_counted_once_however_summary_and_delivery_cross() {
    let mut life = Life::new();
    life.tell(Input::Start);
    life.comes_in(Resume::Fresh, 1, 10);
    // 11 comes before the summaries, which were read at 12; 12 and 13 come after them.
    life.delivers(vec![received(11, "bob")]);
    life.answers_conversations(vec![conversation(received(12, "bob"), 5, 3)], 12);
    assert_eq!(life.unread("bob"), 5);
    life.delivers(vec![received(12, "bob")]);
    assert_eq!(life.unread("bob"), 5);
    life.delivers(vec![received(13, "bob")]);
    assert_eq!(life.unread("bob"), 6);
    assert_eq!(life.agent.unread(), 6);
}

#[test]
fn what_another_device_read_is_read_here() {
    let mut life = Life::up(10, vec![conversation(received(9, "bob"), 4, 2)]);
    life.delivers(vec![received(11, "bob"), received(12, "bob")]);
    assert_eq!(life.unread("bob"), 6);
    life.delivers(vec![entry(13, "bob", What::Read(Seq(11)))]);
    assert_eq!(life.unread("bob"), 1);
    life.delivers(vec![entry(14, "bob", What::Read(Seq(12)))]);
    assert_eq!(life.unread("bob"), 0);
}

#[test]
fn what_cannot_be_counted_here_is_asked() {
    // 4 of the 6 unread are not here: how many are left after place 5 only the service knows.
    let mut life = Life::up(10, vec![conversation(received(9, "bob"), 4, 2)]);
    life.delivers(vec![entry(11, "bob", What::Read(Seq(5)))]);
    life.answers_conversations(vec![conversation(received(9, "bob"), 2, 5)], 11);
    assert_eq!(life.unread("bob"), 2);
}

#[test]
fn reading_says_so_once_and_again_after_a_lost_line() {
    let mut life = Life::up(10, vec![conversation(received(9, "bob"), 2, 2)]);
    open(&mut life, "bob");
    answer_page(
        &mut life,
        vec![received(8, "bob"), received(9, "bob")],
        false,
    );
    let first = life.agent.conversation(&address("bob")).first_unread;
    assert_eq!(first, Some(MessageId(8)));
    life.frames();
    seen(&mut life, "bob");
    seen(&mut life, "bob");
    let mark = ToService::MarkRead {
        with: address("bob"),
        up_to: Seq(9),
    };
    assert_eq!(life.frames(), core::slice::from_ref(&mark));
    assert_eq!(life.unread("bob"), 0);
    let first = life.agent.conversation(&address("bob")).first_unread;
    assert_eq!(
        first,
        Some(MessageId(8)),
        "the divider stays while one reads"
    );

    life.comes_back(Resume::Resumed, 1, 10);
    assert!(life.frames().contains(&mark));
    life.delivers(vec![entry(11, "bob", What::Read(Seq(9)))]);
    life.comes_back(Resume::Resumed, 1, 11);
    assert!(!life.frames().contains(&mark), "it has arrived");
}

#[test]
fn a_reset_forgets_what_is_here_and_joins_again_at_the_head() {
    let mut life = Life::up(10, vec![]);
    open(&mut life, "bob");
    empty_page(&mut life);
    life.delivers(vec![received(11, "bob")]);
    life.frames();
    life.comes_back(Resume::ResetTooFar, 1, 5_000);
    assert!(life.texts("bob").is_empty());
    life.answers_conversations(vec![conversation(received(4_999, "bob"), 90, 11)], 5_000);
    answer_page(
        &mut life,
        vec![received(4_998, "bob"), received(4_999, "bob")],
        true,
    );
    assert_eq!(life.texts("bob"), ["heard 4998", "heard 4999"]);
    assert_eq!(life.unread("bob"), 90);
    assert_eq!(cursor(&mut life), Some(at(5_000)));
}

#[test]
fn nothing_of_another_store_remains_however_far_its_log_went() {
    let old = vec![
        conversation(received(499, "bob"), 3, 400),
        conversation(received(500, "carol"), 1, 0),
    ];
    let mut life = Life::up(500, old);
    life.comes_back(Resume::ResetEpoch, 2, 5);
    life.answers_conversations(vec![conversation(received(4, "bob"), 1, 0)], 5);
    assert!(life.agent.row(&address("carol")).is_none());
    let row = life.agent.row(&address("bob")).unwrap();
    assert_eq!(row.last.unwrap().1, "heard 4");
    assert_eq!(row.unread, 1);
}

#[test]
fn pages_go_back_without_a_hole_even_when_what_they_join_was_dropped() {
    let mut life = Life::up(1_000, vec![]);
    let page = |from: u64| {
        (from..from + 60)
            .map(|seq| received(seq, "bob"))
            .collect::<Vec<_>>()
    };
    open(&mut life, "bob");
    answer_page(&mut life, page(941), true);
    let with = address("bob");
    for from in [881, 821, 761, 701, 641] {
        life.frames();
        life.wants(Intent::LoadOlder { with: with.clone() });
        let asked = ToService::FetchInbox {
            number: life
                .last_number(|frame| matches!(frame, ToService::FetchInbox { .. }))
                .unwrap(),
            with: Some(with.clone()),
            before: Some(Seq(from + 60)),
            limit: 60,
        };
        assert_eq!(life.frames(), core::slice::from_ref(&asked));
        let number = asked.number().unwrap();
        if from == 641 {
            // The person looks elsewhere; only the newest 300 are kept.
            life.wants(Intent::Close);
        }
        life.hears(&ToAgent::Page {
            number,
            entries: page(from),
            more: true,
        });
    }
    let items = life.items("bob");
    let seqs: Vec<_> = items.iter().map(|item| item.seq.unwrap().0).collect();
    assert_eq!(seqs, (701..=1_000).collect::<Vec<_>>());
    open(&mut life, "bob");
    life.frames();
    life.wants(Intent::LoadOlder { with });
    let before = life.frames().into_iter().find_map(|frame| match frame {
        ToService::FetchInbox { before, .. } => before,
        _ => None,
    });
    assert_eq!(before, Some(Seq(701)));
}

#[test]
fn no_conversation_grows_without_bound() {
    let mut life = Life::up(0, vec![]);
    open(&mut life, "bob");
    empty_page(&mut life);
    for seq in (1..=4_400).step_by(2) {
        life.delivers(vec![received(seq, "bob"), received(seq + 1, "carol")]);
        life.outputs();
    }
    assert_eq!(life.items("bob").len(), 2_000);
    assert_eq!(life.items("carol").len(), 300);
    assert_eq!(life.unread("carol"), 2_200, "counted all the same");
}

#[test]
fn a_page_refused_for_now_is_asked_again_after_a_while() {
    let mut life = Life::up(10, vec![]);
    open(&mut life, "bob");
    let number = life.last_number(|frame| matches!(frame, ToService::FetchInbox { .. }));
    life.outputs();
    life.refuses(number, too_fast(3_000));
    assert!(!life.agent.conversation(&address("bob")).loading);
    life.passes(Duration::from_millis(2_999));
    assert!(life.frames().is_empty());
    life.passes(Duration::from_millis(1));
    assert_eq!(life.frames().len(), 1);
    assert!(life.agent.conversation(&address("bob")).loading);
}

#[test]
fn delivered_is_a_mark_up_to_a_place() {
    let mut life = Life::up(0, vec![]);
    let mine = |seq: u64| sent(seq, "bob", MessageId(seq.into()), "mine");
    life.delivers(vec![mine(1), mine(2), mine(3)]);
    life.delivers(vec![entry(4, "bob", What::Delivered(Seq(2)))]);
    let states: Vec<_> = life
        .items("bob")
        .into_iter()
        .map(|item| item.state)
        .collect();
    let (delivered, accepted) = (ItemState::Delivered, ItemState::Accepted);
    assert_eq!(states, [delivered, delivered, accepted]);
}

#[test]
fn a_deleted_message_is_gone_here_also_from_a_page_that_still_has_it() {
    let mut life = Life::up(10, vec![conversation(received(9, "bob"), 0, 9)]);
    open(&mut life, "bob");
    life.delivers(vec![entry(11, "bob", What::Deleted(Seq(8)))]);
    answer_page(
        &mut life,
        vec![received(8, "bob"), received(9, "bob")],
        false,
    );
    assert_eq!(life.texts("bob"), ["heard 9"]);
    life.frames();
    life.wants(Intent::Delete { seq: Seq(9) });
    let number = life.last_number(|frame| matches!(frame, ToService::Delete { .. }));
    life.hears(&ToAgent::Done {
        number: number.unwrap(),
    });
    assert!(life.texts("bob").is_empty());
    assert_eq!(life.agent.row(&address("bob")).map(|row| row.last), None);
}

#[test]
fn the_person_is_told_of_what_they_do_not_see() {
    let mut life = Life::up(0, vec![]);
    open(&mut life, "bob");
    empty_page(&mut life);
    life.outputs();
    life.delivers(vec![received(1, "bob")]);
    assert!(life.notices().is_empty(), "it is in view");
    life.tell(Input::Hidden);
    life.delivers(vec![received(2, "bob")]);
    assert_eq!(
        count(&life.notices(), |one| matches!(one, Notice::Message { .. })),
        1
    );
    life.tell(Input::Shown);
    life.delivers(vec![
        received(3, "carol"),
        entry(4, "carol", What::Read(Seq(3))),
    ]);
    assert!(
        life.notices().is_empty(),
        "another device has read it already"
    );
}

#[test]
fn deleting_without_a_line_says_so() {
    let mut life = Life::up(0, vec![]);
    life.delivers(vec![received(1, "bob")]);
    life.tell(Input::Lost(LineLost::Closed));
    life.outputs();
    life.wants(Intent::Delete { seq: Seq(1) });
    let told = Notice::Refused(Some(address("bob")), Code::TryLater);
    assert_eq!(life.notices(), [told]);
    assert_eq!(life.texts("bob"), ["heard 1"]);
}

#[test]
fn a_mark_that_the_service_has_not_heard_yet_makes_no_message_read() {
    let mut life = Life::up(10, vec![conversation(received(9, "bob"), 2, 2)]);
    life.tell(Input::Lost(LineLost::Closed));
    seen(&mut life, "bob");
    assert_eq!(life.unread("bob"), 0);
    life.wants(Intent::Reconnect);
    life.comes_in(Resume::ResetTooFar, 1, 5_000);
    // Read before the mark came: 30 are unread, and how many of them are beyond place 9 cannot be told here.
    life.answers_conversations(vec![conversation(received(4_999, "bob"), 30, 2)], 5_000);
    life.frames();
    life.passes(Duration::from_secs(2));
    life.answers_conversations(vec![conversation(received(4_999, "bob"), 28, 9)], 5_000);
    assert_eq!(life.unread("bob"), 28);
}

#[test]
fn the_divider_stays_where_it_was_when_the_numbers_are_asked_anew() {
    let mut life = Life::up(10, vec![conversation(received(9, "bob"), 2, 2)]);
    open(&mut life, "bob");
    answer_page(
        &mut life,
        vec![received(8, "bob"), received(9, "bob")],
        true,
    );
    seen(&mut life, "bob");
    // An unread message of carol that is not here is deleted on another device: her numbers are asked anew.
    life.delivers(vec![
        entry(11, "bob", What::Read(Seq(9))),
        received(12, "carol"),
    ]);
    life.delivers(vec![entry(13, "carol", What::Deleted(Seq(7)))]);
    let carol = conversation(received(12, "carol"), 1, 0);
    life.answers_conversations(vec![conversation(received(9, "bob"), 0, 9), carol], 13);
    let first = life.agent.conversation(&address("bob")).first_unread;
    assert_eq!(first, Some(MessageId(8)));
}
