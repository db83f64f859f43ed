"""Searches as a user types them: the query language, orders, formats, the page, and what is said of nothing."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest


def names(paths: list[dict[str, str]]) -> list[str]:
    return [Path(each["path"]).name for each in paths]


@pytest.mark.parametrize(
    ("query", "flags"),
    [
        ("cat", ["-k", "cat"]),
        ("cat animal", ["-k", "cat", "-k", "animal"]),
        ("cat | coffee", ["-k", "cat", "-k", "coffee", "--any"]),
        ("animal date:2000..2100-01", ["-k", "animal", "--after", "2000", "--before", "2100-01"]),
        ("person:nobody", ["--person", "nobody"]),
    ],
)
def test_flags_mean_the_same_as_the_query(scanned, query: str, flags: list[str]) -> None:
    assert (
        scanned.program("search", query, "-f", "json").stdout == scanned.program("search", *flags, "-f", "json").stdout
    )


def test_words_may_stand_without_quotes_and_fields_narrow(scanned) -> None:
    assert set(names(scanned.program.json("search", "cats", "animal", "type:png"))) == {"chelsea.png", "two\nlines.png"}
    assert scanned.program.json("search", "cats -type:png") == []
    assert names(scanned.program.json("search", "path:hopper width:100+ faces:1+")) == ["grace_hopper.jpg"]
    assert names(scanned.program.json("search", "is:failed")) == ["half.jpg"]


def test_orders_pages_and_counts(scanned) -> None:
    by_path = scanned.program.json("search", "width:1+", "--sort", "path")
    assert [each["path"] for each in by_path] == sorted(each["path"] for each in by_path)
    assert scanned.program.json("search", "width:1+", "--sort", "path", "--reverse") == by_path[::-1]
    assert scanned.program.json("search", "width:1+", "--sort", "path", "--limit", "2", "--offset", "1") == by_path[1:3]
    assert scanned.program("search", "width:1+", "--count").stdout == f"{len(by_path)}\n"
    assert scanned.program.json("search", "width:1+", "--count") == {"count": len(by_path)}
    assert "near:" in scanned.program("search", "cat", "--sort", "distance", code=2).stderr


def test_csv_has_titles_and_one_line_a_photo(scanned) -> None:
    records = scanned.program.json("search", "cat")
    rows = list(csv.DictReader(io.StringIO(scanned.program("search", "cat", "-f", "csv").stdout)))
    assert [row["path"] for row in rows] == [each["path"] for each in records]
    assert [json.loads(row["why"]) for row in rows] == [each["why"] for each in records]


def test_explain_names_the_classes_and_the_threshold(scanned) -> None:
    (first, *_) = scanned.program.json("search", "cat", "--explain")
    (why,) = first["explanation"]
    assert why["tag"] == "cat"
    assert why["classes"][0]["name"] == first["why"][0]["source"].partition(" (")[0]
    assert why["classes"][0]["score"] <= why["score"] + 0.001
    assert why["threshold"] is not None
    assert "minimum score" in scanned.program("search", "cat", "--explain").stdout


def test_explain_names_the_model_that_decided(scanned) -> None:
    (first, *_) = scanned.program.json("search", "cat", "--explain")
    assert first["explanation"][0]["model"].startswith("ssd-mobilenetv2-coco-")
    assert "(ssd-mobilenetv2-coco)" in scanned.program("search", "cat", "--explain").stdout
    (face, *_) = scanned.program.json("search", "portrait", "--explain")
    assert face["explanation"][0]["model"] is None


def test_only_words_that_a_model_gave_are_asked_for(scanned) -> None:
    found = scanned.program.json("search", "cat")
    assert scanned.program.json("search", "cat", "--model", "efficientnet-lite0") == found
    assert scanned.program.json("search", "cat model:efficientnet-lite0") == found
    assert scanned.program.json("search", "person", "--model", "efficientnet-lite0") == []
    said = scanned.program("search", "cat", "--model", "xray").stderr
    assert "No photo was tagged by a model 'xray'. Models: efficientnet-lite0, ssd-mobilenetv2-coco." in said


def test_the_page_has_all_pictures_in_it_and_is_the_same_every_time(scanned, tmp_path: Path) -> None:
    pages = [tmp_path / "one.html", tmp_path / "two.html"]
    for page in pages:
        scanned.program("search", "cat | person", "--html", page)
    text = pages[0].read_text()
    hits = scanned.program.json("search", "cat | person")
    assert text == pages[1].read_text()
    assert text.count("data:image/webp;base64,") == len(hits)
    assert text.count('<a href="file://') == len(hits)
    assert "<h1>cat | person</h1>" in text
    assert "two\\nlines.png" in text
    assert "caf%E9.jpg" in text
    assert not re.search(r'(src|href)="(?!data:|file:)', text)


def test_a_page_shows_markup_as_text_and_a_lost_photo_as_such(scanned, tmp_path: Path) -> None:
    from indexer.cli.html_page import write_page
    from indexer.errors import PhotoError
    from indexer.values.results import Hit

    def lost(path: Path) -> bytes:
        raise PhotoError(path, "read", "the <file> is gone")

    write_page(tmp_path / "page.html", 'a"<b>', [Hit(Path("/x/<i>&.jpg"), 1.0, ())], lost)
    text = (tmp_path / "page.html").read_text()
    assert "a&quot;&lt;b&gt;" in text
    assert "&lt;i&gt;&amp;.jpg" in text
    assert "the &lt;file&gt; is gone" in text
    assert "<i>" not in text
    assert "<b>" not in text


def test_an_unknown_word_leads_to_the_nearest_in_meaning(scanned) -> None:
    said = scanned.program("search", "cougar feline nurse").stderr
    assert "No photo is tagged 'nurse'." in said
    assert "Related tags: person." in said


def test_an_unknown_person_is_told(scanned) -> None:
    assert "Nobody is named 'alice'." in scanned.program("search", "person:alice").stderr


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("camra:nikon", 'unknown field "camra" at 1, did you mean camera?'),
        ("cat (dog", "there is no matching ')' for '(' at 5"),
    ],
)
def test_what_cannot_be_understood_is_an_error(scanned, query: str, said: str) -> None:
    assert said in scanned.program("search", query, code=6).stderr


def test_a_search_for_nothing_is_an_error(scanned) -> None:
    assert "the search is empty" in scanned.program("search", code=6).stderr
