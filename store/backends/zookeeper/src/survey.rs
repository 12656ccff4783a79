//! Looking at what a transaction is about.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use netkeep_store::Result;

use crate::error::reading;
use crate::layout::Bucket;
use crate::link::{Link, Live};
use crate::plan::{Known, Piece};
use crate::read::barrier;
use crate::versions::{Before, Seen};

/// What was seen.
pub(crate) struct Survey {
    /// In the order of the pieces.
    pub(crate) known: Vec<Known>,
    /// False if there is no store yet.
    pub(crate) prepared: bool,
}

impl Link {
    /// Looks at the node of each piece, and remembers it.
    ///
    /// The requests go one behind the other: the generations are read before the nodes, and all of it after the
    /// servers have agreed that this is now.
    pub(crate) async fn survey(&self, live: &Live, pieces: &[Piece<'_>]) -> Result<Survey> {
        let mark = self.layout.mark();
        let mut buckets: Vec<Bucket> = pieces.iter().map(|piece| piece.bucket).collect();
        buckets.sort_unstable();
        buckets.dedup();
        let asked = async {
            let agreed = barrier(&live.client, &mark);
            let generations: Vec<_> = buckets
                .iter()
                .map(|bucket| live.client.check_stat(&self.layout.generation(*bucket)))
                .collect();
            let nodes: Vec<_> = pieces.iter().map(|piece| live.client.check_stat(&piece.path)).collect();
            agreed.await?;
            Ok((join_all(generations).await, join_all(nodes).await))
        };
        let (generations, nodes) = self.door.read(asked).await?;
        let mut at: BTreeMap<Bucket, (i32, Option<Before>)> = BTreeMap::new();
        for (bucket, generation) in buckets.iter().zip(generations) {
            if let Some(stat) = generation.map_err(reading)? {
                at.insert(*bucket, (stat.version, live.versions.generation(*bucket, stat.version)));
            }
        }
        let mut known = Vec::with_capacity(pieces.len());
        for (piece, node) in pieces.iter().zip(nodes) {
            known.push(match (node.map_err(reading)?, at.get(&piece.bucket)) {
                (Some(stat), Some((generation, before))) => {
                    live.versions.learn(&piece.path, *before, Seen::from(&stat));
                    Known::Present(Seen::from(&stat), *generation)
                }
                _ => Known::Absent,
            });
        }
        Ok(Survey { known, prepared: at.len() == buckets.len() })
    }
}
