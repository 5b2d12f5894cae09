//! The margins of two models on the same pairs, one against the other.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::report::chart::Glyph;
use crate::report::html::plot::legend;
use crate::report::scale::Scale;
use crate::support::count::count;

/// Pixels, and dots that fit side by side: pairs that fall on the same dot are drawn once, so that
/// a page of a million pairs is no larger than one of some thousands.
const SIDE: f64 = 420.0;
const DOTS: f64 = 140.0;
/// Room for the numbers along the axes.
const EDGE: f64 = 40.0;

/// Which verdicts the pairs of a dot have; the rarer ones win where they share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Same,
    Gained,
    Lost,
}

/// `margins`: the baseline's and the candidate's, by pair.
pub(super) fn scatter(margins: &[[f32; 2]]) -> Option<Markup> {
    let finite = |pair: &&[f32; 2]| pair.iter().all(|margin| margin.is_finite());
    let pairs: Vec<[f64; 2]> = margins
        .iter()
        .filter(finite)
        .map(|pair| pair.map(f64::from))
        .collect();
    if pairs.is_empty() {
        return None;
    }
    let scales = [0, 1].map(|side| around_zero(pairs.iter().map(|pair| pair[side])));
    let mut dots: BTreeMap<[u16; 2], Kind> = BTreeMap::new();
    for pair in &pairs {
        let place = [0, 1].map(|side| dot(&scales[side], pair[side]));
        let kind = kind(*pair);
        let known = dots.entry(place).or_insert(kind);
        *known = kind.max(*known);
    }
    Some(html! {
        div {
            p class="caption" {
                "Each dot is one pair or several: the baseline's margin from left to right, the \
                 candidate's from bottom to top. " (count(pairs.len(), "pair")) " with finite \
                 margins. Above and right of the dashed lines a model is right. Margins of models \
                 of different kinds have different units."
            } "\n"
            (legend([
                (Glyph::Better, "gained".to_owned()),
                (Glyph::Worse, "lost".to_owned()),
                (Glyph::Undecided, "right or wrong in both".to_owned()),
            ])) "\n"
            (picture(&scales, &dots, &pairs))
        }
    })
}

/// From the lowest to the highest value, and 0.
fn around_zero(values: impl Iterator<Item = f64>) -> Scale {
    let [low, high] = values.fold([0.0, 0.0], |[low, high]: [f64; 2], value| {
        [low.min(value), high.max(value)]
    });
    Scale::new(low, if high > low { high } else { low + 1.0 })
}

fn picture(scales: &[Scale; 2], dots: &BTreeMap<[u16; 2], Kind>, pairs: &[[f64; 2]]) -> Markup {
    let whole = SIDE + EDGE;
    let x = |value: f64| EDGE + scales[0].percent(value) / 100.0 * SIDE;
    let y = |value: f64| SIDE - scales[1].percent(value) / 100.0 * SIDE;
    html! {
        svg class="scatter" width=(whole) height=(whole) viewBox={ "0 0 " (whole) " " (whole) }
            role="img" {
            title { "Margins of the candidate against those of the baseline" }
            desc { (counts(pairs)) }
            @for tick in scales[0].ticks() {
                line class="grid" x1=(x(tick)) x2=(x(tick)) y1="0" y2=(SIDE) {}
                text x=(x(tick)) y=(SIDE + 16.0) text-anchor="middle" { (Scale::label(tick)) }
            }
            @for tick in scales[1].ticks() {
                line class="grid" x1=(EDGE) x2=(whole) y1=(y(tick)) y2=(y(tick)) {}
                text x=(EDGE - 6.0) y=(y(tick) + 4.0) text-anchor="end" { (Scale::label(tick)) }
            }
            line class="special" x1=(x(0.0)) x2=(x(0.0)) y1="0" y2=(SIDE) {}
            line class="special" x1=(EDGE) x2=(whole) y1=(y(0.0)) y2=(y(0.0)) {}
            // Those with other verdicts on top.
            @for kind in [Kind::Same, Kind::Gained, Kind::Lost] {
                @for (place, _) in dots.iter().filter(|(_, own)| **own == kind) {
                    (circle(*place, kind))
                }
            }
        }
    }
}

/// What the picture shows, for readers who do not see it.
fn counts(pairs: &[[f64; 2]]) -> String {
    let of = |wanted: Kind| pairs.iter().filter(|pair| kind(**pair) == wanted).count();
    format!(
        "{}: {} gained, {} lost, {} right or wrong in both",
        count(pairs.len(), "pair"),
        of(Kind::Gained),
        of(Kind::Lost),
        of(Kind::Same)
    )
}

fn circle([across, up]: [u16; 2], kind: Kind) -> Markup {
    let step = SIDE / DOTS;
    let class = match kind {
        Kind::Same => "same",
        Kind::Gained => "better",
        Kind::Lost => "worse",
    };
    let cx = format!("{:.1}", EDGE + f64::from(across) * step);
    let cy = format!("{:.1}", SIDE - f64::from(up) * step);
    html! { circle class=(class) cx=(cx) cy=(cy) r="2" {} }
}

/// The place of a margin among the dots of a side.
fn dot(scale: &Scale, margin: f64) -> u16 {
    // From 0 to DOTS.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let place = (scale.percent(margin) / 100.0 * DOTS).round() as u16;
    place
}

fn kind([before, after]: [f64; 2]) -> Kind {
    match (before > 0.0, after > 0.0) {
        (false, true) => Kind::Gained,
        (true, false) => Kind::Lost,
        _ => Kind::Same,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_stands_where_its_margins_are() {
        let page = scatter(&[[1.0, -1.0], [-1.0, 1.0], [0.5, f32::NAN]]).unwrap();
        let page = page.into_string();
        // Lost: right, at the bottom. Gained: left, on top.
        let lost = "<circle class=\"worse\" cx=\"460.0\" cy=\"420.0\" r=\"2\">";
        let gained = "<circle class=\"better\" cx=\"40.0\" cy=\"0.0\" r=\"2\">";
        assert!(page.contains(lost) && page.contains(gained), "{page}");
        assert!(page.contains("2 pairs with finite"), "{page}");
        assert!(scatter(&[[f32::INFINITY, 0.0]]).is_none());
    }

    #[test]
    fn a_million_pairs_are_a_page_of_some_thousand_dots() {
        let margins: Vec<[f32; 2]> = (0..1_000_000_u32)
            .map(|i| [i % 997, i % 1009].map(|n| f32::from(u16::try_from(n).unwrap()) - 500.0))
            .collect();
        let page = scatter(&margins).unwrap().into_string();
        assert!(page.len() < 2_000_000, "{}", page.len());
    }
}
