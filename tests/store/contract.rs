//! The contract of `core::store`: the same changes at random to plain maps and to SQLite give the same answers, and whatever is
//! then loaded is the same, also after the database was closed and opened again. What the answers mean is told by name in
//! `letters` and `addresses`.

use std::collections::BTreeSet;

use lamplight::store::Store;
use lamplight_core::store::{Change, First, Kept};
use lamplight_tests::random::Chance;

use super::both::Both;
use super::changes::{at, change, keys};

/// Everything that can be asked gives the same.
fn agree(both: &mut Both, chance: &mut Chance) {
    for key in keys(chance) {
        both.load(&key);
    }
}

#[test]
fn both_stores_answer_every_change_and_load_alike() {
    for seed in 0..20 {
        let mut chance = Chance::new(seed);
        let mut both = Both::new();
        for _ in 0..120 {
            let now = at(&mut chance);
            let batch: Vec<_> = (0..=chance.below(7))
                .map(|_| change(&mut chance, now))
                .collect();
            both.apply(&batch);
            agree(&mut both, &mut chance);
            if chance.happens(1, 30) {
                both.reopen();
                agree(&mut both, &mut chance);
            }
        }
    }
}

#[test]
fn every_single_change_is_there_after_a_restart() {
    let mut chance = Chance::new(2778);
    let mut both = Both::new();
    for _ in 0..250 {
        let now = at(&mut chance);
        let change = change(&mut chance, now);
        both.apply(&[change]);
        both.reopen();
        agree(&mut both, &mut chance);
    }
}

#[test]
fn every_kind_of_change_and_of_answer_comes_about() {
    let mut chance = Chance::new(7);
    let mut both = Both::new();
    let (mut changes, mut answers) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..2_000 {
        let now = at(&mut chance);
        let change = change(&mut chance, now);
        let did = name(&change);
        for kept in both.apply(&[change]) {
            let again = matches!(
                kept,
                Kept::Appended {
                    first: First::Repetition,
                    ..
                }
            );
            let empty = matches!(&kept, Kept::Logged { entries } if entries.is_empty())
                || matches!(&kept, Kept::Acknowledged { marks } if marks.is_empty());
            if !empty {
                changes.insert(did.clone());
            }
            answers.insert((name(&kept), again));
        }
    }
    let answers: Vec<&str> = answers.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        answers,
        [
            "Acknowledged",
            "Appended",
            "Appended",
            "Done",
            "IdConflict",
            "InboxFull",
            "Logged",
            "NoInbox"
        ]
    );
    assert_eq!(changes.len(), KINDS_OF_CHANGES, "{changes:?}");
}

/// As many as [`Change`] has variants: a new one does not compile before it is counted here.
const KINDS_OF_CHANGES: usize = {
    const fn _every(change: &Change) {
        match change {
            Change::Append { .. }
            | Change::Acknowledge { .. }
            | Change::MarkRead { .. }
            | Change::Delete { .. }
            | Change::Admit { .. }
            | Change::Clear { .. }
            | Change::SetPresentity { .. }
            | Change::DropPresentity { .. }
            | Change::SetInbox { .. }
            | Change::DropInbox { .. }
            | Change::CountRefused { .. }
            | Change::SetVisibility { .. }
            | Change::Watched { .. }
            | Change::ForgetWatchers { .. }
            | Change::SetContact { .. }
            | Change::RemoveContact { .. }
            | Change::SetAccess { .. }
            | Change::SetBefore { .. }
            | Change::SetTurns { .. }
            | Change::AddRequest { .. }
            | Change::RemoveRequest { .. }
            | Change::KeepTuple { .. }
            | Change::DropTuple { .. }
            | Change::LastSeen { .. } => {}
        }
    }
    24
};

/// The name of a variant.
fn name(value: &impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    let name = text.split([' ', '{']).next();
    name.unwrap_or_default().to_owned()
}

#[test]
fn another_relay_on_the_same_folder_is_refused() {
    let both = Both::new();
    assert!(Store::open(both.folder.path()).is_err());
}
