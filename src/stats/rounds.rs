//! An order of reading for a stratified sample that may be stopped anywhere: shuffled within
//! strata, and interleaved in proportion to the sizes of the strata.

use std::collections::BTreeMap;

use crate::stats::count;
use crate::stats::random::Rng;

/// Indices of the pairs in the order of reading. The pair at position i of n in its stratum has the
/// place (i + ½)/n in the whole, so that every prefix has each stratum's share to within one pair.
/// Random numbers decide the positions within a stratum, and the order where places are equal.
pub(crate) fn order(strata: &[&str], seed: u64) -> Vec<usize> {
    let mut members: BTreeMap<&str, Vec<(f64, usize)>> = BTreeMap::new();
    for (at, stratum) in strata.iter().enumerate() {
        members
            .entry(stratum)
            .or_default()
            .push((Rng::stream(seed, at).unit(), at));
    }
    let mut places: Vec<(f64, f64, usize)> = Vec::with_capacity(strata.len());
    for mut members in members.into_values() {
        members.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let n = count(members.len());
        places.extend(
            members
                .into_iter()
                .enumerate()
                .map(|(i, (random, at))| ((count(i) + 0.5) / n, random, at)),
        );
    }
    places.sort_by(|a, b| {
        a.0.total_cmp(&b.0)
            .then(a.1.total_cmp(&b.1))
            .then(a.2.cmp(&b.2))
    });
    places.into_iter().map(|(.., at)| at).collect()
}

/// Where round number `round` begins among the n pairs of a stratum: at the first pair whose place
/// is `round`/`rounds` or more. With n ≥ `rounds` neighbouring places are at most a round apart, so
/// that no round is empty.
pub(crate) fn start(round: usize, rounds: usize, n: usize) -> usize {
    // ⌈n · round/rounds − ½⌉
    (2 * round * n + rounds - 1) / (2 * rounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strata() -> Vec<&'static str> {
        [("a", 447), ("b", 28), ("c", 100), ("d", 1)]
            .into_iter()
            .flat_map(|(name, n)| std::iter::repeat_n(name, n))
            .collect()
    }

    #[test]
    fn every_prefix_has_its_share_of_each_stratum() {
        let strata = strata();
        let order = order(&strata, 7);
        let mut all = order.clone();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..576));
        for (name, n) in [("a", 447.0), ("b", 28.0), ("c", 100.0), ("d", 1.0)] {
            let mut read = 0;
            for (at, index) in order.iter().enumerate() {
                read += usize::from(strata[*index] == name);
                // One pair for the stratum itself, and the rounding of the other strata.
                assert!(
                    (count(read) - n * count(at + 1) / 576.0).abs() < 1.0 + 2.0 * n / 576.0,
                    "{name} {at} {read}"
                );
            }
        }
    }

    #[test]
    fn the_seed_decides_and_nothing_else() {
        let strata = strata();
        assert_eq!(order(&strata, 7), order(&strata, 7));
        assert_ne!(order(&strata, 7), order(&strata, 8));
        // Shuffled: the first to be read are not the first of the file.
        let first: Vec<usize> = order(&strata, 7)
            .into_iter()
            .filter(|at| *at < 447)
            .take(5)
            .collect();
        assert_ne!(first, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn rounds_cover_a_stratum_and_none_is_empty() {
        for (rounds, n) in [
            (1, 1),
            (1, 9),
            (28, 28),
            (28, 40),
            (28, 447),
            (48, 60),
            (7, 13),
        ] {
            let starts: Vec<usize> = (0..=rounds).map(|round| start(round, rounds, n)).collect();
            assert!(
                (starts[0], starts[rounds]) == (0, n) && starts.is_sorted_by(|a, b| a < b),
                "{rounds} {n} {starts:?}"
            );
            let even = n.div_ceil(rounds);
            assert!(
                starts
                    .array_windows()
                    .all(|[a, b]| b - a == even || b - a + 1 == even),
                "{rounds} {n} {starts:?}"
            );
        }
    }
}
