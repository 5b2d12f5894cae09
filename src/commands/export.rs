//! `pairbench report --format reward-bench` and its like: finished runs → files of other programs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use crate::benchmark;
use crate::data::pair_texts::{self, Texts};
use crate::metrics::Scores;
use crate::report::exchange::{ExchangeFile, ExchangeFormat, ExportedModel, exchanged};
use crate::scoring::imported;
use crate::scoring::run_dir::{RunDir, Summary};
use crate::support::error::{Error, Result};
use crate::support::files;
use crate::support::terminal::say;

/// Writes the files of every model of the runs; their paths, one a line.
pub(super) fn export(
    runs: &[(RunDir, Summary)],
    format: ExchangeFormat,
    out: &Path,
) -> Result<String> {
    let mut found: Vec<ExchangeFile> = Vec::new();
    for (dir, summary) in runs {
        found.extend(files_of(dir, summary, format)?);
    }
    let mut paths = BTreeSet::new();
    for file in &found {
        if !paths.insert(&file.path) {
            return Err(Error::usage(format!(
                "failed to write results: two models have the file {}",
                file.path.display()
            ))
            .hint("give each model its own name, or write one run after the other"));
        }
        keep(out, file)?;
    }
    let mut printed = String::new();
    for file in &found {
        let path = out.join(&file.path);
        if let Some(folder) = path.parent() {
            files::writable_dir(folder)?;
        }
        files::write_atomic(&path, &file.bytes)?;
        let _ = writeln!(printed, "{}", path.display());
    }
    Ok(printed)
}

fn files_of(dir: &RunDir, summary: &Summary, format: ExchangeFormat) -> Result<Vec<ExchangeFile>> {
    let mut notes = Vec::new();
    let benchmark = benchmark::common(&[dir.benchmark()], &mut notes)?;
    let items: Texts = match format {
        ExchangeFormat::EveryEvalEver => pair_texts::read_again(&dir.record.data),
        ExchangeFormat::RewardBench | ExchangeFormat::HubEvalResults => Err(String::new()),
    };
    let mut found = Vec::new();
    for ((_, scored), record) in dir.models.iter().zip(&dir.record.models) {
        let imported = record.source.imported();
        // What was imported is of the benchmark's dataset, as far as anybody knows; a run on files
        // is of those files.
        let of_benchmark = || imported.and(benchmark.as_ref()?.dataset());
        let dataset = summary.dataset.clone();
        let model = ExportedModel {
            run: &dir.record,
            record,
            benchmark: benchmark.as_ref(),
            dataset: dataset.or_else(of_benchmark),
            scored,
            scores: Scores::of(scored, benchmark.as_ref()),
            partial: summary.partial.as_deref(),
            items: &items,
            rendered: imported.and_then(|own| imported::rendered(own, scored)),
        };
        let own = exchanged(&model, format)?;
        for note in own.notes {
            say(&format!("{}: {note}", record.name));
        }
        found.extend(own.files);
    }
    if let Some(why) = &summary.partial {
        say(&format!("PARTIAL: {why}"));
    }
    for note in &notes {
        say(note);
    }
    Ok(found)
}

/// Refuses to replace a file with another one.
fn keep(out: &Path, file: &ExchangeFile) -> Result<()> {
    let path = out.join(&file.path);
    if !path.exists() || files::read(&path)? == file.bytes {
        return Ok(());
    }
    let what = format!("failed to write {}: there is another file", path.display());
    Err(Error::usage(what).hint("remove it, or choose another directory with --out"))
}
