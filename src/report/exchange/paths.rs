//! Names from files → names of files that every system takes, and that stay where they are put.

use std::path::PathBuf;

/// `OWNER/NAME` of a model's id; `None` for the owner of a name without one.
pub(super) fn parts(id: &str) -> (Option<String>, String) {
    match id.split_once('/') {
        Some((owner, name)) => (Some(component(owner)), component(name)),
        None => (None, component(id)),
    }
}

/// `FOLDER/OWNER/NAME.ENDING`, or without the owner.
pub(super) fn model_file(folder: &str, id: &str, ending: &str) -> PathBuf {
    let (owner, name) = parts(id);
    of_owner(folder, owner).join(format!("{name}.{ending}"))
}

/// `FOLDER/OWNER/NAME`, or without the owner.
pub(super) fn model_folder(folder: &str, id: &str) -> PathBuf {
    let (owner, name) = parts(id);
    of_owner(folder, owner).join(name)
}

fn of_owner(folder: &str, owner: Option<String>) -> PathBuf {
    let mut folder = PathBuf::from(folder);
    folder.extend(owner);
    folder
}

/// A name of letters, digits, `.`, `_` and `-`, which begins with none of the dots that a system
/// reads something into and is no device of Windows.
pub(super) fn component(text: &str) -> String {
    const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "COM", "LPT"];
    const LONGEST: usize = 100;
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') {
            c
        } else {
            '_'
        }
    };
    let name: String = text.chars().map(safe).take(LONGEST).collect();
    let name = name.trim_matches('.');
    let stem = name.split('.').next().unwrap_or_default().to_uppercase();
    let stem = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    if name.is_empty() || name == "data" || DEVICES.contains(&stem) {
        return format!("_{name}");
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn names_stay_below_their_folder() {
        for (text, expected) in [
            ("a-b_c.1", "a-b_c.1"),
            ("..", "_"),
            ("../x", "_x"),
            ("a\\b:c", "a_b_c"),
            ("con.txt", "_con.txt"),
            ("COM1", "_COM1"),
            ("compass", "compass"),
            ("é\n", "__"),
            ("", "_"),
            ("data", "_data"),
        ] {
            assert_eq!(component(text), expected, "{text:?}");
        }
        assert_eq!(component(&"x".repeat(300)).len(), 100);
        assert_eq!(model_file("f", "o/n", "json"), Path::new("f/o/n.json"));
        assert_eq!(model_file("f", "n", "json"), Path::new("f/n.json"));
        assert_eq!(model_file("f", "../../n", "json"), Path::new("f/_/_n.json"));
    }
}
