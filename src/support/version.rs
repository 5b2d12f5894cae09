//! Which program this is.

use std::sync::LazyLock;

/// The released version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit that the program was compiled from, with `-dirty` where files differed from it;
/// `None` outside a checkout and a packaged crate.
pub(crate) const COMMIT: Option<&str> = option_env!("PAIRBENCH_COMMIT");

/// The features that it was compiled with, those of users.
const FEATURES: [(&str, bool); 8] = [
    ("hub", cfg!(feature = "hub")),
    ("cuda", cfg!(feature = "cuda")),
    ("rocm", cfg!(feature = "rocm")),
    ("vulkan", cfg!(feature = "vulkan")),
    ("metal", cfg!(feature = "metal")),
    ("webgpu", cfg!(feature = "webgpu")),
    ("ndarray", cfg!(feature = "ndarray")),
    ("train", cfg!(feature = "train")),
];

/// `0.1.0 (COMMIT, features: hub)`, for `--version` and records.
pub(crate) static ENGINE_VERSION: LazyLock<String> = LazyLock::new(|| {
    let features: Vec<&str> = FEATURES
        .iter()
        .filter(|(_, is_on)| *is_on)
        .map(|(name, _)| *name)
        .collect();
    let features = if features.is_empty() {
        "no features".to_owned()
    } else {
        format!("features: {}", features.join(", "))
    };
    let commit = COMMIT.map_or_else(String::new, |commit| format!("{commit}, "));
    format!("{VERSION} ({commit}{features})")
});
