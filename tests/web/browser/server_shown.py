"""A folder of photos flows in; the library that a scan makes of it, and a server that shows it, flow out."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Home:
    """A folder with photos and their library.  models: where the models are built."""

    folder: Path
    models: Path

    @property
    def photos(self) -> Path:
        """The folder that is scanned."""
        return self.folder / "Photos"

    @property
    def library(self) -> Path:
        """The file of the library."""
        return self.folder / "library.sqlite"

    def indexer(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """Run a command on the library; return what it prints."""
        done = subprocess.run(_command(*arguments), env=self.environment(), capture_output=True, text=True)
        assert done.returncode in codes, done.stderr
        return done.stdout

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment in which the program knows this home, and nothing of the user's."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "INDEXER_MODELS_FOLDER": str(self.models),
            "INDEXER_LIBRARY": str(self.library),
            "INDEXER_WORKERS": "2",
            **more,
        }


@dataclass(frozen=True)
class Served:
    """A running server. address: where it answers.  library: the file that it shows.  first: the library as it was."""

    address: str
    library: Path
    first: Path

    def get(self, path: str) -> Any:
        """Ask the API."""
        with urllib.request.urlopen(f"{self.address}/api/{path}", timeout=30) as answer:
            return json.load(answer)

    def photo(self, name: str) -> int:
        """Return the number of a photo by a part of its path."""
        query = quote(f'path:"{name}"', safe="")
        hits = self.get(f"search?limit=1&q={query}")["hits"]
        return int(hits[0]["photo"])

    def reset(self) -> None:
        """Let the library be as it was at first, while the server runs."""
        with closing(sqlite3.connect(self.first)) as source, closing(sqlite3.connect(self.library)) as target:
            source.backup(target)


@contextmanager
def serve(home: Home, folder: Path, *arguments: str, library: Path | None = None, **environ: str) -> Iterator[Served]:
    """Serve a copy of a library, that of the home where no other is named, on a free port."""
    first = library or home.library
    shown = folder / "library.sqlite"
    shutil.copy(first, shown)
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    environment = home.environment(
        INDEXER_LIBRARY=str(shown), INDEXER_THUMBNAILS_FOLDER=str(folder / "thumbnails"), **environ
    )
    log = folder / "serve.log"
    command = _command("serve", "--port", str(port), *arguments)
    with log.open("wb") as told, subprocess.Popen(command, env=environment, stderr=told) as server:
        try:
            _wait(server, address, log)
            yield Served(address, shown, first)
        finally:
            server.terminate()
            server.wait(30)


def _wait(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server does not answer: {log.read_text()}")


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "indexer", *arguments]


def _free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
