"""Print how soon a model of one's own answers, as Markdown: python tests/benchmarks/cold_start.py [--folder KEEP]

A NASNetMobile of Keras (weights=None: speed does not depend on what was learned) is exported as a SavedModel and added
by `indexer models add`. Then whole processes, held to one core, take turns: ours, and plain TensorFlow with the same
SavedModel. Each loads the network, decodes a photograph of 640 × 427 pixels and classifies it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from photos import sample
from PIL import Image

NAME = "nasnet"
MAKE = """
import sys, keras
keras.applications.NASNetMobile(weights=None).export(sys.argv[1], verbose=False)
"""
OURS = """
import json, sys, time
from functools import partial
from pathlib import Path
from indexer.config.config import load
from indexer.pipeline.predict.predict import Predictor
from indexer.vision.analyze import Analyzer, scene_model
from indexer.vision.runtime import open_model
from indexer.vision.spec import read_specs
from indexer.vision.tags.vocabulary import Vocabulary
config, photo = load().config, Path(sys.argv[2])
spec = read_specs(config.own_models_path)["nasnet"]
model = scene_model(open_model(spec, config.models_path))
predictor = Predictor(Analyzer([model], Vocabulary.load(rules=config.rules)))
predictor.predict_file(photo, config.max_pixels)
first = time.monotonic() - float(sys.argv[1])
later = [predictor.predict_file(photo, config.max_pixels).by_model[0].seconds for _ in range(15)]
print(json.dumps([first, sorted(later)[7]]))
"""
PLAIN = """
import json, sys, time
import numpy as np
import tensorflow as tf
from PIL import Image
run = tf.saved_model.load(sys.argv[3]).signatures["serving_default"]
(name,) = run.structured_input_signature[1]
def classify():
    pixels = np.asarray(Image.open(sys.argv[2]).convert("RGB").resize((224, 224)), np.float32)
    started = time.monotonic()
    answer = run(**{name: tf.constant(pixels[None] / 127.5 - 1)})
    {key: value.numpy() for key, value in answer.items()}
    return time.monotonic() - started
classify()
first = time.monotonic() - float(sys.argv[1])
print(json.dumps([first, sorted(classify() for _ in range(15))[7]]))
"""


def prepare(folder: Path, environ: dict[str, str]) -> tuple[Path, Path]:
    """Make the photograph and the SavedModel, and add it, unless all is there; return both paths."""
    photo, saved_model = folder / "photo.jpg", folder / "saved_model"
    if not (folder / "own" / f"{NAME}.toml").exists():
        Image.open(sample("flower")).convert("RGB").save(photo, quality=90)
        subprocess.run([sys.executable, "-c", MAKE, saved_model], check=True, capture_output=True)
        added = ("models", "add", NAME, saved_model, "--scaling=-1..1", "--no-enable", "--try", photo)
        subprocess.run(program(*added), check=True, env=environ, stdout=sys.stderr)
    return photo, saved_model


def program(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "indexer", *map(str, arguments)]


def whole(command: Sequence[str], environ: dict[str, str]) -> float:
    """Return the seconds that a process takes from start to end."""
    start = time.monotonic()
    subprocess.run(command, check=True, capture_output=True, env=environ)
    return time.monotonic() - start


def told(script: str, environ: dict[str, str], *arguments: object) -> list[float]:
    """Return what a script says: seconds from its start to the first answer, and those of a later one."""
    start = time.monotonic()
    command = [sys.executable, "-c", script, str(start), *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environ)
    return list(json.loads(done.stdout))


def row(what: str, seconds: Sequence[float], goal: str = "") -> str:
    return f"| {what} | {min(seconds):.3f} s | {statistics.median(seconds):.3f} s | {goal} |"


def measure(folder: Path, rounds: int) -> None:
    environ = {
        **os.environ,
        "INDEXER_CONFIG": str(folder / "config.toml"),
        "INDEXER_OWN_MODELS": str(folder / "own"),
        "INDEXER_MODELS_FOLDER": str(folder / "built"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    (folder / "config.toml").touch()
    photo, saved_model = prepare(folder, environ)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # one core, for all that is started from here
    command, ours, plain = [], [], []
    for _ in range(rounds + 1):
        command.append(whole(program("classify", photo, "--model", NAME), environ))
        ours.append(told(OURS, environ, photo))
        plain.append(told(PLAIN, environ, photo, saved_model))
    command, ours, plain = command[1:], ours[1:], plain[1:]  # the first of each also loads files from the disk
    (first, later), (slow_first, slow_later) = zip(*ours, strict=True), zip(*plain, strict=True)
    ratio = [slow / quick for slow, quick in zip(slow_first, command, strict=True)]
    print("| NASNetMobile, one core | best | median | goal |\n|---|---|---|---|")
    print(row("`indexer classify`, whole process", command))
    print(row("ours from Python: start of the process to the first tags", first, "0.255 s"))
    print(row("ours: each later picture, scaled and classified", later, "0.045 s"))
    print(row("plain TensorFlow: start of the process to the first answer", slow_first))
    print(row("plain TensorFlow: each later picture", slow_later))
    print(f"| `indexer classify` is so many times faster | {max(ratio):.1f} | {statistics.median(ratio):.1f} | 8 |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="keep the network here between runs")
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        measure(folder, given.rounds)


if __name__ == "__main__":
    main()
