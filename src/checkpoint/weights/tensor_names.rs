//! Names that tensors have in files → the names that the model asks for.

/// What wrappers put before every name: `DataParallel` and `DistributedDataParallel` `module.`,
/// `torch.compile` `_orig_mod.`.
const WRAPPERS: [&str; 2] = ["module.", "_orig_mod."];

/// Endings that transformers renames when it loads, too: files converted from TensorFlow have them
/// (4.51, `modeling_utils.py`, `_fix_state_dict_key_on_load`).
const LEGACY_ENDINGS: [(&str, &str); 2] = [
    ("LayerNorm.gamma", "LayerNorm.weight"),
    ("LayerNorm.beta", "LayerNorm.bias"),
];

/// The wrappers' prefix that all of these names have; empty where they have none.
pub(super) fn common_prefix(names: &[&str]) -> String {
    let mut prefix = String::new();
    let all_have = |prefix: &str| !names.is_empty() && names.iter().all(|n| n.starts_with(prefix));
    while let Some(wrapper) = WRAPPERS
        .iter()
        .find(|wrapper| all_have(&format!("{prefix}{wrapper}")))
    {
        prefix.push_str(wrapper);
    }
    prefix
}

/// How a decoder's tensors begin below `model.`.
const OF_DECODER: [&str; 3] = ["embed_tokens.", "layers.", "norm."];

/// How the tensors of a checkpoint get the names that the model asks for.
pub(super) struct Renaming {
    prefix: String,
    /// Whether a decoder was saved without the name that it has under a head. transformers 5 loads
    /// it; older ones refuse it.
    lacks_model: bool,
}

impl Renaming {
    /// For a checkpoint with tensors of these names.
    pub(super) fn of(names: &[&str]) -> Self {
        let prefix = common_prefix(names);
        let mut below = names.iter().filter_map(|name| name.strip_prefix(&*prefix));
        let is_decoder = below.clone().any(|name| name == "embed_tokens.weight");
        Self {
            lacks_model: is_decoder && below.all(|name| !name.starts_with("model.")),
            prefix,
        }
    }

    /// The model's name for a tensor that a file calls `name`.
    pub(super) fn model_name(&self, name: &str) -> String {
        let name = name.strip_prefix(&*self.prefix).unwrap_or(name);
        if self.lacks_model && OF_DECODER.iter().any(|part| name.starts_with(part)) {
            return format!("model.{name}");
        }
        for (legacy, now) in LEGACY_ENDINGS {
            if let Some(layer) = name.strip_suffix(legacy) {
                return format!("{layer}{now}");
            }
        }
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_removed_only_where_all_names_have_it() {
        assert_eq!(common_prefix(&["module.a", "module.b"]), "module.");
        assert_eq!(common_prefix(&["_orig_mod.module.a"]), "_orig_mod.module.");
        assert_eq!(
            common_prefix(&["module._orig_mod.a", "module._orig_mod.b"]),
            "module._orig_mod."
        );
        assert_eq!(common_prefix(&["module.a", "b"]), "");
        assert_eq!(common_prefix(&["modules.a"]), "");
        assert_eq!(common_prefix(&[]), "");
    }

    #[test]
    fn names_of_tensorflow_become_those_of_pytorch() {
        let name = |name: &str| Renaming::of(&[name, "x"]).model_name(name);
        assert_eq!(
            name("encoder.layer.0.output.LayerNorm.gamma"),
            "encoder.layer.0.output.LayerNorm.weight"
        );
        assert_eq!(name("encoder.LayerNorm.beta"), "encoder.LayerNorm.bias");
        assert_eq!(name("encoder.gamma"), "encoder.gamma");
        assert_eq!(
            Renaming::of(&["module.LayerNorm.beta"]).model_name("module.LayerNorm.beta"),
            "LayerNorm.bias"
        );
    }

    #[test]
    fn a_decoder_without_its_name_gets_it_where_no_tensor_has_it() {
        let names = [
            "embed_tokens.weight",
            "layers.0.x",
            "norm.weight",
            "score.weight",
        ];
        let under = |renaming: &Renaming| names.map(|name| renaming.model_name(name));
        let expected = [
            "model.embed_tokens.weight",
            "model.layers.0.x",
            "model.norm.weight",
            "score.weight",
        ];
        assert_eq!(under(&Renaming::of(&names)), expected);
        let wrapped = names.map(|name| format!("module.{name}"));
        let renaming = Renaming::of(&wrapped.each_ref().map(String::as_str));
        assert_eq!(
            renaming.model_name("module.norm.weight"),
            "model.norm.weight"
        );
        let mixed = [&names[..], &["model.layers.1.x"]].concat();
        assert_eq!(under(&Renaming::of(&mixed)), names);
    }
}
