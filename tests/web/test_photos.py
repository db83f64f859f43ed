"""One photo over HTTP: what is known of it, what looks like it, and what its owner says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def test_a_photo_tells_what_the_command_line_shows_and_more(shown, home) -> None:
    number = shown.photo("grace_hopper.jpg")
    told = shown.client.get(f"/api/photos/{number}").json()
    environ = {"PATH": os.environ["PATH"], "HOME": str(home.library.parent), "INDEXER_LIBRARY": str(home.library)}
    command = [sys.executable, "-m", "indexer", "show", str(home.photos / "grace_hopper.jpg"), "--format", "json"]
    known = json.loads(subprocess.run(command, env=environ, capture_output=True, check=True).stdout)
    faces = told.pop("faces")
    explained = told.pop("explanation")
    seen = known.pop("faces")
    assert told == known
    assert [{key: face[key] for key in seen[0]} for face in faces] == seen
    assert [each["tag"] for each in explained] == [tag["name"] for tag in told["tags"]]


def test_a_face_comes_with_its_number_place_landmarks_and_person(shown) -> None:
    (face,) = shown.client.get(f"/api/photos/{shown.photo('astronaut.png')}").json()["faces"]
    assert face["face"] >= 1
    assert face["place"] == 1
    assert len(face["landmarks"]) == 5
    box = face["box"]
    for point in face["landmarks"]:
        assert box["left"] < point["x"] < box["left"] + box["width"]
        assert box["top"] < point["y"] < box["top"] + box["height"]
    assert isinstance(face["name"], str) == isinstance(face["person"], int)


def test_every_tag_says_why(shown) -> None:
    told = shown.client.get(f"/api/photos/{shown.photo('chelsea.png')}").json()
    (cat,) = [each for each in told["explanation"] if each["tag"] == "cat"]
    assert [each["name"] for each in cat["classes"]][:1] == ["cat"]
    assert cat["model"] in told["models"]


def test_a_photo_that_failed_says_why(shown) -> None:
    (failed,) = shown.client.get("/api/failures").json()["failures"]
    told = shown.client.get(f"/api/photos/{failed['photo']}").json()
    assert told["failed"] == {"stage": failed["stage"], "reason": failed["reason"]}
    assert (told["width"], told["tags"], told["faces"], told["explanation"]) == (None, [], [], [])


@pytest.mark.parametrize("ending", ["", "/similar"])
def test_an_unknown_photo_is_not_found(client, ending: str) -> None:
    for number in (9999, 2**63 - 1):
        answer = client.get(f"/api/photos/{number}{ending}")
        assert answer.status_code == 404
        assert str(number) in answer.json()["detail"]
    for number in ("0", "-1", "x", "1.5", str(2**63), "..%2f..%2fetc%2fpasswd"):
        assert client.get(f"/api/photos/{number}{ending}").status_code in (404, 422)


def test_photos_that_look_alike_come_first(shown) -> None:
    photo = shown.photo("flower.jpg")
    found = shown.client.get(f"/api/photos/{photo}/similar?limit=3").json()
    assert Path(found[0]["path"]).name == "flower small.jpg"
    assert photo not in [each["photo"] for each in found]
    assert [each["score"] for each in found] == sorted((each["score"] for each in found), reverse=True)
    sure = shown.client.get(f"/api/photos/{photo}/similar?min_score=0.9").json()
    assert [each["photo"] for each in sure] == [found[0]["photo"]]


def test_words_are_given_and_taken(served) -> None:
    photo = served.photo("chelsea.png")
    told = served.client.post(f"/api/photos/{photo}/tags", json={"add": ["my  cat"], "remove": ["pet"]}).json()
    assert told["own_tags"] == ["my cat"]
    assert told["removed_tags"] == ["pet"]
    assert "pet" not in [tag["name"] for tag in told["tags"]]
    assert served.client.get("/api/search", params={"q": '"my cat"'}).json()["hits"][0]["photo"] == photo


def test_a_photo_whose_name_another_one_has_now_is_shown_and_changed_as_itself(served) -> None:
    old, new = served.photo("chelsea.png"), served.photo("flower.jpg")
    with served.site.library.writing() as connection:
        since = "replaced = id, missing_since = '2026-01-01T00:00:00+00:00'"
        connection.exec_driver_sql(f"UPDATE photos SET {since} WHERE id = ?", (old,))
        path = "path = (SELECT path FROM photos WHERE id = ?)"
        connection.exec_driver_sql(f"UPDATE photos SET {path} WHERE id = ?", (old, new))
    known = {each: served.client.get(f"/api/photos/{each}").json() for each in (old, new)}
    assert known[old]["path"] == known[new]["path"]
    assert [known[each]["replaced"] for each in (old, new)] == [True, False]
    assert [known[each]["photo"] for each in (old, new)] == [old, new]
    assert "cat" in [tag["name"] for tag in known[old]["tags"]]
    told = served.client.post(f"/api/photos/{old}/tags", json={"add": ["our tiger"], "remove": []}).json()
    assert (told["photo"], told["own_tags"]) == (old, ["our tiger"])
    served.client.post(f"/api/photos/{old}/rating", json={"rating": 5})
    served.client.post(f"/api/photos/{old}/hidden", json={"hidden": True})
    after = served.client.get(f"/api/photos/{new}").json()
    assert (after["own_tags"], after["rating"], after["hidden"]) == ([], None, False)
    (hit,) = served.client.get("/api/search", params={"q": "is:missing is:hidden"}).json()["hits"]
    assert (hit["photo"], hit["replaced"]) == (old, True)
    assert "replaced by another photo of the same name" in served.client.get(f"/photos/{old}").text


def test_stars_are_given_and_taken_away(served) -> None:
    photo = served.photo("flower.jpg")
    address = f"/api/photos/{photo}/rating"
    assert served.client.post(address, json={"rating": 4}).json()["rating"] == 4
    assert served.client.get("/api/search?q=rating:4").json()["total"] == 1
    assert not served.client.post(address, json={"rating": 0}).json()["rating"]


def test_a_hidden_photo_is_left_out_until_it_is_shown_again(served) -> None:
    photo = served.photo("flower.jpg")
    address = f"/api/photos/{photo}/hidden"
    assert served.client.post(address, json={"hidden": True}).json()["hidden"] is True
    assert photo not in [hit["photo"] for hit in served.client.get("/api/search").json()["hits"]]
    served.client.post(address, json={"hidden": False})
    assert photo in [hit["photo"] for hit in served.client.get("/api/search").json()["hits"]]


@pytest.mark.parametrize(
    ("ending", "body"),
    [
        ("tags", {"add": [""]}),
        ("tags", {"add": ["x" * 201]}),
        ("tags", {"add": ["ring\a"]}),
        ("tags", {"add": "word"}),
        ("tags", {"words": ["typo"]}),
        ("tags", {"add": ["a"] * 101}),
        ("rating", {"rating": 6}),
        ("rating", {"rating": -1}),
        ("rating", {"rating": "3"}),
        ("rating", {"rating": True}),
        ("hidden", {"hidden": "yes"}),
        ("hidden", {"hidden": 1}),
        ("rating", {}),
        ("hidden", {"hidden": "perhaps"}),
    ],
)
def test_what_cannot_be_said_changes_nothing(shown, ending: str, body: dict[str, object]) -> None:
    photo = shown.photo("flower.jpg")
    before = shown.client.get(f"/api/photos/{photo}").json()
    answer = shown.client.post(f"/api/photos/{photo}/{ending}", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert shown.client.get(f"/api/photos/{photo}").json() == before


def test_a_word_that_cannot_be_given_keeps_the_others_from_being_given(shown) -> None:
    photo = shown.photo("flower.jpg")
    answer = shown.client.post(f"/api/photos/{photo}/tags", json={"add": ["good", ""]})
    assert answer.status_code == 422
    assert shown.client.get(f"/api/photos/{photo}").json()["own_tags"] == []


def test_a_server_that_only_shows_changes_nothing(serve, tmp_path: Path) -> None:
    with serve(tmp_path, serve_read_only=True) as served:
        photo = served.photo("flower.jpg")
        for ending, body in (("tags", {"add": ["x"]}), ("rating", {"rating": 1}), ("hidden", {"hidden": True})):
            answer = served.client.post(f"/api/photos/{photo}/{ending}", json=body)
            assert answer.status_code == 403
            assert answer.json()["title"] == "Forbidden"
        assert served.client.post("/api/scan").status_code == 403
        assert served.client.get(f"/api/photos/{photo}").json()["own_tags"] == []


@pytest.mark.parametrize("half", ["\\ud800", "\\udfff", "dog \\udc80"])
def test_half_a_character_is_no_word(served, half: str) -> None:
    for what in ("add", "remove"):
        body = f'{{"{what}": ["{half}"]}}'
        answer = served.client.post("/api/photos/1/tags", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422
