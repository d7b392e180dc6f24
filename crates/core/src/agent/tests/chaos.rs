//! Whatever comes in whatever order: nothing panics, everything due is done at once, memory is bounded, and it all replays.

use core::time::Duration;

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use super::life::{
    Life, address, body, contact, conversation, entry, held, means, presentity, received, roster,
    sent, shown_with, tag, too_fast,
};
use crate::address::{InboxAddress, MessageId, Principal, Seq, Tag};
use crate::agent::{Choice, Input, Intent, LineLost, Side, Viewer};
use crate::code::Code;
use crate::ledger::Watchers;
use crate::message::{Receipt, What};
use crate::presence::{Notification, View};
use crate::recording::Recording;
use crate::rules::{Visibility, VisibilityRules};
use crate::time::Timestamp;
use crate::wire::{Decision, Doing, OwnInbox, OwnPresentity, Request, Resume, ToAgent};

struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (self.0 >> 33) % most
    }

    fn who(&mut self) -> &'static str {
        ["bob", "carol", "dave"][self.below(3) as usize]
    }

    fn of(&mut self) -> Option<Tag> {
        (self.below(2) == 0).then(|| tag("work"))
    }
}

fn own(of: Option<Tag>) -> OwnPresentity {
    OwnPresentity {
        tag: of,
        ..OwnPresentity::default()
    }
}

fn own_inbox(of: Option<Tag>) -> OwnInbox {
    OwnInbox {
        tag: of,
        ..OwnInbox::default()
    }
}

fn frame(dice: &mut Dice, life: &Life) -> ToAgent {
    let who = dice.who();
    let seq = 1 + dice.below(60);
    let number = dice.below(40) as u32;
    let mine = life.items(who).last().map_or(MessageId(9), |item| item.id);
    match dice.below(26) {
        0 => roster(vec![contact(who)], vec![], vec![]),
        1 => ToAgent::Notify {
            notifications: ["alice", "alice+work", who]
                .map(|name| Notification {
                    presentity: presentity(name),
                    view: match dice.below(3) {
                        0 => View::Pending,
                        _ => shown_with(vec![means("mail", "mailto", seq)]),
                    },
                })
                .into(),
        },
        2 => ToAgent::ContactKept {
            contact: contact(who),
        },
        3 => ToAgent::ContactGone {
            presentity: presentity(who),
        },
        4 => ToAgent::Requested {
            request: Request {
                watcher: Principal(address(who)),
                at: Timestamp(1),
                called: None,
            },
            of: dice.of(),
        },
        5 => ToAgent::AccessSet {
            watcher: Principal(address(who)),
            decision: None,
            of: dice.of(),
        },
        6 | 7 => ToAgent::Deliver {
            entries: vec![
                received(seq, who),
                sent(seq + 1, who, mine, "mine"),
                entry(seq + 2, who, What::Read(Seq(seq))),
                entry(seq + 3, who, What::Deleted(Seq(seq))),
            ],
            up_to: Seq(seq + 3),
        },
        8 => ToAgent::Receipt {
            id: mine,
            receipt: Receipt::Accepted(Seq(seq), Timestamp(1)),
        },
        9 => ToAgent::Receipt {
            id: mine,
            receipt: Receipt::Refused(too_fast(300)),
        },
        10 => ToAgent::Page {
            number,
            entries: (seq..seq + 5).map(|seq| received(seq, who)).collect(),
            more: dice.below(2) == 0,
        },
        11 => ToAgent::Conversations {
            number,
            conversations: vec![conversation(received(seq, who), 2, seq / 2)],
            head: Seq(seq),
        },
        12 => ToAgent::Done { number },
        13 => ToAgent::Refused {
            number: (dice.below(3) > 0).then_some(number),
            refusal: [Code::TryLater, Code::BadPresence][dice.below(2) as usize].refusal(),
        },
        14 => ToAgent::PresentitySet {
            own: own(dice.of()),
        },
        15 => ToAgent::PresentityGone { tag: tag("work") },
        16 => ToAgent::InboxSet {
            own: own_inbox(dice.of()),
        },
        17 => ToAgent::InboxGone { tag: tag("work") },
        18 => ToAgent::VisibilitySet {
            rules: VisibilityRules::default(),
        },
        19 => ToAgent::Watchers {
            number,
            presentity: presentity(["alice", "alice+work"][dice.below(2) as usize]),
            watchers: Watchers::default(),
        },
        20 => ToAgent::Signal {
            from: address(who),
            doing: [Doing::Typing, Doing::Nothing][dice.below(2) as usize],
        },
        21..=23 => ToAgent::Deliver {
            entries: vec![
                held(seq, who),
                entry(seq + 1, who, What::Admitted),
                held(seq + 2, who),
                entry(seq + 3, who, What::Cleared(Seq(seq))),
            ],
            up_to: Seq(seq + 3 - dice.below(3)),
        },
        24 => ToAgent::Pong { number },
        _ => ToAgent::Goodbye {
            refusal: [Code::TryLater, Code::WrongVersion][dice.below(2) as usize].refusal(),
        },
    }
}

fn intent(dice: &mut Dice, life: &Life) -> Intent {
    let who = address(dice.who());
    let id = life
        .items(who.name())
        .last()
        .map_or(MessageId(9), |item| item.id);
    let until = Some(Timestamp(life.now.timestamp.0 + dice.below(5_000)));
    match dice.below(29) {
        0 => Intent::SetStatus {
            choice: [Choice::Busy, Choice::Invisible][dice.below(2) as usize],
            note: None,
            until: until.filter(|_| dice.below(2) == 0),
            of: dice.of(),
        },
        1 => Intent::ClearStatus { of: dice.of() },
        2 => Intent::AddContact {
            presentity: presentity(who.name()),
            petname: None,
            group: None,
        },
        3 => Intent::RemoveContact {
            presentity: presentity(who.name()),
        },
        4 => Intent::Decide {
            watcher: Principal(who),
            decision: Some(Decision::Allow),
            of: dice.of(),
        },
        5 | 6 => Intent::Send {
            to: InboxAddress(who),
            body: body("text"),
        },
        7 => Intent::Resend { id },
        8 => Intent::Discard { id },
        9 => Intent::Open { with: who },
        10 => Intent::Close,
        11 => Intent::LoadOlder { with: who },
        12 => Intent::Seen { with: who },
        13 => Intent::Draft {
            with: who,
            text: "text".into(),
        },
        14 => Intent::SetPresentity {
            own: own(dice.of()),
        },
        15 => Intent::DropPresentity { tag: tag("work") },
        16 => Intent::SetInbox {
            own: own_inbox(dice.of()),
        },
        17 => Intent::DropInbox { tag: tag("work") },
        18 => Intent::SetVisibility {
            presentity: Some(presentity(who.name())),
            visibility: Some(Visibility::Hidden),
        },
        19 => Intent::PublishMeans {
            tuple: means("mail", "mailto", dice.below(60)),
            of: dice.of(),
        },
        20 => Intent::WithdrawMeans {
            id: means("mail", "mailto", 0).id,
            of: dice.of(),
        },
        21 => Intent::WatchWatchers { of: dice.of() },
        22 => Intent::LeaveWatchers,
        23 => Intent::Typing { with: who },
        24 => Intent::Admit { with: who },
        25 => Intent::Clear { with: who },
        26 => Intent::Refuse { with: who },
        27 => Intent::TellWhen {
            address: who,
            on: dice.below(2) == 0,
        },
        _ => Intent::Delete {
            seq: Seq(dice.below(60)),
        },
    }
}

fn step(dice: &mut Dice, life: &mut Life) {
    match dice.below(12) {
        0..4 => {
            let frame = frame(dice, life);
            life.hears(&frame);
        }
        4..8 => {
            let intent = intent(dice, life);
            life.wants(intent);
        }
        8 => life.passes(Duration::from_millis(dice.below(3_000))),
        9 => {
            life.skips(Duration::from_millis(dice.below(60_000)));
            life.tell(Input::Wake);
        }
        10 => {
            let inputs = [
                Input::Intent(Intent::Confirmed),
                Input::Active,
                Input::Hidden,
                Input::Shown,
                Input::Online,
                Input::Lost(LineLost::Closed),
                Input::Lost(LineLost::Unreachable),
                Input::Frame(vec![1, 2, 3]),
            ];
            life.tell(inputs[dice.below(8) as usize].clone());
        }
        _ => {
            life.wants(Intent::Reconnect);
            let resume = [Resume::Resumed, Resume::ResetTooFar, Resume::ResetEpoch];
            let fresh = life.agent.inbox.cursor().is_none();
            let resume = if fresh {
                Resume::Fresh
            } else {
                resume[dice.below(3) as usize]
            };
            life.comes_in(resume, dice.below(3), dice.below(60));
        }
    }
}

/// What holds at any moment, whatever happened.
fn look(life: &Life) {
    let rows = life.agent.roster("", str::to_lowercase);
    let unread: u32 = rows.iter().map(|row| row.unread).sum();
    assert_eq!(unread, life.agent.unread(), "a count without a row");
    for row in rows {
        let shown = life.agent.conversation(&row.address);
        assert_eq!(Some(&shown.row), life.agent.row(&row.address).as_ref());
        let mut seqs: Vec<_> = shown.items.iter().filter_map(|item| item.seq).collect();
        assert!(seqs.is_sorted(), "out of order");
        seqs.dedup();
        let ids = shown
            .items
            .iter()
            .map(|item| (item.id, item.side == Side::Mine));
        let ids: BTreeSet<_> = ids.collect();
        assert_eq!(ids.len(), shown.items.len(), "a message twice");
    }
    let held = life.agent.held();
    assert!(held.is_sorted_by(|one, other| one.at >= other.at));
    assert!(held.iter().all(|row| row.count > 0));
    let own = life.agent.own_presentities();
    assert_eq!(own[0].tag, None, "the one from sign-up stands first");
    assert_eq!(life.agent.inboxes()[0].own.tag, None);
    for own in own {
        for viewer in [Viewer::Guest, Viewer::AnyAccount, Viewer::Nobody] {
            life.agent.preview(own.tag.as_ref(), &viewer);
        }
    }
}

#[test]
fn whatever_comes_in_whatever_order() {
    for seed in 0..150 {
        let mut dice = Dice(seed);
        let mut life = Life::seeded(seed);
        life.tell(Input::Start);
        for _ in 0..200 {
            step(&mut dice, &mut life);
            look(&life);
        }
        let recording = Recording::read(&life.recorder.recording()).unwrap();
        let replayed = recording.replay(|_, _| ()).unwrap();
        assert_eq!(replayed.trace, recording.trace, "seed {seed}");
    }
}
