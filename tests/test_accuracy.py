"""The accuracy figures can be had of anybody's pictures."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image, ImageOps

SCRIPT = Path(__file__).parent / "benchmarks" / "accuracy.py"
CAT, CUP = 285, 968  # classes of ImageNet


def measure(data: Path, models: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), str(data), "--models", str(models), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "HOME": str(data)})


def write(table: Path, head: str, *rows: Sequence[object]) -> None:
    table.parent.mkdir(parents=True, exist_ok=True)
    with table.open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines).writerows([head.split(","), *rows])


def copy(picture: Path, to: Path, side_px: int = 400, *, mirrored: bool = False) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(picture) as opened:
        small = ImageOps.mirror(opened.convert("RGB")) if mirrored else opened.convert("RGB")
        small.thumbnail((side_px, side_px))
        small.save(to)


@pytest.fixture
def dataset(tmp_path: Path, samples: dict[str, Path]) -> Path:
    """A cat, a cup, and two people of whom one is there twice; no group photos, no copies of others."""
    for name in ("cat", "coffee"):
        copy(samples[name], tmp_path / "imagenet_samples" / f"{name}.png")
        copy(samples[name], tmp_path / "tags_multilabel" / f"{name}.png", 300)
    write(tmp_path / "imagenet_samples" / "labels.csv", "file,class_index", ("cat.png", CAT), ("coffee.png", CUP))
    rows = [(f"{name}.png", "ours", label, label, 0) for name, label in (("cat", "cat"), ("coffee", "cup"))]
    write(tmp_path / "tags_multilabel" / "labels.csv", "file,dataset,labels,salient,has_person", *rows)
    (tmp_path / "tags_multilabel" / "label_to_imagenet.json").write_text(json.dumps({"cat": [CAT], "cup": [CUP]}))
    people = tmp_path / "faces_verify"
    for file, name, side_px in (("a1", "astronaut", 500), ("a2", "astronaut", 350), ("h", "hopper", 500)):
        # Two copies of one picture are no evidence that two photos show one person.
        copy(samples[name], people / "lfw" / f"{file}.jpg", side_px, mirrored=file == "a2")
    rows = [(f"lfw/{file}.jpg", file[0], "lfw") for file in ("a1", "a2", "h")]
    write(people / "identities.csv", "file,identity,subset", *rows)
    rows = [("lfw/a1.jpg", "lfw/a2.jpg", 1), ("lfw/a1.jpg", "lfw/h.jpg", 0)]
    write(people / "lfw_pairs.csv", "file1,file2,same", *rows)
    return tmp_path


@pytest.mark.long
def test_all_that_a_folder_has_pictures_for_is_measured(dataset: Path, models: Path) -> None:
    done = measure(dataset, models)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    goals = {each["figure"]: (each["value"], each["goal"], each["met"]) for each in told if "goal" in each}
    assert goals["word-to-photo mean average precision"] == (1, 0.975, True)
    of_all = [each for each in told if each["figure"] == "pairwise F1 of people" and each["set"] == "all"]
    assert [each["value"] for each in of_all] == [1]
    assert goals["same or different"] == (1, 0.99, True)
    assert {"precision of shown tags", "recall of copies"} <= goals.keys()
    assert {each["part"] for each in told} == {"tags", "faces", "people", "duplicates"}
    assert "faces_detect/images.csv" in done.stderr


def test_a_missed_goal_is_told_by_the_exit_code_where_that_is_asked_for(dataset: Path, models: Path) -> None:
    write(dataset / "faces_verify" / "lfw_pairs.csv", "file1,file2,same", ("lfw/a1.jpg", "lfw/a2.jpg", 0))
    assert measure(dataset, models, "--only", "faces").returncode == 0
    assert measure(dataset, models, "--only", "faces", "--check").returncode == 1


def test_a_folder_with_nothing_to_measure_gets_a_sentence(tmp_path: Path) -> None:
    done = measure(tmp_path, tmp_path / "models")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"{tmp_path}: nothing to measure; docs/measurements/dataset.md tells what such a folder holds"
    )
    assert done.stdout == ""
