"""Photos for the gallery's tests: real ones that test dependencies ship; none of them is committed."""

from __future__ import annotations

import os
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

_TAKEN = {
    "astronaut": ("skimage", "data/astronaut.png", "2024-06-21T10:12:00"),
    "chelsea": ("skimage", "data/chelsea.png", "2024-06-20T08:30:00"),
    "coffee": ("skimage", "data/coffee.png", "2024-06-20T08:05:00"),
    "rocket": ("skimage", "data/rocket.jpg", "2023-11-03T21:47:00"),
    "hubble": ("skimage", "data/hubble_deep_field.jpg", "2023-11-02T23:00:00"),
    "motorcycle": ("skimage", "data/motorcycle_left.png", "2023-08-14T15:20:00"),
    "camera": ("skimage", "data/camera.png", "2022-05-01T12:00:00"),
    "hopper": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", "2022-05-01T09:00:00"),
    "flower": ("sklearn", "datasets/images/flower.jpg", "2022-04-30T17:10:00"),
    "temple": ("sklearn", "datasets/images/china.jpg", "2021-10-02T11:11:00"),
}
NAME, WORD = "<img src=x onerror=alert(1)> Grace & 'Co'", '<script>alert(2)</script> "quoted"'  # of a person, and a tag
LONG = "a very long name that somebody gave to a picture of a flower because nothing else came to mind " * 2


def make_photos(folder: Path) -> None:
    """Write photos as JPEGs: of three years, some of a person, some twice, one with a place, one broken."""
    folder.mkdir(parents=True)
    for name in _TAKEN:
        save(folder / f"{name}.jpg", original(name), _TAKEN[name][2])
    place = Image.Exif()
    place.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.6), 3: "E", 4: (2.0, 17.0, 40.2)})
    save(
        folder / "Paris" / "tower at noon.jpg", original("temple").rotate(90, expand=True), "2021-10-01T12:00:00", place
    )
    woman = original("astronaut")
    for number, (left, scale) in enumerate([(60, 1.0), (90, 0.8), (120, 0.9)], 1):
        cut = woman.crop((left, 0, left + 300, 400)).resize((int(300 * scale), int(400 * scale)))
        save(folder / "portraits" / f"portrait {number}.jpg", cut, f"2023-01-0{number}T10:00:00")
    for number, left in enumerate((40, 80), 1):
        cut = original("hopper").crop((left, 20, left + 380, 560))
        save(folder / "portraits" / f"officer {number}.jpg", cut, f"2022-05-0{number}T11:00:00")
    save(folder / "copies" / "coffee small.jpg", original("coffee").resize((420, 280)), "2024-06-20T08:05:00")
    save(folder / f"{LONG.strip()[:180]}.jpg", original("flower").crop((0, 0, 500, 160)), "2020-02-29T12:00:00")
    save(folder / "<b onclick=alert(1)>&amp;'.jpg", original("chelsea").crop((100, 0, 400, 300)), "2020-01-01T12:00:00")
    (folder / "broken.jpg").write_bytes((folder / "rocket.jpg").read_bytes()[:5000])


def original(name: str) -> Image.Image:
    """Return a picture by its name."""
    package, file, _ = _TAKEN[name]
    spec = find_spec(package)
    assert spec is not None, f"{package} is not installed: pip install '.[test]'"
    assert spec.origin is not None
    return Image.open(Path(spec.origin).parent / file).convert("RGB")


def save(file: Path, image: Image.Image, taken: str, exif: Image.Exif | None = None) -> None:
    """Write a photo as a JPEG that says when it was taken."""
    moment = datetime.fromisoformat(taken)
    exif = Image.Exif() if exif is None else exif  # one without fields of its own, but with a place, counts as empty
    exif.get_ifd(0x8769)[0x9003] = f"{moment:%Y:%m:%d %H:%M:%S}"
    file.parent.mkdir(parents=True, exist_ok=True)
    image.save(file, quality=90, exif=exif)
    os.utime(file, (moment.timestamp(), moment.timestamp()))
