"""Print docs/measurements/text.md: python tests/benchmarks/text.py [DATA] [--models FOLDER] [PART …].

Words are drawn in fonts of Matplotlib, on paper and over a photograph, turned, in perspective, small, faint; what is
read of them is compared letter by letter. DATA holds real_files/scenes/ and tags_multilabel/: real signs, documents and
screenshots with known words, and everyday photos, of which the small first look passes some.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib import get_data_path
from parts import opened, parser, pictures
from PIL import Image, ImageDraw, ImageFont
from skimage.data import astronaut

from indexer.intake.decode import open_original
from indexer.intake.discover import stamp
from indexer.library.query.ast import folded
from indexer.values.analysis import TextLine
from indexer.values.files import Picture
from indexer.vision.model_set import ModelSet
from indexer.vision.spec import read_specs
from indexer.vision.text.reader import TextReader

MODELS = ("ppocrv5-text-detector", "ppocrv5-text-recognizer")
WORDS = {
    "Latin": [
        "Harbour",
        "Railway",
        "Invoice 2024",
        "Open daily",
        "No parking",
        "Exit",
        "Bakery",
        "Museum",
        "Platform 9",
        "Summer sale",
    ],
    "Latin with accents": ["Café", "Größe", "Señor", "Straße", "Fête", "Übung", "Niño", "Crème", "Façade", "Ångström"],
    "Greek": ["ΕΛΛΑΔΑ", "Θάλασσα", "Καλημέρα", "ΑΘΗΝΑ", "Μουσείο", "Ψωμί", "Φάρος", "Λιμάνι", "Ξενώνας", "Δρόμος"],
    "Cyrillic": ["Москва", "Музей", "Вокзал", "Хлеб", "Улица", "Гавань", "Почта", "Аптека", "Выход", "Школа"],
}
FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSerif", "DejaVuSansMono", "STIXGeneral")
SIDE, HEIGHT = 1000, 40
Drawn = Callable[[str, str], np.ndarray]
# Words that a photograph or screenshot shows, read by eye.
SCENES = {
    "JaidedAI__EasyOCR/examples/japanese.jpg": "ポイ捨て禁止 NO LITTER 清潔できれいな港区を 港区 MINATO CITY",
    "JaidedAI__EasyOCR/examples/example2.png": "愚园路 西 东 315 309 Yuyuan Rd. W E",
    "Webreaper__Damselfly/System-Settings.jpg": (
        "Configuration Settings USER SYSTEM FACE RECOGNITION EMAIL NOTIFICATIONS"
    ),
    "ocrmypdf__OCRmyPDF/tests/resources/crom.png": "Covfefe is a perfectly cromulent word.",
}


def main() -> None:
    """Print the parts that are asked for, all where none is."""
    parts = {"drawn": drawn, "scenes": scenes, "everyday": everyday}
    asked = parser(__doc__, needs_data=False)
    asked.add_argument("parts", nargs="*", help=f"of {', '.join(parts)}")
    given = asked.parse_args()
    reader = opened_reader(given.models)
    for name in given.parts or parts:
        if name == "drawn" or given.data is not None:
            parts[name](given, reader)


def opened_reader(models: Path) -> TextReader:
    """Return the text reader; its models are built first where they are not there."""
    for name in MODELS:
        opened(read_specs()[name], models)
    return TextReader.open(ModelSet(models, "efficientnet-lite0", None, None, text=MODELS))


def drawn(_: argparse.Namespace, reader: TextReader) -> None:
    """Print what is read of drawn words."""
    print("\n| drawn | words | read exactly | letters read |\n|---|---|---|---|")
    for what, words, draw in conditions():
        pairs = [(word, read(reader, draw(word, font))) for word in words for font in FONTS]
        exact = sum(plain(word) == plain(found) for word, found in pairs)
        letters = statistics.mean(same_letters(word, found) for word, found in pairs)
        print(f"| {what} | {len(pairs)} | {exact / len(pairs):.2f} | {letters:.2f} |", flush=True)


def conditions() -> Iterator[tuple[str, list[str], Drawn]]:
    """Yield what is varied, the words, and how one is drawn in a font."""
    latin = WORDS["Latin"]
    for script, words in WORDS.items():
        yield f"{script}, {HEIGHT} px high of {SIDE}, on paper", words, paper
    for height in (12, 16, 24, 80):
        yield f"{height} px high", latin, partial(paper, height=height)
    for angle in (5, 15, 45, 90, 180):
        yield f"turned by {angle}°", latin, partial(turned, degrees=angle)
    for slant in (0.15, 0.3, 0.45):
        yield f"in perspective, the far side {1 - slant:.0%} as high", latin, partial(perspective, slant=slant)
    for gray in (128, 192, 224):
        yield f"gray {gray} on white", latin, partial(paper, ink=gray)
    yield "white on a photograph", latin, over_photo


def paper(word: str, font: str, height: int = HEIGHT, ink: int = 0) -> np.ndarray:
    """Draw a word in the middle of a white picture."""
    image = Image.new("RGB", (SIDE, SIDE), "white")
    write(image, word, font, height, (ink, ink, ink))
    return np.asarray(image)


def over_photo(word: str, font: str) -> np.ndarray:
    """Draw a word over a photograph of a person."""
    image = Image.fromarray(astronaut()).resize((SIDE, SIDE))  # type: ignore[no-untyped-call]
    write(image, word, font, HEIGHT, (255, 255, 255))
    return np.asarray(image)


def write(image: Image.Image, word: str, font: str, height: int, ink: tuple[int, int, int]) -> None:
    kind = ImageFont.truetype(f"{get_data_path()}/fonts/ttf/{font}.ttf", height)
    ImageDraw.Draw(image).text((SIDE // 2, SIDE // 2), word, ink, kind, anchor="mm")


def turned(word: str, font: str, degrees: int) -> np.ndarray:
    """Draw a word that is not level."""
    return np.asarray(Image.fromarray(paper(word, font)).rotate(degrees, Image.Resampling.BICUBIC, fillcolor="white"))


def perspective(word: str, font: str, slant: float) -> np.ndarray:
    """Draw a word on a wall whose right side is further away."""
    inset = SIDE * slant / 2 / (1 - slant)  # the source's right side reaches beyond its edges, and so becomes smaller
    quad, bicubic = (0, 0, 0, SIDE, SIDE, SIDE + inset, SIDE, -inset), Image.Resampling.BICUBIC
    image = Image.fromarray(paper(word, font, 80))
    return np.asarray(image.transform(image.size, Image.Transform.QUAD, quad, bicubic, fillcolor="white"))


def read(reader: TextReader, pixels: np.ndarray) -> str:
    """Return the text of a picture."""
    height, width = pixels.shape[:2]
    picture = Picture(pixels, (width, height))
    return " ".join(line.text for line in reader.read(picture, lambda _: picture))


def plain(text: str) -> str:
    """Return text as it is compared: in lower case, without spaces."""
    return folded("".join(text.split()))


def same_letters(wanted: str, found: str) -> float:
    """Return the share of the letters of a text that are in another, in order."""
    blocks = SequenceMatcher(None, plain(wanted), plain(found), autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / len(plain(wanted))


def scenes(given: argparse.Namespace, reader: TextReader) -> None:
    """Print what is read of real documents, signs and screenshots whose words are known."""
    folder = given.data / "real_files" / "scenes"
    known = {folder / name: text for name, text in SCENES.items()}
    documents = folder / "tesseract-ocr__test"
    for file, truth in (
        ("eurotext.tif", "eurotext.txt"),
        ("phototestrot.tif", "phototest.txt"),
        ("phototest-rotated-R.png", "phototest.txt"),
    ):
        known[documents / file] = (documents / truth).read_text("utf-8")
    print("\n| picture | words | found by a search |\n|---|---|---|")
    for path, text in known.items():
        found = folded(" ".join(line.text for line in read_file(reader, path)))
        words = [word for word in map(folded, text.split()) if any(letter.isalnum() for letter in word)]
        hits = sum(word.strip(".,:;!?") in found for word in words)
        print(f"| {path.name} | {len(words)} | {hits} |", flush=True)


def read_file(reader: TextReader, path: Path) -> tuple[TextLine, ...]:
    with open_original(stamp(path), 200_000_000) as original:
        return reader.read(original.picture(reader.long_side_px), original.picture)


def everyday(given: argparse.Namespace, reader: TextReader) -> None:
    """Print how many everyday photos the first look passes, what it costs, and what is read in them."""
    files = sorted((given.data / "tags_multilabel").rglob("*.jpg"))
    looks, reads, lines = [], [], []
    for path, picture in zip(files, pictures(files, reader.long_side_px), strict=True):
        start = time.perf_counter()
        passes = reader.is_worth_it(picture)
        looks.append(time.perf_counter() - start)
        if passes:
            start = time.perf_counter()
            found = read_file(reader, path)
            reads.append(time.perf_counter() - start)
            lines.append(len(found))
    look, whole = statistics.median(looks), statistics.median(reads)
    print(
        f"\nOf {len(files)} everyday photos, {len(reads)} pass the first look, and {sum(map(bool, lines))} show text."
    )
    average = (sum(looks) + sum(reads)) / (len(files) * whole)
    print(
        f"A look takes {look / whole:.2f} of reading a photo; with it, a photo takes {average:.2f} of that on average."
    )


if __name__ == "__main__":
    main()
