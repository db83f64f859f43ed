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

from indexer.cli.models.enable import enabled
from indexer.cli.models.smoke_test import tried
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
        Path, typer.Argument(help="Its sub-folders are the labels; or those of 'train' and 'test' (or 'val') in it.")
    ],
    name: Annotated[str, typer.Option("--name", help="What the network is to be called here.")],
    epochs: Annotated[
        int, typer.Option(min=1, help="Rounds of learning at most; it stops when nothing improves.")
    ] = 60,
    fine_tune: Annotated[
        int, typer.Option(min=0, help="Rounds more in which the trunk's last blocks learn, too: slower, often better.")
    ] = 0,
    size: Annotated[
        int | None, typer.Option(min=32, max=1024, help="Of its pictures, in px: 224, or 128 from scratch.")
    ] = None,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="A small network that knows nothing yet, without a trunk.")
    ] = False,
    trunk: Annotated[
        str, typer.Option(help="The EfficientNet-Lite whose knowledge of pictures it takes.")
    ] = "efficientnet-lite0",
    batch: Annotated[int, typer.Option(min=1, help="Pictures at a time.")] = 32,
    seed: Annotated[int, typer.Option(min=0, help="Of chance: the same seed gives the same network.")] = 0,
    report: Annotated[
        Path | None, typer.Option(help="Figures and curves: a .png (a .json comes beside it), or a folder for both.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Take it instead of one of your own.")] = False,
    enable: Annotated[bool, typer.Option("--enable/--no-enable", help="Let it look at photos from now on.")] = True,
) -> None:
    """Train a classifier of one's own on folders of pictures.

    A part of the pictures is kept back, and tells how good it became. Pictures that cannot be read, and copies, are
    left out with a reason.
    """
    from indexer.vision.spec import read_specs
    from indexer.zoo.custom.install import adopted, check_name
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
        about = f"tells {', '.join(lesson.labels)} apart; trained on {count(len(lesson.numbers), 'picture')}"
        origin = visible(f"Trained on {printable(folder.absolute())}")
        with adopted(name, place / MODEL, course.proposal, lesson.labels, about, own, origin=origin) as spec:
            tried(session, config, spec)
    session.say(f"Described in {printable(own / f'{name}.toml')}.")
    if enable:
        enabled(session, spec)


def _trunk(known: Mapping[str, ModelSpec], name: str) -> ModelSpec:
    trunks = {each.name: each for each in known.values() if each.architecture == _TRUNKS}
    if name not in trunks:
        raise ModelError(name, f"is no trunk to train on; there are {', '.join(sorted(trunks))}")
    return trunks[name]


@contextmanager
def _room() -> Iterator[Path]:
    """Return a temporary folder. Errors: ConfigError where the disk has no room."""
    try:
        with tempfile.TemporaryDirectory(prefix="indexer-") as folder:
            yield Path(folder)
    except OSError as error:
        raise ConfigError("TMPDIR", f"the pictures to learn from have no room there: {error}") from error


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
    session.say(f"Figures in {printable(picture)} and {printable(numbers)}.")
