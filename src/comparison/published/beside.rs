//! One published figure beside a measured one.

use serde::Serialize;

/// How a measured count stands beside the published counts of the same pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standing {
    /// The count of this table.
    Equal,
    /// Another, but between the lowest and the highest that was published for this model.
    WithinSpread,
    /// Beyond what was published.
    Outside,
    /// Another, and no second table says how far such measurements lie apart.
    SpreadUnknown,
}

impl Standing {
    /// `every`: the counts of all published tables that have this model and subset.
    pub(super) fn of(measured: usize, published: usize, every: &[usize]) -> Self {
        let lowest = every.iter().min().copied().unwrap_or(published);
        let highest = every.iter().max().copied().unwrap_or(published);
        if measured == published {
            Self::Equal
        } else if every.len() < 2 {
            Self::SpreadUnknown
        } else if (lowest..=highest).contains(&measured) {
            Self::WithinSpread
        } else {
            Self::Outside
        }
    }

    /// Its name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::WithinSpread => "within-spread",
            Self::Outside => "outside",
            Self::SpreadUnknown => "spread-unknown",
        }
    }

    /// Its mark in tables.
    pub(crate) fn mark(self) -> char {
        match self {
            Self::Equal => '✓',
            Self::WithinSpread => '~',
            Self::Outside => '✗',
            Self::SpreadUnknown => '?',
        }
    }
}

/// A published figure beside the measured one. What stands in a table is what was printed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Beside {
    NotPublished,
    /// Nothing was measured.
    Alone {
        printed: f64,
    },
    /// The measured figure is not of the same pairs.
    NotCompared {
        printed: f64,
        why: String,
    },
    /// Of a subset: measured minus published correct pairs.
    Counts {
        printed: f64,
        pairs: i64,
        standing: Standing,
    },
    /// Of a mean of subsets: measured, rounded as it is printed, minus published.
    Means {
        printed: f64,
        difference: f64,
    },
}

impl Beside {
    /// Whether the measured figure is of the same pairs.
    pub(crate) fn is_compared(&self) -> bool {
        matches!(self, Self::Counts { .. } | Self::Means { .. })
    }

    /// What was published.
    pub(crate) fn printed(&self) -> Option<f64> {
        match self {
            Self::NotPublished => None,
            Self::Alone { printed }
            | Self::NotCompared { printed, .. }
            | Self::Counts { printed, .. }
            | Self::Means { printed, .. } => Some(*printed),
        }
    }

    /// Why nothing was compared.
    pub(crate) fn why_not(&self) -> Option<&str> {
        match self {
            Self::NotPublished => Some("not published"),
            Self::Alone { .. } => Some("nothing was measured"),
            Self::NotCompared { why, .. } => Some(why),
            Self::Counts { .. } | Self::Means { .. } => None,
        }
    }

    /// What was published, with nothing beside it.
    pub(super) fn alone(&self) -> Self {
        self.printed()
            .map_or(Self::NotPublished, |printed| Self::Alone { printed })
    }

    /// Measured minus published correct pairs, and how that stands.
    pub(crate) fn counts(&self) -> Option<(i64, Standing)> {
        match self {
            Self::Counts {
                pairs, standing, ..
            } => Some((*pairs, *standing)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_equal_or_within_the_published_ones_or_outside() {
        for (measured, standing) in [
            (80, Standing::Equal),
            (79, Standing::WithinSpread),
            (78, Standing::WithinSpread),
            // 0.77 lies well within the binomial noise of 0.80: no yardstick on the same pairs.
            (77, Standing::Outside),
            (81, Standing::Outside),
        ] {
            assert_eq!(
                Standing::of(measured, 80, &[80, 78]),
                standing,
                "{measured}"
            );
        }
    }

    #[test]
    fn a_single_table_has_no_spread() {
        assert_eq!(Standing::of(80, 80, &[80]), Standing::Equal);
        assert_eq!(Standing::of(79, 80, &[80]), Standing::SpreadUnknown);
        // Two tables that agree have one, of nothing.
        assert_eq!(Standing::of(79, 80, &[80, 80]), Standing::Outside);
    }
}
