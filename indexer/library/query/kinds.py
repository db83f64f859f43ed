"""The values of orientation: and is: – the shape of a photo, its state, what kind of picture it is."""

from __future__ import annotations

from datetime import date

from indexer.library.db.roots import folder_bytes
from indexer.library.query.ast import STATES, And, Away, Not, Or, Query, Shape, State, Term, Text
from indexer.library.query.clause import Sql
from indexer.library.query.field import InvalidValue, PhotoFacts, SearchField

ORIENTATIONS = ("landscape", "portrait", "square")
_SCREENS = (16 / 9, 16 / 10, 2, 18.5 / 9, 19 / 9, 19.5 / 9, 20 / 9, 21 / 9)  # long side / short side
_LIKE_A_SCREEN = 0.01  # relative difference of the proportions
_SCREEN_PX = 640  # short side: a smaller one is rather a drawing
_SCREEN_FLATNESS = 0.65  # share of the pixels that equal their neighbor; measured: docs/measurements/tags.md
_RATIO = "(1.0 * max(width, height) / min(width, height))"
SHAPES = {  # name → SQL: what the width and height of the upright photo must be
    "landscape": "width > height",
    "portrait": "width < height",
    "square": "width = height",
    "panorama": "max(width, height) >= 2 * min(width, height)",
    "screen": f"min(width, height) >= {_SCREEN_PX} AND flatness >= {_SCREEN_FLATNESS} AND ("
    + " OR ".join(f"abs({_RATIO} / {ratio!r} - 1) <= {_LIKE_A_SCREEN}" for ratio in _SCREENS)
    + ")",
}
STATES_SQL = {
    "missing": "photos.missing_since IS NOT NULL",
    "failed": "photos.failed_stage IS NOT NULL",
    "hidden": "photos.is_hidden <> 0",
}
# How systems name pictures of their screen, or the folder of them, in a dozen languages.
_SCREENSHOTS = (
    "screenshot", "screen shot", "screen_shot", "screencap", "bildschirmfoto", "bildschirmaufnahme", "capture d*cran",
    "captura de pantalla", "captura de tela", "captura de ecr", "schermata", "schermafbeelding", "schermafdruk",
    "skärmbild", "skjermbilde", "skærmbillede", "zrzut ekranu", "снимок экрана", "スクリーンショット", "屏幕截图",
    "截屏", "螢幕截圖", "스크린샷",
)  # fmt: skip
_ABOUT = {
    "missing": "the file is gone",
    "failed": "it could not be read",
    "hidden": "no other search shows it",
    "away": "its folder cannot be seen now",
    "screen": "of a screen's proportions, and as flat",
}
KINDS = tuple(
    (name, _ABOUT.get(name, "")) for name in ("screenshot", "screen", "panorama", "portrait", *sorted(STATES), "away")
)


def parse_orientation(field: SearchField, value: str, _: date) -> Query:
    """Return the shape that a text names. Raises InvalidValue."""
    if value.lower() not in ORIENTATIONS:
        raise InvalidValue(f"{value!r} is not an orientation; {field.example}")
    return Shape(value.lower())


def parse_kind(field: SearchField, value: str, _: date) -> Query:
    """Return what a text says that a photo is. Raises InvalidValue."""
    match value.lower():
        case "panorama" | "screen" as shape:
            return Shape(shape)
        case "portrait":
            return Term("portrait")
        case "away":
            return Away()
        case "screenshot":
            named = tuple(Text("path", word) for word in _SCREENSHOTS)
            return And((Not(Text("camera", "*")), Or((*named, Shape("screen")))))
        case state if state in STATES:
            return State(state)
    raise InvalidValue(f"{value!r} is not a known property; {field.example}")


def kind_text(leaf: Shape | State | Away) -> str:
    """Return what a photo is, as it is typed."""
    return "away" if isinstance(leaf, Away) else leaf.name


def kind_sql(leaf: Shape | State | Away) -> Sql:
    """Return the condition that a photo is this."""
    if isinstance(leaf, Away):
        marks = ", ".join("?" * len(leaf.roots))
        text = f"photos.root_id IN (SELECT id FROM roots WHERE path IN ({marks}))"  # noqa: S608
        return Sql(text, tuple(map(folder_bytes, leaf.roots)))
    return Sql(f"({(SHAPES | STATES_SQL)[leaf.name]})")


def kinds(photo: PhotoFacts) -> frozenset[str]:
    """Return what a photo is: its shapes and its states."""
    said = photo.metadata
    if said is None:
        return photo.states
    short, long = sorted((said.width, said.height))
    is_upright, is_wide = said.width < said.height, long >= 2 * short
    is_screen = photo.look is not None and photo.look.flatness >= _SCREEN_FLATNESS and _like_a_screen(short, long)
    shape = "square" if said.width == said.height else "portrait" if is_upright else "landscape"
    return photo.states | {shape} | ({"panorama"} if is_wide else set()) | ({"screen"} if is_screen else set())


def _like_a_screen(short: int, long: int) -> bool:
    """Return whether a picture is as large as a screen, and of its proportions."""
    return short >= _SCREEN_PX and any(abs(long / short / ratio - 1) <= _LIKE_A_SCREEN for ratio in _SCREENS)
