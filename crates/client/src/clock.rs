//! The clock of native programs: a monotonic reading since the process first asked, and the wall.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lamplight_core::time::{Instant, Now, Timestamp, millis};

static START: LazyLock<tokio::time::Instant> = LazyLock::new(tokio::time::Instant::now);

/// A century is as good as never, and adding it overflows nothing.
const FAR_MS: u64 = 100 * 365 * 86_400_000;

/// Both readings.
pub fn now() -> Now {
    // A clock before 1970 is no reason to stop.
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
    *START + Duration::from_millis(at.0.min(FAR_MS))
}
