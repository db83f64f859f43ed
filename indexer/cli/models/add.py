"""`indexer models add`: a model file flows in; a description, tried once and enabled, flows out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.models.enable import enabled
from indexer.cli.models.smoke_test import tried
from indexer.cli.output import write
from indexer.cli.session import Session, command
from indexer.errors import printable

if TYPE_CHECKING:
    from indexer.zoo.custom.catalog import CatalogEntry


class Role(StrEnum):
    """What a network is for."""

    CLASSIFIER = "classifier"
    OBJECT_DETECTOR = "object-detector"
    FACE_DETECTOR = "face-detector"
    FACE_LANDMARKS = "face-landmarks"
    FACE_DESCRIBER = "face-describer"


class Activation(StrEnum):
    """What the answers of a classifier are."""

    SOFTMAX = "softmax"
    SIGMOID = "sigmoid"
    LOGITS = "logits"
    SIGMOID_LOGITS = "sigmoid-logits"


def register(app: typer.Typer) -> None:
    """Add the command to those of `indexer models`."""
    command(app, "add")(add)


def add(  # an option for each key of a description that a file cannot tell
    session: Session,
    name: Annotated[str, typer.Argument(help="What the network is to be called here.")],
    path: Annotated[
        str,
        typer.Argument(
            help="A SavedModel's folder, a .keras, .h5, .pb, .tflite or .onnx file, or a well-known network: "
            "keras:NASNetMobile, face-api:FOLDER (docs/own-models.md)."
        ),
    ],
    role: Annotated[Role | None, typer.Option(help="What it is for; guessed if not given.")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Names of its classes: text, Keras's JSON, or a label map (.pbtxt).")
    ] = None,
    label_offset: Annotated[
        int | None, typer.Option(min=0, help="Classes before the first name: 1 for 'background'.")
    ] = None,
    input: Annotated[str | None, typer.Option("--input", help="The operation that pictures go into.")] = None,  # noqa: A002
    output: Annotated[str | None, typer.Option(help="The operation that answers.")] = None,
    embedding: Annotated[
        str | None, typer.Option(help="The operation whose answer tells what looks alike (features).")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="The tag of a SavedModel's graph; may be repeated.")] = None,
    activation: Annotated[Activation | None, typer.Option(help="What its answers are.")] = None,
    scaling: Annotated[
        str | None,
        typer.Option(help="Of pixels: 0..1, -1..1, 0..255, caffe, mean/std, or numbers: 'MEAN, SCALE', three each."),
    ] = None,
    colors: Annotated[str | None, typer.Option(help="RGB, BGR or gray.")] = None,
    size: Annotated[str | None, typer.Option(help="Of its pictures, in px: 224, or WIDTHxHEIGHT.")] = None,
    layout: Annotated[str | None, typer.Option(help="NHWC or NCHW.")] = None,
    fit: Annotated[
        str | None, typer.Option(help="How a picture is fitted: stretch, center-crop, three-crops, letterbox.")
    ] = None,
    crop: Annotated[
        float | None, typer.Option(min=0.05, max=1, help="The part of the picture that a crop keeps.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(min=0, help="The score from which its words are shown; of a describer, the distance."),
    ] = None,
    align: Annotated[str | None, typer.Option(help="How chips of faces are cut: dlib or arcface.")] = None,
    weights: Annotated[Path | None, typer.Option(help="With keras:NAME, a file of its weights.")] = None,
    description: Annotated[str | None, typer.Option(help="What it does, in a sentence.")] = None,
    sample: Annotated[Path | None, typer.Option("--try", help="A photo to try it on.")] = None,
    link: Annotated[bool, typer.Option("--link", help="Leave the file where it is instead of copying it.")] = False,
    trust: Annotated[bool, typer.Option("--trust", help="Let it touch files and run code of its own.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Take it instead of one of your own.")] = False,
    enable: Annotated[bool, typer.Option("--enable/--no-enable", help="Let it look at photos from now on.")] = True,
) -> None:
    """Add a network of one's own: a classifier, a detector, a describer of faces.

    What the file does not tell is guessed, as 'indexer models inspect' shows; options say it better. The network is
    tried once, and refused with a reason when it does not fit.
    """
    from indexer.vision.spec import read_specs
    from indexer.zoo.custom.catalog import AddRequest, found
    from indexer.zoo.custom.install import adopted, check_name
    from indexer.zoo.custom.overrides import Overrides, wished

    config = session.settings().config
    own = config.own_models_path
    check_name(name, tuple(read_specs()), own, replace=replace)
    offset = _offset(labels) if label_offset is None else label_offset
    wishes = Overrides(
        input, output, embedding, activation, scaling, colors, size, layout, fit, crop, threshold, offset, align
    )
    with found(AddRequest(path, tag or (), role, weights, link), session.say) as network:
        proposal = wished(network.proposal, wishes, network.inspection, name)
        names = _names(network, labels)
        about = description or network.about or f"{proposal.spec['role']} from {network.source.name}"
        origin = f"Added from {printable(path)}"
        with adopted(name, network.source, proposal, names, about, own, link=link, trust=trust, origin=origin) as spec:
            answered = tried(session, config, spec, sample)
    for line in answered:
        write(line)
    session.say(f"Described in {printable(own / f'{name}.toml')}: change there what was guessed wrong.")
    if enable:
        enabled(session, spec)
    else:
        session.say(f"'indexer models enable {name}' lets it look at photos.")


def _names(network: CatalogEntry, labels: Path | None) -> tuple[str, ...]:
    """Return the names of the classes: those that are given, before those that are known, before those in the file."""
    from indexer.vision.tags.labels import read_labels
    from indexer.zoo.custom.install import label_names

    given = labels or network.labels
    return read_labels(given) if given else label_names(network.inspection.labels_inside)


def _offset(labels: Path | None) -> int | None:
    """Return how many classes come before the first name, where a file of names numbers them."""
    from indexer.vision.tags.labels import first_number

    return (labels and first_number(labels)) or None
