//! Which pairs of the data are scored.

use std::collections::BTreeMap;

use globset::{Glob, GlobSetBuilder};

use crate::benchmark::Benchmark;
use crate::checkpoint::Checkpoint;
use crate::cli::RunArgs;
use crate::data::Item;
use crate::scoring;
use crate::scoring::Prepared;
use crate::support::error::{Error, Result};

/// The rows to score: the benchmark's subsets, those that match `--subset`, at most `--limit`; and
/// why that is not the whole benchmark, where it is not.
pub fn select(
    pairs: Vec<Item>,
    args: &RunArgs,
    benchmark: Option<&Benchmark>,
) -> Result<(Vec<Item>, Option<String>)> {
    let mut globs = GlobSetBuilder::new();
    for pattern in &args.subsets {
        let glob = Glob::new(pattern).map_err(|e| {
            Error::usage(format!("failed to parse --subset: {pattern}")).caused_by(e)
        })?;
        globs.add(glob);
    }
    let globs = globs
        .build()
        .map_err(|e| Error::usage("failed to parse --subset").caused_by(e))?;
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for pair in &pairs {
        *found.entry(pair.subset.clone()).or_default() += 1;
    }
    let matches = |subset: &str| globs.is_empty() || globs.is_match(subset);
    let wanted =
        |subset: &str| benchmark.is_none_or(|b| b.subsets.contains_key(subset)) && matches(subset);
    let mut selected: Vec<Item> = pairs
        .into_iter()
        .filter(|pair| wanted(&pair.subset))
        .collect();
    if selected.is_empty() {
        let shown: Vec<&str> = found.keys().take(30).map(String::as_str).collect();
        return Err(Error::usage("failed to select pairs: none is left")
            .hint(format!("the data has the subsets: {}", shown.join(", "))));
    }
    let mut partial = Vec::new();
    if let Some(benchmark) = benchmark {
        let expected: Vec<(&String, usize)> = benchmark
            .subsets
            .iter()
            .map(|(name, n)| (name, *n))
            .filter(|(name, _)| matches(name))
            .collect();
        if expected.len() < benchmark.subsets.len() {
            partial.push(format!(
                "{} of {} subsets (--subset)",
                expected.len(),
                benchmark.subsets.len()
            ));
        }
        partial.extend(miscounts(&expected, &found, args.allow_partial)?);
    }
    let all = selected.len();
    selected.truncate(args.limit.unwrap_or(all));
    if selected.len() < all {
        partial.push(format!(
            "the first {} of {all} pairs (--limit)",
            selected.len()
        ));
    }
    Ok((selected, (!partial.is_empty()).then(|| partial.join("; "))))
}

/// Subsets whose number of pairs is not the expected one: an error, or a remark if that is allowed.
fn miscounts(
    expected: &[(&String, usize)],
    found: &BTreeMap<String, usize>,
    allowed: bool,
) -> Result<Option<String>> {
    let count = |name: &str| found.get(name).copied().unwrap_or(0);
    let wrong: Vec<String> = expected
        .iter()
        .filter(|(name, n)| count(name) != *n)
        .map(|(name, n)| format!("{name} {} of {n}", count(name)))
        .collect();
    if wrong.is_empty() {
        return Ok(None);
    }
    let text = format!(
        "{} of {} subsets have not the pairs that the definition counts: {}",
        wrong.len(),
        expected.len(),
        wrong.join(", ")
    );
    if allowed {
        return Ok(Some(text));
    }
    Err(Error::bad_input("failed to match the benchmark: the data is not whole")
        .caused_by(text)
        .hint("give all of its data, or score what is there with --allow-partial; the report will say PARTIAL"))
}

/// The pairs of `--shard`, and how to call them. Tokens are the first model's: every model gets the
/// same pairs.
pub fn shard(
    pairs: Vec<Item>,
    args: &RunArgs,
    checkpoint: &Checkpoint,
) -> Result<(Vec<Item>, Option<String>)> {
    let Some(shard) = args.shard else {
        return Ok((pairs, None));
    };
    let mut tokens = Vec::with_capacity(pairs.len());
    // In pieces, so that not all ids are in memory at once.
    for piece in pairs.chunks(1024) {
        tokens.extend(
            scoring::prepare(
                piece,
                checkpoint.template,
                &checkpoint.tokenizer,
                &checkpoint.config,
            )?
            .iter()
            .map(Prepared::work),
        );
    }
    let all = pairs.len();
    let group = args.int8_batch.map_or(1, |n| n as usize);
    let part = shard.take(pairs, &tokens, group).map_err(|groups| {
        let what = if group == 1 {
            "pairs".to_owned()
        } else {
            format!("groups of {group} pairs")
        };
        Error::usage(format!(
            "failed to divide the pairs: {} shards, but {groups} {what}",
            shard.of
        ))
        .hint("take fewer shards")
    })?;
    let said = format!("shard {shard}: {} of {all} pairs", part.len());
    Ok((part, Some(said)))
}
