//! The definitions inside the binary.

macro_rules! definitions {
    ($($name:literal),+) => {
        [$(($name, include_str!(concat!("../../benchmarks/", $name, ".toml")))),+]
    };
}

/// Names with their texts, in the order in which they are listed.
const DEFINITIONS: [(&str, &str); 13] = definitions!(
    "reward-bench",
    "reward-bench-2",
    "rm-bench",
    "judgebench",
    "judgebench-claude",
    "prior-sets",
    "reward-bench-leaderboard",
    "hhh-alignment",
    "auto-j",
    "pandalm",
    "ppe-human-preference",
    "m-reward-bench",
    "rmb"
);

/// The demonstration, whose items are inside the binary, too.
pub(crate) const QUICKSTART: &str = "quickstart";

/// The text of a definition.
pub(super) fn text(name: &str) -> Option<&'static str> {
    let found = DEFINITIONS.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| *text)
}

/// The licence where the definition does not say it: a definition that is changed is another
/// benchmark, with which no earlier run can be compared.
pub(super) fn licence(name: &str) -> Option<&'static str> {
    match name {
        "reward-bench" => Some("ODC-BY 1.0 as a collection; parts keep their terms"),
        QUICKSTART => Some("that of pairbench"),
        _ => None,
    }
}

/// What needs no file.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    DEFINITIONS
        .iter()
        .map(|(name, _)| *name)
        .chain([QUICKSTART])
}
