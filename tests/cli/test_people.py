"""People from the terminal: grouped, named, corrected, reviewed, forgotten."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance

pytestmark = pytest.mark.usefixtures("models")


@pytest.fixture(scope="module")
def family(program, samples: dict[str, Path], tmp_path_factory: pytest.TempPathFactory):
    """Two people in three photos each: one as it is, one mirrored, one darker."""
    folder = tmp_path_factory.mktemp("family")
    photos = folder / "photos"
    photos.mkdir()
    for name in ("astronaut", "hopper"):
        with Image.open(samples[name]) as opened:
            picture = opened.convert("RGB")
        picture.save(photos / f"{name}.jpg", quality=95)
        picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(photos / f"{name}-mirrored.jpg", quality=95)
        ImageEnhance.Brightness(picture).enhance(0.7).save(photos / f"{name}-dark.jpg", quality=95)
    told = program.with_library(folder / "library.sqlite")
    told("scan", photos, INDEXER_GROUP_FACES="false")
    return told, photos


@pytest.fixture
def people(family, tmp_path: Path):
    """A copy of the library of the family, grouped."""
    program, photos = family
    own = program.with_library(tmp_path / "library.sqlite")
    shutil.copy(program.library, own.library)
    assert own.record("people", "cluster") == {"joined": 0, "people": 2, "grouped": 6, "left": 0, "unfit": 0}
    return own, photos


def answered(program, answers: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "indexer", *arguments, "--library", str(program.library)],
        input=answers,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "HOME": str(program.home), "INDEXER_MODELS_FOLDER": str(program.models)},
    )
    return done.stdout


def test_a_person_is_named_and_shown(people) -> None:
    program, photos = people
    (hopper,) = program.json("faces", "list", photos / "hopper.jpg")
    program("people", "name", str(hopper["person"]), "Grace Hopper")
    assert {Path(face["path"]).name for face in program.json("people", "show", "grace hopper")} == {
        "hopper.jpg",
        "hopper-mirrored.jpg",
        "hopper-dark.jpg",
    }
    assert "Grace Hopper" in program("people", "list", "--named").stdout
    assert program.json("faces", "list", photos / "hopper-dark.jpg")[0]["name"] == "Grace Hopper"


def test_two_people_of_one_name_are_merged_only_when_that_is_said(people) -> None:
    program, _ = people
    program("people", "name", "1", "Grace")
    refused = program("people", "name", "2", "grace", code=1)
    assert "use --merge if they are the same person" in refused.stderr
    program("people", "name", "2", "grace", "--merge")
    (grace,) = program.json("people", "list")
    assert (grace["person"], grace["name"], grace["faces"]) == (1, "Grace", 6)


def test_faces_are_moved_and_split_by_path_and_place(people) -> None:
    program, photos = people
    one = f"{photos / 'hopper.jpg'}#1"
    program("people", "move", one, "--to", "Somebody")
    assert program.json("faces", "list", photos / "hopper.jpg")[0]["name"] == "Somebody"
    (other,) = {face["person"] for face in program.json("faces", "list", photos / "hopper-dark.jpg")}
    program("people", "split", str(other), f"{photos / 'hopper-dark.jpg'}#1")
    program("people", "merge", "Somebody", str(program.json("faces", "list", photos / "hopper-dark.jpg")[0]["person"]))
    program("people", "cluster", "--again")
    assert len(program.json("people", "show", "somebody")) == 2


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("x", 1),
        ("#1", 1),
        ("4711", 1),
        ("none.jpg#1", 3),
        ("{photos}/none.jpg#1", 3),
        ("{photos}/hopper.jpg#2", 3),
        ("{photos}/hopper.jpg#x", 1),
    ],
)
def test_a_face_that_is_not_there_is_refused(people, name: str, code: int) -> None:
    program, photos = people
    done = program("people", "move", name.format(photos=photos), "--to", "X", code=code)
    assert done.stderr.count("\n") == 1


def test_review_asks_and_keeps_the_answers(people) -> None:
    program, photos = people
    program("people", "move", f"{photos / 'hopper.jpg'}#1", "--to", "Grace")
    assert answered(program, "", "people", "review").endswith("\n")
    doubtful = program.record("people", "review")
    answered(program, "x\ny\n" * len(doubtful), "people", "review")
    assert program.record("people", "review") == []


def test_a_hidden_person_comes_back(people) -> None:
    program, _ = people
    program("people", "hide", "1")
    assert [each["person"] for each in program.json("people", "list")] == [2]
    program("people", "hide", "1", "--undo")
    assert len(program.json("people", "list")) == 2


def test_forgetting_asks_first(people) -> None:
    program, photos = people
    assert "--yes" in program("people", "forget", "1", code=1).stderr
    assert "3 faces erased" in program("people", "forget", "1", "--yes").stdout
    assert "6 faces erased" in program("faces", "forget", "--folder", photos, "--yes").stdout
    program("scan", photos)
    assert program.record("people", "cluster")["people"] == 0


def test_similar_faces_takes_several_pictures_of_one_person(people) -> None:
    program, photos = people
    pictures = [photos / "hopper.jpg", photos / "hopper-dark.jpg"]
    for combine in ("best", "mean"):
        (result,) = program.json("similar-faces", *pictures, "--combine", combine)
        assert [face["face"] for face in result["faces"]] == [1, 1]
        assert {Path(each["path"]).name for each in result["matches"][:3]} == {
            "hopper.jpg",
            "hopper-mirrored.jpg",
            "hopper-dark.jpg",
        }
        assert result["matches"][0]["probability"] > 0.99


def test_similar_faces_of_a_person_are_those_not_yet_hers(people) -> None:
    program, photos = people
    program("people", "move", f"{photos / 'hopper.jpg'}#1", "--to", "Grace")
    (result,) = json.loads(program("similar-faces", "--person", "Grace", "--format", "json").stdout)
    assert {Path(each["path"]).name for each in result["matches"]} == {"hopper-mirrored.jpg", "hopper-dark.jpg"}


def test_a_face_that_was_refused_for_a_person_is_not_offered_again(people) -> None:
    program, photos = people
    program("people", "move", f"{photos / 'hopper.jpg'}#1", f"{photos / 'hopper-dark.jpg'}#1", "--to", "Grace")
    program("people", "move", f"{photos / 'hopper-dark.jpg'}#1", "--to", "Someone else")
    (result,) = json.loads(program("similar-faces", "--person", "Grace", "--format", "json").stdout)
    assert {Path(each["path"]).name for each in result["matches"]} == {"hopper-mirrored.jpg"}


@pytest.mark.parametrize("arguments", [[], ["a.jpg", "--person", "X"]])
def test_similar_faces_wants_a_picture_or_a_person(people, arguments: list[str]) -> None:
    program, _ = people
    assert "give a picture, or a person" in program("similar-faces", *arguments, code=1).stderr


def test_no_face_is_looked_for_below_a_folder_that_is_left_out(
    program, samples: dict[str, Path], tmp_path: Path
) -> None:
    own = program.with_library(tmp_path / "library.sqlite")
    open_, private = tmp_path / "photos" / "a.png", tmp_path / "photos" / "private" / "b.png"
    private.parent.mkdir(parents=True)
    shutil.copy(samples["hopper"], open_)
    shutil.copy(samples["hopper"], private)
    left_out = {"INDEXER_NO_FACES": str(private.parent)}
    own("scan", tmp_path / "photos", **left_out)
    assert (len(own.json("faces", "list", open_)), len(own.json("faces", "list", private))) == (1, 0)
    assert own("scan", tmp_path / "photos", **left_out).stdout.startswith("0 photos indexed")
    assert json.loads(own("status", "--json", **left_out).stdout)["stale"] == 0
    own("scan", tmp_path / "photos")  # not left out any more
    assert len(own.json("faces", "list", private)) == 1


def test_what_was_said_last_is_undone(people) -> None:
    program, photos = people
    before = program.json("people", "list")
    first, second = (str(each["person"]) for each in before)
    program("people", "name", first, "Alice")
    program("people", "merge", first, second)
    program("people", "move", f"{photos / 'hopper.jpg'}#1", "--to", "Grace")
    assert program("people", "undo").stdout == "Undone: Moved 1 face to Grace.\n"
    assert program("people", "undo").stdout == f"Undone: Merged a person without a name ({second}) into Alice.\n"
    assert program("people", "undo").stdout == f"Undone: Named a person without a name ({first}) Alice.\n"
    assert program("people", "undo").stdout == "There is nothing to undo.\n"
    assert program.json("people", "list") == before


def test_a_scan_groups_new_faces_and_keeps_what_was_said(fresh, samples: dict[str, Path], tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number, box in enumerate([(60, 0, 360, 400), (90, 0, 390, 400)]):
        Image.open(samples["astronaut"]).convert("RGB").crop(box).save(photos / f"{number}.jpg", quality=95)
    assert "2 became 1 new person" in fresh("scan", photos).stdout
    (person,) = fresh.json("people", "list")
    fresh("people", "name", str(person["person"]), "Eileen")
    Image.open(samples["astronaut"]).convert("RGB").crop((120, 0, 420, 400)).save(photos / "2.jpg", quality=95)
    assert "1 face joined existing people" in fresh("scan", photos).stdout
    assert fresh.json("people", "list")[0]["faces"] == 3
    assert "people" not in fresh("scan", photos).stdout
    fresh("people", "undo")
    assert fresh.json("people", "list")[0]["name"] is None


def test_faces_stay_unassigned_where_the_settings_say_so(fresh, samples: dict[str, Path], tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(2):
        Image.open(samples["astronaut"]).convert("RGB").crop((60, number, 360, 400)).save(photos / f"{number}.jpg")
    fresh("scan", photos, INDEXER_GROUP_FACES="false")
    assert fresh.json("people", "list") == []
