"""Outcomes go in and come back exactly; what a photo goes through leaves the library as it should be."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_photos import EYES, dump, faults, made_analysis, made_photo, moved

from indexer.errors import LibraryError, StoreError
from indexer.library.indexing.files import content_sizes, file_states, missing_photos, photos_by_content, stale_photos
from indexer.library.indexing.outcomes import (
    forget_missing,
    record_outcomes,
    retag_photos,
    store_classes,
    stored_analyses,
    stored_classes,
)
from indexer.library.report import NamedObject, TagCount, details, failures, status, tag_counts
from indexer.library.roots import add_root
from indexer.library.search.search import by_keywords
from indexer.library.store import Library
from indexer.values.analysis import Descriptor, ModelIds, Tag
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Failed, Indexed, Removed, Unchanged

A, B, C = Path("/photos/a.jpg"), Path("/photos/b.jpg"), Path("/photos/2024/c.jpg")
ODD_NAMES = [
    b"plain.jpg",
    b"n\xffot utf-8.jpg",
    b"new\nline.jpg",
    b"a'quote%_.jpg",
    "Zoë.jpg".encode(),
    b"-",
    b"x/ y .jpg",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_an_analysis_comes_back_exactly_under_any_name(library: Library, name: bytes) -> None:
    path = Path("/photos") / os.fsdecode(name)
    photo = made_photo(path, 3, [("dog", 0.9), ("animal", 0.95)], faces=3)
    record_outcomes(library, [photo])
    seen = details(library, path)
    assert seen is not None
    assert (seen.file, seen.analysis, seen.failure, seen.missing_since) == (photo.file, photo.analysis, None, None)
    assert seen.indexed_at == "2026-01-02T03:04:05+00:00"
    assert [hit.path for hit in by_keywords(library, ["dog"])] == [path]


def test_a_photo_without_tags_faces_and_descriptors_comes_back_exactly(library: Library) -> None:
    analysis = made_analysis(1, faces=2)
    bare = replace(analysis, faces=tuple(replace(face, descriptor=None) for face in analysis.faces), vector=b"")
    photos = [Indexed(PhotoFile(A, 1, 1), made_analysis(2, faces=0)), Indexed(PhotoFile(B, 1, 1), bare)]
    record_outcomes(library, photos)
    assert {path: each[1] for path, each in dump(library).items()} == {A: photos[0].analysis, B: bare}


def test_a_new_analysis_replaces_the_old_one(library: Library) -> None:
    record_outcomes(library, [made_photo(A, 1, [("dog", 0.9)], faces=3)])
    again = made_photo(A, 2, [("cat", 0.8)])
    record_outcomes(library, [again])
    assert dump(library) == {A: (again.file, again.analysis, None, False)}
    assert by_keywords(library, ["dog"]) == []
    assert [each.name for each in tag_counts(library)] == ["cat"]


def test_a_photo_and_a_face_that_is_still_there_keep_their_rows(library: Library) -> None:
    record_outcomes(library, [made_photo(A, 1, faces=3), made_photo(B, 2, faces=2)])
    before = _rows(library)
    first = made_photo(A, 1, faces=3)
    left, middle, right = first.analysis.faces
    near = Descriptor.of(left.descriptor.model, left.descriptor.vector + np.float32(0.02))
    wider = replace(left, box=replace(left.box, width=left.box.width * 1.2), descriptor=near)
    record_outcomes(library, [replace(first, analysis=replace(first.analysis, faces=(right, wider)))])
    after = _rows(library)
    assert after["photos"] == before["photos"]
    kept = [before["faces"][A][2], before["faces"][A][0]]
    assert after["faces"] == {A: kept, B: before["faces"][B]}
    assert dump(library)[A][1].faces == (right, wider)
    assert middle not in dump(library)[A][1].faces


def test_a_failed_photo_is_never_taken_for_one_without_tags(library: Library) -> None:
    record_outcomes(library, [Failed(PhotoFile(A, 5, 6), "decode", "is cut short"), made_photo(B, 1)])
    assert failures(library) == [Failed(PhotoFile(A, 5, 6), "decode", "is cut short")]
    assert failures(library, "decode") == failures(library)
    assert failures(library, "analyze") == []
    known = file_states(library)
    assert (known[A].failed, known[A].size, known[A].mtime_ns, known[A].models) == (True, 5, 6, ())
    assert (known[B].failed, known[B].models) == (False, EYES)


def test_a_photo_that_fails_later_is_hidden_but_not_forgotten(library: Library) -> None:
    photo = made_photo(A, 1, [("dog", 0.9)])
    record_outcomes(library, [photo])
    record_outcomes(library, [Failed(PhotoFile(A, 7, 8), "decode", "is cut short")])
    assert by_keywords(library, ["dog"]) == []
    (known,) = photos_by_content(library, [photo.analysis.hashes.content])[photo.analysis.hashes.content]
    assert (known.path, known.is_current) == (A, False)
    assert dump(library)[A][1] == photo.analysis
    record_outcomes(library, [photo])
    assert [hit.path for hit in by_keywords(library, ["dog"])] == [A]
    assert failures(library) == []


def test_a_missing_photo_is_hidden_until_it_returns(library: Library) -> None:
    photo = made_photo(A, 1, [("dog", 0.9)])
    record_outcomes(library, [photo, Removed(A)])
    assert by_keywords(library, ["dog"]) == []
    assert file_states(library)[A].missing
    assert missing_photos(library) == [A]
    record_outcomes(library, [Unchanged(photo.file)])
    assert [hit.path for hit in by_keywords(library, ["dog"])] == [A]
    assert missing_photos(library) == []


def test_prune_forgets_what_is_missing_and_nothing_else(library: Library) -> None:
    record_outcomes(library, [made_photo(A, 1, [("dog", 0.9)]), made_photo(B, 2, [("dog", 0.8)]), Removed(A)])
    assert forget_missing(library) == [A]
    assert list(file_states(library)) == [B]
    assert tag_counts(library) == [TagCount("dog", 1)]
    assert status(library).faces == 1
    assert forget_missing(library) == []


def test_a_moved_photo_keeps_all_that_is_known_of_it(library: Library) -> None:
    photo = made_photo(A, 1, [("dog", 0.9)], faces=2)
    record_outcomes(library, [photo, Removed(A)])
    rows = _rows(library)
    there = PhotoFile(C, photo.file.size, 99)
    record_outcomes(library, [moved(library, there, A, gone=True)])
    assert dump(library) == {C: (there, photo.analysis, None, False)}
    assert _rows(library) == {"photos": {C: rows["photos"][A]}, "faces": {C: rows["faces"][A]}}


def test_a_moved_photo_takes_the_place_of_what_was_there(library: Library) -> None:
    photo = made_photo(A, 1, [("dog", 0.9)])
    record_outcomes(library, [photo, made_photo(B, 2, [("cat", 0.9)])])
    record_outcomes(library, [moved(library, PhotoFile(B, 1, 2), A, gone=True)])
    assert dump(library) == {B: (PhotoFile(B, 1, 2), photo.analysis, None, False)}


def test_a_copy_is_known_without_an_analysis_and_lives_its_own_life(library: Library) -> None:
    photo = made_photo(A, 1, [("dog", 0.9)], faces=2)
    record_outcomes(library, [photo])
    copy = PhotoFile(C, photo.file.size, 99)
    record_outcomes(library, [moved(library, copy, A, gone=False)])
    record_outcomes(library, [made_photo(A, 2)])
    assert dump(library)[C] == (copy, photo.analysis, None, False)


def test_a_file_that_was_only_touched_gets_its_new_stamp(library: Library) -> None:
    photo = made_photo(A, 1, [("dog", 0.9)])
    record_outcomes(library, [photo])
    touched = PhotoFile(A, photo.file.size, 12345)
    record_outcomes(library, [moved(library, touched, A, gone=False)])
    assert dump(library) == {A: (touched, photo.analysis, None, False)}


def test_a_move_from_nowhere_leaves_the_file_for_the_next_scan(library: Library) -> None:
    record_outcomes(
        library, [moved(library, PhotoFile(B, 1, 2), A, gone=True), moved(library, PhotoFile(C, 1, 2), A, gone=False)]
    )
    assert file_states(library) == {}


def test_photos_are_known_by_their_bytes_wherever_they_are(library: Library) -> None:
    photo = made_photo(A, 1)
    old = replace(photo.analysis, models=(EYES[0],))
    record_outcomes(
        library, [photo, replace(photo, file=PhotoFile(C, 1001, 5)), Indexed(PhotoFile(B, 1001, 5), old), Removed(C)]
    )
    content = photo.analysis.hashes.content
    known = photos_by_content(library, [content, bytes(32)])
    assert [(each.path, each.models, each.missing_since is not None) for each in known[content]] == [
        (A, EYES, False),
        (C, EYES, True),
        (B, EYES[:1], False),
    ]
    assert list(known) == [content]
    assert content_sizes(library) == {1001}


def test_the_size_of_what_was_analyzed_is_known_though_other_bytes_failed_since(library: Library) -> None:
    photo = made_photo(A, 1)
    record_outcomes(
        library, [photo, Failed(PhotoFile(A, 7, 8), "decode", "is cut short"), Failed(PhotoFile(A, 9, 9), "decode", "")]
    )
    assert content_sizes(library) == {photo.file.size}
    record_outcomes(library, [photo])
    assert content_sizes(library) == {photo.file.size}


def test_photos_that_a_model_has_not_seen_are_stale(library: Library) -> None:
    old = replace(made_analysis(1), models=(EYES[0],))
    record_outcomes(
        library, [made_photo(A, 1), Indexed(PhotoFile(B, 1, 1), old), Failed(PhotoFile(C, 1, 1), "decode", "no")]
    )
    assert stale_photos(library, ModelIds(EYES[:1], EYES[1:])) == [B]
    assert stale_photos(library, ModelIds(EYES[:1])) == []
    assert stale_photos(library, ModelIds(("new-44444444",))) == [A, B]
    for folder, lacking in ((Path("/photos"), [A, B]), (C.parent, [])):
        assert (
            stale_photos(library, ModelIds((*EYES[:1], "new-44444444"), only_in=(("new-44444444", (folder,)),)))
            == lacking
        )


def test_only_what_lies_in_the_folders_is_known(library: Library) -> None:
    record_outcomes(library, [made_photo(path, 1) for path in (A, C, Path("/photos/20245/d.jpg"))])
    assert set(file_states(library, [Path("/photos/2024")])) == {C}
    assert set(file_states(library, [Path("/photos/2024"), Path("/photos/20245/")])) == {C, Path("/photos/20245/d.jpg")}
    assert set(file_states(library, [Path("/")])) == set(file_states(library))
    assert file_states(library, [Path("/elsewhere")]) == {}
    assert file_states(library, []) == {}


def test_a_photo_outside_all_roots_is_refused_with_its_whole_batch(library: Library) -> None:
    with pytest.raises(LibraryError, match=r"/other/x\.jpg"):
        record_outcomes(library, [made_photo(A, 1), made_photo(Path("/other/x.jpg"), 2)])
    assert file_states(library) == {}
    assert details(library, Path("/other/x.jpg")) is None


def test_tags_are_made_again_from_what_is_stored(library: Library) -> None:
    photos = {path: made_photo(path, number, [("dog", 0.9)], faces=2) for number, path in enumerate((A, B, C))}
    record_outcomes(library, [*photos.values(), Failed(PhotoFile(Path("/photos/bad"), 1, 1), "decode", "no")])
    seen = [batch for batch in stored_analyses(library, 2) if retag_photos(library, _other(batch))]
    assert [len(batch) for batch in seen] == [2, 1]
    found = {path: analysis for batch in seen for path, analysis in batch.items()}
    assert found == {path: replace(photo.analysis, vector=b"") for path, photo in photos.items()}
    assert tag_counts(library) == [TagCount("wolf", 3)]
    assert dump(library)[A][1] == replace(photos[A].analysis, tags=(Tag("wolf", 0.5, "a rule"),))


def test_retag_passes_over_what_is_no_longer_known(library: Library) -> None:
    retag_photos(library, {A: [Tag("dog", 0.5, "a rule")]})
    assert tag_counts(library) == []


def test_labels_are_read_with_the_names_of_their_classes(library: Library) -> None:
    record_outcomes(library, [made_photo(A, 1)])
    unnamed = details(library, A)
    store_classes(library, EYES[0], ["tench", "goldfish", "shark", "hen", "owl"])
    store_classes(library, EYES[0], ["tench", "goldfish", "great white shark", "hen", "owl"])
    named = details(library, A)
    assert unnamed is not None
    assert named is not None
    assert all(label.name.startswith("class ") for label in unnamed.labels)
    assert {label.name for label in named.labels} <= {"tench", "goldfish", "great white shark", "hen", "owl"}
    assert [label.score for label in named.labels] == sorted((label.score for label in named.labels), reverse=True)
    assert {label.model for label in named.labels} == {EYES[0]}


def test_objects_are_kept_by_the_names_of_their_classes_and_go_along_with_their_photo(library: Library) -> None:
    photo = made_photo(A, 2)  # with two objects, of two models
    record_outcomes(library, [photo])
    record_outcomes(library, [moved(library, PhotoFile(B, 1, 1), A, gone=False)])
    record_outcomes(library, [moved(library, PhotoFile(C, 1, 1), A, gone=True)])
    first, second = photo.analysis.objects
    store_classes(library, first.model, ["person"])
    for path in (B, C):
        known = details(library, path)
        assert known is not None
        assert known.analysis is not None
        assert known.analysis.objects == (first, second)
        assert known.objects == (
            NamedObject("person", first.score, first.model, first.box),
            NamedObject("class 1", second.score, second.model, second.box),
        )
    record_outcomes(library, [made_photo(C, 3)])
    assert dump(library)[C][1].objects == ()
    record_outcomes(library, [Removed(B)])
    forget_missing(library)
    with library.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM objects").scalar() == 0


def test_a_tag_names_the_models_that_gave_it_and_another_model_makes_it_another_tag(library: Library) -> None:
    record_outcomes(library, [made_photo(A, 1)])
    dog = Tag("dog", 0.5, "beagle", ("coco-22222222", "lite-00000000"))
    assert retag_photos(library, {A: [dog]}) == 1
    assert retag_photos(library, {A: [replace(dog, models=dog.models[:1])]}) == 1
    assert retag_photos(library, {A: [dog]}) == 1
    assert retag_photos(library, {A: [dog]}) == 0
    assert dump(library)[A][1].tags == (dog,)


def test_the_names_of_all_classes_are_known_by_their_models(library: Library) -> None:
    assert stored_classes(library) == {}
    store_classes(library, "xray-11111111", ["NoFinding", "Atelectasis"])
    store_classes(library, "coco-22222222", ["person"])
    record_outcomes(library, [made_photo(A, 1)])
    assert stored_classes(library) == {"xray-11111111": ("NoFinding", "Atelectasis"), "coco-22222222": ("person",)}


def test_status_counts_what_is_there(library: Library) -> None:
    assert status(library).last_indexed is None
    tags = [("dog", 0.9), ("animal", 0.95)]
    record_outcomes(
        library, [made_photo(A, 1, tags, faces=2), made_photo(B, 2, tags[:1]), Failed(PhotoFile(C, 1, 1), "x", "y")]
    )
    record_outcomes(library, [Removed(B)])
    found = status(library)
    assert (found.photos, found.failed, found.missing, found.faces, found.tags) == (3, 1, 1, 3, 2)
    assert found.models == tuple((model, 2) for model in sorted(EYES))
    assert found.file_bytes > 4096
    assert found.last_indexed == "2026-01-02T03:04:05+00:00"


def test_an_empty_library_stands_in_for_one_that_is_not_there(tmp_path: Path) -> None:
    with Library.empty(tmp_path / "none.sqlite") as library:
        assert file_states(library) == {}
        assert by_keywords(library, ["dog"]) == []
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_wrong_with_the_file_after_all_that(library: Library) -> None:
    record_outcomes(library, [made_photo(A, 1, [("dog", 0.9)], faces=3), made_photo(B, 2)])
    record_outcomes(library, [moved(library, PhotoFile(C, 1, 1), A, gone=False)])
    record_outcomes(library, [Removed(A), made_photo(C, 4), moved(library, PhotoFile(A, 1, 1), B, gone=True)])
    forget_missing(library)
    assert faults(library.path) == []


def _other(batch: dict[Path, object]) -> dict[Path, list[Tag]]:
    return {path: [Tag("wolf", 0.5, "a rule")] for path in batch}


def _rows(library: Library) -> dict[str, dict[Path, object]]:
    """Return the row ids of photos, and of their faces in order."""
    with library.reading() as connection:
        photos = connection.exec_driver_sql("SELECT path, id FROM photos").all()
        faces = connection.exec_driver_sql("SELECT photo_id, id FROM faces ORDER BY position").all()
    return {
        "photos": {Path("/photos") / os.fsdecode(path): row for path, row in photos},
        "faces": {
            Path("/photos") / os.fsdecode(path): [face for owner, face in faces if owner == row] for path, row in photos
        },
    }


@pytest.mark.parametrize("is_replaced", [True, False])
def test_a_library_that_is_taken_away_while_it_is_open_is_neither_written_to_nor_made_anew(
    tmp_path: Path, is_replaced: bool
) -> None:
    path = tmp_path / "own.sqlite"
    with Library.open(path) as opened, ExitStack() as held:
        add_root(opened, Path("/photos"))
        path.rename(tmp_path / "moved.sqlite")
        if is_replaced:
            path.write_bytes((tmp_path / "moved.sqlite").read_bytes())
        before = path.read_bytes() if is_replaced else None
        with pytest.raises(StoreError, match="moved, removed or replaced"):
            add_root(opened, Path("/other"))
        for _ in range(8):  # more than are kept open: new ones are needed
            with pytest.raises(StoreError, match="moved, removed or replaced"):
                held.enter_context(opened.reading())
        assert (path.read_bytes() if path.exists() else None) == before
