"""Watching real folders with the system's real events: whatever happens below them is touched, or told as lost."""

from __future__ import annotations

import ctypes
import errno
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest

from indexer.intake.mounts import Mount
from indexer.intake.watch.open_source import observed
from indexer.intake.watch.settle import Settling, disk_stamp
from indexer.intake.watch.watch import Watch, Watched

DEADLINE_SECONDS = 20.0
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has inotify")


class Watching:
    """A watch on a folder, with a clock that stands still until the test asks."""

    def __init__(self, *roots: Path, settling: type[Settling] = Settling, **options: object) -> None:
        self.roots = roots
        self.now = 0.0
        self.settling = settling(1.0, lambda: self.now, disk_stamp)
        self.notices: list[tuple[Path, str]] = []
        options = {"mounts": lambda: (Mount(Path("/"), "ext4", "/dev/sda1"),), **options}
        self.watch = Watch(self.settling, lambda *notice: self.notices.append(notice), **options)  # type: ignore[arg-type]
        self._signs = 0

    def __enter__(self) -> Watching:
        self.watch.follow(self.roots)
        return self

    def __exit__(self, *error: object) -> None:
        self.watch.close()

    def until(self, reached: Callable[[], bool]) -> None:
        """Wait for something that the thread of the watch does."""
        end = monotonic() + DEADLINE_SECONDS
        while not reached():
            assert monotonic() < end, "it did not come in time"
            self.watch.wait(0.05)

    def touched(self) -> set[str]:
        """Return what was touched until now, relative to the first root.

        Events come in order: a file made now comes after all else.
        """
        self._signs += 1
        sign = self.roots[0] / f"sign {self._signs}.jpg"
        sign.touch()
        self.until(lambda: sign in self.settling)
        return {os.path.relpath(path, self.roots[0]) for path in self._all() if not path.name.startswith("sign ")}

    def lost(self) -> list[Path]:
        return self.watch.lost()

    def _all(self) -> list[Path]:
        paths = self.settling.settled()
        for _ in range(3):
            self.now += 10
            paths += self.settling.settled()
        return paths


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "old").mkdir(parents=True)
    (folder / "old/1.jpg").write_bytes(b"1")
    return folder


@pytest.fixture
def on(root: Path) -> Iterator[Watching]:
    with Watching(root) as watching:
        yield watching


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def _covered(path: str, touched: set[str]) -> bool:
    """Tell whether a path is to be compared: itself, or with a folder above it."""
    return not touched.isdisjoint({path, *map(str, Path(path).parents)})


# What happens to files


def test_a_new_file_is_touched_and_reading_it_is_nothing(on: Watching, root: Path) -> None:
    (root / "old/2.jpg").write_bytes(b"2")
    assert on.touched() == {"old/2.jpg"}
    assert (root / "old/2.jpg").read_bytes() == b"2"
    assert list((root / "old").iterdir())
    assert on.touched() == set()


def test_a_file_written_in_pieces_is_touched_by_each_piece(on: Watching, root: Path) -> None:
    with (root / "a.jpg").open("wb", buffering=0) as file:
        for _ in range(3):
            file.write(b"piece")
            assert on.touched() == {"a.jpg"}
    assert on.touched() == {"a.jpg"}


def test_a_file_renamed_into_place_is_touched_under_its_name_only(on: Watching, root: Path) -> None:
    (root / "a.jpg.part").write_bytes(b"a")
    assert on.touched() == set()
    (root / "a.jpg.part").rename(root / "a.jpg")
    assert on.touched() == {"a.jpg"}


def test_a_moved_file_is_touched_at_both_ends(on: Watching, root: Path) -> None:
    (root / "old/1.jpg").rename(root / "2.jpg")
    assert on.touched() == {"old/1.jpg", "2.jpg"}


def test_a_file_from_outside_and_one_that_goes_there_are_touched(on: Watching, root: Path, tmp_path: Path) -> None:
    (root / "old/1.jpg").rename(tmp_path / "1.jpg")
    assert on.touched() == {"old/1.jpg"}
    (tmp_path / "1.jpg").rename(root / "2.jpg")
    assert on.touched() == {"2.jpg"}


@pytest.mark.parametrize(
    "change",
    [
        Path.unlink,
        lambda path: path.chmod(0o600),
        lambda path: os.utime(path, (1, 1)),
        lambda path: os.truncate(path, 0),
    ],
    ids=["deleted", "chmod", "utime", "truncate"],
)
def test_a_change_of_a_file_touches_it(on: Watching, root: Path, change: Callable[[Path], None]) -> None:
    change(root / "old/1.jpg")
    assert on.touched() == {"old/1.jpg"}


@pytest.mark.parametrize(
    "name", [".hidden.jpg", "notes.txt", "a.jpg.tmp", ".thumbnails/1.jpg", "@eaDir/a/1.jpg", "x.lrdata/1/2.jpg"]
)
def test_what_is_no_photo_is_not_touched(on: Watching, root: Path, name: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(b"x")
    assert on.touched() == set()


@pytest.mark.parametrize("name", [".indexerignore", ".nomedia"])
def test_an_ignore_file_touches_its_folder(on: Watching, root: Path, name: str) -> None:
    (root / "old" / name).write_bytes(b"")
    assert on.touched() == {"old"}
    (root / "old" / name).unlink()
    assert on.touched() == {"old"}


def test_a_name_that_is_no_text_is_touched(on: Watching, root: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    try:
        (root / name).write_bytes(b"x")
    except OSError:
        pytest.skip("this disk takes text only")
    assert on.touched() == {name}


# What happens to folders


def test_a_folder_that_appears_is_touched_and_watched(on: Watching, root: Path) -> None:
    (root / "new").mkdir()
    assert on.touched() == {"new"}
    (root / "new/1.jpg").write_bytes(b"1")
    assert on.touched() == {"new/1.jpg"}


def test_files_in_folders_made_this_moment_are_covered(on: Watching, root: Path) -> None:
    names = [f"{number}/a/b/c/d/1.jpg" for number in range(100)]
    for name in names:
        (root / name).parent.mkdir(parents=True)
        (root / name).write_bytes(b"1")
    touched = on.touched()
    assert [name for name in names if not _covered(name, touched)] == []


def test_a_folder_moved_in_is_touched_and_watched_to_its_depth(on: Watching, root: Path, tmp_path: Path) -> None:
    (tmp_path / "new/deep/er").mkdir(parents=True)
    (tmp_path / "new").rename(root / "new")
    assert on.touched() == {"new"}
    (root / "new/deep/er/1.jpg").write_bytes(b"1")
    assert on.touched() == {"new/deep/er/1.jpg"}


def test_a_renamed_folder_is_touched_at_both_ends_and_watched_under_its_new_name(on: Watching, root: Path) -> None:
    (root / "old/deep").mkdir()
    on.touched()
    (root / "old").rename(root / "new")
    assert on.touched() == {"old", "new"}
    (root / "new/deep/1.jpg").write_bytes(b"1")
    assert on.touched() == {"new/deep/1.jpg"}


def test_a_folder_moved_out_is_touched_and_watched_no_more(on: Watching, root: Path, tmp_path: Path) -> None:
    (root / "old").rename(tmp_path / "away")
    assert on.touched() == {"old"}
    (tmp_path / "away/2.jpg").write_bytes(b"2")
    assert on.touched() == set()


def test_a_deleted_folder_is_touched_and_one_of_the_same_name_is_watched(on: Watching, root: Path) -> None:
    shutil.rmtree(root / "old")
    assert "old" in on.touched()
    (root / "old").mkdir()
    on.touched()
    (root / "old/2.jpg").write_bytes(b"2")
    assert on.touched() == {"old/2.jpg"}


def test_a_folder_is_watched_once_it_is_junk_no_more_and_no_longer_when_it_is(on: Watching, root: Path) -> None:
    (root / "old").rename(root / "@eaDir")
    assert on.touched() == {"old"}
    (root / "@eaDir/2.jpg").write_bytes(b"2")
    assert on.touched() == set()
    (root / "@eaDir").rename(root / "new")
    assert on.touched() == {"new"}
    (root / "new/3.jpg").write_bytes(b"3")
    assert on.touched() == {"new/3.jpg"}


@linux
def test_the_date_of_a_folder_is_nothing(on: Watching, root: Path) -> None:
    os.utime(root / "old", (1, 1))
    (root / "old").chmod(0o750)
    assert on.touched() == set()


@linux
@pytest.mark.parametrize("closed", ["closed", "closed/inner"])
def test_a_folder_that_can_be_read_again_is_touched_and_watched(closed: str) -> None:
    with tempfile.TemporaryDirectory() as name, _as_somebody(Path(name)):
        root = Path(name)
        (root / "closed/inner").mkdir(parents=True)
        (root / closed).chmod(0o200 if closed == "closed" else 0o600)
        with Watching(root) as on:
            (root / closed).chmod(0o700)
            assert on.touched() == {closed}
            (root / "closed/inner/1.jpg").write_bytes(b"1")
            assert on.touched() == {"closed/inner/1.jpg"}


class _as_somebody:  # noqa: N801 - reads as a word of the test
    """Without the rights of root, to whom nothing is closed."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._root = folder, os.geteuid() == 0

    def __enter__(self) -> None:
        if self._root:
            os.chown(self._folder, 65534, 65534)
            os.seteuid(65534)

    def __exit__(self, *error: object) -> None:
        if self._root:
            os.seteuid(0)


@linux
@pytest.mark.parametrize("seed", range(12))
def test_after_any_sequence_every_folder_is_watched_under_its_name(on: Watching, root: Path, seed: int) -> None:
    _do_anything(root, random.Random(seed), 150)
    touched = on.touched()
    assert on.lost() == []
    folders = [Path(folder) for folder, _, _ in os.walk(root)]
    wanted = {str((folder / "final.jpg").relative_to(root)) for folder in folders}
    for name in wanted:
        assert name.count("/") == 0 or _covered(name, touched) or name.startswith("old/")
        (root / name).write_bytes(b"x")
    assert wanted == on.touched()


def _do_anything(root: Path, choose: random.Random, count: int) -> None:
    """Make, move and delete folders, inside and to the outside and back, as fast as the disk can."""
    outside = root.parent / "outside"
    outside.mkdir()
    for number in range(count):
        within = [Path(folder) for folder, _, _ in os.walk(root)]
        folder, other = choose.choice(within), choose.choice(within)
        match choose.randrange(6):
            case 0 | 1:
                (folder / f"{number}/{number}").mkdir(parents=True)
            case 2 if folder != root and not other.is_relative_to(folder):
                taken = (other / folder.name).exists()
                folder.rename(other / (str(number) if taken or choose.random() < 0.5 else folder.name))
            case 3 if folder != root:
                folder.rename(outside / str(number))
            case 4 if stored := sorted(outside.iterdir()):
                choose.choice(stored).rename(folder / f"back {number}")
            case 5 if folder != root:
                shutil.rmtree(folder)
                if choose.random() < 0.5:
                    folder.mkdir()


def test_ten_thousand_files_at_once_are_all_touched_or_the_root_is_lost(on: Watching, root: Path) -> None:
    names = {f"new/{number}.jpg" for number in range(10_000)}
    (root / "new").mkdir()
    for name in names:
        (root / name).touch()
    touched = on.touched()
    assert root in on.lost() or all(_covered(name, touched) for name in names)


# What the system cannot promise


class Held(Settling):
    """Settling that keeps whoever touches waiting, so that the kernel's queue fills."""

    open = threading.Event()

    def touch(self, path: Path) -> None:
        self.open.wait(DEADLINE_SECONDS)
        super().touch(path)


@linux
def test_too_many_events_lose_the_root_once_and_new_folders_are_watched(root: Path) -> None:
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if most > 100_000:
        pytest.skip("the kernel's queue is very long here")
    Held.open.clear()
    with Watching(root, settling=Held) as on:
        for _ in range(most // 2):
            (root / "old/1.jpg").rename(root / "old/2.jpg")
            (root / "old/2.jpg").rename(root / "old/1.jpg")
        (root / "unseen/deep").mkdir(parents=True)
        Held.open.set()
        lost: list[Path] = []
        on.until(lambda: bool(lost.extend(on.lost()) or lost))
        assert lost == [root]
        assert on.lost() == []
        assert "at once" in on.notices[0][1]
        on.touched()
        (root / "unseen/deep/1.jpg").write_bytes(b"1")
        assert on.touched() == {"unseen/deep/1.jpg"}


def _refuse(monkeypatch: pytest.MonkeyPatch, ending: bytes, error: int) -> None:
    from watchdog.observers import inotify_c

    add = inotify_c.inotify_add_watch

    def refuse(queue: int, path: bytes, mask: int) -> int:
        if not path.endswith(ending):
            return add(queue, path, mask)
        ctypes.set_errno(error)
        return -1

    monkeypatch.setattr(inotify_c, "inotify_add_watch", refuse)


@linux
def test_at_the_limit_of_watches_a_root_is_left_to_polling_and_the_notice_says_what_to_do(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    _refuse(monkeypatch, b"/old", errno.ENOSPC)
    with Watching(other, root) as on:
        assert [each.how for each in on.watch.watched()] == ["events", "polling"]
        assert on.notices == [(root, on.watch.watched()[1].reason)]
        assert "sysctl fs.inotify.max_user_watches=" in on.notices[0][1]
        (root / "1.jpg").touch()
        (other / "1.jpg").touch()
        assert on.touched() == {"1.jpg"}
        assert on.lost() == []
        assert on.watch.follow([other, root])[1].how == "polling"
        assert len(on.notices) == 1
        monkeypatch.undo()
        assert [each.how for each in on.watch.follow([other, root])] == ["events", "events"]
        assert on.lost() == [root]


@linux
def test_a_later_folder_beyond_the_limit_loses_its_root_to_polling(
    on: Watching, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _refuse(monkeypatch, b"/new", errno.ENOSPC)
    (root / "new").mkdir()
    lost: list[Path] = []
    on.until(lambda: bool(lost.extend(on.lost()) or lost))
    assert lost == [root]
    assert on.watch.watched()[0].how == "polling"
    assert "max_user_watches" in on.notices[0][1]


@linux
def test_without_a_queue_all_is_left_to_polling(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from watchdog.observers import inotify_c

    def refuse() -> int:
        ctypes.set_errno(errno.EMFILE)
        return -1

    monkeypatch.setattr(inotify_c, "inotify_init", refuse)
    with Watching(root) as on:
        assert on.watch.watched()[0].how == "polling"
        assert "sysctl fs.inotify.max_user_instances=" in on.notices[0][1]


@linux
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_replaced_and_its_roots_are_lost(
    on: Watching, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from watchdog.observers.inotify_c import InotifyFD

    def die(queue: object, event: object) -> None:
        raise RuntimeError("as if there were a bug")

    with monkeypatch.context() as dying:
        dying.setattr(InotifyFD, "handle_event", die)
        (root / "1.jpg").touch()
        on.until(lambda: not any(isinstance(thread, InotifyFD) for thread in threading.enumerate()))
    assert on.lost() == [root]
    assert on.lost() == []
    (root / "2.jpg").touch()
    assert on.touched() == {"2.jpg"}


def test_a_root_that_goes_and_comes_back_is_lost_each_time(on: Watching, root: Path) -> None:
    root.rename(root.with_name("away"))
    assert on.lost() == [root]
    assert on.watch.watched() == (Watched(root, "polling", "it is not there"),)
    assert on.lost() == []
    root.with_name("away").rename(root)
    assert on.lost() == [root]
    assert on.watch.watched()[0].how == "events"
    (root / "old/2.jpg").touch()
    assert "old/2.jpg" in on.touched()
    assert on.lost() == []
    assert [reason for _, reason in on.notices] == ["it is not there", "it is there again"]


@linux
def test_a_root_made_again_in_a_moment_is_lost_even_if_it_looks_the_same(on: Watching, root: Path) -> None:
    shutil.rmtree(root)
    root.mkdir()
    (root / "new").mkdir()
    lost: list[Path] = []
    on.until(lambda: bool(lost.extend(on.lost()) or lost))
    on.touched()
    (root / "new/2.jpg").touch()
    assert on.touched() == {"new/2.jpg"}


def test_a_root_that_is_not_there_is_followed_when_it_comes(tmp_path: Path) -> None:
    with Watching(tmp_path / "later") as on:
        assert on.watch.watched() == (Watched(tmp_path / "later", "polling", "it is not there"),)
        assert on.lost() == []
        (tmp_path / "later").mkdir()
        assert on.lost() == [tmp_path / "later"]
        assert on.watch.watched()[0].how == "events"


@pytest.fixture
def tmpfs() -> Iterator[Callable[[Path], None]]:
    mounted: list[Path] = []

    def mount(place: Path) -> None:
        if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "none", place], check=False).returncode:
            pytest.skip("to mount a disk takes the rights of root")
        mounted.append(place)

    yield mount
    for place in mounted:
        subprocess.run(["umount", place], check=False, stderr=subprocess.DEVNULL)


@linux
def test_a_disk_mounted_on_the_root_and_unmounted_loses_it_each_time(
    on: Watching, root: Path, tmpfs: Callable[[Path], None]
) -> None:
    tmpfs(root)
    assert on.lost() == [root]
    (root / "1.jpg").touch()
    assert on.touched() == {"1.jpg"}
    subprocess.run(["umount", root], check=True)
    assert on.lost() == [root]
    (root / "old/2.jpg").touch()
    assert "old/2.jpg" in on.touched()
    assert on.lost() == []


@linux
def test_a_disk_mounted_below_the_root_and_unmounted_loses_that_part(root: Path, tmpfs: Callable[[Path], None]) -> None:
    from indexer.intake.mounts import mounts

    with Watching(root, mounts=mounts) as on:
        tmpfs(root / "old")
        (root / "old/new").mkdir()
        assert on.lost() == [root / "old"]
        (root / "old/new/2.jpg").touch()
        assert on.touched() == {"old/new/2.jpg"}
        subprocess.run(["umount", root / "old"], check=True)
        assert on.lost() == [root / "old"]
        (root / "old/3.jpg").touch()
        assert "old/3.jpg" in on.touched()
        assert on.lost() == []
    assert on.notices == []


@linux
def test_a_bind_mount_below_the_root_loses_all_roots_each_time(
    root: Path, tmp_path: Path, mount: Callable[..., None]
) -> None:
    from indexer.intake.mounts import mounts

    other = tmp_path / "other"
    for folder in (other, root / "again"):
        folder.mkdir()
    with Watching(root, other, mounts=mounts) as on:
        mount("--bind", root / "old", root / "again")
        assert on.lost() == [root, other]
        (root / "old/2.jpg").touch()
        assert on.touched() == {"old/2.jpg", "again/2.jpg"}
        subprocess.run(["umount", root / "again"], check=True)
        assert on.lost() == [root, other]
        (root / "old/3.jpg").touch()
        assert on.touched() == {"old/3.jpg"}
        (root / "again/4.jpg").touch()
        assert on.touched() == {"again/4.jpg"}
        assert on.lost() == []


@linux
def test_another_folder_mounted_at_the_same_place_between_two_looks_is_seen(
    root: Path, mount: Callable[..., None]
) -> None:
    from indexer.intake.mounts import mounts

    for folder in ("again", "new"):
        (root / folder).mkdir()
    mount("--bind", root / "old", root / "again")
    with Watching(root, mounts=mounts) as on:
        subprocess.run(["umount", root / "again"], check=True)
        mount("--bind", root / "new", root / "again")
        assert on.lost() == [root]


# How folders are watched


def test_a_network_disk_is_left_to_polling_unless_events_are_asked_for(root: Path) -> None:
    table = (Mount(Path("/"), "ext4", "/dev/sda1"), Mount(root, "nfs4", "nas:/photos"))
    reason = "nfs4 does not tell of changes made elsewhere"
    with Watching(root, mounts=lambda: table) as on:
        assert on.watch.watched() == (Watched(root, "polling", reason),)
    with Watching(root, mounts=lambda: table, mode="events") as on:
        assert on.watch.watched() == (Watched(root, "events", "as configured"),)
        (root / "1.jpg").touch()
        assert on.touched() == {"1.jpg"}


def test_polling_sets_no_watch_and_starts_no_thread(root: Path) -> None:
    before = threading.active_count()
    with Watching(root, mode="polling") as on:
        assert on.watch.watched() == (Watched(root, "polling", "as configured"),)
        assert threading.active_count() == before


def test_a_network_disk_below_a_root_is_left_to_polling_and_the_rest_is_not(root: Path) -> None:
    disk = Mount(Path("/"), "ext4", "/dev/sda1")
    table = [disk, Mount(root / "old", "nfs", "nas:/photos")]
    with Watching(root, mounts=lambda: tuple(table)) as on:
        part = Watched(root / "old", "polling", "nfs does not tell of changes made elsewhere")
        assert on.watch.watched() == (Watched(root, "events", "ext4 tells of every change"), part)
        (root / "old/2.jpg").touch()
        assert on.touched() == set()
        table.pop()
        assert on.lost() == [root / "old"]
        assert on.watch.watched() == (Watched(root, "events", "ext4 tells of every change"),)
        (root / "old/3.jpg").touch()
        assert on.touched() == {"old/3.jpg"}


def test_other_folders_can_be_followed(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with Watching(root) as on:
        on.watch.follow([other, root, other])
        assert [each.folder for each in on.watch.watched()] == [other, root]
        (other / "1.jpg").touch()
        assert on.touched() == {"../other/1.jpg"}
        on.watch.follow([root])
        (other / "2.jpg").touch()
        assert on.touched() == set()
        assert on.lost() == []


def test_a_root_within_a_root_and_a_root_that_is_a_link_are_watched(root: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(root)
    with Watching(root, root / "old", link) as on:
        (root / "old/2.jpg").touch()
        assert on.touched() == {"old/2.jpg", "../link/old/2.jpg"}
        on.watch.follow([root])
        (root / "old/3.jpg").touch()
        assert on.touched() == {"old/3.jpg"}


def test_waiting_ends_when_something_is_touched_or_somebody_wakes(on: Watching, root: Path) -> None:
    begun = monotonic()
    (root / "1.jpg").touch()
    on.watch.wait(DEADLINE_SECONDS)
    on.touched()
    on.watch.wake()
    on.watch.wait(DEADLINE_SECONDS)
    assert monotonic() - begun < DEADLINE_SECONDS


def test_five_thousand_folders_are_followed(root: Path) -> None:
    for number in range(50):
        folder = root / str(number)
        folder.mkdir()
        for inner in range(99):
            folder /= f"{inner}"
            folder.mkdir()
    begun = monotonic()
    with Watching(root) as on:
        assert monotonic() - begun < DEADLINE_SECONDS
        (folder / "1.jpg").touch()
        assert on.touched() == {str((folder / "1.jpg").relative_to(root))}
        (root / "49").rename(root / "other")
        assert on.touched() == {"49", "other"}


def test_folders_too_deep_for_the_system_do_no_harm(on: Watching, root: Path) -> None:
    place = os.open(root, os.O_RDONLY)
    for _ in range(60):
        os.mkdir("d" * 100, dir_fd=place)
        place, above = os.open("d" * 100, os.O_RDONLY, dir_fd=place), place
        os.close(above)
    os.close(place)
    assert "d" * 100 in on.touched()
    assert on.lost() == []


# Any system's observer, by the same tests as far as it can be tried here


@pytest.mark.filterwarnings("ignore:Callback with id")  # watchdog, where a folder that went comes back
def test_the_observer_of_any_system_touches_the_same(root: Path, tmp_path: Path) -> None:
    with Watching(root, source=observed) as on:
        (root / "old/2.jpg").write_bytes(b"2")
        (root / "old/2.jpg").read_bytes()
        (root / ".thumbnails").mkdir()
        (root / ".thumbnails/3.jpg").touch()
        (root / "old/.nomedia").touch()
        assert on.touched() == {"old/2.jpg", "old"}
        (root / "old/2.jpg").rename(root / "4.jpg")
        assert on.touched() == {"old/2.jpg", "4.jpg"}
        (root / "old").rename(tmp_path / "away")
        (tmp_path / "away").rename(root / "new")
        assert {"old", "new"} <= on.touched()
        shutil.rmtree(root / "new")
        assert "new" in on.touched()
        root.rename(tmp_path / "gone")
        assert on.lost() == [root]
        (tmp_path / "gone").rename(root)
        assert on.lost() == [root]
        (root / "5.jpg").touch()
        assert "5.jpg" in on.touched()
