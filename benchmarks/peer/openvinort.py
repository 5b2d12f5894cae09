"""The same model in OpenVINO, on the graph that onnxrt.py writes: for whoever has openvino installed, and nncf for int8.

usage: openvinort.py --model DIR --ids FILE.jsonl [--dtype bf16|int8] [--threads N] [--batch-tokens N]
       openvinort.py --model DIR --prepare [--dtype int8]                    only writes what lies in DIR/onnx

int8 is NNCF's quantisation after training, of weights and activations, with its settings for transformers; the ranges
come from random rows of four lengths. Of a decoder it is NNCF's compression of weights, which is what OpenVINO's own tools
do with language models: activations are rounded as they come, in groups. Exit code 3 means that a package is missing, or
the processor has no bf16.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from architecture import is_decoder
from onnxrt import exported, graph_peer, is_older
from rows import Scorer, fixed_rows, pad, read_config, score_batches

CALIBRATION_LENGTHS = (64, 128, 256, 512)
CALIBRATION_ROWS = 8  # of each length


def quantised(model: Path) -> Path:
    """The graph with products of 8-bit integers, beside the other one."""
    import nncf
    import openvino

    graph = exported(model)
    path = graph.with_name("openvino.int8.xml")
    if is_older(path, graph) and is_decoder(read_config(model)):
        compressed = nncf.compress_weights(openvino.Core().read_model(graph), mode=nncf.CompressWeightsMode.INT8_ASYM)
        openvino.save_model(compressed, path, compress_to_fp16=False)
    elif is_older(path, graph):
        config = read_config(model)
        rows = [row for length in CALIBRATION_LENGTHS for row in fixed_rows(config, length, CALIBRATION_ROWS, seed=7)]
        inputs = [dict(zip(("input_ids", "attention_mask"), pad([row]), strict=True)) for row in rows]
        core = openvino.Core()
        quantized = nncf.quantize(
            core.read_model(graph),
            nncf.Dataset(inputs),
            model_type=nncf.ModelType.TRANSFORMER,
            subset_size=len(inputs),
        )
        openvino.save_model(quantized, path, compress_to_fp16=False)
    return path


GRAPHS = {"f32": exported, "bf16": exported, "int8": quantised}


def load(model: Path, threads: int, dtype: str) -> Scorer:
    """A function that scores token rows."""
    import openvino

    core = openvino.Core()
    precision = "bf16" if dtype == "bf16" else "f32"
    compiled = core.compile_model(
        core.read_model(GRAPHS[dtype](model)),
        "CPU",
        {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": precision,
        },
    )
    request = compiled.create_infer_request()

    def forward(ids: np.ndarray, mask: np.ndarray) -> list[float]:
        return request.infer({"input_ids": ids, "attention_mask": mask})["logits"].tolist()

    return lambda rows, budget: score_batches(rows, budget, forward)


def unavailable(dtype: str) -> str | None:
    """Why it cannot run here."""
    try:
        import onnx  # noqa: F401  the exporter needs it
        import openvino

        if dtype == "int8":
            import nncf  # noqa: F401
    except ImportError as error:
        return str(error)
    capabilities = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if dtype == "bf16" and "BF16" not in capabilities:
        return "this processor does not multiply bf16"
    return None


if __name__ == "__main__":
    graph_peer(__doc__, GRAPHS, load, unavailable)
