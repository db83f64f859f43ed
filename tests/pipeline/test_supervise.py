"""Supervision of workers, with an executor of threads: what both pools do when workers come, go and are lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from time import sleep

import pytest
from made_executor import Starts

from indexer.intake.discover import stamp
from indexer.pipeline.workers import supervise, tasks
from indexer.pipeline.workers.photo_pool import Pool
from indexer.pipeline.workers.supervise import Supervisor
from indexer.pipeline.workers.task_pool import PoolBusyError, TaskError, TaskPool
from indexer.pipeline.workers.tasks import Limits
from indexer.values.outcomes import Failed, Indexed, Skipped
from indexer.vision.analyze import Analyzer
from indexer.vision.model_set import ModelSet

PHOTO_LIMITS = Limits(10**8, 60, 10**9)


@pytest.fixture(autouse=True)
def _no_threads_are_left() -> Iterator[None]:
    yield
    while Starts.made:
        for executor in Starts.made.pop().all:
            executor.stop()


def double(number: int, _slot: int) -> int:
    return 2 * number


def pool(start: Starts, waiting: int = 2, idle_seconds: float = 60) -> TaskPool:
    return TaskPool(2, waiting, 60, idle_seconds, start)


def eventually(is_so: Callable[[], bool]) -> None:
    for _ in range(400):
        if is_so():
            return
        sleep(0.005)
    pytest.fail("it never came to that")


def test_workers_start_with_the_first_task_and_stay() -> None:
    start = Starts()
    supervisor = Supervisor(60, start)
    assert supervisor.executor is None
    first = supervisor.begin(2, double, 1)
    assert first.future.result() == 2
    assert supervisor.begin(2, double, 2).executor is first.executor
    assert len(start.all) == 1
    assert (start.all[0].count, start.all[0].seconds) == (2, 60)


def test_workers_that_died_while_idle_are_replaced() -> None:
    start = Starts()
    supervisor = Supervisor(60, start)
    supervisor.ready(1)
    start.all[0].is_alive = False
    assert supervisor.begin(1, double, 3).future.result() == 6
    assert [each.is_stopped for each in start.all] == [True, False]


def test_more_workers_are_started_only_while_none_is_busy() -> None:
    start, go_on = Starts(), Event()
    supervisor = Supervisor(60, start)
    busy = supervisor.begin(1, lambda _: go_on.wait(5))
    assert supervisor.ready(2) is busy.executor
    go_on.set()
    assert busy.future.result()
    eventually(lambda: not start.all[0].under_way)
    assert supervisor.ready(2).count == 2


def test_workers_are_let_go_once_and_not_where_they_are_wanted() -> None:
    start = Starts()
    supervisor = Supervisor(60, start)
    executor = supervisor.ready(1)
    assert not supervisor.let_go(executor, unless=lambda: True)
    assert supervisor.let_go(executor)
    assert not supervisor.let_go(executor)
    assert not supervisor.let_go(None)


def test_what_workers_had_that_are_gone_is_abandoned_unless_it_succeeded() -> None:
    supervisor = Supervisor(60, Starts(deaf=1))
    unheard, done = supervisor.begin(1, double, 1), supervisor.begin(1, double, 2)
    assert done.future.result() == 4
    assert not supervisor.is_abandoned(unheard)
    supervisor.let_go(supervisor.executor)
    assert supervisor.is_abandoned(unheard)
    assert not supervisor.is_abandoned(done)
    assert unheard.stage == "read"


def fail_early(_slot: int) -> None:
    raise TimeoutError


def test_a_timeout_before_its_time_is_spurious() -> None:
    for seconds, is_spurious in ((60, True), (0, False)):
        supervisor = Supervisor(seconds, Starts())
        running = supervisor.begin(1, fail_early)
        assert isinstance(running.future.exception(), TimeoutError)
        assert supervisor.is_spurious_timeout(running) is is_spurious


def test_a_server_s_task_that_was_lost_with_its_workers_is_tried_again() -> None:
    start = Starts(losing=1)
    assert pool(start).do(double, 4) == 8
    assert [each.is_stopped for each in start.all] == [True, False]


def test_a_server_s_task_that_nobody_hears_of_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "_LOSS_SECONDS", 0.05)
    start = Starts(deaf=1)
    assert pool(start).do(double, 5) == 10
    assert len(start.all) == 2


def test_a_server_gives_up_where_workers_are_lost_time_after_time() -> None:
    with pytest.raises(TaskError) as caught:
        TaskPool(1, 1, 60, 60, lambda workers, seconds: Starts(losing=9)(workers, seconds)).do(double, 1)
    assert caught.value.__cause__ is None


def test_a_full_server_says_when_to_come_again_and_a_stopped_one_takes_nothing() -> None:
    start, go_on = Starts(), Event()
    full = pool(start, waiting=0)
    askers = [Thread(target=full.do, args=(lambda _: go_on.wait(5),)) for _ in range(2)]
    for asker in askers:
        asker.start()
    eventually(lambda: full.under_way == 2)
    with pytest.raises(PoolBusyError) as caught:
        full.do(double, 1)
    assert caught.value.retry_seconds >= 1
    go_on.set()
    for asker in askers:
        asker.join()
    full.stop()
    assert full.is_idle
    with pytest.raises(PoolBusyError):
        full.do(double, 1)


def test_a_server_s_workers_end_after_a_time_without_tasks() -> None:
    start = Starts()
    idle = pool(start, idle_seconds=0.02)
    assert idle.do(double, 1) == 2
    eventually(lambda: idle.is_idle and start.all[0].is_stopped)
    assert idle.do(double, 2) == 4


@pytest.fixture
def loaded(analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks in this process use loaded models, and no limit of its memory."""
    monkeypatch.setattr(tasks, "_analyzer", lambda *_: analyzer)


@pytest.mark.usefixtures("loaded")
def test_a_scan_runs_on_any_executor(model_set: ModelSet, samples: dict[str, Path], tmp_path: Path) -> None:
    start = Starts(losing=1)
    (tmp_path / "notes").write_text("no picture")
    broken = tmp_path / "half.jpg"
    broken.write_bytes(samples["flower"].read_bytes()[:20_000])
    files = [stamp(path) for path in (samples["cat"], tmp_path / "notes", broken, samples["coffee"])]
    with Pool(model_set, PHOTO_LIMITS, 2, start=start) as scan:
        outcomes = {each.file.path: each for some in scan.outcomes(files) for each in some}
    assert [type(outcomes[file.path]) for file in files] == [Indexed, Skipped, Failed, Indexed]
    assert len(start.all) == 2
    assert all(each.is_stopped for each in start.all)
