//! What must still hold for a driver to write.

use std::sync::Arc;

use netkeep_store::{Error, Guard, Kind, Result};
use tokio::sync::watch;

/// Guards that go into every commit that a driver makes by itself, such as "the record of this host is as this
/// run of the daemon wrote it": so the late write of an earlier run, or of an evicted host, fails.
///
/// The owner of the registry sets it, and sets it again when the guarded record gets another revision. Until it
/// is set for the first time, commits are refused with [`Kind::Unavailable`]; reads are never fenced.
///
/// Clones share the guards.
#[derive(Clone, Debug)]
pub struct Fence(Arc<watch::Sender<State>>);

#[derive(Clone, Debug, Default)]
struct State {
    guards: Option<Arc<[Guard]>>,
    /// Raised by every setting.
    generation: u64,
    /// Raised by every run that begins.
    run: u64,
    /// How many [`FenceChange`]s there are.
    changing: usize,
}

/// The guards as they were at one time.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) guards: Arc<[Guard]>,
    pub(super) generation: u64,
    pub(super) run: u64,
}

impl Fence {
    /// The most guards that a fence has: drivers' transactions have so many keys and directories less.
    pub const MAX_GUARDS: usize = 2;

    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(State::default())))
    }

    /// As [`Fence::set`], for a new run of the daemon: a commit that was begun under the guards of the run before
    /// is not sent again under these.
    ///
    /// # Errors
    ///
    /// As [`Fence::set`].
    pub fn begin(&self, guards: Vec<Guard>) -> Result<()> {
        self.put(guards, true)
    }

    /// Sets the guards, in place of those before. No guards at all leave every commit as it is.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`] for more than [`Fence::MAX_GUARDS`] guards, or two of one key.
    pub fn set(&self, guards: Vec<Guard>) -> Result<()> {
        self.put(guards, false)
    }

    fn put(&self, guards: Vec<Guard>, begins: bool) -> Result<()> {
        if guards.len() > Self::MAX_GUARDS {
            return Err(Error::invalid(format!(
                "{} guards are too many for a fence; it may have {}",
                guards.len(),
                Self::MAX_GUARDS
            )));
        }
        if let [one, other] = guards.as_slice()
            && one.key() == other.key()
        {
            return Err(Error::invalid(format!("the fence guards key {} twice", one.key())));
        }
        self.0.send_modify(|state| {
            state.guards = Some(guards.into());
            state.generation += 1;
            state.run += u64::from(begins);
        });
        Ok(())
    }

    /// Refuses all further commits until it is set again.
    pub fn clear(&self) {
        self.0.send_modify(|state| {
            state.guards = None;
            state.generation += 1;
        });
    }

    /// Announces that a guarded record is about to be written again by the owner of the registry itself.
    ///
    /// A commit of a driver that meets the new revision before the fence knows it waits for the end of the change
    /// instead of taking itself for fenced off. Set the new guards on the fence, then drop the change.
    pub fn change(&self) -> FenceChange {
        self.0.send_modify(|state| state.changing += 1);
        FenceChange { fence: self.clone() }
    }

    /// The guards, once nobody is changing them.
    pub(super) async fn settled(&self) -> Result<Held> {
        let mut receiver = self.0.subscribe();
        let state = receiver
            .wait_for(|state| state.changing == 0)
            .await
            .map(|state| state.clone())
            .map_err(|_| Error::closed("the registry that owns the fence is gone"))?;
        let guards = state.guards.ok_or_else(|| {
            Error::new(
                Kind::Unavailable,
                "this host may not write for a driver now: the fence has no guards yet, or none any more",
            )
        })?;
        Ok(Held { guards, generation: state.generation, run: state.run })
    }
}

/// A change of what a [`Fence`] guards, from its announcement until it is dropped.
#[derive(Debug)]
#[must_use = "the change ends when it is dropped"]
pub struct FenceChange {
    fence: Fence,
}

impl Drop for FenceChange {
    fn drop(&mut self) {
        self.fence.0.send_modify(|state| state.changing -= 1);
    }
}
