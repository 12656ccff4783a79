//! Which pool an address is from.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Pool, is_default};
use crate::Space;

/// A pool, or a sub-pool of it, within its address space: the two places where addresses are asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PoolRef {
    /// The address space.
    pub space: Space,
    /// The pool, or the master of the sub-pool.
    pub master: Pool,
    /// The sub-pool.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sub: Option<Pool>,
}

impl PoolRef {
    /// The addresses that may be given: those of the sub-pool, or all.
    pub fn range(&self) -> Pool {
        self.sub.unwrap_or(self.master)
    }
}

impl fmt::Display for PoolRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.space, self.master)?;
        match self.sub {
            Some(sub) => write!(f, " (sub-pool {sub})"),
            None => Ok(()),
        }
    }
}
