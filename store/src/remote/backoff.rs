//! Pauses between attempts.

use std::time::Duration;

use crate::jitter;

/// Pauses that grow, drawn evenly from zero to their bound (full jitter), so that those whom one outage failed do
/// not come back together.
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    attempts: u32,
}

impl Backoff {
    /// The first pause is at most `base`, each further one at most twice the one before, none longer than `cap`.
    pub fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap, attempts: 0 }
    }

    /// The next pause.
    pub fn pause(&mut self) -> Duration {
        let ceiling = jitter::ceiling(self.base, self.cap, self.attempts);
        self.attempts = self.attempts.saturating_add(1);
        jitter::full(ceiling)
    }

    /// Begins again with `base`, after a success.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}

impl Default for Backoff {
    /// From 20 ms to 2 s.
    fn default() -> Self {
        Self::new(Duration::from_millis(20), Duration::from_secs(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_bounded_however_many_there_are() {
        let mut backoff = Backoff::default();
        for attempt in 0..100u32 {
            let bound = Duration::from_millis(20) * 2u32.pow(attempt.min(7));
            assert!(backoff.pause() <= bound.min(Duration::from_secs(2)));
        }
        backoff.reset();
        assert!(backoff.pause() <= Duration::from_millis(20));
    }
}
