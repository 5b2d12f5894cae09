"""PyTorch on a GPU: what pairbench is compared with there. All commands answer in JSON, one object a line.

usage: peers.py list  --device cuda:0                      which peers can run, and why the others cannot
       peers.py peak  --device cuda:0 [--size 8192]        floating-point operations a second of a square matrix product
       peers.py serve --device cuda:0 --peer NAME --model DIR
                                                           loads the model, then answers each request on stdin:
                                                           {"ids": FILE.jsonl, "budgets": [N, ...], "repeats": N}
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

PEER = Path(__file__).resolve().parents[1] / "peer"
sys.path.insert(0, str(PEER))  # the CPU benchmark's model, token rows and facts are used as they are

if TYPE_CHECKING:
    import numpy as np
    import torch

PATIENCE = 4.0  # seconds of timed passes after which a slow peer need not repeat again


@dataclass(frozen=True)
class Peer:
    """A way to run the model in PyTorch."""

    dtype: str
    compiled: bool = False
    flash: bool = False

    @property
    def packages(self) -> list[str]:
        found = ["numpy", "torch", "transformers", "safetensors"]
        return [*found, "triton", "flashdeberta"] if self.flash else found

    @property
    def multiple(self) -> int:
        """What lengths are padded to: tensor cores like 8; each new shape costs a compilation, so few of them there."""
        return 128 if self.compiled else 8


# The compiled one comes last: it takes the longest, and the batch that was best for the eager one of its dtype.
PEERS = {
    "PyTorch eager f32": Peer("f32"),
    "PyTorch eager bf16": Peer("bf16"),
    "PyTorch eager f16": Peer("f16"),
    "flashdeberta bf16": Peer("bf16", flash=True),
    "torch.compile bf16": Peer("bf16", compiled=True),
}


def obstacle(peer: Peer, device: str) -> str | None:
    """Why it cannot run here."""
    for package in peer.packages:
        try:
            importlib.import_module(package)
        except Exception as error:  # a package that is there and broken is not there
            return f"{package}: {' '.join(str(error).split())[:200]}"
    if device.startswith("cuda"):
        import torch

        if not torch.cuda.is_available():
            return "PyTorch sees no GPU"
    elif peer.flash:
        return "needs an NVIDIA GPU"
    return None


def available(device: str) -> dict[str, Any]:
    """The peers that are there, the others with the reason, and versions."""
    reasons = {name: obstacle(peer, device) for name, peer in PEERS.items()}
    versions = [f"Python {platform.python_version()}"]
    try:
        from facts import package
    except ImportError:  # without NumPy
        pass
    else:
        found = map(package, ["torch", "transformers", "triton", "flashdeberta"])
        versions += [text for text in found if "not installed" not in text]
    return {
        "there": [name for name, reason in reasons.items() if not reason],
        "missing": {name: reason for name, reason in reasons.items() if reason},
        "versions": versions,
    }


def torch_dtype(name: str) -> torch.dtype:
    import torch

    return {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}[name]


def exact_f32() -> None:
    """TF32 would be another precision under the name of f32."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def wait(device: str) -> None:
    """Until the device has done what it was given."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def peak(device: str, size: int) -> dict[str, float]:
    """Operations a second of a product of random matrices in each dtype: zeros would be faster than real data."""
    import torch

    exact_f32()
    rates = {}
    for name in ("bf16", "f16", "f32"):
        a, b = (torch.randn(size, size, device=device).to(torch_dtype(name)) for _ in range(2))
        rounds = []
        for _ in range(6):
            wait(device)
            start = time.perf_counter()
            for _ in range(10):
                torch.mm(a, b)
            wait(device)
            rounds.append(2.0 * size**3 * 10 / (time.perf_counter() - start))
        rates[name] = median(rounds[1:])  # the first one warms up
    return rates


def load(peer: Peer, path: Path, device: str) -> torch.nn.Module:
    """The reference model, with another attention or compiled layers where that is what the peer is."""
    import torch
    from reference import load_model

    exact_f32()
    model: Any = load_model(path)
    encoder = model.pretrained_model.encoder
    if peer.flash:
        from flashdeberta import FlashDisentangledSelfAttention

        # All that FlashDebertaV2Model replaces. Its own config class does not go with every version of transformers.
        for layer in encoder.layer:
            with torch.device("meta"):
                attention = FlashDisentangledSelfAttention(model.pretrained_model.config)
            attention.load_state_dict(layer.attention.self.state_dict(), assign=True)
            layer.attention.self = attention.eval()
    model = model.to(device=device, dtype=torch_dtype(peer.dtype)).eval()
    if peer.compiled:
        # One layer is compiled for all 24: PyTorch's own advice, seconds for each shape instead of minutes.
        dynamo = importlib.import_module("torch._dynamo")
        limit = "recompile_limit" if hasattr(dynamo.config, "recompile_limit") else "cache_size_limit"
        setattr(dynamo.config, limit, 256)
        for layer in encoder.layer:
            layer.compile(dynamic=False)
    return model


def logits(model: Any, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The reference model's forward, its markers looked up without waiting for the GPU."""
    import torch

    hidden = model.pretrained_model(input_ids=ids, attention_mask=mask).last_hidden_state
    rows = torch.arange(len(ids), device=ids.device)
    source, first, second = (hidden[rows, (ids == marker).int().argmax(dim=-1)] for marker in model.markers)
    left = model.head_layer(torch.cat([source, first], dim=-1))
    right = model.head_layer(torch.cat([source, second], dim=-1))
    return (left - right).float().mean(dim=-1)


def padded(rows: list[np.ndarray], multiple: int, budget: int) -> Iterator[tuple[list[int], np.ndarray, np.ndarray]]:
    """Row numbers, ids and mask of each batch: longest rows first, lengths rounded up to a multiple."""
    import numpy as np
    from rows import batches, pad

    rounded = [-(-len(row) // multiple) * multiple for row in rows]
    # `batches` looks at lengths alone, so ranges do.
    for batch in batches([range(length) for length in rounded], budget):
        ids, mask = pad([rows[i] for i in batch])
        missing = ((0, 0), (0, rounded[batch[0]] - ids.shape[1]))
        # PAD is 0, and so is the mask's "not there".
        yield batch, np.pad(ids, missing), np.pad(mask, missing)


def score(model: Any, rows: list[np.ndarray], multiple: int, budget: int, device: str) -> list[float]:
    """One logit a row; nothing is read back before everything has been given to the GPU."""
    import torch

    order: list[int] = []
    parts: list[torch.Tensor] = []
    with torch.inference_mode():
        for batch, ids, mask in padded(rows, multiple, budget):
            order += batch
            parts.append(logits(model, *(torch.from_numpy(table).to(device) for table in (ids, mask))))
        values = torch.cat(parts).tolist()
    found = [0.0] * len(rows)
    for i, value in zip(order, values, strict=True):
        found[i] = value
    return found


def timed(run: Callable[[], list[float]]) -> tuple[float, list[float]]:
    """Seconds of one pass; reading the logits back has waited for the device."""
    start = time.perf_counter()
    values = run()
    return time.perf_counter() - start, values


def answer(peer: Peer, model: Any, device: str, request: dict[str, Any]) -> dict[str, Any]:
    """Every batch size once, then the best one again; each after a pass that is not timed."""
    import numpy as np
    import torch
    from rows import read_rows

    rows = [np.array(row) for row in read_rows(Path(request["ids"]))]
    best: tuple[float, int] | None = None
    failure = "no batch size given"
    for budget in request["budgets"]:
        try:
            score(model, rows, peer.multiple, budget, device)
            seconds, values = timed(lambda: score(model, rows, peer.multiple, budget, device))
        except torch.OutOfMemoryError:
            failure = f"not enough memory for {budget} tokens"
            continue
        if best is None or seconds < best[0]:
            best, found = (seconds, budget), values
    if best is None:
        raise RuntimeError(failure)
    passes, budget = [best[0]], best[1]
    while len(passes) < request["repeats"] and (len(passes) < 2 or sum(passes) < PATIENCE):
        passes.append(timed(lambda: score(model, rows, peer.multiple, budget, device))[0])
    if device.startswith("cuda"):
        torch.cuda.empty_cache()  # the others' turn
    run = {"seconds": median(passes), "tokens": sum(map(len, rows)), "rows": len(rows), "logits": found}
    return {"dtype": peer.dtype, "batch_tokens": budget, "runs": [run]}


def serve(peer: Peer, path: Path, device: str) -> None:
    """One line for each line of stdin, until it ends."""
    # Compilers and libraries may print; stdout is for the answers.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    try:
        model = load(peer, path, device)
    except Exception as error:
        say({"error": f"failed to load: {reason(error)}"})
        return
    say({"ready": True})
    for line in sys.stdin:
        try:
            say(answer(peer, model, device, json.loads(line)))
        except Exception as error:  # whatever it is, the other peers go on
            say({"error": reason(error)})


def reason(error: Exception) -> str:
    """Its kind and the beginning of its text."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=["list", "peak", "serve"])
    parser.add_argument("--device", required=True, help="PyTorch's name for it")
    parser.add_argument("--size", type=int, default=8192)
    parser.add_argument("--peer", choices=PEERS)
    parser.add_argument("--model", type=Path)
    args = parser.parse_args()
    if args.command == "list":
        print(json.dumps(available(args.device)))
    elif args.command == "peak":
        print(json.dumps(peak(args.device, args.size)))
    elif args.peer and args.model:
        serve(PEERS[args.peer], args.model, args.device)
    else:
        parser.error("serve needs --peer and --model")


if __name__ == "__main__":
    main()
