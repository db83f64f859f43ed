"""What SQL and what memory find is what `match` says, in the documented order, for any photos and query."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_oracle import Subject, match
from made_queries import queries, recorded, subjects, texts, words

from indexer.library.query import postings
from indexer.library.query.ast import ALL, And, Near, Not, Or, Query, Term, Text, leaves
from indexer.library.query.places import distance_km
from indexer.library.search.search import by_query, count_hits
from indexer.library.store import Library
from indexer.values.results import Hit

models = st.sampled_from(texts["model"]).map(lambda name: Text("model", name))
some_models = models | st.lists(models, min_size=2, max_size=2).map(lambda both: Or(tuple(both)))
terms = (
    words.map(Term) | words.map(Term).map(Not) | st.lists(words.map(Term), min_size=2, max_size=2).map(tuple).map(Or)
)
sorts = st.sampled_from(["score", "date", "path", "distance"])


all_of_them = st.just(ALL) | queries.map(lambda query: And((ALL, query))) | st.just(Not(ALL))


def expected(photos: list[Subject], query: Query, sort: str, least: float) -> list[tuple[str, float]]:
    """Return (path, score) of what the query means, in order."""
    found = [(photo, score) for photo in photos if (score := match(query, photo)) is not None and score >= least]
    near = next((leaf for leaf in leaves(query) if isinstance(leaf, Near)), None)

    def away(photo: Subject) -> tuple[bool, float]:
        km = near and distance_km(photo.metadata.latitude, photo.metadata.longitude, near.latitude, near.longitude)
        return km is None, km or 0.0

    found.sort(key=lambda each: each[0].path.encode())
    if sort != "path":
        keys = [lambda each: each[1], lambda each: each[0].metadata.taken_at or ""]
        for key in keys if sort == "date" else keys[::-1]:
            found.sort(key=key, reverse=True)
    if sort == "distance":
        found.sort(key=lambda each: away(each[0]))
    return [(photo.path, score) for photo, score in found]


def plain(hits: list[Hit]) -> list[tuple[str, float]]:
    return [(str(hit.path), hit.score) for hit in hits]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(subjects, max_size=6),
    st.lists(st.tuples(queries | all_of_them, sorts, st.booleans()), min_size=1, max_size=8),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from([(None, 0), (2, 0), (2, 1)]),
)
def test_sql_and_memory_find_what_the_query_means(
    photos: list[Subject], asked: list[tuple[Query, str, bool]], least: float, page: tuple[int | None, int]
) -> None:
    limit, offset = page
    with pytest.MonkeyPatch.context() as monkeypatch, Library.empty(Path("none")) as library:
        photos = recorded(library, photos)
        for in_memory, most in ((False, 0), (True, 5000), (True, 0)):
            monkeypatch.setattr(postings, "_MOST_ROWS", most)
            if in_memory:
                library.keep_words()
            for query, sort, reverse in asked:
                hits = by_query(library, query, sort=sort, reverse=reverse, limit=limit, offset=offset, min_score=least)
                meant = expected(photos, query, sort, least)
                wanted = meant[::-1] if reverse else meant
                assert plain(hits) == wanted[offset : None if limit is None else offset + limit]
                assert count_hits(library, query, least) == len(meant)


@settings(max_examples=60, deadline=None)
@given(st.lists(subjects, min_size=1, max_size=6), st.lists(st.tuples(terms, some_models), min_size=1, max_size=12))
def test_words_beside_a_model_count_where_it_gave_them(photos: list[Subject], asked: list[tuple[Query, Query]]) -> None:
    with Library.empty(Path("none")) as library:
        photos = recorded(library, photos)
        for in_memory in (False, True):
            if in_memory:
                library.keep_words()
            for word, model in asked:
                for query in (And((word, model)), And((And((word, Not(Term("cat")))), model)), model):
                    assert plain(by_query(library, query)) == expected(photos, query, "score", 0.0)
                    assert count_hits(library, query) == len(expected(photos, query, "score", 0.0))
