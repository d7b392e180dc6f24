//! How closely one wants to be told: a page that nobody looks at lets the service rest.

use core::time::Duration;

use crate::agent::desk::Desk;
use crate::time::Instant;
use crate::wire::{Pace as Wanted, ToService};

/// A page out of sight for so long is told of nothing but itself. A glance at another tab is shorter.
const REST_AFTER: Duration = Duration::from_secs(30);

/// How closely this agent is told.
#[derive(Default)]
pub(super) struct Pace {
    /// Since when the page is out of sight, or this line is up while it is.
    hidden: Option<Instant>,
    /// Whether the service was asked to rest, on this line.
    rests: bool,
}

impl Pace {
    /// `tells`: news of someone is waited for, so that there is no rest.
    pub fn timeout(&self, tells: bool) -> Option<Instant> {
        let hidden = self.hidden.filter(|_| !self.rests && !tells)?;
        Some(hidden.after(REST_AFTER))
    }

    pub fn hidden(&mut self, desk: &Desk) {
        self.hidden.get_or_insert(desk.at());
    }

    pub fn shown(&mut self, desk: &mut Desk) {
        self.hidden = None;
        self.wake(desk);
    }

    /// A new line is lively. It may be for as long as it takes to hear of everyone once.
    pub fn welcomed(&mut self, desk: &Desk) {
        self.rests = false;
        if let Some(hidden) = &mut self.hidden {
            *hidden = desk.at();
        }
    }

    pub fn tick(&mut self, tells: bool, desk: &mut Desk) {
        if tells {
            self.wake(desk);
        }
        if desk.up && self.timeout(tells).is_some_and(|at| at <= desk.at()) {
            self.rests = true;
            desk.send(&ToService::Pace {
                pace: Wanted::Paused,
            });
        }
    }

    fn wake(&mut self, desk: &mut Desk) {
        if core::mem::take(&mut self.rests) {
            desk.send(&ToService::Pace { pace: Wanted::Live });
        }
    }
}
