//! Names of two columns that say which answer stands first, and not which is better: `response_a`
//! and `response_b`.

/// In what such names differ, the first one's part before the second one's.
const PLACES: [[&str; 2]; 5] = [
    ["a", "b"],
    ["A", "B"],
    ["1", "2"],
    ["0", "1"],
    ["first", "second"],
];

/// Whether the other name stands first of two twins; `None` where they are none.
pub(super) fn are_reversed(name: &str, other: &str) -> Option<bool> {
    let shared = |(one, two): &(char, char)| one == two;
    let width = |chars: &mut dyn Iterator<Item = (char, char)>| -> usize {
        chars
            .take_while(shared)
            .map(|(one, _)| one.len_utf8())
            .sum()
    };
    let start = width(&mut name.chars().zip(other.chars()));
    let (name, other) = (&name[start..], &other[start..]);
    let end = width(&mut name.chars().rev().zip(other.chars().rev()));
    let found = [name, other].map(|own| &own[..own.len() - end]);
    let is_reversed = |places: &[&str; 2]| match found {
        [one, two] if [one, two] == *places => Some(false),
        [one, two] if [two, one] == *places => Some(true),
        _ => None,
    };
    PLACES.iter().find_map(is_reversed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twins_differ_in_their_place_only() {
        for (first, second) in [
            ("response_a", "response_b"),
            ("human_ref_A", "human_ref_B"),
            ("response 1", "response 2"),
            ("response_0", "response_1"),
            ("model_a_answer", "model_b_answer"),
            ("completion.1.text", "completion.2.text"),
            ("first_answer", "second_answer"),
        ] {
            assert_eq!(are_reversed(first, second), Some(false), "{first}");
            assert_eq!(are_reversed(second, first), Some(true), "{first}");
        }
        for (one, other) in [
            ("chosen", "rejected"),
            ("response", "response_b"),
            ("response_a", "response_a"),
            ("better", "worse"),
            ("answer_1", "answer_3"),
            ("\u{e9}", "\u{e8}"),
        ] {
            assert_eq!(are_reversed(one, other), None, "{one}");
        }
    }
}
