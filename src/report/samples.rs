//! Documents for tests: two models and a length baseline on one subset, and a comparison, with
//! names and texts that some format would take for its own syntax.

use crate::benchmark::published::Published;
use crate::benchmark::{Benchmark, Metric};
use crate::comparison::gate::{Conclusion, Rule};
use crate::comparison::published::{Counterpart, PublishedComparison};
use crate::comparison::tests::{paired, verdict};
use crate::data::pair_texts::PairTexts;
use crate::metrics::behaviour::Truncated;
use crate::metrics::calibration::Margins;
use crate::metrics::{Behaviour, Estimate, PositionBias, Scores, SubsetScore, Tally};
use crate::report::provenance::tests::provenance;
use crate::report::{ComparisonReport, Flip, ModelReport, Origin, RunReport, weighting};

pub(crate) fn run() -> RunReport {
    let estimate = |accuracy| Estimate {
        accuracy,
        low: accuracy - 0.1,
        high: accuracy + 0.1,
    };
    let scores = |correct| {
        let tally = Tally {
            correct,
            wrong: 3 - correct,
            tie: 1,
            invalid: 0,
        };
        Scores {
            subsets: vec![("hep-go".to_owned(), SubsetScore::of_pairs(tally))],
            sections: vec![("Reasoning".to_owned(), estimate(tally.accuracy()))],
            variants: Vec::new(),
            average: estimate(tally.accuracy()),
            headline: None,
            aspects: Vec::new(),
            all: Some(SubsetScore::of_pairs(tally).estimate()),
            total: tally,
        }
    };
    let model = |name: &str, correct| ModelReport {
        name: name.to_owned(),
        provenance: provenance(name),
        scores: scores(correct),
        behaviour: Behaviour {
            position_bias: Some(PositionBias {
                n: 4,
                disagree: 0.5,
                accuracy_chosen_first: 0.5,
                accuracy_rejected_first: 0.5,
            }),
            truncated: Some(Truncated {
                source: 1,
                chosen: 0,
                rejected: 2,
                any: 2,
            }),
            margins: Some([-1.0, -0.5, 0.0, 0.5, 1.0]),
        },
        margins: Margins::of(
            &[-1.0, 0.0, 0.5, 1.0].map(|margin| verdict(0, "hep-go", None, margin)),
        ),
        published: Counterpart::NotAsked,
        invalid: Vec::new(),
    };
    RunReport {
        title: "a|b".to_owned(),
        benchmark: Some("reward-bench".to_owned()),
        metrics: vec![Metric::default()],
        weighting: Some(weighting(&Benchmark::reward_bench())),
        dataset: None,
        partial: None,
        models: vec![model("A", 2), model("=B|<x>\u{1b}", 3)],
        others: vec![("longer".to_owned(), scores(1))],
        printed: Vec::new(),
        notes: Vec::new(),
        several_tests: None,
        side_by_side: None,
    }
}

/// The card's column beside all 164 pairs of its subset, of which one verdict differs; and a model
/// that the card lacks.
pub(crate) fn with_published() -> RunReport {
    let mut report = run();
    let benchmark = Benchmark::reward_bench();
    let card = Published::find("model-card").unwrap();
    let tally = Tally {
        correct: 112,
        wrong: 52,
        ..Tally::default()
    };
    let counts = [("hep-go".to_owned(), tally)].into();
    let scores = Scores::new(&counts, Some(&benchmark));
    let model = card.model("PairRM-hf").unwrap();
    let column = PublishedComparison::new(&card, model, &scores, &benchmark);
    report.models[0].scores = scores;
    report.models[0].published = Counterpart::Column(Box::new(column));
    report.models[1].published = Counterpart::Nothing("why <not>".to_owned());
    report
}

pub(crate) fn comparison() -> ComparisonReport {
    let comparison = paired(
        &[("a|<b>\u{1b}", "++++-"), ("hep-go", "+++-")],
        &[("a|<b>\u{1b}", "+---+"), ("hep-go", "+++-")],
    );
    let text = PairTexts {
        prompt: "=1+1, \"x\"\n".to_owned(),
        chosen: "<script>".to_owned(),
        rejected: "`r`".to_owned(),
    };
    let flips = comparison
        .changes
        .iter()
        .map(|change| Flip {
            change: change.clone(),
            text: Some(text.clone()),
        })
        .collect();
    let gate = ["drop:subset:*:0.01", "max-ties:0"]
        .map(|rule| rule.parse::<Rule>().unwrap().evaluate(&comparison).unwrap());
    ComparisonReport {
        baseline: "old|model".to_owned(),
        candidate: "new\u{1b}[31m".to_owned(),
        origins: [
            Origin::Run(Box::new(provenance("old|model"))),
            Origin::Run(Box::new(provenance("new\u{1b}[31m"))),
        ],
        partial: [None, None],
        comparison,
        flips: Some(flips),
        conclusion: Conclusion::of(&gate, true, false),
        gate: gate.into(),
        notes: vec!["more".to_owned()],
    }
}
