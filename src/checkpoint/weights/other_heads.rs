//! Heads of reward models that are not computed, by what their tensors are called.

/// How a name begins, and what it is. The second part is from the wrappers in
/// `rewardbench/models/` and the model cards.
const HEADS: [(&str, &str); 8] = [
    (
        "v_head.",
        "a value head (as TRL makes it: GRM, Starling and their kind)",
    ),
    (
        "regression_layer.",
        "a head of several objectives (ArmoRM, QRM and their kind)",
    ),
    (
        "gating.",
        "a head of several objectives with a gate (ArmoRM and its kind)",
    ),
    (
        "reward_transform_matrix",
        "a head of several objectives (ArmoRM and its kind)",
    ),
    ("score.0.", "a head of two layers (INF-ORM)"),
    ("regression_head.", "a regression head (Eurus-RM, UltraRM)"),
    (
        "score_head.",
        "a score head (Beaver's reward and cost models)",
    ),
    (
        "base_model.model.",
        "an adapter (LoRA) without the model that it adapts",
    ),
];

/// What head a tensor belongs to, where it is one of these.
pub(super) fn other_head(tensor: &str) -> Option<&'static str> {
    let mut heads = HEADS.iter();
    let found = heads.find(|(beginning, _)| tensor.starts_with(beginning));
    found.map(|(_, head)| *head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_known_by_their_tensors() {
        assert!(other_head("v_head.summary.weight").unwrap().contains("GRM"));
        assert!(other_head("score.0.weight").unwrap().contains("two layers"));
        for known in [
            "score.weight",
            "model.norm.weight",
            "classifier.weight",
            "score",
        ] {
            assert_eq!(other_head(known), None);
        }
    }
}
