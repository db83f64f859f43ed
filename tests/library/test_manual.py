"""The manual of the library names every table, and its SQL runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from made_photos import made_photo

from indexer.library.db.user_tables import all_tables
from indexer.library.indexing.outcomes import record_outcomes, store_classes
from indexer.library.store import Library
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Failed

MANUAL = (Path(__file__).parents[2] / "docs" / "library.md").read_text()


@pytest.mark.parametrize("table", sorted(all_tables.tables))
def test_the_manual_names_every_table(table: str) -> None:
    assert f"`{table}`" in MANUAL


def test_the_sql_of_the_manual_runs(library: Library) -> None:
    folder = Path("/photos")
    record_outcomes(
        library,
        [made_photo(folder / "a.jpg", 1, [("dog", 0.5)]), Failed(PhotoFile(folder / "b", 1, 1), "decode", "no")],
    )
    store_classes(library, "finder-44444440", ["dog"])
    best, failed, seen = re.findall(r"```sql\n(.*?)```", MANUAL, re.DOTALL)
    with library.reading() as connection:
        assert connection.exec_driver_sql(best).all() == [(0.5, "/photos/a.jpg", "class of dog")]
        assert connection.exec_driver_sql(failed).all() == [("decode", "no", 1)]
        assert connection.exec_driver_sql(seen).all() == [(0.9, "/photos/a.jpg", 0.1, 0.2)]
