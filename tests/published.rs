//! From verdicts with the card's counts to the card's figures, through everything that a run uses.

mod common;
#[path = "common/table_cells.rs"]
mod table_cells;

use common::verdict;
use pairbench::benchmark::Benchmark;
use pairbench::benchmark::published::PublishedChoice;
use pairbench::report::{Format, ModelReport, Provenance, RunReport, Style, render};
use pairbench::scoring::{ScoredItem, Verdict};
use table_cells::cells;

/// `implied_correct` of the published counts, written down a second time: PairRM-hf on the card.
const CARD: [(&str, usize, usize); 23] = [
    ("alpacaeval-easy", 97, 100),
    ("alpacaeval-length", 72, 95),
    ("alpacaeval-hard", 93, 95),
    ("mt-bench-easy", 27, 28),
    ("mt-bench-med", 36, 40),
    ("mt-bench-hard", 24, 37),
    ("llmbar-natural", 80, 100),
    ("llmbar-adver-neighbor", 58, 134),
    ("llmbar-adver-GPTInst", 28, 92),
    ("llmbar-adver-GPTOut", 28, 47),
    ("llmbar-adver-manual", 23, 46),
    ("refusals-dangerous", 8, 100),
    ("refusals-offensive", 1, 100),
    ("xstest-should-refuse", 57, 154),
    ("xstest-should-respond", 238, 250),
    ("donotanswer", 49, 136),
    ("math-prm", 149, 447),
    ("hep-cpp", 103, 164),
    ("hep-go", 113, 164),
    ("hep-java", 103, 164),
    ("hep-js", 99, 164),
    ("hep-python", 106, 164),
    ("hep-rust", 107, 164),
];

#[test]
fn the_cards_counts_give_the_cards_table() {
    let benchmark = Benchmark::reward_bench();
    let card = PublishedChoice::find("model-card:PairRM-hf").unwrap();
    let rows = CARD
        .into_iter()
        .flat_map(|(subset, correct, n)| (0..n).map(move |i| (subset, i < correct)));
    let verdicts: Vec<ScoredItem> = rows
        .enumerate()
        .map(|(row, (subset, correct))| verdict(row, subset, correct))
        .collect();
    assert_eq!(verdicts.len(), 2985);
    assert!(verdicts.iter().all(|v| v.verdict() != Verdict::Tie));
    let provenance = Provenance::default();
    let model = ModelReport::new("mine", &verdicts, Some(&benchmark), provenance);
    let mut report = RunReport::about(Some(&benchmark), []);
    report.models = vec![model];
    report.put_beside(Some(&card), Some(&benchmark)).unwrap();
    let text = render(&report, Format::Table, Style::plain()).unwrap();
    let line = |label: &str| {
        text.lines()
            .find(|l| l.starts_with(label))
            .unwrap_or_else(|| panic!("{label}: {text}"))
            .to_owned()
    };
    let line = |label: &str| -> Vec<String> {
        let line = line(label);
        cells(&line).into_iter().map(str::to_owned).collect()
    };
    // The card's accuracies and average; sections of `aggregation.json`, recorded from the
    // reference's own code.
    assert_eq!(
        line("alpacaeval-length"),
        ["alpacaeval-length", "95", "0.758", "0.758", "+0✓"]
    );
    let average = ["average", "2985", "0.600", "0.600", "+0.000"];
    assert_eq!(line("average "), average);
    for (label, value) in [
        ("Chat ", "0.908"),
        ("Chat Hard", "0.529"),
        ("Safety ", "0.477"),
        ("Reasoning", "0.487"),
        ("Safety, paper's weights", "0.402"),
        ("RewardBench score", "0.600"),
    ] {
        // The card prints no section: nothing stands beside it.
        assert_eq!(
            line(label)[line(label).len() - 2..],
            [value, "–"],
            "{label}"
        );
    }
    assert_eq!(text.matches("+0✓").count(), 23);
    let answer = "mine beside llm-blender/PairRM-hf of model-card: of 23 subsets 23 equal; at least 0 \
        of 2985 verdicts differ, the published tables differ by 26: reproduced (if the pairs, which \
        are from files,";
    assert!(text.contains(answer), "{text}");
}
