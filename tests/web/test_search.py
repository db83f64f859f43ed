"""Searching over HTTP: photos, months, suggestions, words and copies, as the command line tells them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from time import sleep
from typing import Any
from urllib.parse import urlsplit

import pytest

from indexer.library.people.corrections import give_faces
from indexer.web.api.parameters import order_of_text
from indexer.web.site import Site


@pytest.fixture(scope="module")
def told(home, tmp_path_factory):
    """What the command line prints of the same library: told("search", "cat")."""

    def tell(*arguments: str, style: tuple[str, ...] = ("--format", "json")) -> Any:
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path_factory.getbasetemp()),
            "INDEXER_MODELS_FOLDER": str(home.models),
            "INDEXER_LIBRARY": str(home.library),
        }
        command = [sys.executable, "-m", "indexer", *arguments, *style]
        return json.loads(subprocess.run(command, env=environ, capture_output=True, check=True).stdout)

    return tell


def names(hits: list[dict[str, Any]]) -> list[str]:
    return [Path(hit["path"]).name for hit in hits]


def test_a_search_tells_what_the_command_line_tells(client, told) -> None:
    found = client.get("/api/search", params={"q": "cat"}).json()
    assert found["hits"] == told("search", "cat")
    assert (found["query"], found["total"], found["next"], found["hints"]) == ("cat", 2, None, [])


def test_without_words_all_photos_are_found_newest_first(client) -> None:
    found = client.get("/api/search").json()
    assert found["total"] == len(found["hits"]) == 9
    assert names(found["hits"])[0] == "far away.jpg"
    dates = [hit["taken_at"][:10] for hit in found["hits"]]
    assert dates == sorted(dates, reverse=True)


def test_pages_follow_each_other_by_their_next(client) -> None:
    address, seen = "/api/search?limit=4&sort=path", []
    while address:
        page = client.get(address).json()
        seen += page["hits"]
        assert page["offset"] + len(page["hits"]) == len(seen)
        assert page["next"] is None or urlsplit(page["next"]).netloc == ""
        address = page["next"]
    assert seen == client.get("/api/search?sort=path").json()["hits"]
    assert len(seen) == 9


@pytest.mark.parametrize(
    ("month", "expected"), [("2024-05", ["far away.jpg"]), ("2009-02", ["cat again.png", "chelsea.png"]), ("none", [])]
)
def test_a_month_is_a_further_condition(client, month: str, expected: list[str]) -> None:
    found = client.get("/api/search", params={"month": month}).json()
    assert names(found["hits"]) == expected
    assert found["query"] == ""


def test_the_months_are_those_of_the_search(client) -> None:
    everything = client.get("/api/timeline").json()
    assert everything == {
        "total": 9,
        "months": [
            {"month": "2024-05", "photos": 1},
            {"month": "2023-08", "photos": 6},
            {"month": "2009-02", "photos": 2},
        ],
    }
    cats = client.get("/api/timeline", params={"q": "cat"}).json()
    assert cats == {"total": 2, "months": [{"month": "2009-02", "photos": 2}]}


def test_nearby_photos_come_with_their_distance(client) -> None:
    found = client.get("/api/search", params={"q": "near:41.9,12.5,50", "sort": "distance"}).json()
    assert names(found["hits"]) == ["far away.jpg"]
    assert 0 < found["hits"][0]["distance_km"] < 5


def test_what_finds_nothing_says_why(client) -> None:
    found = client.get("/api/search", params={"q": "caat"}).json()
    assert found["total"] == 0
    (hint,) = found["hints"]
    assert hint["text"].startswith("No photo is tagged 'caat'. Similar tags: cat")
    assert hint["instead"][0] == {"text": "cat", "query": "cat"}
    instead = client.get("/api/search", params={"q": "caat -dog"}).json()["hints"][0]["instead"]
    assert instead[0] == {"text": "cat", "query": "cat -dog"}


def test_less_sure_matches_are_offered_found_and_marked(client) -> None:
    sure = client.get("/api/search", params={"q": "person"}).json()
    assert sure["less_sure"] == "person score:0.."
    assert not any(why["less_sure"] for hit in sure["hits"] for why in hit["why"])
    wider = client.get("/api/search", params={"q": sure["less_sure"]}).json()
    assert wider["hits"][: sure["total"]] == sure["hits"]
    assert {why["less_sure"] for hit in wider["hits"][sure["total"] :] for why in hit["why"]} <= {True}
    assert wider["less_sure"] is None
    assert client.get("/api/search", params={"q": "person", "min_score": 0}).json()["total"] == wider["total"]
    assert client.get("/api/search", params={"q": "faces:1"}).json()["less_sure"] is None


def instead(client, query: str) -> dict[str, str]:
    hints = client.get("/api/search", params={"q": query}).json()["hints"]
    return {each["text"]: each["query"] for hint in hints for each in hint["instead"]}


def test_words_that_are_no_tags_may_be_people_dates_or_files(served) -> None:
    with served.site.library.writing() as connection:
        (face, *_) = connection.exec_driver_sql("SELECT id FROM faces ORDER BY id").scalars()
        give_faces(connection, [face], "Hugo Boss")
    offered = 'person:"Hugo Boss"'
    assert instead(served.client, "hugo")[offered] == offered
    assert instead(served.client, "HUGO boss -cat")[offered] == f"{offered} -cat"
    assert instead(served.client, "2023")["date:2023"] == "date:2023"
    assert instead(served.client, "2023-08")["date:2023-08"] == "date:2023-08"
    assert instead(served.client, "aug")["date:august"] == "date:august"
    assert instead(served.client, "grace_hop")["path:grace_hop"] == "path:grace_hop"
    assert "date:1987" not in instead(served.client, "1987")
    assert served.client.get("/api/search", params={"q": "date:august"}).json()["total"]


def test_photos_that_would_be_found_were_they_not_hidden_are_told(served) -> None:
    photo = served.photo("grace_hopper")
    for what, body in (("rating", {"rating": 4}), ("hidden", {"hidden": True})):
        headers = {"origin": str(served.client.base_url)}
        assert served.client.post(f"/api/photos/{photo}/{what}", json=body, headers=headers).status_code == 200
    (hint,) = served.client.get("/api/search", params={"q": "rating:4+"}).json()["hints"]
    assert hint["text"].startswith("1 hidden photo matches")
    (other,) = hint["instead"]
    assert other["text"] == "hidden"
    assert names(served.client.get("/api/search", params={"q": other["query"]}).json()["hits"]) == ["grace_hopper.jpg"]


@pytest.mark.parametrize(
    ("query", "order"),
    [("", "date"), ("date:2009", "date"), ("-cat", "date"), ("cat", "score"), ("date:2009 (cat | dog)", "score")],
)
def test_photos_that_all_match_alike_come_by_date(site: Site, query: str, order: str) -> None:
    assert order_of_text(site, None, query) == order
    assert order_of_text(site, "path", query) == "path"
    assert order_of_text(site, None, f"{query} (") == "score"


@pytest.mark.parametrize(
    ("parameters", "status", "words"),
    [
        ({"q": "(cat"}, 400, "there is no matching ')'"),
        ({"q": "nonsense:7"}, 400, "nonsense"),
        ({"sort": "distance"}, 400, "near:"),
        ({"sort": "size"}, 422, "sort"),
        ({"limit": "0"}, 422, "limit"),
        ({"limit": "501"}, 422, "limit"),
        ({"offset": "-1"}, 422, "offset"),
        ({"month": "2024-13"}, 422, "month"),
        ({"min_score": "nan"}, 422, "min_score"),
        ({"q": "x" * 2001}, 422, "q"),
    ],
)
def test_what_cannot_be_asked_is_a_problem(client, parameters: dict[str, str], status: int, words: str) -> None:
    answer = client.get("/api/search", params=parameters)
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]


def test_a_misspelled_query_says_where(client) -> None:
    assert client.get("/api/search", params={"q": "cat (dog"}).json()["position"] == 5
    problem = client.get("/api/search", params={"q": "cat nonsense:7"}).json()
    assert f"at {problem['position']}," in problem["detail"]


def test_an_answer_that_is_known_is_not_sent_again_until_something_changes(served) -> None:
    first = served.client.get("/api/search?q=cat")
    known = {"If-None-Match": first.headers["etag"]}
    assert served.client.get("/api/search?q=cat", headers=known).status_code == 304
    assert served.client.get("/api/search?q=dog", headers=known).status_code == 200
    photo = first.json()["hits"][0]["photo"]
    served.client.post(f"/api/photos/{photo}/hidden", json={"hidden": True})
    again = served.client.get("/api/search?q=cat", headers=known)
    assert again.status_code == 200
    assert again.json()["total"] == 1


def test_another_program_that_writes_is_noticed(served, home, tmp_path: Path) -> None:
    assert served.client.get("/api/search?q=mine").json()["total"] == 0
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "INDEXER_LIBRARY": str(tmp_path / "library.sqlite")}
    command = [sys.executable, "-m", "indexer", "tag", "add", "mine", str(home.photos / "flower.jpg")]
    subprocess.run(command, env=environ, check=True, capture_output=True)
    assert served.client.get("/api/search?q=mine").json()["total"] == 1


def test_suggestions_complete_the_last_word(client) -> None:
    found = client.get("/api/suggest", params={"q": "flower ca", "limit": 5}).json()
    assert found[0] == {"kind": "tag", "text": "cat", "insert": "flower cat", "about": found[0]["about"], "photos": 2}
    assert len(found) <= 5


def test_words_come_with_their_photos(client, told) -> None:
    everything = client.get("/api/tags").json()
    assert everything["tags"] == told("tags")
    assert everything["total"] == len(everything["tags"])
    assert client.get("/api/tags?limit=2&offset=1").json()["tags"] == everything["tags"][1:3]


def test_copies_are_those_of_the_command_line(client, told) -> None:
    for _ in range(600):  # a process of its own looks for them
        found = client.get("/api/duplicates").json()
        if found["state"] == "ready":
            break
        sleep(0.1)
    assert (found["state"], found["total"]) == ("ready", 3)
    assert found["groups"] == told("duplicates")
    same = client.get("/api/duplicates?identical=true").json()
    assert same["groups"] == told("duplicates", "--identical")
    assert client.get("/api/duplicates?limit=1&offset=1").json()["groups"] == found["groups"][1:2]


def test_copies_are_looked_for_again_when_the_library_has_changed(served) -> None:
    groups = served.client.get("/api/duplicates?identical=true").json()["groups"]
    served.client.post(f"/api/photos/{groups[0]['best']['photo']}/hidden", json={"hidden": True})
    for _ in range(100):
        found = served.client.get("/api/duplicates?identical=true").json()
        if found["state"] == "ready":
            break
    assert found["groups"] == []


def test_an_empty_library_has_nothing_and_says_so(serve, tmp_path: Path) -> None:
    from indexer.library.store import Library

    Library.open(tmp_path / "library.sqlite").close()
    with serve(tmp_path) as served:
        found = served.client.get("/api/search").json()
        assert (found["total"], found["hits"]) == (0, [])
        assert "run 'indexer scan FOLDER' on the server's machine" in found["hints"][0]["text"]
        assert served.client.get("/api/timeline").json() == {"total": 0, "months": []}
        assert served.client.get("/api/tags").json() == {"total": 0, "tags": []}
        assert served.client.get("/api/duplicates").json()["groups"] == []
        assert served.client.post("/api/scan").status_code == 409
    shutil.rmtree(tmp_path / "thumbnails", ignore_errors=True)


@pytest.fixture
def disk(served, home, tmp_path: Path) -> Path:
    """A name for the folder of the photos, which the library knows it by; a link makes it there."""
    disk = tmp_path / "disk"
    with served.site.library.writing() as connection:
        path = f"{disk}/"
        connection.exec_driver_sql("UPDATE roots SET path = ?, path_text = ?", (path.encode(), path))
    return disk


def test_photos_in_folders_that_are_away_are_marked_and_can_be_left_out(served, disk: Path) -> None:
    found = served.client.get("/api/search?q=cat").json()
    assert found["total"]
    assert {hit["away"] for hit in found["hits"]} == {True}
    assert served.client.get("/api/search?q=cat is:away").json()["total"] == found["total"]
    assert served.client.get("/api/search?q=cat -is:away").json()["total"] == 0
    assert "folder not available" in served.client.get("/?q=cat").text


def test_an_answer_is_another_one_when_a_folder_comes_back(served, home, disk: Path) -> None:
    first = served.client.get("/api/search?q=cat")
    again = {"If-None-Match": first.headers["etag"]}
    assert served.client.get("/api/search?q=cat", headers=again).status_code == 304
    disk.symlink_to(home.photos)
    sleep(1.1)  # it looks once a second
    answer = served.client.get("/api/search?q=cat", headers=again)
    assert answer.status_code == 200
    assert {hit["away"] for hit in answer.json()["hits"]} == {False}
    assert "folder not available" not in served.client.get("/?q=cat").text


def test_the_status_says_which_folders_are_away(served, disk: Path) -> None:
    (folder,) = served.client.get("/api/status").json()["folders"]
    assert (folder["path"], folder["state"], folder["reason"]) == (str(disk), "away", "it does not exist (any more)")
    assert 'class="badge warn">away</span>' in served.client.get("/status").text
