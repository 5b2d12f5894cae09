//! One line on its way from what was read to what is written.

use crate::commands::rank::answer::{Answer, Found, Place};
use crate::commands::rank::numbers::Numbers;
use crate::commands::rank::request::{Method, MethodRequest, Order, Shown};
use crate::data::answer_line::{AnswerLine, PromptAnswers};
use crate::data::{Answers, Comparisons, Id, Item};
use crate::ranking::{BubblePass, best_first, ranks, reference};
use crate::scoring::Outcome;

/// A line, as far as it is answered.
pub(super) struct Task {
    /// Its number, from 1.
    line: usize,
    id: Option<Id>,
    work: Work,
}

enum Work {
    Asking(Asking),
    Done(Found),
    /// What was found is gone to be written.
    Answered,
}

/// A line that the model must still be asked about.
struct Asking {
    content: PromptAnswers,
    method: Method,
    /// Of the candidates, the one that the others are compared with.
    reference: Option<usize>,
    bubble: Option<BubblePass>,
}

impl Task {
    /// `method`: of a line that asks for none itself; `is_pairwise`: whether the model reads two
    /// answers at once.
    pub(super) fn new(line: usize, read: AnswerLine, method: Method, is_pairwise: bool) -> Self {
        let asking = read.content.and_then(|content| {
            let own = MethodRequest::of_line(&content.asked)?;
            Asking::new(content, own.unwrap_or(method), is_pairwise)
        });
        let work = match asking {
            Ok(asking) => Work::Asking(asking),
            Err(error) => Work::Done(Found::Error { error }),
        };
        let mut task = Self {
            line,
            id: read.id,
            work,
        };
        task.answer_what_needs_no_model(is_pairwise);
        task
    }

    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// How many rows a pairwise model reads for it at most.
    pub(super) fn rows(&self) -> usize {
        match &self.work {
            Work::Asking(asking) => asking.content.answers.len().pow(2),
            Work::Done(_) | Work::Answered => 0,
        }
    }

    /// What to ask the model next; `None` where all is known.
    pub(super) fn item(&self) -> Option<Item> {
        let Work::Asking(asking) = &self.work else {
            return None;
        };
        let (texts, comparisons) = asking.question();
        let (first, others) = texts.split_first()?;
        // A single answer stands beside itself: equal rows are computed once.
        let others = if others.is_empty() {
            &texts[..1]
        } else {
            others
        };
        let others = others.iter().map(|text| (*text).to_owned()).collect();
        let others = Answers::from_list(others)?;
        let prompt = asking.content.prompt.clone();
        Some(Item::of_answers(
            self.line,
            prompt,
            first,
            others,
            comparisons,
        ))
    }

    /// What the model said of [`Self::item`].
    pub(super) fn enter(&mut self, outcome: &Outcome) {
        match outcome.reason() {
            Some(reason) => self.fail(format!("not scored: {reason}")),
            None => self.enter_numbers(&Numbers::of(outcome)),
        }
    }

    pub(super) fn fail(&mut self, error: String) {
        self.work = Work::Done(Found::Error { error });
    }

    /// What to write, once all is known; once.
    pub(super) fn answer(&mut self) -> Option<Answer> {
        match std::mem::replace(&mut self.work, Work::Answered) {
            Work::Done(found) => Some(Answer {
                line: self.line,
                id: self.id.take(),
                found,
            }),
            other => {
                self.work = other;
                None
            }
        }
    }

    fn answer_what_needs_no_model(&mut self, is_pairwise: bool) {
        if let Work::Asking(asking) = &self.work
            && is_pairwise
            && asking.question().0.len() < 2
        {
            self.enter_numbers(&Numbers::of_one());
        }
    }

    fn enter_numbers(&mut self, numbers: &Numbers) {
        let Work::Asking(asking) = &mut self.work else {
            return;
        };
        if let Some(pass) = &mut asking.bubble
            && pass.next_pair().is_some()
        {
            pass.enter(numbers.margin(0, 1));
            if pass.next_pair().is_some() {
                return;
            }
        }
        let found = asking.found(numbers);
        let unfinished = || Found::Error {
            error: "not scored: a score is not finite".to_owned(),
        };
        self.work = Work::Done(found.unwrap_or_else(unfinished));
    }
}

impl Asking {
    /// Refuses what the method or the model cannot take.
    fn new(content: PromptAnswers, method: Method, is_pairwise: bool) -> Result<Self, String> {
        let n = content.answers.len();
        let method = match method {
            Method::Compare(_) if n != 2 => {
                return Err(format!("`candidates`: compare takes two, found {n}"));
            }
            Method::Score if is_pairwise && n == 1 => {
                return Err(
                    "one answer has no score under a pairwise model: give two, or take a scalar \
                     model"
                        .to_owned(),
                );
            }
            // As upstream has it for every model that is no pair ranker.
            Method::Bubble { .. } if !is_pairwise => Method::BestOfN,
            other => other,
        };
        let answers: Vec<&str> = content.answers.iter().collect();
        let reference = match method {
            Method::RankWithRef { mode, .. } if content.reference.is_none() => {
                Some(reference(mode, &answers))
            }
            _ => None,
        };
        let bubble = match method {
            Method::Bubble { seed } => Some(BubblePass::new(answers.len(), seed)),
            _ => None,
        };
        Ok(Self {
            content,
            method,
            reference,
            bubble,
        })
    }

    /// Which answers the model is asked about, and which of them against each other.
    fn question(&self) -> (Vec<&str>, Comparisons) {
        let answers: Vec<&str> = self.content.answers.iter().collect();
        if let Some(pass) = &self.bubble {
            let pair = pass.next_pair().into_iter().flatten();
            return (
                pair.map(|place| answers[place]).collect(),
                Comparisons::Full,
            );
        }
        if !matches!(self.method, Method::RankWithRef { .. }) {
            return (answers, Comparisons::Full);
        }
        let given = self
            .content
            .reference
            .as_deref()
            .filter(|_| self.reference.is_none());
        let own = self.reference.map(|place| answers[place]);
        let others = answers.iter().enumerate();
        let others = others.filter(|(place, _)| Some(*place) != self.reference);
        let first = given.or(own).into_iter();
        let texts = first.chain(others.map(|(_, text)| *text)).collect();
        (texts, Comparisons::Star)
    }

    /// What follows from the numbers; `None` where one of them is not finite.
    fn found(&self, numbers: &Numbers) -> Option<Found> {
        match self.method {
            Method::Rank(shown) => self.ranked(shown, numbers),
            Method::RankWithRef { top, .. } => {
                let scores = self.scores_by_reference(numbers);
                let ranks = ranks(&scores)?;
                if let Some(most) = top {
                    return Some(self.top(&ranks, &scores, most.get(), None));
                }
                Some(Found::RankedByReference {
                    best: best_first(&ranks)[0],
                    ranks,
                    scores,
                    reference: self.reference,
                })
            }
            Method::Compare(order) => {
                let logit = match (&numbers.logits, order) {
                    (Some(logits), Order::AB) => logits[0][1],
                    (Some(logits), Order::BA) => logits[1][0],
                    (_, Order::Both) | (None, _) => numbers.margin(0, 1),
                };
                let left_is_better = logit > 0.0;
                logit.is_finite().then_some(Found::Compared {
                    logit,
                    left_is_better,
                })
            }
            Method::BestOfN | Method::Bubble { .. } => self.best(numbers),
            Method::Score => Some(self.scored(numbers)),
        }
    }

    fn ranked(&self, shown: Shown, numbers: &Numbers) -> Option<Found> {
        let scores = self.scores(numbers);
        let ranks = ranks(&scores)?;
        let margins = shown.margins.then(|| numbers.margins(scores.len()));
        if let Some(most) = shown.top {
            return Some(self.top(&ranks, &scores, most.get(), margins));
        }
        Some(Found::Ranked {
            best: best_first(&ranks)[0],
            ranks,
            scores,
            matrix: numbers.logits.clone(),
            margins,
        })
    }

    /// The best candidates alone.
    fn top(
        &self,
        ranks: &[usize],
        scores: &[f32],
        most: usize,
        mut margins: Option<Vec<Vec<f32>>>,
    ) -> Found {
        let order = best_first(ranks);
        let answers: Vec<&str> = self.content.answers.iter().collect();
        let place = |index: &usize| Place {
            index: *index,
            rank: ranks[*index],
            score: scores[*index],
            candidate: answers[*index].to_owned(),
            margins: margins
                .as_mut()
                .map(|margins| std::mem::take(&mut margins[*index])),
        };
        Found::Top {
            best: order[0],
            top: order.iter().take(most).map(place).collect(),
        }
    }

    fn best(&self, numbers: &Numbers) -> Option<Found> {
        let (order, scores) = if let Some(pass) = &self.bubble {
            (pass.order(), None)
        } else {
            let scores = self.scores(numbers);
            (best_first(&ranks(&scores)?), Some(scores))
        };
        let candidate = self.content.answers.iter().nth(order[0])?.to_owned();
        let permutation = self.bubble.as_ref().map(|pass| pass.permutation().to_vec());
        Some(Found::Best {
            best: order[0],
            candidate,
            order,
            permutation,
            scores,
        })
    }

    fn scored(&self, numbers: &Numbers) -> Found {
        if self.content.answers.len() == 1 {
            return Found::Scored {
                score: numbers.scores[0],
            };
        }
        let logits = numbers.logits.as_ref();
        Found::ScoredTwo {
            margin: numbers.margin(0, 1),
            scores: logits
                .is_none()
                .then(|| [numbers.scores[0], numbers.scores[1]]),
            logits: logits.map(|logits| [logits[0][1], logits[1][0]]),
        }
    }

    /// Of all candidates; one that stood beside itself has two.
    fn scores(&self, numbers: &Numbers) -> Vec<f32> {
        numbers.scores[..self.content.answers.len()].to_vec()
    }

    /// Of all candidates: how much each is preferred to the reference, which stands first among the
    /// answers that were asked about.
    fn scores_by_reference(&self, numbers: &Numbers) -> Vec<f32> {
        let n = self.content.answers.len();
        let mut asked = 1..;
        let score = |place: usize| {
            if Some(place) == self.reference {
                return 0.0;
            }
            let at: usize = asked.next().unwrap_or_default();
            numbers.margin(at, 0)
        };
        (0..n).map(score).collect()
    }
}
