"""An image in the colors of its own file flows in; the same in sRGB flows out, for people to look at.

Networks do without: what they are shown, and so their numbers, must not depend on a profile.

Colors are matched relative to white, with black point compensation: what both color spaces can show stays as it is,
white stays white, and shadows keep their depth. Perceptual tables shift all colors for the sake of a few; most
profiles in photos (Display P3, Adobe RGB) have none, and are read the same way under either.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageCms

from indexer.intake import adobe_rgb
from indexer.intake.rgb import to_rgb

_Convert = Callable[[Image.Image], Image.Image]
_CACHED = 8  # a family's phones and cameras have few profiles between them
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # what a profile is of: what Pillow calls it
_GRAY = ("1", "L", "LA", "La", "I", "F")


def reduced(image: Image.Image, factor: int) -> tuple[Image.Image, _Convert]:
    """Reduce a loaded image, each pixel the mean of factor × factor; transparent parts lie on white.

    Returns it in its own colors, to be turned, cropped and resized while these cost least, and what makes them sRGB.
    """
    profile = image.info.get("icc_profile") or (adobe_rgb.profile() if adobe_rgb.is_adobe_rgb(image) else None)
    mode, convert = _converter(bytes(profile)) if profile else ("RGB", None)
    if convert is None or not _fits(image, mode):
        return (to_rgb(image, factor), _as_it_is)
    if mode == "CMYK":
        return (image.reduce(factor) if factor > 1 else image, convert)
    small = to_rgb(image, factor)
    return (small.getchannel("R") if mode == "L" else small, convert)


def _fits(image: Image.Image, mode: str) -> bool:
    """Tell whether a profile of this mode can be meant for an image."""
    if mode == "L":
        return image.mode in _GRAY or image.mode.startswith("I;16")
    return (image.mode == "CMYK") == (mode == "CMYK") and image.mode != "LAB"


def _as_it_is(image: Image.Image) -> Image.Image:
    return image


@lru_cache(_CACHED)
def _converter(profile: bytes) -> tuple[str, _Convert | None]:
    """Return the mode that a profile is for, and what turns its colors into sRGB; None where it is of no use."""
    try:
        of_file = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = _MODES[of_file.profile.xcolor_space.strip()]
        transform = ImageCms.buildTransform(
            of_file,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, KeyError, ValueError, TypeError):  # damaged, or of a rare kind
        return "RGB", None
    return mode, transform.apply
