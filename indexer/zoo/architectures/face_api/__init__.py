"""The three face models of face-api.js as Keras models.

face-api.js: V. Mühler and V. Mandic, https://github.com/vladmandic/face-api.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.errors import ModelError
from indexer.zoo.architectures.face_api.manifest import Tensors, find_manifest, manifest_files, read_manifest

if TYPE_CHECKING:
    import keras

# The models, and the names of their manifests in the packages of face-api.js.
MANIFESTS = {
    "face-api-ssd-mobilenet-v1": "ssd_mobilenetv1_model-weights_manifest.json",
    "face-api-landmarks-68": "face_landmark_68_model-weights_manifest.json",
    "face-api-recognition": "face_recognition_model-weights_manifest.json",
}


def models_in(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each model in a folder of face-api.js, by its kind, the manifest first.

    Errors: ModelError for a manifest that cannot be read.
    """
    found = {}
    for kind, name in MANIFESTS.items():
        if (folder / name).exists():
            with _refused(kind):
                found[kind] = manifest_files(folder / name)
    return found


def build(kind: str, manifest_path: Path) -> keras.Model:
    """Build a model from its manifest, or from a folder that holds one; the shards lie beside it.

    kind: one of MANIFESTS.  Errors: ModelError for weights that are missing, damaged or of another model.
    """
    with _refused(kind):
        return _model(kind, read_manifest(find_manifest(manifest_path)))


@contextmanager
def _refused(kind: str) -> Iterator[None]:
    """Return the error for a model's files."""
    try:
        yield
    except OSError as error:
        raise ModelError(kind, f"its weights {error.filename} cannot be read: {error.strerror}") from error
    except KeyError as error:
        raise ModelError(kind, f"its weights are those of another model: they contain no {error}") from error
    except ValueError as error:
        raise ModelError(kind, f"its weights cannot be used: {error}") from error


def _model(kind: str, tensors: Tensors) -> keras.Model:
    match kind:
        case "face-api-ssd-mobilenet-v1":
            from indexer.zoo.architectures.face_api.ssd_mobilenet import ssd_mobilenet

            return ssd_mobilenet(tensors)
        case "face-api-landmarks-68":
            from indexer.zoo.architectures.face_api.landmarks import landmarks_68

            return landmarks_68(tensors)
        case "face-api-recognition":
            from indexer.zoo.architectures.face_api.recognition import recognition

            return recognition(tensors)
    raise ValueError(f"'{kind}' is none of {', '.join(MANIFESTS)}")
