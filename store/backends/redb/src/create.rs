//! A new file, which is there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use netkeep_store::{Error, Identity, Result};
use redb::backends::FileBackend;
use redb::{Builder, Database, WriteTransaction};

use crate::disk::beside;
use crate::{error, format};

/// Makes a store at `path` if nothing is there; whatever is there is left alone.
///
/// # Errors
///
/// [`Kind::Unavailable`](netkeep_store::Kind::Unavailable) if the disk fails or is full.
pub(crate) fn if_absent(path: &Path) -> Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.is_file() => return Ok(()),
        Ok(_) => return Err(Error::invalid(format!("{} is no file", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error::io("finding the file")(error)),
    }
    whole_file(path, &beside(path, "new"), |txn| format::create(txn, &Identity::fresh()))
}

/// Makes a redb file at `path` with what `fill` writes: first under the name `draft`, then, once it is on the disk,
/// under its own. A draft from before is removed.
///
/// # Errors
///
/// [`Kind::Invalid`](netkeep_store::Kind::Invalid) if there is something at `path`;
/// [`Kind::Unavailable`](netkeep_store::Kind::Unavailable) if it cannot be written. Nothing is left then.
pub(crate) fn whole_file(
    path: &Path,
    draft: &Path,
    fill: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
) -> Result<()> {
    let result = write_draft(draft, fill).and_then(|()| publish(path, draft));
    // Left over after a failure, or the second name of a success.
    match fs::remove_file(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, draft = %draft.display(), "a draft was not removed");
        }
        _ => {}
    }
    result
}

fn write_draft(draft: &Path, fill: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>) -> Result<()> {
    let failed = error::io("writing a new file");
    match fs::remove_file(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)
        .map_err(&failed)?;
    let copy = file.try_clone().map_err(&failed)?;
    let write = || -> Result<(), redb::Error> {
        let database: Database = Builder::new().create_with_backend(FileBackend::new(file)?)?;
        let txn = database.begin_write()?;
        fill(&txn)?;
        txn.commit()?;
        Ok(database.close()?)
    };
    write().map_err(error::opening)?;
    copy.sync_all().map_err(failed)
}

/// Gives the draft its name, which nothing else may have.
fn publish(path: &Path, draft: &Path) -> Result<()> {
    let failed = error::io("naming a new file");
    match fs::hard_link(draft, path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(Error::invalid(format!("there is something at {} already", path.display())));
        }
        // Not every file system has hard links; then a name can only be looked at before it is taken.
        Err(_) if path.symlink_metadata().is_ok() => {
            return Err(Error::invalid(format!("there is something at {} already", path.display())));
        }
        Err(_) => fs::rename(draft, path).map_err(&failed)?,
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}
