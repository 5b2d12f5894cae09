//! All that was imported of one model: one file, or several with different items.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::scoring::imported::result_file::ResultFile;
use crate::scoring::imported::result_row::ResultRow;
use crate::scoring::run_dir::record::{ImportedFile, ImportedModel};
use crate::support::error::{Error, Result};

/// A model's rows.
pub(crate) struct ImportedColumn {
    pub(crate) name: String,
    pub(crate) record: ImportedModel,
    pub(super) rows: Vec<ResultRow>,
    /// The file and row of each item that has an id.
    seen: HashMap<(Option<String>, String), (PathBuf, usize)>,
}

/// The columns that files make, in the order of the first file of each. `named`: with the name that
/// was typed for the model.
///
/// # Errors
/// A file that does not name its model, and an item that two files of one model have.
pub(crate) fn columns(
    named: Vec<(Option<String>, ImportedFile, ResultFile)>,
) -> Result<Vec<ImportedColumn>> {
    let mut columns: Vec<ImportedColumn> = Vec::new();
    for (typed, record, file) in named {
        let name = typed.or_else(|| file.model.clone());
        let name = name.or_else(|| record.model_by_name());
        let name = name.filter(|name| !name.is_empty()).ok_or_else(|| {
            Error::usage(format!(
                "failed to name the model: {} does not say which it is of",
                record.path.display()
            ))
            .hint("name it: pairbench import NAME=FILE")
        })?;
        let at = columns.iter().position(|column| column.name == name);
        let at = at.unwrap_or_else(|| {
            columns.push(ImportedColumn::new(name));
            columns.len() - 1
        });
        columns[at].add(record, file)?;
    }
    Ok(columns)
}

impl ImportedColumn {
    fn new(name: String) -> Self {
        Self {
            name,
            record: ImportedModel::default(),
            rows: Vec::new(),
            seen: HashMap::new(),
        }
    }

    fn add(&mut self, record: ImportedFile, file: ResultFile) -> Result<()> {
        for (at, row) in file.rows.iter().enumerate() {
            let Some(id) = &row.id else { continue };
            let key = (row.subset.clone(), id.to_string());
            let here = (record.path.clone(), at);
            let Some((path, first)) = self.seen.insert(key, here) else {
                continue;
            };
            let subset = row.subset.as_deref().unwrap_or("(none)");
            return Err(Error::bad_input(format!(
                "failed to import results: {}",
                record.path.display()
            ))
            .caused_by(format!(
                "row {at}: id {id} of subset {subset} occurs twice, first in row {first} of {}",
                path.display()
            ))
            .hint(format!(
                "files of one model must have different items; name the second one otherwise: \
                 NAME=FILE ({} is taken)",
                self.name
            )));
        }
        let own = &mut self.record;
        own.model_type = own.model_type.take().or(file.model_type);
        own.chat_template = own.chat_template.take().or(file.chat_template);
        own.files.push(record);
        self.rows.extend(file.rows);
        Ok(())
    }
}
