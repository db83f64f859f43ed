"""Whatever happens in its folders, at whatever moment, a daemon leaves the library as a fresh scan would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from time import monotonic, time
from typing import Any

import pytest
from followed import SETTLE, Followed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from indexer.advice import Advice
from indexer.errors import ModelError, PhotoError
from indexer.intake.decode import NotAPhoto, open_original
from indexer.intake.discover import stamp
from indexer.intake.pixel_stats import look
from indexer.library.indexing.files import file_states
from indexer.library.report import details
from indexer.library.store import Library
from indexer.pipeline.daemon.pace import Pace
from indexer.pipeline.daemon.throttle import Throttle
from indexer.pipeline.scan.plan import plan
from indexer.pipeline.scan.run import run
from indexer.values.analysis import Analysis, ModelIds, Tag
from indexer.values.files import PhotoFile
from indexer.values.outcomes import Failed, Indexed, Skipped

EXAMPLES = int(os.environ.get("INDEXER_TEST_EXAMPLES", "15"))


class QuickPool:
    """Reads photos as workers do, in this process, with the mean color as the only tag; counts what it reads."""

    model_ids = ModelIds(("color-1",))
    busy = 0

    def __init__(self, may_work: Callable[[], bool] = lambda: True) -> None:
        self.read: list[Path] = []
        self.warmed = self.rested = 0
        self._may_work = may_work

    def warm(self) -> None:
        self.warmed += 1

    def rest(self) -> None:
        self.rested += 1

    def outcomes(self, files: Sequence[PhotoFile], _: Any = None) -> Iterator[list[Indexed | Failed | Skipped]]:
        for file in files:
            while not self._may_work():
                yield []
            try:
                now = stamp(file.path)
            except PhotoError:
                continue
            self.read.append(file.path)
            yield [self._outcome(now)]

    def _outcome(self, file: PhotoFile) -> Indexed | Failed | Skipped:
        try:
            with open_original(file, 10**8) as original:
                picture = original.picture(64)
                tag = Tag("#" + picture.pixels.mean((0, 1)).astype("u1").tobytes().hex(), 0.5, "color")
                return Indexed(
                    file,
                    Analysis(
                        original.metadata,
                        original.hashes(picture),
                        look(picture),
                        (),
                        (tag,),
                        (),
                        b"",
                        self.model_ids.ids,
                    ),
                )
        except NotAPhoto:
            return Skipped(file)
        except PhotoError as error:
            return Failed(file, error.stage, error.reason)


@contextmanager
def following(folder: Path, mode: str = "auto", pool: type[QuickPool] = QuickPool, **pace: float) -> Iterator[Followed]:
    rest = {"rescan_seconds": 0.0, "poll_seconds": 0.1, "idle_seconds": 60.0, "look_seconds": 0.2}
    paces = Pace(settle_seconds=SETTLE, batch_photos=3, batch_seconds=0.01, **{**rest, **pace})
    file = folder.with_name(f"{folder.name}.sqlite")
    with Library.open(file) as library:
        throttle = Throttle(file, 0.0, lambda: 0, lambda: 100 * monotonic())
        followed = Followed(library, [folder], mode, paces, pool(throttle.is_open), throttle)
        with followed.watch:
            yield followed


def known(library: Library) -> dict[Path, Any]:
    """Return all that is known of the photos that are there."""
    found = {}
    for path in file_states(library):
        each = details(library, path)
        if each and not each.missing_since:
            seen = each.analysis if each.failure is None else None
            found[path] = (each.file, each.failure, seen and (seen.hashes, seen.tags, seen.metadata))
    return found


def fresh(folder: Path) -> dict[Path, Any]:
    """Return what a scan into a new library knows."""
    file = folder.with_name("fresh.sqlite")
    file.unlink(missing_ok=True)
    pool = QuickPool()
    with Library.open(file) as library:
        list(run(library, plan(library, [folder], pool.model_ids, on_error=print), pool, 64, 1.0, monotonic))
        return known(library)


_numbers = count(1)


def photo(path: Path) -> Path:
    """Write a photo like no other, also in its size."""
    number = next(_numbers)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), (number % 256, number // 256 % 256, number // 65536)).save(path, "PNG")
    with path.open("ab") as stream:
        stream.write(bytes(number))
    return path


NAMES = ("a.jpg", "b.jpg", "x/a.jpg", "x/c.jpg", "x/z/d.jpg", "y/a.jpg", "y/20230514_101112.jpg", "y/data")
FOLDERS = ("x", "x/z", "y", "w")


def _create(root: Path, name: str, _: str) -> None:
    if not any(above.is_file() for above in (root / name).parents):
        photo(root / name)


def _break(root: Path, name: str, _: str) -> None:
    if (root / name).parent.is_dir():
        (root / name).write_bytes(b"\xff\xd8\xff broken" + bytes(next(_numbers)))


def _write_slowly(root: Path, name: str, _: str) -> None:
    _create(root, name, _)
    whole = (root / name).read_bytes()
    (root / name).write_bytes(whole[: len(whole) // 2])
    with (root / name).open("ab") as stream:
        stream.write(whole[len(whole) // 2 :])


def _download(root: Path, name: str, _: str) -> None:
    photo(root / f"{name}.part").rename(root / name)


def _delete(root: Path, name: str, _: str) -> None:
    (root / name).unlink(missing_ok=True)


def _move(root: Path, name: str, other: str) -> None:
    if (root / name).is_file() and (root / other).parent.is_dir():
        (root / name).rename(root / other)


def _copy(root: Path, name: str, other: str) -> None:
    if (root / name).is_file() and (root / other).parent.is_dir() and name != other:
        shutil.copy(root / name, root / other)


def _touch(root: Path, name: str, _: str) -> None:
    if (root / name).is_file():
        os.utime(root / name, (1_600_000_000, 1_600_000_000 + next(_numbers)))


def _leave(root: Path, name: str, _: str) -> None:
    if (root / name).is_file():
        (root / name).replace(root.with_name("outside.jpg"))


def _come_back(root: Path, name: str, _: str) -> None:
    if root.with_name("outside.jpg").is_file() and (root / name).parent.is_dir():
        root.with_name("outside.jpg").replace(root / name)


def _move_folder(root: Path, name: str, other: str) -> None:
    new = root / other
    if (root / name).is_dir() and not new.is_relative_to(root / name) and new.parent.is_dir() and not new.exists():
        (root / name).rename(new)


def _delete_folder(root: Path, name: str, _: str) -> None:
    shutil.rmtree(root / name, ignore_errors=True)


def _hide_folder(root: Path, name: str, other: str) -> None:
    """Let an ignore file come or go."""
    if (root / name).is_dir():
        file = root / name / (".nomedia" if len(other) == 1 else ".indexerignore")
        if file.exists():
            file.unlink()
        else:
            file.write_text("a.*\nz/\n")


_of_files = st.tuples(
    st.sampled_from(
        [_create, _create, _break, _write_slowly, _download, _delete, _move, _copy, _touch, _leave, _come_back]
    ),
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
)
_of_folders = st.tuples(
    st.sampled_from([_move_folder, _move_folder, _delete_folder, _hide_folder]),
    st.sampled_from(FOLDERS),
    st.sampled_from(FOLDERS),
)
happenings = st.lists(st.one_of(_of_files, _of_files, _of_files, _of_folders), max_size=25)


@pytest.mark.parametrize("mode", ["events", "polling"])
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=happenings, during=happenings, later=happenings)
def test_the_library_ends_as_a_fresh_scan_would_leave_it(
    tmp_path_factory: pytest.TempPathFactory, mode: str, before: list[Any], during: list[Any], later: list[Any]
) -> None:
    root = tmp_path_factory.mktemp("daemon") / "root"
    photo(root / "always.jpg")

    def happen(what: Callable[[Path, str, str], None], name: str, other: str) -> Callable[[], None]:
        return lambda: what(root, name, other)

    for each in before:
        happen(*each)()
    with following(root, mode) as followed:
        followed.live(*(happen(*each) for each in during))
        assert known(followed.library) == fresh(root)
        followed.live(*(happen(*each) for each in later))
        assert known(followed.library) == fresh(root)
    shutil.rmtree(root.parent)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with three photos, written a while ago."""
    for name in ("a.jpg", "x/b.jpg", "x/z/c.jpg"):
        os.utime(photo(tmp_path / "root" / name), (1_700_000_000, 1_700_000_000))
    return tmp_path / "root"


def test_a_renamed_folder_reads_nothing_again(root: Path) -> None:
    for number in range(80):
        photo(root / "x" / f"{number}.jpg")
    with following(root) as followed:
        followed.live()
        followed.pool.read.clear()
        followed.live(lambda: (root / "x").rename(root / "Italy"))
        assert [path.name for path in followed.pool.read if "sentinel" not in path.name] == []
        assert known(followed.library) == fresh(root)


def test_a_file_that_was_written_a_moment_ago_is_read_when_it_has_settled(root: Path) -> None:
    with following(root) as followed:
        late = photo(root / "late.jpg")
        os.utime(late)
        young = time()
        followed.live()
        assert late in known(followed.library)
        assert time() - young >= SETTLE


def test_what_was_touched_goes_before_a_long_scan(root: Path) -> None:
    for number in range(200):
        os.utime(photo(root / "x" / f"{number}.jpg"), (1_700_000_000, 1_700_000_000))
    with following(root) as followed:
        arrivals = [lambda: None] * 40 + [lambda: photo(root / "new.jpg")]
        followed.live(*arrivals, until=lambda: root / "new.jpg" in known(followed.library))
        assert len(known(followed.library)) < 200
        followed.live()
        assert known(followed.library) == fresh(root)


def test_a_photo_that_comes_back_while_a_scan_still_thinks_it_gone_is_not_missing(root: Path) -> None:
    with following(root) as followed:
        followed.live()
        away = root.with_name("away.jpg")
        (root / "a.jpg").rename(away)
        for number in range(20):  # their bytes are looked at before anything is found to be gone
            shutil.copy2(root / "x" / "b.jpg", root / "x" / f"copy{number}.jpg")
        followed.daemon._compare_all()
        idle = [lambda: None] * 6
        followed.live(*idle, lambda: away.rename(root / "a.jpg"))
        followed.live()
        assert known(followed.library) == fresh(root)


def test_what_a_link_leads_to_is_looked_into_every_so_often(root: Path) -> None:
    outside = photo(root.with_name("outside") / "1.jpg")
    (root / "link").symlink_to(outside.parent)
    with following(root, mode="events") as followed:
        followed.live()
        photo(outside.with_name("2.jpg"))
        followed.live(until=lambda: root / "link" / "2.jpg" in known(followed.library))
        outside.unlink()
        followed.live(until=lambda: root / "link" / "1.jpg" not in known(followed.library))
        assert [each.folder for each in followed.account.presence.folders] == [root, root / "link"]


def test_photos_of_a_folder_that_goes_and_comes_back_are_kept_and_not_read_again(root: Path) -> None:
    with following(root) as followed:
        followed.live()
        followed.pool.read.clear()
        away = root.with_name("away")
        watched = followed.watch.watched
        followed.live(lambda: root.rename(away), until=lambda: watched()[0].reason == "it is not there")
        assert len(known(followed.library)) == 3
        followed.live(lambda: away.rename(root), until=lambda: watched()[0].how == "events")
        followed.live()
        assert len(known(followed.library)) == 3
        assert [path.name for path in followed.pool.read if "sentinel" not in path.name] == []


def test_nothing_is_read_during_a_pause_and_all_afterwards(root: Path) -> None:
    from indexer.pipeline.daemon.pause import pause, resume

    with following(root) as followed:
        pause(followed.library.path)
        followed.live(
            lambda: photo(root / "new.jpg"),
            until=lambda: followed.account.presence.phase == "paused" and followed.account.presence.queued >= 3,
        )
        assert followed.pool.read == []
        followed.live(lambda: resume(followed.library.path))
        assert known(followed.library) == fresh(root)


def test_workers_are_called_for_while_a_photo_settles_and_let_go_when_idle(root: Path) -> None:
    with following(root, idle_seconds=0.05) as followed:
        followed.live(until=lambda: followed.pool.rested > 0)
        warmed = followed.pool.warmed
        followed.live(lambda: photo(root / "new.jpg"))
        assert followed.pool.warmed > warmed


def test_no_workers_are_called_for_when_a_photo_goes(root: Path) -> None:
    with following(root) as followed:
        followed.live()
        warmed = followed.pool.warmed
        gone = root / "a.jpg"
        followed.live(gone.unlink, until=lambda: gone not in known(followed.library))
        assert followed.pool.warmed == warmed


def test_a_link_is_followed_as_a_scan_would(root: Path) -> None:
    outside = photo(root.with_name("elsewhere.jpg"))
    with following(root) as followed:
        followed.live()
        followed.live(lambda: (root / "link.jpg").symlink_to(outside), lambda: (root / "same.jpg").symlink_to("a.jpg"))
        followed.live()
        assert known(followed.library) == fresh(root)
        assert root / "link.jpg" in known(followed.library)
        assert root / "same.jpg" not in known(followed.library)


def test_a_failed_photo_is_tried_again_only_when_it_changes(root: Path) -> None:
    with following(root) as followed:
        followed.live(lambda: _break(root, "x/bad.jpg", ""))
        assert followed.pool.read.count(root / "x" / "bad.jpg") == 1
        followed.live(lambda: (root / "x" / "bad.jpg").chmod(0o600))
        assert followed.pool.read.count(root / "x" / "bad.jpg") == 1
        followed.live(lambda: photo(root / "x" / "bad.jpg"))
        assert known(followed.library)[root / "x" / "bad.jpg"][1] is None


def test_the_same_complaint_is_told_once(root: Path) -> None:
    with following(root, mode="polling") as followed:
        (root / ".indexerignore").write_text("!\n")
        followed.live()
        followed.live()
        assert len([text for event, text in followed.told if event == "trouble"]) == 1


def test_a_model_that_fails_pauses_the_work_and_says_what_to_do(root: Path) -> None:
    class DamagedPool(QuickPool):
        def outcomes(self, *_: Any) -> Iterator[list[Indexed | Failed | Skipped]]:
            raise ModelError("resnet", "is damaged").advise("rebuild-models")

    photo(root / "a.jpg")
    with following(root, pool=DamagedPool) as followed:
        followed.live(until=lambda: followed.account.presence.phase == "paused")
        paused = followed.account.presence
    assert (paused.reason, paused.advice) == ("model resnet: is damaged", Advice("rebuild-models"))
    trouble = [place for place, (event, _) in enumerate(followed.told) if event == "trouble"]
    assert followed.told[trouble[0]][1] == "trying again in 10 s: model resnet: is damaged"
    assert followed.advised[trouble[0]] == Advice("rebuild-models")


# Folders with several names


def _link(target: Path, place: Path) -> None:
    place.symlink_to(target)


@pytest.fixture(params=["link", "bind"])
def give_name(request: pytest.FixtureRequest, mount: Callable[..., None]) -> Callable[[Path, Path], None]:
    """Give a folder another name, by a link or a bind mount."""

    def bind(target: Path, place: Path) -> None:
        place.mkdir()
        mount("--bind", target, place)

    return _link if request.param == "link" else bind


@pytest.fixture
def take_name(give_name: Callable[[Path, Path], None]) -> Callable[[Path], None]:
    """Take a name away again."""

    def take(place: Path) -> None:
        if place.is_symlink():
            place.unlink()
        else:
            subprocess.run(["umount", place], check=True)

    return take


def _settled(followed: Followed) -> None:
    """Let the watch see what was mounted, and let all come to rest."""
    looks = count()
    followed.live(until=lambda: next(looks) > 12)
    followed.live()


def _missing(library: Library) -> list[Path]:
    return [path for path, each in file_states(library).items() if each.missing]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has bind mounts and inotify")
@pytest.mark.parametrize("mode", ["events", "polling"])
def test_another_name_of_a_folder_that_comes_and_goes_changes_nothing(
    root: Path, mode: str, give_name: Callable[[Path, Path], None], take_name: Callable[[Path], None]
) -> None:
    with following(root, mode, look_seconds=0.01) as followed:
        followed.live()
        before = set(file_states(followed.library))
        followed.live(lambda: give_name(root / "x", root / "another"))
        _settled(followed)
        late = photo(root / "x" / "late.jpg")
        followed.live()
        followed.daemon._compare_all()
        followed.live()
        take_name(root / "another")
        _settled(followed)
        met = {path for path in file_states(followed.library) if "sentinel" not in path.name}
        assert met == {late, *(path for path in before if "sentinel" not in path.name)}
        assert _missing(followed.library) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has bind mounts and inotify")
def test_when_one_of_two_names_of_a_folder_outside_goes_the_other_takes_over(
    root: Path, give_name: Callable[[Path, Path], None], take_name: Callable[[Path], None]
) -> None:
    outside = photo(root.with_name("outside") / "1.jpg")
    with following(root, look_seconds=0.01) as followed:
        followed.live()
        followed.live(lambda: give_name(outside.parent, root / "b"))
        _settled(followed)
        followed.live(lambda: give_name(outside.parent, root / "c"))
        _settled(followed)
        assert root / "b" / "1.jpg" in known(followed.library)
        assert root / "c" / "1.jpg" not in file_states(followed.library)
        take_name(root / "b")
        _settled(followed)
        assert root / "c" / "1.jpg" in known(followed.library)
        assert outside not in file_states(followed.library)
    assert len([path for path in followed.pool.read if path.name == "1.jpg"]) == 1


def test_a_touched_folder_with_a_known_link_keeps_what_is_behind_it(root: Path) -> None:
    outside = photo(root.with_name("outside") / "1.jpg")
    (root / "x" / "link").symlink_to(outside.parent)
    with following(root, poll_seconds=1000.0) as followed:
        followed.live()
        (root / "x" / ".indexerignore").write_text("no.jpg\n")
        followed.live()
        assert root / "x" / "link" / "1.jpg" in known(followed.library)
        assert known(followed.library) == fresh(root)
