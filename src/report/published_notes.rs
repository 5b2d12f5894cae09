//! What must be said of published columns: what stands beside what, whether it was reproduced, and
//! of every line that was not compared why.

use crate::comparison::published::{Counterpart, PublishedComparison, Standing};
use crate::report::run_report::{ModelReport, RunReport};

/// Nothing where no table was asked for.
pub(super) fn notes(report: &RunReport) -> Vec<String> {
    let models = report.models.iter();
    let asked = models.filter(|model| model.published != Counterpart::NotAsked);
    let of_model = |model: &ModelReport| match &model.published {
        Counterpart::NotAsked => Vec::new(),
        Counterpart::Nothing(why) => {
            vec![format!(
                "{}: nothing published beside it: {why}",
                model.name
            )]
        }
        Counterpart::Column(column) => of_column(model, column),
    };
    let notes: Vec<String> = asked.flat_map(of_model).collect();
    let is_shown = report.models.iter().any(|m| m.published.column().is_some());
    is_shown.then(marks).into_iter().chain(notes).collect()
}

fn marks() -> String {
    format!(
        "published: as printed, and measured minus published, of subsets in pairs: {} equal, {} \
         within the published measurements of this model, {} outside, {} other, where one table \
         alone has it; in parentheses what is not compared",
        Standing::Equal.mark(),
        Standing::WithinSpread.mark(),
        Standing::Outside.mark(),
        Standing::SpreadUnknown.mark()
    )
}

fn of_column(model: &ModelReport, column: &PublishedComparison) -> Vec<String> {
    let beside = format!("{} beside {} of {}", model.name, column.model, column.table);
    // With the right counts they may still be others.
    let same_pairs = if model.provenance.is_of_the_hub() || column.reproduction.pairs == 0 {
        ""
    } else {
        " (if the pairs, which are from files, are those of the published run: only their numbers \
         were compared)"
    };
    let mut notes = vec![format!("{beside}: {}{same_pairs}", column.reproduction)];
    let contracts = [&column.template, &model.provenance.contract];
    if let [Some(published), Some(measured)] = contracts
        && published != measured
    {
        notes.push(format!(
            "{beside}: published under the template {published}, measured under {measured}: not \
             the same texts"
        ));
    }
    notes.extend(
        column
            .note
            .iter()
            .map(|note| format!("{}: {note}", column.table)),
    );
    notes.extend(not_compared(column).map(|why| format!("{beside}: not compared: {why}")));
    notes
}

/// Lines that were not compared, by reason.
fn not_compared(column: &PublishedComparison) -> Option<String> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, beside) in column.lines() {
        let Some(why) = beside.why_not() else {
            continue;
        };
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, lines)) => lines.push(name),
            None => reasons.push((why, vec![name])),
        }
    }
    let texts: Vec<String> = reasons
        .iter()
        .map(|(why, lines)| format!("{} ({why})", lines.join(", ")))
        .collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}
