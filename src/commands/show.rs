//! `pairbench show`: pairs of a finished run in full, with what its models said of them.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use crate::commands::named_run::{NamedRun, check_model};
use crate::commands::output::OutputFormat;
use crate::data::recorded_file;
use crate::data::selection::subset_globs;
use crate::data::{self, Item};
use crate::metrics::calibration::Margins;
use crate::report::{Answer, Cut, End, PairPage, ShownPair, Style, pairs_json, pairs_text};
use crate::scoring::run_dir::RunDir;
use crate::scoring::{ScoredItem, Verdict};
use crate::support::count::{count, plural};
use crate::support::error::{Error, ErrorKind, Result};
use crate::text::Side;
use crate::text::contract::InputContract;

/// Which pairs of which run.
#[derive(Debug)]
pub struct ShowRequest {
    /// `DIR[:MODEL]`
    pub(crate) run: String,
    /// Whose answers; all models where there are none.
    pub(crate) models: Vec<String>,
    /// Patterns, of which a subset must match one where there are any.
    pub(crate) subsets: Vec<String>,
    pub(crate) pick: Pick,
    /// The most pairs that are shown.
    pub(crate) limit: usize,
    /// The files that were scored, where they lie elsewhere now.
    pub(crate) data: Vec<PathBuf>,
    pub(crate) format: OutputFormat,
}

/// Which pairs, in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pick {
    /// Every pair, in the order of the data.
    All,
    Id(String),
    Row(usize),
    /// Pairs that one of the models shown gets wrong, in the order of the data.
    Wrong,
    /// The same, the model that is most sure of it first.
    Sure,
}

/// A model of the run, whose answers are shown.
struct Model<'a> {
    name: &'a str,
    contract: Option<InputContract>,
    /// The root mean square of its margins: models have margins of different scales.
    scale: f64,
}

/// A pair with each model's answer.
type Row<'a> = Vec<(&'a Model<'a>, &'a ScoredItem)>;

pub(crate) fn show(request: &ShowRequest) -> Result<String> {
    let NamedRun { dir, model } = NamedRun::open(request.run.as_ref())?;
    if let (Some(model), [other, ..]) = (&model, request.models.as_slice()) {
        return Err(Error::usage(format!(
            "failed to choose the model: {} names {model}, and --model {other}",
            request.run
        ))
        .hint("name models in one of the two ways"));
    }
    let wanted: Vec<&String> = request.models.iter().chain(&model).collect();
    for name in &wanted {
        check_model(&dir, name)?;
    }
    let scored: Vec<(Model, &[ScoredItem])> = dir
        .models
        .iter()
        .filter(|(name, _)| wanted.is_empty() || wanted.contains(&name))
        .map(|(name, scored)| (Model::new(&dir, name, scored), scored.as_slice()))
        .collect();
    let mut rows = select(&scored, request)?;
    let of = rows.len();
    rows.truncate(request.limit);
    let texts = texts(&dir, &request.data)?;
    let page = PairPage {
        run: dir.path.display().to_string(),
        what: request.pick.what(of),
        of,
        pairs: rows
            .iter()
            .map(|row| shown(row, &texts))
            .collect::<Result<_>>()?,
    };
    Ok(match request.format {
        OutputFormat::Text => pairs_text(&page, Style::of_stdout()),
        OutputFormat::Json => pairs_json(&page),
    })
}

impl Pick {
    /// What so many pairs are, in words.
    fn what(&self, n: usize) -> String {
        let pairs = plural(n, "pair");
        match self {
            Self::All => pairs,
            Self::Id(id) => format!("{pairs} with the id {id}"),
            Self::Row(row) => format!("{pairs} in row {row}"),
            Self::Wrong => format!("{pairs} with a wrong verdict"),
            Self::Sure => format!("{pairs} with a wrong verdict, the surest first"),
        }
    }
}

impl<'a> Model<'a> {
    fn new(dir: &RunDir, name: &'a str, scored: &[ScoredItem]) -> Self {
        let record = dir.record.models.iter().find(|model| model.name == name);
        Self {
            name,
            contract: record.and_then(|model| Some(model.source.facts()?.template)),
            scale: Margins::of(scored).size().max(f64::MIN_POSITIVE),
        }
    }

    /// How sure it is of a wrong verdict, in units of its margins; `None` where it is not wrong.
    fn error_size(&self, item: &ScoredItem) -> Option<f64> {
        let is_wrong = item.verdict() == Verdict::Wrong;
        is_wrong.then(|| f64::from(item.margin().abs()) / self.scale)
    }
}

/// The rows that are asked for, in their order.
fn select<'a>(
    models: &'a [(Model<'a>, &'a [ScoredItem])],
    request: &ShowRequest,
) -> Result<Vec<Row<'a>>> {
    let mut by_row: BTreeMap<usize, Row> = BTreeMap::new();
    for (model, scored) in models {
        for item in *scored {
            by_row.entry(item.row).or_default().push((model, item));
        }
    }
    let known = by_row.values().map(|row| row[0].1.subset.as_str());
    let globs = subset_globs(&request.subsets, &known.collect())?;
    let mut rows: Vec<Row> = by_row
        .into_values()
        .filter(|row| globs.is_empty() || globs.is_match(&row[0].1.subset))
        .collect();
    if rows.is_empty() {
        return Err(no_subset(models));
    }
    match &request.pick {
        Pick::All => {}
        Pick::Row(wanted) => only(&mut rows, request, |item| item.row == *wanted)?,
        Pick::Id(wanted) => only(&mut rows, request, |item| {
            item.id.as_ref().is_some_and(|id| id.to_string() == *wanted)
        })?,
        Pick::Wrong => rows.retain(|row| worst_error(row).is_some()),
        Pick::Sure => {
            rows.retain(|row| worst_error(row).is_some());
            // Stable: equal ones stay in the order of the data.
            rows.sort_by(|a, b| {
                let [a, b] = [a, b].map(|row| worst_error(row).unwrap_or(0.0));
                b.total_cmp(&a)
            });
        }
    }
    Ok(rows)
}

/// How sure the surest model is that is wrong; `None` where none is.
fn worst_error(row: &Row) -> Option<f64> {
    let sizes = row
        .iter()
        .filter_map(|(model, item)| model.error_size(item));
    sizes.max_by(f64::total_cmp)
}

/// Keeps the rows that are named; there is at least one.
fn only(
    rows: &mut Vec<Row>,
    request: &ShowRequest,
    is_it: impl Fn(&ScoredItem) -> bool,
) -> Result<()> {
    let (first, last) = (rows[0][0].1, rows[rows.len() - 1][0].1);
    let there_is = match (&request.pick, &first.id) {
        (Pick::Id(_), None) => "the pairs have no ids: use --row".to_owned(),
        (Pick::Id(_), Some(id)) => format!("the first pair has the id {id}"),
        _ if rows.len() == last.row + 1 - first.row => {
            format!("rows from {} to {} were scored", first.row, last.row)
        }
        _ => format!(
            "{} between {} and {} were scored",
            count(rows.len(), "row"),
            first.row,
            last.row
        ),
    };
    rows.retain(|row| is_it(row[0].1));
    if rows.is_empty() {
        let what = format!("failed to find {}: {}", request.pick.what(1), request.run);
        return Err(Error::usage(what).hint(there_is));
    }
    Ok(())
}

fn no_subset(models: &[(Model, &[ScoredItem])]) -> Error {
    let items = models.iter().flat_map(|(_, scored)| *scored);
    let mut subsets: Vec<&str> = items.map(|item| item.subset.as_str()).collect();
    subsets.sort_unstable();
    subsets.dedup();
    subsets.truncate(30);
    Error::usage("failed to select pairs: no subset matches")
        .hint(format!("the run has the subsets: {}", subsets.join(", ")))
}

/// The pairs by row, from the files that were scored.
fn texts(dir: &RunDir, given: &[PathBuf]) -> Result<HashMap<usize, Item>> {
    let failed = |why: String| {
        let what = format!("failed to read the texts of run: {}", dir.path.display());
        Error::new(ErrorKind::Unavailable, what)
            .caused_by(why)
            .hint(if dir.record.data.is_empty() {
                "import them again with the files that were scored: --data FILE"
            } else {
                "give the files that were scored: --data FILE"
            })
    };
    let files = recorded_file::find(&dir.record.data, given).map_err(failed)?;
    let map = recorded_file::column_map(&dir.record.data).map_err(failed)?;
    let items = data::load(&files, &map)?;
    Ok(items.into_iter().map(|item| (item.row, item)).collect())
}

fn shown(row: &Row, texts: &HashMap<usize, Item>) -> Result<ShownPair> {
    let (_, first) = row[0];
    let item = texts.get(&first.row).ok_or_else(|| {
        Error::bad_input(format!(
            "failed to read run: verdicts.parquet has row {}, the data has {} rows",
            first.row,
            texts.len()
        ))
    })?;
    // A file of another name may give its subset another name.
    let item = Item {
        subset: first.subset.clone(),
        ..item.clone()
    };
    let answer = |(model, scored): &(&Model, &ScoredItem)| Answer {
        model: model.name.to_owned(),
        outcome: scored.outcome.clone(),
        verdict: scored.verdict(),
        cuts: cuts(scored, model.contract),
    };
    Ok(ShownPair {
        item,
        answers: row.iter().map(answer).collect(),
    })
}

/// What truncation removed from prompt, chosen and rejected answer.
fn cuts(item: &ScoredItem, contract: Option<InputContract>) -> [Cut; 3] {
    let [source, chosen, rejected] = item.outcome.cuts();
    let end = |side: fn(InputContract) -> Side| match contract.map(side) {
        Some(Side::Left) => End::Start,
        _ => End::End,
    };
    let (prompt, answer) = (
        end(InputContract::source_side),
        end(InputContract::answer_side),
    );
    [(source, prompt), (chosen, answer), (rejected, answer)]
        .map(|(tokens, from)| Cut { tokens, from })
}
