"""As many preference pairs as RewardBench has, as JSON Lines: real ones repeated, or made-up ones of the same lengths.
Plain Python; only a .parquet file needs pyarrow. Prints what the pairs are.

usage: pairs.py OUT.jsonl [--data FILE.jsonl|FILE.parquet] [--pairs 2985] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import math
import random
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REWARD_BENCH = 2985  # pairs of the filtered set
# Characters of its prompts, chosen and rejected responses: median, 9 of 10 within, longest.
CHARACTERS = {"prompt": (145, 540, 3565), "chosen": (370, 1340, 6405), "rejected": (438, 1820, 7986)}


def read(path: Path) -> list[dict]:
    """The pairs of a file."""
    if path.suffix == ".parquet":
        from pyarrow import parquet

        return parquet.read_table(path).to_pylist()
    # Not splitlines(): texts may have U+2028 and its like in them.
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def repeated(pairs: list[dict], count: int) -> list[dict]:
    """Evenly spaced where there are more; where there are fewer, all again with a number before the prompt: equal pairs
    could be scored once."""
    if len(pairs) >= count:
        return [pairs[i * len(pairs) // count] for i in range(count)]
    found = []
    for i in range(count):
        turn, pair = i // len(pairs), pairs[i % len(pairs)]
        found.append(pair if turn == 0 else pair | {"prompt": f"({turn + 1}) {pair['prompt']}"})
    return found


def made_up(count: int, rng: random.Random) -> list[dict]:
    """Words of the quickstart's pairs in random order, as many as a log-normal law with the set's quantiles asks for."""
    words = sorted(
        {
            word
            for pair in read(ROOT / "benchmarks" / "quickstart" / "pairs.jsonl")
            for word in str(pair["chosen"]).split()
        }
    )

    def text(middle: int, most: int, longest: int) -> str:
        sigma = math.log(most / middle) / 1.2816  # the normal law's 90 % point
        wanted = min(longest, max(1, round(middle * math.exp(rng.gauss(0.0, sigma)))))
        parts: list[str] = []
        length = 0
        while length < wanted:
            parts.append(rng.choice(words))
            length += len(parts[-1]) + 1
        return " ".join(parts)[:wanted]

    return [{key: text(*numbers) for key, numbers in CHARACTERS.items()} for _ in range(count)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--pairs", type=int, default=REWARD_BENCH)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if args.data:
        source = read(args.data)
        pairs = repeated(source, args.pairs)
        said = f"{len(pairs)} pairs from the {len(source)} of {args.data.name}"
        if len(source) < len(pairs):
            said += ", repeated with a number before the prompt"
    else:
        pairs = made_up(args.pairs, random.Random(args.seed))
        said = f"{len(pairs)} made-up pairs, their characters log-normal with the median and the 90 % point of RewardBench's"
    with args.out.open("w", encoding="utf-8") as file:
        for at, pair in enumerate(pairs):
            # Ids of their own: repeated pairs would share one.
            kept = {key: pair[key] for key in ("prompt", "chosen", "rejected")}
            file.write(json.dumps(kept | {"subset": pair.get("subset") or "all", "id": at}) + "\n")
    print(said)


if __name__ == "__main__":
    main()
