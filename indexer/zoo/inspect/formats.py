"""Model file formats, detected by the first bytes before the name."""

from __future__ import annotations

from pathlib import Path

from indexer.errors import ModelError, printable

SAVED_MODEL_FILE = "saved_model.pb"
_ENDINGS = {".keras": "keras", ".h5": "keras", ".hdf5": "keras", ".pb": "graph", ".tflite": "tflite", ".onnx": "onnx"}
_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"
_TFLITE = b"TFL3"  # after four bytes of FlatBuffers' own
_CALLED = {"keras": "Keras file", "graph": "GraphDef", "tflite": "LiteRT file", "onnx": "ONNX file"}


def format_of(path: Path) -> str:
    """Return one of 'saved-model', 'keras', 'graph', 'tflite', 'onnx'.

    Errors: ModelError where there is nothing, or nothing that looks like a model.
    """
    if path.is_dir():
        return _folder(path)
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise ModelError(path.name, f"{printable(path)} cannot be read: {error.strerror}") from error
    by_name = _ENDINGS.get(path.suffix.lower(), "")
    by_bytes = _by_bytes(head)
    if by_bytes or by_name in ("graph", "onnx"):  # those two have no mark of their own
        return by_bytes or by_name
    if by_name:
        raise damaged(path, by_name)
    endings = ", ".join(_ENDINGS)
    raise ModelError(path.name, f"is not a model of a known kind: a SavedModel folder, or a file {endings}")


def damaged(path: Path, format_name: str, why: object = "") -> ModelError:
    """Return the error for a file that does not match its name or its first bytes."""
    tail = f" ({why})" if str(why) else ""
    return ModelError(path.name, f"is not a {_CALLED[format_name]}, or it is damaged{tail}")


def home_of(path: Path) -> Path:
    """Return the folder of a SavedModel given its saved_model.pb; any other path as it is."""
    return path.parent if path.name == SAVED_MODEL_FILE else path


def size_of(path: Path) -> int:
    """Return the size in bytes of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file())


def _by_bytes(head: bytes) -> str:
    if head == _HDF5 or head.startswith(_ZIP):
        return "keras"
    return "tflite" if head[4:8] == _TFLITE else ""


def _folder(path: Path) -> str:
    if (path / SAVED_MODEL_FILE).is_file():
        return "saved-model"
    deeper = sorted(file.parent.relative_to(path).as_posix() for file in path.glob(f"*/{SAVED_MODEL_FILE}"))
    hint = f", but in: {', '.join(deeper)}" if deeper else ""
    raise ModelError(path.name, f"the folder holds no model: there is no {SAVED_MODEL_FILE} in it{hint}")
