//! What one has set up: further presentities and inboxes, means, visibility; and who watches.

use core::time::Duration;

use alloc::vec;
use alloc::vec::Vec;

use super::life::{Life, address, changed, means, presentity, roster, shows, tag, too_fast};
use crate::address::{Principal, Tag};
use crate::agent::{Changed, Choice, Input, Intent, Notice, OwnPresentityView};
use crate::code::Code;
use crate::ledger::Watchers;
use crate::presence::{Activity, Basic, Note, PresenceTuple, TupleKind, by_hand};
use crate::rules::{Demand, Visibility, VisibilityRules};
use crate::time::Timestamp;
use crate::wire::{
    Counts, Decision, Offers, OwnInbox, OwnPresentity, Request, Resume, ToAgent, ToService,
};

fn named(demand: Demand) -> OwnPresentity {
    let mut own = OwnPresentity {
        tag: Some(tag("work")),
        label: Note::parse("Work").ok(),
        ..OwnPresentity::default()
    };
    own.rules.demand = demand;
    own
}

fn work(life: &Life) -> Option<OwnPresentityView> {
    let own = life.agent.own_presentities().into_iter();
    own.into_iter().find(|own| own.tag == Some(tag("work")))
}

fn demand(life: &Life) -> Option<Demand> {
    work(life).map(|own| own.rules.demand)
}

fn set_presentity(frame: &ToService) -> bool {
    matches!(frame, ToService::SetPresentity { .. })
}

#[test]
fn what_one_sets_up_shows_at_once_is_said_again_after_a_lost_line_and_stands_when_done() {
    let mut life = Life::up(0, vec![]);
    let own = named(Demand::Named);
    life.wants(Intent::SetPresentity { own: own.clone() });
    assert_eq!(demand(&life), Some(Demand::Named));
    assert_eq!(work(&life).unwrap().address, presentity("alice+work"));
    life.comes_back(Resume::Resumed, 1, 0);
    life.hears(&roster(vec![], vec![], vec![]));
    assert_eq!(demand(&life), Some(Demand::Named), "over the roster");
    let number = life.last_number(set_presentity).expect("said again");
    life.hears(&ToAgent::PresentitySet { own });
    life.hears(&ToAgent::Done { number });
    assert_eq!(demand(&life), Some(Demand::Named));
    life.outputs();
    // Another device.
    let own = named(Demand::Anyone);
    life.hears(&ToAgent::PresentitySet { own });
    assert_eq!(demand(&life), Some(Demand::Anyone));
    life.hears(&ToAgent::PresentityGone { tag: tag("work") });
    assert_eq!(work(&life), None);
    assert!(changed(&life.outputs(), &Changed::Own));
}

#[test]
fn what_is_refused_is_taken_back_to_what_stands_and_told() {
    let mut life = Life::up(0, vec![]);
    let own = named(Demand::Anyone);
    life.hears(&ToAgent::PresentitySet { own });
    let own = named(Demand::Named);
    life.wants(Intent::SetPresentity { own });
    let number = life.last_number(set_presentity);
    life.outputs();
    life.refuses(number, Code::BadRules.refusal());
    assert_eq!(demand(&life), Some(Demand::Anyone));
    let told = Notice::Refused(Some(address("alice+work")), Code::BadRules);
    assert_eq!(life.notices(), [told]);
}

#[test]
fn what_came_too_fast_is_said_again_and_the_later_of_two_wishes_counts() {
    let mut life = Life::up(0, vec![]);
    let (first, second) = (named(Demand::Named), named(Demand::Anyone));
    life.wants(Intent::SetPresentity { own: first });
    let number = life.last_number(set_presentity);
    life.wants(Intent::SetPresentity { own: second });
    assert_eq!(demand(&life), Some(Demand::Anyone));
    life.refuses(number, Code::StorageFull.refusal());
    assert_eq!(demand(&life), Some(Demand::Anyone), "the second stands");
    let number = life.last_number(set_presentity);
    life.outputs();
    life.refuses(number, too_fast(1_500));
    assert_eq!(demand(&life), Some(Demand::Anyone));
    life.passes(Duration::from_millis(1_500));
    assert!(life.frames().iter().any(set_presentity));
}

#[test]
fn inboxes_keep_their_counts_and_visibility_its_exceptions() {
    let mut life = Life::up(0, vec![]);
    let shop = |label: &str, held| OwnInbox {
        tag: Some(tag("shop")),
        label: Note::parse(label).ok(),
        counts: Counts {
            held,
            ..Counts::default()
        },
        ..OwnInbox::default()
    };
    let own = shop("Shop", 4);
    life.hears(&ToAgent::InboxSet { own });
    let own = shop("Old shop", 0);
    life.wants(Intent::SetInbox { own });
    let shown = &life.agent.inboxes()[1];
    assert_eq!(shown.address.as_str(), "alice+shop@localhost");
    assert_eq!(shown.own, shop("Old shop", 4));
    life.wants(Intent::DropInbox { tag: tag("shop") });
    assert_eq!(life.agent.inboxes().len(), 1);

    let hides = |presentity, visibility| Intent::SetVisibility {
        presentity,
        visibility,
    };
    life.wants(hides(None, Some(Visibility::Counted)));
    life.wants(hides(Some(presentity("bob")), Some(Visibility::Hidden)));
    let rules = life.agent.visibility();
    assert_eq!(rules.with(&presentity("bob")), Visibility::Hidden);
    assert_eq!(rules.with(&presentity("carol")), Visibility::Counted);
    life.hears(&ToAgent::VisibilitySet {
        rules: VisibilityRules::default(),
    });
    let number = life.last_number(|frame| {
        matches!(
            frame,
            ToService::SetVisibility {
                presentity: None,
                ..
            }
        )
    });
    life.refuses(number, Code::StorageFull.refusal());
    let rules = life.agent.visibility();
    assert_eq!(rules.otherwise, Visibility::Named);
    assert_eq!(rules.with(&presentity("bob")), Visibility::Hidden);
}

fn hand(since: u64) -> PresenceTuple {
    let mut tuple = means("x", "im", since);
    tuple.id = by_hand();
    tuple.kind = TupleKind::Person;
    tuple.address = None;
    tuple.status.activities = vec![Activity::Away];
    tuple
}

#[test]
fn a_further_presentity_has_its_own_status_by_hand() {
    let mut life = Life::up(0, vec![]);
    let own = named(Demand::Anyone);
    life.hears(&ToAgent::PresentitySet { own });
    shows(&mut life, "alice+work", vec![hand(5)]);
    assert_eq!(work(&life).unwrap().choice, Some(Choice::Away));
    assert_eq!(life.agent.me().choice, None);
    life.wants(Intent::SetStatus {
        choice: Choice::Busy,
        note: None,
        until: None,
        of: Some(tag("work")),
    });
    let own = work(&life).unwrap();
    assert_eq!(own.choice, Some(Choice::Busy));
    assert_eq!(life.agent.me().choice, None);
    let published = life.frames().into_iter().find_map(|frame| match frame {
        ToService::Publish { tuple, of } if tuple.id == by_hand() => of,
        _ => None,
    });
    assert_eq!(published, Some(tag("work")));
    life.refuses(None, Code::SignInAgain.refusal());
    assert_eq!(work(&life).unwrap().choice, Some(Choice::Away));
    let told = Notice::Refused(Some(address("alice+work")), Code::SignInAgain);
    assert_eq!(life.notices(), [told]);
    let of = Some(tag("work"));
    life.wants(Intent::ClearStatus { of: of.clone() });
    assert_eq!(work(&life).unwrap().choice, None);
    let tuple = by_hand();
    assert!(life.frames().contains(&ToService::Withdraw { tuple, of }));
}

fn of_means(life: &Life) -> Vec<(alloc::string::String, Basic)> {
    let own = life.agent.own_presentities();
    let means = own[0].means.iter();
    means
        .map(|one| (one.id.as_str().into(), one.status.basic))
        .collect()
}

#[test]
fn means_and_the_inboxs_own_open_or_closed_are_published_until_they_are_seen() {
    let mut life = Life::up(0, vec![]);
    let inbox = means("inbox", "im", 0);
    shows(&mut life, "alice", vec![inbox.clone()]);
    let publish = |tuple| Intent::PublishMeans { tuple, of: None };
    life.wants(publish(means("phone", "tel", 0)));
    let mut closed = inbox;
    closed.status.basic = Basic::Closed;
    life.wants(publish(closed.clone()));
    let both = [
        ("inbox".into(), Basic::Closed),
        ("phone".into(), Basic::Open),
    ];
    assert_eq!(of_means(&life), both);
    let said = |life: &mut Life| {
        let frames = life.frames().into_iter();
        let means = frames.filter(|frame| match frame {
            ToService::Publish { tuple, .. } => tuple.kind == TupleKind::Service,
            _ => false,
        });
        means.count()
    };
    assert_eq!(said(&mut life), 2);
    life.comes_back(Resume::Resumed, 1, 0);
    assert_eq!(said(&mut life), 2, "they may not have arrived");
    // The first of them is refused; frames are answered in their order.
    life.refuses(None, Code::BadPresence.refusal());
    assert_eq!(of_means(&life), [("inbox".into(), Basic::Closed)]);
    shows(&mut life, "alice", vec![closed]);
    life.comes_back(Resume::Resumed, 1, 0);
    assert_eq!(said(&mut life), 0);
    let id = means("inbox", "im", 0).id;
    life.wants(Intent::WithdrawMeans { id, of: None });
    assert_eq!(of_means(&life), []);
    shows(&mut life, "alice", vec![means("inbox", "im", 0)]);
    assert_eq!(of_means(&life), [("inbox".into(), Basic::Open)]);
}

fn asks(life: &mut Life, who: &str, of: Option<Tag>, at: Timestamp) {
    let watcher = Principal(address(who));
    let request = Request {
        watcher,
        at,
        called: None,
    };
    life.hears(&ToAgent::Requested { request, of });
}

#[test]
fn requests_and_decisions_belong_to_the_presentity_they_are_about() {
    let mut life = Life::up(0, vec![]);
    life.roster(&["dave"]);
    let own = named(Demand::Anyone);
    life.hears(&ToAgent::PresentitySet { own });
    let now = life.now.timestamp;
    asks(&mut life, "dave", Some(tag("work")), now);
    let dave = Principal(address("dave"));
    assert_eq!(
        life.notices(),
        [Notice::Request(dave.clone(), dave.as_str().into())]
    );
    assert_eq!(life.agent.requests()[0].of, Some(tag("work")));
    life.wants(Intent::Decide {
        watcher: dave.clone(),
        decision: Some(Decision::Allow),
        of: Some(tag("work")),
    });
    assert!(life.agent.requests().is_empty());
    assert_eq!(work(&life).unwrap().access[0].watcher, dave);
    assert_eq!(life.agent.row(&address("dave")).unwrap().sees_me, None);
    let said = life.frames().into_iter().find_map(|frame| match frame {
        ToService::SetAccess { of, .. } => of,
        _ => None,
    });
    assert_eq!(said, Some(tag("work")));
}

#[test]
fn a_request_that_was_there_before_is_no_news_on_the_next_line() {
    let mut life = Life::up(0, vec![]);
    let asked = Timestamp(life.now.timestamp.0 - 5_000);
    let comes = |life: &mut Life| {
        life.roster(&[]);
        let own = named(Demand::Anyone);
        life.hears(&ToAgent::PresentitySet { own });
        asks(life, "dave", Some(tag("work")), asked);
    };
    comes(&mut life);
    assert_eq!(life.notices(), [], "it waits since before this page");
    life.comes_back(Resume::Resumed, 1, 0);
    comes(&mut life);
    assert_eq!(life.notices(), []);
    assert_eq!(life.agent.requests().len(), 1);
    // While the line was down someone else asked.
    life.comes_back(Resume::Resumed, 1, 0);
    comes(&mut life);
    asks(&mut life, "eve", Some(tag("work")), asked);
    let eve = Principal(address("eve"));
    assert_eq!(
        life.notices(),
        [Notice::Request(eve.clone(), eve.as_str().into())]
    );
}

#[test]
fn who_watches_is_asked_while_it_is_open_and_again_on_the_next_line() {
    let mut life = Life::up(0, vec![]);
    let of = Some(tag("work"));
    life.wants(Intent::WatchWatchers { of: of.clone() });
    assert_eq!(life.agent.watchers(of.as_ref()), None);
    let asked = |frame: &ToService| matches!(frame, ToService::SubscribeWatchers { .. });
    let number = life.last_number(asked).expect("asked");
    let tells = |life: &mut Life, number, counted| {
        life.hears(&ToAgent::Watchers {
            number,
            presentity: presentity("alice+work"),
            watchers: Watchers {
                counted,
                ..Watchers::default()
            },
        });
        life.agent.watchers(Some(&tag("work"))).unwrap().counted
    };
    assert_eq!(tells(&mut life, number, 1), 1);
    assert_eq!(tells(&mut life, number, 2), 2, "the newest replaces");
    assert!(changed(&life.outputs(), &Changed::Watchers));
    life.comes_back(Resume::Resumed, 1, 0);
    assert!(life.last_number(asked).is_some());
    assert!(life.agent.watchers(of.as_ref()).is_some());
    assert_eq!(life.agent.watchers(None), None, "of another one");
    life.wants(Intent::LeaveWatchers);
    let left = |frame: &ToService| matches!(frame, ToService::UnsubscribeWatchers { .. });
    assert!(life.last_number(left).is_some());
    life.outputs();
    life.comes_back(Resume::Resumed, 1, 0);
    assert!(life.last_number(asked).is_none());
}

#[test]
fn a_device_that_must_sign_in_again_is_told_once_and_published_when_it_has() {
    let mut life = Life::up(0, vec![]);
    life.outputs();
    life.refuses(None, Code::SignInAgain.refusal());
    life.refuses(None, Code::SignInAgain.refusal());
    assert_eq!(life.notices(), [Notice::Refused(None, Code::SignInAgain)]);
    life.wants(Intent::Confirmed);
    let published = |frame: &ToService| matches!(frame, ToService::Publish { .. });
    assert!(life.frames().iter().any(published));
}

#[test]
fn a_relay_without_messages_is_asked_for_none_and_a_group_knows_who_speaks() {
    let mut life = Life::new();
    life.tell(Input::Start);
    life.opened();
    let mut welcome = life.welcome(Resume::Fresh, 1, 0);
    if let ToAgent::Welcome { announced, by, .. } = &mut welcome {
        announced.offers = Offers::Presence;
        *by = Some(Principal(address("carol")));
    }
    life.hears(&welcome);
    let me = life.agent.me();
    assert_eq!(me.offers, Offers::Presence);
    assert_eq!(me.by, Some(Principal(address("carol"))));
    let asked = |frame: &ToService| matches!(frame, ToService::FetchConversations { .. });
    assert!(life.last_number(asked).is_none());
}
