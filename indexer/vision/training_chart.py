"""Training chart: a picture of a trained classifier's confusion matrix and ROC curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from PIL import Image, ImageDraw, ImageFont

_SIDE, _MARGIN, _TOP, _LEFT = 560, 40, 110, 150  # px
_SCALE = 2  # drawn this much larger and reduced: smooth lines
_MOST_CURVES = 10
_INK, _FAINT, _PAPER = (30, 34, 40), (205, 210, 216), (255, 255, 255)
_DEEP = (24, 84, 150)  # of the fullest cell
_COLORS = (
    (24, 84, 150), (214, 96, 30), (44, 140, 70), (170, 40, 60), (120, 80, 170),
    (120, 90, 60), (210, 110, 180), (110, 110, 110), (160, 150, 20), (20, 150, 170),
)  # fmt: skip
_Point: TypeAlias = tuple[float, float]
_Color: TypeAlias = tuple[int, int, int]


def chart(title: str, figures: Mapping[str, Any]) -> Image.Image:
    """Draw the metrics of `zoo.train.keras_model.measured`: confusion matrix to the left, ROC curves to the right."""
    canvas = _Canvas(2 * (_LEFT + _SIDE) + _MARGIN, _TOP + _SIDE + _LEFT)
    tested = sum(map(sum, figures["confusion"]))
    canvas.text((_MARGIN, 24), title, 26)
    canvas.text((_MARGIN, 60), f"accuracy {figures['accuracy']:.3f}, area under the ROC curves {figures['auc']:.3f}, "
                f"measured on {tested:,} pictures that it has not learned from", 15)  # fmt: skip
    _confusion(canvas, (_LEFT, _TOP), [each["label"] for each in figures["labels"]], figures["confusion"])
    _curves(canvas, (2 * _LEFT + _SIDE, _TOP), figures["labels"])
    return canvas.finished()


def _confusion(canvas: _Canvas, at: _Point, names: Sequence[str], table: Sequence[Sequence[int]]) -> None:
    """Draw a cell for each true label (rows) and each predicted one (columns), the darker the larger its share."""
    left, top = at
    cell = _SIDE / len(names)
    size = min(20.0, cell / 3)
    for row, counts in enumerate(table):
        for column, count in enumerate(counts):
            share = count / max(1, sum(counts))
            color = _between(_PAPER, _DEEP, share)
            box = left + column * cell, top + row * cell
            canvas.box(box, (box[0] + cell, box[1] + cell), color)
            if size >= 7:
                ink = _PAPER if share > 0.5 else _INK
                canvas.text((box[0] + cell / 2, box[1] + cell / 2), f"{count:,}", size, "mm", ink)
    for number, name in enumerate(names):
        middle = (number + 0.5) * cell
        size = max(7.0, min(15.0, cell * 0.6))
        canvas.text((left - 8, top + middle), _short(name, _LEFT - 40, size), size, "rm")
        canvas.upright((left + middle, top + _SIDE + 8), _short(name, _LEFT - 50, size), size)
    canvas.text((left + _SIDE / 2, top - 16), "rows: what is true; columns: what was said", 14, "mm")


def _curves(canvas: _Canvas, at: _Point, labels: Sequence[Mapping[str, Any]]) -> None:
    """Draw the ROC curve of each label against all others; of many, the worst ones.

    Of two labels the curves are the same, mirrored.
    """
    left, top = at
    canvas.box(at, (left + _SIDE, top + _SIDE), _PAPER)
    for step in range(0, 11, 2):
        part = step / 10
        canvas.line([(left + part * _SIDE, top), (left + part * _SIDE, top + _SIDE)], _FAINT, 1)
        canvas.line([(left, top + part * _SIDE), (left + _SIDE, top + part * _SIDE)], _FAINT, 1)
        canvas.text((left + part * _SIDE, top + _SIDE + 14), f"{part:.1f}", 13, "mm")
        canvas.text((left - 8, top + (1 - part) * _SIDE), f"{part:.1f}", 13, "rm")
    canvas.line([(left, top + _SIDE), (left + _SIDE, top)], _FAINT, 2)
    drawn = labels[1:] if len(labels) == 2 else labels
    if len(drawn) > _MOST_CURVES:
        drawn = sorted(drawn, key=lambda each: float(each["auc"]))[:_MOST_CURVES]
    for number, each in enumerate(drawn):
        points = zip(each["roc"]["false"], each["roc"]["true"], strict=True)
        path = [(left + false * _SIDE, top + (1 - true) * _SIDE) for false, true in points]
        canvas.line(path, _COLORS[number], 3)
        down = top + _SIDE - 24 * (len(drawn) - number) + 4
        canvas.line([(left + _SIDE - 260, down), (left + _SIDE - 236, down)], _COLORS[number], 4)
        canvas.text((left + _SIDE - 228, down), _short(f"{each['auc']:.3f}  {each['label']}", 220, 15), 15, "lm")
    which = f" ({len(drawn)} weakest labels)" if len(drawn) == _MOST_CURVES < len(labels) else ""
    canvas.text((left + _SIDE / 2, top - 16), f"ROC: share of true ones found{which}", 14, "mm")
    canvas.text((left + _SIDE / 2, top + _SIDE + 36), "share of false ones taken for it", 14, "mm")


class _Canvas:
    """A white sheet; all lengths are px of the finished picture."""

    def __init__(self, width: int, height: int) -> None:
        self._size = width, height
        self._image = Image.new("RGB", (width * _SCALE, height * _SCALE), _PAPER)
        self._draw = ImageDraw.Draw(self._image)

    def finished(self) -> Image.Image:
        return self._image.resize(self._size, Image.Resampling.LANCZOS)

    def text(self, at: _Point, text: str, size: float, anchor: str = "la", color: _Color = _INK) -> None:
        self._draw.text(_scaled(at), text, color, _font(size * _SCALE), anchor)

    def upright(self, at: _Point, text: str, size: float) -> None:
        """Write from below to above, so that the text ends at a point."""
        font = _font(size * _SCALE)
        _, _, width, height = map(round, font.getbbox(text, anchor="la"))
        mask = Image.new("L", (max(1, width), max(1, height)), 0)
        ImageDraw.Draw(mask).text((0, 0), text, 255, font, "la")
        turned = mask.transpose(Image.Transpose.ROTATE_90)
        x, y = _scaled(at)
        self._image.paste(_INK, (round(x - turned.width / 2), round(y)), turned)

    def line(self, points: Sequence[_Point], color: _Color, width: int) -> None:
        self._draw.line([_scaled(each) for each in points], color, width * _SCALE, "curve")

    def box(self, start: _Point, end: _Point, color: _Color) -> None:
        self._draw.rectangle((*_scaled(start), *_scaled(end)), color, _FAINT, _SCALE)


def _short(text: str, width: float, size: float) -> str:
    """Cut a text that would be wider."""
    font = _font(size)
    if font.getlength(text) <= width:
        return text
    return next(
        (f"{text[:end]}…" for end in range(len(text) - 1, 0, -1) if font.getlength(f"{text[:end]}…") <= width), "…"
    )


def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # without a size it is another
    return font


def _scaled(point: _Point) -> _Point:
    return point[0] * _SCALE, point[1] * _SCALE


def _between(start: _Color, end: _Color, part: float) -> _Color:
    red, green, blue = (round(one + (other - one) * part) for one, other in zip(start, end, strict=True))
    return red, green, blue
