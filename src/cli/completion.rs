//! Words that completion scripts suggest as values.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, ValueHint};

use crate::commands::completions as suggested;

/// The definition of the command line with suggestions. It is for scripts and parses nothing: other
/// values are as good.
pub(super) fn suggesting(command: Command) -> Command {
    command.mut_args(suggest).mut_subcommands(suggesting)
}

/// By the name of the flag or argument.
fn suggest(arg: Arg) -> Arg {
    let words = |words: Vec<String>| {
        // clap wants them to live as long as the program, which prints a script and ends.
        let words = words.into_iter().map(|word| &*word.leak());
        arg.clone().value_parser(PossibleValuesParser::new(words))
    };
    // A word that files may take the place of, and one that the user goes on typing.
    let words_or_files = |list: Vec<String>| words(suggested::or_files(list));
    let beginnings = |list: Vec<String>| words(list).value_hint(ValueHint::Other);
    match arg.get_id().as_str() {
        "data" | "ids" | "lines" | "candidates" | "files" => arg.value_hint(ValueHint::FilePath),
        "out" | "f32_run" | "runs" | "run" | "dir" => arg.value_hint(ValueHint::DirPath),
        "model" | "models" => words_or_files(suggested::models()),
        "benchmark" => words_or_files(suggested::benchmarks()),
        "specs" | "what" => words_or_files([suggested::benchmarks(), suggested::models()].concat()),
        "baseline" | "candidate" => words_or_files(suggested::published()),
        "name" | "published" => words(suggested::published()),
        "subsets" => words(suggested::subsets()),
        "template" => words(suggested::templates()),
        "device" => words(suggested::devices()),
        "gates" => beginnings(suggested::or_files(suggested::rules())),
        _ => arg,
    }
}
