//! Pairs for people.

use console::{Style as Paint, measure_text_width};

use crate::data::Answers;
use crate::report::pairs::page::{Answer, End, PairPage, ShownPair};
use crate::report::style::Style;
use crate::report::verdict_mark::{signed, verdict_mark};
use crate::report::wrap::wrapped;
use crate::scoring::{Outcome, Verdict};
use crate::support::count::count;
use crate::support::error::{one_line, without_workflow_command};

/// Stands before every line that comes from the data: none of them is taken for one of ours, or for
/// a command to the log of a CI job.
const GUTTER: &str = "│ ";

/// The narrowest text.
const NARROWEST: usize = 20;

/// Every pair with its texts, whole, and a line for each model.
pub(crate) fn pairs_text(page: &PairPage, style: Style) -> String {
    let mut out = Writer {
        text: String::new(),
        style,
    };
    out.line(&format!("{}: {}", page.run, shown(page)), &Paint::new());
    for pair in &page.pairs {
        out.pair(pair);
    }
    out.text
}

/// How many pairs of how many, and of which kind.
fn shown(page: &PairPage) -> String {
    let shown = page.pairs.len();
    let more = if shown < page.of {
        "; --limit N shows more"
    } else {
        ""
    };
    format!("{shown} of {} {}{more}", page.of, page.what)
}

struct Writer {
    text: String,
    style: Style,
}

impl Writer {
    fn pair(&mut self, pair: &ShownPair) {
        let item = &pair.item;
        let id = item.id.as_ref();
        let id = id.map_or_else(String::new, |id| format!("id {id}, "));
        self.text.push('\n');
        self.line(
            &format!("{} {id}row {}", item.subset, item.row),
            &Paint::new().bold(),
        );
        self.cuts(pair, 0, End::Start);
        for turn in &item.prompt {
            let role = if item.prompt.len() == 1 {
                "prompt".to_owned()
            } else {
                format!("prompt, {}", turn.role)
            };
            self.body(&role, &turn.content);
        }
        self.cuts(pair, 0, End::End);
        let [first, second] = if item.is_tie {
            ["first (neither is better)", "second"]
        } else {
            ["chosen", "rejected"]
        };
        for (part, label, answers) in [(1, first, &item.chosen), (2, second, &item.rejected)] {
            self.cuts(pair, part, End::Start);
            self.answers(label, answers);
            self.cuts(pair, part, End::End);
        }
        let names = pair.answers.iter().map(|answer| one_line(&answer.model));
        let width = names
            .map(|name| measure_text_width(&name))
            .max()
            .unwrap_or(0);
        for answer in &pair.answers {
            self.verdict(answer, width);
        }
    }

    fn answers(&mut self, label: &str, answers: &Answers) {
        for answer in answers.iter() {
            self.body(label, answer);
        }
    }

    /// A text under its name.
    fn body(&mut self, label: &str, text: &str) {
        self.line(label, &Paint::new().dim());
        let width = self.style.width.map(|width| {
            width
                .saturating_sub(measure_text_width(GUTTER))
                .max(NARROWEST)
        });
        for line in text.replace("\r\n", "\n").split('\n') {
            let line = one_line(&line.replace('\t', "    "));
            let pieces = width.map_or_else(|| vec![line.as_str()], |width| wrapped(&line, width));
            for piece in pieces {
                let line = format!("{GUTTER}{}", piece.trim_end());
                self.text.push_str(line.trim_end());
                self.text.push('\n');
            }
        }
    }

    /// What each model did not read of a part, at the end where it was cut.
    fn cuts(&mut self, pair: &ShownPair, part: usize, end: End) {
        for answer in &pair.answers {
            let cut = answer.cuts[part];
            if cut.tokens == 0 || cut.from != end {
                continue;
            }
            let end = match end {
                End::Start => "start",
                End::End => "end",
            };
            let tokens = count(cut.tokens, "token");
            self.line(
                &format!("✂ {}: {tokens} cut from the {end}", answer.model),
                &Paint::new().yellow(),
            );
        }
    }

    /// One model's line; `width` is that of the longest name.
    fn verdict(&mut self, answer: &Answer, width: usize) {
        let verdict = answer.verdict;
        let name = one_line(&answer.model);
        let padding = " ".repeat(width.saturating_sub(measure_text_width(&name)));
        let line = format!(
            "{} {name}{padding}  {:<7}  {}",
            verdict_mark(verdict),
            verdict.name(),
            numbers(answer)
        );
        let paint = match verdict {
            Verdict::Correct => Paint::new().green(),
            Verdict::Wrong => Paint::new().red(),
            Verdict::Tie | Verdict::Invalid => Paint::new().yellow(),
        };
        self.line(&line, &paint);
    }

    /// A line of ours.
    fn line(&mut self, line: &str, paint: &Paint) {
        let line = without_workflow_command(one_line(line));
        let pieces = match self.style.width {
            Some(width) => wrapped(&line, width.max(NARROWEST)),
            None => vec![line.as_str()],
        };
        for piece in pieces {
            let piece = piece.trim_end();
            if self.style.colour {
                let piece = paint.clone().force_styling(true).apply_to(piece);
                self.text.push_str(&piece.to_string());
            } else {
                self.text.push_str(piece);
            }
            self.text.push('\n');
        }
    }
}

/// `margin +1.25: logit +0.75 chosen first, -0.500 rejected first`, or why there is none.
fn numbers(answer: &Answer) -> String {
    if let Some(reason) = answer.outcome.reason() {
        return reason.to_owned();
    }
    let shown = |number: f32| signed(number).unwrap_or_default();
    let margin = shown(answer.outcome.margin());
    match &answer.outcome {
        Outcome::Pairwise(both) => {
            let [ab, ba] = [both.logit_ab, both.logit_ba].map(shown);
            format!("margin {margin}: logit {ab} with chosen first, {ba} with rejected first")
        }
        Outcome::Scalar(scores) => {
            let [chosen, rejected] = [scores.score_chosen, scores.score_rejected].map(shown);
            format!("margin {margin}: score {chosen} of chosen, {rejected} of rejected")
        }
        several @ (Outcome::Compared(_) | Outcome::Scored(_)) => {
            format!("margin {margin}: {}", of_several(several))
        }
    }
}

/// The scores of all answers, or, where they were read across only, how much each chosen one is
/// preferred to each rejected one.
fn of_several(outcome: &Outcome) -> String {
    let listed = |numbers: &[f32]| {
        let shown = numbers.iter().map(|own| signed(*own).unwrap_or_default());
        shown.collect::<Vec<_>>().join(" ")
    };
    let chosen = outcome.chosen();
    if let Some(scores) = outcome.scores() {
        let (chosen, rejected) = scores.split_at(chosen.min(scores.len()));
        return format!(
            "scores {} of chosen, {} of rejected",
            listed(chosen),
            listed(rejected)
        );
    }
    let rejected = match outcome {
        Outcome::Compared(several) => several.answers - several.chosen,
        _ => 0,
    };
    let row = |at: usize| -> Vec<f32> {
        (0..rejected)
            .map(|other| outcome.preference(at, other))
            .collect()
    };
    let rows: Vec<String> = (0..chosen).map(|at| listed(&row(at))).collect();
    format!("preferred to the rejected ones by {}", rows.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Id, Item, Message};
    use crate::report::pairs::page::Cut;
    use crate::scoring::verdict::tests::logits;

    fn page() -> PairPage {
        let cut = |tokens, from| Cut { tokens, from };
        let answer = |model: &str, outcome: Outcome, cuts| Answer {
            model: model.to_owned(),
            verdict: outcome.verdict(),
            outcome,
            cuts,
        };
        let none = cut(0, End::End);
        let pair = ShownPair {
            item: Item {
                row: 3,
                subset: "chat".to_owned(),
                id: Some(Id::Number(7)),
                prompt: vec![
                    Message::new("user", "a\r\n\n::error::b\u{1b}[31m"),
                    Message::new("assistant", "c"),
                ],
                chosen: "\tone two three".to_owned().into(),
                rejected: "prompt".to_owned().into(),
                is_tie: false,
                comparisons: crate::data::Comparisons::default(),
            },
            answers: vec![
                answer(
                    "left",
                    logits(0.75, -0.5),
                    [cut(12, End::Start), none, none],
                ),
                answer("longer", logits(-2.0, 1.5), [none, cut(1, End::End), none]),
            ],
        };
        PairPage {
            run: "runs/1".to_owned(),
            what: "pairs".to_owned(),
            of: 2,
            pairs: vec![pair],
        }
    }

    const WHOLE: &str = "\
runs/1: 1 of 2 pairs; --limit N shows more

chat id 7, row 3
✂ left: 12 tokens cut from the start
prompt, user
│ a
│
│ ::error::b [31m
prompt, assistant
│ c
chosen
│     one two three
✂ longer: 1 token cut from the end
rejected
│ prompt
✓ left    correct  margin +1.25: logit +0.750 with chosen first, -0.500 with rejected first
✗ longer  wrong    margin -3.50: logit -2.00 with chosen first, +1.50 with rejected first
";

    #[test]
    fn texts_are_whole_and_harmless_and_marks_stand_where_something_was_cut() {
        assert_eq!(pairs_text(&page(), Style::plain()), WHOLE);
    }

    #[test]
    fn lines_fit_the_terminal_and_colour_changes_nothing_else() {
        let narrow = Style {
            colour: true,
            width: Some(24),
        };
        let text = pairs_text(&page(), narrow);
        assert!(text.contains("\u{1b}[") && !text.contains("\u{1b}[31m\n"));
        let text = console::strip_ansi_codes(&text);
        assert!(
            text.lines().all(|line| measure_text_width(line) <= 24),
            "{text}"
        );
        let words = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let without_gutters = |text: &str| words(&text.replace(GUTTER.trim_end(), ""));
        assert_eq!(without_gutters(&text), without_gutters(WHOLE));
    }
}
