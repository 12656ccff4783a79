//! Which of many cases a run tries.

use std::time::{SystemTime, UNIX_EPOCH};

/// One in so many cases, and another one each day. `NETKEEP_TURN=7` repeats the choices of the run that printed that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    every: usize,
    next: usize,
}

impl Choice {
    /// One in `every` of the operation with this number: those of one day are not all of one operation.
    pub(crate) fn one_in(every: usize, operation: usize) -> Self {
        Self { every, next: turn() + 5 * operation }
    }

    /// Whether the next case is tried.
    pub(crate) fn takes_next(&mut self) -> bool {
        self.next += 1;
        self.next.is_multiple_of(self.every)
    }
}

/// What this run tries, in words.
pub(crate) fn told() -> String {
    let length = if is_long() { "a long run" } else { "an ordinary run" };
    format!("{length}, with the choices of NETKEEP_TURN={}", turn())
}

/// Whether this is a long run: `NETKEEP_LONG=1`.
pub(crate) fn is_long() -> bool {
    std::env::var("NETKEEP_LONG").is_ok_and(|long| long == "1")
}

fn turn() -> usize {
    match std::env::var("NETKEEP_TURN") {
        Ok(turn) => turn.parse().expect("NETKEEP_TURN is a number"),
        Err(_) => {
            let day = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86_400;
            usize::try_from(day).unwrap()
        }
    }
}
