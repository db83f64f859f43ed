"""Batches: ids, paths and rows, cut into lists that fit into one SQL statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
BATCH_SIZE = 1000  # SQLite takes 32,766 values in a statement


def batched(rows: Iterable[T], size: int = BATCH_SIZE) -> Iterator[list[T]]:
    """Yield rows in lists of at most `size`, in order; none is empty."""
    rest = iter(rows)
    while batch := list(islice(rest, size)):
        yield batch
