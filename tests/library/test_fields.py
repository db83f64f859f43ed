"""A search field is one record: whoever reads, runs, suggests or prints a query knows it from there alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import ClassVar

import pytest
from made_oracle import Subject, match
from made_photos import made_photo

from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.query.ast import Fact
from indexer.library.query.clause import Sql
from indexer.library.query.facet_values import column_values
from indexer.library.query.field import SearchField, of_metadata
from indexer.library.query.fields import FIELDS
from indexer.library.query.parser import parse, printed
from indexer.library.query.texts import text_field
from indexer.library.search.search import by_query, count_hits
from indexer.library.search.suggest import suggest
from indexer.library.store import Library

P = Path("/photos")
TODAY = date(2026, 1, 1)
MANUAL = (Path(__file__).parents[2] / "docs" / "searching.md").read_text()


@pytest.fixture
def cameras(library: Library) -> Library:
    """Photos of two makes, and one of none."""
    made = [made_photo(P / str(n), n, [("dog", 0.9 - n / 10)]) for n in range(3)]
    for number, make in enumerate(["Nikon", "Canon Inc.", None]):
        said = replace(made[number].analysis.metadata, camera_make=make, taken_at=f"2024-05-0{number + 1}T10:00:00")
        made[number] = replace(made[number], analysis=replace(made[number].analysis, metadata=said))
    record_outcomes(library, made)
    return library


@pytest.mark.parametrize("keeps_words", [False, True])
def test_a_field_is_added_in_one_place(cameras: Library, keeps_words: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    make = text_field(
        "make",
        "who made the camera",
        example="nikon",
        column="photos.camera_make",
        value=of_metadata("camera_make"),
        facet=column_values("camera_make"),
    )
    monkeypatch.setitem(FIELDS, "make", make)
    if keeps_words:
        cameras.keep_words()

    query = parse("dog Make:canon", today=TODAY)
    assert [hit.path.name for hit in by_query(cameras, query)] == ["1"]
    assert count_hits(cameras, query) == 1
    assert count_hits(cameras, parse("-make:*", today=TODAY)) == 1
    assert [each.insert for each in suggest(cameras, "dog make:n")] == ["dog make:Nikon", 'dog make:"Canon Inc."']
    assert [(each.text, each.about) for each in suggest(cameras, "mak")] == [("make:", "who made the camera")]
    assert printed(query) == "dog make:canon"
    assert parse(printed(query), today=TODAY) == query
    with pytest.raises(Exception, match="'make:' needs a value, such as make:nikon"):
        parse("make:", today=TODAY)
    with pytest.raises(Exception, match=r"did you mean make\?"):
        parse("makes:canon", today=TODAY)
    photo = Subject(path="/photos/1", tags={"dog": 0.8}, metadata=made_photo(P / "1", 1, []).analysis.metadata)
    assert match(query, photo) is None
    assert photo.metadata is not None
    assert match(query, replace(photo, metadata=replace(photo.metadata, camera_make="CANON"))) == 0.8


@dataclass(frozen=True, slots=True)
class Weekday(Fact):
    """Photos taken on a day of the week, 0: Sunday."""

    number: int
    field: ClassVar[str] = "weekday"


def test_a_field_may_bring_a_leaf_of_its_own(cameras: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    weekday = SearchField(
        "weekday",
        "the day of the week, 0 to 6",
        "such as weekday:0",
        lambda _, value, __: Weekday(int(value)),
        text=lambda leaf: str(leaf.number),
        sql=lambda leaf: Sql("strftime('%w', photos.taken_at) = ?", (str(leaf.number),)),
        value=of_metadata("taken_at"),
        values=(("0", "Sunday"),),
    )
    monkeypatch.setitem(FIELDS, "weekday", weekday)
    query = parse("dog -weekday:4", today=TODAY)
    assert [hit.path.name for hit in by_query(cameras, query)] == ["0", "2"]  # 2024-05-02 was a Thursday
    assert printed(query) == "dog -weekday:4"
    assert [(each.insert, each.about) for each in suggest(cameras, "weekday:")] == [("weekday:0", "Sunday")]


def test_the_manual_names_every_field() -> None:
    named = set(re.findall(r"`([a-z]+):", "".join(line for line in MANUAL.splitlines() if line.startswith("|"))))
    assert set(FIELDS) <= named
    assert named <= set(FIELDS)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_field_has_an_example_that_can_be_read(name: str) -> None:
    for example in re.findall(rf"\b{name}:([^ ]+?)(?:,? |,?$)", FIELDS[name].example):
        query = parse(f"{name}:{example}", today=TODAY)
        assert parse(printed(query), today=TODAY) == query
