//! Comma-separated values.

mod comparison;
mod fields;
mod run;

use crate::report::csv::fields::field;
use crate::report::document::Document;
use crate::report::measured_with;
use crate::support::error::{Error, ErrorKind, Result};

/// One kind of rows: of a comparison the flipped verdicts where they were asked for, else the
/// differences.
pub(super) fn csv(document: Document) -> Result<String> {
    let records = match document {
        Document::Run(report) => {
            let labels = run::labels(report);
            let mut records = run::run(report, &labels);
            let facts = measured_with::of_run(report).into_iter();
            let columns: Vec<measured_with::Column> = labels
                .into_iter()
                .zip(facts.map(|(_, facts)| facts))
                .collect();
            add_provenance(&mut records, &columns, " ");
            records
        }
        Document::Comparison(report) => {
            let mut records = match report.flips.as_deref() {
                Some(flips) => comparison::flipped(report, flips),
                None => comparison::differences(report),
            };
            add_provenance(&mut records, &measured_with::of_comparison(report), "_");
            records
        }
    };
    written(&records).map_err(|cause| {
        Error::new(
            ErrorKind::Resources,
            "failed to write comma-separated values",
        )
        .caused_by(cause)
    })
}

fn written(
    records: &[Vec<String>],
) -> std::result::Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records {
        writer.write_record(record)?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    Ok(String::from_utf8(bytes)?)
}

/// Columns behind the others, the same in every row: what each of the named columns was measured
/// with. A reader of tables keeps numbers as numbers that way, and needs no second file.
fn add_provenance(records: &mut [Vec<String>], columns: &[measured_with::Column], link: &str) {
    for (at, record) in records.iter_mut().enumerate() {
        for (name, facts) in columns {
            record.extend(facts.iter().map(|fact| {
                if at == 0 {
                    field(&format!("{name}{link}{}", fact.key))
                } else {
                    field(&fact.text)
                }
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::ComparisonReport;
    use crate::report::csv::comparison::DIFFERENCES;
    use crate::report::samples;

    fn text<'a>(document: impl Into<Document<'a>>) -> String {
        csv(document.into()).unwrap()
    }

    /// Records without the columns of provenance.
    fn figures(text: &str, columns: usize) -> String {
        let line = |line: &str| {
            let fields: Vec<&str> = line.split(',').take(columns).collect();
            fields.join(",") + "\n"
        };
        text.lines().map(line).collect()
    }

    #[test]
    fn a_run_has_no_formulas() {
        let found = figures(&text(&samples::run()), 9);
        let (rows, notes) = found.split_at(found.find("note,").unwrap());
        assert!(
            notes.lines().all(|note| note.starts_with("note,")),
            "{notes}"
        );
        assert_eq!(
            rows,
            // scipy 1.17.1: binomtest(2, 4) and (3, 4), proportion_ci("exact").
            "kind,name,n,A,A low,A high,'=B|<x> ,'=B|<x>  low,'=B|<x>  high\n\
             subset,hep-go,4,0.500000,0.067586,0.932414,0.750000,0.194120,0.993691\n\
             section,Reasoning,,0.500000,0.400000,0.600000,0.750000,0.650000,0.850000\n\
             total,average,4,0.500000,0.400000,0.600000,0.750000,0.650000,0.850000\n\
             total,all pairs,4,0.500000,0.067586,0.932414,0.750000,0.194120,0.993691\n\
             count,ties,4,1,,,1,,\n\
             count,invalid,4,0,,,0,,\n"
        );
    }

    /// A name comes from `--model NAME=SPEC`.
    #[test]
    fn no_two_columns_have_one_heading() {
        let names = ["n", "kind", "longer", "a", "a low", "a low low", "a model"];
        let [one, other] = [
            names.map(str::to_owned),
            names.map(|n| format!("model {n}")),
        ];
        for names in [&one[..], &[&one[..], &other].concat()] {
            let mut report = samples::run();
            let model = report.models[0].clone();
            let named = |name: &String| crate::report::ModelReport {
                name: name.clone(),
                ..model.clone()
            };
            report.models = names.iter().map(named).collect();
            let text = text(&report);
            let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
            let own: std::collections::BTreeSet<&str> = header.iter().copied().collect();
            assert_eq!(own.len(), header.len(), "{header:?}");
            assert_eq!(header[..4], ["kind", "name", "n", "model n"]);
        }
    }

    #[test]
    fn what_is_partial_says_so() {
        let mut report = samples::with_published();
        report.partial = Some("=3 of 9, \"x\"".to_owned());
        let run = text(&report);
        assert!(
            run.contains("\ncount,invalid,164,0,,,,,,0,,,0,,,")
                && run.contains("\nnote,\"PARTIAL: =3 of 9, \"\"x\"\"\",,,,,,,,,,,,,,\""),
            "{run}"
        );
    }

    #[test]
    fn a_published_column_is_three() {
        let text = text(&samples::with_published());
        let lines = [
            "A,A low,A high,A published,A pairs,A standing",
            "hep-go,164,0.682927,0.605816,0.753284,0.689000,-1,within-spread,",
            "Reasoning,,0.682927,0.605816,0.753284,,,not compared: not published,",
            "0.600000,,not compared: 22 of its subsets have other pairs,",
        ];
        for line in lines {
            assert!(text.contains(line), "{line}: {text}");
        }
    }

    /// As a reader of tables wants it: the same in every row, numbers in columns of their own.
    #[test]
    fn provenance_is_columns_behind_the_figures() {
        let rows = text(&samples::run());
        let first = rows.lines().next().unwrap();
        assert!(
            first.contains(",longer,longer low,longer high,A model,A contract,A precision,A device,A engine,A cache,"),
            "{rows}"
        );
        let fact = ",\"A, weights A, arithmetic A\",";
        assert_eq!(
            rows.matches(fact).count(),
            rows.lines().count() - 1,
            "{rows}"
        );
        let flips = text(&samples::comparison());
        assert!(
            flips.contains(",rejected,gate,partial,baseline_model,baseline_contract,")
                && flips.contains(",candidate_data,candidate_pairs\n"),
            "{flips}"
        );
    }

    #[test]
    fn a_comparison_has_one_kind_of_rows() {
        let flips = text(&samples::comparison());
        assert!(
            flips.starts_with("subset,id,row,")
                && flips.contains("\"'=1+1, \"\"x\"\"\n\"")
                && flips.contains(",\"2 rules: 1 passed, 0 failed, 1 inconclusive; exit code 8"),
            "{flips}"
        );
        let differences = text(&ComparisonReport {
            flips: None,
            ..samples::comparison()
        });
        let first = figures(&differences, DIFFERENCES.len());
        assert!(first.starts_with(&DIFFERENCES.join(",")), "{differences}");
        // The baseline's and the candidate's, then the rules, each beside its limit.
        for expected in [
            "count,ties,9,0,,,0,,",
            "gate,drop:subset:*:0.01,5,",
            ",-0.010000,inconclusive,\"hep-go +0.0000, 97.5 % interval [",
            "gate,max-ties:0,9,,,,,,,0.000000,,,,,,,,0.000000,pass,\"0 ties of 9 pairs, limit 0\"",
            "gate,all rules,,,,,,,,,,,,,,,,,inconclusive,\"2 rules: 1 passed, 0 failed, 1 \
             inconclusive; exit code 8",
        ] {
            assert!(differences.contains(expected), "{expected}: {differences}");
        }
        assert!(
            differences.contains("subset,hep-go,4,0.750000,")
                && differences.contains(",0,0,1.000000e0,1.000000e0,"),
            "{differences}"
        );
    }
}
