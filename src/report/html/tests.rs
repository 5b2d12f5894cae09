//! Pages as an XML parser reads them that this project did not write.

use data_encoding::BASE64;
use roxmltree::{Document as Xml, Node};
use sha2::{Digest, Sha256};

use crate::benchmark::Benchmark;
use crate::comparison::leaderboard::{Leaderboard, LeaderboardEntry};
use crate::comparison::tests::verdict;
use crate::data::pair_texts;
use crate::data::{Item, Message};
use crate::report::html::{documents, page};
use crate::report::{ComparisonReport, Document, RunReport, samples};
use crate::support::error::one_line;

fn run(report: &RunReport) -> String {
    documents::html(Document::Run(report))
}

fn comparison(report: &ComparisonReport) -> String {
    documents::html(Document::Comparison(report))
}

const HOSTILE: &str = "</script><script>alert(1)</script>\"'&<!--\u{1b}]0;x\u{7}\u{202e}]]>";

/// Both models of the sample on two pairs, with texts that want to be markup.
fn with_pairs() -> RunReport {
    let verdicts = [[1.0, -2.0], [-1.0, -4.0]].map(|margins| {
        margins
            .iter()
            .enumerate()
            .map(|(row, m)| verdict(row, HOSTILE, None, *m))
            .collect::<Vec<_>>()
    });
    let columns = verdicts.each_ref().map(|scored| LeaderboardEntry {
        average: scored[0].margin().into(),
        scored,
    });
    let text = || HOSTILE.to_owned();
    let pair = |row| Item {
        row,
        subset: text(),
        id: None,
        prompt: vec![Message::new("user", HOSTILE)],
        chosen: text().into(),
        rejected: text().into(),
        is_tie: false,
        comparisons: crate::data::Comparisons::default(),
    };
    let found = Leaderboard::new(
        &columns,
        true,
        Some(&Benchmark::reward_bench()),
        &Ok(pair_texts::by_row(vec![pair(0), pair(1)])),
    );
    RunReport {
        title: text(),
        partial: Some(text()),
        side_by_side: Some(found),
        ..samples::with_published()
    }
}

fn pages() -> Vec<String> {
    let nobody = RunReport {
        models: Vec::new(),
        others: Vec::new(),
        ..samples::run()
    };
    vec![
        run(&samples::run()),
        run(&samples::with_published()),
        run(&with_pairs()),
        run(&nobody),
        comparison(&samples::comparison()),
    ]
}

fn parsed(page: &str) -> Xml<'_> {
    Xml::parse_with_options(
        page,
        roxmltree::ParsingOptions {
            allow_dtd: true,
            ..Default::default()
        },
    )
    .unwrap_or_else(|e| panic!("{e}: {page}"))
}

fn all<'a>(page: &'a Xml<'_>, name: &'a str) -> impl Iterator<Item = Node<'a, 'a>> {
    page.descendants()
        .filter(move |node| node.has_tag_name(name))
}

/// By another parser: the page is well-formed, and nothing that came in has become an element
/// or an attribute.
#[test]
fn text_stays_text() {
    for page in pages() {
        let page = parsed(&page);
        assert_eq!(
            all(&page, "script")
                .map(|script| script.text().unwrap())
                .collect::<Vec<_>>(),
            [page::SCRIPT]
        );
        assert!(
            ["img", "iframe", "object", "link", "base", "form"]
                .iter()
                .all(|name| all(&page, name).next().is_none())
        );
        for attribute in page.descendants().flat_map(|node| node.attributes()) {
            assert!(
                !attribute.name().starts_with("on")
                    && !["style", "src"].contains(&attribute.name()),
                "{attribute:?}"
            );
            assert!(
                attribute.name() != "href" || attribute.value().starts_with('#'),
                "{attribute:?}"
            );
        }
        let text: String = page
            .descendants()
            .filter(Node::is_text)
            .filter_map(|node| node.text())
            .collect();
        assert!(
            text.chars()
                .all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'),
            "{text}"
        );
    }
    let page = run(&with_pairs());
    let page = parsed(&page);
    let shown = one_line(HOSTILE);
    assert_eq!(
        all(&page, "h1").next().unwrap().text(),
        Some(format!("{shown}, PARTIAL").as_str())
    );
    let lines: Vec<String> = HOSTILE.trim().lines().map(one_line).collect();
    let spans = |dd: Node| -> Vec<String> {
        let spans = dd.descendants().filter(|node| node.has_tag_name("span"));
        spans.map(|span| span.text().unwrap().to_owned()).collect()
    };
    // Those of pairs; provenance has others.
    let is_of_pair = |dd: &Node| {
        let mut around = dd.ancestors();
        around.any(|node| node.attribute("class") == Some("pair"))
    };
    let texts: Vec<Node> = all(&page, "dd").filter(is_of_pair).collect();
    assert!(texts.len() == 12 && texts.into_iter().all(|dd| spans(dd) == lines));
}

/// A browser refuses a script or a style whose hash the policy does not name.
#[test]
fn the_policy_allows_what_is_inline_and_nothing_else() {
    for page in pages() {
        let page = parsed(&page);
        let policy = all(&page, "meta").find_map(|meta| {
            meta.attribute("content")
                .filter(|_| meta.attribute("http-equiv") == Some("Content-Security-Policy"))
        });
        let directives: Vec<&str> = policy.unwrap().split("; ").collect();
        assert_eq!(
            [directives[0], directives[3], directives[4]],
            [
                "default-src 'none'",
                "base-uri 'none'",
                "form-action 'none'"
            ]
        );
        for (directive, name) in directives[1..3].iter().zip(["script", "style"]) {
            let hash = directive
                .strip_prefix(&format!("{name}-src 'sha256-"))
                .and_then(|rest| rest.strip_suffix('\''))
                .unwrap();
            let inline = all(&page, name).next().unwrap().text().unwrap();
            assert_eq!(
                BASE64.decode(hash.as_bytes()).unwrap(),
                Sha256::digest(inline).to_vec()
            );
        }
    }
}

#[test]
fn every_reference_has_its_target_and_every_picture_its_words() {
    for page in pages() {
        let page = parsed(&page);
        let ids: Vec<&str> = page
            .descendants()
            .filter_map(|node| node.attribute("id"))
            .collect();
        assert!(
            (1..ids.len()).all(|at| !ids[..at].contains(&ids[at])),
            "{ids:?}"
        );
        for node in page.descendants() {
            let target = node
                .attribute("href")
                .map(|href| &href[1..])
                .or(node.attribute("aria-labelledby"));
            assert!(
                target.is_none_or(|target| ids.contains(&target)),
                "{node:?}"
            );
        }
        for svg in all(&page, "svg") {
            let says = |name: &str| {
                svg.children()
                    .any(|child| child.has_tag_name(name) && child.text().is_some())
            };
            assert!(
                svg.attribute("aria-hidden") == Some("true")
                    || svg.attribute("role") == Some("img") && says("title") && says("desc"),
                "{svg:?}"
            );
        }
    }
}

#[test]
fn the_first_sentence_says_who_is_ahead_and_whether_that_is_noise() {
    let page = run(&with_pairs());
    assert!(
        page.contains("but these pairs do not settle it: the interval has 0 in it.</p>"),
        "{page}"
    );
    assert!(run(&samples::run()).contains("=B|&lt;x&gt;  has an average of 0.750.</p>"));
    // Without a run of the candidate nothing is known pair by pair.
    assert!(
        comparison(&samples::comparison()).contains("do not tell the candidate from the baseline")
    );
}

#[test]
fn charts_show_figure_interval_and_published_mark() {
    let page = run(&samples::with_published());
    let page = parsed(&page);
    let chart = all(&page, "svg")
        .find(|svg| {
            svg.children()
                .any(|c| c.has_tag_name("title") && c.text() == Some("hep-go"))
        })
        .unwrap();
    let desc = chart
        .children()
        .find(|c| c.has_tag_name("desc"))
        .unwrap()
        .text()
        .unwrap();
    // Of 112/164: scipy 1.17.1, binomtest(112, 164).proportion_ci(method="exact").
    assert!(
        desc.starts_with("A 0.683 [0.606, 0.753], published 0.689; "),
        "{desc}"
    );
    let marks: Vec<(&str, &str)> = chart
        .children()
        .filter(|c| c.has_tag_name("use"))
        .map(|c| (c.attribute("href").unwrap(), c.attribute("x").unwrap()))
        .collect();
    assert_eq!(
        marks,
        [("#s0", "68.29%"), ("#published", "68.9%"), ("#s1", "75%")]
    );
    let rows: Vec<Vec<&str>> = all(&page, "tbody")
        .flat_map(|body| body.children())
        .map(|row| row.children().filter_map(|cell| cell.text()).collect())
        .collect();
    assert_eq!(
        rows[0],
        ["hep-go", "164", "0.683", "0.689 -1~", "0.750", "0.250"]
    );
}

#[test]
fn a_comparison_shows_its_gate_its_differences_and_its_pairs() {
    let page = comparison(&samples::comparison());
    let page = parsed(&page);
    let heads: Vec<&str> = all(&page, "h2").filter_map(|h| h.text()).collect();
    assert_eq!(
        heads,
        [
            "Gate",
            "Differences",
            "Table",
            "Margins",
            "Changed pairs",
            "Notes",
            "Measured with"
        ]
    );
    assert_eq!(
        all(&page, "code")
            .filter_map(|code| code.text())
            .collect::<Vec<_>>(),
        ["drop:subset:*:0.01", "max-ties:0"]
    );
    assert_eq!(all(&page, "article").count(), 4);
    // p-values are sorted as numbers.
    let holm = all(&page, "td")
        .filter_map(|cell| cell.attribute("data-v"))
        .count();
    assert_eq!(holm, 2 * 2 + 1 + 2);
}
