//! Which columns of a benchmark's files are which.

use serde::Deserialize;

/// The table `[columns]` of a definition. A value is what `--map` takes: a column, a path into one
/// (`chosen.answer`), several of which the first that is there counts (`a|b`), or one that need
/// not be there (`a?`).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Columns {
    prompt: Option<String>,
    chosen: Option<String>,
    rejected: Option<String>,
    choices: Option<String>,
    label: Option<String>,
    tie: Option<String>,
    subset: Option<String>,
    id: Option<String>,
    /// What becomes of rows whose label says that no answer is better.
    ties: Option<Ties>,
    /// The subset of all rows, where no column says it.
    pub(super) subset_is: Option<String>,
    /// Whether the column `subset` only begins with the name of a subset.
    #[serde(default)]
    pub(super) subset_begins_with: bool,
}

/// As in `--map`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Ties {
    Drop,
    Keep,
}

impl Columns {
    /// # Errors
    /// A key that changes nothing beside another one.
    pub(super) fn check_effects(&self) -> Result<(), String> {
        let key = match (&self.subset_is, &self.subset) {
            (None, _) => return Ok(()),
            (_, Some(_)) => "subset",
            _ if self.subset_begins_with => "subset_begins_with",
            _ => return Ok(()),
        };
        Err(format!(
            "`columns.{key}` has no effect: with `columns.subset_is` all rows are of one subset; \
             remove one of the two"
        ))
    }

    /// As `--map` says it; `None` where all have their usual names.
    pub(super) fn map(&self) -> Result<Option<String>, String> {
        let named = [
            ("prompt", &self.prompt),
            ("chosen", &self.chosen),
            ("rejected", &self.rejected),
            ("choices", &self.choices),
            ("label", &self.label),
            ("tie", &self.tie),
            ("subset", &self.subset),
            ("id", &self.id),
        ];
        let mut parts = Vec::new();
        for (field, column) in named {
            let Some(column) = column else { continue };
            // Labels may have any letters but a comma.
            let (name, _) = column.split_once(':').unwrap_or((column, ""));
            let name = if field == "label" { name } else { column };
            if column.contains(',') || name.contains('=') {
                return Err(format!(
                    "key `columns.{field}`: `{column}` has a comma or an equals sign"
                ));
            }
            parts.push(format!("{field}={column}"));
        }
        match self.ties {
            Some(Ties::Drop) => parts.push("ties=drop".to_owned()),
            Some(Ties::Keep) => parts.push("ties=keep".to_owned()),
            None => {}
        }
        Ok(Some(parts.join(",")).filter(|map| !map.is_empty()))
    }
}
