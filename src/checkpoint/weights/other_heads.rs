//! Heads of reward models that are not computed, and adapters, by what their tensors are called.

/// How a name begins, and what it is. The second part is from the wrappers in
/// `rewardbench/models/` and the model cards.
const HEADS: [(&str, &str); 7] = [
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
];

const WHAT_LOADS: &str = "a reward model is loaded where its head is `score.weight` of one row on a \
    decoder, or the pooler and classifier, or the pairwise head, on a DeBERTa";

/// What is not a head that can be computed.
pub(super) struct OtherHead<'a> {
    /// The tensor by which it was known.
    pub(super) tensor: &'a str,
    pub(super) what: &'static str,
    pub(super) hint: &'static str,
}

impl<'a> OtherHead<'a> {
    /// What these tensors belong to, where it is not a model with a head of ours.
    pub(super) fn of(names: &[&'a str]) -> Option<Self> {
        let known = |name: &&'a str| {
            let (_, what) = HEADS
                .iter()
                .find(|(beginning, _)| name.starts_with(beginning))?;
            Some(Self {
                tensor: name,
                what,
                hint: WHAT_LOADS,
            })
        };
        Self::of_adapter(names).or_else(|| names.iter().find_map(known))
    }

    /// PEFT's wrapper and its parts. What it adapts is there where the normalisations are, which
    /// no adapter changes.
    fn of_adapter(names: &[&'a str]) -> Option<Self> {
        let find = |is: &dyn Fn(&str) -> bool| names.iter().copied().find(|name| is(name));
        let part = find(&|name| name.contains(".lora_") || name.contains(".base_layer."));
        let wrapped = find(&|name| name.starts_with("base_model."));
        let is_whole = find(&|name| name.to_lowercase().ends_with("norm.weight")).is_some();
        let (tensor, what, hint) = match (part, wrapped) {
            (None, None) => return None,
            (Some(part), _) if is_whole => (
                part,
                "an adapter (LoRA) that is not merged into the model that it adapts",
                "merge_and_unload of peft merges it: save the model that it returns",
            ),
            (None, Some(wrapped)) if is_whole => (
                wrapped,
                "a model whose tensors have `base_model.` in front of their names",
                "save the model inside of the wrapper, or rename its tensors",
            ),
            (Some(tensor), _) | (None, Some(tensor)) => (
                tensor,
                "an adapter (LoRA) without the model that it adapts",
                "merge it into its base model (merge_and_unload of peft) and save that",
            ),
        };
        Some(Self { tensor, what, hint })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_known_by_their_tensors() {
        let what = |name: &'static str| OtherHead::of(&[name]).map(|head| head.what);
        assert!(what("v_head.summary.weight").unwrap().contains("GRM"));
        assert!(what("score.0.weight").unwrap().contains("two layers"));
        for known in [
            "score.weight",
            "model.norm.weight",
            "classifier.weight",
            "score",
        ] {
            assert_eq!(what(known), None);
        }
    }

    #[test]
    fn an_adapter_a_model_with_one_and_a_wrapper_are_told_apart() {
        let query = "model.layers.0.self_attn.q_proj";
        let norm = "model.layers.0.input_layernorm.weight";
        let wrap = |name: &str| format!("base_model.model.{name}");
        for (names, expected) in [
            (vec![wrap(&format!("{query}.lora_A.weight"))], "without"),
            (vec![wrap("model.embed_tokens.weight")], "without"),
            (
                vec![format!("{query}.base_layer.weight"), norm.to_owned()],
                "not merged",
            ),
            (
                vec![
                    wrap(norm),
                    wrap("model.embed_tokens.weight"),
                    wrap(&format!("{query}.lora_A.default.weight")),
                ],
                "not merged",
            ),
            (
                vec![
                    format!("base_model.{norm}"),
                    "base_model.score.weight".into(),
                ],
                "in front of their names",
            ),
        ] {
            let all: Vec<&str> = names.iter().map(String::as_str).collect();
            let what = OtherHead::of(&all).unwrap().what;
            assert!(what.contains(expected), "{names:?}: {what}");
        }
    }
}
