//! Requests and plans of IPAM drivers with a flaw.

use ipnet::IpNet;
use netkeep_drivers::{
    AddressGrant, AddressRequest, Answer, Error, ErrorKind, Plan, PoolGrant, PoolRequest, Purpose, Result,
};
use netkeep_model::{Claim, Options, Pool, Space};

use super::IpamFlaw;

/// The options without those that the driver would refuse.
fn known(options: &Options) -> Options {
    let known = options.iter().filter(|(name, _)| !name.ends_with("no-such-option"));
    known.map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

/// What the driver makes of a request of a pool.
pub(super) fn bend_pool_request(flaw: IpamFlaw, local: &Space, asked: &PoolRequest) -> PoolRequest {
    let mut request = asked.clone();
    match flaw {
        IpamFlaw::TakesAnyIpamOption => request.options = known(&request.options),
        IpamFlaw::ChoosesAnywhere if request.pool.is_none() => request.space = local.clone(),
        IpamFlaw::GivesHalf if request.sub.is_none() => request.pool = request.pool.map(half),
        IpamFlaw::ForgetsWhatTheHostReaches => request.avoid.clear(),
        IpamFlaw::TakesPartsFromAnywhere => {
            request.sub = request.sub.filter(|sub| request.pool.is_some_and(|pool| pool.covers(*sub)));
        }
        IpamFlaw::TakesAnyPool => (request.pool, request.sub, request.v6) = (None, None, false),
        _ => {}
    }
    request
}

fn half(pool: Pool) -> Pool {
    IpNet::new(pool.first(), pool.prefix_len() + 1).map_or(pool, Pool::around)
}

/// What the driver makes of the plan of a pool.
pub(super) fn bend_pool(flaw: IpamFlaw, instance: usize, asked: &PoolRequest, plan: &mut Plan<PoolGrant>) {
    let Answer::Now(grant) = &mut plan.answer else { return };
    match flaw {
        IpamFlaw::ClaimsNothingItGives => plan.claims.clear(),
        IpamFlaw::AnswersByTurns if instance % 2 == 1 => {
            grant.metadata.insert("turn".to_owned(), "odd".to_owned());
        }
        IpamFlaw::ChoosesAnywhere => {
            grant.space = asked.space.clone();
            plan.claims = vec![Claim::Pool { space: asked.space.clone(), pool: grant.pool, sub: None }];
        }
        IpamFlaw::GivesGatewaysThatAreNone => {
            let (space, pool, ip) = (grant.space.clone(), grant.pool, grant.pool.first());
            grant.gateway = Some(ip);
            plan.claims.push(Claim::Address { space, pool, ip });
        }
        IpamFlaw::TakesPartsFromAnywhere => {
            grant.sub = asked.sub;
            plan.claims = vec![Claim::Pool { space: grant.space.clone(), pool: grant.pool, sub: asked.sub }];
        }
        IpamFlaw::TakesAnyPool => {
            (grant.pool, grant.sub) = (asked.pool.unwrap_or(grant.pool), asked.sub);
        }
        IpamFlaw::WaitsForACall => plan.answer = Answer::FromCall,
        _ => {}
    }
}

/// What the driver makes of a request of an address.
pub(super) fn bend_address_request(flaw: IpamFlaw, asked: &AddressRequest) -> AddressRequest {
    let mut request = asked.clone();
    match flaw {
        IpamFlaw::TakesAnyIpamOption => request.options = known(&request.options),
        IpamFlaw::ForgetsThePart => request.sub = None,
        IpamFlaw::GivesToAnyClient => request.purpose = Purpose::Endpoint,
        IpamFlaw::ForgetsItsGateways if request.purpose == Purpose::Gateway => {
            request.purpose = Purpose::Endpoint;
        }
        _ => {}
    }
    request
}

/// What the driver makes of the plan of an address.
pub(super) fn bend_address(
    flaw: IpamFlaw,
    asked: &AddressRequest,
    plan: &mut Plan<AddressGrant>,
) -> Result<()> {
    let Answer::Now(grant) = &mut plan.answer else { return Ok(()) };
    let (pool, given) = (asked.pool, grant.address);
    match (flaw, given) {
        (IpamFlaw::ClaimsNothingItGives, _) => plan.claims.clear(),
        (IpamFlaw::ClaimsASpare, Some(net)) => {
            let spare = pool.offset(net.addr()).and_then(|offset| pool.nth(offset + 1));
            let space = asked.space.clone();
            plan.claims.extend(spare.map(|ip| Claim::Address { space, pool, ip }));
        }
        (IpamFlaw::MeasuresByThePart, Some(net)) => {
            grant.address = asked.sub.and_then(|sub| sub.with_prefix(net.addr())).or(given);
        }
        (IpamFlaw::KeepsTheLast, Some(net)) if pool.nth(pool.last_offset() - 1) == Some(net.addr()) => {
            return Err(Error::new(ErrorKind::NoFreeAddress, format!("pool {pool} has no free address")));
        }
        (IpamFlaw::GivesAllTheSame, None) => grant.address = pool.nth(7).and_then(|ip| pool.with_prefix(ip)),
        (IpamFlaw::HoldsBack, Some(_)) if asked.purpose == Purpose::Auxiliary => {
            (grant.address, plan.claims) = (None, Vec::new());
        }
        _ => {}
    }
    Ok(())
}

/// An address, whatever stands against it.
pub(super) fn give(asked: &AddressRequest, ip: std::net::IpAddr) -> Plan<AddressGrant> {
    let AddressRequest { space, pool, .. } = asked;
    let grant = AddressGrant { address: pool.with_prefix(ip), metadata: Default::default() };
    Plan { claims: vec![Claim::Address { space: space.clone(), pool: *pool, ip }], ..Plan::answer(grant) }
}

/// What the driver makes of a refusal.
pub(super) fn bend_error(flaw: IpamFlaw, error: Error) -> Error {
    let kind = match (flaw, error.kind()) {
        (IpamFlaw::BlamesAnOverlap, ErrorKind::NoFreePool) => ErrorKind::Overlap,
        (IpamFlaw::BlamesAHolder, ErrorKind::OutOfRange) => ErrorKind::InUse,
        (IpamFlaw::SaysItIsAway, ErrorKind::NoFreeAddress) => ErrorKind::Unavailable,
        _ => return error,
    };
    Error::new(kind, error.to_string())
}
