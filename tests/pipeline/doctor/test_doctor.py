"""The doctor on a library of real photos: what is wrong is found, what can be repaired is, the rest left alone."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indexer.advice import Advice
from indexer.library.checks.finding import Finding
from indexer.library.db.backup import backup
from indexer.library.indexing.files import missing_photos
from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.roots import add_root, relocate_folder
from indexer.library.store import Library
from indexer.pipeline.doctor.context import DoctorContext
from indexer.pipeline.doctor.examine import examine
from indexer.pipeline.doctor.models import lengths
from indexer.pipeline.doctor.repair import repair
from indexer.pipeline.scan.plan import plan
from indexer.pipeline.workers.tasks import analyze_file
from indexer.values.outcomes import Indexed
from indexer.vision.analyze import Analyzer
from indexer.vision.model_set import ModelSet

NOW = datetime.now(UTC)


@dataclass(frozen=True)
class Ward:
    """A library of the three photos in a folder, and a models folder of its own."""

    photos: Path
    context: DoctorContext

    def levels(self, *checks: str) -> dict[str, str]:
        """Examine; return the worst level of each check that is not fine, or of those named."""
        found: dict[str, str] = {}
        for each in examine(self.context):
            if each.level != "fine" or each.check in checks:
                found[each.check] = max(found.get(each.check, ""), each.level, key=_ORDER.index)
        return found

    def finding(self, check: str) -> Finding:
        """Examine; return the one finding of a check that is not fine."""
        (found,) = (each for each in examine(self.context) if each.check == check and each.level != "fine")
        return found

    def repaired(self) -> list[str]:
        return repair(self.context, examine(self.context))

    def write(self, statement: str) -> None:
        with closing(sqlite3.connect(self.context.library)) as connection, connection:
            connection.execute(statement)


_ORDER = ["", "fine", "note", "warning", "error"]


@pytest.fixture(scope="session")
def known(analyzer: Analyzer, small: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos/ and a library of them; not to be changed."""
    home = tmp_path_factory.mktemp("known")
    (home / "photos" / "trip").mkdir(parents=True)
    shutil.copy2(small["cat"], home / "photos" / "cat.jpg")
    shutil.copy2(small["astronaut"], home / "photos" / "trip")
    shutil.copy2(small["flower"], home / "photos" / "trip")
    with Library.open(home / "library.sqlite") as library:
        add_root(library, home / "photos")
        work = plan(library, [home / "photos"], analyzer.model_ids, on_error=print).work
        record_outcomes(library, [Indexed(file, analyze_file(file, analyzer, 10**8)) for file in work])
    return home


@pytest.fixture
def ward(known: Path, model_set: ModelSet, tmp_path: Path) -> Ward:
    """A ward of one's own, where all is well."""
    home = tmp_path / "home"
    shutil.copytree(known / "photos", home / "photos")
    backup(known / "library.sqlite", home / "library.sqlite")
    models = home / "models"
    models.mkdir()
    for spec in model_set.specs():
        (models / spec.id).symlink_to(model_set.folder / spec.id)
    with Library.open(home / "library.sqlite") as library:
        relocate_folder(library, known / "photos", home / "photos")
    return Ward(home / "photos", DoctorContext(home / "library.sqlite", replace(model_set, folder=models), 2, NOW, 5.0))


def test_a_library_where_all_is_well_is_fine(ward: Ward) -> None:
    assert {check: level for check, level in ward.levels().items() if check not in ("space", "watches")} == {}
    assert ward.repaired() == []


def test_the_lengths_of_the_specs_are_those_of_the_models(ward: Ward) -> None:
    known = lengths(ward.context.model_set.specs())
    with closing(sqlite3.connect(ward.context.library)) as connection:
        for table in ("descriptors", "vectors"):
            query = f"SELECT name, length(data) FROM {table} JOIN models ON models.id = model_id"
            rows = connection.execute(query).fetchall()
            assert rows
            assert all(known[name] == length for name, length in rows)


def test_photos_that_are_gone_are_marked_and_shown_again_when_they_return(ward: Ward) -> None:
    cat = ward.photos / "cat.jpg"
    aside = cat.rename(ward.photos.parent / "cat.jpg")
    assert (ward.finding("gone").level, ward.finding("gone").count) == ("warning", 1)
    assert ward.repaired() == ["Marked as missing: 1 photo."]
    assert ward.levels("gone", "photos") == {"photos": "fine"}
    with Library.open(ward.context.library) as library:
        assert missing_photos(library) == [cat]
    aside.rename(cat)
    found = ward.finding("returned")
    assert (found.count, found.repairable) == (1, False)  # its change time is another: a scan compares the bytes
    with Library.open(ward.context.library) as library, library.writing() as connection:
        connection.exec_driver_sql("UPDATE photos SET ctime_ns = NULL")
    assert ward.finding("returned").repairable
    assert ward.repaired() == ["Shown again: 1 photo."]
    with Library.open(ward.context.library) as library:
        assert missing_photos(library) == []


def test_new_and_changed_files_are_left_to_a_scan(ward: Ward) -> None:
    shutil.copy(ward.photos / "cat.jpg", ward.photos / "new.jpg")
    os.utime(ward.photos / "trip" / "flower.jpg", (1, 1))
    found = ward.finding("new files")
    assert (found.level, found.count, found.advice) == ("note", 2, Advice("scan"))
    assert ward.repaired() == []


def test_a_folder_whose_disk_is_away_keeps_its_photos(ward: Ward) -> None:
    away = ward.photos.rename(ward.photos.with_name("away"))
    assert (ward.finding("folders").level, ward.finding("folders").count) == ("warning", 3)
    assert ward.repaired() == []
    away.rename(ward.photos)
    assert ward.levels("folders") == {"folders": "fine"}


def test_an_empty_folder_in_the_place_of_a_disk_keeps_its_photos(ward: Ward) -> None:
    shutil.rmtree(ward.photos)
    ward.photos.mkdir()
    os.utime(ward.photos, (1_000_000_000, 1_000_000_000))
    assert "perhaps a disk is not mounted" in ward.finding("folders").text
    assert ward.repaired() == []


def _not_built(home: Path) -> None:
    home.unlink()


def _own(home: Path) -> None:
    """Put a copy in the place of the link."""
    built = home.resolve()
    home.unlink()
    shutil.copytree(built, home)


def _cut_short(home: Path) -> None:
    _own(home)
    os.truncate(home / "model.tflite", 1000)


def _wrong_bytes(home: Path) -> None:
    _own(home)
    with (home / "model.tflite").open("r+b") as stream:
        stream.seek(5000)
        stream.write(b"\x55" * 100)


def _no_record(home: Path) -> None:
    _own(home)
    (home / "build.json").write_text("[]")


NETWORKS: list[tuple[Callable[[Path], None], str]] = [
    (_not_built, "note"),
    (_cut_short, "error"),
    (_wrong_bytes, "error"),
    (_no_record, "error"),
]


@pytest.mark.parametrize(("spoil", "level"), NETWORKS, ids=lambda each: getattr(each, "__name__", None))
def test_a_model_that_is_not_whole_is_told_with_the_command_that_builds_it(
    ward: Ward, spoil: Callable[[Path], None], level: str
) -> None:
    spec = ward.context.model_set.specs()[1]
    spoil(ward.context.model_set.folder / spec.id)
    found = ward.finding("models")
    assert (found.level, found.advice) == (level, Advice("build-model", (spec.name,)))


def test_an_unknown_model_in_the_settings_does_not_keep_the_other_checks(ward: Ward) -> None:
    sick = replace(ward, context=replace(ward.context, model_set=replace(ward.context.model_set, classifier="gpt")))
    assert sick.levels("integrity", "photos") | {"space": "", "watches": ""} == {
        "models": "error", "integrity": "fine", "photos": "fine", "space": "", "watches": "",
    }  # fmt: skip


def test_photos_that_older_models_saw_are_stale(ward: Ward) -> None:
    ward.write("UPDATE model_sets SET name = 'efficientnet-lite0-00000000'")
    found = ward.finding("stale")
    assert (found.level, found.count, found.advice) == ("note", 3, Advice("scan"))


def test_old_models_are_deleted_and_nothing_else(ward: Ward) -> None:
    folder = ward.context.model_set.folder
    for name, extra in [("old-12345678", ""), ("mine-12345678", "notes.txt")]:
        (folder / name).mkdir()
        (folder / name / "model.tflite").write_bytes(b"numbers")
        built = {"id": name, "files": {"model.tflite": {"size": 7, "sha256": ""}}}
        (folder / name / "build.json").write_text(json.dumps(built))
        if extra:
            (folder / name / extra).write_text("precious")
    (folder / "holiday-12345678").mkdir()
    before = set(folder.iterdir())
    assert (ward.finding("old models").level, ward.finding("old models").count) == ("note", 1)
    assert ward.repaired() == ["Deleted: 1 model of older releases."]
    assert before - set(folder.iterdir()) == {folder / "old-12345678"}


def test_unfinished_copies_are_deleted_and_those_being_made_are_not(ward: Ward) -> None:
    home = ward.context.library.parent
    names = ("library.sqlite.before-9.bak.part", "library.sqlite.x.part", "film.part", "b.sqlite.part")
    old, fresh, foreign, ours = (home / name for name in names)
    for path in (old, fresh, foreign):
        path.write_bytes(b"half")
    backup(ward.context.library, ours)
    for path in (old, foreign, ours):
        os.utime(path, (1e9, 1e9))
    assert (ward.finding("leftovers").level, ward.finding("leftovers").count) == ("note", 2)
    assert ward.repaired() == ["Deleted: 2 unfinished files."]
    assert (fresh.exists(), foreign.exists()) == (True, True)


def test_copies_from_before_an_upgrade_are_noted(ward: Ward) -> None:
    ward.context.library.with_name("library.sqlite.before-0002.bak").write_bytes(b"x" * 5000)
    assert "5 kB" in ward.finding("upgrade copies").text
    assert ward.repaired() == []


def test_rows_that_cannot_be_read_are_repaired_and_wait_for_a_scan(ward: Ward) -> None:
    ward.write("UPDATE descriptors SET data = x'00'")
    ward.write("UPDATE evidence SET data = x'00'")
    assert {check: level for check, level in ward.levels().items() if level == "error"} == {
        "descriptors": "error",
        "evidence": "error",
    }
    assert len(ward.repaired()) == 1
    assert "error" not in ward.levels().values()
    assert ward.finding("analyses").count == 3


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _garbage(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(16 * 1024)
        stream.write(b"\x55" * (path.stat().st_size - 16 * 1024))


def _text(path: Path) -> None:
    path.write_text("dear diary " * 1000)


@pytest.mark.parametrize("spoil", [_cut, _garbage, _text, Path.unlink])
def test_a_damaged_library_is_not_written_to_and_all_other_checks_are_made(
    ward: Ward, spoil: Callable[[Path], None]
) -> None:
    with closing(sqlite3.connect(ward.context.library)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    for ending in ("-wal", "-shm"):
        ward.context.library.with_name(f"library.sqlite{ending}").unlink(missing_ok=True)
    spoil(ward.context.library)
    before = ward.context.library.read_bytes() if ward.context.library.exists() else None
    levels = ward.levels("models", "open files", "leftovers")
    assert "error" in (levels.get("file"), levels.get("integrity"))
    assert (levels["models"], levels["open files"], levels["leftovers"]) == ("fine", "fine", "fine")
    assert ward.repaired() == []
    assert (ward.context.library.read_bytes() if before is not None else None) == before


def test_a_repair_that_cannot_be_made_is_told(ward: Ward) -> None:
    (ward.photos / "cat.jpg").unlink()
    with closing(sqlite3.connect(ward.context.library, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        hurried = replace(ward, context=replace(ward.context, busy_seconds=0.05))
        (told,) = hurried.repaired()
    assert told.startswith("gone: could not be repaired: library ")
    assert "is being written by another program" in told
