//! One's own presence: idleness, the status set by hand, and what the service makes of both.

use core::time::Duration;

use alloc::vec;
use alloc::vec::Vec;

use super::life::{Life, changed, presentity, too_fast};
use crate::agent::{Changed, Choice, Input, Intent, LineLost, Notice};
use crate::code::Code;
use crate::person::{Reason, Word};
use crate::presence::{
    Activity, Extent, Freshness, Notification, PresenceInformation, PresenceTuple, TupleKind, View,
    by_hand,
};
use crate::time::Timestamp;
use crate::wire::{Resume, ToAgent, ToService};

const IDLE: Duration = Duration::from_mins(5);

fn published(life: &mut Life) -> Vec<PresenceTuple> {
    let tuples = life.frames().into_iter().filter_map(|frame| match frame {
        ToService::Publish { tuple, .. } => Some(tuple),
        _ => None,
    });
    tuples.collect()
}

fn choose(life: &mut Life, choice: Choice, until: Option<Timestamp>) -> PresenceTuple {
    life.outputs();
    let note = None;
    life.wants(Intent::SetStatus {
        choice,
        note,
        until,
        of: None,
    });
    let hand = life.agent.me();
    assert_eq!(hand.choice, Some(choice));
    published(life).pop().unwrap_or_else(|| PresenceTuple {
        id: by_hand(),
        ..hand_of(life.now.timestamp, Activity::Busy)
    })
}

fn hand_of(since: Timestamp, activity: Activity) -> PresenceTuple {
    PresenceTuple {
        id: by_hand(),
        kind: TupleKind::Person,
        status: crate::presence::Status {
            activities: vec![activity],
            ..crate::presence::Status::open()
        },
        address: None,
        markup: vec![],
        since,
        until: None,
        hours: vec![],
        only_open: false,
    }
}

/// The service shows alice to herself.
fn shown(life: &mut Life, tuples: Vec<PresenceTuple>) {
    let (freshness, since) = (Freshness::Fresh, life.now.timestamp);
    let view = View::Shown(PresenceInformation {
        tuples,
        freshness,
        since,
        extent: Extent::Whole,
    });
    let presentity = presentity("alice");
    let notifications = vec![Notification { presentity, view }];
    life.hears(&ToAgent::Notify { notifications });
}

#[test]
fn a_reload_publishes_the_very_same_tuple() {
    let first = published_at_welcome(0);
    assert_eq!(first, published_at_welcome(60_000));
    assert!(first.status.activities.is_empty());
}

fn published_at_welcome(later: u64) -> PresenceTuple {
    let mut life = Life::new();
    life.skips(Duration::from_millis(later));
    life.tell(Input::Start);
    life.comes_in(Resume::Fresh, 1, 0);
    published(&mut life).remove(0)
}

#[test]
fn idle_for_five_minutes_is_away_since_the_last_touch_and_back_at_once() {
    let mut life = Life::new();
    life.tell(Input::Start);
    life.passes(Duration::from_mins(1));
    let touched = life.now.timestamp;
    life.tell(Input::Active);
    life.passes(IDLE.saturating_sub(Duration::from_millis(1)));
    assert_eq!(life.agent.me().person.word, Word::Available);
    life.passes(Duration::from_millis(1));
    assert_eq!(life.agent.me().person.reason, Reason::Idle(touched));
    // Away is said at the welcome, also of the time before it.
    life.wants(Intent::Reconnect);
    life.comes_in(Resume::Fresh, 1, 0);
    let tuple = published(&mut life).remove(0);
    assert!(tuple.status.has(&Activity::Away));
    assert_eq!(tuple.since, touched);
    life.tell(Input::Active);
    assert!(published(&mut life)[0].status.activities.is_empty());
    life.tell(Input::Active);
    assert!(published(&mut life).is_empty(), "nothing new to say");
}

#[test]
fn a_click_shows_at_once_goes_out_once_and_again_after_a_lost_line() {
    let mut life = Life::up(0, vec![]);
    let busy = choose(&mut life, Choice::Busy, None);
    assert!(busy.status.has(&Activity::Busy));
    life.comes_back(Resume::Resumed, 1, 0);
    assert!(
        published(&mut life).contains(&busy),
        "it may not have arrived"
    );
    shown(&mut life, vec![busy.clone()]);
    life.comes_back(Resume::Resumed, 1, 0);
    assert!(!published(&mut life).contains(&busy), "it has arrived");
    assert_eq!(life.agent.me().choice, Some(Choice::Busy));
}

#[test]
fn a_status_is_newer_than_the_one_it_replaces_even_on_a_slow_clock() {
    let mut life = Life::up(0, vec![]);
    let fast = Timestamp(life.now.timestamp.0 + 3_600_000);
    shown(&mut life, vec![hand_of(fast, Activity::Away)]);
    let busy = choose(&mut life, Choice::Busy, None);
    assert!(busy.since > fast);
}

#[test]
fn the_newer_status_of_another_device_wins() {
    let mut life = Life::up(0, vec![]);
    let mine = choose(&mut life, Choice::Busy, None);
    let theirs = hand_of(Timestamp(mine.since.0 + 1), Activity::Away);
    shown(&mut life, vec![theirs]);
    assert_eq!(life.agent.me().choice, Some(Choice::Away));
}

#[test]
fn clearing_without_a_line_waits_and_spares_what_was_set_elsewhere_meanwhile() {
    for newer in [false, true] {
        let mut life = Life::up(0, vec![]);
        let busy = choose(&mut life, Choice::Busy, None);
        shown(&mut life, vec![busy.clone()]);
        life.tell(Input::Lost(LineLost::Closed));
        life.wants(Intent::ClearStatus { of: None });
        assert_eq!(life.agent.me().choice, None);
        life.wants(Intent::Reconnect);
        life.comes_in(Resume::Resumed, 1, 0);
        let (tuple, of) = (by_hand(), None);
        let withdraw = ToService::Withdraw { tuple, of };
        assert!(
            !life.frames().contains(&withdraw),
            "before one knows what stands"
        );
        let later = Timestamp(busy.since.0 + 10);
        let stands = if newer {
            hand_of(later, Activity::Away)
        } else {
            busy
        };
        shown(&mut life, vec![stands]);
        assert_eq!(life.frames().contains(&withdraw), !newer);
        let choice = newer.then_some(Choice::Away);
        assert_eq!(life.agent.me().choice, choice);
    }
}

#[test]
fn a_status_until_a_time_ends_then_and_not_before() {
    let mut life = Life::up(0, vec![]);
    let until = Timestamp(life.now.timestamp.0 + 60_000);
    choose(&mut life, Choice::Busy, Some(until));
    life.passes(Duration::from_millis(59_999));
    assert_eq!(life.agent.me().choice, Some(Choice::Busy));
    life.outputs();
    life.passes(Duration::from_millis(1));
    assert_eq!(life.agent.me().choice, None);
    assert!(changed(&life.outputs(), &Changed::Me));
}

#[test]
fn a_status_that_ended_without_ever_being_said_takes_the_older_one_with_it() {
    let mut life = Life::up(0, vec![]);
    let old = hand_of(Timestamp(5), Activity::Away);
    shown(&mut life, vec![old.clone()]);
    life.tell(Input::Lost(LineLost::Closed));
    let until = Timestamp(life.now.timestamp.0 + 1_000);
    choose(&mut life, Choice::Busy, Some(until));
    life.passes(Duration::from_secs(1));
    assert_eq!(life.agent.me().choice, None);
    life.wants(Intent::Reconnect);
    life.comes_in(Resume::Resumed, 1, 0);
    life.outputs();
    shown(&mut life, vec![old]);
    let (tuple, of) = (by_hand(), None);
    assert!(life.frames().contains(&ToService::Withdraw { tuple, of }));
}

#[test]
fn a_publish_refused_for_now_is_said_again_in_its_time() {
    let mut life = Life::up(0, vec![]);
    let busy = choose(&mut life, Choice::Busy, None);
    life.refuses(None, too_fast(5_000));
    life.passes(Duration::from_millis(4_999));
    assert!(published(&mut life).is_empty());
    life.passes(Duration::from_millis(1));
    assert!(published(&mut life).contains(&busy));
}

#[test]
fn a_status_refused_for_good_is_taken_back_and_told() {
    let mut life = Life::up(0, vec![]);
    choose(&mut life, Choice::Busy, None);
    life.refuses(None, Code::BadPresence.refusal());
    assert_eq!(life.notices(), [Notice::Refused(None, Code::BadPresence)]);
    assert_eq!(life.agent.me().choice, None);
}

#[test]
fn invisible_reads_as_offline_to_oneself() {
    let mut life = Life::up(0, vec![]);
    choose(&mut life, Choice::Invisible, None);
    let me = life.agent.me();
    assert_eq!(
        (me.person.word, me.person.reason),
        (Word::Offline, Reason::ByHand(None))
    );
    assert_eq!(me.devices, 1);
}

#[test]
fn a_status_replaced_elsewhere_before_anyone_was_told_does_not_stand_for_ever() {
    let mut life = Life::up(0, vec![]);
    let (choice, note, until) = (Choice::Away, None, None);
    life.wants(Intent::SetStatus {
        choice,
        note,
        until,
        of: None,
    });
    let ping = life.last_number(|frame| matches!(frame, ToService::Ping { .. }));
    let number = ping.expect("asked whether it has arrived");
    // The laptop cleared it at once; the one notification of both says that nothing is set.
    life.hears(&ToAgent::Pong { number });
    shown(&mut life, vec![]);
    assert_eq!(
        life.agent.me().choice,
        Some(Choice::Away),
        "perhaps too early"
    );
    life.passes(Duration::from_secs(2));
    assert_eq!(life.agent.me().choice, None);
    life.outputs();
    life.comes_back(Resume::Resumed, 1, 0);
    assert!(
        published(&mut life)
            .iter()
            .all(|tuple| tuple.id != by_hand()),
        "it must not be brought back"
    );
}
