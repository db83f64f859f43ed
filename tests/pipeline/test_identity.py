"""What is known of a photo belongs to its bytes: nothing is lost, nothing is given to another photo.

The long form: pytest -n 0 -m long tests/pipeline/test_identity.py (INDEXER_TEST_EXAMPLES for others than 5,000).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any
from unittest.mock import patch

import pytest
from followed import SETTLE, Followed
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from made_worlds import NAMES, ROOTS, Killed, MadePool, World, expected_words, photo_in

from indexer.library.db.user_tables import all_tables
from indexer.library.indexing import record as record_module
from indexer.library.indexing.record import record
from indexer.library.store import Library
from indexer.pipeline.daemon.pace import Pace
from indexer.pipeline.daemon.throttle import Throttle
from indexer.pipeline.scan.plan import plan
from indexer.pipeline.scan.run import run

EXAMPLES, WATCHED_EXAMPLES = 240, 60
LONG_EXAMPLES = int(os.environ.get("INDEXER_TEST_EXAMPLES", "5000"))
PACE = Pace(
    settle_seconds=SETTLE,
    rescan_seconds=0.0,
    poll_seconds=0.1,
    idle_seconds=60.0,
    batch_photos=3,
    batch_seconds=0.01,
    look_seconds=0.05,
)
roots, names, flags = st.sampled_from(ROOTS), st.sampled_from(NAMES), st.booleans()
places = st.tuples(roots, names)
numbers = st.integers(0, 9)
has_files = precondition(lambda self: self.world.files())


def record_and_die(*arguments: Any) -> None:
    """Store outcomes, and be killed before they are committed."""
    record(*arguments)
    raise Killed


@cache
def opened() -> Library:
    """Return one library for all examples: to prepare its statements would take most of the time."""
    return Library.empty(Path("library.sqlite"))


def emptied() -> Library:
    """Return the library without anything in it."""
    library = opened()
    with library.writing() as connection:
        for table in reversed(all_tables.sorted_tables):
            connection.execute(table.delete())
    return library


class Identity(RuleBasedStateMachine):
    """People do things to their photos, and now and then a scan compares."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        top = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.library = emptied()
        self.world = World(top, self.library, 0)
        self.photo_of: dict[bytes, int] = {}
        self.known: dict[Path, bytes] = {}  # after the last comparison
        self.trash: list[Path] = []
        self.number = 0
        self.compare()
        self.world.say_of_all(list(self.known))

    def teardown(self) -> None:
        self.stack.close()

    def _file(self, which: int) -> Path:
        """Return one of the photos that are there."""
        files = list(self.world.files())
        return files[which % len(files)]

    # What people do

    @rule(place=places)
    def create(self, place: tuple[str, str]) -> None:
        path = self.world.path(*place)
        if self.world.can_hold(path):
            self.world.create(path)

    @has_files
    @rule(which=numbers, keep_stamp=flags)
    def edit(self, which: int, keep_stamp: bool) -> None:
        self.world.edit(self._file(which), keep_stamp=keep_stamp)

    @has_files
    @rule(some=st.lists(numbers, min_size=2, max_size=5))
    def exchange(self, some: list[int]) -> None:
        paths = list(dict.fromkeys(map(self._file, some)))
        self.world.exchange(paths)

    @has_files
    @rule(which=numbers, new=places)
    def move(self, which: int, new: tuple[str, str]) -> None:
        target = self.world.path(*new)
        if self.world.can_hold(target):
            self.world.move(self._file(which), target)

    @rule(root=roots)
    def renumber(self, root: str) -> None:
        """A series moves on by one: the last first, as careful people do."""
        for number in range(3, 0, -1):
            path = self.world.path(root, f"p{number}.jpg")
            if self.world.is_there(path) and root not in self.world.away:
                self.world.move(path, path.with_name(f"p{number + 1}.jpg"))

    @rule(root=roots, back=flags)
    def move_folder(self, root: str, back: bool) -> None:
        old, new = (self.world.path(root, name) for name in (("y", "x") if back else ("x", "y")))
        if old.is_dir() and not new.exists():
            old.rename(new)

    @has_files
    @rule(which=numbers, new=places, with_times=flags)
    def copy(self, which: int, new: tuple[str, str], with_times: bool) -> None:
        target = self.world.path(*new)
        if self.world.can_hold(target):
            self.world.copy(self._file(which), target, with_times=with_times)

    @has_files
    @rule(which=numbers)
    def delete(self, which: int) -> None:
        if len(self.world.files()) > 1:
            self.number += 1
            self.trash.append(self.world.top / f"trash-{self.number}")
            self._file(which).rename(self.trash[-1])

    @precondition(lambda self: self.trash)
    @rule(place=places)
    def restore(self, place: tuple[str, str]) -> None:
        path = self.world.path(*place)
        if self.world.can_hold(path):
            path.parent.mkdir(exist_ok=True)
            self.trash.pop().replace(path)

    @rule(leaves_mount_point=flags)
    def unplug(self, leaves_mount_point: bool) -> None:
        if "two" not in self.world.away:
            self.world.unplug("two", leaves_mount_point=leaves_mount_point)

    @precondition(lambda self: self.world.away)
    @rule()
    def plug(self) -> None:
        self.world.plug("two")

    @rule()
    def relocate(self) -> None:
        if "two" not in self.world.away:
            self.number += 1
            old = self.world.roots["two"]
            self.world.relocate("two", self.number)
            self.known = {
                self.world.roots["two"] / path.relative_to(old) if path.is_relative_to(old) else path: data
                for path, data in self.known.items()
            }

    # What they say: of photos that the library knows as they are, and only once

    @has_files
    @rule(which=numbers, hides=flags)
    def say(self, which: int, hides: bool) -> None:
        path = self._file(which)
        if self.known.get(path) != path.read_bytes():
            return
        content = hashlib.sha256(path.read_bytes()).digest()
        if sum(row["content_hash"] == content for row in self.world.rows()) == 1:
            self.world.say(path)
            if hides and photo_in(path.read_bytes()) % 3 == 0:
                self.world.hide(path)

    # What the program does

    @rule()
    def compare(self) -> None:
        before = self.world.rows()
        self._learn()
        self._scan(MadePool())
        self.world.check_seen()
        files = self.world.files()
        allowed, known = expected_words(files, before, self.photo_of), self.world.known()
        for path in files:
            assert known[path]["words"] in allowed[path], (path, known[path]["words"], allowed[path])
        self.known = files

    @rule(after=st.integers(0, 3))
    def be_killed(self, after: int) -> None:
        """Between photos, or with all that moved written and not committed."""
        pool = MadePool()
        pool.dies_after = after if after < 3 else None
        self._learn()
        with suppress(Killed), patch.object(record_module, "record", record if after < 3 else record_and_die):
            self._scan(pool)
        self.known = {}

    @invariant()
    def nothing_is_lost_or_given_away(self) -> None:
        self.world.check_said(self.photo_of)

    def _learn(self) -> None:
        for data in self.world.files().values():
            self.photo_of[hashlib.sha256(data).digest()] = photo_in(data)

    def _scan(self, pool: MadePool) -> None:
        there = [root for name, root in self.world.roots.items() if root.is_dir()]
        planned = plan(self.library, there, pool.model_ids, on_error=lambda *_: None)
        list(run(self.library, planned, pool, 2, 1.0, lambda: 0.0))  # type: ignore[arg-type]


class WatchedIdentity(Identity):
    """The same, while a daemon hears of it; what it hears together, and in which order, is chance."""

    def __init__(self) -> None:
        self.followed: Followed | None = None
        super().__init__()

    @rule()
    def relocate(self) -> None:
        """A daemon follows the folders that it was started with."""

    @rule(after=st.integers(0, 3))
    def be_killed(self, after: int) -> None:
        """That is for scans."""

    def _scan(self, _: MadePool) -> None:
        if self.followed is None:
            throttle = Throttle(self.world.top / "library.sqlite", 0.0, lambda: 0, lambda: 100 * monotonic())
            folders = list(self.world.roots.values())
            self.followed = Followed(self.library, folders, "events", PACE, MadePool(), throttle)
            self.stack.enter_context(self.followed.watch)
        self.followed.live()


def _run(machine: Callable[[], RuleBasedStateMachine], examples: int) -> None:
    checks = list(HealthCheck)
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=examples, stateful_step_count=20, deadline=None, suppress_health_check=checks),
    )


def test_whatever_people_do_a_scan_loses_nothing_and_gives_nothing_to_another_photo() -> None:
    _run(Identity, EXAMPLES)


def test_whatever_people_do_a_daemon_loses_nothing_and_gives_nothing_to_another_photo() -> None:
    _run(WatchedIdentity, WATCHED_EXAMPLES)


@pytest.mark.long
def test_the_same_for_a_night() -> None:
    _run(Identity, LONG_EXAMPLES)
    _run(WatchedIdentity, LONG_EXAMPLES)
