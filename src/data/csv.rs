//! CSV and TSV files of pairs, strictly by RFC 4180.
//!
//! Lenient readers guess where a cell in quotes ends, and other texts are scored than the ones that
//! were written. Here a quote that stands where RFC 4180 allows none is refused, with its row.
//! Lines may end in LF, CRLF or CR, and lines that are empty are no records.

use crate::data::cell::{Cell, Cells};
use crate::data::column_map::Field;
use crate::data::preference;
use crate::data::raw_row::{RawRow, Source};
use crate::support::count::count;
use crate::support::error::{Error, Result};

/// Every cell is text: a column of digits must not become numbers, and an empty answer is an
/// answer.
pub(crate) fn rows(source: Source, text: &str, delimiter: char) -> Result<Vec<RawRow>> {
    let mut records = Records {
        source,
        rest: text,
        delimiter,
        line: 1,
        read: 0,
    };
    let Some(header) = records.next().transpose()? else {
        return Ok(Vec::new());
    };
    let header = header.cells;
    let mut fields = Vec::new();
    for field in Field::ALL {
        for name in source.map.names_of(field) {
            let count = header.iter().filter(|found| *found == name).count();
            if count > 1 {
                return Err(source.bad(&format!("{count} columns `{name}`")));
            }
            if let Some(at) = header.iter().position(|found| found == name) {
                fields.push((field, at));
                break;
            }
        }
    }
    let id = fields
        .iter()
        .find(|(field, _)| *field == Field::Id)
        .map(|(_, at)| *at);
    let row = |(at, record): (usize, Result<Record>)| {
        let mut record = record?;
        record.check(source, at, &header, id, delimiter)?;
        let mut cells = Cells::default();
        for (field, column) in &fields {
            let text = std::mem::take(&mut record.cells[*column]);
            cells.set(*field, Cell::Text(text));
        }
        preference::row(source, at, cells, &|| header.clone(), at == 0)
    };
    records.enumerate().map(row).collect()
}

/// A record, and where it stands.
struct Record<'a> {
    cells: Vec<String>,
    /// Its lines, as they are written.
    text: &'a str,
    /// Its first line, from 1.
    line: usize,
}

impl Record<'_> {
    fn check(
        &self,
        source: Source,
        at: usize,
        header: &[String],
        id: Option<usize>,
        delimiter: char,
    ) -> Result<()> {
        let bad = |what: &str| source.bad(&format!("row {at} (line {}) {what}", self.line));
        if self.cells.iter().all(|cell| cell.trim().is_empty()) {
            return Err(bad("is empty").hint("remove it"));
        }
        let is_alike =
            |(cell, name): (&String, &String)| cell.trim().eq_ignore_ascii_case(name.trim());
        if self.cells.len() == header.len() && self.cells.iter().zip(header).all(is_alike) {
            return Err(bad("is the header again").hint("remove it"));
        }
        let (found, wanted) = (self.cells.len(), header.len());
        if found != wanted {
            let what = format!("has {}, the header has {wanted}", count(found, "cell"));
            return Err(bad(&what).hint("a cell with a comma or a line end stands in quotes"));
        }
        if id.is_some_and(|id| self.holds_records(id, wanted, delimiter)) {
            let what = "has records within a cell in quotes";
            return Err(
                bad(what).hint("a quote was opened too much; write a quote in a cell as two")
            );
        }
        Ok(())
    }

    /// Whether each of its lines would be a record with a number as its id, were it not for the
    /// quotes: then a quote was opened by mistake, and another one closed it records later.
    fn holds_records(&self, id: usize, cells: usize, delimiter: char) -> bool {
        let is_number = |cell: &str| !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit());
        let is_record = |line: &str| {
            let found: Vec<&str> = line.split(delimiter).collect();
            found.len() == cells && is_number(found[id])
        };
        let mut lines = self.text.lines();
        lines.clone().count() > 1 && lines.all(is_record)
    }
}

/// The records of a text.
struct Records<'a> {
    source: Source<'a>,
    rest: &'a str,
    delimiter: char,
    /// The line in which `rest` begins, from 1.
    line: usize,
    /// Records so far, with the header.
    read: usize,
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.skip_line_end() {}
        if self.rest.is_empty() {
            return None;
        }
        let record = self.record();
        self.read += 1;
        Some(record)
    }
}

impl<'a> Records<'a> {
    fn record(&mut self) -> Result<Record<'a>> {
        let (from, line) = (self.rest, self.line);
        let mut cells = Vec::new();
        loop {
            let cell = if self.rest.starts_with('"') {
                self.quoted()?
            } else {
                self.plain()?
            };
            cells.push(cell);
            match self.rest.strip_prefix(self.delimiter) {
                Some(rest) => self.rest = rest,
                None => break,
            }
        }
        let text = &from[..from.len() - self.rest.len()];
        self.skip_line_end();
        Ok(Record { cells, text, line })
    }

    /// A cell without quotes around it: a quote in it is text, but for one that spaces precede.
    fn plain(&mut self) -> Result<String> {
        let ends = |c: char| c == self.delimiter || c == '\n' || c == '\r';
        let (cell, rest) = self
            .rest
            .split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
        if cell.trim_start().starts_with('"') {
            return Err(self
                .bad(self.line, "has a space before a quote")
                .hint("a quote that opens a cell stands at its start; remove the space"));
        }
        self.rest = rest;
        Ok(cell.to_owned())
    }

    /// A cell in quotes: two quotes are one, one ends it.
    fn quoted(&mut self) -> Result<String> {
        let opened = self.line;
        let mut cell = String::new();
        let mut rest = &self.rest[1..];
        loop {
            let Some(at) = rest.find('"') else {
                return Err(self
                    .bad(opened, "has a quoted cell that does not end")
                    .hint("write a quote in a cell as two"));
            };
            cell.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            match rest.strip_prefix('"') {
                Some(after) => rest = after,
                None => break,
            }
            cell.push('"');
        }
        self.rest = rest;
        self.line += lines(&cell);
        let ends = |c: char| c == self.delimiter || c == '\n' || c == '\r';
        if !rest.is_empty() && !rest.starts_with(ends) {
            let shown: String = rest.chars().take_while(|c| !ends(*c)).take(20).collect();
            return Err(self
                .bad(opened, &format!("has text after a closing quote: {shown}"))
                .hint(
                    "RFC 4180: write a quote in a cell as two, not with a backslash, and quote the \
                 whole cell",
                ));
        }
        Ok(cell)
    }

    /// Whether there was one.
    fn skip_line_end(&mut self) -> bool {
        let found = ["\r\n", "\n", "\r"]
            .iter()
            .find_map(|end| self.rest.strip_prefix(end));
        if let Some(rest) = found {
            self.rest = rest;
            self.line += 1;
        }
        found.is_some()
    }

    fn bad(&self, line: usize, what: &str) -> Error {
        let place = match self.read.checked_sub(1) {
            Some(row) => format!("row {row}"),
            None => "the header".to_owned(),
        };
        self.source.bad(&format!("{place} (line {line}) {what}"))
    }
}

/// Line ends within a text.
fn lines(text: &str) -> usize {
    let crlf = text.matches("\r\n").count();
    text.matches(['\n', '\r']).count() - crlf
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::data::column_map::ColumnMap;
    use crate::data::item::Id;

    fn read(text: &str, delimiter: char) -> Result<Vec<RawRow>> {
        let map = ColumnMap::default();
        let source = Source {
            path: Path::new("x.csv"),
            map: &map,
        };
        rows(source, text, delimiter)
    }

    #[test]
    fn every_cell_is_text_and_every_row_is_whole() {
        let long = "x".repeat(10_000);
        let found = read(
            &format!("id,prompt,chosen,rejected\r\n01,\"a, \"\"b\"\"\nc\",,null\r\n\n2,{long},é,r"),
            ',',
        )
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
            (found[0].chosen.only(), found[0].rejected.only()),
            (Some(""), Some("null"))
        );
        assert_eq!(
            (found[1].chosen.only(), &found[1].prompt[0].content),
            (Some("é"), &long)
        );
        assert!(read("", ',').unwrap().is_empty());
        assert!(read("prompt,chosen,rejected\n", ',').unwrap().is_empty());
    }

    /// What the `csv` crate reads of files that RFC 4180 allows, cell by cell.
    #[test]
    fn legal_files_are_read_as_the_csv_crate_reads_them() {
        let pieces = [
            "a",
            "\"\"",
            "5\" or so",
            "\"b,\"\"c\"\"\nd\"",
            "\"\r\n\"",
            "é",
            "",
            " x ",
        ];
        let ends = ["\n", "\r\n", "\n\n", "\r"];
        let mut random = fastrand::Rng::with_seed(4);
        for _ in 0..500 {
            let mut text = "prompt,chosen,rejected\n".to_owned();
            for _ in 0..random.usize(1..5) {
                let mut cell = || pieces[random.usize(..pieces.len())];
                let cells = ["p", cell(), cell()];
                text += &(cells.join(",") + ends[random.usize(..ends.len())]);
            }
            let mut reader = ::csv::ReaderBuilder::new().from_reader(text.as_bytes());
            let expected = reader.records().map(|record| record.unwrap());
            let expected: Vec<[String; 2]> = expected
                .map(|record| [record[1].to_owned(), record[2].to_owned()])
                .collect();
            let found = read(&text, ',').unwrap();
            let found: Vec<[String; 2]> = found
                .into_iter()
                .map(|row| [row.chosen, row.rejected].map(|own| own.only().unwrap().to_owned()))
                .collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn what_rfc_4180_does_not_allow_is_refused_by_row_and_line() {
        let header = "id,prompt,chosen,rejected\n";
        for (body, says) in [
            (
                "1,a,b,c\n2,d,e\n",
                "row 1 (line 3) has 3 cells, the header has 4",
            ),
            (
                "1,a,\"b\"c,d\n",
                "row 0 (line 2) has text after a closing quote: c",
            ),
            (
                "1,a,\"b\" ,d\n",
                "row 0 (line 2) has text after a closing quote",
            ),
            (
                "1,a, \"b\",d\n",
                "row 0 (line 2) has a space before a quote",
            ),
            (
                "1,a,\"b \\\"c\\\"\",d\n",
                "row 0 (line 2) has text after a closing quote: c",
            ),
            (
                "1,a,b,\"c\nd\n",
                "row 0 (line 2) has a quoted cell that does not end",
            ),
            (
                "1,a,\"b\nc\",d\n2,\"e\n\"f,g,h",
                "row 1 (line 4) has text after a closing quote: f",
            ),
            (
                "1,a,\"b,c\n2,d,\"e,f\n3,g,h,i\n",
                "row 0 (line 2) has text after a closing quote",
            ),
            (
                "1,a,\"b,c\n2,d,e\",f\n",
                "row 0 (line 2) has records within a cell in quotes",
            ),
            ("1,a,b,c\n,,,\n", "row 1 (line 3) is empty"),
            ("1,a,b,c\n\"\", ,,\n", "row 1 (line 3) is empty"),
            (
                "1,a,b,c\nid,prompt,chosen,rejected\n",
                "row 1 (line 3) is the header again",
            ),
        ] {
            let error = read(&format!("{header}{body}"), ',')
                .unwrap_err()
                .to_string();
            assert!(error.contains(says), "{body:?}: {error}");
        }
        for (text, says) in [
            (
                "prompt,chosen,chosen,rejected\na,b,c,d\n",
                "2 columns `chosen`",
            ),
            ("prompt,chosen\na,b\n", "no column `rejected`"),
            (
                "\"prompt\"s,chosen\na,b\n",
                "the header (line 1) has text after a closing quote",
            ),
        ] {
            let error = read(text, ',').unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn tabs_divide_cells_where_they_are_the_delimiter() {
        let found = read("prompt\tchosen\trejected\na, b\t\"c\td\"\te\n", '\t').unwrap();
        assert_eq!(found[0].prompt[0].content, "a, b");
        assert_eq!(found[0].chosen.only(), Some("c\td"));
    }
}
