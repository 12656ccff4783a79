//! What fits into a transaction.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::{Error, Key, Prefix, Result, Txn, Write};

/// The bounds that a store sets to transactions and leases.
///
/// All but the lease bounds are the same for every store ([`Limits::PORTABLE`]), so that what one store takes
/// every other takes too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Keys in one transaction, guarded or written; a leased put counts twice (two operations on Consul).
    pub txn_keys: usize,
    /// Directories in one transaction.
    pub txn_directories: usize,
    /// Bytes of keys and values in one transaction.
    pub txn_bytes: usize,
    /// Bytes of one value.
    pub value_bytes: usize,
    /// Bytes of one key.
    pub key_bytes: usize,
    /// The shortest lease that is granted.
    pub lease_min: Duration,
    /// The longest lease that is granted.
    pub lease_max: Duration,
    /// How long after its last renewal plus its `ttl` a lease may still live.
    pub lease_slack: Duration,
}

impl Limits {
    /// The bounds that hold on every store; a store sets its own lease bounds within these.
    pub const PORTABLE: Self = Self {
        txn_keys: 48,
        txn_directories: 12,
        txn_bytes: 320 * 1024,
        value_bytes: 256 * 1024,
        key_bytes: 512,
        lease_min: Duration::from_millis(100),
        lease_max: Duration::from_secs(3600),
        lease_slack: Duration::from_secs(2),
    };

    /// Refuses a transaction that breaks a rule, before anything of it is sent.
    ///
    /// `leased` are the directories that hold leased keys only.
    ///
    /// # Errors
    ///
    /// [`Kind::TooLarge`](crate::Kind::TooLarge) names the bound that is passed;
    /// [`Kind::Invalid`](crate::Kind::Invalid) names the key that is written or guarded twice, put with a lease
    /// outside a leased directory or without one inside, or put below a leased key, and is also the answer to a
    /// transaction that has neither guard nor write or more than one lease.
    pub fn check(&self, txn: &Txn, leased: &LeasedDirectories) -> Result<()> {
        if txn.is_empty() {
            return Err(Error::invalid("the transaction has neither guards nor writes"));
        }
        let guarded = unique(txn.guards().iter().map(|guard| guard.key()), "guarded")?;
        let written = unique(txn.writes().iter().map(|write| write.key()), "written")?;

        let mut keys = guarded.union(&written).count();
        let mut lease = None;
        for write in txn.writes() {
            let Write::Put { key, value, lease: put_lease } = write else { continue };
            leased.check_put(key, put_lease.is_some())?;
            if value.len() > self.value_bytes {
                return Err(Error::too_large(format!(
                    "the value of {key} has {} bytes; a value has at most {}",
                    value.len(),
                    self.value_bytes
                )));
            }
            if let Some(id) = put_lease {
                keys += 1;
                if lease.replace(id).is_some_and(|other| other != id) {
                    return Err(Error::invalid("the transaction names two leases; it may name one"));
                }
            }
        }
        if keys > self.txn_keys {
            return Err(Error::too_large(format!(
                "the transaction has {keys} keys (a leased put counts twice); it may have {}",
                self.txn_keys
            )));
        }
        let directories: BTreeSet<Prefix> = guarded.union(&written).map(|key| key.directory()).collect();
        if directories.len() > self.txn_directories {
            return Err(Error::too_large(format!(
                "the keys of the transaction lie in {} directories; they may lie in {}",
                directories.len(),
                self.txn_directories
            )));
        }
        let bytes = txn.bytes();
        if bytes > self.txn_bytes {
            return Err(Error::too_large(format!(
                "the keys and values of the transaction have {bytes} bytes; they may have {}",
                self.txn_bytes
            )));
        }
        Ok(())
    }

    /// Refuses a lease that the store would shorten or lengthen.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) names the bounds.
    pub fn check_ttl(&self, ttl: Duration) -> Result<()> {
        if ttl < self.lease_min || ttl > self.lease_max {
            return Err(Error::invalid(format!(
                "a lease of {ttl:?} is not granted; it may have {:?} to {:?}",
                self.lease_min, self.lease_max
            )));
        }
        Ok(())
    }
}

fn unique<'a>(keys: impl Iterator<Item = &'a Key>, verb: &str) -> Result<BTreeSet<&'a Key>> {
    let mut seen = BTreeSet::new();
    for key in keys {
        if !seen.insert(key) {
            return Err(Error::invalid(format!("key {key} is {verb} twice in one transaction")));
        }
    }
    Ok(seen)
}

/// The directories that hold leased keys only, declared when a store is opened.
///
/// Every other directory holds none, and no key lies below a leased key: so a store may keep the two kinds in
/// different places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeasedDirectories(BTreeSet<Prefix>);

impl LeasedDirectories {
    /// These directories.
    pub fn new(directories: impl IntoIterator<Item = Prefix>) -> Self {
        Self(directories.into_iter().collect())
    }

    /// True if the keys of `directory` are leased.
    pub fn contains(&self, directory: &Prefix) -> bool {
        self.0.contains(directory)
    }

    /// The same directories below `root`.
    ///
    /// # Errors
    ///
    /// As [`Prefix::join_prefix`].
    pub fn below(&self, root: &Prefix) -> Result<Self> {
        self.0.iter().map(|directory| root.join_prefix(directory)).collect::<Result<_>>().map(Self)
    }

    /// The directories, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Prefix> {
        self.0.iter()
    }

    fn check_put(&self, key: &Key, with_lease: bool) -> Result<()> {
        let directory = key.directory();
        match (self.contains(&directory), with_lease) {
            (true, false) => Err(Error::invalid(format!(
                "key {key} is put without a lease, but its directory was declared to hold leased keys only"
            ))),
            (false, true) => Err(Error::invalid(format!(
                "key {key} is put with a lease, but its directory was not declared to hold leased keys"
            ))),
            (true, true) => Ok(()),
            (false, false) => match self.0.iter().find(|leased| leased.contains(key)) {
                Some(leased) => Err(Error::invalid(format!(
                    "key {key} lies below a leased key of {leased}; no key may lie there"
                ))),
                None => Ok(()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, LeaseId, Revision};

    fn key(text: &str) -> Key {
        Key::parse(text).unwrap()
    }

    fn check(txn: &Txn) -> Result<()> {
        let leased = LeasedDirectories::new([Prefix::parse("alive").unwrap()]);
        Limits::PORTABLE.check(txn, &leased)
    }

    #[test]
    fn what_is_at_the_bound_passes_and_what_is_over_it_does_not() {
        let keys = |n: usize| (0..n).fold(Txn::new(), |txn, i| txn.put(key(&format!("d/{i}")), ""));
        assert!(check(&keys(48)).is_ok());
        assert_eq!(check(&keys(49)).unwrap_err().kind(), Kind::TooLarge);

        let directories = |n: usize| (0..n).fold(Txn::new(), |txn, i| txn.absent(key(&format!("{i}/k"))));
        assert!(check(&directories(12)).is_ok());
        assert_eq!(check(&directories(13)).unwrap_err().kind(), Kind::TooLarge);

        let value = |n: usize| Txn::new().put(key("k"), vec![0; n]);
        assert!(check(&value(256 * 1024)).is_ok());
        assert_eq!(check(&value(256 * 1024 + 1)).unwrap_err().kind(), Kind::TooLarge);

        let two = |n: usize| Txn::new().put(key("a"), vec![0; 200 * 1024]).put(key("b"), vec![0; n]);
        assert!(check(&two(120 * 1024 - 2)).is_ok());
        assert_eq!(check(&two(120 * 1024 - 1)).unwrap_err().kind(), Kind::TooLarge);
    }

    #[test]
    fn a_guard_and_a_write_of_one_key_count_once_and_a_leased_put_twice() {
        let both = (0..48).fold(Txn::new(), |txn, i| {
            let key = key(&format!("d/{i}"));
            txn.unchanged(key.clone(), Revision::new(1)).delete(key)
        });
        assert!(check(&both).is_ok());

        let lease = LeaseId::new("l");
        let leased = |n: usize| {
            (0..n).fold(Txn::new(), |txn, i| txn.put_leased(key(&format!("alive/{i}")), "", &lease))
        };
        assert!(check(&leased(24)).is_ok());
        assert_eq!(check(&leased(25)).unwrap_err().kind(), Kind::TooLarge);
    }

    #[test]
    fn broken_rules_name_the_key() {
        let lease = LeaseId::new("l");
        for (txn, named) in [
            (Txn::new(), "neither"),
            (Txn::new().put(key("a"), "").delete(key("a")), "key a is written twice"),
            (Txn::new().absent(key("a")).unchanged(key("a"), Revision::ZERO), "key a is guarded twice"),
            (Txn::new().put(key("alive/h"), ""), "alive/h is put without"),
            (Txn::new().put_leased(key("b"), "", &lease), "key b is put with"),
            (Txn::new().put(key("alive/h/below"), ""), "alive/h/below lies below"),
            (
                Txn::new().put_leased(key("alive/h"), "", &lease).put_leased(
                    key("alive/i"),
                    "",
                    &LeaseId::new("m"),
                ),
                "two leases",
            ),
        ] {
            let error = check(&txn).unwrap_err();
            assert_eq!(error.kind(), Kind::Invalid);
            assert!(error.to_string().contains(named), "{error}");
        }
    }
}
