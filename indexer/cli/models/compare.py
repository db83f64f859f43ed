"""`indexer models compare`: predictions of two models for the same pictures, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indexer.cli.commands.classify import Errors, Pictures, open_predictor, scene_specs, scored
from indexer.cli.output import JsonOption, count, table, write, write_json
from indexer.cli.session import Session, command
from indexer.errors import PhotoError, printable
from indexer.records.plain import path_record, rounded

if TYPE_CHECKING:
    from indexer.pipeline.models.compare import Summary
    from indexer.pipeline.predict.predict import ModelPrediction, Prediction

_CLASSES = 2
_THUMBNAIL_PX = 320
_Model = Annotated[str, typer.Argument(help="Classifier or object detector (see 'indexer models list').")]


def register(app: typer.Typer) -> None:
    """Add the command to those of `indexer models`."""
    command(app, "compare")(compare)


def compare(
    session: Session,
    one: _Model,
    other: _Model,
    photos: Pictures,
    html: Annotated[
        Path | None, typer.Option(help="Also write a web page with the pictures.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of photos.")] = 1000,
    as_json: JsonOption = False,
) -> None:
    """Compare two models on the same photos: their results, how often they agree, and how long they take.

    They agree on a photo if their best classes stand for the same tag. Times do not include decoding.
    """
    from indexer.pipeline.models.compare import summary
    from indexer.pipeline.predict.predict import predictions

    config = session.settings().config
    specs = tuple(scene_specs(config, [name])[0] for name in (one, other))
    errors = Errors()
    predictor = open_predictor(session, config, specs)
    seen = list(islice(predictions(predictor, photos, config.max_pixels, errors), limit))
    if not seen:
        raise PhotoError(photos[0], "read", "no readable photo was found to compare the models on")
    total = summary(seen)
    if as_json:
        write_json({"photos": [_record(each) for each in seen], "summary": asdict(total)}, indent=2)
    else:
        table([_row(each) for each in seen], ("photo", one, other, "same", "tags in common"))
        for line in _told(total, (one, other)):
            write(line)
    if html is not None:
        _write_page(session, html, (one, other), seen, total)
    errors.end()


def _row(seen: Prediction) -> list[str]:
    from indexer.pipeline.models.compare import agreement

    agreed = agreement(seen)
    same = "yes" if agreed.same_word else "no"
    return [printable(seen.path), *map(_first, seen.by_model), same, ", ".join(agreed.common)]


def _first(said: ModelPrediction) -> str:
    return scored(said.labels, _CLASSES) or "nothing"


def _told(total: Summary, names: Sequence[str]) -> list[str]:
    """Say in lines how far two models agree."""
    shared = f"; both gave {total.common / total.either:.0%} of {count(total.either, 'tag')}" if total.either else ""
    times = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in zip(names, total.seconds, strict=True))
    return [
        f"Same best tag on {total.same_word} of {count(total.pictures, 'photo')}{shared}.",
        f"Mean time per photo, without decoding: {times}.",
    ]


def _record(seen: Prediction) -> dict[str, Any]:
    from indexer.pipeline.models.compare import agreement

    agreed = agreement(seen)
    return {
        **path_record(seen.path),
        "models": [_said_record(each) for each in seen.by_model],
        "same_word": agreed.same_word,
        "common_tags": list(agreed.common),
    }


def _said_record(said: ModelPrediction) -> dict[str, Any]:
    return {
        "model": said.model,
        "word": said.word,
        "labels": [{"name": label.name, "score": rounded(label.score)} for label in said.labels],
        "tags": [{"name": tag.name, "score": rounded(tag.score)} for tag in said.tags],
        "seconds": rounded(said.seconds),
    }


def _write_page(
    session: Session, file: Path, names: tuple[str, str], seen: Sequence[Prediction], total: Summary
) -> None:
    from indexer.cli.html_page import Figure, write_figures
    from indexer.intake.thumbnail import thumbnail

    most = session.settings().config.max_pixels
    figures = [Figure(each.path, _caption(each, names)) for each in seen]
    title = f"{names[0]} and {names[1]}"
    write_figures(file, title, _told(total, names), figures, lambda path: thumbnail(path, _THUMBNAIL_PX, most))
    session.say(f"Written: {printable(file)}")


def _caption(seen: Prediction, names: Sequence[str]) -> list[str]:
    from indexer.pipeline.models.compare import agreement

    said = [
        f"{name}: {_first(each)} → {scored(each.tags) or 'no tag'}"
        for name, each in zip(names, seen.by_model, strict=True)
    ]
    return [*said, "They agree." if agreement(seen).same_word else "They differ."]
