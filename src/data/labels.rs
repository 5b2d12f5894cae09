//! Labels of other words than the field's own, as `--map label=COLUMN:FIRST/SECOND/TIE` says them.

/// What a label says of two answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Winner {
    First,
    Second,
    Neither,
}

/// Which labels mean what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Labels {
    said: Vec<(String, Winner)>,
    /// What a negative number means, where signs were said.
    negative: Option<Winner>,
}

/// The sides of a grade, such as those from -3 to 3 of HelpSteer3.
const SIGNS: [&str; 2] = ["-", "+"];

impl Labels {
    /// Two or three parts, each of one label or more; `-/+` are the signs of numbers, too. `None`
    /// where a label would have two meanings or none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let ([first, second] | [first, second, _]) = parts[..] else {
            return None;
        };
        let mut said: Vec<(String, Winner)> = Vec::new();
        let winners = [Winner::First, Winner::Second, Winner::Neither];
        for (part, winner) in parts.iter().zip(winners) {
            for label in part.split('|') {
                // That of the second answer may be an empty text.
                let is_nothing = label.is_empty() && winner != Winner::Second;
                if is_nothing || said.iter().any(|(known, _)| known == label) {
                    return None;
                }
                said.push((label.to_owned(), winner));
            }
        }
        let negative = match [first, second] {
            SIGNS => Some(Winner::First),
            [positive, negative] if [negative, positive] == SIGNS => Some(Winner::Second),
            _ => None,
        };
        Some(Self { said, negative })
    }

    /// What a label means, as far as that was said.
    pub(super) fn meaning(&self, label: &str) -> Option<Winner> {
        let said = self.said.iter().find(|(known, _)| known == label);
        said.map(|(_, winner)| *winner).or_else(|| self.side(label))
    }

    /// Whether it was said what a tie is called.
    pub(super) fn say_tie(&self) -> bool {
        self.said.iter().any(|(_, own)| *own == Winner::Neither)
    }

    /// By the sign of a number.
    fn side(&self, label: &str) -> Option<Winner> {
        let negative = self.negative?;
        let grade: f64 = label.trim().parse().ok()?;
        match (grade.partial_cmp(&0.0)?, negative) {
            (std::cmp::Ordering::Equal, _) => Some(Winner::Neither),
            (std::cmp::Ordering::Less, _) => Some(negative),
            (std::cmp::Ordering::Greater, Winner::First) => Some(Winner::Second),
            (std::cmp::Ordering::Greater, _) => Some(Winner::First),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meanings(said: &str, labels: &[&str]) -> Vec<Option<Winner>> {
        let known = Labels::parse(said).unwrap();
        labels.iter().map(|label| known.meaning(label)).collect()
    }

    #[test]
    fn labels_mean_what_was_said() {
        use Winner::{First, Neither, Second};
        assert_eq!(
            meanings("0/1/2", &["0", "1", "2", "3"]),
            [Some(First), Some(Second), Some(Neither), None]
        );
        assert_eq!(
            meanings(
                "A>>B|A>B/B>A|B>>A/A=B",
                &["A>>B", "A>B", "B>A", "B>>A", "A=B"]
            ),
            [First, First, Second, Second, Neither].map(Some)
        );
        assert_eq!(meanings("a/", &["a", ""]), [Some(First), Some(Second)]);
    }

    /// `overall_preference` of HelpSteer3: negative where the first response is better.
    #[test]
    fn signs_are_sides() {
        use Winner::{First, Neither, Second};
        let grades = ["-3", "-1.0", "0", "2", "+1", "much", "nan"];
        let found = [
            Some(First),
            Some(First),
            Some(Neither),
            Some(Second),
            Some(Second),
            None,
            None,
        ];
        assert_eq!(meanings("-/+", &grades), found);
        let other = |winner: Option<Winner>| match winner {
            Some(First) => Some(Second),
            Some(Second) => Some(First),
            other => other,
        };
        assert_eq!(meanings("+/-", &grades), found.map(other));
        // Without signs a number is a word.
        assert_eq!(meanings("-1/1", &["-2", "1"]), [None, Some(Second)]);
    }

    #[test]
    fn what_has_two_meanings_or_none_is_refused() {
        for text in [
            "a", "a/a", "a/b/b", "a/b/", "/b", "a/b/c/d", "a|b/b", "|a/b", "a/b/x|", "a|a/b",
        ] {
            assert_eq!(Labels::parse(text), None, "{text}");
        }
    }
}
