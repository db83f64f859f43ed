"""Phrases that users read: quaint or private ones that were retired do not come back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
WEB = PROJECT / "indexer" / "web"

# A phrase (a regular expression, matched without regard to case) that no help text, page or script contains.
RETIRED = (
    # number of results
    r"so many at most",
    r"leave out so many",
    r"\b(photos|faces|matches|classes|rounds|results|entries) at most\b",
    r"at least this (sure|alike)",
    r"the other way round",
    # people and faces
    r"whose faces are",
    r"whose they are",
    r"\b(nobody|somebody)(’|')s\b",
    r"\bhers\b",
    r"\bwhoever\b",
    r"say that (people|faces|some faces|a folder)",
    r"they are one\b",
    r"people that (were|are) there",
    r"someone else's",
    # models
    r"(?<!own-)\bnetworks?\b",  # but the file docs/own-networks.md
    r"\b(looks?|looked|looking) at\b",
    r"what (it|they) (saw|sees|see)\b",
    r"\bsaw \d|\bsaw \$?\{",
    # the user's changes
    r"what you (said|last said)",
    r"what (users|was) said",
    r"take back",
    r"(stars|name) (is|are) gone",
    r"words? of (your|one's) own",
    r"\bwas said\b",
    r"\[default:",  # Rich takes brackets in help for markup and prints nothing
    # other
    r"\bis to be\b",
    r"\bflows? (in|out)\b",
    r"\banew\b",
    r"say nothing but",
    r"say how\b",
    r"an object a line",
    r"one a (cpu )?core",
    r"given again",
    r"\bmay be repeated\b",
    r"the same to look at",
    r"looks? alike",
    r"most alike",
    r"made a mistake",
    r"may refuse with",
    r"may be missing\)",
    r"stands? (after|after it|before)\b",
    r"\bgoes before\b",
    r"(?<!there )\bis no (folder|address|picture|person|name|photo|number|model)\b",
)


def texts() -> Iterator[tuple[str, str]]:
    """Yield what users read: its source, and the text."""
    for file in (PROJECT / "docs" / "cli.md", PROJECT / "docs" / "api.md"):
        yield file.name, file.read_text("utf-8")
    yield "config.example.toml", (PROJECT / "config.example.toml").read_text("utf-8")
    for file in sorted((WEB / "templates").glob("*.html")):
        yield file.name, file.read_text("utf-8")
    for file in sorted((WEB / "static" / "js").glob("*.js")):
        yield file.name, code_without_comments(file.read_text("utf-8"))
    for room in ("cli", "config", "web"):
        for file in sorted((PROJECT / "indexer" / room).rglob("*.py")):
            if file.name != "systemd.py":  # its units name the computer's network
                yield file.name, "\n".join(messages(file))


def messages(file: Path) -> Iterator[str]:
    """Yield the texts of several words in a module, without its docstrings."""
    tree = ast.parse(file.read_text("utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and " " in node.value
            and id(node) not in docstrings
        ):
            yield node.value


def code_without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|(?m:^\s*//.*$)", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("phrase", RETIRED)
def test_a_retired_phrase_does_not_come_back(phrase: str) -> None:
    pattern = re.compile(phrase, re.IGNORECASE)
    found = [
        f"{name}: {text[max(0, hit.start() - 40) : hit.end() + 40]!r}"
        for name, text in texts()
        if (hit := pattern.search(text))
    ]
    assert not found


def test_the_help_of_every_command_begins_with_an_imperative_sentence() -> None:
    """Every help text begins with a capital letter and its first paragraph ends with a full stop."""
    manual = (PROJECT / "docs" / "cli.md").read_text("utf-8")
    sections = re.findall(r"^## (indexer .+)\n\n(.+)\n", manual, re.MULTILINE)
    assert sections
    for command, first in sections:
        assert re.match(r"[A-Z][a-z]+ ", first), command
        assert not re.match(r"(The|A|An|It|This|There|What|Says?|Tells?|Let)\b", first), f"{command}: {first}"
        assert first.endswith("."), f"{command}: {first}"
