//! Counts in sentences.

/// `1 pair`, `12 pairs`: `noun` is in the singular.
pub(crate) fn count(n: usize, noun: &str) -> String {
    format!("{n} {}", plural(n, noun))
}

/// The noun alone, as it stands after `n`.
pub(crate) fn plural(n: usize, noun: &str) -> String {
    if n == 1 {
        noun.to_owned()
    } else {
        format!("{noun}s")
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
    }
}
