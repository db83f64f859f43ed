"""What the documents say is so: commands, settings, examples, links, paths."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import indexer

PROJECT = Path(__file__).parents[1]
DOCS = PROJECT / "docs"
README = (PROJECT / "README.md").read_text()
PAGES = {str(page.relative_to(PROJECT)): page for page in [PROJECT / "README.md", *sorted(DOCS.rglob("*.md"))]}
GENERATED = {"docs/cli.md", "docs/api.md"}


def python_blocks(file: Path) -> str:
    return "\n".join(re.findall(r"```python\n(.*?)```", file.read_text(), re.DOTALL))


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Yield the file and the heading that each link inside the project leads to."""
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target, heading in re.findall(r"\]\(([^)#:\s]*)(?:#([^)]*))?\)", prose):
        yield (page.parent / target).resolve() if target else page, heading


def headings(page: Path) -> set[str]:
    """Return the names by which GitHub links to the headings of a page."""
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the arguments of every call of `indexer` that a page shows, in a block or in a line."""
    text = re.sub(r"```(?:python|sql)\n.*?```", "", page.read_text(), flags=re.DOTALL)
    blocks = (
        re.findall(r"^ {4,}(.*)$", text, re.MULTILINE)
        + "\n".join(re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)).splitlines()
    )
    inline = [code.replace("\\|", "|") for code in re.findall(r"(?<!`)`([^`\n]+)`", text)]
    for line in [*blocks, *inline]:
        if not re.search(r"\bindexer [a-z-]", line):
            continue
        words = shlex.shlex(re.sub(r"\s#\s.*", "", line), posix=True, punctuation_chars=";|&")
        words.commenters, words.whitespace_split = "", True
        called: list[str] | None = None
        for word in [*words, ";"]:
            if called is not None and not set(word) <= set(";|&"):
                called.append(word)
            elif called:
                yield called
                called = None
            elif word == "indexer":
                called = []


def command_of(arguments: list[str]) -> tuple[str, set[str]]:
    """Return the name of the command that arguments of `indexer` call, and its options."""
    from typer.main import get_command

    from indexer.cli.app import app

    command: Any = get_command(app)
    name, known = "indexer", {"--help", "--install-completion"}
    for word in [*arguments, ""]:
        known |= {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        children = getattr(command, "commands", {})
        if "word" in children and word not in children:  # `teach NAME` is `teach word NAME`
            return command_of(["teach", "word"])
        if word not in children:
            break
        command, name = children[word], f"{name} {word}"
    return name, known


def test_the_manual_is_generated_from_the_commands() -> None:
    from indexer.cli.app import app
    from indexer.cli.docs import manual

    assert (DOCS / "cli.md").read_text() == manual(app), "python -m indexer.cli.docs > docs/cli.md"


def test_the_manual_of_the_api_is_generated_from_its_routes() -> None:
    from indexer.web.app import described_app
    from indexer.web.docs_markdown import manual

    told = manual(described_app().openapi())
    assert (DOCS / "api.md").read_text() == told, "python -m indexer.web.docs_markdown > docs/api.md"


def test_ci_runs_the_test_command_of_the_readme() -> None:
    command = "pip install '.[test]' && pytest"
    assert command in README
    assert command.replace(".[test]", r"\.\[test\]") in (PROJECT / ".ci" / "run").read_text()


@pytest.mark.parametrize("page", sorted(PAGES.keys() - GENERATED))
def test_every_command_and_option_that_a_page_shows_exists(page: str) -> None:
    manual = (DOCS / "cli.md").read_text()
    for arguments in commands(PAGES[page]):
        name, known = command_of(arguments)
        following = arguments[len(name.split()) - 1 :]
        is_family = following[:1] in ([], ["…"]) or (name == "indexer" and following[0].startswith("-"))
        assert is_family or f"\n## {name}\n" in manual, f"{page}: there is no command {arguments}"
        used = {word.partition("=")[0] for word in arguments if re.match(r"--?[a-z]", word)}
        assert used <= known, f"{page}: {name} has no option {sorted(used - known)}"


@pytest.mark.parametrize("page", ["README.md", "docs/tour.md"])
def test_what_a_newcomer_reads_shows_the_main_commands(page: str) -> None:
    shown = {command_of(arguments)[0] for arguments in commands(PAGES[page])}
    main = "scan|search|similar-faces|people list|people name|duplicates|watch|serve"
    assert {f"indexer {name}" for name in main.split("|")} <= shown


def test_the_manual_of_watching_names_every_folder_and_disk_that_is_treated_specially() -> None:
    from indexer.intake import mounts, names

    manual = (DOCS / "watching.md").read_text()
    for made in (names.JUNK_FOLDERS, names.JUNK_BEGINNINGS, names.JUNK_ENDINGS):
        for name, whose in made.items():
            assert re.search(rf"\| `…?{re.escape(name)}…?` \| {re.escape(whose)} \|", manual), name
    for kind in mounts.BLIND_KINDS:
        assert "fuse" in kind or f"`{kind}`" in manual, kind


def test_every_public_name_can_be_had() -> None:
    for name in indexer.__all__:
        assert getattr(indexer, name) is not None
    with pytest.raises(AttributeError):
        indexer.nonsense  # noqa: B018


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_link_leads_somewhere(page: str) -> None:
    for file, heading in links(PAGES[page]):
        assert file.exists(), f"{page}: {file}"
        assert not heading or heading in headings(file), f"{page}: {file.name}#{heading}"


def test_every_page_is_told_of_in_the_index() -> None:
    index = {file for file, _ in links(DOCS / "index.md")} | {DOCS / "index.md"}
    assert set(DOCS.rglob("*.md")) <= index
    assert DOCS / "index.md" in {file for file, _ in links(PROJECT / "README.md")}


def test_measurements_stand_apart_from_the_pages_for_users() -> None:
    for name, page in PAGES.items():
        if not name.startswith("docs/measurements/") and name != "docs/layout.md":
            assert "tests/benchmarks/" not in page.read_text(), (
                f"{name}: what was measured belongs into docs/measurements"
            )


@pytest.mark.parametrize("page", ["docs/layout.md", "docs/design.md"])
def test_every_path_that_a_page_for_contributors_names_exists(page: str) -> None:
    text = PAGES[page].read_text()
    paths = {path for path in re.findall(r"`([\w./-]+)`", text) if "/" in path or re.search(r"\.(py|md|toml)$", path)}
    assert paths
    absent = {path for path in paths if not (PROJECT / path).exists() and not (PROJECT / "indexer" / path).exists()}
    assert not absent, f"{page} names what is not there: {sorted(absent)}"


def test_the_page_on_the_layout_names_every_room() -> None:
    text = (DOCS / "layout.md").read_text()
    for folder in (PROJECT / "indexer").rglob("__init__.py"):
        room = folder.parent.relative_to(PROJECT / "indexer")
        if str(room) != "." and any(file.stat().st_size for file in folder.parent.glob("*.py")):
            assert f"`{room}/`" in text, f"docs/layout.md does not tell of {room}/"


def test_the_page_on_the_design_names_every_room_and_sub_room() -> None:
    rows = re.findall(r"^\| (`[^|]*)\|([^|]*)\|[^|]*\|.*\|$", (DOCS / "design.md").read_text(), re.MULTILINE)
    told = {room: set(re.findall(r"`(\w+)`", below)) for rooms, below in rows for room in re.findall(r"`(\w+)`", rooms)}
    for folder in (PROJECT / "indexer").glob("*/__init__.py"):
        below = {file.parent.name for file in folder.parent.glob("*/*.py") if file.stat().st_size}
        assert told.get(folder.parent.name) == below, f"docs/design.md on {folder.parent.name}"


def test_the_example_of_use_from_python_runs(models: Path, samples: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    shutil.copy(samples["cat"], tmp_path / "cat.jpg")
    shutil.copy(samples["astronaut"], tmp_path / "photos")
    (tmp_path / "example.py").write_text(python_blocks(DOCS / "python.md"))
    done = subprocess.run(
        [sys.executable, "example.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "INDEXER_MODELS_FOLDER": str(models),
            "INDEXER_LIBRARY": str(tmp_path / "library.sqlite"),
            "INDEXER_WORKERS": "1",
        },
    )
    assert done.returncode == 0, done.stderr
    assert " cat ← " in done.stdout
    assert f"{tmp_path / 'cat.jpg'} " in done.stdout


def test_the_page_on_python_uses_public_names_alone() -> None:
    text = (PROJECT / "docs" / "python.md").read_text()
    assert "from indexer." not in text
    assert "import indexer." not in text
