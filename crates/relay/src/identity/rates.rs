//! Rates per whom they concern, such as wrong passwords per name and network: a token bucket for each, as one date (GCRA).

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lamplight_core::service::Rate;

/// Most buckets that are remembered; beyond, those that are full again are forgotten, then all.
const BUCKETS_MAX: usize = 100_000;

/// Buckets by key.
pub struct Rates<K> {
    rate: Rate,
    /// When each bucket will be full again.
    full_at: Mutex<HashMap<K, Instant>>,
}

impl<K: Eq + Hash + Clone> Rates<K> {
    pub fn new(rate: Rate) -> Self {
        Self {
            rate,
            full_at: Mutex::new(HashMap::new()),
        }
    }

    /// Takes one, or says how long to wait for it.
    pub fn take(&self, key: &K, now: Instant) -> Result<(), Duration> {
        self.take_some(key, 1, now)
    }

    /// Takes so many at once or none, and then says how long to wait for them.
    pub fn take_some(&self, key: &K, count: u32, now: Instant) -> Result<(), Duration> {
        let mut full_at = self
            .full_at
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if full_at.len() >= BUCKETS_MAX {
            full_at.retain(|_, at| *at > now);
            if full_at.len() >= BUCKETS_MAX {
                full_at.clear();
            }
        }
        let at = full_at.get(key).copied().unwrap_or(now).max(now);
        let at = at + self.rate.every.saturating_mul(count);
        let most = self.rate.every.saturating_mul(self.rate.burst);
        let over = at.saturating_duration_since(now).saturating_sub(most);
        if !over.is_zero() {
            return Err(over);
        }
        full_at.insert(key.clone(), at);
        Ok(())
    }

    /// Whether one could be taken, or how long to wait for it.
    pub fn has(&self, key: &K, now: Instant) -> Result<(), Duration> {
        let full_at = self
            .full_at
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let at = full_at.get(key).copied().unwrap_or(now).max(now);
        let most = self.rate.every.saturating_mul(self.rate.burst);
        let over = (at + self.rate.every).saturating_duration_since(now);
        match over.saturating_sub(most) {
            Duration::ZERO => Ok(()),
            wait => Err(wait),
        }
    }

    /// Gives one back that turned out not to count.
    pub fn give_back(&self, key: &K) {
        let mut full_at = self
            .full_at
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(at) = full_at.get_mut(key) {
            *at = at.checked_sub(self.rate.every).unwrap_or(*at);
        }
    }
}

/// The network that one party usually has: a /24, or a /48 of IPv6.
pub fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            IpAddr::from([a, b, c, 0])
        }
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            IpAddr::from([a, b, c, 0, 0, 0, 0, 0])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_through_then_one_at_a_time_and_each_key_has_its_own() {
        let every = Duration::from_mins(1);
        let rates = Rates::new(Rate { burst: 2, every });
        let start = Instant::now();
        assert!(rates.take(&"alice", start).is_ok());
        assert!(rates.take(&"alice", start).is_ok());
        assert_eq!(rates.has(&"alice", start), Err(every));
        assert_eq!(rates.take(&"alice", start), Err(every));
        assert!(rates.has(&"alice", start + every).is_ok());
        assert!(rates.take(&"bob", start).is_ok());
        assert!(rates.take(&"alice", start + every).is_ok());
        assert!(rates.take(&"alice", start + every).is_err());
        rates.give_back(&"alice");
        assert!(rates.take(&"alice", start + every).is_ok());
    }

    #[test]
    fn several_are_taken_together_or_not_at_all() {
        let every = Duration::from_mins(1);
        let rates = Rates::new(Rate { burst: 3, every });
        let start = Instant::now();
        assert!(rates.take_some(&"alice", 2, start).is_ok());
        assert_eq!(rates.take_some(&"alice", 3, start), Err(2 * every));
        assert!(rates.take(&"alice", start).is_ok());
    }

    #[test]
    fn neighbours_share_a_network() {
        let network = |text: &str| super::network(text.parse().unwrap()).to_string();
        assert_eq!(network("192.0.2.77"), "192.0.2.0");
        assert_eq!(network("::ffff:192.0.2.77"), "192.0.2.0");
        assert_eq!(network("2001:db8:1:2::3"), "2001:db8:1::");
    }
}
