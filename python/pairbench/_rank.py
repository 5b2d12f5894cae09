"""Ranks and scores answers, with the arguments of `llm_blender.Blender`."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Optional, Union, overload

from pairbench._process import Progress
from pairbench._service import Line, Service
from pairbench.errors import InputError

Message = Mapping[str, str]
Prompt = Union[str, Sequence[Message]]
"""A text, or the messages so far, each with `role` and `content`."""
CompareMode = Literal["[A,B]", "[B,A]", "[A,B]+[B,A]"]
RefMode = Literal["longest", "shortest", "median_length", "first", "last"]

INSTRUCTION = (
    "Finish the following coversation in each i-th turn by filling in <Response i> with your"
    " response."
)
"""What upstream puts before a conversation, with its misspelling."""


class Ranker:
    """A model that ranks answers, loaded once in a process that lives as long as this object.

    Its methods take the arguments of `llm_blender.Blender` and give its figures where the model's
    template is `pairranker`: `llm-blender/PairRM`, or `llm-blender/PairRM-hf,template=pairranker`.
    They return lists where upstream returns arrays: `numpy.asarray` makes one. Batches are made
    here, and change no figure: `batch_size` and `disable_tqdm` are there for upstream's callers.

    Args:
        model: A checkpoint: a directory or `owner/name[@revision]`, with `,template=T` where it
            needs one; without it, a tiny demonstration model.
        options: Further flags of `pairbench rank`, as the command line has them.
        progress: Where the binary's messages go: True is stderr, False nowhere, a function gets
            each as an `Event`.

    All other arguments are flags of `pairbench rank`.

    Raises:
        InputError: An answer could not be ranked; `result` has what was found of every prompt.
        PairbenchError: The class of the exit code, see `pairbench.errors`.
    """

    def __init__(
        self,
        model: Union[str, os.PathLike[str], None] = None,
        *,
        template: Optional[str] = None,
        device: Optional[str] = None,
        dtype: Optional[str] = None,
        batch_tokens: Optional[int] = None,
        threads: Optional[int] = None,
        revision: Optional[str] = None,
        offline: bool = False,
        options: Sequence[str] = (),
        progress: Progress = True,
    ) -> None:
        given = {
            "--model": None if model is None else os.fspath(model),
            "--template": template,
            "--device": device,
            "--dtype": dtype,
            "--batch-tokens": batch_tokens,
            "--threads": threads,
            "--revision": revision,
        }
        # All lines of a question are written at once.
        arguments = ["rank", "--header", "--batch-wait=5", *(["--offline"] if offline else [])]
        arguments += [f"{flag}={value}" for flag, value in given.items() if value is not None]
        self._service = Service([*arguments, *options], progress)

    @property
    def header(self) -> Line:
        """What the figures are measured with: model, hashes, template, precision, device."""
        return self._service.header()

    @overload
    def rank(
        self,
        inputs: Sequence[Prompt],
        candidates: Sequence[Sequence[str]],
        instructions: Optional[Sequence[str]] = ...,
        return_scores: Literal[False] = ...,
        batch_size: int = ...,
        disable_tqdm: bool = ...,
    ) -> list[list[int]]: ...

    @overload
    def rank(
        self,
        inputs: Sequence[Prompt],
        candidates: Sequence[Sequence[str]],
        instructions: Optional[Sequence[str]] = ...,
        *,
        return_scores: Literal[True],
        batch_size: int = ...,
        disable_tqdm: bool = ...,
    ) -> list[list[float]]: ...

    def rank(
        self,
        inputs: Sequence[Prompt],
        candidates: Sequence[Sequence[str]],
        instructions: Optional[Sequence[str]] = None,
        return_scores: bool = False,
        batch_size: int = 8,
        disable_tqdm: bool = False,
    ) -> Union[list[list[int]], list[list[float]]]:
        """The rank of each candidate, 1 for the best; candidates of equal score share one.

        Prompts may have different numbers of candidates, which upstream refuses.

        Args:
            inputs: A prompt for each list of candidates.
            candidates: The candidates of each prompt.
            instructions: Texts to put before each prompt, with nothing between.
            return_scores: Whether scores are returned instead, of which higher is better.
        """
        return self._ranked(_lines(inputs, candidates, instructions), return_scores)

    def rank_with_ref(
        self,
        inputs: Sequence[Prompt],
        candidates: Sequence[Sequence[str]],
        instructions: Optional[Sequence[str]] = None,
        return_scores: bool = False,
        batch_size: int = 8,
        ref_mode: RefMode = "longest",
        ref_candidates: Optional[Sequence[str]] = None,
    ) -> Union[list[list[int]], list[list[float]]]:
        """The rank of each candidate by how much it is preferred to a reference.

        Args:
            ref_mode: Which of the candidates is the reference.
            ref_candidates: The reference of each prompt, whatever `ref_mode` says.
        """
        own = {"method": "rank-with-ref", "ref_mode": ref_mode.replace("_", "-")}
        lines = _lines(inputs, candidates, instructions, own)
        if ref_candidates is not None:
            _same_length("ref_candidates", ref_candidates, inputs)
            lines = [{**line, "reference": ref} for line, ref in zip(lines, ref_candidates)]
        return self._ranked(lines, return_scores)

    @overload
    def compare(
        self,
        inputs: Sequence[Prompt],
        candidates_A: Sequence[str],
        candidates_B: Sequence[str],
        instructions: Optional[Sequence[str]] = ...,
        batch_size: int = ...,
        return_logits: Literal[False] = ...,
        mode: CompareMode = ...,
        disable_tqdm: bool = ...,
    ) -> list[bool]: ...

    @overload
    def compare(
        self,
        inputs: Sequence[Prompt],
        candidates_A: Sequence[str],
        candidates_B: Sequence[str],
        instructions: Optional[Sequence[str]] = ...,
        batch_size: int = ...,
        *,
        return_logits: Literal[True],
        mode: CompareMode = ...,
        disable_tqdm: bool = ...,
    ) -> list[float]: ...

    def compare(
        self,
        inputs: Sequence[Prompt],
        candidates_A: Sequence[str],
        candidates_B: Sequence[str],
        instructions: Optional[Sequence[str]] = None,
        batch_size: int = 4,
        return_logits: bool = False,
        mode: CompareMode = "[A,B]+[B,A]",
        disable_tqdm: bool = False,
    ) -> Union[list[bool], list[float]]:
        """Whether A is better than B.

        Args:
            return_logits: Whether the number is returned instead: above 0, the left one is better.
            mode: What a pairwise model reads: A left, B left, or both. With `[B,A]` the answer is
                whether B is better, as upstream has it.
        """
        _same_length("candidates_A", candidates_A, inputs)
        _same_length("candidates_B", candidates_B, inputs)
        pairs = [[a, b] for a, b in zip(candidates_A, candidates_B)]
        return self._compared(_lines(inputs, pairs, instructions), mode, return_logits)

    def compare_conversations(
        self,
        conversations_a: Sequence[Sequence[Message]],
        conversations_b: Sequence[Sequence[Message]],
        batch_size: int = 4,
        return_logits: bool = False,
        mode: CompareMode = "[A,B]+[B,A]",
    ) -> Union[list[bool], list[float]]:
        """Whether conversation A is better than B; the turns of their user are the same.

        Under the template `pairranker` a conversation becomes the text that upstream makes of it.
        Under any other the template reads its messages, and only the last ones may differ.
        """
        _same_length("conversations_b", conversations_b, conversations_a)
        for a, b in zip(conversations_a, conversations_b):
            _check_conversations(a, b)
        texts = _as_texts if self.header["template"] == "pairranker" else _as_messages
        made = [texts(a, b) for a, b in zip(conversations_a, conversations_b)]
        return self._compared(made, mode, return_logits)

    def get_best_of_n(
        self,
        inputs: Sequence[Prompt],
        candidates: Sequence[Sequence[str]],
        instructions: Optional[Sequence[str]] = None,
        pairrm_cmp_type: Literal["bubble", "full"] = "bubble",
        return_all: bool = False,
        batch_size: int = 8,
        seed: int = 0,
    ) -> Union[list[str], list[list[str]]]:
        """The best candidate of each prompt.

        Args:
            pairrm_cmp_type: How a pairwise model finds it: `bubble` by n - 1 comparisons, `full` by
                comparing each with each.
            return_all: Whether all candidates are returned, the best first.
            seed: Decides the order in which `bubble` compares; upstream's is another each time.
        """
        own = {"method": "best-of-n", "cmp_type": pairrm_cmp_type, "seed": int(seed)}
        lines = _lines(inputs, candidates, instructions, own)
        answers = self._ask(lines)
        if not return_all:
            return [answer["candidate"] for answer in answers]
        sent = (line["candidates"] for line in lines)
        return [[own[place] for place in answer["order"]] for answer, own in zip(answers, sent)]

    def score(
        self,
        prompts: Sequence[Prompt],
        answers: Sequence[Union[str, Sequence[str]]],
        instructions: Optional[Sequence[str]] = None,
    ) -> list[float]:
        """The score of each answer, or the margin of each two answers.

        Args:
            answers: A text for each prompt, which a scalar model scores; or two texts, of which the
                margin says how much the first is preferred.
        """
        lists = [[own] if isinstance(own, str) else list(own) for own in answers]
        for at, texts in enumerate(lists):
            if len(texts) not in (1, 2):
                raise ValueError(f"answers[{at}]: one text or two, not {len(texts)}")
        lines = _lines(prompts, lists, instructions)
        if any(len(texts) == 1 for texts in lists) and self.header["head"] == "pairwise":
            raise InputError(
                "one answer has no score under a pairwise model",
                exit_code=4,
                hint="give two answers, or take a scalar model",
            )
        one, two = {"method": "rank"}, {"method": "compare"}
        asked = [{**line, **(one if len(line["candidates"]) == 1 else two)} for line in lines]
        found = self._ask(asked)
        return [own["logit"] if "logit" in own else own["scores"][0] for own in found]

    def close(self) -> None:
        """Ends the process; a further call starts it again."""
        self._service.close()

    def __enter__(self) -> Ranker:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # At the interpreter's end the process ends by itself: nobody writes to it any more.
        if hasattr(self, "_service") and not sys.is_finalizing():
            self.close()

    def _ranked(
        self, lines: Sequence[Line], return_scores: bool
    ) -> Union[list[list[int]], list[list[float]]]:
        key = "scores" if return_scores else "ranks"
        return [answer[key] for answer in self._ask(lines)]

    def _compared(
        self, lines: Sequence[Line], mode: CompareMode, return_logits: bool
    ) -> Union[list[bool], list[float]]:
        key = "logit" if return_logits else "left_is_better"
        own = {"method": "compare", "mode": mode}
        return [answer[key] for answer in self._ask([{**line, **own} for line in lines])]

    def _ask(self, lines: Sequence[Line]) -> list[Line]:
        answers = self._service.ask(lines)
        faults = [at for at, answer in enumerate(answers) if "error" in answer]
        if faults:
            raise InputError(
                f"inputs[{faults[0]}]: {answers[faults[0]]['error']}",
                exit_code=4,
                causes=[f"{len(faults)} of {len(answers)} could not be answered"],
                result=answers,
            )
        return answers


_shared_lock = threading.Lock()
_shared: dict[str, Any] = {}


def _shared_ranker(**settings: Any) -> Ranker:
    """One process for calls with the same settings, as long as no others come."""
    with _shared_lock:
        if _shared.get("settings") != settings:
            if "ranker" in _shared:
                _shared["ranker"].close()
            _shared.update(settings=settings, ranker=Ranker(**settings))
        ranker: Ranker = _shared["ranker"]
        return ranker


def rank(
    prompts: Sequence[Prompt],
    candidates: Sequence[Sequence[str]],
    model: Union[str, os.PathLike[str], None] = None,
    *,
    instructions: Optional[Sequence[str]] = None,
    return_scores: bool = False,
    **settings: Any,
) -> Union[list[list[int]], list[list[float]]]:
    """Ranks the candidates of each prompt: `Ranker(model, **settings).rank(prompts, candidates)`.

    The model stays loaded for further calls with the same settings.
    """
    lines = _lines(prompts, candidates, instructions)
    return _shared_ranker(model=model, **settings)._ranked(lines, return_scores)


def score(
    prompts: Sequence[Prompt],
    answers: Sequence[Union[str, Sequence[str]]],
    model: Union[str, os.PathLike[str], None] = None,
    *,
    instructions: Optional[Sequence[str]] = None,
    **settings: Any,
) -> list[float]:
    """Scores answers: `Ranker(model, **settings).score(prompts, answers)`.

    The model stays loaded for further calls with the same settings.
    """
    return _shared_ranker(model=model, **settings).score(prompts, answers, instructions)


def _lines(
    inputs: Sequence[Prompt],
    candidates: Sequence[Sequence[str]],
    instructions: Optional[Sequence[str]],
    own: Optional[Line] = None,
) -> list[dict[str, Any]]:
    _same_length("candidates", candidates, inputs)
    for at, texts in enumerate(candidates):
        # Their elements are characters, and in no order of their own.
        if isinstance(texts, (str, bytes, set, frozenset, Mapping)):
            kind = type(texts).__name__
            raise TypeError(f"candidates[{at}] must be a list of texts, not a {kind}")
    lines: list[dict[str, Any]] = [
        {"prompt": prompt, "candidates": list(texts), **(own or {})}
        for prompt, texts in zip(inputs, candidates)
    ]
    if instructions is not None:
        _same_length("instructions", instructions, inputs)
        for line, instruction in zip(lines, instructions):
            line["instruction"] = instruction
    return lines


def _same_length(name: str, values: Sequence[object], inputs: Sequence[object]) -> None:
    # A text is a sequence, too, and never what is meant.
    if isinstance(values, str) or isinstance(inputs, str):
        raise TypeError(f"{name} and the prompts must be lists, one entry a prompt")
    if len(values) != len(inputs):
        raise ValueError(f"{len(inputs)} prompts, but {len(values)} {name}")


def _check_conversations(a: Sequence[Message], b: Sequence[Message]) -> None:
    """Upstream's assertions."""
    for conversation in (a, b):
        roles = [message["role"].upper() for message in conversation]
        if not roles or roles != ["USER", "ASSISTANT"] * (len(roles) // 2):
            raise ValueError("a conversation must have turns of USER and ASSISTANT in turn")
    if [m["content"] for m in a[::2]] != [m["content"] for m in b[::2]] or len(a) != len(b):
        raise ValueError("the turns of USER must be the same in both conversations")


def _as_texts(a: Sequence[Message], b: Sequence[Message]) -> dict[str, Any]:
    """What `llm_blender` makes of two conversations."""
    turns = [
        f"USER: {message['content']}\nAssistant: <Response {turn}>"
        for turn, message in enumerate(a[::2], 1)
    ]
    candidates = [
        "\n".join(
            f"<Response {turn}>: {message['content']}"
            for turn, message in enumerate(conversation[1::2], 1)
        )
        for conversation in (a, b)
    ]
    return {"instruction": INSTRUCTION, "prompt": "\n".join(turns), "candidates": candidates}


def _as_messages(a: Sequence[Message], b: Sequence[Message]) -> dict[str, Any]:
    """The messages so far, and the last one of each."""
    prompts = [
        [{"role": own["role"].lower(), "content": own["content"]} for own in conversation[:-1]]
        for conversation in (a, b)
    ]
    if prompts[0] != prompts[1]:
        raise ValueError(
            "only the last turns may differ under this template; with `,template=pairranker` each"
            " conversation has its own history"
        )
    return {"prompt": prompts[0], "candidates": [a[-1]["content"], b[-1]["content"]]}
