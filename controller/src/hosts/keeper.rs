//! What every host does about the others, all the time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use netkeep_model::{HostId, Incarnation};

use super::automatic::Graces;
use super::gone::Missed;
use super::{HostsConfig, release};
use crate::controller::Inner;
use crate::recovery;

/// Looks after what hosts leave behind: notes who is gone, finishes or undoes what runs that are over have left in
/// between, goes on with evictions that nobody has finished, and evicts who has been gone for longer than it is told
/// to. Every host does so, at times of its own; what several do at once, one of them does. Does not end.
///
/// `ttl` is how long a sign of life lives, `followed` says whether the store is followed now.
pub(crate) async fn keep(
    inner: &Arc<Inner>,
    config: HostsConfig,
    ttl: Duration,
    followed: impl Fn() -> bool,
) {
    let (mut missed, mut graces) = (Missed::default(), Graces::default());
    // What was begun and not finished already the last time.
    let mut left = BTreeSet::new();
    loop {
        tokio::time::sleep((ttl / 3).mul_f64(0.5 + rand::random::<f64>())).await;
        if !followed() {
            missed.forget();
            graces.forget();
            left.clear();
            continue;
        }
        missed.note(&inner.site, ttl / 3).await;
        if recovery::has_dead_phases(inner) {
            let report = recovery::settle_phases(inner).await;
            for failed in &report.failed {
                tracing::warn!(%failed, "what a run that is over has left in between stays for now");
            }
        }
        let found = unfinished(inner);
        for evicted in found.intersection(&left) {
            let (host, through) = *evicted;
            match release(inner, host, through).await {
                Ok(released) => {
                    for left in &released.left {
                        tracing::debug!(%host, %left, "not released yet");
                    }
                }
                Err(error) => tracing::warn!(%host, %error, "an eviction is not finished yet"),
            }
        }
        left = found;
        if let Some(grace) = config.evict_after {
            graces.evict(inner, grace).await;
        }
    }
}

/// The hosts that were evicted and still own something, each with the last of its incarnations that were.
fn unfinished(inner: &Inner) -> BTreeSet<(HostId, Incarnation)> {
    let state = inner.site.replica.read();
    let evicted = state.tables.hosts.values().map(|read| (read.id, read.record.evicted_through));
    evicted.filter(|(host, through)| state.runs.owned_by(*host, *through).next().is_some()).collect()
}
