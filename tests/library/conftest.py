"""A library in a temporary folder; the tests of this room share `made_photos`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from made_photos import ROOT

from indexer.library.roots import add_root
from indexer.library.store import Library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """An empty library whose only root is /photos, and whose clock stands still."""
    with Library.open(tmp_path / "library.sqlite", clock=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) as opened:
        add_root(opened, ROOT)
        yield opened
