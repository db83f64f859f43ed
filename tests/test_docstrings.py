"""Docstrings: every module, public class and public function says first what it is, and names only what exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import indexer

PACKAGE = Path(indexer.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if PACKAGE / "migrations" not in path.parents
}
ROOMS = sorted({name.split(".")[1] for name in MODULES if "." in name} - {"__main__"})
# Their docstrings are still to be written in this form.
UNWRITTEN = ("indexer.library.query", "indexer.library.search")
WRITTEN = [name for name in MODULES if not name.startswith(UNWRITTEN)]

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text())


def definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Yield the classes and functions of a module with their names, and the members of classes."""
    for node in body:
        if isinstance(node, Definition):
            yield prefix + node.name, node
        if isinstance(node, ast.ClassDef):
            yield from definitions(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.If | ast.Try):
            yield from definitions(node.body, prefix)


@cache
def defined(module: str) -> frozenset[str]:
    """Return the names that a module defines: classes, functions, members, and assigned names."""
    names = {name for name, _ in definitions(tree(module).body)}
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ClassDef):
            fields = (each.target for each in node.body if isinstance(each, ast.AnnAssign))
            names |= {f"{node.name}.{field.id}" for field in fields if isinstance(field, ast.Name)}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return frozenset(names)


def is_there(name: str) -> bool:
    """Return whether a name such as 'vision.faces.detect.Detector' is a package, a module or what one defines."""
    parts = ["indexer", *name.split(".")]
    for end in range(len(parts), 1, -1):
        module, rest = ".".join(parts[:end]), ".".join(parts[end:])
        if module in MODULES:
            return not rest or rest in defined(module)
    return False


@pytest.mark.parametrize("module", WRITTEN)
def test_a_module_says_what_it_is(module: str) -> None:
    docstring = ast.get_docstring(tree(module))
    assert docstring, f"{module} has no docstring"
    assert not re.search(r"\bflows? (in|out)\b", docstring.splitlines()[0]), "what is it, not what flows through it"


def _is_overload(node: Definition) -> bool:
    return any(ast.unparse(each) == "overload" for each in node.decorator_list)


@pytest.mark.parametrize("module", WRITTEN)
def test_public_classes_and_functions_have_docstrings(module: str) -> None:
    without = [
        name
        for name, node in definitions(tree(module).body)
        if "." not in name and not name.startswith("_") and not ast.get_docstring(node) and not _is_overload(node)
    ]
    assert not without, f"{module}: {without}"


@pytest.mark.parametrize("module", WRITTEN)
def test_docstrings_name_only_what_exists(module: str) -> None:
    nodes: list[ast.Module | Definition] = [tree(module)]
    nodes += [node for node in ast.walk(tree(module)) if isinstance(node, Definition)]
    rooms = "|".join(ROOMS)
    for docstring in filter(None, map(ast.get_docstring, nodes)):
        for name in re.findall(rf"`(?:indexer\.)?((?:{rooms})(?:\.\w+)+)`", docstring):
            assert is_there(name), f"{module}: `{name}`"


@pytest.mark.parametrize(
    ("name", "exists"),
    [
        ("vision.faces.detect", True),
        ("vision.faces.detect.Detector", True),
        ("values.analysis.Object", True),
        ("vision.detect.Detector", False),
        ("library.copies.Compare", False),
    ],
)
def test_a_name_resolves_where_it_is_defined(name: str, exists: bool) -> None:
    assert is_there(name) is exists
