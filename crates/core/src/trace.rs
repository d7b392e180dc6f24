//! A number that stands for everything a machine did: equal seeds and inputs give equal traces on every build.
//!
//! `derive(Hash)` feeds a hasher in the native width and byte order; [`TraceHasher`] widens and orders what it is fed, so that
//! the page's 32-bit build and a 64-bit one can be compared by one number.

use core::hash::{Hash, Hasher};

use crate::time::Instant;

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// FNV-1a with 64 bits, over little-endian bytes of fixed width.
#[derive(Clone, Debug)]
pub struct TraceHasher(u64);

impl Default for TraceHasher {
    fn default() -> Self {
        Self(OFFSET)
    }
}

impl Hasher for TraceHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.write(&[value]);
    }

    fn write_u16(&mut self, value: u16) {
        self.write(&value.to_le_bytes());
    }

    fn write_u32(&mut self, value: u32) {
        self.write(&value.to_le_bytes());
    }

    fn write_u64(&mut self, value: u64) {
        self.write(&value.to_le_bytes());
    }

    fn write_u128(&mut self, value: u128) {
        self.write(&value.to_le_bytes());
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_i8(&mut self, value: i8) {
        self.write(&value.to_le_bytes());
    }

    fn write_i16(&mut self, value: i16) {
        self.write(&value.to_le_bytes());
    }

    fn write_i32(&mut self, value: i32) {
        self.write(&value.to_le_bytes());
    }

    fn write_i64(&mut self, value: i64) {
        self.write(&value.to_le_bytes());
    }

    fn write_i128(&mut self, value: i128) {
        self.write(&value.to_le_bytes());
    }

    fn write_isize(&mut self, value: isize) {
        self.write_i64(value as i64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Notes what happened, in order, and says it as one number.
#[derive(Clone, Debug, Default)]
pub struct Trace(TraceHasher);

impl Trace {
    /// Adds one thing that happened at a moment.
    pub fn note<T: Hash>(&mut self, at: Instant, value: &T) {
        at.hash(&mut self.0);
        value.hash(&mut self.0);
    }

    /// Everything noted so far.
    pub fn value(&self) -> u64 {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(value: &impl Hash) -> u64 {
        let mut hasher = TraceHasher::default();
        value.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn the_published_values_of_fnv_1a_come_out() {
        let mut hasher = TraceHasher::default();
        assert_eq!(hasher.finish(), 0xcbf2_9ce4_8422_2325);
        hasher.write(b"foobar");
        assert_eq!(hasher.finish(), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_length_counts_as_64_bits_on_every_build() {
        assert_eq!(hash(&7_usize), hash(&7_u64));
        assert_eq!(hash(&-7_isize), hash(&-7_i64));
    }

    #[test]
    fn order_and_moment_matter() {
        let traced = |notes: &[(u64, &str)]| {
            let mut trace = Trace::default();
            for (at, what) in notes {
                trace.note(Instant(*at), what);
            }
            trace.value()
        };
        assert_eq!(traced(&[(1, "a"), (2, "b")]), traced(&[(1, "a"), (2, "b")]));
        assert_ne!(traced(&[(1, "a"), (2, "b")]), traced(&[(2, "b"), (1, "a")]));
        assert_ne!(traced(&[(1, "a")]), traced(&[(2, "a")]));
    }

    /// The value was computed by hand from the bytes that each part stands for, so that a build which feeds other bytes fails.
    #[test]
    fn a_nested_value_has_the_same_number_on_every_build() {
        #[derive(Hash)]
        enum Shape {
            _Plain,
            Deep {
                texts: alloc::vec::Vec<&'static str>,
                place: usize,
            },
        }
        let mut trace = Trace::default();
        let deep = Shape::Deep {
            texts: alloc::vec!["a", "é"],
            place: 3,
        };
        trace.note(Instant(258), &deep);
        trace.note(Instant(259), &(Some(7_u16), [1_u8, 2], 5_u128, -1_i64));
        assert_eq!(trace.value(), 0x1cbc_6800_df13_a245);
    }
}
