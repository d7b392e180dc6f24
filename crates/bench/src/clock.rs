//! The clocks of a bench: microseconds since it began, and what agents are handed.

use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lamplight_core::time::{self, Now, Timestamp, millis};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Microseconds since the bench first asked.
pub fn micros() -> u64 {
    START.elapsed().as_micros() as u64
}

pub fn wall() -> Timestamp {
    // A clock before 1970 is no reason to stop.
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp(millis(since.unwrap_or_default()))
}

pub fn now() -> Now {
    Now {
        instant: time::Instant(micros() / 1_000),
        timestamp: wall(),
    }
}
