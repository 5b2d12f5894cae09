//! Names of two columns that say which answer stands first, and not which is better: `response_a`
//! and `response_b`.

/// In what such names differ, the first one's part before the second one's.
const PLACES: [[&str; 2]; 8] = [
    ["a", "b"],
    ["x", "y"],
    ["1", "2"],
    FROM_ZERO,
    ["one", "two"],
    ["first", "second"],
    ["1st", "2nd"],
    ["left", "right"],
];

const FROM_ZERO: [&str; 2] = ["0", "1"];

/// How the names of two answers stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Twins {
    /// The other one stands first.
    pub(super) are_reversed: bool,
    /// They are 0 and 1, so that a label 1 may mean either.
    pub(super) count_from_zero: bool,
}

/// Of the names that two answers may have, the first two that differ in their places only.
pub(super) fn twins_among(names: &[&str], others: &[&str]) -> Option<Twins> {
    let of = |name: &&str| others.iter().find_map(|other| twins(name, other));
    names.iter().find_map(of)
}

/// `None` where the names differ in more than their places.
pub(super) fn twins(name: &str, other: &str) -> Option<Twins> {
    let [name, other] = [name, other].map(str::to_lowercase);
    let becomes = |from: &str, to: &str| {
        name.match_indices(from).any(|(at, _)| {
            let (start, end) = (&name[..at], &name[at + from.len()..]);
            other.len() == start.len() + to.len() + end.len()
                && other.starts_with(start)
                && other[start.len()..].starts_with(to)
                && other.ends_with(end)
        })
    };
    PLACES.iter().find_map(|places| {
        let [first, second] = *places;
        let are_reversed = becomes(second, first);
        (are_reversed || becomes(first, second)).then_some(Twins {
            are_reversed,
            count_from_zero: *places == FROM_ZERO,
        })
    })
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
            ("Left answer", "Right answer"),
            ("answer_one", "answer_two"),
            ("RESPONSE_X", "RESPONSE_Y"),
        ] {
            let are_reversed = |one, other| twins(one, other).map(|own| own.are_reversed);
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
            assert_eq!(twins(one, other), None, "{one}");
        }
    }
}
