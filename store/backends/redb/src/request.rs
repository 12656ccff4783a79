//! What the writer is asked for.

use netkeep_store::{Compaction, Error, Result};
use redb::ReadTransaction;
use tokio::sync::oneshot;

use crate::op::{Done, Op};

/// Where an answer goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T>>;

/// One thing that the writer is asked for.
pub(crate) enum Request {
    /// A change, made together with others.
    Op(Pending),
    /// An answer once everything before has been done.
    Flush { reply: Reply<()> },
    /// A look at whether the file still works.
    Inspect { reply: Reply<()> },
    /// The present state of all tables.
    Read { reply: Reply<ReadTransaction> },
    /// Giving unused space back.
    Compact { reply: Reply<Compaction> },
    /// The end: nobody has a handle any more.
    Close,
}

/// A change that waits.
pub(crate) struct Pending {
    pub(crate) op: Op,
    /// `None` for what the writer does of its own accord.
    pub(crate) reply: Option<Reply<Done>>,
}

impl Request {
    /// How much memory it keeps from being freed, about; 0 for what does not count.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Op(pending) => pending.op.bytes() + 256,
            _ => 0,
        }
    }

    /// Answers with an error.
    pub(crate) fn refuse(self, error: impl Fn() -> Error) {
        // Whoever no longer listens needs no answer.
        match self {
            Self::Op(pending) => pending.answer(Err(error())),
            Self::Flush { reply } | Self::Inspect { reply } => drop(reply.send(Err(error()))),
            Self::Read { reply } => drop(reply.send(Err(error()))),
            Self::Compact { reply } => drop(reply.send(Err(error()))),
            Self::Close => {}
        }
    }
}

impl Pending {
    /// Answers whoever asked, if they still listen.
    pub(crate) fn answer(self, outcome: Result<Done>) {
        if let Some(reply) = self.reply {
            let _ = reply.send(outcome);
        }
    }
}
