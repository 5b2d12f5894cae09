//! The files of a checkpoint.

use globset::{GlobBuilder, GlobSet};

use crate::support::input_file::Directory;

/// Where the files of a checkpoint are, and from which commit of a hub repository they come.
pub struct CheckpointFiles {
    pub files: Directory,
    pub commit: Option<String>,
}

/// The files to download; a repository may lack some of them. Pickles are not among them.
pub(super) fn patterns() -> GlobSet {
    let patterns = [
        "config.json",
        "pairbench.toml",
        "tokenizer.json",
        "tokenizer_config.json",
        "added_tokens.json",
        "special_tokens_map.json",
        "spm.model",
        "*.safetensors",
        "model.safetensors.index.json",
    ];
    let mut set = GlobSet::builder();
    for pattern in patterns {
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        if let Ok(glob) = glob {
            set.add(glob);
        }
    }
    set.build().unwrap_or_default()
}
