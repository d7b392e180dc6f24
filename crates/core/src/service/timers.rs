//! Every deadline a service has, by name. One timer of a name at a time; the shell sees only the earliest.

use alloc::collections::{BTreeMap, BTreeSet};

use crate::address::{Presentity, Principal, SessionId, TupleId};
use crate::time::Instant;

/// What a deadline is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// A new socket has not said hello.
    Hello(SessionId),
    /// A line is due for a ping, or its pong is overdue.
    Line(SessionId),
    /// A device whose socket went is not shown any longer.
    Grace(Presentity, TupleId),
    /// Changes of a presentity that came too fast are told.
    Notify(Presentity),
    /// A status set by hand ends by itself.
    Until(Presentity),
    /// What could not be read is asked for again.
    Reload(Presentity),
    /// How far a principal has come could not be kept, and is said again.
    Acknowledge(Principal),
    /// A rule begins or ends, something opens or closes, a login stops being fresh.
    Rules(Presentity),
    /// What happened to the watchers of a presentity is handed to the store.
    Ledger(Presentity),
    /// Watchers beyond the span are forgotten.
    Sweep,
    /// What nobody needs any more is dropped from memory.
    Forget(Presentity),
    /// The service has run long enough to tell absent from unknown.
    Settle,
}

/// The deadlines in order.
#[derive(Debug, Default)]
pub struct Timers {
    due: BTreeMap<Timer, Instant>,
    order: BTreeSet<(Instant, Timer)>,
}

impl Timers {
    /// Sets or moves a deadline.
    pub fn set(&mut self, timer: Timer, at: Instant) {
        self.clear(&timer);
        self.due.insert(timer.clone(), at);
        self.order.insert((at, timer));
    }

    pub fn clear(&mut self, timer: &Timer) {
        if let Some(at) = self.due.remove(timer) {
            self.order.remove(&(at, timer.clone()));
        }
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes the earliest deadline if it has come.
    pub fn pop(&mut self, now: Instant) -> Option<(Timer, Instant)> {
        if self.next()? > now {
            return None;
        }
        let (at, timer) = self.order.pop_first()?;
        self.due.remove(&timer);
        Some((timer, at))
    }
}
