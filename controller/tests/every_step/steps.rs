//! The steps of a run, and where it crashes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts steps, and ends the run at one of them: from then on nothing happens any more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    taken: Vec<&'static str>,
    crash: Option<(usize, Side)>,
    crashed: bool,
}

/// Whether a crash comes before a step has its effect, or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

/// The run has ended.
#[derive(Debug)]
pub(crate) struct Crashed;

impl Steps {
    /// Counts anew, and crashes there.
    pub(crate) fn arm(&self, crash: Option<(usize, Side)>) {
        *self.inner() = Inner { crash, ..Inner::default() };
    }

    /// The steps since it was armed.
    pub(crate) fn taken(&self) -> Vec<&'static str> {
        self.inner().taken.clone()
    }

    /// True if the run has ended.
    pub(crate) fn has_crashed(&self) -> bool {
        self.inner().crashed
    }

    /// Takes a step. What is done in it has no effect if the crash came before it, and nobody hears of it if it
    /// came after.
    pub(crate) async fn take<T>(
        &self,
        name: &'static str,
        effect: impl Future<Output = T> + Send,
    ) -> Result<T, Crashed> {
        let side = {
            let mut inner = self.inner();
            if inner.crashed {
                return Err(Crashed);
            }
            let number = inner.taken.len();
            inner.taken.push(name);
            inner.crash.filter(|(at, _)| *at == number).map(|(_, side)| side)
        };
        if side == Some(Side::Before) {
            self.inner().crashed = true;
            return Err(Crashed);
        }
        let done = effect.await;
        if side == Some(Side::After) {
            self.inner().crashed = true;
            return Err(Crashed);
        }
        Ok(done)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
