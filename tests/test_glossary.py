"""The words of docs/glossary.md, held: names that are retired come back nowhere, no class name has two meanings."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import indexer

PACKAGE = Path(indexer.__file__).parent
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if PACKAGE / "migrations" not in path.parents]
RETIRED = {  # room ('' for all) → classes, functions and modules that have other names now
    "": {
        *("Eyes", "Looker", "Glancer", "Crew", "Apart", "Absence", "Kept", "Desk", "Presence", "Account", "Gate"),
        *("Passed", "Card", "Claim", "Head", "Question", "Questions", "Wishes", "Slowly", "Opened", "Bodies", "Crowd"),
        *("Heads", "Names", "Foreign", "Unclear", "Likeness", "Alike", "Course", "Trial", "Thing", "Choice", "Asked"),
        *("Heard", "News", "Lesson", "Patient", "Looks", "Saying", "Tally", "Noted", "Known"),
        *("looker", "glance", "crew", "apart", "blame", "gone", "kept", "desk", "presence", "account", "gate"),
        *("laid", "taking", "noting", "put_back", "cards", "cuts", "pooled", "choices", "asked", "slowly", "heads"),
        *("claims", "meaning", "tried", "first_try", "wishes", "adopt", "foreign", "quiet", "open_glancer"),
        *("telling", "wording", "duty", "point", "keep", "described", "ensure", "look_after", "eyes"),
    },
    "library": {"where", "match", "own", "alike", "file", "laid_over", "put_back_tags", "noted", "units"},
    "web": {"guard", "memory", "opened", "told"},
    "vision": {"facts"},
    "zoo": {"own", "look_keras", "look_onnx", "look_tensorflow", "look_tflite", "sources", "child"},
}


NOWHERE = {"eyes", "networks"}  # nor are arguments, attributes and variables named so


def _definitions(path: Path) -> Iterator[str]:
    """Yield the names of a module, and of the classes and functions that stand in it."""
    yield path.parent.name if path.name == "__init__.py" else path.stem
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


@pytest.mark.parametrize("room", sorted(RETIRED))
def test_no_retired_name_comes_back(room: str) -> None:
    found = {
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in MODULES
        if path.is_relative_to(PACKAGE / room)
        for name in _definitions(path)
        if name in RETIRED[room]
    }
    assert not found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_argument_attribute_or_variable_has_a_retired_name(path: Path) -> None:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                names.add(name)
    assert not names & NOWHERE


def test_a_class_has_a_name_of_its_own() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(str(path.relative_to(PACKAGE)))
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}
