"""Servers on small real libraries, and real Chromium that looks at them.

Chromium is Debian's (apt-get install chromium); where there is none, the tests say so and are skipped.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import PROGRAM, Watched, chromium, opened
from filelock import FileLock
from library_shown import NAME, WORD, make_photos
from playwright.sync_api import Browser, Page
from server_shown import Home, Served, serve


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give what is seen in a browser two more tries: on a busy machine it may paint later than a test waits."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.fixture(scope="session")
def scanned(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Photos, and the library that a scan made of them; faces are grouped into people whom nobody has named.

    All processes that run this session's tests share it.
    """
    together = tmp_path_factory.getbasetemp().parent / "shown"
    home = Home(
        together if "PYTEST_XDIST_WORKER" in os.environ else tmp_path_factory.mktemp("scanned") / "home", models
    )
    with FileLock(f"{home.folder}.lock"):
        if not home.library.exists():
            shutil.rmtree(home.folder, ignore_errors=True)
            make_photos(home.photos)
            home.indexer("scan", str(home.photos), codes=(7,))
            home.indexer("people", "cluster")
    return home


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    if PROGRAM is None:
        pytest.skip("these tests look at the pages in Chromium: apt-get install chromium")
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def reading(scanned: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that tests only read from: people and a photo have names and words that try to be HTML."""
    folder = tmp_path_factory.mktemp("reading")
    dressed = Home(folder, scanned.models)
    shutil.copy(scanned.library, dressed.library)
    dressed.indexer("people", "name", "1", "Eileen")
    dressed.indexer("people", "name", "2", NAME)
    dressed.indexer("tag", "add", WORD, str(scanned.photos / "coffee.jpg"))
    (folder / "served").mkdir()
    with serve(scanned, folder / "served", library=dressed.library) as served:
        yield served


@pytest.fixture(scope="session")
def _writing(scanned: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(scanned, tmp_path_factory.mktemp("writing")) as served:
        yield served


@pytest.fixture
def writing(_writing: Served) -> Served:
    """A server to write to; for each test its library is as the scan made it."""
    _writing.reset()
    return _writing


@pytest.fixture
def watched() -> Watched:
    """What went wrong in the test's page; nothing at its end, or the test has failed."""
    return Watched()


@pytest.fixture
def page(browser: Browser, watched: Watched) -> Iterator[Page]:
    """A page on a desk's screen, in which nothing may go wrong."""
    with opened(browser, watched) as page:
        yield page
