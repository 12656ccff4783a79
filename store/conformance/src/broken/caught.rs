//! What a broken store breaks.

/// A clause that a defect breaks, and a case that catches it in every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caught {
    /// The clause.
    pub clause: &'static str,
    /// The case.
    pub case: &'static str,
}
