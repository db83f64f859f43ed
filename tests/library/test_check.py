"""What is wrong with a library file is found and told, whatever it is; what can be set right is."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from made_photos import EYES, dump, faults, made_photo

from indexer.advice import Advice
from indexer.errors import StoreError
from indexer.library.checks.file_checks import check_file, is_current
from indexer.library.checks.finding import Finding
from indexer.library.checks.repair import drop_unreadable, drop_unreferenced, rebuild_indexes, shorten_log
from indexer.library.checks.row_checks import check_rows
from indexer.library.db.backup import backup
from indexer.library.db.schema import HEAD
from indexer.library.indexing.files import file_states
from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.roots import relocate_folder, root_folders
from indexer.library.store import Library
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Failed, Removed

P = Path("/photos")
NOW = datetime(2026, 1, 3, tzinfo=UTC)
LENGTHS = {EYES[-1]: 512, EYES[0]: 16}


@pytest.fixture
def filled(library: Library) -> Library:
    """A library of 40 photos that was closed, so that the file is all of it."""
    tags = [("dog", 0.5), ("cat", 0.25)]
    record_outcomes(library, [made_photo(P / f"{number}.jpg", number, tags, faces=3) for number in range(40)])
    library.close()
    return library


def test_a_good_library_is_called_good(filled: Library) -> None:
    found = check_file(filled.path, 5) + check_rows(filled.path, LENGTHS, NOW, 5)
    assert {each.level for each in found} == {"fine"}
    assert {each.check for each in found} >= {"file", "integrity", "schema", "references", "descriptors", "words"}
    assert not any(each.repairable or each.advice for each in found)


def test_looking_changes_nothing(filled: Library) -> None:
    before = filled.path.read_bytes()
    check_file(filled.path, 5)
    check_rows(filled.path, LENGTHS, NOW, 5)
    assert filled.path.read_bytes() == before


def test_looking_does_not_wait_for_a_writer(filled: Library) -> None:
    with closing(sqlite3.connect(filled.path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM photos")
        assert {each.level for each in check_file(filled.path, 0.05)} == {"fine"}
        assert {each.level for each in check_rows(filled.path, LENGTHS, NOW, 0.05)} == {"fine"}


def _absent(path: Path) -> None:
    path.unlink()


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _text(path: Path) -> None:
    path.write_text("dear diary " * 1000)


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _stub(path: Path) -> None:
    os.truncate(path, 100)


def _garbage(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(16 * 1024)
        stream.write(b"\x55" * (path.stat().st_size - 16 * 1024))


def _other_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


WRONG: list[tuple[Callable[[Path], None], str, str]] = [
    (_absent, "file", "does not exist"),
    (_folder, "file", "is a folder"),
    (_text, "file", "is not a library of indexer"),
    (_cut, "file|integrity", "damaged"),
    (_stub, "file|integrity", "damaged|not a library"),
    (_garbage, "integrity", "damaged"),
    (_other_program, "schema", "is a database of another program"),
    (_newer, "schema", "newer release"),
]


@pytest.mark.parametrize(("spoil", "check", "text"), WRONG, ids=lambda each: getattr(each, "__name__", None))
def test_a_file_that_cannot_be_used_is_an_error_with_advice(
    filled: Library, spoil: Callable[[Path], None], check: str, text: str
) -> None:
    _close_for_good(filled.path)
    spoil(filled.path)
    errors = [each for each in check_file(filled.path, 5) if each.level == "error"]
    assert any(each.check in check.split("|") and any(part in each.text for part in text.split("|")) for each in errors)
    assert any(each.advice for each in errors)
    assert not any(each.repairable for each in errors)
    assert not is_current(filled.path, 5) or spoil in (_cut, _garbage)


@example([(13241, b"\x80")])  # in the schema: SQLite quotes it, and Python cannot read the message
@given(st.lists(st.tuples(st.integers(0, 2**20), st.binary(min_size=1, max_size=2000)), max_size=20))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_keeps_the_checks_from_an_answer(filled: Library, wounds: list[tuple[int, bytes]]) -> None:
    _close_for_good(filled.path)
    whole = filled.path.read_bytes()
    wounded = bytearray(whole)
    for place, data in wounds:
        place %= len(whole)
        wounded[place : place + len(data)] = data
    filled.path.with_name("wounded").write_bytes(wounded[: len(whole)])
    path = filled.path.with_name("wounded")
    for each in ("-wal", "-shm"):
        path.with_name(path.name + each).unlink(missing_ok=True)
    found = check_file(path, 5)
    assert found
    if is_current(path, 5):
        found += check_rows(path, LENGTHS, NOW, 5)
    with suppress(StoreError):
        backup(path, path.with_name("backup"), overwrite=True)
    assert all(isinstance(each, Finding) and each.text for each in found)


def test_an_empty_or_older_file_is_only_noted_and_left_as_it_is(library: Library, tmp_path: Path) -> None:
    empty = tmp_path / "empty.sqlite"
    empty.touch()
    _set_revision(library.path, "0001")
    for path in (empty, library.path):
        assert [each.level for each in check_file(path, 5) if each.check == "schema"] == ["note"]
        assert not is_current(path, 5)
    assert empty.stat().st_size == 0
    with closing(sqlite3.connect(library.path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
    _set_revision(library.path, HEAD)
    assert is_current(library.path, 5)


def test_a_damaged_index_is_made_anew(filled: Library) -> None:
    before = dump(filled)
    filled.close()
    _write(
        filled.path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = sql || ' WHERE 0' WHERE name = 'ix_photos_content_hash'",
    )
    with closing(sqlite3.connect(filled.path)) as connection, connection:  # while SQLite takes it for a partial one
        connection.execute("REINDEX ix_photos_content_hash")
    _write(
        filled.path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = replace(sql, ' WHERE 0', '') WHERE name = 'ix_photos_content_hash'",
    )
    assert faults(filled.path)
    (found,) = (each for each in check_file(filled.path, 5) if each.check == "integrity")
    assert (found.level, found.repairable) == ("error", True)
    rebuild_indexes(filled.path, 5)
    assert faults(filled.path) == []
    assert dump(filled) == before


def test_a_log_is_merged_into_the_library(library: Library) -> None:
    log = library.path.with_name("library.sqlite-wal")
    record_outcomes(library, [made_photo(P / f"{number}.jpg", number) for number in range(20)])
    assert log.stat().st_size
    shorten_log(library.path, 5)
    assert log.stat().st_size == 0
    assert len(file_states(library)) == 20


def test_a_log_that_has_grown_is_warned_of(filled: Library) -> None:
    _close_for_good(filled.path)
    with filled.path.with_name("library.sqlite-wal").open("wb") as log:
        log.truncate(2**30)  # a hole: it takes no room, and holds nothing
    (found,) = (each for each in check_file(filled.path, 5) if each.check == "log")
    assert (found.level, found.repairable) == ("warning", True)
    shorten_log(filled.path, 5)
    assert {each.level for each in check_file(filled.path, 5)} == {"fine"}
    assert len(file_states(filled)) == 40


def test_a_library_without_a_log_is_noted(filled: Library) -> None:
    with closing(sqlite3.connect(filled.path)) as connection:
        assert connection.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    assert {each.check for each in check_file(filled.path, 5) if each.level != "fine"} == {"journal"}


UNREADABLE = {
    "descriptors": "UPDATE descriptors SET data = substr(data, 1, 500) WHERE face_id % 10 = 1",
    "vectors": "UPDATE vectors SET data = data || x'00' WHERE photo_id % 10 = 1",
    "evidence": "UPDATE evidence SET data = substr(data, 1, 5) WHERE photo_id % 10 = 1",
    "objects": "UPDATE objects SET box_left = 'left' WHERE photo_id % 10 = 1",
    "landmarks": "UPDATE faces SET landmarks = x'0102' WHERE photo_id % 10 = 1",
    "hashes": "UPDATE photos SET content_hash = x'00' WHERE id % 10 = 1",
}


@pytest.mark.parametrize("lengths", [LENGTHS, {}], ids=["known", "as most are"])
@pytest.mark.parametrize("check", UNREADABLE)
def test_what_cannot_be_read_is_dropped_and_its_photo_analyzed_again(
    filled: Library, check: str, lengths: dict[str, int]
) -> None:
    before = dump(filled)
    filled.close()
    _write(filled.path, UNREADABLE[check])
    (found,) = (each for each in check_rows(filled.path, lengths, NOW, 5) if each.level == "error")
    assert (found.check, found.repairable) == (check, True)
    assert found.count == drop_unreadable(filled.path, lengths, 5) > 0
    levels = {each.check: each.level for each in check_rows(filled.path, lengths, NOW, 5)}
    assert levels.pop("analyses") == "note"
    assert set(levels.values()) == {"fine"}
    waiting = {path for path, each in file_states(filled).items() if not each.models}
    assert len(waiting) == found.count
    after = dump(filled)
    assert {path: after[path] for path in before.keys() - waiting} == {
        path: before[path] for path in before.keys() - waiting
    }
    record_outcomes(
        filled, [made_photo(path, int(path.stem), [("dog", 0.5), ("cat", 0.25)], faces=3) for path in waiting]
    )
    assert dump(filled) == before


def test_a_model_whose_descriptors_are_all_wrong_is_found_by_its_spec(filled: Library) -> None:
    levels = {each.check: each.level for each in check_rows(filled.path, {EYES[-1]: 2048}, NOW, 5)}
    assert levels["descriptors"] == "error"


def test_rows_of_photos_that_are_not_there_are_dropped(filled: Library) -> None:
    before = dump(filled)
    filled.close()
    _write(filled.path, "DELETE FROM photos WHERE id % 10 = 1")  # foreign keys are off in a shell
    (found,) = (each for each in check_rows(filled.path, LENGTHS, NOW, 5) if each.level == "error")
    assert (found.check, found.repairable) == ("references", True)
    assert drop_unreferenced(filled.path, 5) >= found.count
    assert faults(filled.path) == []
    after = dump(filled)
    assert after == {path: before[path] for path in after}
    assert len(after) == 36


def test_rows_that_name_other_lost_rows_are_left_to_the_user(filled: Library) -> None:
    _write(filled.path, "DELETE FROM sources")
    (found,) = (each for each in check_rows(filled.path, LENGTHS, NOW, 5) if each.check == "references")
    assert (found.level, found.repairable) == ("error", False)


def test_photos_that_wait_or_are_missing_for_long_are_noted(library: Library) -> None:
    record_outcomes(library, [made_photo(P / "a.jpg", 1), made_photo(P / "b.jpg", 2)])
    record_outcomes(library, [Failed(PhotoFile(P / "c.jpg", 1, 1), "decode", "broken"), Removed(P / "a.jpg")])
    assert not _notes(library, NOW)
    assert _notes(library, NOW.replace(month=6)) == {"missing": 1}
    _write(library.path, "UPDATE photos SET model_set_id = NULL")
    assert _notes(library, NOW) == {"analyses": 2}


def test_words_that_no_photo_has_are_noted(filled: Library) -> None:
    _write(filled.path, "INSERT INTO tags (name, folded) VALUES ('unicorn', 'unicorn')")
    assert _notes(filled, NOW) == {"words": 1}


def test_a_folder_in_a_folder_is_an_error_whose_advice_helps(library: Library) -> None:
    record_outcomes(library, [made_photo(P / "trip" / "a.jpg", 1), made_photo(P / "b.jpg", 2)])
    _write(
        library.path,
        "INSERT INTO roots (path, path_text) VALUES (CAST('/photos/trip/' AS BLOB), '/photos/trip/')",
        "INSERT INTO photos (root_id, path, path_text, size, mtime_ns)"
        " SELECT max(id), CAST('a.jpg' AS BLOB), 'a.jpg', 1, 1 FROM roots",
    )
    (found,) = (each for each in check_rows(library.path, LENGTHS, NOW, 5) if each.level == "error")
    assert (found.check, found.repairable) == ("roots", False)
    assert found.advice == Advice("relocate-into", ("/photos/trip/",))
    relocate_folder(library, P / "trip", P / "trip")
    assert root_folders(library) == [P]
    assert set(file_states(library)) == {P / "trip" / "a.jpg", P / "b.jpg"}
    assert not [each for each in check_rows(library.path, LENGTHS, NOW, 5) if each.level == "error"]


def test_a_library_that_may_not_be_written_is_not_repaired(filled: Library) -> None:
    with closing(sqlite3.connect(filled.path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        for repair in (rebuild_indexes, drop_unreferenced):
            with pytest.raises(StoreError, match="is being written by another program"):
                repair(filled.path, 0.05)


def _notes(library: Library, now: datetime) -> dict[str, int]:
    found = check_rows(library.path, LENGTHS, now, 5)
    assert {each.level for each in found} <= {"fine", "note"}
    return {each.check: each.count for each in found if each.level == "note"}


def _write(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def _set_revision(path: Path, revision: str) -> None:
    _write(path, f"UPDATE alembic_version SET version_num = '{revision}'")


def _close_for_good(path: Path) -> None:
    """Merge the log into the file."""
    _write(path, "PRAGMA wal_checkpoint(TRUNCATE)")
