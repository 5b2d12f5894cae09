"""The random checkpoint of benchmarks/peer/make_checkpoint.py without NumPy and safetensors: plain Python, for machines
that have neither.

usage: checkpoint.py OUT [--layers 24 --hidden 1024 --heads 16 --intermediate 4096 --vocab N --seed 1]

The weights are one random stretch of about a million values, over and over. Its length is a prime, so no two rows of a
matrix are alike.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
from array import array
from math import prod
from pathlib import Path
from typing import BinaryIO
from unittest.mock import MagicMock

PEER = Path(__file__).resolve().parents[1] / "peer"
sys.path.insert(0, str(PEER))
# Its list of shapes needs neither, but its head imports both.
sys.modules.update({name: MagicMock() for name in ("numpy", "safetensors", "safetensors.numpy")})

from make_checkpoint import TOKENIZER_FILES, make_config, shapes
from rows import TINY, read_config

STRETCH = 1_000_003


class Values:
    """Endless f32 values as bytes: the stretch from where the last tensor has left it."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self._bytes = array("f", (rng.gauss(0.0, 0.02) for _ in range(STRETCH))).tobytes()
        self._at = 0

    def write(self, file: BinaryIO, count: int) -> None:
        left = 4 * count
        while left:
            part = memoryview(self._bytes)[self._at : self._at + left]
            file.write(part)
            left -= len(part)
            self._at = (self._at + len(part)) % len(self._bytes)


def constant(file: BinaryIO, value: float, count: int) -> None:
    file.write(array("f", [value]).tobytes() * count)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--layers", type=int, default=24)
    parser.add_argument("--hidden", type=int, default=1024)
    parser.add_argument("--heads", type=int, default=16)
    parser.add_argument("--intermediate", type=int, default=4096)
    vocabulary = read_config(TINY)["vocab_size"]
    parser.add_argument("--vocab", type=int, default=vocabulary)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if args.hidden % args.heads or args.vocab < vocabulary or sys.byteorder != "little":
        parser.error(
            f"--hidden must be a multiple of --heads, --vocab at least {vocabulary}, and the machine little-endian"
        )
    args.dtype = "f32"

    config = make_config(args)
    tensors = dict(shapes(config))
    header: dict[str, dict] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in tensors.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + 4 * prod(shape)]}
        end += 4 * prod(shape)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the data begin at a multiple of 8

    args.out.mkdir(parents=True, exist_ok=True)
    for name in TOKENIZER_FILES:
        shutil.copyfile(TINY / name, args.out / name)
    (args.out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (args.out / "pairbench.toml").write_text('template = "pairrm"\n', encoding="utf-8")
    part = args.out / "model.safetensors.part"
    values = Values(args.seed)
    with part.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, shape in tensors.items():
            if name.endswith("bias"):
                constant(file, 0.0, prod(shape))
            elif name.endswith("LayerNorm.weight"):
                constant(file, 1.0, prod(shape))
            else:
                values.write(file, prod(shape))
    part.rename(args.out / "model.safetensors")  # whoever finds this name finds a finished file
    print(f"{len(tensors)} tensors, {end / 4e6:.1f} M parameters, f32, plain Python")


if __name__ == "__main__":
    main()
