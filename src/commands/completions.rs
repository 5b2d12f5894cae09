//! Completion scripts, and the words that they suggest for values.

use clap::Command;
use clap_complete::Shell;

use crate::benchmark::published::Published;
use crate::benchmark::{Benchmark, quickstart};
use crate::checkpoint::known_models::KNOWN;
use crate::comparison::gate::BEGINNINGS;
use crate::device::Api;
use crate::text::contract::InputContract;

/// Stands among the words for a value that may as well be a file. clap_complete's scripts suggest
/// either words or files: [`script`] replaces it.
const FILES: &str = "@files";

pub(crate) fn or_files(mut words: Vec<String>) -> Vec<String> {
    words.push(FILES.to_owned());
    words
}

pub(crate) fn models() -> Vec<String> {
    let hub = KNOWN.iter().map(|model| model.repository);
    quickstart::checkpoints()
        .chain(hub)
        .map(str::to_owned)
        .collect()
}

pub(crate) fn benchmarks() -> Vec<String> {
    Benchmark::built_in_names().map(str::to_owned).collect()
}

/// Of the built-in benchmarks.
pub(crate) fn subsets() -> Vec<String> {
    let benchmarks = Benchmark::built_in().unwrap_or_default();
    let subsets = benchmarks
        .into_iter()
        .flat_map(|benchmark| benchmark.subsets);
    subsets.map(|(name, _)| name).collect()
}

pub(crate) fn published() -> Vec<String> {
    Published::all()
        .into_iter()
        .map(|table| table.name)
        .collect()
}

pub(crate) fn templates() -> Vec<String> {
    InputContract::all()
        .map(|contract| contract.to_string())
        .collect()
}

pub(crate) fn devices() -> Vec<String> {
    let gpus = Api::ALL.map(Api::name);
    ["auto", "cpu"]
        .into_iter()
        .chain(gpus)
        .map(str::to_owned)
        .collect()
}

/// How rules of a gate begin.
pub(crate) fn rules() -> Vec<String> {
    BEGINNINGS.map(str::to_owned).into()
}

/// A completion script for a command line whose values have suggestions.
pub(super) fn script(shell: Shell, mut command: Command) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "pairbench", &mut script);
    let script = String::from_utf8_lossy(&script);
    match shell {
        Shell::Zsh => script.lines().map(zsh_line).collect(),
        Shell::Fish => fish(&script),
        // bash completes file names where no word fits; the others complete no values.
        _ => script.replace(&format!(" {FILES}"), ""),
    }
}

/// `(word word @files)` becomes words and files.
fn zsh_line(line: &str) -> String {
    let end = format!(" {FILES})");
    let Some((before, after)) = line.split_once(&end) else {
        return format!("{line}\n");
    };
    let Some((option, words)) = before.rsplit_once('(') else {
        return format!("{line}\n");
    };
    format!(
        "{option}{{_alternative \"words\\:word\\:({words})\" \"files\\:file\\:_files\"}}{after}\n"
    )
}

/// `-r -f -a "word\t''\n@files\t''"`: `-f` forbids files, `-F` allows them. A list of words goes
/// over several lines, of which the first has the option.
fn fish(script: &str) -> String {
    let word = format!("\n{FILES}\\t''\"");
    let mut out = String::new();
    let mut rest = script;
    while let Some((before, after)) = rest.split_once(&word) {
        let (done, option) = before.rsplit_once(" -r -f -a ").unwrap_or((before, ""));
        out.push_str(&format!("{done} -r -F -a {option}\""));
        rest = after;
    }
    out + rest
}
