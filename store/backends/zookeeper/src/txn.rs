//! One transaction.

use std::collections::BTreeSet;

use netkeep_store::remote::{Attempt, Outcome};
use netkeep_store::{Error, Guard, Kind, Result, Revision, Write};
use tokio::time::{Instant, timeout_at};
use zookeeper_client::{
    Client, CreateMode, Error as Zk, MultiWriteError, MultiWriteResult, MultiWriter, Stat,
};

use crate::error::{no_answer, writing};
use crate::lease::Held;
use crate::link::{Link, Live};
use crate::plan::{Known, Op, Piece, Plan};
use crate::read::revision;
use crate::versions::{Before, Seen};

/// How often what is known may turn out to be old before an attempt gives up.
const TRIES: usize = 64;

/// What came of one `multi`.
enum Sent {
    Committed(Vec<MultiWriteResult>),
    /// An operation was refused, and so all of them were: what was known is no longer so.
    Stale,
    /// A directory is missing.
    NoDirectory,
}

impl Link {
    /// Sends one transaction; the lease's session is the one that it is sent through.
    pub(crate) async fn attempt(&self, attempt: &Attempt, lease: Option<&Held>) -> Result<Outcome> {
        let live = self.live().await?;
        let deadline = Instant::now() + self.door.request_timeout();
        let client = match lease {
            Some(lease) => lease.client(deadline).await?,
            None => live.client.clone(),
        };
        let owner = lease.map_or(0, Held::session);
        let result = self.attempt_through(&live, &client, owner, attempt, deadline).await;
        // Of a lease's session this says nothing about the link.
        if lease.is_some() { result } else { self.judge(&live, result) }
    }

    async fn attempt_through(
        &self,
        live: &Live,
        client: &Client,
        owner: i64,
        attempt: &Attempt,
        deadline: Instant,
    ) -> Result<Outcome> {
        let pieces = Piece::of(&self.layout, attempt);
        let before: Vec<Option<Before>> =
            pieces.iter().map(|piece| live.versions.before(piece.bucket)).collect();
        let remembered = pieces.iter().map(|piece| match live.versions.node(&piece.path, piece.bucket) {
            Some((seen, generation)) => Known::Present(seen, generation),
            None => Known::Nothing,
        });
        let mut known: Vec<Known> = remembered.collect();
        for _ in 0..TRIES {
            if let Some(plan) = Plan::make(&pieces, &known, owner) {
                plan.check_size()?;
                match self.send(client, &plan, deadline).await? {
                    Sent::Committed(results) => {
                        return learn(live, &pieces, &plan, &before, &results, owner).map(Outcome::Committed);
                    }
                    Sent::Stale => {}
                    Sent::NoDirectory => self.make_directories(live, &pieces).await?,
                }
            }
            if Instant::now() >= deadline {
                break;
            }
            let survey = self.survey(live, &pieces).await?;
            for (piece, known) in pieces.iter().zip(&survey.known) {
                if let Some(guard) = piece.guard.filter(|_| !piece.holds(known)) {
                    return Ok(Outcome::Refused(piece.room, Guard::clone(guard)));
                }
            }
            for (piece, known) in pieces.iter().zip(&survey.known) {
                piece.check_lease(known, owner)?;
            }
            if !survey.prepared {
                self.prepare(&live.client).await?;
                continue;
            }
            known = survey.known;
        }
        Err(Error::new(Kind::Unavailable, "what the transaction is about keeps changing"))
    }

    async fn send(&self, client: &Client, plan: &Plan<'_>, deadline: Instant) -> Result<Sent> {
        let mut writer = client.new_multi_writer();
        for (bucket, step) in &plan.generations {
            let path = self.layout.generation(*bucket);
            let added = match (step.moves, step.at) {
                (true, at) => writer.add_set_data(&path, b"", at),
                (false, Some(at)) => writer.add_check_version(&path, at),
                (false, None) => Ok(()),
            };
            added.map_err(writing)?;
        }
        for op in &plan.ops {
            self.add(&mut writer, op).map_err(writing)?;
        }
        let sent = match timeout_at(deadline, writer.commit()).await {
            Ok(sent) => sent,
            Err(_) => return Err(no_answer(self.door.request_timeout()).with_unknown_outcome()),
        };
        match sent {
            Ok(results) => Ok(Sent::Committed(results)),
            Err(MultiWriteError::RequestFailed { source }) => Err(writing(source)),
            Err(MultiWriteError::OperationFailed { index, source }) => {
                let op = index.checked_sub(plan.generations.len()).and_then(|index| plan.ops.get(index));
                match (op, source) {
                    (Some(Op::Create { .. }), Zk::NoNode) => Ok(Sent::NoDirectory),
                    (_, Zk::NoNode | Zk::NodeExists | Zk::BadVersion) => Ok(Sent::Stale),
                    (_, refused) => Err(refusal(refused)),
                }
            }
        }
    }

    fn add(&self, writer: &mut MultiWriter<'_>, op: &Op<'_>) -> Result<(), Zk> {
        match op {
            Op::Check { path, version } => writer.add_check_version(path, *version),
            Op::Create { path, value, leased } => {
                let mode = if *leased { CreateMode::Ephemeral } else { CreateMode::Persistent };
                writer.add_create(path, value, &self.door.making(mode))
            }
            Op::Set { path, value, version } => writer.add_set_data(path, value, *version),
            Op::Delete { path, version } => writer.add_delete(path, *version),
        }
    }

    /// Makes the directory of every piece that may make a node.
    async fn make_directories(&self, live: &Live, pieces: &[Piece<'_>]) -> Result<()> {
        let directories: BTreeSet<&str> = pieces.iter().map(|piece| piece.directory()).collect();
        let made = directories.into_iter().map(|path| self.make_directory(&live.client, path));
        match futures_util::future::try_join_all(made).await {
            // The store itself is missing, as the survey will show.
            Err(error) if error.kind() == Kind::Unexpected => Ok(()),
            made => made.map(|_| ()),
        }
    }
}

/// The error of an operation that the servers have refused, and with it the whole transaction.
fn refusal(error: Zk) -> Error {
    let error = crate::error::reading(error);
    debug_assert_eq!(error.applied(), netkeep_store::Applied::No);
    error
}

/// Remembers what a transaction has done, and tells its revision.
fn learn(
    live: &Live,
    pieces: &[Piece<'_>],
    plan: &Plan<'_>,
    before: &[Option<Before>],
    results: &[MultiWriteResult],
    owner: i64,
) -> Result<Revision> {
    let stat = |result: &MultiWriteResult| match result {
        MultiWriteResult::Create { stat, .. } | MultiWriteResult::SetData { stat } => Some(*stat),
        _ => None,
    };
    let (generations, ops) = results.split_at_checked(plan.generations.len()).ok_or_else(no_stat)?;
    let mut at: Vec<(_, Option<Before>)> = Vec::with_capacity(generations.len());
    for ((bucket, step), result) in plan.generations.iter().zip(generations) {
        let version = match (step.moves, stat(result)) {
            (true, Some(Stat { version, .. })) => {
                let touched = pieces.iter().filter(|piece| piece.bucket == *bucket && piece.write.is_some());
                live.versions.moved(*bucket, version, touched.map(|piece| piece.path.as_str()));
                Some(version)
            }
            _ => step.at,
        };
        at.push((*bucket, version.and_then(|version| live.versions.generation(*bucket, version))));
    }
    let mut revision_of = None;
    // Operations are in the order of the pieces.
    let mut rest = pieces.iter().zip(before);
    for (op, result) in plan.ops.iter().zip(ops) {
        let Some(stat) = stat(result).filter(|stat| !stat.is_invalid()) else { continue };
        revision_of = Some(stat.mzxid);
        let (Op::Create { path, .. } | Op::Set { path, .. }) = op else { continue };
        let Some((piece, before)) = rest.find(|(piece, _)| piece.path == *path) else { continue };
        let Some(Write::Put { lease, .. }) = piece.write else { continue };
        let asked = at.iter().find(|(asked, _)| *asked == piece.bucket).map(|(_, before)| *before);
        let seen = Seen { owner: if lease.is_some() { owner } else { 0 }, ..Seen::from(&stat) };
        live.versions.learn(path, asked.unwrap_or(*before), seen);
    }
    revision_of.map(revision).ok_or_else(no_stat)
}

fn no_stat() -> Error {
    Error::new(
        Kind::Unexpected,
        "the server has not said what it has written; ZooKeeper 3.9 or newer is needed",
    )
    .with_unknown_outcome()
}
