"""A server on a small real library, and real Chromium that looks at it.

Chromium is Debian's (apt-get install chromium); where there is none, the tests say so and are skipped.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from library_shown import make_photos
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

_FLAGS = [
    "--no-sandbox",  # in a container, as root
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_PATIENCE_SECONDS = 60.0
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@dataclass(frozen=True)
class Served:
    """A running server. address: where it answers.  library: the file that it shows."""

    address: str
    library: Path


@dataclass
class Watched:
    """What went wrong in a page, besides what the test expects."""

    faults: list[str] = field(default_factory=list)

    def console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    def failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the user went elsewhere
            self.faults.append(f"failed: {request.url}: {request.failure}")


@pytest.fixture(scope="session")
def scanned(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with photos and the library that a scan made of them, its faces grouped into people."""
    home = tmp_path_factory.mktemp("shown")
    make_photos(home / "Photos")
    for arguments in (("scan", str(home / "Photos")), ("people", "cluster")):
        done = subprocess.run(_command(*arguments), env=_environment(home, models), capture_output=True, text=True)
        assert done.returncode in (0, 7), done.stderr
    return home


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("these tests look at the pages in Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def reading(scanned: Path, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that tests only read from."""
    with serve(scanned, models, tmp_path_factory.mktemp("reading")) as served:
        yield served


@pytest.fixture
def served(scanned: Path, models: Path, tmp_path: Path) -> Iterator[Served]:
    """A server of the test's own, to write to."""
    with serve(scanned, models, tmp_path) as served:
        yield served


@pytest.fixture
def watched() -> Watched:
    """What went wrong in the test's page; empty at its end, or the test has failed."""
    return Watched()


@pytest.fixture
def page(browser: Browser, watched: Watched) -> Iterator[Page]:
    """A page on a desk's screen, in which nothing may go wrong."""
    with opened(browser, watched) as page:
        yield page


@contextmanager
def opened(browser: Browser, watched: Watched, **how: object) -> Iterator[Page]:
    """Open a page; at the end nothing may have gone wrong in it."""
    context = browser.new_context(**{"viewport": DESKTOP, "locale": "en-GB", "reduced_motion": "reduce", **how})  # type: ignore[arg-type]
    page = context.new_page()
    page.on("console", watched.console)
    page.on("pageerror", lambda error: watched.faults.append(f"page: {error}"))
    page.on("requestfailed", watched.failed)
    yield page
    context.close()
    assert watched.faults == []


@contextmanager
def serve(home: Path, models: Path, folder: Path, *arguments: str, **environ: str) -> Iterator[Served]:
    """Serve a copy of a library on a free port."""
    library = folder / "library.sqlite"
    shutil.copy(home / "library.sqlite", library)
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    log = (folder / "serve.log").open("wb")
    environment = {
        **_environment(home, models),
        "INDEXER_LIBRARY": str(library),
        "INDEXER_THUMBNAILS_FOLDER": str(folder / "thumbnails"),
        **environ,
    }
    with (
        log,
        subprocess.Popen(_command("serve", "--port", str(port), *arguments), env=environment, stderr=log) as server,
    ):
        try:
            _wait(server, address, folder / "serve.log")
            yield Served(address, library)
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


def _environment(home: Path, models: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "INDEXER_MODELS_FOLDER": str(models),
        "INDEXER_LIBRARY": str(home / "library.sqlite"),
        "INDEXER_WORKERS": "2",
    }


def _free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
