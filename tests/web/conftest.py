"""A server without a socket, on a library that a real scan made of a few real photographs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from indexer.assemble import limits, model_set
from indexer.config.config import Config
from indexer.library.store import Library
from indexer.pipeline.predict.service import PredictionService
from indexer.pipeline.predict.thumbnail_cache import Thumbnails
from indexer.vision.tags.vocabulary import Vocabulary
from indexer.web.app import create_app
from indexer.web.security.security import Guard
from indexer.web.site import Site

ADDRESS = "http://127.0.0.1:8710"
_SUMMER_2023 = 1_691_000_000


@dataclass(frozen=True)
class Home:
    """A folder of photos, and the library that a scan made of it."""

    photos: Path
    library: Path
    models: Path

    def config(self, folder: Path, **settings: Any) -> Config:
        """Return the settings of a server whose own files lie in a folder."""
        return replace(
            Config(
                library=folder / "library.sqlite",
                models_folder=self.models,
                own_models=folder / "models",
                thumbnails_folder=folder / "thumbnails",
                workers=1,
            ),
            **settings,
        )


@dataclass(frozen=True)
class Served:
    """A running application, and who asks it."""

    site: Site
    client: TestClient

    def photo(self, name: str) -> int:
        """Return the number of a photo by the name of its file."""
        hits = self.client.get("/api/search", params={"q": f'path:"{name}"', "limit": 1}).json()["hits"]
        return int(hits[0]["photo"])


Serve = Callable[..., AbstractContextManager[Served]]


@pytest.fixture(scope="session")
def home(models: Path, samples: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Photos: six as they are, one with the same bytes as another, one smaller, one with a place, one broken."""
    folder = tmp_path_factory.mktemp("web")
    photos = folder / "photos"
    photos.mkdir()
    for path in samples.values():
        shutil.copy(path, photos)
    shutil.copy(samples["cat"], photos / "cat again.png")
    smaller = Image.open(samples["flower"]).convert("RGB")
    smaller.resize((smaller.width * 2 // 3, smaller.height * 2 // 3)).save(photos / "flower small.jpg", quality=85)
    _with_place(samples["temple"], photos / "far away.jpg")
    (photos / "half.jpg").write_bytes(samples["flower"].read_bytes()[:70_000])
    for path in photos.iterdir():
        os.utime(path, (_SUMMER_2023, _SUMMER_2023))
    home = Home(photos, folder / "library.sqlite", models)
    indexer(home, "scan", str(photos), code=7)
    indexer(home, "people", "cluster")
    return home


@pytest.fixture(scope="session")
def serve(home: Home) -> Serve:
    """Starts an application on a copy of the library: with serve(folder, serve_read_only=True) as served."""

    @contextmanager
    def start(folder: Path, **settings: Any) -> Iterator[Served]:
        config = home.config(folder, **settings)
        if not config.library_file.exists():
            shutil.copy(home.library, config.library_file)
        predictions = PredictionService(model_set(config), limits(config), workers=1, waiting=2)
        thumbnails = Thumbnails(folder / "thumbnails", 100_000_000, predictions)
        with Library.open(config.library_file, read_only=config.serve_read_only) as library:
            library.keep_words()
            site = Site(config, library, Vocabulary.load(), predictions, thumbnails)
            with TestClient(create_app(site, Guard.of(config)), base_url=ADDRESS, follow_redirects=False) as client:
                yield Served(site, client)

    return start


@pytest.fixture(scope="session")
def shown(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An application that tests only read from."""
    with serve(tmp_path_factory.mktemp("shown")) as served:
        yield served


@pytest.fixture(scope="session")
def site(shown: Served) -> Site:
    """The site of the application that tests only read from."""
    return shown.site


@pytest.fixture(scope="session")
def client(shown: Served) -> TestClient:
    """Asks the application that tests only read from."""
    return shown.client


@pytest.fixture
def served(serve: Serve, tmp_path: Path) -> Iterator[Served]:
    """An application of the test's own, to write to."""
    with serve(tmp_path) as served:
        yield served


def indexer(home: Home, *arguments: str, code: int = 0) -> str:
    """Run a command on the library of a home; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "indexer", *arguments],
        capture_output=True,
        text=True,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home.library.parent),
            "INDEXER_MODELS_FOLDER": str(home.models),
            "INDEXER_LIBRARY": str(home.library),
            "INDEXER_WORKERS": "2",
        },
    )
    assert done.returncode == code, done.stderr
    return done.stdout


def _with_place(source: Path, target: Path) -> None:
    """Write a photo that says when and where it was taken: in May 2024, in Rome."""
    exif = Image.Exif()
    exif[0x8769] = {0x9003: "2024:05:03 10:20:30"}
    exif[0x8825] = {1: "N", 2: (41.0, 53.0, 24.0), 3: "E", 4: (12.0, 29.0, 32.0)}
    picture = Image.open(source).convert("RGB").rotate(3)
    picture.save(target, quality=90, exif=exif)
