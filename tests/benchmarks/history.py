"""Measure what the change log costs: python tests/benchmarks/history.py [--photos 10000]

In a library of made-up photos, words are given to all of them and taken, and that is undone; the same without the log.
Prints seconds of processor time, the least and the median of five.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time

from library import ROOT, WORDS, make_library

from indexer.library.history.change_log import recording
from indexer.library.history.undo import undo
from indexer.library.indexing.files import file_states
from indexer.library.store import Library
from indexer.library.user import own_tags as own

TIMES = 5
LOGS = {"with the log": recording, "without": lambda *_: nullcontext()}


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--photos", type=int, default=10_000)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "library.sqlite"
        make_library(path, asked.parse_args().photos)
        with Library.open(path) as library:
            own.add_tag(library, "seen by all", [ROOT])
            for log, kept in LOGS.items():
                own.recording = kept  # type: ignore[attr-defined, assignment]
                for name, acts in _acts(library).items():
                    _tell(f"{name}, {log}", acts)
                    if log == "with the log":
                        _tell("  undone", [lambda: undo(library)] * TIMES)


def _acts(library: Library) -> dict[str, list[Callable[[], object]]]:
    number = iter(range(1_000_000))
    one = [next(iter(file_states(library)))]

    def all_new() -> object:
        return own.add_tag(library, f"new {next(number)}", [ROOT])

    def rate_one() -> object:
        return own.rate(library, 1 + next(number) % 5, one)

    def taken() -> Iterator[Callable[[], object]]:
        for each in range(TIMES):
            own.add_tag(library, f"taken {each}", [ROOT])
            yield partial(own.remove_tag, library, f"taken {each}", [ROOT])

    return {
        "a word on all": [all_new] * TIMES,
        "a machine's word on all": [partial(own.add_tag, library, WORDS[each], [ROOT]) for each in range(TIMES)],
        "a word taken from all": list(taken()),
        "stars of one": [rate_one] * TIMES,
    }


def _tell(name: str, acts: list[Callable[[], object]]) -> None:
    seconds = []
    for act in acts:
        start = process_time()
        act()
        seconds.append(process_time() - start)
    print(f"{name:40} {min(seconds):.3f} {median(seconds):.3f}")


if __name__ == "__main__":
    main()
