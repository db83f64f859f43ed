"""The stages that `indexer failures` offers are those at which photos fail."""

from __future__ import annotations

import ast
from pathlib import Path

import indexer
from indexer.cli.about import Stage
from indexer.pipeline.stages import STAGES


def test_every_stage_at_which_photos_fail_can_be_asked_for() -> None:
    found = set()
    for path in Path(indexer.__file__).parent.glob("[ilpv]*/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _called(node) in ("PhotoError", "Failed", "_translated"):
                found |= {each.value for each in node.args[:2] if isinstance(each, ast.Constant)}
    assert found | set(STAGES) == set(Stage)


def _called(node: ast.Call) -> str:
    return getattr(node.func, "id", getattr(node.func, "attr", ""))
