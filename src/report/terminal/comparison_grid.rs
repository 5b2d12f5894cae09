//! The table of a comparison.

use crate::comparison::Difference;
use crate::report::comparison_report::ComparisonReport;
use crate::report::comparison_table::{blocks, cells, header};
use crate::report::style::Style;
use crate::report::terminal::grid::{grid, not_shown};
use crate::support::error::one_line;

/// With the intervals of both sides, not only of the difference.
const WIDEST: Detail = Detail {
    sides: true,
    drop: &[],
};

/// What is left out, the wider the earlier, until the table fits: a reader of 60 columns still has
/// the difference with its interval, and what it comes from. The other formats have everything.
const NARROWER: [Detail; 4] = [
    Detail {
        sides: false,
        drop: &[],
    },
    Detail {
        sides: false,
        drop: &["showable", "p"],
    },
    Detail {
        sides: false,
        drop: &["showable", "p", "Holm", "n"],
    },
    Detail {
        sides: false,
        drop: &["showable", "p", "Holm", "n", "baseline", "candidate"],
    },
];

/// How much of the table is shown.
#[derive(Clone, Copy)]
struct Detail {
    sides: bool,
    /// Columns that are left out.
    drop: &'static [&'static str],
}

impl Detail {
    /// What a narrow table lacks, in words.
    fn left_out(self, report: &ComparisonReport) -> Vec<&'static str> {
        let header = header(report);
        let is_there = |name: &&'static str| header.contains(name);
        let columns = self.drop.iter().copied().filter(is_there);
        let sides =
            Some("the intervals of both sides").filter(|_| !self.drop.contains(&"baseline"));
        sides.into_iter().chain(columns).collect()
    }
}

pub(super) fn text(report: &ComparisonReport, style: Style) -> String {
    let mut out = table(report, WIDEST);
    let mut left_out = Vec::new();
    for detail in NARROWER {
        if style.fits(&out) {
            break;
        }
        out = table(report, detail);
        left_out = detail.left_out(report);
    }
    out + &not_shown(&left_out, style)
}

fn table(report: &ComparisonReport, detail: Detail) -> String {
    let header = header(report);
    let keep = |at: &usize| !detail.drop.contains(&header[*at]);
    let kept: Vec<usize> = (0..header.len()).filter(keep).collect();
    let row = |row: &Difference| -> Vec<String> {
        let cells = cells(row, detail.sides);
        kept.iter().map(|at| one_line(&cells[*at])).collect()
    };
    let blocks = blocks(report).map(|block| block.iter().map(row).collect());
    grid(
        kept.iter().map(|at| header[*at].to_owned()).collect(),
        &blocks,
    )
}
