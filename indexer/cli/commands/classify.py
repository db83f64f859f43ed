"""`indexer classify`: tags and classes of any pictures, without a library."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.output import JsonOption, table, write_json
from indexer.cli.session import Session, command
from indexer.errors import PhotoError, printable
from indexer.records.look import prediction_record

if TYPE_CHECKING:
    from indexer.config.config import Config
    from indexer.pipeline.predict.predict import Prediction, Predictor
    from indexer.values.analysis import Label, Tag
    from indexer.vision.spec import ModelSpec

Pictures = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Pictures, or folders of pictures.")]


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    command(app, "classify")(classify)


def classify(
    session: Session,
    files: Pictures,
    model: Annotated[
        list[str] | None,
        typer.Option(help="Classifier or object detector to use instead of those in the settings; repeatable."),
    ] = None,
    classes: Annotated[int, typer.Option(min=0, max=20, help="Maximum number of classes per model.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Show the tags and classes that the models give to pictures, without using a library.

    Faces are not detected.
    """
    from indexer.pipeline.predict.predict import predictions

    config = session.settings().config
    errors = Errors()
    predictor = open_predictor(session, config, scene_specs(config, model or ()))
    seen = list(predictions(predictor, files, config.max_pixels, errors))
    if as_json:
        write_json([prediction_record(each, classes) for each in seen], indent=2)
    else:
        table([_row(each, classes) for each in seen], ("photo", "tags", "classes"))
    errors.end()


class Errors:
    """Unreadable pictures: each is printed at once, and counts for the exit code."""

    def __init__(self) -> None:
        self._some = False

    def __call__(self, path: Path, reason: str) -> None:
        """Print one."""
        self._some = True
        typer.echo(f"{printable(path)}: {reason}", err=True)

    def end(self) -> None:
        """Exit with the code of unreadable pictures, if there were any."""
        if self._some:
            raise typer.Exit(PhotoError.exit_code)


def scene_specs(config: Config, names: Sequence[str]) -> tuple[ModelSpec, ...]:
    """Return the named classifiers and object detectors, or those of the settings where none is named.

    Errors: ModelError for an unknown name, or a face model.
    """
    from indexer.assemble import model_set
    from indexer.vision.model_set import SCENE, spec_named
    from indexer.vision.spec import read_specs

    known = read_specs(config.own_models_path)
    chosen = dict.fromkeys(names) if names else model_set(config).scene_names
    return tuple(spec_named(known, name, *SCENE) for name in chosen)


def open_predictor(session: Session, config: Config, specs: Sequence[ModelSpec]) -> Predictor:
    """Load models, building those that are not built yet. Errors: ModelError."""
    from indexer.cli.lookup import build_if_missing
    from indexer.pipeline.predict.predict import Predictor
    from indexer.vision.analyze import Analyzer, scene_model
    from indexer.vision.runtime import open_model
    from indexer.vision.tags.vocabulary import Vocabulary

    build_if_missing(session, config, tuple(specs))
    models = [open_model(spec, config.models_path, config.runtime, config.worker_count) for spec in specs]
    return Predictor(Analyzer([scene_model(model) for model in models], Vocabulary.load(rules=config.rules)))


def scored(named: Sequence[Label | Tag], most: int | None = None) -> str:
    """Return names with their scores in a line: 'cat 0.93, animal 0.95'."""
    return ", ".join(f"{each.name} {each.score:.2f}" for each in named[:most])


def _row(seen: Prediction, classes: int) -> list[str]:
    several = len(seen.by_model) > 1
    said = [(scored(each.labels, classes), each.model.rpartition("-")[0]) for each in seen.by_model]
    return [
        printable(seen.path),
        scored(seen.tags),
        " | ".join(f"{name}: {text or 'nothing'}" if several else text for text, name in said),
    ]
