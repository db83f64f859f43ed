"""Photo decoding: a file's picture (upright RGB), its metadata and its hashes, or a PhotoError.

The content determines the format. A picture above the size limit is refused before it is decoded, and a truncated
one after it, never shown in part. What follows the end of a picture, such as the film in a motion photo,
does not matter.

Camera raw files, by name or content, and JPEG XL fail with a reason. Drawings such as SVG are no photos.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from io import BufferedReader
from time import time
from types import TracebackType
from typing import Self

from PIL import Image, ImageFile

from indexer.errors import PhotoError
from indexer.intake import formats
from indexer.intake.color import pixels, to_rgb
from indexer.intake.discover import photo_file, why
from indexer.intake.formats import HEAD_BYTES, sniff
from indexer.intake.metadata import orientation, read_metadata
from indexer.intake.names import RAW_SUFFIXES, names_photo, suffix
from indexer.intake.pixel_stats import perceptual_hash
from indexer.values.files import Hashes, Metadata, PhotoFile, Picture, same_stamp

InSrgb = Callable[[Image.Image], Image.Image]
"""Turns an image in the colors of its file into RGB as screens show it."""

_BROKEN_OFF = "the file ends too early, the picture is not complete"
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class NotAPhoto(PhotoError):  # noqa: N818 - nothing went wrong
    """A file whose content is no picture and whose name promised none: to be skipped silently."""


def open_original(file: PhotoFile, max_pixels: int, clock: Callable[[], float] = time) -> Original:
    """Open a photo's file, hash its bytes and detect its format; a context manager.

    max_pixels: larger pictures are refused.  clock: seconds since 1970; later capture times are ignored.
    Raises PhotoError with stage 'read' or 'identify', NotAPhoto where nothing promised a photo.
    """
    try:
        stream = file.path.open("rb")
    except (OSError, ValueError) as error:
        raise PhotoError(file.path, "read", why(error)) from error
    try:
        return Original(file, stream, max_pixels, clock())
    except BaseException:
        stream.close()
        raise


class Original:
    """An open photo: `.content` (SHA-256 of the bytes), `.metadata`, `.picture()`, `.hashes()`."""

    def __init__(self, file: PhotoFile, stream: BufferedReader, max_pixels: int, now: float) -> None:
        self.file, self._stream, self._max_pixels, self._now = file, stream, max_pixels, now
        with self._translated("read"):
            head = stream.read(HEAD_BYTES)
        self._format = self._identify(head)
        self._fresh: ImageFile.ImageFile | None = self._opened()
        with self._translated("read"):  # not before: a non-photo may be a film of many gigabytes
            stream.seek(0)
            self.content = hashlib.file_digest(stream, "sha256").digest()
        self._refuse_changed()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fresh = None
        self._stream.close()

    @cached_property
    def metadata(self) -> Metadata:
        """The photo's metadata in the file."""
        image = self._fresh = self._fresh or self._opened()
        if image.format == "PNG":  # its EXIF may come after its pixels
            with self._translated("decode"):
                image.load()
        with self._translated("metadata"):
            return read_metadata(image, self.file, self._now)

    def picture(self, long_side_px: int) -> Picture:
        """Decode upright RGB at the smallest scale that leaves the long side at least `long_side_px`.

        A smaller original comes at full size. May be called again for another size.
        Raises PhotoError: 'decode' where the picture is damaged or incomplete, 'read' where it changed.
        """
        full_size = self.metadata.width, self.metadata.height
        image, self._fresh = self._fresh or self._opened(), None
        with self._translated("decode"):
            factor, turn = self._loaded(image, long_side_px)
            upright = pixels(_turned(to_rgb(image, factor), turn))
        self._refuse_changed()
        return Picture(upright, full_size)

    def shown(self, long_side_px: int) -> tuple[Image.Image, InSrgb]:
        """Decode as `picture` does, for display: upright, in the colors of the file, and the conversion to sRGB."""
        from indexer.intake.color import reduced  # models do without

        image, self._fresh = self._fresh or self._opened(), None
        with self._translated("decode"):
            factor, turn = self._loaded(image, long_side_px)
            small, in_srgb = reduced(image, factor)
            upright = _turned(small, turn)
        self._refuse_changed()
        return upright, in_srgb

    def _loaded(self, image: ImageFile.ImageFile, long_side_px: int) -> tuple[int, Image.Transpose | None]:
        """Decode an image; return its reduction factor and its orientation."""
        formats.draft(image, long_side_px)
        image.load()
        self._refuse_large(image)  # some headers lie
        self._refuse_broken_off()
        turn = _TURNS.get(orientation(image))  # only now: Pillow itself turns a TIFF while it loads
        return max(1, max(image.size) // long_side_px), turn

    def hashes(self, picture: Picture) -> Hashes:
        """Return the hash of the file's bytes and the perceptual hash of a picture of it."""
        return Hashes(self.content, perceptual_hash(picture))

    def _identify(self, head: bytes) -> str:
        name = self.file.path.name
        found = "RAW" if suffix(name) in RAW_SUFFIXES else sniff(head)
        if found is None and suffix(name) == ".tga":
            found = "TGA"  # the one format without a signature
        if found is None:
            reason = "it is not a picture in a known format" if head else "the file is empty"
            raise (PhotoError if names_photo(name) else NotAPhoto)(self.file.path, "identify", reason)
        if found in formats.UNREAD:
            raise PhotoError(self.file.path, "identify", formats.UNREAD[found])
        return found

    def _opened(self) -> ImageFile.ImageFile:
        with self._translated("identify"):
            image = formats.open_image(self._stream, self._format)
            self._refuse_large(image)
        if formats.is_dng(image):
            raise PhotoError(self.file.path, "identify", formats.UNREAD["RAW"])
        return image

    def _refuse_large(self, image: ImageFile.ImageFile) -> None:
        if image.width * image.height > self._max_pixels:
            raise PhotoError(self.file.path, "identify", _too_large(self._max_pixels))

    def _refuse_broken_off(self) -> None:
        """Refuse a JPEG without an end marker; the other formats' decoders notice truncation."""
        if self._format != "JPEG":
            return
        self._stream.seek(-len(formats.JPEG_END), os.SEEK_END)
        if self._stream.read() == formats.JPEG_END:  # nearly always
            return
        self._stream.seek(0)
        if not formats.reaches_end(self._stream.read()):
            raise PhotoError(self.file.path, "decode", _BROKEN_OFF)

    def _refuse_changed(self) -> None:
        try:
            now = os.fstat(self._stream.fileno())
        except OSError as error:
            raise PhotoError(self.file.path, "read", why(error)) from error
        if not same_stamp(photo_file(self.file.path, now), self.file):
            raise PhotoError(self.file.path, "read", "it changed while it was read")

    @contextmanager
    def _translated(self, stage: str) -> Iterator[None]:
        """Convert whatever a decoder raises on hostile bytes to a PhotoError."""
        with formats.silence_pillow(self._max_pixels):
            try:
                yield
            except PhotoError:
                raise
            except Exception as error:  # struct.error, ValueError, SyntaxError, RuntimeError: decoders raise all
                self._refuse_changed()
                raise PhotoError(self.file.path, stage, _reason(error, self._max_pixels)) from error


def _turned(image: Image.Image, turn: Image.Transpose | None) -> Image.Image:
    return image if turn is None else image.transpose(turn)


def _too_large(max_pixels: int) -> str:
    return f"it has more than {max_pixels / 1e6:g} megapixels (max_megapixels in the configuration)"


def _reason(error: Exception, max_pixels: int) -> str:
    match error:
        case Image.DecompressionBombError() | Image.DecompressionBombWarning():
            return _too_large(max_pixels)
        case MemoryError():
            return "there is not enough memory to decode it"
        case OSError(errno=int()):  # from the system; a decoder's own error has no errno
            return why(error)
    if "truncated" in str(error) or isinstance(error, EOFError):
        return _BROKEN_OFF
    return "the picture is damaged and cannot be read"
