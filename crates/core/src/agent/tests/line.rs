//! The line: backoff, silence, lateness, sleep, the banner.

use core::time::Duration;

use alloc::vec;

use super::life::{Life, count};
use crate::agent::{Input, Intent, LineLost, LinkView, Notice, Output};
use crate::code::Code;
use crate::time::Instant;
use crate::wire::{Resume, ToAgent, ToService};

const SECOND: Duration = Duration::from_secs(1);

fn retry_at(life: &Life) -> Instant {
    match life.agent.link().link {
        LinkView::Down { retry_at, .. } => retry_at,
        other => panic!("the line is not down: {other:?}"),
    }
}

fn pings(life: &mut Life) -> usize {
    count(&life.frames(), |frame| {
        matches!(frame, ToService::Ping { .. })
    })
}

#[test]
fn each_failed_attempt_may_wait_twice_as_long_up_to_half_a_minute() {
    let mut longest = [Duration::ZERO; 12];
    for seed in 0..40 {
        let mut life = Life::new();
        life.agent = crate::agent::Agent::new(super::life::config(seed), life.now);
        life.tell(Input::Start);
        for (failed, longest) in longest.iter_mut().enumerate() {
            life.tell(Input::Lost(LineLost::Unreachable));
            let wait = retry_at(&life).since(life.now.instant);
            let most = Duration::from_millis(500 << failed.min(8)).min(30 * SECOND);
            assert!(wait <= most, "after {failed} failures {wait:?}");
            *longest = wait.max(*longest);
            life.wants(Intent::Reconnect);
        }
    }
    assert!(longest[0] > Duration::from_millis(300), "{longest:?}");
    assert!(longest[11] > 20 * SECOND, "{longest:?}");
}

#[test]
fn a_line_that_held_starts_over_with_short_waits() {
    let mut life = Life::new();
    life.tell(Input::Start);
    for _ in 0..8 {
        life.tell(Input::Lost(LineLost::Unreachable));
        life.wants(Intent::Reconnect);
    }
    life.comes_in(Resume::Fresh, 1, 0);
    life.roster(&[]);
    life.skips(11 * SECOND);
    life.tell(Input::Lost(LineLost::Closed));
    assert!(retry_at(&life).since(life.now.instant) <= 2 * SECOND);
    life.wants(Intent::Reconnect);
    assert!(matches!(
        life.agent.link().link,
        LinkView::Connecting { attempt: 1, .. }
    ));
}

#[test]
fn the_banner_stands_after_three_seconds_of_trouble_and_not_before() {
    let mut life = Life::up(0, vec![]);
    life.tell(Input::Lost(LineLost::Closed));
    life.passes(Duration::from_millis(2_999));
    assert!(!life.agent.link().banner);
    life.passes(Duration::from_millis(1));
    assert!(life.agent.link().banner);
    life.wants(Intent::Reconnect);
    life.comes_in(Resume::Resumed, 1, 0);
    assert!(!life.agent.link().banner);
}

#[test]
fn a_silent_line_is_asked_after_twenty_seconds_and_given_up_five_later() {
    let mut life = Life::up(0, vec![]);
    life.passes(Duration::from_millis(19_999));
    assert_eq!(pings(&mut life), 0);
    life.passes(Duration::from_millis(1));
    assert_eq!(pings(&mut life), 1);
    life.passes(Duration::from_millis(4_999));
    assert_eq!(life.agent.link().link, LinkView::Up);
    life.passes(Duration::from_millis(1));
    assert!(life.outputs().contains(&Output::Disconnect));
    assert_ne!(life.agent.link().link, LinkView::Up);
}

#[test]
fn a_page_that_was_stuck_looks_through_what_came_before_it_gives_up() {
    let mut life = Life::up(0, vec![]);
    life.passes(20 * SECOND);
    assert_eq!(pings(&mut life), 1);
    // The thread is stuck; the pong lies in the queue behind the timer.
    life.skips(20 * SECOND);
    life.tell(Input::Wake);
    assert_eq!(life.agent.link().link, LinkView::Up);
    life.hears(&ToAgent::Pong { number: 1 });
    life.passes(6 * SECOND);
    assert_eq!(life.agent.link().link, LinkView::Up);
}

#[test]
fn a_page_stuck_while_it_connects_waits_for_the_welcome_that_is_there_already() {
    let mut life = Life::new();
    life.tell(Input::Start);
    life.opened();
    life.skips(20 * SECOND);
    life.tell(Input::Wake);
    life.is_welcomed(Resume::Fresh, 1, 0);
    assert_eq!(life.agent.link().link, LinkView::Up);
}

#[test]
fn a_page_whose_timers_are_always_late_still_finds_out_that_the_line_is_dead() {
    let mut life = Life::up(0, vec![]);
    for _ in 0..4 {
        life.skips(60 * SECOND);
        life.tell(Input::Wake);
    }
    assert_ne!(life.agent.link().link, LinkView::Up);
}

#[test]
fn after_sleep_the_line_is_asked_at_once_on_whichever_clock_the_sleep_shows() {
    let mut life = Life::up(0, vec![]);
    life.skips(3_600 * SECOND);
    life.tell(Input::Wake);
    assert_eq!(pings(&mut life), 1);

    // A monotonic clock that stood still.
    let mut life = Life::up(0, vec![]);
    life.now.timestamp.0 += 3_600_000;
    life.tell(Input::Wake);
    assert_eq!(pings(&mut life), 1);
}

#[test]
fn back_in_sight_a_quiet_line_is_asked_and_a_broken_one_tried_at_once() {
    let mut life = Life::up(0, vec![]);
    life.tell(Input::Hidden);
    life.passes(6 * SECOND);
    life.tell(Input::Shown);
    assert_eq!(pings(&mut life), 1);

    life.tell(Input::Lost(LineLost::Closed));
    life.outputs();
    life.tell(Input::Online);
    assert!(life.outputs().contains(&Output::Connect));
}

#[test]
fn the_end_of_a_line_that_was_given_up_says_nothing_of_the_next() {
    let mut life = Life::up(0, vec![]);
    life.tell(Input::Lost(LineLost::Closed));
    let first = retry_at(&life);
    life.skips(Duration::from_millis(1));
    life.tell(Input::Lost(LineLost::Closed));
    assert_eq!(retry_at(&life), first);
}

#[test]
fn a_login_that_is_over_ends_all_attempts() {
    let mut life = Life::up(0, vec![]);
    let refusal = Code::SignedOut.refusal();
    life.hears(&ToAgent::Goodbye { refusal });
    let outputs = life.outputs();
    assert!(outputs.contains(&Output::SignedOut(Code::SignedOut)));
    life.passes(600 * SECOND);
    assert!(!life.outputs().contains(&Output::Connect));
}

#[test]
fn someone_elses_welcome_is_not_mine() {
    let mut life = Life::new();
    life.agent = crate::agent::Agent::new(
        crate::agent::AgentConfig {
            principal: crate::address::Principal(super::life::address("bob")),
            ..super::life::config(7)
        },
        life.now,
    );
    life.tell(Input::Start);
    life.comes_in(Resume::Fresh, 1, 0);
    assert!(life.outputs().contains(&Output::SignedOut(Code::SignedOut)));
}

#[test]
fn why_one_is_turned_away_is_said_once_not_at_every_attempt() {
    let mut life = Life::new();
    life.tell(Input::Start);
    let mut told = 0;
    for _ in 0..3 {
        life.opened();
        let refusal = Code::TooManySessions.refusal();
        life.hears(&ToAgent::Goodbye { refusal });
        let notice = Notice::Refused(None, Code::TooManySessions);
        told += count(&life.notices(), |one| *one == notice);
        life.wants(Intent::Reconnect);
    }
    assert_eq!(told, 1);
}

#[test]
fn a_draining_relay_is_left_alone_for_as_long_as_it_asked() {
    let mut life = Life::up(0, vec![]);
    let refusal = Code::Draining.refusal_after(4 * SECOND);
    life.hears(&ToAgent::Goodbye { refusal });
    assert!(life.outputs().contains(&Output::Disconnect));
    let wait = retry_at(&life).since(life.now.instant);
    assert!((4 * SECOND..=6 * SECOND).contains(&wait), "{wait:?}");
}

#[test]
fn what_cannot_be_read_is_skipped_and_counts_as_a_sign_of_life() {
    let mut life = Life::up(0, vec![]);
    life.passes(15 * SECOND);
    life.tell(Input::Frame(vec![0xff, 0x00]));
    assert_eq!(life.agent.skipped(), 1);
    life.passes(19 * SECOND);
    assert_eq!(pings(&mut life), 0);
}

#[test]
fn signing_out_says_goodbye_on_the_line() {
    let mut life = Life::up(0, vec![]);
    life.wants(Intent::SignOut);
    assert!(life.frames().contains(&ToService::Bye));
    assert_eq!(life.agent.link().link, LinkView::Idle);
}
