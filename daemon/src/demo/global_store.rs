//! Which store the hosts of a demo share.

use std::str::FromStr;

use netkeep_store::StoreUrl;
use netkeep_testcontainers::Family;

/// Which store the hosts of a demo share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GlobalStore {
    /// Three servers of this family, which the demo starts, and of which it kills one in each round.
    Own(Family),
    /// The store at this URL. The demo keeps to a root of its own beside the one that is named, and leaves its servers
    /// alone.
    At(StoreUrl),
}

impl FromStr for GlobalStore {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(family) = Family::ALL.into_iter().find(|family| family.name() == text) {
            return Ok(Self::Own(family));
        }
        match StoreUrl::parse(text) {
            Ok(url) if url.hosts().is_empty() => {
                Err(format!("{url} names no servers, and only servers have a store for several hosts"))
            }
            Ok(url) => Ok(Self::At(url)),
            Err(error) => {
                let families = Family::ALL.map(Family::name).join(", ");
                Err(format!("it is none of {families}, and no URL: {error}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_family_or_a_url_of_servers() {
        for family in Family::ALL {
            assert_eq!(family.name().parse(), Ok(GlobalStore::Own(family)));
        }
        let url = "etcd://h1:2379,h2/netkeep";
        assert_eq!(url.parse(), Ok(GlobalStore::At(StoreUrl::parse(url).unwrap())));
        for (wrong, says) in
            [("etdc", "etcd, consul, zookeeper"), ("redb:///x", "no servers"), ("", "none of")]
        {
            let error = wrong.parse::<GlobalStore>().unwrap_err();
            assert!(error.contains(says), "{wrong}: {error}");
        }
    }
}
