//! What one operation of ours writes, so that others can write as much.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use netkeep_store::{Prefix, Store};

use super::objects::endpoint_name;

/// The keys and values that one creation of an endpoint has written.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    writes: Vec<(String, Vec<u8>)>,
    network: String,
    endpoint: String,
}

impl Recorded {
    /// What `create` writes into a store.
    pub(crate) async fn of(store: &dyn Store, create: impl Future<Output = Result<()>>) -> Result<Self> {
        let before = store.list(&Prefix::root()).await?;
        create.await?;
        let known: BTreeSet<_> = before.entries.iter().map(|entry| (&entry.key, entry.revision)).collect();
        let after = store.list(&Prefix::root()).await?;
        let new = after.entries.iter().filter(|entry| !known.contains(&(&entry.key, entry.revision)));
        let writes: Vec<(String, Vec<u8>)> =
            new.map(|entry| (entry.key.to_string(), entry.value.to_vec())).collect();
        let key = writes.iter().find_map(|(key, _)| key.strip_prefix("endpoints/"));
        let (network, endpoint) = key.and_then(|key| key.split_once('/')).context("no endpoint was made")?;
        let (network, endpoint) = (network.to_owned(), endpoint.to_owned());
        Ok(Self { writes, network, endpoint })
    }

    /// The same for endpoint `number` of network `network`: ids are new and in the order of numbers, names are new and
    /// in none, and what all share stays.
    pub(crate) fn again(&self, network: usize, number: u64) -> impl Iterator<Item = (String, &[u8])> {
        let (of_network, of_endpoint) = (format!("{network:032x}"), format!("{number:032x}"));
        self.writes.iter().map(move |(key, value)| {
            let key = if key.starts_with("endpoint-names/") {
                format!("endpoint-names/{of_network}/{}", endpoint_name(number))
            } else if let Some(directory) = key.strip_prefix("addresses/").and(key.rsplit_once('/')) {
                format!("{}/{number:032x}", directory.0)
            } else {
                key.replace(&self.network, &of_network).replace(&self.endpoint, &of_endpoint)
            };
            (key, value.as_slice())
        })
    }

    /// How many keys and bytes it has.
    pub(crate) fn size(&self) -> (usize, usize) {
        let bytes = self.writes.iter().map(|(key, value)| key.len() + value.len());
        (self.writes.len(), bytes.sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::Host;
    use crate::controllers::objects::{LARGE, endpoint, large};

    #[tokio::test]
    async fn an_endpoint_is_replayed_with_its_size_and_other_keys() {
        let host = Host::in_memory().await.unwrap();
        host.controller.create_network(large("local").unwrap()).await.unwrap();
        let create = async {
            host.controller.create_endpoint(LARGE, endpoint(1, true)?).await?;
            Ok(())
        };
        let recorded = Recorded::of(&*host.local, create).await.unwrap();
        let roots = |writes: Vec<(String, &[u8])>| -> Vec<String> {
            writes.iter().map(|(key, _)| key.split_once('/').unwrap().0.to_owned()).collect()
        };
        let [one, two] = [1, 2].map(|number| recorded.again(3, number).collect::<Vec<_>>());
        let expected = ["addresses", "addresses", "drivers", "endpoint-names", "endpoints", "ports"];
        assert_eq!(roots(one.clone()), expected);
        assert_eq!(recorded.size().0, 6);
        for ((first, value), (second, same)) in one.iter().zip(&two) {
            // A block of ports is shared by many endpoints.
            assert_eq!(first == second, first.starts_with("ports/"), "{first} {second}");
            assert_eq!(value, same);
        }
    }
}
