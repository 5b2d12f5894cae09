//! The values of a row → prompt and answers, in the forms in which trainers keep preference data.
//!
//! The forms are those of TRL: a prompt with two answers as texts, or as lists of messages; or no
//! prompt, and two whole conversations, whose shared beginning it is (`maybe_extract_prompt`). TRL
//! finds the shared beginning of two texts, too, letter by letter. Here it is asked for: answers
//! that lack their prompt cannot be told from texts that begin with it.

use crate::data::cell::{Cell, Cells};
use crate::data::choices;
use crate::data::column_map::Field;
use crate::data::implicit_prompt;
use crate::data::item::{Answers, Message};
use crate::data::message_text;
use crate::data::missing_column::{missing_columns, unused_verdicts};
use crate::data::raw_row::{RawRow, Source};
use crate::data::row_place::RowPlace;
use crate::support::error::{Error, Result};

/// The row of these values; `found` lists its columns, which may be others than those of the row
/// before if they `are_new`.
pub(crate) fn row(
    source: Source,
    at: usize,
    mut cells: Cells,
    found: &dyn Fn() -> Vec<String>,
    are_new: bool,
) -> Result<RawRow> {
    let missing = missing(source, &cells);
    if !missing.is_empty() {
        return Err(missing_columns(source, at, &missing, &found()));
    }
    let row = RowPlace { source, at };
    message_text::refuse(&row, &cells)?;
    let is_list_text = message_text::are_lists(&cells);
    if cells.has(Field::Choices) {
        return choices::row(&row, cells);
    }
    let answers = (cells.take(Field::Chosen), cells.take(Field::Rejected));
    let (Some(chosen), Some(rejected)) = answers else {
        return Err(missing_columns(source, at, &missing, &found()));
    };
    let (subset, id) = (cells.take(Field::Subset), cells.take(Field::Id));
    let (prompt, label) = (cells.take(Field::Prompt), cells.take(Field::Label));
    let tie = cells.take(Field::Tie);
    let is_tie = tie.map_or(Ok(false), |cell| row.tie(&cell))?;
    if are_new {
        unused_verdicts(source, found)?;
    }
    let no_prompt = || missing_columns(source, at, &[Field::Prompt], &found());
    let (prompt, [chosen, rejected]) = match (chosen, rejected) {
        (Cell::Text(chosen), Cell::Text(rejected)) => {
            if source.map.extracts_prompt() {
                let (prompt, answers) =
                    implicit_prompt::split(&row, prompt.as_ref(), &chosen, &rejected)?;
                (prompt, answers.map(Answers::from))
            } else {
                let prompt = row.prompt(prompt.ok_or_else(no_prompt)?)?;
                (prompt, [chosen.into(), rejected.into()])
            }
        }
        (Cell::Messages(chosen), Cell::Messages(rejected)) => {
            let (prompt, answers) = row.conversations(prompt, chosen, rejected)?;
            (prompt, answers.map(Answers::from))
        }
        (
            chosen @ (Cell::Text(_) | Cell::Texts(_)),
            rejected @ (Cell::Text(_) | Cell::Texts(_)),
        ) => {
            let prompt = row.prompt(prompt.ok_or_else(no_prompt)?)?;
            let chosen = row.answers(Field::Chosen, chosen)?;
            (prompt, [chosen, row.answers(Field::Rejected, rejected)?])
        }
        (Cell::Text(_) | Cell::Texts(_), other) => {
            return Err(row.wrong(Field::Rejected, "a string or a list of them", &other));
        }
        (Cell::Messages(_), other) => {
            return Err(row.wrong(Field::Rejected, "a list of messages", &other));
        }
        (other, _) => return Err(row.wrong(Field::Chosen, "a string", &other)),
    };
    Ok(RawRow {
        subset: subset.map(|cell| row.subset(cell)).transpose()?,
        id: id.map(|cell| row.id(cell)).transpose()?,
        prompt,
        chosen,
        rejected,
        // A tie needs no winner.
        label: match label {
            Some(_) if is_tie => Some(String::new()),
            label => label.map(|cell| row.label(cell)).transpose()?,
        },
        is_tie,
        is_list_text,
    })
}

/// Columns that every row needs: the answers', those that `--map` names, and, where there are no
/// answers that could hold it, the prompt's.
fn missing(source: Source, cells: &Cells) -> Vec<Field> {
    let lacks = |field: Field| !cells.has(field);
    let in_one_list = source.map.names(Field::Choices);
    let no_answers = lacks(Field::Chosen) || lacks(Field::Rejected);
    let is_needed = |field: Field| match field {
        Field::Chosen | Field::Rejected => !in_one_list,
        Field::Prompt | Field::Label if in_one_list => true,
        Field::Prompt if source.map.column(Field::Prompt).is_some() && no_answers => true,
        _ => source.map.names(field),
    };
    let lost = |field: &Field| is_needed(*field) && lacks(*field);
    Field::ALL.into_iter().filter(lost).collect()
}

impl RowPlace<'_> {
    /// Prompt and answers of two lists of messages.
    fn conversations(
        &self,
        prompt: Option<Cell>,
        chosen: Vec<Message>,
        rejected: Vec<Message>,
    ) -> Result<(Vec<Message>, [String; 2])> {
        match prompt {
            Some(Cell::Messages(prompt)) => {
                let answers = [(Field::Chosen, chosen), (Field::Rejected, rejected)];
                let [chosen, rejected] =
                    answers.map(|(field, messages)| self.answer_to(&prompt, field, messages));
                Ok((prompt, [chosen?, rejected?]))
            }
            Some(Cell::Text(text)) if chosen.len() == 1 || rejected.len() == 1 => {
                let prompt = Cell::Messages(vec![Message::new("user", &text)]);
                self.conversations(Some(prompt), chosen, rejected)
            }
            Some(Cell::Text(text)) => {
                let (shared, answers) = self.shared_beginning(chosen, rejected)?;
                if !shared.iter().any(|message| message.content == text) {
                    let error = self.bad(Field::Prompt, "is not in the conversations");
                    return Err(error.hint("where they hold the prompt themselves: --map prompt="));
                }
                Ok((shared, answers))
            }
            Some(other) => Err(self.wrong(Field::Prompt, "a string or a list of messages", &other)),
            None => self.shared_beginning(chosen, rejected),
        }
    }

    /// The one message that follows the prompt; lists that repeat the prompt are known.
    fn answer_to(
        &self,
        prompt: &[Message],
        field: Field,
        mut messages: Vec<Message>,
    ) -> Result<String> {
        if messages.len() > 1 && messages.starts_with(prompt) {
            messages.drain(..prompt.len());
        }
        match <[Message; 1]>::try_from(messages) {
            Ok([answer]) if answer.role == "assistant" => Ok(answer.content),
            Ok([other]) => Err(self.wrong(
                field,
                "a message of the assistant",
                &Cell::Messages(vec![other]),
            )),
            Err(messages) => Err(self.wrong(
                field,
                "one message of the assistant after the prompt",
                &Cell::Messages(messages),
            )),
        }
    }

    /// The conversations must differ in their last message only, the assistant's.
    fn shared_beginning(
        &self,
        mut chosen: Vec<Message>,
        mut rejected: Vec<Message>,
    ) -> Result<(Vec<Message>, [String; 2])> {
        let (chosen_turns, rejected_turns) = (chosen.len(), rejected.len());
        let last = (chosen.pop(), rejected.pop());
        let (Some(good), Some(bad)) = last else {
            return Err(self.bad(Field::Chosen, "expected messages, found none"));
        };
        if let Some(turn) =
            (0..chosen.len().min(rejected.len())).find(|i| chosen[*i] != rejected[*i])
        {
            return Err(self.fork(&format!(
                "the conversations differ in turn {} of {chosen_turns}, before the last",
                turn + 1
            )));
        }
        if chosen_turns != rejected_turns {
            return Err(self.fork(&format!(
                "a conversation of {chosen_turns} turns, the rejected one has {rejected_turns}"
            )));
        }
        if chosen.is_empty() {
            let error = self.bad(Field::Chosen, "one message, and no prompt before it");
            return Err(error.hint("add the column `prompt`, or whole conversations"));
        }
        for (field, message) in [(Field::Chosen, &good), (Field::Rejected, &bad)] {
            if message.role != "assistant" {
                let found = format!(
                    "expected the assistant's message at the end, found one of {}",
                    message.role
                );
                return Err(self.bad(field, &found));
            }
        }
        Ok((chosen, [good.content, bad.content]))
    }

    fn fork(&self, what: &str) -> Error {
        self.bad(Field::Chosen, what)
            .hint("both must be the same conversation up to the last answer")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::data::column_map::ColumnMap;

    fn messages(turns: &[(&str, &str)]) -> Cell {
        Cell::Messages(
            turns
                .iter()
                .map(|(role, text)| Message::new(role, text))
                .collect(),
        )
    }

    fn read(prompt: Option<Cell>, chosen: Cell, rejected: Cell) -> Result<RawRow> {
        let map = ColumnMap::default();
        let source = Source {
            path: Path::new("x"),
            map: &map,
        };
        let mut cells = Cells::default();
        if let Some(prompt) = prompt {
            cells.set(Field::Prompt, prompt);
        }
        cells.set(Field::Chosen, chosen);
        cells.set(Field::Rejected, rejected);
        row(source, 3, cells, &|| vec!["chosen".to_owned()], true)
    }

    const ASKED: (&str, &str) = ("user", "q");

    #[test]
    fn every_form_gives_the_same_pair() {
        let text = |text: &str| Cell::Text(text.to_owned());
        let answers = || {
            (
                messages(&[("assistant", "a")]),
                messages(&[("assistant", "b")]),
            )
        };
        let whole = || {
            (
                messages(&[ASKED, ("assistant", "a")]),
                messages(&[ASKED, ("assistant", "b")]),
            )
        };
        let forms = [
            (Some(text("q")), (text("a"), text("b"))),
            (Some(messages(&[ASKED])), (text("a"), text("b"))),
            (Some(messages(&[ASKED])), answers()),
            (Some(text("q")), answers()),
            (None, whole()),
            (Some(text("q")), whole()),
            (Some(messages(&[ASKED])), whole()),
            (
                Some(messages(&[ASKED])),
                (messages(&[("assistant", "a")]), whole().1),
            ),
        ];
        for (form, (prompt, (chosen, rejected))) in forms.into_iter().enumerate() {
            let row = read(prompt, chosen, rejected).unwrap();
            assert_eq!(row.prompt, [Message::new("user", "q")], "{form}");
            assert_eq!(
                (row.chosen.only(), row.rejected.only()),
                (Some("a"), Some("b")),
                "{form}"
            );
        }
    }

    #[test]
    fn equal_conversations_are_a_pair_of_equal_answers() {
        let whole = || messages(&[("system", "s"), ASKED, ("assistant", "a")]);
        let row = read(None, whole(), whole()).unwrap();
        assert_eq!((row.prompt.len(), row.chosen), (2, row.rejected));
    }

    #[test]
    fn conversations_that_are_no_pair_are_refused_by_row() {
        let (a, b) = (("assistant", "a"), ("assistant", "b"));
        let text = |text: &str| Some(Cell::Text(text.to_owned()));
        let cases = [
            (
                None,
                vec![ASKED, a],
                vec![("user", "p"), b],
                "differ in turn 1 of 2",
            ),
            (
                None,
                vec![ASKED, a, ASKED, a],
                vec![ASKED, b, ASKED, b],
                "differ in turn 2 of 4",
            ),
            (
                None,
                vec![ASKED, a],
                vec![ASKED, a, ASKED, b],
                "a conversation of 2 turns",
            ),
            (
                None,
                vec![ASKED, a, b],
                vec![ASKED, b],
                "a conversation of 3 turns, the rejected one has 2",
            ),
            (None, vec![a], vec![b], "no prompt before it"),
            (None, vec![], vec![], "expected messages, found none"),
            (
                None,
                vec![a, ASKED],
                vec![a, ("user", "p")],
                "found one of user",
            ),
            (
                text("other"),
                vec![ASKED, a],
                vec![ASKED, b],
                "is not in the conversations",
            ),
            (
                Some(messages(&[("user", "p")])),
                vec![ASKED, a],
                vec![ASKED, b],
                "one message",
            ),
            (
                Some(messages(&[ASKED])),
                vec![ASKED],
                vec![b],
                "a message of the assistant",
            ),
            (
                text("q"),
                vec![a],
                vec![ASKED, a, ASKED, b],
                "one message of the assistant",
            ),
        ];
        for (prompt, chosen, rejected, says) in cases {
            let error = read(prompt, messages(&chosen), messages(&rejected)).unwrap_err();
            let error = error.render();
            assert!(error.contains("x: row 3, column `"), "{error}");
            assert!(error.contains(says), "{says}: {error}");
        }
    }

    #[test]
    fn messages_that_are_written_as_text_are_refused_by_column() {
        let text = |text: &str| Cell::Text(text.to_owned());
        let listed = "[{'role': 'user', 'content': 'q'}]";
        let one = "{\"role\": \"assistant\", \"content\": \"a\"}";
        let answer = || messages(&[("assistant", "a")]);
        for (prompt, chosen, rejected, column) in [
            (text(listed), text("a"), text("b"), "prompt"),
            (text(listed), answer(), answer(), "prompt"),
            (text("q"), text(one), text(one), "chosen"),
            (text("q"), text(listed), text(one), "chosen"),
        ] {
            let error = read(Some(prompt), chosen, rejected).unwrap_err().render();
            let says = format!("row 3, column `{column}`: messages that are written as text");
            assert!(error.contains(&says), "{error}");
        }
        // What the error says to do where the text is meant.
        let meant = |text: &str| Cell::Texts(vec![text.to_owned()]);
        let row = read(
            Some(messages(&[("user", listed)])),
            meant(one),
            meant(listed),
        )
        .unwrap();
        assert_eq!(row.prompt[0].content, listed);
        assert_eq!(
            (row.chosen.only(), row.rejected.only()),
            (Some(one), Some(listed))
        );
        // Lists of anything else may be answers.
        assert!(read(Some(text("q")), text("['a']"), text("['b', 'c']")).is_ok());
        // And one answer a message, where that was asked for.
        assert!(read(Some(text("q")), text(one), text("b")).is_ok());
    }
}
