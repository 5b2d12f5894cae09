//! The table of docs/ci.md: which limits a rule can pass at all, computed by the rules themselves.

use crate::benchmark::Benchmark;
use crate::comparison::Comparison;
use crate::comparison::gate::Rule;
use crate::comparison::tests::paired;

const FLIPS: [f64; 6] = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2];
/// The table stands between these lines.
const ENDS: [&str; 2] = ["<!-- limits: computed -->\n", "<!-- /limits -->\n"];

/// A candidate that gains as many pairs as it loses, `flips` of all together, of a baseline that
/// has three of four right.
fn equally_good(sizes: &[(&str, usize)], flips: f64) -> Comparison {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "shares of thousands of pairs"
    )]
    let share = |n: usize| (n as f64 * flips / 2.0 + 0.5) as usize;
    let mut sides = [Vec::new(), Vec::new()];
    let mut seen = 0;
    for (subset, n) in sizes {
        // Rounded over all subsets, not in each: small ones have their share, too.
        let changed = share(seen + n) - share(seen);
        seen += n;
        let same: String = (0..n - 2 * changed)
            .map(|at| if at % 4 == 0 { '-' } else { '+' })
            .collect();
        let [lost, gained] = ["+", "-"].map(|mark| mark.repeat(changed));
        sides[0].push((*subset, format!("{lost}{gained}{same}")));
        sides[1].push((*subset, format!("{gained}{lost}{same}")));
    }
    let [before, after] = sides.each_ref().map(|side| {
        let marks = side.iter().map(|(subset, marks)| (*subset, marks.as_str()));
        marks.collect::<Vec<_>>()
    });
    paired(&before, &after)
}

/// The least limit with which the rule passes such a candidate, in three decimals.
fn least_limit(scope: &str, found: &Comparison) -> String {
    let rule: Rule = format!("drop:{scope}:1").parse().unwrap();
    let measured = rule.evaluate(found).unwrap().measured.unwrap();
    let least = -measured.interval.unwrap().low;
    format!("{:.3}", (least * 1000.0).ceil() / 1000.0)
}

fn table() -> String {
    let reward_bench = Benchmark::reward_bench().subsets;
    let reward_bench: Vec<(&str, usize)> = reward_bench
        .iter()
        .map(|(name, n)| (name.as_str(), *n))
        .collect();
    let alone = [100, 300, 1000, 3000, 10_000].map(|n| [("pairs", n)]);
    let mut rows = vec![("total", "one set", alone[0].as_slice())];
    rows.extend(
        alone[1..]
            .iter()
            .map(|sizes| ("total", "one set", sizes.as_slice())),
    );
    for scope in ["total", "average", "rewardbench", "section:*", "subset:*"] {
        rows.push((scope, "RewardBench", reward_bench.as_slice()));
    }
    let header = FLIPS
        .map(|flips| format!("{} %", flips * 100.0))
        .join(" | ");
    let mut out = format!(
        "| rule | data | pairs | {header} |\n|:--|:--|--:|{}\n",
        "--:|".repeat(FLIPS.len())
    );
    for (scope, data, sizes) in rows {
        let n: usize = sizes.iter().map(|(_, n)| n).sum();
        let limits = FLIPS.map(|flips| least_limit(scope, &equally_good(sizes, flips)));
        out.push_str(&format!(
            "| `drop:{scope}:X` | {data} | {n} | {} |\n",
            limits.join(" | ")
        ));
    }
    out
}

/// `SNAPSHOTS=overwrite cargo test --release --lib ci_table` writes it again.
#[test]
fn the_table_of_limits_is_what_the_rules_compute() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(ENDS[0]).unwrap();
    let (written, after) = rest.split_once(ENDS[1]).unwrap();
    let computed = format!("\n{}\n", table());
    if std::env::var("SNAPSHOTS").is_ok_and(|value| value == "overwrite") {
        let text = [before, ENDS[0], &computed, ENDS[1], after].concat();
        std::fs::write(&path, text).unwrap();
    } else {
        assert_eq!(written, computed);
    }
}

/// The limits are where the verdict turns, and beyond them an equally good candidate passes.
#[test]
fn a_limit_of_the_table_passes_and_a_smaller_one_does_not() {
    use crate::comparison::gate::Status;
    let found = equally_good(&[("hep-go", 1000), ("hep-js", 500)], 0.05);
    let status = |limit: f64| {
        let rule: Rule = format!("drop:average:{limit}").parse().unwrap();
        rule.evaluate(&found).unwrap().status
    };
    let limit: f64 = least_limit("average", &found).parse().unwrap();
    assert_eq!(
        (status(limit), status(limit - 0.0011)),
        (Status::Pass, Status::Inconclusive)
    );
}
