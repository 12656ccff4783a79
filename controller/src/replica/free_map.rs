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
    fn the_widest_range_has_a_first_free_number() {
        let mut map = FreeMap::default();
        map.record(0);
        map.record(u128::MAX);
        assert_eq!(map.find(0, u128::MAX, Order::Next), Some(1));
    }
}
