//! What an endpoint was asked to be.

use ipnet::IpNet;
use netkeep_model::{Endpoint, HostRef, RequestedAddresses, Timestamp};

use crate::{EndpointSpec, Error, ErrorKind, Result};

/// The record of the endpoint that is asked for, before its addresses are chosen.
///
/// # Errors
///
/// [`ErrorKind::Invalid`] names the field.
pub(super) fn record(spec: &EndpointSpec, owner: HostRef) -> Result<Endpoint> {
    Ok(Endpoint {
        requested: requested(spec)?,
        ipam_options: spec.ipam_options.clone(),
        exposed_ports: spec.exposed.clone(),
        bindings_wanted: spec.bindings.clone(),
        options: spec.options.clone(),
        dns: spec.dns.clone(),
        aliases: spec.aliases.clone(),
        anonymous: spec.anonymous,
        no_resolution: spec.no_resolution,
        priority: spec.priority,
        ..Endpoint::new(spec.name.clone(), owner, Timestamp::now())
    })
}

fn requested(spec: &EndpointSpec) -> Result<RequestedAddresses> {
    let link_local = spec.link_local.iter().map(|ip| {
        let (right, length) = match ip {
            std::net::IpAddr::V4(ip) => (ip.is_link_local(), 16),
            std::net::IpAddr::V6(ip) => (ip.is_unicast_link_local(), 64),
        };
        match IpNet::new(*ip, length) {
            Ok(net) if right => Ok(net),
            _ => Err(Error::invalid(format!(
                "link_local: {ip} is no link-local address; those are in 169.254.0.0/16 and fe80::/10"
            ))),
        }
    });
    Ok(RequestedAddresses {
        mac: spec.mac,
        ipv4: spec.ipv4,
        ipv6: spec.ipv6,
        link_local: link_local.collect::<Result<_>>()?,
    })
}

/// Refuses a request that has made another endpoint than the one that is asked for now.
///
/// # Errors
///
/// [`ErrorKind::Exists`] names the field that differs.
pub(super) fn check_repeated(spec: &EndpointSpec, found: &Endpoint) -> Result<()> {
    let wanted = record(spec, found.owner)?;
    let same = [
        ("name", wanted.name == found.name),
        ("ipv4", wanted.requested.ipv4 == found.requested.ipv4),
        ("ipv6", wanted.requested.ipv6 == found.requested.ipv6),
        ("link_local", wanted.requested.link_local == found.requested.link_local),
        ("mac", wanted.requested.mac == found.requested.mac),
        ("options", wanted.options == found.options),
        ("ipam_options", wanted.ipam_options == found.ipam_options),
        ("exposed", wanted.exposed_ports == found.exposed_ports),
        ("bindings", wanted.bindings_wanted == found.bindings_wanted),
        ("dns", wanted.dns == found.dns),
        ("aliases", wanted.aliases == found.aliases),
        ("anonymous", wanted.anonymous == found.anonymous),
        ("no_resolution", wanted.no_resolution == found.no_resolution),
        ("priority", wanted.priority == found.priority),
    ];
    match same.iter().find(|(_, same)| !same) {
        None => Ok(()),
        Some((field, _)) => Err(Error::new(
            ErrorKind::Exists,
            format!("request: it has made endpoint {:?} already, with another {field}", found.name.as_str()),
        )),
    }
}
