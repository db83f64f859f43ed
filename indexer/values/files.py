"""Values of a file and its picture: stamp, pixels, metadata, hashes, pixel statistics."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

if TYPE_CHECKING:  # NumPy takes 0.1 s to import, and a keyword search does not need it.
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A file on the disk that may be a photo, with its stamp, which decides 'unchanged'.

    ctime_ns: when the inode was last changed, which no program can set; None where the file system does not say.
    """

    path: Path
    size: int
    mtime_ns: int
    ctime_ns: int | None = None


class WriteStamped(Protocol):
    """Whatever has a stamp without the change time."""

    @property
    def size(self) -> int: ...
    @property
    def mtime_ns(self) -> int: ...


class Stamped(WriteStamped, Protocol):
    """Whatever has a stamp."""

    @property
    def ctime_ns(self) -> int | None: ...


@overload
def same_stamp(one: Stamped, other: Stamped) -> bool: ...
@overload
def same_stamp(one: WriteStamped, other: WriteStamped, *, ctime: Literal[False]) -> bool: ...
def same_stamp(one: Any, other: Any, *, ctime: bool = True) -> bool:
    """Tell whether two stamps are equal: is this file the one that was seen?

    ctime: compare the change time, too; one that only one of them knows decides nothing. Without it, a file that was
    renamed, or whose permissions were changed, is the same.
    """
    if one.size != other.size or one.mtime_ns != other.mtime_ns:
        return False
    return not ctime or one.ctime_ns == other.ctime_ns or one.ctime_ns is None or other.ctime_ns is None


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Decoded pixels, upright RGB.

    pixels: uint8[height, width, 3], perhaps smaller than the original.
    full_size: (width, height) in pixels of the upright original.
    """

    pixels: NDArray[np.uint8]
    full_size: tuple[int, int]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Picture):
            return NotImplemented
        import numpy as np

        return self.full_size == other.full_size and np.array_equal(self.pixels, other.pixels)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the decoded pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]


@dataclass(frozen=True, slots=True)
class Metadata:
    """The photo's metadata in the file; None where there is no plausible value.

    width, height: pixels of the upright photo.  taken_at: local wall-clock time, ISO 8601, with the offset
    appended where it is known.  taken_from: the field that gave it ('exif:DateTimeOriginal' … 'mtime').
    latitude, longitude: degrees, north and east positive.  altitude_m, exposure_seconds, focal_length_mm: as named.
    """

    format: str
    width: int
    height: int
    orientation: int = 1
    taken_at: str | None = None
    taken_from: str | None = None
    camera_make: str | None = None
    camera_model: str | None = None
    lens: str | None = None
    iso: int | None = None
    f_number: float | None = None
    exposure_seconds: float | None = None
    focal_length_mm: float | None = None
    latitude: float | None = None
    longitude: float | None = None
    altitude_m: float | None = None
    software: str | None = None


@dataclass(frozen=True, slots=True)
class Hashes:
    """The hashes of a photo.

    content: SHA-256 of the file (32 bytes).  perceptual: 64-bit DCT hash of the upright picture (8 bytes).
    """

    content: bytes
    perceptual: bytes


@dataclass(frozen=True, slots=True)
class PixelStats:
    """Pixel statistics, which tags such as 'night' and 'black and white' are made from.

    brightness: mean luma 0..1.  colorfulness: mean chroma 0..1 (0 is grey).  contrast: standard deviation of luma 0..1.
    flatness: share of the pixels that equal their right-hand neighbor, 0..1 (drawings and screenshots are high).
    """

    brightness: float
    colorfulness: float
    contrast: float
    flatness: float
