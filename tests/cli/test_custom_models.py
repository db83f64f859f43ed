"""Models of one's own, from the file to the search: added, tried, scanned with beside the others, and removed."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tomlkit

from indexer.resources import packaged

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
        *("models", "add", "xray", graph, "--yes", "--tag", "photoprism", "--output", "predictions/BiasAdd"),
        *("--activation", "logits", "--labels", tmp_path / "words.txt", "--threshold", "0.01", "--fit", "three-crops"),
    )
    assert "atelectasis" in said.stdout.lower()
    (tmp_path / "map.pbtxt").write_text(LABELS)
    fresh("models", "add", "finder", made("object_detector"), "--yes", "--labels", tmp_path / "map.pbtxt")
    used = {each["name"]: each["used"] for each in fresh.record("models", "list")}
    assert used["xray"]
    assert used["finder"]

    summary = json.loads(fresh("scan", small_photos, "--json", INDEXER_FACES="false").stdout)
    assert summary["indexed"] == 2
    cat = fresh.json("show", small_photos / "cat.jpg")
    assert [each["name"] for each in cat["objects"] if each["model"].startswith("finder")] == ["dog"]
    assert {"no finding", "atelectasis", "dog"} <= {each["name"] for each in cat["tags"]}
    assert {json.dumps(each) for each in before["labels"]} <= {json.dumps(each) for each in cat["labels"]}
    found = fresh("search", "atelectasis dog cat", "-f", "paths").stdout.splitlines()
    assert str(small_photos / "cat.jpg") in found
    assert json.loads(fresh("scan", small_photos, "--json", INDEXER_FACES="false").stdout)["unchanged"] == 2
    assert fresh("retag").stdout.startswith("0 of 2 photos")

    fresh("models", "remove", "xray")
    assert "xray" not in {each["name"] for each in fresh.record("models", "list")}
    assert json.loads(fresh("scan", small_photos, "--json", INDEXER_FACES="false").stdout)["unchanged"] == 2


def test_a_model_of_one_s_own_speaks_only_where_it_was_told_to(
    fresh: Program, made: Callable[..., Path], samples: dict[str, Path], tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    for folder, name in (("kennel", "coffee"), ("home", "hopper")):
        (photos / folder).mkdir(parents=True)
        shutil.copy(samples[name], photos / folder / samples[name].name)
    (tmp_path / "map.pbtxt").write_text(LABELS.replace("dog", "lodger"))

    def lodgers() -> list[str]:
        return fresh("search", "lodger", "-f", "paths").stdout.splitlines()

    said = fresh("models", "add", "finder", made("object_detector"), "--labels", tmp_path / "map.pbtxt").stderr
    assert "models enable finder --folder DIR" in said
    assert not {each["name"]: each["used"] for each in fresh.record("models", "list")}["finder"]
    assert "add --yes, or name a --folder" in fresh("models", "enable", "finder", code=2).stderr
    fresh("models", "enable", "finder", "--folder", photos / "kennel")
    fresh("scan", photos, INDEXER_FACES="false")
    assert lodgers() == [str(photos / "kennel" / samples["coffee"].name)]
    assert not (fresh.home / ".config/indexer").exists()  # another library has nothing of it
    assert library_setting(fresh, "only_in") == [f"finder={photos / 'kennel'}"]

    (photos / "kennel" / samples["coffee"].name).rename(photos / "home" / "moved.png")
    fresh("scan", photos, INDEXER_FACES="false")
    assert lodgers() == []
    assert "indexer retag" in fresh("models", "enable", "finder", "--yes").stderr  # it has seen one of them already
    fresh("scan", photos, INDEXER_FACES="false")
    fresh("retag")
    assert len(lodgers()) == 2
    fresh("models", "enable", "finder", "--folder", photos / "kennel")
    fresh("retag")
    assert lodgers() == []
    fresh("models", "disable", "finder")
    assert library_setting(fresh, "only_in") == library_setting(fresh, "extra") == []


def test_a_model_that_does_not_fit_is_refused_and_leaves_nothing(
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


def test_settings_keep_their_comments_when_a_model_becomes_the_default(fresh: Program) -> None:
    settings = fresh.home / ".config/indexer/config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("# mine\nworkers = 1  # it is loud\n")
    fresh("models", "default", "efficientnet-lite2")
    assert settings.read_text() == '# mine\nworkers = 1  # it is loud\nclassifier = "efficientnet-lite2"\n'
    assert "is replaced by" in fresh("models", "disable", "efficientnet-lite2").stderr
    assert settings.read_text() == '# mine\nworkers = 1  # it is loud\nclassifier = "efficientnet-lite0"\n'
    assert "is a built-in model" in fresh("models", "remove", "efficientnet-lite0", code=4).stderr


DETECTOR = "retinaface-mobilenet025"


def own_copy(program: Program, name: str, shipped: str, **changed: str) -> Path:
    """Describe a model of one's own that is never built: a shipped one with other keys of its first table."""
    told = tomllib.loads((packaged("models") / f"{shipped}.toml").read_text("utf-8")) | changed
    told["weights"] = {"file": f"{name}/net.onnx", "sha256": "0" * 64, "format": "onnx"}
    file = program.home / ".local/share/indexer/models" / f"{name}.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(tomlkit.dumps(told))
    return file


def setting(program: Program, key: str) -> Any:
    return tomllib.loads((program.home / ".config/indexer/config.toml").read_text()).get(key)


def library_setting(program: Program, key: str) -> Any:
    return tomllib.loads(program.library.with_name(f"{program.library.name}.toml").read_text()).get(key)


def test_where_a_model_of_a_role_goes_the_one_of_the_program_takes_its_place(fresh: Program) -> None:
    own_copy(fresh, "points", DETECTOR, role="face-landmarks")
    own_copy(fresh, "finder", DETECTOR)
    for name in ("points", "finder"):
        fresh("models", "enable", name, "--yes")
    assert (setting(fresh, "landmarks"), setting(fresh, "detector")) == ("points", "finder")
    assert "points is replaced by the built-in model" in fresh("models", "disable", "points").stderr
    fresh("models", "remove", "finder")
    assert (setting(fresh, "landmarks"), setting(fresh, "detector")) == ("none", DETECTOR)
    own_copy(fresh, "mine", "efficientnet-lite0")
    fresh("models", "default", "mine")
    fresh("models", "disable", "mine")
    assert setting(fresh, "classifier") == "efficientnet-lite0"
    assert "is the built-in detector" in fresh("models", "disable", DETECTOR, code=4).stderr
    assert "is not in use" in fresh("models", "disable", "points", code=4).stderr


def test_a_broken_description_is_told_and_stops_nothing_but_its_own_use(fresh: Program, small_photos: Path) -> None:
    fresh("scan", small_photos, INDEXER_FACES="false")
    file = own_copy(fresh, "mine", "efficientnet-lite0")
    fresh("models", "enable", "mine", "--yes")
    file.write_text(file.read_text().replace("description", "descripton"))
    built = fresh.models / "mine-0123abcd"
    built.mkdir()
    (built / "build.json").write_text('{"id": "mine-0123abcd", "files": {}}')
    said = "model mine: 'description' is missing in its description"
    for command in (("models", "list"), ("status",), ("retag",)):
        assert said in fresh(*command).stderr
    assert json.loads(fresh("status", "--json").stdout)["stale"] is None
    findings = json.loads(fresh("doctor", "--json", code=1).stdout)["findings"]
    advice = {each["advice"] for each in findings if "mine of your own cannot be used" in each["text"]}
    assert advice == {"fix its description, or run: indexer models remove mine"}
    assert not [each for each in findings if each["check"] == "old models" and each["level"] != "fine"]
    for command in ("show", "enable", "build"):
        assert said in fresh("models", command, "mine", code=4).stderr
    fresh("scan", small_photos, code=4)
    fresh("models", "remove", "mine")
    assert not file.exists()
    assert not built.exists()
    assert library_setting(fresh, "extra") == []
    assert "is not known" in fresh("models", "remove", "mine", code=4).stderr
    assert "is not known" in fresh("models", "remove", "../models/mine", code=4).stderr


@pytest.mark.long
def test_a_folder_that_the_user_put_among_his_models_stays(fresh: Program, made: Callable[..., Path]) -> None:
    home = fresh.home / ".local/share/indexer/models/mynet"
    shutil.copytree(made("saved_model"), home)
    for name in ("mynet", "other"):
        for options in ([], ["--link"], ["--replace"]):
            fresh("models", "add", name, home, *options, code=4)
    assert (home / "saved_model.pb").is_file()


def test_a_face_detector_without_boxes_is_a_sentence(fresh: Program, made: Callable[..., Path]) -> None:
    said = fresh("models", "add", "faces", made("tflite_file"), "--role", "face-detector", code=4)
    assert "is not a face detector" in said.stderr
    added = fresh("models", "add", "faces", made("object_detector"), "--role", "face-detector")
    assert "faces: face-detector" in added.stdout


OBJECTS = "ssd-mobilenetv2-coco"


def test_the_object_detector_is_switched_off_and_on_and_another_may_take_its_place(fresh: Program) -> None:
    fresh("models", "disable", OBJECTS)
    assert setting(fresh, "object_detector") == "none"
    assert not {each["name"]: each["used"] for each in fresh.record("models", "list")}[OBJECTS]
    fresh("models", "enable", OBJECTS)
    assert setting(fresh, "object_detector") == OBJECTS
    own_copy(fresh, "mine", OBJECTS)
    fresh("models", "default", "mine")
    assert setting(fresh, "object_detector") == "mine"
    fresh("models", "disable", "mine")
    assert setting(fresh, "object_detector") == OBJECTS
