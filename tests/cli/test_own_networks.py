"""Networks of one's own, from the file to the search: added, tried, scanned with beside the others, and removed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Program

LABELS = 'item {\n  id: 18\n  name: "/m/0bt9lr"\n  display_name: "dog"\n}\n'


def test_two_classifiers_and_a_detector_look_at_photos_and_only_at_what_they_lack(
    fresh: Program, made: Callable[..., Path], small_photos: Path, tmp_path: Path
) -> None:
    fresh("scan", small_photos, INDEXER_FACES="false")
    before = fresh.json("show", small_photos / "cat.jpg")

    (tmp_path / "words.txt").write_text("NoFinding\nAtelectasis\nn02123045\n")
    graph = made("tf1_saved_model", tags=("photoprism",), activation="logits")
    said = fresh(
        *("models", "add", "xray", graph, "--tag", "photoprism", "--output", "predictions/BiasAdd"),
        *("--activation", "logits", "--labels", tmp_path / "words.txt", "--threshold", "0.01", "--fit", "three-crops"),
    )
    assert "atelectasis" in said.stdout.lower()
    (tmp_path / "map.pbtxt").write_text(LABELS)
    fresh("models", "add", "finder", made("object_detector"), "--labels", tmp_path / "map.pbtxt")
    used = {each["name"]: each["used"] for each in fresh.record("models", "list")}
    assert used["xray"]
    assert used["finder"]

    summary = json.loads(fresh("scan", small_photos, "--json", INDEXER_FACES="false").stdout)
    assert summary["indexed"] == 2
    cat = fresh.json("show", small_photos / "cat.jpg")
    assert [each["name"] for each in cat["objects"]] == ["dog"]
    assert {"no finding", "atelectasis", "dog"} <= {each["name"] for each in cat["tags"]}
    assert {json.dumps(each) for each in before["labels"]} <= {json.dumps(each) for each in cat["labels"]}
    found = fresh("search", "atelectasis dog cat", "-f", "paths").stdout.splitlines()
    assert str(small_photos / "cat.jpg") in found
    assert json.loads(fresh("scan", small_photos, "--json", INDEXER_FACES="false").stdout)["unchanged"] == 2
    assert fresh("retag").stdout.startswith("0 of 2 photos")

    fresh("models", "remove", "xray")
    assert "xray" not in {each["name"] for each in fresh.record("models", "list")}
    assert json.loads(fresh("scan", small_photos, "--json", INDEXER_FACES="false").stdout)["unchanged"] == 2


def test_a_network_that_does_not_fit_is_refused_and_leaves_nothing(
    fresh: Program, made: Callable[..., Path], tmp_path: Path
) -> None:
    file = made("keras_file", activation="logits")
    shutil.copy(file, tmp_path / "net.keras")
    (tmp_path / "words.txt").write_text("one\ntwo\nthree\nfour\n")
    said = fresh("models", "add", "mine", tmp_path / "net.keras", "--labels", tmp_path / "words.txt", code=4)
    assert "answers with 3 classes, but 4 names are known" in said.stderr
    assert "mine" not in {each["name"] for each in fresh.record("models", "list")}
    assert not list(fresh.models.glob("mine-*"))


def test_what_is_no_model_is_a_sentence(fresh: Program, tmp_path: Path) -> None:
    (tmp_path / "a.tflite").write_bytes(b"no model at all")
    assert "is not a LiteRT file, or it is damaged" in fresh("models", "add", "a", tmp_path / "a.tflite", code=4).stderr
    assert "cannot be read" in fresh("models", "add", "a", tmp_path / "none.keras", code=4).stderr


def test_settings_keep_their_comments_when_a_network_becomes_the_default(fresh: Program) -> None:
    settings = fresh.home / ".config/indexer/config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("# mine\nworkers = 1  # it is loud\n")
    fresh("models", "default", "efficientnet-lite2")
    assert settings.read_text() == '# mine\nworkers = 1  # it is loud\nclassifier = "efficientnet-lite2"\n'
    assert "is not among the extra networks" in fresh("models", "disable", "efficientnet-lite2", code=4).stderr
    assert "comes with the program" in fresh("models", "remove", "efficientnet-lite0", code=4).stderr
