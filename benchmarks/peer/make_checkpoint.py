"""Write a random PairRM checkpoint of any size: real shapes and names, the golden tokenizer, no training.

usage: make_checkpoint.py OUT [--layers 24 --hidden 1024 --heads 16 --intermediate 4096 --vocab 4101
                               --dtype f32|f16 --seed 1]

The defaults are DeBERTa-v3-large's sizes. Only the vocabulary is smaller than PairRM-hf's (4,101 pieces instead of
128,005), which changes the file's size and not the time per token: an embedding is a look-up. `--vocab 128005` makes
the file as large as the real one, for measurements of memory; no text ever uses the rows added.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from rows import TINY, read_config

TOKENIZER_FILES = (
    "added_tokens.json",
    "special_tokens_map.json",
    "spm.model",
    "tokenizer.json",
    "tokenizer_config.json",
)
DTYPES = {"f32": ("float32", np.float32), "f16": ("float16", np.float16)}


def make_config(args: argparse.Namespace) -> dict:
    """The tiny checkpoint's configuration with the sizes of the large one."""
    return read_config(TINY) | {
        "vocab_size": args.vocab,
        "hidden_size": args.hidden,
        "pooler_hidden_size": args.hidden,
        "num_hidden_layers": args.layers,
        "num_attention_heads": args.heads,
        "intermediate_size": args.intermediate,
        "max_position_embeddings": 512,
        "position_buckets": 256,
        "torch_dtype": DTYPES[args.dtype][0],
    }


def shapes(config: dict) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of all parameters of PairRM-hf."""
    h, inner = config["hidden_size"], config["intermediate_size"]

    def linear(name: str, out: int, into: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield f"{name}.weight", (out, into)
        yield f"{name}.bias", (out,)

    def norm(name: str) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield f"{name}.LayerNorm.weight", (h,)
        yield f"{name}.LayerNorm.bias", (h,)

    yield "pretrained_model.embeddings.word_embeddings.weight", (config["vocab_size"], h)
    yield from norm("pretrained_model.embeddings")
    yield "pretrained_model.encoder.rel_embeddings.weight", (2 * config["position_buckets"], h)
    yield from norm("pretrained_model.encoder")
    for i in range(config["num_hidden_layers"]):
        layer = f"pretrained_model.encoder.layer.{i}"
        for projection in ("query_proj", "key_proj", "value_proj"):
            yield from linear(f"{layer}.attention.self.{projection}", h, h)
        yield from linear(f"{layer}.attention.output.dense", h, h)
        yield from norm(f"{layer}.attention.output")
        yield from linear(f"{layer}.intermediate.dense", inner, h)
        yield from linear(f"{layer}.output.dense", h, inner)
        yield from norm(f"{layer}.output")
    yield from linear("head_layer.1", h, 2 * h)
    yield from linear("head_layer.4", config["n_tasks"], h)


def values(name: str, shape: tuple[int, ...], dtype: type, rng: np.random.Generator) -> np.ndarray:
    """What a fresh DeBERTa starts from: normal weights, zero biases, norms that change nothing."""
    if name.endswith("bias"):
        return np.zeros(shape, dtype)
    if name.endswith("LayerNorm.weight"):
        return np.ones(shape, dtype)
    return (rng.standard_normal(shape, np.float32) * np.float32(0.02)).astype(dtype)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--layers", type=int, default=24)
    parser.add_argument("--hidden", type=int, default=1024)
    parser.add_argument("--heads", type=int, default=16)
    parser.add_argument("--intermediate", type=int, default=4096)
    vocabulary = read_config(TINY)["vocab_size"]
    parser.add_argument("--vocab", type=int, default=vocabulary, help="rows of the embedding table")
    parser.add_argument("--dtype", choices=sorted(DTYPES), default="f32")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if args.hidden % args.heads:
        parser.error("--hidden must be a multiple of --heads")

    if args.vocab < vocabulary:
        parser.error(f"--vocab: the tokenizer has {vocabulary} ids")

    config = make_config(args)
    rng = np.random.default_rng(args.seed)
    dtype = DTYPES[args.dtype][1]
    tensors = {name: values(name, shape, dtype, rng) for name, shape in shapes(config)}
    args.out.mkdir(parents=True, exist_ok=True)
    for name in TOKENIZER_FILES:
        shutil.copyfile(TINY / name, args.out / name)
    (args.out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (args.out / "pairbench.toml").write_text('template = "pairrm"\n', encoding="utf-8")
    # Renamed when complete: run.sh takes a file of this name for a finished one.
    part = args.out / "model.safetensors.part"
    save_file(tensors, part, metadata={"format": "pt"})
    part.rename(args.out / "model.safetensors")
    print(f"{len(tensors)} tensors, {sum(t.size for t in tensors.values()) / 1e6:.1f} M parameters, {args.dtype}")


if __name__ == "__main__":
    main()
