//! What may happen at random: steps that make sense in any order, so that a failing list can be cut down.

use std::fmt;

use lamplight_core::agent::Choice;
use lamplight_core::wire::Decision;

use crate::random::Chance;

pub const PEOPLE: [&str; 4] = ["alice", "bob", "carol", "dave"];
pub const DEVICES: [&str; 2] = ["laptop", "phone"];

/// One of [`PEOPLE`] by number.
pub type Who = usize;

/// A person at one of their devices.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seat {
    pub who: Who,
    pub device: usize,
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", PEOPLE[self.who], DEVICES[self.device])
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// All seats there are.
pub fn every_seat() -> impl Iterator<Item = Seat> {
    (0..PEOPLE.len()).flat_map(|who| (0..DEVICES.len()).map(move |device| Seat { who, device }))
}

/// One thing that happens. What cannot happen just then does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    // People.
    Open(Seat),
    Close(Seat),
    Reload(Seat),
    SignOut(Seat),
    Watch(Seat, Who),
    Unwatch(Seat, Who),
    Decide(Seat, Who, Option<Decision>),
    Set(Seat, Choice),
    Clear(Seat),
    Write(Seat, Who),
    /// Deletes one of the messages that are in view, counted from the newest.
    Delete(Seat, Who, usize),
    /// Only when all is quiet: what is read then is known.
    Read(Seat, Who),
    // Lines.
    Lose(Seat),
    Cut(Seat),
    Freeze(Seat),
    Heal(Seat),
    /// The page is stuck for so many milliseconds.
    Stick(Seat, u64),
    Latency(Seat, u64),
    // The relay and its disk.
    /// Kill -9; so many of the changes that wait for the disk are there afterwards.
    Kill(usize),
    Drain,
    Start,
    StickRelay(u64),
    DiskHangs,
    DiskGoesOn,
    DiskIsFull,
    DiskFails,
    DiskWorks,
    SyncDelay(u64),
    // Time, in milliseconds.
    Pass(u64),
    /// Everything that is broken is mended, everything that is on its way arrives, and everyone is asked what they see.
    Quiet,
}

/// So many steps from this seed, with a quiet moment now and then.
pub fn steps(seed: u64, count: usize) -> Vec<Step> {
    let mut chance = Chance::new(seed ^ 0x2778);
    let mut steps: Vec<Step> = (0..PEOPLE.len())
        .map(|who| Step::Open(Seat { who, device: 0 }))
        .collect();
    while steps.len() < count {
        for _ in 0..6 + chance.below(24) {
            steps.push(any(&mut chance));
        }
        steps.push(Step::Quiet);
        if chance.happens(1, 2) {
            let (seat, other) = pair(&mut chance);
            steps.push(Step::Read(seat, other));
        }
    }
    steps
}

fn seat(chance: &mut Chance) -> Seat {
    Seat {
        who: chance.below(PEOPLE.len() as u64) as usize,
        device: chance.below(DEVICES.len() as u64) as usize,
    }
}

fn pair(chance: &mut Chance) -> (Seat, Who) {
    let seat = seat(chance);
    let others = PEOPLE.len() as u64;
    let other = (seat.who as u64 + 1 + chance.below(others - 1)) % others;
    (seat, other as usize)
}

fn any(chance: &mut Chance) -> Step {
    let (at, other) = pair(chance);
    match chance.below(100) {
        0..=7 => Step::Open(at),
        8..=10 => Step::Close(at),
        11..=13 => Step::Reload(at),
        14 => Step::SignOut(at),
        15..=21 => Step::Watch(at, other),
        22..=23 => Step::Unwatch(at, other),
        24..=31 => Step::Decide(at, other, decision(chance)),
        32..=36 => Step::Set(at, choice(chance)),
        37..=38 => Step::Clear(at),
        39..=58 => Step::Write(at, other),
        59..=60 => Step::Delete(at, other, chance.below(4) as usize),
        61..=64 => Step::Lose(at),
        65..=66 => Step::Cut(at),
        67 => Step::Freeze(at),
        68..=71 => Step::Heal(at),
        72 => Step::Stick(at, chance.below(20_000)),
        73 => Step::Latency(at, 1 + chance.below(300)),
        74..=75 => Step::Kill(chance.below(4) as usize),
        76 => Step::Drain,
        77..=79 => Step::Start,
        80 => Step::StickRelay(chance.below(20_000)),
        81 => Step::DiskHangs,
        82..=83 => Step::DiskGoesOn,
        84 => Step::DiskIsFull,
        85 => Step::DiskFails,
        86 => Step::DiskWorks,
        87 => Step::SyncDelay(chance.below(60)),
        88..=92 => Step::Pass(chance.below(40)),
        93..=97 => Step::Pass(chance.below(3_000)),
        _ => Step::Pass(chance.below(40_000)),
    }
}

fn decision(chance: &mut Chance) -> Option<Decision> {
    let decisions = [
        Some(Decision::Allow),
        Some(Decision::Allow),
        Some(Decision::Allow),
        Some(Decision::Deny),
        Some(Decision::Block),
        None,
    ];
    chance.pick(&decisions).clone()
}

fn choice(chance: &mut Chance) -> Choice {
    *chance.pick(&[
        Choice::Available,
        Choice::Busy,
        Choice::Away,
        Choice::Invisible,
    ])
}
