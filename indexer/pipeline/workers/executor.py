"""Executor: the interface of whatever runs tasks for a supervisor; local processes are one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, TypeAlias


class WorkerCrashedError(Exception):
    """A task crashed its worker; its text says how the worker ended."""


class Executor(Protocol):
    """A number of workers that run tasks, each a function of a module with values that can be pickled.

    It promises: a task that comes to an end by itself ends its future, with its result or its error. A task that takes
    longer than its time ends as TimeoutError, one that crashes its worker as WorkerCrashedError, and neither costs
    another task anything. Where it is not known whose task a worker had that was lost, futures are cancelled or end as
    BrokenProcessPool; where even that is not noticed, they never end: the supervisor counts on neither.
    """

    @property
    def count(self) -> int:
        """The number of workers."""

    @property
    def under_way(self) -> int:
        """The number of unfinished tasks."""

    @property
    def has_lost(self) -> bool:
        """Return whether a worker had to be replaced."""

    @property
    def is_alive(self) -> bool:
        """Return whether tasks can be submitted."""

    def slot(self) -> int:
        """Return the slot of the next task: its last argument, by which it tells its stage."""

    def stage(self, slot: int) -> str:
        """Return the last stage of a task; the first one, where nothing is known of it."""

    def submit(self, task: Callable[..., Any], *given: Any) -> Future[Any]:
        """Begin `task(*given)` as soon as a worker is free."""

    def stop(self) -> None:
        """End all workers at once, whatever they do."""


StartExecutor: TypeAlias = Callable[[int, float], Executor]
"""Starts so many workers; the second number is the time in seconds that a task may take."""
