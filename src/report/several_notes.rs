//! What chance alone would show where many figures stand side by side.

use crate::comparison::{SeveralTests, Test};
use crate::report::run_report::RunReport;
use crate::stats;
use crate::support::count::{count, first};

/// Tests that are named.
const NAMED: usize = 5;

pub(super) fn notes(report: &RunReport) -> Vec<String> {
    let mut notes: Vec<String> = of_intervals(report).into_iter().collect();
    if let Some(tests) = &report.several_tests {
        notes.push(of_subsets(tests));
        notes.push(of_means(tests));
    }
    notes
}

/// How many of `n` chance puts where only one of twenty belongs.
pub(super) fn by_chance(n: usize) -> String {
    format!("{:.1}", stats::count(n) * (1.0 - stats::LEVEL))
}

fn of_intervals(report: &RunReport) -> Option<String> {
    let subsets = report.models.first()?.scores.subsets.len();
    let all = subsets * report.models.len();
    (subsets > 1).then(|| {
        format!(
            "of {} of subsets chance alone leaves up to {} without the true value: to be the best \
             of {} is no finding by itself",
            count(all, "interval"),
            by_chance(all),
            count(subsets, "subset")
        )
    })
}

fn of_subsets(tests: &SeveralTests) -> String {
    let list = &tests.subsets;
    let significant = list.iter().filter(|test| test.is_significant()).count();
    format!(
        "{} side by side are {} of subsets: chance alone would put up to {} below p = 0.05, there \
         {} {significant}; with Holm's correction over all of them, {}",
        count(tests.models, "model"),
        count(list.len(), "test"),
        by_chance(list.len()),
        is_or_are(significant),
        more_than_chance(list, true)
    )
}

fn of_means(tests: &SeveralTests) -> String {
    format!(
        "{}, with Holm's correction over {} of models: {}",
        tests.mean,
        count(tests.means.len(), "pair"),
        more_than_chance(&tests.means, false)
    )
}

/// The tests that are left: `a above b on subset (p 0.003)`.
fn more_than_chance(tests: &[Test], with_figure: bool) -> String {
    let mut left: Vec<&Test> = tests
        .iter()
        .filter(|test| test.is_more_than_chance())
        .collect();
    left.sort_by(|a, b| a.holm.total_cmp(&b.holm));
    let named = |test: &&Test| {
        let on = if with_figure {
            format!(" on {}", test.figure)
        } else {
            String::new()
        };
        format!(
            "{} above {}{on} (p {})",
            test.higher,
            test.lower,
            p_text(test.holm)
        )
    };
    let named: Vec<String> = left.iter().map(named).collect();
    if named.is_empty() {
        "no difference is more than chance".to_owned()
    } else {
        format!("more than chance: {}", first(&named, NAMED))
    }
}

fn is_or_are(n: usize) -> &'static str {
    if n == 1 { "is" } else { "are" }
}

fn p_text(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".to_owned()
    } else {
        format!("{p:.3}")
    }
}
