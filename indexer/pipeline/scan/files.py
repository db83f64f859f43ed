"""Many photo files in little memory: a large library has half a million."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

from indexer.photo import PhotoFile

_NO_TIME = -(2**63)


class Files(Sequence[PhotoFile]):
    """A list of photo files that are made when they are asked for."""

    def __init__(self) -> None:
        self._paths: list[str] = []
        self._sizes = array("q")
        self._times = array("q")
        self._changes = array("q")

    def append(self, file: PhotoFile) -> None:
        """Add a file at the end."""
        self._paths.append(str(file.path))
        self._sizes.append(file.size)
        self._times.append(file.mtime_ns)
        self._changes.append(_NO_TIME if file.ctime_ns is None else file.ctime_ns)

    @overload
    def __getitem__(self, place: int) -> PhotoFile: ...
    @overload
    def __getitem__(self, place: slice) -> list[PhotoFile]: ...
    def __getitem__(self, place: int | slice) -> PhotoFile | list[PhotoFile]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        return _file(self._paths[place], self._sizes[place], self._times[place], self._changes[place])

    def __iter__(self) -> Iterator[PhotoFile]:
        return map(_file, self._paths, self._sizes, self._times, self._changes)

    def __len__(self) -> int:
        return len(self._paths)


def _file(path: str, size: int, mtime_ns: int, changed: int) -> PhotoFile:
    return PhotoFile(Path(path), size, mtime_ns, None if changed == _NO_TIME else changed)
