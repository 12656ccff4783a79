//! From one store to another.

use super::content::{Seen, keeps_changing};
use super::writer::Writer;
use super::{Content, Difference, Progress, Stage};
use crate::{Error, Kind, Prefix, Result, Store};

/// How a copy is made.
#[derive(Clone, Debug)]
pub struct CopyOptions {
    /// What is not copied, beside leased entries.
    pub excluded: Vec<Prefix>,
    /// How often the source is read again because it has changed meanwhile. Default: 5.
    pub rounds: usize,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self { excluded: Vec::new(), rounds: 5 }
    }
}

/// What a copy has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// How many keys the target holds.
    pub keys: usize,
    /// How many of them, or of others, were written or deleted now.
    pub written: usize,
    /// How often the source was read and the target brought up to it.
    pub rounds: usize,
}

/// Makes `to` hold what `from` holds, and compares both, record by record, at the end.
///
/// The target must be empty, or be the unfinished target of a copy from the same source, which is then finished. The
/// source is only read. The target equals one state that the source had: if it changes meanwhile, it is read again,
/// and the target brought up to it, until it has not changed while both were read.
///
/// Cancellation: the target is left unfinished and says so; copy again.
///
/// # Errors
///
/// [`Kind::Conflict`] if the target is not empty or somebody writes to it, or if the source kept changing in all
/// rounds; [`Kind::Invalid`] if source and target are one store; as the methods of [`Store`].
pub async fn copy(
    from: &dyn Store,
    to: &dyn Store,
    options: &CopyOptions,
    progress: &dyn Progress,
) -> Result<Copied> {
    let (source, target) = (from.status().await?.identity, to.status().await?.identity);
    if source.id == target.id {
        return Err(Error::invalid(format!("source and target are one store, {}", source.id)));
    }
    progress.began(Stage::Reading, 0);
    let mut seen = Seen::of(from, &options.excluded).await?;
    let writer = Writer::begin(to, &source.id.to_string(), &options.excluded).await?;
    let mut written = 0;
    for round in 1..=options.rounds.max(1) {
        let wanted = seen.clone().into_content();
        written += writer.write(&wanted, &options.excluded, progress).await?;
        progress.began(Stage::Verifying, wanted.len());
        let again = Seen::of(from, &options.excluded).await?;
        if again.same_as(&seen) {
            let held = Seen::of(to, &options.excluded).await?.into_content();
            verify(&wanted, &held)?;
            progress.passed(wanted.len());
            writer.finish().await?;
            return Ok(Copied { keys: wanted.len(), written, rounds: round });
        }
        seen = again;
    }
    Err(keeps_changing())
}

/// Refuses a target that does not hold what was written to it.
pub(super) fn verify(wanted: &Content, held: &Content) -> Result<()> {
    let difference = Difference::of(wanted, held);
    let Some(key) = difference.left.iter().chain(&difference.right).chain(&difference.values).next() else {
        return Ok(());
    };
    Err(Error::new(
        Kind::Conflict,
        format!(
            "the target differs from what was written to it in {} keys, the first is {key}; somebody else writes \
             to it",
            difference.len()
        ),
    ))
}
