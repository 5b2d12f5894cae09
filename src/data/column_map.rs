//! Which column of a file is which: the field's own names, or those that `--map` gives.

use std::fmt;
use std::str::FromStr;

use crate::benchmark::Benchmark;
use crate::data::labels::Labels;
use crate::support::error::{Error, Result};

/// What a column can be used as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Subset,
    Id,
    Prompt,
    Chosen,
    Rejected,
    /// All answers in one list, where `label` is a list that has 1 for each chosen one.
    Choices,
    /// Which of two answers is better, where the columns of the answers do not say it.
    Label,
    /// Whether neither is, where that stands apart from the label.
    Tie,
}

impl Field {
    pub(crate) const ALL: [Self; 8] = [
        Self::Subset,
        Self::Id,
        Self::Prompt,
        Self::Chosen,
        Self::Rejected,
        Self::Choices,
        Self::Label,
        Self::Tie,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Subset => "subset",
            Self::Id => "id",
            Self::Prompt => "prompt",
            Self::Chosen => "chosen",
            Self::Rejected => "rejected",
            Self::Choices => "choices",
            Self::Label => "label",
            Self::Tie => "tie",
        }
    }
}

/// A column's place in `--map`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Place {
    /// Not in it: the column has the field's own name.
    #[default]
    Own,
    /// Given as nothing: not in use.
    Unused,
    /// The first of these that is there.
    Named {
        columns: Vec<String>,
        /// Whether one of them must be there.
        needed: bool,
    },
}

/// What becomes of rows whose label says that neither answer is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Ties {
    /// They are no pairs: an error.
    #[default]
    Refused,
    LeftOut,
    /// For a metric that asks whether the model finds them equal, too.
    Kept,
}

/// The columns in use, by name. By default `prompt`, `chosen`, `rejected`, `subset` and `id`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ColumnMap {
    /// As it was typed, for records.
    typed: String,
    places: [Place; Field::ALL.len()],
    labels: Option<Labels>,
    ties: Ties,
    /// Whether the prompt is what the texts of both answers begin with.
    extracts_prompt: bool,
}

impl ColumnMap {
    /// The columns that were typed, else those that the benchmark's definition names.
    pub(crate) fn or_of(typed: &Self, benchmark: Option<&Benchmark>) -> Result<Self> {
        match benchmark.and_then(Benchmark::columns) {
            Some(columns) if *typed == Self::default() => columns.parse().map_err(|why: String| {
                let name = benchmark.map_or("", |own| &own.name);
                let what = format!("failed to read the columns of benchmark: {name}");
                Error::bad_input(what).caused_by(why)
            }),
            _ => Ok(typed.clone()),
        }
    }

    /// The columns that are used as this: the first of them that is there.
    pub(crate) fn columns(&self, field: Field) -> &[String] {
        match &self.places[field as usize] {
            Place::Named { columns, .. } => columns,
            Place::Own | Place::Unused => &[],
        }
    }

    /// The same, with the field's own name.
    pub(crate) fn names_of(&self, field: Field) -> Vec<&str> {
        let own = self.is_own(field).then(|| field.name());
        let named = self.columns(field).iter().map(String::as_str);
        own.into_iter().chain(named).collect()
    }

    /// Whether the field's own name is in use.
    fn is_own(&self, field: Field) -> bool {
        let is_usual = match field {
            // Data with `chosen` and `rejected` may have any column called `label`.
            Field::Label => self.renames_answers(),
            Field::Choices | Field::Tie => false,
            // Answers in one list leave no meaning to the others.
            Field::Chosen | Field::Rejected => !self.names(Field::Choices),
            Field::Subset | Field::Id | Field::Prompt => true,
        };
        is_usual && self.places[field as usize] == Place::Own
    }

    /// The column that is used as this, if it is there.
    pub(crate) fn column(&self, field: Field) -> Option<&str> {
        self.names_of(field).into_iter().next()
    }

    /// The field that a column is used as.
    pub(crate) fn field(&self, column: &str) -> Option<Field> {
        let mut all = Field::ALL.into_iter();
        all.find(|field| self.names_of(*field).contains(&column))
    }

    /// How errors call a field: by its column.
    pub(crate) fn shown(&self, field: Field) -> String {
        let names = self.names_of(field);
        if names.is_empty() {
            field.name().to_owned()
        } else {
            names.join("` or `")
        }
    }

    /// Whether a column was named for it, which then must be there.
    pub(crate) fn names(&self, field: Field) -> bool {
        let place = &self.places[field as usize];
        matches!(place, Place::Named { needed: true, .. })
    }

    pub(crate) fn ties(&self) -> Ties {
        self.ties
    }

    pub(crate) fn extracts_prompt(&self) -> bool {
        self.extracts_prompt
    }

    /// Whether the answers' columns are other ones than `chosen` and `rejected`.
    pub(crate) fn renames_answers(&self) -> bool {
        let renamed = [Field::Chosen, Field::Rejected, Field::Choices];
        renamed
            .into_iter()
            .any(|field| !self.columns(field).is_empty())
    }

    /// Whether it was said which column is this, or that none is.
    pub(crate) fn says(&self, field: Field) -> bool {
        self.places[field as usize] != Place::Own
    }

    /// Which labels mean what, where it was said.
    pub(crate) fn labels(&self) -> Option<&Labels> {
        self.labels.as_ref()
    }

    /// As it was typed; `None` for the default.
    pub(crate) fn recorded(&self) -> Option<String> {
        Some(self.typed.clone()).filter(|typed| !typed.is_empty())
    }

    /// No column has two uses.
    fn check_doubled(&self) -> std::result::Result<(), String> {
        for (at, field) in Field::ALL.into_iter().enumerate() {
            for other in &Field::ALL[..at] {
                let names = self.names_of(field);
                let mut others = self.names_of(*other).into_iter();
                if let Some(column) = others.find(|name| names.contains(name)) {
                    let [one, two] = [other.name(), field.name()];
                    return Err(format!("column `{column}` would be {one} and {two}"));
                }
            }
        }
        Ok(())
    }

    fn set_named(&mut self, name: &str, column: &str) -> std::result::Result<(), String> {
        let known = Field::ALL.into_iter().find(|field| field.name() == name);
        let field = known.ok_or_else(|| {
            let names = Field::ALL.map(Field::name).join(", ");
            format!("`{name}` is none of: {names}")
        })?;
        self.set(field, column)
    }

    fn set(&mut self, field: Field, column: &str) -> std::result::Result<(), String> {
        let (column, labels) = match column.rsplit_once(':') {
            Some((column, values)) if field == Field::Label => (column, Some(values)),
            _ => (column, None),
        };
        if let Some(values) = labels {
            self.labels = Some(Labels::parse(values).ok_or(
                "labels are given as COLUMN:FIRST/SECOND or COLUMN:FIRST/SECOND/TIE, for example \
                 winner:a/b, all different; several of one meaning stand with | between them",
            )?);
        }
        let place = &mut self.places[field as usize];
        if *place != Place::Own {
            return Err(format!("`{}` is given twice", field.name()));
        }
        *place = if column.is_empty() {
            Place::Unused
        } else {
            let (columns, needed) = match column.strip_suffix('?') {
                Some(columns) => (columns, false),
                None => (column, true),
            };
            Place::Named {
                columns: columns.split('|').map(str::to_owned).collect(),
                needed,
            }
        };
        Ok(())
    }
}

impl FromStr for ColumnMap {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let mut map = Self {
            typed: text.to_owned(),
            ..Self::default()
        };
        for part in text.split(',') {
            let (name, column) = part
                .split_once('=')
                .ok_or_else(|| format!("`{part}` is not NAME=COLUMN"))?;
            match (name, column) {
                ("ties", "drop") => map.ties = Ties::LeftOut,
                ("ties", "keep") => map.ties = Ties::Kept,
                ("ties", _) => return Err(format!("ties={column}: drop or keep")),
                ("implicit-prompt", "extract") => map.extracts_prompt = true,
                ("implicit-prompt", _) => {
                    return Err(format!("implicit-prompt={column}: only extract is known"));
                }
                _ => map.set_named(name, column)?,
            }
        }
        for field in [Field::Chosen, Field::Rejected] {
            if map.column(field).is_none() && !map.names(Field::Choices) {
                return Err(format!("`{}` needs a column", field.name()));
            }
        }
        if map.ties != Ties::Refused && map.columns(Field::Label).is_empty() {
            return Err("ties= needs label=COLUMN, which says which rows are ties".to_owned());
        }
        let is_in_one_list = map.names(Field::Choices);
        if map.names(Field::Tie) && (is_in_one_list || map.columns(Field::Label).is_empty()) {
            return Err("tie=COLUMN needs two answers, and their label=COLUMN".to_owned());
        }
        map.check_doubled()?;
        Ok(map)
    }
}

impl fmt::Display for ColumnMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_their_own_names_or_those_that_are_given() {
        let none = ColumnMap::default();
        assert_eq!(
            (none.column(Field::Prompt), none.column(Field::Label)),
            (Some("prompt"), None)
        );
        let map: ColumnMap = "prompt=question,chosen=response 1,rejected=response 2,id="
            .parse()
            .unwrap();
        assert_eq!(map.field("response 1"), Some(Field::Chosen));
        assert_eq!((map.field("chosen"), map.field("id")), (None, None));
        // Answers of other names may come with a label of its own name.
        assert_eq!(map.field("label"), Some(Field::Label));
        assert!(map.recorded().is_some() && none.recorded().is_none());
        let label: ColumnMap = "chosen=a,rejected=b,label=who:A>B/B>A".parse().unwrap();
        assert_eq!(label.column(Field::Label), Some("who"));
        assert!(label.labels().is_some());
        let several: ColumnMap = "chosen=a.b|c,rejected=d,subset=x?,label=w,ties=drop"
            .parse()
            .unwrap();
        assert_eq!(several.names_of(Field::Chosen), ["a.b", "c"]);
        assert_eq!(several.shown(Field::Chosen), "a.b` or `c");
        assert!(several.ties() == Ties::LeftOut && !several.names(Field::Subset));
        let kept: ColumnMap = "chosen=a,rejected=b,label=w:0/1/2,ties=keep"
            .parse()
            .unwrap();
        assert_eq!(kept.ties(), Ties::Kept);
        let choices: ColumnMap = "choices=t.choices,label=t.labels".parse().unwrap();
        assert_eq!(choices.column(Field::Chosen), None);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (text, says) in [
            ("", "`` is not NAME=COLUMN"),
            ("prompt", "`prompt` is not NAME=COLUMN"),
            ("answer=x", "`answer` is none of: subset, id, prompt"),
            ("prompt=a,prompt=b", "`prompt` is given twice"),
            ("chosen=", "`chosen` needs a column"),
            (
                "prompt=chosen",
                "column `chosen` would be prompt and chosen",
            ),
            ("chosen=a,rejected=b,label=w:a", "COLUMN:FIRST/SECOND"),
            ("chosen=a,rejected=b,tie=w", "tie=COLUMN needs two answers"),
            ("choices=a,label=b,tie=w", "tie=COLUMN needs two answers"),
            ("label=w,ties=maybe", "ties=maybe: drop or keep"),
            ("chosen=a,rejected=b,ties=drop", "ties= needs label=COLUMN"),
            ("implicit-prompt=yes", "only extract is known"),
        ] {
            let error = text.parse::<ColumnMap>().unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
