"""Scores the models, compares them with the baseline, and tells GitHub what came of it.

The environment has the inputs of action.yml in capitals. Reports go to .pairbench/reports; the exit
code is that of the gate. A run that worked leaves its outputs and its report, whatever becomes of
the comparison.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Literal, Optional, Union

import pairbench

REPORTS = Path(".pairbench/reports")
# With a gate of its own a run may end early, and a shard is a part: neither is a baseline. Where
# the run is written is for the action to say.
OF_THE_ACTION = ("--against", "--gate", "--strict-gate", "--shard", "--out")
SWITCHES = ("STRICT_GATE", "NEW_BASELINE")
GOOD = Path(".pairbench/good")
ENDINGS = {"markdown": "md", "json": "json", "csv": "csv", "latex": "tex", "junit": "xml"}
Judged = Union[pairbench.Run, pairbench.Comparison]


def main() -> int:
    shutil.rmtree(REPORTS, ignore_errors=True)
    wrong = wrong_inputs()
    if wrong:
        return fail(wrong, 2)
    ending = ENDINGS[os.environ["FORMAT"]]
    unmet: Optional[pairbench.PairbenchError] = None
    try:
        run = pairbench.run(
            models=lines("MODELS"),
            data=os.environ["DATA"] or None,
            benchmark=os.environ["BENCHMARK"] or None,
            out=REPORTS / "run",
            options=lines("OPTIONS"),
        )
    except pairbench.PairbenchError as error:
        if error.result is None:
            raise
        # The run is whole, and its report says which pairs could not be scored.
        run, unmet = error.result, error
    # First of all: what has this output is uploaded.
    first = run.summary["models"][run.models[0]]
    output(run=run.directory, average=first["average"]["accuracy"])
    publish(run, "run", ending)
    if unmet is not None:
        output(result="not judged", baseline="")
        return fail(str(unmet), unmet.exit_code)
    return judge(run, ending)


def wrong_inputs() -> str:
    """What cannot work in the inputs, alone or together; empty where all can."""
    if os.environ["FORMAT"] not in ENDINGS:
        return f"format must be one of {', '.join(ENDINGS)}"
    for name in SWITCHES:
        if os.environ[name] not in ("true", "false", ""):
            return f"{name.lower().replace('_', '-')} must be true or false"
    taken = [line for line in lines("OPTIONS") if line.split("=")[0].split()[0] in OF_THE_ACTION]
    if taken:
        return f"options: {taken[0]} is for the action's own inputs, or has no place in it"
    if is_on("STRICT_GATE") and not lines("GATE"):
        return "strict-gate needs a gate"
    if is_on("NEW_BASELINE") and os.environ["BASELINE"]:
        return "new-baseline has no baseline: leave one of the two out"
    return ""


def judge(run: pairbench.Run, ending: str) -> int:
    """Compares each model with the baseline; the exit code is that of the gate."""
    baseline = find_baseline()
    if not baseline:
        if lines("GATE"):
            why = "a new baseline" if is_on("NEW_BASELINE") else "no baseline yet"
            annotate("warning", f"{why}: the gate was not asked")
        output(result="not judged", baseline="")
        return 0
    errors: list[pairbench.PairbenchError] = []
    rules: list[pairbench.RuleOutcome] = []
    for model in run.models:
        try:
            rules += compare(baseline, run, model, ending).gate
        except pairbench.PairbenchError as error:
            if lines("GATE"):  # one that was not asked has not passed
                errors.append(error)
            else:
                annotate("warning", f"{model} was not compared: {error}")
    errors.sort(key=weight)
    was_compared = any(REPORTS.glob("compare-*.html"))
    output(result=result(errors, rules), baseline=baseline if was_compared else "")
    for unmet in errors:
        annotate("error", reason(unmet))
    return errors[0].exit_code if errors else 0


def compare(baseline: str, run: pairbench.Run, model: str, ending: str) -> pairbench.Comparison:
    """The comparison, published; raises where it cannot be made, or the gate is not met."""
    name = f"compare-{len(list(REPORTS.glob('compare-*.html'))) + 1}"
    try:
        comparison = pairbench.compare(
            baseline, (run, model), gate=lines("GATE"), strict_gate=is_on("STRICT_GATE")
        )
    except (pairbench.GateFailedError, pairbench.GateInconclusiveError) as error:
        publish(error.result, name, ending)
        raise
    publish(comparison, name, ending)
    return comparison


def weight(error: pairbench.PairbenchError) -> int:
    """A rule that failed comes first, a gate that was not asked next, an inconclusive one last."""
    return {3: 0, 8: 2}.get(error.exit_code, 1)


def result(errors: list[pairbench.PairbenchError], rules: list[pairbench.RuleOutcome]) -> str:
    """What the gate says of all models; the first error decides."""
    if not errors and not lines("GATE"):
        return "not judged"
    if not errors:
        undecided = any(rule.status == "inconclusive" for rule in rules)
        return "inconclusive" if undecided else "pass"
    return {3: "fail", 8: "inconclusive"}.get(errors[0].exit_code, "not judged")


def reason(error: pairbench.PairbenchError) -> str:
    """Why the job fails, and where the baseline may be the cause, how to start over."""
    if error.exit_code in (3, 8):
        return str(error)
    text = f"the gate was not asked: {error}"
    if os.environ["BASELINE"]:
        return text
    return (
        f"{text}\nIf the last good run is outdated (of other pairs, models or another benchmark),"
        " run once on the default branch with `new-baseline: true`."
    )


def find_baseline() -> str:
    """What the input names, or what the cache has kept; empty where there is nothing to ask."""
    if is_on("NEW_BASELINE"):
        return ""
    return os.environ["BASELINE"] or (str(GOOD) if GOOD.is_dir() else "")


def publish(judged: Judged, name: str, ending: str) -> None:
    """Into the log with its annotations, the step summary, and two files."""
    text = judged.report("github")
    print(text, flush=True)
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
        summary.write(text + "\n")
    (REPORTS / f"{name}.html").write_text(judged.report("html"), "utf-8")
    form = os.environ["FORMAT"]
    if form == "latex" and isinstance(judged, pairbench.Comparison):
        return  # a comparison has no such form
    (REPORTS / f"{name}.{ending}").write_text(judged.report(form), "utf-8")  # type: ignore[arg-type]


def output(**values: object) -> None:
    """Sets outputs of the action."""
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.writelines(f"{key}={value}\n" for key, value in values.items())


def fail(message: str, code: int) -> int:
    annotate("error", message)
    return code


def annotate(level: Literal["error", "warning"], message: str) -> None:
    # In a workflow command, these would end it.
    text = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::{level} title=pairbench::{text}", flush=True)


def is_on(name: str) -> bool:
    return os.environ[name] == "true"


def lines(name: str) -> list[str]:
    return [line.strip() for line in os.environ[name].splitlines() if line.strip()]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except pairbench.PairbenchError as error:
        sys.exit(fail(str(error), error.exit_code))
