//! Leases: whole seconds, named by etcd.

use std::time::Duration;

use netkeep_store::{Error, Kind, LeaseId, Result};

use crate::pool::Pool;

/// The shortest lease that an etcd of the usual election timeout (1 s) grants as it is.
pub(crate) const SHORTEST: Duration = Duration::from_secs(2);
/// Up to one second because etcd counts whole ones, half of one until it looks, and the rest for the commit that ends
/// the lease.
pub(crate) const SLACK: Duration = Duration::from_secs(3);

pub(crate) async fn grant(pool: &Pool, ttl: Duration) -> Result<LeaseId> {
    let seconds = i64::try_from(ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0)).unwrap_or(i64::MAX);
    let granted = pool
        .ask(async move |mut at| at.lease.grant(seconds, None).await)
        .await
        .map_err(crate::error::Fault::of_write)?;
    let id = granted.id();
    if granted.ttl() != seconds {
        // Nobody has heard of this lease; if it cannot be revoked, it ends by itself.
        let _ = pool.ask(async move |mut at| at.lease.revoke(id).await).await;
        return Err(Error::invalid(format!(
            "ttl is {ttl:?}, and this etcd would make it {} s, for its election timeout; ask for that or more",
            granted.ttl()
        )));
    }
    Ok(LeaseId::new(format!("{id:x}")))
}

pub(crate) async fn keep_alive(pool: &Pool, id: &LeaseId) -> Result<()> {
    let number = number(id)?;
    // One message on a stream of its own: nobody else may renew it, so there is nothing to keep open.
    let answer = pool.ask(async move |mut at| at.lease.keep_alive(number).await.map(drop)).await;
    answer.map_err(|fault| named(fault.of_write(), id))
}

pub(crate) async fn revoke(pool: &Pool, id: &LeaseId) -> Result<()> {
    let number = number(id)?;
    let answer = pool.ask(async move |mut at| at.lease.revoke(number).await.map(drop)).await;
    answer.map_err(|fault| named(fault.of_write(), id))
}

/// What etcd calls the lease. A name that cannot be one of etcd's was never granted.
pub(crate) fn number(id: &LeaseId) -> Result<i64> {
    match i64::from_str_radix(id.as_str(), 16) {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(named(Error::new(Kind::LeaseLost, "the lease is none of etcd's"), id)),
    }
}

/// The lease of an entry, if it has one.
pub(crate) fn of_entry(number: i64) -> Option<LeaseId> {
    (number != 0).then(|| LeaseId::new(format!("{number:x}")))
}

fn named(error: Error, id: &LeaseId) -> Error {
    if error.kind() == Kind::LeaseLost { error.with_context("lease", id) } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_etcds_numbers_as_its_tools_write_them() {
        let id = of_entry(0x694d_9a2b_c3d4_e5f6).unwrap();
        assert_eq!(id.as_str(), "694d9a2bc3d4e5f6");
        assert_eq!(number(&id).unwrap(), 0x694d_9a2b_c3d4_e5f6);
        assert_eq!(of_entry(0), None);
        for foreign in ["", "0", "-1", "x", "8000000000000000"] {
            let error = number(&LeaseId::new(foreign)).unwrap_err();
            assert_eq!(error.kind(), Kind::LeaseLost, "{foreign}");
        }
    }
}
