//! Counts in sentences.

/// `1 pair`, `12 pairs`: `noun` is in the singular.
pub(crate) fn count(n: usize, noun: &str) -> String {
    format!("{n} {}", plural(n, noun))
}

/// The noun alone, as it stands after `n`.
pub(crate) fn plural(n: usize, noun: &str) -> String {
    if n == 1 {
        return noun.to_owned();
    }
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o']) => format!("{stem}ies"),
        _ => format!("{noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        assert_eq!(
            [0, 1, 2, 21].map(|n| count(n, "pair")),
            ["0 pairs", "1 pair", "2 pairs", "21 pairs"]
        );
        assert_eq!(count(2, "repository"), "2 repositories");
        assert_eq!(count(2, "key"), "2 keys");
    }
}
