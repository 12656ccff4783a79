//! From a file into a store.

use super::content::Seen;
use super::copy::verify;
use super::writer::Writer;
use super::{Content, Copied, Progress, Stage};
use crate::{Prefix, Result, Store};

/// Makes `to` hold `content`, which came from the file or store named `from`, and compares both at the end.
///
/// The target must be empty, or be the unfinished target of an import of the same name, which is then finished.
///
/// Cancellation: the target is left unfinished and says so; import again.
///
/// # Errors
///
/// [`Kind::Conflict`](crate::Kind::Conflict) if the target is not empty, or somebody writes to it; as the methods of
/// [`Store`].
pub async fn import(
    content: &Content,
    from: &str,
    to: &dyn Store,
    excluded: &[Prefix],
    progress: &dyn Progress,
) -> Result<Copied> {
    progress.began(Stage::Reading, 0);
    let writer = Writer::begin(to, from, excluded).await?;
    let written = writer.write(content, excluded, progress).await?;
    progress.began(Stage::Verifying, content.len());
    verify(content, &Seen::of(to, excluded).await?.into_content())?;
    progress.passed(content.len());
    writer.finish().await?;
    Ok(Copied { keys: content.len(), written, rounds: 1 })
}
