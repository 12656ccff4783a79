//! `netkeep ipam`.

use clap::Subcommand;
use netkeep_controller::{AddressInfo, PoolInfo};
use netkeep_model::Owner;

use super::Failure;
use super::failure::optional;
use super::output::{Output, age, columns, lines, listed};
use crate::api::AddressFilter;
use crate::client::Client;
use crate::exit::Exit;

/// What can be asked about addresses.
#[derive(Debug, Subcommand)]
pub(super) enum IpamCommand {
    /// List the pools that are held, and their parts.
    Pools,
    /// List the addresses that are given.
    Addresses {
        /// Those of this address space.
        #[arg(long)]
        space: Option<String>,
        /// Those of this pool.
        #[arg(long, value_name = "CIDR")]
        pool: Option<String>,
        /// This one: who holds it.
        #[arg(long, value_name = "IP")]
        address: Option<String>,
    },
}

impl IpamCommand {
    pub(super) async fn run(self, client: &Client, output: &Output) -> Result<Exit, Failure> {
        match self {
            Self::Pools => output.print(client.pools().await?.as_slice(), pools)?,
            Self::Addresses { space, pool, address } => {
                let filter = AddressFilter {
                    space: optional("--space", space.as_deref())?,
                    pool: optional("--pool", pool.as_deref())?,
                    address: optional("--address", address.as_deref())?,
                };
                output.print(client.addresses(&filter).await?.as_slice(), addresses)?;
            }
        }
        Ok(Exit::Done)
    }
}

pub(super) fn pools(pools: &[PoolInfo]) -> String {
    let mut table = columns(&["SPACE", "POOL", "PART", "GIVEN", "OWNER", "STALE"]);
    for pool in pools {
        table.add_row([
            pool.space.to_string(),
            pool.pool.to_string(),
            listed(pool.sub),
            pool.given.to_string(),
            listed(pool.owner.as_ref().map(owner)),
            age(pool.stale),
        ]);
    }
    lines(&table)
}

pub(super) fn addresses(addresses: &[AddressInfo]) -> String {
    let mut table = columns(&["SPACE", "POOL", "ADDRESS", "OWNER", "STALE"]);
    for address in addresses {
        table.add_row([
            address.space.to_string(),
            address.pool.to_string(),
            address.address.to_string(),
            owner(&address.owner),
            age(address.stale),
        ]);
    }
    lines(&table)
}

/// Who it is, with ids as short as lists show them.
fn owner(owner: &Owner) -> String {
    match owner {
        Owner::Network { network } => format!("network {}", network.short()),
        Owner::Endpoint { network, endpoint } => {
            format!("endpoint {} of network {}", endpoint.short(), network.short())
        }
        Owner::Client { request, .. } => format!("request {request}"),
        other => other.to_string(),
    }
}
