"""Write a random PairRM checkpoint of any size: real shapes and names, the golden tokenizer, no training.

usage: make_checkpoint.py OUT [--layers 24 --hidden 1024 --heads 16 --intermediate 4096 --vocab 4101
                               --dtype f32|f16 --seed 1]

The defaults are DeBERTa-v3-large's sizes. Only the vocabulary is smaller than PairRM-hf's (4,101 pieces instead of
128,005), which changes the file's size and not the time per token: an embedding is a look-up. `--vocab 128005` makes
the file as large as the real one, for measurements of memory; no text ever uses the rows added.
"""

from __future__ import annotations

import numpy as np
from safetensors.numpy import save_file

from architecture import make_config, parse_sizes, shapes, size_arguments, write_beside

DTYPES = {"f32": ("float32", np.float32), "f16": ("float16", np.float16)}


def values(name: str, shape: tuple[int, ...], dtype: type, rng: np.random.Generator) -> np.ndarray:
    """What a fresh DeBERTa starts from: normal weights, zero biases, norms that change nothing."""
    if name.endswith("bias"):
        return np.zeros(shape, dtype)
    if name.endswith("LayerNorm.weight"):
        return np.ones(shape, dtype)
    return (rng.standard_normal(shape, np.float32) * np.float32(0.02)).astype(dtype)


def main() -> None:
    parser = size_arguments(__doc__)
    parser.add_argument("--dtype", choices=sorted(DTYPES), default="f32")
    args = parse_sizes(parser)

    config = make_config(args, DTYPES[args.dtype][0])
    rng = np.random.default_rng(args.seed)
    dtype = DTYPES[args.dtype][1]
    tensors = {name: values(name, shape, dtype, rng) for name, shape in shapes(config)}
    write_beside(args.out, config)
    # Renamed when complete: run.sh takes a file of this name for a finished one.
    part = args.out / "model.safetensors.part"
    save_file(tensors, part, metadata={"format": "pt"})
    part.rename(args.out / "model.safetensors")
    print(f"{len(tensors)} tensors, {sum(t.size for t in tensors.values()) / 1e6:.1f} M parameters, {args.dtype}")


if __name__ == "__main__":
    main()
