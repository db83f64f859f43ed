"""Hits flow in; one page of HTML with their pictures in it flows out, which needs nothing else but the photos."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path

from indexer.cli.present import count, visible
from indexer.errors import ConfigError, PhotoError, printable
from indexer.photo import Hit

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


def write_page(file: Path, title: str, hits: Sequence[Hit], picture: Callable[[Path], bytes]) -> None:
    """Write the page; picture: the path of a photo → a small JPEG. Errors: ConfigError where it cannot be written."""
    try:
        file.write_text("".join(_page(title, hits, picture)), "utf-8")
    except OSError as error:
        raise ConfigError("html", f"{printable(file)} cannot be written: {error.strerror}") from error


def _page(title: str, hits: Sequence[Hit], picture: Callable[[Path], bytes]) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
    yield '<meta name="viewport" content="width=device-width">\n'
    yield f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n"
    yield f"<h1>{_text(title)}</h1>\n<p>{count(len(hits), 'photo')}</p>\n<main>\n"
    for hit in hits:
        yield _figure(hit, picture)
    yield "</main>\n</html>\n"


def _figure(hit: Hit, picture: Callable[[Path], bytes]) -> str:
    try:
        shown = f'<img alt="" loading="lazy" src="data:image/jpeg;base64,{b64encode(picture(hit.path)).decode()}">'
    except PhotoError as error:
        shown = f'<span class="none">{_text(error.reason)}</span>'
    why = ", ".join(f"{why.tag} {why.score:.2f}" for why in hit.why)
    said = " · ".join(part for part in (f"{hit.score:.2f}", (hit.taken_at or "")[:10], why) if part)
    return (
        f'<figure><a href="{escape(hit.path.as_uri())}">{shown}</a>'
        f"<figcaption>{_text(hit.path.name)}<br>{_text(said)}</figcaption></figure>\n"
    )


def _text(text: str) -> str:
    return escape(visible(printable(text)))
