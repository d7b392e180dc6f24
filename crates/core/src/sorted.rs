//! A map and a set as sorted rows. They do what is needed of the library's trees in a tenth of the code, which a page carries once
//! for every kind of value it keeps; and a row takes its own room, where a tree takes that of eleven for the first, which a relay
//! pays for everyone. Finding is as quick; an insertion moves what stands behind it, and what comes in bulk comes in order, so that
//! it is put at the end.

use alloc::vec::Vec;
use core::borrow::Borrow;
use core::mem;

/// Values by their keys, in the order of the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<K, V> {
    rows: Vec<(K, V)>,
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Map<K, V> {
    pub const fn new() -> Self {
        Self { rows: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn clear(&mut self) {
        self.rows.clear();
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.rows.iter().map(|(key, value)| (key, value))
    }

    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (&K, &mut V)> {
        self.rows.iter_mut().map(|(key, value)| (&*key, value))
    }

    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.rows.iter().map(|(key, _)| key)
    }

    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.rows.iter().map(|(_, value)| value)
    }

    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> {
        self.rows.iter_mut().map(|(_, value)| value)
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.rows.retain_mut(|(key, value)| keep(key, value));
    }

    pub fn pop_first(&mut self) -> Option<(K, V)> {
        (!self.rows.is_empty()).then(|| self.rows.remove(0))
    }
}

impl<K: Ord, V> Map<K, V> {
    fn place<Q: Ord + ?Sized>(&self, wanted: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        // What comes in order comes last: one look instead of a search.
        if self
            .rows
            .last()
            .is_none_or(|(last, _)| last.borrow() < wanted)
        {
            return Err(self.rows.len());
        }
        self.rows
            .binary_search_by(|(key, _)| key.borrow().cmp(wanted))
    }

    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.place(key).ok().map(|at| &self.rows[at].1)
    }

    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.place(key).ok().map(|at| &mut self.rows[at].1)
    }

    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.place(key).is_ok()
    }

    /// The value that stood there before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(at) => Some(mem::replace(&mut self.rows[at].1, value)),
            Err(at) => {
                self.rows.insert(at, (key, value));
                None
            }
        }
    }

    /// The value of a key, put there if there is none.
    pub fn get_or_insert_with(&mut self, key: K, value: impl FnOnce() -> V) -> &mut V {
        let at = self.place(&key).unwrap_or_else(|at| {
            self.rows.insert(at, (key, value()));
            at
        });
        &mut self.rows[at].1
    }

    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.place(key).ok().map(|at| self.rows.remove(at).1)
    }

    /// Everything from this key on.
    pub fn from<'m>(
        &'m self,
        key: &K,
    ) -> impl DoubleEndedIterator<Item = (&'m K, &'m V)> + use<'m, K, V> {
        let at = self.place(key).unwrap_or_else(|at| at);
        self.rows[at..].iter().map(|(key, value)| (key, value))
    }
}

impl<K: Ord, V> Extend<(K, V)> for Map<K, V> {
    fn extend<T: IntoIterator<Item = (K, V)>>(&mut self, rows: T) {
        for (key, value) in rows {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(rows: T) -> Self {
        let mut map = Self::new();
        map.extend(rows);
        map
    }
}

impl<K, V> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = alloc::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

impl<'m, K, V> IntoIterator for &'m Map<K, V> {
    type Item = (&'m K, &'m V);
    type IntoIter = core::iter::Map<core::slice::Iter<'m, (K, V)>, fn(&'m (K, V)) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.iter().map(|(key, value)| (key, value))
    }
}

/// Keys without values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set<K>(Map<K, ()>);

impl<K> Default for Set<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K> Set<K> {
    pub const fn new() -> Self {
        Self(Map::new())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.0.keys()
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&K) -> bool) {
        self.0.retain(|key, ()| keep(key));
    }
}

impl<K: Ord> Set<K> {
    pub fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.contains_key(key)
    }

    /// Whether it is new.
    pub fn insert(&mut self, key: K) -> bool {
        self.0.insert(key, ()).is_none()
    }

    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.remove(key).is_some()
    }
}

impl<K> IntoIterator for Set<K> {
    type Item = K;
    type IntoIter = core::iter::Map<alloc::vec::IntoIter<(K, ())>, fn((K, ())) -> K>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.rows.into_iter().map(|(key, ())| key)
    }
}

impl<'m, K> IntoIterator for &'m Set<K> {
    type Item = &'m K;
    type IntoIter = core::iter::Map<core::slice::Iter<'m, (K, ())>, fn(&'m (K, ())) -> &'m K>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.rows.iter().map(|(key, ())| key)
    }
}

impl<K: Ord> Extend<K> for Set<K> {
    fn extend<T: IntoIterator<Item = K>>(&mut self, keys: T) {
        self.0.extend(keys.into_iter().map(|key| (key, ())));
    }
}

impl<K: Ord> FromIterator<K> for Set<K> {
    fn from_iter<T: IntoIterator<Item = K>>(keys: T) -> Self {
        let mut set = Self::new();
        set.extend(keys);
        set
    }
}

/// The places 0 to `count` in the order that `before` says, equals as they were: a merge sort over numbers, so that the page
/// carries one, and not the library's three for every kind of row.
pub fn order(count: usize, before: &dyn Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    let mut merged = Vec::with_capacity(count);
    let mut width = 1;
    while width < count {
        merged.clear();
        for both in places.chunks(2 * width) {
            let (mut one, mut other) = both.split_at(width.min(both.len()));
            while let ([first, ones @ ..], [second, others @ ..]) = (one, other) {
                if before(*second, *first) {
                    merged.push(*second);
                    other = others;
                } else {
                    merged.push(*first);
                    one = ones;
                }
            }
            merged.extend_from_slice(one);
            merged.extend_from_slice(other);
        }
        mem::swap(&mut places, &mut merged);
        width *= 2;
    }
    places
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;

    use super::{Map, Set, order};

    #[test]
    fn an_order_is_that_of_a_stable_sort() {
        for count in 0..70 {
            let keys: Vec<usize> = (0..count).map(|at| at * 37 % 11).collect();
            let mut sorted: Vec<usize> = (0..count).collect();
            sorted.sort_by_key(|at| keys[*at]);
            let ordered = order(count, &|one, other| keys[one] < keys[other]);
            assert_eq!(ordered, sorted);
        }
    }

    #[test]
    fn it_holds_what_a_tree_holds() {
        let (mut map, mut tree) = (Map::new(), BTreeMap::new());
        let mut random = 7_u64;
        for step in 0..5_000_u32 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let key = (random >> 33) as u16 % 97;
            match random >> 61 {
                0..=3 => assert_eq!(map.insert(key, step), tree.insert(key, step)),
                4 | 5 => assert_eq!(map.remove(&key), tree.remove(&key)),
                6 => assert_eq!(map.pop_first(), tree.pop_first()),
                _ => assert_eq!(
                    map.get_or_insert_with(key, || step),
                    tree.entry(key).or_insert(step)
                ),
            }
            assert_eq!(map.get(&key), tree.get(&key));
            assert!(map.iter().eq(tree.iter()));
            assert!(map.from(&key).eq(tree.range(key..)));
        }
    }

    #[test]
    fn a_set_holds_each_once_and_in_order() {
        let mut set: Set<u8> = [3, 1, 2, 3].into_iter().collect();
        assert!(!set.insert(1));
        assert!(set.remove(&2));
        assert_eq!(set.into_iter().collect::<Vec<_>>(), [1, 3]);
    }
}
