//! Which column of a file is which: the field's own names, or those that `--map` gives.

use std::fmt;
use std::str::FromStr;

/// What a column can be used as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Subset,
    Id,
    Prompt,
    Chosen,
    Rejected,
    /// Which of two answers is better, where the columns of the answers do not say it.
    Label,
}

impl Field {
    pub(crate) const ALL: [Self; 6] = [
        Self::Subset,
        Self::Id,
        Self::Prompt,
        Self::Chosen,
        Self::Rejected,
        Self::Label,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Subset => "subset",
            Self::Id => "id",
            Self::Prompt => "prompt",
            Self::Chosen => "chosen",
            Self::Rejected => "rejected",
            Self::Label => "label",
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
    Named(String),
}

/// The columns in use, by name. By default `prompt`, `chosen`, `rejected`, `subset` and `id`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ColumnMap {
    /// As it was typed, for records.
    typed: String,
    places: [Place; Field::ALL.len()],
    /// The labels of rows whose first answer, and whose second answer, is better.
    winners: Option<[String; 2]>,
}

impl ColumnMap {
    /// The column that is used as this, if it is there.
    pub(crate) fn column(&self, field: Field) -> Option<&str> {
        match &self.places[field as usize] {
            // Data with `chosen` and `rejected` may have any column called `label`.
            Place::Own if field == Field::Label && !self.renames_answers() => None,
            Place::Own => Some(field.name()),
            Place::Unused => None,
            Place::Named(column) => Some(column),
        }
    }

    /// The field that a column is used as.
    pub(crate) fn field(&self, column: &str) -> Option<Field> {
        Field::ALL
            .into_iter()
            .find(|field| self.column(*field) == Some(column))
    }

    /// How errors call a field: by its column.
    pub(crate) fn shown(&self, field: Field) -> &str {
        self.column(field).unwrap_or(field.name())
    }

    /// Whether a column was named for it, which then must be there.
    pub(crate) fn names(&self, field: Field) -> bool {
        matches!(self.places[field as usize], Place::Named(_))
    }

    /// Whether the answers' columns are other ones than `chosen` and `rejected`.
    pub(crate) fn renames_answers(&self) -> bool {
        self.names(Field::Chosen) || self.names(Field::Rejected)
    }

    /// Whether it was said which column names the winner, or that none does.
    pub(crate) fn says_label(&self) -> bool {
        self.places[Field::Label as usize] != Place::Own
    }

    pub(crate) fn winners(&self) -> Option<&[String; 2]> {
        self.winners.as_ref()
    }

    /// As it was typed; `None` for the default.
    pub(crate) fn recorded(&self) -> Option<String> {
        Some(self.typed.clone()).filter(|typed| !typed.is_empty())
    }

    fn set(&mut self, field: Field, column: &str) -> Result<(), String> {
        let (column, winners) = match column.rsplit_once(':') {
            Some((column, values)) if field == Field::Label => (column, Some(values)),
            _ => (column, None),
        };
        if let Some(values) = winners {
            let (first, second) = values
                .split_once('/')
                .filter(|(first, second)| !first.is_empty() && first != second)
                .ok_or("a label is given as COLUMN:FIRST/SECOND, for example winner:a/b")?;
            self.winners = Some([first.to_owned(), second.to_owned()]);
        }
        let place = &mut self.places[field as usize];
        if *place != Place::Own {
            return Err(format!("`{}` is given twice", field.name()));
        }
        *place = if column.is_empty() {
            Place::Unused
        } else {
            Place::Named(column.to_owned())
        };
        Ok(())
    }
}

impl FromStr for ColumnMap {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut map = Self {
            typed: text.to_owned(),
            ..Self::default()
        };
        for part in text.split(',') {
            let (name, column) = part
                .split_once('=')
                .ok_or_else(|| format!("`{part}` is not NAME=COLUMN"))?;
            let known = Field::ALL.into_iter().find(|field| field.name() == name);
            let field = known.ok_or_else(|| {
                let names = Field::ALL.map(Field::name).join(", ");
                format!("`{name}` is none of: {names}")
            })?;
            map.set(field, column)?;
        }
        for field in [Field::Chosen, Field::Rejected] {
            if map.column(field).is_none() {
                return Err(format!("`{}` needs a column", field.name()));
            }
        }
        for (at, field) in Field::ALL.into_iter().enumerate() {
            let others = || {
                Field::ALL[..at]
                    .iter()
                    .filter(|other| map.column(**other).is_some())
            };
            if let Some(other) = others().find(|other| map.column(**other) == map.column(field)) {
                let column = map.shown(field);
                let [one, two] = [other.name(), field.name()];
                return Err(format!("column `{column}` would be {one} and {two}"));
            }
        }
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
        assert_eq!(label.winners().unwrap(), &["A>B", "B>A"]);
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
            ("chosen=a,rejected=b,label=w:a/a", "COLUMN:FIRST/SECOND"),
        ] {
            let error = text.parse::<ColumnMap>().unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
