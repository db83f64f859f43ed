"""`indexer models train` and `export`, from folders of pictures to the search and to other programs."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from tests.cli.conftest import Program


def save(file: Path, seed: int, horizontal: bool) -> None:
    """Save a picture of stripes, across or down, no two of which are alike."""
    random = np.random.default_rng(seed)
    stripes = np.sin(np.arange(96) * random.uniform(0.5, 0.9) + random.uniform(0, 6)) * 60 + 127
    pixels = np.broadcast_to(stripes[:, None] if horizontal else stripes[None], (96, 96)) + random.normal(
        0, 12, (96, 96)
    )
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    folder = tmp_path / "x-rays"
    for label, horizontal in (("NoFinding", True), ("Atelectasis", False)):
        (folder / label).mkdir(parents=True)
        for number in range(12):
            save(folder / label / f"{number}.png", number + 100 * horizontal, horizontal)
    (folder / "NoFinding" / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 half")
    return folder


def test_what_was_trained_is_scanned_with_searched_for_and_exported(
    fresh: Program, folders: Path, tmp_path: Path
) -> None:
    said = fresh(
        *("models", "train", folders, "--yes", "--name", "xray", "--size", "64", "--epochs", "30", "--batch", "8"),
        *("--report", tmp_path / "report"),
    )
    assert "torn.jpg" in said.stderr
    assert "24 pictures of 2 labels: 16 for train, 4 for validation, 4 for test; 1 left out" in said.stderr
    assert [line.split()[0] for line in said.stdout.splitlines()] == ["label", "Atelectasis", "NoFinding", "accuracy"]
    figures = json.loads((tmp_path / "report" / "report.json").read_text())
    assert figures["accuracy"] == 1
    with Image.open(tmp_path / "report" / "report.png") as drawn:
        assert drawn.size == (1460, 820)
    used = {each["name"]: each["used"] for each in fresh.record("models", "list")}
    assert used["xray"]

    photos = tmp_path / "photos"
    photos.mkdir()
    save(photos / "across.png", 900, True)
    save(photos / "down.png", 901, False)
    fresh("scan", photos, INDEXER_FACES="false")
    assert fresh("search", "--keyword", "no finding", "-f", "paths").stdout == f"{photos / 'across.png'}\n"
    assert fresh("search", "--keyword", "atelectasis", "-f", "paths").stdout == f"{photos / 'down.png'}\n"

    fresh("models", "export", "xray", tmp_path / "exported")
    written = {path.name for path in (tmp_path / "exported").iterdir()}
    assert written == {"README.md", "labels.txt", "saved_model", "xray.toml"}
    assert (tmp_path / "exported" / "labels.txt").read_text() == "Atelectasis\nNoFinding\n"


def test_what_cannot_be_trained_is_a_sentence_and_leaves_nothing(fresh: Program, folders: Path, tmp_path: Path) -> None:
    few = tmp_path / "few"
    (few / "a").mkdir(parents=True)
    said = fresh("models", "train", few, "--name", "xray", code=3)
    assert "at least two are needed" in said.stderr
    assert "cannot be read" in fresh("models", "train", tmp_path / "none", "--name", "xray", code=3).stderr
    assert "comes with the program" in fresh("models", "train", few, "--name", "dlib-face-resnet", code=4).stderr
    other = fresh("models", "train", few, "--name", "xray", "--trunk", "dlib-face-resnet", code=4)
    assert "cannot be used as a trunk; choose one of efficientnet-lite0, efficientnet-lite2" in other.stderr
    (tmp_path / "file").write_text("")
    where = tmp_path / "file" / "report"
    assert "--report" in fresh("models", "train", folders, "--name", "xray", "--report", where, code=2).stderr
    assert not list((fresh.home / ".local" / "share" / "indexer").rglob("*xray*"))


def test_an_interrupt_leaves_nothing(fresh: Program, folders: Path, tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    process = fresh.start("models", "train", folders, "--name", "xray", "--from-scratch", TMPDIR=str(tmp_path / "room"))
    assert process.stderr is not None
    assert any(b"24 pictures of 2 labels" in line for line in process.stderr)
    assert list((tmp_path / "room").glob("indexer-*"))
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode != 0
    assert not list((tmp_path / "room").glob("indexer-*"))
    assert not list(fresh.home.rglob("*xray*"))
