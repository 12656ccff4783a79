//! The pools and addresses of a network.

use std::net::IpAddr;

use netkeep_drivers::{AddressRequest, Answer, IpamDriver, Mode, Plan, PoolGrant, PoolRequest, Purpose};
use netkeep_model::{
    AddressRole, Claim, GrantedPool, NetworkIpam, NetworkPool, Options, Owner, PoolRef, RequestedPool, Scope,
    Space,
};

use crate::operation::{Draft, Taking, View};
use crate::{Error, ErrorKind, Result};

/// Chooses the pools of a network, with their gateways and auxiliary addresses.
pub(super) struct Pools<'a> {
    pub(super) ipam: &'a dyn IpamDriver,
    pub(super) space: &'a Space,
    pub(super) options: &'a Options,
    pub(super) owner: &'a Owner,
    pub(super) draft: &'a Draft,
    pub(super) scope: Scope,
}

impl Pools<'_> {
    pub(super) async fn choose(&self, requested: Vec<RequestedPool>) -> Result<NetworkIpam> {
        let mut ipam = NetworkIpam {
            driver: Some(self.ipam.info().kind.clone()),
            options: self.options.clone(),
            space: Some(self.space.clone()),
            pools: Vec::new(),
        };
        for pool in requested {
            ipam.pools.push(self.pool(pool).await?);
        }
        Ok(ipam)
    }

    async fn pool(&self, requested: RequestedPool) -> Result<NetworkPool> {
        let view = View::new(self.draft, self.scope, None);
        let request = PoolRequest {
            space: self.space.clone(),
            pool: requested.pool,
            sub: requested.sub,
            v6: requested.ipv6,
            options: self.options.clone(),
            avoid: Vec::new(),
        };
        let plan = self.ipam.plan_pool(&view, &request).await?;
        let grant = answer(self.ipam, &plan)?;
        for claim in &plan.claims {
            self.draft.take(Taking {
                options: self.options.clone(),
                metadata: grant.metadata.clone(),
                ipam: Some(self.ipam.info().kind.clone()),
                ..Taking::new(claim.clone(), self.owner.clone())
            })?;
        }
        let gateway = match (requested.gateway, grant.gateway) {
            (None, Some(given)) => grant.pool.with_prefix(given),
            (wanted, _) => self
                .address(&grant, wanted, Purpose::Gateway, AddressRole::Gateway)
                .await
                .map_err(|error| match wanted {
                    Some(ip) => named(error, format!("gateway {ip}")),
                    None => named(error, "gateway".to_owned()),
                })?,
        };
        for (name, ip) in &requested.auxiliary {
            let role = AddressRole::Auxiliary { name: name.clone() };
            self.address(&grant, Some(*ip), Purpose::Auxiliary, role)
                .await
                .map_err(|error| named(error, format!("auxiliary address {name:?}")))?;
        }
        Ok(NetworkPool {
            auxiliary: requested.auxiliary.clone(),
            requested,
            granted: Some(GrantedPool {
                pool: PoolRef { space: grant.space.clone(), master: grant.pool, sub: grant.sub },
                foreign_id: None,
            }),
            gateway,
            metadata: grant.metadata,
        })
    }

    async fn address(
        &self,
        grant: &PoolGrant,
        address: Option<IpAddr>,
        purpose: Purpose,
        role: AddressRole,
    ) -> Result<Option<ipnet::IpNet>> {
        let view = View::new(self.draft, self.scope, None);
        let request = AddressRequest {
            space: grant.space.clone(),
            pool: grant.pool,
            sub: grant.sub,
            address,
            purpose,
            mac: None,
            options: self.options.clone(),
        };
        let plan = self.ipam.plan_address(&view, &request).await?;
        take_address(self.draft, self.ipam, &plan, self.owner, role, grant.sub)
    }
}

/// Takes the address of a plan, and returns it.
pub(crate) fn take_address(
    draft: &Draft,
    ipam: &dyn IpamDriver,
    plan: &Plan<netkeep_drivers::AddressGrant>,
    owner: &Owner,
    role: AddressRole,
    sub: Option<netkeep_model::Pool>,
) -> Result<Option<ipnet::IpNet>> {
    let grant = answer(ipam, plan)?;
    for claim in &plan.claims {
        let role = if matches!(claim, Claim::Address { .. }) { role.clone() } else { AddressRole::Plain };
        draft.take(Taking {
            role,
            sub,
            metadata: grant.metadata.clone(),
            ..Taking::new(claim.clone(), owner.clone())
        })?;
    }
    Ok(grant.address)
}

/// The answer of a plan of an IPAM driver that plans.
pub(crate) fn answer<T: Clone>(ipam: &dyn IpamDriver, plan: &Plan<T>) -> Result<T> {
    match &plan.answer {
        Answer::Now(answer) => Ok(answer.clone()),
        Answer::FromCall => Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "IPAM driver {} answers only when it is called ({:?}), which networks do not offer yet",
                ipam.info().kind,
                Mode::Called
            ),
        )),
    }
}

fn named(error: Error, what: String) -> Error {
    if error.kind() == ErrorKind::Conflict {
        return error;
    }
    Error::new(error.kind(), format!("{what}: {error}")).with_source(error)
}
