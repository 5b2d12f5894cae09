//! What would settle an inconclusive rule: about how many pairs.

use std::fmt;

use indicatif::HumanCount;

use crate::comparison::gate::status::Status;
use crate::stats::{Interval, count};

/// What the rounding of sums may take from a mean or add to it, and more: 22 of 44 in three subsets
/// may come out below 0.5.
pub(crate) const ROUNDING: f64 = 1e-9;

/// What would settle an inconclusive rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Settling {
    /// So many pairs, which is `times` as many, if the estimate stays where it is.
    Pairs {
        pairs: f64,
        times: f64,
        status: Status,
    },
    /// The pairs that are missing from the scope.
    Missing(usize),
    /// The pairs that are left of a run that was stopped.
    Left(usize),
    /// No number of pairs, and why.
    Never(&'static str),
}

impl Settling {
    /// Of a rule that asks whether a figure lies above `least`, measured on `n` pairs. The width of
    /// an interval falls with the square root of n, so that the bound between estimate and limit
    /// reaches the limit at n · (width / distance)². That is approximate: the estimate will move,
    /// and intervals of small samples are not symmetrical.
    pub(crate) fn of(value: f64, interval: Interval, least: f64, n: usize) -> Self {
        let (status, width) = if value >= least {
            (Status::Pass, value - interval.low)
        } else {
            (Status::Fail, interval.high - value)
        };
        let distance = (value - least).abs();
        if distance < ROUNDING {
            return Self::Never("what was measured is exactly the limit");
        }
        let times = (width / distance).powi(2).max(1.0);
        Self::Pairs {
            pairs: count(n) * times,
            times,
            status,
        }
    }

    /// The number of pairs, where one would do.
    pub(crate) fn pairs(self) -> Option<f64> {
        match self {
            Self::Pairs { pairs, .. } => Some(two_digits(pairs)),
            Self::Missing(_) | Self::Left(_) | Self::Never(_) => None,
        }
    }
}

/// Two significant digits, rounded up: more would pretend to be exact.
fn two_digits(n: f64) -> f64 {
    let unit = 10_f64.powf(n.log10().floor() - 1.0).max(1.0);
    // What rounding errors add is no further pair.
    (n / unit - 1e-6).ceil() * unit
}

impl fmt::Display for Settling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pairs {
                pairs,
                times,
                status,
            } => {
                let rounded = two_digits(*pairs);
                write!(
                    f,
                    "about {} pairs ({} times as many) would settle it, as a {}, if the measured \
                     value stays",
                    thousands(rounded),
                    times_text(rounded / pairs * times),
                    status.name()
                )
            }
            Self::Missing(1) => f.write_str("the missing pair must be scored to settle it"),
            Self::Missing(n) => write!(f, "the {n} missing pairs must be scored to settle it"),
            Self::Left(n) => write!(f, "the {n} pairs that were not scored would settle it"),
            Self::Never(why) => write!(f, "no number of pairs would settle it: {why}"),
        }
    }
}

/// As exact as the number of pairs.
fn times_text(times: f64) -> String {
    if times < 10.0 {
        format!("{times:.1}")
    } else {
        thousands(two_digits(times))
    }
}

/// A whole number with commas.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rounded number of pairs; the largest stands for any that is larger"
)]
fn thousands(n: f64) -> String {
    HumanCount(n.round() as u64).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The usual sample size of a proportion's difference: z² ψ / d², here with z = 1.96, ψ = 0.04
    /// and d = 0.01 (Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 2003,
    /// 13.1): 1,537 pairs, whatever the n at which the width is measured.
    #[test]
    fn the_number_is_that_of_the_normal_interval() {
        for n in [100_u32, 400] {
            let width = 1.96 * (0.04 / f64::from(n)).sqrt();
            let interval = Interval {
                low: 0.002 - width,
                high: 0.002 + width,
            };
            let Settling::Pairs { pairs, status, .. } =
                Settling::of(0.002, interval, -0.008, n as usize)
            else {
                panic!()
            };
            assert!((pairs - 1536.64).abs() < 1e-6, "{pairs}");
            assert_eq!(status, Status::Pass);
        }
    }

    #[test]
    fn it_says_which_way_and_when_no_number_would() {
        let interval = Interval {
            low: -0.05,
            high: 0.01,
        };
        let at = |least| Settling::of(-0.02, interval, least, 300).to_string();
        // (0.03 / 0.01)² = 9.
        assert_eq!(
            at(-0.03),
            "about 2,700 pairs (9.0 times as many) would settle it, as a pass, if the measured \
             value stays"
        );
        assert!(at(-0.01).contains("as a fail"), "{}", at(-0.01));
        assert!(at(-0.02).starts_with("no number of pairs would settle it"));
        assert_eq!(thousands(two_digits(1_234_567.0)), "1,300,000");
        assert_eq!((two_digits(7.2), thousands(999.0)), (8.0, "999".to_owned()));
    }
}
