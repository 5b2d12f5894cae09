//! Which figures some subsets have under a benchmark, and how each is made of them.

use crate::benchmark::{Aspect, Benchmark, Headline, MeanOf, Metric, Section, Variant};
use crate::stats::count;

/// A weighted mean of subset accuracies: subsets with coefficients that add up to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture(pub Vec<(String, f64)>);

impl Mixture {
    /// `None` where nothing has a weight.
    fn new(weights: impl Iterator<Item = (String, f64)>) -> Option<Self> {
        let weights: Vec<(String, f64)> = weights.collect();
        let whole: f64 = weights.iter().map(|(_, w)| w).sum();
        (whole > 0.0).then(|| {
            Self(
                weights
                    .into_iter()
                    .map(|(subset, w)| (subset, w / whole))
                    .collect(),
            )
        })
    }
}

/// The figures that some subsets have.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// Sections with at least one measured subset, in the benchmark's order.
    pub(crate) sections: Vec<(String, Mixture)>,
    /// Sections under other weights that somebody published.
    pub(crate) variants: Vec<(String, Mixture)>,
    /// Plain mean of the subsets.
    pub(crate) average: Option<Mixture>,
    /// The benchmark's headline figure, where every part of it was measured.
    pub(crate) headline: Option<(Headline, Mixture)>,
    /// The headline figure, or else the average, of parts of the metric.
    pub(crate) aspects: Vec<(Aspect, Mixture)>,
    /// The mean over items, where all are scored alike.
    pub(crate) all: Option<Mixture>,
}

impl Figures {
    /// `sizes`: items by subset. Without a benchmark there is no section, and nothing has a weight
    /// but in the average.
    pub(crate) fn of(sizes: &[(String, usize)], benchmark: Option<&Benchmark>) -> Self {
        let average = Mixture::new(sizes.iter().map(|(subset, _)| (subset.clone(), 1.0)));
        let items = || Mixture::new(sizes.iter().map(|(subset, n)| (subset.clone(), count(*n))));
        let Some(benchmark) = benchmark else {
            return Self {
                average,
                all: items(),
                ..Self::default()
            };
        };
        let measured = Measured { sizes, benchmark };
        let sections: Vec<(&Section, Mixture)> = benchmark
            .sections
            .iter()
            .filter_map(|section| Some((section, measured.section(section)?)))
            .collect();
        let all = if benchmark.is_one_sample() {
            items()
        } else {
            None
        };
        let headline = benchmark.headline.clone().and_then(|headline| {
            let mixture = match headline.mean {
                MeanOf::Sections => measured.mean_of_sections(&sections),
                MeanOf::Subsets => average.clone().filter(|_| measured.has_all()),
                MeanOf::Items => all.clone().filter(|_| measured.has_all()),
            };
            Some((headline, mixture?))
        });
        let base = headline
            .as_ref()
            .map(|(_, mixture)| mixture)
            .or(average.as_ref());
        let aspects = measured.aspects().iter();
        let aspects = aspects.filter_map(|aspect| Some((*aspect, base?.clone())));
        let variants = benchmark.variants.iter();
        Self {
            aspects: aspects.collect(),
            variants: variants.filter_map(|own| measured.variant(own)).collect(),
            sections: sections
                .into_iter()
                .map(|(section, mixture)| (section.name.clone(), mixture))
                .collect(),
            average,
            headline,
            all,
        }
    }
}

/// Subsets with their items, of a benchmark.
struct Measured<'a> {
    sizes: &'a [(String, usize)],
    benchmark: &'a Benchmark,
}

impl Measured<'_> {
    fn size(&self, subset: &str) -> Option<usize> {
        let found = self.sizes.iter().find(|(known, _)| known == subset);
        found.map(|(_, n)| *n)
    }

    fn has_all(&self) -> bool {
        let mut subsets = self.benchmark.subsets.keys();
        subsets.all(|subset| self.size(subset).is_some())
    }

    /// `weight`: of a subset with so many items.
    fn mixture(
        &self,
        subsets: &[String],
        weight: &dyn Fn(&str, usize) -> usize,
    ) -> Option<Mixture> {
        let weighed = |subset: &String| {
            let n = self.size(subset)?;
            Some((subset.clone(), count(weight(subset, n))))
        };
        Mixture::new(subsets.iter().filter_map(weighed))
    }

    fn section(&self, section: &Section) -> Option<Mixture> {
        self.mixture(&section.subsets, &|subset, n| {
            if section.pooled {
                n
            } else {
                self.benchmark.weight(subset)
            }
        })
    }

    /// `None` where a section was not measured.
    fn mean_of_sections(&self, sections: &[(&Section, Mixture)]) -> Option<Mixture> {
        if sections.len() < self.benchmark.sections.len() {
            return None;
        }
        let weighed = sections.iter().flat_map(|(section, mixture)| {
            let weight = count(section.weight);
            mixture
                .0
                .iter()
                .map(move |(subset, w)| (subset.clone(), w * weight))
        });
        Mixture::new(weighed)
    }

    fn variant(&self, variant: &Variant) -> Option<(String, Mixture)> {
        let mut sections = self.benchmark.sections.iter();
        let section = sections.find(|own| own.name == variant.section)?;
        // Without the subsets that it weighs differently it would be the section itself.
        let mut weighed = variant.weights.keys();
        let differs = weighed.any(|subset| self.size(subset).is_some());
        let weight = |subset: &str, _| {
            let own = variant.weights.get(subset).copied();
            own.unwrap_or_else(|| self.benchmark.weight(subset))
        };
        let mixture = self.mixture(&section.subsets, &weight)?;
        differs.then(|| (variant.label.clone(), mixture))
    }

    /// The parts that the metrics of all subsets have.
    fn aspects(&self) -> &'static [Aspect] {
        let mut metrics = self
            .sizes
            .iter()
            .map(|(subset, _)| self.benchmark.metric_of(subset));
        let first = metrics.next().map_or(&[][..], Metric::aspects);
        if metrics.all(|metric| metric.aspects() == first) {
            first
        } else {
            &[]
        }
    }
}
