"""The same model in ONNX Runtime: a second peer, for whoever has onnx and onnxruntime installed. int8 is its dynamic
quantisation: weights by output channel, activations by tensor as they come.

usage: onnxrt.py --model DIR --ids FILE.jsonl [--dtype int8] [--threads N] [--batch-tokens N]    one JSON object on stdout
       onnxrt.py --model DIR --prepare [--dtype int8]                        only writes what lies in DIR/onnx

Exit code 3 means that a package is missing. (The file cannot be called onnx.py: it would hide the package.)
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np

from rows import MISSING, Scorer, fixed_rows, pad, peer_arguments, read_config, run_peer, score_batches


def exported(model: Path) -> Path:
    """Where the graph lies beside the checkpoint; written where it is missing or older than the weights."""
    path = model / "onnx" / "model.onnx"
    if is_older(path, model / "model.safetensors"):
        import torch

        from reference import traceable

        path.parent.mkdir(exist_ok=True)
        # Two rows of different lengths, so that tracing sees a real batch with padding.
        config = read_config(model)
        example = pad([fixed_rows(config, length, 1, seed=0)[0] for length in (24, 36)])
        axes = {0: "rows", 1: "tokens"}
        part = path.with_suffix(".part")
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")  # the tracer's remarks on sizes, which stay dynamic all the same
            # The tracing exporter: it follows the marker look-up and every dynamic size of this encoder.
            torch.onnx.export(
                traceable(model),
                tuple(map(torch.from_numpy, example)),
                str(part),
                input_names=["input_ids", "attention_mask"],
                output_names=["logits"],
                dynamic_axes={"input_ids": axes, "attention_mask": axes, "logits": {0: "rows"}},
                opset_version=17,
                dynamo=False,
            )
        part.rename(path)
    return path


def skip(reason: str) -> NoReturn:
    """Ends a peer that cannot run here."""
    print(f"skipped: {reason}", file=sys.stderr)
    raise SystemExit(MISSING)


def is_older(path: Path, source: Path) -> bool:
    """Whether a file that is made of another one must be made, or made again."""
    return not path.exists() or path.stat().st_mtime < source.stat().st_mtime


def quantised(model: Path) -> Path:
    """The graph with products of 8-bit integers, beside the other one."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    graph = exported(model)
    path = graph.with_name("model.int8.onnx")
    if is_older(path, graph):
        part = path.with_suffix(".part")
        quantize_dynamic(graph, part, per_channel=True, weight_type=QuantType.QInt8)
        part.rename(path)
    return path


GRAPHS = {"f32": exported, "int8": quantised}


def load(model: Path, threads: int, dtype: str) -> Scorer:
    """A function that scores token rows."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(GRAPHS[dtype](model)), options, providers=["CPUExecutionProvider"])

    def forward(ids: np.ndarray, mask: np.ndarray) -> list[float]:
        return session.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0].tolist()

    return lambda rows, budget: score_batches(rows, budget, forward)


def unavailable(dtype: str) -> str | None:
    """Why it cannot run here."""
    try:
        import onnx  # noqa: F401  the exporter needs it
        import onnxruntime  # noqa: F401
    except ImportError as error:
        return str(error)
    return None


def graph_peer(
    doc: str | None,
    graphs: dict[str, Callable[[Path], Path]],
    load: Callable[[Path, int, str], Scorer],
    unavailable: Callable[[str], str | None],
) -> None:
    """The command of a peer that scores with a graph, of which it has one for each dtype: writes it, or runs it."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("--prepare", action="store_true", help="write the graph and exit")
    args = peer_arguments(parser, *graphs).parse_args()
    if not args.model or not (args.ids or args.prepare):
        parser.error("--model, and --ids or --prepare")
    if reason := unavailable(args.dtype):
        skip(reason)
    if args.prepare:
        graphs[args.dtype](args.model)
    else:
        run_peer(args, load)


if __name__ == "__main__":
    graph_peer(__doc__, GRAPHS, load, unavailable)
