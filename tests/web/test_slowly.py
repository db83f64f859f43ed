"""What takes long keeps nobody waiting: the last answer is told at once, and made anew when the library has changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from indexer.errors import StoreError
from indexer.library.roots import add_root
from indexer.library.store import Library
from indexer.web.cache import AnswerCache, StaleWhileRevalidate

_PATIENCE_SECONDS = 20.0


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library.sqlite") as library:
        yield library


@pytest.fixture
def memory(library: Library) -> Iterator[AnswerCache]:
    memory = AnswerCache(library)
    yield memory
    memory.close()


def answered(slowly: StaleWhileRevalidate[int], wanted: int) -> bool:
    """Wait until an answer is up to date."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        if slowly.ask() == (wanted, True):
            return True
        time.sleep(0.01)
    return False


def test_nobody_waits_for_a_long_answer_and_it_is_made_once(memory: AnswerCache) -> None:
    goes_on, made = Event(), []

    def make() -> int:
        made.append(1)
        goes_on.wait(_PATIENCE_SECONDS)
        return 7

    slowly = StaleWhileRevalidate(memory, make)
    assert [slowly.ask() for _ in range(5)] == [(None, False)] * 5
    goes_on.set()
    assert answered(slowly, 7)
    assert len(made) == 1


def test_a_quick_answer_comes_with_the_first_question(memory: AnswerCache) -> None:
    assert StaleWhileRevalidate(memory, lambda: 7).ask(_PATIENCE_SECONDS) == (7, True)


def test_the_old_answer_is_told_until_the_new_one_is_there(
    memory: AnswerCache, library: Library, tmp_path: Path
) -> None:
    answers = iter(range(100))
    slowly = StaleWhileRevalidate(memory, lambda: next(answers))
    assert slowly.ask(_PATIENCE_SECONDS) == (0, True)
    add_root(library, tmp_path)
    assert slowly.ask() in ((0, False), (1, True))
    assert answered(slowly, 1)


def test_an_error_is_told_once_and_then_it_is_tried_again(memory: AnswerCache) -> None:
    ways = iter([StoreError(Path("x"), "is damaged")])

    def make() -> int:
        for error in ways:
            raise error
        return 7

    slowly = StaleWhileRevalidate(memory, make)
    with pytest.raises(StoreError, match="is damaged"):
        slowly.ask(_PATIENCE_SECONDS)
    assert answered(slowly, 7)


def test_what_is_remembered_is_forgotten_when_somebody_writes(
    memory: AnswerCache, library: Library, tmp_path: Path
) -> None:
    answers = iter(range(100))
    assert [memory.kept("a", lambda: next(answers)) for _ in range(3)] == [0, 0, 0]
    assert memory.kept("b", lambda: next(answers)) == 1
    before = memory.mark()
    add_root(library, tmp_path)
    assert memory.mark() != before
    assert memory.kept("a", lambda: next(answers)) == 2


def test_another_server_has_other_marks(library: Library) -> None:
    one, other = AnswerCache(library), AnswerCache(library)
    assert one.mark() != other.mark()
    one.close()
    other.close()


def test_an_answer_that_grows_old_is_made_again_and_waited_for(memory: AnswerCache) -> None:
    now, answers = [0.0], iter(range(100))
    slowly = StaleWhileRevalidate(memory, lambda: next(answers), 1.0, lambda: now[0])
    assert slowly.ask(_PATIENCE_SECONDS) == (0, True)
    now[0] = 0.9
    assert slowly.ask(_PATIENCE_SECONDS) == (0, True)
    now[0] = 1.1
    assert slowly.ask(_PATIENCE_SECONDS) == (1, True)


def test_a_question_that_hangs_is_waited_for_once(memory: AnswerCache) -> None:
    goes_on, now, made = Event(), [0.0], []

    def make() -> int:
        made.append(1)
        if len(made) > 1:
            goes_on.wait(_PATIENCE_SECONDS)
        return len(made)

    slowly = StaleWhileRevalidate(memory, make, 1.0, lambda: now[0])
    assert slowly.ask(_PATIENCE_SECONDS) == (1, True)
    now[0] = 2.0
    assert slowly.ask(0.01)[0] == 1
    now[0] = 3.0
    begun = time.monotonic()
    assert slowly.ask(0.5)[0] == 1
    assert time.monotonic() - begun < 0.4
    goes_on.set()
