//! Signs of life: who types, how closely one is told, and to be told when someone is there.

use core::time::Duration;

use alloc::vec;
use alloc::vec::Vec;

use super::life::{Life, address, changed, count, entry, held, means, received, shows};
use crate::address::{Seq, Tag};
use crate::agent::{Changed, Input, Intent, LineLost, Notice};
use crate::message::{Entry, What};
use crate::person::Word;
use crate::presence::{PresenceTuple, TupleKind};
use crate::wire::{Doing, Pace, Resume, ToAgent, ToService};

fn signals(life: &mut Life) -> Vec<Doing> {
    let signals = life.frames().into_iter().filter_map(|frame| match frame {
        ToService::Signal { doing, .. } => Some(doing),
        _ => None,
    });
    signals.collect()
}

fn types(life: &mut Life, who: &str) {
    let with = address(who);
    life.wants(Intent::Typing { with });
}

fn hears_typing(life: &mut Life, who: &str, doing: Doing) {
    let from = address(who);
    life.hears(&ToAgent::Signal { from, doing });
}

fn typing(life: &Life, who: &str) -> bool {
    life.agent.conversation(&address(who)).row.typing
}

#[test]
fn typing_is_said_every_three_seconds_and_that_it_is_over_once() {
    let mut life = Life::up(0, vec![]);
    life.frames();
    for _ in 0..70 {
        types(&mut life, "bob");
        life.passes(Duration::from_millis(100));
    }
    assert_eq!(signals(&mut life), [Doing::Typing; 3]);
    life.passes(Duration::from_secs(6));
    assert_eq!(signals(&mut life), [Doing::Nothing], "the hand rests");
    types(&mut life, "bob");
    life.says("bob", "hello");
    assert_eq!(signals(&mut life), [Doing::Typing, Doing::Nothing]);
    // A text that is deleted again is no text.
    life.passes(Duration::from_secs(3));
    types(&mut life, "bob");
    let (with, text) = (address("bob"), alloc::string::String::new());
    life.wants(Intent::Draft { with, text });
    assert_eq!(signals(&mut life), [Doing::Typing, Doing::Nothing]);
}

#[test]
fn nobody_learns_of_typing_to_whom_one_has_not_let_in_nor_without_a_line() {
    let mut life = Life::up(0, vec![]);
    life.delivers(vec![held(1, "dave")]);
    life.frames();
    types(&mut life, "dave");
    assert_eq!(signals(&mut life), []);
    life.tell(Input::Lost(LineLost::Closed));
    types(&mut life, "bob");
    life.passes(Duration::from_secs(7));
    assert_eq!(signals(&mut life), []);
}

#[test]
fn that_they_type_shows_for_six_seconds_or_until_their_message_is_here() {
    let mut life = Life::up(0, vec![]);
    hears_typing(&mut life, "bob", Doing::Typing);
    let conversation = Changed::Conversation(address("bob"));
    assert!(typing(&life, "bob") && changed(&life.outputs(), &conversation));
    life.passes(Duration::from_millis(5_999));
    assert!(typing(&life, "bob"));
    life.passes(Duration::from_millis(1));
    assert!(!typing(&life, "bob") && changed(&life.outputs(), &conversation));
    hears_typing(&mut life, "bob", Doing::Typing);
    life.delivers(vec![received(1, "bob")]);
    assert!(!typing(&life, "bob"));
    hears_typing(&mut life, "bob", Doing::Typing);
    life.delivers(vec![entry(2, "bob", What::Delivered(Seq(1)))]);
    assert!(typing(&life, "bob"), "a mark is no message");
    hears_typing(&mut life, "bob", Doing::Typing);
    hears_typing(&mut life, "bob", Doing::Nothing);
    assert!(!typing(&life, "bob"));
    // Who waits in the requests folder gives no sign of life.
    life.delivers(vec![held(3, "dave")]);
    hears_typing(&mut life, "dave", Doing::Typing);
    assert!(!typing(&life, "dave"));
}

fn paces(life: &mut Life) -> Vec<Pace> {
    let paces = life.frames().into_iter().filter_map(|frame| match frame {
        ToService::Pace { pace } => Some(pace),
        _ => None,
    });
    paces.collect()
}

/// Time goes by on a line that holds.
fn stays(life: &mut Life, seconds: u64) {
    for _ in 0..seconds {
        life.passes(Duration::from_secs(1));
        life.hears(&ToAgent::Pong { number: 0 });
    }
}

fn device() -> Vec<PresenceTuple> {
    let mut tuple = means("phone", "im", 0);
    tuple.kind = TupleKind::Device;
    tuple.address = None;
    vec![tuple]
}

#[test]
fn a_page_out_of_sight_lets_the_service_rest_and_its_rows_stay_as_they_are() {
    let mut life = Life::up(0, vec![]);
    life.roster(&["bob"]);
    shows(&mut life, "bob", device());
    life.frames();
    life.tell(Input::Hidden);
    life.passes(Duration::from_secs(10));
    life.tell(Input::Shown);
    assert_eq!(paces(&mut life), [], "a glance elsewhere");
    life.tell(Input::Hidden);
    stays(&mut life, 29);
    assert_eq!(paces(&mut life), []);
    stays(&mut life, 1);
    assert_eq!(paces(&mut life), [Pace::Paused]);
    stays(&mut life, 100);
    assert_eq!(paces(&mut life), []);
    let person = life.agent.row(&address("bob")).unwrap().person;
    assert_eq!((person.word, person.stale), (Word::Available, false));
    // A new line is told of everyone once before it rests as well.
    life.comes_back(Resume::Resumed, 1, 0);
    assert_eq!(paces(&mut life), []);
    stays(&mut life, 30);
    assert_eq!(paces(&mut life), [Pace::Paused]);
    life.tell(Input::Shown);
    assert_eq!(paces(&mut life), [Pace::Live]);
}

fn tell_when(life: &mut Life, who: &str, on: bool) {
    let address = address(who);
    life.wants(Intent::TellWhen { address, on });
}

#[test]
fn one_is_told_once_when_someone_is_there_and_a_hidden_page_does_not_rest_before() {
    let mut life = Life::up(0, vec![]);
    life.roster(&["bob"]);
    shows(&mut life, "bob", vec![]);
    tell_when(&mut life, "bob", true);
    assert!(life.agent.row(&address("bob")).unwrap().tell_when);
    life.tell(Input::Hidden);
    life.outputs();
    stays(&mut life, 40);
    assert_eq!(paces(&mut life), []);
    shows(&mut life, "bob", device());
    let outputs = life.outputs();
    let told = crate::agent::Output::Tell(Notice::Available(address("bob")));
    assert_eq!(count(&outputs, |one| *one == told), 1);
    assert!(!life.agent.row(&address("bob")).unwrap().tell_when);
    life.tell(Input::Shown);
    shows(&mut life, "bob", vec![]);
    shows(&mut life, "bob", device());
    assert_eq!(life.notices(), [], "once");
}

#[test]
fn to_be_told_of_someone_outlives_a_reload_and_ends_with_the_contact() {
    let mut life = Life::up(0, vec![]);
    life.roster(&["bob"]);
    tell_when(&mut life, "bob", true);
    tell_when(&mut life, "stranger", true);
    life.passes(Duration::from_secs(3));
    let kept = life.kept();
    let mut life = Life::new();
    life.tell(Input::Restored(kept));
    assert!(life.agent.row(&address("bob")).unwrap().tell_when);
    life.tell(Input::Start);
    life.comes_in(Resume::Fresh, 1, 0);
    life.roster(&["bob"]);
    life.outputs();
    shows(&mut life, "bob", device());
    assert_eq!(life.notices(), [Notice::Available(address("bob"))]);
    tell_when(&mut life, "bob", true);
    assert_eq!(
        life.notices(),
        [Notice::Available(address("bob"))],
        "at once"
    );
    shows(&mut life, "bob", vec![]);
    tell_when(&mut life, "bob", true);
    tell_when(&mut life, "bob", false);
    shows(&mut life, "bob", device());
    assert_eq!(life.notices(), []);
    shows(&mut life, "bob", vec![]);
    tell_when(&mut life, "bob", true);
    life.roster(&[]);
    life.roster(&["bob"]);
    assert!(!life.agent.row(&address("bob")).unwrap().tell_when);
}

#[test]
fn one_types_from_the_address_that_was_written_to() {
    let shop = || Tag::parse("shop").ok();
    let letter = Entry {
        own: shop(),
        ..received(1, "bob")
    };
    let mut life = Life::up(0, vec![]);
    life.hears(&ToAgent::Deliver {
        entries: vec![letter],
        up_to: Seq(1),
    });
    life.frames();
    types(&mut life, "bob");
    life.passes(Duration::from_secs(6));
    types(&mut life, "carol");
    let from = life.frames().into_iter().filter_map(|frame| match frame {
        ToService::Signal { from, doing, .. } => Some((from, doing)),
        _ => None,
    });
    let from: Vec<_> = from.collect();
    let said = [
        (shop(), Doing::Typing),
        (shop(), Doing::Nothing),
        (None, Doing::Typing),
    ];
    assert_eq!(from, said);
}
