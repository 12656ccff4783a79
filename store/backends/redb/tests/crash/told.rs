//! What a store has told, and what must therefore be on its disk.

use std::collections::BTreeMap;
use std::result::Result as Judgement;

use netkeep_store::{
    Applied, Error, Identity, Kind, LeaseId, Prefix, Result, Revision, Snapshot, Status, Store, Write,
};

use super::history::{apply, state_of};
use super::{Content, Expected, History, RecordingDisk, State, judge, open};

/// What a store has told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// `None` until the store was open once.
    identity: Option<Identity>,
    /// What was acknowledged, and after that what may have been made, in this order.
    commits: BTreeMap<Revision, (usize, Vec<Write>)>,
    acknowledged: Revision,
    /// The state at `acknowledged`.
    state: State,
    leases: Vec<(usize, LeaseId)>,
    /// True once the store has said that it does nothing more.
    pub(crate) over: bool,
    /// What the store did that it must not do.
    wrong: Vec<String>,
}

impl Told {
    /// The same, but the last commit was perhaps not made.
    pub(crate) fn but_the_last(mut self) -> Self {
        self.acknowledged = Revision::new(self.acknowledged.get() - 1);
        self
    }

    /// True if the store was ever open.
    pub(crate) fn was_made(&self) -> bool {
        self.identity.is_some()
    }

    /// The revision of a change that is made now.
    pub(crate) fn next(&self) -> Revision {
        self.last().next()
    }

    fn last(&self) -> Revision {
        self.commits.keys().last().copied().unwrap_or(Revision::ZERO)
    }

    /// Notes what the store was found to be when it was opened. What may have been made is known from then on.
    pub(crate) fn opened(&mut self, status: &Status) {
        let identity = self.identity.get_or_insert_with(|| status.identity.clone()).clone();
        if identity != status.identity || status.revision < self.acknowledged || status.revision > self.last()
        {
            self.wrong.push(format!("opened, it is {status:?}; {} was acknowledged", self.acknowledged));
            self.over = true;
            return;
        }
        self.acknowledged = status.revision;
        self.commits.retain(|revision, _| *revision <= status.revision);
        let history = History::new(identity, &self.commits, Vec::new());
        self.state = history.state(status.revision).expect("its states were just counted").clone();
    }

    pub(crate) fn granted(&mut self, lease: LeaseId) {
        self.leases.push((0, lease));
    }

    /// Notes what a change answered; true if it was made.
    pub(crate) fn note(
        &mut self,
        disk: &RecordingDisk,
        what: &str,
        result: Result<Revision>,
        writes: Vec<Write>,
    ) -> bool {
        let next = self.next();
        match result {
            Ok(revision) if revision == next && self.acknowledged.next() == next => {
                self.acknowledged = revision;
                apply(&mut self.state, &writes, revision);
                self.commits.insert(revision, (0, writes));
                return true;
            }
            Ok(revision) => {
                self.wrong.push(format!("{what} was acknowledged as {revision}, {next} is next"));
            }
            Err(error) => {
                self.refused(disk, what, &error, &[Kind::Unavailable, Kind::Closed]);
                if error.applied() == Applied::Unknown {
                    self.commits.insert(next, (0, writes));
                }
            }
        }
        false
    }

    /// Notes that something was refused, and judges how.
    pub(crate) fn refused(&mut self, disk: &RecordingDisk, what: &str, error: &Error, kinds: &[Kind]) {
        if disk.failed().is_none() {
            self.wrong.push(format!("{what} was refused though nothing had failed: {error}"));
        }
        if !kinds.contains(&error.kind()) {
            self.wrong.push(format!("{what} answered {:?}: {error}", error.kind()));
        }
        if self.over && error.kind() != Kind::Closed && error.applied() != Applied::Unknown {
            self.wrong.push(format!("{what} found a store that is over, and answered {error}"));
        }
        let unknown = error.applied() == Applied::Unknown;
        if unknown && error.kind() != Kind::Unavailable {
            self.wrong.push(format!("{what} has an unknown outcome with {:?}: {error}", error.kind()));
        }
        // Who does not know what was applied must do nothing more.
        self.over |= unknown || error.kind() == Kind::Closed;
    }

    /// Notes what was read.
    pub(crate) fn saw(&mut self, snapshot: &Snapshot) {
        let found = state_of(snapshot);
        if found != self.state {
            self.wrong.push(format!("it shows {} entries, or others", found.len()));
        }
    }

    pub(crate) fn wrong(&mut self, what: String) {
        self.wrong.push(what);
    }

    /// What was wrong so far, and what is wrong with these images of the disk. `used` also writes to each.
    pub(crate) async fn judge(&self, images: &[Content], used: bool) -> Vec<String> {
        let mut wrong = self.wrong.clone();
        for (index, image) in images.iter().enumerate() {
            if let Err(why) = self.judge_one(image, used).await {
                wrong.push(format!("{}: {why}", ["as it was left", "after a loss of power"][index]));
            }
        }
        wrong
    }

    async fn judge_one(&self, image: &Content, used: bool) -> Judgement<(), String> {
        let Some(identity) = self.identity.clone() else { return never_open(image).await };
        let history = History::new(identity, &self.commits, self.leases.clone());
        let expected = Expected {
            history: &history,
            position: usize::MAX,
            at_least: self.acknowledged,
            at_most: self.last(),
        };
        judge(image.clone(), &expected, used).await.map(|_| ())
    }
}

/// A disk on which no store was ever open: it is refused as it is, or it is a store that is new.
async fn never_open(image: &Content) -> Judgement<(), String> {
    let disk = RecordingDisk::new(image.clone());
    match open(&disk, |_| {}).await {
        Ok(store) => {
            let snapshot = store.list(&Prefix::root()).await.map_err(|error| error.to_string())?;
            if snapshot.revision != Revision::ZERO || !snapshot.entries.is_empty() {
                return Err(format!("a store that was never open is at revision {}", snapshot.revision));
            }
            store.close().await.map_err(|error| format!("it does not close: {error}"))
        }
        Err(error) if error.kind() == Kind::Corrupt && disk.position() == 0 => Ok(()),
        Err(error) => Err(format!("half made, it was changed, or refused with {:?}: {error}", error.kind())),
    }
}
