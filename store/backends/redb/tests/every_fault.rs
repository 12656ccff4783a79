//! Each call to the disk fails once, in each way it can fail, and nothing that was acknowledged is lost.
//!
//! The calls are found by letting a store live on a disk that does not fail: it is made, used, closed, compacted,
//! copied, and opened after crashes. Then it lives again for each of these calls, which now fails. Whatever the store
//! answered must be so, on the disk as it was left and on the disk after a loss of power, at that moment and after the
//! store was opened and used once more.
//! `NETKEEP_LONG=1` tries every way at every call, else some take turns.

mod crash;

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use crash::{Call, Content, Count, Fault, Life, RecordingDisk, Told, intervals, long, on_threads};

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// This call only.
    Error,
    /// And all after it; half of the write is made.
    LastingError,
    /// There is no space, and no reserve.
    Full,
    /// And none afterwards; half of the write is made.
    LastingFull,
    /// There is no space but the reserve.
    FullWithReserve,
}

impl Way {
    /// The ways that are tried of the call at `index`.
    fn of(call: Call, index: usize) -> Vec<Self> {
        let errors = [Self::Error, Self::LastingError];
        let full = [Self::Full, Self::LastingFull, Self::FullWithReserve];
        let full = if matches!(call, Call::Write | Call::Resize | Call::Sync) { &full[..] } else { &[] };
        if long() {
            return [&errors[..], full].concat();
        }
        let mut ways = vec![errors[index % errors.len()]];
        ways.extend(full.get(index % 3));
        ways
    }

    fn fault(self, after: usize) -> Fault {
        let lasting = matches!(self, Self::LastingError | Self::LastingFull);
        let with = match self {
            Self::Error | Self::LastingError => ErrorKind::Other,
            Self::Full | Self::LastingFull | Self::FullWithReserve => ErrorKind::StorageFull,
        };
        Fault { after, with, lasting, torn: lasting }
    }

    fn reserve_bytes(self) -> u64 {
        if self == Self::FullWithReserve { 3 << 20 } else { 0 }
    }

    /// True if the store must live on: there was no space once, and nobody had asked for a sync.
    fn is_survived(self, call: Call) -> bool {
        matches!(self, Self::Full | Self::FullWithReserve) && call != Call::Sync
    }
}

/// What a life begins with.
#[derive(Clone, Debug)]
enum Start {
    Nothing,
    /// What a crash has left of a store that has told this.
    Crash(Content, Told),
}

/// One life, in which a call fails.
async fn live(start: &Start, way: Option<(Way, usize)>, copy: &Path) -> Life {
    let reserve = way.map_or(0, |(way, _)| way.reserve_bytes());
    let (content, told) = match start {
        Start::Nothing => (Content::default(), Told::default()),
        Start::Crash(content, told) => (content.clone(), told.clone()),
    };
    let disk = RecordingDisk::new(content);
    let disk = if reserve > 0 { disk.with_reserve() } else { disk };
    if let Some((way, index)) = way {
        disk.fail(way.fault(index));
    }
    let mut life = Life::new(disk, reserve, told);
    match start {
        Start::Nothing => life.begin().await,
        Start::Crash(..) => life.go_on(copy).await,
    }
    life
}

/// Lives as often as there are calls and ways, and says how often that was, by call and way.
async fn every_fault(name: &str, start: &Start) {
    let begun = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let copy = |name: &str| folder.path().join(name).with_extension("copy");
    let mut clean = live(start, None, &copy("clean")).await;
    let wrong = clean.told.judge(&clean.contents(), true).await;
    assert!(wrong.is_empty(), "without any fault: {wrong:#?}");
    let calls = clean.disk.calls();
    clean.end().await;

    let runs: Vec<(usize, Way)> = calls
        .iter()
        .enumerate()
        .flat_map(|(index, call)| Way::of(*call, index).into_iter().map(move |way| (index, way)))
        .collect();
    let visited = Mutex::new((BTreeSet::new(), BTreeMap::new()));
    let count = on_threads(&runs, async |number, &(index, way)| {
        let mut life = live(start, Some((way, index)), &copy(&number.to_string())).await;
        let failed = life.disk.failed();
        let mut wrong = Vec::new();
        if failed != Some(calls[index]) {
            wrong.push(format!("{:?} was to fail, {failed:?} has failed", calls[index]));
        }
        let must_live = way.is_survived(calls[index]) && life.was_open();
        if must_live && !life.lives().await {
            wrong.push("the store is useless, though the disk was only full".to_owned());
        }
        life.disk.heal();
        let images = life.contents();
        life.end().await;
        let ended = life.contents();
        wrong.extend(life.told.judge(&images, number % 8 == 0).await);
        wrong.extend(life.told.judge(&ended, false).await);
        // The computer runs on, and with it what the system has in memory of the file.
        life.once_more().await;
        wrong.extend(life.told.judge(&life.contents(), false).await);
        if failed.is_some() {
            let mut visited = visited.lock().unwrap();
            visited.0.insert(index);
            *visited.1.entry((format!("{:?}", calls[index]), way)).or_insert(0) += 1;
        }
        wrong.dedup();
        let image = images.into_iter().next().unwrap_or_default();
        let told = wrong.into_iter().map(|why| (format!("{way:?} at call {index}: {why}"), image.clone()));
        Count { tried: 1, wrong: told.collect() }
    });
    let (visited, sorts) = visited.into_inner().unwrap();
    println!("{name}: {} calls, {} faults in {:.1?}: {sorts:?}", calls.len(), count.tried, begun.elapsed());
    for (why, _) in count.wrong.iter().take(20) {
        println!("  {why}");
    }
    let missed: Vec<_> = (0..calls.len()).filter(|index| !visited.contains(index)).collect();
    assert!(missed.is_empty(), "no fault has struck the calls {missed:?}");
    assert!(count.wrong.is_empty(), "{} things are wrong", count.wrong.len());
}

#[tokio::test]
async fn while_a_store_is_made_and_used() {
    every_fault("made and used", &Start::Nothing).await;
}

#[tokio::test]
async fn while_a_store_is_recovered_compacted_and_copied() {
    let mut before = live(&Start::Nothing, None, Path::new("")).await;
    let [content, _] = before.contents();
    let intervals = intervals(&Content::default(), &before.disk.steps());
    let told = before.told.clone();
    before.end().await;
    every_fault("after a crash", &Start::Crash(content, told.clone())).await;

    // Of the last commit the header alone has reached the disk, so redb takes back what it cannot find.
    let last = intervals.iter().rfind(|interval| interval.header_alone() != interval.everything());
    let last = last.expect("commits write more than the header");
    let torn = Start::Crash(last.build(&last.header_alone()), told.but_the_last());
    every_fault("after a crash in a commit", &torn).await;
}
