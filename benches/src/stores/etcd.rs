//! etcd by its client alone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use etcd_client::{
    Client, Compare, CompareOp, ConnectOptions, GetOptions, KvClient, Txn, TxnOp, WatchOptions, WatchStream,
};

use super::rival::{CONTENDED, Rival, VALUE, WATCHED, committed, entry, list, watched};

/// What our store puts into its slots, by its size.
const SLOT: &str = r#"{"run":"0123456789abcdef0123456789abcdef","operation":1234567}"#;

/// The raw client.
pub(crate) struct RawEtcd {
    client: Client,
    kv: KvClient,
    /// Below which key our store lies, which has what is read.
    ours: String,
    /// Below which key this writes.
    root: String,
    /// The commit that wrote the key which stands for the identity; `None` if neither it nor slots nor the reading of
    /// refused guards is wanted.
    identity: Option<i64>,
    /// The last commit of each lane, by the number of its keys.
    lanes: Mutex<HashMap<(usize, usize), i64>>,
    watch: tokio::sync::Mutex<Option<WatchStream>>,
}

impl RawEtcd {
    /// A client that sends the same requests as our store at `ours`; or with `bare` only what was asked for.
    pub(crate) async fn open(endpoint: &str, ours: &str, root: &str, bare: bool) -> Result<Self> {
        let keep_alive = std::time::Duration::from_secs(2);
        let options = ConnectOptions::new().with_keep_alive(keep_alive, keep_alive).with_require_leader(true);
        let client = Client::connect([endpoint], Some(options)).await?;
        let mut kv = client.kv_client();
        kv.put(format!("/{root}/{CONTENDED}"), VALUE.to_vec(), None).await?;
        let identity = kv.put(format!("/{root}/own/meta/store"), VALUE.to_vec(), None).await?;
        let identity = identity.header().map(etcd_client::ResponseHeader::revision);
        Ok(Self {
            client,
            kv,
            ours: format!("/{ours}/entries"),
            root: format!("/{root}"),
            identity: identity.filter(|_| !bare),
            lanes: Mutex::default(),
            watch: tokio::sync::Mutex::default(),
        })
    }

    /// One transaction; the revision if its guards held. The slot of this lane is as its last commit left it.
    async fn txn(&self, lane: (usize, usize), guards: Vec<(String, i64)>) -> Result<Option<i64>> {
        let guard = |(key, revision): &(String, i64)| match revision {
            0 => Compare::create_revision(key.as_str(), CompareOp::Equal, 0),
            revision => Compare::mod_revision(key.as_str(), CompareOp::Equal, *revision),
        };
        let mut compares = Vec::with_capacity(guards.len() + 2);
        let mut writes = Vec::with_capacity(guards.len() + 1);
        let mut asked = Vec::new();
        if let Some(identity) = self.identity {
            let slot =
                format!("{}/own/slots/0123456789abcdef0123456789abcdef/{}-{}", self.root, lane.0, lane.1);
            let before = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).get(&lane).copied();
            let own =
                [(slot.clone(), before.unwrap_or(0)), (format!("{}/own/meta/store", self.root), identity)];
            compares.extend(own.iter().map(guard));
            writes.push(TxnOp::put(slot, SLOT, None));
            let ask =
                |(key, _): &(String, i64)| TxnOp::get(key.as_str(), Some(GetOptions::new().with_keys_only()));
            asked.extend(own.iter().chain(&guards).map(ask));
        }
        compares.extend(guards.iter().map(guard));
        writes.extend(guards.into_iter().map(|(key, _)| TxnOp::put(key, VALUE.to_vec(), None)));
        let mut txn = Txn::new().when(compares).and_then(writes);
        if self.identity.is_some() {
            txn = txn.or_else(asked);
        }
        let answer = self.kv.clone().txn(txn).await?;
        if !answer.succeeded() {
            return Ok(None);
        }
        let revision = answer.header().context("an answer has no header")?.revision();
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).insert(lane, revision);
        Ok(Some(revision))
    }
}

#[async_trait]
impl Rival for RawEtcd {
    async fn get(&self, at: usize) -> Result<()> {
        let answer = self.kv.clone().get(format!("{}/{}", self.ours, entry(at)), None).await?;
        let found = answer.kvs().first().map(|found| found.value().len());
        ensure!(found == Some(VALUE.len()), "nothing is there");
        Ok(())
    }

    async fn commit(&self, lane: usize, keys: usize) -> Result<()> {
        let before = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).get(&(lane, keys)).copied();
        let key = |index| (format!("{}/{}", self.root, committed(lane, keys, index)), before.unwrap_or(0));
        let done = self.txn((lane, keys), (0..keys).map(key).collect()).await?;
        ensure!(done.is_some(), "a guard failed that nobody else touches");
        Ok(())
    }

    async fn list(&self, count: usize) -> Result<()> {
        let prefix = format!("{}/{}/", self.ours, list(count));
        let answer = self.kv.clone().get(prefix, Some(GetOptions::new().with_prefix())).await?;
        ensure!(answer.kvs().len() == count, "a list has {} entries", answer.kvs().len());
        Ok(())
    }

    async fn replace_contended(&self, lane: usize) -> Result<()> {
        let key = format!("{}/{CONTENDED}", self.root);
        loop {
            let answer = self.kv.clone().get(key.as_str(), None).await?;
            let revision = answer.kvs().first().context("nothing is there")?.mod_revision();
            if self.txn((lane, 0), vec![(key.clone(), revision)]).await?.is_some() {
                return Ok(());
            }
        }
    }

    async fn watch(&self) -> Result<()> {
        let options = WatchOptions::new().with_prefix();
        let mut opened =
            self.client.watch_client().watch(format!("{}/{WATCHED}/", self.root), Some(options)).await?;
        // That it is there.
        opened.message().await?;
        *self.watch.lock().await = Some(opened);
        Ok(())
    }

    async fn change_watched(&self, lane: usize) -> Result<u64> {
        let key = format!("{}/{}", self.root, watched(lane));
        let put = Txn::new().and_then(vec![TxnOp::put(key, VALUE.to_vec(), None)]);
        let answer = self.kv.clone().txn(put).await?;
        Ok(answer.header().context("an answer has no header")?.revision().cast_unsigned())
    }

    async fn told(&self) -> Result<u64> {
        let mut watch = self.watch.lock().await;
        let told = watch.as_mut().context("there is no watch")?.message().await?;
        let told = told.context("the watch has ended")?;
        let last = told.events().iter().filter_map(|event| Some(event.kv()?.mod_revision())).max();
        Ok(last.context("the watch told nothing")?.cast_unsigned())
    }
}
