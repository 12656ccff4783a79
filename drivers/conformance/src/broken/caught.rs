//! What a broken driver breaks.

/// A clause that a flaw breaks, and a case that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caught {
    /// The clause, as the case names it when it stops.
    pub clause: &'static str,
    /// The case.
    pub case: &'static str,
}
