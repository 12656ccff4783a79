//! Reading: one key, or every key below a prefix at one revision.

use etcd_client::{GetOptions, GetResponse, KeyValue};
use netkeep_store::remote::Room;
use netkeep_store::{Entry, Error, Key, Kind, Prefix, Result, Revision, Snapshot};

use crate::error::Fault;
use crate::keys::Keys;
use crate::lease;
use crate::pool::Pool;

/// The first page; the others are chosen by how large the entries have turned out to be.
const FIRST_PAGE: i64 = 100;
const LARGEST_PAGE: i64 = 20_000;
/// What a page should have, so that no answer holds others up for long.
const PAGE_BYTES: usize = 4 << 20;
/// Pages of a list that was compacted away are asked for again so many times.
const TRIES: usize = 3;
/// More pages than any store has.
const PAGES: usize = 1 << 20;

pub(crate) async fn get(pool: &Pool, keys: &Keys, room: Room, key: &Key) -> Result<Option<Entry>> {
    let name = keys.key(room, key);
    let answer = pool.ask(async move |mut at| at.kv.get(name, None).await).await.map_err(Fault::of_read)?;
    Ok(answer.kvs().first().map(|found| entry(key.clone(), found)))
}

/// The revision of the store, which is at least that of every acknowledged commit.
pub(crate) async fn revision(pool: &Pool, keys: &Keys) -> Result<Revision> {
    let (from, _) = keys.range(Room::Own, &Prefix::root());
    let options = GetOptions::new().with_count_only();
    let answer =
        pool.ask(async move |mut at| at.kv.get(from, Some(options)).await).await.map_err(Fault::of_read)?;
    revision_of(&answer)
}

pub(crate) async fn list(pool: &Pool, keys: &Keys, room: Room, prefix: &Prefix) -> Result<Snapshot> {
    for _ in 0..TRIES {
        match list_once(pool, keys, room, prefix).await {
            Ok(snapshot) => return snapshot,
            Err(fault) if fault.verdict.compacted => {}
            Err(fault) => return Err(fault.of_read()),
        }
    }
    Err(Error::new(
        Kind::Unavailable,
        format!("etcd was compacted {TRIES} times while the list was read; keep more of its history"),
    ))
}

async fn list_once(pool: &Pool, keys: &Keys, room: Room, prefix: &Prefix) -> Result<Result<Snapshot>, Fault> {
    let (mut from, to) = keys.range(room, prefix);
    let mut entries = Vec::new();
    let mut at_revision: Option<Revision> = None;
    let mut limit = FIRST_PAGE;
    for _ in 0..PAGES {
        // etcd answers in the order of keys by itself.
        let mut options = GetOptions::new().with_range(to.clone()).with_limit(limit);
        if let Some(revision) = at_revision {
            options = options.with_revision(i64::try_from(revision.get()).unwrap_or(i64::MAX));
        }
        let page = {
            let from = from.clone();
            pool.ask(async move |mut at| at.kv.get(from, Some(options)).await).await?
        };
        let revision = match at_revision {
            Some(revision) => revision,
            None => match revision_of(&page) {
                Ok(revision) => revision,
                Err(error) => return Ok(Err(error)),
            },
        };
        at_revision = Some(revision);
        let mut bytes = 0;
        for found in page.kvs() {
            bytes += found.key().len() + found.value().len();
            match keys.strip(room, found.key()) {
                Some(key) => entries.push(entry(key, found)),
                None => ignored(found.key()),
            }
        }
        let Some(last) = page.kvs().last().filter(|_| page.more()) else {
            return Ok(Ok(Snapshot { entries, revision }));
        };
        from = last.key().to_vec();
        from.push(0);
        limit = next_limit(page.kvs().len(), bytes);
    }
    Ok(Err(Error::new(Kind::Unexpected, format!("a list has more than {PAGES} pages"))))
}

fn next_limit(entries: usize, bytes: usize) -> i64 {
    let each = (bytes / entries.max(1)).max(1);
    i64::try_from(PAGE_BYTES / each).unwrap_or(LARGEST_PAGE).clamp(1, LARGEST_PAGE)
}

pub(crate) fn entry(key: Key, found: &KeyValue) -> Entry {
    Entry {
        key,
        value: found.value().to_vec().into(),
        revision: revision_number(found.mod_revision()),
        lease: lease::of_entry(found.lease()),
    }
}

pub(crate) fn revision_number(number: i64) -> Revision {
    Revision::new(u64::try_from(number).unwrap_or_default())
}

/// Somebody else has written below our root, by hand perhaps. It is no entry, so nobody is told of it.
pub(crate) fn ignored(key: &[u8]) {
    tracing::debug!(key = %String::from_utf8_lossy(key), "no key of ours; ignored");
}

fn revision_of(answer: &GetResponse) -> Result<Revision> {
    let header = answer.header().ok_or_else(|| Error::new(Kind::Unexpected, "an answer has no header"))?;
    Ok(revision_number(header.revision()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_about_four_mebibytes() {
        assert_eq!(next_limit(500, 500 * 400), 10_485);
        assert_eq!(next_limit(16, 16 * 256 * 1024), 16);
        assert_eq!(next_limit(1, 64 << 20), 1);
        assert_eq!(next_limit(0, 0), LARGEST_PAGE);
    }
}
