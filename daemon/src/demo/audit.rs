//! What is there, compared with what must be there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use netkeep_controller::{AddressInfo, EndpointInfo, NetworkInfo};
use netkeep_model::{EndpointId, Id, NetworkId, Owner, TypedId};

use super::DemoError;
use super::entry::Standing;
use super::share::Share;
use crate::api::AddressFilter;
use crate::client::Client;

/// What is there.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    networks: BTreeMap<NetworkId, NetworkInfo>,
    endpoints: BTreeMap<EndpointId, EndpointInfo>,
    addresses: Vec<AddressInfo>,
}

/// What an audit found.
#[derive(Debug, Default)]
pub(super) struct Audit {
    /// How many networks and endpoints had to be there.
    pub(super) expected: u64,
    /// How many of them were there, exactly as they had been answered.
    pub(super) found: u64,
    /// What had to be there and is not, or is not as it was.
    pub(super) lost: Vec<String>,
    /// What must not be there.
    pub(super) leaked: Vec<String>,
    /// What two have at once.
    pub(super) doubled: Vec<String>,
    /// How many changes that nobody had acknowledged had been made all the same.
    pub(super) done_unheard: u64,
    /// How many changes nobody had acknowledged.
    pub(super) unheard: u64,
}

impl Inventory {
    pub(super) async fn take(client: &Client) -> Result<Self, DemoError> {
        let failed = DemoError::request("listing what is there");
        let mut inventory = Self::default();
        for network in client.networks().await.map_err(&failed)? {
            for endpoint in client.endpoints(&network.id.to_string()).await.map_err(&failed)? {
                inventory.endpoints.insert(endpoint.id, endpoint);
            }
            inventory.networks.insert(network.id, network);
        }
        inventory.addresses = client.addresses(&AddressFilter::default()).await.map_err(&failed)?;
        Ok(inventory)
    }
}

impl Audit {
    /// Compares. Only what the shares have asked for may be there.
    pub(super) fn of(shares: &[Share], mut present: Inventory) -> Self {
        let mut audit = Self::default();
        audit.addresses(shares, &present.addresses);
        audit.doubled(shares, &present);
        for share in shares {
            for (id, entry) in &share.networks {
                audit.judge("network", *id, &entry.standing, present.networks.remove(id), Clone::clone);
            }
            for (id, entry) in &share.endpoints {
                audit.judge("endpoint", *id, &entry.standing, present.endpoints.remove(id), unattached);
            }
        }
        let gone: BTreeSet<Id> = shares.iter().flat_map(|share| share.gone.iter().copied()).collect();
        let strangers = present.networks.keys().map(|id| ("network", id.id()));
        for (what, id) in strangers.chain(present.endpoints.keys().map(|id| ("endpoint", id.id()))) {
            audit.leaked.push(if gone.contains(&id) {
                format!("{what} {id} is back, though its deletion was acknowledged")
            } else {
                format!("{what} {id} is there, though nobody has asked for it")
            });
        }
        audit
    }

    /// `unmoved` makes equal what differs only by the sandbox that it is in.
    fn judge<T: PartialEq>(
        &mut self,
        what: &str,
        id: impl fmt::Display,
        standing: &Standing<T>,
        present: Option<T>,
        unmoved: impl Fn(&T) -> T,
    ) {
        match standing {
            Standing::Held(answer) => {
                self.expected += 1;
                match present {
                    Some(present) if present == *answer => self.found += 1,
                    Some(_) => self.lost.push(format!("{what} {id} is not as it was acknowledged")),
                    None => self.lost.push(format!("{what} {id} was acknowledged and is not there")),
                }
            }
            Standing::Moving(before) => {
                self.expected += 1;
                self.unheard += 1;
                self.done_unheard += u64::from(present.as_ref().is_some_and(|present| present != before));
                match present {
                    Some(present) if unmoved(&present) == unmoved(before) => self.found += 1,
                    Some(_) => self.lost.push(format!("{what} {id} is not as it was acknowledged")),
                    None => self.lost.push(format!("{what} {id} was acknowledged and is not there")),
                }
            }
            Standing::Asked => {
                self.unheard += 1;
                self.done_unheard += u64::from(present.is_some());
            }
            Standing::Leaving(_) => {
                self.unheard += 1;
                self.done_unheard += u64::from(present.is_none());
            }
        }
    }

    /// Every address that was answered is given to whom it was answered; and no address is given to nobody.
    fn addresses(&mut self, shares: &[Share], addresses: &[AddressInfo]) {
        let mut given: BTreeMap<(IpAddr, &Owner), u32> = BTreeMap::new();
        for address in addresses {
            *given.entry((address.address, &address.owner)).or_default() += 1;
        }
        let unknown = |owner: &Owner| {
            shares.iter().any(|share| match owner {
                Owner::Network { network } => {
                    share.networks.get(network).is_some_and(|entry| !entry.standing.must_be())
                }
                Owner::Endpoint { endpoint, .. } => {
                    share.endpoints.get(endpoint).is_some_and(|entry| !entry.standing.must_be())
                }
                _ => false,
            })
        };
        let wanted: Vec<_> = shares.iter().flat_map(wanted).collect();
        for (ip, owner) in &wanted {
            if given.remove(&(*ip, owner)) != Some(1) {
                self.lost
                    .push(format!("address {ip} was acknowledged to {owner}, who does not hold it alone"));
            }
        }
        for ((ip, owner), _) in given {
            if !unknown(owner) {
                self.leaked.push(format!("address {ip} is held by {owner}, to whom nobody has answered it"));
            }
        }
    }

    /// One address is one owner's, by what was answered and by what is there, taken together.
    fn doubled(&mut self, shares: &[Share], present: &Inventory) {
        let mut owners: BTreeMap<IpAddr, BTreeSet<Owner>> = BTreeMap::new();
        let there = present.endpoints.values().flat_map(addresses_of);
        let listed = present.addresses.iter().map(|address| (address.address, address.owner.clone()));
        for (ip, owner) in shares.iter().flat_map(wanted).chain(there).chain(listed) {
            owners.entry(ip).or_default().insert(owner);
        }
        for (ip, owners) in owners.into_iter().filter(|(_, owners)| owners.len() > 1) {
            let owners: Vec<_> = owners.iter().map(ToString::to_string).collect();
            self.doubled.push(format!("address {ip} is held by {}", owners.join(" and by ")));
        }
    }
}

/// The endpoint as if it were in no sandbox.
fn unattached(endpoint: &EndpointInfo) -> EndpointInfo {
    let mut unattached = EndpointInfo { revision: 0, ..endpoint.clone() };
    unattached.endpoint.attachment = None;
    unattached
}

/// The addresses of an endpoint, each with the endpoint as its owner.
fn addresses_of(info: &EndpointInfo) -> Vec<(IpAddr, Owner)> {
    let owner = Owner::Endpoint { network: info.network, endpoint: info.id };
    let mut addresses = Vec::new();
    for interface in &info.endpoint.interfaces {
        let ipv4 = interface.ipv4.map(|ip| IpAddr::V4(ip.addr()));
        let ipv6 = interface.ipv6.map(|ip| IpAddr::V6(ip.addr()));
        addresses.extend(ipv4.into_iter().chain(ipv6).map(|ip| (ip, owner.clone())));
    }
    addresses
}

/// The addresses that were answered, and to whom.
fn wanted(share: &Share) -> Vec<(IpAddr, Owner)> {
    let mut wanted = Vec::new();
    for (network, entry) in share.networks.iter().filter(|(_, entry)| entry.standing.must_be()) {
        let Some(answer) = entry.standing.answer() else { continue };
        let owner = Owner::Network { network: *network };
        for pool in &answer.network.ipam.pools {
            let held = pool.gateway.map(|gateway| gateway.addr()).into_iter();
            wanted.extend(held.chain(pool.auxiliary.values().copied()).map(|ip| (ip, owner.clone())));
        }
    }
    let held = share.endpoints.values().filter(|entry| entry.standing.must_be());
    wanted.extend(held.filter_map(|entry| entry.standing.answer()).flat_map(addresses_of));
    wanted
}

#[cfg(test)]
mod tests;
