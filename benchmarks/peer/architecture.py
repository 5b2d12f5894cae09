"""The architecture of PairRM and of a scalar reward model in any size: what the makers of checkpoints share. Needs
nothing but Python."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "data" / "golden"
TINY = GOLDEN / "models" / "tiny-pairrm"

SCALAR = "DebertaV2ForSequenceClassification"
DECODER = "Qwen3ForSequenceClassification"

TOKENIZER_FILES = (
    "added_tokens.json",
    "special_tokens_map.json",
    "spm.model",
    "tokenizer.json",
    "tokenizer_config.json",
)


def read_config(model: Path) -> dict:
    """The checkpoint's config.json."""
    return json.loads((model / "config.json").read_text(encoding="utf-8"))


def size_arguments(doc: str | None) -> argparse.ArgumentParser:
    """OUT and the sizes; the defaults are DeBERTa-v3-large's, with the golden tokenizer's vocabulary."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--layers", type=int, default=24)
    parser.add_argument("--hidden", type=int, default=1024)
    parser.add_argument("--heads", type=int, default=16)
    parser.add_argument("--intermediate", type=int, default=4096)
    parser.add_argument("--vocab", type=int, default=read_config(TINY)["vocab_size"], help="rows of the embedding table")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--head", choices=("pairwise", "scalar"), default="pairwise")
    return parser


def parse_sizes(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Refuses sizes that do not fit each other or the tokenizer."""
    args = parser.parse_args()
    if args.hidden % args.heads:
        parser.error("--hidden must be a multiple of --heads")
    vocabulary = parser.get_default("vocab")
    if args.vocab < vocabulary:
        parser.error(f"--vocab: the tokenizer has {vocabulary} ids")
    return args


def make_config(args: argparse.Namespace, dtype: str) -> dict:
    """The tiny checkpoint's configuration with the sizes of the large one."""
    scalar = {"architectures": [SCALAR], "id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}
    return read_config(TINY) | (scalar if args.head == "scalar" else {}) | {
        "vocab_size": args.vocab,
        "hidden_size": args.hidden,
        "pooler_hidden_size": args.hidden,
        "num_hidden_layers": args.layers,
        "num_attention_heads": args.heads,
        "intermediate_size": args.intermediate,
        "max_position_embeddings": 512,
        "position_buckets": 256,
        "torch_dtype": dtype,
    }


def is_scalar(config: dict) -> bool:
    """Whether the head scores one answer; else it is PairRM's."""
    return config.get("architectures") == [SCALAR]


def is_decoder(config: dict) -> bool:
    """Whether it is a decoder with a score, such as make_decoder.py writes."""
    return config.get("architectures") == [DECODER]


def shapes(config: dict) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of all parameters, as PairRM-hf or transformers' sequence classifier has them."""
    h, inner = config["hidden_size"], config["intermediate_size"]
    encoder = "deberta" if is_scalar(config) else "pretrained_model"

    def linear(name: str, out: int, into: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield f"{name}.weight", (out, into)
        yield f"{name}.bias", (out,)

    def norm(name: str) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield f"{name}.LayerNorm.weight", (h,)
        yield f"{name}.LayerNorm.bias", (h,)

    yield f"{encoder}.embeddings.word_embeddings.weight", (config["vocab_size"], h)
    yield from norm(f"{encoder}.embeddings")
    yield f"{encoder}.encoder.rel_embeddings.weight", (2 * config["position_buckets"], h)
    yield from norm(f"{encoder}.encoder")
    for i in range(config["num_hidden_layers"]):
        layer = f"{encoder}.encoder.layer.{i}"
        for projection in ("query_proj", "key_proj", "value_proj"):
            yield from linear(f"{layer}.attention.self.{projection}", h, h)
        yield from linear(f"{layer}.attention.output.dense", h, h)
        yield from norm(f"{layer}.attention.output")
        yield from linear(f"{layer}.intermediate.dense", inner, h)
        yield from linear(f"{layer}.output.dense", h, inner)
        yield from norm(f"{layer}.output")
    if is_scalar(config):
        yield from linear("pooler.dense", h, h)
        yield from linear("classifier", 1, h)
    else:
        yield from linear("head_layer.1", h, 2 * h)
        yield from linear("head_layer.4", config["n_tasks"], h)


def write_beside(out: Path, config: dict) -> None:
    """All files of the checkpoint but its weights."""
    out.mkdir(parents=True, exist_ok=True)
    for name in TOKENIZER_FILES:
        shutil.copyfile(TINY / name, out / name)
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    template = "pair" if is_scalar(config) else "pairrm"
    (out / "pairbench.toml").write_text(f'template = "{template}"\n', encoding="utf-8")
