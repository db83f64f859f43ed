"""Model checks: whether the models of the settings are built, intact and current, and which are obsolete."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from indexer.advice import Advice, advice
from indexer.errors import ModelError, printable
from indexer.library.checks.finding import Finding, counted, size_text
from indexer.library.indexing.files import stale_photos
from indexer.library.store import Library
from indexer.values.analysis import ModelIds
from indexer.vision.model_set import ModelSet
from indexer.vision.model_store import RECORD, check, homes_of, is_built
from indexer.vision.spec import ModelSpec, broken_specs, read_specs

_ID = re.compile(r".+-[0-9a-f]{8}")
_FACE_BYTES, _VECTOR_BYTES = 4, 2  # float32, float16
_VECTOR = "embedding"


def check_descriptions(model_set: ModelSet) -> Iterator[Finding]:
    """Report the user's own model descriptions that cannot be read."""
    for name, error in broken_specs(model_set.own).items():
        text = f"{name} of your own cannot be used: {printable(error.reason)}"
        yield Finding("models", "warning", text, advice("remove-model", name))


def check_models(model_set: ModelSet) -> Iterator[Finding]:
    """Compare each model, byte by byte, with the record of its build."""
    for spec in model_set.specs():
        if not (model_set.folder / spec.id).exists():
            yield Finding("models", "note", f"{spec.id} is not built; the next scan builds it", _build(spec))
            continue
        try:
            if not is_built(spec, model_set.folder):
                raise ModelError(spec.name, "files of it are missing or cut short")
            check(spec, model_set.folder)
            yield Finding("models", "fine", f"{spec.id} is intact")
        except ModelError as error:
            yield Finding("models", "error", f"{spec.id} is damaged: {printable(error.reason)}", _build(spec))


def check_stale(library: Library, model_ids: ModelIds) -> Iterator[Finding]:
    """Count the photos that one of today's models has not seen."""
    count = len(stale_photos(library, model_ids))
    if count:
        text = f"{counted(count, 'photo')} not analyzed by all current models; earlier results are kept"
        yield Finding("stale", "note", text, advice("scan"), count=count)
    else:
        yield Finding("stale", "fine", "every photo was analyzed by the current models")


def check_old_models(model_set: ModelSet) -> Iterator[Finding]:
    """Report built models that this release does not know any more."""
    old = old_models(model_set)
    if old:
        size = size_text(sum(file.stat().st_size for home in old for file in home.rglob("*") if file.is_file()))
        text = f"{counted(len(old), 'model')} of older releases, {size} in {printable(model_set.folder)}"
        yield Finding("old models", "note", text, advice("repair-deletes"), True, len(old))
    else:
        yield Finding("old models", "fine", "no models of older releases are left")


def old_models(model_set: ModelSet) -> list[Path]:
    """Return the folders that hold nothing but a built model without a current description."""
    current = {spec.id for spec in read_specs(model_set.own).values()}
    kept = {home for name in broken_specs(model_set.own) for home in homes_of(name, model_set.folder)}
    homes = sorted(model_set.folder.iterdir()) if model_set.folder.is_dir() else []
    return [home for home in homes if home.name not in current and home not in kept and _is_model(home)]


def delete_old_models(model_set: ModelSet) -> int:
    """Delete the models of older releases; return how many."""
    old = old_models(model_set)
    for home in old:
        shutil.rmtree(home)
    return len(old)


def lengths(specs: Sequence[ModelSpec]) -> dict[str, int]:
    """Return model → bytes of one descriptor (a describer) or one embedding (a classifier)."""
    found: dict[str, int] = {}
    for spec in specs:
        for name, output in spec.outputs.items():
            last = output.shape[-1]
            if isinstance(last, int) and spec.role == "face-describer":
                found[spec.id] = last * _FACE_BYTES
            elif isinstance(last, int) and name == _VECTOR:
                found[spec.id] = last * _VECTOR_BYTES
    return found


def _is_model(home: Path) -> bool:
    if home.is_symlink() or not home.is_dir() or not _ID.fullmatch(home.name):
        return False
    try:
        record = json.loads((home / RECORD).read_text("utf-8"))
        files = {file.relative_to(home).as_posix() for file in home.rglob("*") if not file.is_dir()}
        # A file that the build did not make is the user's: then the folder is left alone.
        return record["id"] == home.name and files <= {RECORD, *record["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _build(spec: ModelSpec) -> Advice:
    return advice("build-model", spec.name)
