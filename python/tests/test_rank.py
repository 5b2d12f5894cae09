"""`Ranker`, `rank` and `score`, against what `llm_blender` 0.0.2 computed on the golden weights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pairbench
from pairbench import _rank

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/data/golden"
MODEL = GOLDEN / "models/tiny-pairrm"
near = pytest.approx


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    """What `make_golden.py` recorded of `llm_blender`."""
    return dict(json.loads((GOLDEN / "blender.json").read_text("utf-8")))


@pytest.fixture(scope="module")
def cases() -> dict[str, Any]:
    """The golden conversations."""
    lines = (GOLDEN / "cases.jsonl").read_text("utf-8").splitlines()
    return {case["id"]: case for case in map(json.loads, lines)}


@pytest.fixture(scope="module")
def blender() -> Iterator[pairbench.Ranker]:
    """The golden weights with llm-blender's text."""
    with pairbench.Ranker(f"{MODEL},template=pairranker", progress=False) as ranker:
        yield ranker


def test_rank(blender: pairbench.Ranker, golden: dict[str, Any]) -> None:
    inputs, candidates = golden["rank"]["inputs"], golden["rank"]["candidates"]
    assert blender.rank(inputs, candidates) == golden["rank"]["ranks"]
    found = blender.rank(inputs, candidates, return_scores=True, batch_size=1)
    for scores, expected in zip(found, golden["rank"]["scores"]):
        assert scores == near(expected, abs=1e-5)
    by_reference = golden["rank"]["rank_with_ref_longest"]
    assert blender.rank_with_ref(inputs, candidates) == by_reference
    references = [max(own, key=len) for own in candidates]
    again = blender.rank_with_ref(inputs, candidates, ref_mode="first", ref_candidates=references)
    assert again == by_reference
    median: Any = blender.rank_with_ref(
        inputs, candidates, ref_mode="median_length", return_scores=True
    )
    for by_median, own in zip(median, candidates):
        # The third by length, the first of equals before the others.
        place = own.index(sorted(own, key=len)[2])
        assert by_median[place] == 0


def test_best_of_n(blender: pairbench.Ranker, golden: dict[str, Any]) -> None:
    inputs, candidates = golden["rank"]["inputs"], golden["rank"]["candidates"]
    best = blender.get_best_of_n(inputs, candidates, pairrm_cmp_type="full")
    assert best == golden["rank"]["best_of_n_full"]
    for how in ("full", "bubble"):
        ordered = blender.get_best_of_n(inputs, candidates, pairrm_cmp_type=how, return_all=True)
        firsts = blender.get_best_of_n(inputs, candidates, pairrm_cmp_type=how)
        assert [own[0] for own in ordered] == firsts
        assert [sorted(own) for own in ordered] == [sorted(own) for own in candidates]


def pairs(golden: dict[str, Any], cases: dict[str, Any]) -> tuple[list[str], list[str], list[str]]:
    own = [cases[case] for case in golden["ids"]]
    inputs = [case["a"][0]["content"] for case in own]
    a, b = ([case[side][-1]["content"] for case in own] for side in ("a", "b"))
    return inputs, a, b


@pytest.mark.parametrize("mode", ["[A,B]", "[B,A]", "[A,B]+[B,A]"])
def test_compare(
    blender: pairbench.Ranker, golden: dict[str, Any], cases: dict[str, Any], mode: Any
) -> None:
    inputs, a, b = pairs(golden, cases)
    logits = blender.compare(inputs, a, b, return_logits=True, mode=mode)
    assert logits == near(golden[mode], abs=1e-5)
    assert blender.compare(inputs, a, b, mode=mode) == [logit > 0 for logit in golden[mode]]
    if mode == "[A,B]+[B,A]":
        assert blender.score(inputs, list(zip(a, b))) == logits


def test_conversations(
    blender: pairbench.Ranker, golden: dict[str, Any], cases: dict[str, Any]
) -> None:
    names = list(golden["conversations"])
    a, b = (
        [
            [{**message, "role": message["role"].upper()} for message in cases[name][side]]
            for name in names
        ]
        for side in ("a", "b")
    )
    expected = near(list(golden["conversations"].values()), abs=1e-5)
    assert blender.compare_conversations(a, b, return_logits=True) == expected
    # RewardBench's template makes the same texts, of conversations with a common history.
    common = [at for at in range(len(names)) if a[at][:-1] == b[at][:-1]]
    assert common
    with pairbench.Ranker(f"{MODEL},template=pairrm", progress=False) as ranker:
        found = ranker.compare_conversations(
            [a[at] for at in common], [b[at] for at in common], return_logits=True
        )
        own = [golden["conversations"][names[at]] for at in common]
        assert found == near(own, abs=1e-5)
        with pytest.raises(ValueError, match="USER"):
            ranker.compare_conversations([a[0][:1]], [b[0][:1]])


def test_instructions_come_first(blender: pairbench.Ranker) -> None:
    candidates = [["A number.", "No."]]
    apart = blender.rank(["is mass?"], candidates, ["What "], return_scores=True)
    assert apart == blender.rank(["What is mass?"], candidates, return_scores=True)


def test_scalar_models_score_one_answer() -> None:
    model = ROOT / "tests/data/scalar/models/tiny-deberta-rm"
    with pairbench.Ranker(f"{model},template=blender", progress=False) as ranker:
        assert ranker.header["head"] == "scalar"
        one, other, margin = ranker.score(["q"] * 3, ["a", "b c", ("a", "b c")])
        assert margin == near(one - other, abs=1e-6)
        scores = ranker.rank(["q"], [["a", "b c"]], return_scores=True)
        assert scores == [[one, other]]


def test_what_cannot_be_ranked(blender: pairbench.Ranker) -> None:
    with pytest.raises(pairbench.InputError, match=r"inputs\[1\]: ") as found:
        blender.rank(["q", "q", "q"], [["a", "b"], ["<|candidate1|>", "b"], ["a", "b"]])
    assert ["error" in answer for answer in found.value.result] == [False, True, False]
    with pytest.raises(pairbench.InputError, match="pairwise"):
        blender.score(["q"], ["a"])
    with pytest.raises(ValueError, match="1 prompts, but 2 candidates"):
        blender.rank(["q"], [["a"], ["b"]])
    with pytest.raises(TypeError, match="lists"):
        blender.rank("q", ["a"])
    # It goes on.
    assert blender.rank(["q"], [["alone"]]) == [[1]]


def test_errors_of_the_model() -> None:
    ranker = pairbench.Ranker("no-such-model", progress=False)
    for _ in range(2):
        with pytest.raises(pairbench.NotAvailableError, match="no-such-model"):
            ranker.rank(["q"], [["a", "b"]])
    with pytest.raises(pairbench.UsageError, match="--no-such-flag"):
        pairbench.Ranker(options=["--no-such-flag"], progress=False).rank(["q"], [["a"]])


def test_many_lines_fill_no_pipe(blender: pairbench.Ranker) -> None:
    """More than a pipe holds, in both directions, and from several threads."""
    inputs = [f"What is {i}? " + "river " * 20 for i in range(300)]
    candidates = [["A number.", "No.", f"{i} " * 5] for i in range(300)]
    expected = blender.rank(inputs, candidates, return_scores=True)
    found: dict[int, Any] = {}

    def ask(thread: int) -> None:
        found[thread] = blender.rank(inputs[thread::3], candidates[thread::3], return_scores=True)

    threads = [threading.Thread(target=ask, args=(thread,)) for thread in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[at % 3][at // 3] for at in range(300)] == expected


@pytest.fixture
def _no_shared_process() -> Iterator[None]:
    """Nothing is left for tests that look at the processes of this one."""
    yield
    _rank._shared.pop("ranker").close()
    _rank._shared.clear()


@pytest.mark.usefixtures("_no_shared_process")
def test_one_process_for_many_calls() -> None:
    said: list[str] = []
    settings: Any = {"progress": lambda event: said.append(event.text)}
    first = pairbench.rank(["q"], [["a", "b c", "d"]], return_scores=True, **settings)
    assert pairbench.rank(["q"], [["a", "b c", "d"]], return_scores=True, **settings) == first
    [margin] = pairbench.score(["q"], [("a", "d")], **settings)
    assert isinstance(margin, float)
    assert sum("loaded" in text for text in said) == 1
    other = f"{MODEL},template=pairranker"
    assert pairbench.rank(["q"], [["a", "b"]], model=other, progress=False)


def test_a_program_that_forgets_it_ends() -> None:
    """Nobody waits, and no process is left."""
    script = (
        "import pairbench\n"
        "ranker = pairbench.Ranker(progress=False)\n"
        "print(ranker.rank(['q'], [['a', 'a']]), pairbench.rank(['q'], [['a']], progress=False))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True
    )
    assert (done.stdout, done.stderr) == ("[[1, 1]] [[1]]\n", "")


def _in_a_fork(work: Any) -> Any:
    """What a function returns in a fork of this process."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        found = json.load(answer)
    os.waitpid(child, 0)
    return found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fork_asks_a_process_of_its_own() -> None:
    prompts, candidates = ["p", "q"], [["a", "b", "c"], ["c", "a", "b"]]
    with pairbench.Ranker(progress=False) as ranker:
        expected = ranker.rank(prompts, candidates, return_scores=True)
        other = _in_a_fork(lambda: ranker.rank(["other"], [["z", "y"]], return_scores=True))
        assert len(other[0]) == 2
        assert ranker.rank(prompts, candidates, return_scores=True) == expected
        assert ranker.rank(["other"], [["z", "y"]], return_scores=True) == other


@pytest.mark.parametrize("texts", ["xyz", {"x", "y"}, {"x": 1}, b"xyz"])
def test_candidates_are_lists(texts: Any) -> None:
    refused = pytest.raises(TypeError, match=r"candidates\[0\] must be a list of texts")
    with pairbench.Ranker(progress=False) as ranker, refused:
        ranker.rank(["p"], [texts])


def _until_it_fails(ranker: pairbench.Ranker) -> None:
    """What it says while it starts may be heard after its first answer."""
    for _ in range(100):
        ranker.rank(["p"], [["a", "b"]])


def test_a_listener_that_fails_ends_the_call() -> None:
    def listener(event: pairbench.Event) -> None:
        raise LookupError(event.text)

    with pairbench.Ranker(progress=listener) as ranker, pytest.raises(LookupError):
        _until_it_fails(ranker)
