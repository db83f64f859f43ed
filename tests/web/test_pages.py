"""The pages as the server sends them: titles, links, use without scripts, and names that try to be HTML."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from indexer.web.filters import months, placed_copies, shape, size
from indexer.web.rendering import FOLDER, STATIC, static

if TYPE_CHECKING:
    from conftest import Home, Serve, Served

PAGES = [
    "/",
    "/?q=cat",
    "/?q=zzz",
    "/?q=(",
    "/photos/1",
    "/people",
    "/people/1",
    "/tags",
    "/duplicates",
    "/status",
    "/look",
    "/api",
]
HOSTILE = '<script>alert("x")</script>&\'"><img src=x onerror=alert(1)>'
_HTML = {"accept": "text/html"}


class Parts(HTMLParser):
    """The elements of a page: name and attributes, in order; and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [
            had
            for name, had in self.elements
            if name == tag and all(had.get(key) == value for key, value in wanted.items())
        ]

    def with_class(self, name: str) -> list[dict[str, str]]:
        return [had for _, had in self.elements if name in had.get("class", "").split()]


def page(served: Served, address: str, status: int = 200) -> Parts:
    answer = served.client.get(address, headers=_HTML)
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"].startswith("text/html")
    return Parts(answer.text)


def give(served: Served, file: str, name: str) -> int:
    """Say whose the face in a photo is; return the number of the person."""
    (face,) = served.client.get(f"/api/photos/{served.photo(file)}").json()["faces"]
    told = served.client.post("/api/faces/move", json={"faces": [face["face"]], "to": name})
    assert told.status_code == 200, told.text
    return int(told.json()["person"])


@pytest.fixture(scope="module")
def peopled(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An application whose library has a person without a name, and Grace, who came later."""
    with serve(tmp_path_factory.mktemp("peopled")) as served:
        nobody = give(served, "astronaut.png", "Ada")
        served.client.post(f"/api/people/{nobody}/name", json={"name": ""})
        give(served, "grace_hopper.jpg", "Grace")
        yield served


@pytest.fixture
def crowded(serve: Serve, home: Home, tmp_path: Path) -> Iterator[Served]:
    """An application of 100 photos, whose files, tags and people have names that try to be HTML."""
    shutil.copy(home.library, tmp_path / "library.sqlite")
    with closing(sqlite3.connect(tmp_path / "library.sqlite")) as library, library:
        library.execute("CREATE TEMP TABLE one AS SELECT * FROM photos WHERE width > 0 LIMIT 1")
        for number in range(1000, 1100):
            name = f"{HOSTILE} {number}.jpg".replace("/", "∕")
            library.execute("UPDATE one SET id = ?, path = ?, path_text = ?", (number, name.encode(), name))
            library.execute("INSERT INTO photos SELECT * FROM one")
        library.execute("UPDATE tags SET name = ? WHERE name = 'cat'", (HOSTILE,))
    with serve(tmp_path) as served:
        give(served, "grace_hopper.jpg", HOSTILE)
        yield served


@pytest.mark.parametrize("address", PAGES)
def test_a_page_has_a_title_one_heading_and_a_way_to_its_content(peopled: Served, address: str) -> None:
    found = page(peopled, address, 400 if address == "/?q=(" else 200)
    assert len(found.all("title")) == len(found.all("h1")) == len(found.all("main", id="main")) == 1
    assert found.all("a", href="#main")
    assert found.all("html", lang="en")
    assert found.all("meta", name="csrf-token")
    assert found.all("input", id="query", name="q")


@pytest.mark.parametrize("address", PAGES)
def test_a_page_has_no_script_style_or_handler_of_its_own(peopled: Served, address: str) -> None:
    found = page(peopled, address, 400 if address == "/?q=(" else 200)
    assert not found.all("style")
    assert all(had.get("src", "").startswith("/static/") for had in found.all("script"))
    for tag, had in found.elements:
        assert not [name for name in had if name == "style" or name.startswith("on")], tag


@pytest.mark.parametrize("address", PAGES)
def test_what_a_page_names_is_there(peopled: Served, address: str) -> None:
    found = page(peopled, address, 400 if address == "/?q=(" else 200)
    icons = {had["id"] for had in found.all("symbol")}
    assert {had["href"].removeprefix("#") for had in found.all("use")} <= icons
    named = [had["src"] for had in found.all("script")] + [had["href"] for had in found.all("link", rel="stylesheet")]
    for each in named:
        assert peopled.client.get(each).status_code == 200, each
    ids = [had["id"] for _, had in found.elements if "id" in had]
    assert len(ids) == len(set(ids))


def test_scripts_name_icons_and_files_that_are_there() -> None:
    icons = set(re.findall(r'id="i-(\w+)"', (FOLDER / "templates" / "icons.svg").read_text()))
    for script in (STATIC / "js").glob("*.js"):
        text = script.read_text()
        assert set(re.findall(r'icon\("(\w+)"\)', text)) <= icons, script
        for name in re.findall(r'from "\./([\w.]+)"', text):
            assert (STATIC / "js" / name).is_file(), script


def test_no_script_is_loaded_twice_under_two_addresses() -> None:
    # A page's own script has its version in the address; another that imported it would make a second of it.
    pages = "".join(each.read_text() for each in (FOLDER / "templates").glob("*.html"))
    entries = set(re.findall(r"static\('js/([\w.]+)'\)", pages))
    imported = {
        name for each in (STATIC / "js").glob("*.js") for name in re.findall(r'from "\./([\w.]+)"', each.read_text())
    }
    assert entries
    assert not entries & imported


def test_the_grid_is_of_use_without_scripts(crowded: Served) -> None:
    first = page(crowded, "/")
    tiles = first.with_class("tile")
    assert len(tiles) == 60
    assert [had["data-at"] for had in tiles[:3]] == ["0", "1", "2"]
    assert all(re.fullmatch(r"/photos/\d+\?sort=date&at=\d+", had["href"]) for had in tiles)
    pictures = [had for had in first.all("img") if "thumbnail" in had["src"]]
    assert all(int(had["width"]) and int(had["height"]) and "srcset" in had for had in pictures)
    (onward,) = first.all("a", rel="next")
    second = page(crowded, onward["href"])
    assert second.with_class("tile")[0]["data-at"] == "60"
    assert second.all("a", rel="prev")


def test_months_stand_above_photos_by_date_and_years_where_months_are_nearly_empty(
    shown: Served, crowded: Served
) -> None:
    headings = [line for line in page(shown, "/").text.splitlines() if re.fullmatch(r"([A-Z][a-z]+ )?20\d\d", line)]
    assert headings == ["2024", "2023", "2009"]
    assert "August 2023" in page(crowded, "/").text
    assert "August 2023" not in page(crowded, "/?q=cat&sort=score").text


def test_photos_without_a_date_have_a_heading_of_their_own() -> None:
    hits = [{"taken_at": "2024-05-03T10:20:30"}, {"taken_at": "2024-05-01T10:20:30"}, {"taken_at": None}]
    assert [(group["title"], group["first"]) for group in months(hits, "date")] == [("May 2024", 0), ("No date", 2)]
    assert [group["title"] for group in months(hits, "date", yearly=True)] == ["2024", "No date"]
    assert [group["title"] for group in months(hits, "score")] == [""]


def test_a_search_shows_what_was_found_and_keeps_what_was_typed(shown: Served) -> None:
    found = page(shown, "/?q=cat")
    (box,) = found.all("input", id="query")
    assert box["value"] == "cat"
    assert len(found.with_class("tile")) == 2
    assert all("cat" in had["aria-label"] for had in found.with_class("tile"))


def test_what_finds_nothing_leads_to_words_that_do(shown: Served) -> None:
    found = page(shown, "/?q=catt")
    assert "Nothing found" in found.text
    assert "/?q=cat" in [had.get("href") for had in found.with_class("chip")]


def test_what_cannot_be_understood_is_said(shown: Served) -> None:
    assert "camera" in page(shown, "/?q=camra:nikon", 400).text
    assert "near:" in page(shown, "/?q=cat&sort=distance", 400).text


def test_names_are_text_wherever_they_stand(crowded: Served) -> None:
    addresses = ["/", f"/?q={'%3Cscript%3Ealert(1)%3C/script%3E'}", "/photos/1000", "/tags", "/people", "/people/1"]
    faces = [had["data-photo"] for had in page(crowded, "/?q=faces:1%2B").with_class("tile")]
    for address in [
        *addresses,
        "/duplicates?identical=true",
        *(f"/photos/{number}?q={HOSTILE}&at=1" for number in faces[:1]),
    ]:
        answer = crowded.client.get(address, headers=_HTML)
        found = Parts(answer.text)
        assert all(had.get("src", "").startswith("/static/") for had in found.all("script")), address
        assert not [had for _, had in found.elements if any(name.startswith("on") for name in had)], address
        assert not found.all("img", src="x"), address


def test_a_photo_is_shown_with_what_is_known_of_it(shown: Served) -> None:
    number = shown.photo("grace_hopper.jpg")
    found = page(shown, f"/photos/{number}?q=faces:1%2B&at=0")
    (picture,) = found.all("img", id="picture")
    assert picture["src"] == f"/api/photos/{number}/thumbnail?side=1600"
    assert picture["alt"].startswith("grace_hopper.jpg: ")
    (box,) = [had for had in found.with_class("box") if "data-face" in had]
    assert box["href"].endswith(f"face={box['data-face']}")
    assert found.all("a", id="after")
    assert not found.all("a", id="before")
    assert found.all("a", href=f"/api/photos/{number}/original")


def test_neighbors_are_those_of_the_search(shown: Served) -> None:
    tiles = page(shown, "/?q=faces:0").with_class("tile")
    found = page(shown, tiles[1]["href"])
    (before,), (after,) = found.all("a", id="before"), found.all("a", id="after")
    assert before["href"] == tiles[0]["href"]
    assert after["href"] == tiles[2]["href"]
    assert parse_qs(urlsplit(after["href"]).query) == {"q": ["faces:0"], "sort": ["date"], "at": ["2"]}


def test_a_place_is_shown_only_where_there_is_one(shown: Served) -> None:
    placed = page(shown, f"/photos/{shown.photo('far away.jpg')}")
    assert placed.with_class("world")
    (outside,) = [had["href"] for had in placed.all("a") if had.get("href", "").startswith("https://")]
    assert outside.startswith("https://www.openstreetmap.org/")
    assert "external site" in placed.text
    assert not page(shown, f"/photos/{shown.photo('coffee.png')}").with_class("world")


def test_a_photo_that_failed_says_why(shown: Served) -> None:
    (failed,) = shown.client.get("/api/failures").json()["failures"]
    assert failed["reason"] in page(shown, f"/photos/{failed['photo']}").text


def test_people_with_a_name_stand_first(peopled: Served) -> None:
    cards = page(peopled, "/people").with_class("person")
    assert [had["data-name"] for had in cards] == ["Grace", ""]
    links = [had.get("href") for had in page(peopled, f"/people/{cards[0]['data-person']}").with_class("button")]
    assert "/?q=person%3A%22Grace%22" in links


def test_a_page_that_only_shows_has_nothing_to_write_with(peopled: Served, serve: Serve, tmp_path: Path) -> None:
    with closing(sqlite3.connect(peopled.site.config.library_file)) as library:
        library.execute("VACUUM INTO ?", (str(tmp_path / "library.sqlite"),))
    with serve(tmp_path, serve_read_only=True) as served:
        for address in ("/photos/1", "/people", "/people/1", "/status"):
            found = page(served, address)
            assert {had["id"] for had in found.all("form")} == {"search"}, address
            assert not found.all("input", type="checkbox")
            assert "read-only" in found.text
            assert not {had.get("id") for had in found.all("button")} & {"scan", "merge", "cluster", "hide", "split"}


def test_a_missing_photo_offers_no_file_and_one_that_is_gone_since_is_told_on_a_page(
    serve: Serve, home: Home, tmp_path: Path
) -> None:
    shutil.copy(home.library, tmp_path / "library.sqlite")
    with closing(sqlite3.connect(tmp_path / "library.sqlite")) as library, library:
        library.execute("UPDATE photos SET missing_since = '2024-01-01T00:00:00' WHERE path_text LIKE '%coffee%'")
        library.execute("UPDATE photos SET size = size + 1 WHERE path_text LIKE '%grace_hopper%'")
        (missing,) = library.execute("SELECT id FROM photos WHERE path_text LIKE '%coffee.png'").fetchone()
    with serve(tmp_path) as served:
        assert not page(served, f"/photos/{missing}").all("a", href=f"/api/photos/{missing}/original")
        original = f"/api/photos/{served.photo('grace_hopper.jpg')}/original"
        assert page(served, original, 410).all("a", href="/")
        assert served.client.get(original).headers["content-type"] == "application/problem+json"


def test_hidden_photos_are_told_where_nothing_is_found(serve: Serve, home: Home, tmp_path: Path) -> None:
    shutil.copy(home.library, tmp_path / "library.sqlite")
    with serve(tmp_path) as served:
        assert not page(served, "/?q=zzz").all("a", href="/?q=is:hidden")
        served.client.post("/api/photos/1/hidden", json={"hidden": True})
        assert page(served, "/?q=zzz").all("a", href="/?q=is:hidden")
        assert "1 photo is hidden" in page(served, "/?q=zzz").text


def test_the_folder_that_copies_share_is_told_once() -> None:
    group = {"best": {"path": "/p/a/1.jpg"}, "others": [{"path": "/p/a/.b/2.jpg"}, {"path": "/p/a/3.jpg"}]}
    assert placed_copies(group) == {"folder": "/p/a", "below": ["", ".b", ""]}


def test_what_is_not_there_is_a_page_for_people(shown: Served) -> None:
    for address in ("/photos/9999", "/people/9999", "/nothing"):
        assert page(shown, address, 404).all("a", href="/")


@pytest.mark.parametrize(
    ("width", "height", "step"), [(3000, 2000, 41), (2000, 3000, 20), (9000, 1000, 66), (None, None, 41)]
)
def test_the_shape_of_a_photo_is_a_step_of_the_style_sheet(width: int | None, height: int | None, step: int) -> None:
    assert shape({"width": width, "height": height}) == step
    steps = dict(re.findall(r"\.r(\d+) \{ --r: ([\d.]+); \}", (STATIC / "css" / "ratios.css").read_text()))
    assert len(steps) == 67
    if width and height:
        assert float(steps[str(step)]) == pytest.approx(min(width / height, 3.993), rel=0.02)


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (2576730, "2.6 MB"), (25e9, "25 GB")]
)
def test_bytes_are_said_as_people_read_them(number: float, said: str) -> None:
    assert size(number) == said


def test_the_address_of_a_file_changes_with_what_is_in_it() -> None:
    assert re.fullmatch(r"/static/js/frame\.js\?v=[0-9a-f]{12}", static("js/frame.js"))
