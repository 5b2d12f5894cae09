//! The columns of `verdicts.parquet` for items with more than two answers; null in rows of pairs.

use polars::prelude::*;

use crate::data::Comparisons;
use crate::scoring::several::{ComparedAnswers, ScoredAnswers};
use crate::scoring::verdict::{Outcome, ScoredItem};

/// A row of the file: a model's name, and what the model said.
pub(super) type ModelRow<'a> = (&'a str, &'a ScoredItem);

/// How many of the answers are chosen ones.
pub(super) fn answers(rows: &[ModelRow]) -> Column {
    let chosen = |(_, item): &ModelRow| {
        let outcome = Some(&item.outcome).filter(|outcome| outcome.is_several());
        outcome.map(|outcome| i64::try_from(outcome.chosen()).unwrap_or(i64::MAX))
    };
    Column::new(
        "answers_chosen".into(),
        rows.iter().map(chosen).collect::<Vec<_>>(),
    )
}

/// The score of every answer, the chosen ones first; null where there is none.
pub(super) fn scores(rows: &[ModelRow]) -> Column {
    lists("scores", rows, |outcome| {
        let scores = outcome.scores().filter(|_| outcome.is_several())?;
        Some(scores.into_iter().map(Some).collect())
    })
}

/// The square of logits of a pairwise head, row by row: null where two answers were not read.
pub(super) fn logits(rows: &[ModelRow]) -> Column {
    lists("logits", rows, |outcome| match outcome {
        Outcome::Compared(several) => Some(several.logits.clone()),
        _ => None,
    })
}

/// Which answers were read against each other.
pub(super) fn compared(rows: &[ModelRow]) -> Column {
    let name = |(_, item): &ModelRow| match &item.outcome {
        Outcome::Compared(several) => Some(several.comparisons.name()),
        _ => None,
    };
    Column::new("compared".into(), rows.iter().map(name).collect::<Vec<_>>())
}

/// Of all rows.
pub(super) fn tokens(outcome: &Outcome) -> Option<usize> {
    match outcome {
        Outcome::Compared(several) => Some(several.tokens),
        Outcome::Scored(several) => Some(several.tokens),
        _ => None,
    }
}

/// What a list of numbers is of.
type List = fn(&Outcome) -> Option<Vec<Option<f32>>>;

fn lists(name: &str, rows: &[ModelRow], get: List) -> Column {
    let mut column = ListPrimitiveChunkedBuilder::<Float32Type>::new(
        name.into(),
        rows.len(),
        0,
        DataType::Float32,
    );
    for (_, item) in rows {
        match get(&item.outcome) {
            Some(list) => column.append_iter(list.into_iter()),
            None => column.append_null(),
        }
    }
    column.finish().into_column()
}

/// The columns, as far as a file has them: those of older versions have none.
pub(super) struct Several {
    chosen: Vec<Option<i64>>,
    scores: Vec<Option<Vec<Option<f32>>>>,
    logits: Vec<Option<Vec<Option<f32>>>>,
    compared: Vec<Option<String>>,
    tokens: Vec<Option<i64>>,
}

impl Several {
    pub(super) fn read(frame: &DataFrame) -> PolarsResult<Self> {
        if frame.column("answers_chosen").is_err() {
            let rows = frame.height();
            return Ok(Self {
                chosen: vec![None; rows],
                scores: vec![None; rows],
                logits: vec![None; rows],
                compared: vec![None; rows],
                tokens: vec![None; rows],
            });
        }
        let numbers = |name: &str| {
            let column = frame.column(name)?.i64()?;
            PolarsResult::Ok(column.iter().collect::<Vec<_>>())
        };
        let names = frame.column("compared")?.str()?.iter();
        Ok(Self {
            chosen: numbers("answers_chosen")?,
            scores: read_lists(frame, "scores")?,
            logits: read_lists(frame, "logits")?,
            compared: names.map(|name| name.map(str::to_owned)).collect(),
            tokens: numbers("tokens")?,
        })
    }

    /// What a row says of several answers; `None` where it is of a pair.
    pub(super) fn outcome(&self, at: usize, cuts: [usize; 3]) -> Result<Option<Outcome>, String> {
        let Some(chosen) = self.chosen[at] else {
            return Ok(None);
        };
        let count = |n: i64| usize::try_from(n).map_err(|_| "a negative count".to_owned());
        let chosen = count(chosen)?;
        // Imported scores have no tokens.
        let tokens = self.tokens[at].map_or(Ok(0), count)?;
        let Some(logits) = &self.logits[at] else {
            let scores = self.scores[at].clone().ok_or("neither scores nor logits")?;
            let scored = ScoredAnswers::checked(chosen, scores, tokens, cuts)?;
            return Ok(Some(Outcome::Scored(scored)));
        };
        let compared = self.compared[at]
            .as_deref()
            .and_then(Comparisons::from_name);
        let compared = compared.ok_or("logits without what was compared")?;
        let found = ComparedAnswers::checked(chosen, compared, logits.clone(), tokens, cuts)?;
        let outcome = Outcome::Compared(found);
        let written = self.scores[at].clone();
        let own = outcome
            .scores()
            .map(|own| own.into_iter().map(Some).collect::<Vec<_>>());
        if bits(written.as_deref()) == bits(own.as_deref()) {
            Ok(Some(outcome))
        } else {
            Err("the scores are not those that the logits give".to_owned())
        }
    }
}

/// Equal where the numbers are, NaN included.
fn bits(list: Option<&[Option<f32>]>) -> Option<Vec<Option<u32>>> {
    let bits = |own: f32| if own.is_nan() { f32::NAN } else { own }.to_bits();
    list.map(|list| list.iter().map(|own| own.map(bits)).collect())
}

fn read_lists(frame: &DataFrame, name: &str) -> PolarsResult<Vec<Option<Vec<Option<f32>>>>> {
    let lists = frame.column(name)?.list()?.clone();
    let one = |at: usize| {
        let Some(list) = lists.get_as_series(at) else {
            return Ok(None);
        };
        Ok(Some(list.f32()?.iter().collect()))
    };
    (0..lists.len()).map(one).collect()
}
