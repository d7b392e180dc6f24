//! The two readings that core is handed: the browser's monotonic clock and its wall clock.

use lamplight_core::time::{Instant, Now, Timestamp};

/// Both readings of this moment. The monotonic one counts from when the page was opened.
pub fn now() -> Now {
    let elapsed = web_sys::window()
        .and_then(|window| window.performance())
        .map_or(0.0, |performance| performance.now());
    Now {
        instant: Instant(elapsed.max(0.0) as u64),
        timestamp: Timestamp(js_sys::Date::now().max(0.0) as u64),
    }
}
