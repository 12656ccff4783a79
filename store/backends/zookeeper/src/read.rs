//! Reading one entry, and all below a prefix.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use netkeep_store::remote::Room;
use netkeep_store::{Entry, Key, LeaseId, Prefix, Result, Revision, Snapshot};
use zookeeper_client::{Client, Error as Zk, MultiReadResult, MultiWriteError, Stat};

use crate::connect::Door;
use crate::error::reading;
use crate::layout::{Layout, bucket_of, directory_of, key_of, lies_below};
use crate::link::{Link, Live};
use crate::versions::Seen;

/// How many nodes one request reads: values have 256 KiB at most.
const AT_ONCE: usize = 64;
/// How many requests of one list are under way.
const UNDER_WAY: usize = 4;

/// What makes sure that the answers to requests after it on the same session are of now: a transaction that the servers
/// agree on, and that changes nothing. Sent when it is called, not when it is polled.
pub(crate) fn barrier<'a>(
    client: &'a Client,
    mark: &str,
) -> impl Future<Output = Result<(), Zk>> + Send + 'a {
    let mut writer = client.new_multi_writer();
    let added = writer.add_check_version(mark, -1);
    let asked = added.map(|()| writer.commit());
    async move {
        match asked?.await {
            // A store that is not there yet; the servers have agreed on that too.
            Ok(_) | Err(MultiWriteError::OperationFailed { source: Zk::NoNode, .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Writes the mark: all commits that were acknowledged before are below the revision that this gives. Zero if the store
/// is not there yet.
pub(crate) async fn mark(door: &Door, layout: &Layout, client: &Client) -> Result<Revision> {
    let set = async {
        match client.set_data(&layout.mark(), b"", None).await {
            Ok(stat) => Ok(stat.mzxid),
            Err(Zk::NoNode) => Ok(0),
            Err(error) => Err(error),
        }
    };
    door.read(set).await.map(revision)
}

/// The revision that a transaction id stands for.
pub(crate) fn revision(zxid: i64) -> Revision {
    Revision::new(u64::try_from(zxid).unwrap_or_default())
}

/// The lease that a node of this session goes with.
pub(crate) fn lease_of(owner: i64) -> Option<LeaseId> {
    (owner != 0).then(|| LeaseId::new(format!("{:016x}", owner.cast_unsigned())))
}

pub(crate) fn entry(key: Key, data: Vec<u8>, stat: &Stat) -> Entry {
    Entry {
        key,
        value: Bytes::from(data),
        revision: revision(stat.mzxid),
        lease: lease_of(stat.ephemeral_owner),
    }
}

/// The entries of these nodes, `None` for one that is not there.
pub(crate) async fn nodes(
    door: &Door,
    client: &Client,
    wanted: Vec<(String, Key)>,
) -> Result<Vec<(String, Key, Option<(Vec<u8>, Stat)>)>> {
    let chunks: Vec<Vec<(String, Key)>> = wanted.chunks(AT_ONCE).map(<[_]>::to_vec).collect();
    let read = stream::iter(chunks).map(|chunk| async move {
        let mut reader = client.new_multi_reader();
        for (path, _) in &chunk {
            reader.add_get_data(path).map_err(reading)?;
        }
        let answers = door.read(reader.commit()).await?;
        let found = chunk.into_iter().zip(answers).map(|((path, key), answer)| match answer {
            MultiReadResult::Data { data, stat } => Ok((path, key, Some((data, stat)))),
            MultiReadResult::Error { err: Zk::NoNode } => Ok((path, key, None)),
            MultiReadResult::Error { err } => Err(reading(err)),
            _ => Err(reading(Zk::UnmarshalError { entity: "node", reason: &"another answer was asked for" })),
        });
        found.collect::<Result<Vec<_>>>()
    });
    read.buffered(UNDER_WAY).try_concat().await
}

/// Every entry below `prefix`, of a moment not before [`mark`] was written, which gave `revision`.
pub(crate) async fn snapshot(
    door: &Door,
    layout: &Layout,
    client: &Client,
    room: Room,
    prefix: &Prefix,
) -> Result<Snapshot> {
    let revision = mark(door, layout, client).await?;
    let top = layout.room(room);
    let names = children(door, client, vec![top]).await?.concat();
    let directories = names.iter().filter_map(|name| directory_of(name));
    let directories: Vec<Prefix> = directories.filter(|directory| lies_below(directory, prefix)).collect();
    let paths = directories.iter().map(|directory| layout.directory(room, directory)).collect();
    let listed = directories.iter().zip(children(door, client, paths).await?);
    let mut keys: Vec<Key> = listed
        .flat_map(|(directory, leaves)| leaves.into_iter().filter_map(move |leaf| key_of(directory, &leaf)))
        .collect();
    keys.sort_unstable();
    let wanted = keys.into_iter().map(|key| (layout.node(room, &key), key)).collect();
    let found = nodes(door, client, wanted).await?;
    let entries = found
        .into_iter()
        .filter_map(|(_, key, node)| node.map(|(data, stat)| entry(key, data, &stat)))
        .collect();
    Ok(Snapshot { entries, revision })
}

/// The names of what is in each of these directories; nothing in one that is not there.
async fn children(door: &Door, client: &Client, paths: Vec<String>) -> Result<Vec<Vec<String>>> {
    let chunks: Vec<Vec<String>> = paths.chunks(AT_ONCE).map(<[_]>::to_vec).collect();
    let read = stream::iter(chunks).map(|chunk| async move {
        let mut reader = client.new_multi_reader();
        for path in &chunk {
            reader.add_get_children(path).map_err(reading)?;
        }
        let answers = door.read(reader.commit()).await?;
        let found = answers.into_iter().map(|answer| match answer {
            MultiReadResult::Children { children } => Ok(children),
            MultiReadResult::Error { err: Zk::NoNode } => Ok(Vec::new()),
            MultiReadResult::Error { err } => Err(reading(err)),
            _ => Err(reading(Zk::UnmarshalError { entity: "node", reason: &"another answer was asked for" })),
        });
        found.collect::<Result<Vec<_>>>()
    });
    read.buffered(UNDER_WAY).try_concat().await
}

impl Link {
    /// The entry under `key`.
    pub(crate) async fn get(&self, room: Room, key: &Key) -> Result<Option<Entry>> {
        let live = self.live().await?;
        self.judge(&live, self.get_through(&live, room, key).await)
    }

    async fn get_through(&self, live: &Live, room: Room, key: &Key) -> Result<Option<Entry>> {
        let path = self.layout.node(room, key);
        let before = live.versions.before(bucket_of(room, key));
        let mark = self.layout.mark();
        // Both are sent here, one behind the other.
        let (agreed, got) = (barrier(&live.client, &mark), live.client.get_data(&path));
        let both = async { (agreed.await, got.await) };
        let answers = self.door.read(async { Ok(both.await) }).await?;
        answers.0.map_err(reading)?;
        match answers.1 {
            Ok((data, stat)) => {
                live.versions.learn(&path, before, Seen::from(&stat));
                Ok(Some(entry(key.clone(), data, &stat)))
            }
            Err(Zk::NoNode) => Ok(None),
            Err(error) => Err(reading(error)),
        }
    }

    /// Every entry below `prefix`.
    pub(crate) async fn list(&self, room: Room, prefix: &Prefix) -> Result<Snapshot> {
        let live = self.live().await?;
        let listed = snapshot(&self.door, &self.layout, &live.client, room, prefix).await;
        self.judge(&live, listed)
    }
}
