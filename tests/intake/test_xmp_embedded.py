"""XMP inside photos: found in every format, and replaced in JPEG and PNG without another byte being touched."""

from __future__ import annotations

import hashlib
import os
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from indexer.errors import PhotoError
from indexer.intake.discover import stamp
from indexer.intake.xmp.embedded import check_embed, embed, embedded_xmp
from indexer.intake.xmp.packet import Frame, Packet, XmpContent, write_saying


def packet(*words: str) -> bytes:
    made = Packet()
    write_saying(made, XmpContent(tuple((word,) for word in words)), Frame(40, 30))
    return bytes(made)


def words(path: Path) -> list[str]:
    found = embedded_xmp(path)
    assert found is not None
    return Packet(found).texts("dc:subject")


def picture(path: Path) -> Path:
    """Make a photo with EXIF, which XMP comes after."""
    exif = Image.Exif()
    exif[0x112] = 6
    Image.radial_gradient("L").resize((40, 30)).convert("RGB").save(path, exif=exif)
    return path


def jpeg_with(path: Path, *segments: tuple[int, bytes]) -> Path:
    """Make a JPEG with more segments behind its first."""
    data = picture(path).read_bytes()
    more = b"".join(bytes([0xFF, kind]) + (len(body) + 2).to_bytes(2) + body for kind, body in segments)
    path.write_bytes(data[:2] + more + data[2:])
    return path


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp", "a.avif"])
def test_xmp_is_found_in_the_formats_that_hold_it(name: str, tmp_path: Path) -> None:
    xmp = packet("dog")
    image = Image.new("RGB", (40, 30))
    if name.endswith(".png"):
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp.decode(), zip=True)
        image.save(tmp_path / name, pnginfo=info)
    elif name.endswith(".tif"):
        image.save(tmp_path / name, tiffinfo={700: xmp})
    else:
        image.save(tmp_path / name, xmp=xmp)
    assert words(tmp_path / name) == ["dog"]


@pytest.mark.parametrize("name", ["a.gif", "a.bmp", "a.jpg", "a.png"])
def test_a_photo_without_xmp_has_none(name: str, tmp_path: Path) -> None:
    Image.new("RGB", (40, 30)).save(tmp_path / name)
    assert embedded_xmp(tmp_path / name) is None


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_other_xmp_leaves_every_other_byte_the_time_and_the_rights_as_they_are(name: str, tmp_path: Path) -> None:
    path = picture(tmp_path / name)
    path.chmod(0o604)
    os.utime(path, ns=(1, 1_500_000_000_123_456_789))
    old = path.read_bytes()
    after, content = embed(path, packet("dog"))
    new = path.read_bytes()
    added = len(new) - len(old)
    at = next(i for i in range(len(old)) if new[i + added :] == old[i:] and new[:i] == old[:i])
    assert b"<rdf:li>dog" in new[at : at + added]
    assert path.stat().st_mtime_ns == 1_500_000_000_123_456_789
    assert path.stat().st_mode & 0o777 == 0o604
    assert after == stamp(path)
    assert content == hashlib.sha256(new).digest()
    with Image.open(path) as image:
        assert image.tobytes()
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_xmp_that_is_there_is_replaced_in_its_place_and_the_size_is_always_another(name: str, tmp_path: Path) -> None:
    path = picture(tmp_path / name)
    pixels = Image.open(path).tobytes()
    sizes = [path.stat().st_size]
    for word in ("dog", "cat", "cow"):  # words of the same length
        embed(path, packet(word))
        sizes.append(path.stat().st_size)
        assert words(path) == [word]
        assert sizes[-1] != sizes[-2]
    assert path.read_bytes().count(b"W5M0MpCehiHzreSzNTczkc9d") == 1
    assert Image.open(path).tobytes() == pixels


MAIN = b"http://ns.adobe.com/xap/1.0/\0"
REFUSED = {
    "several pictures": ((0xE2, b"MPF\0II*\0"), "several pictures"),
    "signed": ((0xEB, b"JP\0\0"), "signature"),
    "in parts": ((0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 40), "several parts"),
}


@pytest.mark.parametrize(("segment", "sentence"), REFUSED.values(), ids=REFUSED)
def test_a_jpeg_that_would_come_to_harm_is_left_as_it_is(segment: tuple[int, bytes], sentence: str, tmp_path) -> None:
    path = jpeg_with(tmp_path / "a.jpg", segment)
    before = path.read_bytes()
    for call in (check_embed, embed):
        with pytest.raises(PhotoError, match=sentence):
            call(path, packet("dog"))
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["a.jpg"]


def test_what_cannot_be_written_in_place_is_left_as_it_is(tmp_path: Path) -> None:
    twice = jpeg_with(tmp_path / "twice.jpg", (0xE1, MAIN + packet("a")), (0xE1, MAIN + packet("b")))
    Image.new("RGB", (40, 30)).save(tmp_path / "a.webp")
    linked = picture(tmp_path / "linked.jpg")
    (tmp_path / "other.jpg").hardlink_to(linked)
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(linked.read_bytes()[:30])
    cases = {twice: "twice", tmp_path / "a.webp": "only JPEG and PNG", linked: "several names", cut: "ends before"}
    for path, sentence in cases.items():
        before = path.read_bytes()
        with pytest.raises(PhotoError, match=sentence):
            embed(path, packet("dog"))
        assert path.read_bytes() == before
    with pytest.raises(PhotoError, match="larger than a JPEG can hold"):
        embed(picture(tmp_path / "b.jpg"), packet("x" * 70_000))
    with pytest.raises(PhotoError, match="does not exist"):
        embed(tmp_path / "none.jpg", packet("dog"))


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = picture(tmp_path / "real.jpg")
    (tmp_path / "link.jpg").symlink_to(real)
    embed(tmp_path / "link.jpg", packet("dog"))
    assert (tmp_path / "link.jpg").is_symlink()
    assert words(real) == ["dog"]


def test_a_bomb_in_a_png_is_not_unpacked(tmp_path: Path) -> None:
    body = b"iTXtXML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b" " * 300_000_000, 9)
    chunk = (len(body) - 4).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)
    path = picture(tmp_path / "a.png")
    data = path.read_bytes()
    path.write_bytes(data[:33] + chunk + data[33:])
    found = embedded_xmp(path)
    assert found is not None
    assert len(found) < 40_000_000


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
@settings(deadline=None)
@given(at=st.integers(0, 1500), junk=st.binary(max_size=20))
def test_a_damaged_front_is_a_sentence_and_never_a_crash(name: str, at: int, junk: bytes, tmp_path_factory) -> None:
    path = tmp_path_factory.mktemp("damaged") / name
    picture(path)
    embed(path, packet("dog"))
    data = path.read_bytes()
    path.write_bytes(data[:at] + junk + data[at + len(junk) :])
    for call in (lambda: embedded_xmp(path), lambda: embed(path, packet("cat"))):
        try:
            call()
        except PhotoError as error:
            assert error.path.name == name  # noqa: PT017 - most do not raise
