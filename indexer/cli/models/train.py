"""`indexer models train`: a classifier from folders of pictures, ready for a scan."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indexer.cli.models.enable import Everywhere, Folders, enabled
from indexer.cli.models.smoke_test import smoke_test
from indexer.cli.output import count, table, visible, write
from indexer.cli.session import Session, command
from indexer.errors import ConfigError, ModelError, printable

if TYPE_CHECKING:
    from indexer.config.config import Config
    from indexer.pipeline.models.training_data import TrainingSet
    from indexer.vision.spec import ModelSpec
    from indexer.zoo.train.params import TrainingParams

_TRUNK_PX, _SCRATCH_PX = 224, 128
_TOLD_SECONDS = 5.0
_TRUNKS = "efficientnet-lite"  # the architecture that can be a trunk


def register(app: typer.Typer) -> None:
    """Add the command to those of `indexer models`."""
    command(app, "train")(train)


def train(
    session: Session,
    folder: Annotated[
        Path,
        typer.Argument(help="Folder with one subfolder per label; or with 'train' and 'test' (or 'val') of these."),
    ],
    name: Annotated[str, typer.Option("--name", help="Name for the model.")],
    epochs: Annotated[
        int, typer.Option(min=1, help="Maximum number of epochs; training stops when nothing improves.")
    ] = 60,
    fine_tune: Annotated[
        int,
        typer.Option(min=0, help="Extra epochs that also train the last blocks of the trunk: slower, often better."),
    ] = 0,
    size: Annotated[
        int | None,
        typer.Option(min=32, max=1024, help="Input size in pixels (default: 224, or 128 with --from-scratch)."),
    ] = None,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Train a small model without a pretrained trunk.")
    ] = False,
    trunk: Annotated[str, typer.Option(help="Pretrained EfficientNet-Lite to start from.")] = "efficientnet-lite0",
    batch: Annotated[int, typer.Option(min=1, help="Pictures per batch.")] = 32,
    seed: Annotated[int, typer.Option(min=0, help="Random seed; the same seed gives the same model.")] = 0,
    report: Annotated[
        Path | None,
        typer.Option(help="Write metrics and curves to this .png (and a .json next to it), or to a folder."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace your own model of the same name.")] = False,
    enable: Annotated[bool, typer.Option("--enable/--no-enable", help="Use the model in scans from now on.")] = True,
    only: Folders = None,
    yes: Everywhere = False,
) -> None:
    """Train your own classifier on folders of pictures.

    Part of the pictures is held out to measure its accuracy. Pictures that cannot be read and duplicates are left out,
    with a reason.
    """
    from indexer.vision.spec import read_specs
    from indexer.zoo.custom.install import check_name, installed
    from indexer.zoo.train import train as training
    from indexer.zoo.train.params import MODEL, PICTURES, TrainingParams

    config = session.settings().config
    own = config.own_models_path
    known = read_specs()
    check_name(name, tuple(known), own, replace=replace)
    base = None if from_scratch else _trunk(known, trunk)
    targets = _targets(report) if report else None
    course = TrainingParams((), size or (_SCRATCH_PX if from_scratch else _TRUNK_PX), epochs, fine_tune, batch, seed)
    with _room() as place:
        lesson = _read(session, folder, course, place / PICTURES, config)
        course = dataclasses.replace(course, labels=lesson.labels)
        figures = training.train(place, name, course, lesson.numbers, lesson.parts, base, session.say)
        _show(figures)
        if targets:
            _keep(session, targets, f"{name}: {', '.join(lesson.labels)}", figures)
        about = f"distinguishes {', '.join(lesson.labels)}; trained on {count(len(lesson.numbers), 'picture')}"
        origin = visible(f"Trained on {printable(folder.absolute())}")
        with installed(name, place / MODEL, course.proposal, lesson.labels, about, own, origin=origin) as spec:
            smoke_test(session, config, spec)
    session.say(f"Wrote the description to {printable(own / f'{name}.toml')}.")
    if not enable or not enabled(session, spec, only or (), everywhere=yes):
        session.say(
            f"Run 'indexer models enable {name} --folder DIR' to use it in scans of these photos, or with --yes of all."
        )


def _trunk(known: Mapping[str, ModelSpec], name: str) -> ModelSpec:
    trunks = {each.name: each for each in known.values() if each.architecture == _TRUNKS}
    if name not in trunks:
        raise ModelError(name, f"cannot be used as a trunk; choose one of {', '.join(sorted(trunks))}")
    return trunks[name]


@contextmanager
def _room() -> Iterator[Path]:
    """Return a temporary folder. Errors: ConfigError where the disk has no room."""
    try:
        with tempfile.TemporaryDirectory(prefix="indexer-") as folder:
            yield Path(folder)
    except OSError as error:
        raise ConfigError("TMPDIR", f"there is no room for the training pictures: {error}") from error


def _read(session: Session, folder: Path, course: TrainingParams, into: Path, config: Config) -> TrainingSet:
    """Read the pictures, printing the progress and what is left out."""
    from indexer.pipeline.models.training_data import PARTS, gather

    left_out: list[Path] = []
    told = monotonic()

    def skip(path: Path, reason: str) -> None:
        left_out.append(path)
        session.say(visible(f"left out: {printable(path)}: {reason}"))

    def step(done: int, total: int) -> None:
        nonlocal told
        if monotonic() - told > _TOLD_SECONDS:
            told = monotonic()
            session.say(f"{done:,} of {count(total, 'picture')} read")

    lesson = gather(folder, course.input, into, config.max_pixels, course.seed, skip, step)
    parts = ", ".join(f"{lesson.parts.count(part):,} for {part}" for part in PARTS)
    tail = f"; {len(left_out):,} left out" if left_out else ""
    session.say(f"{count(len(lesson.numbers), 'picture')} of {count(len(lesson.labels), 'label')}: {parts}{tail}")
    return lesson


def _show(figures: Mapping[str, Any]) -> None:
    """Print the metrics, on pictures that were not used for training."""
    columns = ("label", "pictures", "precision", "recall", "f1", "auc")
    table([[_text(each[key]) for key in columns] for each in figures["labels"]], columns)
    write(f"accuracy {figures['accuracy']:.3f}, area under the ROC curves {figures['auc']:.3f}, "
          f"in {figures['seconds']:.0f} s")  # fmt: skip


def _text(value: str | float) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _targets(report: Path) -> tuple[Path, Path]:
    """Return the target paths of the chart and the metrics. Errors: ConfigError for a path that is not writable."""
    single = report.suffix.lower() == ".png"
    folder = report.parent if single else report
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError("--report", f"{printable(folder)}: {error.strerror}") from error
    return (report, report.with_suffix(".json")) if single else (report / "report.png", report / "report.json")


def _keep(session: Session, targets: tuple[Path, Path], title: str, figures: Mapping[str, Any]) -> None:
    from indexer.vision.training_chart import chart

    picture, numbers = targets
    try:
        chart(title, figures).save(picture)
        numbers.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise ConfigError("--report", f"cannot be written: {error}") from error
    session.say(f"Wrote metrics to {printable(picture)} and {printable(numbers)}.")
