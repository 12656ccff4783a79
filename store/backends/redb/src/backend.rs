//! Opening by URL.

use std::sync::Arc;

use async_trait::async_trait;
use netkeep_store::{Backend, Error, Maintenance, OpenOptions, Opened, Result, StoreUrl};

use crate::{RedbConfig, RedbStore};

/// Stores in redb files, as `redb:///path/to/file`.
///
/// Options, as in `redb:///var/lib/netkeep/local.redb?cache-mib=256`, with the fields of [`RedbConfig`] that they
/// set: `cache-mib` and `reserve-mib`, whole numbers of MiB, and `verify`, `true` or `false`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RedbBackend;

const OPTIONS: [&str; 3] = ["cache-mib", "reserve-mib", "verify"];

impl RedbBackend {
    fn config(url: &StoreUrl, options: &OpenOptions) -> Result<RedbConfig> {
        url.check_options(&OPTIONS)?;
        let mut config = RedbConfig::new(url.file()?, options.leased.clone());
        if let Some(bytes) = mib(url, "cache-mib")? {
            config.cache_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        }
        if let Some(bytes) = mib(url, "reserve-mib")? {
            config.reserve_bytes = bytes;
        }
        config.verify = match url.option("verify") {
            None => config.verify,
            Some("true") => true,
            Some("false") => false,
            Some(other) => {
                return Err(Error::invalid(format!(
                    "store URL {url}: verify is {other:?}; write true or false"
                )));
            }
        };
        Ok(config)
    }
}

fn mib(url: &StoreUrl, option: &'static str) -> Result<Option<u64>> {
    const MAX: u64 = 1 << 20;
    let Some(text) = url.option(option) else { return Ok(None) };
    match text.parse::<u64>() {
        Ok(mib) if mib <= MAX => Ok(Some(mib << 20)),
        _ => Err(Error::invalid(format!(
            "store URL {url}: {option} is {text:?}; write a whole number of MiB, up to {MAX}"
        ))),
    }
}

#[async_trait]
impl Backend for RedbBackend {
    fn scheme(&self) -> &'static str {
        RedbStore::NAME
    }

    async fn open(&self, url: &StoreUrl, options: &OpenOptions) -> Result<Opened> {
        let store = Arc::new(RedbStore::open(Self::config(url, options)?).await?);
        let maintenance: Arc<dyn Maintenance> = Arc::clone(&store) as _;
        Ok(Opened::here(store, Some(maintenance)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str) -> Result<RedbConfig> {
        RedbBackend::config(&StoreUrl::parse(url).unwrap(), &OpenOptions::default())
    }

    #[test]
    fn a_url_names_the_file_and_may_set_options() {
        let plain = config("redb:///var/lib/x.redb").unwrap();
        assert_eq!(plain.path.to_str(), Some("/var/lib/x.redb"));
        assert!(!plain.verify);
        let set = config("redb:///x?cache-mib=3&reserve-mib=0&verify=true").unwrap();
        assert_eq!((set.cache_bytes, set.reserve_bytes, set.verify), (3 << 20, 0, true));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (url, named) in [
            ("redb://host/x", "host"),
            ("redb://", "names no file"),
            ("redb:///x?cache=1", "\"cache\""),
            ("redb:///x?cache-mib=-1", "\"-1\""),
            ("redb:///x?reserve-mib=1048577", "1048576"),
            ("redb:///x?verify=1", "\"1\""),
        ] {
            let error = config(url).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
        }
    }
}
