//! An allocator that is made up.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netkeep_drivers::ipam::builtin::BuiltinIpam;
use netkeep_drivers::{
    AddressGrant, AddressRequest, Answer, EnsureError, Error, ErrorKind, Grant, IpamDriver, Plan, PoolGrant,
    PoolRequest, Result,
};
use netkeep_model::{Claim, Scope};

use crate::ipam::someone;
use crate::{Faults, Ledger, LedgerView, Place};

/// An IPAM driver in another process, as one sees it over a socket: it keeps for itself what it has given, over
/// restarts of those who asked; clones are the same one. What it gives it chooses as the built-in driver does.
///
/// Every call is two steps of its [`Faults`]: before it, and after it was done.
#[derive(Clone, Debug)]
pub struct FakeAllocator {
    chooses: Arc<BuiltinIpam>,
    held: Arc<Mutex<Ledger>>,
    faults: Faults,
}

impl FakeAllocator {
    /// An allocator that chooses so and has given nothing.
    pub fn new(chooses: BuiltinIpam) -> Self {
        Self { chooses: Arc::new(chooses), held: Arc::default(), faults: Faults::new() }
    }

    /// What is held.
    pub fn held(&self) -> BTreeSet<String> {
        self.ledger().claims().iter().map(|(claim, _)| claim.to_string()).collect()
    }

    /// The steps of its calls.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Asks for a pool.
    ///
    /// Cancellation: it may have been given.
    ///
    /// # Errors
    ///
    /// [`EnsureError::Unknown`] if no answer came, else what the allocator says against it.
    pub async fn pool(&self, request: &PoolRequest) -> Result<PoolGrant, EnsureError> {
        self.step("before the choice of a pool").await?;
        let plan = self.chooses.plan_pool(&self.view(), request).await?;
        let grant = self.give(plan)?;
        self.step("after the choice of a pool").await?;
        Ok(grant)
    }

    /// Asks for an address.
    ///
    /// Cancellation: it may have been given.
    ///
    /// # Errors
    ///
    /// As [`FakeAllocator::pool`].
    pub async fn address(&self, request: &AddressRequest) -> Result<AddressGrant, EnsureError> {
        self.step("before the choice of an address").await?;
        let plan = self.chooses.plan_address(&self.view(), request).await?;
        let grant = self.give(plan)?;
        self.step("after the choice of an address").await?;
        Ok(grant)
    }

    /// Takes something back; it need not be held.
    pub fn take_back(&self, grant: &Grant) {
        let claim = match grant {
            Grant::Pool(PoolGrant { space, pool, sub, .. }) => {
                Claim::Pool { space: space.clone(), pool: *pool, sub: *sub }
            }
            Grant::Address(PoolGrant { space, pool, .. }, ip) => {
                Claim::Address { space: space.clone(), pool: *pool, ip: *ip }
            }
        };
        self.ledger().release_one(&claim, &someone());
    }

    fn view(&self) -> LedgerView {
        let held = self.ledger().clone();
        LedgerView::new(held.clone(), held, Scope::Local)
    }

    fn give<T>(&self, plan: Plan<T>) -> Result<T> {
        let Answer::Now(answer) = plan.answer else {
            return Err(Error::new(ErrorKind::Internal, "the built-in driver answers now"));
        };
        let mut ledger = self.ledger();
        for claim in plan.claims {
            let given = ledger.take(claim, someone());
            given.map_err(|_| Error::new(ErrorKind::Internal, "the built-in driver gave what is held"))?;
        }
        Ok(answer)
    }

    async fn step(&self, what: &str) -> Result<(), EnsureError> {
        let no_answer = |_| {
            let error = Error::new(ErrorKind::Unavailable, "the allocator has not answered");
            EnsureError::Unknown(error)
        };
        self.faults.reach(Place::Host, what).await.map_err(no_answer)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
