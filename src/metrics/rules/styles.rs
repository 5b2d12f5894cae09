//! RM-Bench's matrix (`compute_accuracy` of RM-Bench): rows are the chosen answers and columns the
//! rejected ones, in the order concise, detailed, detailed with Markdown.

use crate::benchmark::Aspect;
use crate::stats::count;

const STYLES: usize = 3;

/// The share of comparisons of an aspect that the chosen answer wins. `wins`: whether a chosen
/// answer does against a rejected one, by their styles.
pub(crate) fn won(aspect: Aspect, wins: impl Fn(usize, usize) -> bool) -> f64 {
    let cells = (0..STYLES).flat_map(|i| (0..STYLES).map(move |j| (i, j)));
    let is_in = |(chosen, rejected): &(usize, usize)| match aspect {
        Aspect::Whole => true,
        Aspect::Easy => chosen > rejected,
        Aspect::Normal => chosen == rejected,
        Aspect::Hard => chosen < rejected,
    };
    let cells: Vec<(usize, usize)> = cells.filter(is_in).collect();
    let won = cells.iter().filter(|(i, j)| wins(*i, *j)).count();
    count(won) / count(cells.len())
}
