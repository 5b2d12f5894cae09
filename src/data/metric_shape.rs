//! Items as the metric of their subset needs them: with the answers that it counts, and with what a
//! pairwise model must read for it.

use std::collections::HashMap;

use crate::benchmark::{Benchmark, Comparisons, Metric, Shape};
use crate::data::item::{Answers, Id, Item};
use crate::support::error::{Error, Result};

/// Gives every item its subset and its comparisons. `star`: the first answer with every other one,
/// where the metric would have all read against each other.
///
/// # Errors
/// The first item whose answers or id the metric cannot count.
pub(crate) fn prepared(
    items: Vec<Item>,
    star: bool,
    benchmark: Option<&Benchmark>,
) -> Result<Vec<Item>> {
    let mut items = items;
    let mut keys: HashMap<(String, String), usize> = HashMap::new();
    for item in &mut items {
        if let Some(benchmark) = benchmark {
            item.subset = benchmark.subset_of(&item.subset).to_owned();
        }
        if benchmark.is_some_and(|own| !own.subsets.contains_key(&item.subset)) {
            continue;
        }
        let metric = benchmark.map_or(Metric::PairAccuracy, |own| own.metric_of(&item.subset));
        let answers = [&item.chosen, &item.rejected].map(Answers::len);
        if item.is_tie && !metric.knows_ties() {
            return Err(unsuitable_tie(item, metric));
        }
        let key = key(metric, answers, item.id.as_ref())
            .map_err(|what| unsuitable(item, metric, &what, benchmark))?;
        if let Some(key) = key
            && let Some(first) = keys.insert((item.subset.clone(), key.clone()), item.row)
        {
            return Err(repeated(item, metric, &key, first));
        }
        item.comparisons = match metric.comparisons() {
            Comparisons::Full if star => Comparisons::Star,
            comparisons => comparisons,
        };
    }
    Ok(items)
}

/// By what an item is known within its subset; `None` for one without an id. Or why the metric
/// cannot count so many chosen and rejected answers, or the id.
pub(crate) fn key(
    metric: Metric,
    [chosen, rejected]: [usize; 2],
    id: Option<&Id>,
) -> std::result::Result<Option<String>, String> {
    let found = || format!("found {chosen} chosen and {rejected} rejected answers");
    let is_suitable = match metric.shape() {
        Shape::Pair => (chosen, rejected) == (1, 1),
        Shape::OneChosen => chosen == 1,
        Shape::Styles => (chosen, rejected) == (3, 3),
        Shape::Ties => true,
    };
    if !is_suitable {
        return Err(found());
    }
    if metric.shape() != Shape::Ties {
        return Ok(id.map(ToString::to_string));
    }
    let (is_tied, number) = ties_id(id).ok_or_else(|| match id {
        Some(id) => format!("found the id {id}"),
        None => "found no id".to_owned(),
    })?;
    let is_suitable = if is_tied { chosen > 1 } else { chosen == 1 };
    if !is_suitable {
        return Err(format!(
            "{} with the id {}",
            found(),
            id.map_or_else(String::new, Id::to_string)
        ));
    }
    Ok(Some(format!(
        "{}:{number}",
        if is_tied { "tied" } else { "ref" }
    )))
}

/// Of `tied:N` or `ref:N`: which of them it is, and N.
pub(crate) fn ties_id(id: Option<&Id>) -> Option<(bool, i64)> {
    let Some(Id::Text(text)) = id else {
        return None;
    };
    let (kind, number) = text.split_once(':')?;
    let is_tied = match kind {
        "tied" => true,
        "ref" => false,
        _ => return None,
    };
    Some((is_tied, number.parse().ok()?))
}

fn failed(item: &Item, metric: Metric, what: &str) -> Error {
    Error::bad_input(format!(
        "failed to score row {} ({}) by {}: {what}",
        item.row,
        item.subset,
        metric.name()
    ))
}

fn unsuitable_tie(item: &Item, metric: Metric) -> Error {
    failed(item, metric, "its label says that neither answer is better").hint(
        "ties=drop in --map (in a definition `ties = \"drop\"` in [columns]) leaves such rows out; \
         metric = \"agreement\" in a definition counts them",
    )
}

/// The files told ids apart by subset: here the definition makes one subset of several, or the
/// metric one id of two.
fn repeated(item: &Item, metric: Metric, key: &str, first: usize) -> Error {
    let what = format!("the id {key} is that of row {first} over all files, too");
    let hint = if metric.shape() == Shape::Ties {
        "remove the copy: ref:7 and ref:07 are one id"
    } else {
        "an id names one row of a subset; remove the copy, or, where the definition makes one \
         subset of several that have the same ids, do without them: id = \"\" in [columns]"
    };
    failed(item, metric, &what).hint(hint)
}

fn unsuitable(item: &Item, metric: Metric, what: &str, benchmark: Option<&Benchmark>) -> Error {
    let error = failed(item, metric, what);
    let needed = metric.shape().needed();
    match benchmark {
        Some(own) => error.hint(format!(
            "it needs {needed}; {} says the metric of each subset in `metric` and [metrics]",
            own.name
        )),
        None => error.hint(
            "without a benchmark every row is a pair; for several answers write a definition \
             with, for example, metric = \"best-of-n\", and give it with --benchmark FILE.toml",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn item(row: usize, subset: &str, id: &str, counts: [usize; 2]) -> Item {
        let [chosen, rejected] =
            counts.map(|n| Answers::from_list((0..n).map(|at| at.to_string()).collect()).unwrap());
        Item {
            row,
            subset: subset.to_owned(),
            id: Some(Id::Text(id.to_owned())),
            prompt: Vec::new(),
            chosen,
            rejected,
            is_tie: false,
            comparisons: Comparisons::default(),
        }
    }

    fn benchmark() -> Benchmark {
        let text = "name = 'x'\nmetric = 'best-of-n'\nmetrics = { t = 'ties', s = 'styles' }\n\
            columns = { subset_begins_with = true }\n[subsets]\nb = 0\nt = 0\ns = 0\nb-c = 0";
        Benchmark::parse(text, Path::new("x.toml")).unwrap()
    }

    #[test]
    fn subsets_and_comparisons_follow_from_the_definition() {
        let own = benchmark();
        let of = |star| {
            let items = vec![
                item(0, "b-d", "1", [1, 3]),
                item(1, "b-c-e", "1", [1, 1]),
                item(2, "t", "tied:07", [2, 9]),
                item(3, "s", "1", [3, 3]),
                item(4, "other", "1", [7, 1]),
            ];
            let found = prepared(items, star, Some(&own)).unwrap().into_iter();
            found
                .map(|item| (item.subset, item.comparisons))
                .collect::<Vec<_>>()
        };
        let names = ["b", "b-c", "t", "s", "other"].map(str::to_owned);
        let (full, across) = (Comparisons::Full, Comparisons::Across);
        let expected = [full, full, full, across, across];
        assert_eq!(
            of(false),
            names.clone().into_iter().zip(expected).collect::<Vec<_>>()
        );
        assert_eq!(of(true)[0].1, Comparisons::Star);
        assert_eq!(of(true)[3].1, across);
    }

    #[test]
    fn what_a_metric_cannot_count_is_refused_by_row() {
        let own = benchmark();
        for (items, says) in [
            (
                vec![item(7, "b", "1", [2, 2])],
                "row 7 (b) by best-of-n: found 2 chosen and 2",
            ),
            (
                vec![item(0, "s", "1", [3, 2])],
                "by styles: found 3 chosen and 2 rejected",
            ),
            (vec![item(0, "t", "1", [2, 2])], "by ties: found the id 1"),
            (vec![item(0, "t", "tie:1", [2, 2])], "found the id tie:1"),
            (vec![item(0, "t", "tied:x", [2, 2])], "found the id tied:x"),
            (
                vec![item(0, "t", "tied:1", [1, 2])],
                "1 chosen and 2 rejected answers with the id",
            ),
            (
                vec![item(0, "t", "ref:1", [2, 2])],
                "2 chosen and 2 rejected answers with the id",
            ),
            (
                vec![
                    item(0, "t", "ref:1", [1, 2]),
                    item(1, "t", "ref:01", [1, 2]),
                ],
                "row 1 (t) by ties: the id ref:1 is that of row 0",
            ),
            (
                vec![item(0, "b-x", "1", [1, 2]), item(1, "b-y", "1", [1, 2])],
                "row 1 (b) by best-of-n: the id 1 is that of row 0",
            ),
        ] {
            let error = prepared(items, false, Some(&own)).unwrap_err().render();
            assert!(error.contains(says), "{error}");
            let is_repeated = says.contains("is that of row");
            assert_eq!(error.contains("remove the copy"), is_repeated, "{error}");
        }
        let mut tie = item(0, "x", "1", [1, 1]);
        tie.is_tie = true;
        let error = prepared(vec![tie.clone()], false, None).unwrap_err();
        assert!(error.render().contains("neither answer is better"));
        let text = "name = 'x'\nmetric = 'agreement'\n[subsets]\nx = 1";
        let own = Benchmark::parse(text, Path::new("x.toml")).unwrap();
        assert!(prepared(vec![tie], false, Some(&own)).is_ok());
        let error = prepared(vec![item(0, "b", "1", [1, 3])], false, None).unwrap_err();
        assert!(error.render().contains("--benchmark FILE.toml"));
    }
}
