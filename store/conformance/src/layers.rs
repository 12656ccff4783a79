//! What surrounds a judged store.

use std::sync::Arc;

use netkeep_store::layers::{LayerConfig, stack};
use netkeep_store::{LeasedDirectories, Prefix, Store};

use crate::given::prefix;
use crate::harness::LEASED;

/// Which layers surround the handles of a judged store, and below which prefix of it they live.
#[derive(Clone, Copy, Debug)]
pub struct Layers {
    namespace: &'static str,
    around: fn(Arc<dyn Store>) -> Arc<dyn Store>,
}

impl Layers {
    /// The prefix of those that have one: of more than one segment, with a character that is escaped.
    pub const NAMESPACE: &'static str = "one/two%2Fthree";

    /// None: the store as it is.
    pub fn none() -> Self {
        Self { namespace: "", around: |store| store }
    }

    /// All of them, as the daemon has them, below [`NAMESPACE`](Self::NAMESPACE).
    pub fn all() -> Self {
        Self {
            namespace: Self::NAMESPACE,
            around: |store| {
                let config = LayerConfig { namespace: prefix(Self::NAMESPACE), ..LayerConfig::default() };
                stack(store, &config).0
            },
        }
    }

    /// Those that `around` puts around a store, which use the whole of it.
    pub fn of(around: fn(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        Self { namespace: "", around }
    }

    /// Those that `around` puts around a store, which live below [`NAMESPACE`](Self::NAMESPACE).
    pub fn below(around: fn(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        Self { namespace: Self::NAMESPACE, around }
    }

    /// Puts them around a handle.
    pub fn around(self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        (self.around)(store)
    }

    /// What the store itself has to declare so that, seen through the layers, the directory [`LEASED`] is the one for
    /// leased keys.
    pub fn leased(self) -> LeasedDirectories {
        let namespace: Prefix = prefix(self.namespace);
        let leased = LeasedDirectories::new([prefix(LEASED)]).below(&namespace);
        leased.expect("a short prefix has room below it")
    }
}
