"""Write a random Qwen3 reward model of any size: real shapes and names, the golden tokenizer, no training.

usage: make_decoder.py OUT [--layers 28 --hidden 1024 --heads 16 --key-heads 8 --head-dim 128 --intermediate 3072
                            --vocab 151669 --dtype bf16|f16|f32 --shard-mb 5000 --seed 1]

The defaults are Qwen3-0.6B's sizes. Files are written tensor by tensor: a checkpoint may be larger than the memory.
Needs NumPy.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

TINY = Path(__file__).resolve().parents[2] / "tests" / "data" / "decoders" / "models" / "tiny-qwen3-rm"

# The name in safetensors and in config.json, and the bytes of a value.
DTYPES = {"f32": ("F32", "float32", 4), "f16": ("F16", "float16", 2), "bf16": ("BF16", "bfloat16", 2)}

Shapes = list[tuple[str, tuple[int, ...]]]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    for name, value in (
        ("layers", 28), ("hidden", 1024), ("heads", 16), ("key-heads", 8), ("head-dim", 128), ("intermediate", 3072),
        ("vocab", 151669), ("shard-mb", 5000), ("seed", 1),
    ):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--dtype", choices=sorted(DTYPES), default="bf16")
    return parser.parse_args()


def make_config(args: argparse.Namespace) -> dict:
    """The tiny checkpoint's configuration with other sizes."""
    config = json.loads((TINY / "config.json").read_text(encoding="utf-8"))
    return config | {
        "vocab_size": args.vocab,
        "hidden_size": args.hidden,
        "num_hidden_layers": args.layers,
        "num_attention_heads": args.heads,
        "num_key_value_heads": args.key_heads,
        "head_dim": args.head_dim,
        "intermediate_size": args.intermediate,
        "max_position_embeddings": 40960,
        "torch_dtype": DTYPES[args.dtype][1],
    }


def shapes(c: dict) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of all parameters, as `Qwen3ForSequenceClassification` has them."""
    hidden, inner, size = c["hidden_size"], c["intermediate_size"], c["head_dim"]
    queries, keys = c["num_attention_heads"] * size, c["num_key_value_heads"] * size
    yield "model.embed_tokens.weight", (c["vocab_size"], hidden)
    for i in range(c["num_hidden_layers"]):
        layer = f"model.layers.{i}"
        yield f"{layer}.input_layernorm.weight", (hidden,)
        for name, shape in (("q", (queries, hidden)), ("k", (keys, hidden)), ("v", (keys, hidden)), ("o", (hidden, queries))):
            yield f"{layer}.self_attn.{name}_proj.weight", shape
        for name in ("q_norm", "k_norm"):
            yield f"{layer}.self_attn.{name}.weight", (size,)
        yield f"{layer}.post_attention_layernorm.weight", (hidden,)
        for name, shape in (("gate", (inner, hidden)), ("up", (inner, hidden)), ("down", (hidden, inner))):
            yield f"{layer}.mlp.{name}_proj.weight", shape
    yield "model.norm.weight", (hidden,)
    yield "score.weight", (1, hidden)


def to_bytes(values: np.ndarray, dtype: str) -> bytes:
    """Little-endian values; bf16 is the upper half of an f32, cut off."""
    if dtype == "bf16":
        return (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    return values.astype({"f32": "<f4", "f16": "<f2"}[dtype]).tobytes()


def write(path: Path, tensors: Shapes, dtype: str, rng: np.random.Generator) -> None:
    """One safetensors file, tensor by tensor; renamed when it is complete."""
    name, _, size = DTYPES[dtype]
    header, at = {}, 0
    for tensor, shape in tensors:
        end = at + size * int(np.prod(shape))
        header[tensor] = {"dtype": name, "shape": shape, "data_offsets": [at, end]}
        at = end
    head = json.dumps(header).encode()
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(len(head).to_bytes(8, "little") + head)
        for tensor, shape in tensors:
            if tensor.endswith("norm.weight"):
                file.write(to_bytes(np.ones(shape, np.float32), dtype))
                continue
            rows = max(1, (1 << 24) // shape[-1])
            for first in range(0, shape[0], rows):
                count = min(rows, shape[0] - first)
                file.write(to_bytes(rng.standard_normal((count, *shape[1:]), np.float32) * np.float32(0.02), dtype))
    part.rename(path)


def shards(tensors: Shapes, most: int, size: int) -> list[Shapes]:
    """Tensors of at most so many bytes together; a larger one stands alone."""
    files, held = [[]], 0
    for name, shape in tensors:
        count = size * int(np.prod(shape))
        if files[-1] and held + count > most:
            files.append([])
            held = 0
        files[-1].append((name, shape))
        held += count
    return files


def main() -> None:
    args = parse()
    config = make_config(args)
    args.out.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(TINY / name, args.out / name)
    (args.out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (args.out / "pairbench.toml").write_text('template = "card"\n', encoding="utf-8")
    tensors = list(shapes(config))
    files = shards(tensors, args.shard_mb * 1_000_000, DTYPES[args.dtype][2])
    rng, weight_map = np.random.default_rng(args.seed), {}
    for at, part in enumerate(files):
        name = "model.safetensors" if len(files) == 1 else f"model-{at + 1:05}-of-{len(files):05}.safetensors"
        write(args.out / name, part, args.dtype, rng)
        weight_map |= {tensor: name for tensor, _ in part}
    if len(files) > 1:
        index = {"metadata": {}, "weight_map": weight_map}
        (args.out / "model.safetensors.index.json").write_text(json.dumps(index, indent=2), encoding="utf-8")
    count = sum(int(np.prod(shape)) for _, shape in tensors)
    print(f"{len(tensors)} tensors, {count / 1e6:.1f} M parameters, {args.dtype}, {len(files)} file(s)")


if __name__ == "__main__":
    main()
