//! The two readings of time that the services are given: one that never jumps, and the one that people are shown.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lamplight_core::time::{Instant, Now, Timestamp, millis};

/// The relay's clock; its monotonic origin is when it was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: tokio::time::Instant,
}

impl Clock {
    pub fn start() -> Self {
        Self {
            origin: tokio::time::Instant::now(),
        }
    }

    pub fn now(&self) -> Now {
        Now {
            instant: Instant(millis(self.origin.elapsed())),
            timestamp: wall(),
        }
    }

    /// When the monotonic reading will be this.
    pub fn when(&self, instant: Instant) -> tokio::time::Instant {
        // A century is as good as never, and adding it overflows nothing.
        let wait = Duration::from_millis(instant.0.min(100 * 365 * 86_400_000));
        self.origin + wait
    }
}

/// The wall clock.
pub fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    // A clock before 1970 is no reason to stop.
    Timestamp(since.map_or(0, millis))
}
