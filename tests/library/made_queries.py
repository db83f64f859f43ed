"""Made-up photos as a query sees them, the same in a library, and any query: for the tests with an oracle."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from hypothesis import strategies as st
from made_oracle import Subject
from made_photos import made_photo

from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.query.ast import (
    STATES,
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
    folded,
)
from indexer.library.query.kinds import SHAPES
from indexer.library.roots import add_root
from indexer.library.store import Library
from indexer.values.files import Metadata, PhotoFile, PixelStats
from indexer.values.outcomes import Failed, Outcome, Removed

P = Path("/Photos")
AWAY = Path("/Disk")  # a root that cannot be seen
PEOPLE = {"Alice": 0, "Zoë": 0, "Bob": 1}  # name → is hidden
NAMES = ["img.jpg", "Küste/b.JPG", "Ku\u0308ste/c.png", "a[1]?/x*y.jpg", "Italy 2023/d.heic", "Italy/e.jpg"]

NETWORKS = ["lite-0a1b2c3d", "lite-two-00000000", "x[1]-99999999"]

words = st.sampled_from(["person", "dog", "Dog", "cat", "border terrier", "unicorn", "Zoe\u0308", "ZOË"])
dates = st.none() | st.sampled_from(
    ["2023-05-01T12:00:00", "2023-07-31T23:59:59.5", "2024-07-01T00:00:00+02:00", "2024-12-31T23:00:00"]
)
metadata = st.builds(
    Metadata,
    format=st.sampled_from(["JPEG", "PNG"]),
    width=st.sampled_from([100, 200, 400, 1170]),
    height=st.sampled_from([100, 200, 2532]),
    taken_at=dates,
    camera_make=st.sampled_from([None, "Nikon"]),
    camera_model=st.sampled_from([None, "D70", "ÉOS"]),
    lens=st.sampled_from([None, "50mm f/1.8"]),
    iso=st.sampled_from([None, 100, 400]),
    f_number=st.sampled_from([None, 2.7999999, 8.0]),
    focal_length_mm=st.sampled_from([None, 50.0]),
)
places = st.sampled_from([(None, None), (48.86, 2.29), (48.9, 2.3), (0.0, 179.99), (0.0, -179.99), (89.9, 10.0)])
subjects = st.builds(
    lambda said, place, **rest: Subject(metadata=replace(said, latitude=place[0], longitude=place[1]), **rest),
    metadata,
    places,
    look=st.sampled_from([PixelStats(0.5, 0.3, 0.2, flatness) for flatness in (0.1, 0.64, 0.9)]),
    path=st.sampled_from(NAMES),
    tags=st.dictionaries(words, st.sampled_from([0.25, 0.5, 0.75]), max_size=4),
    counts=st.dictionaries(words.map(folded), st.integers(1, 4), max_size=4),
    models=st.dictionaries(words.map(folded), st.frozensets(st.sampled_from(NETWORKS), max_size=2)),
    people=st.frozensets(st.sampled_from(sorted(PEOPLE)), max_size=2),
    faces=st.sampled_from([0, 1, 3]),
    rating=st.sampled_from([None, 0, 5]),
    states=st.frozensets(st.sampled_from(sorted(STATES)), max_size=1) | st.just(frozenset()),
)

days = st.none() | st.sampled_from(["2023-05-01", "2023-08-01", "2024-07-01", "2025-01-01"])
texts = {
    "camera": ["nikon", "NIKON D70", "éos", "*", "d*0"],
    "lens": ["50MM", "f/1.8"],
    "path": ["küste", "ku\u0308", "[1]?", "x*y", "/photos"],
    "folder": ["italy", "/photos/italy", "/Photos/italy/", "Ital", "ital*"],
    "format": ["jpeg", "PNG"],
    "type": ["jpg", "heic"],
    "model": ["lite", "LITE-TWO", "lite-0A1B2C3D", "lite-*", "x[1]", "two", "lite-two lite", "*"],
}
numbers: dict[str, list[float]] = {
    "iso": [100, 200], "f": [2.8, 8], "focal": [50], "width": [100, 400], "height": [150],
    "rating": [0, 4], "faces": [0, 2], "people": [0, 1, 3], "score": [0.5, 0.3],
}  # fmt: skip


def _numbers(name: str) -> st.SearchStrategy[Query]:
    number = st.sampled_from([float(each) for each in numbers[name]])
    ends = st.tuples(st.none() | number, st.none() | number).filter(_is_range)
    return ends.map(lambda both: Number(name, *both))


def _is_range(both: tuple[float | None, float | None]) -> bool:
    low, high = both
    return low <= high if low is not None and high is not None else both != (None, None)


facts: st.SearchStrategy[Query] = st.one_of(
    st.sampled_from([*PEOPLE, "ALICE", "Nobody", "*"]).map(PersonTerm),
    st.builds(Taken, days, days).filter(
        lambda each: (each.since or each.before) and (each.since or "") < (each.before or "9999")
    ),
    st.sampled_from([5, 7, 12]).map(MonthOfYear),
    *(st.sampled_from(wanted).map(partial(Text, name)) for name, wanted in texts.items()),
    *map(_numbers, numbers),
    st.builds(
        Near, st.sampled_from([48.86, 0.0, 90.0]), st.sampled_from([2.29, 180.0]), st.sampled_from([0.0, 5.0, 20.0])
    ),
    st.sampled_from(sorted(SHAPES)).map(Shape),
    st.sampled_from(sorted(STATES)).map(State),
    st.just(Away((AWAY,))),
)
counts = st.tuples(st.integers(1, 3), st.none() | st.integers(1, 4)).filter(lambda ends: _is_range(ends))
terms: st.SearchStrategy[Query] = st.builds(Term, words) | st.builds(
    lambda word, ends: Term(word, least=ends[0] if ends[1] in (None, ends[0]) else 1, most=ends[1]), words, counts
)
queries: st.SearchStrategy[Query] = st.recursive(
    terms | facts,
    lambda parts: (
        st.builds(And, st.lists(parts, min_size=2, max_size=3).map(tuple))
        | st.builds(Or, st.lists(parts, min_size=2, max_size=3).map(tuple))
        | st.builds(Not, parts)
    ),
    max_leaves=6,
)


def recorded(library: Library, photos: list[Subject]) -> list[Subject]:
    """Put photos into a library under names of their own; return them as the library knows them."""
    for root in (P, AWAY):
        add_root(library, root)
    known = [replace(photo, path=str(_root(number) / str(number) / photo.path)) for number, photo in enumerate(photos)]
    record_outcomes(library, [_outcome(number, photo) for number, photo in enumerate(known)])
    record_outcomes(library, [outcome for photo in known for outcome in _undone(photo)])
    with library.writing() as connection:
        for number, (name, hidden) in enumerate(PEOPLE.items(), 1):
            person = (number, name, folded(name), hidden)
            connection.exec_driver_sql("INSERT INTO people VALUES (?, ?, ?, ?)", person)
        whole = "SELECT photos.id, CAST(roots.path || photos.path AS TEXT) FROM photos JOIN roots ON roots.id = root_id"
        ids = {path: row for row, path in connection.exec_driver_sql(whole)}
        for photo in known:
            values = (photo.rating, int("hidden" in photo.states), ids[photo.path])
            connection.exec_driver_sql("UPDATE photos SET rating = ?, is_hidden = ? WHERE id = ?", values)
            faces = connection.exec_driver_sql("SELECT id FROM faces WHERE photo_id = ?", values[2:]).scalars().all()
            for face, name in zip(faces, sorted(photo.people), strict=False):
                who = (face, 1 + list(PEOPLE).index(name))
                connection.exec_driver_sql("INSERT INTO person_faces VALUES (?, ?, 1)", who)
    return [_as_known(photo) for photo in known]


def _root(number: int) -> Path:
    return AWAY if number % 3 == 1 else P


def _outcome(number: int, photo: Subject) -> Outcome:
    made = made_photo(Path(photo.path), number, sorted(photo.tags.items()), faces=photo.faces)
    tags = tuple(
        replace(tag, models=_models(photo, folded(tag.name)), count=photo.counts.get(folded(tag.name), 1))
        for tag in made.analysis.tags
    )
    metadata, look = photo.metadata or made.analysis.metadata, photo.look or made.analysis.look
    return replace(made, analysis=replace(made.analysis, metadata=metadata, look=look, tags=tags))


def _models(photo: Subject, word: str) -> tuple[str, ...]:
    return tuple(sorted(photo.models.get(word, ())))


def _undone(photo: Subject) -> list[Outcome]:
    path = Path(photo.path)
    gone: list[Outcome] = [Removed(path)] if "missing" in photo.states else []
    return [Failed(PhotoFile(path, 1, 1), "decode", "no")] if "failed" in photo.states else gone


def _as_known(photo: Subject) -> Subject:
    tags: dict[str, float] = {}
    for name, score in photo.tags.items():
        tags[folded(name)] = max(score, tags.get(folded(name), 0.0))
    shown = sorted(photo.people)[: photo.faces]  # a face a person
    return replace(
        photo,
        tags=tags,
        counts={word: photo.counts.get(word, 1) for word in tags},
        models={word: photo.models[word] for word in tags if photo.models.get(word)},
        people=frozenset(map(folded, shown)),
        known=any(not PEOPLE[name] for name in shown),
    )
