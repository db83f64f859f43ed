"""What the measuring scripts share: their arguments, the models, labelled pictures, and how figures are printed."""

from __future__ import annotations

import csv
import json
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from indexer.config.config import Config, load
from indexer.intake.decode import open_original
from indexer.intake.discover import stamp
from indexer.values.files import Picture
from indexer.vision.faces.describe import Describer
from indexer.vision.faces.detect import Detector
from indexer.vision.runtime import Model, open_model
from indexer.vision.spec import ModelSpec, read_specs
from indexer.zoo.build.build import build

Figure = dict[str, Any]
TablePart = Callable[[Path, Namespace], Iterator[tuple[str, str]]]
_MOST_PIXELS = 200_000_000


def parser(about: str | None, needs_data: bool = True) -> ArgumentParser:
    """Return what reads the arguments of a script that measures pictures with known answers."""
    made = ArgumentParser(description=about)
    made.add_argument(
        "data", type=Path, nargs=None if needs_data else "?", help="a folder as in docs/measurements/dataset.md"
    )
    made.add_argument("--models", type=Path, default=load().config.models_path, help="the built models")
    return made


def print_lines(figures: Iterable[Mapping[str, object]]) -> None:
    """Print one JSON line a figure, as soon as it is there."""
    for figure in figures:
        rounded = {key: float(f"{value:.5g}") if isinstance(value, float) else value for key, value in figure.items()}
        print(json.dumps(rounded, ensure_ascii=False), flush=True)


def print_table(given: Namespace, parts: Mapping[str, TablePart]) -> None:
    """Print a table of the parts that are asked for, all where none is; given: folder (or None), parts."""
    print("| what | figure |\n|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in given.parts or parts:
            for what, figure in parts[name](folder, given):
                print(f"| {what} | {figure} |", flush=True)


def add_table_arguments(made: ArgumentParser, parts: Iterable[str]) -> None:
    """Let a script take what `print_table` needs."""
    made.add_argument("--folder", type=Path, help="keep photos and libraries here between runs")
    made.add_argument("parts", nargs="*", help=f"of {', '.join(parts)}")


def rows(path: Path, every: int = 1) -> list[dict[str, str]]:
    """Return each n-th row of a table with a head; none where there is no such file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))[::every]


def pictures(files: Sequence[Path], long_side_px: int) -> Iterator[Picture]:
    """Decode photos as a scan does."""
    for path in files:
        with open_original(stamp(path), _MOST_PIXELS) as original:
            yield original.picture(long_side_px)


def opened(spec: ModelSpec, models: Path, threads: int = 2) -> Model:
    """Open a model, which is built first where it is not there."""
    build(spec, models)
    return open_model(spec, models, "litert", threads)


def face_eyes(models: Path) -> tuple[Detector, Describer]:
    """Open what finds and describes faces with the default settings."""
    detector, describer = (opened(read_specs()[name], models) for name in (Config().detector, Config().describer))
    return Detector(detector), Describer(describer)
