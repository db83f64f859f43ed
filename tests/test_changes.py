"""What is new is written down: one fragment a change, and a heading of the version that pyproject.toml says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[1]
CHANGELOG = (PROJECT / "CHANGELOG.md").read_text()
FRAGMENTS = sorted((PROJECT / "changes").glob("*.md"))


def settings() -> dict[str, Any]:
    with (PROJECT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def test_the_newest_heading_is_of_this_version() -> None:
    version = settings()["project"]["version"]
    heading = re.search(r"^## (.+)$", CHANGELOG, re.MULTILINE)
    assert heading
    assert re.fullmatch(rf"{re.escape(version)} \((unreleased|\d{{4}}-\d\d-\d\d)\)", heading[1])


def test_fragments_are_gathered_under_the_newest_heading() -> None:
    marker = settings()["tool"]["towncrier"]["start_string"]
    assert CHANGELOG.count(marker) == 1
    assert CHANGELOG.partition(marker)[0].count("\n## ") == 1


def test_sections_have_the_names_of_the_kinds_of_changes() -> None:
    names = {kind["name"] for kind in settings()["tool"]["towncrier"]["type"]}
    assert set(re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE)) <= names


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda path: path.name)
def test_a_fragment_is_a_sentence_of_a_known_kind(fragment: Path) -> None:
    kinds = {kind["directory"] for kind in settings()["tool"]["towncrier"]["type"]}
    name, kind = re.fullmatch(r"([a-z0-9-]+)\.([a-z]+)\.md", fragment.name).groups()
    assert name
    assert kind in kinds
    text = fragment.read_text().strip()
    assert text.endswith((".", ")"))
    assert not text.startswith(("*", "-", "#")), "towncrier makes the list"
