"""What the documents say is so: commands, settings, examples."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import indexer

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text()


def python_blocks(file: Path) -> str:
    return "\n".join(re.findall(r"```python\n(.*?)```", file.read_text(), re.DOTALL))


def test_the_manual_is_generated_from_the_commands() -> None:
    from indexer.cli.app import app
    from indexer.cli.docs import manual

    assert (PROJECT / "docs" / "cli.md").read_text() == manual(app), "python -m indexer.cli.docs > docs/cli.md"


def test_the_manual_of_the_api_is_generated_from_its_routes() -> None:
    from indexer.web.app import described_app
    from indexer.web.docs_markdown import manual

    told = manual(described_app().openapi())
    assert (PROJECT / "docs" / "api.md").read_text() == told, "python -m indexer.web.docs_markdown > docs/api.md"


def test_ci_runs_the_test_command_of_the_readme() -> None:
    command = "pip install '.[test]' && pytest"
    assert command in README
    assert command.replace(".[test]", r"\.\[test\]") in (PROJECT / ".ci" / "run").read_text()


def test_every_command_in_the_readme_exists() -> None:
    manual = (PROJECT / "docs" / "cli.md").read_text()
    used = set(re.findall(r"^\s*(?:\$ )?(?:.*&& )?indexer ((?:models |config )?[a-z-]+)", README, re.MULTILINE))
    assert used
    for command in used:
        assert f"\n## indexer {command}\n" in manual, command


def test_the_manual_of_watching_names_every_folder_and_disk_that_is_treated_specially() -> None:
    from indexer.intake import mounts, names

    manual = (PROJECT / "docs" / "watching.md").read_text()
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


def test_links_between_documents_lead_somewhere() -> None:
    for file in [PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text()):
            assert (file.parent / target).exists(), f"{file.name}: {target}"


def test_the_example_of_use_from_python_runs(models: Path, samples: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    shutil.copy(samples["cat"], tmp_path / "cat.jpg")
    shutil.copy(samples["astronaut"], tmp_path / "photos")
    (tmp_path / "example.py").write_text(python_blocks(PROJECT / "docs" / "python.md"))
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
