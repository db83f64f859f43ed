"""Model catalog: a custom model given by its path, or a well-known one by NAME:PATH; its file and draft description.

The descriptions of well-known models lie in models/ready/NAME.toml, without the weights: they take precedence over
what is guessed from the file. Where the files of a model differ, its description has a list of names; the first that
the file has is used.

    keras:NETWORK     a classifier of keras.applications, made by Keras with its weights
    face-api:FOLDER   a model of face-api.js, chosen by the files in the folder, or by its role
    NAME:PATH         any other of models/ready
"""

from __future__ import annotations

import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from indexer.errors import ModelError, printable
from indexer.resources import packaged
from indexer.zoo.architectures.face_api import models_in
from indexer.zoo.build.build import Report
from indexer.zoo.custom.infer_spec import guess
from indexer.zoo.custom.keras_applications import save_application
from indexer.zoo.custom.overrides import replaced
from indexer.zoo.custom.spec_draft import SURE, DraftReason, SpecDraft
from indexer.zoo.inspect.formats import home_of
from indexer.zoo.inspect.inspect import inspect
from indexer.zoo.inspect.inspection import Inspection, TensorInfo

KERAS, FACE_API = "keras", "face-api"
_SIZE = ("input.size_px", "input.height_px")


@dataclass(frozen=True, slots=True)
class AddRequest:
    """A request to add a model.

    path: a path, or NAME:PATH.  tags: of a SavedModel's graph.  weights: of a model that Keras makes.
    link: its file is to stay where it is.
    """

    path: str
    tags: Sequence[str] = ()
    role: str | None = None
    weights: Path | None = None
    link: bool = False


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A model with its description as far as it is known.

    source: its file, or folder.  about: what it does; '' where unknown.
    labels: a file that ships with the program and names its classes.
    """

    source: Path
    inspection: Inspection
    proposal: SpecDraft
    about: str = ""
    labels: Path | None = None


def catalog_names() -> tuple[str, ...]:
    """Return the names of the well-known models that are described."""
    return tuple(sorted(file.stem for file in packaged("models").joinpath("ready").glob("*.toml")))


def catalog_description(name: str) -> dict[str, Any]:
    """Return the description of a well-known model, as tables."""
    return tomllib.loads((packaged("models") / "ready" / f"{name}.toml").read_text("utf-8"))


@contextmanager
def found(asked: AddRequest, report: Report) -> Iterator[CatalogEntry]:
    """Find the requested model; files that have to be made for it lie in a temporary folder until the block ends.

    Errors: ModelError for a file that is no model, or not the requested one.
    """
    name, _, where = asked.path.partition(":")
    if asked.weights and name != KERAS:
        raise ModelError(asked.path, "has its weights inside; only those of keras:NAME are given apart")
    if asked.link and name.startswith((KERAS, FACE_API)) and where:
        raise ModelError(asked.path, "its file is created when the model is added, so that it cannot be linked")
    with tempfile.TemporaryDirectory(prefix="indexer-") as folder:
        try:
            told = _found(asked, name, where, Path(folder), report)
        except OSError as error:
            raise ModelError(asked.path, f"{error.filename} cannot be read: {error.strerror}") from error
        yield told


def _found(asked: AddRequest, name: str, where: str, folder: Path, report: Report) -> CatalogEntry:
    file = source_of(where)
    if name == FACE_API and where:
        name = _face_api_model(file, asked.role)
    if name not in catalog_names() or not where:
        return _plain(asked)
    known = catalog_description(name)
    if asked.role not in (None, known["role"]):
        raise ModelError(asked.path, f"is a {known['role']}, not a {asked.role}")
    if name == KERAS:
        inspection = inspect(save_application(where, asked.weights, folder, report))
        known["description"] = f"{where} of {known['description']}"
    elif name.startswith(FACE_API):
        inspection = Inspection(str(_face_api(name, file, folder / name)), FACE_API)
    else:
        inspection = _of_signature(inspect(file, asked.tags), known.get("weights", {}).get("signature", ()))
    return _described(name, known, inspection)


def source_of(path: str) -> Path:
    """Return the absolute path of a model file; of a SavedModel that of its folder, given any file in it."""
    file = home_of(Path(path).absolute())
    return file.resolve() if file.name == ".." else file


def _plain(asked: AddRequest) -> CatalogEntry:
    source = source_of(asked.path)
    if ":" in asked.path and not source.exists():
        names = ", ".join(f"{name}:" for name in catalog_names())
        raise ModelError(asked.path, f"is neither a file nor a well-known model; the well-known models are {names}")
    inspection = inspect(source, asked.tags)
    return CatalogEntry(source, inspection, guess(inspection, asked.role))


def _described(name: str, known: dict[str, Any], inspection: Inspection) -> CatalogEntry:
    """Put the known description of a model before what is guessed from its file."""
    about = known.pop("description")
    labels = known.get("labels", {}).pop("file", None)
    reasons = list(_reasons(known, f"{name} is well known"))
    if inspection.format == FACE_API:
        proposal = SpecDraft((*reasons, DraftReason("weights.format", FACE_API, "a manifest and its shards", SURE)))
    else:
        guessed = guess(inspection, known["role"])
        proposal = replaced(guessed, list(_fitting(reasons, guessed, inspection)))
    return CatalogEntry(Path(inspection.path), inspection, proposal, about, labels and packaged("models") / labels)


def _reasons(table: Mapping[str, Any], why: str, above: str = "") -> Iterator[DraftReason]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _reasons(value, why, f"{above}{key}.")
        else:
            yield DraftReason(f"{above}{key}", value, why, SURE)


def _fitting(reasons: Sequence[DraftReason], guessed: SpecDraft, inspection: Inspection) -> Iterator[DraftReason]:
    """Yield the keys that override the guess: not a size that the file fixes; of lists of names the one it has."""
    fixed = {reason.key for reason in guessed.reasons if reason.key in _SIZE and reason.sure == SURE}
    for reason in reasons:
        match reason.key.rpartition(".")[2]:
            case "tensor" if isinstance(reason.value, list):
                yield replace(reason, value=_there(reason.value, inspection.outputs, inspection.path).name)
            case "signature":
                continue
            case _ if reason.key not in fixed:
                yield reason


def _there(names: Sequence[str], outputs: Sequence[TensorInfo], path: str) -> TensorInfo:
    for name in names:
        for output in outputs:
            if output.name == name:
                return output
    there = ", ".join(each.name for each in outputs) or "none"
    raise ModelError(Path(path).name, f"has no output {' or '.join(names)}, as this model should; its outputs: {there}")


def _of_signature(inspection: Inspection, names: Sequence[str]) -> Inspection:
    """Return the description for the first of these signatures that a file has; unchanged without any."""
    for name in names:
        if name in inspection.signatures:
            told = inspection.signatures[name]
            return replace(inspection, signature=name, inputs=told.inputs, outputs=told.outputs)
    return inspection


def _face_api_model(folder: Path, role: str | None) -> str:
    """Return which model of face-api.js lies in a folder; of several the one that plays a role."""
    there = {name: catalog_description(name)["role"] for name in models_in(folder)}
    if not there:
        raise ModelError(printable(folder), "contains no model of face-api.js (…-weights_manifest.json)")
    meant = [name for name in there if role in (None, there[name])]
    if len(meant) != 1:
        told = ", ".join(f"{name} ({plays})" for name, plays in there.items())
        raise ModelError(printable(folder), f"contains {told}").advise("choose-role", ", ".join(there.values()))
    return meant[0]


def _face_api(name: str, folder: Path, home: Path) -> Path:
    """Copy the files of one model out of a folder that may hold others, too."""
    models = models_in(folder)
    if name not in models:
        raise ModelError(printable(folder), f"holds no {name}, but: {', '.join(models) or 'none'}")
    home.mkdir()
    for file in models[name]:
        shutil.copyfile(file, home / file.name)
    return home
