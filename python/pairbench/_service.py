"""A process that lives on and answers every line of JSON with one."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import IO, Any, Optional

from pairbench._binary import find_binary
from pairbench._process import PATIENCE, Finished, Listener, Progress
from pairbench.errors import PairbenchError

Line = Mapping[str, Any]


class Service:
    """The binary as a process of its own, which is started with the first question."""

    def __init__(self, arguments: Sequence[str], progress: Progress) -> None:
        self._arguments = tuple(arguments)
        self._progress = progress
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._running: Optional[_Running] = None
        # One question at a time: answers come in the order of the lines.
        self._lock = threading.Lock()

    def _own(self) -> threading.Lock:
        """The lock of this process.

        A fork has neither the threads that read, nor a right to the answers: it starts a process of
        its own with its first question.
        """
        if self._pid != os.getpid():
            # Kept: to forget it would close, and so flush, what the parent writes to.
            self._inherited = self._running
            self._begin()
        return self._lock

    def header(self) -> Line:
        """The line that comes first: what the figures are measured with."""
        with self._own():
            return self._start().header

    def ask(self, lines: Sequence[Line]) -> list[Line]:
        """The answer to each line, in their order."""
        with self._own():
            try:
                return self._start().ask(lines)
            except BaseException:
                # Answers that are still under way belong to nobody.
                self._stop()
                raise

    def close(self) -> None:
        """Ends the process; a further question starts it again."""
        with self._own():
            self._stop()

    def _start(self) -> _Running:
        if self._running is None:
            self._running = _Running(self._arguments, self._progress)
        return self._running

    def _stop(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.end()


class _Running:
    """A process, and threads that read what it writes, so that no pipe fills up meanwhile."""

    def __init__(self, arguments: Sequence[str], progress: Progress) -> None:
        style = ["--progress=json"] if callable(progress) else []
        self._listener = Listener(progress)
        self._asked = 0
        self._failure: Optional[BaseException] = None
        self._answers: queue.SimpleQueue[Optional[str]] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            [str(find_binary()), *style, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        )
        self._threads = [
            threading.Thread(target=target, args=(stream,), daemon=True)
            for target, stream in (
                (self._read, self._process.stdout),
                (self._hear, self._process.stderr),
            )
        ]
        for thread in self._threads:
            thread.start()
        try:
            self.header = self._next()
        except BaseException:
            self.end()
            raise

    def ask(self, lines: Sequence[Line]) -> list[Line]:
        assert self._process.stdin is not None
        try:
            # ASCII: a lone surrogate is an answer's fault, not this pipe's.
            self._process.stdin.writelines(json.dumps(line) + "\n" for line in lines)
            self._process.stdin.flush()
        except OSError:
            pass  # Why it has ended is said below.
        return [self._answer() for _ in lines]

    def end(self) -> None:
        """Lets it end in order, which one that has no question does at once; else ends it."""
        process = self._process
        for stop in (self._close_stdin, process.terminate, process.kill):
            stop()
            try:
                process.wait(PATIENCE if stop == process.terminate else 1)
                break
            except subprocess.TimeoutExpired:
                pass
        for thread in self._threads:
            thread.join(PATIENCE)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def _close_stdin(self) -> None:
        try:
            if self._process.stdin is not None:
                self._process.stdin.close()
        except OSError:
            pass  # It has ended, and reads no more.

    def _answer(self) -> Line:
        """The answer to the next line; an answer to any other would be to another's question."""
        self._asked += 1
        answer = self._next()
        if answer.get("line") != self._asked:
            found = answer.get("line")
            raise PairbenchError(
                f"the answer to line {self._asked} was expected, found one to line {found}",
                exit_code=1,
            )
        return answer

    def _next(self) -> Line:
        text = self._answers.get()
        if text is None:
            # So that a further call finds the same.
            self._answers.put(None)
            code = self._process.wait()
            self._threads[1].join(PATIENCE)
            if self._failure is not None:
                raise self._failure
            Finished(code, "", self._listener.error, "\n".join(self._listener.last)).fail()
        answer: Line = json.loads(text)
        return answer

    def _read(self, stdout: IO[str]) -> None:
        for line in stdout:
            self._answers.put(line)
        self._answers.put(None)

    def _hear(self, stderr: IO[str]) -> None:
        for line in stderr:
            try:
                self._listener.hear(line)
            except BaseException as failure:  # raised where it is asked for the next answer
                self._failure = failure
                self._listener.progress = False
                self._process.terminate()
