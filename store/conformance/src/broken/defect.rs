//! The ways in which a store may break the contract.

/// One way to break the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Defect {
    /// Guards are not looked at.
    IgnoresGuards,
    /// Guards are looked at once the writes are made.
    ChecksGuardsAfterWriting,
    /// Watches do not tell of deletions.
    LosesDeletions,
    /// A watch that resumes begins with the present instead of where it was.
    ResumesWithAGap,
    /// A reset lacks a key.
    ResetMissesKeys,
    /// Later commits have lower revisions.
    RevisionsGoBack,
    /// Two commits have one revision.
    DuplicatesRevisions,
    /// The last write of several is left out.
    CommitsInPart,
    /// Leases that nobody renews live on.
    LeasesNeverEnd,
    /// Leases end before their time.
    LeasesEndEarly,
    /// A guard on a lock holds again once another holds the lock.
    AcceptsExpiredTokens,
    /// A refused commit is answered as if it was made.
    SwallowsConflicts,
    /// A conflict names a guard that holds.
    NamesTheWrongGuard,
    /// A store that cannot be had answers that there is nothing.
    OutageIsAbsence,
}

impl Defect {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::IgnoresGuards,
        Self::ChecksGuardsAfterWriting,
        Self::LosesDeletions,
        Self::ResumesWithAGap,
        Self::ResetMissesKeys,
        Self::RevisionsGoBack,
        Self::DuplicatesRevisions,
        Self::CommitsInPart,
        Self::LeasesNeverEnd,
        Self::LeasesEndEarly,
        Self::AcceptsExpiredTokens,
        Self::SwallowsConflicts,
        Self::NamesTheWrongGuard,
        Self::OutageIsAbsence,
    ];

    /// The case that catches it in every run.
    pub const fn caught_by(self) -> &'static str {
        match self {
            Self::IgnoresGuards => "one_of_many_creates_succeeds",
            Self::ChecksGuardsAfterWriting => "a_guard_sees_the_state_before_its_own_writes",
            Self::LosesDeletions => "deletions_are_told",
            Self::ResumesWithAGap => "a_watch_after_any_commit_has_no_gap",
            Self::ResetMissesKeys => "a_watch_begins_with_what_is_there",
            Self::RevisionsGoBack => "revisions_grow",
            Self::DuplicatesRevisions => "no_two_commits_share_a_revision",
            Self::CommitsInPart => "many_keys_at_once",
            Self::LeasesNeverEnd => "an_entry_lives_for_its_ttl",
            Self::LeasesEndEarly => "renewing_prolongs",
            Self::AcceptsExpiredTokens => "an_old_holder_is_fenced",
            Self::SwallowsConflicts => "a_conflict_writes_nothing",
            Self::NamesTheWrongGuard => "a_conflict_names_the_guard_that_failed",
            Self::OutageIsAbsence => "an_outage_never_looks_like_absence",
        }
    }

    /// What it is called in the contract: its name in words, without capitals.
    pub fn name(self) -> String {
        let mut words = String::new();
        for c in format!("{self:?}").chars() {
            if c.is_uppercase() && !words.is_empty() {
                words.push(' ');
            }
            words.extend(c.to_lowercase());
        }
        words
    }
}
