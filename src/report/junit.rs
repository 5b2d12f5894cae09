//! JUnit's XML, which CI systems show as test results. What must be known of all cases is in each
//! suite twice: as properties for programs, and as its output, which more CI systems show.

use std::time::Duration;

use quick_junit::{
    NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite, XmlString,
};

use crate::comparison::gate::{RuleOutcome, Status};
use crate::metrics::{SubsetScore, Tally};
use crate::report::comparison_report::ComparisonReport;
use crate::report::document::Document;
use crate::report::measured_with;
use crate::report::notes;
use crate::report::run_report::{ModelReport, RunReport};
use crate::support::count::count;
use crate::support::error::{Error, ErrorKind, Result, one_line, without_workflow_command};

pub(super) fn junit(document: Document) -> Result<String> {
    let report = match document {
        Document::Run(report) => run(report),
        Document::Comparison(report) => comparison(report),
    };
    report
        .to_string()
        .map_err(|cause| Error::new(ErrorKind::Resources, "failed to write XML").caused_by(cause))
}

/// A suite for each model with a case for each subset; subsets with invalid verdicts are errors.
fn run(report: &RunReport) -> Report {
    let mut out = Report::new(text(&report.heading()));
    let caveats = notes::run(report);
    let suites = report.models.iter().map(|model| {
        let mut suite = suite(&model.name, &caveats);
        for (name, value) in properties(model, report) {
            suite.add_property(Property::new(text(name), text(&value)));
        }
        for fact in model.provenance.facts() {
            suite.add_property(Property::new(fact.key, text(&fact.text)));
        }
        let cases = model.scores.subsets.iter();
        suite.add_test_cases(cases.map(|(subset, score)| subset_case(subset, score, &model.name)));
        suite
    });
    out.add_test_suites(suites);
    out
}

/// A suite with a case for each rule of the gate; inconclusive ones are skipped.
fn comparison(report: &ComparisonReport) -> Report {
    let mut out = Report::new(text(&report.title()));
    let conclusion = report.conclusion.map(|all| format!("gate: {all}"));
    let notes = notes::comparison(report);
    let caveats: Vec<String> = conclusion.into_iter().chain(notes).collect();
    let mut suite = suite("gate", &caveats);
    suite.add_property(Property::new("baseline", text(&report.baseline)));
    suite.add_property(Property::new("candidate", text(&report.candidate)));
    for (side, facts) in measured_with::of_comparison(report) {
        for fact in facts {
            let name = format!("{side} {}", fact.key);
            suite.add_property(Property::new(name, text(&fact.text)));
        }
    }
    let partial = report.partial_notes();
    if !partial.is_empty() {
        suite.add_property(Property::new("PARTIAL", text(&partial.join("; "))));
    }
    suite.add_test_cases(report.gate.iter().map(rule_case));
    out.add_test_suite(suite);
    out
}

/// An empty suite with what must be known of its cases.
fn suite(name: &str, caveats: &[String]) -> TestSuite {
    let mut suite = TestSuite::new(text(name));
    suite.set_time(NO_TIME);
    for (at, caveat) in caveats.iter().enumerate() {
        let name = format!("note.{}", at + 1);
        suite.add_property(Property::new(name.as_str(), text(caveat)));
    }
    let lines: Vec<String> = caveats.iter().map(|caveat| one_line(caveat)).collect();
    suite.set_system_out(lines_text(&lines));
    suite
}

fn properties<'a>(model: &'a ModelReport, report: &RunReport) -> Vec<(&'a str, String)> {
    let scores = &model.scores;
    let mut properties = vec![("average", format!("{:.6}", scores.average.accuracy))];
    properties.extend(
        scores
            .headline
            .iter()
            .map(|(headline, score)| (headline.label.as_str(), format!("{:.6}", score.accuracy))),
    );
    properties.extend(report.partial.iter().map(|why| ("PARTIAL", why.clone())));
    properties
}

fn subset_case(subset: &str, score: &SubsetScore, model: &str) -> TestCase {
    let Tally {
        correct,
        wrong,
        tie,
        invalid,
    } = score.tally;
    let printed = format!(
        "accuracy {:.6}, n {}, correct {correct}, wrong {wrong}, tie {tie}, invalid {invalid}",
        score.estimate().accuracy,
        score.n()
    );
    let status = if invalid > 0 {
        let message = format!("invalid: {invalid} of {}", count(score.n(), "verdict"));
        let status = TestCaseStatus::non_success(NonSuccessKind::Error);
        with_message(status, "invalid", &message, std::slice::from_ref(&printed))
    } else {
        TestCaseStatus::success()
    };
    test_case(subset, model, status, &[printed])
}

fn rule_case(outcome: &RuleOutcome) -> TestCase {
    let look_at = outcome.look_at.iter().map(|pair| format!("look at {pair}"));
    let look_at: Vec<String> = look_at.collect();
    let (reason, name) = (&outcome.reason, outcome.status.name());
    let status = match outcome.status {
        Status::Pass => TestCaseStatus::success(),
        Status::Fail => {
            let status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            with_message(status, name, reason, &look_at)
        }
        Status::Inconclusive => with_message(TestCaseStatus::skipped(), name, reason, &look_at),
    };
    let printed: Vec<String> = std::iter::once(reason.clone()).chain(look_at).collect();
    test_case(&outcome.rule, "gate", status, &printed)
}

/// The message as an attribute, and in the element's text with what belongs to it: some CI systems
/// show the one and some the other.
fn with_message(
    mut status: TestCaseStatus,
    kind: &str,
    message: &str,
    more: &[String],
) -> TestCaseStatus {
    status.set_message(text(message)).set_type(text(kind));
    let lines = std::iter::once(message).chain(more.iter().map(String::as_str));
    let lines: Vec<String> = lines.map(one_line).collect();
    status.set_description(lines_text(&lines));
    status
}

/// Verdicts are looked up and rules evaluated in no time worth a figure, but readers expect one:
/// `run.json` has how long scoring took.
const NO_TIME: Duration = Duration::ZERO;

fn test_case(name: &str, class: &str, status: TestCaseStatus, printed: &[String]) -> TestCase {
    let mut case = TestCase::new(text(name), status);
    case.set_classname(text(class)).set_time(NO_TIME);
    let printed: Vec<String> = printed.iter().map(|line| one_line(line)).collect();
    case.set_system_out(lines_text(&printed));
    case
}

/// Text on one line, without the two characters that XML 1.0 forbids and quick-junit lets through.
fn text(text: &str) -> XmlString {
    allowed(&one_line(text))
}

/// Lines that are each on one line already. None is a command to the log of a CI job.
fn lines_text(lines: &[String]) -> XmlString {
    let lines = lines.iter().cloned().map(without_workflow_command);
    allowed(&lines.collect::<Vec<_>>().join("\n"))
}

fn allowed(text: &str) -> XmlString {
    XmlString::new(text.replace(['\u{fffe}', '\u{ffff}'], ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::gate::Conclusion;
    use crate::report::samples;

    /// The cases of the first suite: its own output stands behind them, less indented than theirs.
    fn cases(xml: &str) -> &str {
        let start = xml.find("        <testcase").unwrap();
        let end = xml.find("\n        <system-out>").unwrap();
        &xml[start..=end]
    }

    #[test]
    fn a_suite_for_each_model_and_a_case_for_each_subset() {
        let mut report = samples::run();
        report.models.truncate(2);
        let score = &mut report.models[0].scores.subsets[0].1;
        score.tally.invalid = 1;
        *score = SubsetScore::of_pairs(score.tally);
        report.partial = Some("a \"part\"".to_owned());
        let xml = junit(Document::Run(&report)).unwrap();
        for expected in [
            r#"<testsuites name="a|b, PARTIAL" tests="2" skipped="0" failures="0" errors="1">"#,
            r#"<testsuite name="A" tests="1" skipped="0" errors="1" failures="0" time="0.000">"#,
            r#"<property name="average" value="0.500000"/>"#,
            r#"<property name="PARTIAL" value="a &quot;part&quot;"/>"#,
            r#"<property name="note.1" value="PARTIAL: a &quot;part&quot;"/>"#,
            "<system-out>PARTIAL: a &quot;part&quot;\ndifferent precisions side by side: ",
            "\naverage: plain mean of 1 subset",
            r#"<testcase name="hep-go" classname="=B|&lt;x&gt; " time="0.000">"#,
        ] {
            assert!(xml.contains(expected), "{expected}: {xml}");
        }
        let printed = "accuracy 0.400000, n 5, correct 2, wrong 1, tie 1, invalid 1";
        assert_eq!(
            cases(&xml),
            format!(
                r#"        <testcase name="hep-go" classname="A" time="0.000">
            <error message="invalid: 1 of 5 verdicts" type="invalid">invalid: 1 of 5 verdicts
{printed}</error>
            <system-out>{printed}</system-out>
        </testcase>
"#
            )
        );
    }

    #[test]
    fn rules_that_fail_are_failures_and_inconclusive_ones_are_skipped() {
        let outcome =
            |rule: &str, status| RuleOutcome::sample(rule, status, "a < b", "x\u{1b} ]]>");
        let gate = vec![
            outcome("max-ties:0", Status::Pass),
            outcome("min:subset:<i>:1", Status::Fail),
            outcome("drop:average:0", Status::Inconclusive),
        ];
        let report = ComparisonReport {
            conclusion: Conclusion::of(&gate, true, false),
            gate,
            partial: [None, Some("::error::3 of 9".to_owned())],
            ..samples::comparison()
        };
        let xml = junit(Document::Comparison(&report)).unwrap();
        let gate = "3 rules: 1 passed, 1 failed, 1 inconclusive; exit code 3: a rule failed";
        for expected in [
            r#"<testsuite name="gate" tests="3" skipped="1" errors="0" failures="1" time="0.000">"#,
            r#"<property name="baseline" value="old|model"/>"#,
            r#"<property name="candidate" value="new [31m"/>"#,
            r#"<property name="PARTIAL" value="candidate: PARTIAL: ::error::3 of 9"/>"#,
            &format!("<system-out>gate: {gate}\ncandidate: PARTIAL: ::error::3 of 9\n"),
        ] {
            assert!(xml.contains(expected), "{expected}: {xml}");
        }
        // Every note of the table.
        for note in notes::comparison(&report) {
            let escaped = text(&note).into_string().replace('\'', "&apos;");
            assert!(xml.matches(&escaped).count() >= 2, "{escaped}: {xml}");
        }
        assert_eq!(
            cases(&xml),
            r#"        <testcase name="max-ties:0" classname="gate" time="0.000">
            <system-out>a &lt; b
look at x  ]]&gt;</system-out>
        </testcase>
        <testcase name="min:subset:&lt;i&gt;:1" classname="gate" time="0.000">
            <failure message="a &lt; b" type="fail">a &lt; b
look at x  ]]&gt;</failure>
            <system-out>a &lt; b
look at x  ]]&gt;</system-out>
        </testcase>
        <testcase name="drop:average:0" classname="gate" time="0.000">
            <skipped message="a &lt; b" type="inconclusive">a &lt; b
look at x  ]]&gt;</skipped>
            <system-out>a &lt; b
look at x  ]]&gt;</system-out>
        </testcase>
"#
        );
    }

    #[test]
    fn names_are_neither_markup_nor_forbidden_characters() {
        let mut report = samples::run();
        report.title = "<script>]]>&amp;\u{1b}\n\u{0}\u{fffe}\u{ffff}'\"::error::".to_owned();
        let xml = junit(Document::Run(&report)).unwrap();
        let escaped = "&lt;script&gt;]]&gt;&amp;amp;   &apos;&quot;::error::";
        assert!(
            xml.contains(&format!("<testsuites name=\"{escaped}\" ")),
            "{xml}"
        );
    }
}
