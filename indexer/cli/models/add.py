"""`indexer models add`: a custom model from a file, tested once and enabled."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.models.enable import Everywhere, Folders, enabled
from indexer.cli.models.smoke_test import smoke_test
from indexer.cli.output import write
from indexer.cli.session import Session, command
from indexer.errors import printable

if TYPE_CHECKING:
    from indexer.zoo.custom.catalog import CatalogEntry


class Role(StrEnum):
    """The role of a model."""

    CLASSIFIER = "classifier"
    OBJECT_DETECTOR = "object-detector"
    FACE_DETECTOR = "face-detector"
    FACE_LANDMARKS = "face-landmarks"
    FACE_DESCRIBER = "face-describer"


class Activation(StrEnum):
    """The activation of a classifier's output."""

    SOFTMAX = "softmax"
    SIGMOID = "sigmoid"
    LOGITS = "logits"
    SIGMOID_LOGITS = "sigmoid-logits"


def register(app: typer.Typer) -> None:
    """Add the command to those of `indexer models`."""
    command(app, "add")(add)


def add(  # an option for each key that a file does not determine
    session: Session,
    name: Annotated[str, typer.Argument(help="Name for the model.")],
    path: Annotated[
        str,
        typer.Argument(
            help="SavedModel folder, .keras, .h5, .pb, .tflite or .onnx file, or a well-known model: "
            "keras:NASNetMobile, face-api:FOLDER (docs/own-models.md)."
        ),
    ],
    role: Annotated[Role | None, typer.Option(help="Role of the model (default: inferred).")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="File of class names: text, Keras JSON, or a label map (.pbtxt).")
    ] = None,
    label_offset: Annotated[
        int | None, typer.Option(min=0, help="Number of classes before the first name: 1 for 'background'.")
    ] = None,
    input: Annotated[str | None, typer.Option("--input", help="Name of the input operation.")] = None,  # noqa: A002
    output: Annotated[str | None, typer.Option(help="Name of the output operation.")] = None,
    embedding: Annotated[
        str | None, typer.Option(help="Name of the operation that outputs the embedding, for finding similar photos.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Tag of the graph in the SavedModel; repeatable.")] = None,
    activation: Annotated[Activation | None, typer.Option(help="What the outputs are.")] = None,
    scaling: Annotated[
        str | None,
        typer.Option(
            help="Scaling of pixel values: 0..1, -1..1, 0..255, caffe, mean/std, or 'MEAN, SCALE' (three numbers each)."
        ),
    ] = None,
    colors: Annotated[str | None, typer.Option(help="Color order of the input: RGB, BGR or gray.")] = None,
    size: Annotated[str | None, typer.Option(help="Input size in pixels: 224, or WIDTHxHEIGHT.")] = None,
    layout: Annotated[str | None, typer.Option(help="Order of the input dimensions: NHWC or NCHW.")] = None,
    fit: Annotated[
        str | None, typer.Option(help="How to fit a picture: stretch, center-crop, three-crops or letterbox.")
    ] = None,
    crop: Annotated[
        float | None, typer.Option(min=0.05, max=1, help="Fraction of the picture that a crop keeps.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(min=0, help="Minimum score of shown tags; for a face describer, the maximum distance."),
    ] = None,
    align: Annotated[str | None, typer.Option(help="How faces are aligned: dlib or arcface.")] = None,
    weights: Annotated[Path | None, typer.Option(help="File of weights, for keras:NAME.")] = None,
    description: Annotated[str | None, typer.Option(help="Description of the model in one sentence.")] = None,
    sample: Annotated[Path | None, typer.Option("--try", help="Photo for the test run.")] = None,
    link: Annotated[bool, typer.Option("--link", help="Use the file where it is instead of copying it.")] = False,
    trust: Annotated[bool, typer.Option("--trust", help="Allow operations that access files or run code.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace your own model of the same name.")] = False,
    enable: Annotated[bool, typer.Option("--enable/--no-enable", help="Use the model in scans from now on.")] = True,
    only: Folders = None,
    yes: Everywhere = False,
) -> None:
    """Add your own model: a classifier, an object detector, or a model for faces.

    What the file does not say is inferred ('indexer models inspect' shows the result); options override it. The model
    is run once as a test, and rejected with a reason if it does not work.
    """
    from indexer.vision.spec import read_specs
    from indexer.zoo.custom.catalog import AddRequest, found
    from indexer.zoo.custom.install import check_name, installed
    from indexer.zoo.custom.overrides import Overrides, wished

    config = session.settings().config
    own = config.own_models_path
    check_name(name, tuple(read_specs()), own, replace=replace)
    offset = _offset(labels) if label_offset is None else label_offset
    wishes = Overrides(
        input, output, embedding, activation, scaling, colors, size, layout, fit, crop, threshold, offset, align
    )
    with found(AddRequest(path, tag or (), role, weights, link), session.say) as model:
        proposal = wished(model.proposal, wishes, model.inspection, name)
        names = _names(model, labels)
        about = description or model.about or f"{proposal.spec['role']} from {model.source.name}"
        origin = f"Added from {printable(path)}"
        with installed(name, model.source, proposal, names, about, own, link=link, trust=trust, origin=origin) as spec:
            answered = smoke_test(session, config, spec, sample)
    for line in answered:
        write(line)
    session.say(f"Wrote the description to {printable(own / f'{name}.toml')}; correct it there if anything is wrong.")
    if not enable or not enabled(session, spec, only or (), everywhere=yes):
        session.say(
            f"Run 'indexer models enable {name} --folder DIR' to use it in scans of these photos, or with --yes of all."
        )


def _names(model: CatalogEntry, labels: Path | None) -> tuple[str, ...]:
    """Return the class names: those given, before those known, before those in the file."""
    from indexer.vision.tags.labels import read_labels
    from indexer.zoo.custom.install import label_names

    given = labels or model.labels
    return read_labels(given) if given else label_names(model.inspection.labels_inside)


def _offset(labels: Path | None) -> int | None:
    """Return the number of classes before the first name, where a file of names numbers them."""
    from indexer.vision.tags.labels import first_number

    return (labels and first_number(labels)) or None
