"""A library, a folder of real small photos, and the three models in this process."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

import pytest
from PIL import Image

from indexer.errors import PhotoError
from indexer.intake.decode import NotAPhoto
from indexer.library.store import Library
from indexer.pipeline.scan.plan import Plan, plan
from indexer.pipeline.scan.run import run
from indexer.pipeline.workers.photo_pool import Done, Pool, Seen
from indexer.pipeline.workers.tasks import analyze_file
from indexer.values.analysis import ModelIds
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Failed, Indexed, Outcome, Skipped
from indexer.vision.analyze import Analyzer
from indexer.vision.model_set import ModelSet

MAX_PIXELS = 50_000_000


@pytest.fixture(scope="session")
def model_set(models: Path) -> ModelSet:
    """The default models."""
    return ModelSet(models, "efficientnet-lite0", "retinaface-mobilenet025", "dlib-face-resnet", "litert")


@pytest.fixture(scope="session")
def analyzer(model_set: ModelSet) -> Analyzer:
    """The default models, loaded."""
    return Analyzer.open(model_set)


class BareLoop:
    """What a pool of workers does, in this process, one photo after the other; counts what it looks at."""

    def __init__(self, analyzer: Analyzer, model_ids: ModelIds) -> None:
        self.analyzer = analyzer
        self.model_ids = model_ids
        self.seen: list[Path] = []

    def outcomes(self, files: Iterable[PhotoFile], known: Seen) -> Iterator[list[Done]]:
        for file in files:
            self.seen.append(file.path)
            try:
                yield [Indexed(file, analyze_file(file, self.analyzer, MAX_PIXELS, known=known(file)))]
            except NotAPhoto:
                yield [Skipped(file)]
            except PhotoError as error:
                yield [] if not file.path.exists() else [Failed(file, error.stage, error.reason)]


class Scanner:
    """Scan folders into a library as the program does."""

    def __init__(self, library: Library, analyzer: Analyzer) -> None:
        self.library = library
        self.analyzer = analyzer
        self.troubles: list[tuple[Path, str]] = []
        self.seen: list[Path] = []

    def __call__(
        self, *folders: Path, model_ids: ModelIds | None = None, retry_failed: bool = False, again: bool = False
    ) -> list[Outcome]:
        wanted = model_ids or self.analyzer.model_ids
        planned = plan(self.library, folders, wanted, retry_failed=retry_failed, again=again, on_error=self._trouble)
        return self.run(planned, wanted)

    def run(self, planned: Plan, model_ids: ModelIds | None = None) -> list[Outcome]:
        """Carry out a plan."""
        loop = BareLoop(self.analyzer, model_ids or self.analyzer.model_ids)
        self.seen = loop.seen
        outcomes = run(self.library, planned, cast(Pool, loop), 4, 0.0, lambda: 0.0)
        return [outcome for outcome in outcomes if outcome is not None]

    def _trouble(self, path: Path, reason: str) -> None:
        self.troubles.append((path, reason))


@pytest.fixture
def scanner(tmp_path: Path, analyzer: Analyzer) -> Iterator[Scanner]:
    """A scanner with an empty library."""
    with Library.open(tmp_path / "library.sqlite") as library:
        yield Scanner(library, analyzer)


@pytest.fixture(scope="session")
def small(samples: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample photos as small JPEGs."""
    folder = tmp_path_factory.mktemp("small")
    for name, path in samples.items():
        picture = Image.open(path).convert("RGB")
        picture.thumbnail((320, 320))
        picture.save(folder / f"{name}.jpg", quality=90)
    return {name: folder / f"{name}.jpg" for name in samples}


@pytest.fixture
def photos(small: dict[str, Path], tmp_path: Path) -> Path:
    """A folder with cat.jpg, trip/coffee.jpg and trip/flower.jpg."""
    folder = tmp_path / "photos"
    (folder / "trip").mkdir(parents=True)
    shutil.copy(small["cat"], folder / "cat.jpg")
    shutil.copy(small["coffee"], folder / "trip" / "coffee.jpg")
    shutil.copy(small["flower"], folder / "trip" / "flower.jpg")
    return folder
