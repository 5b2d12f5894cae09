//! Windows of lines through the model, answered in their order.

use std::error::Error as _;
use std::io::Write;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::commands::rank::answer::Answer;
use crate::commands::rank::lines::Lines;
use crate::commands::rank::model::LoadedModel;
use crate::commands::rank::request::Method;
use crate::commands::rank::task::Task;
use crate::data::Item;
use crate::data::answer_line::{AnswerLine, AnswersOf, MAX_LINE};
use crate::scoring::Step;
use crate::support::bounded_lines::Line;
use crate::support::error::{Error, ErrorKind, Result, one_line};
use crate::support::signals::Stop;
use crate::support::terminal::written;

/// What is in memory at once: so many lines at most, and no further ones once they have so many
/// rows or bytes.
const WINDOW_LINES: usize = 256;
const WINDOW_ROWS: usize = 4096;
const WINDOW_BYTES: usize = 64 << 20;

/// Lines that are being answered.
pub(super) struct Session<'a> {
    model: &'a LoadedModel,
    method: Method,
    batch_wait: Duration,
    stop: Stop,
    /// Set once nobody reads any more.
    is_closed: bool,
    pub(super) done: Done,
}

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) lines: usize,
    pub(super) errors: usize,
    pub(super) tokens: usize,
    /// Of work, not of waiting for lines.
    pub(super) seconds: f64,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        model: &'a LoadedModel,
        method: Method,
        batch_wait: Duration,
        stop: Stop,
    ) -> Self {
        Self {
            model,
            method,
            batch_wait,
            stop,
            is_closed: false,
            done: Done::default(),
        }
    }

    /// Answers all lines, or those before a signal or before nobody reads any more.
    pub(super) fn run(&mut self, lines: &Lines) -> Result<()> {
        let mut number = 0;
        while !self.is_closed {
            let mut window = self.window(lines, &mut number)?;
            if window.is_empty() {
                break;
            }
            self.answer(&mut window)?;
        }
        Ok(())
    }

    /// Answers a line that is there already.
    pub(super) fn run_one(&mut self, line: AnswerLine) -> Result<()> {
        let task = Task::new(1, line, self.method, self.model.is_pairwise());
        self.answer(&mut [task])
    }

    /// Waits for a line, and then for those that come within the batch's time; empty at the end.
    fn window(&self, lines: &Lines, number: &mut usize) -> Result<Vec<Task>> {
        let mut window = Vec::new();
        let (mut rows, mut bytes) = (0, 0);
        let mut next = lines.next(&self.stop)?;
        let deadline = Instant::now() + self.batch_wait;
        while let Some(line) = next {
            *number += 1;
            let read = match line {
                Line::Whole(line) => {
                    bytes += line.len();
                    let answers = match self.method {
                        Method::Score => AnswersOf::Score,
                        _ => AnswersOf::Rank,
                    };
                    AnswerLine::parse(&line, answers)
                }
                Line::TooLong => too_long(),
            };
            let task = Task::new(*number, read, self.method, self.model.is_pairwise());
            rows += task.rows();
            window.push(task);
            let is_full =
                window.len() >= WINDOW_LINES || rows >= WINDOW_ROWS || bytes >= WINDOW_BYTES;
            next = if is_full {
                None
            } else {
                lines.next_until(deadline)?
            };
        }
        Ok(window)
    }

    /// Asks the model until every line of the window has its answer.
    fn answer(&mut self, window: &mut [Task]) -> Result<()> {
        let begun = Instant::now();
        let mut unwritten = Unwritten { window, next: 0 };
        self.write(&mut unwritten)?;
        while !self.is_closed {
            let items: Vec<Item> = unwritten.window.iter().filter_map(Task::item).collect();
            if items.is_empty() {
                break;
            }
            if let Err(error) = self.score(&items, &mut unwritten) {
                if error.kind != ErrorKind::BadInput {
                    return Err(error);
                }
                self.one_by_one(&mut unwritten)?;
            }
        }
        self.done.seconds += begun.elapsed().as_secs_f64();
        Ok(())
    }

    /// A text on which the tokenizer fails ends the scoring of all: those that are left are asked
    /// about alone, once.
    fn one_by_one(&mut self, unwritten: &mut Unwritten) -> Result<()> {
        for at in 0..unwritten.window.len() {
            let Some(item) = unwritten.window[at].item() else {
                continue;
            };
            match self.score(&[item], unwritten) {
                Err(error) if error.kind == ErrorKind::BadInput => {
                    unwritten.window[at].fail(in_one_line(&error));
                    self.write(unwritten)?;
                }
                other => other?,
            }
        }
        Ok(())
    }

    /// Writes what is known after each batch.
    fn score(&mut self, items: &[Item], unwritten: &mut Unwritten) -> Result<()> {
        let model = self.model;
        model.score(items, |step: &Step| {
            self.done.tokens += step.tokens;
            for scored in &step.scored {
                unwritten.task(scored.row).enter(&scored.outcome);
            }
            self.write(unwritten)?;
            self.stop.check()?;
            Ok(if self.is_closed {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })
    }

    /// The answers before the first line that has none.
    fn write(&mut self, unwritten: &mut Unwritten) -> Result<()> {
        while let Some(answer) = unwritten.next_answer() {
            self.done.lines += 1;
            self.done.errors += usize::from(answer.is_error());
            if !self.is_closed {
                self.print(&answer.text())?;
            }
        }
        Ok(())
    }

    /// A whole line in one write. Who kills the process may still find a half of the last one in a
    /// file: Linux looks for such a signal between two pages (`generic_perform_write`).
    pub(super) fn print(&mut self, text: &str) -> Result<()> {
        let mut out = std::io::stdout().lock();
        let outcome = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        self.is_closed = outcome.is_err();
        written(outcome)
    }
}

/// A window, and which of its lines is written next.
struct Unwritten<'a> {
    window: &'a mut [Task],
    next: usize,
}

impl Unwritten<'_> {
    /// By its line.
    fn task(&mut self, line: usize) -> &mut Task {
        let first = self.window[0].line();
        &mut self.window[line - first]
    }

    fn next_answer(&mut self) -> Option<Answer> {
        let answer = self.window.get_mut(self.next)?.answer()?;
        self.next += 1;
        Some(answer)
    }
}

fn too_long() -> AnswerLine {
    AnswerLine {
        id: None,
        content: Err(format!("a line of more than {MAX_LINE} bytes")),
    }
}

fn in_one_line(error: &Error) -> String {
    let cause = error.source().map(|cause| format!(": {cause}"));
    one_line(&format!("{error}{}", cause.unwrap_or_default()))
}
