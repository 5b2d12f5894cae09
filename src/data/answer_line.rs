//! A line of JSON with a prompt and answers to it, of which none is known to be the better one.

use crate::data::cell::{Cell, excerpt};
use crate::data::item::{Answers, Id, Message};
use crate::data::json;
use crate::data::json_text::{Entries, JsonText};
use crate::data::raw_row::{long_prompt, too_long};
use crate::data::row_place::MOST_ANSWERS;

/// The most bytes of a line.
pub(crate) const MAX_LINE: usize = 16 << 20;

/// Which answers a line has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswersOf {
    /// Of `rank`: the list `candidates`.
    Rank,
    /// Of `score`: one answer or two, under any of their names.
    Score,
}

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub struct AnswerLine {
    /// Also of a line with a fault, where it has one that can be read.
    pub id: Option<Id>,
    /// Or why there is none.
    pub content: Result<PromptAnswers, String>,
}

/// A prompt with answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptAnswers {
    pub prompt: Vec<Message>,
    pub answers: Answers,
    /// An answer with which the others are to be compared.
    pub reference: Option<String>,
    pub asked: Asked,
}

/// How a line itself says what is to be found out of it, in the words of `rank`'s flags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    pub(crate) method: Option<String>,
    pub(crate) ref_mode: Option<String>,
    pub(crate) mode: Option<String>,
    pub(crate) cmp_type: Option<String>,
    pub(crate) seed: Option<u64>,
}

/// Names of a single answer, and of a list of them.
const ONE: [&str; 3] = ["answer", "response", "candidate"];
const LIST: [&str; 3] = ["answers", "responses", "candidates"];

impl AnswerLine {
    /// Reads a line. Keys that it does not know are passed over.
    pub fn parse(line: &[u8], answers: AnswersOf) -> Self {
        let entries = std::str::from_utf8(line)
            .map_err(|e| format!("not UTF-8 from byte {} on", e.valid_up_to() + 1))
            .and_then(entries);
        match entries {
            Ok(entries) => Keys(entries).line(answers),
            Err(why) => Self {
                id: None,
                content: Err(why),
            },
        }
    }
}

impl PromptAnswers {
    /// A prompt that is one text, with the lines or strings of a file.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn of_texts(prompt: &str, answers: Vec<String>) -> Result<Self, String> {
        Ok(Self {
            prompt: vec![Message::new("user", prompt)],
            answers: checked("candidates", answers)?,
            reference: None,
            asked: Asked::default(),
        })
    }
}

/// The object on a line.
fn entries(text: &str) -> Result<Entries<'_>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut json = JsonText::new(text);
    if json.is_at_end() {
        return Err("the line is empty".to_owned());
    }
    let is_object = json.peek() == Some(b'{');
    let entries = if is_object {
        json.object()
    } else {
        json.value().map(|_| Vec::new())
    };
    match entries {
        Some(entries) if json.is_at_end() && is_object => Ok(entries),
        Some(_) if json.is_at_end() => Err("not an object".to_owned()),
        _ => Err(unexpected(text, json.at)),
    }
}

/// No JSON, for what stands at this place.
fn unexpected(text: &str, at: usize) -> String {
    let column = at + 1;
    match text.get(at..).and_then(|rest| rest.chars().next()) {
        Some(c) => format!("not JSON: unexpected {c:?} at column {column}"),
        None => format!("not JSON: it ends too early, at column {column}"),
    }
}

/// The keys of a line, with their values as they are written.
struct Keys<'a>(Entries<'a>);

impl Keys<'_> {
    fn line(&self, answers: AnswersOf) -> AnswerLine {
        let (id, bad_id) = match self.id() {
            Ok(id) => (id, None),
            Err(why) => (None, Some(why)),
        };
        AnswerLine {
            id,
            content: bad_id.map_or_else(|| self.content(answers), Err),
        }
    }

    fn content(&self, answers: AnswersOf) -> Result<PromptAnswers, String> {
        Ok(PromptAnswers {
            prompt: self.prompt()?,
            answers: match answers {
                AnswersOf::Rank => self.list("candidates")?,
                AnswersOf::Score => self.one_or_two()?,
            },
            reference: self.text("reference")?,
            asked: match answers {
                AnswersOf::Rank => self.asked()?,
                AnswersOf::Score => Asked::default(),
            },
        })
    }

    fn asked(&self) -> Result<Asked, String> {
        let seed = match self.cell("seed")? {
            None => None,
            Some(Cell::Integer(seed)) if seed >= 0 => Some(seed.unsigned_abs()),
            Some(other) => return Err(wrong("seed", "an integer from 0 on", &other)),
        };
        Ok(Asked {
            method: self.text("method")?,
            ref_mode: self.text("ref_mode")?,
            mode: self.text("mode")?,
            cmp_type: self.text("cmp_type")?,
            seed,
        })
    }

    /// The value of a key; `None` where there is none, and where it is null.
    fn cell(&self, key: &str) -> Result<Option<Cell>, String> {
        let mut all = self.0.iter().filter(|(name, _)| name == key);
        let Some((_, written)) = all.next() else {
            return Ok(None);
        };
        if all.next().is_some() {
            return Err(format!("`{key}` is there more than once"));
        }
        if *written == "null" {
            return Ok(None);
        }
        let lone = || format!("`{key}`: a lone surrogate, which is half a character");
        json::cell(written).map(Some).ok_or_else(lone)
    }

    fn id(&self) -> Result<Option<Id>, String> {
        match self.cell("id")? {
            None => Ok(None),
            Some(Cell::Integer(number)) => Ok(Some(Id::Number(number))),
            Some(Cell::Text(text)) => sized("id", text).map(|text| Some(Id::Text(text))),
            Some(other) => Err(wrong("id", "an integer of 64 bits or a string", &other)),
        }
    }

    fn text(&self, key: &str) -> Result<Option<String>, String> {
        match self.cell(key)? {
            None => Ok(None),
            Some(Cell::Text(text)) => sized(key, text).map(Some),
            Some(other) => Err(wrong(key, "a string", &other)),
        }
    }

    /// A string is one user's turn, which an instruction is put before, as upstream does it:
    /// nothing separates the two.
    fn prompt(&self) -> Result<Vec<Message>, String> {
        let instruction = self.text("instruction")?;
        match (self.cell("prompt")?, instruction) {
            (None, _) => Err(self.missing("prompt")),
            (Some(Cell::Text(text)), instruction) => {
                let text = instruction.unwrap_or_default() + &text;
                Ok(vec![Message::new("user", &sized("prompt", text)?)])
            }
            (Some(Cell::Messages(_)), Some(_)) => {
                Err("`instruction` goes with a `prompt` that is a string".to_owned())
            }
            (Some(Cell::Messages(messages)), None) => {
                accepted("prompt", long_prompt(&messages))?;
                Ok(messages)
            }
            (Some(other), _) => Err(wrong("prompt", "a string or a list of messages", &other)),
        }
    }

    fn list(&self, key: &str) -> Result<Answers, String> {
        match self.cell(key)? {
            Some(Cell::Texts(texts)) => checked(key, texts),
            Some(Cell::Other(shown)) if shown.starts_with('[') && is_empty(&shown) => {
                checked(key, Vec::new())
            }
            Some(other) => Err(wrong(key, "a list of strings", &other)),
            None => Err(self.missing(key)),
        }
    }

    fn one_or_two(&self) -> Result<Answers, String> {
        let has = |key: &&str| self.0.iter().any(|(name, _)| name == key);
        let one = ONE.into_iter().find(has);
        let list = LIST.into_iter().find(has);
        let pair = ["chosen", "rejected"].into_iter().find(has);
        match (one, list, pair) {
            (Some(key), None, None) => {
                let text = self.text(key)?.ok_or_else(|| self.missing(key))?;
                Ok(text.into())
            }
            (None, Some(key), None) => {
                let answers = self.list(key)?;
                if answers.len() > 2 {
                    let n = answers.len();
                    return Err(format!("`{key}`: {n} answers; `pairbench rank` takes many"));
                }
                Ok(answers)
            }
            (None, None, Some(_)) => {
                let of = |key| self.text(key)?.ok_or_else(|| self.missing(key));
                Ok(Answers::new(of("chosen")?, vec![of("rejected")?]))
            }
            (None, None, None) => Err(self.missing("answer`, `answers` or `chosen")),
            _ => {
                let found: Vec<&str> = [one, list, pair].into_iter().flatten().collect();
                Err(format!("answers under two names: `{}`", found.join("`, `")))
            }
        }
    }

    fn missing(&self, key: &str) -> String {
        if self.0.iter().any(|(name, _)| name == key) {
            return format!("`{key}` is null");
        }
        let found: Vec<&str> = self.0.iter().map(|(name, _)| &**name).collect();
        format!("no `{key}`, found: {}", excerpt(&found.join(", ")))
    }
}

fn is_empty(list: &str) -> bool {
    JsonText::new(list).list().is_some_and(|all| all.is_empty())
}

/// Answers, of which there must be one.
fn checked(key: &str, texts: Vec<String>) -> Result<Answers, String> {
    if texts.len() > MOST_ANSWERS {
        let n = texts.len();
        return Err(format!(
            "`{key}`: {n} answers, accepted: up to {MOST_ANSWERS}"
        ));
    }
    let texts = texts.into_iter().map(|text| sized(key, text));
    let texts = texts.collect::<Result<Vec<_>, _>>()?;
    Answers::from_list(texts).ok_or_else(|| format!("`{key}`: a list without an answer"))
}

fn sized(key: &str, text: String) -> Result<String, String> {
    accepted(key, too_long("a text", text.len())).map(|()| text)
}

/// `what` is too long about the value of a key, if anything.
fn accepted(key: &str, what: Option<String>) -> Result<(), String> {
    what.map_or(Ok(()), |what| Err(format!("`{key}`: {what}")))
}

fn wrong(key: &str, expected: &str, found: &Cell) -> String {
    format!("`{key}`: expected {expected}, found {}", found.shown())
}

#[cfg(test)]
mod tests;
