//! CSV files of pairs, as RFC 4180 has them.

use std::path::Path;

use csv::{ReaderBuilder, StringRecord};

use crate::data::item::{Id, Message};
use crate::data::raw_row::{RawRow, missing_column};
use crate::support::error::{Error, Result};

/// Every cell is text: a column of digits must not become numbers, and an empty answer is an
/// answer.
pub(crate) fn rows(path: &Path, text: &str) -> Result<Vec<RawRow>> {
    let invalid = |what: String| {
        Error::bad_input(format!("failed to read pairs: {}: {what}", path.display()))
    };
    // The reader takes an open quote for a cell that ends with the file, and the rows in it would
    // be lost.
    if !text
        .bytes()
        .filter(|byte| *byte == b'"')
        .count()
        .is_multiple_of(2)
    {
        return Err(invalid("a quoted cell does not end".to_owned())
            .hint("the number of quotes is odd; write a quote in a cell as two"));
    }
    let records = records(text).map_err(|e| invalid(e.to_string()))?;
    let mut records = records.into_iter();
    let Some(header) = records.next().filter(|_| records.len() > 0) else {
        return Ok(Vec::new());
    };
    let names: Vec<&str> = header.iter().map(String::as_str).collect();
    let optional = |name: &str| match names.iter().filter(|found| **found == name).count() {
        0 | 1 => Ok(names.iter().position(|found| *found == name)),
        n => Err(invalid(format!("{n} columns `{name}`"))),
    };
    let needed = |name: &str| {
        optional(name).and_then(|at| at.ok_or_else(|| missing_column(path, name, &names)))
    };
    let [subset, id] = [optional("subset")?, optional("id")?];
    let [prompt, chosen, rejected] = [needed("prompt")?, needed("chosen")?, needed("rejected")?];
    let row = |(at, mut cells): (usize, Vec<String>)| {
        if cells.len() != names.len() {
            return Err(invalid(format!(
                "row {at} has {} cells, the header has {}",
                cells.len(),
                names.len()
            ))
            .hint("a cell with a comma or a line end stands in quotes"));
        }
        let mut cell = |column: usize| std::mem::take(&mut cells[column]);
        Ok(RawRow {
            subset: subset.map(&mut cell),
            id: id.map(&mut cell).map(Id::Text),
            prompt: vec![Message::new("user", &cell(prompt))],
            chosen: cell(chosen),
            rejected: cell(rejected),
        })
    };
    records.enumerate().map(row).collect()
}

/// The cells of every record; lines that are empty are none.
fn records(text: &str) -> csv::Result<Vec<Vec<String>>> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let cells = |record: StringRecord| record.iter().map(str::to_owned).collect();
    reader.records().map(|record| record.map(cells)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_text_and_every_row_is_whole() {
        let read = |text: &str| rows(Path::new("x.csv"), text);
        let long = "x".repeat(10_000);
        let found = read(&format!(
            "id,prompt,chosen,rejected\r\n01,\"a, \"\"b\"\"\nc\",,null\r\n\n2,{long},é,r"
        ))
        .unwrap();
        assert_eq!(
            (
                found.len(),
                found[0].id.clone(),
                found[0].prompt[0].content.as_str()
            ),
            (2, Some(Id::Text("01".to_owned())), "a, \"b\"\nc")
        );
        assert_eq!(
            (found[0].chosen.as_str(), found[0].rejected.as_str()),
            ("", "null")
        );
        assert_eq!(
            (found[1].chosen.as_str(), &found[1].prompt[0].content),
            ("é", &long)
        );
        for (text, says) in [
            (
                "prompt,chosen,rejected\na,b,c\nd,e\n",
                "x.csv: row 1 has 2 cells, the header has 3",
            ),
            (
                "prompt,chosen,rejected\na,b,c\nd,\"e,f\n",
                "a quoted cell does not end",
            ),
            (
                "prompt,chosen,chosen,rejected\na,b,c,d\n",
                "2 columns `chosen`",
            ),
            ("prompt,chosen\na,b\n", "no column `rejected`"),
        ] {
            let error = read(text).err().unwrap().to_string();
            assert!(error.contains(says), "{error}");
        }
        assert!(
            read("").unwrap().is_empty() && read("prompt,chosen,rejected\n").unwrap().is_empty()
        );
    }
}
