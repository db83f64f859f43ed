"""Text in photos: a search finds it in SQL as in the oracle, and it is gone with its photo."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from made_oracle import Subject, match
from made_photos import made_photo

from indexer.geometry import Point
from indexer.library.indexing.outcomes import forget_missing, record_outcomes
from indexer.library.photo_rows.write_text import searched
from indexer.library.query.parser import parse
from indexer.library.search.search import by_query
from indexer.library.store import Library
from indexer.values.analysis import TextLine
from indexer.values.outcomes import Indexed, Removed

P = Path("/photos")
TEXTS = {"1": ("STOP", "Open", "daily"), "2": ("CAFÉ 港",), "3": ("100 % [ok]?",), "4": ()}
WHOLE = tuple(Point(*at) for at in ((0, 0), (1, 0), (1, 1), (0, 1)))


def lines(name: str) -> tuple[TextLine, ...]:
    return tuple(TextLine(text, 0.9, WHOLE, "reader-12345678") for text in TEXTS[name])


def shown(name: str) -> Indexed:
    made = made_photo(P / name, int(name))
    return replace(made, analysis=replace(made.analysis, lines=lines(name)))


def found(library: Library, query: str) -> set[str]:
    return {hit.path.name for hit in by_query(library, parse(query, today=date(2026, 1, 1)))}


@pytest.fixture
def library(library: Library) -> Library:
    record_outcomes(library, [shown(name) for name in TEXTS])
    return library


@pytest.mark.parametrize(
    "query",
    ["stop", "STO", "st", "s", '"open daily"', '"p open d"', "café", '"CAFE\u0301"', "cafe", "港", '"é 港"', '"[ok]?"',
     '"0 % ["', "op*dai", "港*caf", "absent", '"*"'],
)  # fmt: skip
def test_text_is_found_as_the_oracle_finds_it(library: Library, query: str) -> None:
    for typed in (f"text:{query}", f"-text:{query}"):
        tree = parse(typed, today=date(2026, 1, 1))
        wanted = {name for name in TEXTS if match(tree, Subject(str(P / name), text=searched(lines(name)))) is not None}
        assert found(library, typed) == wanted


def test_a_new_analysis_replaces_the_text(library: Library) -> None:
    new = shown("1")
    record_outcomes(library, [replace(new, analysis=replace(new.analysis, lines=lines("2")))])
    assert found(library, "text:stop") == set()
    assert found(library, "text:café") == {"1", "2"}


def test_text_goes_with_its_photo(library: Library) -> None:
    record_outcomes(library, [Removed(P / "1")])
    forget_missing(library)
    with library.reading() as connection:
        assert connection.exec_driver_sql("SELECT rowid FROM text_search WHERE folded GLOB '*stop*'").all() == []
        assert connection.exec_driver_sql("SELECT count(*) FROM text_lines").scalar() == 2
