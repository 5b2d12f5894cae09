//! Which files hold the weights.

use crate::support::error::{Error, ErrorKind, Result};
use crate::support::input_file::Directory;

const SINGLE: &str = "model.safetensors";
/// The way from pickles to safetensors. Rankers of LLM-Blender are no models of transformers.
pub(in crate::checkpoint) const CONVERT_PICKLE: &str = "convert it to safetensors \
    (save_pretrained of transformers does; for any state dictionary: python -c \"import glob, \
    torch, safetensors.torch as s; s.save_file({k: v.contiguous() for f in \
    glob.glob('pytorch_model*.bin') for k, v in torch.load(f, map_location='cpu', \
    weights_only=True).items()}, 'model.safetensors')\")";
/// One, and the index of many.
const PICKLES: [&str; 2] = ["pytorch_model.bin", "pytorch_model.bin.index.json"];
const INDEX: &str = "model.safetensors.index.json";

/// The names of the files that hold the weights: `model.safetensors`, or the shards that
/// `model.safetensors.index.json` lists.
///
/// # Errors
/// Neither of them exists, or the index cannot be used.
pub(in crate::checkpoint) fn file_names(directory: &Directory) -> Result<Vec<String>> {
    if directory.has(SINGLE) {
        return Ok(vec![SINGLE.to_owned()]);
    }
    if !directory.has(INDEX) {
        let mut error = Error::unavailable(format!(
            "failed to find weights: neither model.safetensors nor its index in {}",
            directory.path().display()
        ));
        if PICKLES.iter().any(|name| directory.has(name)) {
            error.kind = ErrorKind::BadInput;
            return Err(error.hint(format!(
                "pytorch_model*.bin is a pickle, which can run code; {CONVERT_PICKLE}"
            )));
        }
        return Err(error);
    }
    let invalid = || {
        Error::bad_input(format!(
            "failed to parse weight index: {}",
            directory.file(INDEX).path().display()
        ))
    };
    let parsed = directory.json(INDEX)?;
    let map = parsed
        .get("weight_map")
        .and_then(|m| m.as_object())
        .ok_or_else(|| invalid().hint("it needs an object `weight_map`"))?;
    let mut names: Vec<&str> = map.values().filter_map(|v| v.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    // A name from a file of unknown origin must not lead out of the directory.
    let is_unsafe = |name: &&str| {
        name.is_empty()
            || name.contains(['/', '\\'])
            || name.starts_with('.')
            || name.chars().any(char::is_control)
    };
    if names.is_empty() || names.iter().any(is_unsafe) {
        return Err(invalid().hint("`weight_map` must name files in the same directory"));
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}
