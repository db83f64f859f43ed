"""What a user types becomes the tree that it means; a tree becomes text that means the same."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_queries import AWAY, queries

from indexer.errors import QueryError
from indexer.library.query.ast import (
    And,
    Away,
    MonthOfYear,
    Near,
    Not,
    Number,
    Or,
    PersonTerm,
    Query,
    Shape,
    State,
    Taken,
    Term,
    Text,
)
from indexer.library.query.parser import parse, printed

TODAY = date(2024, 3, 31)
KNOWN = {"dogs": "dog", "great white shark": "great white shark", "hot dog": "hot dog", "mutt": "dog"}
a, b, c = Term("a"), Term("b"), Term("c")


def read(text: str) -> Query:
    return parse(text, today=TODAY, resolve=lambda word: KNOWN.get(word.lower()), away=[AWAY])


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("a", a),
        ("a b", And((a, b))),
        ("a AND b", And((a, b))),
        ("a | b c", Or((a, And((b, c))))),
        ("a OR b", Or((a, b))),
        ("a (b | c)", And((a, Or((b, c))))),
        ("a -b", And((a, Not(b)))),
        ("NOT (a b)", Not(And((a, b)))),
        ("--a", Not(Not(a))),
        ("t-shirt", Term("t-shirt")),
        ("Dogs", Term("dog")),
        ("tag:mutt", Term("dog")),
        ("great white shark a", And((Term("great white shark"), a))),
        ("hot -dogs", And((Term("hot"), Not(Term("dog"))))),
        ('"hot" dogs', And((Term("hot"), Term("dog")))),
        ('"OR" -"|"', And((Term("OR"), Not(Term("|"))))),
        (r'"say \"x\" \\"', Term('say "x" \\')),
        ("dogs>=2", Term("dog", least=2)),
        ("dog>2", Term("dog", least=3)),
        ("dog=1 a", And((Term("dog", least=1, most=1), a))),
        ("dog<3", Term("dog", most=2)),
        ("dog<=2 | -dog=1", Or((Term("dog", most=2), Not(Term("dog", most=1))))),
        ("dog=0", Not(Term("dog"))),
        ("dog<1 a", And((Not(Term("dog")), a))),
        ("great white shark>=2", Term("great white shark", least=2)),
        ('"hot dog">=2', Term("hot dog", least=2)),
        ('"a>=2" a', And((Term("a>=2"), a))),
        ("count:mutt>=2", Term("dog", least=2)),
        ('count:"hot dog"=3', Term("hot dog", least=3, most=3)),
        ("count:(dog>=2 | a=2)", Or((Term("dog", least=2), Term("a", least=2, most=2)))),
        ("count:dogs=0", Not(Term("dog"))),
        ("people:3+", Number("people", 3, None)),
        (">=2", Term(">=2")),
        ("x=y", Term("x=y")),
        ("person:Alice", PersonTerm("Alice")),
        ('person:"Bob Miller"', PersonTerm("Bob Miller")),
        ("date:2024", Taken("2024-01-01", "2025-01-01")),
        ("date:2024-02", Taken("2024-02-01", "2024-03-01")),
        ("date:2024-02-29", Taken("2024-02-29", "2024-03-01")),
        ("date:2023-05..2023-09", Taken("2023-05-01", "2023-10-01")),
        ("date:2023..", Taken("2023-01-01", None)),
        ("date:..2023", Taken(None, "2024-01-01")),
        ("date:last-30-days", Taken("2024-03-02", "2024-04-01")),
        ("date:last-1-month", Taken("2024-03-01", "2024-04-01")),
        ("date:last-2-weeks", Taken("2024-03-18", "2024-04-01")),
        ("date:today", Taken("2024-03-31", "2024-04-01")),
        ("date:yesterday..", Taken("2024-03-30", None)),
        ("date:July", MonthOfYear(7)),
        ("date:(may|jun)", Or((MonthOfYear(5), MonthOfYear(6)))),
        ("near:-48.5,2,10km", Near(-48.5, 2, 10)),
        ("a model:xray", And((a, Text("model", "xray")))),
        ("camera:nikon", Text("camera", "nikon")),
        ("format:jpg", Text("format", "JPEG")),
        ("type:.png", Text("type", "png")),
        ('folder:"/My Photos"', Text("folder", "/My Photos")),
        ("iso:100..400", Number("iso", 100, 400)),
        ("width:4000+", Number("width", 4000, None)),
        ("f:..2.8", Number("f", None, 2.8)),
        ("faces:0", Number("faces", 0, 0)),
        ("orientation:(landscape|Square)", Or((Shape("landscape"), Shape("square")))),
        ("is:panorama", Shape("panorama")),
        ("is:portrait", Term("portrait")),
        ("IS:missing", State("missing")),
        ("is:away", Away((AWAY,))),
        ("a -is:away", And((a, Not(Away((AWAY,)))))),
    ],
)
def test_text_means(text: str, query: Query) -> None:
    assert read(text) == query


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 0, "the search is empty"),
        ("dog and camra:x", 8, 'unknown field "camra" at 9, did you mean camera?'),
        ("qqq:x", 0, "there are camera, count, date"),
        ("a (b", 2, "there is no matching ')' for '(' at 3"),
        ("a)", 1, "there is no matching '(' for ')' at 2"),
        ("a |", 3, "a search term is missing at 4"),
        ("()", 1, "a search term is missing"),
        ("a OR OR b", 5, "a search term is missing"),
        ('a ""', 2, "a search term is empty at 3"),
        ('a "b', 2, "the quote at 3 is never closed"),
        ('camera:"b', 7, "the quote at 8 is never closed"),
        ("date:", 5, "'date:' needs a value"),
        ("date:2023-02-30", 5, "not a valid date"),
        ("date:0000", 5, "not a valid date"),
        ("date:9999", 5, "not a valid date"),
        ("date:last-99999-years", 5, "not a valid date"),
        ("date:soon", 5, "is not a date; such as"),
        ("date:2024..2023", 5, "ends before it begins"),
        ("date:..", 5, "is not a range"),
        ("iso:many", 4, "is not a number; such as iso:100"),
        ("iso:400..100", 4, "is not a range"),
        ("iso:1e3", 4, "is not a number"),
        ("near:1,2", 5, "is not a place; such as near:48.86"),
        ("near:91,0,1", 5, "is not a place on earth"),
        ("orientation:up", 12, "there are landscape, portrait, square"),
        ("is:blue", 3, "there are screenshot, screen, panorama"),
        ("count:dog", 6, "'dog' is not a count; such as count:dog>=2"),
        ("count:>=2", 6, "is not a count"),
        ("a dog>=0", 2, "write dog>=1 or dog=0"),
        ("dog<0", 0, "is no count of things"),
        ("iso:()", 5, "a value is missing"),
        ("iso:(1 2)", 4, "there is no matching ')'"),
        ("(" * 60 + "a" + ")" * 60, 40, "nested too deeply"),
        ("-" * 60 + "a", 40, "nested too deeply"),
        ("a " * 201, 0, "too many"),
        ("a \udcff", 2, "not valid UTF-8"),
    ],
)
def test_what_cannot_be_understood_is_said_with_its_place(text: str, position: int, reason: str) -> None:
    with pytest.raises(QueryError) as error:
        read(text)
    assert reason in error.value.__dict__["reason"]
    assert abs(error.value.__dict__["position"] - position) <= 1


@settings(deadline=None)
@given(queries)
def test_what_is_printed_parses_to_the_same_tree(query: Query) -> None:
    assert parse(printed(query), today=TODAY, away=[AWAY]) == query


def test_a_count_may_stand_before_a_bracket_or_a_bar() -> None:
    two = Term("dog", least=2)
    assert read("-(cat dog>=2)") == Not(And((Term("cat"), two)))
    assert read("dog>=2|cat") == Or((two, Term("cat")))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*'ab-|():"\\. 0129', "date:", "iso:", "near:", " OR ", "NOT "]), max_size=12))
def test_any_text_is_a_query_or_an_error(pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        query = read(text)
    except QueryError as error:
        place = error.__dict__["position"]
    else:
        place = 0
        assert parse(printed(query), today=TODAY, away=[AWAY]) == query
    assert 0 <= place <= len(text)
