//! Pools that are there for whoever names none.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use netkeep_model::Pool;

use crate::{Error, Result};

/// All pools of one length in a base.
#[derive(Clone, Copy, Debug)]
pub(super) struct PredefinedPools {
    base: Pool,
    size: u8,
}

/// A list of predefined pools, by family, in the order in which they are given.
#[derive(Clone, Debug)]
pub(super) struct Predefined {
    ipv4: Vec<PredefinedPools>,
    ipv6: Vec<PredefinedPools>,
}

/// Addresses that no new pool may have: disjoint runs from first to last, in order.
#[derive(Debug)]
pub(super) struct Taken(Vec<(IpAddr, IpAddr)>);

impl PredefinedPools {
    /// All pools of length `size` in `base`; `name` is what the configuration calls the list.
    pub(super) fn new(name: &str, base: Pool, size: u8) -> Result<Self> {
        let longest = base.net().max_prefix_len();
        if size < base.prefix_len() || size > longest {
            return Err(Error::invalid(format!(
                "{name}: size {size} does not fit base {base}; it may be {} to {longest}",
                base.prefix_len()
            )));
        }
        Ok(Self { base, size })
    }

    fn count(self) -> u128 {
        1_u128.checked_shl(u32::from(self.size - self.base.prefix_len())).unwrap_or(u128::MAX)
    }

    fn host_bits(self) -> u32 {
        u32::from(self.base.net().max_prefix_len() - self.size)
    }

    fn nth(self, index: u128) -> Option<Pool> {
        let first = self.base.nth(index.checked_shl(self.host_bits()).unwrap_or(0))?;
        IpNet::new(first, self.size).ok().map(Pool::around)
    }

    /// The index of the first pool that begins after `ip`.
    fn after(self, ip: IpAddr) -> u128 {
        match self.base.offset(ip) {
            Some(offset) => offset.checked_shr(self.host_bits()).unwrap_or(0) + 1,
            None => self.count(),
        }
    }
}

impl Predefined {
    /// The list with these entries; `name` is what the configuration calls it.
    pub(super) fn new(name: &str, entries: Vec<PredefinedPools>) -> Result<Self> {
        for (index, entry) in entries.iter().enumerate() {
            if let Some(other) = entries[..index].iter().find(|other| other.base.overlaps(entry.base)) {
                return Err(Error::invalid(format!(
                    "{name}: base {} overlaps base {}; each pool may stand there once",
                    entry.base, other.base
                )));
            }
        }
        let (ipv6, ipv4) = entries.into_iter().partition(|entry| entry.base.is_ipv6());
        Ok(Self { ipv4, ipv6 })
    }

    /// Those of local spaces unless others are configured.
    pub(super) fn local() -> Self {
        let entry = |(a, b, length, size)| PredefinedPools { base: ipv4([a, b, 0, 0], length), size };
        let sixteens = [
            (172, 17, 16, 16),
            (172, 18, 16, 16),
            (172, 19, 16, 16),
            (172, 20, 14, 16),
            (172, 24, 14, 16),
            (172, 28, 14, 16),
            (192, 168, 16, 20),
        ];
        Self { ipv4: sixteens.map(entry).to_vec(), ipv6: Vec::new() }
    }

    /// Those of global spaces unless others are configured.
    pub(super) fn global() -> Self {
        Self { ipv4: vec![PredefinedPools { base: ipv4([10, 0, 0, 0], 8), size: 24 }], ipv6: Vec::new() }
    }

    /// How many pools of a family there are.
    pub(super) fn count(&self, ipv6: bool) -> u128 {
        self.of(ipv6).iter().fold(0_u128, |count, entry| count.saturating_add(entry.count()))
    }

    /// The first pool that is free, beginning at position `from` and going around once, and the position after
    /// it.
    pub(super) fn find(&self, ipv6: bool, from: u128, taken: &Taken) -> Option<(Pool, u128)> {
        let count = self.count(ipv6);
        let from = from.min(count);
        let found = self.find_in(ipv6, from, count, taken).or_else(|| self.find_in(ipv6, 0, from, taken));
        found.map(|(pool, at)| (pool, at + 1))
    }

    fn find_in(&self, ipv6: bool, from: u128, to: u128, taken: &Taken) -> Option<(Pool, u128)> {
        let mut start = 0_u128;
        for entry in self.of(ipv6) {
            let end = start.saturating_add(entry.count()).min(to);
            let mut at = from.max(start);
            // Each turn passes all that one taken run blocks, so there are no more turns than runs.
            while at < end {
                let pool = entry.nth(at - start)?;
                match taken.blocks(pool) {
                    None => return Some((pool, at)),
                    Some(last) => at = start.saturating_add(entry.after(last)),
                }
            }
            start = start.saturating_add(entry.count());
        }
        None
    }

    fn of(&self, ipv6: bool) -> &[PredefinedPools] {
        if ipv6 { &self.ipv6 } else { &self.ipv4 }
    }
}

impl Taken {
    /// The addresses of all these networks, which may overlap.
    pub(super) fn new(networks: impl IntoIterator<Item = IpNet>) -> Self {
        let mut runs: Vec<(IpAddr, IpAddr)> =
            networks.into_iter().map(|network| (network.network(), network.broadcast())).collect();
        // A longer run before those in it: two networks overlap only if one contains the other.
        runs.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        runs.dedup_by(|next, run| next.1 <= run.1);
        Self(runs)
    }

    /// The last address of the run that has an address of this pool.
    fn blocks(&self, pool: Pool) -> Option<IpAddr> {
        let at = self.0.partition_point(|(_, last)| *last < pool.first());
        self.0.get(at).filter(|(first, _)| *first <= pool.last()).map(|(_, last)| *last)
    }
}

fn ipv4(address: [u8; 4], length: u8) -> Pool {
    Pool::around(Ipv4Net::new_assert(address.into(), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(text: &str) -> Pool {
        text.parse().unwrap()
    }

    fn all(list: &Predefined) -> Vec<String> {
        let mut taken = Vec::new();
        while let Some((pool, _)) = list.find(false, 0, &Taken::new(taken.iter().copied())) {
            taken.push(pool.net());
        }
        taken.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_local_list_has_31_pools_in_the_known_order() {
        let pools = all(&Predefined::local());
        assert_eq!(pools.len(), 31);
        assert_eq!(pools[..2], ["172.17.0.0/16", "172.18.0.0/16"]);
        assert_eq!(pools[14..17], ["172.31.0.0/16", "192.168.0.0/20", "192.168.16.0/20"]);
        assert_eq!(pools[30], "192.168.240.0/20");
        assert_eq!(Predefined::local().count(false), 31);
        assert_eq!(Predefined::local().count(true), 0);
    }

    #[test]
    fn the_global_list_has_65536_pools() {
        let list = Predefined::global();
        assert_eq!(list.count(false), 65_536);
        let none = Taken::new([]);
        assert_eq!(list.find(false, 0, &none), Some((pool("10.0.0.0/24"), 1)));
        assert_eq!(list.find(false, 65_535, &none), Some((pool("10.255.255.0/24"), 65_536)));
        assert_eq!(list.find(false, 65_536, &none), Some((pool("10.0.0.0/24"), 1)));
    }

    #[test]
    fn one_taken_run_is_passed_at_once_and_nested_ones_count_as_one() {
        let list = Predefined::global();
        let taken = Taken::new(["10.1.0.0/16", "10.0.0.0/30", "10.0.0.0/9"].map(|net| net.parse().unwrap()));
        assert_eq!(taken.0.len(), 1);
        assert_eq!(list.find(false, 0, &taken), Some((pool("10.128.0.0/24"), 32_769)));
        assert_eq!(list.find(false, 0, &Taken::new(["0.0.0.0/0".parse().unwrap()])), None);
    }

    #[test]
    fn huge_ipv6_lists_are_searched_without_going_through_them() {
        let entry = PredefinedPools::new("test", pool("fd00::/8"), 64).unwrap();
        let list = Predefined::new("test", vec![entry]).unwrap();
        assert_eq!(list.count(true), 1 << 56);
        let taken = Taken::new(["fd00::/9".parse().unwrap()]);
        assert_eq!(list.find(true, 0, &taken), Some((pool("fd80::/64"), (1 << 55) + 1)));
        let whole = PredefinedPools::new("test", pool("::/0"), 128).unwrap();
        assert!(Predefined::new("test", vec![whole]).unwrap().find(true, 5, &taken).is_some());
        let one = PredefinedPools::new("test", pool("::/0"), 0).unwrap();
        assert_eq!(Predefined::new("test", vec![one]).unwrap().find(true, 0, &taken), None);
    }
}
