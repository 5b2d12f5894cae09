"""`compare` and its gate."""

from __future__ import annotations

from pathlib import Path

import pytest

import pairbench


def test_figures_and_formats(demo: pairbench.Run) -> None:
    comparison = pairbench.compare((demo, "pairrm"), (demo, "better-pairrm"), flips=2)
    models = demo.summary["models"]
    average = comparison.summary["totals"]["average"]
    assert average["difference"]["value"] == pytest.approx(
        models["better-pairrm"]["average"]["accuracy"] - models["pairrm"]["average"]["accuracy"]
    )
    assert len(comparison.summary["flips"]) == 2
    assert comparison.gate == ()
    assert comparison.table.startswith("baseline")
    assert comparison.report("html").startswith("<!DOCTYPE html>")


def test_a_gate_that_passes(demo: pairbench.Run) -> None:
    same = pairbench.compare((demo, "pairrm"), (demo, "pairrm"), gate=["drop:average:0.01"])
    assert [(rule.rule, rule.status) for rule in same.gate] == [("drop:average:0.01", "pass")]


def test_a_gate_that_fails(demo: pairbench.Run) -> None:
    with pytest.raises(pairbench.GateFailedError) as failed:
        pairbench.compare(
            (demo, "pairrm"),
            (demo, "better-pairrm"),
            gate=["min:average:0.99", "max-invalid:0"],
        )
    comparison = failed.value.result
    assert [rule.status for rule in comparison.gate] == ["fail", "pass"]
    assert comparison.gate[0].look_at
    assert "min:average:0.99" in comparison.table
    assert "min:average:0.99" in str(failed.value)


def test_a_strict_gate_that_is_inconclusive(demo: pairbench.Run) -> None:
    sides = (demo, "pairrm"), (demo, "better-pairrm")
    assert pairbench.compare(*sides, gate="drop:average:0.01").gate[0].status == "inconclusive"
    with pytest.raises(pairbench.GateInconclusiveError) as open_:
        pairbench.compare(*sides, gate="drop:average:0.01", strict_gate=True)
    assert open_.value.result.gate[0].status == "inconclusive"


def test_a_candidate_that_lacks_pairs(demo: pairbench.Run, models: dict[str, Path]) -> None:
    part = pairbench.run({"pairrm": models["a"]}, limit=600, progress=False)
    sides = (demo, "pairrm"), (part, "pairrm")
    with pytest.raises(pairbench.InputError, match="lacks 36 pairs"):
        pairbench.compare(*sides)
    rest = pairbench.compare(*sides, gate=["drop:average:0.5", "max-invalid:0"], allow_partial=True)
    assert [rule.status for rule in rest.gate] == ["inconclusive", "inconclusive"]
    assert "PARTIAL" in rest.table


def test_further_flags(demo: pairbench.Run) -> None:
    sides = (demo, "pairrm"), (demo, "better-pairrm")
    assert len(pairbench.compare(*sides, options=["--flips", "3"]).summary["flips"]) == 3
    with pytest.raises(pairbench.UsageError, match="no-such-flag"):
        pairbench.compare(*sides, options=["--no-such-flag"])


def test_runs_that_are_not_there(demo: pairbench.Run) -> None:
    with pytest.raises(pairbench.NotAvailableError):
        pairbench.compare("runs/none", demo)
