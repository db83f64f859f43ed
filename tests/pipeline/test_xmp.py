"""From the library to XMP and back, with ExifTool as an independent reader and writer where it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from indexer.errors import LibraryError
from indexer.geometry import Box
from indexer.intake.discover import stamp
from indexer.intake.xmp.packet import Packet
from indexer.library.indexing.outcomes import record_outcomes, retag_photos
from indexer.library.people.corrections import person_with, refuse_face
from indexer.library.roots import add_root
from indexer.library.store import Library
from indexer.library.user.export import KnownPhoto, known_photos
from indexer.library.user.imports import ImportChanges, ImportedStatements, changes_to_import, people_ids, take_in
from indexer.library.user.own_tags import add_tag, rate, remove_tag, said
from indexer.pipeline.imports import Imported, take
from indexer.pipeline.scan.plan import plan
from indexer.pipeline.xmp_export import Exported, ExportOptions, export
from indexer.values.analysis import Analysis, Evidence, Face, ModelIds, Tag
from indexer.values.files import Hashes, Metadata, PixelStats
from indexer.values.outcomes import Indexed

SIDECARS = ExportOptions()
PATHS = {"dog": ("animal", "dog"), "animal": ("animal",)}
FACE = Box(0.1, 0.2, 0.2, 0.3)
STORED = {1: (0.2, 0.35, 0.2, 0.3), 6: (0.35, 0.8, 0.3, 0.2)}  # center and size of FACE, as MWG wants them


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a.jpg, upright, and b.jpg, to be turned right (orientation 6), both 400 × 300 when upright."""
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.linear_gradient("L").resize((400, 300)).save(folder / "a.jpg")
    exif = Image.Exif()
    exif[0x112] = 6
    Image.linear_gradient("L").resize((300, 400)).save(folder / "b.jpg", exif=exif)
    return folder


@pytest.fixture
def library(folder: Path, tmp_path: Path) -> Iterator[Library]:
    """A library of the folder: dogs, each with a face."""
    with Library.open(tmp_path / "library.sqlite") as opened:
        add_root(opened, folder)
        photos = [(folder / "a.jpg", 1), (folder / "b.jpg", 6)]
        record_outcomes(opened, [Indexed(stamp(path), analysis(turned)) for path, turned in photos])
        yield opened


def analysis(orientation: int = 1, *tags: Tag) -> Analysis:
    return Analysis(
        metadata=Metadata("JPEG", 400, 300, orientation),
        hashes=Hashes(b"\0" * 32, b"\0" * 8),
        look=PixelStats(0.5, 0.5, 0.5, 0.5),
        evidence=(Evidence("eyes-1", b""),),
        tags=tags or (Tag("animal", 0.9, "dog"), Tag("dog", 0.6, "dog")),
        faces=(Face(FACE, 0.9, 0.9, (), None),),
        vector=b"",
        models=("eyes-1",),
    )


def photo(library: Library, name: str = "a.jpg") -> KnownPhoto:
    return next(each for batch in known_photos(library) for each in batch if each.file.path.name == name)


def name_faces(library: Library, name: str) -> None:
    found = [each for batch in known_photos(library) for each in batch]
    take_in(library, [ImportChanges(each.id, names=tuple((face.id, name) for face in each.faces)) for each in found])


def exported(library: Library, wish: ExportOptions = SIDECARS, *, dry_run: bool = False) -> list[Exported]:
    return list(export(library, (), wish, PATHS, dry_run=dry_run))


def taken(library: Library, *, dry_run: bool = False) -> list[Imported]:
    return list(take(library, (), dry_run=dry_run))


@pytest.fixture
def exiftool() -> str:
    """ExifTool, which knows nothing of us; the test is skipped where it is not installed."""
    found = shutil.which("exiftool")
    if found is None:
        pytest.skip("exiftool is not installed: apt-get install libimage-exiftool-perl")
    return found


def seen_by(exiftool: str, path: Path) -> dict[str, Any]:
    done = subprocess.run([exiftool, "-j", "-struct", "-G1", path], capture_output=True, text=True, check=True)
    (found,) = json.loads(done.stdout)
    assert "ExifTool:Warning" not in found
    return found


def run(exiftool: str, *arguments: str | Path) -> None:
    subprocess.run([exiftool, "-q", "-overwrite_original", "-P", *arguments], check=True)


@pytest.mark.parametrize("in_place", [False, True])
def test_exiftool_reads_what_an_export_wrote(in_place: bool, library: Library, folder: Path, exiftool: str) -> None:
    name_faces(library, "Zoë O'Neill")
    rate(library, 4, [folder])
    add_tag(library, "Ferien am Meer", [folder])
    exported(library, ExportOptions(in_place=in_place))
    for name, turned in (("a.jpg", 1), ("b.jpg", 6)):
        found = seen_by(exiftool, folder / (name if in_place else f"{name}.xmp"))
        assert found["XMP-dc:Subject"] == ["Ferien am Meer", "animal", "dog"]
        assert found["XMP-lr:HierarchicalSubject"] == ["Ferien am Meer", "animal", "animal|dog"]
        assert found["XMP-digiKam:TagsList"] == ["Ferien am Meer", "animal", "animal/dog"]
        assert found["XMP-xmp:Rating"] == 4
        info = found["XMP-mwg-rs:RegionInfo"]
        width, height = (400, 300) if turned == 1 else (300, 400)
        assert info["AppliedToDimensions"] == {"W": width, "H": height, "Unit": "pixel"}
        (region,) = info["RegionList"]
        assert (region["Name"], region["Type"]) == ("Zoë O'Neill", "Face")
        area = tuple(region["Area"][key] for key in "XYWH")
        assert area == pytest.approx(STORED[turned], abs=1e-5)


def test_what_exiftool_wrote_is_taken_in_once_and_kept_by_an_export(
    library: Library, folder: Path, exiftool: str
) -> None:
    x, y, w, h = STORED[6]
    region = f"{{Area={{X={x},Y={y},W={w},H={h},Unit=normalized}},Name=Alice,Type=Face}}"
    info = f"-RegionInfo={{AppliedToDimensions={{W=300,H=400,Unit=pixel}},RegionList=[{region}]}}"
    for target in (folder / "b.jpg", folder / "b.jpg.xmp"):
        run(exiftool, "-XMP-dc:Subject=beach", "-XMP-lr:HierarchicalSubject=trips|Dog", "-XMP:Rating=5", info, target)
    record_outcomes(library, [Indexed(stamp(folder / "b.jpg"), analysis(6))])
    (found,) = taken(library)
    assert set(found.changes.words) == {"beach", "Dog"}
    assert found.changes.rating == 5
    assert [name for _, name in found.changes.names] == ["Alice"]
    assert not found.changes.refused
    assert said(library, folder / "b.jpg").given == ("beach", "dog")
    assert photo(library, "b.jpg").faces[0].name == "Alice"
    assert taken(library) == []
    (_, done) = exported(library)
    assert done.change is not None
    assert (done.change.added, done.change.named, done.change.rating) == (("dog", "animal"), (), None)
    assert seen_by(exiftool, folder / "b.jpg.xmp")["XMP-dc:Subject"] == ["beach", "dog", "animal"]
    assert taken(library) == []


def test_exiftool_may_rewrite_a_sidecar_between_two_exports(library: Library, folder: Path, exiftool: str) -> None:
    name_faces(library, "Alice")
    exported(library)
    sidecar = folder / "a.jpg.xmp"
    run(exiftool, "-XMP-dc:Subject+=mine", "-XMP-dc:Title=A title", "-XMP-crs:Exposure2012=+0.5", sidecar)
    retag_photos(library, {folder / "a.jpg": [Tag("cat", 0.8, "cat")]})
    (done, _) = exported(library)
    assert done.change is not None
    assert (done.change.added, done.change.removed) == (("cat",), ("animal", "dog"))
    found = seen_by(exiftool, sidecar)
    assert found["XMP-dc:Subject"] == ["mine", "cat"]
    assert (found["XMP-dc:Title"], found["XMP-crs:Exposure2012"]) == ("A title", "+0.5")
    assert len(found["XMP-mwg-rs:RegionInfo"]["RegionList"]) == 1
    assert not any(each.change.is_other for each in exported(library) if each.change)
    (heard,) = taken(library)
    assert heard.changes.words == ("mine",)


def test_exiftool_finds_nothing_changed_but_the_xmp(library: Library, folder: Path, exiftool: str) -> None:
    def rest(path: Path) -> bytes:
        command = [exiftool, "-all=", "-o", "-", path]  # the picture alone
        return subprocess.run(command, capture_output=True, check=True).stdout

    def faults(path: Path) -> str:
        command = [exiftool, "-validate", "-warning", "-a", path]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    path = folder / "b.jpg"
    before = rest(path), faults(path)
    exported(library, ExportOptions(in_place=True))
    assert (rest(path), faults(path)) == before


def test_a_dry_run_says_the_same_and_writes_nothing(library: Library, folder: Path) -> None:
    for wish in (ExportOptions(), ExportOptions(in_place=True)):
        before = {path: path.read_bytes() for path in folder.iterdir()}
        planned = exported(library, wish, dry_run=True)
        assert {path: path.read_bytes() for path in folder.iterdir()} == before
        assert exported(library, wish) == planned
        assert len(planned) == 2 if wish == ExportOptions() else 4  # and the sidecars that are there


def test_sidecars_leave_originals_alone_and_the_library_finds_nothing_new(library: Library, folder: Path) -> None:
    before = [stamp(folder / name) for name in ("a.jpg", "b.jpg")]
    exported(library)
    assert [stamp(folder / name) for name in ("a.jpg", "b.jpg")] == before
    assert not plan(library, [folder], ModelIds(("eyes-1",)), retry_failed=False, on_error=pytest.fail).work_count


def test_a_photo_that_was_written_in_place_stays_known(library: Library, folder: Path) -> None:
    exported(library, ExportOptions(in_place=True))
    assert not list(folder.glob("*.xmp"))
    assert not plan(library, [folder], ModelIds(("eyes-1",)), retry_failed=False, on_error=pytest.fail).work_count


def test_a_photo_that_changed_since_the_scan_is_not_made_known_by_an_export(library: Library, folder: Path) -> None:
    Image.new("RGB", (400, 300)).save(folder / "a.jpg")
    exported(library, ExportOptions(in_place=True))
    planned = plan(library, [folder], ModelIds(("eyes-1",)), retry_failed=False, on_error=pytest.fail)
    assert [each.path for each in planned.work] == [folder / "a.jpg"]


def test_what_is_exported_can_be_chosen(library: Library, folder: Path) -> None:
    name_faces(library, "Alice")
    add_tag(library, "mine", [folder / "a.jpg"])
    remove_tag(library, "animal", [folder / "a.jpg"])

    def words(wish: ExportOptions) -> tuple[str, ...]:
        change = exported(library, wish, dry_run=True)[0].change
        assert change is not None
        assert change.named == (("Alice",) if wish.faces else ())
        return change.added

    exported(library)
    assert Packet((folder / "a.jpg.xmp").read_bytes()).texts("lr:hierarchicalSubject") == ["mine", "dog"]
    (folder / "a.jpg.xmp").unlink()
    assert words(ExportOptions()) == ("mine", "dog")
    assert words(ExportOptions(min_score=0.7)) == ("mine",)
    assert words(ExportOptions(own_only=True, faces=False)) == ("mine",)


def test_photos_in_places_that_are_not_asked_for_are_left(library: Library, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="contains no photos"):
        list(export(library, [tmp_path / "other"], ExportOptions(), PATHS))
    assert len(list(export(library, [tmp_path], ExportOptions(), PATHS, dry_run=True))) == 2


def test_a_bad_sidecar_is_told_and_left_and_the_rest_goes_on(library: Library, folder: Path) -> None:
    (folder / "a.jpg.xmp").write_text("<!DOCTYPE x><x/>")
    bad, good = exported(library)
    assert bad.change is None
    assert "document type" in bad.problem
    assert good.change is not None
    assert (folder / "a.jpg.xmp").read_text() == "<!DOCTYPE x><x/>"
    (heard,) = taken(library)
    assert (heard.photo, heard.changes.words) == (folder / "a.jpg.xmp", ())
    assert "document type" in heard.problem


def test_a_photo_that_is_gone_gets_no_sidecar(library: Library, folder: Path) -> None:
    (folder / "a.jpg").unlink()
    gone, _ = exported(library)
    assert "does not exist" in gone.problem
    assert not (folder / "a.jpg.xmp").exists()


def test_our_own_words_are_never_taken_for_the_users(library: Library, folder: Path) -> None:
    name_faces(library, "Alice")
    rate(library, 2, [folder])
    exported(library)
    exported(library, ExportOptions(in_place=True))
    rate(library, 3, [folder])
    assert taken(library) == []


def test_what_the_user_said_here_outweighs_what_is_said_elsewhere(library: Library, folder: Path) -> None:
    name_faces(library, "Alice")
    remove_tag(library, "dog", [folder / "a.jpg"])
    known = photo(library)
    other = replace(FACE, left=0.7)
    heard = ImportedStatements(("dog", "  my   holiday ", ""), None, (("Bob", FACE), ("Carol", other), ("alice", FACE)))
    found = changes_to_import(known, heard, {"alice": 1})
    assert found.words == ("my holiday",)
    assert found.names == ()
    assert len(found.refused) == 4
    text = "; ".join(found.refused)
    no_face = "no face was found at the position of 'Carol'"
    for part in ("'dog' was removed", "'Bob' is named 'Alice'", no_face, "'alice'"):
        assert part in text


def test_people_who_are_hidden_or_to_be_forgotten_are_told_nobody(library: Library) -> None:
    name_faces(library, "Alice")
    exported(library)
    with library.writing() as connection:
        connection.exec_driver_sql("UPDATE people SET is_hidden = 1")
    for done in exported(library):
        assert done.change is not None
        assert done.change.unnamed == ("Alice",)
    with library.writing() as connection:
        connection.exec_driver_sql("UPDATE people SET is_hidden = 0")
        connection.exec_driver_sql("UPDATE faces SET is_forgotten = 1")
    assert not any(done.change.is_other for done in exported(library) if done.change)
    found = changes_to_import(photo(library), ImportedStatements(names=(("Bob", FACE),)), {})
    assert not found
    assert "was erased" in found.refused[0]


def test_a_name_that_was_refused_for_a_face_is_not_taken_in(library: Library) -> None:
    face = photo(library).faces[0]
    with library.writing() as connection:
        bob = person_with(connection, "Bob")
        refuse_face(connection, face.id, bob)
    found = changes_to_import(photo(library), ImportedStatements(names=(("bob", FACE),)), people_ids(library))
    assert not found
    assert "was rejected" in found.refused[0]


def test_a_name_that_is_none_is_told(library: Library) -> None:
    found = changes_to_import(photo(library), ImportedStatements(names=(("123", FACE),)), {})
    assert not found
    assert "cannot be a name" in found.refused[0]


def test_a_region_around_the_whole_head_finds_its_face_and_each_face_is_named_once(library: Library) -> None:
    head = Box(FACE.left - 0.1, FACE.top - 0.2, FACE.width + 0.2, FACE.height + 0.3)
    found = changes_to_import(photo(library), ImportedStatements(names=(("Near", FACE), ("Wide", head))), {})
    assert [name for _, name in found.names] == ["Near"]
    assert len(found.refused) == 1
    assert [
        name for _, name in changes_to_import(photo(library), ImportedStatements(names=(("Wide", head),)), {}).names
    ] == ["Wide"]


def test_words_that_are_taken_in_outlast_the_next_analysis(library: Library, folder: Path) -> None:
    take_in(library, [ImportChanges(photo(library).id, words=("DOG", "sea"), rating=5)])
    record_outcomes(library, [Indexed(stamp(folder / "a.jpg"), analysis(1, Tag("cat", 0.7, "cat")))])
    known = photo(library)
    assert {tag.name: tag.source for tag in known.tags} == {"cat": "cat", "dog": "own", "sea": "own"}
    assert known.rating == 5


def test_a_rejected_photo_is_told_and_stays(library: Library, folder: Path) -> None:
    packet = Packet()
    packet.set_text("xmp:Rating", "-1")
    (folder / "a.jpg.xmp").write_bytes(bytes(packet))
    (heard,) = taken(library)
    assert heard.rejected
    assert photo(library).rating is None
