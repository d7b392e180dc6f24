//! The core's whole idea of time: two readings that the shell takes and hands in.
//!
//! Leases and limits run on [`Instant`], which never jumps; people are shown [`Timestamp`], which may.

use core::time::Duration;

use crate::cbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// A monotonic reading in milliseconds since an origin that only the shell knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Instant(#[n(0)] pub u64);

/// Wall clock in milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    Serialize,
    Deserialize,
)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Timestamp(#[n(0)] pub u64);

/// Both readings of one moment, as handed to `handle`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Now {
    /// What deadlines are compared with.
    #[n(0)]
    pub instant: Instant,
    /// What people are shown.
    #[n(1)]
    pub timestamp: Timestamp,
}

impl Instant {
    /// The moment `wait` later; saturates at the end of time.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(millis(wait)))
    }

    /// How long from `earlier` to here; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Timestamp {
    /// How long from `earlier` to here; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Now {
    /// The monotonic moment at which the wall clock will read `due`, if the wall clock does not jump.
    pub fn instant_of(self, due: Timestamp) -> Instant {
        self.instant.after(due.since(self.timestamp))
    }
}

/// The earliest of several moments that may not be.
pub fn earliest(moments: &[Option<Instant>]) -> Option<Instant> {
    moments.iter().copied().flatten().min()
}

/// Milliseconds of a duration, saturating.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
