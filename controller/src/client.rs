//! What this host keeps as a client of the global store.

use std::sync::Arc;

use async_trait::async_trait;
use netkeep_model::{StoreClient, StoreClientKey};
use netkeep_store::Kind;
use netkeep_store::datastore::{LocalDatastore, Records};
use netkeep_store::remote::{ClientId, ClientState, KnownStore};

use crate::operation::ATTEMPTS;
use crate::{Error, ErrorKind, Result};

/// The name of this host at the servers of the global store, and what it knows of that store, kept in the store of
/// this host: give it to [`OpenOptions::with_client_state`](netkeep_store::OpenOptions::with_client_state).
#[derive(Debug)]
pub struct KeptClient {
    local: Arc<dyn LocalDatastore>,
    client: ClientId,
}

impl KeptClient {
    /// Reads the name, or gives this host one.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Corrupt`] if the record cannot be read: without it a store that was restored would not be
    /// recognised; what the store answers.
    pub async fn open(local: Arc<dyn LocalDatastore>) -> Result<Arc<Self>> {
        let named = local.update::<StoreClient>(&StoreClientKey, ATTEMPTS, |kept| {
            Ok(kept.is_none().then(|| StoreClient { client: ClientId::random(), known: None }))
        });
        let kept = named.await.map_err(|error| match error.kind() {
            Kind::Corrupt => Error::new(
                ErrorKind::Corrupt,
                format!(
                    "what this host knows of the global store cannot be read: {error}; restore the record, or \
                     remove it if that store is as it was left"
                ),
            )
            .with_source(error),
            _ => error.into(),
        })?;
        let kept = kept.ok_or_else(|| Error::internal("the name of this client was not written"))?;
        Ok(Arc::new(Self { client: kept.record.client, local }))
    }
}

#[async_trait]
impl ClientState for KeptClient {
    fn client(&self) -> ClientId {
        self.client
    }

    fn is_kept(&self) -> bool {
        true
    }

    async fn known(&self) -> netkeep_store::Result<Option<KnownStore>> {
        Ok(self.local.read::<StoreClient>(&StoreClientKey).await?.and_then(|kept| kept.record.known))
    }

    async fn remember(&self, known: &KnownStore) -> netkeep_store::Result<()> {
        let next = StoreClient { client: self.client, known: Some(known.clone()) };
        let write = self.local.update::<StoreClient>(&StoreClientKey, ATTEMPTS, |kept| {
            Ok((kept != Some(&next)).then(|| next.clone()))
        });
        write.await.map(drop)
    }
}
