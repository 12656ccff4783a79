//! What befalls a cluster: whom it hits, and how it is mended.

use crate::{Cluster, Error, Kind, Result};

/// What may befall a cluster. Each can be borne: by a single node until it is mended, by three on their own, but for
/// [`KillTwo`](Blow::KillTwo).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blow {
    /// The node that leads is killed.
    KillLeader,
    /// The node that leads freezes.
    FreezeLeader,
    /// The node that leads is cut off from the others. Where that is not possible, it is frozen.
    IsolateLeader,
    /// A node that does not lead is cut off from the others. Where that is not possible, it is frozen.
    IsolateFollower,
    /// The node that leads and another are killed: of three, no quorum is left.
    KillTwo,
}

/// What was done to a node.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wound {
    Killed,
    Frozen,
    Cut,
}

impl Cluster {
    /// Strikes, and returns when it has hit.
    ///
    /// Cancelling it may leave one of two nodes untouched; [`mend`](Self::mend) mends what was hit.
    ///
    /// # Errors
    ///
    /// [`Kind::State`] if an earlier blow was not mended, or a node does not run; otherwise as
    /// [`leader`](Self::leader) and [`pause`](Self::pause).
    pub async fn strike(&self, blow: Blow) -> Result<()> {
        let mut struck = self.inner.struck.lock().await;
        if !struck.is_empty() {
            let message = format!("{} was struck already; it must be mended first", self.family());
            return Err(Error::new(Kind::State, message));
        }
        let nodes = self.nodes();
        let leader = if nodes == 1 { 0 } else { self.leader().await? };
        let follower = (leader + 1) % nodes;
        let hit = match blow {
            Blow::KillLeader | Blow::FreezeLeader | Blow::IsolateLeader => vec![leader],
            Blow::IsolateFollower => vec![follower],
            Blow::KillTwo => vec![leader, follower],
        };
        for node in hit {
            let wound = match blow {
                Blow::KillLeader | Blow::KillTwo => {
                    self.kill(node).await?;
                    Wound::Killed
                }
                Blow::FreezeLeader => {
                    self.pause(node).await?;
                    Wound::Frozen
                }
                Blow::IsolateLeader | Blow::IsolateFollower => match self.isolate(node).await {
                    Err(error) if error.kind() == Kind::Unsupported => {
                        println!("{error}; the node is frozen instead");
                        self.pause(node).await?;
                        Wound::Frozen
                    }
                    cut => {
                        cut?;
                        Wound::Cut
                    }
                },
            };
            struck.push((node, wound));
        }
        Ok(())
    }

    /// Undoes the last blow, and waits until all whom it hit serve again. Does nothing if there was none.
    ///
    /// Cancelling it may leave a node as it was struck, or one that does not serve yet.
    ///
    /// # Errors
    ///
    /// As [`start_node`](Self::start_node), [`resume`](Self::resume), [`heal`](Self::heal) and
    /// [`wait_until_ready`](Self::wait_until_ready).
    pub async fn mend(&self) -> Result<()> {
        let mut struck = self.inner.struck.lock().await;
        let hit = std::mem::take(&mut *struck);
        for &(node, wound) in &hit {
            match wound {
                Wound::Killed => self.start_node(node).await?,
                Wound::Frozen => self.resume(node).await?,
                Wound::Cut => self.heal(node).await?,
            }
        }
        for (node, _) in hit {
            self.wait_until_ready(node).await?;
        }
        Ok(())
    }
}
