//! The outbox: order, repetition, refusals, bounds.

use core::time::Duration;

use alloc::vec;
use alloc::vec::Vec;

use super::life::{Life, address, body, sent, too_fast};
use crate::agent::{Input, Intent, ItemState, Keepsake, LineLost, Notice, Output};
use crate::code::Code;
use crate::message::Receipt;
use crate::wire::{Resume, ToAgent};

fn texts(life: &mut Life) -> Vec<alloc::string::String> {
    let sends = life.sends().into_iter();
    sends.map(|(_, _, body)| body.as_str().into()).collect()
}

#[test]
fn a_message_is_kept_before_it_is_on_the_line_and_forgotten_after_its_receipt() {
    let mut life = Life::up(0, vec![]);
    life.says("bob", "hello");
    let outputs = life.outputs();
    let at = |pick: fn(&Output) -> bool| outputs.iter().position(pick);
    let kept = at(|one| matches!(one, Output::Keep(Keepsake::Outgoing(_))));
    let sent = at(|one| matches!(one, Output::Send(_)));
    assert!(kept.is_some() && kept < sent, "{outputs:?}");
    let id = life.items("bob")[0].id;
    assert_eq!(life.items("bob")[0].state, ItemState::Sending);
    life.accepts(id, 1);
    assert!(
        life.outputs()
            .iter()
            .any(|one| matches!(one, Output::Forget(_)))
    );
    assert_eq!(life.items("bob")[0].state, ItemState::Accepted);
}

#[test]
fn a_refusal_for_now_lets_no_later_message_overtake() {
    let mut life = Life::up(0, vec![]);
    for text in ["one", "two", "three"] {
        life.says("bob", text);
    }
    life.says("carol", "aside");
    let sends = life.sends();
    let first = sends[0].0;
    assert_eq!(sends.len(), 2, "one to bob, one to carol: {sends:?}");
    let receipt = Receipt::Refused(too_fast(400));
    life.accepts(sends[1].0, 1);
    life.hears(&ToAgent::Receipt { id: first, receipt });
    life.passes(Duration::from_millis(399));
    assert!(life.sends().is_empty(), "it was asked to wait");
    life.passes(Duration::from_millis(1));
    let again = life.sends();
    assert_eq!(again[0].0, first, "the same message under the same id");
    life.accepts(first, 2);
    assert_eq!(texts(&mut life), ["two"]);
    let second = life.items("bob")[1].id;
    life.accepts(second, 3);
    assert_eq!(texts(&mut life), ["three"]);
}

#[test]
fn a_lost_line_repeats_under_the_same_ids_and_in_order() {
    let mut life = Life::up(0, vec![]);
    life.says("bob", "one");
    life.says("carol", "two");
    let before: Vec<_> = life.sends().into_iter().map(|(id, ..)| id).collect();
    life.comes_back(Resume::Resumed, 1, 0);
    let after: Vec<_> = life.sends().into_iter().map(|(id, ..)| id).collect();
    assert_eq!(before, after);
}

#[test]
fn what_the_log_brings_back_is_not_sent_again() {
    let mut life = Life::up(0, vec![]);
    life.says("bob", "one");
    life.says("bob", "two");
    let id = life.sends()[0].0;
    life.tell(Input::Lost(LineLost::Closed));
    life.wants(Intent::Reconnect);
    life.comes_in(Resume::Resumed, 1, 1);
    // It had arrived; its copy comes before the receipt of the repetition.
    life.delivers(vec![sent(1, "bob", id, "one")]);
    life.accepts(id, 1);
    assert_eq!(life.texts("bob"), ["one", "two"]);
    assert_eq!(life.items("bob")[0].state, ItemState::Accepted);
}

#[test]
fn receipt_and_own_copy_make_one_message_in_either_order() {
    for copy_first in [true, false] {
        let mut life = Life::up(0, vec![]);
        life.says("bob", "once");
        let id = life.sends()[0].0;
        if copy_first {
            life.delivers(vec![sent(1, "bob", id, "once")]);
            life.accepts(id, 1);
        } else {
            life.accepts(id, 1);
            life.delivers(vec![sent(1, "bob", id, "once")]);
        }
        assert_eq!(life.texts("bob"), ["once"]);
        assert_eq!(life.unread("bob"), 0);
    }
}

#[test]
fn the_outbox_outlives_a_reload_with_order_and_ids() {
    let mut life = Life::new();
    life.tell(Input::Start);
    life.says("bob", "one");
    life.says("bob", "two");
    let before: Vec<_> = life.items("bob").into_iter().map(|item| item.id).collect();
    let mut kept = life.kept();
    kept.reverse();

    let mut life = Life::seeded(8);
    life.tell(Input::Restored(kept));
    life.tell(Input::Start);
    life.says("bob", "three");
    assert_eq!(life.texts("bob"), ["one", "two", "three"]);
    life.comes_in(Resume::Fresh, 1, 0);
    let mut sends = Vec::new();
    for seq in 1..=3 {
        let (id, ..) = life.sends()[0].clone();
        sends.push(id);
        life.accepts(id, seq);
    }
    assert_eq!(sends[..2], before);
}

#[test]
fn an_old_receipt_after_a_reload_does_not_tear_a_hole_into_the_history() {
    let mut life = Life::new();
    life.tell(Input::Start);
    life.says("bob", "one");
    let kept = life.kept();
    let mut life = Life::seeded(8);
    life.tell(Input::Restored(kept));
    life.tell(Input::Start);
    life.comes_in(Resume::Fresh, 1, 90);
    let (id, ..) = life.sends()[0].clone();
    // It had arrived long before; 85 places of the log came after it.
    life.accepts(id, 5);
    assert_eq!(life.texts("bob"), Vec::<&str>::new());
    assert_eq!(life.agent.link().waiting, 0);
}

#[test]
fn what_is_refused_for_good_stands_as_failed_until_the_person_decides() {
    let mut life = Life::up(0, vec![]);
    life.says("nobody", "hello");
    life.says("nobody", "hello?");
    let id = life.sends()[0].0;
    let receipt = Receipt::Refused(Code::UnknownAddress.refusal());
    life.hears(&ToAgent::Receipt { id, receipt });
    let failed = ItemState::Failed(Code::UnknownAddress);
    assert_eq!(life.items("nobody")[0].state, failed);
    let notice = Notice::Refused(Some(address("nobody")), Code::UnknownAddress);
    let (outputs, told) = (life.outputs(), Output::Tell(notice));
    assert!(outputs.contains(&told));
    assert_eq!(
        life.items("nobody")[1].state,
        ItemState::Sending,
        "the next goes on"
    );

    life.comes_back(Resume::Resumed, 1, 0);
    assert_eq!(
        life.sends().len(),
        1,
        "a failed message is not said again by itself"
    );
    assert_eq!(life.items("nobody")[0].state, failed);
    let second = life.items("nobody")[1].id;
    life.accepts(second, 1);
    life.wants(Intent::Resend { id });
    assert_eq!(life.sends()[0].0, id);
    life.wants(Intent::Discard { id });
    assert_eq!(
        life.agent.link().waiting,
        1,
        "on the line only its receipt says what became of it"
    );
}

#[test]
fn the_outbox_is_bounded_and_a_refused_text_stays_in_the_composer() {
    let mut life = Life::new();
    life.tell(Input::Start);
    for at in 0..1_000 {
        life.says("bob", &alloc::format!("{at}"));
    }
    life.outputs();
    life.says("bob", "one too many");
    assert_eq!(life.agent.link().waiting, 1_000);
    assert_eq!(
        life.agent.conversation(&address("bob")).draft,
        "one too many"
    );
    let notice = Notice::Refused(Some(address("bob")), Code::TooManyRequests);
    assert_eq!(life.notices(), [notice]);
}

#[test]
fn a_bounded_number_is_under_way() {
    let mut life = Life::up(0, vec![]);
    for name in ["bob", "carol", "dave", "erin", "frank"] {
        life.says(name, "hello");
    }
    let sends = life.sends();
    assert_eq!(sends.len(), 4, "four may be under way at this relay");
    life.accepts(sends[0].0, 1);
    assert_eq!(life.sends()[0].2, body("hello"));
}

#[test]
fn what_asked_for_the_password_goes_out_again_by_itself_once_it_was_said() {
    let mut life = Life::up(0, vec![]);
    life.says("bob", "secret");
    let (id, ..) = life.sends().remove(0);
    let receipt = Receipt::Refused(Code::SignInAgain.refusal());
    life.hears(&ToAgent::Receipt { id, receipt });
    let state = |life: &Life| life.items("bob")[0].state;
    assert_eq!(state(&life), ItemState::Failed(Code::SignInAgain));
    life.outputs();
    life.wants(Intent::Confirmed);
    assert_eq!(life.sends()[0].0, id, "under the same id");
    assert_eq!(state(&life), ItemState::Sending);
}
