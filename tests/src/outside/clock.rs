//! The clock of native programs: a monotonic reading since the process started, and the wall.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lamplight_core::time::{Instant, Now, Timestamp, millis};

static START: LazyLock<tokio::time::Instant> = LazyLock::new(tokio::time::Instant::now);

/// Both readings.
pub fn now() -> Now {
    let wall = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Now {
        instant: Instant(millis(START.elapsed())),
        timestamp: Timestamp(millis(wall)),
    }
}

/// The moment of tokio's clock at which ours reads `at`.
pub fn moment(at: Instant) -> tokio::time::Instant {
    *START + Duration::from_millis(at.0)
}
