//! Which candidate the others are compared with (`rank_with_ref`).

/// `ref_mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ReferenceMode {
    #[default]
    Longest,
    Shortest,
    MedianLength,
    First,
    Last,
}

impl ReferenceMode {
    /// By name.
    pub(crate) const ALL: [(&str, Self); 5] = [
        ("longest", Self::Longest),
        ("shortest", Self::Shortest),
        ("median-length", Self::MedianLength),
        ("first", Self::First),
        ("last", Self::Last),
    ];
}

/// The place of the reference among the candidates, of which there is one at least. Lengths are in
/// characters; of equally long candidates it is the first, as Python's `max`, `min` and `sorted`
/// have it.
pub(crate) fn reference(mode: ReferenceMode, candidates: &[&str]) -> usize {
    let lengths: Vec<usize> = candidates.iter().map(|own| own.chars().count()).collect();
    let mut shortest_first: Vec<usize> = (0..candidates.len()).collect();
    shortest_first.sort_by_key(|place| lengths[*place]);
    match mode {
        ReferenceMode::Longest => {
            let longest = lengths.iter().max();
            let mut places = 0..lengths.len();
            places
                .find(|place| Some(&lengths[*place]) == longest)
                .unwrap_or(0)
        }
        ReferenceMode::Shortest => shortest_first[0],
        ReferenceMode::MedianLength => shortest_first[candidates.len() / 2],
        ReferenceMode::First => 0,
        ReferenceMode::Last => candidates.len() - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_by_characters_and_the_first_of_equals() {
        use ReferenceMode::{First, Last, Longest, MedianLength, Shortest};
        // Three characters in nine bytes are no longest candidate.
        let candidates = ["漢字漢", "four", "ab", "size", "ba"];
        for (mode, expected) in [
            (Longest, 1),
            (Shortest, 2),
            (MedianLength, 0),
            (First, 0),
            (Last, 4),
        ] {
            assert_eq!(reference(mode, &candidates), expected, "{mode:?}");
        }
        // `sorted(candidates, key=len)[4 // 2]` is the third, and sorting keeps the order of
        // equals.
        assert_eq!(reference(MedianLength, &["b", "aaa", "c", "dd"]), 3);
        assert_eq!(reference(MedianLength, &["x", "y"]), 1);
        assert_eq!(reference(MedianLength, &["x"]), 0);
    }
}
