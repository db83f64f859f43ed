"""Fixtures that every room shares: real pictures, measuring data where it is there, and the built models."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[1]
_LONGEST_FIRST = ("zoo", "pipeline", "operations", "browser", "cli", "tests", "web")  # folders whose tests take long


def pytest_configure() -> None:
    """Let the programs that tests start hear Ctrl-C, also where a shell runs the tests in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that no process works on one alone at the end."""
    places = {name: place for place, name in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.parent.name, len(places)))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real pictures with known answers; the test is skipped where it is absent."""
    folder = Path(os.environ.get("INDEXER_TEST_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the folder of real pictures (INDEXER_TEST_DATA) is not here")
    return folder


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every shipped network built; INDEXER_TEST_MODELS names one to keep between runs."""
    from indexer.vision.spec import read_specs
    from indexer.zoo.build.subprocess import build_missing

    kept = os.environ.get("INDEXER_TEST_MODELS")
    together = tmp_path_factory.getbasetemp().parent / "models"  # of all processes that run this session's tests
    own = together if "PYTEST_XDIST_WORKER" in os.environ else tmp_path_factory.mktemp("models")
    folder = Path(kept) if kept else own
    build_missing(read_specs().values(), folder)
    return folder


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes model files (tests/zoo/made_models.py), each once: made("tflite_file", quantized=True)."""
    from made_models import ENDINGS, KINDS

    folder = tmp_path_factory.mktemp("made")
    numbers = iter(range(10_000))

    @cache
    def make(kind: str, **network: Any) -> Path:
        return KINDS[kind](folder / f"{kind}-{next(numbers)}{ENDINGS.get(kind, '')}", **network)

    return make


@pytest.fixture(scope="session")
def samples() -> dict[str, Path]:
    """Real photographs that the test dependencies ship: cat, coffee, astronaut, hopper, flower, temple."""
    return {
        "cat": _beside("skimage", "data/chelsea.png"),
        "coffee": _beside("skimage", "data/coffee.png"),
        "astronaut": _beside("skimage", "data/astronaut.png"),
        "hopper": _beside("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
        "flower": _beside("sklearn", "datasets/images/flower.jpg"),
        "temple": _beside("sklearn", "datasets/images/china.jpg"),
    }


def _beside(package: str, name: str) -> Path:
    spec = find_spec(package)
    assert spec is not None, f"{package} is not installed: pip install '.[test]'"
    assert spec.origin is not None
    path = Path(spec.origin).parent / name
    assert path.is_file(), f"{path} is missing: this release of {package} does not ship it"
    return path


@pytest.fixture
def mount() -> Iterator[Callable[..., None]]:
    """Mounts for one test, as the program of that name does: mount("--bind", folder, place)."""
    places: list[Path] = []

    def make(*arguments: str | Path) -> None:
        done = subprocess.run(["mount", *arguments], check=False, capture_output=True) if os.geteuid() == 0 else None
        if done is None or done.returncode:
            pytest.skip("to mount a folder takes the rights of root, and a container may have taken them away")
        places.append(Path(arguments[-1]))

    yield make
    for place in reversed(places):
        subprocess.run(["umount", "--recursive", place], check=False, stderr=subprocess.DEVNULL)
