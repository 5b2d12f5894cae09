//! What `cargo test` compiles after `cargo run`: pairbench, and crates that only tests use. A
//! dev-dependency that turns on a feature of a crate in the program would have that crate, and all
//! that depend on it, compiled a second time.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// The sets of features with which each package is compiled.
type Packages = BTreeMap<String, BTreeSet<String>>;

#[test]
fn tests_compile_no_crate_of_the_program_again() {
    let found = changed(&tree("no-dev"), &tree("all"));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_feature_that_a_test_turns_on_is_found() {
    let program = packages("pairbench v1|\nciborium v2|std\nsyn v3|full\n");
    let tests = packages("pairbench v1|\nciborium v2|default,std\nsyn v3|full\nsyn v3|\nnew v4|\n");
    assert_eq!(
        changed(&program, &tests),
        ["ciborium v2: [std] in the program, [default,std] in tests"]
    );
    assert!(changed(&program, &program).is_empty());
}

/// All packages, features unified as they are without or with dev-dependencies.
fn tree(edges: &str) -> Packages {
    let arguments = ["tree", "--locked", "--package", "pairbench"];
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--edges", edges, "--prefix", "none", "--no-dedupe"])
        .args(["--format", "{p}|{f}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    packages(&String::from_utf8(output.stdout).unwrap())
}

fn packages(lines: &str) -> Packages {
    let mut packages = Packages::new();
    for (package, features) in lines.lines().filter_map(|line| line.split_once('|')) {
        packages
            .entry(package.to_owned())
            .or_default()
            .insert(features.to_owned());
    }
    packages
}

/// Packages of the program that tests need with other features. Macros may be compiled for the
/// compiler and for a test, each with its own.
fn changed(program: &Packages, tests: &Packages) -> Vec<String> {
    let of_tests = |package: &String| tests.get(package).cloned().unwrap_or_default();
    // Tests compile pairbench itself with the feature `_test-hooks`.
    let crates = program
        .iter()
        .filter(|(package, _)| !package.starts_with("pairbench "));
    crates
        .filter(|(package, features)| !features.is_subset(&of_tests(package)))
        .map(|(package, features)| {
            let [program, tests] = [features, &of_tests(package)]
                .map(|sets| sets.iter().cloned().collect::<Vec<_>>().join("] ["));
            format!("{package}: [{program}] in the program, [{tests}] in tests")
        })
        .collect()
}
