//! A new file, which is there whole or not at all.

use std::io;
use std::path::Path;

use netkeep_store::{Error, Identity, Result};
use redb::{Builder, Database, StorageBackend, WriteTransaction};

use crate::disk::beside;
use crate::folder::{Folder, Found};
use crate::{error, format};

#[cfg(test)]
mod faults;
#[cfg(test)]
mod paper;

/// Makes a store at `path` if nothing is there; whatever is there is left alone. Its name is durable then.
///
/// # Errors
///
/// [`Kind::Unavailable`](netkeep_store::Kind::Unavailable) if the disk fails or is full.
pub(crate) fn if_absent(folder: &impl Folder, path: &Path) -> Result<()> {
    match folder.find(path).map_err(error::io("finding the file"))? {
        Found::Nothing => {
            let draft = beside(path, "new");
            whole_file(folder, path, &draft, |txn| format::create(txn, &Identity::fresh()))
        }
        Found::Other => Err(Error::invalid(format!("{} is no file", path.display()))),
        Found::File => {
            // Who made it may have been killed before its name was durable, or before the draft was gone.
            folder.sync_names(path).map_err(error::io("naming the file"))?;
            clear(folder, &beside(path, "new"));
            Ok(())
        }
    }
}

/// Makes a redb file at `path` with what `fill` writes: first under the name `draft`, then, once it is on the disk,
/// under its own. A draft from before is removed.
///
/// # Errors
///
/// [`Kind::Invalid`](netkeep_store::Kind::Invalid) if there is something at `path`;
/// [`Kind::Unavailable`](netkeep_store::Kind::Unavailable) if it cannot be written. Nothing is left then, unless
/// the disk does not let us remove it either.
pub(crate) fn whole_file(
    folder: &impl Folder,
    path: &Path,
    draft: &Path,
    fill: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
) -> Result<()> {
    let result = write_draft(folder, draft, fill).and_then(|()| publish(folder, path, draft));
    // Left over after a failure, or the second name of a success.
    clear(folder, draft);
    result
}

fn write_draft(
    folder: &impl Folder,
    draft: &Path,
    fill: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
) -> Result<()> {
    let failed = error::io("writing a new file");
    match folder.remove(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let backend = folder.create(draft).map_err(&failed)?;
    write(backend, fill).map_err(error::opening)?;
    folder.sync_file(draft).map_err(failed)
}

fn write(
    backend: impl StorageBackend,
    fill: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
) -> Result<(), redb::Error> {
    let database: Database = Builder::new().create_with_backend(backend)?;
    let txn = database.begin_write()?;
    fill(&txn)?;
    txn.commit()?;
    Ok(database.close()?)
}

/// Gives the draft its name, which nothing else may have.
fn publish(folder: &impl Folder, path: &Path, draft: &Path) -> Result<()> {
    let failed = error::io("naming a new file");
    let taken = || Err(Error::invalid(format!("there is something at {} already", path.display())));
    match folder.link(draft, path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return taken(),
        // Not every file system has hard links; then a name can only be looked at before it is taken.
        Err(_) => match folder.find(path).map_err(&failed)? {
            Found::Nothing => folder.rename(draft, path).map_err(&failed)?,
            Found::File | Found::Other => return taken(),
        },
    }
    folder.sync_names(path).map_err(|error| {
        // It may be gone after a loss of power, so it is not there now either.
        clear(folder, path);
        failed(error)
    })
}

/// Removes a file if it is there.
fn clear(folder: &impl Folder, path: &Path) {
    match folder.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, path = %path.display(), "what a new file has left was not removed");
        }
        _ => {}
    }
}
