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
const CARD: InputContract = InputContract::Scalar(AnswerContract::Card);
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

/// A decoder, whose card renders conversations with the chat template.
const fn decoder(repository: &'static str, architecture: &'static str) -> KnownModel {
    KnownModel {
        repository,
        architecture,
        contract: CARD,
        weights: NOT_SEEN,
    }
}

const QWEN3: &str = "Qwen3ForSequenceClassification";
const LLAMA: &str = "LlamaForSequenceClassification";
const GEMMA2: &str = "Gemma2ForSequenceClassification";

/// Pairwise models first, then encoders, then decoders by their size.
pub(crate) const KNOWN: [KnownModel; 21] = [
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
    decoder("Skywork/Skywork-Reward-V2-Qwen3-0.6B", QWEN3),
    decoder("Skywork/Skywork-Reward-V2-Llama-3.2-1B", LLAMA),
    decoder("Skywork/Skywork-Reward-V2-Qwen3-1.7B", QWEN3),
    decoder("Skywork/Skywork-Reward-V2-Llama-3.2-3B", LLAMA),
    decoder("Skywork/Skywork-Reward-V2-Qwen3-4B", QWEN3),
    decoder("Skywork/Skywork-Reward-V2-Qwen3-8B", QWEN3),
    decoder("Skywork/Skywork-Reward-V2-Llama-3.1-8B", LLAMA),
    decoder("Skywork/Skywork-Reward-V2-Llama-3.1-8B-40M", LLAMA),
    decoder("Skywork/Skywork-Reward-Llama-3.1-8B-v0.2", LLAMA),
    decoder("Skywork/Skywork-Reward-Llama-3.1-8B", LLAMA),
    decoder("Skywork/Skywork-Reward-Gemma-2-27B-v0.2", GEMMA2),
    decoder("Skywork/Skywork-Reward-Gemma-2-27B", GEMMA2),
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
