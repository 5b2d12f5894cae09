//! Several models side by side are several tests: every two of them, in every subset. Chance alone
//! makes some of many tests significant, so that p-values are corrected for all of them together.

use crate::benchmark::{Aspect, Benchmark};
use crate::comparison::figure::AVERAGE;
use crate::comparison::matching::match_items;
use crate::comparison::paired_units::{by_subset, paired_values};
use crate::metrics::Figures;
use crate::scoring::ScoredItem;
use crate::stats::{PairedValues, Values, count, holm, p_value_of};

/// With more models, pairs of them are too many to read, and to test.
const MOST: usize = 20;

/// At which a test is called significant.
pub(crate) const SIGNIFICANT: f64 = 0.05;

/// Every two of several models, tested on the same items.
#[derive(Debug, Clone, PartialEq)]
pub struct SeveralTests {
    pub(crate) models: usize,
    /// What the headline figure is called, or else `average`.
    pub(crate) mean: String,
    /// Of that figure: a test for every two models.
    pub(crate) means: Vec<Test>,
    /// A test for every two models and each subset.
    pub(crate) subsets: Vec<Test>,
}

/// Whether two models differ in a figure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Test {
    pub(crate) figure: String,
    /// The model with the higher figure; the first one where they are equal.
    pub(crate) higher: String,
    pub(crate) lower: String,
    /// Of this test alone, two-sided.
    pub(crate) p: f64,
    /// With Holm's correction over all tests of its list.
    pub(crate) holm: f64,
}

impl SeveralTests {
    /// `models`: names with what they said. `None` where there are not two models or too many, and
    /// where items of two of them cannot be matched.
    pub(crate) fn of(
        models: &[(&str, &[ScoredItem])],
        same_data: bool,
        benchmark: Option<&Benchmark>,
    ) -> Option<Self> {
        if !(2..=MOST).contains(&models.len()) {
            return None;
        }
        let mut found = Self {
            models: models.len(),
            mean: AVERAGE.to_owned(),
            means: Vec::new(),
            subsets: Vec::new(),
        };
        for (at, one) in models.iter().enumerate() {
            for other in &models[at + 1..] {
                found.add(*one, *other, same_data, benchmark)?;
            }
        }
        for tests in [&mut found.means, &mut found.subsets] {
            let p: Vec<f64> = tests.iter().map(|test| test.p).collect();
            for (test, adjusted) in tests.iter_mut().zip(holm(&p)) {
                test.holm = adjusted;
            }
        }
        Some(found)
    }

    fn add(
        &mut self,
        one: (&str, &[ScoredItem]),
        other: (&str, &[ScoredItem]),
        same_data: bool,
        benchmark: Option<&Benchmark>,
    ) -> Option<()> {
        let pairs = match_items(one.1, other.1, same_data).ok()?.pairs;
        let by_subset = by_subset(&pairs);
        let values = |subset: &str| {
            let metric = Benchmark::metric_in(benchmark, subset);
            let pairs = by_subset.get(subset).map_or(&[][..], Vec::as_slice);
            paired_values(metric, Aspect::Whole, pairs)
        };
        let test = |figure: &str, weights: &[(String, f64)]| {
            let weighed = weights
                .iter()
                .map(|(subset, weight)| (*weight, values(subset)));
            Test::new(figure, [one.0, other.0], weighed.collect())
        };
        let sizes = by_subset.iter();
        let sizes: Vec<(String, usize)> = sizes
            .map(|(subset, pairs)| ((*subset).to_owned(), pairs.len()))
            .collect();
        let figures = Figures::of(&sizes, benchmark);
        let mean = match figures.headline {
            Some((headline, mixture)) => {
                self.mean = headline.label;
                Some(mixture)
            }
            None => figures.average,
        };
        self.means
            .extend(mean.map(|mean| test(&self.mean, &mean.0)));
        let of_subset = |(subset, _): &(String, usize)| test(subset, &[(subset.clone(), 1.0)]);
        self.subsets.extend(sizes.iter().map(of_subset));
        Some(())
    }
}

impl Test {
    /// `values`: of each subset, with its weight.
    fn new(figure: &str, [one, other]: [&str; 2], values: Vec<(f64, PairedValues)>) -> Self {
        let value = |(weight, values): &(f64, PairedValues)| {
            let changes = values.units.iter().map(|[before, after]| after - before);
            weight * changes.sum::<f64>() / count(values.n().max(1))
        };
        let difference: f64 = values.iter().map(value).sum();
        let strata: Vec<(f64, Values)> = values
            .into_iter()
            .map(|(weight, values)| (weight, values.differences()))
            .collect();
        let p = p_value_of(&strata);
        let [higher, lower] = if difference > 0.0 {
            [other, one]
        } else {
            [one, other]
        };
        Self {
            figure: figure.to_owned(),
            higher: higher.to_owned(),
            lower: lower.to_owned(),
            p,
            holm: p,
        }
    }

    pub(crate) fn is_significant(&self) -> bool {
        self.p < SIGNIFICANT
    }

    /// After the correction.
    pub(crate) fn is_more_than_chance(&self) -> bool {
        self.holm < SIGNIFICANT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::tests::verdict;
    use crate::stats::near;

    /// So many correct of 10 in subset `x`, and of 10 in `y`: the first ones.
    fn model(correct: [usize; 2]) -> Vec<ScoredItem> {
        let subset = |at: usize| {
            let name = ["x", "y"][at];
            (0..10).map(move |row| {
                let margin = if row < correct[at] { 1.0 } else { -1.0 };
                verdict(at * 10 + row, name, None, margin)
            })
        };
        (0..2).flat_map(subset).collect()
    }

    /// McNemar's exact p (here a root, to 1e-8) of n pairs lost and none gained is 2 · 0.5ⁿ; Holm's
    /// values were computed by hand from the six p-values: 2/1024 · 6, then · 5, · 4 and so on,
    /// none below the one before.
    #[test]
    fn p_values_are_corrected_for_every_two_models_and_every_subset() {
        let models = [model([10, 5]), model([0, 5]), model([4, 5])];
        let named: Vec<(&str, &[ScoredItem])> = ["a", "b", "c"]
            .into_iter()
            .zip(models.iter().map(Vec::as_slice))
            .collect();
        let found = SeveralTests::of(&named, true, None).unwrap();
        let half = |n: i32| 2.0 * 0.5_f64.powi(n);
        // a–b loses 10, a–c 6, b–c gains 4; nothing changes in y.
        let expected = [
            ("a", "b", "x", half(10), half(10) * 6.0),
            ("a", "b", "y", 1.0, 1.0),
            ("a", "c", "x", half(6), half(6) * 5.0),
            ("a", "c", "y", 1.0, 1.0),
            ("c", "b", "x", half(4), half(4) * 4.0),
            ("b", "c", "y", 1.0, 1.0),
        ];
        assert_eq!(found.subsets.len(), expected.len());
        for (test, (higher, lower, subset, p, holm)) in found.subsets.iter().zip(expected) {
            let names = (
                test.higher.as_str(),
                test.lower.as_str(),
                test.figure.as_str(),
            );
            assert_eq!(names, (higher, lower, subset));
            near(test.p, p, 1e-8);
            near(test.holm, holm, 1e-7);
        }
        let more = found
            .subsets
            .iter()
            .filter(|test| test.is_more_than_chance());
        assert_eq!(more.count(), 1);
        assert_eq!((found.means.len(), found.mean.as_str()), (3, "average"));
        near(
            found.means[0].holm,
            (found.means[0].p * 3.0).min(1.0),
            1e-12,
        );
    }

    #[test]
    fn one_model_and_items_that_cannot_be_matched_are_no_tests() {
        let one = model([1, 1]);
        assert_eq!(SeveralTests::of(&[("a", &one)], true, None), None);
        assert_eq!(
            SeveralTests::of(&[("a", &one), ("b", &one)], false, None),
            None
        );
    }
}
