"""Subprocess calls: work that loads a heavy library, or takes much memory, in a Python process of its own.

The child is `python -m MODULE < request.json`, whose main calls `serve`. It answers on stdout with lines of JSON:
{"report": text} as often as it likes, then {"result": value} or {"error": [module and name of its class, its advice,
arguments…]}.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from threading import Lock, Thread
from typing import IO, Any

from indexer.errors import IndexerError

Report = Callable[[str], None]
_PATH = "$path"  # a path is {"$path": text}


class CallGroup:
    """Subprocess calls that end together: those that run, and those that are begun later."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Return whether its calls have been ended."""
        return self._is_closed

    def close(self) -> None:
        """Kill all children; their calls end as lost."""
        with self._lock:
            self._is_closed = True
            for process in self._running:
                process.kill()

    @contextmanager
    def holding(self, process: subprocess.Popen[str]) -> Iterator[None]:
        """Hold a child while its call waits for it; where all have ended already, it is killed."""
        with self._lock:
            self._running.add(process)
            if self._is_closed:
                process.kill()
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(process)


def subprocess_call(
    module: str,
    request: object,
    lost: Callable[[str], IndexerError],
    report: Report | None = None,
    group: CallGroup | None = None,
) -> Any:
    """Return what a module makes of a request (JSON, with paths), in a process of its own.

    The child is killed with this process, and after any error here.
    lost: makes the error of a child that died without a word, from a text that says how.
    report: gets what the child reports meanwhile.  group: with which the call ends.
    Errors: the child's own, or that of `lost`.
    """
    from tempfile import TemporaryFile

    # What libraries write to stderr is kept apart: nobody's terminal, but the reason if the child dies.
    with TemporaryFile("w+", encoding="utf-8") as question, TemporaryFile() as noise, closing(_Lifeline()) as line:
        json.dump(request, question, default=_plain)
        question.seek(0)
        with (
            subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                [sys.executable, "-m", module, str(line.end)],
                stdin=question,
                stdout=subprocess.PIPE,
                stderr=noise,
                text=True,
                encoding="utf-8",
                pass_fds=(line.end,),
            ) as process,
            (group or CallGroup()).holding(process),
        ):
            try:
                results = _follow(process.stdout or (), report or (lambda _: None))
                code = process.wait()
            finally:
                process.kill()
        if code or not results:
            raise lost(f"its process ended with code {code}: {_last_words(noise) or 'it was killed'}")
        return results[0]


def serve(work: Callable[[Any, Report], Any]) -> None:
    """Be the child: do what stdin asks. Its result, reports and errors go to the parent, and nothing else does.

    work: takes the request, and a function that reports; returns what JSON can say.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints goes to stderr
    if sys.argv[1:]:
        Thread(target=_end_with_parent, args=(int(sys.argv[1]),), daemon=True).start()
    try:
        request = json.load(sys.stdin, object_hook=_path)
        _tell(answers, "result", work(request, lambda text: _tell(answers, "report", text)))
    except IndexerError as error:
        _tell(answers, "error", [type(error).__module__, type(error).__name__, error.advice, *error.__reduce__()[1]])


class _Lifeline:
    """A pipe into which nobody writes: the child, which reads it, sees its end when this process ends."""

    def __init__(self) -> None:
        self.end, self._held = os.pipe()

    def close(self) -> None:
        os.close(self.end)
        os.close(self._held)


def _end_with_parent(line: int) -> None:
    os.read(line, 1)
    os._exit(1)


def _follow(lines: Iterable[str], report: Report) -> list[Any]:
    """Pass on reports and raise an error; return the result, if there is one."""
    results: list[Any] = []
    for line in lines:
        ((kind, told),) = json.loads(line, object_hook=_path).items()
        match kind:
            case "report":
                report(told)
            case "error":
                module, name, advice, *given = told
                error: IndexerError = getattr(import_module(module), name)(*given)
                raise error.advise(advice[0], *advice[1]) if advice else error
            case _:
                results.append(told)
    return results


def _tell(answers: IO[str], kind: str, told: object) -> None:
    answers.write(json.dumps({kind: told}, default=_plain) + "\n")
    answers.flush()


def _plain(value: object) -> dict[str, str]:
    if isinstance(value, Path):
        return {_PATH: os.fspath(value)}
    raise TypeError(f"JSON cannot say {value!r}")


def _path(read: dict[str, Any]) -> Any:
    return Path(read[_PATH]) if read.keys() == {_PATH} else read


def _last_words(noise: IO[bytes]) -> str:
    noise.seek(0)
    return "".join(noise.read().decode("utf-8", "replace").strip().splitlines()[-1:])
