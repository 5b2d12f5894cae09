"""PairRM, or a scalar reward model, in PyTorch, as model cards run them: the peer that pairbench is compared with.

usage: reference.py --model DIR --ids FILE.jsonl [--dtype bf16] [--threads N] [--batch-tokens N]    one JSON object on stdout
       reference.py --check                                                    against the golden logits

transformers has no SDPA or flash path for DeBERTa, so eager attention is what everybody runs; decoders have SDPA.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import (
    AutoModelForSequenceClassification,
    DebertaV2Config,
    DebertaV2ForSequenceClassification,
    DebertaV2Model,
)

from architecture import is_decoder, is_scalar
from rows import (
    GOLDEN,
    TINY,
    PairRmTokens,
    Row,
    Scorer,
    markers,
    peer_arguments,
    read_config,
    run_peer,
    score_batches,
)


class PairModel(nn.Module):
    """DeBERTa and the head that scores each candidate's marker beside the source's."""

    def __init__(self, config: DebertaV2Config, ids: tuple[int, int, int], tasks: int, dropout: float) -> None:
        super().__init__()
        size = config.hidden_size
        self.markers = ids
        self.pretrained_model = DebertaV2Model(config)
        self.head_layer = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(2 * size, size),
            nn.Tanh(),
            nn.Dropout(dropout),
            nn.Linear(size, tasks),
        )

    @property
    def encoder(self) -> DebertaV2Model:
        return self.pretrained_model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """One logit a row: positive where the first candidate is the better one."""
        hidden = self.pretrained_model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        source, first, second = (hidden[input_ids == marker] for marker in self.markers)
        left = self.head_layer(torch.cat([source, first], dim=-1))
        right = self.head_layer(torch.cat([source, second], dim=-1))
        return (left - right).mean(dim=-1)


class ScalarModel(DebertaV2ForSequenceClassification):
    """transformers' own class, with the score alone."""

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        """One score a row."""
        return super().forward(input_ids=input_ids, attention_mask=attention_mask).logits[:, 0]

    @property
    def encoder(self) -> DebertaV2Model:
        return self.deberta


def load_model(path: Path) -> PairModel | ScalarModel:
    """The checkpoint in f32 (weights stored in half precision are widened)."""
    config = read_config(path)
    # Built without storage: initialising 300 M weights only to replace them costs more than reading the file.
    with torch.device("meta"):
        model = (
            ScalarModel(DebertaV2Config(**config))
            if is_scalar(config)
            else PairModel(
                DebertaV2Config(**config), markers(config), config.get("n_tasks", 1), config.get("drop_out", 0.0)
            )
        )
    weights = {name: tensor.float() for name, tensor in load_file(path / "model.safetensors").items()}
    model.load_state_dict(weights, assign=True)
    # The only buffer that no file holds.
    positions = torch.arange(config["max_position_embeddings"]).expand((1, -1))
    model.encoder.embeddings.register_buffer("position_ids", positions, persistent=False)
    return model.eval()


class DecoderModel(nn.Module):
    """transformers' own class of a decoder, as a function of ids and mask alone that can be traced."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.classifier = AutoModelForSequenceClassification.from_pretrained(
            path, dtype=torch.float32, attn_implementation="sdpa"
        )

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """One score a row."""
        # The library builds its causal mask with vmap, which cannot be traced; a mask of four axes it takes as it is.
        positions = torch.arange(input_ids.shape[1])
        allowed = (positions[None, :] <= positions[:, None])[None, None] & attention_mask[:, None, None, :].bool()
        mask = torch.where(allowed, 0.0, torch.finfo(torch.float32).min)
        hidden = self.classifier.model(
            input_ids=input_ids, attention_mask=mask, position_ids=positions[None], use_cache=False
        ).last_hidden_state
        # Of padding on the right; `pad` knows no other.
        last = attention_mask.sum(dim=1) - 1
        rows = torch.arange(input_ids.shape[0])
        return self.classifier.score(hidden[rows, last])[:, 0]


def traceable(path: Path) -> nn.Module:
    """The checkpoint in f32, for exporters."""
    return DecoderModel(path).eval() if is_decoder(read_config(path)) else load_model(path)


DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def load(path: Path, threads: int, dtype: str = "f32") -> Scorer:
    """A function that scores token rows."""
    torch.set_num_threads(threads)
    if is_decoder(read_config(path)):
        return load_decoder(path, dtype)
    model = load_model(path).to(DTYPES[dtype])

    def forward(ids: np.ndarray, mask: np.ndarray) -> list[float]:
        with torch.inference_mode():
            return model(torch.from_numpy(ids), torch.from_numpy(mask)).tolist()

    return lambda rows, budget: score_batches(rows, budget, forward)


def load_decoder(path: Path, dtype: str) -> Scorer:
    """transformers' own class of a decoder, with the attention that it is fastest with on a CPU."""
    model = AutoModelForSequenceClassification.from_pretrained(path, dtype=DTYPES[dtype], attn_implementation="sdpa")
    model.eval()

    def forward(ids: np.ndarray, mask: np.ndarray) -> list[float]:
        with torch.inference_mode():
            inputs = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
            return model(**inputs, use_cache=False).logits[:, 0].tolist()

    return lambda rows, budget: score_batches(rows, budget, forward, model.config.pad_token_id)


LONG_CASE = "long-prompt-mid-cands"


def check(tolerance: float = 1e-4, short: int = 256) -> None:
    """Token rows and logits of this folder's code against the recorded ones of the published pipeline."""
    lines = (GOLDEN / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    cases = {case["id"]: case for case in map(json.loads, lines)}
    tokens = PairRmTokens(TINY)
    compared = 0
    rows: list[Row] = []
    expected: list[float] = []
    for line in (GOLDEN / "tiny-pairrm.jsonl").read_text(encoding="utf-8").splitlines():
        golden = json.loads(line)
        case = cases[golden["id"]]
        if "ids_ab" not in golden or not tokens.usable(golden["ids_ab"]):
            continue
        if len(case["a"]) == 2:  # single-turn: all that the benchmark's data have
            prompt, a, b = case["a"][0]["content"], case["a"][1]["content"], case["b"][1]["content"]
            for order, pair in (("ids_ab", (a, b)), ("ids_ba", (b, a))):
                if tokens.row(prompt, *pair) != golden[order]:
                    raise SystemExit(f"{golden['id']}: {order} differ")
                compared += 1
        # Short rows and one that is cut to 2048 tokens: the other long ones only cost time.
        if "f32" in golden and (len(golden["ids_ab"]) <= short or golden["id"] == LONG_CASE):
            rows += [golden["ids_ab"], golden["ids_ba"]]
            expected += [golden["f32"]["logit_ab"], golden["f32"]["logit_ba"]]
    if not rows or not compared:
        raise SystemExit("no golden rows found")
    logits = load(TINY, 1)(rows, 2048)
    worst = max(abs(x - y) for x, y in zip(logits, expected, strict=True))
    print(f"{compared} token rows equal; {len(rows)} logits, largest difference {worst:.2e}")
    if not worst <= tolerance:
        raise SystemExit(f"logits differ by more than {tolerance}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the golden logits and exit")
    args = peer_arguments(parser, *DTYPES).parse_args()
    if args.check:
        check()
    elif args.model and args.ids:
        run_peer(args, load)
    else:
        parser.error("--model and --ids, or --check")


if __name__ == "__main__":
    main()
