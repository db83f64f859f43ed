"""A taught word as a model: its files answer what the library's own formula does, and its spec says what it is."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import ModelError
from indexer.library.photo_rows.probe_inputs import ProbeInput, ProbeModels
from indexer.library.photo_rows.user_layer import LinearProbe
from indexer.values.analysis import Evidence
from indexer.zoo.train.export_taught import write_head


@pytest.mark.long
@pytest.mark.parametrize("classes", [0, 7])
def test_the_written_model_answers_as_the_library_does(tmp_path: Path, classes: int) -> None:
    from ai_edge_litert.interpreter import Interpreter

    random = np.random.default_rng(0)
    weights = random.normal(0, 2, 33 + classes).astype("<f4")
    models = ProbeModels("c-1", "d-1" if classes else "")
    folder = tmp_path / "words" / 'a "quoted" word'
    told = {"name": 'a "quoted" word', "models": models, "classes": classes, "taught": {"recall": 0.8}}
    for _ in range(2):  # the second time in place of what is there
        write_head(folder, {**told, "weights": weights.tolist()})
    pooled = random.uniform(-1, 6, 32).astype("<f2")
    scores = random.uniform(0, 1, classes).astype(np.float32)
    runner = Interpreter(str(folder / "model.tflite")).get_signature_runner("serving_default")
    given = np.concatenate([pooled.astype(np.float32), scores])[None]
    seen = ProbeInput(pooled.tobytes(), Evidence.of("d-1", scores[None], 0.0).data if classes else b"")
    (ours,) = LinearProbe("", models.id, weights.tobytes()).scores([seen])
    assert runner(embedding=given)["score"] == pytest.approx(ours, abs=1e-4)
    spec = tomllib.loads((folder / "head.toml").read_text("utf-8"))
    assert (spec["name"], spec["models"][0], spec["taught"]["recall"]) == ('a "quoted" word', "c-1", 0.8)
    assert spec["input"] == {"name": "embedding", "shape": [32 + classes]}
    assert [path.name for path in (tmp_path / "words").iterdir()] == [folder.name]
    assert (folder / "saved_model" / "saved_model.pb").is_file()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("")
    told = {"name": "w", "models": ["c-1", ""], "classes": 0, "weights": [1.0, 0.0], "taught": {}}
    with pytest.raises(ModelError, match="cannot be written"):
        write_head(tmp_path / "words" / "w", told)
