"""Made-up documents that all say different things, flat as a program draws them and as a camera sees them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Document = Image.Image
_CONSONANTS, _VOWELS = "bcdfghjklmnpqrstvwxz", "aeiouy"
_HEADINGS = ("Chapter", "Minutes", "Report", "Notice", "Letter")


def words(random: Random, count: int) -> str:
    """Return words of one to four syllables."""
    return " ".join(_word(random) for _ in range(count))


def _word(random: Random) -> str:
    return "".join(random.choice(_CONSONANTS) + random.choice(_VOWELS) for _ in range(random.randint(1, 4)))


def text_page(seed: int) -> Document:
    """Return a page of text in paragraphs."""
    random, page, draw = _blank(seed, (850, 1100))
    draw.text((80, 70), f"{random.choice(_HEADINGS)} {words(random, 3)}", fill="black", font=_font(30))
    top = 140
    while top < 1010:
        draw.text((80, top), words(random, 14)[:72], fill="black", font=_font(18))
        top += 52 if random.random() < 0.12 else 26
    return page


def chat(seed: int) -> Document:
    """Return messages of two people on the screen of a phone."""
    random, page, draw = _blank(seed, (540, 1100), (236, 229, 221))
    draw.rectangle((0, 0, 540, 80), fill=(7, 94, 84))
    draw.text((70, 25), words(random, 1).title(), fill="white", font=_font(22))
    top = 110
    while top < 1000:
        left, color = random.choice([(160, (220, 248, 198)), (20, (255, 255, 255))])
        lines = random.randint(1, 4)
        draw.rounded_rectangle((left, top, left + 360, top + 30 * lines + 20), 12, fill=color)
        for line in range(lines):
            draw.text((left + 14, top + 10 + 30 * line), words(random, 6)[:30], fill="black", font=_font(20))
        top += 30 * lines + 34
    return page


def receipt(seed: int) -> Document:
    """Return a receipt: things and what they cost."""
    random, page, draw = _blank(seed, (400, 900), (250, 250, 248))
    for top in range(40, 820, 28):
        draw.text((30, top), words(random, 2)[:18].upper(), fill=(30, 30, 30), font=_font(18))
        draw.text((300, top), f"{random.uniform(0.5, 99):.2f}", fill=(30, 30, 30), font=_font(18))
    return page


def slide(seed: int) -> Document:
    """Return a slide with a title and points."""
    random, page, draw = _blank(seed, (1280, 720))
    draw.rectangle((0, 0, 1280, 110), fill=(0, 70, 140))
    draw.text((50, 30), words(random, 4).title(), fill="white", font=_font(44))
    for top in range(170, 650, 80):
        draw.text((80, top), "- " + words(random, 7)[:60], fill=(40, 40, 40), font=_font(30))
    return page


def table(seed: int) -> Document:
    """Return a table of numbers with ruled cells."""
    random, page, draw = _blank(seed, (1000, 760))
    for row, top in enumerate(range(40, 720, 34)):
        for column, left in enumerate(range(40, 960, 153)):
            draw.rectangle((left, top, left + 153, top + 34), outline=(150, 150, 150))
            told = words(random, 1) if row == 0 or column == 0 else f"{random.uniform(0, 9999):.1f}"
            draw.text((left + 8, top + 7), told[:14], fill="black", font=_font(17))
    return page


def sheet_music(seed: int) -> Document:
    """Return staves with notes and bar lines."""
    random, page, draw = _blank(seed, (850, 1100))
    for top in range(90, 1000, 110):
        for line in range(5):
            draw.line((60, top + 11 * line, 790, top + 11 * line), fill="black", width=1)
        for left in range(240, 791, 183):
            draw.line((left, top, left, top + 44), fill="black", width=2)
        for left in range(80, 780, 26):
            if random.random() < 0.8:
                _note(draw, left, top + random.randint(-1, 9) * 5.5, random)
    return page


KINDS: Mapping[str, Callable[[int], Document]] = {
    "text": text_page, "chat": chat, "receipt": receipt, "slide": slide, "table": table, "sheet music": sheet_music,
}  # fmt: skip


def photographed(document: Document, seed: int) -> Document:
    """Return a document as a camera sees it: on a desk, not quite from above, in uneven light, with noise."""
    random = np.random.default_rng(seed)
    width, height = size = (900, 1200) if document.height > document.width else (1200, 900)
    places = np.array([(0.1, 0.1), (0.1, 0.9), (0.9, 0.9), (0.9, 0.1)]) + random.uniform(-0.04, 0.04, (4, 2))
    right, low = document.size
    onto = np.array([(0, 0), (0, low), (right, low), (right, 0)], float)
    how = _perspective(places * size, onto)
    seen = document.convert("RGB").transform(size, Image.Transform.PERSPECTIVE, how, Image.Resampling.BICUBIC)
    mask = Image.new("L", document.size, 255).transform(size, Image.Transform.PERSPECTIVE, how)
    daemon_lock = Image.new("RGB", size, tuple(random.integers(60, 160, 3).tolist()))
    daemon_lock.paste(seen, mask=mask)
    down, across = random.uniform(0.75, 1, (2, 2)).tolist()
    light = np.outer(np.linspace(down[0], down[1], height), np.linspace(across[0], across[1], width))
    lit = np.asarray(daemon_lock) * light[:, :, None] + random.normal(0, 4, (height, width, 3))
    return Image.fromarray(lit.clip(0, 255).astype(np.uint8))


def _blank(seed: int, size: tuple[int, int], color: object = "white") -> tuple[Random, Document, ImageDraw.ImageDraw]:
    page = Image.new("RGB", size, color)  # type: ignore[arg-type]
    return Random(seed), page, ImageDraw.Draw(page)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _note(draw: ImageDraw.ImageDraw, left: float, middle: float, random: Random) -> None:
    draw.ellipse((left, middle - 5, left + 13, middle + 5), fill="black")
    up = random.random() < 0.5
    draw.line((left + 12, middle, left + 12, middle - 34) if up else (left + 1, middle, left + 1, middle + 34), "black")


def _perspective(places: np.ndarray, onto: np.ndarray) -> tuple[float, ...]:
    """Return the eight numbers that take places (x, y)[4] in the picture made to those in the one it is made of."""
    rows = []
    for (x, y), (u, v) in zip(places, onto, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    return tuple(np.linalg.solve(np.array(rows), onto.ravel()).tolist())
