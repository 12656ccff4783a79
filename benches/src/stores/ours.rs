//! Our stores.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use netkeep_store::{Key, Kind, Prefix, Revision, Store, Txn, Watch, WatchFrom};

use super::rival::{CONTENDED, ENTRIES, LISTS, Rival, VALUE, WATCHED, committed, entry, list, watched};

/// A store as its users have it, behind all layers.
pub(crate) struct Ours {
    store: Arc<dyn Store>,
    /// The last commit of each lane, by the number of its keys.
    lanes: Mutex<HashMap<(usize, usize), Revision>>,
    watch: tokio::sync::Mutex<Option<Watch>>,
}

impl Ours {
    /// Puts there what everybody reads.
    pub(crate) async fn prepare(store: Arc<dyn Store>) -> Result<Self> {
        let lists =
            LISTS.iter().flat_map(|&count| (0..count).map(move |at| format!("{}/{at:05}", list(count))));
        let keys: Vec<String> = (0..ENTRIES).map(entry).chain(lists).collect();
        for some in keys.chunks(48) {
            let mut txn = Txn::new();
            for key in some {
                txn = txn.put(Key::parse(key)?, &VALUE[..]);
            }
            store.commit(&txn).await?;
        }
        store.commit(&Txn::new().put(Key::parse(CONTENDED)?, &VALUE[..])).await?;
        Ok(Self { store, lanes: Mutex::default(), watch: tokio::sync::Mutex::default() })
    }
}

#[async_trait]
impl Rival for Ours {
    async fn get(&self, at: usize) -> Result<()> {
        let found = self.store.get(&Key::parse(&entry(at))?).await?;
        ensure!(found.is_some_and(|entry| entry.value.len() == VALUE.len()), "nothing is there");
        Ok(())
    }

    async fn commit(&self, lane: usize, keys: usize) -> Result<()> {
        let before = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).get(&(lane, keys)).copied();
        let mut txn = Txn::new();
        for index in 0..keys {
            let key = Key::parse(&committed(lane, keys, index))?;
            txn = match before {
                Some(revision) => txn.unchanged(key.clone(), revision),
                None => txn.absent(key.clone()),
            };
            txn = txn.put(key, &VALUE[..]);
        }
        let revision = self.store.commit(&txn).await?;
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).insert((lane, keys), revision);
        Ok(())
    }

    async fn list(&self, count: usize) -> Result<()> {
        let found = self.store.list(&Prefix::parse(&list(count))?).await?;
        ensure!(found.entries.len() == count, "a list has {} entries, not {count}", found.entries.len());
        Ok(())
    }

    async fn replace_contended(&self, _: usize) -> Result<()> {
        let key = Key::parse(CONTENDED)?;
        loop {
            let Some(entry) = self.store.get(&key).await? else { anyhow::bail!("nothing is there") };
            let txn = Txn::new().unchanged(key.clone(), entry.revision).put(key.clone(), entry.value);
            match self.store.commit(&txn).await {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == Kind::Conflict => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn watch(&self) -> Result<()> {
        let watch = self.store.watch(&Prefix::parse(WATCHED)?, WatchFrom::Snapshot).await?;
        *self.watch.lock().await = Some(watch);
        Ok(())
    }

    async fn change_watched(&self, lane: usize) -> Result<u64> {
        let txn = Txn::new().put(Key::parse(&watched(lane))?, &VALUE[..]);
        Ok(self.store.commit(&txn).await?.get())
    }

    async fn told(&self) -> Result<u64> {
        let mut watch = self.watch.lock().await;
        let watch = watch.as_mut().context("there is no watch")?;
        Ok(watch.next().await?.through().get())
    }
}
