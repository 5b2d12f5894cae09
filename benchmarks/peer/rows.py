"""Token rows: making, reading and batching them, and the command that every Python peer answers to."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from architecture import GOLDEN, ROOT, TINY, is_decoder, is_scalar, read_config

Row = list[int]
Scorer = Callable[[list[Row], int], list[float]]

MISSING = 3  # exit code of a peer that cannot run here, with the reason on stderr

CLS, SEP, PAD = 1, 2, 0
FIRST_ORDINARY_ID = 260  # special tokens and byte pieces lie below
DECODER_IDS = 256  # of a decoder only bytes are used
SOURCE_MAX, CANDIDATE_MAX = 1224, 412
# The misspelling and the missing blank before "USER:" belong to the published template.
INSTRUCTION = "Finish the following coversation in each i-th turn by filling in <Response i> with your response."


def markers(config: dict) -> tuple[int, int, int]:
    """Ids of the source, first candidate and second candidate markers."""
    return config["source_prefix_id"], config["cand1_prefix_id"], config["cand2_prefix_id"]


def read_rows(path: Path) -> list[Row]:
    """One JSON list of ids a line."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def write_rows(path: Path, rows: list[Row]) -> None:
    """The inverse of `read_rows`."""
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def fixed_rows(config: dict, length: int, count: int, seed: int) -> list[Row]:
    """Random rows of one length, laid out as a pair is: half source, a quarter for each candidate; as question and
    answer for a scalar head; without any order for a decoder."""
    if length < 12:
        raise ValueError(f"a row of {length} tokens is too short for three segments")
    rng = np.random.default_rng([seed, length])
    if is_decoder(config):
        # The tiny tokenizer's last pieces are its special tokens, the padding among them.
        return rng.integers(0, DECODER_IDS, size=(count, length)).tolist()
    high = min(markers(config)) - 1  # [MASK] sits just below the markers
    starts = [0, length // 2, length // 2 + length // 4]
    table = rng.integers(FIRST_ORDINARY_ID, high, size=(count, length))
    if is_scalar(config):
        table[:, 0] = CLS
        table[:, length // 2] = table[:, -1] = SEP
        return table.tolist()
    for marker, begin, end in zip(markers(config), starts, [*starts[1:], length], strict=True):
        table[:, begin] = CLS
        table[:, begin + 1] = marker
        table[:, end - 1] = SEP
    return table.tolist()


class PairRmTokens:
    """PairRM's template for single-turn pairs, as RewardBench's runner applies it.

    It uses `tokenizers` directly: transformers 5 rebuilds the normaliser and yields other ids for some texts.
    """

    def __init__(self, model: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
        self._markers = markers(read_config(model))

    def _encode(self, text: str, limit: int) -> Row:
        self._tokenizer.enable_truncation(limit)
        return self._tokenizer.encode(text).ids

    def row(self, prompt: str, first: str, second: str) -> Row:
        """Ids of one order of a pair."""
        source = f"<|source|>{INSTRUCTION}USER: {prompt}\nAssistant: <Response 1>"
        ids = self._encode(source, SOURCE_MAX)
        # What the source leaves is shared between the candidates, evenly, whether they need it or not.
        limit = (SOURCE_MAX + 2 * CANDIDATE_MAX - len(ids)) // 2
        for marker, text in (("<|candidate1|>", first), ("<|candidate2|>", second)):
            ids = ids + self._encode(f"{marker}<Response 1>: {text}", limit)
        return ids

    def usable(self, row: Row) -> bool:
        """False where a user typed a marker: the reference cannot score such a row."""
        return all(row.count(marker) == 1 for marker in self._markers)


def answer_rows(model: Path, pairs: list[dict], count: int) -> list[Row]:
    """Question and answer as the model cards of scalar models join them, for both answers of `count` pairs."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    picked = (pairs[(2 * i + 1) * len(pairs) // (2 * count)] for i in range(count))
    return [tokenizer.encode(p["prompt"], p[side]).ids for p in picked for side in ("chosen", "rejected")]


def data_rows(model: Path, data: Path, sample: int) -> list[Row]:
    """Both orders of `sample` evenly spaced pairs of a file with the columns prompt, chosen and rejected."""
    if data.suffix == ".parquet":
        import pyarrow.parquet as parquet

        pairs = parquet.read_table(data, columns=["prompt", "chosen", "rejected"]).to_pylist()
    else:
        pairs = [json.loads(line) for line in data.read_text(encoding="utf-8").splitlines() if line]
    count = min(sample, len(pairs))
    if is_decoder(read_config(model)):
        raise SystemExit("--data: rows of a decoder need its chat template; only rows of fixed lengths are compared")
    if is_scalar(read_config(model)):
        return answer_rows(model, pairs, count)
    tokens = PairRmTokens(model)
    rows = []
    for i in range(count):
        # Midpoints of equal stretches: files are sorted by subset, so every subset keeps its share.
        pair = pairs[(2 * i + 1) * len(pairs) // (2 * count)]
        orders = [(pair["chosen"], pair["rejected"]), (pair["rejected"], pair["chosen"])]
        both = [tokens.row(pair["prompt"], *order) for order in orders]
        if all(map(tokens.usable, both)):
            rows += both
    return rows


def batches(rows: list[Row], budget: int) -> Iterator[list[int]]:
    """Row numbers, grouped so that padded tokens stay within `budget` (a longer row goes alone).

    The reference takes rows in the order of the data set, in batches of a fixed number. Sorting by length first
    wastes less on padding, so this is kinder to the peer than the code that people run.
    """
    batch: list[int] = []
    for i in sorted(range(len(rows)), key=lambda i: len(rows[i]), reverse=True):
        # The first row of a batch is its longest: lengths only fall.
        if batch and (len(batch) + 1) * len(rows[batch[0]]) > budget:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def pad(rows: list[Row], padding: int = PAD) -> tuple[np.ndarray, np.ndarray]:
    """Ids padded on the right to the longest row, and the mask of real tokens."""
    ids = np.full((len(rows), max(map(len, rows))), padding, dtype=np.int64)
    mask = np.zeros_like(ids)
    for line, row in enumerate(rows):
        ids[line, : len(row)] = row
        mask[line, : len(row)] = 1
    return ids, mask


def score_batches(
    rows: list[Row], budget: int, forward: Callable[[np.ndarray, np.ndarray], list[float]], padding: int = PAD
) -> list[float]:
    """One logit a row, in the order of the rows; `forward` scores one padded batch."""
    logits = [0.0] * len(rows)
    for batch in batches(rows, budget):
        values = forward(*pad([rows[i] for i in batch], padding))
        for i, value in zip(batch, values, strict=True):
            logits[i] = value
    return logits


def peer_arguments(parser: argparse.ArgumentParser, *dtypes: str) -> argparse.ArgumentParser:
    """The options of `pairbench bench` that a peer takes too; its output is always JSON."""
    parser.add_argument("--dtype", choices=dtypes, default=dtypes[0], help="arithmetic")
    parser.add_argument("--model", type=Path, help="checkpoint directory")
    parser.add_argument("--ids", type=Path, help="JSON Lines: one list of token ids a line")
    parser.add_argument("--threads", type=int, default=2)
    # Small: see README.md for what larger batches cost the peers.
    parser.add_argument("--batch-tokens", type=int, default=1024, help="padded tokens in a batch")
    return parser


def run_peer(args: argparse.Namespace, load: Callable[[Path, int, str], Scorer]) -> None:
    """Load, warm up on two rows as `pairbench bench` does, score all rows once and print one JSON object."""
    rows = read_rows(args.ids)
    score = load(args.model, args.threads, args.dtype)
    score(rows[:2], args.batch_tokens)
    start = time.perf_counter()
    logits = score(rows, args.batch_tokens)
    seconds = time.perf_counter() - start
    run = {"seconds": seconds, "tokens": sum(map(len, rows)), "rows": len(rows), "logits": logits}
    print(json.dumps({"dtype": args.dtype, "runs": [run]}))
