"""Rank the same answers with llm-blender and pairbench: how many ranks are equal, and how fast each is.

usage: blender.py CHECKPOINT [--prompts 1000] [--candidates 4] [--words 8] [--repeats 3] [--threads N] [--out FILE.md]
                             [--record FILE.jsonl]

CHECKPOINT is a PairRM in transformers' layout with a DeBERTa encoder and its tokenizer, such as the golden one,
tests/data/golden/models/tiny-pairrm, or one of make_checkpoint.py. llm-blender is given the same weights in its own
layout. PAIRBENCH_BINARY names the binary.

Needs the packages of requirements.txt in tests/data/golden, and `pip install --no-deps llm-blender==0.0.2 accelerate
psutil`. Both get every prompt in one call; loading, and a call with a few prompts before, are not timed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
warnings.filterwarnings("ignore")
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "python")]

WORDS = """the a of to and in is that it for river story number force energy city small answer question write explain
mass light water fire stone tree house road night day long short good bad better worse first last left right""".split()


def prompts(count: int, candidates: int, words: int) -> tuple[list[str], list[list[str]]]:
    """Random words from a fixed seed; about one prompt in eight has the same candidate twice."""
    rng = random.Random(20)

    def text(most: int) -> str:
        return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, most)))

    lists = [[text(words) for _ in range(candidates)] for _ in range(count)]
    for own in lists:
        if rng.random() < 1 / 8:
            own[-1] = own[0]
    return [text(words) + "?" for _ in range(count)], lists


def blender(checkpoint: Path, work: Path):
    """llm-blender with these weights, which its loader finds in its own layout."""
    import llm_blender
    from safetensors.torch import load_file, save_file
    from transformers import DebertaV2Config, DebertaV2Model

    state = load_file(checkpoint / "model.safetensors")
    encoder = DebertaV2Model(DebertaV2Config.from_pretrained(checkpoint))
    prefix = "pretrained_model."
    own = {name[len(prefix) :]: value.float() for name, value in state.items() if name.startswith(prefix)}
    missing, unexpected = encoder.load_state_dict(own, strict=False)
    assert not unexpected and all("position_ids" in name for name in missing), (missing, unexpected)
    backbone, ranker = work / "deberta-backbone", work / "ranker"
    encoder.save_pretrained(backbone)
    for file in checkpoint.iterdir():
        if file.is_file() and file.name not in ("config.json", "model.safetensors", "pairbench.toml"):
            shutil.copy(file, backbone / file.name)
    ranker.mkdir()
    save_file(state, ranker / "model.safetensors", metadata={"format": "pt"})
    config = {
        "ranker_type": "pairranker", "model_type": "deberta", "model_name": str(backbone), "cache_dir": None,
        "load_checkpoint": None, "source_maxlength": 1224, "candidate_maxlength": 412, "n_tasks": 1, "num_pos": 5,
        "num_neg": 5, "sub_sampling_mode": "all_pair", "sub_sampling_ratio": 0.5, "loss_type": "instructgpt",
        "reduce_type": "linear", "inference_mode": "bubble", "drop_out": 0.05, "fp16": True, "device": None,
    }
    (ranker / "config.json").write_text(json.dumps(config))
    with contextlib.redirect_stdout(io.StringIO()):
        found = llm_blender.Blender()
        found.blender_config.use_tqdm = False
        found.loadranker(str(ranker), device="cpu")
    return found


def timed(call, *arguments, **named):
    """What it returns, and its seconds."""
    begun = time.perf_counter()
    found = call(*arguments, **named)
    return found, time.perf_counter() - begun


def table(args, seconds: dict[str, list[float]], agreement: list[str]) -> str:
    """Markdown."""
    import facts

    config = json.loads((args.checkpoint / "config.json").read_text(encoding="utf-8"))
    sizes = ", ".join(f"{key} {config[key]}" for key in ("num_hidden_layers", "hidden_size", "vocab_size"))
    packages = [facts.package(name) for name in ("llm-blender", "torch", "transformers")]
    threads = f"{args.threads} threads" if args.threads else "one thread per core for each"
    lines = [
        f"# pairbench rank beside blender.rank, {time.strftime('%Y-%m-%d')}",
        "",
        f"- CPU: {facts.cpu_model()}, {os.cpu_count()} logical cores; {threads}; load average "
        f"{facts.load_average()} at the end",
        f"- pairbench: commit {facts.commit()}, f32, template pairranker; {', '.join(packages)}, batch_size {args.batch}",
        f"- Model: {args.checkpoint.name}, {sizes}",
        f"- {args.prompts} prompts with {args.candidates} candidates of up to {args.words} random words, seed 20: "
        f"{args.candidates * (args.candidates - 1)} rows a prompt",
        f"- {args.repeats} repetitions by turns in one process; loading and a first call are not timed; "
        "pairbench's time includes the pipe",
        *agreement,
        "",
        "| engine | runs | median s | min to max s | prompts/s | speed |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    first = statistics.median(seconds["blender.rank"])
    for name, times in seconds.items():
        median = statistics.median(times)
        lines.append(
            f"| {name} | {len(times)} | {median:.3f} | {min(times):.3f} to {max(times):.3f} | "
            f"{args.prompts / median:.1f} | {first / median:.2f}x |"
        )
    return "\n".join(lines) + "\n"


def agreement(theirs, ours, their_scores, our_scores) -> list[str]:
    """How far both agree, in words; the nearest scores of those that are ordered differently."""
    equal = sum(a == b for a, b in zip(theirs, ours))
    both = zip(their_scores, our_scores)
    largest = max(abs(a - b) for one, other in both for a, b in zip(one, other))
    lines = [f"- Ranks are equal for {equal} of {len(theirs)} prompts; scores differ by at most {largest:.1e}"]
    for at, (a, b) in enumerate(zip(theirs, ours)):
        if a != b:
            lines.append(f"- Prompt {at}: {a} with {their_scores[at]}, {b} with {our_scores[at]}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--prompts", type=int, default=1000)
    parser.add_argument("--candidates", type=int, default=4)
    parser.add_argument("--words", type=int, default=8)
    parser.add_argument("--batch", type=int, default=8, help="llm-blender's batch_size")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--record", type=Path, help="prompts, candidates and llm-blender's ranks and scores")
    args = parser.parse_args()

    import pairbench
    import torch

    if args.threads:
        torch.set_num_threads(args.threads)
    inputs, candidates = prompts(args.prompts, args.candidates, args.words)
    model = f"{args.checkpoint},template=pairranker"
    with tempfile.TemporaryDirectory() as work, pairbench.Ranker(model, threads=args.threads) as ranker:
        upstream = blender(args.checkpoint, Path(work))
        engines = {
            "blender.rank": lambda n, **named: upstream.rank(inputs[:n], candidates[:n], batch_size=args.batch, **named),
            "pairbench rank": lambda n, **named: ranker.rank(inputs[:n], candidates[:n], **named),
        }
        scores = {name: engine(args.prompts, return_scores=True) for name, engine in engines.items()}
        ranks, seconds = {}, {name: [] for name in engines}
        for _ in range(args.repeats):
            for name, engine in engines.items():
                ranks[name], taken = timed(engine, args.prompts)
                seconds[name].append(taken)
    theirs, ours = ranks["blender.rank"].tolist(), ranks["pairbench rank"]
    found = agreement(theirs, ours, scores["blender.rank"].tolist(), scores["pairbench rank"])
    text = table(args, seconds, found)
    print(text)
    if args.record:
        rows = zip(inputs, candidates, theirs, scores["blender.rank"].tolist())
        keys = ("prompt", "candidates", "ranks", "scores")
        args.record.write_text("".join(json.dumps(dict(zip(keys, row))) + "\n" for row in rows), encoding="utf-8")
    if args.out:
        args.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
