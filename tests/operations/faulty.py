"""The program under faults: what it says and stores can be looked at, and its libraries and clock tampered with."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

import pytest
from running import Running, is_alive, wait_until

_FOUND = """
    SELECT CAST(roots.path AS TEXT) || CAST(photos.path AS TEXT), failed_stage, failed_reason, missing_since,
        model_set_id IS NOT NULL, indexed_at
    FROM photos JOIN roots ON roots.id = root_id
"""
_POWERLESS = """
import ctypes, os, sys
for right in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    ctypes.CDLL(None).prctl(24, right, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def shim(folder: Path) -> Path:
    """Build the library that sets a program's clock and breaks its libtiff; the test is skipped where it cannot."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("there is no C compiler")
    library = folder / "shim.so"
    source = Path(__file__).with_name("shim.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


def stage_of(worker: int) -> int | None:
    """Return what the worker of a single photo says that it does: 0 reads, 1 decodes, 2 analyzes; None: not known."""
    with suppress(OSError):
        for line in Path(f"/proc/{worker}/maps").read_text().splitlines():
            if "/memfd:indexer" in line:
                start, end = (int(each, 16) for each in line.split(maxsplit=1)[0].split("-"))
                with Path(f"/proc/{worker}/mem").open("rb", buffering=0) as memory:
                    memory.seek(start)
                    return max(memory.read(end - start))
    return None


@dataclass(frozen=True)
class End:
    """What a library knows of a photo. stage and reason: of its failure, '' where there was none."""

    stage: str
    reason: str
    missing: bool
    analyzed: bool
    indexed_at: str


@dataclass(frozen=True)
class Faulty:
    """The program with a library and a home of its own; environ: besides the usual; before: what starts it."""

    home: Path
    models: Path
    library: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()

    def powerless(self) -> Self:
        """Return the program without root's right to read and write whatever it likes."""
        return replace(self, before=(sys.executable, "-c", _POWERLESS))

    def having(self, **settings: object) -> Self:
        """Return the program with other settings, by their names, or other variables, in capitals."""
        given = {name if name.isupper() else f"INDEXER_{name.upper()}": str(each) for name, each in settings.items()}
        return replace(self, environ={**self.environ, **given})

    def scan(self, *folders: str | Path, code: int = 0, shell: str = "") -> dict[str, Any]:
        """Scan to the end; return what was told, and the lines of stderr as 'said'."""
        done = self.run("scan", *folders, "--json", code=code, shell=shell)
        told: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
        return {**told, "said": done.stderr}

    def run(self, *arguments: str | Path, code: int = 0, shell: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end, which must have this exit code; shell: what a shell is to do before."""
        command = self._command(arguments)
        if shell:
            command = ["/bin/sh", "-c", f'{shell}; exec "$@"', "sh", *command]
        done = subprocess.run(
            command, capture_output=True, env=self._environ(), check=False, encoding="utf-8", errors="replace"
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def start(self, *arguments: str | Path) -> Running:
        """Start a command."""
        return Running(self._command(arguments), self._environ(), self.home)

    @contextmanager
    def watching(self, *folders: Path) -> Iterator[Running]:
        """Run the daemon until the end of the `with` statement; it must still be there, and leave nothing behind."""
        with self.start("watch", *folders, "--log", "json") as running:
            yield running
            assert not running.has_ended(), self.log()
            family = running.family()
            assert running.stop() == 0, self.log()
            assert wait_until(lambda: not any(map(is_alive, family)), 10)
        assert "Traceback" not in self.log()

    def log(self) -> str:
        """Return all that started commands have said."""
        return (self.home / "running.log").read_text(errors="replace")

    def ends(self) -> dict[str, End]:
        """Return what the library knows of each photo, by its path; nothing where there is no library yet."""
        with suppress(sqlite3.OperationalError):
            with closing(sqlite3.connect(f"file:{self.library}?mode=ro", uri=True)) as connection:
                connection.text_factory = os.fsdecode
                rows = connection.execute(_FOUND).fetchall()
            return {
                path: End(stage or "", reason or "", bool(gone), bool(analyzed), indexed_at or "")
                for path, stage, reason, gone, analyzed, indexed_at in rows
            }
        return {}

    def names(self) -> dict[str, End]:
        """Return the same by the names of the files."""
        return {os.path.basename(path): end for path, end in self.ends().items()}  # noqa: PTH119 - may end in a slash

    def until(self, is_so: Callable[[dict[str, End]], bool], seconds: float = 60.0) -> dict[str, End]:
        """Wait until the library knows, by name, what is wanted."""
        assert wait_until(lambda: is_so(self.names()), seconds), (self.names(), self.log())
        return self.names()

    def _command(self, arguments: tuple[str | Path, ...]) -> list[str]:
        return [*self.before, sys.executable, "-m", "indexer", *map(str, arguments), "--library", str(self.library)]

    def _environ(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "INDEXER_MODELS_FOLDER": str(self.models),
            "INDEXER_WORKERS": "2",
            "INDEXER_FACES": "false",
            "INDEXER_SETTLE_SECONDS": "0.2",
            "INDEXER_BATCH_SECONDS": "0.2",
            **self.environ,
        }


@dataclass(slots=True)
class Peaks:
    """The most memory that each worker held, and all processes that were seen."""

    worker_mb: dict[int, int] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)

    @property
    def left(self) -> list[int]:
        """What of them still runs."""
        return [pid for pid in self.seen if is_alive(pid)]


@contextmanager
def measured(running: Running) -> Iterator[Peaks]:
    """Follow the memory of the workers, ten times a second."""
    peaks, over = Peaks(), Event()

    def look() -> None:
        while not over.wait(0.1):
            peaks.seen.update(running.family())
            for worker in running.workers():
                peaks.worker_mb[worker] = max(peaks.worker_mb.get(worker, 0), _peak_mb(worker))

    thread = Thread(target=look)
    thread.start()
    try:
        yield peaks
    finally:
        over.set()
        thread.join()


def _peak_mb(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) // 1024
    return 0
