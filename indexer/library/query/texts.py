"""Fields whose value is text, compared by wildcards: camera:, path:, model: and their like."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from indexer.library.query.ast import Text, folded
from indexer.library.query.clause import Sql
from indexer.library.query.field import FacetValue, PhotoFacts, SearchField, quoted

if TYPE_CHECKING:
    from sqlalchemy import Connection

PATH = "(roots.path_text || photos.path_text)"
CAMERA = "trim(ifnull(photos.camera_make, '') || ' ' || ifnull(photos.camera_model, ''))"
_MODELS = "(' ' || nullif(sources.models, '') || ' ')"
_FINGERPRINT = "-" + "[0123456789abcdef]" * 8  # what an id has after the name of its model
_TRIGRAM = 3
_FORMATS = {"jpg": "JPEG", "tif": "TIFF", "heic": "HEIF"}


def part_of(wanted: str) -> tuple[str, ...]:
    """Return the patterns of text that has another inside; accents may be encoded in either way."""
    return _forms("*", wanted, "*")


def whole(wanted: str) -> tuple[str, ...]:
    """Return the patterns of text that is another."""
    return _forms("", wanted, "")


def ending(wanted: str) -> tuple[str, ...]:
    """Return the patterns of a path with this behind its last dot."""
    return _forms("*.", wanted, "")


def in_folder(wanted: str) -> tuple[str, ...]:
    """Return the patterns of a path with a folder of this name, or below this whole path, where it begins with '/'."""
    return _forms("" if wanted.startswith("/") else "*/", wanted.rstrip("/"), "/*")


def in_text(wanted: str) -> tuple[str, ...]:
    """Return the pattern of folded text that has another inside."""
    return (f"*{''.join(f'[{each}]' if each in '?[' else each for each in folded(wanted))}*",)


def text_sql(globs: Sequence[str]) -> Sql:
    """Return the condition that a photo shows text of these patterns; from three letters on the index answers it."""
    pieces = [Sql(f"{'folded' if _has_trigrams(each) else '+folded'} GLOB ?", (each,)) for each in globs]
    return Sql.joined(" OR ", pieces).inside("photos.id IN (SELECT rowid FROM text_search WHERE ", ")")


def _has_trigrams(glob: str) -> bool:
    """Tell whether FTS5 can answer a pattern; it counts bytes, and finds nothing for a single '港' (SQLite 3.40)."""
    return all(len(each) >= _TRIGRAM for each in re.split(r"\*|\[[^\]]+\]", glob) if each)


def model_ids(wanted: str) -> tuple[str, ...]:
    """Return the patterns of the ids of models, with a space around each, of which one is this id or has this name."""
    name = "".join(map(_either_case, wanted))
    return f"* {name}{_FINGERPRINT} *", f"* {name} *"


def text_field(
    name: str,
    help: str,  # noqa: A002
    *,
    column: str,
    value: Callable[[PhotoFacts], Any],
    example: str = "",
    globs: Callable[[str], tuple[str, ...]] = part_of,
    spelled: Callable[[str], str] = str,
    condition: Callable[[Sql], Sql] = lambda found: found,
    facet: Callable[[Connection], tuple[FacetValue, ...]] | None = None,
    found: Callable[[Sequence[str]], Sql] | None = None,
) -> SearchField:
    """Return a field of Text.

    column: SQL for the text.  found: patterns → the condition, where an index has the text.
    spelled: what was typed → what the photos have.  condition: what is asked around it.
    """
    return SearchField(
        name,
        help,
        f"such as {name}:{example}",
        lambda field, typed, _: Text(field.name, spelled(typed)),
        text=lambda leaf: quoted(leaf.wanted),
        sql=lambda leaf: found(globs(leaf.wanted)) if found else condition(_like(column, globs(leaf.wanted))),
        value=value,
        globs=globs,
        facet=facet,
    )


def model_field(
    name: str,
    help: str,  # noqa: A002
    example: str,
    facet: Callable[[Connection], tuple[FacetValue, ...]],
) -> SearchField:
    """Return the field of the models that gave a photo its tags."""
    return text_field(
        name,
        help,
        example=example,
        column=_MODELS,
        value=lambda photo: [f" {' '.join(sorted(models))} " for models in photo.models.values() if models],
        globs=model_ids,
        condition=lambda like: _given([like]).inside(
            "EXISTS (SELECT 1 FROM photo_tags WHERE photo_id = photos.id", ")"
        ),
        facet=facet,
    )


def given_by(models: Sequence[Sequence[Text]]) -> Sql:
    """Return the condition, after others, that of each of these Texts one tells of a model behind a tag."""
    some = [Sql.joined(" OR ", [_like(_MODELS, model_ids(each.wanted)) for each in texts]) for texts in models]
    return _given([each.inside("(", ")") for each in some]) if some else Sql("")


def tells_of(text: Text, model: str) -> bool:
    """Return whether a Text of `model_field` means the model with this id."""
    return any(fnmatchcase(f" {model} ", each) for each in model_ids(text.wanted))


def format_name(typed: str) -> str:
    """Return the name of a format, of which an ending may be given."""
    return _FORMATS.get(typed.lower(), typed)


def without_dot(typed: str) -> str:
    """Return an ending without the dot before it."""
    return typed.removeprefix(".")


def _given(likes: Sequence[Sql]) -> Sql:
    return Sql.joined(" AND ", likes).inside(" AND source_id IN (SELECT id FROM sources WHERE ", ")")


def _like(column: str, globs: Sequence[str]) -> Sql:
    pieces = [Sql(f"{column} GLOB ?", (each,)) for each in globs]
    return Sql.joined(" OR ", pieces).inside(f"({column} <> '' AND (", "))")


def _forms(before: str, wanted: str, after: str) -> tuple[str, ...]:
    forms = dict.fromkeys(normalize(form, wanted) for form in ("NFC", "NFD"))
    return tuple(f"{before}{''.join(map(_either_case, form))}{after}" for form in forms)


def _either_case(letter: str) -> str:
    cases = "".join(sorted({case for case in (letter, letter.lower(), letter.upper()) if len(case) == 1}))
    return f"[{cases}]" if len(cases) > 1 or letter in "?[" else letter


def camera(photo: PhotoFacts) -> str:
    """Return make and model of the camera; '' where neither is known."""
    said = photo.metadata
    return " ".join(part for part in (said.camera_make, said.camera_model) if part) if said else ""
