"""The change log over HTTP: what users said is listed, undone, and done again."""

from __future__ import annotations

from typing import Any

import pytest


def said(served, path: str, body: Any = None, status: int = 200) -> Any:
    answer = served.client.post(f"/api/{path}", json=body, headers={"origin": str(served.client.base_url)})
    assert answer.status_code == status, answer.text
    return answer.json()


def listed(served, **query: Any) -> list[tuple[int, str, str, bool]]:
    answer = served.client.get("/api/history", params=query).json()
    return [(each["id"], each["kind"], each["about"], each["undone_at"] is not None) for each in answer["entries"]]


@pytest.fixture
def told(served) -> Any:
    """A photo with stars, two words at once, and hidden: three acts."""
    photo = served.photo("coffee")
    said(served, f"photos/{photo}/rating", {"rating": 4})
    said(served, f"photos/{photo}/tags", {"add": ["mug", "breakfast"]})
    said(served, f"photos/{photo}/hidden", {"hidden": True})
    return served, photo


def test_what_was_said_is_listed_newest_first(told) -> None:
    served, _ = told
    name = next(iter(served.client.get("/api/history").json()["entries"]))["about"].removeprefix("Hid ")
    assert listed(served) == [
        (3, "hidden", f"Hid {name}", False),
        (2, "words", f"Tagged {name} 'mug', 'breakfast'", False),
        (1, "rating", f"Rated {name} 4 stars", False),
    ]
    assert listed(served, kind="rating") == listed(served)[2:]
    assert listed(served, limit=1, offset=1) == listed(served)[1:2]
    whole = served.client.get("/api/history", params={"kind": "words"}).json()
    assert (whole["total"], whole["entries"][0]["photos"], whole["entries"][0]["undoes"]) == (1, 1, None)
    assert whole["entries"][0]["at"].endswith("+00:00")


def test_the_newest_act_or_any_is_undone_and_done_again(told) -> None:
    served, photo = told
    first = said(served, "undo")
    assert (first["undone"].split()[0], first["again"], first["id"]) == ("Hid", False, 4)
    assert said(served, "undo", {"id": 1})["undone"].startswith("Rated")
    known = served.client.get(f"/api/photos/{photo}").json()
    assert (known["rating"], known["hidden"], known["own_tags"]) == (None, False, ["breakfast", "mug"])
    again = said(served, "undo", {"id": 5})
    assert (again["undone"].split()[0], again["again"]) == ("Rated", True)
    assert said(served, "undo", {"id": None})["undone"].startswith("Tagged")
    assert said(served, "undo", {})["undone"].startswith("Rated")
    assert said(served, "undo") == {"undone": None, "again": False, "id": None}
    assert served.client.get(f"/api/photos/{photo}").json()["own_tags"] == []


def test_undo_of_people_leaves_the_rest(told) -> None:
    served, _ = told
    assert said(served, "people/undo")["undone"] is None
    assert len(listed(served)) == 3


def test_a_later_act_on_the_same_is_named(told) -> None:
    served, photo = told
    said(served, f"photos/{photo}/rating", {"rating": 5})
    assert "entry 4 changed the same since" in said(served, "undo", {"id": 1}, status=409)["detail"]
    assert "no entry 99" in said(served, "undo", {"id": 99}, status=409)["detail"]
    for wrong in ({"id": 0}, {"id": "1"}, {"number": 1}):
        said(served, "undo", wrong, status=422)


def test_the_list_is_not_sent_again_until_something_is_said(told) -> None:
    served, photo = told
    tag = served.client.get("/api/history").headers["etag"]
    assert served.client.get("/api/history", headers={"if-none-match": tag}).status_code == 304
    said(served, f"photos/{photo}/rating", {"rating": 5})
    assert served.client.get("/api/history", headers={"if-none-match": tag}).status_code == 200


def test_a_server_that_only_shows_undoes_nothing(serve, tmp_path) -> None:
    with serve(tmp_path, serve_read_only=True) as served:
        assert served.client.get("/api/history").json() == {"total": 0, "entries": []}
        said(served, "undo", status=403)
