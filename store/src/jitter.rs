//! Pauses that grow and are drawn evenly, so that those whom one outage failed do not come back together.

use std::time::Duration;

/// The longest pause when `base` was doubled so often; never more than `cap`.
pub(crate) fn ceiling(base: Duration, cap: Duration, doublings: u32) -> Duration {
    let doubled = 1u32.checked_shl(doublings).unwrap_or(u32::MAX);
    base.saturating_mul(doubled).min(cap)
}

/// A pause from zero to `ceiling`.
pub(crate) fn full(ceiling: Duration) -> Duration {
    ceiling.mul_f64(rand::random::<f64>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_cap() {
        let ms = Duration::from_millis;
        for (doublings, longest) in
            [(0, 20), (1, 40), (6, 1280), (7, 2000), (31, 2000), (32, 2000), (u32::MAX, 2000)]
        {
            assert_eq!(ceiling(ms(20), ms(2000), doublings), ms(longest), "{doublings}");
        }
        assert!((0..100).all(|_| full(ms(5)) <= ms(5)));
    }
}
