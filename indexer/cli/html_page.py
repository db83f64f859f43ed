"""HTML page of search results: one self-contained file with thumbnails.

The page needs nothing else but the photos.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from indexer.cli.output import count, visible
from indexer.errors import ConfigError, PhotoError, printable
from indexer.values.results import Hit

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; }
body { margin: 1.5rem; background: light-dark(#fff, #111); color: light-dark(#222, #ddd); }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: 1rem; }
figure { margin: 0; padding: .5rem; border-radius: .5rem; background: light-dark(#f3f3f3, #222); }
img, .none { display: block; width: 100%; height: 14rem; object-fit: contain; }
.none { display: grid; place-items: center; opacity: .6; }
figcaption { font-size: .85rem; overflow-wrap: anywhere; }
a { color: inherit; }
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """A photo and the lines below its name."""

    path: Path
    lines: Sequence[str]


def write_page(file: Path, title: str, hits: Sequence[Hit], picture: Callable[[Path], bytes]) -> None:
    """Write the page of a search; picture: the path of a photo → a small WebP. Errors: as of `write_figures`."""
    write_figures(file, title, [count(len(hits), "photo")], [Figure(hit.path, [_why(hit)]) for hit in hits], picture)


def write_figures(
    file: Path, title: str, about: Sequence[str], figures: Sequence[Figure], picture: Callable[[Path], bytes]
) -> None:
    """Write a page: a title, lines about the whole, and the photos. Errors: ConfigError where it cannot be written."""
    try:
        file.write_text("".join(_page(title, about, figures, picture)), "utf-8")
    except OSError as error:
        raise ConfigError("html", f"{printable(file)} cannot be written: {error.strerror}") from error


def _page(
    title: str, about: Sequence[str], figures: Sequence[Figure], picture: Callable[[Path], bytes]
) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
    yield '<meta name="viewport" content="width=device-width">\n'
    yield f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n"
    yield f"<h1>{_text(title)}</h1>\n<p>{_lines(about)}</p>\n<main>\n"
    for figure in figures:
        yield _figure(figure, picture)
    yield "</main>\n</html>\n"


def _figure(figure: Figure, picture: Callable[[Path], bytes]) -> str:
    try:
        shown = f'<img alt="" loading="lazy" src="data:image/webp;base64,{b64encode(picture(figure.path)).decode()}">'
    except PhotoError as error:
        shown = f'<span class="none">{_text(error.reason)}</span>'
    return (
        f'<figure><a href="{escape(figure.path.absolute().as_uri())}">{shown}</a>'
        f"<figcaption>{_lines([figure.path.name, *figure.lines])}</figcaption></figure>\n"
    )


def _why(hit: Hit) -> str:
    why = ", ".join(f"{why.tag} {why.score:.2f}" for why in hit.why)
    return " · ".join(part for part in (f"{hit.score:.2f}", (hit.taken_at or "")[:10], why) if part)


def _lines(lines: Sequence[str]) -> str:
    return "<br>".join(map(_text, lines))


def _text(text: str) -> str:
    return escape(visible(printable(text)))
