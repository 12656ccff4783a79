//! How many commits a second the store makes durable, and how many share one sync.
//!
//! `cargo run --release -p netkeep-store-redb --example rate [FOLDER]`; the folder is the system's temporary one if
//! none is named, and should lie on the disk that matters. Each commit puts 4 new keys of 200 bytes, as an endpoint
//! does. The last column is against one commit per durable transaction of bare redb in the same run.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use netkeep_store::{Key, LeasedDirectories, Result, Store, Txn};
use netkeep_store_redb::{RedbConfig, RedbStore};

const TIME: Duration = Duration::from_secs(3);
const KEYS: [&str; 4] = ["endpoints/n", "endpoint-names/n", "addresses/s/4", "addresses/s/6"];

async fn store(folder: &Path, tasks: usize) -> Result<(f64, f64)> {
    let path = folder.join(format!("rate-{tasks}.redb"));
    let store = Arc::new(RedbStore::open(RedbConfig::new(&path, LeasedDirectories::default())).await?);
    let begun = Instant::now();
    let workers: Vec<_> = (0..tasks)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut made = 0_u64;
                while begun.elapsed() < TIME {
                    let mut txn = Txn::new();
                    for key in KEYS {
                        let key = Key::parse(&format!("{key}/{made:012}-{task}"))?;
                        txn = txn.absent(key.clone()).put(key, vec![b'v'; 200]);
                    }
                    store.commit(&txn).await?;
                    made += 1;
                }
                Ok::<_, netkeep_store::Error>(made)
            })
        })
        .collect();
    let mut made = 0;
    for worker in workers {
        made += worker.await.expect("a worker does not panic")?;
    }
    let rate = made as f64 / begun.elapsed().as_secs_f64();
    let shared = made as f64 / store.durable_transactions() as f64;
    store.close().await?;
    Ok((rate, shared))
}

fn bare(folder: &Path) -> Result<f64, redb::Error> {
    let table: redb::TableDefinition<'static, &str, &[u8]> = redb::TableDefinition::new("t");
    let database = redb::Database::create(folder.join("rate-bare.redb"))?;
    let begun = Instant::now();
    let mut made = 0_u64;
    while begun.elapsed() < TIME {
        let txn = database.begin_write()?;
        {
            let mut table = txn.open_table(table)?;
            for key in KEYS {
                table.insert(format!("{key}/{made:012}").as_str(), [b'v'; 200].as_slice())?;
            }
        }
        txn.commit()?;
        made += 1;
    }
    Ok(made as f64 / begun.elapsed().as_secs_f64())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let parent = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(parent)?;
    let bare = bare(folder.path())?;
    println!("bare redb: {bare:.0} commits/s");
    println!("tasks  commits/s  commits per sync  times bare");
    for tasks in [1, 16, 64, 256] {
        let (rate, shared) = store(folder.path(), tasks).await?;
        println!("{tasks:>5}  {rate:>9.0}  {shared:>16.1}  {:>10.1}", rate / bare);
    }
    Ok(())
}
