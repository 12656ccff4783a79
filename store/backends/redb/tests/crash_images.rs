//! Whatever a crash leaves on the disk opens to a committed state that is not older than the last acknowledged one.
//!
//! A store at work is recorded: every write, every change of the length, every sync. A crash may leave any part of
//! what was asked since the last sync; each image of the disk that can come of it is opened and compared with a model.
//! `NETKEEP_LONG=1` tries more of them, `NETKEEP_SEED=7` others; what failed is tried again with the seed that was
//! printed.

mod crash;

use std::path::Path;
use std::time::Instant;

use crash::{
    Content, Count, Expected, History, Interval, Recording, RecordingDisk, Shape, Step, Told, Variant, Work,
    either, intervals, judge, on_threads, open, record,
};
use netkeep_store::{Revision, Store};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;

const SEED: u64 = 0x6e65_746b;

/// The seed of everything that is drawn, from the environment if it is there.
fn seed() -> u64 {
    let seed = std::env::var("NETKEEP_SEED").ok();
    seed.map_or(SEED, |seed| seed.parse().expect("NETKEEP_SEED is a number"))
}

/// So many images are used after they were opened: one in this number.
const USED: usize = 16;

/// Much memory for pages, so that redb writes when it commits; and little, so that it writes before.
const CACHES: [usize; 2] = [1 << 20, 16 << 10];

async fn recordings() -> Vec<Recording> {
    let mut recordings = Vec::new();
    for cache_bytes in CACHES {
        recordings.push(record(Work { commits: either(10, 40), cache_bytes }).await);
    }
    recordings
}

/// An interval, with the oldest revision that may be found after a crash in it.
struct Case {
    interval: Interval,
    at_least: Revision,
}

impl Case {
    fn expected<'a>(&self, history: &'a History) -> Expected<'a> {
        Expected { history, position: self.interval.end, at_least: self.at_least, at_most: history.last() }
    }
}

/// The intervals of a recording. What one begins with is durable: a store that has once been at a revision there
/// may not go back behind it, whether anybody was told of it or not.
async fn cases(base: &Content, steps: &[Step], history: &History) -> Result<Vec<Case>, String> {
    let mut durable = Revision::ZERO;
    let mut cases = Vec::new();
    for interval in intervals(base, steps) {
        let case = Case { at_least: durable, interval };
        let judged = judge(case.interval.base.clone(), &case.expected(history), true).await;
        durable = judged.map_err(|why| format!("{why}\n  durable before {}", case.interval))?.revision;
        let at_least = history.acknowledged(case.interval.end).max(durable);
        cases.push(Case { at_least, ..case });
    }
    Ok(cases)
}

/// Judges images of each interval.
fn tried(
    cases: &[Case],
    history: &History,
    images: impl Fn(&Interval, &mut SmallRng) -> Vec<Variant> + Sync,
) -> Count {
    on_threads(cases, async |index, case| {
        let mut random = SmallRng::seed_from_u64(seed() + index as u64);
        let mut count = Count::default();
        for variant in images(&case.interval, &mut random) {
            count.tried += 1;
            let image = case.interval.build(&variant);
            if let Err(why) = judge(image.clone(), &case.expected(history), count.tried % USED == 0).await {
                count.wrong.push((format!("{why}\n  {variant:?} of {}", case.interval), image));
            }
        }
        count
    })
}

fn none_is_wrong(what: &str, count: &Count, begun: Instant) {
    println!("{} {what} in {:.1?}, seed {}", count.tried, begun.elapsed(), seed());
    assert!(count.tried > 0);
    for (index, (why, image)) in count.wrong.iter().take(3).enumerate() {
        // Kept, so that it can be looked at.
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("wrong-{index}.redb"));
        image.save(&kept).unwrap();
        println!("{why}\n  kept as {}", kept.display());
    }
    assert!(count.wrong.is_empty(), "{} of {} are wrong", count.wrong.len(), count.tried);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_image_of_a_crash_opens_to_a_committed_state() {
    let shape = Shape {
        all_subsets: either(8, 11),
        subsets: either(40, 4_000),
        cuts: either(2, usize::MAX),
        torn: either(20, 2_000),
    };
    for recording in recordings().await {
        let begun = Instant::now();
        let Recording { base, steps, history } = &recording;
        let cases = cases(base, steps, history).await.unwrap();
        let few = cases.iter().filter(|case| case.interval.writes() <= shape.all_subsets).count();
        println!("{} intervals between two syncs, every subset of the writes of {few}", cases.len());
        let count = tried(&cases, history, |interval, random| interval.variants(&shape, random));
        none_is_wrong("images of a crash", &count, begun);
    }
}

/// Only a file gets its name once it is whole; a disk has none, so what is on it must be known for what it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_half_made_is_refused_or_new() {
    let begun = Instant::now();
    let disk = RecordingDisk::default();
    open(&disk, |_| {}).await.unwrap().close().await.unwrap();
    let shape = Shape { all_subsets: 11, subsets: 100, cuts: usize::MAX, torn: either(50, 2_000) };
    let intervals = intervals(&Content::default(), &disk.steps());
    let count = on_threads(&intervals, async |index, interval| {
        let mut random = SmallRng::seed_from_u64(seed() + index as u64);
        let mut count = Count::default();
        for variant in interval.variants(&shape, &mut random) {
            count.tried += 1;
            let image = interval.build(&variant);
            for why in Told::default().judge(std::slice::from_ref(&image), false).await {
                count.wrong.push((format!("{why}\n  {variant:?} of {interval}"), image.clone()));
            }
        }
        count
    });
    none_is_wrong("images of a store being made", &count, begun);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_may_be_cut_between_any_two_bytes() {
    for recording in recordings().await {
        let begun = Instant::now();
        let Recording { base, steps, history } = &recording;
        let cases = cases(base, steps, history).await.unwrap();
        let count = tried(&cases, history, |interval, random| {
            let cuts = interval.cut_headers();
            let some = either(cuts.len() / 3, cuts.len());
            cuts.sample(random, some).cloned().collect()
        });
        none_is_wrong("images with a cut header", &count, begun);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_while_a_crash_is_recovered_from_loses_nothing() {
    let first = Shape { all_subsets: 0, subsets: either(2, 60), cuts: 1, torn: either(4, 60) };
    let again = Shape { all_subsets: 3, subsets: either(2, 4), cuts: 1, torn: either(1, 2) };
    for recording in recordings().await {
        let begun = Instant::now();
        let Recording { base, steps, history } = &recording;
        let cases = cases(base, steps, history).await.unwrap();
        let count = on_threads(&cases, async |index, case| {
            let mut random = SmallRng::seed_from_u64(seed() + index as u64);
            let mut count = Count::default();
            let variants = case.interval.variants(&first, &mut random);
            for variant in variants.sample(&mut random, either(2, 100)).collect::<Vec<_>>() {
                let image = case.interval.build(variant);
                let recovered = judge(image.clone(), &case.expected(history), false).await.unwrap();
                for interval in intervals(&image, &recovered.disk.steps()) {
                    // Once the store was open, somebody may have seen where it is.
                    let seen = interval.end >= recovered.opened;
                    let at_least = if seen { recovered.revision } else { case.at_least };
                    let expected = Expected { at_least, ..case.expected(history) };
                    for second in interval.variants(&again, &mut random) {
                        count.tried += 1;
                        let image = interval.build(&second);
                        if let Err(why) = judge(image.clone(), &expected, count.tried % USED == 0).await {
                            let why = format!(
                                "{why}\n  {second:?} of {interval}\n  after {variant:?} of {}",
                                case.interval
                            );
                            count.wrong.push((why, image));
                        }
                    }
                }
            }
            count
        });
        none_is_wrong("images of a crash of the recovery", &count, begun);
    }
}

/// What judges must be judged too: a disk that does not do every other sync loses what was acknowledged, or worse.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_lies_about_syncs_is_found_out() {
    let Recording { base, steps, history } = record(Work { commits: 4, cache_bytes: CACHES[0] }).await;
    let mut syncs = 0;
    let lies: Vec<_> = steps
        .into_iter()
        .map(|step| match step {
            Step::Sync => {
                syncs += 1;
                // In the place of a sync, so that positions stay, what changes nothing.
                if syncs % 2 == 0 { Step::Write { offset: 0, data: [].into() } } else { Step::Sync }
            }
            step => step,
        })
        .collect();
    let judged_by = |interval: Interval| Case { at_least: history.acknowledged(interval.end), interval };
    let cases: Vec<_> = intervals(&base, &lies).into_iter().map(judged_by).collect();
    let count = tried(&cases, &history, |interval, _| interval.every_prefix());
    let lost = count.wrong.iter().filter(|(why, _)| why.contains("are possible")).count();
    println!("{} of {} images on a lying disk are wrong, {lost} too old", count.wrong.len(), count.tried);
    assert!(lost > 0, "a lost commit was not noticed");
}
