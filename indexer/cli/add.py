"""`indexer models add`: a model file flows in; a description, tried once and enabled, flows out."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.enable import enabled
from indexer.cli.present import count, write
from indexer.cli.session import Session, command
from indexer.errors import ModelError, printable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexer.config import Config
    from indexer.vision.runtime import Model
    from indexer.vision.spec import ModelSpec
    from indexer.zoo.guess import Proposal
    from indexer.zoo.inspection import Inspection
    from indexer.zoo.wishes import Wishes

_SHOWN = 5


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
            "keras:NASNetMobile, face-api:FOLDER (docs/own-networks.md)."
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
    trust: Annotated[bool, typer.Option("--trust", help="Run Python code in the file (Lambda layers).")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Take it instead of one of your own.")] = False,
    enable: Annotated[bool, typer.Option("--enable/--no-enable", help="Let it look at photos from now on.")] = True,
) -> None:
    """Add a network of one's own: a classifier, a detector, a describer of faces.

    What the file does not tell is guessed, as 'indexer models inspect' shows; options say it better. The network is
    tried once, and refused with a reason when it does not fit.
    """
    from indexer.vision.spec import read_specs
    from indexer.zoo.adopt import adopted, check_name
    from indexer.zoo.wishes import Wishes

    config = session.settings().config
    own = config.own_models_path
    check_name(name, tuple(read_specs()), own, replace=replace)
    wishes = Wishes(
        input, output, embedding, activation, scaling, colors, size, layout, fit, crop, threshold, label_offset, align
    )
    source, inspection, proposal = _proposed(name, path, tag or (), role, wishes, weights)
    names = _names(inspection, labels)
    about = description or f"{role or proposal.spec['role']} from {source.name}"
    with adopted(name, source, proposal, names, about, own, link=link, trust=trust) as spec:
        answered = _tried(session, config, spec, _pixels(sample, config))
    for line in answered:
        write(line)
    session.say(f"Described in {printable(own / f'{name}.toml')}: change what was guessed wrong, and scan again.")
    if enable:
        enabled(session, spec)


def _proposed(
    name: str, path: str, tags: Sequence[str], role: str | None, wishes: Wishes, weights: Path | None
) -> tuple[Path, Inspection, Proposal]:
    """Return the file, what is in it, and its description as guessed and wished."""
    from indexer.zoo.guess import guess
    from indexer.zoo.inspect import inspect
    from indexer.zoo.wishes import wished

    source = Path(path)
    inspection = inspect(source, tags)
    return source, inspection, wished(guess(inspection, role), wishes, inspection, name)


def _names(inspection: Inspection, labels: Path | None) -> tuple[str, ...]:
    """Return the names of the classes: those that are given before those in the file; none where a set is meant."""
    from indexer.vision.labels import read_labels

    return read_labels(labels) if labels else inspection.labels_inside


def _pixels(sample: Path | None, config: Config) -> NDArray[np.uint8]:
    from indexer.intake.decode import open_original
    from indexer.intake.discover import stamp
    from indexer.vision.tried import sample as made

    if sample is None:
        return made()
    with open_original(stamp(sample), config.max_pixels) as original:
        return original.picture(1024).pixels


def _tried(session: Session, config: Config, spec: ModelSpec, pixels: NDArray[np.uint8]) -> list[str]:
    """Build a network and run it once; return what it said. What was built is deleted when it does not fit."""
    from indexer.vision.labels import class_names
    from indexer.vision.runtime import is_built, open_model
    from indexer.vision.tried import try_out
    from indexer.vision.vocabulary import Vocabulary
    from indexer.zoo.child import build_missing

    was_built = is_built(spec, config.models_path)
    try:
        build_missing([spec], config.models_path, session.say)
        model = open_model(spec, config.models_path, config.runtime)
        names = class_names(spec, Vocabulary.load(rules=config.rules))
        return _told(model, try_out(model, names, pixels), names)
    except ModelError:
        if not was_built:
            shutil.rmtree(config.models_path / spec.id, ignore_errors=True)
        raise


def _told(model: Model, answers: Mapping[str, NDArray[np.float32]], names: Sequence[str]) -> list[str]:
    """Say what a network answered, in lines."""
    spec = model.spec
    lines = [f"{spec.name}: a {spec.role}, {spec.id}"]
    if spec.role == "classifier":
        scores = answers["probabilities"].max(axis=0)
        best = scores.argsort()[::-1][:_SHOWN]
        lines += [f"  {scores[each]:.2f}  {names[each]}" for each in best.tolist()]
    else:
        lines += [f"  {key}: {' x '.join(map(str, values.shape)) or '1'}" for key, values in answers.items()]
    lines += [f"  {count(len(names), 'class')}"] if names else []
    return lines
