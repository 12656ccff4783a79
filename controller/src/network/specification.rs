//! What a network was asked to be.

use netkeep_model::{Network, RequestedPool, Scope, Timestamp};

use super::DEFAULT_IPAM;
use crate::operation::check_size;
use crate::replica::State;
use crate::{Error, ErrorKind, NetworkSpec, PoolSpec, Result, lookup};

/// Refuses what no driver could make.
///
/// # Errors
///
/// [`ErrorKind::Invalid`] names the field.
pub(super) fn validate(spec: &NetworkSpec) -> Result<()> {
    check_size(spec)?;
    let refuse = |field: &str, why: &str| Err(Error::invalid(format!("{field}: {why}")));
    if spec.config_only {
        let not_its_own = [
            ("ingress", spec.ingress),
            ("internal", spec.internal),
            ("attachable", spec.attachable),
            ("config_from", spec.config_from.is_some()),
            ("scope", spec.scope == Some(Scope::Global)),
        ];
        if let Some((field, _)) = not_its_own.iter().find(|(_, set)| *set) {
            return refuse(field, "a network that only lends its configuration cannot have it");
        }
    }
    if spec.config_from.is_some() {
        if spec.scope == Some(Scope::Global) {
            return refuse("config_from", "a network of global scope cannot have what one host configures");
        }
        let lent = [
            ("ipam.pools", !spec.ipam.pools.is_empty()),
            ("ipam.driver", spec.ipam.driver.is_some()),
            ("ipam.space", spec.ipam.space.is_some()),
            ("ipam.options", !spec.ipam.options.is_empty()),
            ("options", !spec.options.is_empty()),
            ("labels", !spec.labels.is_empty()),
            ("ipv6", spec.ipv6),
        ];
        if let Some((field, _)) = lent.iter().find(|(_, set)| *set) {
            return refuse(field, "it comes from the network named in config_from and cannot be given too");
        }
    }
    for pool in &spec.ipam.pools {
        family(spec, pool)?;
    }
    Ok(())
}

fn family(spec: &NetworkSpec, pool: &PoolSpec) -> Result<()> {
    let v6 = is_ipv6(pool);
    let shown = pool.pool.map_or_else(|| "a pool".to_owned(), |pool| format!("pool {pool}"));
    if v6 && !spec.ipv6 {
        return Err(Error::invalid(format!(
            "ipam.pools: {shown} is of IPv6, which the network does not have; set ipv6"
        )));
    }
    if !v6 && !spec.ipv4 {
        return Err(Error::invalid(format!(
            "ipam.pools: {shown} is of IPv4, which the network does not have; set ipv4"
        )));
    }
    if let (None, Some(sub)) = (pool.pool, pool.sub) {
        return Err(Error::invalid(format!(
            "ipam.pools: sub-pool {sub} needs the pool that it is a part of"
        )));
    }
    let others = pool.auxiliary.iter().map(|(name, ip)| (format!("auxiliary address {name:?}"), *ip));
    for (what, ip) in pool.gateway.map(|ip| ("gateway".to_owned(), ip)).into_iter().chain(others) {
        if ip.is_ipv6() != v6 {
            return Err(Error::invalid(format!("ipam.pools: {what} {ip} is not of the family of {shown}")));
        }
        if let Some(whole) = pool.pool.filter(|whole| !whole.contains(ip)) {
            return Err(Error::invalid(format!(
                "ipam.pools: {what} {ip} is outside pool {whole}, which has {} to {}",
                whole.first(),
                whole.last()
            )));
        }
    }
    Ok(())
}

fn is_ipv6(pool: &PoolSpec) -> bool {
    pool.pool.map(|pool| pool.is_ipv6()).or(pool.gateway.map(|ip| ip.is_ipv6())).unwrap_or_default()
}

/// The pools that are asked for: those of the specification, and one of any size for each wanted family that it
/// does not mention.
pub(super) fn requested_pools(spec: &NetworkSpec) -> Vec<RequestedPool> {
    let mut pools: Vec<RequestedPool> = spec
        .ipam
        .pools
        .iter()
        .map(|pool| RequestedPool {
            ipv6: is_ipv6(pool),
            pool: pool.pool,
            sub: pool.sub,
            gateway: pool.gateway,
            auxiliary: pool.auxiliary.clone(),
        })
        .collect();
    for (wanted, ipv6) in [(spec.ipv4, false), (spec.ipv6, true)] {
        if wanted && !pools.iter().any(|pool| pool.ipv6 == ipv6) {
            pools.push(RequestedPool { ipv6, ..RequestedPool::default() });
        }
    }
    pools
}

/// The record of the network that is asked for, before its pools are chosen.
pub(super) fn record(spec: &NetworkSpec, scope: Scope) -> Network {
    Network {
        labels: spec.labels.clone(),
        options: spec.options.clone(),
        ipv4: spec.ipv4,
        ipv6: spec.ipv6,
        internal: spec.internal,
        attachable: spec.attachable,
        ingress: spec.ingress,
        config_only: spec.config_only,
        dynamic: spec.dynamic,
        ..Network::new(spec.name.clone(), spec.driver.clone(), scope, Timestamp::now())
    }
}

/// Refuses a request that has made another network than the one that is asked for now.
///
/// # Errors
///
/// [`ErrorKind::Exists`] names the field that differs.
pub(super) fn check_repeated(state: &State, spec: &NetworkSpec, found: &Network) -> Result<()> {
    let lent = spec.config_from.is_some();
    let source =
        spec.config_from.as_ref().map(|name| lookup::network(state, name.as_str()).map(|read| read.id));
    let source = source.transpose().ok().flatten();
    let requested: Vec<RequestedPool> = found.ipam.pools.iter().map(|pool| pool.requested.clone()).collect();
    // A network without addresses keeps nothing of what it was asked for of them; there are no pools to ask for.
    let pools = match &found.ipam.driver {
        None if !found.config_only => spec.ipam.pools.is_empty(),
        _ => requested_pools(spec) == requested,
    };
    let addressed = !lent && (found.config_only || found.ipam.driver.is_some());
    let ipam_driver = match &spec.ipam.driver {
        None if !found.config_only => {
            found.ipam.driver.as_ref().is_none_or(|kind| kind.as_str() == DEFAULT_IPAM)
        }
        wanted => *wanted == found.ipam.driver,
    };
    let space = spec.ipam.space.is_none() && !found.config_only || spec.ipam.space == found.ipam.space;
    let same = [
        ("name", spec.name == found.name),
        ("driver", spec.driver == found.driver),
        ("scope", spec.scope.is_none_or(|scope| scope == found.scope)),
        ("options", lent || spec.options == found.options),
        ("labels", lent || spec.labels == found.labels),
        ("ipv4", lent || spec.ipv4 == found.ipv4),
        ("ipv6", lent || spec.ipv6 == found.ipv6),
        ("internal", spec.internal == found.internal),
        ("attachable", spec.attachable == found.attachable),
        ("ingress", spec.ingress == found.ingress),
        ("config_only", spec.config_only == found.config_only),
        ("config_from", source == found.config_from),
        ("dynamic", spec.dynamic == found.dynamic),
        ("ipam.driver", !addressed || ipam_driver),
        ("ipam.space", !addressed || space),
        ("ipam.options", !addressed || spec.ipam.options == found.ipam.options),
        ("ipam.pools", lent || pools),
    ];
    match same.iter().find(|(_, same)| !same) {
        None => Ok(()),
        Some((field, _)) => Err(Error::new(
            ErrorKind::Exists,
            format!("request: it has made network {:?} already, with another {field}", found.name.as_str()),
        )),
    }
}
