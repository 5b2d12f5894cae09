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

/// The model's name for a tensor that a file calls `name`.
pub(super) fn model_name(name: &str, prefix: &str) -> String {
    let name = name.strip_prefix(prefix).unwrap_or(name);
    for (legacy, now) in LEGACY_ENDINGS {
        if let Some(layer) = name.strip_suffix(legacy) {
            return format!("{layer}{now}");
        }
    }
    name.to_owned()
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
        let name = |name: &str| model_name(name, "");
        assert_eq!(
            name("encoder.layer.0.output.LayerNorm.gamma"),
            "encoder.layer.0.output.LayerNorm.weight"
        );
        assert_eq!(name("encoder.LayerNorm.beta"), "encoder.LayerNorm.bias");
        assert_eq!(name("encoder.gamma"), "encoder.gamma");
        assert_eq!(
            model_name("module.LayerNorm.beta", "module."),
            "LayerNorm.bias"
        );
    }
}
