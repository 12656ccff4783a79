//! I3: names and ids belong together.

use netkeep_model::{
    Endpoint, EndpointKey, EndpointName, EndpointNameKey, EndpointNameRecord, Network, NetworkName,
    NetworkNameRecord,
};
use netkeep_store::datastore::Versioned;

use super::Invariant::I3;
use super::findings::Findings;
use super::liveness::Seen;
use super::mend::Mend;

const REMOVE: &str = "remove the record of the name";
const WRITE: &str = "write the record of the name";
const RENAME: &str = "give it another name, since this one leads to another";

/// Names and ids belong together.
pub(super) fn check(findings: &mut Findings<'_>) {
    networks(findings);
    endpoints(findings);
}

fn networks(findings: &mut Findings<'_>) {
    let tables = &findings.state.tables;
    let is_its = |name: &Versioned<NetworkNameRecord>| {
        tables.networks.get(&name.record.network).is_none_or(|network| network.record.name == name.id)
            && tables.has_network(name.record.network)
    };
    for read in tables.network_names.values() {
        if is_its(read) {
            continue;
        }
        let found = format!("no network {} has this name", read.record.network);
        // It is mended with the network that says that it has this name, if there is one.
        let mut networks = tables.networks.values();
        let mend = match networks.find(|network| network.record.name == read.id) {
            Some(network) => lead_network(Some(read), network),
            None => Mend::by(REMOVE, |tx| {
                match tables.networks.get(&read.record.network) {
                    Some(network) => tx.unchanged(network)?,
                    None => tx.absent::<Network>(&read.record.network)?,
                }
                tx.delete(read)?;
                Ok(Vec::new())
            }),
        };
        findings.note::<NetworkNameRecord>(I3, &read.id, found, mend);
    }
    for read in tables.networks.values() {
        let name = tables.network_names.get(&read.record.name);
        let unreadable = tables.is_unreadable::<NetworkNameRecord>(&read.record.name);
        if unreadable || name.is_some_and(|name| name.record.network == read.id) {
            continue;
        }
        let found = format!("its name {:?} does not lead to it", read.record.name.as_str());
        let mut networks = tables.networks.values();
        let first = networks.find(|network| network.record.name == read.record.name);
        let is_given = name.is_some_and(is_its) || first.is_some_and(|first| first.id != read.id);
        let mend = if is_given { rename_network(read) } else { lead_network(name, read) };
        findings.note::<Network>(I3, &read.id, found, mend);
    }
}

fn lead_network(name: Option<&Versioned<NetworkNameRecord>>, network: &Versioned<Network>) -> Mend {
    Mend::by(WRITE, |tx| {
        let record = NetworkNameRecord { network: network.id };
        tx.unchanged(network)?;
        match name {
            Some(name) => tx.replace(name, &record)?,
            None => tx.create(&network.record.name, &record)?,
        }
        Ok(Vec::new())
    })
}

fn rename_network(network: &Versioned<Network>) -> Mend {
    Mend::by(RENAME, |tx| {
        let name = format!("{}-{}", network.record.name.as_str(), network.id.short());
        let name = NetworkName::new(&name).map_err(invalid)?;
        tx.create(&name, &NetworkNameRecord { network: network.id })?;
        tx.replace(network, &Network { name, ..network.record.clone() })?;
        Ok(Vec::new())
    })
}

fn endpoints(findings: &mut Findings<'_>) {
    let tables = &findings.state.tables;
    let named = |name: &Versioned<EndpointNameRecord>| EndpointKey {
        network: name.id.network,
        endpoint: name.record.endpoint,
    };
    let is_its = |name: &Versioned<EndpointNameRecord>| {
        let key = named(name);
        tables.endpoints.get(&key).is_none_or(|endpoint| endpoint.record.name == name.id.name)
            && tables.has_endpoint(key.network, key.endpoint)
    };
    for read in tables.endpoint_names.values() {
        if is_its(read) {
            continue;
        }
        let key = named(read);
        let found = format!("no endpoint {} has this name", key.endpoint);
        let mut endpoints = tables.endpoints_of(key.network);
        let mend = match endpoints.find(|endpoint| endpoint.record.name == read.id.name) {
            Some(endpoint) => lead_endpoint(Some(read), endpoint),
            None => Mend::by(REMOVE, |tx| {
                match tables.endpoints.get(&key) {
                    Some(endpoint) => tx.unchanged(endpoint)?,
                    None => tx.absent::<Endpoint>(&key)?,
                }
                tx.delete(read)?;
                Ok(Vec::new())
            }),
        };
        findings.note::<EndpointNameRecord>(I3, &read.id, found, mend);
    }
    for read in tables.endpoints.values() {
        // The name of an endpoint without its network goes with it.
        if findings.network(read.id.network) == Seen::Gone {
            continue;
        }
        let id = EndpointNameKey { network: read.id.network, name: read.record.name.clone() };
        let name = tables.endpoint_names.get(&id);
        let unreadable = tables.is_unreadable::<EndpointNameRecord>(&id);
        if unreadable || name.is_some_and(|name| name.record.endpoint == read.id.endpoint) {
            continue;
        }
        let found = format!("its name {:?} does not lead to it", read.record.name.as_str());
        let mut endpoints = tables.endpoints_of(read.id.network);
        let first = endpoints.find(|endpoint| endpoint.record.name == read.record.name);
        let is_given = name.is_some_and(is_its) || first.is_some_and(|first| first.id != read.id);
        let mend = if is_given { rename_endpoint(read) } else { lead_endpoint(name, read) };
        findings.note::<Endpoint>(I3, &read.id, found, mend);
    }
}

fn lead_endpoint(name: Option<&Versioned<EndpointNameRecord>>, endpoint: &Versioned<Endpoint>) -> Mend {
    Mend::by(WRITE, |tx| {
        let record = EndpointNameRecord { endpoint: endpoint.id.endpoint };
        tx.unchanged(endpoint)?;
        match name {
            Some(name) => tx.replace(name, &record)?,
            None => {
                let (network, name) = (endpoint.id.network, endpoint.record.name.clone());
                tx.create(&EndpointNameKey { network, name }, &record)?;
            }
        }
        Ok(Vec::new())
    })
}

fn rename_endpoint(endpoint: &Versioned<Endpoint>) -> Mend {
    Mend::by(RENAME, |tx| {
        let name = format!("{}-{}", endpoint.record.name.as_str(), endpoint.id.endpoint.short());
        let name = EndpointName::new(&name).map_err(invalid)?;
        let id = EndpointNameKey { network: endpoint.id.network, name: name.clone() };
        tx.create(&id, &EndpointNameRecord { endpoint: endpoint.id.endpoint })?;
        tx.replace(endpoint, &Endpoint { name, ..endpoint.record.clone() })?;
        Ok(Vec::new())
    })
}

fn invalid(error: netkeep_model::Error) -> netkeep_store::Error {
    netkeep_store::Error::invalid(error.to_string())
}
