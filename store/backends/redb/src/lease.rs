//! The leases of an open file.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use netkeep_store::{Error, Identity, Kind, LeaseId, Result};

/// How long after a failure the end of a lease is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Which handle of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner(pub(crate) u64);

/// How the leases of one store are named: by the beginning of its id, and a number that is never given again.
#[derive(Clone, Debug)]
pub(crate) struct LeaseNames(String);

/// The leases that live. What is stored of them is a number and a time to live; who has them and when they end is
/// known to this process only.
#[derive(Debug, Default)]
pub(crate) struct Leases(BTreeMap<u64, Held>);

#[derive(Debug)]
struct Held {
    /// `None` for a lease from before the file was opened: nobody has it any more.
    owner: Option<Owner>,
    ttl: Duration,
    deadline: Instant,
    /// The commit that ends it is under way.
    ending: bool,
}

impl LeaseNames {
    pub(crate) fn new(identity: &Identity) -> Self {
        let mut name = identity.id.to_string();
        name.truncate(8);
        Self(name)
    }

    pub(crate) fn name(&self, number: u64) -> LeaseId {
        LeaseId::new(format!("{}-{number}", self.0))
    }

    /// The number of a lease; `None` if the name is another store's or nobody's.
    pub(crate) fn number(&self, id: &LeaseId) -> Option<u64> {
        let number = id.as_str().strip_prefix(&self.0)?.strip_prefix('-')?;
        // Only as it was written: no sign, no leading zero.
        number.parse().ok().filter(|parsed: &u64| parsed.to_string() == number)
    }
}

impl Leases {
    /// Notes a lease that was granted.
    pub(crate) fn granted(&mut self, number: u64, owner: Owner, ttl: Duration) {
        self.insert(number, Some(owner), ttl);
    }

    /// Notes a lease that was found in the file: it lives for its whole time again, though nobody can renew it.
    pub(crate) fn found(&mut self, number: u64, ttl: Duration) {
        self.insert(number, None, ttl);
    }

    /// Lets a lease live for its whole time from now.
    pub(crate) fn renew(&mut self, id: &LeaseId, number: Option<u64>, owner: Owner) -> Result<()> {
        let now = Instant::now();
        let held = number.and_then(|number| self.0.get_mut(&number)).filter(|held| held.lives(now));
        match held {
            Some(held) if held.owner == Some(owner) => {
                held.deadline = now + held.ttl;
                Ok(())
            }
            Some(_) => Err(anothers(id)),
            None => Err(ended(id)),
        }
    }

    /// Refuses a lease that has ended or that `owner` did not grant.
    pub(crate) fn check(&self, id: &LeaseId, number: Option<u64>, owner: Owner) -> Result<u64> {
        let held = number.and_then(|number| self.0.get_key_value(&number));
        match held.filter(|(_, held)| held.lives(Instant::now())) {
            Some((number, held)) if held.owner == Some(owner) => Ok(*number),
            Some(_) => Err(anothers(id)),
            None => Err(ended(id)),
        }
    }

    /// The leases whose time is over; from now on nobody can renew them.
    pub(crate) fn overdue(&mut self) -> Vec<u64> {
        let now = Instant::now();
        let overdue = self.0.iter_mut().filter(|(_, held)| held.deadline <= now);
        overdue
            .map(|(number, held)| {
                held.ending = true;
                *number
            })
            .collect()
    }

    /// Lets the commit that ends a lease be tried again a little later.
    pub(crate) fn postpone(&mut self, number: u64) {
        if let Some(held) = self.0.get_mut(&number) {
            held.deadline = Instant::now() + AGAIN;
        }
    }

    /// Forgets a lease that has ended.
    pub(crate) fn remove(&mut self, number: u64) {
        self.0.remove(&number);
    }

    /// When the first lease ends if nobody renews it.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.0.values().map(|held| held.deadline).min()
    }

    fn insert(&mut self, number: u64, owner: Option<Owner>, ttl: Duration) {
        self.0.insert(number, Held { owner, ttl, deadline: Instant::now() + ttl, ending: false });
    }
}

impl Held {
    fn lives(&self, now: Instant) -> bool {
        !self.ending && self.deadline > now
    }
}

pub(crate) fn ended(id: &LeaseId) -> Error {
    Error::new(Kind::LeaseLost, format!("lease {id} has ended"))
}

fn anothers(id: &LeaseId) -> Error {
    Error::new(Kind::LeaseLost, format!("lease {id} was granted to another handle"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_only_as_it_was_written() {
        let names = LeaseNames::new(&Identity::fresh());
        let name = names.name(17);
        assert_eq!(names.number(&name), Some(17));
        let other = LeaseNames::new(&Identity::fresh()).name(17);
        let zero = LeaseId::new(name.as_str().replace("-17", "-017"));
        for wrong in [other, zero, LeaseId::new(""), LeaseId::new("17")] {
            assert_eq!(names.number(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_overdue_is_nobodys() {
        let mut leases = Leases::default();
        let (id, owner) = (LeaseId::new("l"), Owner(1));
        leases.granted(1, owner, Duration::ZERO);
        leases.granted(2, owner, Duration::from_secs(60));
        assert_eq!(leases.overdue(), [1]);
        assert_eq!(leases.renew(&id, Some(1), owner).unwrap_err().kind(), Kind::LeaseLost);
        leases.renew(&id, Some(2), owner).unwrap();
        assert_eq!(leases.renew(&id, Some(2), Owner(2)).unwrap_err().kind(), Kind::LeaseLost);
        assert_eq!(leases.check(&id, Some(2), owner).unwrap(), 2);
        assert_eq!(leases.check(&id, None, owner).unwrap_err().kind(), Kind::LeaseLost);
    }
}
