"""A taught word as a model: its files answer what the library's own formula does, and its spec says what it is."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import ModelError
from indexer.library.photo_rows.user_layer import LinearProbe
from indexer.zoo.train.export_taught import write_head


@pytest.mark.long
def test_the_written_model_answers_as_the_library_does(tmp_path: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter

    weights = np.random.default_rng(0).normal(0, 2, 33).astype("<f4")
    folder = tmp_path / "words" / 'a "quoted" word'
    told = {"name": 'a "quoted" word', "classifier": "c-1", "weights": weights.tolist(), "taught": {"recall": 0.8}}
    write_head(folder, told)
    write_head(folder, told)  # again, in place of what is there
    pooled = np.random.default_rng(1).uniform(0, 6, (1, 32)).astype(np.float32)
    runner = Interpreter(str(folder / "model.tflite")).get_signature_runner("serving_default")
    ours = LinearProbe("", "", weights.tobytes()).scores(pooled / np.linalg.norm(pooled))
    assert runner(embedding=pooled)["score"] == pytest.approx(ours[0], abs=1e-4)
    spec = tomllib.loads((folder / "head.toml").read_text("utf-8"))
    assert (spec["name"], spec["classifier"], spec["taught"]["recall"]) == ('a "quoted" word', "c-1", 0.8)
    assert [path.name for path in (tmp_path / "words").iterdir()] == [folder.name]
    assert (folder / "saved_model" / "saved_model.pb").is_file()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("")
    told = {"name": "w", "classifier": "c-1", "weights": [1.0, 0.0], "taught": {}}
    with pytest.raises(ModelError, match="cannot be written"):
        write_head(tmp_path / "words" / "w", told)
