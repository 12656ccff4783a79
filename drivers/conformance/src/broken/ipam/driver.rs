//! An IPAM driver with a flaw.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use netkeep_drivers::{
    AddressGrant, AddressRequest, EnsureError, Error, ErrorKind, Grant, IpamDriver, IpamInfo, Plan, PlanView,
    PoolGrant, PoolRequest, RemoveError, Result,
};
use netkeep_model::{Owner, Pool};

use super::IpamFlaw;
use super::host::builtin;
use super::plans::{bend_address, bend_address_request, bend_error, bend_pool, bend_pool_request, give};
use super::view::{Bend, BentView};

/// An IPAM driver to which one thing is done.
#[derive(Debug)]
pub struct BrokenIpam {
    flaw: IpamFlaw,
    inner: Arc<dyn IpamDriver>,
    info: IpamInfo,
    /// Which instance it is, from 0.
    instance: usize,
    /// What this instance remembers, which it should not.
    seen: Mutex<BTreeSet<String>>,
    holders: Mutex<BTreeMap<String, Owner>>,
}

impl BrokenIpam {
    /// The driver with this flaw; the instance of this number.
    pub fn new(flaw: IpamFlaw, inner: Arc<dyn IpamDriver>, instance: usize) -> Self {
        let mut info = inner.info().clone();
        info.needs_mac |= flaw == IpamFlaw::ChangesItsWants && instance > 1;
        Self { flaw, inner, info, instance, seen: Mutex::default(), holders: Mutex::default() }
    }

    /// Remembers something; false if it was remembered already.
    fn remember(&self, what: impl ToString) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(what.to_string())
    }

    fn remembers(&self, what: impl ToString) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).contains(&what.to_string())
    }

    /// How the driver sees the pools that it chooses beside.
    fn bend_pools(&self, request: &PoolRequest) -> Option<Bend<'_>> {
        match (self.flaw, request.pool) {
            (IpamFlaw::OverlooksOverlaps, Some(pool)) => Some(Bend::Only(pool)),
            (IpamFlaw::LooksForItsOwnPools, None) => Some(Bend::Whole(if request.v6 { 64 } else { 24 })),
            (IpamFlaw::MindsOtherSpaces, _) => {
                Some(Bend::Together([self.info.local_space.clone(), self.info.global_space.clone()]))
            }
            (IpamFlaw::GivesPartsTwice, _) => Some(Bend::NoParts),
            _ => None,
        }
    }

    /// How the driver sees the addresses that it chooses from.
    fn bend_addresses(&self) -> Option<Bend<'_>> {
        match self.flaw {
            IpamFlaw::GivesTwice => Some(Bend::AllFree),
            IpamFlaw::TakesTheLowest => Some(Bend::Lowest),
            IpamFlaw::RemembersHolders => Some(Bend::Remembered(&self.holders)),
            _ => None,
        }
    }

    fn refuse_again(&self, kind: ErrorKind, what: String) -> Result<()> {
        if self.flaw == IpamFlaw::RemembersGrants && !self.remember(&what) {
            return Err(Error::new(kind, format!("{what} was planned already")));
        }
        Ok(())
    }
}

#[async_trait]
impl IpamDriver for BrokenIpam {
    fn info(&self) -> &IpamInfo {
        &self.info
    }

    async fn plan_pool(&self, view: &dyn PlanView, asked: &PoolRequest) -> Result<Plan<PoolGrant>> {
        if let Some(pool) = asked.pool {
            self.refuse_again(ErrorKind::Overlap, format!("pool {pool} {:?}", asked.sub))?;
        }
        let held = view.pools(&asked.space).len();
        if self.flaw == IpamFlaw::GivesUpEarly && asked.pool.is_none() && held > 2 {
            return Err(Error::new(ErrorKind::NoFreePool, "three pools are enough"));
        }
        let reached = |net: &ipnet::IpNet| asked.pool.is_some_and(|pool| pool.overlaps(Pool::around(*net)));
        if self.flaw == IpamFlaw::AvoidsWhatIsNamed && asked.avoid.iter().any(reached) {
            return Err(Error::new(ErrorKind::Overlap, "the host reaches the pool already"));
        }
        if self.flaw == IpamFlaw::TakesWhenItPlans {
            let _ = self.inner.call_pool(asked).await;
        }
        let request = bend_pool_request(self.flaw, &self.info.local_space, asked);
        let inner = if self.flaw == IpamFlaw::StartsOver { builtin() } else { self.inner.clone() };
        let plan = match self.bend_pools(&request) {
            Some(bend) => inner.plan_pool(&BentView { inner: view, bend }, &request).await,
            None => inner.plan_pool(view, &request).await,
        };
        let mut plan = plan.map_err(|error| bend_error(self.flaw, error))?;
        bend_pool(self.flaw, self.instance, asked, &mut plan);
        Ok(plan)
    }

    async fn plan_address(&self, view: &dyn PlanView, asked: &AddressRequest) -> Result<Plan<AddressGrant>> {
        if let Some(ip) = asked.address {
            self.refuse_again(ErrorKind::InUse, format!("address {ip}"))?;
        }
        let request = bend_address_request(self.flaw, asked);
        let plan = match self.bend_addresses() {
            Some(bend) => self.inner.plan_address(&BentView { inner: view, bend }, &request).await,
            None => self.inner.plan_address(view, &request).await,
        };
        let plan = match (self.flaw, asked.address, plan) {
            (IpamFlaw::GivesWhatIsReserved, Some(ip), Err(error)) if error.kind() == ErrorKind::Invalid => {
                Ok(give(asked, ip))
            }
            (IpamFlaw::GivesAnotherInstead, Some(_), Err(error)) if error.kind() == ErrorKind::InUse => {
                self.inner.plan_address(view, &AddressRequest { address: None, ..request }).await
            }
            (_, _, plan) => plan,
        };
        let mut plan = plan.map_err(|error| bend_error(self.flaw, error))?;
        bend_address(self.flaw, asked, &mut plan)?;
        Ok(plan)
    }

    async fn call_pool(&self, request: &PoolRequest) -> Result<PoolGrant, EnsureError> {
        let answer = self.inner.call_pool(request).await;
        if let Ok(grant) = &answer {
            self.remember(format!("pool {} {:?}", grant.pool, grant.sub));
        }
        answer.map_err(|error| self.bend_silence(error))
    }

    async fn call_address(&self, request: &AddressRequest) -> Result<AddressGrant, EnsureError> {
        if self.flaw == IpamFlaw::AnswersCalls {
            return Ok(AddressGrant { address: None, metadata: BTreeMap::new() });
        }
        let answer = self.inner.call_address(request).await;
        match &answer {
            Ok(AddressGrant { address: Some(net), .. }) => {
                self.remember(format!("address {}", net.addr()));
            }
            Err(EnsureError::Refused(_)) if self.flaw == IpamFlaw::KeepsWhatItRefuses => {
                let _ = self.inner.call_address(&AddressRequest { address: None, ..request.clone() }).await;
            }
            _ => {}
        }
        answer.map_err(|error| self.bend_silence(error))
    }

    async fn release(&self, grant: &Grant) -> Result<(), RemoveError> {
        let what = match grant {
            Grant::Pool(grant) => format!("pool {} {:?}", grant.pool, grant.sub),
            Grant::Address(_, ip) => format!("address {ip}"),
        };
        match (self.flaw, grant) {
            (IpamFlaw::GivesBackOnlyItsOwn, _) if !self.remembers(&what) => return Ok(()),
            (IpamFlaw::MissesWhatIsNotHeld, _) if !self.remembers(&what) => {
                let gone = Error::new(ErrorKind::NotFound, format!("{what} is not held"));
                return Err(RemoveError::Retry(gone));
            }
            (IpamFlaw::GivesBackTooMuch, Grant::Address(of, ip)) => {
                let before = of.pool.offset(*ip).and_then(|offset| of.pool.nth(offset.saturating_sub(2)));
                if let Some(other) = before {
                    self.inner.release(&Grant::Address(of.clone(), other)).await?;
                }
            }
            _ => {}
        }
        self.inner.release(grant).await
    }
}

impl BrokenIpam {
    fn bend_silence(&self, error: EnsureError) -> EnsureError {
        match error {
            EnsureError::Unknown(error) if self.flaw == IpamFlaw::TakesSilenceForRefusal => {
                EnsureError::Refused(error)
            }
            error => error,
        }
    }
}
