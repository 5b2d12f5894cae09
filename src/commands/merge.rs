//! `pairbench merge`: the shards of a run → what one process would have left.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::benchmark;
use crate::benchmark::Benchmark;
use crate::benchmark::published::PublishedChoice;
use crate::commands::finished::{Finished, invalid_verdicts};
use crate::commands::run::outputs;
use crate::commands::run_report;
use crate::data::pair_texts;
use crate::data::shard::Shard;
use crate::metrics::Tally;
use crate::report::Format;
use crate::scoring::ScoredItem;
use crate::scoring::fingerprint;
use crate::scoring::fingerprint::Fingerprint;
use crate::scoring::journal;
use crate::scoring::run_dir::output;
use crate::scoring::run_dir::record::{RunRecord, Whole};
use crate::scoring::run_dir::{RunDir, Summary};
use crate::support::count::count;
use crate::support::error::{Error, Result};
use crate::support::existing::Existing;
use crate::support::terminal::say;

/// Shards to merge.
#[derive(Debug)]
pub struct MergeRequest {
    pub(crate) runs: Vec<PathBuf>,
    pub(crate) out: PathBuf,
    /// What is to become of what is there; nothing can be resumed.
    pub(crate) existing: Existing,
    pub(crate) format: Format,
}

/// A finished run of one shard.
struct Part {
    shard: Shard,
    plan: Fingerprint,
    whole: Whole,
    dir: RunDir,
    summary: Summary,
}

pub(crate) fn merge(request: &MergeRequest) -> Result<Finished> {
    check_target(request)?;
    let _lock = output::claim(&request.out, request.existing)?;
    let mut parts: Vec<Part> = request
        .runs
        .iter()
        .map(|path| Part::open(path))
        .collect::<Result<_>>()?;
    parts.sort_by_key(|part| part.shard);
    let plan = agree(&parts)?;
    if request.existing != Existing::Overwrite {
        output::keep_finished(&request.out, &plan)?;
    }
    let models = join(&parts, &plan)?;
    let first = &parts[0];
    let benchmark = benchmark(first)?;
    let published = first.dir.record.plan.published.as_deref();
    let published = published.map(PublishedChoice::find).transpose()?;
    let columns: Vec<(&str, &[ScoredItem])> = models
        .iter()
        .map(|(name, verdicts)| (name.as_str(), verdicts.as_slice()))
        .collect();
    // None where items are no pairs.
    let rulers = ["longer", "shorter"].map(|name| (name, tallies(&parts, name)));
    let rulers = rulers
        .into_iter()
        .filter(|(_, tallies)| !tallies.is_empty());
    let rulers = rulers.collect();
    let records: Vec<RunRecord> = parts.iter().map(|part| part.dir.record.clone()).collect();
    let mut record = RunRecord::merged(&records, &plan);
    for (model, (_, verdicts)) in record.models.iter_mut().zip(&models) {
        model.margins = Some(fingerprint::margins_of(verdicts));
    }
    let mut report = run_report::report(
        first.whole.clone(),
        first.summary.dataset.clone(),
        &columns,
        benchmark.as_ref(),
        &record,
        rulers,
    );
    report.put_beside(published.as_ref(), benchmark.as_ref())?;
    report.notes.extend(run_report::verification_notes(&record));
    if plan
        .models
        .iter()
        .any(|model| model.precision.starts_with("int8") && !model.precision.contains("verified"))
    {
        report.notes.extend(
            columns
                .iter()
                .map(|(name, verdicts)| run_report::int8_doubt(name, verdicts)),
        );
    }
    report.side_by_side = Some(run_report::side_by_side(
        &report,
        &columns,
        benchmark.as_ref(),
        &pair_texts::read_again(&first.dir.record.data),
    ));
    outputs::write_all(&request.out, &report, &columns, &record)?;
    journal::discard(&request.out)?;
    say(&format!(
        "merged {} into {}",
        count(parts.len(), "shard"),
        request.out.display()
    ));
    Ok(Finished {
        complaint: invalid_verdicts(&report),
        ..run_report::rendered(&report, request.format)?.into()
    })
}

/// The merged run must not take the place of what it is made of, or of an unfinished run.
fn check_target(request: &MergeRequest) -> Result<()> {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    if request
        .runs
        .iter()
        .any(|run| real(run).is_some_and(|run| Some(run) == real(&request.out)))
    {
        return Err(Error::usage(format!(
            "failed to merge: --out {} is one of the shards",
            request.out.display()
        ))
        .hint("choose another directory"));
    }
    let is_kept = request.existing != Existing::Overwrite;
    if is_kept && request.out.join(journal::NAME).exists() {
        return Err(Error::usage(format!(
            "failed to merge: --out {} has an unfinished run",
            request.out.display()
        ))
        .hint("choose another directory; --overwrite gives it up"));
    }
    Ok(())
}

impl Part {
    fn open(path: &Path) -> Result<Self> {
        if path.join(journal::NAME).exists() {
            return Err(Error::usage(format!(
                "failed to merge: {}: the run there is not finished",
                path.display()
            ))
            .hint("finish it with --resume"));
        }
        let dir = RunDir::open(path)?;
        let unsharded = || {
            Error::usage(format!(
                "failed to merge: {}: not a shard: its run had no --shard",
                path.display()
            ))
        };
        let plan = dir.record.plan.content.clone().ok_or_else(unsharded)?;
        let shard = plan.shard.ok_or_else(unsharded)?;
        let whole = dir.record.whole.clone().ok_or_else(unsharded)?;
        Ok(Self {
            shard,
            plan: Fingerprint {
                shard: None,
                ..plan
            },
            whole,
            summary: dir.summary()?,
            dir,
        })
    }

    fn path(&self) -> &PathBuf {
        &self.dir.path
    }

    fn names(&self) -> Vec<&str> {
        self.dir
            .models
            .iter()
            .map(|(name, _)| name.as_str())
            .collect()
    }
}

/// The one plan of all parts, which are each shard once.
fn agree(parts: &[Part]) -> Result<Fingerprint> {
    let first = &parts[0];
    for pair in parts.windows(2) {
        let [one, other] = [&pair[0], &pair[1]];
        let paths = format!("{} and {}", one.path().display(), other.path().display());
        other.plan.check(&one.plan, &format!("merge: {paths}"))?;
        if one.shard == other.shard {
            return Err(Error::usage(format!("failed to merge: {paths} overlap"))
                .caused_by(format!("both are shard {}", one.shard)));
        }
        if one.shard.of != other.shard.of {
            return Err(Error::usage(format!(
                "failed to merge: {paths} are of different divisions"
            ))
            .caused_by(format!("{} and {}", one.shard, other.shard)));
        }
        if one.names() != other.names() {
            return Err(Error::usage(format!(
                "failed to merge: {paths} call their models differently"
            ))
            .caused_by(format!(
                "{} and {}",
                one.names().join(", "),
                other.names().join(", ")
            )));
        }
    }
    let missing: Vec<String> = (1..=first.shard.of)
        .filter(|index| parts.iter().all(|part| part.shard.index != *index))
        .map(|index| format!("{index}/{}", first.shard.of))
        .collect();
    if !missing.is_empty() {
        return Err(
            Error::usage("failed to merge: shards are missing").caused_by(missing.join(", "))
        );
    }
    Ok(first.plan.clone())
}

/// Each model's verdicts, in the order of the rows: exactly the planned ones.
fn join(parts: &[Part], plan: &Fingerprint) -> Result<Vec<(String, Vec<ScoredItem>)>> {
    let names = parts[0].names().into_iter().map(str::to_owned).enumerate();
    names
        .map(|(at, name)| {
            let mut verdicts: Vec<ScoredItem> = parts
                .iter()
                .flat_map(|part| part.dir.models[at].1.iter().cloned())
                .collect();
            verdicts.sort_by_key(|verdict| verdict.row);
            if fingerprint::rows_of(&verdicts) != plan.rows {
                return Err(Error::bad_input(format!(
                    "failed to merge: model {name}: {} that are not those of the planned pairs \
                     ({})",
                    count(verdicts.len(), "verdict"),
                    plan.pairs
                ))
                .hint("a verdicts.parquet was changed, or is of another run"));
            }
            Ok((name, verdicts))
        })
        .collect()
}

/// The definition that the shards were run with.
fn benchmark(first: &Part) -> Result<Option<Benchmark>> {
    let Some(hash) = &first.plan.benchmark else {
        return Ok(None);
    };
    let changed = |now: &str| {
        Error::usage(
            "failed to merge: plan differs: the benchmark has changed since the shards were run",
        )
        .caused_by(format!("its SHA-256 was {hash}, is {now}"))
    };
    let found = benchmark::common(&[first.dir.benchmark()], &mut Vec::new())?;
    let found = found.ok_or_else(|| changed("not known"))?;
    let sha256 = found.definition().sha256;
    if sha256 == *hash {
        Ok(Some(found))
    } else {
        Err(changed(&sha256))
    }
}

/// A ruler's counts over all parts.
fn tallies(parts: &[Part], ruler: &str) -> BTreeMap<String, Tally> {
    let mut sum: BTreeMap<String, Tally> = BTreeMap::new();
    for (subset, tally) in parts
        .iter()
        .filter_map(|part| part.summary.baselines.get(ruler))
        .flat_map(|baseline| &baseline.subsets)
    {
        let known = sum.entry(subset.clone()).or_default();
        *known = known.plus(*tally);
    }
    sum
}
