//! A store of pools and addresses with the judged driver before it.

use std::net::IpAddr;
use std::sync::Arc;

use netkeep_drivers::{
    AddressGrant, AddressRequest, Answer, EnsureError, Error, ErrorKind, Grant, IpamDriver, Mode, Plan,
    PoolGrant, PoolRequest, Purpose,
};
use netkeep_model::{
    Claim, HostId, Id, Incarnation, Options, Owner, Pool, RequestId, Scope, Space, Timestamp,
};

use super::rules::{check_address, check_plan, check_pool};
use super::{FreePools, IpamHarness, IpamSample};
use crate::{Ledger, LedgerView};

/// What a controller would do with an IPAM driver: plan, or plan and call, and then commit. Each answer is judged.
pub(crate) struct IpamSite {
    harness: Arc<dyn IpamHarness>,
    pub(crate) driver: Arc<dyn IpamDriver>,
    /// What is held.
    pub(crate) ledger: Ledger,
}

impl IpamSite {
    pub(crate) async fn start(harness: &Arc<dyn IpamHarness>) -> Self {
        let harness = harness.fresh().await;
        let driver = harness.restart().await;
        Self { harness, driver, ledger: Ledger::default() }
    }

    pub(crate) fn harness(&self) -> &dyn IpamHarness {
        &*self.harness
    }

    pub(crate) fn sample(&self) -> IpamSample {
        self.harness.sample()
    }

    pub(crate) fn is_called(&self) -> bool {
        self.driver.info().mode == Mode::Called
    }

    pub(crate) async fn restart(&mut self) {
        self.driver = self.harness.restart().await;
    }

    /// The spaces of the driver, each once.
    pub(crate) fn spaces(&self) -> Vec<Space> {
        let info = self.driver.info();
        let mut spaces = vec![info.local_space.clone(), info.global_space.clone()];
        spaces.dedup();
        spaces
    }

    /// The pools that can be chosen in this space; in a space that is not the driver's, none.
    pub(crate) fn free(&self, space: &Space) -> FreePools {
        let (info, sample) = (self.driver.info(), self.sample());
        if *space == info.local_space {
            sample.local
        } else if *space == info.global_space {
            sample.global
        } else {
            FreePools::Exclusive { ipv4: 0, ipv6: 0 }
        }
    }

    pub(crate) fn view(&self) -> LedgerView {
        LedgerView::new(self.ledger.clone(), self.ledger.clone(), Scope::Local)
    }

    /// Any pool, in the first of the driver's spaces.
    pub(crate) fn any_pool(&self, v6: bool) -> PoolRequest {
        PoolRequest {
            space: self.driver.info().local_space.clone(),
            pool: None,
            sub: None,
            v6,
            options: Options::new(),
            avoid: Vec::new(),
        }
    }

    /// This pool, or this part of it.
    pub(crate) fn named(&self, pool: &str, sub: Option<&str>) -> PoolRequest {
        PoolRequest { pool: Some(written(pool)), sub: sub.map(written), ..self.any_pool(false) }
    }

    /// Plans a pool, and judges the plan; nothing is committed.
    pub(crate) async fn plan_pool(&self, request: &PoolRequest) -> Result<Plan<PoolGrant>, Error> {
        let plan = self.driver.plan_pool(&self.view(), request).await?;
        check_plan(self, &plan);
        if let Answer::Now(grant) = &plan.answer {
            check_pool(self, request, grant, Some(&plan.claims));
        }
        Ok(plan)
    }

    /// Plans an address, and judges the plan; nothing is committed.
    pub(crate) async fn plan_address(&self, request: &AddressRequest) -> Result<Plan<AddressGrant>, Error> {
        let plan = self.driver.plan_address(&self.view(), request).await?;
        check_plan(self, &plan);
        if let Answer::Now(grant) = &plan.answer {
            check_address(self, request, grant, Some(&plan.claims));
        }
        Ok(plan)
    }

    /// Takes a pool: plans, calls where the driver is called, and commits.
    pub(crate) async fn pool(&mut self, request: &PoolRequest) -> Result<PoolGrant, Error> {
        let plan = self.plan_pool(request).await?;
        let (grant, claims) = match plan.answer {
            Answer::Now(grant) => (grant, plan.claims),
            Answer::FromCall => {
                let grant = self.driver.call_pool(request).await.map_err(refused)?;
                check_pool(self, request, &grant, None);
                let claims = claims_of_pool(&grant);
                (grant, claims)
            }
        };
        self.take(claims);
        Ok(grant)
    }

    /// Takes an address: plans, calls where the driver is called, and commits.
    pub(crate) async fn address(&mut self, request: &AddressRequest) -> Result<AddressGrant, Error> {
        let plan = self.plan_address(request).await?;
        let (grant, claims) = match plan.answer {
            Answer::Now(grant) => (grant, plan.claims),
            Answer::FromCall => {
                let grant = self.driver.call_address(request).await.map_err(refused)?;
                check_address(self, request, &grant, None);
                let claim = grant.address.map(|net| claim_of_address(request, net.addr()));
                (grant, claim.into_iter().collect())
            }
        };
        self.take(claims);
        Ok(grant)
    }

    /// As [`IpamSite::pool`], of a pool that the suite expects to get.
    pub(crate) async fn has_pool(&mut self, request: &PoolRequest, clause: &str) -> PoolGrant {
        let given = self.pool(request).await;
        given.unwrap_or_else(|error| panic!("{clause}: {} is refused: {error}", shown(request)))
    }

    /// As [`IpamSite::address`], of an address that the suite expects to get.
    pub(crate) async fn has_address(&mut self, request: &AddressRequest, clause: &str) -> Option<IpAddr> {
        let given = self.address(request).await;
        let given = given.unwrap_or_else(|error| {
            panic!("{clause}: {:?} of pool {} is refused: {error}", request.address, request.pool)
        });
        given.address.map(|net| net.addr())
    }

    /// Gives a pool back, outside the store and in it.
    pub(crate) async fn release_pool(&mut self, grant: &PoolGrant, clause: &str) {
        self.release(&Grant::Pool(grant.clone()), clause).await;
        for claim in claims_of_pool(grant) {
            self.ledger.release_one(&claim, &someone());
        }
    }

    /// Gives an address back, outside the store and in it.
    pub(crate) async fn release_address(&mut self, grant: &PoolGrant, ip: IpAddr, clause: &str) {
        self.release(&Grant::Address(grant.clone(), ip), clause).await;
        let claim = Claim::Address { space: grant.space.clone(), pool: grant.pool, ip };
        self.ledger.release_one(&claim, &someone());
    }

    /// Gives something back outside the store alone.
    pub(crate) async fn release(&self, grant: &Grant, clause: &str) {
        let released = self.driver.release(grant).await;
        released.unwrap_or_else(|error| panic!("{clause}: {grant:?} is not taken back: {error}"));
    }

    /// Any address of a pool that was given, for an endpoint.
    pub(crate) fn any_of(grant: &PoolGrant) -> AddressRequest {
        AddressRequest {
            space: grant.space.clone(),
            pool: grant.pool,
            sub: grant.sub,
            address: None,
            purpose: Purpose::Endpoint,
            mac: None,
            options: Options::new(),
        }
    }

    /// This address of a pool that was given, for an endpoint.
    pub(crate) fn fixed_of(grant: &PoolGrant, ip: IpAddr) -> AddressRequest {
        AddressRequest { address: Some(ip), ..Self::any_of(grant) }
    }

    /// Takes claims, as a commit would.
    fn take(&mut self, claims: Vec<Claim>) {
        for claim in claims {
            let taken = self.ledger.take(claim.clone(), someone());
            taken.unwrap_or_else(|_| panic!("D-IPAM-5: {claim} is claimed, and it is held in the view"));
        }
    }

    /// A pool of each family from which addresses can be asked, as far as the driver has such.
    pub(crate) async fn pools(&mut self, clause: &str) -> Vec<PoolGrant> {
        let mut pools = Vec::new();
        if self.sample().named {
            for text in ["10.99.0.0/24", "fd99::/64"] {
                pools.push(self.has_pool(&self.named(text, None), clause).await);
            }
        } else {
            for v6 in [false, true] {
                if self.sample().local.count(v6) != Some(0) {
                    pools.push(self.has_pool(&self.any_pool(v6), clause).await);
                }
            }
        }
        pools
    }
}

/// Whoever holds what the suite has taken.
pub(crate) fn someone() -> Owner {
    let bits = Id::new(Timestamp::from_unix_millis(0), [0x77; 10]);
    Owner::Client {
        host: HostId::from(bits),
        incarnation: Incarnation::new(1),
        since: Timestamp::from_unix_millis(0),
        request: RequestId::from(bits),
    }
}

/// A pool of the suite's own.
pub(crate) fn written(text: &str) -> Pool {
    text.parse().expect("the suite writes its pools rightly")
}

/// What is held with a pool: itself, and the gateway that comes with it.
pub(crate) fn claims_of_pool(grant: &PoolGrant) -> Vec<Claim> {
    let PoolGrant { space, pool, sub, gateway, .. } = grant;
    let gateway = gateway.map(|ip| Claim::Address { space: space.clone(), pool: *pool, ip });
    let pool = Claim::Pool { space: space.clone(), pool: *pool, sub: *sub };
    std::iter::once(pool).chain(gateway).collect()
}

pub(crate) fn claim_of_address(request: &AddressRequest, ip: IpAddr) -> Claim {
    Claim::Address { space: request.space.clone(), pool: request.pool, ip }
}

pub(crate) fn shown(request: &PoolRequest) -> String {
    match (request.pool, request.sub) {
        (Some(pool), Some(sub)) => format!("sub-pool {sub} of pool {pool} in space {}", request.space),
        (Some(pool), None) => format!("pool {pool} in space {}", request.space),
        (None, _) if request.v6 => format!("any IPv6 pool in space {}", request.space),
        (None, _) => format!("any IPv4 pool in space {}", request.space),
    }
}

/// Expects a refusal of one of these kinds that names what it is about.
#[track_caller]
pub(crate) fn expect_refused<T>(answer: Result<T, Error>, kinds: &[ErrorKind], names: &[&str], what: &str) {
    let Err(error) = answer else { panic!("{what}: it was given") };
    assert!(kinds.contains(&error.kind()), "{what}: it is refused as {:?}: {error}", error.kind());
    let text = error.to_string();
    for name in names {
        assert!(text.contains(name), "{what}: the refusal does not name {name}: {text}");
    }
}

fn refused(error: EnsureError) -> Error {
    match error {
        EnsureError::Refused(error) | EnsureError::Taken(_, error) | EnsureError::Unknown(error) => error,
    }
}
