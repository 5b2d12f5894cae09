//! What `rank` and `score` are asked for.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use crate::checkpoint::ModelSpec;
use crate::commands::hub_request::HubRequest;
use crate::data::answer_line::Asked;
use crate::device::backend::BackendRequest;
use crate::ranking::ReferenceMode;
use crate::support::error::{Error, Result};
use crate::text::contract::InputContract;

/// Prompts with answers, and what to find out of them.
#[derive(Debug)]
pub struct RankRequest {
    /// Without one, the first embedded demonstration model.
    pub(crate) model: Option<ModelSpec>,
    /// Of a model that does not name its own.
    pub(crate) contract: Option<InputContract>,
    pub(crate) backend: BackendRequest,
    /// 0 is one per core.
    pub(crate) threads: usize,
    pub(crate) hub: HubRequest,
    pub(crate) input: Input,
    pub(crate) method: MethodRequest,
    /// How long to wait for more lines to compute together.
    pub(crate) batch_wait: Duration,
    /// Whether a line about the model comes first.
    pub(crate) header: bool,
}

/// Where prompts and answers come from.
#[derive(Debug)]
pub(crate) enum Input {
    /// A file of lines; `-` is standard input.
    Lines(PathBuf),
    /// A file with the candidates of one prompt.
    Candidates { prompt: String, file: PathBuf },
}

/// A method, with what was said of how.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct MethodRequest {
    pub(crate) name: MethodName,
    pub(crate) reference: Option<ReferenceMode>,
    pub(crate) order: Option<Order>,
    pub(crate) comparing: Option<Comparing>,
    pub(crate) seed: Option<u64>,
    /// How many of the best candidates are shown.
    pub(crate) top: Option<NonZeroUsize>,
    /// Whether margins are.
    pub(crate) margins: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum MethodName {
    #[default]
    Rank,
    RankWithRef,
    Compare,
    BestOfN,
    /// Of `pairbench score`.
    Score,
}

impl MethodName {
    /// Those of `pairbench rank`, by name.
    pub(crate) const ALL: [(&str, Self); 4] = [
        ("rank", Self::Rank),
        ("rank-with-ref", Self::RankWithRef),
        ("compare", Self::Compare),
        ("best-of-n", Self::BestOfN),
    ];
}

impl Order {
    /// By name.
    pub(crate) const ALL: [(&str, Self); 3] = [
        ("[A,B]", Self::AB),
        ("[B,A]", Self::BA),
        ("[A,B]+[B,A]", Self::Both),
    ];
}

impl Comparing {
    /// By name.
    pub(crate) const ALL: [(&str, Self); 2] = [("bubble", Self::Bubble), ("full", Self::Full)];
}

/// What is found out of a line, by the names of `llm_blender`'s functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// `rank`: by the mean of how much a candidate is preferred to each.
    Rank(Shown),
    /// `rank_with_ref`: by how much a candidate is preferred to one of them.
    RankWithRef {
        mode: ReferenceMode,
        top: Option<NonZeroUsize>,
    },
    /// `compare`: two candidates.
    Compare(Order),
    /// `get_best_of_n`, by comparing each with each.
    BestOfN,
    /// The same by comparing the winner so far with the next, in an order that the seed decides.
    Bubble { seed: u64 },
    /// One answer or two, as they are.
    Score,
}

/// What is shown of ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shown {
    /// Only the best, with their texts.
    pub(crate) top: Option<NonZeroUsize>,
    /// How much each candidate is preferred to each other.
    pub(crate) margins: bool,
}

/// `mode` of `compare`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Order {
    /// The logit with A on the left.
    AB,
    /// The logit with B on the left.
    BA,
    /// The first minus the second.
    #[default]
    Both,
}

/// `pairrm_cmp_type` of `get_best_of_n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Comparing {
    /// Each with each.
    Full,
    /// The winner so far with the next.
    #[default]
    Bubble,
}

impl MethodRequest {
    /// Refuses flags of another method.
    pub(super) fn resolve(&self) -> Result<Method> {
        use MethodName::{BestOfN, Compare, Rank, RankWithRef};
        let goes_with = |flag: &str, is_there: bool, methods: &[MethodName], named: &str| {
            if is_there && !methods.contains(&self.name) {
                let what = format!("failed to understand {flag}: it goes with --method {named}");
                return Err(Error::usage(what));
            }
            Ok(())
        };
        goes_with(
            "--ref-mode",
            self.reference.is_some(),
            &[RankWithRef],
            "rank-with-ref",
        )?;
        goes_with("--mode", self.order.is_some(), &[Compare], "compare")?;
        goes_with(
            "--cmp-type",
            self.comparing.is_some(),
            &[BestOfN],
            "best-of-n",
        )?;
        goes_with(
            "--top",
            self.top.is_some(),
            &[Rank, RankWithRef],
            "rank or rank-with-ref",
        )?;
        goes_with("--reason", self.margins, &[Rank], "rank")?;
        let is_bubble = self.name == BestOfN && self.comparing != Some(Comparing::Full);
        if self.seed.is_some() && !is_bubble {
            let what = "failed to understand --seed: it goes with --method best-of-n --cmp-type \
                bubble";
            return Err(Error::usage(what));
        }
        Ok(self.method())
    }

    /// What a line asks for itself: it says all of it then, and the command's flags do not count.
    /// Words of other methods are passed over.
    pub(super) fn of_line(asked: &Asked) -> std::result::Result<Option<Method>, String> {
        let Some(name) = named("method", asked.method.as_deref(), &MethodName::ALL)? else {
            return Ok(None);
        };
        let own = Self {
            name,
            reference: named("ref_mode", asked.ref_mode.as_deref(), &ReferenceMode::ALL)?,
            order: named("mode", asked.mode.as_deref(), &Order::ALL)?,
            comparing: named("cmp_type", asked.cmp_type.as_deref(), &Comparing::ALL)?,
            seed: asked.seed,
            ..Self::default()
        };
        Ok(Some(own.method()))
    }

    fn method(&self) -> Method {
        match self.name {
            MethodName::Rank => Method::Rank(Shown {
                top: self.top,
                margins: self.margins,
            }),
            MethodName::RankWithRef => Method::RankWithRef {
                mode: self.reference.unwrap_or_default(),
                top: self.top,
            },
            MethodName::Compare => Method::Compare(self.order.unwrap_or_default()),
            MethodName::BestOfN => match self.comparing.unwrap_or_default() {
                Comparing::Full => Method::BestOfN,
                Comparing::Bubble => Method::Bubble {
                    seed: self.seed.unwrap_or_default(),
                },
            },
            MethodName::Score => Method::Score,
        }
    }
}

/// What is called so.
fn named<T: Copy>(
    key: &str,
    name: Option<&str>,
    all: &[(&str, T)],
) -> std::result::Result<Option<T>, String> {
    let Some(name) = name else {
        return Ok(None);
    };
    let found = all.iter().find(|(known, _)| *known == name);
    let unknown = || {
        let known: Vec<&str> = all.iter().map(|(known, _)| *known).collect();
        format!(
            "`{key}`: expected one of {}, found \"{name:.60}\"",
            known.join(", ")
        )
    };
    found.map(|(_, value)| Some(*value)).ok_or_else(unknown)
}
