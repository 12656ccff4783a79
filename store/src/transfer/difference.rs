//! How two contents differ.

use super::content::Seen;
use super::{Content, Progress, Stage};
use crate::{Key, Prefix, Result, Store};

/// What one content has and another has not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Keys of the left side alone.
    pub left: Vec<Key>,
    /// Keys of the right side alone.
    pub right: Vec<Key>,
    /// Keys of both, with different values.
    pub values: Vec<Key>,
}

impl Difference {
    /// How `left` differs from `right`. Keys are in order.
    pub fn of(left: &Content, right: &Content) -> Self {
        let mut difference = Self::default();
        for (key, value) in left.iter() {
            match right.0.get(key) {
                None => difference.left.push(key.clone()),
                Some(other) if other != value => difference.values.push(key.clone()),
                Some(_) => {}
            }
        }
        difference.right = right.0.keys().filter(|key| !left.0.contains_key(*key)).cloned().collect();
        difference
    }

    /// How many keys differ.
    pub fn len(&self) -> usize {
        self.left.len() + self.right.len() + self.values.len()
    }

    /// True if the two are the same.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How what two stores hold differs; leased entries and what is `excluded` are not looked at.
///
/// Each store is read once: of stores that are written to meanwhile, it says what it saw.
///
/// Cancel safe.
///
/// # Errors
///
/// As [`Store::list`].
pub async fn diff(
    left: &dyn Store,
    right: &dyn Store,
    excluded: &[Prefix],
    progress: &dyn Progress,
) -> Result<Difference> {
    progress.began(Stage::Reading, 2);
    let left = Seen::of(left, excluded).await?.into_content();
    progress.passed(1);
    let right = Seen::of(right, excluded).await?.into_content();
    progress.passed(1);
    Ok(Difference::of(&left, &right))
}
