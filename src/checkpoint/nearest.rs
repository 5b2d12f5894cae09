//! For a directory that does not exist: the one that was probably meant.

use std::path::{Path, PathBuf};

use strsim::levenshtein;

use crate::benchmark::quickstart;

/// The directory on disk or in the binary whose path differs least, if it differs by little.
pub(super) fn nearest(path: &Path) -> Option<PathBuf> {
    let typed = path.to_str()?;
    let embedded = quickstart::checkpoints().find(|known| is_near(typed, known));
    on_disk(path).or_else(|| embedded.map(PathBuf::from))
}

/// Corrects the first part of the path that does not exist; what comes after it must exist then.
fn on_disk(path: &Path) -> Option<PathBuf> {
    let mut parts = path.components();
    let mut parent = PathBuf::new();
    let wrong = loop {
        let part = parts.next()?;
        if !parent.join(part).exists() {
            break part.as_os_str().to_str()?.to_owned();
        }
        parent.push(part);
    };
    let folder = if parent.as_os_str().is_empty() {
        Path::new(".")
    } else {
        &parent
    };
    let names = std::fs::read_dir(folder).ok()?.flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let candidates = names
        .filter(|name| is_near(&wrong, name))
        .map(|name| (levenshtein(&wrong, &name), name));
    let rest = parts.as_path();
    candidates
        .map(|(distance, name)| (distance, parent.join(name).join(rest)))
        .filter(|(_, found)| found.is_dir())
        .min()
        // Without the separator that joining an empty rest leaves.
        .map(|(_, found)| found.components().collect())
}

/// Whether one is a typing error of the other: another case, or a letter in four.
fn is_near(typed: &str, name: &str) -> bool {
    let letters = typed.chars().count().max(name.chars().count());
    typed.eq_ignore_ascii_case(name) || levenshtein(typed, name) <= letters.div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Levenshtein's textbook pairs.
    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("kitten", "sitting", 3),
            ("saturday", "sunday", 3),
            ("", "abc", 3),
            ("abc", "abc", 0),
        ] {
            assert_eq!((levenshtein(a, b), levenshtein(b, a)), (expected, expected));
        }
    }

    #[test]
    fn a_typing_error_in_any_part_of_a_path_is_corrected() {
        let home = tempfile::tempdir().unwrap();
        let model = home.path().join("models/tiny-pairrm");
        std::fs::create_dir_all(&model).unwrap();
        for typed in [
            "models/tiny-pairm",
            "model/tiny-pairrm",
            "models/Tiny-PairRM",
            "models/tiny-pairrrm/",
        ] {
            assert_eq!(
                nearest(&home.path().join(typed)),
                Some(model.clone()),
                "{typed}"
            );
        }
        for typed in ["models/deberta", "data/tiny-pairrm", "model/tiny-pairm"] {
            assert_eq!(nearest(&home.path().join(typed)), None, "{typed}");
        }
        assert_eq!(
            nearest(Path::new("quickstart/pairm")).unwrap(),
            Path::new("quickstart/pairrm")
        );
    }
}
