"""`indexer models inspect`: text, operations and JSON, as a user runs it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Program

Made = Callable[..., Path]


def test_a_file_is_told_with_a_description_that_can_be_read(program: Program, made: Made) -> None:
    path = made("tflite_file", labels=("cat", "dog", "bird"))
    said = program("models", "inspect", path).stdout
    assert said.startswith(f"{path}: LiteRT model\n")
    assert "in   image  float32 [any, 16, 16, 3]" in said
    assert "labels inside: 3: cat, dog, bird" in said
    proposed = tomllib.loads(said.partition("# Proposed description")[2].partition("\n")[2])
    assert proposed["outputs"]["probabilities"]["tensor"] == "output_0"
    assert 'activation = "softmax"   # sure: its last operation is SOFTMAX' in said


def test_operations_are_listed_and_filtered(program: Program, made: Made) -> None:
    path = made("onnx_file")
    assert len(program("models", "inspect", path, "--ops").stdout.splitlines()) == 8
    for pattern in ("soft", "*max*", "SOFTMAX"):
        (_, line) = program("models", "inspect", path, "--ops", pattern).stdout.splitlines()
        assert line.split() == ["Softmax_probabilities", "Softmax"]
    assert program("models", "inspect", path, "--ops", "nothing").stdout == ""


def test_json_tells_all(program: Program, made: Made) -> None:
    told = program.record("models", "inspect", made("onnx_file"))
    assert told["spec"]["weights"]["format"] == "onnx"
    assert {"key", "value", "why", "sure"} == told["reasons"][0].keys()
    assert len(told["operations"]) == 7
    assert json.dumps(told)


def test_a_tag_that_is_not_there_ends_with_those_that_are(program: Program, made: Made) -> None:
    path = made("tf1_saved_model", tags=("myTag",))
    done = program("models", "inspect", path, "--tag", "serve", code=4)
    assert "its tags are: myTag" in done.stderr
    assert "tags: myTag" in program("models", "inspect", path, "--tag", "myTag").stdout


def test_what_is_no_model_ends_with_a_sentence(program: Program, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("buy film")
    assert "is not a model of a known kind" in program("models", "inspect", tmp_path / "notes.txt", code=4).stderr
