//! Which files of a repository a caller wants.

use std::path::Path;

use globset::{GlobBuilder, GlobSet};

use crate::support::error::Result;

/// Files of a repository.
pub(crate) struct Wanted<'a> {
    /// Those that say whether the others are of use; downloaded before them.
    pub(crate) first: GlobSet,
    pub(crate) rest: GlobSet,
    /// Looks at the first files before the rest is downloaded.
    pub(crate) check: &'a dyn Fn(&Offer) -> Result<()>,
    /// Whether a directory has what is needed, as far as its files tell.
    pub(crate) suffices: &'a dyn Fn(&Path) -> bool,
    /// What `pairbench fetch` is to be given for these files.
    pub(crate) fetch: String,
}

impl Wanted<'_> {
    #[cfg(feature = "hub")]
    pub(super) fn has(&self, name: &str) -> bool {
        self.first.is_match(name) || self.rest.is_match(name)
    }
}

/// What a repository offers, when its first files are in the cache.
pub(crate) struct Offer<'a> {
    /// With the first files.
    pub(crate) directory: &'a Path,
    /// All files of the repository.
    pub(crate) names: Vec<&'a str>,
    /// Where the repository has none of the rest: a revision of it that does.
    pub(crate) elsewhere: Option<String>,
}

/// Patterns of names; `*` matches no `/`.
///
/// # Errors
/// A pattern that is none.
pub(crate) fn patterns<'a>(
    patterns: impl IntoIterator<Item = &'a str>,
) -> std::result::Result<GlobSet, globset::Error> {
    let mut set = GlobSet::builder();
    for pattern in patterns {
        set.add(GlobBuilder::new(pattern).literal_separator(true).build()?);
    }
    set.build()
}
