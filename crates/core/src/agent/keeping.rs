//! What outlives a reload beside the outbox: texts in composers, and the roster as last seen. Kept now and then, not at each touch.

use core::time::Duration;

use alloc::string::String;

use crate::address::Address;
use crate::agent::desk::Desk;
use crate::agent::sorted::{Map, Set};
use crate::agent::{Keepsake, KeepsakeName};
use crate::message::BODY_MAX;
use crate::time::{Instant, earliest};

/// A draft that changes is kept after this long.
const DRAFTS_EVERY: Duration = Duration::from_millis(500);
/// The roster is kept at the first change, then at most this often.
const ROSTER_EVERY: Duration = Duration::from_secs(2);
/// Longest draft, bytes: what could be sent, and as much again to be cut.
const DRAFT_MAX: usize = 2 * BODY_MAX;

/// Drafts, and when to keep what.
#[derive(Default)]
pub(super) struct Keeping {
    drafts: Map<Address, String>,
    /// Drafts that changed since they were kept.
    touched: Set<Address>,
    drafts_at: Option<Instant>,
    roster_at: Option<Instant>,
    /// When the roster was last kept.
    kept_at: Option<Instant>,
}

impl Keeping {
    pub fn draft(&self, with: &Address) -> &str {
        self.drafts.get(with).map_or("", String::as_str)
    }

    pub fn has_draft(&self, with: &Address) -> bool {
        self.drafts.contains_key(with)
    }

    pub fn with_drafts(&self) -> impl Iterator<Item = &Address> {
        self.drafts.keys()
    }

    pub fn timeout(&self) -> Option<Instant> {
        earliest(&[self.drafts_at, self.roster_at])
    }

    pub fn restored(&mut self, with: Address, text: String, desk: &mut Desk) {
        desk.conversation_changed(&with);
        self.drafts.insert(with, text);
    }

    /// What stands in a composer now; nothing but blanks is no draft. The page knows its own text: only a draft that begins or
    /// ends is told.
    pub fn write(&mut self, with: &Address, mut text: String, desk: &mut Desk) {
        text.truncate(text.floor_char_boundary(DRAFT_MAX));
        if self.draft(with) == text {
            return;
        }
        let before = self.drafts.remove(with).is_some();
        if !text.trim().is_empty() {
            self.drafts.insert(with.clone(), text);
        }
        if before != self.has_draft(with) {
            desk.conversation_changed(with);
        }
        self.touched.insert(with.clone());
        self.drafts_at.get_or_insert(desk.at().after(DRAFTS_EVERY));
    }

    /// What stood in the composer is a message now: a reload must not bring it back.
    pub fn sent(&mut self, with: &Address, desk: &mut Desk) {
        let touched = self.touched.remove(with);
        if self.drafts.remove(with).is_some() {
            desk.conversation_changed(with);
        } else if !touched {
            return;
        }
        desk.forget(KeepsakeName::Draft(with.clone()));
    }

    /// Keeps what is due, or everything that changed; `roster` makes the keepsake when it is.
    pub fn tick(&mut self, all: bool, roster: impl FnOnce() -> Keepsake, desk: &mut Desk) {
        if core::mem::take(&mut desk.roster_to_keep) {
            // A page may go without a word, and what it writes while it goes may be lost: so the first change does not wait.
            let free = self.kept_at.map(|kept| kept.after(ROSTER_EVERY));
            let at = free.map_or(desk.at(), |free| free.max(desk.at()));
            self.roster_at.get_or_insert(at);
        }
        let due = |at: Option<Instant>| at.is_some_and(|at| all || at <= desk.now.instant);
        let (drafts, kept) = (due(self.drafts_at), due(self.roster_at));
        if drafts {
            self.drafts_at = None;
            for with in core::mem::take(&mut self.touched) {
                match self.drafts.get(&with) {
                    Some(text) => desk.keep(Keepsake::Draft(with, text.clone())),
                    None => desk.forget(KeepsakeName::Draft(with)),
                }
            }
        }
        if kept {
            self.roster_at = None;
            self.kept_at = Some(desk.at());
            desk.keep(roster());
        }
    }
}
