//! Commits that look random and are the same in every run.

use netkeep_store::Txn;

use crate::given::key;

/// A source of numbers that are the same for the same seed (splitmix64).
#[derive(Debug)]
pub(crate) struct Workload {
    state: u64,
    made: u64,
}

impl Workload {
    /// The workload of this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed, made: 0 }
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// A transaction without guards that puts and deletes up to four of eighteen keys below `root`, in three
    /// directories.
    pub(crate) fn txn(&mut self, root: &str) -> Txn {
        let mut txn = Txn::new();
        let mut chosen = Vec::new();
        for _ in 0..=self.below(4) {
            let text = format!("{root}/{}/{}", self.below(3), self.below(6));
            if chosen.contains(&text) {
                continue;
            }
            self.made += 1;
            txn = match self.below(3) {
                0 => txn.delete(key(&text)),
                _ => txn.put(key(&text), format!("value {}", self.made)),
            };
            chosen.push(text);
        }
        txn
    }
}
