"""Kills, several writers, readers beside writers: no photo is half there, nobody sees a lock."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from made_photos import dump, faults, made_photo

from indexer.library.indexing.files import file_states
from indexer.library.search.search import by_keywords
from indexer.library.store import Library

P = Path("/photos")
HERE = Path(__file__).parent
WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from made_photos import made_photo
from indexer import Library, add_root, record_outcomes

path, name, batches = Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
with Library.open(path) as library:
    add_root(library, Path("/photos"))
    for batch in range(batches):
        names = [f"{name}-{batch}-{number}.jpg" for number in range(8)]
        record_outcomes(library, [
            made_photo(Path("/photos") / each, batch * 8 + number, [("dog", 0.5)], faces=3)
            for number, each in enumerate(names)
        ])
        print(batch, flush=True)
"""


def _writer(path: Path, name: str, batches: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, HERE, path, name, str(batches)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_kill_loses_at_most_the_batch_under_way_and_no_photo_is_half_there(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    moments = random.Random(7)
    told: set[Path] = set()
    for name in "abcd":
        writer = _writer(path, name, 100_000)
        assert writer.stdout is not None
        writer.stdout.readline()  # it is at work now
        time.sleep(moments.uniform(0, 0.3))
        writer.send_signal(signal.SIGKILL)
        done = 1 + len([line for line in writer.stdout if line.endswith("\n")])
        writer.stdout.close()
        writer.wait()
        told |= {P / f"{name}-{batch}-{number}.jpg" for batch in range(done) for number in range(8)}
        assert faults(path) == []
        with Library.open(path) as library:
            _check(library, told)


def _check(library: Library, told: set[Path]) -> None:
    held = dump(library)
    assert set(held) >= told
    assert len(set(held) - told) % 8 == 0  # stored, but killed before it could say so
    for photo, seen in held.items():
        _, batch, number = photo.stem.split("-")
        made = made_photo(photo, int(batch) * 8 + int(number), [("dog", 0.5)], faces=3)
        assert seen == (made.file, made.analysis, None, False)


def test_two_writers_and_a_reader_work_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    Library.open(path).close()
    writers = [_writer(path, name, 40) for name in ("one", "two")]
    counts = []
    while any(writer.poll() is None for writer in writers):
        with Library.open(path, read_only=True, busy_seconds=5) as reader:
            counts.append(len(by_keywords(reader, ["dog"])))
            assert counts[-1] == len(file_states(reader)) or len(file_states(reader)) > counts[-1]
    outputs = [writer.communicate()[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert [len(output.splitlines()) for output in outputs] == [40, 40]
    assert counts == sorted(counts)
    assert all(count % 8 == 0 for count in counts)
    assert faults(path) == []
    with Library.open(path, read_only=True) as library:
        assert len(file_states(library)) == 640
