"""Advice, held: rooms below the command line and the pages name no command and no option, and every key has words."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path

import pytest
import typer

import indexer
from indexer.advice import Advice
from indexer.cli import advice as cli
from indexer.cli.app import app
from indexer.errors import ModelError
from indexer.pipeline.scan.scan_thread import Progress
from indexer.pipeline.scan.stats import ScanStats
from indexer.records.scan import scan_record
from indexer.web import advice as web

PACKAGE = Path(indexer.__file__).parent
COMMANDS = "|".join(sorted(typer.main.get_command(app).commands))  # type: ignore[attr-defined]
NAMED = re.compile(rf"\bindexer ({COMMANDS})\b|(?<![\w-])--[a-z][a-z-]+|\bpip install\b")
# What are no sentences of ours: settings say in their help where they count, a README of an export has other programs.
OTHERS = {Path("config/config.py"), Path("zoo/export/readme.py")}
# Command lines of other programs.
ALLOWED = {"sysctl --system"}
BELOW = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.relative_to(PACKAGE).parts[0] not in ("cli", "web", "migrations")
    and path.relative_to(PACKAGE) not in OTHERS
]


def sentences(path: Path) -> list[str]:
    """Return the texts of a module that are no docstrings."""
    whole = ast.parse(path.read_text())
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    docs = {id(part.value) for node in ast.walk(whole) if isinstance(node, kinds) for part in node.body[:1]
            if isinstance(part, ast.Expr)}  # fmt: skip
    texts = (node for node in ast.walk(whole) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return [str(node.value) for node in texts if id(node) not in docs]


@pytest.mark.parametrize("path", BELOW, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_sentence_below_names_a_command_or_an_option(path: Path) -> None:
    named = [text for text in sentences(path) if NAMED.search(text) and not any(each in text for each in ALLOWED)]
    assert named == []


def used_keys() -> set[str]:
    """Return the keys that the program gives."""
    found = set()
    for path in BELOW:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args:
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in ("advice", "advise", "Advice"):
                    found |= {each.value for each in ast.walk(node.args[0]) if isinstance(each, ast.Constant)}
    return {key for key in found if isinstance(key, str)}


def test_every_key_has_words_and_is_given() -> None:
    assert used_keys() == cli.WORDS.keys()
    assert web.WORDS.keys() <= cli.WORDS.keys()


def test_an_error_is_told_with_what_to_do() -> None:
    error = ModelError("resnet", "is not built").advise("build-models")
    assert str(error) == "model resnet: is not built"
    assert cli.sentence(error) == "model resnet: is not built; run 'indexer models build'"
    assert web.sentence(error) == "model resnet: is not built; run 'indexer models build' on the server's machine"


def test_an_error_keeps_its_advice_on_the_way_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(ModelError("resnet", "is not known").advise("list-models", "a, b")))
    assert (error.name, error.advice) == ("resnet", Advice("list-models", ("a, b",)))
    assert cli.sentence(error).endswith("'indexer models list' shows a, b")


def test_a_scan_that_failed_is_told_with_what_to_do() -> None:
    error = ModelError("resnet", "is not built").advise("build-models")
    failed = Progress("failed", "", ScanStats(lambda: 0.0), str(error), error.advice)
    assert scan_record(failed, web.joined)["reason"] == web.sentence(error)


def test_the_key_of_another_release_is_told_without_words() -> None:
    assert cli.joined("it rests", Advice("a-later-key")) == web.joined("it rests", Advice("a-later-key")) == "it rests"


def test_what_has_no_words_for_a_browser_is_told_without() -> None:
    error = ModelError("resnet", "already exists").advise("replace-model")
    assert web.sentence(error) == str(error)
