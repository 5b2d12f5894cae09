//! Which pairs of the data are scored.

use std::collections::{BTreeMap, BTreeSet};

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::benchmark::Benchmark;
use crate::data::item::Item;
use crate::data::metric_shape::prepared;
use crate::support::count::{count, first};
use crate::support::error::{Error, Result};

/// Subsets with other numbers of pairs that are named.
const NAMED: usize = 10;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Patterns, of which a subset must match one where there are any.
    pub(crate) subsets: Vec<String>,
    /// Only so many items, the first.
    pub(crate) limit: Option<usize>,
    /// Take what is there although its counts differ from the benchmark's.
    pub(crate) allow_partial: bool,
    /// Whether a pairwise model compares only the first of several answers with the others, where
    /// the metric would have it compare all.
    pub(crate) star: bool,
}

/// Items to score.
pub(crate) struct Selected {
    pub(crate) items: Vec<Item>,
    /// Why these are not all items of the benchmark, where they are not.
    pub(crate) partial: Option<String>,
    /// What the data has besides that the benchmark does not count.
    pub(crate) others: Option<String>,
}

/// The rows to score: the benchmark's subsets, those that match `--subset`, at most `--limit`; and
/// why that is not the whole benchmark, where it is not.
pub(crate) fn select(
    items: Vec<Item>,
    selection: &Selection,
    benchmark: Option<&Benchmark>,
) -> Result<Selected> {
    let items = prepared(items, selection.star, benchmark)?;
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for item in &items {
        *found.entry(item.subset.clone()).or_default() += 1;
    }
    let counted = benchmark
        .iter()
        .flat_map(|benchmark| benchmark.subsets.keys());
    let known: BTreeSet<&str> = found.keys().chain(counted).map(String::as_str).collect();
    each_matches(&selection.subsets, &known)?;
    let globs = subset_globs(&selection.subsets, &known)?;
    let matches = |subset: &str| globs.is_empty() || globs.is_match(subset);
    let wanted =
        |subset: &str| benchmark.is_none_or(|b| b.subsets.contains_key(subset)) && matches(subset);
    let mut selected: Vec<Item> = items
        .into_iter()
        .filter(|item| wanted(&item.subset))
        .collect();
    if selected.is_empty() {
        let of_data = first(&found.keys().cloned().collect::<Vec<_>>(), 30);
        let asked = benchmark.map_or_else(String::new, |benchmark| {
            let own = benchmark.subsets.keys().cloned().collect::<Vec<_>>();
            format!("; {} has {}", benchmark.name, first(&own, 30))
        });
        return Err(Error::usage("failed to select pairs: none is left")
            .hint(format!("the data has the subsets {of_data}{asked}")));
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
                "{} of {} (--subset)",
                expected.len(),
                count(benchmark.subsets.len(), "subset")
            ));
        }
        partial.extend(miscounts(&expected, &found, selection.allow_partial)?);
    }
    let all = selected.len();
    selected.truncate(selection.limit.unwrap_or(all));
    if selected.len() < all {
        partial.push(format!(
            "the first {} of {} (--limit)",
            selected.len(),
            count(all, "pair")
        ));
    }
    let partial = (!partial.is_empty()).then(|| partial.join("; "));
    Ok(Selected {
        items: selected,
        partial,
        others: benchmark.and_then(|benchmark| others(&found, benchmark)),
    })
}

/// The subsets that the benchmark does not have, with their numbers of items.
fn others(found: &BTreeMap<String, usize>, benchmark: &Benchmark) -> Option<String> {
    let others = found
        .iter()
        .filter(|(name, _)| !benchmark.subsets.contains_key(*name));
    let names: Vec<String> = others
        .clone()
        .map(|(name, n)| format!("{name} {n}"))
        .collect();
    let items: usize = others.map(|(_, n)| n).sum();
    (items > 0).then(|| {
        format!(
            "{} of the data left out, of subsets that {} does not have: {}",
            count(items, "pair"),
            benchmark.name,
            first(&names, 10)
        )
    })
}

/// Refuses a pattern that matches no subset that is `known`: it is a typing error, even where
/// another matches some.
pub(crate) fn each_matches(patterns: &[String], known: &BTreeSet<&str>) -> Result<()> {
    for pattern in patterns {
        let globs = subset_globs(std::slice::from_ref(pattern), known)?;
        if !known.iter().any(|subset| globs.is_match(subset)) {
            let known: Vec<&str> = known.iter().copied().collect();
            return Err(Error::usage(format!(
                "failed to select pairs: --subset {pattern} matches no subset"
            ))
            .hint(format!("the subsets are: {}", known.join(", "))));
        }
    }
    Ok(())
}

/// The patterns of `--subset`. What is the name of a known subset is that name, whatever signs it
/// has.
pub(crate) fn subset_globs(patterns: &[String], known: &BTreeSet<&str>) -> Result<GlobSet> {
    let mut globs = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = if known.contains(pattern.as_str()) {
            Glob::new(&globset::escape(pattern))
        } else {
            Glob::new(pattern)
        };
        let glob = glob.map_err(|e| {
            Error::usage(format!("failed to parse --subset: {pattern}")).caused_by(e)
        })?;
        globs.add(glob);
    }
    globs
        .build()
        .map_err(|e| Error::usage("failed to parse --subset").caused_by(e))
}

/// Subsets whose number of pairs is not the expected one: an error, or a remark if that is allowed.
pub(crate) fn miscounts(
    expected: &[(&String, usize)],
    found: &BTreeMap<String, usize>,
    allowed: bool,
) -> Result<Option<String>> {
    let rows = |name: &str| found.get(name).copied().unwrap_or(0);
    let wrong: Vec<String> = expected
        .iter()
        .filter(|(name, n)| *n > 0 && rows(name) != *n)
        .map(|(name, n)| format!("{name} {} of {n}", rows(name)))
        .collect();
    if wrong.is_empty() {
        return Ok(None);
    }
    let text = format!(
        "{} of {} with other numbers of pairs than the definition says: {}",
        wrong.len(),
        count(expected.len(), "subset"),
        first(&wrong, NAMED)
    );
    if allowed {
        return Ok(Some(text));
    }
    Err(
        Error::bad_input("failed to match the benchmark: the data is not whole")
            .caused_by(text)
            .hint(
                "give all of its data, or score what is there with --allow-partial; the report \
            will say PARTIAL",
            ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_is_a_name_is_that_name() {
        let known = BTreeSet::from(["{x}", "x", "a[1]", "a1", "b*", "bc", "["]);
        let matched = |pattern: &str| {
            let globs = subset_globs(&[pattern.to_owned()], &known).unwrap();
            let all = known.iter().filter(|name| globs.is_match(name));
            all.copied().collect::<Vec<_>>()
        };
        for name in &known {
            assert_eq!(matched(name), [*name]);
        }
        assert_eq!(matched("a*"), ["a1", "a[1]"]);
        assert_eq!(matched("{x,bc}"), ["bc", "x"]);
    }
}
