//! One story in many runs: alice and bob, one moment, and what bob finds from then on, whether she left, hid or blocked him.

use lamplight_core::address::SessionId;
use lamplight_core::message::Receipt;
use lamplight_core::presence::{
    Activity, Basic, CommunicationAddress, PresenceTuple, TupleKind, View,
};
use lamplight_core::rules::{
    AccessRule, AccessRules, Delivery, DeliveryRule, Demand, Visibility, Who,
};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Decision, Doing, OwnInbox, ToAgent, ToService};

use super::support::{
    comes_again, comes_by_hand, contact, decide, device_tuple, does, entries, fetch, hand_tuple,
    mentions, message, note, own_presentity, publishes, rule, subscribe, tag, unsubscribe, word,
};
use crate::room::{Room, inbox, ms, presentity, secs};

/// What becomes of alice at the moment T.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Leaves,
    Hides,
    /// She decides so about bob.
    Blocks,
    /// She had decided so before, let him in again, and does it anew.
    BlocksAgain,
    /// She sets a rule.
    BlocksByRule,
    /// A rule that she set before begins.
    BlocksByTime,
    /// She puts bob among those whom a rule blocks.
    BlocksByGroup,
}

/// The fates that follow from a decision, and those that follow from rules.
pub const DECIDED: [Fate; 2] = [Fate::Blocks, Fate::BlocksAgain];
pub const RULED: [Fate; 3] = [Fate::BlocksByRule, Fate::BlocksByTime, Fate::BlocksByGroup];

/// How alice stands to bob before.
#[derive(Clone, Copy)]
pub struct Standing {
    pub lets: fn(&mut Room, SessionId),
    pub rules: fn() -> Vec<AccessRule>,
    pub demand: Demand,
    /// The tag of the presentity that bob watches, and of the inbox to which he writes.
    pub door: Option<&'static str>,
    /// Whether the relay restarts on the way.
    pub restarts: bool,
}

impl Standing {
    pub fn new(lets: fn(&mut Room, SessionId)) -> Self {
        Self {
            lets,
            rules: Vec::new,
            demand: Demand::Anyone,
            door: None,
            restarts: false,
        }
    }

    fn alice(self) -> String {
        match self.door {
            Some(tag) => format!("alice+{tag}"),
            None => "alice".to_owned(),
        }
    }

    fn decides(self, decision: Option<Decision>) -> ToService {
        match decide("bob", decision) {
            ToService::SetAccess {
                number,
                watcher,
                decision,
                ..
            } => ToService::SetAccess {
                number,
                watcher,
                decision,
                of: self.door.map(tag),
            },
            other => other,
        }
    }

    /// Her rules, behind one more.
    fn rules_behind(self, first: Option<AccessRule>) -> ToService {
        let rules = first.into_iter().chain((self.rules)()).collect();
        let rules = AccessRules {
            rules,
            demand: self.demand,
            ..AccessRules::default()
        };
        own_presentity(self.door, rules)
    }
}

const MINUTE: u64 = 60_000;
/// When T is, after the Room opened.
const BEGUN: u64 = MINUTE * 5;

/// Everything that came to bob, each with its moment, and what he was answered over HTTP.
pub type Found = (Vec<(u64, ToAgent)>, Vec<View>);

/// The frame without what two runs need not have in common: numbers of sessions, and the milliseconds of moments: whether somebody
/// is in memory or is read from the disk makes one.
pub fn normal(frame: ToAgent) -> ToAgent {
    match super::watching::without_moments(frame) {
        ToAgent::Welcome {
            version,
            you,
            class,
            server,
            resume,
            head,
            announced,
            by,
            ..
        } => ToAgent::Welcome {
            version,
            you,
            class,
            server,
            session: SessionId(0),
            now: Timestamp(0),
            resume,
            head,
            announced,
            by,
        },
        ToAgent::Deliver { entries, up_to } => ToAgent::Deliver {
            entries: entries
                .into_iter()
                .map(|mut entry| {
                    entry.at = Timestamp(entry.at.0 / 1_000);
                    entry
                })
                .collect(),
            up_to,
        },
        ToAgent::Receipt { id, receipt } => ToAgent::Receipt {
            id,
            receipt: match receipt {
                Receipt::Accepted(seq, at) => Receipt::Accepted(seq, Timestamp(at.0 / 1_000)),
                refused @ Receipt::Refused(_) => refused,
            },
        },
        other => other,
    }
}

/// Waits for a moment of the story, so that the same things happen at the same moments in every run.
fn at(room: &mut Room, moment: u64) {
    room.passes(ms(BEGUN + moment - room.clock()));
}

fn says_by_hand(room: &mut Room, alice: SessionId, activity: Activity, since: Timestamp) {
    let mut tuple: PresenceTuple = hand_tuple(activity, since);
    tuple.status.note = Some(note("canary"));
    publishes(room, alice, tuple);
}

/// A further means to reach her.
pub fn means(name: &str, means: &str, contact: &str) -> PresenceTuple {
    let mut tuple = device_tuple(name, None);
    tuple.kind = TupleKind::Service;
    tuple.address = Some(CommunicationAddress {
        means: means.parse().expect("a token"),
        contact: contact.to_owned(),
    });
    tuple
}

/// The inbox from sign-up.
pub fn inbox_tuple(basic: Basic, reason: Option<&str>) -> PresenceTuple {
    let mut tuple = PresenceTuple::inbox(&inbox("alice"), basic, Timestamp(1));
    tuple.status.note = reason.map(note);
    tuple
}

fn publishes_at(room: &mut Room, alice: SessionId, door: Option<&str>, tuple: PresenceTuple) {
    let of = door.map(tag);
    let answers = room.asks_relay(alice, &ToService::Publish { tuple, of });
    assert_eq!(super::support::codes(&answers), []);
}

/// Alice goes on with her life, as far as she is there: her status, her devices, her reading and her typing.
fn alice_lives(
    room: &mut Room,
    alice: Option<SessionId>,
    fate: Fate,
    turn: u64,
    standing: Standing,
) {
    let Some(alice) = alice else {
        return;
    };
    let frames = room.hears(alice);
    if let Some(last) = entries(&frames).last() {
        room.says(alice, &ToService::Acknowledge { up_to: last.seq });
        let read = ToService::MarkRead {
            with: presentity("bob").0,
            up_to: last.seq,
        };
        room.says(alice, &read);
    }
    let typing = ToService::Signal {
        to: inbox("bob"),
        doing: Doing::Typing,
        from: None,
    };
    room.says(alice, &typing);
    let second = device_tuple("second", Some(&format!("canary {turn}")));
    publishes(room, alice, second);
    if fate != Fate::Hides {
        let wall = room.wall();
        says_by_hand(room, alice, Activity::Busy, wall);
        settles_otherwise(room, alice, fate, turn, standing);
    }
}

/// Alice, who blocks, changes whatever bob might see, and her mind about much else.
fn settles_otherwise(room: &mut Room, alice: SessionId, fate: Fate, turn: u64, standing: Standing) {
    let (decided, door) = (DECIDED.contains(&fate), standing.door);
    match turn {
        0 => publishes_at(room, alice, door, means("phone", "tel", "canary")),
        1 => publishes_at(room, alice, door, means("canary", "sip", "canary")),
        2 => publishes_at(
            room,
            alice,
            None,
            inbox_tuple(Basic::Closed, Some("canary")),
        ),
        3 if decided => {
            let nobody = rule(Who::Anyone, Decision::Deny);
            does(room, alice, &standing.rules_behind(Some(nobody)));
        }
        10 if decided => {
            does(room, alice, &standing.decides(Some(Decision::Block)));
        }
        11 => {
            let tuple = means("phone", "tel", "canary").id;
            let of = door.map(tag);
            room.says(alice, &ToService::Withdraw { tuple, of });
        }
        12 => {
            let own = OwnInbox {
                tag: door.map(tag),
                rules: vec![DeliveryRule {
                    who: Who::Anyone,
                    then: Delivery::Refuse,
                    below: None,
                    longer_than: None,
                    hours: vec![],
                }],
                ..OwnInbox::default()
            };
            does(room, alice, &ToService::SetInbox { number: 66, own });
        }
        13 if decided => {
            does(room, alice, &unsubscribe("bob"));
            publishes_at(room, alice, None, inbox_tuple(Basic::Open, None));
            // In the end she is gone indeed.
            room.says(alice, &ToService::Bye);
        }
        _ => {}
    }
}

/// Makes what is to happen at T possible.
fn prepares(room: &mut Room, alice: SessionId, fate: Fate, standing: Standing) {
    let mut first = match fate {
        Fate::BlocksByTime => rule(Who::Address(presentity("bob").0), Decision::Block),
        Fate::BlocksByGroup => rule(Who::Group(note("foes")), Decision::Block),
        _ => return,
    };
    if fate == Fate::BlocksByTime {
        first.from = Some(Timestamp(room.wall().0 + BEGUN - room.clock()));
    }
    does(room, alice, &standing.rules_behind(Some(first)));
}

fn befalls(room: &mut Room, alice: SessionId, fate: Fate, standing: Standing) {
    match fate {
        Fate::Leaves => room.says(alice, &ToService::Bye),
        Fate::Hides => {
            let mut tuple = hand_tuple(Activity::Invisible, room.wall());
            tuple.status.note = Some(note("canary"));
            publishes_at(room, alice, standing.door, tuple);
        }
        Fate::Blocks | Fate::BlocksAgain => {
            does(room, alice, &standing.decides(Some(Decision::Block)));
        }
        Fate::BlocksByRule => {
            let first = rule(Who::Address(presentity("bob").0), Decision::Block);
            does(room, alice, &standing.rules_behind(Some(first)));
        }
        Fate::BlocksByTime => {}
        Fate::BlocksByGroup => {
            does(room, alice, &contact("bob", Some("foes")));
        }
    }
}

/// What bob finds: he subscribes, fetches, writes, types, looks over HTTP, comes again and waits.
pub fn story(standing: Standing, fate: Fate) -> Found {
    let mut room = Room::new();
    let whom = standing.alice();
    let whom = whom.as_str();
    let alice = comes_by_hand(&mut room, "alice");
    publishes(&mut room, alice, device_tuple("tab", None));
    // Someone who is there all the time: what comes with her comes with alice, or not.
    let carol = comes_by_hand(&mut room, "carol");
    does(&mut room, carol, &decide("bob", Some(Decision::Allow)));
    let bob = comes_by_hand(&mut room, "bob");
    does(&mut room, bob, &contact("carol", None));
    does(&mut room, alice, &standing.rules_behind(None));
    if fate == Fate::BlocksAgain {
        does(&mut room, alice, &standing.decides(Some(Decision::Block)));
        does(&mut room, alice, &standing.decides(None));
    }
    (standing.lets)(&mut room, alice);
    prepares(&mut room, alice, fate, standing);
    room.passes(ms(2 * MINUTE - room.clock()));
    does(&mut room, bob, &contact(whom, None));
    does(&mut room, bob, &decide("alice", Some(Decision::Allow)));
    let open = message(1, whom, "hello");
    room.asks_relay(bob, &open);
    room.passes(ms(BEGUN - room.clock()));
    room.hears(alice);
    room.hears(bob);

    befalls(&mut room, alice, fate, standing);
    let mut there = (fate != Fate::Leaves).then_some(alice);
    let (mut found, mut looked, mut bob) = (Vec::new(), Vec::new(), bob);
    for turn in 0..4 {
        let base = turn * 10 * MINUTE + MINUTE;
        let step = |room: &mut Room, n: u64| at(room, base + n * 20_000);
        step(&mut room, 0);
        alice_lives(&mut room, there, fate, turn, standing);
        step(&mut room, 1);
        room.says(bob, &fetch(&[whom]));
        step(&mut room, 2);
        for n in 0..15 {
            let id = u128::from(100 * turn + n + 2);
            room.writes_frame(bob, &message(id, whom, "are you there?"));
        }
        room.settles();
        step(&mut room, 3);
        alice_lives(&mut room, there, fate, turn + 10, standing);
        let typing = ToService::Signal {
            to: inbox(whom),
            doing: Doing::Typing,
            from: None,
        };
        step(&mut room, 4);
        room.says(bob, &typing);
        step(&mut room, 5);
        room.says(bob, &unsubscribe(whom));
        room.says(bob, &contact(whom, None));
        step(&mut room, 6);
        let hide = ToService::SetVisibility {
            number: 9,
            presentity: Some(presentity(whom)),
            visibility: (turn % 2 == 0).then_some(Visibility::Hidden),
        };
        room.says(bob, &hide);
        step(&mut room, 7);
        for who in [Some("bob"), None] {
            let views = room.looks_up(who, Some("shop.example"), &[whom]);
            looked.extend(views.expect("there is an answer"));
        }
        found.extend(room.hears_when(bob));
        step(&mut room, 8);
        if turn == 1 {
            // A device of hers that comes and goes is seen by nobody either.
            if there.is_some() {
                let phone = comes_again(&mut room, "alice");
                publishes(&mut room, phone, device_tuple("phone", None));
                room.hangs_up(phone);
            }
            step(&mut room, 9);
        }
        if turn == 2 && standing.restarts {
            room.restarts_relay();
            comes_again(&mut room, "carol");
            there = there.map(|_| comes_again(&mut room, "alice"));
            if let Some(alice) = there {
                publishes(&mut room, alice, device_tuple("tab", None));
            }
            at(&mut room, base + 4 * MINUTE);
        }
        room.hangs_up(bob);
        at(&mut room, base + 5 * MINUTE);
        bob = room.logs_in("bob", "by-hand", None);
        at(&mut room, base + 6 * MINUTE);
        room.says(bob, &subscribe(3, &[whom]));
    }
    at(&mut room, 60 * MINUTE);
    room.passes(secs(3_600));
    found.extend(room.hears_when(bob));
    let found = found.into_iter();
    let found = found
        .map(|(at, frame)| ((at - BEGUN) / 1_000, normal(frame)))
        .collect();
    let calm = |view: View| match view {
        View::Shown(mut information) => {
            information.since = Timestamp(information.since.0 / 1_000);
            View::Shown(information)
        }
        other => other,
    };
    (found, looked.into_iter().map(calm).collect())
}

/// To bob all these fates of alice are the same, and he looks over HTTP as these words say: signed in, and not, four times.
pub fn no_difference(standing: Standing, fates: &[Fate], looks: [&str; 2]) {
    no_difference_in(standing, fates, |_| looks);
}

/// As [`no_difference`], with words of their own for each of the four times.
pub fn no_difference_in<'a>(
    standing: Standing,
    fates: &[Fate],
    looks: impl Fn(u64) -> [&'a str; 2],
) {
    let left = story(standing, Fate::Leaves);
    let words: Vec<_> = left.1.iter().map(word).collect();
    assert_eq!(words, (0..4).map(looks).collect::<Vec<_>>().concat());
    assert!(left.0.len() > 50, "bob found something at all");
    // Of her rules for everyone, those who did not sign in see what becomes: they are nobody in particular.
    let of_bob = |(frames, looked): Found, fate: Fate| {
        let every = 1 + usize::from(fate != Fate::Hides);
        (
            frames,
            looked.into_iter().step_by(every).collect::<Vec<_>>(),
        )
    };
    for fate in fates {
        let left = of_bob(left.clone(), *fate);
        let other = of_bob(story(standing, *fate), *fate);
        for (one, other) in left.0.iter().zip(&other.0) {
            assert_eq!(one, other, "{fate:?}");
        }
        assert_eq!(left.0.len(), other.0.len(), "{fate:?}");
        assert_eq!(left.1, other.1, "{fate:?}");
        let frames: Vec<_> = other.0.into_iter().map(|(_, frame)| frame).collect();
        assert!(!mentions(&frames, "canary"));
    }
}
