//! From a disk to a database that is known to be ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use netkeep_store::{Error, Kind, Result};
use redb::{Builder, Database, StorageBackend};

use crate::error::contained;
use crate::format::Described;
use crate::mount::Mount;
use crate::volume::{Room, Volume};
use crate::{RedbConfig, error, format};

/// A file that is open.
pub(crate) struct Opened {
    pub(crate) database: Database,
    pub(crate) described: Described,
    /// True if it was not closed cleanly and had to be searched through, or was verified.
    pub(crate) repaired: bool,
}

/// Opens what is on the disk of `volume`. What is not ours is refused, and not a byte of it is changed.
///
/// # Errors
///
/// [`Kind::Corrupt`] for what is no store or a damaged one, [`Kind::Invalid`] for a store of another format,
/// [`Kind::Unavailable`] if the disk cannot be had, [`Kind::Denied`] if we may not have it.
pub(crate) fn open(config: &RedbConfig, volume: &Arc<Volume>) -> Result<Opened> {
    volume.begin(Room::Deletions);
    let mount = Mount::holding(volume).map_err(error::io("opening the file"))?;
    format::check_magic(&mount)?;
    open_mounted(config, mount)
}

/// As [`open`], but makes a store if there is nothing at all on the disk. Unlike a new file, this one is not there
/// whole or not at all: only a file can be given its name at the end.
pub(crate) fn open_or_fill(config: &RedbConfig, volume: &Arc<Volume>) -> Result<Opened> {
    volume.begin(Room::Deletions);
    let mount = Mount::holding(volume).map_err(error::io("opening the disk"))?;
    if mount.len().map_err(error::io("opening the disk"))? > 0 {
        format::check_magic(&mount)?;
        return open_mounted(config, mount);
    }
    let fill = || -> Result<(), redb::Error> {
        let database = builder(config).create_with_backend(mount.clone())?;
        let txn = database.begin_write()?;
        format::create(&txn, &netkeep_store::Identity::fresh())?;
        txn.commit()?;
        mount.release()?;
        Ok(database.close()?)
    };
    fill().map_err(error::opening)?;
    open(config, volume)
}

fn open_mounted(config: &RedbConfig, mount: Mount) -> Result<Opened> {
    let begun = Instant::now();
    let repaired = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&repaired);
    let mut builder = builder(config);
    builder.set_repair_callback(move |_| noted.store(true, Ordering::Relaxed));
    let (database, described) = contained(
        || {
            let database = builder.create_with_backend(mount.clone()).map_err(error::opening)?;
            let described = format::describe(&database)?;
            mount.release().map_err(error::io("writing the file"))?;
            Ok((database, described))
        },
        |why| Error::new(Kind::Corrupt, format!("the file is damaged: {why}; it was left as it is")),
    )?;
    let repaired = repaired.load(Ordering::Relaxed);
    if repaired {
        tracing::info!(path = %config.path.display(), took = ?begun.elapsed(), "the file was checked and repaired");
    }
    Ok(Opened { database, described, repaired })
}

fn builder(config: &RedbConfig) -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(config.cache_bytes).set_check_integrity_on_open(config.verify);
    builder
}
