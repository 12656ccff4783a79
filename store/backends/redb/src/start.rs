//! Opening a file, and the thread that has it from then on.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use netkeep_store::{Error, Kind, Limits, Result, StoreInfo};
use tokio::sync::oneshot;

use crate::folder::RealFolder;
use crate::lease::{LeaseNames, Leases};
use crate::lock::Claim;
use crate::open::Opened;
use crate::read::View;
use crate::shared::Shared;
use crate::volume::Volume;
use crate::writer::Writer;
use crate::{Disk, FileDisk, RedbConfig, RedbStore, create, open};

/// Opens a store in a thread of its own, which then is its writer. Dropping the future closes what was opened.
///
/// `disk` is `None` for the file that the configuration names.
pub(crate) async fn start(config: RedbConfig, disk: Option<Arc<dyn Disk>>) -> Result<RedbStore> {
    config.check()?;
    let (reply, answer) = oneshot::channel();
    std::thread::Builder::new()
        .name("netkeep-redb".to_owned())
        .spawn(move || run(config, disk, reply))
        .map_err(crate::error::io("starting the writer"))?;
    answer
        .await
        .unwrap_or_else(|_| Err(Error::new(Kind::Unexpected, "the writer ended while it opened the file")))
}

fn run(mut config: RedbConfig, disk: Option<Arc<dyn Disk>>, reply: oneshot::Sender<Result<RedbStore>>) {
    let named = config.path.clone();
    let claimed = match disk {
        Some(disk) => Ok((None, disk)),
        None => claim(&mut config),
    };
    let prepared =
        claimed.and_then(|(claim, disk)| prepare(config, disk, claim.as_ref()).map(|writer| (claim, writer)));
    match prepared {
        Ok((claim, writer)) => {
            let ending = Ending { claim, shared: Arc::clone(&writer.shared) };
            // If nobody waits any more, the store is dropped here and the writer ends at once.
            drop(reply.send(Ok(RedbStore::new(Arc::clone(&ending.shared)))));
            writer.run();
        }
        Err(error) => drop(reply.send(Err(error.with_context("path", named.display())))),
    }
}

/// Frees the file, then tells those who wait for that; also if the writer panics.
struct Ending {
    claim: Option<Claim>,
    shared: Arc<Shared>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.shared.close_queue();
        drop(self.claim.take());
        self.shared.end();
    }
}

/// Claims the file and makes it if it is missing.
fn claim(config: &mut RedbConfig) -> Result<(Option<Claim>, Arc<dyn Disk>)> {
    let claim = Claim::take(&config.path)?;
    claim.path().clone_into(&mut config.path);
    create::if_absent(&RealFolder, &config.path)?;
    let disk = Arc::new(FileDisk::new(&config.path));
    Ok((Some(claim), disk))
}

fn prepare(config: RedbConfig, disk: Arc<dyn Disk>, claim: Option<&Claim>) -> Result<Writer> {
    let volume = Arc::new(Volume::new(disk, config.reserve_bytes));
    let opened =
        if claim.is_some() { open::open(&config, &volume) } else { open::open_or_fill(&config, &volume) };
    let Opened { database, described, repaired } = opened.inspect_err(|_| volume.leave())?;
    volume.refill();

    let names = LeaseNames::new(&described.identity);
    let mut leases = Leases::default();
    for (number, nanos) in described.leases {
        leases.found(number, Duration::from_nanos(nanos));
    }
    let view =
        View::new(&database, described.counters.revision, names).map_err(crate::error::Fault::into_error)?;
    let info = StoreInfo {
        name: RedbStore::NAME,
        endpoints: vec![config.path.display().to_string()],
        limits: Limits::PORTABLE,
        leased: config.leased.clone(),
    };
    let (queue, requests) = mpsc::channel();
    let place = claim.map(Claim::place);
    let shared = Arc::new(Shared::new(info, described.identity, leases, view, volume, queue, place));
    Ok(Writer {
        shared,
        config,
        requests,
        database: Some(database),
        counters: described.counters,
        last_batch: 1,
        // Else every crash would have the whole file searched through until something is written.
        unprepared: repaired.then(Instant::now),
    })
}
