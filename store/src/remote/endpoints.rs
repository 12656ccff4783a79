//! Which of several servers is asked.

use std::sync::atomic::{AtomicUsize, Ordering};

/// One of several servers that do equally well: the same until it fails, then the next.
#[derive(Debug)]
pub struct Endpoints {
    count: usize,
    turn: AtomicUsize,
}

impl Endpoints {
    /// Chooses among `count` servers, beginning with any. At least one.
    pub fn new(count: usize) -> Self {
        let count = count.max(1);
        Self { count, turn: AtomicUsize::new(rand::random_range(0..count)) }
    }

    /// The turn that lasts now. Its server is [`index`](Endpoints::index).
    pub fn turn(&self) -> usize {
        self.turn.load(Ordering::Relaxed)
    }

    /// The number of the server whose turn it is.
    pub fn index(&self, turn: usize) -> usize {
        turn % self.count
    }

    /// Says that the server of this turn has failed. Of many who say so of one turn, one moves on.
    pub fn failed(&self, turn: usize) {
        // Somebody else has moved on already if this fails.
        let _ = self.turn.compare_exchange(turn, turn.wrapping_add(1), Ordering::Relaxed, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_failures_of_one_turn_move_on_once() {
        let endpoints = Endpoints::new(3);
        let turn = endpoints.turn();
        assert_eq!(endpoints.turn(), turn);
        endpoints.failed(turn);
        endpoints.failed(turn);
        assert_eq!(endpoints.turn(), turn + 1);
        assert_ne!(endpoints.index(turn), endpoints.index(turn + 1));
        assert_eq!(Endpoints::new(0).index(7), 0);
    }
}
