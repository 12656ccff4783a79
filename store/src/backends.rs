//! Opening a store by its URL.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::remote::{ClientState, RemoteConfig, RemoteStore, Server};
use crate::{Error, LeasedDirectories, Maintenance, MemoryServer, MemoryStore, Result, Store, StoreUrl};

/// One kind of store, as it is opened by a URL.
#[async_trait]
pub trait Backend: fmt::Debug + Send + Sync + 'static {
    /// The scheme of its URLs, in lower case: `redb`, `etcd`, …
    fn scheme(&self) -> &'static str;

    /// Opens the store at `url`, whose scheme is this backend's.
    ///
    /// Cancel safe: what was opened by then is closed.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if a part of the URL makes no sense to this backend; else as the
    /// methods of [`Store`].
    async fn open(&self, url: &StoreUrl, options: &OpenOptions) -> Result<Opened>;
}

/// What to know when a store is opened, beside where it is.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OpenOptions {
    /// The directories that hold leased keys only. Default: none.
    pub leased: LeasedDirectories,
    /// What this client of the store keeps across restarts, for stores on servers; the others need none.
    /// Default: nothing, so that the client is a new one each time.
    pub client_state: Option<Arc<dyn ClientState>>,
}

impl OpenOptions {
    /// The defaults, with these leased directories.
    pub fn new(leased: LeasedDirectories) -> Self {
        Self { leased, client_state: None }
    }

    /// The same for a client that keeps its name.
    #[must_use]
    pub fn with_client_state(mut self, client_state: Arc<dyn ClientState>) -> Self {
        self.client_state = Some(client_state);
        self
    }
}

/// A store that was opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The store, without layers.
    pub store: Arc<dyn Store>,
    /// The care for its file, if it has one.
    pub maintenance: Option<Arc<dyn Maintenance>>,
    /// The servers that it is on, if it is on servers.
    pub server: Option<Arc<dyn Server>>,
}

impl Opened {
    /// A store in this process.
    pub fn here(store: Arc<dyn Store>, maintenance: Option<Arc<dyn Maintenance>>) -> Self {
        Self { store, maintenance, server: None }
    }

    /// The store of these servers.
    pub fn on_servers(server: Arc<dyn Server>, options: &OpenOptions) -> Self {
        let store = RemoteStore::open(Arc::clone(&server), RemoteConfig::new(options));
        Self { store: Arc::new(store), maintenance: None, server: Some(server) }
    }
}

/// The backends that a program knows, by the schemes of their URLs. Each is registered explicitly.
#[derive(Clone, Debug, Default)]
pub struct Backends(BTreeMap<&'static str, Arc<dyn Backend>>);

impl Backends {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a backend under its scheme.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if the scheme is taken; the one that has it stays.
    pub fn register(&mut self, backend: Arc<dyn Backend>) -> Result<()> {
        let scheme = backend.scheme();
        if let Some(present) = self.0.get(scheme) {
            return Err(Error::invalid(format!(
                "a backend for {scheme}:// is registered already ({present:?}); a scheme has one backend"
            )));
        }
        self.0.insert(scheme, backend);
        Ok(())
    }

    /// The schemes that are known, in order.
    pub fn schemes(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.keys().copied()
    }

    /// Opens the store at `url`.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if no backend has the scheme, with the schemes that are known;
    /// else as [`Backend::open`].
    pub async fn open(&self, url: &StoreUrl, options: &OpenOptions) -> Result<Opened> {
        let Some(backend) = self.0.get(url.scheme()) else {
            let known: Vec<_> = self.schemes().collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Error::invalid(format!(
                "no store has the scheme {:?}; known: {known}",
                url.scheme()
            )));
        };
        backend.open(url, options).await
    }
}

/// The memory store, as `memory://`. Every opening makes a store of its own, empty, lost with its handle.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryBackend;

#[async_trait]
impl Backend for MemoryBackend {
    fn scheme(&self) -> &'static str {
        MemoryServer::NAME
    }

    async fn open(&self, url: &StoreUrl, options: &OpenOptions) -> Result<Opened> {
        url.check_options(&[])?;
        if !url.hosts().is_empty() || !url.path().is_empty() {
            return Err(Error::invalid(format!(
                "store URL {url}: a store in memory has neither host nor path; write memory://"
            )));
        }
        Ok(Opened::here(Arc::new(MemoryStore::open(options.leased.clone())), None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Prefix};

    #[derive(Debug)]
    struct Other(&'static str);

    #[async_trait]
    impl Backend for Other {
        fn scheme(&self) -> &'static str {
            self.0
        }

        async fn open(&self, _: &StoreUrl, _: &OpenOptions) -> Result<Opened> {
            Err(Error::new(Kind::Denied, self.0))
        }
    }

    fn url(text: &str) -> StoreUrl {
        StoreUrl::parse(text).unwrap()
    }

    #[tokio::test]
    async fn the_scheme_chooses_the_backend_and_an_unknown_one_lists_the_known() {
        let mut backends = Backends::new();
        let error = backends.open(&url("redb:///x"), &OpenOptions::default()).await.unwrap_err();
        assert!(error.to_string().contains("known: none"), "{error}");

        backends.register(Arc::new(Other("redb"))).unwrap();
        backends.register(Arc::new(MemoryBackend)).unwrap();
        let error = backends.open(&url("etcd://h"), &OpenOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(error.to_string().contains("\"etcd\"; known: memory, redb"), "{error}");
        let error = backends.open(&url("redb:///x"), &OpenOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Denied);
    }

    #[test]
    fn a_scheme_is_registered_once() {
        let mut backends = Backends::new();
        backends.register(Arc::new(MemoryBackend)).unwrap();
        let error = backends.register(Arc::new(Other("memory"))).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(error.to_string().contains("memory://"), "{error}");
    }

    #[tokio::test]
    async fn memory_takes_its_leased_directories_and_nothing_else() {
        let leased = LeasedDirectories::new([Prefix::parse("alive").unwrap()]);
        let options = OpenOptions::new(leased.clone());
        let opened = MemoryBackend.open(&url("memory://"), &options).await.unwrap();
        assert_eq!(opened.store.info().leased, leased);
        assert!(opened.maintenance.is_none());
        for wrong in ["memory://host", "memory:///path", "memory://?a=1"] {
            let error = MemoryBackend.open(&url(wrong), &options).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Invalid, "{wrong}");
        }
    }
}
