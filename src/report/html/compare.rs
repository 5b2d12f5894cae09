//! The sections of a comparison's page: is the candidate worse, what the gate says, where, and on
//! which pairs.

use crate::comparison::Difference;
use crate::comparison::gate::{RuleOutcome, Status};
use crate::report::comparison::{
    ComparisonReport, Flip, blocks, cells, header as columns, is_paired, mark, signed, with_p,
};
use crate::report::html::element::{Element, el};
use crate::report::html::page::tiles;
use crate::report::html::pairs;
use crate::report::html::plot::{Glyph, Mark, Plot, Row, legend};
use crate::report::html::scale::Scale;
use crate::report::html::table;
use crate::report::html::table::Cell;

pub fn header(report: &ComparisonReport) -> Element {
    let comparison = &report.comparison;
    let header = el("header")
        .add(el("p").class("kicker").text("pairbench compare"))
        .add(el("h1").text(&report.candidate))
        .add(
            el("p")
                .class("against")
                .text("against ")
                .text(&report.baseline),
        );
    let Some(average) = comparison.totals.first() else {
        return header;
    };
    let mut facts = vec![
        [
            "Average".to_owned(),
            format!(
                "{:.3} → {:.3}",
                average.baseline.accuracy, average.candidate.accuracy
            ),
            format!("baseline → candidate, {} pairs", average.n),
        ],
        [
            "Difference".to_owned(),
            signed(average.value),
            format!(
                "95 % {} to {}{}",
                signed(average.interval.low),
                signed(average.interval.high),
                with_p(average)
            ),
        ],
    ];
    facts.extend(average.pairs.map(|pairs| {
        [
            "Gained and lost".to_owned(),
            format!("+{} -{}", pairs.gained, pairs.lost),
            format!("of {} pairs", average.n),
        ]
    }));
    facts.extend(gate_in_short(&report.gate));
    header
        .add(el("p").class("verdict").text(verdict(average)))
        .add(tiles(facts))
}

fn verdict(average: &Difference) -> String {
    let size = average.value.abs();
    match Side::of(average) {
        Side::Better => format!(
            "The candidate is better, by {size:.3} on average: more than chance in the choice of pairs explains."
        ),
        Side::Worse => format!(
            "The candidate is worse, by {size:.3} on average: more than chance in the choice of pairs explains."
        ),
        Side::Open if average.is_unchanged() => "No pair was gained or lost.".to_owned(),
        Side::Open => {
            let detectable = average.pairs.and_then(|pairs| pairs.detectable);
            let needed = detectable.map_or_else(String::new, |least| {
                format!(" So many pairs show a difference of {least:.3} or more.")
            });
            format!(
                "These pairs do not tell the candidate from the baseline: the interval has 0 in it.{needed}"
            )
        }
    }
}

/// Where the interval of a difference lies.
enum Side {
    Better,
    Worse,
    Open,
}

impl Side {
    fn of(line: &Difference) -> Self {
        match line.interval {
            _ if line.is_unchanged() => Self::Open,
            interval if interval.low > 0.0 => Self::Better,
            interval if interval.high < 0.0 => Self::Worse,
            _ => Self::Open,
        }
    }

    fn glyph(&self) -> Glyph {
        match self {
            Self::Better => Glyph::Better,
            Self::Worse => Glyph::Worse,
            Self::Open => Glyph::Open,
        }
    }
}

fn gate_in_short(gate: &[RuleOutcome]) -> Option<[String; 3]> {
    let count = |status: Status| {
        gate.iter()
            .filter(|outcome| outcome.status == status)
            .count()
    };
    let [failed, open] = [Status::Fail, Status::Inconclusive].map(count);
    let status = match (failed, open) {
        _ if gate.is_empty() => return None,
        (1.., _) => Status::Fail,
        (_, 1..) => Status::Inconclusive,
        _ => Status::Pass,
    };
    let detail = format!(
        "{} rules: {} passed, {failed} failed, {open} inconclusive",
        gate.len(),
        gate.len() - failed - open
    );
    Some([
        "Gate".to_owned(),
        format!("{} {}", mark(status), status.name()),
        detail,
    ])
}

pub fn gate(gate: &[RuleOutcome]) -> Element {
    let outcome = |outcome: &RuleOutcome| {
        let look_at = (!outcome.look_at.is_empty()).then(|| {
            el("ul").all(
                outcome
                    .look_at
                    .iter()
                    .map(|pair| el("li").text(format!("look at {pair}"))),
            )
        });
        let status = el("b")
            .class(format!("status {}", outcome.status.name()))
            .text(format!(
                "{} {}",
                mark(outcome.status),
                outcome.status.name()
            ));
        el("li")
            .add(status)
            .text(" ")
            .add(el("code").text(&outcome.rule))
            .add(el("p").text(&outcome.reason))
            .all(look_at)
    };
    el("ul").class("gate").all(gate.iter().map(outcome))
}

/// Totals first: what all pairs say, then where it comes from.
pub fn differences(report: &ComparisonReport) -> Element {
    let [subsets, sections, totals] = blocks(report);
    let every = || totals.iter().chain(sections).chain(subsets);
    let scale =
        Scale::around(every().flat_map(|line| [line.interval.low, line.interval.high, 0.0]));
    let plot = Plot {
        scale,
        bars: false,
        line: Some(0.0),
    };
    let block = |(name, lines): (&str, &[Difference])| {
        let rows: Vec<Row> = lines.iter().map(row).collect();
        (!rows.is_empty()).then(|| el("div").add(el("h3").text(name)).add(plot.draw(&rows)))
    };
    let glyphs = [
        (Glyph::Better, "better: the interval is above 0"),
        (Glyph::Worse, "worse: below 0"),
        (Glyph::Open, "open: 0 lies in it"),
    ];
    let changed = if is_paired(report) {
        ", and how many were gained and lost"
    } else {
        ""
    };
    let caption = format!(
        "Candidate minus baseline with its 95 % interval, each for itself: of 20 lines without any difference one would show some. \
         Beside each name the number of pairs{changed}."
    );
    el("div")
        .add(legend(glyphs.map(|(glyph, name)| (glyph, name.to_owned()))))
        .add(el("p").class("caption").text(caption))
        .all(
            [
                ("Totals", totals),
                ("Sections", sections),
                ("Subsets", subsets),
            ]
            .into_iter()
            .filter_map(block),
        )
}

fn row(line: &Difference) -> Row {
    let changed = line.pairs.map_or_else(String::new, |pairs| {
        format!(", +{} -{}", pairs.gained, pairs.lost)
    });
    let [low, high] = [line.interval.low, line.interval.high];
    let mark = Mark {
        glyph: Side::of(line).glyph(),
        name: "difference".to_owned(),
        value: line.value,
        ends: [low, high],
        published: None,
        text: [
            signed(line.value),
            format!("[{}, {}]", signed(low), signed(high)),
        ],
    };
    Row {
        label: line.name.clone(),
        note: format!("{}{changed}", line.n),
        marks: vec![mark],
    }
}

pub fn table(report: &ComparisonReport) -> Element {
    let header: Vec<String> = columns(report).into_iter().map(str::to_owned).collect();
    let row = |line: &Difference| -> Vec<Cell> {
        // Columns 6 and 7 are p-values, which are shown as `<0.0001` where they are small.
        let numbers = line
            .pairs
            .map_or([None, None], |pairs| [Some(pairs.p), pairs.holm]);
        let number = |at: usize| {
            at.checked_sub(7)
                .and_then(|at| numbers.get(at).copied().flatten())
        };
        cells(line, true)
            .into_iter()
            .enumerate()
            .map(|(at, text)| (text, number(at)))
            .collect()
    };
    table::table(
        "Differences by subset, section and total",
        &header,
        &blocks(report).map(|block| block.iter().map(row).collect()),
    )
}

pub fn changed(report: &ComparisonReport, flips: &[Flip]) -> Element {
    let caption = format!(
        "{} of {} verdicts that changed, the largest change of the margin first",
        flips.len(),
        report.comparison.changes.len()
    );
    let names = legend([
        (Glyph::Model(0), report.baseline.clone()),
        (Glyph::Model(1), report.candidate.clone()),
    ]);
    let pair = |flip: &Flip| {
        let change = &flip.change;
        let lines = [
            (0, "baseline", change.baseline),
            (1, "candidate", change.candidate),
        ];
        pairs::pair(
            &change.key().to_string(),
            &lines.map(|(at, name, (decision, margin))| (Glyph::Model(at), name, decision, margin)),
            flip.text.as_ref(),
        )
    };
    let none =
        (!is_paired(report)).then(|| el("p").text("Nothing matches the pairs of the two sides."));
    el("div")
        .add(el("p").class("caption").text(caption))
        .add(names)
        .all(none)
        .all(flips.iter().map(pair))
}
