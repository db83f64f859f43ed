"""XMP sidecars: the files beside photos, found, read and written.

`IMG.jpg.xmp` (darktable, digiKam) certainly belongs to IMG.jpg. `IMG.xmp` (Lightroom) does where no other photo in the
folder is called IMG.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from indexer.atomic_write import atomic_write
from indexer.errors import PhotoError
from indexer.intake.discover import stamp, why
from indexer.intake.names import names_photo
from indexer.intake.xmp.tree import MOST_BYTES, BadXmp, Packet

_SUFFIX = ".xmp"


@dataclass(frozen=True, slots=True)
class Beside:
    """The XMP files of a folder, by lower-case names; `stems` counts its photos."""

    files: dict[str, str]
    stems: Counter[str]

    @classmethod
    def of(cls, folder: Path) -> Beside:
        """List a folder; one that cannot be read has none."""
        try:
            names = sorted(os.listdir(folder))  # noqa: PTH208 - names are all that is wanted
        except OSError:
            names = []
        photos = Counter(Path(name).stem.lower() for name in names if names_photo(name))
        # An exact name wins over one in another case: the later of the two stays in the dict.
        files = {name[: -len(_SUFFIX)].lower(): name for name in names if name.lower().endswith(_SUFFIX)}
        return cls(files, photos)

    def sidecars(self, photo: Path) -> list[Path]:
        """Return the sidecars of a photo, the one that is certainly its own first."""
        names = [self.files.get(photo.name.lower())]
        if self.stems[photo.stem.lower()] <= 1:
            names.append(self.files.get(photo.stem.lower()))
        return [photo.with_name(name) for name in dict.fromkeys(names) if name is not None]


class Sidecars:
    """A finder of sidecars, which caches the last folder."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._beside = Beside.of(Path())

    def __call__(self, photo: Path) -> list[Path]:
        """Return the sidecars of a photo, the one that is certainly its own first."""
        if photo.parent != self._folder:
            self._folder, self._beside = photo.parent, Beside.of(photo.parent)
        return self._beside.sidecars(photo)


def new_sidecar(photo: Path) -> Path:
    """Return the path of a new sidecar of a photo that has none."""
    return photo.with_name(photo.name + _SUFFIX)


def read_sidecar(path: Path) -> Packet:
    """Read a sidecar. Errors: PhotoError for one that cannot be read or is no XMP; it is never changed then."""
    stamp(path)
    try:
        with path.open("rb") as stream:
            return Packet(stream.read(MOST_BYTES + 1))
    except BadXmp as error:
        raise PhotoError(path, "metadata", str(error)) from error
    except OSError as error:
        raise PhotoError(path, "read", why(error)) from error


def write_sidecar(path: Path, packet: Packet, photo: Path) -> None:
    """Write a sidecar atomically; a new one has the read permissions of the photo.

    Errors: PhotoError where the disk refuses.
    """
    path = path.resolve()
    try:
        like = path if path.exists() else photo
        stat = like.stat()
        with atomic_write(path, durable=True) as new:
            new.write(bytes(packet))
            os.fchmod(new.fileno(), stat.st_mode & 0o666)
            if like == path and (stat.st_uid, stat.st_gid) != (os.geteuid(), os.getegid()):
                os.chown(new.fileno(), stat.st_uid, stat.st_gid)
    except OSError as error:
        raise PhotoError(path, "read", f"it cannot be written ({error.strerror or error})") from error
