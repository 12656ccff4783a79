//! Medians and how far apart things are.

/// The middle of what was measured, and how far it spreads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    /// The median.
    pub(crate) middle: f64,
    /// Half the distance between the quartiles.
    pub(crate) spread: f64,
}

impl Spread {
    /// Of these values; NaN if there are none.
    pub(crate) fn of(values: &[f64]) -> Self {
        let spread = (quantile(values, 0.75) - quantile(values, 0.25)) / 2.0;
        Self { middle: median(values), spread }
    }

    /// Of the ratios of pairs that were measured one right after the other.
    pub(crate) fn of_ratios(ours: &[f64], theirs: &[f64]) -> Self {
        let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
        Self::of(&ratios)
    }
}

/// The value in the middle, or between the two in the middle; NaN if there are none.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which this part of all lies, by straight lines between neighbours.
fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = part * last as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_whatever_the_order() {
        assert_eq!(median(&[3.0]), 3.0);
        assert_eq!(median(&[9.0, 1.0, 5.0]), 5.0);
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn one_slice_far_out_moves_neither_median_nor_spread() {
        let quiet = Spread::of(&[10.0, 11.0, 12.0, 13.0, 14.0]);
        assert_eq!(quiet, Spread { middle: 12.0, spread: 1.0 });
        let disturbed = Spread::of(&[10.0, 11.0, 12.0, 13.0, 9_000.0]);
        assert_eq!(disturbed, quiet);
    }

    #[test]
    fn ratios_are_of_neighbours() {
        // The machine becomes ten times slower; whoever is compared in one round does not notice.
        let ratios = Spread::of_ratios(&[90.0, 9.0, 0.9], &[100.0, 10.0, 1.0]);
        assert!((ratios.middle - 0.9).abs() < 1e-9 && ratios.spread < 1e-9, "{ratios:?}");
    }
}
