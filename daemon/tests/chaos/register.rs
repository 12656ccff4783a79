//! A key of the store itself, that several clients read and write at once.

use std::sync::Arc;
use std::time::Duration;

use netkeep_store::{Applied, Entry, Key, Kind, OpenOptions, StoreUrl, Txn};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep};

use crate::history::Histories;
use crate::linearizable::Action;

/// What happens to one key of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Register {
    /// This was read.
    Read(Option<u64>),
    /// This was written, whatever was there.
    Written(u64),
    /// The second was written on the condition that the first was there.
    Swapped(Option<u64>, u64),
    /// That was refused, since something else was there.
    Kept(Option<u64>),
}

impl Action for Register {
    type State = Option<u64>;

    fn after(&self, value: &Option<u64>) -> Option<Option<u64>> {
        match *self {
            Self::Read(seen) => (seen == *value).then_some(*value),
            Self::Written(new) => Some(Some(new)),
            Self::Swapped(seen, new) => (seen == *value).then_some(Some(new)),
            Self::Kept(seen) => (seen != *value).then_some(*value),
        }
    }
}

/// Reads and writes through a client of its own until this time.
pub(crate) async fn work(url: StoreUrl, seed: u64, until: Instant, histories: Arc<Histories<Register>>) {
    let backends = netkeep::compose::backends().unwrap();
    let store = backends.open(&url, &OpenOptions::default()).await.unwrap().store;
    let key = Key::parse("register").unwrap();
    let random = &mut SmallRng::seed_from_u64(seed);
    let mut last: Option<Entry> = None;
    while Instant::now() < until {
        let begun = histories.now();
        let new: u64 = random.random();
        let put = Txn::new().put(key.clone(), new.to_string());
        let (txn, action) = match (random.random_range(0..4), &last) {
            (0, _) => (put, Register::Written(new)),
            (1, Some(seen)) => {
                (put.unchanged(key.clone(), seen.revision), Register::Swapped(Some(number(seen)), new))
            }
            (1, None) => (put.absent(key.clone()), Register::Swapped(None, new)),
            _ => {
                if let Ok(found) = store.get(&key).await {
                    histories.answered("register", begun, Register::Read(found.as_ref().map(number)));
                    last = found;
                }
                continue;
            }
        };
        match store.commit(&txn).await {
            Ok(_) => histories.answered("register", begun, action),
            Err(error) if error.kind() == Kind::Conflict => {
                histories.answered("register", begun, Register::Kept(last.as_ref().map(number)));
            }
            Err(error) => {
                if error.applied() == Applied::Unknown {
                    histories.unknown("register", begun, action);
                }
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
    store.close().await.unwrap();
}

fn number(entry: &Entry) -> u64 {
    std::str::from_utf8(&entry.value).unwrap().parse().unwrap()
}
