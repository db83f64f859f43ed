"""Child processes of the zoo: requests as JSON on stdin, reports and errors back, one a line."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from indexer.errors import ModelError
from indexer.vision.model_store import is_whole
from indexer.vision.spec import ModelSpec, spec_of
from indexer.zoo.build.build import Report, build


def build_missing(specs: Iterable[ModelSpec], folder: Path, report: Report | None = None) -> None:
    """Build the models that are not built or damaged, in child processes: this one never loads TensorFlow.

    Each custom model has a process to itself: functions of two SavedModels may have one name, and TensorFlow
    refuses the second.  Errors: ModelError, as from `build`.
    """
    missing = [spec for spec in specs if not is_whole(spec, folder)]
    ours = [spec for spec in missing if not spec.weights.is_own]
    for group in ([ours] if ours else []) + [[spec] for spec in missing if spec.weights.is_own]:
        _build_in_child(group, folder, report or (lambda _: None))


def _build_in_child(specs: Sequence[ModelSpec], folder: Path, report: Report) -> None:
    names = ", ".join(spec.name for spec in specs)
    run_child("indexer.zoo", folder, [asdict(spec) for spec in specs], names, report)


def run_child(module: str, folder: Path, asked: object, name: str, report: Report) -> None:
    """Run `python -m MODULE FOLDER` on a request (JSON), and pass on its reports, line by line.

    Errors: ModelError, the child's own or, where it dies of something else, one for the model called `name`.
    """
    command = [sys.executable, "-m", module, str(folder)]
    # TensorFlow's stderr is captured: not for the terminal, but the reason if the child dies.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as question, tempfile.TemporaryFile() as noise:
        json.dump(asked, question)
        question.seek(0)
        with subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            command, stdin=question, stdout=subprocess.PIPE, stderr=noise, text=True, encoding="utf-8"
        ) as process:
            try:
                _follow(process.stdout or (), report)
                code = process.wait()
            finally:
                process.kill()
        if code:
            raise ModelError(name, _ended(code, noise))


def serve(work: Callable[[Any, Report], None]) -> None:
    """Run as the child: handle the request on stdin; only reports and a ModelError go to the parent."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints goes to stderr
    try:
        work(json.load(sys.stdin), lambda text: _tell(answers, report=text))
    except ModelError as error:
        _tell(answers, name=error.name, reason=error.reason)


def build_all(asked: Sequence[dict[str, Any]], folder: Path, report: Report) -> None:
    """Build the specs that were sent."""
    for raw in asked:
        build(spec_of(raw.pop("name"), raw), folder, report)
        gc.collect()  # Keras models are full of cycles: without this, all models would be in memory at the end


def _follow(lines: Iterable[str], report: Report) -> None:
    for line in lines:
        told = json.loads(line)
        if "reason" in told:
            raise ModelError(told["name"], told["reason"])
        report(told["report"])


def _tell(stdout: IO[str], **told: str) -> None:
    stdout.write(json.dumps(told) + "\n")
    stdout.flush()


def _ended(code: int, noise: IO[bytes]) -> str:
    noise.seek(0)
    last = noise.read().decode("utf-8", "replace").strip().splitlines()[-1:]
    return f"its process ended with code {code}: {''.join(last) or 'it was killed'}"
