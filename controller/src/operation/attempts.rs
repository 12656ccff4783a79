//! Deciding again after a conflict.

use std::time::Duration;

use crate::{Error, ErrorKind, Result};

/// How often an operation decides before it gives up.
pub(crate) const ATTEMPTS: u32 = 10;
/// Pauses between two attempts grow up to this.
const MAX_PAUSE: Duration = Duration::from_millis(250);

/// Counts the attempts of one operation.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    made: u32,
}

impl Attempts {
    /// Waits a random while that grows with the attempts, and returns `Ok` if the operation may decide again.
    ///
    /// # Errors
    ///
    /// `error` itself if it is no conflict, or if the bound is reached; then it says so.
    pub(crate) async fn again(&mut self, error: Error) -> Result<()> {
        if error.kind() != ErrorKind::Conflict {
            return Err(error);
        }
        self.made += 1;
        if self.made >= ATTEMPTS {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("gave up after {ATTEMPTS} attempts that met others: {error}"),
            )
            .with_source(error));
        }
        let most = Duration::from_millis(1 << self.made.min(8)).min(MAX_PAUSE);
        tokio::time::sleep(most.mul_f64(rand::random::<f64>())).await;
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
