"""What is told of a photo: objects by name and place; the stages at which photos fail."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import indexer
from indexer.cli.commands.show import Stage
from indexer.geometry import Box
from indexer.library.indexing.outcomes import record_outcomes, store_classes
from indexer.library.report import details
from indexer.library.store import Library
from indexer.pipeline.workers.stage_board import STAGES
from indexer.values.analysis import Object
from indexer.values.outcomes import Indexed


def test_objects_are_shown_by_name_with_their_place(scanned, samples: dict[str, Path], tmp_path: Path) -> None:
    dog = Object(1, 0.875, Box(0.1, 0.2, 0.3, 0.4), "coco-22222222")
    photo = scanned.photos / samples["cat"].name
    ours = scanned.program.with_library(tmp_path / "library.sqlite")
    scanned.program("backup", ours.library)
    with Library.open(ours.library) as library:
        known = details(library, photo)
        record_outcomes(library, [Indexed(known.file, replace(known.analysis, objects=(dog,)))])
        store_classes(library, dog.model, ["person", "dog"])
    shown = ours.json("show", photo)["objects"]
    box = {"left": 0.1, "top": 0.2, "width": 0.3, "height": 0.4}
    assert shown == [{"name": "dog", "score": 0.875, "model": dog.model, "box": box}]
    line = next(line for line in ours("show", photo).stdout.splitlines() if line.startswith("object"))
    assert line.split(maxsplit=1)[1] == "0.88  dog (coco): 10% from the left, 20% from the top, 30% wide"
    assert "coco" not in ours("retag").stderr
    assert not [each for each in ours.json("show", photo)["tags"] if "(coco)" in each["source"]]  # it is not in use


def test_every_stage_at_which_photos_fail_can_be_asked_for() -> None:
    found = set()
    for path in Path(indexer.__file__).parent.glob("[ilpv]*/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _called(node) in ("PhotoError", "Failed", "_translated"):
                found |= {each.value for each in node.args[:2] if isinstance(each, ast.Constant)}
    assert found | set(STAGES) == set(Stage)


def _called(node: ast.Call) -> str:
    return getattr(node.func, "id", getattr(node.func, "attr", ""))
