"""A daemon in the rain: random things happen to its folder all the time; it grows no fatter and misses nothing.

The long form takes ten minutes: pytest -n 0 -m long -s tests/operations/test_soak.py (INDEXER_SOAK_SECONDS for others).
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from contents import content, faults
from crops import Crops
from running import Program, wait_until
from stir import Stir
from weight import Weight, weight

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

LONG_SECONDS = float(os.environ.get("INDEXER_SOAK_SECONDS", "600"))
SETTLE_SECONDS = 0.5
WARM_SECONDS = 120.0  # before it there is no level to be compared with
GROWTH_MB = 8.0
GROWTH_OTHERS = 4  # open files, threads: what comes and goes


@pytest.mark.long
@pytest.mark.parametrize("seconds", [8.0, pytest.param(LONG_SECONDS, marks=pytest.mark.long, id="long")])
def test_a_stream_of_changes_ends_with_the_library_of_a_fresh_scan_and_nothing_grows(
    seconds: float, crops: Crops, models: Path, tmp_path: Path
) -> None:
    seed = int(os.environ.get("INDEXER_TEST_SEED", "5"))
    print(f"\nINDEXER_TEST_SEED={seed}")
    program = Program(tmp_path, models, tmp_path / "library.sqlite")
    photos = tmp_path / "photos"
    stir = Stir(photos, crops, Random(seed))
    crops.fill(photos / "first", 40, Random(seed))
    series: list[tuple[Weight, Weight]] = []
    with program.running("watch", photos, settle_seconds=SETTLE_SECONDS, rescan_minutes=0) as daemon:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            stir.once()
            if len(series) < seconds - left:
                series.append((weight([daemon.pid]), weight(daemon.workers())))
            assert not wait_until(daemon.has_ended, stir.pause())
        stir.finish()
        fresh = Program(tmp_path, models, tmp_path / "fresh.sqlite")
        fresh.scan(photos)
        expected = content(fresh.library)
        agreed = wait_until(lambda: content(program.library) == expected, 30)
        assert daemon.stop() == 0
    print(f"{stir.done.total():,} operations: {dict(stir.done.most_common())}; {len(expected)} photos at the end")
    _tell(series)
    assert agreed, _differences(content(program.library), expected)
    assert faults(program.library) == []
    if seconds >= 3 * WARM_SECONDS:
        _hold_level([daemon for daemon, _ in series], "daemon")
        _hold_level([workers for _, workers in series], "workers")


def _hold_level(series: Sequence[Weight], who: str) -> None:
    """Compare the last third with the one before it."""
    third = len(series) // 3
    before, after = series[third : 2 * third], series[-third:]
    for what, allowed in (("rss_mb", GROWTH_MB), ("files", GROWTH_OTHERS), ("threads", GROWTH_OTHERS)):
        growth = _median(after, what) - _median(before, what)
        assert growth <= allowed, f"{who}: {what} grew by {growth:g}"


def _tell(series: Sequence[tuple[Weight, Weight]], rows: int = 12) -> None:
    print("| second | daemon: MB | files | threads | workers: MB | files | threads |\n|---|---|---|---|---|---|---|")
    step = max(1, len(series) // rows)
    for second in range(0, len(series) - step + 1, step):
        part = series[second : second + step]
        cells = [
            f"{_median(each, what):.0f}"
            for each in ([daemon for daemon, _ in part], [workers for _, workers in part])
            for what in ("rss_mb", "files", "threads")
        ]
        print(f"| {second}–{second + step} | {' | '.join(cells)} |")


def _median(series: Sequence[Weight], what: str) -> float:
    return statistics.median(getattr(each, what) for each in series)


def _differences(held: dict[Path, object], expected: dict[Path, object]) -> str:
    return "\n".join(
        [
            *(f"not expected: {path}" for path in sorted(held.keys() - expected.keys())),
            *(f"not there: {path}" for path in sorted(expected.keys() - held.keys())),
            *(
                f"otherwise: {path}: {held[path]} {expected[path]}"
                for path in sorted(held.keys() & expected.keys())
                if held[path] != expected[path]
            ),
        ]
    )
