//! The comparison as comma-separated values.

use crate::report::comparison::{ComparisonReport, Flip, blocks};
use crate::report::csv::field;

/// The differences; or, where they were asked for, the changed pairs: a file of one kind of rows.
pub fn csv(report: &ComparisonReport) -> String {
    report
        .flips
        .as_ref()
        .map_or_else(|| csv_differences(report), |flips| csv_flips(flips))
}

fn csv_differences(report: &ComparisonReport) -> String {
    let mut out =
        "kind,name,n,baseline,baseline_low,baseline_high,candidate,candidate_low,candidate_high,difference,low,high,gained,lost,p,holm,showable\n".to_owned();
    for (kind, block) in ["subset", "section", "total"]
        .into_iter()
        .zip(blocks(report))
    {
        for line in block {
            let sides = [line.baseline, line.candidate]
                .map(|e| format!("{:.6},{:.6},{:.6}", e.accuracy, e.low, e.high))
                .join(",");
            let pairs = line.pairs.map_or_else(
                || ",,,,".to_owned(),
                |pairs| {
                    let share = |value: Option<f64>| {
                        value.map_or_else(String::new, |value| format!("{value:.6}"))
                    };
                    format!(
                        "{},{},{:.6e},{},{}",
                        pairs.gained,
                        pairs.lost,
                        pairs.p,
                        pairs.holm.map_or_else(String::new, |p| format!("{p:.6e}")),
                        share(pairs.detectable)
                    )
                },
            );
            let difference = format!(
                "{:.6},{:.6},{:.6}",
                line.value, line.interval.low, line.interval.high
            );
            out.push_str(&format!(
                "{kind},{},{},{sides},{difference},{pairs}\n",
                field(&line.name),
                line.n
            ));
        }
    }
    out
}

fn csv_flips(flips: &[Flip]) -> String {
    let mut out = "subset,id,row,baseline,baseline_margin,candidate,candidate_margin,change,prompt,chosen,rejected\n".to_owned();
    for Flip { change, text } in flips {
        let id = change
            .id
            .as_ref()
            .map_or_else(String::new, |id| field(&id.to_string()));
        let (before, after) = (change.baseline, change.candidate);
        out.push_str(&format!(
            "{},{id},{},{},{},{},{},{}",
            field(&change.subset),
            change.row,
            before.0.name(),
            before.1,
            after.0.name(),
            after.1,
            change.margin()
        ));
        match text {
            Some(text) => out.push_str(&format!(
                ",{},{},{}\n",
                field(&text.prompt),
                field(&text.chosen),
                field(&text.rejected)
            )),
            None => out.push_str(",,,\n"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::comparison::tests::sample;

    #[test]
    fn csv_holds_one_kind_of_rows() {
        let flips = csv(&sample());
        assert!(
            flips.starts_with("subset,id,row,") && flips.contains("\"'=1+1, \"\"x\"\" \""),
            "{flips}"
        );
        let differences = csv(&ComparisonReport {
            flips: None,
            ..sample()
        });
        let columns = |line: &str| line.split(',').count();
        assert!(
            differences.lines().all(|line| columns(line) == 17),
            "{differences}"
        );
        assert!(
            differences.contains("subset,hep-go,4,0.750000,")
                && differences.contains(",0,0,1.000000e0,1.000000e0,"),
            "{differences}"
        );
    }
}
