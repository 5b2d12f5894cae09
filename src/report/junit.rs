//! JUnit's XML, which CI systems show as test results.

use crate::comparison::gate::{RuleOutcome, Status};
use crate::metrics::Tally;
use crate::report::comparison::ComparisonReport;
use crate::report::{ModelReport, Report};
use crate::support::error::one_line;

struct Suite<'a> {
    name: String,
    properties: Vec<(&'a str, String)>,
    cases: Vec<Case>,
}

struct Case {
    name: String,
    ending: Ending,
    /// What the case printed.
    text: String,
}

/// How a case ended, and why.
enum Ending {
    Passed,
    Failed(String),
    Skipped(String),
    /// Not measured as it should be.
    Error(String),
}

/// A suite for each model, a case for each subset; subsets with invalid verdicts are errors.
pub fn junit(report: &Report) -> String {
    document(
        &report.title,
        &report
            .models
            .iter()
            .map(|model| of_model(model, report))
            .collect::<Vec<_>>(),
    )
}

/// A suite with a case for each rule of the gate; inconclusive ones are skipped.
pub fn comparison(report: &ComparisonReport) -> String {
    let cases = report.gate.iter().map(of_rule).collect();
    let sides = vec![
        ("baseline", report.baseline.clone()),
        ("candidate", report.candidate.clone()),
    ];
    document(
        &format!("{} against {}", report.candidate, report.baseline),
        &[Suite {
            name: "gate".to_owned(),
            properties: sides,
            cases,
        }],
    )
}

fn of_model<'a>(model: &'a ModelReport, report: &Report) -> Suite<'a> {
    let scores = &model.scores;
    let mut properties = vec![("average", format!("{:.6}", scores.average.accuracy))];
    properties.extend(
        scores
            .headline
            .iter()
            .map(|(headline, score)| (headline.label.as_str(), format!("{:.6}", score.accuracy))),
    );
    properties.extend(report.partial.iter().map(|why| ("PARTIAL", why.clone())));
    Suite {
        name: model.name.clone(),
        properties,
        cases: scores
            .subsets
            .iter()
            .map(|(subset, tally)| of_subset(subset, *tally))
            .collect(),
    }
}

fn of_subset(subset: &str, tally: Tally) -> Case {
    let Tally {
        correct,
        wrong,
        tie,
        invalid,
    } = tally;
    let ending = if invalid > 0 {
        Ending::Error(format!("{invalid} of {} verdicts are invalid", tally.n()))
    } else {
        Ending::Passed
    };
    let text = format!(
        "accuracy {:.6}, n {}, correct {correct}, wrong {wrong}, tie {tie}, invalid {invalid}",
        tally.accuracy(),
        tally.n()
    );
    Case {
        name: subset.to_owned(),
        ending,
        text,
    }
}

fn of_rule(outcome: &RuleOutcome) -> Case {
    let reason = outcome.reason.clone();
    let (ending, lead) = match outcome.status {
        Status::Pass => (Ending::Passed, Some(outcome.reason.as_str())),
        Status::Fail => (Ending::Failed(reason), None),
        Status::Inconclusive => (Ending::Skipped(reason), None),
    };
    let look_at = outcome.look_at.iter().map(|pair| format!("look at {pair}"));
    Case {
        name: outcome.rule.clone(),
        ending,
        text: lead
            .map(ToOwned::to_owned)
            .into_iter()
            .chain(look_at)
            .collect::<Vec<_>>()
            .join("; "),
    }
}

fn document(title: &str, suites: &[Suite<'_>]) -> String {
    let every: Vec<&Case> = suites.iter().flat_map(|suite| &suite.cases).collect();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\"{}>\n",
        escape(title),
        counts(&every)
    );
    for suite in suites {
        let name = escape(&suite.name);
        out.push_str(&format!(
            "  <testsuite name=\"{name}\"{}>\n    <properties>\n",
            counts(&suite.cases.iter().collect::<Vec<_>>())
        ));
        for (key, value) in &suite.properties {
            out.push_str(&format!(
                "      <property name=\"{key}\" value=\"{}\"/>\n",
                escape(value)
            ));
        }
        out.push_str("    </properties>\n");
        for case in &suite.cases {
            out.push_str(&format!(
                "    <testcase name=\"{}\" classname=\"{name}\">\n",
                escape(&case.name)
            ));
            match &case.ending {
                Ending::Passed => {}
                Ending::Failed(why) => {
                    out.push_str(&format!("      <failure message=\"{}\"/>\n", escape(why)))
                }
                Ending::Skipped(why) => {
                    out.push_str(&format!("      <skipped message=\"{}\"/>\n", escape(why)))
                }
                Ending::Error(why) => {
                    out.push_str(&format!("      <error message=\"{}\"/>\n", escape(why)))
                }
            }
            if !case.text.is_empty() {
                out.push_str(&format!(
                    "      <system-out>{}</system-out>\n",
                    escape(&case.text)
                ));
            }
            out.push_str("    </testcase>\n");
        }
        out.push_str("  </testsuite>\n");
    }
    out + "</testsuites>\n"
}

fn counts(cases: &[&Case]) -> String {
    let count = |is: fn(&Ending) -> bool| cases.iter().filter(|case| is(&case.ending)).count();
    let failures = count(|ending| matches!(ending, Ending::Failed(_)));
    let errors = count(|ending| matches!(ending, Ending::Error(_)));
    let skipped = count(|ending| matches!(ending, Ending::Skipped(_)));
    format!(
        " tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"",
        cases.len()
    )
}

/// Text that stays text, in attributes as well; without the characters that XML 1.0 forbids.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in one_line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => {}
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::comparison;
    use crate::report::tests::sample;

    #[test]
    fn a_suite_for_each_model_and_a_case_for_each_subset() {
        let mut report = sample();
        report.models.truncate(2);
        report.models[0].scores.subsets[0].1.invalid = 1;
        report.partial = Some("a \"part\"".to_owned());
        assert_eq!(
            junit(&report),
            r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="a|b" tests="2" failures="0" errors="1" skipped="0">
  <testsuite name="A" tests="1" failures="0" errors="1" skipped="0">
    <properties>
      <property name="average" value="0.500000"/>
      <property name="PARTIAL" value="a &quot;part&quot;"/>
    </properties>
    <testcase name="hep-go" classname="A">
      <error message="1 of 5 verdicts are invalid"/>
      <system-out>accuracy 0.400000, n 5, correct 2, wrong 1, tie 1, invalid 1</system-out>
    </testcase>
  </testsuite>
  <testsuite name="=B|&lt;x&gt; " tests="1" failures="0" errors="0" skipped="0">
    <properties>
      <property name="average" value="0.750000"/>
      <property name="PARTIAL" value="a &quot;part&quot;"/>
    </properties>
    <testcase name="hep-go" classname="=B|&lt;x&gt; ">
      <system-out>accuracy 0.750000, n 4, correct 3, wrong 0, tie 1, invalid 0</system-out>
    </testcase>
  </testsuite>
</testsuites>
"#
        );
    }

    #[test]
    fn rules_that_fail_are_failures_and_open_ones_are_skipped() {
        let outcome = |rule: &str, status| RuleOutcome {
            rule: rule.to_owned(),
            status,
            reason: "a < b".to_owned(),
            look_at: vec!["x\u{1b} ]]>".to_owned()],
        };
        let gate = vec![
            outcome("max-ties:0", Status::Pass),
            outcome("min:subset:<i>:1", Status::Fail),
            outcome("drop:average:0", Status::Inconclusive),
        ];
        let text = super::comparison(&ComparisonReport {
            gate,
            ..comparison::tests::sample()
        });
        let start = text.find("  <testsuite ").unwrap();
        assert_eq!(
            &text[start..],
            r#"  <testsuite name="gate" tests="3" failures="1" errors="0" skipped="1">
    <properties>
      <property name="baseline" value="old|model"/>
      <property name="candidate" value="new [31m"/>
    </properties>
    <testcase name="max-ties:0" classname="gate">
      <system-out>a &lt; b; look at x  ]]&gt;</system-out>
    </testcase>
    <testcase name="min:subset:&lt;i&gt;:1" classname="gate">
      <failure message="a &lt; b"/>
      <system-out>look at x  ]]&gt;</system-out>
    </testcase>
    <testcase name="drop:average:0" classname="gate">
      <skipped message="a &lt; b"/>
      <system-out>look at x  ]]&gt;</system-out>
    </testcase>
  </testsuite>
</testsuites>
"#
        );
    }

    #[test]
    fn names_are_neither_markup_nor_forbidden_characters() {
        assert_eq!(
            escape("<script>]]>&amp;\u{1b}\n\u{0}\u{fffe}\u{ffff}'\"::error::"),
            "&lt;script&gt;]]&gt;&amp;amp;   &apos;&quot;::error::"
        );
    }
}
