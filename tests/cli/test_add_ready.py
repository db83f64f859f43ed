"""Well-known models as a user adds them: by a name, without an option."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Program


@pytest.mark.long
def test_a_well_known_model_needs_no_option(fresh: Program, made: Callable[..., Path]) -> None:
    said = fresh("models", "add", "finder", f"mask-rcnn:{made('object_detector')}").stdout
    assert "90 names of classes" in said
    told = fresh.record("models", "show", "finder")
    assert told["labels"]["file"] == "finder/labels.txt"
    assert told["license"] == "Apache-2.0"
    text = fresh("models", "show", "finder").stdout
    assert text.startswith(f"# Added from mask-rcnn:{made('object_detector')}.\n")
    assert 'fit = "long-side"   # sure: mask-rcnn is well known' in text


@pytest.mark.long
def test_names_that_are_given_go_before_those_that_are_known(
    fresh: Program, made: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "words.txt").write_text("thing\n" * 20)
    said = fresh(
        *("models", "add", "finder", f"mask-rcnn:{made('object_detector')}", "--labels", tmp_path / "words.txt")
    )
    assert "20 names of classes" in said.stdout


def test_where_keras_cannot_download_the_way_out_is_told(fresh: Program) -> None:
    nowhere = {"https_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    said = fresh("models", "add", "small", "keras:MobileNetV2", code=4, **nowhere).stderr
    assert "its weights could not be downloaded: https://" in said
    assert "; download them elsewhere and use --weights FILE" in said
    assert ".h5; download" in said
    assert "small" not in {each["name"] for each in fresh.record("models", "list")}


def test_the_well_known_ones_are_listed(fresh: Program) -> None:
    listed = {each["add"]: each for each in fresh.record("models", "ready")}
    assert listed.keys() >= {"keras:NASNetMobile", "keras:ResNet50", "arcface:PATH", "pnasnet-large:PATH"}
    assert listed["arcface:PATH"]["role"] == "face-describer"
