"""Specs flow into a child process as JSON; its reports and errors flow back as lines of JSON."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO

from indexer.errors import ModelError
from indexer.vision.built import is_whole
from indexer.vision.spec import ModelSpec, spec_of
from indexer.zoo.build import Report, build


def build_missing(specs: Iterable[ModelSpec], folder: Path, report: Report | None = None) -> None:
    """Build the networks that are not there or not whole, in a process of their own: this one never loads TensorFlow.

    Errors: ModelError, as from `build`.
    """
    missing = [spec for spec in specs if not is_whole(spec, folder)]
    if missing:
        _build_in_child(missing, folder, report or (lambda _: None))


def _build_in_child(specs: Sequence[ModelSpec], folder: Path, report: Report) -> None:
    command = [sys.executable, "-m", "indexer.zoo", str(folder)]
    # What TensorFlow writes to stderr is kept apart: nobody's terminal, but the reason if the child dies.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as asked, tempfile.TemporaryFile() as noise:
        json.dump([asdict(spec) for spec in specs], asked)
        asked.seek(0)
        with subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            command, stdin=asked, stdout=subprocess.PIPE, stderr=noise, text=True, encoding="utf-8"
        ) as process:
            try:
                _follow(process.stdout or (), report)
                code = process.wait()
            finally:
                process.kill()
        if code:
            raise ModelError(", ".join(spec.name for spec in specs), _ended(code, noise))


def serve(folder: Path, stdin: IO[str], stdout: IO[str]) -> int:
    """Be the child: build the specs that stdin lists; return the exit code."""
    try:
        for raw in json.load(stdin):
            build(spec_of(raw.pop("name"), raw), folder, lambda text: _tell(stdout, report=text))
            gc.collect()  # Keras models are full of cycles: without this, all networks would be in memory at the end
    except ModelError as error:
        _tell(stdout, name=error.name, reason=error.reason)
    return 0


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
    return f"the process that builds it ended with code {code}: {''.join(last) or 'it was killed'}"
