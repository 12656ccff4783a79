//! Deciding again after a conflict.

use std::time::Duration;

use netkeep_model::Scope;

use crate::site::Site;
use crate::{Error, ErrorKind, Result, metrics};

/// How often an operation decides before it gives up.
pub(crate) const ATTEMPTS: u32 = 10;
/// The same for what allocates: where many hosts take the last of a pool, another one is met again and again, and each
/// time it is because somebody was given something.
const ALLOCATING: u32 = 40;
/// Pauses between two attempts grow up to this.
const MAX_PAUSE: Duration = Duration::from_millis(250);
/// How long it may take to hear what is new.
const LEARNING: Duration = Duration::from_secs(5);

/// Counts the attempts of one operation.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    made: u32,
    /// Whether what is known was made as new as now.
    renewed: bool,
}

impl Attempts {
    /// As [`Attempts::again`], for what allocates at `site`: where hosts share a store, that nothing is left counts only
    /// if what is known is as new as the question.
    ///
    /// # Errors
    ///
    /// As [`Attempts::again`]; [`ErrorKind::Unavailable`] if it cannot be known whether anything is left.
    pub(crate) async fn again_at(&mut self, site: &Site, error: Error) -> Result<()> {
        if error.kind() != ErrorKind::Exhausted || site.scope == Scope::Local || self.renewed {
            let most = if site.scope == Scope::Global { ALLOCATING } else { ATTEMPTS };
            return self.again_within(most, error).await;
        }
        self.renewed = true;
        match site.as_new_as_now(LEARNING).await {
            Ok(_) => Ok(()),
            Err(unknown) => Err(Error::new(
                ErrorKind::Unavailable,
                format!("whether anything is left is not known: {error}; and then: {unknown}"),
            )
            .with_source(unknown)),
        }
    }

    /// Waits a random while that grows with the attempts, and returns `Ok` if the operation may decide again.
    ///
    /// # Errors
    ///
    /// `error` itself if it is no conflict, or if the bound is reached; then it says so.
    pub(crate) async fn again(&mut self, error: Error) -> Result<()> {
        self.again_within(ATTEMPTS, error).await
    }

    async fn again_within(&mut self, most: u32, error: Error) -> Result<()> {
        if error.kind() != ErrorKind::Conflict {
            return Err(error);
        }
        self.made += 1;
        if self.made >= most {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("gave up after {most} attempts that met others: {error}"),
            )
            .with_source(error));
        }
        let longest = Duration::from_millis(1 << self.made.min(8)).min(MAX_PAUSE);
        tokio::time::sleep(longest.mul_f64(rand::random::<f64>())).await;
        metrics::retried();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn conflicts_are_tried_again_up_to_the_bound_and_nothing_else_is() {
        let mut attempts = Attempts::default();
        assert!(attempts.again(Error::invalid("no")).await.is_err());
        for _ in 1..ATTEMPTS {
            attempts.again(Error::new(ErrorKind::Conflict, "met")).await.unwrap();
        }
        let error = attempts.again(Error::new(ErrorKind::Conflict, "met")).await.unwrap_err();
        assert!(error.to_string().contains("after 10 attempts"), "{error}");
    }
}
