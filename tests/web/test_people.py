"""People over HTTP: named, merged, parted, moved, hidden, grouped; and all of it undone."""

from __future__ import annotations

from typing import Any

import pytest

from indexer.library.people.corrections import give_faces


@pytest.fixture
def two(served) -> tuple[Any, int, int, list[int]]:
    """Anna with one face, Ben with the others; the numbers of both and of the faces."""
    library = served.site.library
    with library.reading() as connection:
        faces = list(connection.exec_driver_sql("SELECT id FROM faces ORDER BY id").scalars())
    assert len(faces) >= 2
    with library.writing() as connection:
        anna, ben = give_faces(connection, faces[:1], "Anna"), give_faces(connection, faces[1:], "Ben")
    return served, anna, ben, faces


def said(served, path: str, body: Any = None, status: int = 200) -> Any:
    answer = served.client.post(f"/api/{path}", json=body, headers={"origin": str(served.client.base_url)})
    assert answer.status_code == status, answer.text
    return answer.json()


def asked(served, path: str, status: int = 200, **query: Any) -> Any:
    answer = served.client.get(f"/api/{path}", params=query)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_people_are_listed_with_the_face_that_shows_each_best(two) -> None:
    served, anna, ben, faces = two
    found = asked(served, "people")
    assert found["total"] == len(found["people"])
    people = {each["person"]: each for each in found["people"]}
    assert people[anna] == {
        "person": anna, "name": "Anna", "faces": 1, "photos": 1, "hidden": False, "cover": faces[0],
    }  # fmt: skip
    assert people[ben]["cover"] in faces[1:]
    assert [each["faces"] for each in found["people"]] == sorted((e["faces"] for e in found["people"]), reverse=True)
    assert asked(served, "people", limit=1, offset=1)["people"] == found["people"][1:2]
    assert {each["name"] for each in asked(served, "people", named=True)["people"]} == {"Anna", "Ben"}


def test_a_person_shows_the_faces_a_page_at_a_time(two) -> None:
    served, anna, ben, faces = two
    whole = asked(served, f"people/{ben}")
    assert (whole["name"], whole["face_count"]) == ("Ben", len(faces) - 1)
    assert {each["face"] for each in whole["faces"]} == set(faces[1:])
    assert asked(served, f"people/{ben}", limit=1, offset=1)["faces"] == whole["faces"][1:2]
    (face,) = asked(served, f"people/{anna}")["faces"]
    assert face["person"] == anna
    assert face["by_user"] is True
    assert asked(served, f"photos/{face['photo']}")["path"] == face["path"]


def test_a_list_is_not_sent_again_until_something_changes(two) -> None:
    served, anna, *_ = two
    for path in ("/api/people", f"/api/people/{anna}"):
        tag = served.client.get(path).headers["etag"]
        assert served.client.get(path, headers={"if-none-match": tag}).status_code == 304
        said(served, f"people/{anna}/name", {"name": f"A {path[-1]}"})
        assert served.client.get(path, headers={"if-none-match": tag}).status_code == 200


def test_a_name_is_given_taken_and_refused_where_somebody_has_it(two) -> None:
    served, anna, ben, faces = two
    assert said(served, f"people/{anna}/name", {"name": " Änne "})["name"] == "Änne"
    assert said(served, f"people/{anna}/name", {"name": ""})["name"] is None
    problem = said(served, f"people/{anna}/name", {"name": "BEN"}, status=409)
    assert (problem["status"], problem["person"]) == (409, ben)
    assert said(served, f"people/{anna}/name", {"name": "BEN", "merge": True})["person"] == ben
    assert asked(served, f"people/{ben}")["face_count"] == len(faces)
    asked(served, f"people/{anna}", status=404)
    said(served, f"people/{ben}/name", {"name": "123"}, status=422)


def test_people_are_merged_split_hidden_and_faces_moved(two) -> None:
    served, anna, ben, faces = two
    assert said(served, "people/merge", {"people": [ben, anna]})["faces"] == len(faces)
    new = said(served, f"people/{ben}/split", {"faces": faces[:1]})
    assert (new["name"], new["faces"]) == (None, 1)
    eve = said(served, "faces/move", {"faces": faces[:1], "to": "Eve"})
    assert (eve["name"], eve["faces"]) == ("Eve", 1)
    assert said(served, "faces/move", {"faces": faces[:1], "to": str(ben)})["faces"] == len(faces)
    assert said(served, f"people/{ben}/hide", {"hidden": True})["hidden"] is True
    assert ben not in [each["person"] for each in asked(served, "people")["people"]]
    assert ben in [each["person"] for each in asked(served, "people", hidden=True)["people"]]


def test_everything_is_undone_one_after_the_other(two) -> None:
    served, anna, ben, _ = two
    before = asked(served, "people")
    said(served, "people/merge", {"people": [anna, ben]})
    said(served, f"people/{anna}/hide", {"hidden": True})
    assert asked(served, "people/undo") == {"about": "Hid Anna"}
    assert said(served, "people/undo")["undone"] == "Hid Anna"
    assert said(served, "people/undo")["undone"] == "Merged Ben into Anna"
    assert asked(served, "people") == before
    assert said(served, "people/undo")["undone"] == "Moved 1 face to Ben"
    assert said(served, "people/undo")["undone"] == "Moved 1 face to Anna"
    assert said(served, "people/undo")["undone"] is None
    assert asked(served, "people/undo") == {"about": None}


def test_what_cannot_be_undone_any_more_says_so(two) -> None:
    served, _, ben, _ = two
    with served.site.library.writing() as connection:
        connection.exec_driver_sql("DELETE FROM people WHERE id = ?", (ben,))
    assert "can no longer be undone" in said(served, "people/undo", status=409)["detail"]


def test_faces_that_are_nobodys_are_grouped(served) -> None:
    done = said(served, "people/cluster")
    assert set(done) == {"joined", "people", "grouped", "left", "unfit"}
    with served.site.library.reading() as connection:
        total = connection.exec_driver_sql("SELECT count(*) FROM descriptors").scalar()
    assert sum(done[name] for name in ("joined", "grouped", "left", "unfit")) <= total


def test_two_groupings_at_once_are_one_too_many(served) -> None:
    with served.client.app.state.background.grouping:
        answer = served.client.post("/api/people/cluster", headers={"origin": str(served.client.base_url)})
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("people/9999/name", {"name": "X"}, 404),
        ("people/9999/hide", {"hidden": True}, 404),
        ("people/9999/split", {"faces": [1]}, 404),
        ("people/merge", {"people": [1, 9999]}, 404),
        ("people/merge", {"people": [1]}, 422),
        ("people/1/split", {"faces": ["1"]}, 422),
        ("people/1/refuse", {"faces": [True]}, 422),
        ("people/1/hide", {"hidden": 1}, 422),
        ("faces/move", {"faces": [9999], "to": "X"}, 404),
        ("faces/move", {"faces": [1], "to": "9999"}, 404),
        ("faces/move", {"faces": [1], "to": ""}, 422),
        ("faces/move", {"faces": [1], "to": "a\u0000b"}, 422),
        ("faces/move", {"faces": [], "to": "X"}, 422),
        ("faces/move", {"faces": [2**70], "to": "X"}, 422),
        ("people/1/name", {"name": "x" * 201}, 422),
        ("people/1/name", {"name": "X", "more": 1}, 422),
        ("people/x/name", {"name": "X"}, 422),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(two, path: str, body: Any, status: int) -> None:
    served, *_ = two
    before = asked(served, "people")
    problem = said(served, path, body, status)
    assert problem["status"] == status
    assert problem["detail"]
    assert asked(served, "people") == before


def test_all_faces_of_a_person_cannot_be_split(two) -> None:
    served, anna, _, faces = two
    assert "leave at least one" in said(served, f"people/{anna}/split", {"faces": faces[:1]}, status=422)["detail"]
    said(served, f"people/{anna}/split", {"faces": faces[1:2]}, status=422)


def test_a_face_that_is_named_twice_is_moved_once(served) -> None:
    assert served.client.post("/api/faces/move", json={"faces": [1, 1, 1], "to": "Zoe"}).json()["faces"] == 1
    assert served.client.get("/api/people/undo").json()["about"] == "Moved 1 face to Zoe"


def test_faces_that_may_be_a_persons_are_offered_until_they_are_refused(two) -> None:
    served, anna, _, faces = two
    offered = asked(served, f"people/{anna}/similar", threshold=100)
    assert (offered["person"], offered["name"]) == (anna, "Anna")
    assert {each["face"] for each in offered["matches"]} == set(faces[1:])
    best = offered["matches"][0]
    assert {"photo", "path", "away", "face", "box", "distance", "probability", "person", "name"} == set(best)
    assert len(asked(served, f"people/{anna}/similar", threshold=100, limit=1)["matches"]) == 1
    assert said(served, f"people/{anna}/refuse", {"faces": [best["face"]]})["faces"] == 1
    assert best["face"] not in [
        each["face"] for each in asked(served, f"people/{anna}/similar", threshold=100)["matches"]
    ]
    assert said(served, "people/undo")["undone"] == "Rejected 1 face for Anna"
    assert asked(served, f"people/{anna}/similar", threshold=100) == offered
    asked(served, "people/9999/similar", status=404)


def test_faces_that_are_refused_are_nobodys(two) -> None:
    served, _, ben, faces = two
    person = said(served, f"people/{ben}/refuse", {"faces": faces[1:]})
    assert (person["name"], person["faces"]) == ("Ben", 0)
    said(served, f"people/{ben}/refuse", {"faces": [999_999]}, status=404)
    said(served, "people/9999/refuse", {"faces": faces[:1]}, status=404)
