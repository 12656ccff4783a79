//! From commits to a watch that tells of them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Rival;
use crate::measure::{Racer, slice};

/// How long a watch may take to tell of a commit.
const PATIENCE: Duration = Duration::from_secs(30);

/// A rival and its one watch, which all tasks wait for; the watch ends with this value.
pub(crate) struct Watched {
    rival: Arc<dyn Rival>,
    through: watch::Receiver<u64>,
    pump: JoinHandle<()>,
}

impl Watched {
    /// Begins the watch.
    pub(crate) async fn begin(rival: Arc<dyn Rival>) -> Result<Self> {
        rival.watch().await?;
        let (told, through) = watch::channel(0);
        let pump = {
            let rival = Arc::clone(&rival);
            // When it fails, whoever waits learns that nobody tells any more.
            tokio::spawn(async move {
                while let Ok(through) = rival.told().await {
                    told.send_if_modified(|known| std::mem::replace(known, through.max(*known)) < through);
                }
            })
        };
        Ok(Self { rival, through, pump })
    }

    /// Commits a change and waits until the watch has told of it.
    async fn change(&self, lane: usize) -> Result<()> {
        let revision = self.rival.change_watched(lane).await?;
        let mut through = self.through.clone();
        let told = through.wait_for(|through| *through >= revision);
        tokio::time::timeout(PATIENCE, told).await.context("the watch does not tell of a commit")??;
        Ok(())
    }

    /// One who does this with so many tasks.
    pub(crate) fn racer(self: &Arc<Self>, name: &'static str, tasks: usize) -> Racer {
        let watched = Arc::clone(self);
        Racer::new(name, move |time| {
            let watched = Arc::clone(&watched);
            slice(tasks, time, 1, move |lane, _| {
                let watched = Arc::clone(&watched);
                async move { watched.change(lane).await }
            })
        })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.pump.abort();
    }
}
