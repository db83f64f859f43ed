"""The tests of this room share the modules beside them; real photos are cut from the samples."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from crops import Crops


@pytest.fixture(scope="session")
def crops(samples: dict[str, Path]) -> Crops:
    """An endless supply of small real photos, no two alike."""
    return Crops(samples.values())
