//! Token buckets on the clock that is handed in: the generic cell rate algorithm, one number of state.

use core::time::Duration;

use crate::service::limits::Rate;
use crate::time::Instant;

/// One bucket; starts full.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket {
    /// When the bucket will be full again, in microseconds.
    full_at: u64,
}

impl Bucket {
    /// Takes one token, or says how long to wait for the next.
    pub fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let now = now.0.saturating_mul(1_000);
        let every = u64::try_from(rate.every.as_micros()).unwrap_or(u64::MAX);
        let room = every.saturating_mul(u64::from(rate.burst.max(1) - 1));
        let full_at = self.full_at.max(now);
        if full_at - now > room {
            return Err(Duration::from_micros(full_at - now - room));
        }
        self.full_at = full_at.saturating_add(every);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_then_one_at_each_interval() {
        let rate = Rate {
            burst: 3,
            every: Duration::from_millis(100),
        };
        let mut bucket = Bucket::default();
        let start = Instant(5_000);
        for _ in 0..3 {
            assert_eq!(bucket.take(rate, start), Ok(()));
        }
        assert_eq!(bucket.take(rate, start), Err(Duration::from_millis(100)));
        assert_eq!(
            bucket.take(rate, Instant(5_099)),
            Err(Duration::from_millis(1))
        );
        assert_eq!(bucket.take(rate, Instant(5_100)), Ok(()));
        assert!(bucket.take(rate, Instant(5_100)).is_err());
    }
}
