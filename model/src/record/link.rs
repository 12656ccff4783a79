//! Claims on links of this host.

use netkeep_store::Segment;
use netkeep_store::datastore::{Local, Record, RecordId};
use serde::{Deserialize, Serialize};

use crate::{LinkName, Owner};

/// Who holds an interface of this host, such as a bridge or the parent of others, at `links/<name>`.
///
/// One owner alone, or several who share it. A link without owners is deleted, not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    shared: bool,
    owners: Vec<Owner>,
}

impl Record for Link {
    type Home = Local;
    type Id = LinkName;
    const KIND: &'static str = "link";
    const VERSION: u32 = 1;
    const ROOT: &'static str = "links";
}

impl Link {
    /// A link with its first owner.
    pub fn new(owner: Owner, shared: bool) -> Self {
        Self { shared, owners: vec![owner] }
    }

    /// Whether others may hold it too, if they share it.
    pub const fn is_shared(&self) -> bool {
        self.shared
    }

    /// The owners, in order, none twice.
    pub fn owners(&self) -> &[Owner] {
        &self.owners
    }

    /// Whether nobody holds it any more, so that the record should go.
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }

    /// The first owner who is in the way of this claim: any other owner, unless both sides share.
    pub fn conflict(&self, owner: &Owner, shared: bool) -> Option<&Owner> {
        if self.shared && shared { None } else { self.owners.iter().find(|held| *held != owner) }
    }

    /// Adds an owner. Who holds it already may claim it again, and, if alone, may change whether it is shared.
    ///
    /// # Errors
    ///
    /// The owner who is in the way; then nothing has changed.
    pub fn claim(&mut self, owner: Owner, shared: bool) -> Result<(), Owner> {
        if let Some(held) = self.conflict(&owner, shared) {
            return Err(held.clone());
        }
        self.shared = shared;
        if let Err(at) = self.owners.binary_search(&owner) {
            self.owners.insert(at, owner);
        }
        Ok(())
    }

    /// Takes out an owner; false if it was none.
    pub fn release(&mut self, owner: &Owner) -> bool {
        let before = self.owners.len();
        self.owners.retain(|held| held != owner);
        self.owners.len() < before
    }
}

impl RecordId for LinkName {
    fn segments(&self) -> Vec<Segment> {
        vec![self.segment()]
    }

    fn from_segments(segments: &[Segment]) -> Option<Self> {
        match segments {
            [name] => Self::from_segment(name),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Link;
    use crate::{NetworkId, Owner};

    fn owner() -> Owner {
        Owner::Network { network: NetworkId::generate() }
    }

    #[test]
    fn an_exclusive_link_has_one_owner() {
        let (a, b) = (owner(), owner());
        let mut link = Link::new(a.clone(), false);
        assert_eq!(link.claim(b.clone(), false), Err(a.clone()));
        assert_eq!(link.claim(b.clone(), true), Err(a.clone()));
        assert_eq!(link.claim(a.clone(), false), Ok(()));
        assert_eq!(link.owners(), std::slice::from_ref(&a));
        assert!(!link.release(&b) && link.release(&a) && link.is_empty());
    }

    #[test]
    fn a_shared_link_has_many_who_all_share() {
        let (a, b, c) = (owner(), owner(), owner());
        let mut link = Link::new(a.clone(), true);
        assert_eq!(link.claim(b.clone(), true), Ok(()));
        assert_eq!(link.claim(b.clone(), true), Ok(()));
        assert_eq!(link.owners().len(), 2);
        assert!(link.claim(c, false).is_err());
        assert_eq!(link.claim(a.clone(), false), Err(b.clone()), "not alone");
        assert!(link.release(&b));
        assert_eq!(link.claim(a, false), Ok(()), "alone");
        assert!(!link.is_shared());
    }
}
