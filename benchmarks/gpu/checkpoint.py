"""The random checkpoint of benchmarks/peer/make_checkpoint.py without NumPy and safetensors: plain Python, for machines
that have neither.

usage: checkpoint.py OUT [--layers 24 --hidden 1024 --heads 16 --intermediate 4096 --vocab N --seed 1]

The weights are one random stretch of about a million values, over and over. Its length is a prime, so no two rows of a
matrix are alike.
"""

from __future__ import annotations

import json
import random
import sys
from array import array
from math import prod
from pathlib import Path
from typing import BinaryIO

PEER = Path(__file__).resolve().parents[1] / "peer"
sys.path.insert(0, str(PEER))

from architecture import make_config, parse_sizes, shapes, size_arguments, write_beside

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
    parser = size_arguments(__doc__)
    args = parse_sizes(parser)
    if sys.byteorder != "little":
        parser.error("the machine must be little-endian")

    config = make_config(args, "float32")
    tensors = dict(shapes(config))
    header: dict[str, dict] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in tensors.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + 4 * prod(shape)]}
        end += 4 * prod(shape)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the data begin at a multiple of 8

    write_beside(args.out, config)
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
