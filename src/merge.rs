//! `pairbench merge`: the shards of a run → what one process would have left.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::benchmark::Benchmark;
use crate::cli::MergeArgs;
use crate::error::{Error, Result};
use crate::excerpt;
use crate::fsio;
use crate::journal;
use crate::lock::Lock;
use crate::metrics::Tally;
use crate::plan::{self, Plan};
use crate::published::Published;
use crate::run::{self, Finished, outputs};
use crate::run_dir::{RunDir, Summary, Whole};
use crate::score::Verdict;
use crate::shard::Shard;
use crate::talk::say;

/// A finished run of one shard.
struct Part {
    shard: Shard,
    plan: Plan,
    whole: Whole,
    dir: RunDir,
    summary: Summary,
    record: Value,
}

pub fn merge(args: &MergeArgs) -> Result<Finished> {
    let _lock = Lock::take(&args.out)?;
    check_target(args)?;
    let mut parts: Vec<Part> = args.runs.iter().map(|path| Part::open(path)).collect::<Result<_>>()?;
    parts.sort_by_key(|part| part.shard);
    let plan = agree(&parts)?;
    let models = join(&parts, &plan)?;
    let first = &parts[0];
    let benchmark = benchmark(first)?;
    let table = first.dir.record.plan.published.as_deref().map(Published::find).transpose()?;
    let columns: Vec<(&str, &[Verdict])> = models.iter().map(|(name, verdicts)| (name.as_str(), verdicts.as_slice())).collect();
    let rulers = ["longer", "shorter"].map(|name| (name, tallies(&parts, name)));
    let mut report = run::report(first.whole.clone(), first.summary.dataset.clone(), &columns, &benchmark, table.as_ref(), rulers);
    if plan.models.iter().any(|model| model.precision.starts_with("int8")) {
        report.notes.extend(columns.iter().map(|(name, verdicts)| run::int8_doubt(name, verdicts)));
    }
    report.side_by_side = Some(run::side_by_side(&report, &columns, &benchmark, &excerpt::read_again(&first.dir.record.data)));
    outputs::write(&args.out, &report, &columns, &record(&parts, &plan))?;
    say(&format!("merged {} shards into {}", parts.len(), args.out.display()));
    Ok(Finished { text: run::rendered(&report, args.format), complaint: run::complaint(&report) })
}

/// The merged run must not take the place of what it is made of, or of an unfinished run.
fn check_target(args: &MergeArgs) -> Result<()> {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    if args.runs.iter().any(|run| real(run).is_some_and(|run| Some(run) == real(&args.out))) {
        return Err(Error::usage(format!("failed to merge: --out {} is one of the shards", args.out.display())).hint("choose another directory"));
    }
    if args.out.join(journal::NAME).exists() {
        return Err(Error::usage(format!("failed to merge: --out {} has an unfinished run", args.out.display())).hint("choose another directory"));
    }
    Ok(())
}

impl Part {
    fn open(path: &Path) -> Result<Self> {
        if path.join(journal::NAME).exists() {
            return Err(Error::usage(format!("failed to merge: {}: the run there is not finished", path.display())).hint("finish it with --resume"));
        }
        let mut dir = RunDir::open(path)?;
        let unsharded = || Error::usage(format!("failed to merge: {}: not a shard: its run had no --shard", path.display()));
        let plan = *dir.record.plan.content.take().ok_or_else(unsharded)?;
        let shard = plan.shard.ok_or_else(unsharded)?;
        let whole = dir.record.whole.take().ok_or_else(unsharded)?;
        let file = path.join("run.json");
        let record =
            serde_json::from_slice(&fsio::read(&file)?).map_err(|e| Error::bad_input(format!("failed to read run: {}", file.display())).caused_by(e))?;
        Ok(Self { shard, plan: Plan { shard: None, ..plan }, whole, summary: dir.summary()?, dir, record })
    }

    fn path(&self) -> &PathBuf {
        &self.dir.path
    }

    fn names(&self) -> Vec<&str> {
        self.dir.models.iter().map(|(name, _)| name.as_str()).collect()
    }
}

/// The one plan of all parts, which are each shard once.
fn agree(parts: &[Part]) -> Result<Plan> {
    let first = &parts[0];
    for pair in parts.windows(2) {
        let [one, other] = [&pair[0], &pair[1]];
        let paths = format!("{} and {}", one.path().display(), other.path().display());
        other.plan.check(&one.plan, &format!("merge: {paths}"))?;
        if one.shard == other.shard {
            return Err(Error::usage(format!("failed to merge: {paths} overlap")).caused_by(format!("both are shard {}", one.shard)));
        }
        if one.shard.of != other.shard.of {
            return Err(Error::usage(format!("failed to merge: {paths} are of different divisions")).caused_by(format!("{} and {}", one.shard, other.shard)));
        }
        if one.names() != other.names() {
            return Err(Error::usage(format!("failed to merge: {paths} call their models differently")).caused_by(format!(
                "{} and {}",
                one.names().join(", "),
                other.names().join(", ")
            )));
        }
    }
    let missing: Vec<String> =
        (1..=first.shard.of).filter(|index| parts.iter().all(|part| part.shard.index != *index)).map(|index| format!("{index}/{}", first.shard.of)).collect();
    if !missing.is_empty() {
        return Err(Error::usage("failed to merge: shards are missing").caused_by(missing.join(", ")));
    }
    Ok(first.plan.clone())
}

/// Each model's verdicts, in the order of the rows: exactly the planned ones.
fn join(parts: &[Part], plan: &Plan) -> Result<Vec<(String, Vec<Verdict>)>> {
    let names = parts[0].names().into_iter().map(str::to_owned).enumerate();
    names
        .map(|(at, name)| {
            let mut verdicts: Vec<Verdict> = parts.iter().flat_map(|part| part.dir.models[at].1.iter().cloned()).collect();
            verdicts.sort_by_key(|verdict| verdict.row);
            if plan::rows_of(&verdicts) != plan.rows {
                return Err(Error::bad_input(format!(
                    "failed to merge: model {name}: {} verdicts that are not those of the {} planned pairs",
                    verdicts.len(),
                    plan.pairs
                ))
                .hint("a verdicts.parquet was changed, or is of another run"));
            }
            Ok((name, verdicts))
        })
        .collect()
}

/// The definition that the shards were run with.
fn benchmark(first: &Part) -> Result<Benchmark> {
    let Some(hash) = &first.plan.benchmark else { return Ok(Benchmark::reward_bench()) };
    let name = first.dir.record.plan.benchmark.as_deref().unwrap_or("quickstart");
    let benchmark = Benchmark::find(name)?;
    let sha256 = benchmark.definition().sha256;
    if sha256 == *hash {
        return Ok(benchmark);
    }
    Err(Error::usage(format!("failed to merge: plan differs: benchmark: {name} has changed since the shards were run"))
        .caused_by(format!("its SHA-256 was {hash}, is {sha256}")))
}

/// A ruler's counts over all parts.
fn tallies(parts: &[Part], ruler: &str) -> BTreeMap<String, Tally> {
    let mut sum: BTreeMap<String, Tally> = BTreeMap::new();
    for (subset, tally) in parts.iter().filter_map(|part| part.summary.baselines.get(ruler)).flat_map(|baseline| &baseline.subsets) {
        let known = sum.entry(subset.clone()).or_default();
        *known = known.plus(*tally);
    }
    sum
}

/// `run.json` of the first shard with everything that is a sum, a span or a list.
fn record(parts: &[Part], plan: &Plan) -> Value {
    let records = || parts.iter().map(|part| &part.record);
    let mut merged = parts[0].record.clone();
    merged["plan"]["fingerprint"] = json!(plan.fingerprint());
    merged["plan"]["content"] = json!(plan);
    for (at, model) in merged["models"].as_array_mut().into_iter().flatten().enumerate() {
        for key in ["tokens", "seconds", "halved", "pairs", "resumed", "cached"] {
            model[key] = sum(records().map(|record| &record["models"][at][key]));
        }
        model["not_scored"] = list(records().map(|record| &record["models"][at]["not_scored"]), |not| not["row"].as_u64());
    }
    merged["sessions"] = list(records().map(|record| &record["sessions"]), |_| Some(0));
    merged["started"] = json!(records().filter_map(|record| record["started"].as_f64()).min_by(f64::total_cmp));
    merged["ended"] = json!(records().filter_map(|record| record["ended"].as_f64()).max_by(f64::total_cmp));
    merged["shards"] = parts.iter().map(|part| json!({ "shard": part.shard, "host": part.record["host"] })).collect();
    if let Some(record) = merged.as_object_mut() {
        record.remove("whole");
    }
    merged
}

fn sum<'a>(values: impl Iterator<Item = &'a Value> + Clone) -> Value {
    let whole: Option<u64> = values.clone().map(Value::as_u64).sum();
    whole.map_or_else(|| json!(values.filter_map(Value::as_f64).sum::<f64>()), |sum| json!(sum))
}

/// All items of the lists, sorted.
fn list<'a>(lists: impl Iterator<Item = &'a Value>, key: impl Fn(&Value) -> Option<u64>) -> Value {
    let mut items: Vec<Value> = lists.filter_map(Value::as_array).flatten().cloned().collect();
    items.sort_by_key(|item| key(item));
    items.into()
}
