//! Published accuracies, to stand beside measured ones.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::benchmark::Benchmark;
use crate::error::{Error, Result};
use crate::metrics::{Scores, Tally};
use crate::report::{self, Report, Style};

/// A table as somebody published it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    pub name: String,
    pub title: String,
    /// Where it can be read.
    pub source: String,
    /// The benchmark whose subsets it has.
    pub benchmark: String,
    pub models: Vec<PublishedModel>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedModel {
    /// Hub repository, as printed.
    pub name: String,
    /// Another name of the same model.
    alias: Option<String>,
    subsets: BTreeMap<String, f64>,
    /// The plain mean, where it is printed.
    #[serde(default)]
    pub average: Option<f64>,
    /// Section scores as printed.
    #[serde(default)]
    pub sections: BTreeMap<String, f64>,
}

const TABLES: [&str; 2] = [include_str!("../benchmarks/published/model-card.toml"), include_str!("../benchmarks/published/rewardbench-paper.toml")];

impl Published {
    /// Every table, in the order of publication date of what they hold.
    #[expect(clippy::missing_panics_doc, reason = "the embedded files are parsed by a test")]
    pub fn all() -> Vec<Self> {
        TABLES.iter().map(|text| toml::from_str(text).expect("the embedded table is valid")).collect()
    }

    pub fn find(name: &str) -> Result<Self> {
        let tables = Self::all();
        let names = tables.iter().map(|t| t.name.clone()).collect::<Vec<_>>().join(", ");
        let found = tables.into_iter().find(|table| table.name == name);
        found.ok_or_else(|| Error::usage(format!("failed to find published table: {name}")).hint(format!("the tables are: {names}")))
    }

    /// The column of a model: of its repository, or of one with the same last part.
    pub fn model(&self, name: &str) -> Option<&PublishedModel> {
        self.models.iter().find(|model| model.is(name))
    }
}

/// One table, or all, as the terminal shows them.
pub fn show(name: Option<&str>) -> Result<String> {
    let tables = name.map_or_else(|| Ok(Published::all()), |name| Published::find(name).map(|table| vec![table]))?;
    let mut text = Vec::new();
    for table in tables {
        let benchmark = Benchmark::find(&table.benchmark)?;
        let columns = table.models.iter().map(|m| (m.name.rsplit('/').next().unwrap_or(&m.name).to_owned(), m.scores(&benchmark))).collect();
        let about = Report::about(&benchmark, []);
        let variants = benchmark.variants.iter().map(|v| format!("{}: {}", v.label, v.note));
        let notes = std::iter::once(format!("{}: {}; sections follow from its counts", table.name, table.source)).chain(variants).collect();
        text.push(report::table(&Report { title: table.title.clone(), others: columns, notes, ..about }, Style::of_stdout()));
    }
    Ok(text.join("\n"))
}

impl PublishedModel {
    fn is(&self, name: &str) -> bool {
        let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_lowercase();
        [Some(&self.name), self.alias.as_ref()].into_iter().flatten().any(|own| last(own) == last(name))
    }

    /// The counts behind the printed accuracies. All are whole: k/n rounds to what is printed for one k only.
    pub fn tallies(&self, benchmark: &Benchmark) -> BTreeMap<String, Tally> {
        let tally = |(subset, accuracy): (&String, &f64)| {
            let n = *benchmark.subsets.get(subset)?;
            let correct = nearest(*accuracy, n);
            Some((subset.clone(), Tally { correct, wrong: n.saturating_sub(correct), ..Tally::default() }))
        };
        self.subsets.iter().filter_map(tally).collect()
    }

    pub fn scores(&self, benchmark: &Benchmark) -> Scores {
        Scores::new(&self.tallies(benchmark), benchmark)
    }
}

/// The count whose share of `n` is nearest to `accuracy`.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small counts, shares from 0 to 1")]
fn nearest(accuracy: f64, n: usize) -> usize {
    (accuracy.clamp(0.0, 1.0) * n as f64).round() as usize
}

/// How a measured subset stands to the published figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Between the lowest and the highest published count of this model, bounds included.
    WithinSpread,
    /// Beyond that, but within the 95 % Wilson interval of the published accuracy.
    WithinNoise,
    /// Outside both.
    Outside,
}

impl Standing {
    /// As files have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::WithinSpread => "within-spread",
            Self::WithinNoise => "within-noise",
            Self::Outside => "outside",
        }
    }

    /// As tables have it.
    pub fn mark(self) -> char {
        match self {
            Self::WithinSpread => '✓',
            Self::WithinNoise => '~',
            Self::Outside => '✗',
        }
    }
}

/// A published subset beside the measured one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Beside {
    pub accuracy: f64,
    /// Measured minus published correct pairs; only where all of the subset's pairs were measured.
    pub pairs: Option<i64>,
    pub standing: Option<Standing>,
}

/// A published column beside a measured one.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The table.
    pub table: String,
    pub subsets: BTreeMap<String, Beside>,
    /// Sections and averages of the published counts, over the subsets that were measured.
    pub scores: Scores,
}

impl Comparison {
    /// `None` where the table lacks the model.
    pub fn new(table: &Published, model: &str, measured: &Scores, benchmark: &Benchmark) -> Option<Self> {
        let published = table.model(model)?.tallies(benchmark);
        let every: Vec<BTreeMap<String, Tally>> =
            Published::all().iter().filter(|t| t.benchmark == table.benchmark).filter_map(|t| t.model(model)).map(|m| m.tallies(benchmark)).collect();
        let beside = |(subset, tally): (&String, &Tally)| {
            let counts: Vec<usize> = every.iter().filter_map(|t| t.get(subset)).map(|t| t.correct).collect();
            let measured = measured.subsets.iter().find(|(name, _)| name == subset).map(|(_, t)| *t).filter(|m| m.n() == tally.n());
            (
                subset.clone(),
                Beside {
                    accuracy: tally.accuracy(),
                    pairs: measured.map(|m| difference(m.correct, tally.correct)),
                    standing: measured.map(|m| stand(m, *tally, &counts)),
                },
            )
        };
        let mut shared = published.clone();
        shared.retain(|subset, _| measured.subsets.iter().any(|(name, _)| name == subset));
        Some(Self { table: table.name.clone(), subsets: published.iter().map(beside).collect(), scores: Scores::new(&shared, benchmark) })
    }
}

fn stand(measured: Tally, published: Tally, every: &[usize]) -> Standing {
    let interval = published.estimate();
    let spread = every.iter().min().copied().unwrap_or(published.correct)..=every.iter().max().copied().unwrap_or(published.correct);
    if spread.contains(&measured.correct) {
        Standing::WithinSpread
    } else if (interval.low..=interval.high).contains(&measured.accuracy()) {
        Standing::WithinNoise
    } else {
        Standing::Outside
    }
}

fn difference(measured: usize, published: usize) -> i64 {
    i64::try_from(measured).unwrap_or(i64::MAX) - i64::try_from(published).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three(value: f64) -> String {
        format!("{value:.3}")
    }

    /// Every printed figure follows from whole counts: subsets, the card's averages, the paper's sections.
    #[test]
    fn printed_figures_follow_from_counts() {
        let benchmark = Benchmark::reward_bench();
        let mut cells = 0;
        for table in Published::all() {
            for model in &table.models {
                let scores = model.scores(&benchmark);
                assert_eq!(scores.subsets.len(), 23, "{} {}", table.name, model.name);
                for (subset, tally) in &scores.subsets {
                    assert_eq!(three(tally.accuracy()), three(model.subsets[subset]), "{} {subset}", model.name);
                    cells += 1;
                }
                if let Some(average) = model.average {
                    assert_eq!(three(scores.average.accuracy), three(average));
                }
                for (section, printed) in &model.sections {
                    // The paper weighs XSTest the other way round.
                    let computed =
                        if section == "Safety" { &scores.variants[0].1 } else { &scores.sections.iter().find(|(name, _)| name == section).unwrap().1 };
                    assert_eq!(three(computed.accuracy), three(*printed), "{} {section}", model.name);
                }
            }
        }
        assert_eq!(cells, 5 * 23);
    }

    #[test]
    fn standings_by_spread_noise_and_neither() {
        let tally = |correct| Tally { correct, wrong: 100 - correct, ..Tally::default() };
        assert_eq!(stand(tally(79), tally(80), &[80, 78]), Standing::WithinSpread);
        assert_eq!(stand(tally(77), tally(80), &[80, 78]), Standing::WithinNoise);
        assert_eq!(stand(tally(60), tally(80), &[80, 78]), Standing::Outside);
    }

    #[test]
    fn a_model_is_found_under_every_name() {
        let paper = Published::find("rewardbench-paper").unwrap();
        for name in ["maywell/Better-PairRM", "Better-PairRM", "better-pairrm"] {
            assert_eq!(paper.model(name).unwrap().name, "mightbe/Better-PairRM");
        }
        assert!(paper.model("other").is_none());
        assert!(Published::find("none").is_err());
    }
}
