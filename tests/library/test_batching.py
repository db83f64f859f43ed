"""Batches: in order, none longer than asked for, none empty."""

from __future__ import annotations

import pytest

from indexer.library.db.batching import BATCH_SIZE, batched


@pytest.mark.parametrize(
    ("count", "parts"), [(0, []), (1, [[0]]), (2, [[0, 1]]), (3, [[0, 1], [2]]), (4, [[0, 1], [2, 3]])]
)
def test_rows_are_cut_in_order(count: int, parts: list[list[int]]) -> None:
    assert list(batched(range(count), 2)) == parts
    assert list(batched(iter(range(count)), 2)) == parts


def test_a_batch_fits_into_a_statement() -> None:
    assert [len(batch) for batch in batched(range(BATCH_SIZE + 1))] == [1000, 1]
