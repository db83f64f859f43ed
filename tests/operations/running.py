"""The program as a process group of its own: it can be watched from outside, and killed in any way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Program:
    """How `indexer` is started."""

    home: Path
    models: Path
    library: Path
    settings: tuple[tuple[str, str], ...] = ()

    def running(self, *arguments: str | Path, **settings: object) -> Running:
        """Start a command, with settings by their names."""
        return Running(self._command(arguments), self._environ(settings), self.home)

    def __call__(self, *arguments: str | Path, codes: tuple[int, ...] = (0,)) -> str:
        """Run a command to its end; return what it printed. Its exit code must be one of these."""
        done = subprocess.run(
            self._command(arguments), capture_output=True, text=True, check=False, env=self._environ({})
        )
        assert done.returncode in codes, done.stderr
        return done.stdout

    def scan(self, folder: Path, *flags: str) -> Any:
        """Scan a folder to the end, whatever fails; return what was told."""
        return json.loads(self("scan", folder, "--json", *flags, codes=(0, 7)))

    def _command(self, arguments: tuple[str | Path, ...]) -> list[str]:
        return [sys.executable, "-m", "indexer", *map(str, arguments), "--library", str(self.library)]

    def _environ(self, settings: dict[str, object]) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "INDEXER_MODELS_FOLDER": str(self.models),
            "INDEXER_WORKERS": "2",
            **{f"INDEXER_{name.upper()}": str(value) for name, value in settings.items()},
        }


class Running:
    """A command that runs; at the end of the `with` statement nothing of it is left."""

    def __init__(self, command: list[str], environ: dict[str, str], home: Path) -> None:
        self._log = (home / "running.log").open("ab")
        self._process = subprocess.Popen(
            command, env=environ, stdout=self._log, stderr=self._log, start_new_session=True
        )
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._log.close()

    def kill(self) -> None:
        """End the whole process group at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def kill_parent(self) -> None:
        """End the program at once, and leave its workers alone."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Ask it to stop; return its exit code."""
        self._process.terminate()
        return self.wait()

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for its end; return its exit code."""
        return self._process.wait(seconds)

    def has_ended(self) -> bool:
        """Tell whether it ended by itself."""
        return self._process.poll() is not None

    def is_watching(self, library: Path) -> bool:
        """Tell whether it says, as a daemon, that it has nothing to do at the moment."""
        try:
            told = json.loads(library.with_name(f"{library.name}.watch.json").read_bytes())
        except (OSError, ValueError):
            return False
        return (told["pid"], told["phase"]) == (self.pid, "watching")

    def family(self) -> list[int]:
        """Return the processes that it started, and theirs."""
        try:
            return [child.pid for child in psutil.Process(self.pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def workers(self) -> list[int]:
        """Return its workers."""
        return [pid for pid in self.family() if _is_spawned(pid)]


def own_workers() -> list[int]:
    """Return the worker processes of this process that are alive."""
    return [child.pid for child in psutil.Process().children() if is_alive(child.pid) and _is_spawned(child.pid)]


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be buried does not."""
    state = _told(pid, "stat").rpartition(")")[2].split()
    return bool(state) and state[0] not in "ZX"


def wait_until(is_so: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
    """Wait until something is so; tell whether it became so in time."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _is_spawned(pid: int) -> bool:
    return "spawn_main" in _told(pid, "cmdline")


def _told(pid: int, name: str) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/{name}").read_text()
    return ""
