"""What people, phones and sync tools do to folders of photos, one random thing after the other."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random

from crops import Crops

_FOLDERS = 40  # more are not made
_PHOTOS = 400  # from here on rather one is deleted


class Stir:
    """Does something to a folder each time when it is asked; nothing outside the folder is touched."""

    def __init__(self, top: Path, crops: Crops, random: Random) -> None:
        self.done: Counter[str] = Counter()
        self._top, self._crops, self._random = top, crops, random
        self._half: dict[Path, bytes] = {}  # files that are still being written: what is to come
        self._count = 0
        top.mkdir(parents=True, exist_ok=True)
        self._doings = {
            self.create: 8,
            self.write_half: 4,
            self.write_on: 8,
            self.put_in_place: 3,
            self.copy: 3,
            self.move: 4,
            self.rename: 4,
            self.rename_folder: 1,
            self.copy_folder: 1,
            self.delete: 5,
            self.delete_folder: 0.5,
            self.replace: 4,
            self.touch: 1,
            self.change_mode: 1,
            self.make_nested: 1,
            self.ignore: 1,
            self.ignore_no_more: 1.5,
            self.write_broken: 2,
            self.write_other: 1,
        }

    def once(self) -> None:
        """Do one thing; what cannot be done, for there is no such file, is not done."""
        doing = self._random.choices(list(self._doings), list(self._doings.values()))[0]
        if len(self._photos()) > _PHOTOS:
            doing = self.delete
        with suppress(OSError, IndexError):
            doing()
            self.done[doing.__name__] += 1

    def pause(self) -> float:
        """Return the seconds until the next thing: mostly a moment, now and then long enough for all to settle."""
        return self._random.choice([0.0, 0.01, 0.05, 0.1, 0.3]) if self._random.random() < 0.98 else 2.0

    def finish(self) -> None:
        """Write to their ends the files that are still being written."""
        while self._half:
            self.write_on()

    def create(self) -> None:
        self._new().write_bytes(self._crops.jpeg(self._random))

    def write_half(self) -> None:
        path, data = self._new(), self._crops.jpeg(self._random)
        cut = self._random.randrange(len(data))
        path.write_bytes(data[:cut])
        self._half[path] = data[cut:]

    def write_on(self) -> None:
        path = self._random.choice(list(self._half))
        data = self._half.pop(path)
        if path.exists():
            cut = self._random.choice([len(data), self._random.randrange(len(data) + 1)])
            with path.open("ab") as stream:
                stream.write(data[:cut])
            if data[cut:]:
                self._half[path] = data[cut:]

    def put_in_place(self) -> None:
        path = self._new()
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(self._crops.jpeg(self._random))
        part.rename(path)

    def copy(self) -> None:
        self._random.choice([shutil.copy, shutil.copy2])(self._photo(), self._new())

    def move(self) -> None:
        path = self._photo()
        path.rename(self._folder() / path.name)

    def rename(self) -> None:
        self._photo().rename(self._new())

    def rename_folder(self) -> None:
        folder = self._inner()
        folder.rename(folder.with_name(self._name("renamed")))

    def copy_folder(self) -> None:
        folder = self._inner()
        if sum(1 for _ in folder.rglob("*")) < _PHOTOS // 4:
            shutil.copytree(folder, folder.with_name(self._name("copied")))

    def delete(self) -> None:
        self._photo().unlink()

    def delete_folder(self) -> None:
        shutil.rmtree(self._inner())

    def replace(self) -> None:
        path = self._photo()
        path.write_bytes(self._crops.jpeg(self._random))
        self._half.pop(path, None)

    def touch(self) -> None:
        self._photo().touch()

    def change_mode(self) -> None:
        self._photo().chmod(self._random.choice([0o644, 0o600, 0o444]))

    def make_nested(self) -> None:
        if len(self._folders()) < _FOLDERS:
            folder = self._folder() / self._name("a") / "b" / "c"
            folder.mkdir(parents=True)
            (folder / "deep.jpg").write_bytes(self._crops.jpeg(self._random))

    def ignore(self) -> None:
        folder = self._inner()
        if self._random.random() < 0.5:
            (folder / ".nomedia").touch()
        else:
            (folder / ".indexerignore").write_text(f"*{self._random.randint(0, 9)}.jpg\nrenamed*\n")

    def ignore_no_more(self) -> None:
        ignoring = [*self._top.rglob(".nomedia"), *self._top.rglob(".indexerignore")]
        self._random.choice(sorted(ignoring)).unlink()

    def write_broken(self) -> None:
        data = self._crops.jpeg(self._random)
        self._new().write_bytes(self._random.choice([b"", b"not a picture", data[: len(data) // 2]]))

    def write_other(self) -> None:
        folder = self._folder()
        for name in ("notes.txt", "no extension", "movie.mp4"):
            (folder / name).write_bytes(self._random.randbytes(1000))

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count}"

    def _new(self) -> Path:
        return self._folder() / f"{self._name('img')}.jpg"

    def _folders(self) -> list[Path]:
        return sorted(Path(folder) for folder, _, _ in os.walk(self._top))

    def _folder(self) -> Path:
        return self._random.choice(self._folders())

    def _inner(self) -> Path:
        return self._random.choice(self._folders()[1:])

    def _photos(self) -> list[Path]:
        return sorted(self._top.rglob("*.jpg"))

    def _photo(self) -> Path:
        return self._random.choice(self._photos())
