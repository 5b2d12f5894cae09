//! The lines of a comparison that was stopped early: no fixed-sample interval holds for a number of
//! pairs that the data decided on, so that confidence sequences take their place.

use crate::benchmark::Benchmark;
use crate::comparison::compare::{Comparison, with_holm};
use crate::comparison::difference::Difference;
use crate::comparison::figure::{Figure, figures};
use crate::comparison::gate::sequential::figure::SequentialFigure;
use crate::comparison::gate::sequential::progress::Progress;
use crate::stats::LEVEL;

/// Gives every line the interval and the p-value of its confidence sequence.
pub(crate) fn sequential_lines(
    comparison: &mut Comparison,
    progress: &Progress,
    benchmark: Option<&Benchmark>,
) {
    let planned: Vec<(String, usize)> = progress.planned().into_iter().collect();
    let figures = figures(&planned, benchmark);
    let replace = |lines: &mut [Difference], figures: &[Figure]| {
        for line in lines {
            let figure = figures.iter().find(|figure| figure.key == line.key);
            if let Some(figure) = figure {
                let mut sequence = SequentialFigure::new(figure, LEVEL, progress);
                sequence.advance(progress);
                let (interval, p) = sequence.interval_and_p();
                line.set_sequential(interval, p);
            }
        }
    };
    replace(&mut comparison.subsets, &figures.subsets);
    replace(&mut comparison.sections, &figures.sections);
    replace(&mut comparison.totals, &figures.totals);
    comparison.subsets = with_holm(std::mem::take(&mut comparison.subsets));
    comparison.stopped = Some([progress.scored, progress.pairs]);
}
