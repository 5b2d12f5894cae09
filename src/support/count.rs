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
        _ if noun.ends_with("ch") => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

/// The first `most` of some names, and how many more there are: `a, b and 2 more`.
pub(crate) fn first(names: &[String], most: usize) -> String {
    let named = names[..names.len().min(most)].join(", ");
    match names.len().saturating_sub(most) {
        0 => named,
        more => format!("{named} and {more} more"),
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
        assert_eq!(count(2, "batch"), "2 batches");
    }

    #[test]
    fn a_list_names_the_first() {
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(first(&names, 3), "a, b, c");
        assert_eq!(first(&names, 2), "a, b and 1 more");
    }
}
