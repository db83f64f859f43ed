"""Weights of face-api.js flow in; its three networks flow out as Keras models.

face-api.js: V. Mühler and V. Mandic, https://github.com/vladmandic/face-api.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from indexer.errors import ModelError
from indexer.zoo.face_api.manifest import Tensors, find_manifest, read_manifest

if TYPE_CHECKING:
    import keras

# The networks, and what their manifests are called in the packages of face-api.js.
MANIFESTS = {
    "face-api-ssd-mobilenet-v1": "ssd_mobilenetv1_model-weights_manifest.json",
    "face-api-landmarks-68": "face_landmark_68_model-weights_manifest.json",
    "face-api-recognition": "face_recognition_model-weights_manifest.json",
}


def build(kind: str, manifest_path: Path) -> keras.Model:
    """Build a network from its manifest, or from a folder that holds one; the shards lie beside it.

    kind: one of MANIFESTS.  Errors: ModelError for weights that are missing, damaged or of another network.
    """
    try:
        return _model(kind, read_manifest(find_manifest(manifest_path)))
    except OSError as error:
        raise ModelError(kind, f"its weights {error.filename} cannot be read: {error.strerror}") from error
    except KeyError as error:
        raise ModelError(kind, f"its weights are those of another network: they hold no {error}") from error
    except ValueError as error:
        raise ModelError(kind, f"its weights cannot be used: {error}") from error


def _model(kind: str, tensors: Tensors) -> keras.Model:
    match kind:
        case "face-api-ssd-mobilenet-v1":
            from indexer.zoo.face_api.ssd_mobilenet import ssd_mobilenet

            return ssd_mobilenet(tensors)
        case "face-api-landmarks-68":
            from indexer.zoo.face_api.landmarks import landmarks_68

            return landmarks_68(tensors)
        case "face-api-recognition":
            from indexer.zoo.face_api.recognition import recognition

            return recognition(tensors)
    raise ValueError(f"'{kind}' is none of {', '.join(MANIFESTS)}")
