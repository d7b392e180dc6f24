//! "View as ...", and how to reach someone as a row says it.

use core::time::Duration;

use alloc::vec;
use alloc::vec::Vec;

use super::life::{Life, address, contact, means, presentity, roster, shows, tag};
use crate::address::Principal;
use crate::agent::{Choice, Intent, Preview, Viewer};
use crate::code::Code;
use crate::person::{Reason, Word};
use crate::presence::{Basic, Note, TupleKind, View};
use crate::rules::{AccessRule, Because, Login, Who};
use crate::time::Timestamp;
use crate::wire::{Decision, OwnPresentity, ToAgent};

fn rule(who: Who, decision: Decision) -> AccessRule {
    AccessRule {
        who,
        decision,
        needs: Login::Nobody,
        from: None,
        until: None,
    }
}

fn rules(life: &mut Life, rules: Vec<AccessRule>) {
    let mut own = OwnPresentity::default();
    own.rules.rules = rules;
    life.hears(&ToAgent::PresentitySet { own });
}

fn sees(life: &Life, viewer: &Viewer) -> Preview {
    life.agent.preview(None, viewer)
}

fn note(text: &str) -> Note {
    Note::parse(text).unwrap()
}

/// Alice, whose phone is there, busy with a note, with an inbox and a telephone.
fn alice() -> Life {
    let mut life = Life::up(0, vec![]);
    let mut friend = contact("bob");
    friend.group = Some(note("Friends"));
    life.hears(&roster(vec![friend, contact("carol")], vec![], vec![]));
    let mut phone = means("phone", "im", 0);
    phone.kind = TupleKind::Device;
    phone.address = None;
    let mut inbox = means("inbox", "im", 0);
    inbox.address.as_mut().unwrap().contact = "alice@localhost".into();
    shows(
        &mut life,
        "alice",
        vec![phone, inbox, means("tel", "tel", 0)],
    );
    life.wants(Intent::SetStatus {
        choice: Choice::Busy,
        note: Some(note("in a meeting")),
        until: None,
        of: None,
    });
    life
}

#[test]
fn each_kind_of_watcher_is_shown_what_the_rules_give_them() {
    let mut life = alice();
    rules(
        &mut life,
        vec![
            rule(Who::Group(note("Friends")), Decision::Allow),
            rule(Who::Known, Decision::Availability),
            rule(Who::Guest, Decision::Deny),
        ],
    );
    let bob = sees(&life, &Viewer::Contact(address("bob")));
    assert_eq!(bob.person.word, Word::Busy);
    assert_eq!(bob.person.note, Some(note("in a meeting")));
    assert_eq!(bob.because, Because::Rule(0));
    let carol = sees(&life, &Viewer::Contact(address("carol")));
    assert_eq!(carol.person.word, Word::NotAvailable, "busy is not told");
    assert_eq!((carol.person.note, carol.because), (None, Because::Rule(1)));
    let guest = sees(&life, &Viewer::Guest);
    assert_eq!(guest.person.reason, Reason::Refused(Code::NotAllowed));
    let anyone = sees(&life, &Viewer::AnyAccount);
    assert_eq!(
        (anyone.view, anyone.because),
        (View::Pending, Because::Default)
    );
    let nobody = sees(&life, &Viewer::Nobody);
    assert_eq!(nobody.person.reason, Reason::Refused(Code::NotAllowed));
}

#[test]
fn what_was_decided_about_one_stands_before_the_rules_and_the_blocked_see_who_never_was_there() {
    let mut life = alice();
    rules(&mut life, vec![rule(Who::Anyone, Decision::Allow)]);
    life.wants(Intent::Decide {
        watcher: Principal(address("bob")),
        decision: Some(Decision::Block),
        of: None,
    });
    let bob = sees(&life, &Viewer::Contact(address("bob")));
    assert_eq!(
        (bob.person.word, bob.because),
        (Word::Offline, Because::Person)
    );
    let View::Shown(information) = bob.view else {
        panic!("politely");
    };
    assert_eq!(information.since, life.now.timestamp, "since just now");
    let ids: Vec<_> = information
        .tuples
        .iter()
        .map(|one| one.id.as_str())
        .collect();
    assert_eq!(ids, ["inbox"], "no telephone");
    // By another address of theirs they are the same.
    let other = sees(&life, &Viewer::Contact(address("bob+private")));
    assert_eq!(other.because, Because::Person);
}

#[test]
fn appearing_offline_is_seen_by_everyone_else() {
    let mut life = alice();
    rules(&mut life, vec![rule(Who::Anyone, Decision::Allow)]);
    life.passes(Duration::from_secs(1));
    life.wants(Intent::SetStatus {
        choice: Choice::Invisible,
        note: None,
        until: None,
        of: None,
    });
    let nobody = sees(&life, &Viewer::Nobody).person;
    assert_eq!(nobody.reason, Reason::Absent(life.now.timestamp));
    // In a further presentity nothing is hidden.
    let own = OwnPresentity {
        tag: Some(tag("work")),
        rules: life.agent.own_presentities()[0].rules.clone(),
        ..OwnPresentity::default()
    };
    life.wants(Intent::SetPresentity { own });
    let work = life.agent.preview(Some(&tag("work")), &Viewer::Nobody);
    assert_eq!(work.person.word, Word::Available);
    assert_eq!(
        life.agent.own_presentities()[1].address,
        presentity("alice+work")
    );
}

#[test]
fn a_row_says_how_to_reach_someone_and_why_their_inbox_is_closed() {
    let mut life = alice();
    let mut inbox = means("inbox", "im", 0);
    inbox.address.as_mut().unwrap().contact = "bob@localhost".into();
    inbox.status.basic = Basic::Closed;
    inbox.status.note = Some(note("on holiday"));
    shows(&mut life, "bob", vec![inbox, means("tel", "tel", 0)]);
    let row = life.agent.row(&address("bob")).unwrap();
    assert_eq!(row.closed.as_deref(), Some("on holiday"));
    assert_eq!(row.group, Some(note("Friends")));
    let ways: Vec<_> = row.ways.iter().map(|way| way.means.as_str()).collect();
    assert_eq!(ways, ["tel", "im"]);
    let carol = life.agent.row(&address("carol")).unwrap();
    assert_eq!((carol.ways, carol.closed), (vec![], None));
    assert_eq!(row.person.reason, Reason::Absent(Timestamp(1)));
}
