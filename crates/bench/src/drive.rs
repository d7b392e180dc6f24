//! How load is put on: at a rate, in closed circles that leave no core idle, in bursts, and at more than can be carried.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::clock;
use crate::side::Side;

/// What one drive showed.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Notifications that arrived in the measured time, one's own among them.
    pub delivered: f64,
    pub seconds: f64,
    /// Microseconds of the server's core.
    pub cpu: f64,
    /// Bytes of a notification on the line, without its frame's head.
    pub size: f64,
    /// Ages at arrival, microseconds.
    pub p50: f64,
    pub p99: f64,
}

impl Figures {
    pub fn cpu_each(&self) -> f64 {
        self.cpu / self.delivered.max(1.0)
    }

    pub fn rate(&self) -> f64 {
        self.delivered / self.seconds
    }

    /// Notifications in one second of the server's core.
    pub fn per_core(&self) -> f64 {
        1e6 / self.cpu_each()
    }
}

/// The value below which this share of sorted values lies.
pub fn share(sorted: &[u32], share: f64) -> f64 {
    let at = (sorted.len() as f64 * share) as usize;
    let last = sorted.len().saturating_sub(1);
    sorted.get(at.min(last)).copied().map_or(0.0, f64::from)
}

/// Measures while `load` does what it does.
fn measure(side: &mut Side, load: impl FnOnce(&mut Side) -> Result<()>) -> Result<Figures> {
    drop(side.take());
    let (cpu, begun) = (side.server().cpu(), clock::micros());
    load(side)?;
    let (cpu, took) = (side.server().cpu() - cpu, clock::micros() - begun);
    let mut heard = side.take();
    ensure!(heard.lost == 0, "{} lines ended", heard.lost);
    heard.ages.sort_unstable();
    let delivered = heard.ages.len() as f64;
    Ok(Figures {
        delivered,
        seconds: took as f64 / 1e6,
        cpu,
        size: heard.bytes as f64 / heard.frames.max(1) as f64,
        p50: share(&heard.ages, 0.5),
        p99: share(&heard.ages, 0.99),
    })
}

/// So many changes a second by everyone in turn, for so long.
pub fn steady(side: &mut Side, changes: u32, time: Duration) -> Result<Figures> {
    let people = side.town().people;
    measure(side, |side| {
        let begun = clock::micros();
        let every = 1e6 / f64::from(changes);
        let (mut said, whole) = (0_u64, time.as_micros() as u64);
        loop {
            let since = clock::micros() - begun;
            if since >= whole {
                break;
            }
            let due = (since as f64 / every) as u64;
            while said < due {
                // Neighbours never follow each other at once: a stride that meets everyone.
                let index = (said as usize * 7_919) % people;
                side.change(index);
                said += 1;
            }
            side.turn(Duration::from_millis(1))?;
        }
        side.settle(Duration::from_millis(100))
    })
}

/// So many people change as fast as they hear their own change come back; never is there nothing to do.
pub fn saturate(side: &mut Side, busy: usize, time: Duration) -> Result<Figures> {
    let people = side.town().people;
    let stride = (people / busy).max(1);
    measure(side, |side| {
        for one in 0..busy {
            side.change(one * stride % people);
        }
        let end = clock::micros() + time.as_micros() as u64;
        while clock::micros() < end {
            side.turn(Duration::from_millis(5))?;
            for index in std::mem::take(&mut side.heard().echoes) {
                side.change(index);
            }
        }
        Ok(())
    })
}

/// Groups of neighbours change in the same moment, and the next group when all have heard: updates of many for the same watchers.
pub fn bursts(side: &mut Side, group: usize, time: Duration) -> Result<Figures> {
    let people = side.town().people;
    measure(side, |side| {
        let end = clock::micros() + time.as_micros() as u64;
        let mut first = 0;
        while clock::micros() < end {
            for one in 0..group {
                side.change((first + one) % people);
            }
            let patience = clock::micros() + 5_000_000;
            while side.heard().echoes.len() < group {
                ensure!(clock::micros() < patience, "a burst was not heard");
                side.turn(Duration::from_millis(5))?;
            }
            side.heard().echoes.clear();
            first = (first + group) % people;
        }
        Ok(())
    })
}

/// What became of more than could be carried.
pub struct Overload {
    pub figures: Figures,
    /// Notifications per second while there was too much.
    pub rate: f64,
    /// Pairs that had not heard the newest state at the end.
    pub missing: usize,
    /// Changes that were not said because an older one had not left yet.
    pub skipped: u64,
}

/// So many changes a second, though they are more than the server can carry; then rest, after which everyone must know the newest.
pub fn overload(side: &mut Side, changes: u32, time: Duration) -> Result<Overload> {
    let town = side.town();
    let mut said = vec![0; town.people];
    let mut skipped = 0;
    let mut newest = HashMap::new();
    let mut rate = 0.0;
    let figures = measure(side, |side| {
        side.heard().newest = Some(HashMap::new());
        let (begun, every) = (clock::micros(), 1e6 / f64::from(changes));
        let mut done = 0_u64;
        loop {
            let since = clock::micros() - begun;
            if since >= time.as_micros() as u64 {
                break;
            }
            let due = (since as f64 / every) as u64;
            // A generator that is behind leaves out, as one that is hurried does.
            done = done.max(due.saturating_sub(200));
            while done < due {
                let index = (done as usize * 7_919) % town.people;
                match side.change(index) {
                    Some(at) => said[index] = at,
                    None => skipped += 1,
                }
                done += 1;
            }
            side.turn(Duration::ZERO)?;
        }
        rate = side.heard().ages.len() as f64 / time.as_secs_f64();
        side.settle(Duration::from_millis(500))?;
        newest = side.heard().newest.take().unwrap_or_default();
        Ok(())
    })?;
    let knows =
        |watcher: usize, of: usize| said[of] == 0 || newest.get(&(watcher, of)) == Some(&said[of]);
    let all = (0..town.people).flat_map(|of| town.neighbours(of).map(move |watcher| (watcher, of)));
    let missing = all.filter(|(watcher, of)| !knows(*watcher, *of)).count();
    Ok(Overload {
        figures,
        rate,
        missing,
        skipped,
    })
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_of_sorted_values() {
        let sorted: Vec<u32> = (1..=100).collect();
        assert!((share(&sorted, 0.5) - 51.0).abs() < f64::EPSILON);
        assert!((share(&sorted, 0.99) - 100.0).abs() < f64::EPSILON);
        assert!(share(&[], 0.5).abs() < f64::EPSILON);
    }
}
