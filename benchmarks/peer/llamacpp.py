"""A decoder in llama.cpp, on a GGUF file of its own weights: for whoever has llama-cpp-python and gguf installed.

usage: llamacpp.py --model DIR --ids FILE.jsonl [--dtype bf16|q8_0] [--threads N] [--batch-tokens N]
       llamacpp.py --model DIR --prepare [--dtype bf16|q8_0]                 only writes what lies in DIR/gguf

q8_0 has 8-bit weights, a scale for every 32 of them, and rounds activations alike. Keys and values are kept in f16, in every
precision: llama.cpp's default. It multiplies the final states of all tokens with the vocabulary's matrix, whether anybody asks
for it: compare it on a checkpoint with a small vocabulary (make_decoder.py --vocab 1113), where that costs nothing. Exit code 3
means that a package is missing.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np

from onnxrt import graph_peer, is_older
from rows import Row, Scorer, batches, read_config

# Names of transformers and of GGUF, in a layer.
LAYER = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def gguf_name(name: str) -> str | None:
    """What GGUF calls a tensor; `None` of the score, which llama.cpp does not know."""
    outside = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}
    if not name.startswith("model.layers."):
        return outside.get(name)
    layer, _, rest = name.removeprefix("model.layers.").partition(".")
    return f"blk.{layer}.{LAYER[rest.removesuffix('.weight')]}.weight"


def tensors(model: Path):
    """Names and values in f32."""
    from safetensors import safe_open

    for file in sorted(model.glob("*.safetensors")):
        with safe_open(file, "pt") as opened:
            for name in opened.keys():
                yield name, opened.get_tensor(name).float().numpy()


def converted(model: Path, dtype: str) -> Path:
    """The GGUF file of this precision; written where it is missing or older than the checkpoint."""
    import gguf

    path = model / "gguf" / f"model.{dtype}.gguf"
    if not is_older(path, model / "config.json"):
        return path
    path.parent.mkdir(exist_ok=True)
    config, part = read_config(model), path.with_suffix(".part")
    writer = gguf.GGUFWriter(part, "qwen3")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_tokenizer_model("none")
    kind = {"f32": gguf.GGMLQuantizationType.F32, "bf16": gguf.GGMLQuantizationType.BF16}.get(
        dtype, gguf.GGMLQuantizationType.Q8_0
    )
    for name, values in tensors(model):
        if own := gguf_name(name):
            # Norms stay in f32, as llama.cpp's own converter has them.
            of = kind if values.ndim == 2 else gguf.GGMLQuantizationType.F32
            writer.add_tensor(own, gguf.quants.quantize(values, of), raw_dtype=of)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    part.rename(path)
    return path


GRAPHS = {dtype: lambda model, dtype=dtype: converted(model, dtype) for dtype in ("f32", "bf16", "q8_0")}


def load(model: Path, threads: int, dtype: str) -> Scorer:
    """A function that scores token rows."""
    import llama_cpp as llama

    score = next(values for name, values in tensors(model) if name == "score.weight")[0]
    llama.llama_backend_init()
    llama.llama_log_set(SILENT, ctypes.c_void_p(0))
    opened = llama.llama_model_load_from_file(str(converted(model, dtype)).encode(), llama.llama_model_default_params())

    def scores(rows: list[Row], budget: int) -> list[float]:
        found = [0.0] * len(rows)
        for batch in batches(rows, budget):
            states = last_states(llama, opened, [rows[i] for i in batch], threads, len(score))
            for i, state in zip(batch, states, strict=True):
                found[i] = float(state @ score)
        return found

    return scores


@ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
def SILENT(_level: int, _text: bytes, _data: int) -> None:
    """llama.cpp says on stderr whatever it does."""


def last_states(llama, opened, rows: list[Row], threads: int, size: int) -> list[np.ndarray]:
    """The normed state of each row's last token; rows of a batch are sequences of one call."""
    tokens = sum(map(len, rows))
    options = llama.llama_context_default_params()
    options.n_ctx = options.n_batch = options.n_ubatch = max(map(len, rows)) * len(rows)
    options.n_seq_max = len(rows)
    options.n_threads = options.n_threads_batch = threads
    options.embeddings = True
    options.pooling_type = llama.LLAMA_POOLING_TYPE_LAST
    context = llama.llama_init_from_model(opened, options)
    batch = llama.llama_batch_init(tokens, 0, 1)
    at = 0
    for sequence, row in enumerate(rows):
        for position, token in enumerate(row):
            batch.token[at], batch.pos[at] = token, position
            batch.n_seq_id[at], batch.seq_id[at][0] = 1, sequence
            batch.logits[at] = 1
            at += 1
    batch.n_tokens = at
    if llama.llama_decode(context, batch):
        raise SystemExit("llama.cpp scored nothing")
    states = [llama.llama_get_embeddings_seq(context, sequence) for sequence in range(len(rows))]
    found = [np.ctypeslib.as_array(state, (size,)).copy() for state in states]
    llama.llama_batch_free(batch)
    llama.llama_free(context)
    return found


def unavailable(_dtype: str) -> str | None:
    """Why it cannot run here."""
    try:
        import gguf  # noqa: F401
        import llama_cpp  # noqa: F401
    except ImportError as error:
        return str(error)
    return None


if __name__ == "__main__":
    graph_peer(__doc__, GRAPHS, load, unavailable)
