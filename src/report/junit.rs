//! JUnit's XML, which CI systems show as test results.

use quick_junit::{
    NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite, XmlString,
};

use crate::comparison::gate::{RuleOutcome, Status};
use crate::metrics::Tally;
use crate::report::comparison_report::ComparisonReport;
use crate::report::document::Document;
use crate::report::measured_with;
use crate::report::run_report::{ModelReport, RunReport};
use crate::support::count::count;
use crate::support::error::{Error, ErrorKind, Result, one_line};

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
    let mut out = Report::new(text(&report.title));
    let suites = report.models.iter().map(|model| {
        let mut suite = TestSuite::new(text(&model.name));
        for (name, value) in properties(model, report) {
            suite.add_property(Property::new(text(name), text(&value)));
        }
        for fact in model.provenance.facts() {
            suite.add_property(Property::new(fact.key, text(&fact.text)));
        }
        let cases = model.scores.subsets.iter();
        suite.add_test_cases(cases.map(|(subset, tally)| subset_case(subset, *tally, &model.name)));
        suite
    });
    out.add_test_suites(suites);
    out
}

/// A suite with a case for each rule of the gate; inconclusive ones are skipped.
fn comparison(report: &ComparisonReport) -> Report {
    let mut out = Report::new(text(&report.title()));
    let mut suite = TestSuite::new("gate");
    suite.add_property(Property::new("baseline", text(&report.baseline)));
    suite.add_property(Property::new("candidate", text(&report.candidate)));
    for (side, facts) in measured_with::of_comparison(report) {
        for fact in facts {
            let name = format!("{side} {}", fact.key);
            suite.add_property(Property::new(name, text(&fact.text)));
        }
    }
    suite.add_test_cases(report.gate.iter().map(rule_case));
    out.add_test_suite(suite);
    out
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

fn subset_case(subset: &str, tally: Tally, model: &str) -> TestCase {
    let Tally {
        correct,
        wrong,
        tie,
        invalid,
    } = tally;
    let status = if invalid > 0 {
        let message = format!("invalid: {invalid} of {}", count(tally.n(), "verdict"));
        with_message(TestCaseStatus::non_success(NonSuccessKind::Error), &message)
    } else {
        TestCaseStatus::success()
    };
    let printed = format!(
        "accuracy {:.6}, n {}, correct {correct}, wrong {wrong}, tie {tie}, invalid {invalid}",
        tally.accuracy(),
        tally.n()
    );
    test_case(subset, model, status, &printed)
}

fn rule_case(outcome: &RuleOutcome) -> TestCase {
    let look_at = outcome.look_at.iter().map(|pair| format!("look at {pair}"));
    let mut printed: Vec<String> = look_at.collect();
    let reason = &outcome.reason;
    let status = match outcome.status {
        Status::Pass => {
            // A case that passed has no message.
            printed.insert(0, reason.clone());
            TestCaseStatus::success()
        }
        Status::Fail => with_message(TestCaseStatus::non_success(NonSuccessKind::Failure), reason),
        Status::Inconclusive => with_message(TestCaseStatus::skipped(), reason),
    };
    test_case(&outcome.rule, "gate", status, &printed.join("; "))
}

fn with_message(mut status: TestCaseStatus, message: &str) -> TestCaseStatus {
    status.set_message(text(message));
    status
}

fn test_case(name: &str, class: &str, status: TestCaseStatus, printed: &str) -> TestCase {
    let mut case = TestCase::new(text(name), status);
    case.set_classname(text(class));
    if !printed.is_empty() {
        case.set_system_out(text(printed));
    }
    case
}

/// Text on one line, without the two characters that XML 1.0 forbids and quick-junit lets through.
fn text(text: &str) -> XmlString {
    XmlString::new(one_line(text).replace(['\u{fffe}', '\u{ffff}'], ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn a_suite_for_each_model_and_a_case_for_each_subset() {
        let mut report = samples::run();
        report.models.truncate(2);
        report.models[0].scores.subsets[0].1.invalid = 1;
        report.partial = Some("a \"part\"".to_owned());
        let facts = report.models.iter().map(|model| model.provenance.facts());
        let facts = facts.flatten().count();
        let text = junit(Document::Run(&report)).unwrap();
        let is_fact = |line: &&str| {
            let own = ["average", "PARTIAL"].map(|name| format!("<property name=\"{name}\""));
            line.contains("<property ") && !own.iter().any(|own| line.contains(own))
        };
        assert_eq!(text.lines().filter(is_fact).count(), facts, "{text}");
        let fact = "<property name=\"precision\" value=\"A, weights A, arithmetic A\"/>";
        assert!(text.contains(fact), "{text}");
        let without: Vec<&str> = text.lines().filter(|line| !is_fact(line)).collect();
        assert_eq!(
            without.join("\n") + "\n",
            r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="a|b" tests="2" skipped="0" failures="0" errors="1">
    <testsuite name="A" tests="1" skipped="0" errors="1" failures="0">
        <properties>
            <property name="average" value="0.500000"/>
            <property name="PARTIAL" value="a &quot;part&quot;"/>
        </properties>
        <testcase name="hep-go" classname="A">
            <error message="1 of 5 verdicts are invalid"/>
            <system-out>accuracy 0.400000, n 5, correct 2, wrong 1, tie 1, invalid 1</system-out>
        </testcase>
    </testsuite>
    <testsuite name="=B|&lt;x&gt; " tests="1" skipped="0" errors="0" failures="0">
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
    fn rules_that_fail_are_failures_and_inconclusive_ones_are_skipped() {
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
        let report = ComparisonReport {
            gate,
            ..samples::comparison()
        };
        let text = junit(Document::Comparison(&report)).unwrap();
        let start = text.find("    <testsuite ").unwrap();
        let is_fact = |line: &&str| {
            ["baseline", "candidate"]
                .iter()
                .any(|side| line.contains(&format!("<property name=\"{side} ")))
        };
        let facts = text.lines().filter(is_fact).count();
        assert_eq!(facts, 2 * report.origins[0].facts().len(), "{text}");
        let rest: Vec<&str> = text[start..]
            .lines()
            .filter(|line| !is_fact(line))
            .collect();
        assert_eq!(
            rest.join("\n") + "\n",
            r#"    <testsuite name="gate" tests="3" skipped="1" errors="0" failures="1">
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
