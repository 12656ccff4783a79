//! Each step of making a file fails once, and what is there then is whole or nothing.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use netkeep_store::{Identity, Kind};
use redb::backends::InMemoryBackend;
use redb::{Builder, Database, ReadableDatabase};

use super::paper::{Fault, Paper};
use super::{if_absent, whole_file};
use crate::{format, maintenance};

const STORE: &str = "f/s.redb";
const COPY: &str = "f/copy.redb";

/// The whole identity of the store under a name, `None` if nothing is there; anything else is a failure.
fn whole(paper: &Paper, path: &str) -> Option<Identity> {
    let storage = paper.open(Path::new(path))?;
    let database = Builder::new().create_with_backend(storage).expect("a file under its name is a database");
    Some(format::describe(&database).expect("a file under its name is a store").identity)
}

/// Lets every call of `make` fail, on its own and with all after it, and has `judge` look at what is left.
/// Returns how many calls there are.
fn every_fault(
    links: bool,
    make: impl Fn(&Paper) -> netkeep_store::Result<()>,
    judge: impl Fn(&Paper, bool, &str),
) -> usize {
    let clean = Paper::new(links);
    make(&clean).unwrap();
    judge(&clean, true, "without a fault");
    let mut visited = BTreeSet::new();
    for after in 0..clean.calls() {
        for lasting in [false, true] {
            let with = [ErrorKind::Other, ErrorKind::StorageFull][(after + usize::from(lasting)) % 2];
            let paper = Paper::new(links);
            paper.fail(Fault { after, with, lasting });
            let made = make(&paper);
            if paper.failed() {
                visited.insert(after);
            }
            let told = format!("links {links}, call {after}, {with:?}, lasting {lasting}: {made:?}");
            if let Err(error) = &made {
                assert_eq!(error.kind(), Kind::Unavailable, "{told}");
            }
            judge(&paper, made.is_ok(), &told);
        }
    }
    assert!(visited.into_iter().eq(0..clean.calls()), "a call was not visited");
    clean.calls()
}

#[test]
fn a_store_is_there_whole_or_not_at_all() {
    for links in [true, false] {
        let make = |paper: &Paper| if_absent(paper, Path::new(STORE));
        let calls = every_fault(links, make, |paper, made, told| {
            for (index, image) in [paper.restarted()].iter().chain(&paper.images()).enumerate() {
                let told = format!("image {index}, {told}");
                let before = whole(image, STORE);
                assert!(before.is_some() || !made, "{told}: it was made, and is not there");
                // The next start makes it, or takes what is there; from then on it stays, and it alone.
                if_absent(image, Path::new(STORE)).unwrap();
                assert_eq!(image.names(), [Path::new(STORE)], "{told}");
                let after = whole(image, STORE);
                assert!(after.is_some() && (before.is_none() || before == after), "{told}");
                for (later, image) in image.images().iter().enumerate() {
                    assert_eq!(whole(image, STORE), after, "{told}, and image {later} of the next start");
                }
            }
        });
        println!("making a store: {calls} calls, each failing alone and with all after it; links: {links}");
    }
}

#[test]
fn a_copy_is_there_whole_or_not_at_all() {
    let database: Database = Builder::new().create_with_backend(InMemoryBackend::new()).unwrap();
    let txn = database.begin_write().unwrap();
    let identity = Identity::fresh();
    format::create(&txn, &identity).unwrap();
    txn.commit().unwrap();
    let from = database.begin_read().unwrap();
    let (copy, draft) = (Path::new(COPY), Path::new("f/copy.redb.new"));
    for links in [true, false] {
        let make = |paper: &Paper| whole_file(paper, copy, draft, |txn| maintenance::copy(&from, txn));
        let calls = every_fault(links, make, |paper, made, told| {
            for (index, image) in paper.images().iter().enumerate() {
                let told = format!("image {index}, {told}");
                let found = whole(image, COPY);
                assert!(found.is_none() || found.as_ref() == Some(&identity), "{told}");
                assert!(found.is_some() || !made, "{told}: it was made, and is not there");
            }
            let as_it_was = paper.restarted();
            if !made && !told.contains("lasting true") {
                assert!(as_it_was.names().is_empty(), "{told}: {:?} is left", as_it_was.names());
                make(&as_it_was).unwrap();
            }
        });
        println!("copying a store: {calls} calls, each failing alone and with all after it; links: {links}");
    }
}
