"""Files in every format, turn and state: a whole upright picture or an error that says why."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import struct
import zlib
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from PIL import Image

from indexer.errors import PhotoError
from indexer.intake.decode import NotAPhoto, open_original
from indexer.intake.discover import stamp
from indexer.values.files import PhotoFile, Picture

LIMIT = 50_000_000
BY_SIZE = 10**9  # a long side that no picture has: full size

# The upright picture is red, green / blue, white; these bring it into the turn that an orientation undoes.
INTO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
SAVED = {  # ending: how Pillow writes it
    "jpg": {"quality": 95},
    "progressive.jpg": {"quality": 95, "progressive": True},
    "png": {},
    "webp": {"quality": 95},
    "lossless.webp": {"lossless": True},
    "tif": {},
    "lzw.tif": {"compression": "tiff_lzw"},
    "gif": {},
    "bmp": {},
    "avif": {"quality": 95},
    "heic": {"quality": 95},
    "jp2": {},
    "ppm": {},
    "tga": {},
}
NAMES = {"jpg": "JPEG", "tif": "TIFF", "jp2": "JPEG2000", "heic": "HEIF"}
TURNED = ["jpg", "png", "webp", "tif", "lzw.tif", "avif", "heic"]


@pytest.fixture(scope="module", autouse=True)
def _heif_writer() -> None:
    pillow_heif.register_heif_opener()


def _quarters(width: int = 96, height: int = 64) -> Image.Image:
    colors = np.array([[(255, 0, 0), (0, 255, 0)], [(0, 0, 255), (255, 255, 255)]], np.uint8)
    return Image.fromarray(colors).resize((width, height), Image.Resampling.NEAREST)


def _corners(picture: Picture) -> list[str]:
    """Name the colors in the middle of the four quarters, row by row."""
    height, width, _ = picture.pixels.shape
    names = {(True, False, False): "red", (False, True, False): "green", (False, False, True): "blue"}
    places = [(height * y // 4, width * x // 4) for y in (1, 3) for x in (1, 3)]
    return [names.get(tuple(bool(value > 127) for value in picture.pixels[place]), "white") for place in places]


def _decoded(path: Path, long_side_px: int = BY_SIZE, limit: int = LIMIT) -> Picture:
    with open_original(stamp(path), limit) as original:
        return original.picture(long_side_px)


def _written(folder: Path, content: bytes, name: str = "a.jpg") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def _refusal(path: Path, limit: int = LIMIT) -> PhotoError:
    with pytest.raises(PhotoError) as caught:
        _decoded(path, limit=limit)
    return caught.value


def _attempt(path: Path, long_side_px: int) -> Picture | None:
    """Decode, or fail in the one way that is allowed."""
    with contextlib.suppress(PhotoError):
        return _decoded(path, long_side_px)
    return None


@cache
def _photo(ending: str) -> bytes:
    """A noisy picture, so that every byte of the file matters."""
    noise = np.random.default_rng(7).integers(0, 64, (48, 64, 3), np.uint8)
    image = Image.fromarray(np.asarray(_quarters(64, 48)) // 2 + noise)
    return _encoded(image, ending)


def _encoded(image: Image.Image, ending: str, **more: object) -> bytes:
    stream = BytesIO()
    kind = ending.split(".")[-1]
    image.save(stream, NAMES.get(kind, kind), **SAVED[ending], **more)
    return stream.getvalue()


@pytest.mark.parametrize("ending", SAVED)
def test_every_format_is_told_by_its_content(tmp_path: Path, ending: str) -> None:
    content = _encoded(_quarters(), ending)
    names = [f"right.{ending}", "wrong.jpg", "wrong.png", "nothing"] if ending != "tga" else ["right.tga"]
    for name in names:
        picture = _decoded(_written(tmp_path, content, name))
        assert picture.size == picture.full_size == (96, 64)
        assert _corners(picture) == ["red", "green", "blue", "white"]
        assert picture.pixels.dtype == np.uint8
        assert picture.pixels.flags.c_contiguous


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("ending", TURNED)
def test_a_picture_comes_upright(tmp_path: Path, ending: str, turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    stored = _quarters().transpose(INTO[turn]) if turn in INTO else _quarters()
    path = _written(tmp_path, _encoded(stored, ending, exif=exif.tobytes()))
    for long_side_px in (BY_SIZE, 24):
        with open_original(stamp(path), LIMIT) as original:
            picture = original.picture(long_side_px)
            assert (original.metadata.width, original.metadata.height) == picture.full_size == (96, 64)
            # HEIF turns by its container, and its EXIF must not turn it again (ISO/IEC 23008-12).
            assert original.metadata.orientation == (1 if ending == "heic" else turn)
        assert picture.size[0] > picture.size[1]
        assert _corners(picture) == ["red", "green", "blue", "white"]


@pytest.mark.parametrize("turn", [0, 9, 255, 65535])
def test_an_orientation_that_does_not_exist_turns_nothing(tmp_path: Path, turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    assert _corners(_decoded(_written(tmp_path, _encoded(_quarters(), "jpg", exif=exif))))[0] == "red"


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        (BY_SIZE, (1000, 600)),
        (1000, (1000, 600)),
        (501, (1000, 600)),
        (500, (500, 300)),
        (250, (250, 150)),
        (126, (250, 150)),
        (125, (125, 75)),
        (30, (32, 19)),
    ],
)
def test_a_jpeg_is_decoded_at_the_smallest_scale_that_serves(tmp_path: Path, asked: int, size: tuple[int, int]) -> None:
    picture = _decoded(_written(tmp_path, _encoded(_quarters(1000, 600), "jpg")), asked)
    assert (picture.size, picture.full_size) == (size, (1000, 600))


@pytest.mark.parametrize("ending", ["jpg", "png", "heic"])
@given(width=some.integers(1, 300), height=some.integers(1, 300), asked=some.integers(1, 400))
@settings(max_examples=25, deadline=None)
def test_a_picture_is_never_smaller_than_asked_nor_larger_than_it_is(
    tmp_path_factory: pytest.TempPathFactory, ending: str, width: int, height: int, asked: int
) -> None:
    path = _written(tmp_path_factory.getbasetemp(), _encoded(_quarters(width, height), ending), f"sized.{ending}")
    picture = _decoded(path, asked)
    assert picture.full_size == (width, height)
    assert min(asked, max(width, height)) <= max(picture.size) <= max(width, height)
    assert min(picture.size) >= 1


def test_a_larger_picture_of_the_same_file_can_be_had_later(tmp_path: Path) -> None:
    for ending in ("jpg", "png"):
        path = _written(tmp_path, _encoded(_quarters(800, 400), ending))
        with open_original(stamp(path), LIMIT) as original:
            sizes = [original.picture(asked).size for asked in (100, 800, 100)]
        assert sizes == [(100, 50), (800, 400), (100, 50)]


def test_the_content_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    content = _photo("jpg")
    with open_original(stamp(_written(tmp_path, content)), LIMIT) as original:
        hashes = original.hashes(original.picture(64))
    assert hashes.content == original.content == hashlib.sha256(content).digest()
    assert len(hashes.perceptual) == 8


@pytest.mark.parametrize("ending", SAVED)
@given(cut=some.floats(0, 1), gentle=some.booleans(), long_side_px=some.sampled_from([BY_SIZE, 8]))
@settings(max_examples=30, deadline=None)
def test_a_file_that_breaks_off_is_an_error_or_a_whole_picture(
    tmp_path_factory: pytest.TempPathFactory, ending: str, cut: float, gentle: bool, long_side_px: int
) -> None:
    whole = _photo(ending)
    kept = len(whole) - 1 - int(cut * 20) if gentle else int(cut * (len(whole) - 1))
    folder = tmp_path_factory.getbasetemp()
    expected = _decoded(_written(folder, whole, f"whole.{ending}"), long_side_px)
    broken = _written(folder, whole[:kept], f"broken.{ending}")
    picture = _attempt(broken, long_side_px)
    assert picture is None or picture == expected


@pytest.mark.parametrize("ending", ["jpg", "progressive.jpg"])
@given(cut=some.floats(0, 1), filling=some.sampled_from([b"", b"\0", b"\xff"]))
@settings(max_examples=40, deadline=None)
def test_a_jpeg_without_its_last_data_is_never_half_grey(
    tmp_path_factory: pytest.TempPathFactory, ending: str, cut: float, filling: bytes
) -> None:
    whole = _photo(ending)
    kept = int(cut * (len(whole) - 20))
    content = whole[:kept] + filling * (len(whole) - kept)
    error = _refusal(_written(tmp_path_factory.getbasetemp(), content, "broken.jpg"))
    assert error.stage in ("identify", "decode")


@given(content=some.binary(max_size=200), start=some.sampled_from(sorted(SAVED)), kept=some.integers(0, 200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_picture_or_a_photo_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, start: str, kept: int
) -> None:
    path = _written(tmp_path_factory.getbasetemp(), _photo(start)[:kept] + content, f"any.{start}")
    picture = _attempt(path, 32)
    assert picture is None or (picture.pixels.dtype == np.uint8 and picture.pixels.shape[2:] == (3,))


@given(position=some.floats(0, 1), value=some.integers(0, 255), ending=some.sampled_from(sorted(SAVED)))
@settings(max_examples=300, deadline=None)
def test_a_flipped_byte_is_a_picture_or_a_photo_error(
    tmp_path_factory: pytest.TempPathFactory, position: float, value: int, ending: str
) -> None:
    content = bytearray(_photo(ending))
    content[int(position**3 * (len(content) - 1))] = value  # most of what matters stands in front
    path = _written(tmp_path_factory.getbasetemp(), bytes(content), f"flipped.{ending}")
    picture = _attempt(path, 32)
    assert picture is None or (picture.pixels.dtype == np.uint8 and picture.pixels.shape[2:] == (3,))


@pytest.mark.parametrize("missing", range(1, 4))
def test_a_jpeg_without_its_end_marker_is_incomplete(tmp_path: Path, missing: int) -> None:
    assert "too early" in _refusal(_written(tmp_path, _photo("jpg")[:-missing])).reason


def test_what_follows_a_picture_does_not_matter(tmp_path: Path) -> None:
    path = _written(tmp_path, _encoded(_quarters(), "jpg") + b"\0\0\0\x18ftypmp42" + bytes(5000))
    assert _corners(_decoded(path)) == ["red", "green", "blue", "white"]


def test_the_first_picture_of_several_counts(tmp_path: Path) -> None:
    for name in ("a.gif", "a.mpo", "a.webp", "a.png", "a.tif"):
        _quarters().save(tmp_path / name, save_all=True, append_images=[Image.new("RGB", (96, 64))])
        assert _corners(_decoded(tmp_path / name)) == ["red", "green", "blue", "white"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.jpg", b"", "the file is empty"),
        ("a.jpg", b"\xff", "not a picture in a known format"),
        ("a.jpg", b"\xff\xd8", "not a picture in a known format"),
        ("a.jpg", b"Dear diary,\n", "not a picture in a known format"),
        ("a.png", b"<html>404</html>", "not a picture in a known format"),
        ("a.heic", b"PK\x03\x04" + bytes(60), "not a picture in a known format"),
        ("a.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture in a known format"),
        ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF", "damaged"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "damaged"),
        ("a.cr2", b"II*\0\x10\0\0\0CR\2\0", "camera raw"),
        ("a.nef", b"MM\0*\0\0\0\x08", "camera raw"),
        ("a", b"FUJIFILMCCD-RAW 0201", "camera raw"),
        ("a.jxl", b"\xff\x0a" + bytes(30), "JPEG XL"),
    ],
)
def test_what_promised_a_photo_and_is_none_says_why(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    error = _refusal(_written(tmp_path, content, name))
    assert (type(error), error.stage) == (PhotoError, "identify")
    assert reason in error.reason


@pytest.mark.parametrize("content", [b"", b"x", b"Dear diary,\n", b"<svg/>", b"\0\0\0\x18ftypmp42", b"%PDF-1.4"])
@pytest.mark.parametrize("name", ["README", "a.strange"])
def test_a_stranger_is_told_apart_from_a_failure(tmp_path: Path, name: str, content: bytes) -> None:
    error = _refusal(_written(tmp_path, content, name))
    assert type(error) is NotAPhoto
    assert type(pickle.loads(pickle.dumps(error))) is NotAPhoto


def _huge_png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def _icon(picture: bytes) -> bytes:
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(picture), 22) + picture


@pytest.mark.parametrize(
    "content",
    [
        _huge_png(60_000, 60_000),
        _icon(_huge_png(60_000, 60_000)),
        b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0),
        b"GIF89a"
        + struct.pack("<HHBBB", 60_000, 60_000, 0, 0, 0)
        + b","
        + struct.pack("<HHHHB", 0, 0, 60_000, 60_000, 0)
        + b"\2\0;",
        b"P6 60000 60000 255\n",
    ],
    ids=["png", "icon", "bmp", "gif", "ppm"],
)
def test_a_picture_above_the_limit_is_refused_before_it_is_decoded(tmp_path: Path, content: bytes) -> None:
    error = _refusal(_written(tmp_path, content, "a.png"))
    assert error.reason == "it has more than 50 megapixels (max_megapixels in the configuration)"


def test_the_limit_is_the_one_that_was_given(tmp_path: Path) -> None:
    path = _written(tmp_path, _encoded(_quarters(100, 60), "jpg"))
    assert _decoded(path, limit=6000).full_size == (100, 60)
    assert "megapixels" in _refusal(path, limit=5999).reason


def test_the_limit_leaves_no_trace_in_pillow(tmp_path: Path) -> None:
    before = Image.MAX_IMAGE_PIXELS
    _refusal(_written(tmp_path, _encoded(_quarters(100, 60), "jpg")), limit=1)
    assert before == Image.MAX_IMAGE_PIXELS


def test_a_file_that_vanished_says_so(tmp_path: Path) -> None:
    error = _gone(PhotoFile(tmp_path / "a.jpg", 1, 1))
    assert (error.stage, error.reason) == ("read", "it does not exist (any more)")
    assert _gone(PhotoFile(tmp_path, 1, 1)).stage == "read"


def _gone(file: PhotoFile) -> PhotoError:
    with pytest.raises(PhotoError) as caught:
        open_original(file, LIMIT)
    return caught.value


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_file_says_so(tmp_path: Path) -> None:
    path = _written(tmp_path, _photo("jpg"))
    path.chmod(0)
    assert _gone(stamp(path)).reason == "there is no permission to read it"


def test_a_file_that_changed_since_it_was_found_is_not_read(tmp_path: Path) -> None:
    file = stamp(_written(tmp_path, _photo("jpg")))
    _written(tmp_path, _photo("png"))
    error = _gone(file)
    assert (error.stage, error.reason) == ("read", "it changed while it was read")


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    path = _written(tmp_path, _photo("jpg"))
    with open_original(stamp(path), LIMIT) as original:
        original.picture(32)
        with path.open("ab") as stream:
            stream.write(b"more")
        with pytest.raises(PhotoError, match="changed while it was read"):
            original.picture(32)


def test_a_file_cut_while_it_is_read_is_called_changed_not_damaged(tmp_path: Path) -> None:
    path = _written(tmp_path, _photo("progressive.jpg"))
    with open_original(stamp(path), LIMIT) as original:
        os.truncate(path, 700)
        with pytest.raises(PhotoError, match="changed while it was read"):
            original.picture(32)


def test_a_stereo_photo_is_drafted_like_any_jpeg(tmp_path: Path) -> None:
    _quarters(800, 400).save(tmp_path / "a.mpo", save_all=True, append_images=[_quarters(800, 400)])
    picture = _decoded(tmp_path / "a.mpo", 200)
    assert (picture.size, picture.full_size) == ((200, 100), (800, 400))


def test_a_file_that_is_closed_early_leaves_nothing_open(tmp_path: Path) -> None:
    path = _written(tmp_path, b"Dear diary,\n")
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(3):
        _refusal(path)
    assert len(list(Path("/dev/fd").iterdir())) == before
