//! ZooKeeper by its client alone.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use zookeeper_client::{
    Acls, AddWatchMode, Client, CreateMode, Error as Zk, MultiReadResult, MultiWriteError, PersistentWatcher,
};

use super::rival::{CONTENDED, Rival, VALUE, WATCHED, committed, entry, list, watched};

/// What our store puts into its slots, by its size.
const SLOT: &[u8] = br#"{"run":"0123456789abcdef0123456789abcdef","operation":1234567}"#;
/// How many nodes one request of a list reads, and how many such requests are under way: as many as in our store.
const AT_ONCE: usize = 64;
const UNDER_WAY: usize = 4;
const GENERATIONS: usize = 256;

/// The raw client.
pub(crate) struct RawZooKeeper {
    client: Client,
    ours: String,
    root: String,
    /// Whether what our store adds is wanted.
    same: bool,
    /// How often each lane has written its keys, and so the version of their nodes.
    lanes: Mutex<HashMap<(usize, usize), i32>>,
    watch: tokio::sync::Mutex<Option<PersistentWatcher>>,
}

impl RawZooKeeper {
    /// A client that sends the same requests as our store at `ours`; or with `bare` only what was asked for.
    pub(crate) async fn open(endpoint: &str, ours: &str, root: &str, bare: bool) -> Result<Self> {
        let connector = Client::connector().with_session_timeout(Duration::from_secs(10)).with_fail_eagerly();
        let client = connector.connect(endpoint).await?;
        let raw = Self {
            client,
            ours: format!("/{ours}/entries"),
            root: format!("/{root}"),
            same: !bare,
            lanes: Mutex::default(),
            watch: tokio::sync::Mutex::default(),
        };
        let directories = ["", "/own", "/generations", "/contended", "/watched"].map(str::to_owned);
        let generations = (0..GENERATIONS).map(|bucket| format!("/generations/{bucket:02x}"));
        let nodes = ["/mark", "/own/store", "/generations/own"].map(str::to_owned);
        let last = [format!("/{CONTENDED}")];
        for path in directories.into_iter().chain(nodes).chain(generations).chain(last) {
            raw.make(&path).await?;
        }
        Ok(raw)
    }

    async fn make(&self, path: &str) -> Result<()> {
        let options = CreateMode::Persistent.with_acls(Acls::anyone_all());
        match self.client.create(&format!("{}{path}", self.root), &VALUE, &options).await {
            Ok(_) | Err(Zk::NodeExists) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes these nodes, each at its version; false if one was at another. The slot of a lane is at `slot`.
    async fn write(&self, lane: (usize, usize), slot: i32, nodes: &[(String, i32)]) -> Result<bool> {
        let root = &self.root;
        let mut writer = self.client.new_multi_writer();
        if self.same {
            let first = lane.0 * lane.1;
            let buckets: BTreeSet<usize> =
                (first..first + nodes.len()).map(|bucket| bucket % GENERATIONS).collect();
            for bucket in buckets {
                writer.add_check_version(&format!("{root}/generations/{bucket:02x}"), 0)?;
            }
            writer.add_check_version(&format!("{root}/generations/own"), 0)?;
            writer.add_set_data(&slot_of(root, lane), SLOT, Some(slot))?;
            writer.add_check_version(&format!("{root}/own/store"), 0)?;
        }
        for (path, version) in nodes {
            writer.add_set_data(path, &VALUE, Some(*version))?;
        }
        match writer.commit().await {
            Ok(_) => Ok(true),
            Err(MultiWriteError::OperationFailed { source: Zk::BadVersion, .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// How often a lane has written; makes its nodes first.
    async fn lane(&self, lane: (usize, usize)) -> Result<i32> {
        let known = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).get(&lane).copied();
        if let Some(version) = known {
            return Ok(version);
        }
        self.make(&format!("/commit-{}", lane.1)).await?;
        for index in 0..lane.1 {
            self.make(&format!("/{}", committed(lane.0, lane.1, index))).await?;
        }
        self.make(slot_of("", lane).as_str()).await?;
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).insert(lane, 0);
        Ok(0)
    }

    fn wrote(&self, lane: (usize, usize), version: i32) {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).insert(lane, version);
    }

    /// What makes the answers after it be of now; sent when it is called.
    fn barrier(&self) -> Result<impl Future<Output = Result<()>> + Send + '_> {
        let mut writer = self.client.new_multi_writer();
        writer.add_check_version(&format!("{}/mark", self.root), -1)?;
        let agreed = writer.commit();
        Ok(async move {
            agreed.await?;
            Ok(())
        })
    }
}

fn slot_of(root: &str, lane: (usize, usize)) -> String {
    format!("{root}/own/slots!0123456789abcdef0123456789abcdef!{}-{}", lane.0, lane.1)
}

#[async_trait]
impl Rival for RawZooKeeper {
    async fn get(&self, at: usize) -> Result<()> {
        let path = format!("{}/{}", self.ours, entry(at));
        // A read alone would not be linearizable.
        let (agreed, got) = (self.barrier()?, self.client.get_data(&path));
        agreed.await?;
        let (data, _) = got.await?;
        ensure!(data.len() == VALUE.len(), "another value is there");
        Ok(())
    }

    async fn commit(&self, lane: usize, keys: usize) -> Result<()> {
        let lane = (lane, keys);
        let version = self.lane(lane).await?;
        let node = |index| (format!("{}/{}", self.root, committed(lane.0, keys, index)), version);
        let nodes: Vec<(String, i32)> = (0..keys).map(node).collect();
        ensure!(self.write(lane, version, &nodes).await?, "a guard failed that nobody else touches");
        self.wrote(lane, version + 1);
        Ok(())
    }

    async fn list(&self, count: usize) -> Result<()> {
        self.client.set_data(&format!("{}/mark", self.root), b"", None).await?;
        let folder = format!("{}/{}", self.ours, list(count));
        let leaves = self.client.list_children(&folder).await?;
        let chunks: Vec<Vec<String>> = leaves.chunks(AT_ONCE).map(<[_]>::to_vec).collect();
        let read = stream::iter(chunks).map(|chunk| {
            let folder = &folder;
            async move {
                let mut reader = self.client.new_multi_reader();
                for leaf in &chunk {
                    reader.add_get_data(&format!("{folder}/{leaf}"))?;
                }
                reader.commit().await
            }
        });
        let read: Vec<Vec<MultiReadResult>> = read.buffered(UNDER_WAY).try_collect().await?;
        let found =
            read.iter().flatten().filter(|found| matches!(found, MultiReadResult::Data { .. })).count();
        ensure!(found == count, "a list has {found} entries");
        Ok(())
    }

    async fn replace_contended(&self, lane: usize) -> Result<()> {
        let lane = (lane, 0);
        let path = format!("{}/{CONTENDED}", self.root);
        let mut slot = self.lane(lane).await?;
        loop {
            let (agreed, got) = (self.barrier()?, self.client.get_data(&path));
            agreed.await?;
            let (_, stat) = got.await?;
            let done = self.write(lane, slot, &[(path.clone(), stat.version)]).await?;
            if done {
                slot += 1;
                self.wrote(lane, slot);
                return Ok(());
            }
        }
    }

    async fn watch(&self) -> Result<()> {
        let folder = format!("{}/{WATCHED}", self.root);
        let watch = self.client.watch(&folder, AddWatchMode::PersistentRecursive).await?;
        *self.watch.lock().await = Some(watch);
        Ok(())
    }

    async fn change_watched(&self, lane: usize) -> Result<u64> {
        let path = format!("{}/{}", self.root, watched(lane));
        let stat = match self.client.set_data(&path, &VALUE, None).await {
            Err(Zk::NoNode) => {
                self.make(&format!("/{}", watched(lane))).await?;
                self.client.set_data(&path, &VALUE, None).await?
            }
            set => set?,
        };
        Ok(stat.mzxid.cast_unsigned())
    }

    async fn told(&self) -> Result<u64> {
        let mut watch = self.watch.lock().await;
        let event = watch.as_mut().context("there is no watch")?.changed().await;
        // An event has no value.
        self.client.get_data(&event.path).await?;
        Ok(event.zxid.cast_unsigned())
    }
}
