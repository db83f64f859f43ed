"""The tests of this room share the modules beside them; real photos are cut from the samples."""

from __future__ import annotations

from pathlib import Path

import pytest
from crops import Crops
from faulty import Faulty


@pytest.fixture(scope="session")
def crops(samples: dict[str, Path]) -> Crops:
    """An endless supply of small real photos, no two alike."""
    return Crops(samples.values())


@pytest.fixture
def faulty(models: Path, tmp_path: Path) -> Faulty:
    """The program with a library that does not exist yet, in a folder of its own, and the classifier alone."""
    home = tmp_path / "home"
    home.mkdir()
    return Faulty(home, models, home / "library.sqlite")
