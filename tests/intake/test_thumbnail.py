"""Thumbnails are small WebP pictures, upright, in the colors that were meant, and tell nothing else."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from made_profiles import ADOBE_RGB, DISPLAY_P3, cmyk_profile, gray_profile, rgb_profile
from PIL import Image, ImageCms
from pillow_heif import from_pillow

from indexer.errors import PhotoError
from indexer.geometry import Box
from indexer.intake.decode import open_original
from indexer.intake.discover import stamp
from indexer.intake.thumbnail import face_chip, thumbnail

MAX_PIXELS = 10**8
ORIENTATION = 0x0112
GPS = 0x8825


def small(path: Path, side_px: int = 100) -> Image.Image:
    image = Image.open(BytesIO(thumbnail(path, side_px, MAX_PIXELS)))
    assert image.format == "WEBP"
    image.load()
    return image


def color(image: Image.Image) -> list[int]:
    """The mean color of the middle."""
    width, height = image.size
    middle = np.asarray(image.convert("RGB"))[height // 4 : -height // 4, width // 4 : -width // 4]
    return middle.reshape(-1, 3).mean(axis=0).round().astype(int).tolist()


def meant(mode: str, value: object, profile: bytes) -> list[int]:
    """The color in sRGB that a profile means by a value."""
    one = ImageCms.profileToProfile(
        Image.new(mode, (1, 1), value),  # type: ignore[arg-type]
        ImageCms.ImageCmsProfile(BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        "RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert one is not None
    return list(one.getpixel((0, 0)))  # type: ignore[arg-type]


def near(one: list[int], other: list[int], most: int = 6) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= most


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_thumbnail_is_small_and_upright(tmp_path: Path, orientation: int) -> None:
    upright = Image.new("RGB", (400, 800), "white")
    upright.paste((255, 0, 0), (0, 0, 200, 300))  # top left
    turned = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if turned is None else upright.transpose(turned)
    exif = stored.getexif()
    exif[ORIENTATION] = orientation
    stored.save(tmp_path / "a.jpg", exif=exif)
    shown = small(tmp_path / "a.jpg")
    assert shown.size == (50, 100)
    assert near(list(shown.getpixel((10, 10))), [254, 0, 0], 12)  # type: ignore[arg-type]
    assert near(list(shown.getpixel((40, 90))), [255, 255, 255], 12)  # type: ignore[arg-type]


def test_nothing_is_enlarged(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    assert small(tmp_path / "a.png").size == (40, 30)


def test_a_thread_of_a_picture_keeps_a_pixel(tmp_path: Path) -> None:
    Image.new("RGB", (5000, 3)).save(tmp_path / "a.png")
    assert small(tmp_path / "a.png").size == (100, 1)


RGB_PROFILES = {
    "Display P3": (rgb_profile(DISPLAY_P3), (230, 40, 30)),
    "Adobe RGB": (rgb_profile(ADOBE_RGB), (60, 200, 70)),
}


@pytest.mark.parametrize("name", RGB_PROFILES)
@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif", "heic", "avif"])
def test_colors_land_where_the_profile_means_them(tmp_path: Path, name: str, ending: str) -> None:
    profile, value = RGB_PROFILES[name]
    image, path = Image.new("RGB", (400, 300), value), tmp_path / f"a.{ending}"
    if ending == "heic":
        image.info["icc_profile"] = profile
        from_pillow(image).save(path, quality=95)
    else:
        image.save(path, icc_profile=profile, **({"quality": 95} if ending != "tif" else {}))
    expected = meant("RGB", value, profile)
    assert not near(expected, list(value))
    assert near(color(small(path)), expected)


@pytest.mark.parametrize(("index", "space"), [("R03", 65535), ("R98", 65535), ("R03", 1), ("R98", 1)])
def test_adobe_rgb_of_a_camera_needs_no_profile(tmp_path: Path, index: str, space: int) -> None:
    picture, value = Image.new("RGB", (400, 300), (60, 200, 70)), [60, 200, 70]
    exif = picture.getexif()
    exif.get_ifd(0x8769).update({0xA001: space, 0xA005: {1: index}})
    picture.save(tmp_path / "a.jpg", exif=exif, quality=98)
    means_adobe = (index, space) == ("R03", 65535)
    expected = meant("RGB", tuple(value), rgb_profile(ADOBE_RGB)) if means_adobe else value
    assert near(color(small(tmp_path / "a.jpg")), expected)


def test_models_see_the_numbers_of_the_file(tmp_path: Path) -> None:
    Image.new("RGB", (400, 300), (230, 40, 30)).save(tmp_path / "a.png", icc_profile=rgb_profile(DISPLAY_P3))
    with open_original(stamp(tmp_path / "a.png"), MAX_PIXELS) as original:
        original.shown(100)
        assert original.picture(100).pixels[5, 5].tolist() == [230, 40, 30]


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_gray_follows_its_profile(tmp_path: Path, mode: str) -> None:
    profile = gray_profile(1.0)
    Image.new(mode, (400, 300), 60 if mode == "L" else (60, 255)).save(tmp_path / "a.png", icc_profile=profile)
    assert near(color(small(tmp_path / "a.png")), meant("L", 60, profile))


def test_cmyk_follows_its_profile(tmp_path: Path) -> None:
    profile, value = cmyk_profile(), (200, 20, 40, 10)
    Image.new("CMYK", (400, 300), value).save(tmp_path / "a.jpg", icc_profile=profile, quality=98)
    assert near(color(small(tmp_path / "a.jpg")), meant("CMYK", value, profile), 8)


def test_cmyk_without_a_profile_is_shown_plainly(tmp_path: Path) -> None:
    Image.new("CMYK", (400, 300), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    assert near(color(small(tmp_path / "a.jpg")), [254, 0, 0])


UNFIT = {
    "damaged": b"no profile at all",
    "cut off": rgb_profile(DISPLAY_P3)[:200],
    "of CMYK, in RGB": cmyk_profile(),
    "of gray, in RGB": gray_profile(1.0),
    "empty": b"",
}


@pytest.mark.parametrize("name", UNFIT)
def test_a_profile_of_no_use_is_passed_over(tmp_path: Path, name: str) -> None:
    Image.new("RGB", (400, 300), (200, 100, 50)).save(tmp_path / "a.jpg", icc_profile=UNFIT[name], quality=95)
    assert near(color(small(tmp_path / "a.jpg")), [200, 100, 50])


@pytest.mark.parametrize("profile", [None, rgb_profile(DISPLAY_P3)], ids=["plain", "with a profile"])
def test_transparent_parts_lie_on_white(tmp_path: Path, profile: bytes | None) -> None:
    Image.new("RGBA", (400, 300), (0, 0, 255, 0)).save(tmp_path / "a.png", icc_profile=profile)
    shown = small(tmp_path / "a.png")
    assert shown.mode == "RGB"
    assert near(color(shown), [255, 255, 255], 1)


def test_deep_gray_is_shown(tmp_path: Path) -> None:
    Image.fromarray(np.full((300, 400), 0x8000, np.uint16)).save(tmp_path / "a.png")
    assert near(color(small(tmp_path / "a.png")), [128, 128, 128], 2)


def test_a_thumbnail_tells_nothing_of_the_photo(tmp_path: Path) -> None:
    picture = Image.new("RGB", (80, 60), "red")  # nothing is reduced or turned: not even a copy is made of it
    exif = picture.getexif()
    exif[0x010F] = "Camera of Jane"
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(GPS)[2] = (48.0, 8.0, 0.0)
    profile = rgb_profile(DISPLAY_P3)
    for ending in ("jpg", "png", "webp"):
        picture.save(tmp_path / f"a.{ending}", exif=exif, icc_profile=profile, comment="secret", xmp=b"<x/>")
        data = thumbnail(tmp_path / f"a.{ending}", 100, MAX_PIXELS)
        with Image.open(BytesIO(data)) as shown:
            assert not {"exif", "icc_profile", "xmp", "comment"} & shown.info.keys()
        assert b"Jane" not in data
        assert b"EXIF" not in data


def test_a_camera_s_own_thumbnail_is_not_shown(tmp_path: Path) -> None:
    old = BytesIO()
    Image.new("RGB", (160, 120), "blue").save(old, "JPEG")
    body = BytesIO()
    Image.new("RGB", (800, 600), "red").save(body, "JPEG")
    # IFD0 without entries, then IFD1 that points at a JPEG.
    entries = b"".join(
        int(tag).to_bytes(2, "little") + b"\4\0\1\0\0\0" + int(value).to_bytes(4, "little")
        for tag, value in ((0x0201, 44), (0x0202, len(old.getvalue())))
    )
    tiff = b"II*\0\x08\0\0\0" + b"\0\0" + (14).to_bytes(4, "little") + b"\2\0" + entries + bytes(4)
    exif = b"Exif\0\0" + tiff + old.getvalue()
    data = body.getvalue()
    (tmp_path / "a.jpg").write_bytes(data[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + data[2:])
    assert near(color(small(tmp_path / "a.jpg")), [254, 0, 0])


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="read"):
        thumbnail(tmp_path / "none.jpg", 100, MAX_PIXELS)


def test_another_picture_in_its_place_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (80, 60), "red").save(tmp_path / "a.png")
    content = sha256((tmp_path / "a.png").read_bytes()).digest()
    assert thumbnail(tmp_path / "a.png", 100, MAX_PIXELS, content)
    Image.new("RGB", (80, 60), "blue").save(tmp_path / "a.png")
    with pytest.raises(PhotoError, match="no longer the photo"):
        thumbnail(tmp_path / "a.png", 100, MAX_PIXELS, content)
    with pytest.raises(PhotoError, match="no longer the photo"):
        face_chip(tmp_path / "a.png", Box(0, 0, 1, 1), 100, MAX_PIXELS, content)


def face(tmp_path: Path, box: Box, side_px: int = 160, orientation: int = 1) -> Image.Image:
    """The chip of a green face in a white picture of 2000 × 1000 px."""
    picture = Image.new("RGB", (2000, 1000), "white")
    sides = box.left * 2000, box.top * 1000, (box.left + box.width) * 2000, (box.top + box.height) * 1000
    picture.paste((0, 160, 0), tuple(map(round, sides)))  # type: ignore[arg-type]
    exif = picture.getexif()
    exif[ORIENTATION] = orientation
    stored = picture.transpose(Image.Transpose.ROTATE_90) if orientation == 6 else picture
    stored.save(tmp_path / "face.jpg", exif=exif)
    image = Image.open(BytesIO(face_chip(tmp_path / "face.jpg", box, side_px, MAX_PIXELS)))
    image.load()
    return image


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_face_is_in_the_middle_of_its_square(tmp_path: Path, orientation: int) -> None:
    chip = face(tmp_path, Box(0.6, 0.3, 0.1, 0.2), orientation=orientation)
    assert chip.size == (160, 160)
    assert near(list(chip.getpixel((80, 80))), [0, 160, 0], 8)  # type: ignore[arg-type]
    green = np.asarray(chip)[..., 0] < 128
    assert 0.25 < green.mean() < 0.45  # the rest is margin
    for corner in ((3, 3), (156, 3), (3, 156), (156, 156)):
        assert near(list(chip.getpixel(corner)), [255, 255, 255], 8)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "box",
    [Box(-0.05, -0.1, 0.15, 0.3), Box(0.9, 0.8, 0.2, 0.4), Box(0, 0, 1, 1), Box(-0.5, -0.5, 3, 3), Box(0.5, 0.5, 0, 0)],
    ids=["over the top left", "over the bottom right", "all", "more than all", "nothing"],
)
def test_a_square_never_leaves_the_picture(tmp_path: Path, box: Box) -> None:
    chip = face(tmp_path, box)
    assert chip.width == chip.height
    assert 1 <= chip.width <= 160


def test_a_small_face_is_not_enlarged(tmp_path: Path) -> None:
    assert 30 < face(tmp_path, Box(0.5, 0.5, 0.01, 0.02)).width < 40
