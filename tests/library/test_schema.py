"""The schema: what migrations make is what the tables say; an upgrade keeps every row and leaves a copy."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from zlib import crc32

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from made_photos import dump, faults, made_photo

from indexer.errors import IndexerError, StoreError
from indexer.library.db import schema
from indexer.library.db.engine import connect
from indexer.library.db.rows import read_tags
from indexer.library.db.user_tables import all_tables
from indexer.library.history.change_log import history
from indexer.library.history.undo import undo
from indexer.library.indexing.files import file_states
from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.roots import root_folders
from indexer.library.store import Library
from indexer.resources import packaged
from indexer.values.analysis import Tag

P = Path("/photos")
NEXT = """
from alembic import op
import sqlalchemy as sa

revision = "next"
down_revision = "{head}"


def upgrade():
    with op.batch_alter_table("photos") as photos:  # rebuilds the table that all others hang on
        photos.add_column(sa.Column("stars", sa.Integer(), server_default="3"))
        photos.alter_column("path_text", nullable=True)
    {more}
"""


@pytest.fixture
def next_release(tmp_path: Path) -> Path:
    """The migrations of a release to come."""
    folder = tmp_path / "100% next"  # a percent sign means something to Alembic's configuration
    shutil.copytree(packaged("migrations"), folder)
    (folder / "versions" / "next.py").write_text(NEXT.format(head=schema.HEAD, more="pass"))
    return folder


def test_the_head_is_the_newest_script() -> None:
    assert ScriptDirectory(packaged("migrations")).get_current_head() == schema.HEAD


def test_migrations_make_exactly_the_tables(library: Library) -> None:
    with library.reading() as connection:
        ours = {"include_name": lambda name, kind, _: kind != "table" or not name.startswith("text_search")}
        assert compare_metadata(MigrationContext.configure(connection, opts=ours), all_tables) == []
        migrated = set(connection.exec_driver_sql("SELECT type, name FROM sqlite_schema WHERE sql NOT NULL").all())
    with Library.empty(Path("none")) as empty, empty.reading() as connection:
        made = set(connection.exec_driver_sql("SELECT type, name FROM sqlite_schema WHERE sql NOT NULL").all())
    assert {tuple(row) for row in migrated} - {tuple(row) for row in made} == {("table", "alembic_version")}


def test_an_upgrade_keeps_every_row_and_leaves_a_copy(library: Library, next_release: Path) -> None:
    record_outcomes(library, [made_photo(P / f"{n}.jpg", n, [("dog", n / 10)], faces=n) for n in range(4)])
    before = dump(library)
    library.close()
    _upgrade(library.path, next_release)
    assert faults(library.path) == []
    with closing(sqlite3.connect(library.path)) as connection:
        assert connection.execute("SELECT count(*), max(stars) FROM photos").fetchone() == (4, 3)
        assert connection.execute("SELECT count(*) FROM descriptors").fetchone() == (6,)
        connection.execute("UPDATE alembic_version SET version_num = ?", (schema.HEAD,))
        connection.commit()
    copy = library.path.with_name("library.sqlite.before-next.bak")
    for path in (library.path, copy):
        with Library.open(path, read_only=True) as opened:
            assert dump(opened) == before
    _upgrade(copy, next_release)


def test_a_library_without_objects_gets_them_and_its_tags_get_their_only_classifier(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    _make(
        path,
        "0003",
        "INSERT INTO models VALUES (1, 'lite-00000000'), (2, 'faces-11111111')",
        "INSERT INTO classes VALUES (1, 0, 'beagle'), (1, 1, 'tench')",
        "INSERT INTO evidence VALUES (1, 1, 0, x'')",
        "INSERT INTO tags VALUES (1, 'dog', 'dog'), (2, 'person', 'person')",
        "INSERT INTO sources VALUES (5, 'beagle'), (6, '1 face')",
        "INSERT INTO photo_tags VALUES (1, 1, 0, 0.75, 5), (1, 2, 1, 0.5, 6)",
    )
    with Library.open(path) as library, library.reading() as connection:
        assert connection.exec_driver_sql("SELECT * FROM sources").all() == [
            (5, "beagle", "lite-00000000"),
            (6, "1 face", ""),
        ]
        assert connection.exec_driver_sql("SELECT count(*) FROM objects").scalar() == 0
        assert read_tags(connection, [1])[1] == [
            (0, Tag("dog", 0.75, "beagle", ("lite-00000000",))),
            (1, Tag("person", 0.5, "1 face")),
        ]
    assert faults(path) == []


def test_tags_of_several_classifiers_wait_for_retag_to_tell_whose_they_are(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    _make(
        path,
        "0003",
        "INSERT INTO models VALUES (1, 'lite-00000000'), (2, 'lite2-11111111')",
        "INSERT INTO classes VALUES (1, 0, 'beagle'), (2, 0, 'beagle')",
        "INSERT INTO evidence VALUES (1, 1, 0, x''), (1, 2, 1, x'')",
        "INSERT INTO sources VALUES (5, 'beagle')",
    )
    with Library.open(path) as library, library.reading() as connection:
        assert connection.exec_driver_sql("SELECT models FROM sources").scalar() == ""


@pytest.mark.parametrize(
    ("since", "refused"),
    [
        ("SELECT 1", ""),
        ("UPDATE faces SET box_left = 0.6", "was changed since in another way"),
        ("UPDATE corrections SET changes = 'x'", "damaged"),
    ],
)
def test_corrections_of_people_become_entries_that_can_still_be_undone(
    tmp_path: Path, since: str, refused: str
) -> None:
    path = tmp_path / "library.sqlite"
    checksum = crc32(repr((3, 1, 0.1, 0.2, 0.3, 0.4, b"bytes")).encode())
    named = {"changes": [["people", [1, None, None, 0], [1, "Zoë", "zoë", 0]]], "faces": []}
    moved = {"changes": [["person_faces", None, [3, 1, 1]], ["refusals", [3, 2], None]], "faces": [[3, checksum]]}
    _make(
        path,
        "0005",
        "UPDATE photos SET content_hash = CAST('bytes' AS BLOB)",
        "INSERT INTO faces VALUES (3, 1, 0, 0.1, 0.2, 0.3, 0.4, 0.9, 0.9, x'', 0)",
        "INSERT INTO people VALUES (1, 'Zoë', 'zoë', 0), (2, 'Ben', 'ben', 0)",
        "INSERT INTO person_faces VALUES (3, 1, 1)",
        f"INSERT INTO corrections VALUES (7, 'Named a person without a name (1) Zoë', '{json.dumps(named)}')",
        f"INSERT INTO corrections VALUES (8, 'Moved 1 face to Zoë', '{json.dumps(moved)}')",
        since,
    )
    with Library.open(path) as library:
        assert [(each.number, each.at, each.kind, each.about) for each in history(library)] == [
            (8, None, "people", "Moved 1 face to Zoë"),
            (7, None, "people", "Named a person without a name (1) Zoë"),
        ]
        if refused:
            with pytest.raises(IndexerError, match=refused):
                undo(library)
            return
        assert [done.text for done in (undo(library), undo(library)) if done] == [
            "Moved 1 face to Zoë",
            "Named a person without a name (1) Zoë",
        ]
        with library.reading() as connection:
            assert connection.exec_driver_sql("SELECT * FROM refusals").all() == [(3, 2)]
            assert connection.exec_driver_sql("SELECT * FROM person_faces").all() == []
            assert connection.exec_driver_sql("SELECT name FROM people").scalars().all() == [None, "Ben"]
            tables = connection.exec_driver_sql("SELECT name FROM sqlite_schema").scalars().all()
    assert "corrections" not in tables
    assert faults(path) == []


def test_an_upgrade_that_fails_changes_nothing(library: Library, next_release: Path) -> None:
    record_outcomes(library, [made_photo(P / "a.jpg", 1)])
    before = dump(library)
    script = next_release / "versions" / "next.py"
    script.write_text(NEXT.format(head=schema.HEAD, more="op.execute('DELETE FROM models')"))
    with pytest.raises(StoreError, match="It is as it was before"):
        _upgrade(library.path, next_release)
    assert dump(library) == before


def test_a_library_of_a_newer_release_is_refused(library: Library, next_release: Path) -> None:
    library.close()
    _upgrade(library.path, next_release)
    for read_only in (True, False):
        with pytest.raises(StoreError, match="newer release of indexer"):
            Library.open(library.path, read_only=read_only)
    assert not library.path.with_name(f"library.sqlite.before-{schema.HEAD}.bak").exists()


def test_an_older_library_is_upgraded_also_to_be_read(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    path.touch()  # the oldest library there is: nothing in it yet
    with Library.open(path, read_only=True) as library:
        assert file_states(library) == {}
    assert faults(path) == []


def test_two_processes_may_make_the_library_at_once(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from indexer import Library, add_root\n"
        "with Library.open(Path(sys.argv[1])) as library: add_root(library, Path('/photos'))"
    )
    path = tmp_path / "sub" / "folder" / "library.sqlite"
    makers = [subprocess.Popen([sys.executable, "-c", script, path]) for _ in range(3)]
    assert [maker.wait() for maker in makers] == [0, 0, 0]
    with Library.open(path, read_only=True) as library:
        assert root_folders(library) == [P]


def test_a_current_library_is_opened_without_alembic(library: Library) -> None:
    script = (
        "import sys; from pathlib import Path; from indexer.library.store import Library\n"
        "import indexer.library.search.search, indexer.library.report\n"
        "Library.open(Path(sys.argv[1])).close(); Library.open(Path(sys.argv[1]), read_only=True).close()\n"
        "print({'alembic', 'numpy', 'PIL', 'tensorflow', 'sqlalchemy.orm'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script, library.path], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def _upgrade(path: Path, migrations: Path) -> None:
    engine = connect(path, read_only=False, busy_seconds=5)
    try:
        schema.upgrade(engine, path, migrations)
    finally:
        engine.dispose()


def test_a_library_of_the_first_schema_is_upgraded_and_keeps_its_photos(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    _make(path, "0001")
    with Library.open(path) as library:
        (known,) = file_states(library).values()
        assert (known.size, known.mtime_ns, known.stranger) == (5, 7, False)
    with closing(sqlite3.connect(path.with_name(f"library.sqlite.before-{schema.HEAD}.bak"))) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
        assert copy.execute("SELECT count(*) FROM photos").fetchone() == (1,)


def _make(path: Path, revision: str, *statements: str) -> None:
    """Make a library as an older release left it, with one photo, and fill it by SQL."""
    from alembic import command
    from alembic.config import Config

    engine = schema.connect(path, read_only=False, busy_seconds=1)
    config = Config()
    config.set_main_option("script_location", str(packaged("migrations")))
    with engine.connect() as connection, schema.writing(connection):
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.exec_driver_sql("INSERT INTO roots VALUES (1, ?, '/photos/')", (b"/photos/",))
        connection.exec_driver_sql(
            "INSERT INTO photos (root_id, path, path_text, size, mtime_ns) VALUES (1, ?, 'a.jpg', 5, 7)", (b"a.jpg",)
        )
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()
