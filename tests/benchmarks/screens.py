"""Print how many pictures pass for screenshots by their looks: python tests/benchmarks/screens.py FOLDER …

One line a folder: how many pictures lie in it and below, and how many of them `is:screen` finds that no camera took.
"""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import PhotoError
from indexer.intake.decode import open_original
from indexer.intake.discover import discover
from indexer.intake.pixel_stats import look
from indexer.library.query.kinds import kinds
from indexer.library.query.texts import camera
from indexer.values.files import Metadata, PhotoFile, PixelStats

_SCAN_PX = 768  # as a scan decodes


@dataclass(frozen=True)
class Seen:
    """A picture as far as `kinds` asks."""

    metadata: Metadata
    look: PixelStats
    states: frozenset[str] = frozenset()


def main() -> None:
    """Print a line for each folder."""
    asked = ArgumentParser(description=__doc__)
    asked.add_argument("folders", nargs="+", type=Path)
    print("| folder | pictures | like a screen |\n|---|---|---|")
    for folder in asked.parse_args().folders:
        told = [is_one for file in discover([folder], lambda *_: None) if (is_one := is_screen(file)) is not None]
        print(f"| {folder.name} | {len(told)} | {sum(told)} |", flush=True)


def is_screen(file: PhotoFile) -> bool | None:
    """Return whether a picture looks like one of a screen, None where it cannot be read."""
    try:
        with open_original(file, 200_000_000) as original:
            seen = Seen(original.metadata, look(original.picture(_SCAN_PX)))
    except PhotoError:
        return None
    return "screen" in kinds(seen) and not camera(seen)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
