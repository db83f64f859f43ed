"""Descriptions of models: all shipped ones hold, wrong ones are refused by key, the id tells what matters."""

from __future__ import annotations

import json
import pickle
import shutil
import tomllib
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest

from indexer.errors import ModelError
from indexer.resources import packaged
from indexer.vision.spec import Labels, ModelSpec, Weights, broken_specs, read_spec, read_specs, spec_of
from indexer.vision.spec_tensors import Input, Output

SPECS = read_specs()
OUTPUTS = {
    "classifier": {"probabilities": ("windows", 1000), "embedding": (1280,)},
    "object-detector": {"offsets": ("anchors", 4), "logits": ("anchors", 91)},
    "face-detector": {"boxes": ("anchors", 4), "scores": ("anchors",), "landmarks": ("anchors", 10)},
    "face-describer": {"descriptors": ("chips", 128)},
    "text-detector": {"probabilities": ("pictures", 1, "height", "width")},
    "text-recognizer": {"probabilities": ("lines", "places", 18385)},
}
LITE = "efficientnet-lite0"


def raw(name: str = LITE) -> dict[str, Any]:
    return tomllib.loads((packaged("models") / f"{name}.toml").read_text("utf-8"))


def test_every_role_that_a_scan_needs_is_filled() -> None:
    assert {spec.role for spec in SPECS.values()} == set(OUTPUTS)
    assert {LITE, "efficientnet-lite2", "retinaface-mobilenet025", "dlib-face-resnet"} <= set(SPECS)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_a_shipped_description_is_complete(spec: ModelSpec) -> None:
    assert {name: output.shape for name, output in spec.outputs.items()} == OUTPUTS[spec.role]
    assert spec.source.startswith("https://")
    assert spec.license in {"Apache-2.0", "MIT", "CC0-1.0"}
    assert all(0 <= threshold <= 1 for name, threshold in spec.thresholds.items() if name != "log_odds")
    assert all(step > 0 for step in spec.input.scale)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_weights_are_pinned_as_dependencies(spec: ModelSpec) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    text = project["project"]["optional-dependencies"]["text"]
    pinned = text if spec.role.startswith("text-") else project["project"]["dependencies"]
    assert f"{spec.weights.package}=={spec.weights.version}" in pinned


@pytest.mark.parametrize("spec", [spec for spec in SPECS.values() if spec.role == "classifier"], ids=str)
def test_a_classifier_sees_at_least_one_window(spec: ModelSpec) -> None:
    cells = -(-spec.input.size_px // 32)
    assert spec.network["window"] <= cells


def test_a_spec_crosses_process_borders() -> None:
    for spec in SPECS.values():
        assert pickle.loads(pickle.dumps(spec)) == spec
        told = json.loads(json.dumps(asdict(spec)))
        assert spec_of(told.pop("name"), told) == spec


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("input", "size_px", 320),
        ("input", "scale", 0.5),
        ("input", "colors", "BGR"),
        ("input", "resampling", "bilinear"),
        ("network", "stride", 2),
        ("weights", "sha256", "0" * 64),
    ],
)
def test_the_id_changes_with_what_changes_numbers(table: str, key: str, value: Any) -> None:
    changed = raw()
    changed[table][key] = value
    assert spec_of(LITE, changed).id != SPECS[LITE].id


def test_the_id_stays_with_what_does_not() -> None:
    changed = raw() | {"description": "other words", "thresholds": {"tag": 0.9}, "source": "https://example.org"}
    changed["weights"]["version"] = "9.9"
    assert spec_of(LITE, changed).id == SPECS[LITE].id
    assert SPECS[LITE].id.startswith(f"{LITE}-")
    assert replace(SPECS[LITE], name="mine").id.startswith("mine-")


def changed(where: str, value: Any) -> dict[str, Any]:
    """Return a description with one key set; ... removes it."""
    told = raw()
    *tables, key = where.split(".")
    table = told
    for name in tables:
        table = table[name]
    if value is ...:
        del table[key]
    else:
        table[key] = value
    return told


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        ("description", ..., "'description' is missing"),
        ("description", " ", "'description' in its description must be a text"),
        ("role", "tagger", "'role' in its description must be one of classifier, object-detector, face-detector, "),
        ("weights", ..., "'weights' is missing"),
        ("weights", "file.pth", "'weights' in its description must be a table"),
        ("weights.sha256", "abc", "'weights.sha256' in its description must be 64 hexadecimal digits"),
        ("weights.sha256", "A" * 64, "'weights.sha256' in its description must be 64 hexadecimal digits"),
        ("weights.sha", "0" * 64, "'weights.sha' in its description is not a known key"),
        ("weights.format", "pickle", "'weights.format' in its description must be one of torch"),
        ("input.size_px", 0, "'input.size_px' in its description must be a whole number above 0"),
        ("input.size_px", 224.5, "'input.size_px' in its description must be a whole number above 0"),
        ("input.size_px", True, "'input.size_px' in its description must be a whole number above 0"),
        ("input.mean", [1, 2], "'input.mean' in its description must be a number or three"),
        ("input.mean", [1, 2, "3"], "'input.mean' in its description must be a number or three"),
        ("input.scale", float("nan"), "'input.scale' in its description must be a number or three"),
        ("input.fit", "crop", "'input.fit' in its description must be one of as-is"),
        ("input.sice", 3, "'input.sice' in its description is not a known key"),
        ("outputs.embedding", 1280, "'outputs.embedding' in its description must be a table"),
        ("outputs.embedding.shape", [0], "'outputs.embedding.shape' in its description must be a list of whole"),
        ("outputs.embedding.shape", [], "'outputs.embedding.shape' in its description must be a list of whole"),
        ("thresholds", {"score": "high"}, "'thresholds.score' in its description must be a number"),
        ("labels.set", 5, "'labels.set' in its description must be a text"),
        ("licence", "MIT", "'licence' in its description is not a known key"),
    ],
)
def test_a_wrong_key_is_named(where: str, value: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        spec_of(LITE, changed(where, value))
    assert str(caught.value).startswith(f"model {LITE}: ")


@pytest.mark.parametrize("content", [b"role = ", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"model mine: its description .*mine\.toml cannot be read"):
        read_spec(file, tmp_path)
    with pytest.raises(ModelError, match="cannot be read"):
        read_spec(tmp_path / "absent.toml")


def test_three_numbers_may_be_written_as_one() -> None:
    assert spec_of(LITE, changed("input.mean", 127.0)) == spec_of(LITE, changed("input.mean", [127.0] * 3))


def test_the_manual_explains_every_key() -> None:
    manual = (Path(__file__).parents[2] / "docs/models.md").read_text("utf-8")
    keys = {item.name for kind in (ModelSpec, Weights, Input, Output, Labels) for item in fields(kind)}
    assert [
        key for key in sorted(keys - {"outputs", "folder"}) if f"`{key}`" not in manual and f"`[{key}]`" not in manual
    ] == []
    assert all(f"`{name}`" in manual for name in SPECS)


@pytest.mark.parametrize("key", ["weights.file", "labels.file"])
@pytest.mark.parametrize("file", ["/etc/passwd", "../other/net.pb", "net/../../net.pb"])
def test_a_file_that_lies_elsewhere_is_refused(key: str, file: str) -> None:
    with pytest.raises(ModelError, match=f"'{key}' in its description must lie below the description"):
        spec_of(LITE, changed(key, file))


def test_a_description_cannot_say_where_its_files_lie(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('folder = "/etc"\n' + (packaged("models") / f"{LITE}.toml").read_text("utf-8"))
    with pytest.raises(ModelError, match="'folder' in its description is not a known key"):
        read_spec(file, tmp_path)


def test_a_broken_description_of_ones_own_is_told_apart_from_those_that_can_be_used(tmp_path: Path) -> None:
    shutil.copy(packaged("models") / f"{LITE}.toml", tmp_path / "whole.toml")
    (tmp_path / "half.toml").write_text('role = "classifier"')
    assert {"whole", LITE} <= read_specs(tmp_path).keys()
    assert {name: error.reason for name, error in broken_specs(tmp_path).items()} == {
        "half": "'description' is missing in its description"
    }
    assert broken_specs(tmp_path / "absent") == {}
