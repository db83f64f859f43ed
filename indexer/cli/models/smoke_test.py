"""Smoke test of a new model description: one build and one run."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.cli.output import count
from indexer.cli.session import Session

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexer.config.config import Config
    from indexer.vision.runtime import Model
    from indexer.vision.spec import ModelSpec

_SHOWN = 5


def smoke_test(session: Session, config: Config, spec: ModelSpec, photo: Path | None = None) -> list[str]:
    """Build a model and run it once, on a photo or a synthetic picture; return its predictions, in lines.

    The build is deleted when it does not fit. Errors: ModelError that says why, PhotoError.
    """
    from indexer.vision.runtime import is_built, open_model
    from indexer.vision.smoke_test import check_names, try_out
    from indexer.vision.tags.labels import class_names
    from indexer.vision.tags.vocabulary import Vocabulary
    from indexer.zoo.build.subprocess import build_missing

    pixels = _pixels(photo, config)
    names = class_names(spec, Vocabulary.load(rules=config.rules))
    check_names(spec, names)
    was_built = is_built(spec, config.models_path)
    try:
        build_missing([spec], config.models_path, session.say)
        model = open_model(spec, config.models_path, config.runtime)
        return _told(model, try_out(model, names, pixels), names)
    except BaseException:  # an interrupt, too
        if not was_built:
            _clean(config.models_path, spec.id)
        raise


def _clean(folder: Path, model: str) -> None:
    """Delete the build of a model, finished or not."""
    for left in (folder / model, *folder.glob(f".{model}-*")):
        shutil.rmtree(left, ignore_errors=True)
    (folder / f".{model}.lock").unlink(missing_ok=True)


def _pixels(sample: Path | None, config: Config) -> NDArray[np.uint8]:
    from indexer.intake.decode import open_original
    from indexer.intake.discover import stamp
    from indexer.vision.smoke_test import sample as made

    if sample is None:
        return made()
    with open_original(stamp(sample), config.max_pixels) as original:
        return original.picture(1024).pixels


def _told(model: Model, answers: Mapping[str, NDArray[np.float32]], names: Sequence[str]) -> list[str]:
    """Return the predictions of a model, in lines."""
    spec = model.spec
    lines = [f"{spec.name}: {spec.role}, {spec.id}"]
    if spec.role == "classifier":
        scores = answers["probabilities"].max(axis=0)
        best = scores.argsort()[::-1][:_SHOWN]
        lines += [f"  {scores[each]:.2f}  {names[each]}" for each in best.tolist()]
    elif spec.role == "object-detector":
        scores, classes = answers["scores"].reshape(-1), answers["classes"].reshape(-1)
        best = scores.argsort()[::-1][:_SHOWN]
        lines += [f"  {scores[each]:.2f}  {_name(names, classes[each] - spec.labels.offset)}" for each in best.tolist()]
    else:
        lines += [f"  {key}: {' x '.join(map(str, values.shape)) or '1'}" for key, values in answers.items()]
    lines += [f"  {count(len(names), 'name')} of classes"] if names else []
    return lines


def _name(names: Sequence[str], label: float) -> str:
    number = round(float(label))
    return names[number] if 0 <= number < len(names) else f"class {number} (no name)"
