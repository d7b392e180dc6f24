//! Contacts, decisions and requests: wishes before the answer, stale and unknown, what goes back when refused.

use core::time::Duration;

use alloc::vec;
use alloc::vec::Vec;

use super::life::{Life, address, changed, contact, count, presentity, roster, too_fast};
use crate::address::Principal;
use crate::agent::{Changed, Input, Intent, LineLost, Notice, Output};
use crate::code::Code;
use crate::person::Word;
use crate::presence::{
    Extent, Freshness, Note, Notification, PresenceInformation, PresenceTuple, Status, TupleKind,
    View,
};
use crate::time::Timestamp;
use crate::wire::{Access, Decision, Request, Resume, ToAgent, ToService};

fn notified(life: &mut Life, who: &str) {
    let tuple = PresenceTuple {
        id: crate::address::Token::parse("phone").unwrap(),
        kind: TupleKind::Device,
        status: Status::open(),
        address: None,
        markup: vec![],
        since: Timestamp(0),
        until: None,
        hours: vec![],
        only_open: false,
    };
    let view = View::Shown(PresenceInformation {
        tuples: vec![tuple],
        freshness: Freshness::Fresh,
        since: Timestamp(1),
        extent: Extent::Whole,
    });
    let presentity = presentity(who);
    let notifications = vec![Notification { presentity, view }];
    life.hears(&ToAgent::Notify { notifications });
}

fn reads(life: &Life, who: &str) -> (Word, bool) {
    let person = life.agent.row(&address(who)).expect("a row").person;
    (person.word, person.stale)
}

fn add(life: &mut Life, who: &str, petname: Option<&str>) {
    life.wants(Intent::AddContact {
        presentity: presentity(who),
        petname: petname.map(|name| Note::parse(name).unwrap()),
        group: None,
    });
}

fn remove(life: &mut Life, who: &str) {
    let presentity = presentity(who);
    life.wants(Intent::RemoveContact { presentity });
}

fn subscribe(frame: &ToService) -> bool {
    matches!(frame, ToService::Subscribe { .. })
}

fn unsubscribe(frame: &ToService) -> bool {
    matches!(frame, ToService::Unsubscribe { .. })
}

#[test]
fn when_the_line_goes_what_was_told_is_stale_then_unknown_then_fresh_again() {
    let mut life = Life::up(0, vec![]);
    life.roster(&["bob"]);
    assert_eq!(reads(&life, "bob"), (Word::Unknown, false));
    notified(&mut life, "bob");
    assert_eq!(reads(&life, "bob"), (Word::Available, false));
    life.tell(Input::Lost(LineLost::Closed));
    assert_eq!(reads(&life, "bob"), (Word::Available, true));
    // Attempts may fail meanwhile.
    for _ in 0..44 {
        life.passes(Duration::from_secs(1));
        life.tell(Input::Lost(LineLost::Unreachable));
    }
    assert_eq!(reads(&life, "bob"), (Word::Available, true));
    life.passes(Duration::from_secs(1));
    assert_eq!(reads(&life, "bob").0, Word::Unknown);
    life.wants(Intent::Reconnect);
    life.comes_in(Resume::Resumed, 1, 0);
    life.roster(&["bob"]);
    assert_eq!(
        reads(&life, "bob").0,
        Word::Unknown,
        "nobody has said anything yet"
    );
    notified(&mut life, "bob");
    assert_eq!(reads(&life, "bob"), (Word::Available, false));
}

#[test]
fn a_new_line_vouches_only_for_what_was_said_on_it() {
    let mut life = Life::up(0, vec![]);
    life.roster(&["bob", "carol"]);
    notified(&mut life, "bob");
    notified(&mut life, "carol");
    life.comes_back(Resume::Resumed, 1, 0);
    life.roster(&["bob", "carol"]);
    notified(&mut life, "bob");
    assert_eq!(reads(&life, "bob"), (Word::Available, false));
    assert_eq!(reads(&life, "carol"), (Word::Available, true));
    life.passes(Duration::from_millis(1));
    for _ in 0..46 {
        life.passes(Duration::from_secs(1));
        life.hears(&ToAgent::Pong { number: 0 });
    }
    assert_eq!(reads(&life, "bob"), (Word::Available, false));
    assert_eq!(reads(&life, "carol").0, Word::Unknown);
}

#[test]
fn a_contact_added_without_a_line_is_asked_for_at_the_welcome_and_survives_the_roster() {
    let mut life = Life::new();
    life.tell(Input::Start);
    add(&mut life, "bob", None);
    assert!(life.agent.row(&address("bob")).is_some());
    life.comes_in(Resume::Fresh, 1, 0);
    let number = life.last_number(subscribe).expect("asked");
    life.roster(&[]);
    assert!(life.agent.row(&address("bob")).is_some());
    life.hears(&ToAgent::Done { number });
    life.roster(&[]);
    assert!(
        life.agent.row(&address("bob")).is_none(),
        "no wish stands any more"
    );
}

#[test]
fn the_answer_about_a_contact_is_told_as_a_changed_row() {
    let mut life = Life::up(0, vec![]);
    add(&mut life, "bob", None);
    let number = life.last_number(subscribe).expect("asked");
    assert!(!life.agent.is_answered(&address("bob")));
    life.outputs();
    life.hears(&ToAgent::Done { number });
    assert!(life.agent.is_answered(&address("bob")));
    let row = Changed::Row(address("bob"));
    assert!(changed(&life.outputs(), &row), "whoever waits looks again");
}

#[test]
fn a_refused_contact_goes_and_the_person_is_told() {
    let mut life = Life::up(0, vec![]);
    add(&mut life, "nobody", None);
    let number = life.last_number(subscribe);
    life.refuses(number, Code::UnknownAddress.refusal());
    assert!(life.agent.row(&address("nobody")).is_none());
    let told = Notice::Refused(Some(address("nobody")), Code::UnknownAddress);
    assert_eq!(life.notices(), [told]);
}

#[test]
fn a_contact_added_and_removed_in_one_breath_is_gone_whatever_is_answered() {
    let mut life = Life::up(0, vec![]);
    add(&mut life, "nobody", None);
    let added = life.last_number(subscribe);
    remove(&mut life, "nobody");
    let removed = life.last_number(unsubscribe).unwrap();
    life.refuses(added, Code::UnknownAddress.refusal());
    assert!(life.agent.row(&address("nobody")).is_none());
    life.hears(&ToAgent::Done { number: removed });
    assert!(life.agent.row(&address("nobody")).is_none());
}

#[test]
fn a_refused_removal_brings_the_contact_back_as_it_was() {
    let mut life = Life::up(0, vec![]);
    life.roster(&["bob"]);
    notified(&mut life, "bob");
    remove(&mut life, "bob");
    assert!(life.agent.row(&address("bob")).is_none());
    let number = life.last_number(unsubscribe);
    assert!(changed(&life.outputs(), &Changed::Roster), "a row went");
    life.refuses(number, Code::StorageFull.refusal());
    assert_eq!(reads(&life, "bob"), (Word::Available, false));
    assert_eq!(life.agent.row(&address("bob")).unwrap().name, "bob");
}

#[test]
fn a_refused_rename_keeps_what_was_told_meanwhile() {
    let mut life = Life::up(0, vec![]);
    life.roster(&["bob"]);
    add(&mut life, "bob", Some("Bobby"));
    assert_eq!(life.agent.row(&address("bob")).unwrap().name, "Bobby");
    let number = life.last_number(subscribe);
    notified(&mut life, "bob");
    life.refuses(number, Code::StorageFull.refusal());
    assert_eq!(life.agent.row(&address("bob")).unwrap().name, "bob");
    assert_eq!(reads(&life, "bob"), (Word::Available, false));
}

#[test]
fn nobody_adds_themselves() {
    let mut life = Life::up(0, vec![]);
    add(&mut life, "alice", None);
    let told = Output::Tell(Notice::Refused(Some(address("alice")), Code::NotYourself));
    let outputs = life.outputs();
    assert!(outputs.contains(&told));
    assert_eq!(count(&outputs, |one| matches!(one, Output::Send(_))), 0);
}

fn request(who: &str) -> Request {
    let watcher = Principal(address(who));
    let at = Timestamp(1);
    Request {
        watcher,
        at,
        called: None,
    }
}

#[test]
fn a_request_is_told_once_answered_at_once_and_put_back_when_refused() {
    let mut life = Life::up(0, vec![]);
    life.roster(&[]);
    let frame = ToAgent::Requested {
        request: request("dave"),
        of: None,
    };
    life.hears(&frame);
    life.hears(&frame);
    let dave = address("dave");
    let asks = Notice::Request(Principal(dave.clone()), dave.as_str().into());
    assert_eq!(life.notices(), [asks]);
    let (watcher, decision) = (Principal(address("dave")), Some(Decision::Allow));
    life.wants(Intent::Decide {
        watcher,
        decision,
        of: None,
    });
    assert!(life.agent.requests().is_empty());
    let number = life.last_number(|frame| matches!(frame, ToService::SetAccess { .. }));
    life.refuses(number, Code::StorageFull.refusal());
    assert_eq!(life.agent.requests().len(), 1);
}

#[test]
fn a_decision_made_without_a_line_stands_over_the_roster_until_it_is_answered() {
    let mut life = Life::up(0, vec![]);
    life.roster(&["dave"]);
    life.tell(Input::Lost(LineLost::Closed));
    let (watcher, decision) = (Principal(address("dave")), Some(Decision::Block));
    life.wants(Intent::Decide {
        watcher: watcher.clone(),
        decision: decision.clone(),
        of: None,
    });
    life.wants(Intent::Reconnect);
    life.comes_in(Resume::Resumed, 1, 0);
    let number = life.last_number(|frame| matches!(frame, ToService::SetAccess { .. }));
    let access = vec![Access {
        watcher: watcher.clone(),
        decision: Decision::Allow,
        at: Timestamp(1),
    }];
    let (contacts, requests) = (vec![contact("dave")], vec![request("dave")]);
    life.hears(&roster(contacts, access, requests));
    assert!(life.agent.requests().is_empty());
    let sees = |life: &Life| life.agent.row(&address("dave")).unwrap().sees_me;
    assert_eq!(sees(&life), decision);
    life.hears(&ToAgent::Done {
        number: number.unwrap(),
    });
    // From now on another device may decide otherwise.
    life.hears(&ToAgent::AccessSet {
        watcher,
        decision: None,
        of: None,
    });
    assert_eq!(sees(&life), None);
}

#[test]
fn ten_thousand_notifications_are_one_change_of_the_roster() {
    let mut life = Life::up(0, vec![]);
    let names: Vec<_> = (0..10_000).map(|at| alloc::format!("c{at}")).collect();
    let names: Vec<_> = names.iter().map(alloc::string::String::as_str).collect();
    life.roster(&names);
    life.outputs();
    let view = View::Pending;
    let notifications = names.iter().map(|name| Notification {
        presentity: presentity(name),
        view: view.clone(),
    });
    let notifications = notifications.collect();
    life.hears(&ToAgent::Notify { notifications });
    let outputs = life.outputs();
    assert_eq!(outputs, [Output::Changed(Changed::Roster)]);
    notified(&mut life, "c17");
    assert_eq!(
        life.outputs(),
        [Output::Changed(Changed::Row(address("c17")))]
    );
    assert_eq!(
        life.agent.roster("", str::to_lowercase)[0].name,
        "c17",
        "who is there stands first"
    );
    assert_eq!(life.agent.roster(" C9998 ", str::to_lowercase).len(), 1);
}

#[test]
fn wishes_that_came_too_fast_are_said_again_unless_the_wait_is_long() {
    let mut life = Life::new();
    life.tell(Input::Start);
    add(&mut life, "bob", None);
    add(&mut life, "carol", None);
    life.comes_in(Resume::Fresh, 1, 0);
    life.roster(&[]);
    let last = life.last_number(subscribe);
    life.outputs();
    life.refuses(last, too_fast(2_000));
    assert!(life.notices().is_empty());
    assert!(life.agent.row(&address("carol")).is_some());
    life.passes(Duration::from_millis(1_999));
    assert_eq!(count(&life.frames(), subscribe), 0);
    life.passes(Duration::from_millis(1));
    let again = life.last_number(subscribe);
    assert_eq!(
        count(&life.frames(), subscribe),
        1,
        "the other one waits for its answer"
    );
    life.refuses(again, too_fast(180_000));
    let told = Notice::Refused(Some(address("carol")), Code::TooManyRequests);
    assert_eq!(life.notices(), [told]);
    assert!(life.agent.row(&address("carol")).is_none());
}
