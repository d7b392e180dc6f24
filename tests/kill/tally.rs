//! What was acknowledged against what is there.

use std::collections::BTreeMap;
use std::fmt;

use lamplight_core::address::MessageId;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    acknowledged: usize,
    missing: usize,
    duplicates: usize,
    /// There, but never acknowledged although the sender has asked to the end.
    strange: usize,
    disordered: usize,
    faults: Vec<String>,
}

impl Tally {
    /// Compares what one sender was told with what one place holds of it.
    pub fn add(&mut self, place: &str, acknowledged: &[MessageId], held: &[MessageId]) {
        let mut times: BTreeMap<MessageId, usize> = BTreeMap::new();
        for id in held {
            *times.entry(*id).or_default() += 1;
        }
        self.acknowledged += acknowledged.len();
        for id in acknowledged {
            match times.remove(id) {
                None => {
                    self.missing += 1;
                    self.faults.push(format!("{place}: {id} is missing"));
                }
                Some(1) => {}
                Some(count) => {
                    self.duplicates += count - 1;
                    self.faults
                        .push(format!("{place}: {id} is there {count} times"));
                }
            }
        }
        self.strange += times.len();
        self.disordered += held.windows(2).filter(|two| two[0] > two[1]).count();
    }

    pub fn judge(&self) {
        let faults = &self.faults[..self.faults.len().min(20)];
        assert!(self.is_clean(), "{self}\n{}", faults.join("\n"));
    }

    fn is_clean(&self) -> bool {
        [self.missing, self.duplicates, self.strange, self.disordered] == [0; 4]
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "acknowledged and missing = {}, duplicates = {}, never acknowledged = {}, out of order = {} ({} comparisons)",
            self.missing, self.duplicates, self.strange, self.disordered, self.acknowledged
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(acknowledged: &[u128], held: &[u128]) -> [usize; 4] {
        let ids = |numbers: &[u128]| -> Vec<_> { numbers.iter().copied().map(MessageId).collect() };
        let mut tally = Tally::default();
        tally.add("a place", &ids(acknowledged), &ids(held));
        [
            tally.missing,
            tally.duplicates,
            tally.strange,
            tally.disordered,
        ]
    }

    #[test]
    fn what_is_missing_twice_strange_or_out_of_order_is_counted() {
        assert_eq!(tally(&[1, 2, 3], &[1, 2, 3]), [0, 0, 0, 0]);
        assert_eq!(tally(&[1, 2, 3], &[1, 3]), [1, 0, 0, 0]);
        assert_eq!(tally(&[1, 2, 3], &[1, 2, 2, 3]), [0, 1, 0, 0]);
        assert_eq!(tally(&[1, 2, 3], &[1, 2, 3, 4]), [0, 0, 1, 0]);
        assert_eq!(tally(&[1, 2, 3], &[2, 1, 3]), [0, 0, 0, 1]);
    }
}
