//! Which of many numbers are free: a cache in memory, made from records.

use std::collections::BTreeSet;

use netkeep_drivers::Order;
use rangemap::RangeInclusiveSet;

/// The numbers of one range, such as the addresses of a pool, that are taken by a record or by an operation that
/// is under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct FreeMap {
    taken: RangeInclusiveSet<u128>,
    /// Taken by an operation that is under way, whether or not a record holds it too.
    reserved: BTreeSet<u128>,
    /// Of those, the ones that a record holds too.
    both: BTreeSet<u128>,
    /// The number that was given last.
    last: Option<u128>,
}

impl FreeMap {
    /// Notes that a record holds `n`.
    pub(crate) fn record(&mut self, n: u128) {
        if self.reserved.contains(&n) {
            self.both.insert(n);
        }
        self.taken.insert(n..=n);
    }

    /// Notes that no record holds `n` any more.
    pub(crate) fn unrecord(&mut self, n: u128) {
        self.both.remove(&n);
        if !self.reserved.contains(&n) {
            self.taken.remove(n..=n);
        }
    }

    /// Reserves `n`; false if it is taken.
    pub(crate) fn reserve(&mut self, n: u128) -> bool {
        if self.taken.contains(&n) {
            return false;
        }
        self.reserved.insert(n);
        self.taken.insert(n..=n);
        true
    }

    /// Reserves `n`, whether or not a record holds it too.
    pub(crate) fn reserve_too(&mut self, n: u128) {
        if !self.reserve(n) {
            self.reserved.insert(n);
            self.both.insert(n);
        }
    }

    /// Ends a reservation.
    pub(crate) fn unreserve(&mut self, n: u128) {
        if self.reserved.remove(&n) && !self.both.remove(&n) {
            self.taken.remove(n..=n);
        }
    }

    /// Says which number was given last, so that the next one follows it.
    pub(crate) fn set_last(&mut self, n: u128) {
        self.last = Some(n);
    }

    /// Forgets which number was given last.
    pub(crate) fn forget_last(&mut self) {
        self.last = None;
    }

    /// The number that was given last, or where giving begins.
    pub(crate) fn last(&self) -> Option<u128> {
        self.last
    }

    /// The numbers that operations under way hold.
    pub(crate) fn reserved(&self) -> impl Iterator<Item = u128> + '_ {
        self.reserved.iter().copied()
    }

    /// True if neither a record nor an operation holds any.
    pub(crate) fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    /// A free number from `first` to `last`, or `None`.
    pub(crate) fn find(&self, first: u128, last: u128, order: Order) -> Option<u128> {
        if first > last {
            return None;
        }
        let start = match (order, self.last) {
            (Order::Next, Some(given)) if (first..last).contains(&given) => given + 1,
            _ => first,
        };
        self.gap(start, last).or_else(|| if start > first { self.gap(first, start - 1) } else { None })
    }

    /// A free number from `first` to `last`, or `None`: somewhere, as good as drawn by `part`. Where everything is taken
    /// it is somewhere in the next gap, since others begin at its beginning.
    pub(crate) fn find_in_part(&self, first: u128, last: u128, part: u64) -> Option<u128> {
        if first > last {
            return None;
        }
        let drawn =
            |first: u128, last: u128, part: u64| first + u128::from(part) % (last - first).saturating_add(1);
        let start = drawn(first, last, part);
        let gaps = |first: u128, last: u128| self.taken.gaps(&(first..=last)).next();
        let gap = gaps(start, last).or_else(|| gaps(first, last))?;
        let is_free = *gap.start() == start;
        Some(if is_free { start } else { drawn(*gap.start(), *gap.end(), part.rotate_left(32)) })
    }

    fn gap(&self, first: u128, last: u128) -> Option<u128> {
        self.taken.gaps(&(first..=last)).next().map(|gap| *gap.start())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_goes_on_and_wraps_and_lowest_does_not() {
        let mut map = FreeMap::default();
        for expected in 1..=3 {
            let found = map.find(1, 3, Order::Next).unwrap();
            assert_eq!(found, expected);
            assert!(map.reserve(found) && !map.reserve(found));
            map.set_last(found);
            map.record(found);
            map.unreserve(found);
        }
        assert_eq!(map.find(1, 3, Order::Next), None);
        map.unrecord(1);
        assert_eq!(map.find(1, 3, Order::Next), Some(1));
        map.unrecord(2);
        map.set_last(1);
        assert_eq!(map.find(1, 3, Order::Next), Some(2));
        assert_eq!(map.find(1, 3, Order::Lowest), Some(1));
        assert_eq!(map.find(3, 1, Order::Lowest), None);
    }

    #[test]
    fn a_number_is_free_when_neither_record_nor_operation_holds_it() {
        let mut map = FreeMap::default();
        for record_goes_first in [true, false] {
            assert!(map.reserve(7));
            map.record(7);
            if record_goes_first {
                map.unrecord(7);
                assert_eq!(map.find(7, 7, Order::Lowest), None);
                map.unreserve(7);
            } else {
                map.unreserve(7);
                assert_eq!(map.find(7, 7, Order::Lowest), None);
                map.unrecord(7);
            }
            assert_eq!(map.find(7, 7, Order::Lowest), Some(7));
            assert!(map.is_empty());
        }
    }

    #[test]
    fn what_is_found_in_a_part_is_free_wherever_that_lies() {
        let mut map = FreeMap::default();
        for _ in 1..=64 {
            let part = rand::random();
            let found = map.find_in_part(1, 64, part).unwrap();
            assert!((1..=64).contains(&found) && map.reserve(found), "{found}");
        }
        assert_eq!(map.find_in_part(1, 64, 7), None);
        assert_eq!(map.find_in_part(2, 1, 7), None);
        assert!(FreeMap::default().find_in_part(0, u128::MAX, u64::MAX).is_some());
    }

    #[test]
    fn the_widest_range_has_a_first_free_number() {
        let mut map = FreeMap::default();
        map.record(0);
        map.record(u128::MAX);
        assert_eq!(map.find(0, u128::MAX, Order::Next), Some(1));
    }
}
