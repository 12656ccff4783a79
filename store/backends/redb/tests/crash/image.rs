//! What may be left of the changes that were not yet synced.

use std::sync::Arc;

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use super::{Content, Step};

const SECTOR: usize = 512;

/// The changes between two syncs, and what was durable before them.
#[derive(Debug)]
pub(crate) struct Interval {
    pub(crate) base: Content,
    changes: Vec<Change>,
    writes: usize,
    resizes: usize,
    /// Where the disk was when the sync that ends it was asked for.
    pub(crate) end: usize,
}

#[derive(Debug)]
enum Change {
    Write { offset: u64, data: Arc<[u8]> },
    Resize(u64),
}

/// What is left of an interval: which writes, in part or whole, and how many of the changes of the length.
///
/// Lengths are taken on in their order, as the journal of a file system keeps them, but not together with the writes:
/// what was written beyond the length that was kept is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variant {
    landed: Vec<Landed>,
    resizes: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Landed {
    Nothing,
    Whole,
    /// The first bytes.
    First(usize),
    /// These sectors of 512 bytes.
    Sectors(Vec<bool>),
}

/// Which variants are tried of each interval.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Up to how many writes every subset is tried.
    pub(crate) all_subsets: usize,
    /// How many random subsets are tried of more writes.
    pub(crate) subsets: usize,
    /// How many cuts between sectors are tried of each write at most, each with only the writes before it and with
    /// all others.
    pub(crate) cuts: usize,
    /// How many random subsets of random sectors are tried.
    pub(crate) torn: usize,
}

/// Cuts a recording at its syncs. The last interval is what came after the last sync.
pub(crate) fn intervals(base: &Content, steps: &[Step]) -> Vec<Interval> {
    let mut intervals = Vec::new();
    let mut durable = base.clone();
    let mut changes = Vec::new();
    for (position, step) in steps.iter().chain([&Step::Sync]).enumerate() {
        match step {
            Step::Write { offset, data } => {
                changes.push(Change::Write { offset: *offset, data: Arc::clone(data) });
            }
            Step::Resize(length) => changes.push(Change::Resize(*length)),
            Step::Sync => {
                let interval = Interval::new(durable.clone(), std::mem::take(&mut changes), position);
                durable = interval.build(&interval.everything());
                intervals.push(interval);
            }
        }
    }
    intervals
}

impl Interval {
    fn new(base: Content, changes: Vec<Change>, end: usize) -> Self {
        let writes = changes.iter().filter(|change| matches!(change, Change::Write { .. })).count();
        let resizes = changes.len() - writes;
        Self { base, changes, writes, resizes, end }
    }

    /// How many writes there are.
    pub(crate) fn writes(&self) -> usize {
        self.writes
    }

    /// Nothing is lost.
    pub(crate) fn everything(&self) -> Variant {
        Variant { landed: vec![Landed::Whole; self.writes], resizes: self.resizes }
    }

    /// Of all writes only those of the header: the file says that something is there that is not.
    pub(crate) fn header_alone(&self) -> Variant {
        let landed =
            self.written().map(|(offset, _)| if offset == 0 { Landed::Whole } else { Landed::Nothing });
        Variant { landed: landed.collect(), resizes: self.resizes }
    }

    /// What is on the disk then.
    pub(crate) fn build(&self, variant: &Variant) -> Content {
        let mut content = self.base.clone();
        let mut resizes = variant.resizes;
        let mut landed = variant.landed.iter();
        for change in &self.changes {
            match change {
                Change::Resize(length) if resizes > 0 => {
                    content.resize(*length);
                    resizes -= 1;
                }
                Change::Resize(_) => {}
                Change::Write { offset, data } => match landed.next().unwrap() {
                    Landed::Nothing => {}
                    Landed::Whole => content.write(*offset, data),
                    Landed::First(count) => content.write(*offset, &data[..*count]),
                    Landed::Sectors(sectors) => {
                        let parts = data.chunks(SECTOR).zip(sectors).enumerate();
                        for (index, (part, _)) in parts.filter(|(_, (_, landed))| **landed) {
                            content.write(offset + (index * SECTOR) as u64, part);
                        }
                    }
                },
            }
        }
        // Nothing is left beyond the length that was kept.
        let length = content.length();
        content.resize(length);
        content
    }

    /// Variants of this interval, none of them twice.
    pub(crate) fn variants(&self, shape: &Shape, random: &mut SmallRng) -> Vec<Variant> {
        let mut variants = Vec::new();
        if self.writes <= shape.all_subsets {
            self.every_subset(&mut variants);
        } else {
            self.prefixes(&mut variants);
            for _ in 0..shape.subsets {
                let landed =
                    |random: &mut SmallRng| if random.random() { Landed::Whole } else { Landed::Nothing };
                let variant = self.random_variant(random, landed);
                variants.push(variant);
            }
        }
        self.cuts(shape.cuts, random, &mut variants);
        for _ in 0..if self.writes > 0 { shape.torn } else { 0 } {
            let sizes: Vec<_> = self.data().map(<[u8]>::len).collect();
            let mut sizes = sizes.into_iter();
            let landed = |random: &mut SmallRng| {
                let sectors = sizes.next().unwrap().div_ceil(SECTOR);
                match random.random_range(0..3) {
                    0 => Landed::Nothing,
                    1 => Landed::Whole,
                    _ => Landed::Sectors((0..sectors).map(|_| random.random()).collect()),
                }
            };
            let variant = self.random_variant(random, landed);
            variants.push(variant);
        }
        let mut distinct: Vec<Variant> = Vec::with_capacity(variants.len());
        for variant in variants {
            if !distinct.contains(&variant) {
                distinct.push(variant);
            }
        }
        distinct
    }

    /// The writes up to each.
    pub(crate) fn every_prefix(&self) -> Vec<Variant> {
        (0..=self.writes).map(|count| Variant { landed: self.first(count), resizes: self.resizes }).collect()
    }

    /// The writes of a header alone may be cut between any two bytes: redb asks no more of a disk than that a byte
    /// is written whole.
    pub(crate) fn cut_headers(&self) -> Vec<Variant> {
        let mut variants = Vec::new();
        for (index, (offset, data)) in self.written().enumerate() {
            if offset > 0 {
                continue;
            }
            for before in 1..data.len() {
                // The cut after an unchanged byte is the cut before it.
                if self.base.holds(before as u64 - 1, &data[before - 1..before]) {
                    continue;
                }
                for others in [Landed::Nothing, Landed::Whole] {
                    let mut landed = vec![others; self.writes];
                    landed[index] = Landed::First(before);
                    variants.push(Variant { landed, resizes: self.resizes });
                }
            }
        }
        variants
    }

    fn every_subset(&self, variants: &mut Vec<Variant>) {
        for resizes in 0..=self.resizes {
            for subset in 0..1_u64 << self.writes {
                let landed = (0..self.writes).map(|write| match subset >> write & 1 {
                    0 => Landed::Nothing,
                    _ => Landed::Whole,
                });
                variants.push(Variant { landed: landed.collect(), resizes });
            }
        }
    }

    /// The writes up to each, with every length.
    fn prefixes(&self, variants: &mut Vec<Variant>) {
        for resizes in 0..=self.resizes {
            for count in 0..=self.writes {
                variants.push(Variant { landed: self.first(count), resizes });
            }
        }
    }

    /// Each write cut between two sectors.
    fn cuts(&self, most: usize, random: &mut SmallRng, variants: &mut Vec<Variant>) {
        for (index, (offset, data)) in self.written().enumerate() {
            let counts: Vec<_> = (SECTOR..data.len())
                .step_by(SECTOR)
                // The cut after a sector that holds this already is the cut before it.
                .filter(|count| {
                    !self.base.holds(offset + (count - SECTOR) as u64, &data[count - SECTOR..*count])
                })
                .collect();
            for count in counts.sample(random, most) {
                for mut landed in [self.first(index), vec![Landed::Whole; self.writes]] {
                    landed[index] = Landed::First(*count);
                    variants.push(Variant { landed, resizes: self.resizes });
                }
            }
        }
    }

    fn first(&self, count: usize) -> Vec<Landed> {
        let whole = |write| if write < count { Landed::Whole } else { Landed::Nothing };
        (0..self.writes).map(whole).collect()
    }

    fn random_variant(
        &self,
        random: &mut SmallRng,
        mut landed: impl FnMut(&mut SmallRng) -> Landed,
    ) -> Variant {
        let landed = (0..self.writes).map(|_| landed(random)).collect();
        let resizes = usize::try_from(random.next_u32()).unwrap() % (self.resizes + 1);
        Variant { landed, resizes }
    }

    fn written(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.changes.iter().filter_map(|change| match change {
            Change::Write { offset, data } => Some((*offset, &**data)),
            Change::Resize(_) => None,
        })
    }

    fn data(&self) -> impl Iterator<Item = &[u8]> {
        self.written().map(|(_, data)| data)
    }
}

impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the interval that ends at step {}:", self.end)?;
        for change in &self.changes {
            match change {
                Change::Write { offset, data } => write!(f, " write {offset}+{}", data.len())?,
                Change::Resize(length) => write!(f, " resize {length}")?,
            }
        }
        Ok(())
    }
}
