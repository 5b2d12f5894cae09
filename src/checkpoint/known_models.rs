//! Hub repositories of which more is known than their files say: the input contract of their model
//! card, and where their safetensors are.

use crate::text::contract::{AnswerContract, InputContract, PairContract, RowLengths};

/// A repository.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownModel {
    pub(crate) repository: &'static str,
    /// The class of its model, in transformers or LLM-Blender.
    pub(crate) architecture: &'static str,
    pub(crate) contract: InputContract,
    /// Where its safetensors are, in words.
    pub(crate) weights: &'static str,
}

const IN_IT: &str = "safetensors in the repository";
const PICKLE: &str = "a pickle: to be converted";
const NOT_SEEN: &str = "not seen: an error says where they are";

const PAIR: InputContract = InputContract::Scalar(AnswerContract::Pair);
const SEQUENCE: &str = "DebertaV2ForSequenceClassification";

const fn ranker(repository: &'static str, weights: &'static str) -> KnownModel {
    KnownModel {
        repository,
        architecture: "PairRanker (LLM-Blender)",
        contract: InputContract::Pairwise(PairContract::PairRanker(RowLengths::PAIRRM)),
        weights,
    }
}

const fn pairwise(repository: &'static str, contract: PairContract) -> KnownModel {
    KnownModel {
        repository,
        architecture: "DebertaV2PairRM",
        contract: InputContract::Pairwise(contract),
        weights: IN_IT,
    }
}

const fn scalar(
    repository: &'static str,
    architecture: &'static str,
    weights: &'static str,
) -> KnownModel {
    KnownModel {
        repository,
        architecture,
        contract: PAIR,
        weights,
    }
}

/// Pairwise models first.
pub(crate) const KNOWN: [KnownModel; 9] = [
    pairwise("llm-blender/PairRM-hf", PairContract::PairRm),
    pairwise("maywell/Better-PairRM", PairContract::BetterPairRm),
    // The name under which RewardBench registers the same model.
    pairwise("mightbe/Better-PairRM", PairContract::BetterPairRm),
    ranker("llm-blender/PairRM", IN_IT),
    ranker("llm-blender/pair-ranker", PICKLE),
    scalar(
        "OpenAssistant/reward-model-deberta-v3-base",
        SEQUENCE,
        NOT_SEEN,
    ),
    scalar(
        "OpenAssistant/reward-model-deberta-v3-large",
        SEQUENCE,
        NOT_SEEN,
    ),
    scalar(
        "OpenAssistant/reward-model-deberta-v3-large-v2",
        SEQUENCE,
        "safetensors at @refs/pr/3, a pickle at main",
    ),
    scalar(
        "sileod/deberta-v3-large-tasksource-rlhf-reward-model",
        "DebertaV2ForMultipleChoice",
        PICKLE,
    ),
];

/// The contract of a repository, where it is known.
pub(super) fn contract_of(repository: &str) -> Option<InputContract> {
    let mut known = KNOWN.iter();
    let model = known.find(|model| model.repository == repository)?;
    Some(model.contract)
}

/// The repositories that have a contract.
pub(crate) fn repositories_with(contract: InputContract) -> Vec<&'static str> {
    let known = KNOWN.iter().filter(|model| model.contract == contract);
    known.map(|model| model.repository).collect()
}
