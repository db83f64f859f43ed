"""Any outcomes, in any batches, leave the library as a plain dictionary says; in any order where paths differ."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from made_photos import dump, made_photo

from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.roots import add_root
from indexer.library.store import Library
from indexer.values.analysis import Analysis
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Failed, Indexed, Outcome, Removed, Unchanged

P = Path("/photos")
Held = tuple[PhotoFile, Analysis | None, Failed | None, bool]  # as `dump` gives it: file, analysis, failure, missing

paths = st.sampled_from([P / "a.jpg", P / "b.jpg", P / "sub" / "c.jpg", P / "sub" / "d.jpg"])
files = st.builds(PhotoFile, paths, st.integers(1, 3), st.integers(1, 3))
words = st.dictionaries(st.sampled_from(["dog", "cat"]), st.sampled_from([0.25, 0.5]), max_size=2)
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(
        lambda file, seed, tags, faces: replace(made_photo(file.path, seed, tags.items(), faces), file=file),
        files,
        st.integers(0, 5),
        words,
        st.integers(0, 2),
    ),
    st.builds(Failed, files, st.sampled_from(["decode", "analyze"]), st.just("for a reason")),
    st.builds(Removed, paths),
    st.builds(Unchanged, files),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(outcomes, st.booleans()), max_size=12))
def test_batches_do_not_matter(done: list[tuple[Outcome, bool]]) -> None:
    """The flag ends a batch."""
    expected: dict[Path, Held] = {}
    with Library.empty(Path("none")) as library:
        add_root(library, P)
        batch: list[Outcome] = []
        for outcome, ends in done:
            _apply(expected, outcome)
            batch.append(outcome)
            if ends:
                record_outcomes(library, batch)
                batch = []
        record_outcomes(library, batch)
        assert dump(library) == expected


@settings(max_examples=40, deadline=None)
@given(
    st.lists(outcomes, unique_by=lambda each: _path(each)),
    st.randoms(),
)
def test_the_order_of_different_photos_does_not_matter(done: list[Outcome], random: Any) -> None:
    with Library.empty(Path("none")) as one, Library.empty(Path("none")) as other:
        for library in (one, other):
            add_root(library, P)
        record_outcomes(one, done)
        random.shuffle(done)
        for outcome in done:
            record_outcomes(other, [outcome])
        assert dump(one) == dump(other)


def _path(outcome: Outcome) -> Path:
    return outcome.path if isinstance(outcome, Removed) else outcome.file.path


def _apply(held: dict[Path, Held], outcome: Outcome) -> None:
    """Do to a dictionary what `Library.record` says that it does."""
    match outcome:
        case Indexed(file, analysis):
            held[file.path] = (file, analysis, None, False)
        case Failed(file):
            earlier = held[file.path][1] if file.path in held else None
            held[file.path] = (file, earlier, outcome, False)
        case Removed(path):
            if path in held:
                held[path] = (*held[path][:3], True)
        case Unchanged(file):
            if file.path in held:
                held[file.path] = (*held[file.path][:3], False)
